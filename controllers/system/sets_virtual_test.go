package system

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/rollout"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
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

// tasksOfSet are the MesosTasks of a set.
func (v *virtual) tasksOfSet(name string) []v1alpha1.MesosTask {
	tasks := &v1alpha1.MesosTaskList{}
	if err := v.client.List(context.Background(), tasks, client.InNamespace(v.namespace)); err != nil {
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
	v.onWrites(func(object client.Object, _ bool) {
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
	})
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
		life := &diary{}
		life.keep(v, "web")
		life.keepStanding(v, "web")
		v.start()
		watched := &budgets{}
		watched.want(0, 3)
		watched.watch(v, "web")
		v.taskSet("web", "serve 1", "replicas: 3, minReadySeconds: 5, updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}")
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
		if life.of(v1alpha1.EventRolledOut) != 2 || life.of(v1alpha1.EventRollingOut) != 1 || life.of("False "+v1alpha1.ReasonRollingOut) < 3 {
			v.Error("its diary does not tell of the rollout")
		}
		v.Logf("the life of a set of three, by its Events and its condition Ready:\n%s", life.text())
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
		story := &diary{}
		story.keep(v, "web")
		story.keepStanding(v, "web")
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
		if story.of(v1alpha1.EventRollingOut) != 1 || story.of(v1alpha1.ReasonProgressDeadlineExceeded) != 1 {
			v.Error("its diary does not tell of the failure, and of the way back")
		}
		v.Logf("a rollout that fails and is taken back, by the set's Events and its condition Ready:\n%s", story.text())
	})
}

// started is how often each of a set's MesosTasks was started on some agent.
func (v *virtual) started(set string) map[string]int {
	started := map[string]int{}
	for _, change := range v.mesos.Ledger() {
		if id, err := lifecycle.ParseTaskID(change.TaskID); err == nil && change.What == simulator.Started && strings.HasPrefix(id.Name, set+"-") {
			started[id.Name]++
		}
	}
	return started
}

// wantStarted fails the test unless so many MesosTasks of a set were started, each once.
func (v *virtual) wantStarted(set string, want int) {
	v.Helper()
	started := v.started(set)
	for name, times := range started {
		if times != 1 {
			v.Errorf("%s was started %d times", name, times)
		}
	}
	if len(started) != want {
		v.Errorf("%d were started, want %d: %v", len(started), want, started)
	}
}

// TestSet_whoseCacheLags: the cache of a process that begins shows a set's MesosTasks as they were before somebody took one away: by that it takes no second one
// away, however often it looks.
func TestSet_whoseCacheLags(t *testing.T) {
	inVirtualTimeWith(t, apiserver.Options{NoWatchList: true}, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "replicas: 3, minReadySeconds: 10, updateStrategy: {rollingUpdate: {maxUnavailable: 1, maxSurge: 0}}")
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		v.stop()
		before := v.tasksOfSet("web")
		slices.SortFunc(before, func(a, b v1alpha1.MesosTask) int { return strings.Compare(a.Name, b.Name) })
		lag := v.api.Lag(v.next(), "mesostasks", -1)
		v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
		// The set itself would take the youngest.
		v.delete(before[0].Name)
		watched := &budgets{}
		watched.want(2, 3)
		watched.watch(v, "web")
		v.start()
		for second := range 12 {
			// Each brings the set back.
			v.patchSet("web", fmt.Sprintf(`{metadata: {annotations: {note: "%d"}}}`, second))
			v.pass(5 * time.Second)
		}
		lag.End()
		watched.judge(v)
		v.pass(2 * time.Minute)
		watched.judge(v)
		v.wantSet("web", "True Available")
		if got := v.commands("web"); got["serve 2"] != 3 {
			v.Errorf("in the end there run %v", got)
		}
	})
}

// TestSet_ownWritesBehindTheCache: a set makes and deletes each MesosTask once, also where it is looked at again before the cache shows what it did.
func TestSet_ownWritesBehindTheCache(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		scaled := func(replicas int) {
			v.patchSet("web", fmt.Sprintf(`{spec: {replicas: %d}}`, replicas))
			for second := range 8 {
				v.patchSet("web", fmt.Sprintf(`{metadata: {annotations: {note: "%d of %d"}}}`, second, replicas))
				v.pass(time.Second)
			}
			v.pass(time.Minute)
			v.wantSet("web", "True Available")
		}
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "replicas: 1")
		v.pass(30 * time.Second)
		lag := v.api.Lag("manager-1", "mesostasks", 5*time.Second)
		defer lag.End()
		scaled(4)
		v.wantStarted("web", 4)
		scaled(3)
		scaled(2)
		if made := v.asked.all(); made["POST mesostasks"] != 4 || made["DELETE mesostasks"] != 2 {
			v.Errorf("it made %v", made)
		}
	})
}

// TestSet_grownBehindTheCache: the cache of a process that begins shows a set as it was before it was scaled up: by that no task is deleted.
func TestSet_grownBehindTheCache(t *testing.T) {
	inVirtualTimeWith(t, apiserver.Options{NoWatchList: true}, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "replicas: 1, minReadySeconds: 0")
		v.pass(10 * time.Second)
		lag := v.api.Lag(v.next(), "mesostasksets", -1)
		v.patchSet("web", `{spec: {replicas: 3}}`)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		v.stop()
		v.start()
		for second := range 12 {
			v.patch(v.tasksOfSet("web")[0].Name, fmt.Sprintf(`{metadata: {annotations: {note: "%d"}}}`, second))
			v.pass(5 * time.Second)
		}
		lag.End()
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		v.wantStarted("web", 3)
	})
}

// TestSet_revisionOfAnEarlierRelease: a ControllerRevision as an earlier release wrote it, with none of the defaults that have come since, is the revision of
// the template that it was made of: nothing is rolled by an upgrade.
func TestSet_revisionOfAnEarlierRelease(t *testing.T) {
	frozen, err := os.ReadFile(filepath.Join(testenv.Root(), "controllers", "rollout", "testdata", "revision.json"))
	if err != nil {
		t.Fatal(err)
	}
	content := &rollout.Content{}
	if err := json.Unmarshal(frozen, content); err != nil {
		t.Fatal(err)
	}
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("allowedDiscovery: Any")
		v.start()
		set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Namespace: v.namespace, Name: "web"}}
		set.Spec.Replicas, set.Spec.Template, set.Spec.RestartedAt = new(int32(2)), content.Template, content.RestartedAt
		set.Spec.Template.Spec.FrameworkRef.Name = v.namespace
		if err := v.client.Create(context.Background(), set); err != nil {
			t.Fatal(err)
		}
		v.pass(time.Minute)
		v.wantStarted("web", 2)
		label := v.getSet("web").Status.UpdateRevision
		v.stop()
		revision := &appsv1.ControllerRevision{}
		if err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: "web-" + label}, revision); err != nil {
			t.Fatal(err)
		}
		if now := string(revision.Data.Raw); !strings.Contains(now, `"failureThreshold"`) || bytes.Contains(frozen, []byte("failureThreshold")) {
			t.Errorf("the API server has no default for it, and this proves nothing: %s", now)
		}
		if err := v.client.Delete(context.Background(), revision); err != nil {
			t.Fatal(err)
		}
		earlier := &appsv1.ControllerRevision{
			ObjectMeta: metav1.ObjectMeta{Namespace: v.namespace, Name: revision.Name, Labels: revision.Labels, OwnerReferences: revision.OwnerReferences},
			Revision:   revision.Revision, Data: runtime.RawExtension{Raw: bytes.TrimSpace(frozen)},
		}
		if err := v.client.Create(context.Background(), earlier); err != nil {
			t.Fatal(err)
		}
		v.start()
		v.pass(5 * time.Minute)
		v.wantStarted("web", 2)
		revisions := &appsv1.ControllerRevisionList{}
		if err := v.client.List(context.Background(), revisions, client.InNamespace(v.namespace)); err != nil {
			t.Fatal(err)
		}
		if now := v.getSet("web").Status.UpdateRevision; now != label || len(revisions.Items) != 1 {
			t.Errorf("its revision was %s and is %s, of %d", label, now, len(revisions.Items))
		}
	})
}

const rolled = "replicas: 3, updateStrategy: {rollingUpdate: {maxUnavailable: 1, maxSurge: 1}}"

// TestSet_failover: another process goes on with a rollout that is half done.
func TestSet_failover(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "minReadySeconds: 10, "+rolled)
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		watched := &budgets{}
		watched.want(2, 4)
		watched.watch(v, "web")
		v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
		v.pass(8 * time.Second)
		v.wantSet("web", "False RollingOut")
		v.stop()
		v.pass(time.Minute)
		v.start()
		v.pass(2 * time.Minute)
		v.wantSet("web", "True Available")
		watched.judge(v)
		v.wantStarted("web", 6)
	})
}

// TestSet_crash stops the process around each of the set controller's writes, the first time and the last time that a life takes it, and lets another
// go on. Judged is by what really ran: each of the MesosTasks that there had to be was started once, and the budgets held.
func TestSet_crash(t *testing.T) {
	for _, step := range []leadership.Step{
		{Kind: leadership.StepWriteSet, What: "revision"},
		{Kind: leadership.StepWriteSet, What: "status"},
		{Kind: leadership.StepWriteTask, What: "creation"},
		{Kind: leadership.StepWriteTask, What: "deletion"},
		{Kind: leadership.StepWriteTask, What: "change"},
	} {
		for _, nth := range []int{1, 2, 3} {
			for _, when := range []moment{before, sent, answered} {
				if nth == 3 && step.What == "revision" {
					continue
				}
				t.Run(fmt.Sprintf("%s %s %d, %s", step.Kind, step.What, nth, when), func(t *testing.T) {
					inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
						v.crashSet(&death{kind: step.Kind, what: step.What, nth: nth, moment: when, died: make(chan struct{})})
					})
				})
			}
		}
	}
}

// crashSet rolls a set while a process of the operator dies.
func (v *virtual) crashSet(end *death) {
	v.Helper()
	v.framework("")
	live := v.dying(end)
	watched := &budgets{}
	watched.want(0, 3)
	watched.watch(v, "web")
	v.taskSet("web", "serve 1", rolled)
	live(40 * time.Second)
	v.wantSet("web", "True Available")
	watched.want(2, 4)
	v.patchSet("web", `{spec: {template: {spec: {shell: serve 2, maxRestarts: 7}}}}`)
	live(2 * time.Minute)
	v.wantSet("web", "True Available")
	watched.judge(v)
	v.wantStarted("web", 6)
	v.wantDied(end)
}

// dying starts a process that dies, and returns how to let time pass: once it has died another goes on.
func (v *virtual) dying(end *death) (live func(time.Duration)) {
	v.Helper()
	v.watch = end.watch
	v.start()
	v.watch = nil
	died := false
	return func(d time.Duration) {
		for ; d > 0; d -= time.Second {
			v.pass(time.Second)
			select {
			case <-end.died:
				if !died {
					died = true
					v.stop()
					v.start()
				}
			default:
			}
		}
	}
}

// wantDied fails the test unless the process died as it was to, and nothing that must not happen did at Mesos.
func (v *virtual) wantDied(end *death) {
	v.Helper()
	select {
	case <-end.died:
	default:
		v.Errorf("%s %s was not taken %d times", end.kind, end.what, end.nth)
	}
	if disasters := v.mesos.Disasters(); len(disasters) > 0 {
		v.Error(disasters)
	}
}

// TestSet_crashTakingOver stops the process around each of the writes by which a set that was created anew takes over what it left, or makes it anew by what
// lives at Mesos, and is scaled down then: nothing is started twice, or at all, beyond what ran.
func TestSet_crashTakingOver(t *testing.T) {
	taken := leadership.Step{Kind: leadership.StepWriteTask, What: "change"}
	for _, lost := range []bool{false, true} {
		if lost {
			taken.What = "creation"
		}
		for _, step := range []leadership.Step{
			taken, {Kind: leadership.StepWriteSet, What: "revision"}, {Kind: leadership.StepWriteSet, What: "status"}, {Kind: leadership.StepWriteTask, What: "deletion"},
		} {
			for _, nth := range []int{1, 2} {
				for _, when := range []moment{before, sent, answered} {
					if nth == 2 && (step.What == "revision" || step.What == "deletion") {
						continue
					}
					t.Run(fmt.Sprintf("lost %t, %s %s %d, %s", lost, step.Kind, step.What, nth, when), func(t *testing.T) {
						inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
							v.crashTakingOver(&death{kind: step.Kind, what: step.What, nth: nth, moment: when, died: make(chan struct{})}, lost)
						})
					})
				}
			}
		}
	}
}

// crashTakingOver creates a set anew whose tasks run, with their MesosTasks or without, and scales it down, while a process of the operator dies.
func (v *virtual) crashTakingOver(end *death, lost bool) {
	v.Helper()
	v.framework("")
	v.start()
	v.taskSet("web", "serve 1", rolled)
	v.pass(40 * time.Second)
	v.wantSet("web", "True Available")
	v.stop()
	v.letGo("web")
	if lost {
		removeTasks(v.T, v.client, v.namespace)
		if err := v.client.DeleteAllOf(context.Background(), &appsv1.ControllerRevision{}, client.InNamespace(v.namespace)); err != nil {
			v.Fatal(err)
		}
	}
	v.taskSet("web", "serve 1", rolled)
	live := v.dying(end)
	live(2 * time.Minute)
	v.wantSet("web", "True Available")
	v.patchSet("web", `{spec: {replicas: 2}}`)
	live(time.Minute)
	v.wantSet("web", "True Available")
	v.wantStarted("web", 3)
	if running := v.mesos.LiveTasks(); running != 2 {
		v.Errorf("%d run, want 2", running)
	}
	v.wantDied(end)
}

// TestSet_cost counts what is asked of the API server for a set of twelve: a creation, a binding and a status for each, and ten writes at most of the
// set's own.
func TestSet_cost(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		v.taskSet("web", "serve 1", "replicas: 12")
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		writes := v.asked.writes()
		want := map[string]int{"POST mesostasks": 12, "PATCH mesostasks": 12, "PATCH mesostasks/status": 12, "POST mesostasksets": 1, "POST controllerrevisions": 1}
		for what, count := range want {
			if writes[what] != count {
				v.Errorf("%d times %s, want %d", writes[what], what, count)
			}
		}
		if own := writes["PATCH mesostasksets/status"] + writes["PATCH mesostasksets"] + writes["POST controllerrevisions"]; own > 10 {
			v.Errorf("the set's own writes are %d", own)
		}
		v.Logf("%v", writes)
		v.pass(10 * time.Minute)
		if later := v.asked.writes(); later["PATCH mesostasksets/status"] != writes["PATCH mesostasksets/status"] || later["PATCH mesostasks/status"] != writes["PATCH mesostasks/status"] {
			v.Errorf("at rest it went on writing: %v, then %v", writes, later)
		}
	})
}

// letGo makes what a set owns nobody's, as garbage collection does when a set is deleted with --cascade=orphan, and deletes the set.
func (v *virtual) letGo(name string) {
	v.Helper()
	var owned []client.Object
	for _, task := range v.tasksOfSet(name) {
		owned = append(owned, &task)
	}
	revisions := &appsv1.ControllerRevisionList{}
	if err := v.client.List(context.Background(), revisions, client.InNamespace(v.namespace)); err != nil {
		v.Fatal(err)
	}
	for i := range revisions.Items {
		owned = append(owned, &revisions.Items[i])
	}
	if err := v.client.Delete(context.Background(), v.getSet(name)); err != nil {
		v.Fatal(err)
	}
	for _, object := range owned {
		if err := v.client.Patch(context.Background(), object, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"ownerReferences":null}}`))); err != nil {
			v.Fatal(err)
		}
	}
}

// TestSet_rebuilt: a set that was deleted with --cascade=orphan and created anew, with another UID, takes over what is there and restarts nothing.
func TestSet_rebuilt(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", rolled)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		v.letGo("web")
		v.pass(30 * time.Second)
		v.taskSet("web", "serve 1", rolled)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		v.wantStarted("web", 3)
		set := v.getSet("web")
		for _, task := range v.tasksOfSet("web") {
			if owner := metav1.GetControllerOf(&task); owner == nil || owner.UID != set.UID {
				v.Errorf("%s is controlled by %+v", task.Name, owner)
			}
		}
		v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		v.wantStarted("web", 6)
	})
}

// TestSet_canaryRebuilt: what a partition keeps stays also where the set is deleted with --cascade=orphan and created anew while it is held so, and
// goes once the partition is lifted.
func TestSet_canaryRebuilt(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		const held = "replicas: 3, updateStrategy: {rollingUpdate: {partition: 2}}"
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", held)
		v.pass(30 * time.Second)
		v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		v.letGo("web")
		v.pass(30 * time.Second)
		v.taskSet("web", "serve 2", held+", revisionHistoryLimit: 0")
		v.pass(2 * time.Minute)
		v.wantSet("web", "True Available")
		if got := v.commands("web"); got["serve 1"] != 2 || got["serve 2"] != 1 {
			v.Errorf("as a set of another UID there run %v", got)
		}
		v.wantStarted("web", 4)
		v.patchSet("web", `{spec: {updateStrategy: {rollingUpdate: {partition: 0}}}}`)
		v.pass(time.Minute)
		if got := v.commands("web"); got["serve 2"] != 3 || len(got) != 1 {
			v.Errorf("once the partition is lifted there run %v", got)
		}
	})
}

// TestSet_canaryWaits: what a partition keeps stays also where none of it is available as the set comes back under another UID: it is waited for, and where
// it does not come up in time it stays all the same.
func TestSet_canaryWaits(t *testing.T) {
	for sentence, comesUp := range map[string]bool{"it comes up": true, "it does not": false} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				const held = "replicas: 3, progressDeadlineSeconds: 300, updateStrategy: {rollingUpdate: {partition: 2}}"
				v.framework("")
				v.start()
				v.taskSet("web", "serve 1", held)
				v.pass(30 * time.Second)
				older := v.getSet("web").Status.UpdateRevision
				v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
				v.pass(time.Minute)
				v.wantSet("web", "True Available")
				agents := map[string]*simulator.Agent{}
				for _, task := range v.tasksOfSet("web") {
					agents[task.Status.Task.AgentID] = v.agentOf(task.Name)
				}
				for _, agent := range agents {
					agent.Partition()
				}
				v.pass(2 * time.Minute)
				v.letGo("web")
				v.pass(time.Second)
				v.taskSet("web", "serve 2", held+", revisionHistoryLimit: 0")
				v.pass(4 * time.Minute)
				v.wantSet("web", "False RollingOut")
				if ready := meta.FindStatusCondition(v.getSet("web").Status.Conditions, v1alpha1.ConditionReady); !strings.Contains(ready.Message, "Which of the 2 of an older revision stay, as spec.updateStrategy.rollingUpdate.partition asks") {
					v.Errorf("while it waits Ready says %q", ready.Message)
				}
				if current := v.getSet("web").Status.CurrentRevision; current != "" {
					v.Errorf("while it waits the revision from before is %q", current)
				}
				if !comesUp {
					v.pass(2 * time.Minute)
					if current := v.getSet("web").Status.CurrentRevision; current != older {
						v.Errorf("in the end the revision from before is %q, want %q", current, older)
					}
				}
				for _, agent := range agents {
					agent.Heal()
				}
				v.pass(2 * time.Minute)
				v.wantSet("web", "True Available")
				if got := v.commands("web"); got["serve 1"] != 2 || got["serve 2"] != 1 {
					v.Errorf("there run %v", got)
				}
				v.wantStarted("web", 4)
			})
		})
	}
}

// TestSet_lost: everything of a set is lost but the tasks, and Git brings the set back: it takes the tasks over as they run, under the names that they
// have.
func TestSet_lost(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "replicas: 5")
		v.pass(30 * time.Second)
		v.patchSet("web", `{spec: {replicas: 3}}`)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		v.stop()
		v.letGo("web")
		removeTasks(v.T, v.client, v.namespace)
		if err := v.client.DeleteAllOf(context.Background(), &appsv1.ControllerRevision{}, client.InNamespace(v.namespace)); err != nil {
			v.Fatal(err)
		}
		v.taskSet("web", "serve 1", "replicas: 3")
		v.start()
		v.pass(2 * time.Minute)
		v.wantSet("web", "True Available")
		v.wantStarted("web", 5)
	})
}

// TestSet_byHand: what a person does to a set, and to a task of it by hand, is heeded or put back.
func TestSet_byHand(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", rolled)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		watched := &budgets{}
		watched.want(2, 4)
		watched.watch(v, "web")
		name := v.tasksOfSet("web")[0].Name
		v.patch(name, `{metadata: {labels: {mesos.dev/set: null}}, spec: {shell: mine, maxRestarts: 2}}`)
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		if task := v.get(name); task.Spec.Shell != "serve 1" || task.Spec.MaxRestarts != nil || task.Labels[v1alpha1.LabelSet] != "web" {
			v.Errorf("it was not put back: %+v %+v", task.Labels, task.Spec)
		}
		v.patch(name, `{metadata: {annotations: {mesos.dev/evict: "true"}}}`)
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		if v.exists(name) {
			v.Errorf("%s is still there though it was to be moved", name)
		}
		watched.judge(v)

		v.patchSet("web", `{spec: {suspend: true}}`)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Suspended")
		if live := v.mesos.LiveTasks(); live != 0 {
			v.Errorf("suspended, %d run", live)
		}
		v.patchSet("web", `{spec: {suspend: false}}`)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
	})
}

// TestSet_strategies: with Recreate no task of the older revision lives when the first new one starts; with OnDelete what somebody deletes is replaced;
// a set that is paused replaces nothing; a partition stays until it is lifted.
func TestSet_strategies(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "replicas: 3, updateStrategy: {type: Recreate}")
		v.pass(30 * time.Second)
		v.onWrites(func(client.Object, bool) {
			if commands := v.commands("web"); commands["serve 1"] > 0 && commands["serve 2"] > 0 {
				v.Errorf("two revisions run at a time: %v", commands)
			}
		})
		v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		v.onWrites(nil)

		v.patchSet("web", `{spec: {updateStrategy: {type: OnDelete}, template: {spec: {shell: serve 3}}}}`)
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		v.delete(v.tasksOfSet("web")[0].Name)
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		if got := v.commands("web"); got["serve 2"] != 2 || got["serve 3"] != 1 {
			v.Errorf("after one was deleted there run %v", got)
		}

		v.patchSet("web", `{spec: {paused: true, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}, template: {spec: {shell: serve 4}}}}`)
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		v.patchSet("web", `{spec: {paused: false}}`)
		v.pass(2 * time.Minute)
		v.wantSet("web", "True Available")
		if got := v.commands("web"); got["serve 2"] != 2 || got["serve 4"] != 1 {
			v.Errorf("with a partition of two there run %v", got)
		}
		v.patchSet("web", `{spec: {updateStrategy: {rollingUpdate: {partition: 0}}}}`)
		v.pass(2 * time.Minute)
		v.wantSet("web", "True Available")
		if got := v.commands("web"); got["serve 4"] != 3 || len(got) != 1 {
			v.Errorf("once the partition is lifted there run %v", got)
		}
	})
}

// TestSet_agents: a set moves its tasks off an agent that is to be maintained.
func TestSet_agents(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", rolled)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		watched := &budgets{}
		watched.want(2, 4)
		watched.watch(v, "web")
		agent := v.agentOf(v.tasksOfSet("web")[0].Name)
		agent.ScheduleMaintenance(30*time.Minute, time.Hour)
		v.pass(5 * time.Minute)
		v.wantSet("web", "True Available")
		for _, task := range v.tasksOfSet("web") {
			if task.Status.Task.AgentID == agent.ID() {
				v.Errorf("%s is still on the agent that is to be maintained", task.Name)
			}
		}
		watched.judge(v)
	})
}

// TestSet_refused: a set whose MesosTasks the API server refuses, as a quota does, says so and goes on once it lets them.
func TestSet_refused(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		tries, full := 0, true
		var mu sync.Mutex
		v.watch = func(step leadership.Step, send func() error) error {
			mu.Lock()
			refuse := full && step.What == "creation"
			if refuse {
				tries++
			}
			mu.Unlock()
			if refuse {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "mesostasks"}, "web", errors.New("exceeded quota: tasks"))
			}
			return send()
		}
		v.start()
		v.taskSet("web", "serve 1", "replicas: 2")
		v.pass(10 * time.Minute)
		v.wantSet("web", "False WriteRefused")
		if stalled := meta.FindStatusCondition(v.getSet("web").Status.Conditions, v1alpha1.ConditionStalled); stalled == nil || !strings.Contains(stalled.Message, "exceeded quota: tasks") {
			v.Errorf("condition Stalled does not say why: %+v", stalled)
		}
		mu.Lock()
		if tries > 20 {
			v.Errorf("it tried %d times in ten minutes", tries)
		}
		full = false
		mu.Unlock()
		v.pass(6 * time.Minute)
		v.wantSet("web", "True Available")
	})
}
