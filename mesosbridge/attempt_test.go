package mesosbridge

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// update is an update from an executor.
func update(state mesos.TaskState) mesos.Observation {
	return mesos.Observation{
		TaskID: "t", AgentID: "a1", State: state, Source: mesos.SourceExecutor, Message: "by the executor", UUID: []byte(state),
		ContainerID: "c1", IPs: []string{"10.0.0.1"},
	}
}

// answer is an answer to RECONCILE.
func answer(state mesos.TaskState) mesos.Observation {
	return mesos.Observation{
		TaskID: "t", AgentID: "a1", State: state, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation, Message: "by the master",
	}
}

// duplicate is the master's refusal of a second launch.
func duplicate() mesos.Observation {
	return mesos.Observation{
		TaskID: "t", State: mesos.TaskError, Source: mesos.SourceMaster, Reason: mesos.ReasonTaskInvalid, Message: "Task has duplicate ID: t",
	}
}

// dropped is the master's answer to a launch on an offer that is gone.
func dropped() mesos.Observation {
	return mesos.Observation{TaskID: "t", State: mesos.TaskDropped, Source: mesos.SourceMaster, Reason: mesos.ReasonInvalidOffers}
}

// history has a record observe all that was said, numbered from one.
func history(said ...mesos.Observation) *record {
	r := &record{}
	for i, o := range said {
		o.Number = mesos.Number{Term: 1, Event: uint64(i + 1)}
		r.observe(o)
	}
	return r
}

func TestRecord_observe(t *testing.T) {
	tests := map[string]struct {
		said []mesos.Observation
		want mesos.TaskState
		from int // which of them is known in the end, from one
	}{
		"the first is all there is":                      {[]mesos.Observation{update(mesos.TaskRunning)}, mesos.TaskRunning, 1},
		"a later state follows":                          {[]mesos.Observation{update(mesos.TaskStarting), update(mesos.TaskRunning)}, mesos.TaskRunning, 2},
		"an earlier state does not":                      {[]mesos.Observation{update(mesos.TaskRunning), update(mesos.TaskStarting)}, mesos.TaskRunning, 1},
		"a late answer does not take it back":            {[]mesos.Observation{update(mesos.TaskRunning), answer(mesos.TaskStaging)}, mesos.TaskRunning, 1},
		"nothing follows an end":                         {[]mesos.Observation{update(mesos.TaskFinished), answer(mesos.TaskGone)}, mesos.TaskFinished, 1},
		"not even life":                                  {[]mesos.Observation{update(mesos.TaskFailed), update(mesos.TaskRunning)}, mesos.TaskFailed, 1},
		"unreachable is not the end":                     {[]mesos.Observation{answer(mesos.TaskUnreachable), update(mesos.TaskRunning)}, mesos.TaskRunning, 2},
		"lost is not the end":                            {[]mesos.Observation{answer(mesos.TaskLost), update(mesos.TaskStarting)}, mesos.TaskStarting, 2},
		"an answer may end it":                           {[]mesos.Observation{update(mesos.TaskRunning), answer(mesos.TaskGone)}, mesos.TaskGone, 2},
		"a refused second launch says nothing of it":     {[]mesos.Observation{update(mesos.TaskRunning), duplicate()}, mesos.TaskRunning, 1},
		"a launch that the master dropped may live":      {[]mesos.Observation{dropped(), answer(mesos.TaskStaging)}, mesos.TaskStaging, 2},
		"a launch that the master dropped may be gone":   {[]mesos.Observation{dropped(), answer(mesos.TaskGone)}, mesos.TaskDropped, 1},
		"an unknown state is taken for what it is":       {[]mesos.Observation{update(mesos.TaskRunning), update("TASK_99")}, "TASK_99", 2},
		"what an operator's word ended may come back":    {[]mesos.Observation{answer(mesos.TaskGoneByOperator), update(mesos.TaskRunning), update(mesos.TaskKilled)}, mesos.TaskKilled, 3},
		"an agent that drains has seen the end":          {[]mesos.Observation{update(mesos.TaskGoneByOperator), answer(mesos.TaskGoneByOperator)}, mesos.TaskGoneByOperator, 1},
		"an unknown state does not follow an end either": {[]mesos.Observation{update(mesos.TaskKilled), update("TASK_99")}, mesos.TaskKilled, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := history(test.said...)
			if r.Observation.State != test.want || r.Observation.Number.Event != uint64(test.from) {
				t.Errorf("known is %+v", r.Observation)
			}
			if got := int(r.Last.Event); got != len(test.said) {
				t.Errorf("the last event about it is %d", got)
			}
		})
	}
}

func TestRecord_observe_keepsWhatAnAnswerDoesNotSay(t *testing.T) {
	healthy := true
	said := update(mesos.TaskRunning)
	said.Time = time.Unix(1000, 0)
	repeated := answer(mesos.TaskRunning)
	repeated.Healthy, repeated.Check, repeated.AgentID = &healthy, &mesos.CheckResult{ExitCode: new(int32(7))}, "a2"
	got := *history(said, repeated).Observation
	want := said
	want.Healthy, want.Check, want.AgentID, want.Number = &healthy, repeated.Check, "a2", mesos.Number{Term: 1, Event: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected (-want +got):\n%s", diff)
	}
	unknown := answer(mesos.TaskUnknown)
	unknown.AgentID = ""
	got = *history(said, unknown).Observation
	if got.AgentID != "a1" || got.ContainerID != "c1" || got.State != mesos.TaskUnknown || got.Message != "by the master" {
		t.Errorf("unexpected: %+v", got)
	}
}

func TestRecord_observe_marksWhatNeedsAnotherLook(t *testing.T) {
	tests := map[string]struct {
		said     []mesos.Observation
		doubted  uint64
		returned mesos.TaskState
	}{
		"a refused second launch":             {[]mesos.Observation{duplicate()}, 1, ""},
		"a launch that the master dropped":    {[]mesos.Observation{update(mesos.TaskStaging), dropped()}, 2, ""},
		"a return after the operator's word":  {[]mesos.Observation{answer(mesos.TaskGoneByOperator), update(mesos.TaskRunning)}, 0, mesos.TaskRunning},
		"an ordinary life":                    {[]mesos.Observation{update(mesos.TaskRunning), update(mesos.TaskFinished), answer(mesos.TaskGone)}, 0, ""},
		"a return of what was unreachable":    {[]mesos.Observation{answer(mesos.TaskUnreachable), update(mesos.TaskRunning)}, 0, ""},
		"a launch that an agent says is gone": {[]mesos.Observation{update(mesos.TaskGone)}, 0, ""},
		"what the master dropped lives":       {[]mesos.Observation{dropped(), answer(mesos.TaskStaging), update(mesos.TaskRunning)}, 1, ""},
		"and is unreachable":                  {[]mesos.Observation{dropped(), answer(mesos.TaskStaging), answer(mesos.TaskUnreachable)}, 1, ""},
		"what returned ends":                  {[]mesos.Observation{answer(mesos.TaskGoneByOperator), update(mesos.TaskRunning), update(mesos.TaskKilled)}, 0, ""},
		"nobody knows what ended":             {[]mesos.Observation{update(mesos.TaskKilled), answer(mesos.TaskUnknown)}, 0, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := history(test.said...)
			var returned mesos.TaskState
			if r.Returned != nil {
				returned = r.Returned.State
			}
			if r.Doubted.Event != test.doubted || returned != test.returned {
				t.Errorf("doubted by %v, returned as %q", r.Doubted, returned)
			}
		})
	}
}

func TestRecord_observe_keepsTheHeadOfTheAgentsQueue(t *testing.T) {
	first, second := update(mesos.TaskStarting), update(mesos.TaskRunning)
	r := history(first, answer(mesos.TaskStarting))
	if r.Unacked == nil || string(r.Unacked.UUID) != string(first.UUID) {
		t.Errorf("what waits is %+v", r.Unacked)
	}
	r = history(first, second, answer(mesos.TaskRunning))
	if r.Unacked == nil || string(r.Unacked.UUID) != string(second.UUID) {
		t.Errorf("what waits is %+v", r.Unacked)
	}
}

// Whatever is said, in whatever order and however often: an end never changes but for a launch that the master dropped, for what
// the update itself says of an end that an answer told of, and for the end itself where only an operator's word told of one; and a life never goes backwards.
func TestRecord_observe_neverGoesBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var said []mesos.Observation
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			state := rapid.SampledFrom(mesos.TaskStates()).Draw(t, "state")
			kind := rapid.SampledFrom([]func() mesos.Observation{
				func() mesos.Observation { return update(state) },
				func() mesos.Observation { return answer(state) },
				duplicate, dropped,
			}).Draw(t, "kind")
			said = append(said, kind())
			if rapid.Bool().Draw(t, "twice") {
				said = append(said, said[len(said)-1])
			}
		}
		r := &record{}
		for i, o := range said {
			checkMerge(t, r, o, uint64(2*i+1))
		}
	})
}

// FuzzUpdates holds the same for whatever can be said at all: each update is three bytes.
func FuzzUpdates(f *testing.F) {
	for _, script := range []string{"\x00\x00\x00\x01\x00\x00\x02\x00\x00\x04\x00\x00", "\x02\x00\x00\x09\x20\x01\x02\x20\x00", "\x0a\x04\x00\x02\x00\x00\x06\x00\x00"} {
		f.Add([]byte(script))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		r := &record{}
		for i := 0; i+3 <= len(script); i += 3 {
			checkMerge(t, r, saidBy([3]byte(script[i:i+3])), uint64(i+1))
		}
	})
}

// saidBy makes an update of three bytes: its state, who says it and why, and what it says besides.
func saidBy(code [3]byte) mesos.Observation {
	states := append(mesos.TaskStates(), "TASK_99")
	sources := []string{mesos.SourceExecutor, mesos.SourceAgent, mesos.SourceMaster, ""}
	reasons := []string{
		"", mesos.ReasonReconciliation, mesos.ReasonInvalidOffers, mesos.ReasonTaskInvalid, mesos.ReasonAgentRemoved, mesos.ReasonAgentDraining,
		mesos.ReasonTaskHealthCheckStatusUpdated, mesos.ReasonAgentReregistered,
	}
	o := mesos.Observation{
		TaskID: "t", State: states[int(code[0])%len(states)], Source: sources[code[1]%4], Reason: reasons[code[1]>>2%8],
		Message: []string{"", "Task has duplicate ID: t", "Agent removed", "exited with status 1"}[code[1]>>5%4],
		AgentID: []string{"", "a1", "a2", "a1"}[code[2]%4], Healthy: []*bool{nil, new(true), new(false), nil}[code[2]>>2%4],
	}
	if code[2]&0x10 != 0 {
		o.ContainerID, o.IPs = "c1", []string{"10.0.0.1"}
	}
	if code[2]&0x20 != 0 {
		o.Check = &mesos.CheckResult{Status: new(uint32(code[2] >> 6))}
	}
	if o.Source != mesos.SourceMaster && code[2]&0x40 == 0 {
		o.UUID = code[:]
	}
	if o.State == mesos.TaskUnreachable && code[2]&0x80 != 0 {
		o.UnreachableTime = time.Unix(int64(code[1]), 0)
	}
	return o
}

// checkMerge has a record observe o, twice, as event number and the next, and checks what that may change.
func checkMerge(t rapid.TB, r *record, o mesos.Observation, number uint64) {
	t.Helper()
	before := *r
	kept := before.Observation
	var was mesos.Observation
	if kept != nil {
		was = *kept
	}
	o.Number = mesos.Number{Term: 1, Event: number}
	r.observe(o)
	once := r.Attempt
	if kept != nil {
		checkFollows(t, kept, r.Observation, o)
		if !reflect.DeepEqual(was, *kept) {
			t.Fatalf("what was handed out changed (-before +after):\n%s", cmp.Diff(was, *kept))
		}
	}
	if before.Lived && !r.Lived || o.State.Class() == mesos.Live && !r.Lived {
		t.Fatalf("%s does not count as having lived after %+v", o.TaskID, o)
	}
	if len(o.UUID) > 0 && (r.Unacked == nil || !bytes.Equal(r.Unacked.UUID, o.UUID)) || len(o.UUID) == 0 && r.Unacked != before.Unacked {
		t.Fatalf("after %+v what waits to be acknowledged is %+v", o, r.Unacked)
	}
	o.Number.Event++
	r.observe(o)
	if once, twice := unnumbered(once), unnumbered(r.Attempt); !reflect.DeepEqual(once, twice) {
		t.Fatalf("the same again changes it (-once +twice):\n%s", cmp.Diff(once, twice))
	}
}

// checkFollows checks what may follow on what was known once o was said.
func checkFollows(t rapid.TB, before, after *mesos.Observation, o mesos.Observation) {
	t.Helper()
	switch {
	case after == nil:
		t.Fatalf("%+v is forgotten", before)
	case droppedByMaster(before), goneByWord(before) && after.State.Class() == mesos.Ended:
		return
	case after.State.Regresses(before.State) && after.State != before.State:
		t.Fatalf("%s became %s", before.State, after.State)
	}
	told := mesos.TellsNoWhy(before.Source, before.Reason) && len(o.UUID) > 0 && o.State == before.State
	if before.State.Class() == mesos.Ended && after != before && !told {
		t.Fatalf("an end changed: %+v became %+v", before, after)
	}
}

func TestRecord_observe_theUpdateSaysWhy(t *testing.T) {
	reregistered := answer(mesos.TaskFailed)
	reregistered.Reason = mesos.ReasonAgentReregistered
	for _, first := range []mesos.Observation{answer(mesos.TaskFailed), reregistered} {
		r := &record{}
		r.observe(first)
		r.observe(update(mesos.TaskFailed))
		if r.Observation.Message != update(mesos.TaskFailed).Message || r.Unacked == nil {
			t.Errorf("after %s and its update the record is %+v, want the update's words", first.Reason, r.Observation)
		}
		r.observe(first)
		if r.Observation.Message != update(mesos.TaskFailed).Message {
			t.Errorf("%s once more wiped what the update said: %+v", first.Reason, r.Observation)
		}
	}
}
