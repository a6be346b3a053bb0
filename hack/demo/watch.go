package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// frameworkManifest writes the sample of a framework with the masters of the simulator, and, where the demo does not run as root,
// with its own user: agents that are not root can run tasks as nobody else.
func (d *demo) frameworkManifest() (path string, err error) {
	sample, err := os.ReadFile(filepath.Join("config", "samples", "framework.yaml"))
	if err != nil {
		return "", fmt.Errorf("reading the sample: %w", err)
	}
	framework := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(sample, &framework.Object); err != nil {
		return "", fmt.Errorf("reading the sample: %w", err)
	}
	if err := unstructured.SetNestedStringSlice(framework.Object, []string{"http://" + d.mesos.master}, "spec", "masters", "urls"); err != nil {
		return "", fmt.Errorf("setting the masters: %w", err)
	}
	if os.Geteuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return "", fmt.Errorf("finding the user: %w", err)
		}
		if err := unstructured.SetNestedField(framework.Object, me.Username, "spec", "info", "user"); err != nil {
			return "", fmt.Errorf("setting the user: %w", err)
		}
	}
	manifest, err := yaml.Marshal(framework.Object)
	if err != nil {
		return "", fmt.Errorf("writing the framework: %w", err)
	}
	path = d.path("framework.yaml")
	if err := os.WriteFile(path, manifest, 0o644); err != nil { //nolint:gosec // anybody may read it
		return "", fmt.Errorf("writing the framework: %w", err)
	}
	return path, nil
}

// watchTasks shows the tasks whenever they change, until nothing is missing.
func (d *demo) watchTasks(ctx context.Context, missing func(map[string]*v1alpha1.MesosTask) string) error {
	var seen, shown string
	return until(ctx, func(ctx context.Context) (string, error) {
		tasks, err := d.tasks(ctx)
		if err != nil {
			return "", err
		}
		var rows []string
		for name, task := range tasks {
			row := []any{name, status(task), task.Status.Restarts}
			if attempt := task.Status.Task; attempt != nil {
				row = append(row, attempt.ID, attempt.State)
			}
			rows = append(rows, fmt.Sprint(row...))
		}
		slices.Sort(rows)
		if now := strings.Join(rows, "\n"); now != seen {
			seen = now
			if err := d.table(ctx, &shown, "get", "mesostasks", "-o", "wide"); err != nil {
				return "", err
			}
		}
		return missing(tasks), nil
	})
}

// watchFrameworks shows the framework whenever it changes, until nothing is missing.
func (d *demo) watchFrameworks(ctx context.Context, missing func(*v1alpha1.MesosFramework) string) error {
	var seen, shown string
	return until(ctx, func(ctx context.Context) (string, error) {
		framework := &v1alpha1.MesosFramework{}
		if err := d.client.Get(ctx, client.ObjectKey{Name: frameworkName}, framework); err != nil {
			return "", fmt.Errorf("reading the framework: %w", err)
		}
		s := framework.Status
		now := fmt.Sprint(isTrue(s.Conditions, v1alpha1.ConditionConnected), isTrue(s.Conditions, v1alpha1.ConditionTasksReconciled), s.FrameworkID)
		if now != seen {
			seen = now
			if err := d.table(ctx, &shown, "get", "mesosframeworks"); err != nil {
				return "", err
			}
		}
		return missing(framework), nil
	})
}

// tasks reads all MesosTasks, by name.
func (d *demo) tasks(ctx context.Context) (map[string]*v1alpha1.MesosTask, error) {
	list := &v1alpha1.MesosTaskList{}
	if err := d.client.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("reading the tasks: %w", err)
	}
	tasks := map[string]*v1alpha1.MesosTask{}
	for i := range list.Items {
		tasks[list.Items[i].Name] = &list.Items[i]
	}
	return tasks, nil
}

// isTrue says whether a condition is there and True.
func isTrue(conditions []metav1.Condition, kind string) bool {
	return meta.IsStatusConditionTrue(conditions, kind)
}

// status is what kubectl shows as STATUS: the reason of Ready.
func status(task *v1alpha1.MesosTask) string {
	if task == nil {
		return "absent"
	}
	if ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return "without a status"
}

// sighting is what a task was at one time.
type sighting struct {
	status   string
	taskID   string
	restarts int32
	// pid is its process; 0 if none runs.
	pid int
}

// sightings looks at every task but flaky, which comes and goes.
func (d *demo) sightings(ctx context.Context) (map[string]sighting, error) {
	tasks, err := d.tasks(ctx)
	if err != nil {
		return nil, err
	}
	state, err := d.mesos.state(ctx)
	if err != nil {
		return nil, err
	}
	pids, err := processes(state)
	if err != nil {
		return nil, err
	}
	seen := map[string]sighting{}
	for name, task := range tasks {
		if name == flaky {
			continue
		}
		seen[name] = sighting{status: status(task), restarts: task.Status.Restarts}
		if attempt := task.Status.Task; attempt != nil {
			seen[name] = sighting{status(task), attempt.ID, task.Status.Restarts, pids[attempt.ID]}
		}
	}
	return seen, nil
}

// processes maps the IDs of the live tasks to their processes. Two live tasks of one object are an error, as is anything that no
// framework may do to Mesos.
func processes(state *simulator.State) (map[string]int, error) {
	if len(state.Disasters) > 0 {
		return nil, fmt.Errorf("the simulator reports: %s", strings.Join(state.Disasters, "; "))
	}
	pids, of := map[string]int{}, map[string]string{}
	for _, task := range state.Tasks {
		id, err := lifecycle.ParseTaskID(task.ID)
		if err != nil {
			return nil, fmt.Errorf("reading what runs: %w", err)
		}
		object := id.Namespace + "/" + id.Name
		if other, found := of[object]; found {
			return nil, fmt.Errorf("two tasks of %s are live: %s and %s", object, other, task.ID)
		}
		pids[task.ID], of[object] = task.PID, task.ID
	}
	return pids, nil
}

// undisturbed says what became of a task that should have gone on as it was: same status, same task ID, same process, and web answers.
func (d *demo) undisturbed(ctx context.Context) error {
	now, err := d.sightings(ctx)
	if err != nil {
		return err
	}
	for name, was := range d.before {
		if is := now[name]; is != was {
			return fmt.Errorf("%s was disturbed: it was %s, and is %s", name, was, is)
		}
		if was.pid == 0 {
			continue
		}
		if err := syscall.Kill(was.pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
			return fmt.Errorf("%s was disturbed: looking for its process %d: %w", name, was.pid, err)
		}
	}
	_, err = d.askWeb(ctx)
	return err
}

// String describes a sighting in an error.
func (s sighting) String() string {
	return fmt.Sprintf("%s as task %q, process %d, after %d restarts", s.status, s.taskID, s.pid, s.restarts)
}

// askWeb fetches what web serves, and checks that it is web's present task that answers.
func (d *demo) askWeb(ctx context.Context) (string, error) {
	tasks, err := d.tasks(ctx)
	if err != nil {
		return "", err
	}
	task := tasks[web]
	if task == nil || task.Status.Task == nil || len(task.Status.Task.Ports) == 0 {
		return "", errors.New("web has no port")
	}
	// The agents' host names exist in the simulation only; all of them are this machine.
	url := fmt.Sprintf("http://127.0.0.1:%d/", task.Status.Task.Ports[0].HostPort)
	body, err := fetch(ctx, url)
	if err != nil {
		return "", fmt.Errorf("asking web: %w", err)
	}
	if !strings.Contains(string(body), task.Status.Task.ID) {
		return "", fmt.Errorf("web answered %q at %s, which does not name its task %s", body, url, task.Status.Task.ID)
	}
	return fmt.Sprintf("%s -> %s", url, body), nil
}
