package lifecycle

import (
	"fmt"
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Obstacle is a reason why a task cannot be launched now.
type Obstacle struct {
	// Reason is a reason of condition Ready.
	Reason string
	// Message says what to do.
	Message string
	// Stalled says that nothing will happen until a person changes something.
	Stalled bool
	// Waits says that the task waits for an offer all the same: one that fits is the end of the obstacle.
	Waits bool
	// Reads says that what the spec takes from elsewhere is read again and again: what it says is the end of the obstacle.
	Reads bool
	// Blind says that the spec may ask for what this release cannot see: whether an attempt is as the spec asks cannot be said either.
	Blind bool
	// Resolved says that the spec can be read all the same: what was launched by it is known by it, and stays as it is.
	Resolved bool
}

// Resolve turns the spec of an object into what a launch tells Mesos, with the framework's defaults filled in; or says why it cannot, or, of
// one that is resolved, why it cannot be launched (Obstacle.Resolved). Whether the framework permits the task is not asked here.
func Resolve(namespace, name string, spec v1alpha1.MesosTaskSpec, framework v1alpha1.FrameworkInfo) (mesos.Task, *Obstacle) {
	roles := declaredRoles(&spec.TaskTemplate)
	if len(roles) == 0 {
		roles = []string{framework.DefaultRole}
	}
	container, err := containerOf(&spec.TaskTemplate)
	if err != nil {
		return mesos.Task{}, &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: err.Error()}
	}
	task := mesos.Task{
		Name:      name + "." + namespace,
		Role:      roles[0],
		User:      spec.User,
		Shell:     spec.Shell,
		Container: container,
	}
	if err := resolveResources(&task, &spec.Resources); err != nil {
		return mesos.Task{}, &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: err.Error()}
	}
	if len(spec.Command) > 0 {
		task.Argv = slices.Concat(spec.Command, spec.Args)
	} else {
		task.Args = spec.Args
	}
	if task.User == "" {
		task.User = framework.User
	}
	for _, variable := range spec.Env {
		if variable.ValueFrom != nil {
			continue // Fill gives it a value.
		}
		task.Env = append(task.Env, mesos.EnvVar{Name: variable.Name, Value: variable.Value})
	}
	for _, uri := range spec.URIs {
		task.URIs = append(task.URIs, mesos.URI{
			Value: uri.Value, Extract: uri.Extract == nil || *uri.Extract,
			Executable: uri.Executable, Cache: uri.Cache, OutputFile: uri.OutputFile,
		})
	}
	if len(roles) > 1 {
		task.OtherRoles = roles[1:]
	}
	if spec.KillGracePeriodSeconds != nil {
		grace := time.Duration(*spec.KillGracePeriodSeconds) * time.Second
		task.KillGracePeriod = &grace
	}
	task.Labels, task.Discovery = labelsOf(spec.Labels), discoveryOf(&spec, task.Name)
	if spec.MaxRunSeconds != nil {
		task.MaxRun = time.Duration(*spec.MaxRunSeconds) * time.Second
	}
	placement, obstacle := placementOf(spec.Placement)
	if task.Placement = placement; obstacle != nil {
		return task, obstacle
	}
	task.Ports, task.Ranges = portsOf(&spec.TaskTemplate)
	if obstacle := resolveChecks(&task, &spec.TaskTemplate); obstacle != nil {
		return mesos.Task{}, obstacle
	}
	return task, unlaunchable(&task)
}

// unlaunchable says why a task that is resolved cannot be launched; nil if it can.
func unlaunchable(task *mesos.Task) *Obstacle {
	if obstacle := unforwarded(task); obstacle != nil {
		return obstacle
	}
	return tooLong(task)
}

// WithDefaultTaken is the framework with a default role that Mesos lets it have: while Mesos has not taken the present one, the default that it took
// last, so that what ran by that one can be launched again. Where nobody knows of any, it is the framework as it is.
func WithDefaultTaken(framework *v1alpha1.MesosFramework) *v1alpha1.MesosFramework {
	taken := framework.Status.Roles
	if slices.Contains(taken, framework.Spec.Info.DefaultRole) {
		return framework
	}
	at := slices.IndexFunc(framework.Status.Defaults, func(earlier v1alpha1.LaunchDefaults) bool { return slices.Contains(taken, earlier.Role) })
	if at < 0 {
		return framework
	}
	with, role := *framework, framework.Status.Defaults[at].Role
	with.Spec.Info.DefaultRole = role
	if !slices.Contains(with.Spec.Info.Roles, role) {
		with.Spec.Info.Roles = slices.Concat(with.Spec.Info.Roles, []string{role})
	}
	return &with
}

// maxLaunchBytes is how long what Mesos' executor passes on may be. Linux takes 128 KiB in one argument of a process; the rest is for what the
// agent adds to the environment.
const maxLaunchBytes = 96 << 10

// tooLong says that no agent could start the task; nil if one could.
func tooLong(task *mesos.Task) *Obstacle {
	if task.LaunchesWithin(maxLaunchBytes) {
		return nil
	}
	return &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Resolved: true, Message: fmt.Sprintf(
		"Command, arguments, URIs and environment come to %d KiB as Mesos passes them on, where the environment counts twice; an agent can start nothing with more than %d KiB. Put what is long into a file that spec.uris fetches",
		(task.LaunchBytes()+1023)>>10, maxLaunchBytes>>10)}
}
