package lifecycle

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// FuzzUpdates has Mesos say anything of an attempt, in any order and however often, three bytes each: what is recorded of it never goes backwards, an
// end stays as it is, and the same word again is no news.
func FuzzUpdates(f *testing.F) {
	for _, script := range []string{
		"\x00\x00\x00\x01\x00\x00\x02\x00\x00\x04\x00\x10", "\x02\x00\x00\x05\x06\x00\x05\x00\x00", "\x02\x00\x08\x0b\x06\x00\x02\x00\x10", "\x0c\x52\x00\x0d\x06\x10\x02\x00\x00",
		"\x01\x00\x00\x0a\x15\x00\x06\x00\x20", "\x02\x18\x04\x02\x18\x08\x06\x00\x00",
	} {
		f.Add([]byte(script))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		s := newStory()
		s.bind(LaunchAccepted)
		for ; len(script) >= 3; script = script[3:] {
			s.later([]time.Duration{0, time.Second, 6 * time.Second, 2 * time.Minute}[script[2]>>4%4])
			said := saidBy([3]byte(script))
			s.hears(said)
			said = *s.Observation
			before := s.Status.DeepCopy()
			s.look()
			checkOneAttempt(t, s.Binding.TaskID, before.Task, s.Status.Task)
			s.later(checkedEvery)
			settled := s.look().Status
			checkOneAttempt(t, s.Binding.TaskID, before.Task, settled.Task)
			if again := s.look(); !equality.Semantic.DeepEqual(again.Status, settled) || len(again.Events) > 0 {
				t.Fatalf("%+v again is news (-once +twice):\n%s%+v", said, cmp.Diff(settled, again.Status), again.Events)
			}
		}
	})
}

// saidBy makes an update of three bytes: its state, who says it and why, and what it says besides.
func saidBy(code [3]byte) mesos.Observation {
	sources := []string{mesos.SourceExecutor, mesos.SourceAgent, mesos.SourceMaster, ""}
	reasons := []string{
		"", mesos.ReasonReconciliation, mesos.ReasonInvalidOffers, mesos.ReasonTaskInvalid, mesos.ReasonAgentRemoved, mesos.ReasonAgentDraining,
		mesos.ReasonTaskHealthCheckStatusUpdated, mesos.ReasonContainerLaunchFailed,
	}
	said := mesos.Observation{
		State: allStates[int(code[0])%len(allStates)], Source: sources[code[1]%4], Reason: reasons[code[1]>>2%8],
		Message: []string{"", "Task has duplicate ID: t", "Command exited with status 7", "Command terminated with signal Killed"}[code[1]>>5%4],
		Healthy: []*bool{nil, new(true), new(false), nil}[code[2]%4],
	}
	if code[2]&0x04 != 0 && (said.State == mesos.TaskLost || said.State == mesos.TaskUnknown) {
		said.AgentRemoved = "Agent agent-1 removed: the agent unregistered"
	}
	if code[2]&0x08 != 0 {
		said.ContainerID, said.IPs = "c1", []string{"10.0.0.1"}
	}
	if said.Source != mesos.SourceMaster && code[2]&0x40 == 0 {
		said.UUID = code[:]
	}
	return said
}

// checkOneAttempt checks what may become of the record of an attempt.
func checkOneAttempt(t *testing.T, taskID string, was, is *v1alpha1.TaskAttempt) {
	t.Helper()
	switch {
	case was == nil:
		return
	case is == nil || is.ID != taskID:
		t.Fatalf("%s gave way to %+v", taskID, is)
	case is.State != was.State && mesos.TaskState(is.State).Regresses(mesos.TaskState(was.State)):
		t.Fatalf("%s became %s", was.State, is.State)
	case was.StartTime != nil && !was.StartTime.Equal(is.StartTime):
		t.Fatalf("it started at %v, and then at %v", was.StartTime, is.StartTime)
	case was.AgentRemovedTime != nil && is.AgentRemovedTime != nil && !was.AgentRemovedTime.Equal(is.AgentRemovedTime):
		t.Fatalf("its agent was removed at %v, and then at %v", was.AgentRemovedTime, is.AgentRemovedTime)
	}
	if was.FinishTime == nil {
		return
	}
	// Why it ended is told after an answer to RECONCILE told that it did; nothing else is.
	end := *is
	if was.Reason == mesos.ReasonReconciliation {
		end.Reason, end.Source, end.Message, end.Healthy = was.Reason, was.Source, was.Message, was.Healthy
		if was.ExitCode == nil {
			end.ExitCode = nil
		}
		if was.Signal == "" {
			end.Signal = ""
		}
	}
	if !equality.Semantic.DeepEqual(*was, end) {
		t.Fatalf("an end changed (-before +after):\n%s", cmp.Diff(*was, *is))
	}
}
