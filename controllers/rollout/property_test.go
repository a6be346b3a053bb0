package rollout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// bad is a command line whose tasks never become ready.
const bad = "exec fail"

// admission is what admission adds to the command lines of tasks.
const admission = " admitted"

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
}

func newSet(t *rapid.T) *v1alpha1.MesosTaskSet {
	set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "set", Generation: 1}}
	set.Spec.Replicas = new(int32(rapid.IntRange(0, 5).Draw(t, "replicas")))
	set.Spec.Template.Spec.Shell = "serve 0"
	set.Spec.ProgressDeadlineSeconds = 600
	set.Spec.UpdateStrategy = aStrategy(t)
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

// decide decides and applies so much of the decision as it lives to do, in any order of its writes. It says whether anything was written.
func (w *world) decide(fresh bool) bool {
	seen := w.seen(fresh)
	before := seen.Set.DeepCopy()
	decision := Next(seen)
	if !equality.Semantic.DeepEqual(before, seen.Set) {
		w.Fatal("the decision changed what was seen")
	}
	w.check(seen, decision)
	var writes []func()
	if revision := decision.MakeRevision; revision != nil {
		writes = append(writes, func() { w.revisions = append(w.revisions, *revision) })
	}
	for _, change := range decision.Changes {
		writes = append(writes, func() { w.change(change) })
	}
	for _, deletion := range decision.Deletes {
		writes = append(writes, func() { w.delete(deletion.Task.Name) })
	}
	for _, creation := range decision.Creates {
		writes = append(writes, func() { w.create(creation) })
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
	return len(writes) > 0
}

// check judges a decision by what was seen: never below by its own doing, never above, nothing of its own accord while the framework is away.
func (w *world) check(seen Seen, decision Decision) {
	s := look(seen)
	if !seen.Framework.Reconciled && len(decision.Creates)+len(decision.Deletes) > 0 {
		w.Fatalf("%s: acts without its framework", decision.Rule)
	}
	available, takes := len(s.pick(isAvailable)), 0
	takesAway := func(task *v1alpha1.MesosTask) {
		for _, m := range s.members {
			if m.task == task || m.task.Name == task.Name {
				if m.available {
					takes++
				}
				if m.paused {
					w.Fatalf("%s: %s was to be left alone", decision.Rule, task.Name)
				}
			}
		}
	}
	for _, deletion := range decision.Deletes {
		takesAway(deletion.Task)
	}
	for _, change := range decision.Changes {
		if _, restarts := change.Spec["shell"]; restarts {
			takesAway(change.Task)
		}
	}
	if recreates := s.recreates(); !recreates && takes > 0 && available-takes < s.least() {
		w.Fatalf("%s: of %d available it takes %d, and %d must stay", decision.Rule, available, takes, s.least())
	}
	if n := len(decision.Creates); n > 0 && s.alive+n > s.replicas+s.surge {
		w.Fatalf("%s: creates %d where %d live, of %d and %d", decision.Rule, n, s.alive, s.replicas, s.surge)
	}
	if s.recreates() && len(decision.Creates) > 0 && s.olderAlive() {
		w.Fatalf("%s: creates while an older one lives", decision.Rule)
	}
}

func (w *world) create(creation Creation) {
	if w.tasks[creation.Name] != nil {
		w.Fatalf("%s is created twice", creation.Name)
	}
	w.uids++
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
		case "maxRestarts":
			task.Spec.MaxRestarts = nil
			if value.After != nil {
				task.Spec.MaxRestarts = new(int32(value.After.(float64)))
			}
			task.Generation++
		case "suspend":
			task.Spec.Suspend = value.After != nil
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
		running, since := !strings.HasPrefix(task.Spec.Shell, bad) && !task.Spec.Suspend, metav1.Time{Time: w.now}
		condition := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonBackOff, LastTransitionTime: since}
		if running {
			condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonRunning
		} else if task.Spec.Suspend {
			condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonSuspended
		}
		if len(task.Status.Conditions) == 1 && task.Status.Conditions[0].Reason == condition.Reason && task.Status.ObservedGeneration == task.Generation {
			continue
		}
		if launched := task.Status.Task; running && launched != nil && task.Status.ObservedGeneration == task.Generation {
			condition.LastTransitionTime = since
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
	switch rapid.SampledFrom([]string{"template", "template", "bad", "restart", "scale", "strategy", "delete", "edit", "evict", "pause", "pause the set", "unreachable", "framework", "kept", "suspend", "orphan", "time"}).Draw(w.T, "what") {
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
	case "evict":
		annotate(some(), v1alpha1.AnnotationEvict)
	case "pause":
		annotate(some(), v1alpha1.AnnotationPaused)
	case "pause the set":
		w.set.Spec.Paused = !w.set.Spec.Paused
	case "unreachable":
		some().Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionAgentUnreachable, Status: metav1.ConditionTrue, LastTransitionTime: metav1.Time{Time: w.now}}}
	case "framework":
		w.reconciled = !w.reconciled
	case "kept":
		w.set.Spec.Template.Spec.MaxRestarts = new(int32(rapid.IntRange(1, 5).Draw(w.T, "restarts")))
	case "suspend":
		w.set.Spec.Suspend = !w.set.Spec.Suspend
	case "orphan":
		w.set.UID += "'"
		w.set.Status = v1alpha1.MesosTaskSetStatus{}
		for _, task := range w.tasks {
			task.OwnerReferences = nil
		}
	case "time":
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 1000).Draw(w.T, "seconds")) * time.Second)
	}
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
		if len(task.Status.Conditions) == 1 && task.Status.Conditions[0].Type == v1alpha1.ConditionAgentUnreachable {
			task.Status.Conditions = nil
		}
	}
}

// TestNext_properties lets a set live through whatever people, agents and its own crashes do, and judges every decision. In the end, once the world
// lets it, the set comes to its end, and then writes nothing.
func TestNext_properties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{
			T: rt, now: time.Unix(1_000_000, 0).UTC(), set: newSet(rt), tasks: map[string]*v1alpha1.MesosTask{}, stale: map[string]*v1alpha1.MesosTask{},
			gone: map[string]*v1alpha1.MesosTask{}, reconciled: true, admits: rapid.Bool().Draw(rt, "admission changes tasks"),
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
		idle := 0
		for range 400 {
			w.live(true)
			w.now = w.now.Add(10 * time.Second)
			if w.decide(true) {
				idle = 0
			} else if idle++; idle > 5 {
				break
			}
		}
		w.judgeEnd(idle)
	})
}

// judgeEnd fails the test unless the set is as it should be and at rest.
func (w *world) judgeEnd(idle int) {
	s := look(w.seen(true))
	if idle <= 5 || !s.complete() || s.Set.Status.Conditions[0].Status != metav1.ConditionTrue {
		w.Errorf("the set does not come to its end: at rest for %d, %+v", idle, s.Set.Status)
		for _, m := range s.members {
			w.Errorf("%s: %+v", m.task.Name, *m)
		}
		w.Errorf("next: %+v", Next(w.seen(true)))
	}
	if s.spec.Suspend && s.Set.Status.Conditions[0].Reason != v1alpha1.ReasonSuspended || s.rolls() && s.partition == 0 && s.older() > 0 {
		w.Errorf("at its end %d are of an older revision, and its conditions are %+v", s.older(), s.Set.Status.Conditions)
	}
	for _, m := range s.members {
		if w.admits && m.task.Generation == 1 && !strings.HasSuffix(m.task.Spec.Shell, admission) {
			w.Errorf("at its end %s runs %q", m.task.Name, m.task.Spec.Shell)
		}
		if m.drift || m.leaving || m.orphan {
			w.Errorf("at its end %s is %+v", m.task.Name, *m)
		}
	}
	if len(w.set.Status.Conditions) != 1 {
		w.Errorf("at its end its conditions are %+v", w.set.Status.Conditions)
	}
}
