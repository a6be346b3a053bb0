package lifecycle

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	hashA = "1aaaaaaaa"
	hashB = "1bbbbbbbb"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(after time.Duration) *metav1.Time { return &metav1.Time{Time: epoch.Add(after)} }

// story is one MesosTask as the controller would carry it along: what Next decides is written when it is due.
type story struct {
	Seen
	attempts int
	// writes counts the writes of the status, told holds the events that went with them.
	writes int
	told   []string
}

// newStory is a MesosTask that has just been applied.
func newStory(changes ...func(*v1alpha1.MesosTaskSpec)) *story {
	s := &story{Seen: Seen{
		Now: epoch, Namespace: "shop", Name: "web", UID: "uid-1", Created: epoch, Generation: 1, Hash: hashA, FrameworkID: "framework-1", AgentHost: "host-1",
		Spec: v1alpha1.MesosTaskSpec{
			FrameworkRef: v1alpha1.FrameworkReference{Name: "default"}, RestartPolicy: v1alpha1.RestartAlways,
			Backoff: v1alpha1.Backoff{InitialSeconds: 1, MaxSeconds: 300}, DeletionPolicy: v1alpha1.TaskDeletionKill,
		},
		Status: v1alpha1.MesosTaskStatus{ObservedGeneration: -1},
	}}
	for _, change := range changes {
		change(&s.Spec)
	}
	return s
}

func policy(policy v1alpha1.RestartPolicy) func(*v1alpha1.MesosTaskSpec) {
	return func(spec *v1alpha1.MesosTaskSpec) { spec.RestartPolicy = policy }
}

func maxRestarts(limit int32) func(*v1alpha1.MesosTaskSpec) {
	return func(spec *v1alpha1.MesosTaskSpec) { spec.MaxRestarts = &limit }
}

// look decides, writes what is due and tells what goes with it. Of an object that goes for good nothing is written, and its last status is that of
// the decision.
func (s *story) look() Decision {
	decision := Next(s.Seen)
	due := !s.Now.Before(decision.WriteAt) && !equality.Semantic.DeepEqual(decision.Status, s.Status)
	if due {
		s.LastWrite = s.Now
		s.writes++
	}
	if due || decision.Gone {
		s.Status = decision.Status
		for _, event := range decision.Events {
			s.told = append(s.told, fmt.Sprintf("%s %s", map[bool]string{false: "Normal", true: "Warning"}[event.Warning], event.Reason))
		}
	}
	return decision
}

// later lets time pass.
func (s *story) later(d time.Duration) *story {
	s.Now = s.Now.Add(d)
	return s
}

// change is an edit of the object that raises its generation.
func (s *story) change(edit func(*story)) *story {
	s.Generation++
	edit(s)
	return s
}

func suspend(s *story)    { s.Spec.Suspend = true }
func resume(s *story)     { s.Spec.Suspend = false }
func changeHash(s *story) { s.Hash = hashB }
func remove(s *story)     { s.Deleting, s.DeletedAt = true, s.Now }

// removeSlowly deletes the object and lets its KILL be without effect for as long as that is not worth a write.
func removeSlowly(s *story) {
	remove(s)
	s.carryOut()
	s.later(quickly)
}

// bind binds the next attempt.
func (s *story) bind(launch Launch) *story {
	s.attempts++
	s.Binding = &v1alpha1.Binding{
		TaskID: fmt.Sprintf("shop.web.%s.nonce%05d", s.Hash, s.attempts), AgentID: "agent-1", Hostname: "host-1",
		FrameworkID: s.FrameworkID, UID: s.UID, RestartedAt: s.RestartRequest,
	}
	s.Finalized, s.BoundSince, s.Launch, s.AcceptedAt, s.RefusedWith = true, s.Now, launch, time.Time{}, ""
	if launch == LaunchAccepted {
		s.AcceptedAt = s.Now
	}
	s.Observation, s.Unacknowledged, s.Doubted = nil, nil, false
	s.Kills, s.Asks, s.FirstKill, s.LastKill, s.LastAsk = 0, 0, time.Time{}, time.Time{}, time.Time{}
	s.Placement, s.Waiting = nil, nil
	return s
}

// says makes Mesos say something of the attempt: an update of the executor that waits for its acknowledgement.
func (s *story) says(state mesos.TaskState, message ...string) *story {
	s.hears(mesos.Observation{State: state, Source: mesos.SourceExecutor, UUID: []byte("uuid-" + state)})
	if len(message) > 0 {
		s.Observation.Message = message[0]
	}
	return s
}

// masterSays makes the master say something on its own.
func (s *story) masterSays(state mesos.TaskState, reason, message string) *story {
	return s.hears(mesos.Observation{State: state, Source: mesos.SourceMaster, Reason: reason, Message: message})
}

// answers is the master's answer to a RECONCILE.
func (s *story) answers(state mesos.TaskState) *story {
	return s.masterSays(state, mesos.ReasonReconciliation, "Reconciliation: Latest task state")
}

func (s *story) hears(said mesos.Observation) *story {
	said.TaskID, said.AgentID, said.Time = s.Binding.TaskID, "agent-1", s.Now
	s.Observation, s.Unacknowledged = &said, said.UUID
	return s
}

// running is a task that runs, written and acknowledged.
func running(changes ...func(*v1alpha1.MesosTaskSpec)) *story {
	s := newStory(changes...)
	s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
	s.Unacknowledged, s.writes, s.told = nil, 0, nil
	return s
}

// ended is a task whose attempt ran and ended thus, written and acknowledged.
func ended(state mesos.TaskState, changes ...func(*v1alpha1.MesosTaskSpec)) *story {
	s := running(changes...)
	s.says(state).look()
	s.Unacknowledged, s.writes, s.told = nil, 0, nil
	return s
}

// summary is what matters of a decision for most tests.
type summary struct {
	Rule  string
	Ready string
	Steps []Step
}

func summarize(decision Decision) summary {
	ready := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady)
	return summary{decision.Rule, string(ready.Status) + "/" + ready.Reason, decision.Steps}
}

func checkSummary(t *testing.T, decision Decision, want summary) {
	t.Helper()
	if diff := cmp.Diff(want, summarize(decision)); diff != "" {
		t.Errorf("the decision (-want +got):\n%s", diff)
	}
}

// checkAgain compares the time to look again, after epoch; zero for never.
func checkAgain(t *testing.T, decision Decision, want time.Duration) {
	t.Helper()
	got := time.Duration(0)
	if !decision.Check.IsZero() {
		got = decision.Check.Sub(epoch)
	}
	if got != want {
		t.Errorf("looks again %v after the beginning, want %v (0s: never)", got, want)
	}
}

func has(decision Decision, step Step) bool { return slices.Contains(decision.Steps, step) }
