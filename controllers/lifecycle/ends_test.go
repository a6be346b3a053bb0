package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

var (
	always    = policy(v1alpha1.RestartAlways)
	onFailure = policy(v1alpha1.RestartOnFailure)
	onlyOnce  = policy(v1alpha1.RestartNever)

	acknowledge         = []Step{StepAcknowledge}
	acknowledgeAndPlace = []Step{StepAcknowledge, StepPlace}
	place               = []Step{StepPlace}

	launchesAgain = summary{"launch again", "False/AwaitingOffer", acknowledgeAndPlace}
	interrupted   = summary{"failed for good", "False/Interrupted", acknowledge}
	failsForGood  = summary{"failed for good", "False/Failed", acknowledge}
	completes     = summary{"completed", "True/Completed", acknowledge}
	neverHappened = summary{"launch again", "False/AwaitingOffer", place}
	isRefused     = summary{"Mesos refuses the spec", "False/Refused", nil}
)

// TestNext_ends goes through the ends of the design's section 6.
func TestNext_ends(t *testing.T) {
	for name, c := range map[string]struct {
		policy func(*v1alpha1.MesosTaskSpec)
		// before are the updates that came before the end.
		before []mesos.TaskState
		// meanwhile happens between them and the end.
		meanwhile func(*story)
		end       func(*story)
		want      summary
		// ran and restarts are what is recorded of the attempt, and the count once the next one is bound.
		ran      bool
		restarts int32
	}{
		"FINISHED is launched again with Always":                 {always, runs, nil, update(mesos.TaskFinished), launchesAgain, true, 1},
		"FINISHED completes with OnFailure":                      {onFailure, runs, nil, update(mesos.TaskFinished), completes, true, 1},
		"FINISHED completes with Never":                          {onlyOnce, runs, nil, update(mesos.TaskFinished), completes, true, 1},
		"FINISHED completes though nobody saw it run":            {onlyOnce, nil, nil, update(mesos.TaskFinished), completes, true, 1},
		"FAILED is launched again with Always":                   {always, runs, nil, update(mesos.TaskFailed), launchesAgain, true, 1},
		"FAILED is launched again with OnFailure":                {onFailure, runs, nil, update(mesos.TaskFailed), launchesAgain, true, 1},
		"FAILED fails with Never":                                {onlyOnce, runs, nil, update(mesos.TaskFailed), failsForGood, true, 1},
		"FAILED before RUNNING counts as run":                    {onlyOnce, nil, nil, update(mesos.TaskFailed), failsForGood, true, 1},
		"KILLED by others is as FAILED with Always":              {always, runs, nil, update(mesos.TaskKilled), launchesAgain, true, 1},
		"KILLED by others is as FAILED with OnFailure":           {onFailure, runs, nil, update(mesos.TaskKilled), launchesAgain, true, 1},
		"KILLED by others is as FAILED with Never":               {onlyOnce, runs, nil, update(mesos.TaskKilled), failsForGood, true, 1},
		"GONE_BY_OPERATOR is not counted with Always":            {always, runs, nil, byMaster(mesos.TaskGoneByOperator, "REASON_SLAVE_REMOVED_BY_OPERATOR"), neverHappened, true, 0},
		"GONE_BY_OPERATOR is no failure of its own with Never":   {onlyOnce, runs, nil, byMaster(mesos.TaskGoneByOperator, "REASON_SLAVE_REMOVED_BY_OPERATOR"), summary{"failed for good", "False/Interrupted", nil}, true, 0},
		"GONE after RUNNING is not counted with Always":          {always, runs, nil, answer(mesos.TaskGone), neverHappened, true, 0},
		"GONE after RUNNING is no failure of its own with Never": {onlyOnce, runs, nil, answer(mesos.TaskGone), summary{"failed for good", "False/Interrupted", nil}, true, 0},
		"GONE after STARTING may have run":                       {onlyOnce, []mesos.TaskState{mesos.TaskStarting}, nil, answer(mesos.TaskGone), summary{"failed for good", "False/Interrupted", nil}, true, 0},
		"GONE after KILLING may have run":                        {onlyOnce, []mesos.TaskState{mesos.TaskKilling}, nil, answer(mesos.TaskGone), summary{"failed for good", "False/Interrupted", nil}, true, 0},
		"GONE after UNREACHABLE may have run":                    {onlyOnce, []mesos.TaskState{mesos.TaskUnreachable}, nil, answer(mesos.TaskGone), summary{"failed for good", "False/Interrupted", nil}, true, 0},
		"GONE from the agent itself may have run":                {onlyOnce, nil, nil, update(mesos.TaskGone), interrupted, true, 0},
		"GONE of what nobody heard of never ran":                 {onlyOnce, nil, nil, answer(mesos.TaskGone), neverHappened, false, 0},
		"GONE after STAGING never ran":                           {onlyOnce, []mesos.TaskState{mesos.TaskStaging}, nil, answer(mesos.TaskGone), neverHappened, false, 0},
		"GONE of an attempt of an earlier object may have run": {
			always, nil, func(s *story) { s.UID = "uid-2" }, answer(mesos.TaskGone), neverHappened, true, 0,
		},
		"DROPPED from the agent never ran, and is not counted": {always, nil, nil, update(mesos.TaskDropped), launchesAgain, false, 0},
		"DROPPED is launched again with Never":                 {onlyOnce, nil, nil, update(mesos.TaskDropped), launchesAgain, false, 0},
		"DROPPED by an agent that lost a running task":         {onlyOnce, runs, nil, update(mesos.TaskDropped), interrupted, true, 0},
		"DROPPED from the master never ran, once Mesos was asked": {
			onlyOnce, nil, nil, byMaster(mesos.TaskDropped, mesos.ReasonInvalidOffers), neverHappened, false, 0,
		},
		"KILLED by a drain is not counted":                      {always, runs, nil, byDrain(mesos.TaskKilled), launchesAgain, true, 0},
		"KILLED by a drain is no failure of its own":            {onlyOnce, runs, nil, byDrain(mesos.TaskKilled), interrupted, true, 0},
		"KILLED by a drain during the launch never ran":         {onlyOnce, nil, nil, byAgent(mesos.TaskKilled, mesos.ReasonTaskKilledDuringLaunch, "Killed"), launchesAgain, false, 0},
		"FINISHED during a drain is complete":                   {onFailure, runs, nil, byDrain(mesos.TaskFinished), completes, true, 1},
		"FAILED by a preemption is not counted":                 {always, runs, nil, byAgent(mesos.TaskFailed, mesos.ReasonContainerPreempted, "Preempted"), launchesAgain, true, 0},
		"FAILED by a restart of the agent is not counted":       {always, runs, nil, byAgent(mesos.TaskFailed, mesos.ReasonAgentRestarted, "Restarted"), launchesAgain, true, 0},
		"FAILED as the executor did not come back":              {onlyOnce, runs, nil, byAgent(mesos.TaskFailed, mesos.ReasonExecutorReregistrationTimeout, "Late"), interrupted, true, 0},
		"FAILED by a reboot of the host is not counted":         {always, runs, nil, byAgent(mesos.TaskFailed, mesos.ReasonExecutorTerminated, "Abnormal executor termination: unknown container"), launchesAgain, true, 0},
		"FAILED in the same words before it ran is its own":     {always, nil, nil, byAgent(mesos.TaskFailed, mesos.ReasonExecutorTerminated, "Abnormal executor termination: unknown container"), launchesAgain, true, 1},
		"FAILED by too much memory is its own":                  {always, runs, nil, byAgent(mesos.TaskFailed, "REASON_CONTAINER_LIMITATION_MEMORY", "Memory limit exceeded"), launchesAgain, true, 1},
		"FAILED as a fetch failed never ran":                    {onlyOnce, nil, nil, fetchFailed, launchesAgain, false, 0},
		"FAILED as a fetch failed, after STAGING, never ran":    {onlyOnce, []mesos.TaskState{mesos.TaskStaging}, nil, fetchFailed, launchesAgain, false, 0},
		"FAILED as the executor did not register never ran":     {onFailure, nil, nil, byAgent(mesos.TaskFailed, mesos.ReasonExecutorRegistrationTimeout, "Executor did not register within 1mins"), launchesAgain, false, 0},
		"FAILED in a launch that had told STARTING ran":         {onlyOnce, []mesos.TaskState{mesos.TaskStarting}, nil, fetchFailed, failsForGood, true, 1},
		"FAILED in a launch that was out of sight may have run": {onlyOnce, []mesos.TaskState{mesos.TaskUnreachable}, nil, fetchFailed, failsForGood, true, 1},
		"ERROR by an agent that is not able is tried again": {onlyOnce, nil, nil, func(s *story) {
			s.masterSays(mesos.TaskError, mesos.ReasonTaskInvalid, "Agent is not capable of handling task resource limits")
		}, neverHappened, false, 0},
		"ERROR waits for another spec with Always": {always, nil, nil, byMaster(mesos.TaskError, mesos.ReasonTaskInvalid), isRefused, false, 0},
		"ERROR waits for another spec with Never":  {onlyOnce, nil, nil, byMaster(mesos.TaskError, mesos.ReasonTaskInvalid), isRefused, false, 0},
		"KILLED for a changed spec is launched with it": {
			onlyOnce, runs, changed(changeHash), update(mesos.TaskKilled), summary{"launch the changed spec", "False/AwaitingOffer", acknowledgeAndPlace}, true, 0,
		},
		"FINISHED while it was killed for a changed spec is launched with it": {
			onlyOnce, runs, changed(changeHash), update(mesos.TaskFinished), summary{"launch the changed spec", "False/AwaitingOffer", acknowledgeAndPlace}, true, 0,
		},
		"KILLED for a changed spec that was changed back is launched again": {
			onlyOnce, runs, changed(changeHash, func(s *story) { s.Hash = hashA }), update(mesos.TaskKilled),
			summary{"launch after our own kill", "False/AwaitingOffer", acknowledgeAndPlace},
			true, 0,
		},
		"FINISHED while it was killed for a changed spec that was changed back completes": {
			onlyOnce, runs, changed(changeHash, func(s *story) { s.Hash = hashA }), update(mesos.TaskFinished), completes, true, 0,
		},
		"KILLED for a restart is launched again": {
			onlyOnce, runs, changed(func(s *story) { s.RestartRequest = "1" }), update(mesos.TaskKilled),
			summary{"launch as a person asked", "False/AwaitingOffer", acknowledgeAndPlace},
			true, 0,
		},
		"FINISHED while it was killed for a restart is launched again, as the request is newer than what finished": {
			onlyOnce, runs, changed(func(s *story) { s.RestartRequest = "1" }), update(mesos.TaskFinished),
			summary{"launch as a person asked", "False/AwaitingOffer", acknowledgeAndPlace},
			true, 0,
		},
		"ERROR while it was killed for a changed spec says nothing of the new one": {
			onlyOnce, nil, changed(changeHash), byMaster(mesos.TaskError, mesos.ReasonTaskInvalid),
			summary{"launch the changed spec", "False/AwaitingOffer", place},
			false, 0,
		},
		"ERROR while it was killed for a changed spec that was changed back is tried again": {
			onlyOnce, nil, changed(changeHash, func(s *story) { s.Hash = hashA }), byMaster(mesos.TaskError, mesos.ReasonTaskInvalid),
			summary{"launch after our own kill", "False/AwaitingOffer", place},
			false, 0,
		},
		"FAILED while it was killed for a restart is launched again": {
			onlyOnce, runs, changed(func(s *story) { s.RestartRequest = "1" }), update(mesos.TaskFailed),
			summary{"launch as a person asked", "False/AwaitingOffer", acknowledgeAndPlace},
			true, 0,
		},
		"KILLED for suspend stays down": {
			always, runs, changed(suspend), update(mesos.TaskKilled), summary{"suspended", "True/Suspended", acknowledge}, true, 0,
		},
		"FAILED while it was killed for suspend stays down": {
			onlyOnce, runs, changed(suspend), update(mesos.TaskFailed), summary{"suspended", "True/Suspended", acknowledge}, true, 0,
		},
		"KILLED for suspend that was taken back is launched again": {
			onlyOnce, runs, changed(suspend, resume), update(mesos.TaskKilled),
			summary{"launch after our own kill", "False/AwaitingOffer", acknowledgeAndPlace},
			true, 0,
		},
		"GONE while it was killed for suspend that was taken back is launched again": {
			onlyOnce, runs, changed(suspend, resume), answer(mesos.TaskGone), summary{"launch after our own kill", "False/AwaitingOffer", place}, true, 0,
		},
		"a launch that was never sent is launched again": {onlyOnce, nil, nil, func(s *story) { s.Launch = LaunchNeverSent }, neverHappened, false, 0},
		"a launch that Mesos refused is launched again":  {onlyOnce, nil, nil, func(s *story) { s.Launch = LaunchRefused }, neverHappened, false, 0},
		"a refused launch is over though Mesos says that it runs": {
			onlyOnce, nil, func(s *story) { s.masterSays(mesos.TaskRunning, "", "") }, func(s *story) { s.Launch = LaunchRefused }, neverHappened, false, 0,
		},
		"a launch that was never sent is over though its binding is lost": {
			onlyOnce, nil, nil, func(s *story) { s.Launch, s.Binding = LaunchNeverSent, nil }, neverHappened, false, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(c.policy)
			s.bind(LaunchAccepted)
			s.later(quickly).look()
			for _, state := range c.before {
				s.says(state).look()
			}
			s.Unacknowledged = nil
			if c.meanwhile != nil {
				c.meanwhile(s)
			}
			s.later(time.Second)
			c.end(s)
			decision := s.look()
			checkSummary(t, decision, c.want)
			attempt := decision.Status.Task
			if attempt.FinishTime == nil || attempt.Ran == nil || *attempt.Ran != c.ran {
				t.Errorf("the attempt is %+v, want it over with ran %v", attempt, c.ran)
			}
			if !decision.WriteAt.IsZero() {
				t.Errorf("the end is written at %v, want at once", decision.WriteAt)
			}
			s.bind(LaunchAccepted).later(quickly).look()
			if s.Status.Restarts != c.restarts || len(s.Status.History) != 1 {
				t.Errorf("once launched again: %d restarts and a history of %d, want %d and 1", s.Status.Restarts, len(s.Status.History), c.restarts)
			}
			if diff := cmp.Diff(*attempt, s.Status.History[0]); diff != "" {
				t.Errorf("the attempt changed on its way to the history (-ended +history):\n%s", diff)
			}
		})
	}
}

var runs = []mesos.TaskState{mesos.TaskStarting, mesos.TaskRunning}

func update(state mesos.TaskState) func(*story) { return func(s *story) { s.says(state) } }

func answer(state mesos.TaskState) func(*story) { return func(s *story) { s.answers(state) } }

func byDrain(state mesos.TaskState) func(*story) {
	return func(s *story) {
		s.hears(mesos.Observation{State: state, Source: mesos.SourceExecutor, Reason: mesos.ReasonAgentDraining, UUID: []byte("u")})
	}
}

func byAgent(state mesos.TaskState, reason, message string) func(*story) {
	return func(s *story) {
		s.hears(mesos.Observation{State: state, Source: mesos.SourceAgent, Reason: reason, Message: message, UUID: []byte("u")})
	}
}

// fetchFailed is what an agent says where a URI cannot be fetched (recording "launch_fails").
func fetchFailed(s *story) {
	byAgent(mesos.TaskFailed, mesos.ReasonContainerLaunchFailed, "Failed to launch container: Failed to fetch all URIs for container 'c': exited with status 1")(s)
}

func byMaster(state mesos.TaskState, reason string) func(*story) {
	return func(s *story) { s.masterSays(state, reason, "Mesos has its reasons") }
}

// changed edits the object, with a look after each edit.
func changed(edits ...func(*story)) func(*story) {
	return func(s *story) {
		for _, edit := range edits {
			s.change(edit).look()
		}
	}
}

// TestNext_notOver goes through the states of the design's section 6 that are no end.
func TestNext_notOver(t *testing.T) {
	duplicate := mesos.Observation{
		State: mesos.TaskError, Source: mesos.SourceMaster, Reason: mesos.ReasonTaskInvalid, Message: "Task has duplicate ID: shop.web.x.y",
	}
	for name, c := range map[string]struct {
		before []mesos.TaskState
		news   func(*story)
		state  mesos.TaskState
		want   summary
	}{
		"nothing heard yet":                  {nil, func(*story) {}, "", summary{"let it start", "False/Launching", nil}},
		"STAGING":                            {nil, update(mesos.TaskStaging), mesos.TaskStaging, summary{"let it start", "False/Launching", acknowledge}},
		"STARTING":                           {nil, update(mesos.TaskStarting), mesos.TaskStarting, summary{"let it start", "False/Launching", acknowledge}},
		"RUNNING":                            {nil, update(mesos.TaskRunning), mesos.TaskRunning, summary{"let it run", "True/Running", acknowledge}},
		"KILLING that nobody here asked for": {runs, update(mesos.TaskKilling), mesos.TaskKilling, summary{"let it start", "False/Launching", acknowledge}},
		"UNREACHABLE":                        {runs, answer(mesos.TaskUnreachable), mesos.TaskUnreachable, summary{"wait for what may or may not run", "Unknown/AgentUnreachable", nil}},
		"LOST":                               {runs, answer(mesos.TaskLost), mesos.TaskLost, summary{"wait for what may or may not run", "Unknown/FateUnknown", nil}},
		"UNKNOWN":                            {runs, answer(mesos.TaskUnknown), mesos.TaskUnknown, summary{"wait for what may or may not run", "Unknown/FateUnknown", nil}},
		"a state of a later Mesos":           {runs, answer("TASK_FROZEN"), "TASK_FROZEN", summary{"wait for what may or may not run", "Unknown/FateUnknown", nil}},
		"RUNNING after UNREACHABLE":          {append(runs, mesos.TaskUnreachable), answer(mesos.TaskRunning), mesos.TaskRunning, summary{"let it run", "True/Running", nil}},
		"STARTING after RUNNING is late":     {runs, update(mesos.TaskStarting), mesos.TaskRunning, summary{"let it run", "True/Running", acknowledge}},
		"an answer STAGING after RUNNING is late": {runs, answer(mesos.TaskStaging), mesos.TaskRunning, summary{"let it run", "True/Running", nil}},
		"DROPPED from the master is doubted first": {
			nil, func(s *story) { byMaster(mesos.TaskDropped, mesos.ReasonInvalidOffers)(s); s.Doubted = true }, "",
			summary{"let it start", "False/Launching", []Step{StepAsk}},
		},
		"DROPPED from the master of what runs is doubted first": {
			runs, func(s *story) { byMaster(mesos.TaskDropped, mesos.ReasonInvalidOffers)(s); s.Doubted = true }, mesos.TaskRunning,
			summary{"let it run", "True/Running", []Step{StepAsk}},
		},
		"ERROR for a duplicate ID speaks of another launch": {
			runs, func(s *story) { s.hears(duplicate); s.Doubted = true }, mesos.TaskRunning, summary{"let it run", "True/Running", []Step{StepAsk}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(onlyOnce)
			s.bind(LaunchAccepted)
			s.later(quickly).look()
			for _, state := range c.before {
				s.says(state).look()
			}
			s.Unacknowledged = nil
			s.later(time.Second)
			c.news(s)
			decision := s.look()
			checkSummary(t, decision, c.want)
			if got := mesos.TaskState(decision.Status.Task.State); got != c.state || decision.Status.Task.FinishTime != nil {
				t.Errorf("the attempt is %+v, want it not over, in state %q", decision.Status.Task, c.state)
			}
		})
	}
}

func TestNext_nothingFollowsAnEnd(t *testing.T) {
	for name, news := range map[string]func(*story){
		"the end once more":              update(mesos.TaskFailed),
		"another end":                    update(mesos.TaskFinished),
		"a late RUNNING":                 update(mesos.TaskRunning),
		"an answer GONE":                 answer(mesos.TaskGone),
		"an answer RUNNING":              answer(mesos.TaskRunning),
		"UNREACHABLE":                    answer(mesos.TaskUnreachable),
		"a binding of the history again": func(s *story) { s.Binding.TaskID = s.Status.History[0].ID },
		"a launch that turns out to have been refused": func(s *story) { s.Launch = LaunchRefused },
	} {
		t.Run(name, func(t *testing.T) {
			s := ended(mesos.TaskFailed, always)
			s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
			s.Spec.RestartPolicy = v1alpha1.RestartNever
			s.says(mesos.TaskFailed, "Command exited with status 3").look()
			before, writes := s.Status.DeepCopy(), s.writes
			s.Unacknowledged = nil
			s.later(time.Minute)
			news(s)
			decision := s.look()
			if diff := cmp.Diff(*before, decision.Status); diff != "" {
				t.Errorf("the status changed (-before +after):\n%s", diff)
			}
			if s.writes != writes || len(decision.Events) > 0 {
				t.Errorf("%d writes and events %v, want none", s.writes-writes, decision.Events)
			}
			if decision.Rule != "failed for good" {
				t.Errorf("the rule was %q", decision.Rule)
			}
		})
	}
}

func TestNext_recordsWhatMesosSaid(t *testing.T) {
	s := newStory(onFailure)
	s.Spec.Ports = []v1alpha1.Port{{Name: "http"}, {Name: "admin"}}
	s.bind(LaunchAccepted)
	s.Binding.HostPorts = []int32{31000, 31001}
	s.later(time.Second).hears(mesos.Observation{
		State: mesos.TaskRunning, Source: mesos.SourceExecutor, Message: "Up", UUID: []byte("u"), ContainerID: "container-1",
		IPs: []string{"10.0.0.1"}, Healthy: new(true),
	}).look()
	want := &v1alpha1.TaskAttempt{
		ID: "shop.web.1aaaaaaaa.nonce00001", AgentID: "agent-1", Hostname: "host-1", FrameworkID: "framework-1", Hash: hashA,
		State: "TASK_RUNNING", Source: mesos.SourceExecutor, Message: "Up", Healthy: new(true), ContainerID: "container-1", IPs: []string{"10.0.0.1"},
		Ports:     []v1alpha1.AssignedPort{{Name: "http", HostPort: 31000}, {Name: "admin", HostPort: 31001}},
		BoundTime: at(0), StartTime: at(time.Second),
	}
	check := func(when string) {
		t.Helper()
		if diff := cmp.Diff(want, s.Status.Task); diff != "" {
			t.Errorf("%s the attempt is (-want +got):\n%s", when, diff)
		}
	}
	check("once it runs")

	s.later(time.Second).answers(mesos.TaskRunning).look()
	check("after an answer that tells nothing new")

	s.later(time.Second).answers(mesos.TaskUnreachable)
	s.Observation.UnreachableTime = epoch.Add(-time.Hour)
	s.look()
	want.State, want.Reason, want.Source, want.Message = "TASK_UNREACHABLE", mesos.ReasonReconciliation, mesos.SourceMaster, "Reconciliation: Latest task state"
	want.UnreachableTime = at(3 * time.Second)
	check("while its agent is away, since it was heard of here")

	s.later(time.Second).answers(mesos.TaskUnknown).look()
	want.State, want.UnknownTime = "TASK_UNKNOWN", at(4*time.Second)
	check("once Mesos forgot the agent, still since the first loss")

	s.later(time.Second).answers(mesos.TaskRunning).look()
	want.State, want.UnreachableTime, want.UnknownTime = "TASK_RUNNING", nil, nil
	check("once it is back")

	s.later(time.Second).says(mesos.TaskFailed, "Command exited with status 3").look()
	want.State, want.Reason, want.Source, want.Message = "TASK_FAILED", "", mesos.SourceExecutor, "Command exited with status 3"
	want.ExitCode, want.Ran, want.FinishTime, want.Healthy = new(int32(3)), new(true), at(6*time.Second), nil
	check("once it is over")
}

func TestNext_exitCode(t *testing.T) {
	for name, c := range map[string]struct {
		state   mesos.TaskState
		message string
		want    *int32
	}{
		"a success":                          {mesos.TaskFinished, "Command exited with status 0", new(int32(0))},
		"a failure":                          {mesos.TaskFailed, "Command exited with status 137", new(int32(137))},
		"a signal has none":                  {mesos.TaskFailed, "Command terminated with signal Killed", nil},
		"more than a number holds":           {mesos.TaskFailed, "Command exited with status 9999999999", nil},
		"words that only contain the phrase": {mesos.TaskFailed, "He said: Command exited with status 1", nil},
		"no message":                         {mesos.TaskFailed, "", nil},
		"a failure of a Docker container":    {mesos.TaskFailed, "Container exited with status 3", new(int32(3))},
	} {
		t.Run(name, func(t *testing.T) {
			s := running()
			s.says(c.state, c.message).look()
			if diff := cmp.Diff(c.want, s.Status.Task.ExitCode); diff != "" {
				t.Errorf("exit code (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNext_signal(t *testing.T) {
	for message, want := range map[string]string{
		"Command terminated with signal Terminated":                       "Terminated",
		"Command terminated with signal Segmentation fault (core dumped)": "Segmentation fault",
		"Container terminated with signal Killed":                         "Killed",
		"Command exited with status 137":                                  "",
		"He said: Command terminated with signal Killed":                  "",
		"Command terminated with signal " + strings.Repeat("X", 100):      "",
		"": "",
	} {
		t.Run(message, func(t *testing.T) {
			s := running()
			s.says(mesos.TaskFailed, message).look()
			if got := s.Status.Task.Signal; got != want {
				t.Errorf("the signal is %q, want %q", got, want)
			}
			s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
			if got := s.Status.History[0].Signal; got != want {
				t.Errorf("in the history it is %q, want %q", got, want)
			}
		})
	}
}

// failsToStart lets launches fail, one after the other, as a URI cannot be fetched.
func failsToStart(s *story, times int) *story {
	for range times {
		s.bind(LaunchAccepted)
		s.later(time.Second)
		fetchFailed(s)
		s.look()
		s.Unacknowledged = nil
		if next := s.Status.NextLaunchTime; next != nil {
			s.Now = next.Time
		}
	}
	return s
}

func neverStarting() *story {
	s := failsToStart(newStory(onFailure), failedStarts)
	s.later(-time.Second)
	return s
}

func unauthorized() *story {
	s := newStory(onlyOnce)
	s.bind(LaunchAccepted)
	s.later(time.Second).masterSays(mesos.TaskError, mesos.ReasonTaskUnauthorized, "Principal 'p' not authorized to launch task as user 'nobody'")
	return s
}

// TestNext_neverStarts: launches that fail before the task begins are tried again under every policy and count for nothing; after five in a row a
// person is told, and it goes on slowly.
func TestNext_neverStarts(t *testing.T) {
	s := newStory(onlyOnce, maxRestarts(0), func(spec *v1alpha1.MesosTaskSpec) {
		spec.URIs = []v1alpha1.URI{{Value: "https://me:hush@files.example/app.tgz?token=hush"}}
	})
	var waits []time.Duration
	for n := range failedStarts + 2 {
		failsToStart(s, 0)
		s.bind(LaunchAccepted)
		s.later(time.Second)
		fetchFailed(s)
		decision := s.look()
		s.Unacknowledged = nil
		wait := time.Duration(0)
		if next := s.Status.NextLaunchTime; next != nil {
			wait = next.Sub(s.Now)
		}
		waits = append(waits, wait)
		ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
		if n > 0 && !strings.Contains(ready.Message, "spec.uris: https://files.example/app.tgz)") || strings.Contains(ready.Message, "hush") {
			t.Errorf("after %d failures it says %q", n+1, ready.Message)
		}
		if stalled := meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionStalled); stalled != (n+1 >= failedStarts) {
			t.Errorf("after %d failures Stalled is %t: %s", n+1, stalled, decision.Rule)
		}
		s.later(wait)
		if decision := s.look(); !has(decision, StepPlace) {
			t.Errorf("after %d failures and %v, rule %q does %v", n+1, wait, decision.Rule, decision.Steps)
		}
		if n+1 >= failedStarts && !meta.IsStatusConditionTrue(Next(s.Seen).Status.Conditions, v1alpha1.ConditionStalled) {
			t.Error("it is no longer Stalled while it is tried again")
		}
	}
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	if diff := cmp.Diff([]time.Duration{0, seconds(1), seconds(2), seconds(4), seconds(300), seconds(300), seconds(300)}, waits); diff != "" {
		t.Errorf("it waits (-want +got):\n%s", diff)
	}
	if s.Status.Restarts != 0 {
		t.Errorf("%d restarts", s.Status.Restarts)
	}
	s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
	checkSummary(t, Next(s.Seen), summary{"let it run", "True/Running", acknowledge})
	if meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Error("it is Stalled while it runs")
	}
}

// TestNext_unauthorized: what an ACL forbids is not for the author of the spec to change.
func TestNext_unauthorized(t *testing.T) {
	s := unauthorized()
	s.look()
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	for _, want := range []string{"ask whoever runs Mesos", "run_tasks", "user 'nobody'", "It is tried again at 2026-01-02T03:09:06Z"} {
		if !strings.Contains(ready.Message, want) {
			t.Errorf("it says %q, want %q in it", ready.Message, want)
		}
	}
	s.later(300 * time.Second)
	checkSummary(t, s.look(), neverHappened)
}

// TestNext_interruptionsAreNotCounted: three drains, and maxRestarts is as it was.
func TestNext_interruptionsAreNotCounted(t *testing.T) {
	s := newStory(onFailure, maxRestarts(1))
	for range 3 {
		s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
		byDrain(mesos.TaskKilled)(s.later(time.Hour))
		checkSummary(t, s.look(), launchesAgain)
	}
	s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
	s.later(time.Hour).says(mesos.TaskFailed).look()
	s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
	checkSummary(t, s.later(time.Hour).says(mesos.TaskFailed).look(), summary{"restarts exhausted", "False/RestartsExhausted", acknowledge})
	if s.Status.Restarts != 1 || len(s.Status.History) != 4 {
		t.Errorf("%d restarts and a history of %d", s.Status.Restarts, len(s.Status.History))
	}
}

// TestNext_endsUnseen: an agent that is drained to be marked gone says so as it begins to kill.
func TestNext_endsUnseen(t *testing.T) {
	s := running(func(spec *v1alpha1.MesosTaskSpec) { spec.KillGracePeriodSeconds = new(int32(7)) })
	unseen := summary{"let it end unseen", "Unknown/AgentDraining", acknowledge}
	byDrain(mesos.TaskGoneByOperator)(s)
	decision := s.look()
	checkSummary(t, decision, unseen)
	s.Unacknowledged, unseen.Steps = nil, nil
	s.later(17 * time.Second)
	checkSummary(t, s.look(), unseen)
	restarted := *s
	restarted.Observation = nil
	restarted.answers(mesos.TaskGoneByOperator)
	checkSummary(t, restarted.look(), unseen)
	checkAgain(t, s.look(), 18*time.Second-time.Nanosecond)
	s.later(time.Second)
	checkSummary(t, s.look(), neverHappened)
	if task := s.Status.Task; task.FinishTime == nil || task.UnreachableTime != nil || !*task.Ran {
		t.Errorf("it is %+v", task)
	}
	if told := strings.Join(s.told, ", "); !strings.Contains(told, v1alpha1.EventAgentGone) {
		t.Errorf("told: %s", told)
	}
}

// TestNext_saysWhatToDo: whatever it is that Mesos says of what it cannot tell, there is a way out, but where time alone ends it.
func TestNext_saysWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		story *story
		ways  bool
	}{
		"UNREACHABLE":       {running().answers(mesos.TaskUnreachable), true},
		"UNKNOWN":           {running().answers(mesos.TaskUnknown), true},
		"LOST":              {running().masterSays(mesos.TaskLost, "REASON_AGENT_DISCONNECTED", "Agent disconnected"), true},
		"its agent removed": {running().hears(mesos.Observation{State: mesos.TaskLost, Source: mesos.SourceMaster, Reason: mesos.ReasonAgentRemoved, AgentRemoved: "Agent removed"}), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story
			if decision := s.look(); has(decision, StepAsk) != (name == "LOST") {
				t.Errorf("steps are %v", decision.Steps)
			}
			message := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady).Message
			for _, way := range []string{v1alpha1.AnnotationGiveUp + "=" + s.Binding.TaskID, v1alpha1.AnnotationGiveUpAgent + "=agent-1"} {
				if strings.Contains(message, way) != c.ways {
					t.Errorf("it says %q", message)
				}
			}
		})
	}
}

func TestHarmless(t *testing.T) {
	for uri, want := range map[string]string{
		"https://files.example/app.tgz":                     "https://files.example/app.tgz",
		"https://u:hush@files.example/x?token=a":            "https://files.example/x",
		"https://u:hu?sh@files.example/x":                   "https://...",
		"https://u:12/34@files.example/x":                   "https://...",
		"https://u:12#34@files.example/x":                   "https://...",
		"https://files.example/x?for=me@home":               "https://...",
		"ftp://u:a%zz@files.example/x":                      "ftp://...",
		"ftp:u:hush@files.example/x":                        "one that cannot be shown",
		"u:hush@files.example:x":                            "one that cannot be shown",
		"https://files.example/" + strings.Repeat("x", 300): "https://files.example/" + strings.Repeat("x", 256-22),
	} {
		if got := harmless(uri); got != want {
			t.Errorf("of %s it shows %q, want %q", uri, got, want)
		}
	}
}
