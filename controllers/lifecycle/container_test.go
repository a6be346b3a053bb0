package lifecycle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// containerEdits are changes of what a template says of its container, each of which means another task.
func containerEdits() []func(*v1alpha1.TaskTemplate) {
	var edits []func(*v1alpha1.TaskTemplate)
	for _, container := range []v1alpha1.Container{
		{Image: "a"},
		{Image: "b"},
		{Image: "b", Docker: &v1alpha1.DockerContainer{}},
		{Image: "b", Docker: &v1alpha1.DockerContainer{Privileged: true}},
		{Image: "b", Docker: &v1alpha1.DockerContainer{Parameters: []v1alpha1.DockerParameter{{Name: "a"}}}},
		{Image: "b", Docker: &v1alpha1.DockerContainer{Parameters: []v1alpha1.DockerParameter{{Name: "a", Value: "b"}}}},
		{Image: "b", Docker: &v1alpha1.DockerContainer{Parameters: []v1alpha1.DockerParameter{{Name: "a"}, {Name: "b"}}}},
		{Image: "b", Docker: &v1alpha1.DockerContainer{Parameters: []v1alpha1.DockerParameter{{Name: "b"}, {Name: "a"}}}},
		{Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkHost}}},
		{Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkBridge, Name: "a"}}},
		{Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkContainer, Name: "a"}}},
		{Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkContainer, Name: "b"}}},
		{Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkContainer, Name: "b", Labels: []v1alpha1.Label{{Name: "a"}}}}},
		{Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkContainer, Name: "b", Labels: []v1alpha1.Label{{Name: "a", Value: "b"}}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/a", HostPath: &v1alpha1.HostPathVolume{Path: "/a"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", HostPath: &v1alpha1.HostPathVolume{Path: "/a"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", HostPath: &v1alpha1.HostPathVolume{Path: "/b"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", ReadOnly: true, HostPath: &v1alpha1.HostPathVolume{Path: "/b"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", SandboxPath: &v1alpha1.SandboxPathVolume{Path: "b"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", EmptyDir: &v1alpha1.EmptyDirVolume{}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", Image: &v1alpha1.ImageVolume{Image: "b"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", External: &v1alpha1.ExternalVolume{Driver: "a", Name: "b"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", External: &v1alpha1.ExternalVolume{Driver: "b", Name: "b"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", External: &v1alpha1.ExternalVolume{Driver: "b", Name: "c"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", External: &v1alpha1.ExternalVolume{Driver: "b", Name: "b", Options: []v1alpha1.DriverOption{{Name: "a"}}}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", External: &v1alpha1.ExternalVolume{Driver: "b", Name: "b", Options: []v1alpha1.DriverOption{{Name: "a", Value: "b"}}}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", Secret: &v1alpha1.SecretVolume{Name: "a", Key: "b"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", Secret: &v1alpha1.SecretVolume{Name: "b", Key: "b"}}}},
		{Volumes: []v1alpha1.Volume{{MountPath: "/b", Secret: &v1alpha1.SecretVolume{Name: "b", Key: "c"}}}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{PullSecretRef: &v1alpha1.PullSecretReference{Name: "a"}}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{PullSecretRef: &v1alpha1.PullSecretReference{Name: "b"}}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{TTY: true}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{SharePIDNamespace: true}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{IPCMode: v1alpha1.IPCPrivate}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{IPCMode: v1alpha1.IPCShareParent}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{IPCMode: v1alpha1.IPCPrivate, ShmSizeMiB: new(int32(64))}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{Capabilities: &v1alpha1.Capabilities{Effective: []v1alpha1.Capability{"KILL"}}}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{Capabilities: &v1alpha1.Capabilities{Bounding: []v1alpha1.Capability{"KILL"}}}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{RLimits: []v1alpha1.RLimit{{Type: "CORE"}}}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{RLimits: []v1alpha1.RLimit{{Type: "CORE", Soft: new(int64(0)), Hard: new(int64(0))}}}},
		{Image: "a", Mesos: &v1alpha1.MesosContainer{RLimits: []v1alpha1.RLimit{{Type: "CORE", Soft: new(int64(0)), Hard: new(int64(1))}}}},
	} {
		edits = append(edits, func(t *v1alpha1.TaskTemplate) { t.Container = &container })
	}
	return edits
}

// fullContainer says everything that there are words for, also what no container can be at once.
func fullContainer() *mesos.Container {
	settings := []mesos.Setting{{Name: "a", Value: "b"}, {Name: "c"}}
	return &mesos.Container{
		Image: "nginx:1", AlwaysPull: true,
		Volumes: []mesos.Volume{
			{MountPath: "/a", ReadOnly: true, HostPath: "/b"},
			{MountPath: "/c", SandboxPath: "d"},
			{MountPath: "/e", Image: "f"},
			{MountPath: "/g", External: &mesos.ExternalVolume{Driver: "h", Name: "i", Options: settings}},
		},
		Networks: []mesos.Network{{Mode: mesos.NetworkContainer, Name: "j", Labels: []mesos.Label{{Name: "a", Value: "b"}, {Name: "c"}}}},
		Mesos: &mesos.ByMesos{
			Effective: []string{"KILL"}, Bounding: []string{"KILL", "LEASE"}, RLimits: []mesos.RLimit{{Type: "CORE"}, {Type: "NOFILE", Soft: new(uint64(1)), Hard: new(uint64(2))}},
			SharedMemory: 3, IPCMode: mesos.IPCPrivate, SharePIDNamespace: true, TTY: true,
		},
		Docker: &mesos.ByDocker{Privileged: true, Parameters: settings},
	}
}

func TestResolve_containers(t *testing.T) {
	framework := v1alpha1.FrameworkInfo{User: "nobody", Roles: []string{"*"}, DefaultRole: "*"}
	for name, c := range map[string]struct {
		template v1alpha1.TaskTemplate
		want     mesos.Task
	}{
		"no container": {v1alpha1.TaskTemplate{Shell: "x"}, mesos.Task{Shell: "x"}},
		"an image alone": {
			v1alpha1.TaskTemplate{Container: &v1alpha1.Container{Image: "nginx:1"}},
			mesos.Task{Container: &mesos.Container{Image: "nginx:1"}},
		},
		"an image and arguments, pulled each time": {
			v1alpha1.TaskTemplate{Args: []string{"-v"}, Container: &v1alpha1.Container{Image: "nginx:1", PullPolicy: v1alpha1.PullAlways}},
			mesos.Task{Args: []string{"-v"}, Container: &mesos.Container{Image: "nginx:1", AlwaysPull: true}},
		},
		"an image and a command": {
			v1alpha1.TaskTemplate{Command: []string{"a"}, Args: []string{"b"}, Container: &v1alpha1.Container{Image: "nginx:1", PullPolicy: v1alpha1.PullIfNotPresent}},
			mesos.Task{Argv: []string{"a", "b"}, Container: &mesos.Container{Image: "nginx:1"}},
		},
		"sets and maps are in order, whatever the order in the spec": {
			v1alpha1.TaskTemplate{Shell: "x", Container: &v1alpha1.Container{
				Volumes: []v1alpha1.Volume{
					{MountPath: "/b/c", HostPath: &v1alpha1.HostPathVolume{Path: "/"}},
					{MountPath: "/b", EmptyDir: &v1alpha1.EmptyDirVolume{}},
					{MountPath: "/a", ReadOnly: true, SandboxPath: &v1alpha1.SandboxPathVolume{Path: "s"}},
					{MountPath: "/d", Image: &v1alpha1.ImageVolume{Image: "i"}},
					{MountPath: "/c", External: &v1alpha1.ExternalVolume{Driver: "d", Name: "n", Options: []v1alpha1.DriverOption{{Name: "y", Value: "1"}, {Name: "x"}}}},
				},
				Networks: []v1alpha1.Network{
					{Mode: v1alpha1.NetworkContainer, Name: "n", Labels: []v1alpha1.Label{{Name: "y", Value: "1"}, {Name: "x"}}}, {Mode: v1alpha1.NetworkBridge, Name: "m"},
				},
				Mesos: &v1alpha1.MesosContainer{
					Capabilities: &v1alpha1.Capabilities{Effective: []v1alpha1.Capability{"LEASE", "KILL"}, Bounding: []v1alpha1.Capability{"SYSLOG", "LEASE", "KILL"}},
					RLimits:      []v1alpha1.RLimit{{Type: "NOFILE", Soft: new(int64(1)), Hard: new(int64(2))}, {Type: "CORE"}},
					ShmSizeMiB:   new(int32(64)), IPCMode: v1alpha1.IPCPrivate, SharePIDNamespace: true, TTY: true,
				},
			}},
			mesos.Task{Shell: "x", Container: &mesos.Container{
				Volumes: []mesos.Volume{
					{MountPath: "/a", ReadOnly: true, SandboxPath: "s"},
					{MountPath: "/b", SandboxPath: "emptydir%2Fb"},
					{MountPath: "/b/c", HostPath: "/"},
					{MountPath: "/c", External: &mesos.ExternalVolume{Driver: "d", Name: "n", Options: []mesos.Setting{{Name: "x"}, {Name: "y", Value: "1"}}}},
					{MountPath: "/d", Image: "i"},
				},
				Networks: []mesos.Network{{Mode: mesos.NetworkContainer, Name: "n", Labels: []mesos.Label{{Name: "x"}, {Name: "y", Value: "1"}}}, {Mode: mesos.NetworkBridge, Name: "m"}},
				Mesos: &mesos.ByMesos{
					Effective: []string{"KILL", "LEASE"}, Bounding: []string{"KILL", "LEASE", "SYSLOG"},
					RLimits:      []mesos.RLimit{{Type: "CORE"}, {Type: "NOFILE", Soft: new(uint64(1)), Hard: new(uint64(2))}},
					SharedMemory: 64, IPCMode: mesos.IPCPrivate, SharePIDNamespace: true, TTY: true,
				},
			}},
		},
		"Docker, with parameters in their order": {
			v1alpha1.TaskTemplate{User: "image", Container: &v1alpha1.Container{Image: "nginx:1", Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkHost}}, Docker: &v1alpha1.DockerContainer{
				Privileged: true, Parameters: []v1alpha1.DockerParameter{{Name: "b", Value: "1"}, {Name: "a"}, {Name: "b", Value: "2"}},
			}}},
			mesos.Task{User: "image", Container: &mesos.Container{Image: "nginx:1", Networks: []mesos.Network{{Mode: mesos.NetworkHost}}, Docker: &mesos.ByDocker{
				Privileged: true, Parameters: []mesos.Setting{{Name: "b", Value: "1"}, {Name: "a"}, {Name: "b", Value: "2"}},
			}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := baseSpec()
			c.template.Resources = spec.Resources
			spec.TaskTemplate = c.template
			c.want.Name, c.want.Role, c.want.Scalars = "web.shop", "*", mesos.Scalars{CPUs: 500, Memory: 64000}
			if c.want.User == "" {
				c.want.User = "nobody"
			}
			got, obstacle := Resolve("shop", "web", spec, framework)
			if obstacle != nil {
				t.Fatalf("an obstacle: %+v", obstacle)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the task (-want +got):\n%s", diff)
			}
		})
	}
}

// TestResolve_containersThatAreNotUnderstood: what is written for a later version of the operator, or past admission, is not launched, least of all
// as a process of the bare host.
func TestResolve_containersThatAreNotUnderstood(t *testing.T) {
	hostPath := func(mount, path string) v1alpha1.Container {
		return v1alpha1.Container{Volumes: []v1alpha1.Volume{{MountPath: mount, HostPath: &v1alpha1.HostPathVolume{Path: path}}}}
	}
	for name, c := range map[string]struct {
		container v1alpha1.Container
		says      string
	}{
		"another pull policy":              {v1alpha1.Container{Image: "x", PullPolicy: "Sometimes"}, `"Sometimes" in spec.container.pullPolicy`},
		"Mesos and Docker":                 {v1alpha1.Container{Image: "x", Mesos: &v1alpha1.MesosContainer{}, Docker: &v1alpha1.DockerContainer{}}, "leave out one"},
		"Docker without an image":          {v1alpha1.Container{Docker: &v1alpha1.DockerContainer{}}, "needs spec.container.image"},
		"a volume of another kind":         {v1alpha1.Container{Volumes: []v1alpha1.Volume{{MountPath: "/a"}}}, `"/a" in spec.container.volumes`},
		"a volume of two kinds":            {v1alpha1.Container{Volumes: []v1alpha1.Volume{{MountPath: "/a", EmptyDir: &v1alpha1.EmptyDirVolume{}, Image: &v1alpha1.ImageVolume{Image: "x"}}}}, `"/a" in spec.container.volumes`},
		"another network":                  {v1alpha1.Container{Networks: []v1alpha1.Network{{Mode: "None"}}}, `"None" in spec.container.networks`},
		"another IPC mode":                 {v1alpha1.Container{Mesos: &v1alpha1.MesosContainer{IPCMode: "Public"}}, `"Public" in spec.container.mesos.ipcMode`},
		"a path of the host that goes up":  {hostPath("/a", "/srv/data/../../etc"), `path "/srv/data/../../etc"`},
		"a path of the host with two":      {hostPath("/a", "/srv/data:/etc"), `path "/srv/data:/etc"`},
		"a path of the host, not absolute": {hostPath("/a", "etc"), "is not absolute"},
		"a path of the host, not clean":    {hostPath("/a", "/srv//data"), `path "/srv//data"`},
		"a mount path that goes up":        {hostPath("../a", "/srv"), `path "../a"`},
		"a mount path with a mode":         {hostPath("/a:rw", "/srv"), `path "/a:rw"`},
		"a sandbox path that is absolute":  {v1alpha1.Container{Volumes: []v1alpha1.Volume{{MountPath: "/a", SandboxPath: &v1alpha1.SandboxPathVolume{Path: "/etc"}}}}, "is absolute"},
		"a sandbox path that goes up":      {v1alpha1.Container{Volumes: []v1alpha1.Volume{{MountPath: "/a", SandboxPath: &v1alpha1.SandboxPathVolume{Path: ".."}}}}, `path ".."`},
	} {
		t.Run(name, func(t *testing.T) {
			spec := baseSpec()
			spec.Shell, spec.Container = "x", &c.container
			task, obstacle := Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{User: "nobody", DefaultRole: "*"})
			if obstacle == nil || obstacle.Reason != v1alpha1.ReasonInvalidSpec || !obstacle.Stalled || !strings.Contains(obstacle.Message, c.says) {
				t.Fatalf("the obstacle is %+v, want a lasting one that says %q; the task is %+v", obstacle, c.says, task)
			}
		})
	}
}

func TestHash_pullPolicyDoesNotCount(t *testing.T) {
	spec := baseSpec()
	spec.Container = &v1alpha1.Container{Image: "x"}
	want := resolved(t, spec)
	spec.Container.PullPolicy = v1alpha1.PullAlways
	if got := resolved(t, spec); got != want {
		t.Errorf("another pull policy makes hash %s of %s", got, want)
	}
}

func TestPermit_containers(t *testing.T) {
	docker := &mesos.Container{Image: "x", Docker: &mesos.ByDocker{}}
	withHostPath := func(path string, readOnly bool) *mesos.Container {
		return &mesos.Container{Volumes: []mesos.Volume{{MountPath: "/a", HostPath: path, ReadOnly: readOnly}}}
	}
	withMesos := func(mesosContainer mesos.ByMesos) *mesos.Container {
		return &mesos.Container{Mesos: &mesosContainer}
	}
	inDocker := func(docker mesos.ByDocker) *mesos.Container {
		return &mesos.Container{Image: "x", Docker: &docker}
	}
	external := &mesos.Container{Volumes: []mesos.Volume{{MountPath: "/a", External: &mesos.ExternalVolume{Driver: "rexray", Name: "n"}}}}
	secretVolume := &mesos.Container{Volumes: []mesos.Volume{{MountPath: "/a", Secret: &mesos.SecretVolume{Name: "s", Key: "k"}}}}
	network := &mesos.Container{Networks: []mesos.Network{{Mode: mesos.NetworkContainer, Name: "front"}}}
	both := []v1alpha1.Containerizer{v1alpha1.ContainerizerMesos, v1alpha1.ContainerizerDocker}
	under := func(prefix string) *v1alpha1.AllowedContainers {
		return &v1alpha1.AllowedContainers{Types: both, HostPaths: []v1alpha1.AllowedHostPath{{Prefix: "/opt", ReadOnly: true}, {Prefix: prefix}}}
	}
	for name, c := range map[string]struct {
		allowed   *v1alpha1.AllowedContainers
		container *mesos.Container
		// says is empty where the container is allowed.
		says []string
	}{
		"no container":                                 {&v1alpha1.AllowedContainers{}, nil, nil},
		"an image where nothing is said":               {nil, &mesos.Container{Image: "x"}, nil},
		"Mesos' harmless options where nothing is":     {nil, withMesos(mesos.ByMesos{IPCMode: mesos.IPCPrivate, SharedMemory: 5, TTY: true}), nil},
		"the sandbox and an image as volumes":          {nil, &mesos.Container{Volumes: []mesos.Volume{{MountPath: "/a", SandboxPath: "a"}, {MountPath: "/b", Image: "b"}}}, nil},
		"the host's network where nothing is said":     {nil, &mesos.Container{Networks: []mesos.Network{{Mode: mesos.NetworkHost}}}, nil},
		"an image where no type is":                    {&v1alpha1.AllowedContainers{}, &mesos.Container{Image: "x"}, []string{"a container that Mesos runs", "spec.allowedContainers.types"}},
		"Docker where nothing is said":                 {nil, docker, []string{"a container that Docker runs", "spec.allowedContainers.types"}},
		"Docker where only Mesos is":                   {&v1alpha1.AllowedContainers{Types: both[:1]}, docker, []string{"a container that Docker runs"}},
		"Mesos where only Docker is":                   {&v1alpha1.AllowedContainers{Types: both[1:]}, &mesos.Container{Image: "x"}, []string{"a container that Mesos runs"}},
		"Docker where it is":                           {&v1alpha1.AllowedContainers{Types: both}, docker, nil},
		"Docker's own bridge":                          {&v1alpha1.AllowedContainers{Types: both}, &mesos.Container{Image: "x", Networks: []mesos.Network{{Mode: mesos.NetworkBridge}}, Docker: docker.Docker}, nil},
		"privileged where nothing is said":             {&v1alpha1.AllowedContainers{Types: both}, inDocker(mesos.ByDocker{Privileged: true}), []string{"a privileged container", "spec.allowedContainers.privileged"}},
		"privileged where it is never":                 {&v1alpha1.AllowedContainers{Types: both, Privileged: v1alpha1.AllowanceNever}, inDocker(mesos.ByDocker{Privileged: true}), []string{"a privileged container"}},
		"privileged where it is allowed":               {&v1alpha1.AllowedContainers{Types: both, Privileged: v1alpha1.AllowanceAllowed}, inDocker(mesos.ByDocker{Privileged: true}), nil},
		"a parameter":                                  {&v1alpha1.AllowedContainers{Types: both, Parameters: []string{"dns"}}, inDocker(mesos.ByDocker{Parameters: []mesos.Setting{{Name: "dns"}, {Name: "init"}}}), []string{`Docker parameter "init"`, "spec.allowedContainers.parameters"}},
		"a parameter that is allowed":                  {&v1alpha1.AllowedContainers{Types: both, Parameters: []string{"dns"}}, inDocker(mesos.ByDocker{Parameters: []mesos.Setting{{Name: "dns", Value: "x"}}}), nil},
		"a path of the host where nothing is said":     {nil, withHostPath("/srv", true), []string{`path "/srv" of its host as a volume.`, "spec.allowedContainers.hostPaths"}},
		"the prefix itself":                            {under("/srv"), withHostPath("/srv", false), nil},
		"below the prefix":                             {under("/srv"), withHostPath("/srv/a/b", false), nil},
		"beside the prefix":                            {under("/srv"), withHostPath("/srv2", false), []string{`path "/srv2" of its host as a volume that it may write to`}},
		"above the prefix":                             {under("/srv/a"), withHostPath("/srv", false), []string{`path "/srv"`}},
		"the root":                                     {under("/srv"), withHostPath("/", true), []string{`path "/"`}},
		"anything below the root":                      {under("/"), withHostPath("/etc", false), nil},
		"the root where it is allowed":                 {under("/"), withHostPath("/", false), nil},
		"a prefix that goes up":                        {under("/srv/../etc"), withHostPath("/srv/../etc", true), []string{`path "/srv/../etc"`}},
		"to write where only reading is":               {under("/srv"), withHostPath("/opt/a", false), []string{`path "/opt/a" of its host as a volume that it may write to`}},
		"to read where only reading is":                {under("/srv"), withHostPath("/opt/a", true), nil},
		"a volume of a driver":                         {nil, external, []string{`a volume of driver "rexray"`, "spec.allowedContainers.externalDrivers"}},
		"a volume of a driver that is allowed":         {&v1alpha1.AllowedContainers{Types: both, ExternalDrivers: []string{"rexray"}}, external, nil},
		"a network":                                    {nil, network, []string{`network "front"`, "spec.allowedContainers.networks"}},
		"a network that is allowed":                    {&v1alpha1.AllowedContainers{Types: both, Networks: []string{"front"}}, network, nil},
		"a network in Docker":                          {&v1alpha1.AllowedContainers{Types: both}, &mesos.Container{Image: "x", Networks: network.Networks, Docker: docker.Docker}, []string{`network "front"`}},
		"a capability":                                 {nil, withMesos(mesos.ByMesos{Effective: []string{"KILL"}}), []string{"capability KILL", "spec.allowedContainers.capabilities"}},
		"a capability to bound":                        {&v1alpha1.AllowedContainers{Types: both, Capabilities: []v1alpha1.Capability{"KILL"}}, withMesos(mesos.ByMesos{Effective: []string{"KILL"}, Bounding: []string{"KILL", "LEASE"}}), []string{"capability LEASE"}},
		"a capability that is allowed":                 {&v1alpha1.AllowedContainers{Types: both, Capabilities: []v1alpha1.Capability{"KILL"}}, withMesos(mesos.ByMesos{Effective: []string{"KILL"}}), nil},
		"an rlimit":                                    {nil, withMesos(mesos.ByMesos{RLimits: []mesos.RLimit{{Type: "CORE"}}}), []string{"an rlimit of type CORE", "spec.allowedContainers.rlimits"}},
		"an rlimit that is allowed":                    {&v1alpha1.AllowedContainers{Types: both, RLimits: []v1alpha1.RLimitType{"CORE"}}, withMesos(mesos.ByMesos{RLimits: []mesos.RLimit{{Type: "CORE"}}}), nil},
		"a pull Secret":                                {nil, withMesos(mesos.ByMesos{PullSecret: "p"}), []string{"a pull Secret, which others can read", "spec.allowedContainers.secretsInState"}},
		"a pull Secret that is allowed":                {&v1alpha1.AllowedContainers{Types: both, SecretsInState: v1alpha1.AllowanceAllowed}, withMesos(mesos.ByMesos{PullSecret: "p"}), nil},
		"a volume of a Secret":                         {&v1alpha1.AllowedContainers{Types: both, SecretsInState: v1alpha1.AllowanceNever}, secretVolume, []string{"a volume of a Secret, which others can read", "spec.allowedContainers.secretsInState"}},
		"a volume of a Secret that is allowed":         {&v1alpha1.AllowedContainers{Types: both, SecretsInState: v1alpha1.AllowanceAllowed}, secretVolume, nil},
		"the processes of the host":                    {nil, withMesos(mesos.ByMesos{SharePIDNamespace: true}), []string{"processes of its host", "spec.allowedContainers.sharePIDNamespace"}},
		"the processes of the host where allowed":      {&v1alpha1.AllowedContainers{Types: both, SharePIDNamespace: v1alpha1.AllowanceAllowed}, withMesos(mesos.ByMesos{SharePIDNamespace: true}), nil},
		"the IPC namespace of the host":                {nil, withMesos(mesos.ByMesos{IPCMode: mesos.IPCShareParent}), []string{"IPC namespace of its host", "spec.allowedContainers.ipcShareParent"}},
		"the IPC namespace of the host, where allowed": {&v1alpha1.AllowedContainers{Types: both, IPCShareParent: v1alpha1.AllowanceAllowed}, withMesos(mesos.ByMesos{IPCMode: mesos.IPCShareParent}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.MesosFrameworkSpec{
				Info: v1alpha1.FrameworkInfo{User: "nobody", Roles: []string{"*"}}, AllowedContainers: c.allowed,
			}}
			checkPermission(t, Permit(framework, Namespace{Name: "shop"}, mesos.Task{Role: "*", User: "nobody", Container: c.container}), v1alpha1.ReasonContainerNotAllowed, c.says)
		})
	}
}

// checkPermission compares what a framework says of a task with what it should; nothing for a task that it lets be launched.
func checkPermission(t *testing.T, obstacle *Obstacle, reason string, says []string) {
	t.Helper()
	if says == nil {
		if obstacle != nil {
			t.Fatalf("refused with %+v", obstacle)
		}
		return
	}
	if obstacle == nil || obstacle.Reason != reason || !obstacle.Stalled {
		t.Fatalf("the obstacle is %+v, want a lasting one with reason %s", obstacle, reason)
	}
	for _, want := range append(says, "whoever may change MesosFramework default") {
		if !strings.Contains(obstacle.Message, want) {
			t.Errorf("the message is %q, want %q in it", obstacle.Message, want)
		}
	}
}

func TestPermit_usersInDocker(t *testing.T) {
	for name, c := range map[string]struct {
		allowed []string
		user    string
		says    []string
	}{
		"the framework's":                      {nil, "nobody", nil},
		"the image's":                          {nil, "image", []string{"the user that its image names", `add "image" to its spec.allowedUsers`}},
		"the image's, where any user is let":   {[]string{"*"}, "image", []string{"the user that its image names"}},
		"the image's, by name":                 {[]string{"image"}, "image", nil},
		"any user":                             {[]string{"*"}, "1000", nil},
		"root by its number":                   {[]string{"*"}, "0", []string{`user "0"`, "any user but root"}},
		"root by a longer number":              {[]string{"*"}, "00", []string{`user "00"`}},
		"root by its number, which is allowed": {[]string{"0"}, "0", nil},
		"root":                                 {[]string{"*"}, "root", []string{`user "root"`}},
	} {
		t.Run(name, func(t *testing.T) {
			framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.MesosFrameworkSpec{
				Info: v1alpha1.FrameworkInfo{User: "nobody", Roles: []string{"*"}}, AllowedUsers: c.allowed,
				AllowedContainers: &v1alpha1.AllowedContainers{Types: []v1alpha1.Containerizer{v1alpha1.ContainerizerDocker}},
			}}
			task := mesos.Task{Role: "*", User: c.user, Container: &mesos.Container{Image: "x", Docker: &mesos.ByDocker{}}}
			checkPermission(t, Permit(framework, Namespace{Name: "shop"}, task), v1alpha1.ReasonUserNotAllowed, c.says)
		})
	}
}
