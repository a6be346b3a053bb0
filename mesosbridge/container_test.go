package mesosbridge

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// mustTaskInfo is the TaskInfo of a task that can be put to Mesos.
func mustTaskInfo(t *testing.T, task *mesos.Task, agentID string, resources []mesospb.Resource) mesospb.TaskInfo {
	t.Helper()
	info, err := taskInfo(task, agentID, resources)
	if err != nil {
		t.Fatalf("the task cannot be put to Mesos: %v", err)
	}
	return info
}

// withoutZeros drops what is false, empty or null from JSON, as mesos-go writes many fields that are not set; but for those whose default is true.
func withoutZeros(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, one := range v {
			if v[key] = withoutZeros(one); v[key] == nil && key != "shell" && key != "cached" {
				delete(v, key)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = withoutZeros(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	case string:
		if v == "" {
			return nil
		}
	}
	return value
}

// TestTaskInfo_containers: what a task declares, and container and command as Mesos is told them, with null for false.
func TestTaskInfo_containers(t *testing.T) {
	docker := &mesos.ByDocker{}
	for name, c := range map[string]struct {
		task            mesos.Task
		container, comm string
	}{
		"an image alone runs its entrypoint": {
			mesos.Task{User: "www", Container: &mesos.Container{Image: "nginx:1"}},
			`{"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": "nginx:1"}, "cached": true}}}`,
			`{"shell": null, "user": "www"}`,
		},
		"an image and arguments run its entrypoint with them": {
			mesos.Task{Args: []string{"-v", "x"}, Container: &mesos.Container{Image: "nginx:1"}},
			`{"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": "nginx:1"}, "cached": true}}}`,
			`{"shell": null, "arguments": ["-v", "x"]}`,
		},
		"a command in an image takes the place of its entrypoint": {
			mesos.Task{Argv: []string{"serve", "-v"}, Container: &mesos.Container{Image: "nginx:1", AlwaysPull: true}},
			`{"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": "nginx:1"}, "cached": null}}}`,
			`{"shell": null, "value": "serve", "arguments": ["serve", "-v"]}`,
		},
		"a shell in an image": {
			mesos.Task{Shell: "serve -v", Container: &mesos.Container{Image: "nginx:1"}},
			`{"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": "nginx:1"}, "cached": true}}}`,
			`{"shell": true, "value": "serve -v"}`,
		},
		"volumes and networks without an image": {
			mesos.Task{Shell: "x", Container: &mesos.Container{
				Volumes: []mesos.Volume{
					{MountPath: "/cache", SandboxPath: "cache"},
					{MountPath: "data", HostPath: "/srv/data", ReadOnly: true},
					{MountPath: "/ext", External: &mesos.ExternalVolume{Driver: "rexray", Name: "db", Options: []mesos.Setting{{Name: "size", Value: "5"}}}},
					{MountPath: "/more", Image: "files:2", ReadOnly: true},
				},
				Networks: []mesos.Network{{Mode: mesos.NetworkContainer, Name: "overlay", Labels: []mesos.Label{{Name: "a", Value: "b"}}}, {Mode: mesos.NetworkBridge, Name: "mesos-bridge"}},
			}},
			`{"type": "MESOS", "volumes": [
				{"container_path": "/cache", "mode": "RW", "source": {"type": "SANDBOX_PATH", "sandbox_path": {"type": "SELF", "path": "cache"}}},
				{"container_path": "data", "mode": "RO", "host_path": "/srv/data"},
				{"container_path": "/ext", "mode": "RW", "source": {"type": "DOCKER_VOLUME", "docker_volume": {"driver": "rexray", "name": "db", "driver_options": {"parameter": [{"key": "size", "value": "5"}]}}}},
				{"container_path": "/more", "mode": "RO", "image": {"type": "DOCKER", "docker": {"name": "files:2"}, "cached": true}}
			], "network_infos": [{"name": "overlay", "labels": {"labels": [{"key": "a", "value": "b"}]}}, {"name": "mesos-bridge"}]}`,
			`{"shell": true, "value": "x"}`,
		},
		"all that Mesos' own containerizer can": {
			mesos.Task{Shell: "x", Container: &mesos.Container{Networks: []mesos.Network{{Mode: mesos.NetworkHost}}, Mesos: &mesos.ByMesos{
				Effective: []string{"NET_ADMIN"}, Bounding: []string{"KILL", "NET_ADMIN"},
				RLimits:      []mesos.RLimit{{Type: "CORE"}, {Type: "NOFILE", Soft: new(uint64(1024)), Hard: new(uint64(4096))}},
				SharedMemory: 64, IPCMode: mesos.IPCPrivate, SharePIDNamespace: true, TTY: true,
			}}},
			`{"type": "MESOS", "linux_info": {"effective_capabilities": {"capabilities": ["NET_ADMIN"]}, "bounding_capabilities": {"capabilities": ["KILL", "NET_ADMIN"]},
				"share_pid_namespace": true, "ipc_mode": "PRIVATE", "shm_size": 64},
				"rlimit_info": {"rlimits": [{"type": "RLMT_CORE"}, {"type": "RLMT_NOFILE", "soft": 1024, "hard": 4096}]}}`,
			`{"shell": true, "value": "x"}`,
		},
		"Secrets as files, and to pull images with": {
			mesos.Task{Shell: "x", Container: &mesos.Container{
				Image: "h/web", PullConfigs: map[string]mesos.Hidden{"h/web": "config", "h/files": "files"}, Mesos: &mesos.ByMesos{PullSecret: "p"},
				Volumes: []mesos.Volume{
					{MountPath: "/a", Image: "h/files"},
					{MountPath: "/b", Image: "other"},
					{MountPath: "/run/key", ReadOnly: true, Secret: &mesos.SecretVolume{Name: "s", Key: "k", Data: new(mesos.Hidden("\x00\xff"))}},
				},
			}},
			`{"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": "h/web", "config": {"type": "VALUE", "value": {"data": "Y29uZmln"}}}, "cached": true}}, "volumes": [
				{"container_path": "/a", "mode": "RW", "image": {"type": "DOCKER", "docker": {"name": "h/files", "config": {"type": "VALUE", "value": {"data": "ZmlsZXM="}}}, "cached": true}},
				{"container_path": "/b", "mode": "RW", "image": {"type": "DOCKER", "docker": {"name": "other"}, "cached": true}},
				{"container_path": "/run/key", "mode": "RO", "source": {"type": "SECRET", "secret": {"type": "VALUE", "value": {"data": "AP8="}}}}
			]}`,
			`{"shell": true, "value": "x"}`,
		},
		"the IPC namespace of the host": {
			mesos.Task{Shell: "x", Container: &mesos.Container{Mesos: &mesos.ByMesos{IPCMode: mesos.IPCShareParent}}},
			`{"type": "MESOS", "linux_info": {"ipc_mode": "SHARE_PARENT"}}`, `{"shell": true, "value": "x"}`,
		},
		"an image alone in Docker, as the task's user": {
			mesos.Task{User: "www", Container: &mesos.Container{Image: "nginx:1", Docker: docker}},
			`{"type": "DOCKER", "docker": {"image": "nginx:1", "network": "HOST", "parameters": [{"key": "user", "value": "www"}]}}`,
			`{"shell": null}`,
		},
		"in Docker as the image's own user": {
			mesos.Task{User: mesos.UserOfImage, Args: []string{"-v"}, Container: &mesos.Container{Image: "nginx:1", AlwaysPull: true, Docker: docker}},
			`{"type": "DOCKER", "docker": {"image": "nginx:1", "network": "HOST", "force_pull_image": true}}`,
			`{"shell": null, "arguments": ["-v"]}`,
		},
		"a command in Docker: its first word is the entrypoint": {
			mesos.Task{User: "0", Argv: []string{"serve", "-v"}, Container: &mesos.Container{Image: "nginx:1", Docker: docker}},
			`{"type": "DOCKER", "docker": {"image": "nginx:1", "network": "HOST", "parameters": [{"key": "user", "value": "0"}, {"key": "entrypoint", "value": "serve"}]}}`,
			`{"shell": null, "arguments": ["-v"]}`,
		},
		"a shell in Docker, with volumes, a network and parameters": {
			mesos.Task{User: "www", Shell: "serve -v", Container: &mesos.Container{
				Image: "nginx:1", Networks: []mesos.Network{{Mode: mesos.NetworkContainer, Name: "front"}},
				Volumes: []mesos.Volume{{MountPath: "/data", HostPath: "/srv/data"}, {MountPath: "/ext", ReadOnly: true, External: &mesos.ExternalVolume{Driver: "rexray", Name: "db"}}},
				Docker:  &mesos.ByDocker{Privileged: true, Parameters: []mesos.Setting{{Name: "log-driver", Value: "none"}, {Name: "ulimit", Value: "nofile=5"}}},
			}},
			`{"type": "DOCKER", "volumes": [{"container_path": "/data", "mode": "RW", "host_path": "/srv/data"},
				{"container_path": "/ext", "mode": "RO", "source": {"type": "DOCKER_VOLUME", "docker_volume": {"driver": "rexray", "name": "db"}}}],
				"network_infos": [{"name": "front"}], "docker": {"image": "nginx:1", "network": "USER", "privileged": true,
				"parameters": [{"key": "log-driver", "value": "none"}, {"key": "ulimit", "value": "nofile=5"}, {"key": "user", "value": "www"}]}}`,
			`{"shell": true, "value": "serve -v"}`,
		},
		"Docker's own bridge": {
			mesos.Task{User: mesos.UserOfImage, Container: &mesos.Container{Image: "nginx:1", Networks: []mesos.Network{{Mode: mesos.NetworkBridge}}, Docker: docker}},
			`{"type": "DOCKER", "docker": {"image": "nginx:1", "network": "BRIDGE"}}`, `{"shell": null}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			info := mustTaskInfo(t, &c.task, "a1", nil)
			if got, want := info.Container.TTYInfo != nil, c.task.Container.Mesos != nil && c.task.Container.Mesos.TTY; got != want {
				t.Errorf("it has a terminal: %v, want %v", got, want)
			}
			for what, one := range map[string]struct {
				got  any
				want string
			}{"container": {info.Container, c.container}, "command": {info.Command, c.comm}} {
				written, err := json.Marshal(one.got)
				if err != nil {
					t.Fatal(err)
				}
				var got, want any
				if err := json.Unmarshal(written, &got); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal([]byte(one.want), &want); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, withoutZeros(got)); diff != "" {
					t.Errorf("the %s (-want +got):\n%s", what, diff)
				}
			}
		})
	}
}

// TestTaskInfo_containersThatCannotBePut: a task whose container Mesos cannot be told of must not be launched at all.
func TestTaskInfo_containersThatCannotBePut(t *testing.T) {
	docker := &mesos.ByDocker{}
	for name, c := range map[string]struct {
		container mesos.Container
		want      string
	}{
		"by both":                   {mesos.Container{Image: "x", Mesos: &mesos.ByMesos{}, Docker: docker}, "by Mesos or by Docker"},
		"Docker without an image":   {mesos.Container{Docker: docker}, "needs an image"},
		"a volume of no kind":       {mesos.Container{Volumes: []mesos.Volume{{MountPath: "/a"}}}, "the volume at /a is of 0 kinds"},
		"a volume of two kinds":     {mesos.Container{Volumes: []mesos.Volume{{MountPath: "/a", HostPath: "/b", Image: "c"}}}, "of 2 kinds"},
		"a sandbox path in Docker":  {mesos.Container{Image: "x", Docker: docker, Volumes: []mesos.Volume{{MountPath: "/a", SandboxPath: "b"}}}, "that Docker does not have"},
		"an image volume in Docker": {mesos.Container{Image: "x", Docker: docker, Volumes: []mesos.Volume{{MountPath: "/a", Image: "b"}}}, "that Docker does not have"},
		"a Secret not read":         {mesos.Container{Volumes: []mesos.Volume{{MountPath: "/a", Secret: &mesos.SecretVolume{Name: "s"}}}}, "the Secret s of the volume at /a has not been read"},
		"a Secret in Docker":        {mesos.Container{Image: "x", Docker: docker, Volumes: []mesos.Volume{{MountPath: "/a", Secret: &mesos.SecretVolume{Name: "s", Data: new(mesos.Hidden(""))}}}}, "that Docker does not have"},
		"a pull Secret not read":    {mesos.Container{Image: "x", Mesos: &mesos.ByMesos{PullSecret: "p"}}, "the pull Secret p has not been read"},
		"a network of no mode":      {mesos.Container{Networks: []mesos.Network{{Name: "x"}}}, `network "x" of mode ""`},
		"a bridge without a name":   {mesos.Container{Networks: []mesos.Network{{Mode: mesos.NetworkBridge}}}, `network "" of mode "Bridge"`},
		"an unknown mode in Docker": {mesos.Container{Image: "x", Docker: docker, Networks: []mesos.Network{{Mode: "None"}}}, `mode "None"`},
		"two networks in Docker":    {mesos.Container{Image: "x", Docker: docker, Networks: []mesos.Network{{Mode: mesos.NetworkHost}, {Mode: mesos.NetworkBridge}}}, "joins one network"},
		"an unknown capability":     {mesos.Container{Mesos: &mesos.ByMesos{Effective: []string{"FLY"}}}, `no capability "FLY"`},
		"no capability":             {mesos.Container{Mesos: &mesos.ByMesos{Bounding: []string{"UNKNOWN"}}}, `no capability "UNKNOWN"`},
		"an unknown rlimit":         {mesos.Container{Mesos: &mesos.ByMesos{RLimits: []mesos.RLimit{{Type: "FUN"}}}}, `no rlimit of type "FUN"`},
		"an unknown IPC mode":       {mesos.Container{Mesos: &mesos.ByMesos{IPCMode: "Public"}}, `no IPC mode "Public"`},
	} {
		t.Run(name, func(t *testing.T) {
			info, err := taskInfo(&mesos.Task{ID: "odd", Shell: "x", Container: &c.container}, "a1", nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q in it", err, c.want)
			}
			if info.Command != nil {
				t.Errorf("there is a task to launch: %v", info)
			}
		})
	}
}

// TestTaskInfo_portMappings: each port is forwarded into a network of the container's own, and the last column is where its health check goes.
func TestTaskInfo_portMappings(t *testing.T) {
	docker, want := &mesos.ByDocker{}, []string{"31000 to 80/tcp", "31001 to 31001/udp"}
	bridge, front, other := mesos.Network{Mode: mesos.NetworkBridge}, mesos.Network{Mode: mesos.NetworkContainer, Name: "front"}, mesos.Network{Mode: mesos.NetworkBridge, Name: "other"}
	for name, c := range map[string]struct {
		container         *mesos.Container
		docker            []string
		networks          [][]string
		checked, checked2 uint32
	}{
		"Docker's own bridge":        {&mesos.Container{Image: "x", Docker: docker, Networks: []mesos.Network{bridge}}, want, nil, 80, 31001},
		"a network of Docker's":      {&mesos.Container{Image: "x", Docker: docker, Networks: []mesos.Network{front}}, want, [][]string{nil}, 80, 31001},
		"Docker on the host's":       {&mesos.Container{Image: "x", Docker: docker}, nil, nil, 31000, 31001},
		"Docker on the host's, said": {&mesos.Container{Image: "x", Docker: docker, Networks: []mesos.Network{{Mode: mesos.NetworkHost}}}, nil, nil, 31000, 31001},
		"a CNI network":              {&mesos.Container{Networks: []mesos.Network{other}}, nil, [][]string{want}, 80, 31001},
		"the first of two":           {&mesos.Container{Networks: []mesos.Network{front, other}}, nil, [][]string{want, nil}, 80, 31001},
		"Mesos on the host's":        {&mesos.Container{Image: "x"}, nil, nil, 31000, 31001},
		"a process of the agent":     {nil, nil, nil, 31000, 31001},
	} {
		t.Run(name, func(t *testing.T) {
			task := mesos.Task{
				ID: "a", Shell: "x", Container: c.container, HostPorts: []uint32{31000, 31001},
				Ports:       []mesos.Port{{Name: "http", ContainerPort: 80}, {Name: "stats", Protocol: mesos.ProtocolUDP}},
				HealthCheck: &mesos.HealthCheck{Check: mesos.Check{HTTP: &mesos.HTTPCheck{CheckPort: mesos.CheckPort{Name: "http"}}}},
				Check:       &mesos.Check{TCP: &mesos.TCPCheck{CheckPort: mesos.CheckPort{Name: "stats"}}},
			}
			info := mustTaskInfo(t, &task, "a1", nil)
			var byDocker []string
			for _, one := range info.Container.GetDocker().GetPortMappings() {
				byDocker = append(byDocker, fmt.Sprintf("%d to %d/%s", one.HostPort, one.ContainerPort, one.GetProtocol()))
			}
			var byNetwork [][]string
			for _, network := range info.Container.GetNetworkInfos() {
				var mappings []string
				for _, one := range network.PortMappings {
					mappings = append(mappings, fmt.Sprintf("%d to %d/%s", one.HostPort, one.ContainerPort, one.GetProtocol()))
				}
				byNetwork = append(byNetwork, mappings)
			}
			if diff := cmp.Diff([]any{c.docker, c.networks}, []any{byDocker, byNetwork}); diff != "" {
				t.Errorf("the ports that are forwarded (-want +got):\n%s", diff)
			}
			if http, tcp := info.HealthCheck.HTTP.Port, info.Check.TCP.Port; http != c.checked || tcp != c.checked2 {
				t.Errorf("the checks go to %d and %d, want %d and %d", http, tcp, c.checked, c.checked2)
			}
			if told := info.Discovery.Ports.Ports; told[0].Number != 31000 || told[1].Number != 31001 {
				t.Errorf("who finds services is told of %v", told)
			}
			for _, variable := range info.Command.Environment.Variables {
				if variable.Name == "PORT_HTTP" && variable.GetValue() != "31000" {
					t.Errorf("the task is told that its port is %s", variable.GetValue())
				}
			}
		})
	}
}
