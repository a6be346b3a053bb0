package rollout

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/argocd"
)

// noon is when the stories of this file are told.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// story is a set of three and what is known of it.
type story struct{ Seen }

// settled is a set whose three tasks are available.
func settled(changes ...func(*story)) *story {
	set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "set", Generation: 1}}
	set.Spec.Replicas, set.Spec.ProgressDeadlineSeconds = new(int32(3)), 600
	set.Spec.Template.Spec.Shell, set.Spec.Template.Spec.FrameworkRef.Name = "serve 0", "default"
	s := &story{Seen{Now: noon, Set: set, Framework: Framework{Reconciled: true, Proven: true}}}
	s.Revisions = []Revision{*Next(s.Seen).MakeRevision}
	for i := range 3 {
		s.Tasks = append(s.Tasks, s.task(i, metav1.ConditionTrue, v1alpha1.ReasonRunning))
	}
	s.look()
	for _, change := range changes {
		change(s)
	}
	return s
}

// task is a MesosTask of the set's first revision.
func (s *story) task(index int, ready metav1.ConditionStatus, reason string) *v1alpha1.MesosTask {
	label := s.Revisions[0].Label
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: fmt.Sprintf("web-%s-%d", label, index), UID: types.UID(strconv.Itoa(index)), Generation: 1,
		Labels:          map[string]string{v1alpha1.LabelSet: "web", v1alpha1.LabelRevision: label},
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s.Set, v1alpha1.GroupVersion.WithKind("MesosTaskSet"))},
	}, Spec: *s.Set.Spec.Template.Spec.DeepCopy()}
	task.Status.ObservedGeneration = 1
	task.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: ready, Reason: reason, Message: "As said", LastTransitionTime: metav1.Time{Time: noon.Add(-time.Hour)},
	}}
	return task
}

// look decides, and keeps what is then known of the set.
func (s *story) look() Decision {
	decision := Next(s.Seen)
	s.Set.Status = decision.Status
	return decision
}

// unready makes one of the tasks be not ready for a reason.
func unready(reason string, stalled bool) func(*story) {
	return func(s *story) {
		s.Tasks[2] = s.task(2, metav1.ConditionFalse, reason)
		if stalled {
			s.Tasks[2].Status.Conditions = append(s.Tasks[2].Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: reason})
		}
	}
}

// spec changes the set's spec.
func spec(change func(*v1alpha1.MesosTaskSetSpec)) func(*story) {
	return func(s *story) {
		change(&s.Set.Spec)
		s.Set.Generation++
	}
}

var (
	another   = spec(func(spec *v1alpha1.MesosTaskSetSpec) { spec.Template.Spec.Shell = "serve 1" })
	paused    = spec(func(spec *v1alpha1.MesosTaskSetSpec) { spec.Paused = true })
	suspended = spec(func(spec *v1alpha1.MesosTaskSetSpec) { spec.Suspend = true })
	onDelete  = spec(func(spec *v1alpha1.MesosTaskSetSpec) { spec.UpdateStrategy.Type = v1alpha1.UpdateOnDelete })
	four      = spec(func(spec *v1alpha1.MesosTaskSetSpec) { spec.Replicas = new(int32(4)) })
	none      = spec(func(spec *v1alpha1.MesosTaskSetSpec) { spec.Replicas = new(int32(0)) })
)

// gone has no tasks.
func gone(s *story) { s.Tasks = nil }

// atRest has all tasks kept from running.
func atRest(s *story) {
	for i := range s.Tasks {
		s.Tasks[i] = s.task(i, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
		s.Tasks[i].Spec.Suspend = true
	}
}

// lateBy lets a time pass after a look.
func lateBy(duration time.Duration) func(*story) {
	return func(s *story) {
		s.look()
		s.Now = s.Now.Add(duration)
	}
}

// behind is a framework that does not answer for its tasks.
func behind(s *story) { s.Framework.Reconciled = false }

// obstructed is a framework under which nothing can be made.
func obstructed(s *story) {
	s.Framework.Obstacle = &Obstacle{Reason: v1alpha1.ReasonFrameworkNotFound, Message: "There is none"}
}

// refused is a set whose writes the API server refuses.
func refused(s *story) { s.Refused = Refused{Creation: "exceeded quota", Most: new(3)} }

// TestNext_conditions: what the conditions of a set say is read in the same way by kstatus (Helm, Flux) and by Argo CD, whatever the reason.
func TestNext_conditions(t *testing.T) {
	reasons := map[string]bool{}
	for name, c := range map[string]struct {
		story  *story
		reason string
		read   status.Status
		health string
	}{
		"all are available":           {settled(), v1alpha1.ReasonAvailable, status.CurrentStatus, "Healthy"},
		"there are to be none":        {settled(none, gone), v1alpha1.ReasonAvailable, status.CurrentStatus, "Healthy"},
		"another template":            {settled(another), v1alpha1.ReasonRollingOut, status.InProgressStatus, "Progressing"},
		"another, on delete":          {settled(onDelete, another), v1alpha1.ReasonAvailable, status.CurrentStatus, "Healthy"},
		"another, while paused":       {settled(paused, another), v1alpha1.ReasonAvailable, status.CurrentStatus, "Suspended"},
		"paused, and one more wanted": {settled(paused, four), v1alpha1.ReasonScaling, status.InProgressStatus, "Progressing"},
		"one more wanted":             {settled(four), v1alpha1.ReasonScaling, status.InProgressStatus, "Progressing"},
		"one restarts":                {settled(unready(v1alpha1.ReasonBackOff, false)), v1alpha1.ReasonUnavailable, status.InProgressStatus, "Progressing"},
		"one cannot run":              {settled(unready(v1alpha1.ReasonUserNotAllowed, true)), v1alpha1.ReasonTaskStalled, status.FailedStatus, "Degraded"},
		"a rollout makes no progress": {settled(another, lateBy(time.Hour)), v1alpha1.ReasonProgressDeadlineExceeded, status.FailedStatus, "Degraded"},
		"to be suspended":             {settled(suspended), v1alpha1.ReasonUnavailable, status.InProgressStatus, "Progressing"},
		"suspended":                   {settled(suspended, atRest), v1alpha1.ReasonSuspended, status.CurrentStatus, "Suspended"},
		"created, and not connected":  {settled(behind, gone), v1alpha1.ReasonAwaitingFramework, status.InProgressStatus, "Progressing"},
		"available, not connected":    {settled(behind), v1alpha1.ReasonAvailable, status.CurrentStatus, "Healthy"},
		"there is no framework":       {settled(obstructed, gone), v1alpha1.ReasonFrameworkNotFound, status.FailedStatus, "Degraded"},
		"its writes are refused":      {settled(refused, four), v1alpha1.ReasonWriteRefused, status.FailedStatus, "Degraded"},
	} {
		t.Run(name, func(t *testing.T) {
			before := c.story.object(t)
			c.story.look()
			ready := meta.FindStatusCondition(c.story.Set.Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.Reason != c.reason {
				t.Fatalf("condition Ready is %+v, want reason %s", ready, c.reason)
			}
			reasons[ready.Reason] = true
			c.story.read(t, c.story.object(t), c.read, c.health)
			if health, err := argocd.HealthOf(t.Context(), c.story.object(t)); err != nil || !strings.Contains(health.Message, c.reason) {
				t.Errorf("Argo CD says %q (%v), without the reason %s", health.Message, err, c.reason)
			}
			if c.story.Set.Generation > 1 && c.story.Set.Status.LastProgressTime == nil {
				// What was said before the change is not taken for what is said of it.
				c.story.read(t, before, status.InProgressStatus, "Progressing")
			}
			deleted := c.story.object(t)
			deleted.SetDeletionTimestamp(&metav1.Time{Time: noon})
			c.story.read(t, deleted, status.TerminatingStatus, "Progressing")
		})
	}
	for _, reason := range reasonsOfSets(t) {
		if !reasons[reason] {
			t.Errorf("no row has the reason %s", reason)
		}
	}
}

// object is the set as the API server has it.
func (s *story) object(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	set := s.Set.DeepCopy()
	set.APIVersion, set.Kind = v1alpha1.GroupVersion.String(), "MesosTaskSet"
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(set)
	if err != nil {
		t.Fatalf("converting the object: %v", err)
	}
	return &unstructured.Unstructured{Object: content}
}

// read compares what tools make of an object with what they should.
func (s *story) read(t *testing.T, object *unstructured.Unstructured, read status.Status, health string) {
	t.Helper()
	if result, err := status.Compute(object); err != nil || result.Status != read {
		t.Errorf("kstatus reads %v (%v), want %s", result, err, read)
	}
	if got, err := argocd.HealthOf(t.Context(), object); err != nil || got.Status != health {
		t.Errorf("to Argo CD it is %+v (%v), want %s", got, err, health)
	}
}

// reasonsOfSets are the reasons that the API documents for a MesosTaskSet's conditions alone.
func reasonsOfSets(t *testing.T) (reasons []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/condition_types.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, declaration := range file.Decls {
		block, ok := declaration.(*ast.GenDecl)
		if !ok || !strings.HasPrefix(block.Doc.Text(), "Reasons of a MesosTaskSet's conditions") {
			continue
		}
		for _, spec := range block.Specs {
			constant := spec.(*ast.ValueSpec)
			reason, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(constant.Names[0].Name, "Reason") {
				reasons = append(reasons, reason)
			}
		}
	}
	if len(reasons) == 0 {
		t.Fatal("the API documents no reasons")
	}
	return reasons
}
