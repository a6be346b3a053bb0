package rollout

import (
	"fmt"
	"os" //nolint:depguard // It reads the CRD, which this is compared with.
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

var epoch = time.Unix(1_000_000, 0).UTC()

// given is a set in the making.
type given struct {
	Seen
	// revisions are the command lines of the set's revisions, oldest first; the last is the template's.
	revisions []string
}

// aSet is a set with so many replicas, whose template has had some command lines, the last of which it has now.
func aSet(replicas int32, commands ...string) *given {
	set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "set", Generation: 1}}
	set.Spec.Replicas, set.Spec.ProgressDeadlineSeconds = &replicas, 600
	// What fills in nothing, so that tasks are as the template says.
	set.Spec.Template.Spec.Placement = &v1alpha1.Placement{Scoring: v1alpha1.ScoringPack}
	g := &given{Seen: Seen{Now: epoch, Set: set, Framework: Framework{Reconciled: true, Proven: true}}, revisions: commands}
	for i, command := range commands {
		set.Spec.Template.Spec.Shell = command
		content := Content{Template: *set.Spec.Template.DeepCopy()}
		label := labelOf(&content, 0)
		g.Revisions = append(g.Revisions, Revision{Name: "web-" + label, UID: types.UID(label), Label: label, Number: int64(i + 1), Content: content})
	}
	return g
}

// label is that of the revision with a command line.
func (g *given) label(command string) string {
	for _, revision := range g.Revisions {
		if revision.Template.Spec.Shell == command {
			return revision.Label
		}
	}
	return ""
}

func (g *given) budgets(surge, unavailable int32) *given {
	rolling := &v1alpha1.RollingUpdate{MaxSurge: new(intstr.FromInt32(surge)), MaxUnavailable: new(intstr.FromInt32(unavailable))}
	g.Set.Spec.UpdateStrategy.RollingUpdate = rolling
	return g
}

func (g *given) with(change func(*given)) *given {
	change(g)
	return g
}

// task adds a MesosTask of a revision that is ready, changed by what is given.
func (g *given) task(command string, changes ...func(*v1alpha1.MesosTask)) *given {
	label := g.label(command)
	index := 0
	for _, task := range g.Tasks {
		if strings.HasPrefix(task.Name, "web-"+label) {
			index++
		}
	}
	task := &v1alpha1.MesosTask{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: fmt.Sprintf("web-%s-%d", label, index), Generation: 1, UID: types.UID(strconv.Itoa(len(g.Tasks))),
			Labels:            map[string]string{v1alpha1.LabelSet: "web", v1alpha1.LabelRevision: label},
			OwnerReferences:   []metav1.OwnerReference{OwnerOf(g.Set)},
			CreationTimestamp: metav1.Time{Time: epoch.Add(time.Duration(len(g.Tasks)-100) * time.Minute)},
		},
		Spec: *g.Set.Spec.Template.Spec.DeepCopy(),
		Status: v1alpha1.MesosTaskStatus{
			ObservedGeneration: 1, Task: &v1alpha1.TaskAttempt{ID: "x", AgentID: fmt.Sprintf("agent-%d", len(g.Tasks)), Hostname: "host-1"},
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonRunning, LastTransitionTime: metav1.Time{Time: epoch.Add(-time.Hour)}}},
		},
	}
	task.Spec.Shell = command
	for _, change := range changes {
		change(task)
	}
	g.Tasks = append(g.Tasks, task)
	return g
}

func backingOff(task *v1alpha1.MesosTask) {
	task.Status.Conditions[0].Status, task.Status.Conditions[0].Reason = metav1.ConditionFalse, v1alpha1.ReasonBackOff
}

func standsStill(task *v1alpha1.MesosTask) {
	task.Status.Task, task.Spec.Suspend, task.Status.Conditions[0].Reason = nil, true, v1alpha1.ReasonSuspended
}

func waiting(task *v1alpha1.MesosTask) {
	task.Status.Task = nil
	task.Status.Conditions[0].Status, task.Status.Conditions[0].Reason = metav1.ConditionFalse, v1alpha1.ReasonAwaitingOffer
}

func leaving(task *v1alpha1.MesosTask) { task.DeletionTimestamp = &metav1.Time{Time: epoch} }

func unreachableFor(d time.Duration) func(*v1alpha1.MesosTask) {
	return func(task *v1alpha1.MesosTask) {
		task.Status.Conditions = append(task.Status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionAgentUnreachable, Status: metav1.ConditionTrue, LastTransitionTime: metav1.Time{Time: epoch.Add(-d)},
		})
	}
}

// byHand changes what a task runs, and its status says so.
func byHand(task *v1alpha1.MesosTask) {
	task.Spec.Shell = "mine"
	task.Generation++
	task.Status.ObservedGeneration = task.Generation
}

// written has a task bear the note of what the set wrote.
func written(task *v1alpha1.MesosTask) {
	task.Annotations = map[string]string{v1alpha1.AnnotationAdmitted: fingerprint(task.Name, restarting(&task.Spec))}
}

// admitted changes what a task runs as admission does when its MesosTask is created.
func admitted(task *v1alpha1.MesosTask) {
	written(task)
	task.Spec.Shell = "mine"
}

// foreign makes a task be one that somebody else made, with a command line of their own.
func foreign(task *v1alpha1.MesosTask) { task.Spec.Shell = "mine" }

// noted has the set note what admission made of it, as it changes the spec.
func noted(task *v1alpha1.MesosTask) {
	task.Annotations[v1alpha1.AnnotationAdmitted] += "/" + fingerprint(task.Name, restarting(&task.Spec))
	task.Generation++
	task.Status.ObservedGeneration = task.Generation
}

// outdated makes what a status says be of an earlier spec.
func outdated(task *v1alpha1.MesosTask) { task.Generation++ }

func annotated(key, value string) func(*v1alpha1.MesosTask) {
	return func(task *v1alpha1.MesosTask) { task.Annotations = map[string]string{key: value} }
}

func onAgent(agent string) func(*v1alpha1.MesosTask) {
	return func(task *v1alpha1.MesosTask) { task.Status.Task.AgentID = agent }
}

// outline is what a decision does, in short: names of MesosTasks that it creates, deletes and changes, with the revisions' command lines in place
// of their labels.
func (g *given) outline(decision *Decision) string {
	short := func(name string) string {
		for _, revision := range g.Revisions {
			name = strings.ReplaceAll(name, "web-"+revision.Label, revision.Template.Spec.Shell)
		}
		return name
	}
	var parts []string
	for _, creation := range decision.Creates {
		parts = append(parts, "+"+short(creation.Name))
	}
	for _, deletion := range decision.Deletes {
		parts = append(parts, "-"+short(deletion.Task.Name))
	}
	for _, change := range decision.Changes {
		parts = append(parts, "~"+short(change.Task.Name))
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

func TestNext_rows(t *testing.T) {
	strategy := func(kind v1alpha1.UpdateStrategyType) func(*given) {
		return func(g *given) { g.Set.Spec.UpdateStrategy.Type = kind }
	}
	current := func(command string) func(*given) {
		return func(g *given) { g.Set.Status.CurrentRevision = g.label(command) }
	}
	partition := func(n int32) func(*given) {
		return func(g *given) { g.Set.Spec.UpdateStrategy.RollingUpdate.Partition = n }
	}
	// cameBack is a set that was created over tasks that were there, and has waited for so long.
	cameBack := func(for_ time.Duration) func(*given) {
		return func(g *given) {
			g.Set.CreationTimestamp = metav1.Time{Time: epoch.Add(-50 * time.Minute)}
			g.Set.Spec.UpdateStrategy.RollingUpdate.Partition, g.Set.Status.ObservedGeneration = 2, 1
			g.Set.Status.UpdateRevision, g.Set.Status.LastProgressTime = g.label("b"), &metav1.Time{Time: epoch.Add(-for_)}
		}
	}
	since := func(at time.Time) func(*v1alpha1.MesosTask) {
		return func(task *v1alpha1.MesosTask) { task.CreationTimestamp = metav1.Time{Time: at} }
	}
	// late is a rollout that has made no progress for too long, of a set that has another number of replicas since.
	late := func(g *given) {
		g.Set.Generation = 2
		g.Set.Status = v1alpha1.MesosTaskSetStatus{
			ObservedGeneration: 1, CurrentRevision: g.label("a"), UpdateRevision: g.label("b"), LastProgressTime: &metav1.Time{Time: epoch.Add(-10 * time.Minute)},
			AvailableReplicas: 1, UpdatedReplicas: 1,
		}
	}
	nobodys := func(task *v1alpha1.MesosTask) { task.OwnerReferences = nil }
	// barred is an API server that has refused to let the set take over what is there so far.
	barred := func(g *given) {
		g.Refused.Tasks = sets.New[types.UID]()
		for _, task := range g.Tasks {
			g.Refused.Tasks.Insert(task.UID)
		}
	}
	// full is an API server that refuses more MesosTasks than there are, and is asked again or not.
	full := func(again bool) func(*given) {
		return func(g *given) { g.Refused = Refused{Creation: "exceeded quota", Most: new(len(g.Tasks)), Again: again} }
	}
	cases := map[string]struct {
		given *given
		want  string
		// ready is what condition Ready says.
		ready string
	}{
		"a new set":          {aSet(3, "a"), "+a-0 +a-1 +a-2", "False Scaling"},
		"a set that is done": {aSet(2, "a").task("a").task("a"), "", "True Available"},
		"no set before the framework has answered": {aSet(1, "a").with(func(g *given) { g.Framework.Reconciled = false }), "", "False AwaitingFramework"},
		"nothing is made before the proof":         {aSet(1, "a").with(func(g *given) { g.Framework.Proven = false }), "", "False Scaling"},
		"what waits for no proof has tasks":        {aSet(2, "a").task("a").with(func(g *given) { g.Framework.Proven = false }), "+a-1", "False Scaling"},
		"an obstacle":                              {aSet(1, "a").with(func(g *given) { g.Framework.Obstacle = &Obstacle{v1alpha1.ReasonFrameworkNotFound, "none"} }), "", "False FrameworkNotFound"},
		"an obstacle to nothing":                   {aSet(1, "a").task("a").with(func(g *given) { g.Framework.Obstacle = &Obstacle{v1alpha1.ReasonFrameworkNotFound, "none"} }), "", "True Available"},
		"the lowest free index":                    {aSet(3, "a").task("a").task("a", leaving).task("a"), "+a-3", "False Scaling"},
		"no room while others are being killed":    {aSet(2, "a").budgets(0, 1).task("a").task("a", leaving), "", "False Scaling"},
		"what another set of the name leaves behind": {
			aSet(1, "a").budgets(0, 1).task("a", leaving, func(task *v1alpha1.MesosTask) { task.OwnerReferences[0].UID = "earlier" }), "", "False Scaling",
		},
		"a task of somebody else's has the name": {
			aSet(1, "a").task("a", func(task *v1alpha1.MesosTask) { task.Labels, task.OwnerReferences = nil, nil }), "+a-1", "False Scaling",
		},
		"a task of another controller with the label": {
			aSet(1, "a").task("a", func(task *v1alpha1.MesosTask) { task.OwnerReferences[0].UID = "other" }), "+a-1", "False Scaling",
		},
		"a task that nobody controls":       {aSet(1, "a").task("a", func(task *v1alpha1.MesosTask) { task.OwnerReferences = nil }), "~a-0", "True Available"},
		"down: not launched first":          {aSet(2, "a").task("a").task("a", waiting).task("a"), "-a-1", "False Scaling"},
		"down: then unready":                {aSet(2, "a").task("a").task("a", backingOff).task("a"), "-a-1", "False Scaling"},
		"down: then of the agent with most": {aSet(2, "a").task("a", onAgent("x")).task("a", onAgent("x")).task("a", onAgent("y")), "-a-1", "False Scaling"},
		"down: by turns": {
			aSet(2, "a").task("a", onAgent("x")).task("a", onAgent("x")).task("a", onAgent("x")).task("a", onAgent("y")).task("a", onAgent("y")), "-a-1 -a-2 -a-4", "False Scaling",
		},
		"down: then the youngest":                     {aSet(2, "a").task("a").task("a").task("a"), "-a-2", "False Scaling"},
		"down: what is paused is left alone":          {aSet(0, "a").task("a", annotated(v1alpha1.AnnotationPaused, "true")).task("a"), "-a-1", "False Scaling"},
		"roll: the successor first":                   {aSet(3, "a", "b").budgets(1, 0).task("a").task("a").task("a"), "+b-0", "False RollingOut"},
		"roll: then an old one":                       {aSet(3, "a", "b").budgets(1, 0).task("a").task("a").task("a").task("b"), "-a-2", "False RollingOut"},
		"roll: not before the successor is available": {aSet(3, "a", "b").budgets(1, 0).task("a").task("a").task("a").task("b", backingOff), "", "False RollingOut"},
		"roll: an old one first":                      {aSet(3, "a", "b").budgets(0, 1).task("a").task("a").task("a"), "-a-2", "False RollingOut"},
		"roll: no successor while the old one lives":  {aSet(3, "a", "b").budgets(0, 1).task("a").task("a").task("a", leaving), "", "False RollingOut"},
		"roll: the successor of one that is gone":     {aSet(3, "a", "b").budgets(0, 1).task("a").task("a"), "+b-0", "False RollingOut"},
		"roll: both":                                                     {aSet(4, "a", "b").budgets(1, 1).task("a").task("a").task("a").task("a"), "+b-0 -a-3", "False RollingOut"},
		"roll: a quarter where nothing is said":                          {aSet(4, "a", "b").task("a").task("a").task("a").task("a"), "+b-0 -a-3", "False RollingOut"},
		"roll: a bad revision stops":                                     {aSet(3, "a", "b").budgets(0, 1).task("a").task("a").task("b", backingOff), "", "False RollingOut"},
		"roll: back from a bad revision":                                 {aSet(3, "b", "a").budgets(0, 1).task("a").task("a").task("b", backingOff), "-b-0", "False RollingOut"},
		"roll: what is unready goes first":                               {aSet(3, "a", "b").budgets(0, 1).task("a", backingOff).task("a").task("a"), "-a-0", "False RollingOut"},
		"roll: unreachable is not available":                             {aSet(3, "a", "b").budgets(0, 1).task("a", unreachableFor(time.Minute)).task("a").task("a"), "-a-0", "False RollingOut"},
		"roll: what hangs holds up":                                      {aSet(3, "a", "b").budgets(0, 1).task("a", leaving, unreachableFor(time.Minute)).task("a").task("a"), "", "False RollingOut"},
		"roll: what hangs for long counts for neither":                   {aSet(3, "a", "b").budgets(0, 1).task("a", leaving, unreachableFor(11*time.Minute)).task("a").task("a"), "+b-0", "False RollingOut"},
		"keep: what hangs for long is not replaced":                      {aSet(2, "a").task("a", unreachableFor(11*time.Minute)).task("a"), "", "False Unavailable"},
		"partition: stays":                                               {aSet(3, "a", "b").budgets(1, 0).with(current("a")).with(partition(2)).task("a").task("a").task("b"), "", "True Available"},
		"partition: the others roll":                                     {aSet(3, "a", "b").budgets(1, 0).with(current("a")).with(partition(2)).task("a").task("a").task("a"), "+b-0", "False RollingOut"},
		"partition: of the share a lost one is made anew":                {aSet(3, "a", "b").budgets(1, 0).with(current("a")).with(partition(2)).task("a").task("b"), "+a-1", "False Scaling"},
		"partition: one that grows takes nothing back":                   {aSet(3, "a", "b").budgets(1, 0).with(current("a")).with(partition(2)).task("a").task("b").task("b"), "", "True Available"},
		"partition: stays also where the set is another":                 {aSet(3, "a", "b").budgets(1, 0).with(partition(2)).task("a").task("a").task("b"), "", "True Available"},
		"partition: of two older ones the newer stays":                   {aSet(3, "a", "b", "c").budgets(1, 0).with(partition(2)).task("a").task("b").task("b").task("c"), "-a-0", "False RollingOut"},
		"partition: what does not come up does not stay":                 {aSet(3, "a", "b", "c").budgets(1, 0).with(partition(2)).task("a").task("a").task("b", backingOff), "+c-0", "False RollingOut"},
		"partition: what may be about to stay is waited for":             {aSet(3, "a", "b").budgets(1, 0).with(partition(2)).task("a", outdated).task("a", outdated).task("b"), "", "False RollingOut"},
		"partition: what was there before the set is waited for":         {aSet(3, "a", "b").budgets(1, 0).with(cameBack(9*time.Minute)).task("a", backingOff).task("a", waiting), "", "False RollingOut"},
		"partition: not for longer than a rollout may make no progress":  {aSet(3, "a", "b").budgets(1, 0).with(cameBack(10*time.Minute)).task("a", backingOff).task("a", waiting), "+b-0", "False ProgressDeadlineExceeded"},
		"partition: not for what counts for neither any more":            {aSet(3, "a", "b").budgets(1, 0).with(cameBack(0)).task("a", unreachableFor(11*time.Minute)).task("a", unreachableFor(11*time.Minute)), "+b-0", "False Scaling"},
		"partition: but for what is unreachable":                         {aSet(3, "a", "b").budgets(1, 0).with(cameBack(0)).task("a", unreachableFor(9*time.Minute)).task("a", unreachableFor(11*time.Minute)), "", "False RollingOut"},
		"partition: not for what was changed by hand":                    {aSet(3, "a", "b").budgets(0, 2).with(cameBack(0)).task("a", byHand).task("a", byHand), "+b-0 ~a-1", "False Scaling"},
		"partition: not for what is left alone":                          {aSet(3, "a", "b").budgets(1, 0).with(cameBack(0)).task("a", backingOff, annotated(v1alpha1.AnnotationPaused, "true")).task("a", backingOff, annotated(v1alpha1.AnnotationPaused, "true")), "+b-0", "False Scaling"},
		"partition: of two older ones of which none comes up, the newer": {aSet(3, "a", "c", "b").budgets(0, 1).with(cameBack(10*time.Minute)).task("a", backingOff).task("c", backingOff).task("b"), "-a-0", "False RollingOut"},
		"partition: nothing is decided before the proof":                 {aSet(3, "a", "b").budgets(1, 0).with(cameBack(10*time.Minute)).task("a", backingOff).with(func(g *given) { g.Framework.Proven = false }), "", "False RollingOut"},
		"partition: what the set made first does not stay":               {aSet(3, "a", "b").budgets(1, 0).with(cameBack(0)).task("a", backingOff, since(epoch)).task("a", backingOff, since(epoch)), "+b-0 +b-1", "False RollingOut"},
		"partition: what the set made anew of a revision from before stays": {
			aSet(3, "a", "b").budgets(1, 0).with(cameBack(0)).with(func(g *given) { g.Revisions[0].Created = epoch.Add(-time.Hour) }).task("a", waiting, since(epoch)).task("a", waiting, since(epoch)), "", "False RollingOut",
		},
		"partition: while suspended it is decided at once": {
			aSet(3, "a", "b").budgets(1, 0).with(cameBack(0)).with(func(g *given) { g.Set.Spec.Suspend = true }).task("a", standsStill).task("a", standsStill), "+b-0", "False Scaling",
		},
		"failed: what is added is of the older":                           {aSet(6, "a", "b").budgets(0, 1).task("a").task("a").task("b", backingOff).with(late), "+a-2 +a-3 +a-4", "False ProgressDeadlineExceeded"},
		"failed: what is missing is of the older":                         {aSet(3, "a", "b").budgets(1, 0).task("a").task("b", backingOff).with(late), "+a-1", "False ProgressDeadlineExceeded"},
		"failed: nothing is added of what failed":                         {aSet(4, "a", "b").budgets(0, 2).task("a").task("a").task("a").task("b", backingOff).with(late), "", "False ProgressDeadlineExceeded"},
		"failed: it goes on once what there is of the newer is available": {aSet(3, "a", "b").budgets(0, 1).task("a").task("a").task("b").with(late), "-a-1", "False RollingOut"},
		"failed: another template is tried":                               {aSet(3, "a", "c", "b").budgets(0, 1).task("a").task("a").task("c", backingOff).with(late).with(func(g *given) { g.Set.Status.UpdateRevision = g.label("c") }), "-c-0", "False RollingOut"},
		"quota: what it has room for":                                     {aSet(4, "a").task("a").task("a").with(full(false)), "", "False WriteRefused"},
		"quota: it is tried again":                                        {aSet(4, "a").task("a").task("a").with(full(true)), "+a-2 +a-3", "False WriteRefused"},
		"quota: a rollout goes on without surge":                          {aSet(4, "a", "b").budgets(1, 1).task("a").task("a").task("a").task("a").with(full(false)), "-a-3", "False RollingOut"},
		"quota: a rollout waits for what is being killed":                 {aSet(4, "a", "b").budgets(1, 1).task("a").task("a").task("a").task("a", leaving).with(full(false)), "", "False RollingOut"},
		"quota: there is room once one is gone": {
			aSet(4, "a", "b").budgets(1, 1).task("a").task("a").task("a").task("a").with(full(false)).with(func(g *given) { g.Tasks = g.Tasks[1:] }), "+b-0", "False RollingOut",
		},
		"quota: a rollout that needs one more":         {aSet(2, "a", "b").budgets(1, 0).task("a").task("a").with(full(false)), "", "False WriteRefused"},
		"quota: fewer are fewer":                       {aSet(1, "a").budgets(0, 1).task("a").task("a").with(full(false)), "-a-1", "False Scaling"},
		"quota: all that should be are there":          {aSet(2, "a").task("a").task("a").with(full(false)), "", "True Available"},
		"quota: suspended all the same":                {aSet(4, "a").task("a").task("a").with(full(false)).with(func(g *given) { g.Set.Spec.Suspend = true }), "~a-0 ~a-1", "False WriteRefused"},
		"another write is refused":                     {aSet(2, "a").task("a").task("a").with(func(g *given) { g.Refused.Write = "no" }), "", "False WriteRefused"},
		"a takeover is refused: all else goes on":      {aSet(3, "a").task("a", nobodys).with(barred), "+a-1 +a-2 ~a-0", "False Scaling"},
		"a takeover is refused: another is taken over": {aSet(3, "a").task("a", nobodys).with(barred).task("a", nobodys), "~a-0 ~a-1", "False Scaling"},
		"a takeover is refused: it is not deleted":     {aSet(1, "a").budgets(0, 1).task("a", nobodys, backingOff).with(barred).task("a"), "-a-1 ~a-0", "False Scaling"},
		"a takeover is refused: it is not replaced":    {aSet(2, "a", "b").budgets(0, 1).task("a", nobodys, backingOff).with(barred).task("a"), "~a-0", "False RollingOut"},
		"a takeover is refused: what lives is made":    {aSet(2, "a").task("a", nobodys).with(barred).with(func(g *given) { g.Framework.Live = []string{"web-" + g.label("a") + "-5"} }), "+a-5 ~a-0", "False Scaling"},
		"of another framework": {
			aSet(1, "a").task("a", func(task *v1alpha1.MesosTask) { task.OwnerReferences, task.Spec.FrameworkRef.Name = nil, "old" }), "+a-1", "False Scaling",
		},
		"of another framework, taken over before": {
			aSet(1, "a").budgets(1, 0).task("a", func(task *v1alpha1.MesosTask) { task.Spec.FrameworkRef.Name = "old" }), "+a-1", "True Available",
		},
		"as admission made it":                    {aSet(1, "a").budgets(0, 1).task("a", admitted), "~a-0", "True Available"},
		"as admission made it, and changed since": {aSet(1, "a").budgets(0, 1).task("a", admitted, noted), "", "True Available"},
		"as admission made it, of a revision that was lost": {
			aSet(1, "a").budgets(0, 1).task("a", admitted, func(task *v1alpha1.MesosTask) { task.Labels[v1alpha1.LabelRevision] = "0123456789" }), "~a-0", "True Available",
		},
		"as the set made it, of an older revision that was lost": {
			aSet(1, "a", "b").budgets(0, 1).task("a", written, func(task *v1alpha1.MesosTask) { task.Labels[v1alpha1.LabelRevision] = "0123456789" }), "-a-0", "False RollingOut",
		},
		"as the set made it, labelled as another revision": {
			aSet(1, "a", "b").budgets(0, 1).task("a", written, func(task *v1alpha1.MesosTask) { task.Labels[v1alpha1.LabelRevision] = aSet(1, "a", "b").label("b") }), "~a-0", "True Available",
		},
		"made by hand": {aSet(1, "a").budgets(0, 1).task("a", foreign), "~a-0", "True Available"},
		"made by hand, after the example of another": {
			aSet(2, "a").budgets(0, 1).task("a", admitted).task("a", foreign, func(task *v1alpha1.MesosTask) {
				task.Annotations = map[string]string{v1alpha1.AnnotationAdmitted: fingerprint(strings.TrimSuffix(task.Name, "1")+"0", restarting(&v1alpha1.MesosTaskSpec{TaskTemplate: v1alpha1.TaskTemplate{Shell: "a"}}))}
			}), "~a-0 ~a-1", "True Available",
		},
		"by hand, after admission":                  {aSet(1, "a").budgets(0, 1).task("a", admitted, noted, func(task *v1alpha1.MesosTask) { task.Spec.Shell = "another" }), "~a-0", "True Available"},
		"recreate: all old ones end":                {aSet(2, "a", "b").with(strategy(v1alpha1.UpdateRecreate)).task("a").task("a"), "-a-0 -a-1", "False RollingOut"},
		"recreate: none is made while one lives":    {aSet(2, "a", "b").with(strategy(v1alpha1.UpdateRecreate)).task("a", leaving), "", "False Scaling"},
		"recreate: then all are made":               {aSet(2, "a", "b").with(strategy(v1alpha1.UpdateRecreate)), "+b-0 +b-1", "False Scaling"},
		"on delete: nothing is replaced":            {aSet(2, "a", "b").with(strategy(v1alpha1.UpdateOnDelete)).task("a").task("a"), "", "True Available"},
		"on delete: what was deleted is of the new": {aSet(2, "a", "b").with(strategy(v1alpha1.UpdateOnDelete)).task("a"), "+b-0", "False Scaling"},
		"paused: nothing is replaced":               {aSet(2, "a", "b").with(func(g *given) { g.Set.Spec.Paused = true }).task("a").task("a"), "", "True Available"},
		"paused: what is missing is of the old":     {aSet(2, "a", "b").with(current("a")).with(func(g *given) { g.Set.Spec.Paused = true }).task("a"), "+a-1", "False Scaling"},
		"evict: the successor first":                {aSet(2, "a").budgets(1, 0).task("a", annotated(v1alpha1.AnnotationEvict, "true")).task("a"), "+a-2", "True Available"},
		"evict: then it goes":                       {aSet(2, "a").budgets(1, 0).task("a", annotated(v1alpha1.AnnotationEvict, "true")).task("a").task("a"), "-a-0", "False Scaling"},
		"maintenance: the successor first":          {aSet(2, "a").budgets(1, 0).task("a").task("a").with(func(g *given) { g.Maintained = sets.New("agent-1") }), "+a-2", "True Available"},
		"by hand: put back": {
			aSet(2, "a").budgets(0, 1).task("a").task("a", byHand), "~a-1", "True Available",
		},
		"by hand: one at a time": {
			aSet(2, "a").budgets(0, 1).task("a", byHand).task("a", byHand), "~a-1", "True Available",
		},
		"by hand: replaced where none may be unavailable": {
			aSet(2, "a").budgets(1, 0).task("a").task("a", byHand), "+a-2", "True Available",
		},
		"by hand: a label": {aSet(1, "a").task("a", func(task *v1alpha1.MesosTask) { delete(task.Labels, v1alpha1.LabelSet) }), "~a-0", "True Available"},
		"what restarts nothing goes into all at once": {
			aSet(2, "a").task("a").task("a").with(func(g *given) { g.Set.Spec.Template.Spec.MaxRestarts = new(int32(3)) }), "~a-0 ~a-1", "True Available",
		},
		"what restarts nothing goes into the old ones too": {
			aSet(2, "a", "b").budgets(1, 0).task("a").task("a").with(func(g *given) { g.Set.Spec.Template.Spec.MaxRestarts = new(int32(3)) }), "+b-0 ~a-0 ~a-1", "False RollingOut",
		},
		"suspended all at once": {aSet(2, "a").task("a").task("a").with(func(g *given) { g.Set.Spec.Suspend = true }), "~a-0 ~a-1", "False Unavailable"},
		"suspended, then another template: all are replaced": {
			aSet(3, "a", "b").with(func(g *given) { g.Set.Spec.Suspend = true }).task("a", standsStill).task("a", standsStill).task("a", standsStill).task("b", standsStill), "-a-0 -a-1 -a-2", "False RollingOut",
		},
		"suspended, then another template: none is left": {
			aSet(2, "a", "b").with(func(g *given) { g.Set.Spec.Suspend = true }).with(current("a")).task("b", standsStill).task("b", standsStill), "", "True Suspended",
		},
		"suspended, then another template: the share stays": {
			aSet(3, "a", "b").budgets(1, 0).with(func(g *given) { g.Set.Spec.Suspend = true }).with(current("a")).with(partition(2)).task("a", standsStill).task("a", standsStill).task("b", standsStill), "", "True Suspended",
		},
		"rebuilt: what lives first": {aSet(2, "a").with(func(g *given) { g.Framework.Live = []string{"web-" + g.label("a") + "-5"} }), "+a-5", "False Scaling"},
		"a deleted set":             {aSet(2, "a").with(func(g *given) { g.Set.DeletionTimestamp = &metav1.Time{Time: epoch} }), "", ""},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			decision := Next(tc.given.Seen)
			if diff := cmp.Diff(tc.want, tc.given.outline(&decision)); diff != "" {
				t.Errorf("by rule %q (-want +got):\n%s", decision.Rule, diff)
			}
			ready := ""
			if condition := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady); condition != nil {
				ready = string(condition.Status) + " " + condition.Reason
			}
			if ready != tc.ready {
				t.Errorf("Ready is %s, want %s", ready, tc.ready)
			}
		})
	}
}

// TestNext_revisions: which changes of a template make a revision.
func TestNext_revisions(t *testing.T) {
	cases := map[string]struct {
		change func(*v1alpha1.MesosTaskSetSpec)
		makes  bool
	}{
		"no change":       {func(*v1alpha1.MesosTaskSetSpec) {}, false},
		"another command": {func(s *v1alpha1.MesosTaskSetSpec) { s.Template.Spec.Shell = "b" }, true},
		"restarted at":    {func(s *v1alpha1.MesosTaskSetSpec) { s.RestartedAt = "now" }, true},
		"another role":    {func(s *v1alpha1.MesosTaskSetSpec) { s.Template.Spec.Roles = []string{"x"} }, true},
		"a label": {func(s *v1alpha1.MesosTaskSetSpec) {
			s.Template.Metadata.Labels = map[string]v1alpha1.TemplateLabel{"a": "b"}
		}, false},
		"a placement":               {func(s *v1alpha1.MesosTaskSetSpec) { s.Template.Spec.Placement = &v1alpha1.Placement{} }, false},
		"how it is kept":            {func(s *v1alpha1.MesosTaskSetSpec) { s.Template.Spec.MaxRestarts = new(int32(1)) }, false},
		"a default that is new":     {func(s *v1alpha1.MesosTaskSetSpec) { s.Template.Spec.RestartPolicy = v1alpha1.RestartAlways }, false},
		"more replicas":             {func(s *v1alpha1.MesosTaskSetSpec) { s.Replicas = new(int32(9)) }, false},
		"a health check by default": {func(s *v1alpha1.MesosTaskSetSpec) { s.Template.Spec.HealthCheck = &v1alpha1.HealthCheck{} }, true},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			g := aSet(1, "a").task("a")
			tc.change(&g.Set.Spec)
			decision := Next(g.Seen)
			if made := decision.MakeRevision != nil; made != tc.makes {
				t.Errorf("makes a revision: %t, want %t", made, tc.makes)
			}
			if tc.makes && (len(decision.Creates) > 0 || len(decision.Deletes) > 0) {
				t.Error("and does more, before that is there")
			}
		})
	}
}

// TestNext_revisionNames: a revision whose name is somebody else's takes another.
func TestNext_revisionNames(t *testing.T) {
	g := aSet(1, "a").with(func(g *given) { g.Set.Spec.Template.Spec.Shell = "b" })
	names := sets.New[string]()
	for range 3 {
		g.NamesTaken = names.Clone()
		made := Next(g.Seen).MakeRevision
		if made == nil || names.Has(made.Name) || made.Name != "web-"+made.Label {
			t.Fatalf("with %v taken it makes %+v", names.UnsortedList(), made)
		}
		names.Insert(made.Name)
	}
}

// TestNext_history: beyond the limit the oldest revisions go that no task is of.
func TestNext_history(t *testing.T) {
	g := aSet(1, "a", "b", "c", "d", "e").task("a").with(func(g *given) {
		g.Set.Spec.Paused, g.Set.Spec.RevisionHistoryLimit, g.Set.Status.CurrentRevision = true, new(int32(1)), g.label("a")
	})
	decision := Next(g.Seen)
	var dropped []string
	for _, revision := range decision.DropRevisions {
		dropped = append(dropped, revision.Template.Spec.Shell)
	}
	if diff := cmp.Diff([]string{"c", "b"}, dropped); diff != "" {
		t.Errorf("revisions that go (-want +got):\n%s", diff)
	}
}

// TestNext_current: a set that was created anew over its tasks finds which revision was there before, and keeps that, once nothing is left to be found.
func TestNext_current(t *testing.T) {
	unavailable := func(since time.Duration) func(*given) {
		return func(g *given) {
			g.budgets(1, 0)
			g.Set.Spec.UpdateStrategy.RollingUpdate.Partition = 1
			g.Set.CreationTimestamp, g.Set.Status.UpdateRevision = metav1.Time{Time: epoch.Add(-50 * time.Minute)}, g.label("b")
			g.Set.Status.LastProgressTime = &metav1.Time{Time: epoch.Add(-since)}
			backingOff(g.Tasks[0])
		}
	}
	for sentence, tc := range map[string]struct {
		change func(*given)
		kept   bool
	}{
		"with a partition, also one that does not come up, in the end": {unavailable(10 * time.Minute), true},
		"with a partition, not before":                                 {unavailable(9 * time.Minute), false},
		"it is kept":                                                   {func(*given) {}, true},
		"what a status says and is no more":                            {func(g *given) { g.Set.Status.CurrentRevision = "0123456789" }, true},
		"not before the proof":                                         {func(g *given) { g.Framework.Proven = false }, false},
		"not while something lives alone":                              {func(g *given) { g.Framework.Live = []string{"web-" + g.label("a") + "-5"} }, false},
		"not one that does not come up":                                {func(g *given) { backingOff(g.Tasks[0]) }, false},
		"not one that was changed by hand":                             {func(g *given) { byHand(g.Tasks[0]) }, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			g := aSet(2, "a", "b").task("a").task("b").with(tc.change)
			g.Set.Spec.RevisionHistoryLimit = new(int32(0))
			decision := Next(g.Seen)
			if kept := decision.Status.CurrentRevision == g.label("a"); kept != tc.kept {
				t.Errorf("the revision that was there before is %q; want %s: %t", decision.Status.CurrentRevision, g.label("a"), tc.kept)
			}
			if len(decision.DropRevisions) > 0 {
				t.Errorf("revisions go: %+v", decision.DropRevisions)
			}
		})
	}
}

// TestNext_admitted: the set notes what admission made of a task, and leaves that as it is.
func TestNext_admitted(t *testing.T) {
	g := aSet(1, "a").task("a", admitted).with(func(g *given) { g.Set.Spec.Template.Spec.MaxRestarts = new(int32(3)) })
	changes := Next(g.Seen).Changes
	if len(changes) != 1 || changes[0].PutBack {
		t.Fatalf("changes are %+v", changes)
	}
	was := g.Tasks[0].Annotations[v1alpha1.AnnotationAdmitted]
	want := map[string]Value{v1alpha1.AnnotationAdmitted: {was, fmt.Sprint(was, "/", fingerprint(g.Tasks[0].Name, restarting(&g.Tasks[0].Spec)))}}
	if diff := cmp.Diff(want, changes[0].Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Value{"maxRestarts": {nil, 3.}}, changes[0].Spec); diff != "" {
		t.Errorf("the spec (-want +got):\n%s", diff)
	}
}

// TestFingerprint_ofAnEarlierRelease: what stands for a spec is what an earlier release wrote into MesosTasks, or what admission made of those would be put back
// by an upgrade.
func TestFingerprint_ofAnEarlierRelease(t *testing.T) {
	frozen, err := os.ReadFile(filepath.Join("testdata", "revision.json"))
	if err != nil {
		t.Fatal(err)
	}
	content := &Content{}
	if err := yaml.UnmarshalStrict(frozen, content); err != nil {
		t.Fatal(err)
	}
	if got, want := fingerprint("web-5e199f80bf-0", restarting(&content.Template.Spec)), "e5373f112c0107e7"; got != want {
		t.Errorf("it is %s, and was %s", got, want)
	}
}

// TestNext_tellsOfStrangers: what bears its label and is of another framework the set names, with the framework.
func TestNext_tellsOfStrangers(t *testing.T) {
	g := aSet(1, "a").task("a", func(task *v1alpha1.MesosTask) { task.OwnerReferences, task.Spec.FrameworkRef.Name = nil, "old" }).task("a")
	ready := meta.FindStatusCondition(Next(g.Seen).Status.Conditions, v1alpha1.ConditionReady)
	if want := g.Tasks[0].Name + " of old"; ready.Status != metav1.ConditionTrue || !strings.Contains(ready.Message, want) {
		t.Errorf("Ready is %s %q, want it to name %q", ready.Status, ready.Message, want)
	}
}

// TestNext_atOnce: of ten thousand no more are created, changed or deleted by one decision than at once.
func TestNext_atOnce(t *testing.T) {
	suspended := ofMany(10_000)
	suspended.Set.Spec.Suspend = true
	shrunk := ofMany(10_000)
	shrunk.Set.Spec.Replicas = new(int32(10))
	orphaned := ofMany(10_000)
	for _, task := range orphaned.Tasks {
		task.OwnerReferences = nil
	}
	grown := ofMany(10)
	grown.Set.Spec.Replicas = new(int32(10_000))
	lost := ofMany(0)
	lost.Set.Spec.Replicas = new(int32(10_000))
	for i := range 10_000 {
		lost.Framework.Live = append(lost.Framework.Live, fmt.Sprintf("web-%s-%d", lost.label("a"), i))
	}
	for name, tc := range map[string]struct {
		given                     *given
		creates, changes, deletes int
	}{
		"suspended": {suspended, 0, atOnce, 0}, "shrunk": {shrunk, 0, 0, atOnce}, "orphaned": {orphaned, 0, atOnce, 0}, "grown": {grown, atOnce, 0, 0}, "lost": {lost, atOnce, 0, 0},
	} {
		decision := Next(tc.given.Seen)
		if len(decision.Creates) != tc.creates || len(decision.Changes) != tc.changes || len(decision.Deletes) != tc.deletes {
			t.Errorf("%s: it creates %d, changes %d and deletes %d, want %d, %d and %d",
				name, len(decision.Creates), len(decision.Changes), len(decision.Deletes), tc.creates, tc.changes, tc.deletes)
		}
	}
}

// ofMany is a set of so many that are all available.
func ofMany(n int) *given {
	g := aSet(int32(n), "a", "b").with(func(g *given) {
		g.Set.Spec.Template.Spec.Shell = "a"
		g.Set.Status.CurrentRevision = g.label("a")
	})
	label := g.label("a")
	var tasks []*v1alpha1.MesosTask
	for i := range n {
		g.Tasks = nil
		g.task("b", onAgent(fmt.Sprintf("agent-%d", i%500)), func(task *v1alpha1.MesosTask) {
			task.Name, task.UID, task.Labels[v1alpha1.LabelRevision], task.Spec.Shell = fmt.Sprintf("web-%s-%d", label, i), types.UID(strconv.Itoa(i)), label, "a"
		})
		tasks = append(tasks, g.Tasks...)
	}
	g.Tasks = tasks
	return g
}

// BenchmarkNext is a decision about ten thousand tasks.
func BenchmarkNext(b *testing.B) {
	for name, change := range map[string]func(*given){
		"at rest":   func(*given) {},
		"suspended": func(g *given) { g.Set.Spec.Suspend = true },
		"rolled":    func(g *given) { g.Set.Spec.Template.Spec.Shell = "b" },
		"shrunk":    func(g *given) { g.Set.Spec.Replicas = new(int32(10)) },
		"by hand": func(g *given) {
			for _, task := range g.Tasks {
				byHand(task)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			g := ofMany(10_000).with(change)
			for b.Loop() {
				Next(g.Seen)
			}
		})
	}
}

// TestNext_stalled: a rollout without progress says which task, where and why, and an Event says so once.
func TestNext_stalled(t *testing.T) {
	g := aSet(2, "a", "b").budgets(0, 1).task("a").task("b", backingOff)
	decision := Next(g.Seen)
	if got, want := decision.Check, epoch.Add(10*time.Minute); !got.Equal(want) {
		t.Errorf("looks again at %v, want %v", got, want)
	}
	g.Set.Status, g.Now = decision.Status, epoch.Add(10*time.Minute)
	decision = Next(g.Seen)
	stalled := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Reason != v1alpha1.ReasonProgressDeadlineExceeded || !strings.Contains(stalled.Message, g.label("b")+"-0 on host-1 is BackOff") {
		t.Errorf("Stalled is %+v", stalled)
	}
	if len(decision.Events) != 1 || !decision.Events[0].Warning {
		t.Errorf("events are %+v", decision.Events)
	}
	g.Set.Status = decision.Status
	if decision = Next(g.Seen); len(decision.Events) > 0 {
		t.Errorf("again it tells %+v", decision.Events)
	}
}

// TestNext_neverComesUp: a set whose first revision makes no progress says so, too, and is well once it does.
func TestNext_neverComesUp(t *testing.T) {
	g := aSet(1, "a").task("a", backingOff)
	g.Set.Status = v1alpha1.MesosTaskSetStatus{}
	g.Set.Status = Next(g.Seen).Status
	g.Now = epoch.Add(10*time.Minute + time.Second)
	decision := Next(g.Seen)
	stalled := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Reason != v1alpha1.ReasonProgressDeadlineExceeded || strings.Contains(stalled.Message, "older") {
		t.Errorf("Stalled is %+v", stalled)
	}
	up := aSet(1, "a").task("a")
	up.Set.Status, up.Now = decision.Status, g.Now
	decision = Next(up.Seen)
	if meta.IsStatusConditionTrue(decision.Status.Conditions, v1alpha1.ConditionStalled) || decision.Status.LastProgressTime != nil {
		t.Errorf("then it is %+v", decision.Status)
	}
}

// TestNext_paces: counts alone are written every five seconds, another verdict at once.
func TestNext_paces(t *testing.T) {
	g := aSet(3, "a").task("a").task("a", backingOff).task("a", backingOff)
	g.Set.Status, g.LastWrite = Next(g.Seen).Status, epoch
	g.Now = epoch.Add(time.Second)
	g.Tasks[1].Status.Conditions[0] = g.Tasks[0].Status.Conditions[0]
	if decision := Next(g.Seen); !decision.WriteAt.Equal(epoch.Add(5*time.Second)) || !decision.Check.Equal(decision.WriteAt) {
		t.Errorf("another count is written at %v, and looked at again at %v", decision.WriteAt, decision.Check)
	}
	g.Tasks[2].Status.Conditions[0] = g.Tasks[0].Status.Conditions[0]
	if decision := Next(g.Seen); g.Now.Before(decision.WriteAt) {
		t.Errorf("that all are available is written at %v", decision.WriteAt)
	}
	g = aSet(1, "a").task("a").task("a", leaving)
	g.Set.Status, g.LastWrite = Next(g.Seen).Status, epoch
	g.Now, g.Tasks = epoch.Add(time.Second), g.Tasks[:1]
	if decision := Next(g.Seen); decision.Status.TerminatingReplicas > 0 || g.Now.Before(decision.WriteAt) {
		t.Errorf("that the last one to go is gone is written at %v, terminating %d", decision.WriteAt, decision.Status.TerminatingReplicas)
	}
}

// TestDefaults_areThoseOfTheCRD: what the CRD fills in of what restarts a task is known here, or a release that adds a default would roll every set.
func TestDefaults_areThoseOfTheCRD(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "config", "crd", "bases", "mesos.dev_mesostasksets.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(content, crd); err != nil {
		t.Fatal(err)
	}
	spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["template"].Properties["spec"]
	found := map[string]bool{}
	var walk func(schema *apiextensionsv1.JSONSchemaProps, path string)
	walk = func(schema *apiextensionsv1.JSONSchemaProps, path string) {
		root, _, _ := strings.Cut(path, ".")
		if schema.Default != nil && !slices.Contains(kept, root) {
			found[path] = true
			if want := fmt.Sprint(defaults[path]); strings.Trim(string(schema.Default.Raw), `"`) != want {
				t.Errorf("the CRD has default %s for %s, and %s is known", schema.Default.Raw, path, want)
			}
		}
		for name, property := range schema.Properties {
			walk(&property, strings.TrimPrefix(path+"."+name, "."))
		}
		if schema.Items != nil && schema.Items.Schema != nil {
			walk(schema.Items.Schema, path+"[]")
		}
	}
	walk(&spec, "")
	for path := range defaults {
		if !found[path] {
			t.Errorf("the CRD has no default for %s", path)
		}
	}
	for _, name := range kept {
		if _, ok := spec.Properties[name]; !ok {
			t.Errorf("there is no field %s", name)
		}
	}
}

// TestNext_labels: the template's labels and annotations are the tasks', what left the template leaves them, and what others put there stays.
func TestNext_labels(t *testing.T) {
	g := aSet(1, "a").task("a", func(task *v1alpha1.MesosTask) {
		task.Labels["old"], task.Labels["theirs"], task.Labels["tier"] = "x", "y", "back"
		task.Annotations = map[string]string{v1alpha1.AnnotationBinding: "{}", "note": "before"}
	})
	g.Revisions[0].Template.Metadata = v1alpha1.TemplateMetadata{
		Labels: map[string]v1alpha1.TemplateLabel{"old": "x", "tier": "back"}, Annotations: map[string]v1alpha1.TemplateText{"note": "before"},
	}
	g.Set.Spec.Template.Metadata = v1alpha1.TemplateMetadata{Labels: map[string]v1alpha1.TemplateLabel{"tier": "front", "new": "z"}}
	changes := Next(g.Seen).Changes
	if len(changes) != 1 {
		t.Fatalf("%d changes: %+v", len(changes), changes)
	}
	if diff := cmp.Diff(map[string]Value{"old": {"x", nil}, "tier": {"back", "front"}, "new": {nil, "z"}}, changes[0].Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Value{"note": {"before", nil}}, changes[0].Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if len(changes[0].Spec) > 0 {
		t.Errorf("the spec: %+v", changes[0].Spec)
	}
}

// TestNext_pullPolicy: of a container only the pull policy is changed as it runs, also of an older revision.
func TestNext_pullPolicy(t *testing.T) {
	g := aSet(1, "a").with(func(g *given) {
		g.Set.Spec.UpdateStrategy.Type = v1alpha1.UpdateOnDelete
		g.Revisions[0].Template.Spec.Container = &v1alpha1.Container{Image: "web:1"}
		g.Revisions[0].Label = "0123456789"
	}).task("a", func(task *v1alpha1.MesosTask) { task.Spec.Container = &v1alpha1.Container{Image: "web:1"} })
	g.Set.Spec.Template.Spec.Container = &v1alpha1.Container{Image: "web:2", PullPolicy: v1alpha1.PullAlways}
	decision := Next(g.Seen)
	if decision.MakeRevision == nil || len(decision.Changes) != 1 {
		t.Fatalf("the decision is %+v", decision)
	}
	want := map[string]Value{"container": {map[string]any{"image": "web:1"}, map[string]any{"image": "web:1", "pullPolicy": "Always"}}}
	if diff := cmp.Diff(want, decision.Changes[0].Spec); diff != "" {
		t.Errorf("the spec (-want +got):\n%s", diff)
	}
}
