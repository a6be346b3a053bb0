package system

import (
	"strings"
	"sync"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// recorder acts tasks out by the script and keeps what agents were told of them, by the task's name.
type recorder struct {
	simulator.ScriptRunner

	mu   sync.Mutex
	told map[string]*mesosv1.TaskInfo
}

// Run implements simulator.Runner.
func (r *recorder) Run(launch simulator.Launch, report func(simulator.Report)) simulator.Execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	name, _, _ := strings.Cut(launch.Task.Name, ".")
	r.told[name] = launch.Task
	return r.ScriptRunner.Run(launch, report)
}

// of is what an agent was last told of a MesosTask; empty if none was told.
func (r *recorder) of(name string) *mesosv1.TaskInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	if info := r.told[name]; info != nil {
		return info
	}
	return &mesosv1.TaskInfo{}
}

// TestContainers: a tenant gets an image, and what else the framework allows; what it allows decides from the moment on that it changes.
func TestContainers(t *testing.T) {
	agents := &recorder{told: map[string]*mesosv1.TaskInfo{}}
	inVirtualTime(t, simulator.Flags{}, agents, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("image", `args: [-v], container: {image: "nginx:1"}`)
		v.task("docker", `command: [serve, -v], container: {image: "nginx:1", docker: {}}`)
		v.task("own-user", `user: image, container: {image: "nginx:1", docker: {}}`)
		v.task("volume", `shell: x, container: {volumes: [{mountPath: /data, hostPath: {path: /srv/data/web}}]}`)
		v.pass(30 * time.Second)
		for name, reason := range map[string]string{
			"image": v1alpha1.ReasonRunning, "docker": v1alpha1.ReasonContainerNotAllowed, "own-user": v1alpha1.ReasonUserNotAllowed, "volume": v1alpha1.ReasonContainerNotAllowed,
		} {
			if got := v.reason(name); got != reason {
				v.Errorf("where nothing is said, %s is %s, want %s", name, got, reason)
			}
		}
		if info := agents.of("image"); info.Container.GetMesos().GetImage().GetDocker().GetName() != "nginx:1" || info.Command.GetShell() || info.Command.Value != nil || len(info.Command.Arguments) != 1 {
			v.Errorf("the agent was told %v", info)
		}

		v.patchFramework(`{"spec": {"allowedUsers": ["image"], "allowedContainers": {"types": ["Mesos", "Docker"], "hostPaths": [{"prefix": "/srv/data"}]}}}`)
		v.pass(30 * time.Second)
		for _, name := range []string{"image", "docker", "own-user", "volume"} {
			if got := v.reason(name); got != v1alpha1.ReasonRunning {
				v.Errorf("where all is allowed, %s is %s", name, got)
			}
		}
		docker := agents.of("docker")
		if docker.Container.GetType() != mesosv1.ContainerInfo_DOCKER || docker.Container.Docker.GetImage() != "nginx:1" || len(docker.Container.Docker.Parameters) != 2 || docker.Command.User != nil {
			v.Errorf("the agent was told %v", docker)
		}
		if own := agents.of("own-user"); len(own.Container.GetDocker().GetParameters()) != 0 {
			v.Errorf("the agent was told %v", own)
		}
		if volumes := agents.of("volume").Container.GetVolumes(); len(volumes) != 1 || volumes[0].GetHostPath() != "/srv/data/web" {
			v.Errorf("the agent was told of volumes %v", volumes)
		}

		before := v.get("image").Status.Task.ID
		v.patch("image", `spec: {container: {pullPolicy: Always}}`)
		v.pass(time.Minute)
		if got := v.get("image").Status.Task.ID; got != before {
			v.Errorf("another pull policy made %s of %s", got, before)
		}
		v.patch("image", `spec: {container: {image: "nginx:2"}}`)
		v.pass(time.Minute)
		if image := agents.of("image").Container.GetMesos().GetImage(); image.GetDocker().GetName() != "nginx:2" || image.GetCached() {
			v.Errorf("after it was changed, the agent was told %v", image)
		}

		v.patchFramework(`{"spec": {"allowedContainers": {"types": []}}}`)
		v.pass(time.Minute)
		for _, name := range []string{"image", "docker", "volume"} {
			if got := v.said(name); v.reason(name) != v1alpha1.ReasonRunning || !strings.Contains(got, "could not be launched again") {
				v.Errorf("what runs when it is no longer allowed: %s says %q", name, got)
			}
		}
		v.checkTruth()
	})
}
