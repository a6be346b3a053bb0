package rollout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/sets"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// bad is a command line whose tasks never become ready.
const bad = "exec fail"

// admission is what admission adds to the command lines of tasks.
const admission = " admitted"

// start is when each world begins.
var start = time.Unix(1_000_000, 0).UTC()

// world is an API server with one set, Mesos, and a set controller that decides on what it may know, dies between two writes, and sees late what
// others do.
type world struct {
	*rapid.T
	now       time.Time
	set       *v1alpha1.MesosTaskSet
	revisions []Revision
	tasks     map[string]*v1alpha1.MesosTask
	// stale are tasks as they were a while ago, by name: what the cache shows of others' writes.
	stale map[string]*v1alpha1.MesosTask
	// gone are tasks that the cache still shows.
	gone       map[string]*v1alpha1.MesosTask
	reconciled bool
	// admits says that admission changes what tasks run as they are created.
	admits  bool
	uids    int
	written time.Time
	// attempts is what truly runs of each task, by its UID: what its status says may be late.
	attempts map[types.UID]attempt
	// made are the UIDs of tasks that the set made, edited those of tasks that a person changed since.
	made, edited sets.Set[types.UID]
}

// attempt is what runs of a task, and since when.
type attempt struct {
	shell string
	since time.Time
}

func newSet(t *rapid.T) *v1alpha1.MesosTaskSet {
	set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "set", Generation: 1}}
	set.Spec.Replicas = new(int32(rapid.IntRange(0, 5).Draw(t, "replicas")))
	set.Spec.Template.Spec.Shell = "serve 0"
	set.Spec.ProgressDeadlineSeconds = 600
	set.Spec.UpdateStrategy = aStrategy(t)
	set.CreationTimestamp = metav1.Time{Time: start}
	set.Spec.MinReadySeconds = int32(rapid.SampledFrom([]int{0, 0, 30}).Draw(t, "minimum"))
	return set
}

func aStrategy(t *rapid.T) v1alpha1.UpdateStrategy {
	share := func(name string) *intstr.IntOrString {
		return rapid.SampledFrom([]*intstr.IntOrString{nil, new(intstr.FromInt32(0)), new(intstr.FromInt32(1)), new(intstr.FromInt32(2)), new(intstr.FromString("50%"))}).Draw(t, name)
	}
	return v1alpha1.UpdateStrategy{
		Type:          rapid.SampledFrom([]v1alpha1.UpdateStrategyType{v1alpha1.UpdateRolling, v1alpha1.UpdateRolling, v1alpha1.UpdateRecreate, v1alpha1.UpdateOnDelete}).Draw(t, "strategy"),
		RollingUpdate: &v1alpha1.RollingUpdate{MaxSurge: share("surge"), MaxUnavailable: share("unavailable"), Partition: int32(rapid.SampledFrom([]int{0, 0, 0, 2}).Draw(t, "partition"))},
	}
}

// seen is what the controller may know: all of its own writes, and of others' what the cache happens to show.
func (w *world) seen(fresh bool) Seen {
	seen := Seen{
		Now: w.now, Set: w.set.DeepCopy(), LastWrite: w.written, Revisions: slices.Clone(w.revisions),
		Framework: Framework{Reconciled: w.reconciled, Proven: w.reconciled},
	}
	for _, name := range w.names() {
		task := w.tasks[name]
		if old := w.stale[name]; !fresh && old != nil && old.UID == task.UID && rapid.Bool().Draw(w.T, "stale") {
			late := task.DeepCopy()
			late.Status = *old.Status.DeepCopy()
			task = late
		}
		seen.Tasks = append(seen.Tasks, task.DeepCopy())
	}
	if !fresh {
		for name, task := range w.gone {
			if w.tasks[name] == nil {
				seen.Tasks = append(seen.Tasks, task)
			}
		}
	}
	w.gone = map[string]*v1alpha1.MesosTask{}
	return seen
}

func (w *world) names() []string {
	names := make([]string, 0, len(w.tasks))
	for name := range w.tasks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// decide decides and applies so much of the decision as it lives to do, in any order of its writes. It says whether anything was written, and
// when to look again.
func (w *world) decide(fresh bool) (wrote bool, again time.Time) {
	seen := w.seen(fresh)
	before := seen.Set.DeepCopy()
	decision := Next(seen)
	if !equality.Semantic.DeepEqual(before, seen.Set) {
		w.Fatal("the decision changed what was seen")
	}
	w.check(seen, decision)
	var writes []func()
	if revision := decision.MakeRevision; revision != nil {
		writes = append(writes, func() {
			made := *revision
			made.Created = w.now
			w.revisions = append(w.revisions, made)
		})
	}
	for _, taken := range decision.TakeRevisions {
		writes = append(writes, func() {
			for i := range w.revisions {
				w.revisions[i].Orphan = w.revisions[i].Orphan && w.revisions[i].Name != taken.Name
			}
		})
	}
	for _, change := range decision.Changes {
		writes = append(writes, func() {
			if change.Spec["shell"] != (Value{}) || change.Spec["suspend"].After != nil {
				w.judgeTaking(seen, change.Task.Name, decision.Rule)
			}
			w.change(change)
		})
	}
	for _, deletion := range decision.Deletes {
		writes = append(writes, func() {
			w.judgeTaking(seen, deletion.Task.Name, decision.Rule)
			w.delete(deletion.Task.Name)
		})
	}
	for _, creation := range decision.Creates {
		writes = append(writes, func() {
			w.judgeMaking(seen, creation, decision.Rule)
			w.create(creation)
		})
	}
	if !w.now.Before(decision.WriteAt) && !equality.Semantic.DeepEqual(decision.Status, w.set.Status) {
		writes = append(writes, func() { w.set.Status, w.written = decision.Status, w.now })
	}
	for _, revision := range decision.DropRevisions {
		writes = append(writes, func() {
			w.revisions = slices.DeleteFunc(w.revisions, func(one Revision) bool { return one.Name == revision.Name })
		})
	}
	lives := len(writes)
	if !fresh && len(writes) > 0 {
		writes = rapid.Permutation(writes).Draw(w.T, "order")
		lives = rapid.IntRange(0, len(writes)).Draw(w.T, "writes before it dies")
	}
	for _, write := range writes[:lives] {
		write()
	}
	return len(writes) > 0, decision.Check
}

func (w *world) create(creation Creation) {
	if w.tasks[creation.Name] != nil {
		w.Fatalf("%s is created twice", creation.Name)
	}
	w.uids++
	w.made.Insert(types.UID(strconv.Itoa(w.uids)))
	w.tasks[creation.Name] = &v1alpha1.MesosTask{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: creation.Name, UID: types.UID(strconv.Itoa(w.uids)), Generation: 1, CreationTimestamp: metav1.Time{Time: w.now},
			Labels: creation.Labels, Annotations: creation.Annotations, OwnerReferences: []metav1.OwnerReference{OwnerOf(w.set)},
		},
		Spec: creation.Spec,
	}
	if w.admits {
		w.tasks[creation.Name].Spec.Shell += admission
	}
}

func (w *world) delete(name string) {
	if task := w.tasks[name]; task != nil && task.DeletionTimestamp == nil {
		task.DeletionTimestamp = &metav1.Time{Time: w.now}
		task.Generation++
		delete(w.attempts, task.UID)
	}
}

func (w *world) change(change Change) {
	task := w.tasks[change.Task.Name]
	if task == nil {
		return
	}
	for key, value := range change.Labels {
		if value.After == nil {
			delete(task.Labels, key)
		} else {
			task.Labels[key] = value.After.(string)
		}
	}
	for name, value := range change.Spec {
		switch name {
		case "shell":
			task.Spec.Shell = value.After.(string)
			task.Generation++
			delete(w.attempts, task.UID)
		case "maxRestarts":
			task.Spec.MaxRestarts = nil
			if value.After != nil {
				task.Spec.MaxRestarts = new(int32(value.After.(float64)))
			}
			task.Generation++
		case "suspend":
			if task.Spec.Suspend = value.After != nil; task.Spec.Suspend {
				delete(w.attempts, task.UID)
			}
			task.Generation++
		default:
			w.Fatalf("changes %s of %s: %v", name, task.Name, value)
		}
	}
	for key, value := range change.Annotations {
		if task.Annotations == nil {
			task.Annotations = map[string]string{}
		}
		task.Annotations[key] = value.After.(string)
	}
	if change.Own {
		task.OwnerReferences = []metav1.OwnerReference{OwnerOf(w.set)}
	}
}

// live lets Mesos and the worker of each task go a step on: all of them where it is fair.
func (w *world) live(fair bool) {
	for _, name := range w.names() {
		task := w.tasks[name]
		if !fair && rapid.Bool().Draw(w.T, "stands still") {
			continue
		}
		w.stale[name] = task.DeepCopy()
		if task.DeletionTimestamp != nil {
			w.gone[name] = task
			delete(w.tasks, name)
			continue
		}
		condition := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonBackOff, LastTransitionTime: metav1.Time{Time: w.now}}
		if !strings.HasPrefix(task.Spec.Shell, bad) && !task.Spec.Suspend {
			if runs, ok := w.attempts[task.UID]; !ok || runs.shell != task.Spec.Shell {
				w.attempts[task.UID] = attempt{task.Spec.Shell, w.now}
			}
			condition.Status, condition.Reason, condition.LastTransitionTime.Time = metav1.ConditionTrue, v1alpha1.ReasonRunning, w.attempts[task.UID].since
		} else if task.Spec.Suspend {
			condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonSuspended
		}
		if len(task.Status.Conditions) == 1 && task.Status.Conditions[0].Reason == condition.Reason && task.Status.ObservedGeneration == task.Generation {
			continue
		}
		task.Status = v1alpha1.MesosTaskStatus{
			ObservedGeneration: task.Generation, Conditions: []metav1.Condition{condition},
			Task: &v1alpha1.TaskAttempt{ID: name, AgentID: fmt.Sprintf("agent-%d", len(name)%2), State: "TASK_RUNNING"},
		}
	}
}

// disturb is one of the things that people and agents do.
func (w *world) disturb() {
	w.set.Generation++
	some := func() *v1alpha1.MesosTask {
		if len(w.tasks) == 0 {
			return &v1alpha1.MesosTask{}
		}
		return w.tasks[rapid.SampledFrom(w.names()).Draw(w.T, "task")]
	}
	switch rapid.SampledFrom([]string{"template", "template", "bad", "restart", "scale", "strategy", "delete", "edit", "evict", "pause", "pause the set", "unreachable", "framework", "kept", "suspend", "orphan", "by hand", "time"}).Draw(w.T, "what") {
	case "template":
		w.set.Spec.Template.Spec.Shell = rapid.SampledFrom([]string{"serve 0", "serve 1", "serve 2"}).Draw(w.T, "template")
	case "bad":
		w.set.Spec.Template.Spec.Shell = bad
	case "restart":
		w.set.Spec.RestartedAt = w.now.String()
	case "scale":
		w.set.Spec.Replicas = new(int32(rapid.IntRange(0, 5).Draw(w.T, "replicas")))
	case "strategy":
		w.set.Spec.UpdateStrategy = aStrategy(w.T)
	case "delete":
		w.delete(some().Name)
	case "edit":
		task := some()
		task.Spec.Shell = "by hand"
		task.Generation++
		w.edited.Insert(task.UID)
		delete(w.attempts, task.UID)
	case "evict":
		annotate(some(), v1alpha1.AnnotationEvict)
	case "pause":
		annotate(some(), v1alpha1.AnnotationPaused)
	case "pause the set":
		w.set.Spec.Paused = !w.set.Spec.Paused
	case "unreachable":
		task := some()
		delete(w.attempts, task.UID)
		unreachable := metav1.Condition{Type: v1alpha1.ConditionAgentUnreachable, Status: metav1.ConditionTrue, LastTransitionTime: metav1.Time{Time: w.now}}
		task.Status.Conditions = append(slices.Clone(task.Status.Conditions), unreachable)
	case "framework":
		w.reconciled = !w.reconciled
	case "kept":
		w.set.Spec.Template.Spec.MaxRestarts = new(int32(rapid.IntRange(1, 5).Draw(w.T, "restarts")))
	case "suspend":
		w.set.Spec.Suspend = !w.set.Spec.Suspend
	case "orphan":
		w.set.UID += "'"
		w.set.Status, w.set.CreationTimestamp = v1alpha1.MesosTaskSetStatus{}, metav1.Time{Time: w.now}
		for _, task := range w.tasks {
			task.OwnerReferences = nil
		}
		for i := range w.revisions {
			w.revisions[i].Orphan = true
		}
	case "by hand":
		w.makeByHand(some())
	case "time":
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 1000).Draw(w.T, "seconds")) * time.Second)
	}
}

// makeByHand has a person make a MesosTask that could be the set's, after the example of one that is there, or of nothing.
func (w *world) makeByHand(like *v1alpha1.MesosTask) {
	task := like.DeepCopy()
	if rapid.Bool().Draw(w.T, "without its annotations") {
		task.Annotations = nil
	}
	if rapid.Bool().Draw(w.T, "without its owner") {
		task.OwnerReferences = nil
	}
	label := task.Labels[v1alpha1.LabelRevision]
	if label == "" {
		label = "0123456789"
	}
	for index := 0; w.tasks[task.Name] != nil || task.Name == ""; index++ {
		task.Name = fmt.Sprintf("web-%s-%d", label, index)
	}
	w.uids++
	task.UID, task.Generation, task.DeletionTimestamp, task.CreationTimestamp = types.UID(strconv.Itoa(w.uids)), 1, nil, metav1.Time{Time: w.now}
	task.Labels = map[string]string{v1alpha1.LabelSet: "web", v1alpha1.LabelRevision: label}
	task.Spec.Shell, task.Status = "by hand", v1alpha1.MesosTaskStatus{}
	w.tasks[task.Name] = task
}

func annotate(task *v1alpha1.MesosTask, key string) {
	if task.Annotations == nil {
		task.Annotations = map[string]string{}
	}
	task.Annotations[key] = "true"
}

// end takes back what would keep the set from its end: what people hold, a template that cannot run, a framework that is away.
func (w *world) end() {
	w.set.Generation++
	w.set.Spec.Paused, w.reconciled = false, true
	// One that is suspended comes to its end as well: with another template all are of that before they run again.
	if w.set.Spec.Suspend = rapid.Bool().Draw(w.T, "ends suspended"); w.set.Spec.Suspend && rapid.Bool().Draw(w.T, "with another template") {
		w.set.Spec.Template.Spec.Shell = "serve 4"
	}
	if w.set.Spec.Template.Spec.Shell == bad {
		w.set.Spec.Template.Spec.Shell = "serve 3"
	}
	for name, task := range w.tasks {
		ofBad := slices.ContainsFunc(w.revisions, func(r Revision) bool {
			return r.Label == task.Labels[v1alpha1.LabelRevision] && r.Template.Spec.Shell == bad
		})
		if w.set.Spec.UpdateStrategy.Type == v1alpha1.UpdateOnDelete && ofBad {
			w.delete(name)
		}
		delete(task.Annotations, v1alpha1.AnnotationPaused)
		if meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable) {
			task.Status.Conditions = nil
		}
	}
}

// TestNext_properties lets a set live through whatever people, agents and its own crashes do, and judges every decision. In the end, once the world
// lets it, the set comes to its end, and then writes nothing.
func TestNext_properties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{
			T: rt, now: start, set: newSet(rt), tasks: map[string]*v1alpha1.MesosTask{}, stale: map[string]*v1alpha1.MesosTask{},
			gone: map[string]*v1alpha1.MesosTask{}, reconciled: true, admits: rapid.Bool().Draw(rt, "admission changes tasks"),
			attempts: map[types.UID]attempt{}, made: sets.New[types.UID](), edited: sets.New[types.UID](),
		}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			w.now = w.now.Add(time.Second)
			switch rapid.SampledFrom([]string{"decide", "decide", "live", "disturb"}).Draw(rt, "step") {
			case "decide":
				w.decide(false)
			case "live":
				w.live(false)
			default:
				w.disturb()
			}
		}
		w.end()
		rests := w.settle()
		if w.keepsBad() {
			w.judgeRest(rests)
		} else {
			w.judgeEnd(rests)
		}
		// What a partition keeps goes once it is lifted.
		w.set.Spec.UpdateStrategy.RollingUpdate.Partition = 0
		w.set.Generation++
		w.judgeEnd(w.settle())
	})
}

// settle lets all go on until the set is at rest: it writes nothing, and does not want to look again. It says whether it came to that.
func (w *world) settle() (rests bool) {
	idle := 0
	for range 400 {
		w.live(true)
		w.now = w.now.Add(10 * time.Second)
		switch wrote, again := w.decide(true); {
		case wrote:
			idle = 0
		case again.After(w.now):
			w.now = again
		default:
			if idle++; idle > 5 {
				return true
			}
		}
	}
	return false
}

// keepsBad says whether the set has tasks of an older revision stay that never come up, as a partition asks.
func (w *world) keepsBad() bool {
	return w.set.Spec.UpdateStrategy.RollingUpdate.Partition > 0 && w.set.Spec.UpdateStrategy.Type == v1alpha1.UpdateRolling &&
		slices.ContainsFunc(w.revisions, func(r Revision) bool {
			return r.Label == w.set.Status.CurrentRevision && r.Label != w.set.Status.UpdateRevision && r.Template.Spec.Shell == bad
		})
}

// judgeRest fails the test unless the set is at rest.
func (w *world) judgeRest(rests bool) {
	if !rests {
		w.Errorf("the set does not come to rest: %+v, next: %+v", w.set.Status, Next(w.seen(true)))
	}
}

// judgeEnd fails the test unless the set is as it should be and at rest.
func (w *world) judgeEnd(rests bool) {
	w.judgeRest(rests)
	s := look(w.seen(true))
	if !s.complete() || s.Set.Status.Conditions[0].Status != metav1.ConditionTrue {
		w.Errorf("the set does not come to its end: %+v", s.Set.Status)
		for _, m := range s.members {
			w.Errorf("%s: %+v", m.task.Name, *m)
		}
		w.Errorf("next: %+v", Next(w.seen(true)))
	}
	if s.spec.Suspend && s.Set.Status.Conditions[0].Reason != v1alpha1.ReasonSuspended || s.rolls() && s.partition == 0 && s.older() > 0 {
		w.Errorf("at its end %d are of an older revision, and its conditions are %+v", s.older(), s.Set.Status.Conditions)
	}
	for _, m := range s.members {
		w.judgeShell(m.task)
		if m.drift || m.leaving || m.orphan {
			w.Errorf("at its end %s is %+v", m.task.Name, *m)
		}
	}
	if len(w.set.Status.Conditions) != 1 {
		w.Errorf("at its end its conditions are %+v", w.set.Status.Conditions)
	}
}
