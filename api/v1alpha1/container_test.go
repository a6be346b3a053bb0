package v1alpha1_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// byContainerizer is what each field of spec.container is to each containerizer: the rest of a container that has it in YAML's flow style, and part of the
// refusal where the containerizer cannot do it.
var byContainerizer = map[string]struct{ rest, mesos, docker string }{
	"image":                               {rest: `image: x`},
	"pullPolicy":                          {rest: `image: x, pullPolicy: Always`},
	"volumes.mountPath":                   {rest: `image: x, volumes: [{mountPath: a/b, hostPath: {path: /a}}]`},
	"volumes.readOnly":                    {rest: `image: x, volumes: [{mountPath: /a, readOnly: true, hostPath: {path: /a}}]`},
	"volumes.hostPath":                    {rest: `image: x, volumes: [{mountPath: /a, hostPath: {path: /a}}]`},
	"volumes.sandboxPath":                 {rest: `image: x, volumes: [{mountPath: /a, sandboxPath: {path: a}}]`, docker: "no volumes of kind sandboxPath"},
	"volumes.emptyDir":                    {rest: `image: x, volumes: [{mountPath: /a, emptyDir: {}}]`, docker: "no volumes of kind emptyDir"},
	"volumes.image":                       {rest: `image: x, volumes: [{mountPath: /a, image: {image: yy}}]`, docker: "no volumes of kind image"},
	"volumes.external":                    {rest: `image: x, volumes: [{mountPath: /a, external: {driver: d, name: nn}}]`},
	"volumes.external.options":            {rest: `image: x, volumes: [{mountPath: /a, external: {driver: d, name: nn, options: [{name: o}]}}]`, docker: "an external volume has no options"},
	"volumes.external, of two drivers":    {rest: `image: x, volumes: [{mountPath: /a, external: {driver: d, name: nn}}, {mountPath: /b, external: {driver: e, name: nn}}]`, docker: "must have one driver"},
	"volumes.secret":                      {rest: `image: x, volumes: [{mountPath: /a, secret: {name: s, key: k}}]`, docker: "no volumes of kind secret"},
	"mesos.pullSecretRef":                 {rest: `image: x, mesos: {pullSecretRef: {name: s}}`, docker: "with container.docker there is no pull Secret"},
	"networks.mode Host":                  {rest: `image: x, networks: [{mode: Host}]`},
	"networks.mode Bridge":                {rest: `image: x, networks: [{mode: Bridge}]`, mesos: "a network of mode Bridge needs a name"},
	"networks.mode Bridge, with a name":   {rest: `image: x, networks: [{mode: Bridge, name: b}]`, docker: "has no name"},
	"networks.mode Container":             {rest: `image: x, networks: [{mode: Container, name: b}]`},
	"networks.mode Container, two of it":  {rest: `image: x, networks: [{mode: Container, name: b}, {mode: Container, name: c}]`, docker: "there can be one network"},
	"networks.labels":                     {rest: `image: x, networks: [{mode: Container, name: b, labels: [{name: l}]}]`, docker: "a network has no labels"},
	"networks.name, one that Docker has":  {rest: `image: x, networks: [{mode: Container, name: host}]`, docker: "are not names of networks to Docker"},
	"no image":                            {rest: `networks: [{mode: Host}]`, docker: "container.docker needs container.image"},
	"mesos.capabilities":                  {rest: `image: x, mesos: {capabilities: {effective: [KILL]}}`, docker: "one of container.mesos and container.docker"},
	"mesos.rlimits":                       {rest: `image: x, mesos: {rlimits: [{type: CORE}]}`, docker: "one of container.mesos and container.docker"},
	"mesos.shmSizeMiB":                    {rest: `image: x, mesos: {shmSizeMiB: 1, ipcMode: Private}`, docker: "one of container.mesos and container.docker"},
	"mesos.ipcMode":                       {rest: `image: x, mesos: {ipcMode: ShareParent}`, docker: "one of container.mesos and container.docker"},
	"mesos.sharePIDNamespace":             {rest: `image: x, mesos: {sharePIDNamespace: true}`, docker: "one of container.mesos and container.docker"},
	"mesos.tty":                           {rest: `image: x, mesos: {tty: true}`, docker: "one of container.mesos and container.docker"},
	"docker.privileged, as one of Mesos'": {rest: `image: x, mesos: {privileged: true}`, mesos: `unknown field "spec.container.mesos.privileged"`, docker: "spec.container"},
	"docker.parameters, as one of Mesos'": {rest: `image: x, mesos: {parameters: [{name: a}]}`, mesos: `unknown field "spec.container.mesos.parameters"`, docker: "spec.container"},
}

func TestContainer_whatAContainerizerCannotDo(t *testing.T) {
	for field, c := range byContainerizer {
		for containerizer, one := range map[string]struct{ container, want string }{"Mesos": {c.rest, c.mesos}, "Docker": {c.rest + `, docker: {}`, c.docker}} {
			t.Run(field+" by "+containerizer, func(t *testing.T) {
				checkAdmission(t, parse(t, fmt.Sprintf(taskManifest, "task", `shell: x, container: {`+one.container+`}, `+requests)), one.want)
			})
		}
	}
	// Whoever adds a field has to say here what each containerizer makes of it.
	for path, kind := range map[string]reflect.Type{
		"": reflect.TypeFor[v1alpha1.Container](), "volumes.": reflect.TypeFor[v1alpha1.Volume](), "networks.": reflect.TypeFor[v1alpha1.Network](),
		"mesos.": reflect.TypeFor[v1alpha1.MesosContainer](), "docker.": reflect.TypeFor[v1alpha1.DockerContainer](),
	} {
		for field := range kind.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			known := false
			for row := range byContainerizer {
				known = known || strings.HasPrefix(row, path+name)
			}
			if !known {
				t.Errorf("no row is about container.%s%s", path, name)
			}
		}
	}
}

func TestContainer_admission(t *testing.T) {
	for sentence, c := range map[string]struct{ spec, want string }{
		"an image alone is accepted":                   {spec: `container: {image: "registry.example.com:5000/shop/web@sha256:0123"}`},
		"an image and arguments are accepted":          {spec: `args: [-v], container: {image: x}`},
		"an image and a command are accepted":          {spec: `command: [a], args: [-v], container: {image: x}`},
		"an image in Docker alone is accepted":         {spec: `user: "0", container: {image: x, docker: {privileged: true, parameters: [{name: log-driver, value: none}, {name: init}]}}`},
		"a readiness check in Docker is refused":       {spec: `shell: x, readinessCheck: {command: {shell: "true"}}, container: {image: x, docker: {}}`, want: "Docker executor ends itself"},
		"a readiness check by Mesos is accepted":       {spec: `shell: x, readinessCheck: {command: {shell: "true"}}, container: {image: x}`},
		"a shell and a command are refused":            {spec: `shell: x, command: [a], container: {image: x}`, want: "exactly one of spec.shell and spec.command must be set"},
		"a shell and arguments are refused":            {spec: `shell: x, args: [a], container: {image: x}`, want: "spec.args needs spec.command"},
		"arguments without an image are refused":       {spec: `args: [a], container: {networks: [{mode: Host}]}`, want: "spec.args needs spec.command, or spec.container.image"},
		"neither without an image is refused":          {spec: `container: {networks: [{mode: Host}]}`, want: "exactly one of spec.shell and spec.command must be set; with spec.container.image both may be left out"},
		"a container of nothing is refused":            {spec: `shell: x, container: {}`, want: "spec.container"},
		"an empty image is refused":                    {spec: `shell: x, container: {image: ""}`, want: "spec.container.image"},
		"a scheme before an image is refused":          {spec: `shell: x, container: {image: "docker://x"}`, want: "spec.container.image"},
		"a flag for an image is refused":               {spec: `shell: x, container: {image: --privileged}`, want: "as docker pull takes it"},
		"a blank in an image is refused":               {spec: `shell: x, container: {image: "a b"}`, want: "as docker pull takes it"},
		"another pull policy is refused":               {spec: `shell: x, container: {image: x, pullPolicy: Never}`, want: "spec.container.pullPolicy"},
		"a pull policy without an image is refused":    {spec: `shell: x, container: {pullPolicy: Always}`, want: "container.pullPolicy needs container.image"},
		"Mesos and Docker are refused":                 {spec: `shell: x, container: {image: x, mesos: {tty: true}, docker: {}}`, want: "one of container.mesos and container.docker"},
		"a volume of no kind is refused":               {spec: `shell: x, container: {volumes: [{mountPath: /a}]}`, want: "a volume needs exactly one of"},
		"a volume of two kinds is refused":             {spec: `shell: x, container: {volumes: [{mountPath: /a, emptyDir: {}, hostPath: {path: /a}}]}`, want: "a volume needs exactly one of"},
		"two volumes at one path are refused":          {spec: `shell: x, container: {volumes: [{mountPath: /a, emptyDir: {}}, {mountPath: /a, emptyDir: {}}]}`, want: "Duplicate value"},
		"names with dots in paths are accepted":        {spec: `shell: x, container: {volumes: [{mountPath: "/.a/..b/...", hostPath: {path: "/.a/b.c/d..e/f g"}}, {mountPath: /c, sandboxPath: {path: .a/b}}, {mountPath: .d, hostPath: {path: /}}]}`},
		"the root as mount path is refused":            {spec: `shell: x, container: {volumes: [{mountPath: /, hostPath: {path: /a}}]}`, want: "mountPath must be a path without"},
		"a mount path that goes up is refused":         {spec: `shell: x, container: {volumes: [{mountPath: /a/../b, hostPath: {path: /a}}]}`, want: "mountPath must be a path without"},
		"a mount path of a dot is refused":             {spec: `shell: x, container: {volumes: [{mountPath: ., hostPath: {path: /a}}]}`, want: "mountPath must be a path without"},
		"a mount path with a slash behind is refused":  {spec: `shell: x, container: {volumes: [{mountPath: /a/, hostPath: {path: /a}}]}`, want: "mountPath must be a path without"},
		"a mount path with a mode is refused":          {spec: `shell: x, container: {volumes: [{mountPath: "/a:rw", hostPath: {path: /a}}]}`, want: "mountPath must be a path without"},
		"a host path that is relative is refused":      {spec: `shell: x, container: {volumes: [{mountPath: /a, hostPath: {path: a}}]}`, want: "hostPath.path must be an absolute path"},
		"a host path that goes up is refused":          {spec: `shell: x, container: {volumes: [{mountPath: /a, hostPath: {path: /srv/../etc}}]}`, want: "hostPath.path must be an absolute path"},
		"a host path that ends upwards is refused":     {spec: `shell: x, container: {volumes: [{mountPath: /a, hostPath: {path: /srv/..}}]}`, want: "hostPath.path must be an absolute path"},
		"a host path with two slashes is refused":      {spec: `shell: x, container: {volumes: [{mountPath: /a, hostPath: {path: //srv}}]}`, want: "hostPath.path must be an absolute path"},
		"two host paths in one are refused":            {spec: `shell: x, container: {volumes: [{mountPath: /a, hostPath: {path: "/srv:/etc"}}]}`, want: "hostPath.path must be an absolute path"},
		"a line break in a host path is refused":       {spec: `shell: x, container: {volumes: [{mountPath: /a, hostPath: {path: "/srv\n"}}]}`, want: "hostPath.path must be an absolute path"},
		"a sandbox path that goes up is refused":       {spec: `shell: x, container: {volumes: [{mountPath: /a, sandboxPath: {path: ../b}}]}`, want: "sandboxPath.path must be a path inside the sandbox"},
		"a sandbox path that is absolute is refused":   {spec: `shell: x, container: {volumes: [{mountPath: /a, sandboxPath: {path: /b}}]}`, want: "sandboxPath.path must be a path inside the sandbox"},
		"a sandbox path in the sandbox is refused":     {spec: `shell: x, container: {volumes: [{mountPath: a, sandboxPath: {path: b}}]}`, want: "needs an absolute mountPath"},
		"an empty directory to read is refused":        {spec: `shell: x, container: {volumes: [{mountPath: /a, readOnly: true, emptyDir: {}}]}`, want: "stays empty"},
		"a path as external volume is refused":         {spec: `shell: x, container: {volumes: [{mountPath: /a, external: {driver: d, name: /etc}}]}`, want: "a volume's name has letters"},
		"a flag as external volume is refused":         {spec: `shell: x, container: {volumes: [{mountPath: /a, external: {driver: d, name: -v}}]}`, want: "a volume's name has letters"},
		"a volume of a Secret is accepted":             {spec: `shell: x, container: {volumes: [{mountPath: key, readOnly: true, secret: {name: s.t, key: .k_1}}]}`},
		"a volume of a whole Secret is refused":        {spec: `shell: x, container: {volumes: [{mountPath: key, secret: {name: s}}]}`, want: "spec.container.volumes[0].secret.key"},
		"a volume of a Secret elsewhere is refused":    {spec: `shell: x, container: {volumes: [{mountPath: key, secret: {name: ns/s, key: k}}]}`, want: "spec.container.volumes[0].secret.name"},
		"a volume of a Secret and more is refused":     {spec: `shell: x, container: {volumes: [{mountPath: /a, emptyDir: {}, secret: {name: s, key: k}}]}`, want: "a volume needs exactly one of"},
		"a pull Secret without an image is refused":    {spec: `shell: x, container: {mesos: {pullSecretRef: {name: s}}}`, want: "pullSecretRef needs an image to pull"},
		"a pull Secret for a volume is accepted":       {spec: `shell: x, container: {volumes: [{mountPath: /a, image: {image: yy}}], mesos: {pullSecretRef: {name: s}}}`},
		"a pull Secret elsewhere is refused":           {spec: `shell: x, container: {image: x, mesos: {pullSecretRef: {name: ns/s}}}`, want: "spec.container.mesos.pullSecretRef.name"},
		"an external volume without a driver is":       {spec: `shell: x, container: {volumes: [{mountPath: /a, external: {name: nn}}]}`, want: "driver"},
		"a container port in a bridge is accepted":     {spec: `container: {image: x, networks: [{mode: Bridge}], docker: {}}, ports: [{name: a, containerPort: 80}, {name: b}]`},
		"one in a CNI network is accepted":             {spec: `container: {image: x, networks: [{mode: Container, name: nn}]}, ports: [{name: a, hostPort: 31000, containerPort: 80, protocol: UDP}]`},
		"a container port without one is refused":      {spec: `shell: x, ports: [{name: a, containerPort: 80}]`, want: "containerPort is for a container with a network of its own"},
		"a container port without a network is too":    {spec: `container: {image: x}, ports: [{name: a}, {name: b, containerPort: 80}]`, want: "containerPort is for a container with a network of its own"},
		"a container port in the host's is refused":    {spec: `container: {image: x, networks: [{mode: Host}]}, ports: [{name: a, containerPort: 80}]`, want: "containerPort is for a container with a network of its own"},
		"a container port of nothing is refused":       {spec: `container: {image: x, networks: [{mode: Bridge}], docker: {}}, ports: [{name: a, containerPort: 0}]`, want: "spec.ports[0].containerPort"},
		"a range in a network of its own is refused":   {spec: `container: {image: x, networks: [{mode: Bridge}], docker: {}}, portRanges: [{name: r, from: 1, to: 9}]`, want: "as ports are forwarded to it one by one"},
		"a range in the host's network is accepted":    {spec: `container: {image: x, networks: [{mode: Host}]}, portRanges: [{name: r, from: 1, to: 9}]`},
		"another network is refused":                   {spec: `shell: x, container: {networks: [{mode: None}]}`, want: "spec.container.networks[0].mode"},
		"the host's network with a name is refused":    {spec: `shell: x, container: {networks: [{mode: Host, name: nn}]}`, want: "neither a name nor labels"},
		"a container network without one is refused":   {spec: `shell: x, container: {networks: [{mode: Container}]}`, want: "needs a name"},
		"another container's network is refused":       {spec: `shell: x, container: {image: x, networks: [{mode: Container, name: "container:x"}], docker: {}}`, want: "spec.container.networks[0].name"},
		"the host's network and another is refused":    {spec: `shell: x, container: {networks: [{mode: Host}, {mode: Container, name: nn}]}`, want: "has no other"},
		"one network twice is refused":                 {spec: `shell: x, container: {networks: [{mode: Bridge, name: nn}, {mode: Container, name: nn}]}`, want: "joins a network once"},
		"shared memory without its mode is refused":    {spec: `shell: x, container: {mesos: {shmSizeMiB: 64}}`, want: "needs ipcMode: Private"},
		"shared memory of the host is refused":         {spec: `shell: x, container: {mesos: {shmSizeMiB: 64, ipcMode: ShareParent}}`, want: "needs ipcMode: Private"},
		"no shared memory is refused":                  {spec: `shell: x, container: {mesos: {shmSizeMiB: 0, ipcMode: Private}}`, want: "spec.container.mesos.shmSizeMiB"},
		"a capability with CAP_ is refused":            {spec: `shell: x, container: {mesos: {capabilities: {effective: [CAP_KILL]}}}`, want: "spec.container.mesos.capabilities.effective"},
		"a capability out of bounds is refused":        {spec: `shell: x, container: {mesos: {capabilities: {effective: [KILL], bounding: [LEASE]}}}`, want: "must be one of capabilities.bounding"},
		"capabilities within bounds are accepted":      {spec: `shell: x, container: {mesos: {capabilities: {effective: [KILL], bounding: [LEASE, KILL]}, rlimits: [{type: NOFILE, soft: 1024, hard: 4096}, {type: CORE}], shmSizeMiB: 64, ipcMode: Private, sharePIDNamespace: true, tty: true}}`},
		"an rlimit with half a limit is refused":       {spec: `shell: x, container: {mesos: {rlimits: [{type: NOFILE, soft: 1}]}}`, want: "soft and hard must both be set"},
		"an rlimit upside down is refused":             {spec: `shell: x, container: {mesos: {rlimits: [{type: NOFILE, soft: 2, hard: 1}]}}`, want: "soft must not be more than hard"},
		"another rlimit is refused":                    {spec: `shell: x, container: {mesos: {rlimits: [{type: RLMT_CORE}]}}`, want: "spec.container.mesos.rlimits[0].type"},
		"one rlimit twice is refused":                  {spec: `shell: x, container: {mesos: {rlimits: [{type: CORE}, {type: CORE}]}}`, want: "Duplicate value"},
		"a parameter with a value in it is refused":    {spec: `container: {image: x, docker: {parameters: [{name: "a=b"}]}}`, want: "spec.container.docker.parameters[0].name"},
		"a parameter with dashes before it is refused": {spec: `container: {image: x, docker: {parameters: [{name: --init}]}}`, want: "spec.container.docker.parameters[0].name"},
	} {
		t.Run(sentence, func(t *testing.T) {
			checkAdmission(t, parse(t, fmt.Sprintf(taskManifest, "task", c.spec+`, `+requests)), c.want)
		})
	}
}

// Each of these would void what a framework does not allow, or keep Mesos or the operator from what is theirs.
func TestContainer_parametersThatAreNone(t *testing.T) {
	for _, name := range []string{
		"name", "entrypoint", "user", "net", "network", "privileged", "volume", "volumes-from", "volume-driver", "mount", "device", "device-cgroup-rule", "pid",
		"ipc", "uts", "userns", "cgroupns", "cap-add", "security-opt", "group-add", "runtime", "gpus", "env-file", "label-file", "cidfile", "publish",
		"publish-all", "detach", "restart", "rm",
	} {
		t.Run(name, func(t *testing.T) {
			checkAdmission(t, parse(t, fmt.Sprintf(taskManifest, "task", `container: {image: x, docker: {parameters: [{name: init}, {name: `+name+`, value: x}]}}, `+requests)),
				"this flag of docker run cannot be a parameter")
		})
	}
}

func TestAllowedContainers_admission(t *testing.T) {
	for sentence, c := range map[string]struct{ allowed, want string }{
		"nothing is accepted":                 {allowed: ``},
		"no types are accepted":               {allowed: `types: []`},
		"all fields at once are accepted":     {allowed: `types: [Mesos, Docker], privileged: Allowed, hostPaths: [{prefix: /srv/data, readOnly: true}, {prefix: /}], networks: [front], parameters: [log-driver], externalDrivers: [rexray/ebs], capabilities: [KILL], rlimits: [NOFILE], sharePIDNamespace: Allowed, ipcShareParent: Never, secretsInState: Allowed`},
		"another type is refused":             {allowed: `types: [LXC]`, want: "spec.allowedContainers.types"},
		"a prefix that goes up is refused":    {allowed: `hostPaths: [{prefix: /srv/../etc}]`, want: "prefix must be an absolute path"},
		"a prefix that is relative is":        {allowed: `hostPaths: [{prefix: srv}]`, want: "prefix must be an absolute path"},
		"a prefix with a slash behind is":     {allowed: `hostPaths: [{prefix: /srv/}]`, want: "prefix must be an absolute path"},
		"one prefix twice is refused":         {allowed: `hostPaths: [{prefix: /srv}, {prefix: /srv, readOnly: true}]`, want: "Duplicate value"},
		"an asterisk for networks is refused": {allowed: `networks: ["*"]`, want: "spec.allowedContainers.networks"},
		"yes for privileged is refused":       {allowed: `privileged: "Yes"`, want: "spec.allowedContainers.privileged"},
	} {
		t.Run(sentence, func(t *testing.T) {
			checkAdmission(t, parse(t, fmt.Sprintf(frameworkManifest, masters+`, allowedContainers: {`+c.allowed+`}`)), c.want)
		})
	}
}
