package system

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// taskSet creates a MesosTaskSet whose tasks run a command line.
func (v *virtual) taskSet(name, shell, spec string) {
	v.Helper()
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTaskSet, metadata: {name: %s, namespace: %s},
spec: {template: {spec: {frameworkRef: {name: %s}, shell: %q, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}, %s}}`,
		name, v.namespace, v.namespace, shell, spec), &v1alpha1.MesosTaskSet{})
}

// patchSet changes a MesosTaskSet by a merge patch.
func (v *virtual) patchSet(name, patch string) {
	v.Helper()
	data, err := yaml.YAMLToJSON([]byte(patch))
	if err != nil {
		v.Fatal(err)
	}
	set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v.namespace}}
	if err := v.client.Patch(context.Background(), set, client.RawPatch("application/merge-patch+json", data)); err != nil {
		v.Fatal(err)
	}
}

// getSet is a MesosTaskSet as it is now.
func (v *virtual) getSet(name string) *v1alpha1.MesosTaskSet {
	v.Helper()
	set := &v1alpha1.MesosTaskSet{}
	if err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: name}, set); err != nil {
		v.Fatal(err)
	}
	return set
}

// tasksOfSet are the MesosTasks of a set, as the cache has them.
func (v *virtual) tasksOfSet(name string) []v1alpha1.MesosTask {
	tasks := &v1alpha1.MesosTaskList{}
	if err := v.kept.List(context.Background(), tasks, client.InNamespace(v.namespace)); err != nil {
		v.Error(err)
	}
	return slices.DeleteFunc(tasks.Items, func(task v1alpha1.MesosTask) bool { return task.Labels[v1alpha1.LabelSet] != name })
}

// standing is what condition Ready of a set says, in short.
func (v *virtual) standing(name string) string {
	v.Helper()
	set := v.getSet(name)
	if ready := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return fmt.Sprintf("%s %s", ready.Status, ready.Reason)
	}
	return ""
}

// wantSet fails the test unless condition Ready of a set says so.
func (v *virtual) wantSet(name, want string) {
	v.Helper()
	if got := v.standing(name); got != want {
		set := v.getSet(name)
		v.Errorf("set %s is %s, want %s: %+v", name, got, want, set.Status)
		for _, task := range v.tasksOfSet(name) {
			v.Logf("%s of %s: %s", task.Name, task.Labels[v1alpha1.LabelRevision], readyOf(&task))
		}
	}
}

func readyOf(task *v1alpha1.MesosTask) string {
	ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return ""
	}
	return string(ready.Status) + " " + ready.Reason
}

// commands are the command lines of a set's tasks that run, as Mesos has them, with how many of each.
func (v *virtual) commands(name string) map[string]int {
	commands := map[string]int{}
	for _, task := range v.tasksOfSet(name) {
		if readyOf(&task) == "True Running" && task.DeletionTimestamp == nil {
			commands[task.Spec.Shell]++
		}
	}
	return commands
}

// budgets watches a set: at every write of anything, so many of its MesosTasks are ready at least, and so many there are at most.
type budgets struct {
	mu          sync.Mutex
	least, most int
	broken      []string
}

func (b *budgets) want(least, most int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.least, b.most = least, most
}

func (b *budgets) watch(v *virtual, name string) {
	v.wrote = func(object client.Object, _ bool) {
		if _, ok := object.(*v1alpha1.MesosTask); !ok {
			return
		}
		tasks, ready := v.tasksOfSet(name), 0
		for _, task := range tasks {
			if readyOf(&task) == "True Running" && task.DeletionTimestamp == nil {
				ready++
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if ready < b.least || len(tasks) > b.most {
			b.broken = append(b.broken, fmt.Sprintf("%d ready of %d, want at least %d of at most %d", ready, len(tasks), b.least, b.most))
		}
	}
}

func (b *budgets) judge(v *virtual) {
	v.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, broken := range b.broken {
		v.Error(broken)
	}
	b.broken = nil
}

// TestSet_life: a set of three comes up, is scaled and rolled, and its budgets hold at every moment.
func TestSet_life(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		watched := &budgets{}
		watched.want(0, 3)
		watched.watch(v, "web")
		v.taskSet("web", "serve 1", "replicas: 3, updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}")
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		watched.judge(v)

		watched.want(3, 5)
		v.patchSet("web", `{spec: {replicas: 5}}`)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		if status := v.getSet("web").Status; status.Replicas != 5 || status.AvailableReplicas != 5 || status.UpdatedReplicas != 5 || status.Selector != "mesos.dev/set=web" {
			v.Errorf("with five, the status is %+v", status)
		}
		v.patchSet("web", `{spec: {replicas: 3}}`)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		watched.judge(v)

		watched.want(3, 4)
		v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
		v.pass(2 * time.Minute)
		v.wantSet("web", "True Available")
		watched.judge(v)
		if got := v.commands("web"); got["serve 2"] != 3 || len(got) != 1 {
			v.Errorf("after the rollout there run %v", got)
		}
	})
}

// failing is a runner whose tasks fail as they start where their command line says so.
func failing() simulator.Runner {
	return simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		if strings.Contains(task.GetCommand().GetValue(), "fail") {
			return simulator.EndAfter(time.Second, mesosv1.TASK_FAILED, "Command exited with status 7")
		}
		return simulator.Stay()
	}}
}

// TestSet_badRevision: a revision whose tasks do not come up stops; what runs of the old one stays, the set says which task, where and why, and going
// back is only another change.
func TestSet_badRevision(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, failing(), func(v *virtual) {
		v.framework("")
		v.start()
		watched := &budgets{}
		v.taskSet("web", "serve 1", "replicas: 3, minReadySeconds: 10, progressDeadlineSeconds: 60, updateStrategy: {rollingUpdate: {maxUnavailable: 1, maxSurge: 0}}")
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		watched.want(2, 3)
		watched.watch(v, "web")
		v.patchSet("web", `{spec: {template: {spec: {shell: fail 2}}}}`)
		v.pass(5 * time.Minute)
		v.wantSet("web", "False ProgressDeadlineExceeded")
		stalled := meta.FindStatusCondition(v.getSet("web").Status.Conditions, v1alpha1.ConditionStalled)
		if stalled == nil || !strings.Contains(stalled.Message, "web-") || !strings.Contains(stalled.Message, " on ") || !strings.Contains(stalled.Message, "BackOff") {
			v.Errorf("condition Stalled does not say which task, where and why: %+v", stalled)
		}
		if got := v.commands("web"); got["serve 1"] != 2 {
			v.Errorf("of the old revision there run %v", got)
		}
		v.patchSet("web", `{spec: {template: {spec: {shell: serve 1}}}}`)
		v.pass(2 * time.Minute)
		v.wantSet("web", "True Available")
		if got := v.commands("web"); got["serve 1"] != 3 || len(got) != 1 {
			v.Errorf("once it was taken back there run %v", got)
		}
		watched.judge(v)
	})
}
