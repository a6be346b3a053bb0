package system

import (
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// repeated sends an update that an agent sent for a task once more.
func (v *virtual) repeated(taskID, state string) {
	v.Helper()
	for _, entry := range v.history.Entries() {
		if entry.Event == nil || entry.Event.Event.Update == nil {
			continue
		}
		if status := entry.Event.Event.Update.Status; status.TaskID.Value == taskID && status.GetState().String() == state && len(status.UUID) > 0 {
			v.mesos.SendEvent("", entry.Event.Event)
			return
		}
	}
	v.Fatalf("%s was never told of %s", state, taskID)
}

// mastersWord sends an update of the master's about a task.
func (v *virtual) mastersWord(attempt v1alpha1.TaskAttempt, state mesosv1.TaskState, reason mesosv1.TaskStatus_Reason, message string) {
	v.mesos.SendEvent("", &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: mesosv1.TaskStatus{
		TaskID: mesosv1.TaskID{Value: attempt.ID}, AgentID: &mesosv1.AgentID{Value: attempt.AgentID}, State: &state,
		Source: mesosv1.SOURCE_MASTER.Enum(), Reason: &reason, Message: &message,
	}}})
}

// TestFault10_duplicateUpdateAHundredTimesAfterRestartAfterACK is row 10: duplicate update (same uuid) x100, after restart, after ack. Nothing is written for
// it, nothing goes back, and it is acknowledged.
func TestFault10_duplicateUpdateAHundredTimesAfterRestartAfterACK(t *testing.T) {
	const alive, over = `shell: sleep 1`, `shell: TASK_FINISHED, restartPolicy: Never`
	for sentence, c := range map[string]struct {
		spec, state string
		restart     bool
	}{
		"RUNNING after ACK":                  {alive, "TASK_RUNNING", false},
		"RUNNING after a restart":            {alive, "TASK_RUNNING", true},
		"FINISHED after ACK":                 {over, "TASK_FINISHED", false},
		"FINISHED after a restart":           {over, "TASK_FINISHED", true},
		"RUNNING of what has FINISHED":       {over, "TASK_RUNNING", false},
		"RUNNING of what had, and a restart": {over, "TASK_RUNNING", true},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, byCommand(10*time.Second), func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", c.spec)
				v.pass(time.Minute)
				if c.restart {
					v.stop()
					v.start()
					v.pass(time.Minute)
				}
				stored, was := v.get("job"), v.counted()
				for range 100 {
					v.repeated(stored.Status.Task.ID, c.state)
					v.pass(10 * time.Millisecond)
				}
				v.pass(5 * time.Minute)
				if again := v.get("job"); again.ResourceVersion != stored.ResourceVersion {
					v.Errorf("it was %+v and is %+v", stored.Status, again.Status)
				}
				got := v.since(was)
				if acks := got.Acks; acks < 1 || acks > 100 {
					v.Errorf("%d acknowledgements", acks)
				}
				if c.spec == over && c.state == "TASK_RUNNING" && got.Kills <= 100 {
					got.Kills = 0 // of a task that is over, once for each time that it is said to live
				}
				if got.Acks = 0; got != (counts{}) {
					v.Errorf("counted %+v, want nothing but acknowledgements", got)
				}
			})
		})
	}
}

// TestFault11_lateUpdateOfAnAttemptAfterTheNextWasLaunched is row 11: late update of attempt k after k+1 launched. The record of the one stays as it was, and
// the other is left alone.
func TestFault11_lateUpdateOfAnAttemptAfterTheNextWasLaunched(t *testing.T) {
	for sentence, late := range map[string]func(v *virtual, first v1alpha1.TaskAttempt){
		"RUNNING": func(v *virtual, first v1alpha1.TaskAttempt) { v.repeated(first.ID, "TASK_RUNNING") },
		"FAILED":  func(v *virtual, first v1alpha1.TaskAttempt) { v.repeated(first.ID, "TASK_FAILED") },
		"UNREACHABLE": func(v *virtual, first v1alpha1.TaskAttempt) {
			v.mastersWord(first, mesosv1.TASK_UNREACHABLE, mesosv1.REASON_AGENT_REMOVED, "health check timed out")
		},
		"LOST": func(v *virtual, first v1alpha1.TaskAttempt) {
			v.mastersWord(first, mesosv1.TASK_LOST, mesosv1.REASON_AGENT_REMOVED, "the agent unregistered")
		},
		"GONE": func(v *virtual, first v1alpha1.TaskAttempt) {
			v.mastersWord(first, mesosv1.TASK_GONE, mesosv1.REASON_RECONCILIATION, "Reconciliation: Task is unknown to the agent")
		},
		"DROPPED": func(v *virtual, first v1alpha1.TaskAttempt) {
			v.mastersWord(first, mesosv1.TASK_DROPPED, mesosv1.REASON_INVALID_OFFERS, "Task launched with invalid offers")
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: TASK_FAILED`)
				v.pass(2 * ranFor)
				running, stored, was := v.wantRunning("job"), v.get("job"), v.counted()
				late(v, stored.Status.History[0])
				v.pass(5 * time.Minute)
				if again := v.get("job"); again.ResourceVersion != stored.ResourceVersion || v.wantRunning("job").ID != running.ID {
					v.Errorf("it was %+v and is %+v", stored.Status, again.Status)
				}
				got := v.since(was)
				got.Acks = 0
				if sentence == "RUNNING" {
					got.Kills = 0 // of a task that is over, which is on no agent
				}
				if got != (counts{}) {
					v.Errorf("counted %+v, want nothing", got)
				}
			})
		})
	}
}

// TestFault12_reorderedRECONCILEAnswerAndAgentUpdate is row 12: what was true before does not undo what is true since, and an end is told of once.
func TestFault12_reorderedRECONCILEAnswerAndAgentUpdate(t *testing.T) {
	for sentence, fault := range map[string]simulator.Fault{
		"the answer RUNNING comes after the update FINISHED":   {State: "TASK_RUNNING"},
		"the answer FINISHED comes before the update FINISHED": {State: "TASK_FINISHED"},
	} {
		for policy, reason := range map[string]string{"Never": v1alpha1.ReasonCompleted, "Always": v1alpha1.ReasonRunning} {
			t.Run(sentence+", "+policy, func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
					v.framework("")
					v.start()
					v.pass(10 * time.Second)
					v.task("job", `shell: TASK_FINISHED, restartPolicy: `+policy)
					v.pass(ranFor - time.Second)
					first := v.wantRunning("job")
					fault.Target, fault.Type, fault.Action, fault.Delay, fault.Task = simulator.EventFault, "UPDATE", simulator.Delay, 5*time.Second, first.ID
					delayed := v.mesos.Inject(fault)
					if fault.State == "TASK_FINISHED" {
						v.pass(2 * time.Second)
					}
					v.annotateFramework(v1alpha1.AnnotationReconcileRequestedAt, "now")
					v.pass(time.Minute)
					if delayed.Hits() != 1 || v.reason("job") != reason {
						v.Fatalf("%d updates were late, and it is %s: %s", delayed.Hits(), v.reason("job"), v.said("job"))
					}
					end, want := v.get("job").Status.Task, counts{Starts: 1, Launches: 1, Acks: 3, Objects: 1}
					if policy == "Always" {
						earlier := v.earlier("job", first.ID)
						end, want = &earlier, counts{Starts: 2, Launches: 2, Acks: 5, Objects: 2}
					}
					if end.ID != first.ID || end.State != "TASK_FINISHED" || end.Message != "Over" || end.Source != "SOURCE_EXECUTOR" {
						v.Errorf("of %s is recorded %+v, want its end in the executor's words", first.ID, end)
					}
					got := v.counted()
					// What is said to run although it has ended is killed, which the master answers by TASK_GONE.
					if fault.State == "TASK_RUNNING" && got.Kills == 1 {
						got.Kills = 0
					}
					got.Statuses = 0
					if got != want {
						v.Errorf("counted %+v, want %+v", got, want)
					}
				})
			})
		}
	}
	for _, late := range []mesosv1.TaskState{mesosv1.TASK_STAGING, mesosv1.TASK_STARTING} {
		t.Run("the answer "+late.String()+" comes after the update RUNNING", func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1`)
				v.pass(time.Minute)
				running, stored, was := v.wantRunning("job"), v.get("job"), v.counted()
				v.mastersWord(running, late, mesosv1.REASON_RECONCILIATION, "")
				v.pass(time.Minute)
				if again := v.get("job"); again.ResourceVersion != stored.ResourceVersion {
					v.Errorf("it was %+v and is %+v", stored.Status, again.Status)
				}
				v.wantCounts(was, counts{})
			})
		})
	}
}

// TestFault13_droppedUpdateWithoutUUID is row 13: dropped non-uuid update (DROPPED/ERROR/UNREACHABLE/GONE sent once). Nobody sends it again; reconciliation
// finds out.
func TestFault13_droppedUpdateWithoutUUID(t *testing.T) {
	for sentence, c := range map[string]struct {
		flags   simulator.Flags
		state   string
		spec    string
		happens func(v *virtual)
		// within is how long it may take, reason what it comes to, after so many launches and starts.
		within           time.Duration
		reason           string
		launches, starts int
	}{
		"DROPPED": {
			flags: simulator.Flags{OfferTimeout: 2 * time.Second}, state: "TASK_DROPPED", spec: `shell: sleep 1, restartPolicy: Never`,
			within: 2 * time.Minute, reason: v1alpha1.ReasonRunning, launches: 2, starts: 1,
		},
		"ERROR": {
			flags: simulator.Flags{ForbiddenUsers: []string{"mallory"}}, state: "TASK_ERROR", spec: `shell: sleep 1, user: mallory, restartPolicy: Never`,
			within: 2 * time.Minute, reason: v1alpha1.ReasonTaskUnauthorized, launches: 2, starts: 0,
		},
		"UNREACHABLE": {
			state: "TASK_UNREACHABLE", spec: `shell: sleep 1`, happens: func(v *virtual) { v.agentOf("job").Partition() },
			within: 2 * time.Minute, reason: v1alpha1.ReasonAgentUnreachable, launches: 1, starts: 1,
		},
		"UNREACHABLE, and the agent's FAILURE": {
			state: "TASK_UNREACHABLE", spec: `shell: sleep 1`, happens: func(v *virtual) {
				v.mesos.Inject(simulator.Fault{Target: simulator.EventFault, Type: "FAILURE", Action: simulator.Drop})
				v.agentOf("job").Partition()
			},
			within: 17 * time.Minute, reason: v1alpha1.ReasonAgentUnreachable, launches: 1, starts: 1,
		},
		"GONE_BY_OPERATOR": {
			state: "TASK_GONE_BY_OPERATOR", spec: `shell: sleep 1, restartPolicy: OnFailure`, happens: func(v *virtual) { v.agentOf("job").Gone() },
			within: time.Minute, reason: v1alpha1.ReasonRunning, launches: 2, starts: 2,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, c.flags, nil, func(v *virtual) {
				v.framework("allowedUsers: [mallory]")
				v.start()
				v.pass(10 * time.Second)
				dropped := v.mesos.Inject(simulator.Fault{Target: simulator.EventFault, Type: "UPDATE", State: c.state, Action: simulator.Drop})
				if c.state == "TASK_DROPPED" {
					v.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Delay, Delay: 3 * time.Second})
				}
				v.task("job", c.spec)
				if c.happens != nil {
					v.pass(30 * time.Second)
					c.happens(v)
				}
				v.pass(c.within)
				if dropped.Hits() != 1 || v.reason("job") != c.reason {
					v.Errorf("%d updates were dropped, and it is %s: %s", dropped.Hits(), v.reason("job"), v.said("job"))
				}
				if got := v.counted(); got.Launches != c.launches || got.Starts != c.starts || got.Kills != 0 || v.get("job").Status.Restarts != 0 {
					v.Errorf("counted %+v, %d restarts, want %d launches and %d starts", got, v.get("job").Status.Restarts, c.launches, c.starts)
				}
			})
		})
	}
}

// TestFault17_ACKNOWLEDGEDropped is row 17: the retry arrives, is acknowledged again, and nothing is written for it.
func TestFault17_ACKNOWLEDGEDropped(t *testing.T) {
	for sentence, fault := range map[string]simulator.Fault{
		"on its way to the master": {Target: simulator.CallFault, Type: "ACKNOWLEDGE", Action: simulator.Drop},
		"and its answer":           {Target: simulator.CallFault, Type: "ACKNOWLEDGE", Action: simulator.DropAnswer},
		"refused":                  {Target: simulator.CallFault, Type: "ACKNOWLEDGE", Action: simulator.Answer, Status: 500},
		"on its way to the agent":  {Target: simulator.MessageFault, Type: simulator.AcknowledgeUpdate, Action: simulator.Drop},
	} {
		for number, state := range []string{"TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"} {
			t.Run(state+" "+sentence, func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, byCommand(10*time.Second), func(v *virtual) {
					v.framework("")
					v.start()
					v.pass(10 * time.Second)
					fault.Skip = number
					dropped := v.mesos.Inject(fault)
					v.task("job", `shell: TASK_FINISHED, restartPolicy: Never`)
					v.pass(2 * time.Minute)
					// A call that failed is sent again; of what was lost behind the master only the agent's retry tells.
					told := v.updates(state)
					want := map[bool]int{true: 1, false: 2}[fault.Action == simulator.DropAnswer]
					if dropped.Hits() != 1 || v.acknowledged(told[0]) < want || fault.Target == simulator.MessageFault && len(told) != 2 {
						v.Errorf("%d were dropped: %s was told %d times and acknowledged %d times", dropped.Hits(), state, len(told), v.acknowledged(told[0]))
					}
					if got := v.counted(); v.reason("job") != v1alpha1.ReasonCompleted || got.Statuses > 2 && state != "TASK_STARTING" || got.Objects != 1 || got.Starts != 1 {
						v.Errorf("it is %s after %+v, want two statuses", v.reason("job"), got)
					}
					if v.mesos.Calls("SUBSCRIBE") != 1 {
						v.Error("it ended the subscription")
					}
				})
			})
		}
	}
}

// TestFault34_duplicateIDTASKERRORForALiveTask is row 34: it bears the ID of the task that lives, and is no word about it.
func TestFault34_duplicateIDTASKERRORForALiveTask(t *testing.T) {
	for _, message := range []string{"Task has duplicate ID: ", "Task reuses the ID of an unreachable task: "} {
		t.Run(message, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1`)
				v.pass(30 * time.Second)
				running, stored, was := v.wantRunning("job"), v.get("job"), v.counted()
				asked := v.mesos.Calls("RECONCILE")
				v.mastersWord(running, mesosv1.TASK_ERROR, mesosv1.REASON_TASK_INVALID, message+running.ID)
				v.pass(5 * time.Minute)
				if again := v.get("job"); again.ResourceVersion != stored.ResourceVersion || v.wantRunning("job").ID != running.ID {
					v.Errorf("it was %+v and is %+v", stored.Status, again.Status)
				}
				v.wantCounts(was, counts{})
				if v.mesos.Calls("RECONCILE") == asked {
					v.Error("Mesos was not asked how the task is")
				}
			})
		})
	}
}

// TestFault35_GONEByReconcileAfterFINISHEDWasAcknowledged is row 35: to Mesos the task is no more, and so it says when asked. It is not asked, and were it, the
// end stays as it was.
func TestFault35_GONEByReconcileAfterFINISHEDWasAcknowledged(t *testing.T) {
	for policy, reason := range map[string]string{"Never": v1alpha1.ReasonCompleted, "OnFailure": v1alpha1.ReasonCompleted, "Always": v1alpha1.ReasonRunning} {
		t.Run(policy, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: TASK_FINISHED, restartPolicy: `+policy)
				v.pass(ranFor / 2)
				first := v.wantRunning("job")
				v.pass(2 * ranFor)
				stored, was, called := v.get("job"), v.counted(), len(v.mesos.CallLog())
				v.mastersWord(first, mesosv1.TASK_GONE, mesosv1.REASON_RECONCILIATION, "Reconciliation: Task is unknown to the agent")
				v.pass(time.Minute)
				v.stop()
				v.start()
				v.pass(time.Minute)
				v.mastersWord(first, mesosv1.TASK_GONE, mesosv1.REASON_RECONCILIATION, "Reconciliation: Task is unknown to the agent")
				v.pass(time.Hour)
				if again := v.get("job"); again.ResourceVersion != stored.ResourceVersion || v.reason("job") != reason {
					v.Errorf("it was %+v and is %+v", stored.Status, again.Status)
				}
				v.wantCounts(was, counts{})
				for _, record := range v.mesos.CallLog()[called:] {
					for _, task := range record.Call.GetReconcile().GetTasks() {
						if strings.Contains(task.TaskID.Value, first.ID) {
							v.Errorf("%s was asked about, and is over", first.ID)
						}
					}
				}
			})
		})
	}
}
