package system

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Rows 50 to 54 of the fault matrix: the master refuses, forgets, or does not answer. (Row 49 is in recovery_test.go, 53 in mesosbridge.)

// connected is the reason of condition Connected of the test's framework.
func (v *virtual) connected() string {
	v.Helper()
	return v.frameworkReason(v1alpha1.ConditionConnected)
}

// frameworkReason is the reason of a condition of the test's framework; empty where it has none.
func (v *virtual) frameworkReason(kind string) string {
	v.Helper()
	if condition := meta.FindStatusCondition(v.frameworkNow().Status.Conditions, kind); condition != nil {
		return condition.Reason
	}
	return ""
}

// onTwoAgents runs a task on each of two agents; the second has room for both.
func (v *virtual) onTwoAgents(first, second string) {
	v.Helper()
	v.alone()
	v.needing(first, `requests: {cpus: "3.9", memory: 32Mi}`, `shell: sleep 1`)
	v.pass(time.Minute)
	v.mesos.AddAgent(simulator.AgentSpec{CPUs: 8, Mem: 4096, Disk: 4096})
	v.needing(second, `requests: {cpus: "0.2", memory: 32Mi}`, `shell: sleep 1`)
	v.pass(time.Minute)
	if v.agentOf(first) == v.agentOf(second) {
		v.Fatal("both tasks went to one agent")
	}
}

// TestFault50_removedIDAcceptedAgain: "removed id accepted again after master failover; tasks of partitioned agents reappear". What reappears is the attempt of
// record where it is, and goes on; where a person has replaced the ID meanwhile, what runs under the new one is undisturbed by it.
func TestFault50_removedIDAcceptedAgain(t *testing.T) {
	for sentence, replaced := range map[string]bool{"nobody replaced it": false, "a person replaced it": true} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				cutOff, other := "cut-off", "other"
				v.onTwoAgents(cutOff, other)
				id, old := v.frameworkNow().Status.FrameworkID, v.get(cutOff).Status.Task.ID
				agent := v.agentOf(cutOff)
				agent.Partition()
				v.pass(3 * time.Minute)
				before := v.counted()
				tearDownAt(v.T, v.mesos, id)
				v.pass(time.Minute)
				if got := v.connected(); got != v1alpha1.ReasonFrameworkRemoved || len(v.mesos.Frameworks()) > 1 {
					v.Fatalf("it is %s, and Mesos knows %v", got, v.mesos.Frameworks())
				}
				if replaced {
					v.annotateFramework(v1alpha1.AnnotationReplaceFrameworkID, id)
					v.pass(5 * time.Minute)
					v.wantStarts(cutOff, 2)
					v.wantStarts(other, 2)
				}
				v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1})
				v.pass(10 * time.Minute)
				agent.Heal()
				v.pass(20 * time.Minute)
				now := v.frameworkNow().Status
				if v.connected() != v1alpha1.ReasonSubscribed || (now.FrameworkID == id) == replaced || slices.Contains(now.ReplacedFrameworkIDs, id) != replaced {
					v.Errorf("it is %s as %s, replaced %v", v.connected(), now.FrameworkID, now.ReplacedFrameworkIDs)
				}
				v.wantRunningAfter(other, 2)
				if got := v.since(before); got.Kills != 0 {
					v.Errorf("counted %+v", got)
				}
				if !replaced {
					v.wantRunningAfter(cutOff, 1)
					return
				}
				// Under the old ID nobody is subscribed: Mesos lets it run, and nobody takes it for the new attempt.
				v.wantStarts(cutOff, 2)
				if got := v.get(cutOff).Status.Task; got.ID == old || v.reason(cutOff) != v1alpha1.ReasonRunning || len(v.liveNow()) != 3 {
					v.Errorf("%s is %s as %s; %v live", cutOff, v.reason(cutOff), got.ID, v.liveNow())
				}
			})
		})
	}
}

// TestFault51_operatorTeardownMidFlight: "operator teardown mid-flight (EOF, no ERROR)". The stream just ends. What the next SUBSCRIBE says of it is told; nothing is
// launched, no ID is taken, and SUBSCRIBE is not repeated in haste until a person says so. Then everything runs once.
func TestFault51_operatorTeardownMidFlight(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, slowStart(5*time.Second), func(v *virtual) {
		v.framework("")
		v.start()
		names := v.several(3, `shell: sleep 1`)
		v.pass(time.Minute)
		for i := range 3 {
			names = append(names, fmt.Sprintf("launching-%d", i))
			v.task(names[len(names)-1], `shell: sleep 1`)
		}
		v.pass(3 * time.Second)
		id, before := v.frameworkNow().Status.FrameworkID, v.counted()
		if before.Starts != 6 {
			v.Fatalf("%d tasks were started, want some on their way", before.Starts)
		}
		subscribed := v.mesos.Calls("SUBSCRIBE")
		tearDownAt(v.T, v.mesos, id)
		v.pass(time.Hour)
		if got := v.connected(); got != v1alpha1.ReasonFrameworkRemoved || len(v.liveNow()) > 0 {
			v.Errorf("it is %s, and %v live", got, v.liveNow())
		}
		if got := v.mesos.Calls("SUBSCRIBE") - subscribed; got < 2 || got > 20 {
			v.Errorf("%d SUBSCRIBEs in an hour", got)
		}
		if got := v.since(before); got.Launches != 0 || got.Kills != 0 || v.frameworkNow().Status.FrameworkID != id {
			v.Errorf("counted %+v, as %s, want nothing, as %s", got, v.frameworkNow().Status.FrameworkID, id)
		}
		v.annotateFramework(v1alpha1.AnnotationReplaceFrameworkID, id)
		v.pass(10 * time.Minute)
		for _, name := range names {
			v.wantRunningAfter(name, 2)
		}
	})
}

// TestFault52_refusedBySubscribeOrCalls: "401, 403 on subscribe; 403 on calls; 400 stale stream". A condition says what is wrong, tries are spaced, tasks run on
// undisturbed, and all goes on by itself once the master takes it.
func TestFault52_refusedBySubscribeOrCalls(t *testing.T) {
	cases := map[string]struct {
		fault simulator.Fault
		// reason is that of condition Connected meanwhile; empty: it stays connected, or comes and goes.
		reason string
		// most are how many SUBSCRIBEs there may be in ten minutes.
		most int
	}{
		"401 on SUBSCRIBE": {simulator.Fault{Type: "SUBSCRIBE", Status: http.StatusUnauthorized, Text: "Unauthorized"}, v1alpha1.ReasonUnauthorized, 6},
		"403 on SUBSCRIBE": {simulator.Fault{Type: "SUBSCRIBE", Status: http.StatusForbidden, Text: "Forbidden"}, v1alpha1.ReasonForbidden, 6},
		"403 on every RECONCILE, as not subscribed": {
			simulator.Fault{Type: "RECONCILE", Status: http.StatusForbidden, Text: "Framework is not subscribed"}, "", 120,
		},
		"403 on every RECONCILE, as not authorized": {simulator.Fault{Type: "RECONCILE", Status: http.StatusForbidden, Text: "Not authorized"}, v1alpha1.ReasonSubscribed, 2},
		"401 on every RECONCILE":                    {simulator.Fault{Type: "RECONCILE", Status: http.StatusUnauthorized, Text: "Unauthorized"}, "", 120},
		"400 on every RECONCILE, of a stale stream": {
			simulator.Fault{Type: "RECONCILE", Status: http.StatusBadRequest, Text: "The stream ID 'x' included in this request didn't match the stream ID currently associated with framework ID"}, "", 120,
		},
		"400 on every ACCEPT, of a stale stream": {
			simulator.Fault{Type: "ACCEPT", Status: http.StatusBadRequest, Text: "The stream ID 'x' included in this request didn't match the stream ID currently associated with framework ID"}, "", 120,
		},
		"400 once, of a stale stream": {
			simulator.Fault{Type: "RECONCILE", Status: http.StatusBadRequest, Text: "The stream ID 'x' included in this request didn't match the stream ID currently associated with framework ID", Count: 1},
			v1alpha1.ReasonSubscribed, 3,
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("runs", `shell: sleep 1`)
				v.pass(time.Minute)
				fault := tc.fault
				fault.Target, fault.Action = simulator.CallFault, simulator.Answer
				if fault.Count == 0 {
					fault.Count = -1
				}
				injected := v.mesos.Inject(fault)
				subscribed := v.mesos.Calls("SUBSCRIBE")
				v.mesos.CutStream("", 0)
				v.task("waits", `shell: sleep 1`)
				v.pass(10 * time.Minute)
				if got := v.connected(); injected.Hits() == 0 || tc.reason != "" && got != tc.reason {
					v.Errorf("after %d refusals Connected is %s: %s", injected.Hits(), got, v.frameworkSays(v1alpha1.ConditionConnected))
				}
				if got := v.mesos.Calls("SUBSCRIBE") - subscribed; got > tc.most {
					v.Errorf("%d SUBSCRIBEs in ten minutes, want at most %d", got, tc.most)
				}
				v.mesos.ClearFaults()
				v.pass(10 * time.Minute)
				v.wantRunningAfter("runs", 1)
				v.wantRunningAfter("waits", 1)
				if got := v.counted(); got.Kills != 0 || v.connected() != v1alpha1.ReasonSubscribed {
					v.Errorf("counted %+v, and it is %s", got, v.connected())
				}
			})
		})
	}
}

// TestFault54_eachCallTypeFailsOrHangs: "503/500/hang on each call type". The call is given up after 75 s at the latest, calls of other types are not affected: what
// does without it is done as if nothing were wrong, and no offer is held; and once the master answers again what was to be done is done, once.
func TestFault54_eachCallTypeFailsOrHangs(t *testing.T) {
	hangs := simulator.Fault{Action: simulator.Delay, Delay: time.Hour}
	late := simulator.Fault{Action: simulator.Late, Delay: 20 * time.Second}
	fails := []simulator.Fault{
		{Action: simulator.Answer, Status: http.StatusInternalServerError},
		{Action: simulator.Answer, Status: http.StatusServiceUnavailable},
	}
	for number, call := range []string{"SUBSCRIBE", "REVIVE", "DECLINE", "ACCEPT", "SUPPRESS", "RECONCILE", "KILL", "ACKNOWLEDGE", "UPDATE_FRAMEWORK", "TEARDOWN"} {
		for _, fault := range []simulator.Fault{hangs, late, fails[number%2]} {
			way := "hangs"
			switch {
			case fault.Status != 0:
				way = fmt.Sprintf("is answered %d", fault.Status)
			case fault.Action == simulator.Late:
				way = "is lost, and arrives late"
			}
			fault.Target, fault.Type, fault.Count = simulator.CallFault, call, -1
			t.Run(call+" "+way, func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) { goOnWithout(v, call, fault) })
			})
		}
	}
}

// goOnWithout launches, kills and tears down while one type of call fails.
func goOnWithout(v *virtual, call string, fault simulator.Fault) {
	v.framework("deletionPolicy: Teardown")
	v.start()
	v.task("runs", `shell: sleep 1`)
	v.task("goes", `shell: sleep 1`)
	v.pass(time.Minute)
	injected := v.mesos.Inject(fault)
	if call == "SUBSCRIBE" || call == "RECONCILE" {
		v.mesos.CutStream("", 0)
	}
	v.patchFramework(`{"spec":{"info":{"webUIURL":"http://elsewhere.example"}}}`)
	v.delete("goes")
	v.task("comes", `shell: sleep 1`)
	// At once; and still, when it is past the time for which offers are wanted for what may soon have to be launched again.
	for _, wait := range []time.Duration{15 * time.Second, 12 * time.Minute} {
		v.pass(wait)
		if !slices.Contains([]string{"SUBSCRIBE", "ACCEPT", "ACKNOWLEDGE"}, call) {
			v.wantRunningAfter("comes", 1)
		}
		if !slices.Contains([]string{"SUBSCRIBE", "KILL", "ACKNOWLEDGE"}, call) {
			v.wantGoneAfter("goes", 1)
		}
	}
	if call != "TEARDOWN" {
		if injected.Hits() == 0 {
			v.Errorf("no %s was sent", call)
		}
		v.mesos.ClearFaults()
		v.pass(20 * time.Minute)
	}
	v.wantRunningAfter("runs", 1)
	v.wantRunningAfter("comes", 1)
	v.wantGoneAfter("goes", 1)
	v.delete("runs")
	v.delete("comes")
	v.deleteFramework()
	v.pass(20 * time.Minute)
	if call == "TEARDOWN" {
		// One that arrives late is followed by another, which finds the framework removed.
		if arrives := fault.Action == simulator.Late; injected.Hits() == 0 || v.frameworkExists() == arrives {
			v.Errorf("%d times TEARDOWN, and the framework is there: %t", injected.Hits(), v.frameworkExists())
		}
		v.mesos.ClearFaults()
		v.pass(20 * time.Minute)
	}
	if v.frameworkExists() || len(v.liveNow()) > 0 || v.mesos.OpenOffers("") > 0 {
		v.Errorf("the framework is there: %t, %v live, %d offers are kept", v.frameworkExists(), v.liveNow(), v.mesos.OpenOffers(""))
	}
}
