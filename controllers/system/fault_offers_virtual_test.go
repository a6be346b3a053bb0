package system

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Rows 62 to 65 of the fault matrix: offers.

// dropped are the task IDs of which the master said TASK_DROPPED, as the offer was invalid.
func (v *virtual) dropped() (taskIDs []string) {
	for _, entry := range v.history.Entries() {
		if entry.Event != nil && entry.Event.Event.Update != nil {
			if status := entry.Event.Event.Update.Status; status.GetState() == mesosv1.TASK_DROPPED && status.GetSource() == mesosv1.SOURCE_MASTER {
				taskIDs = append(taskIDs, status.TaskID.Value)
			}
		}
	}
	return taskIDs
}

// usedTwice are the offers that more than one ACCEPT or DECLINE that took effect names.
func (v *virtual) usedTwice() (offers []string) {
	used := map[string]int{}
	for _, record := range v.mesos.CallLog() {
		for _, id := range slices.Concat(record.Call.GetAccept().GetOfferIDs(), record.Call.GetDecline().GetOfferIDs()) {
			if used[id.Value]++; used[id.Value] == 2 {
				offers = append(offers, id.Value)
			}
		}
	}
	return offers
}

// TestFault62_offerThatIsGoneOrUsedTwice: "offer rescinded after ACCEPT sent; offer used twice; offer of lost agent". What is dropped has a new attempt with an ID of its own, is
// no restart, and nothing runs twice.
func TestFault62_offerThatIsGoneOrUsedTwice(t *testing.T) {
	cases := map[string]struct {
		// happens is called as the first ACCEPT is on its way, before it arrives.
		happens func(v *virtual)
		fault   simulator.Fault
		// drops says that the master is to say TASK_DROPPED.
		drops bool
	}{
		"rescinded after the ACCEPT was sent": {happens: func(v *virtual) { v.agentOfOffer().Restart(time.Second) }, drops: true},
		"its agent is lost":                   {happens: func(v *virtual) { v.agentOfOffer().Gone() }, drops: true},
		"its agent has unregistered":          {happens: func(v *virtual) { v.agentOfOffer().Unregister() }, drops: true},
		"it comes twice":                      {fault: simulator.Fault{Target: simulator.EventFault, Type: "OFFERS", Action: simulator.Duplicate, Count: -1}},
		"the ACCEPT arrives twice":            {fault: simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Duplicate}, drops: true},
		"the RESCIND comes late":              {happens: func(v *virtual) { v.agentOfOffer().Restart(time.Second) }, fault: simulator.Fault{Target: simulator.EventFault, Type: "RESCIND", Action: simulator.Delay, Delay: time.Minute}, drops: true},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				var once sync.Once
				v.watch = func(step leadership.Step, send func() error) error {
					if step.Kind == leadership.StepCall && step.What == "ACCEPT" && tc.happens != nil {
						once.Do(func() { tc.happens(v) })
					}
					return send()
				}
				if tc.fault.Target != "" {
					v.mesos.Inject(tc.fault)
				}
				v.framework("")
				v.start()
				v.pass(10 * time.Second)
				v.task("job", `shell: sleep 1, restartPolicy: Never`)
				v.pass(20 * time.Minute)
				v.wantRunningAfter("job", 1)
				task := v.get("job")
				dropped := v.dropped()
				if (len(dropped) > 0) != tc.drops || task.Status.Restarts != 0 {
					v.Errorf("the master dropped %v, after %d restarts", dropped, task.Status.Restarts)
				}
				if sentence != "the ACCEPT arrives twice" && slices.Contains(dropped, task.Status.Task.ID) {
					v.Errorf("%s, which was dropped, runs", task.Status.Task.ID)
				}
				if got := v.usedTwice(); len(got) > 0 && sentence != "the ACCEPT arrives twice" {
					v.Errorf("%v were used twice", got)
				}
				if n := v.mesos.OpenOffers(""); n > 0 {
					v.Errorf("%d offers are kept", n)
				}
			})
		})
	}
}

// TestFault62_anAttemptThatWasDroppedAndLivesIsReplaced: what an ACCEPT launched that arrived twice, as proxies have it, is an attempt like any other: where its agent is
// lost it is replaced.
func TestFault62_anAttemptThatWasDroppedAndLivesIsReplaced(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Duplicate})
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		v.task("job", `shell: sleep 1, unreachable: {replaceAfterSeconds: 10}`)
		v.pass(5 * time.Minute)
		v.wantRunningAfter("job", 1)
		first := v.get("job").Status.Task.ID
		if dropped := v.dropped(); !slices.Contains(dropped, first) {
			v.Fatalf("%s runs, dropped are %v", first, dropped)
		}
		v.agentOf("job").Partition()
		v.pass(5 * time.Minute)
		if task := v.get("job"); task.Status.Task == nil || task.Status.Task.ID == first || v.reason("job") != v1alpha1.ReasonRunning {
			v.Errorf("minutes after its agent was lost it is %s: %s, %s", v.reason("job"), v.said("job"), v.pending("job"))
		}
	})
}

// agentOfOffer is the agent that the one task is bound to.
func (v *virtual) agentOfOffer() *simulator.Agent {
	v.Helper()
	return v.agent(v.boundTo("job").AgentID)
}

// TestFault63_offersNeverRescindedAfterFailover: "offers never rescinded after failover (silently invalid)". Offers belong to their stream: while bindings are being written for
// offers, the master fails over, or the stream breaks and is made anew. None of the old ones is used; what was bound to them never ran and is launched on others.
func TestFault63_offersNeverRescindedAfterFailover(t *testing.T) {
	cases := map[string]func(v *virtual){
		"the master fails over": func(v *virtual) { v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1}) },
		"the stream breaks":     func(v *virtual) { v.mesos.CutStream("", 0) },
	}
	for sentence, happens := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.pass(10 * time.Second)
				v.api.Inject(apiserver.Fault{Action: apiserver.Delay, Delay: 20 * time.Second, Verb: "patch", Resource: "mesostasks", Instance: v.running.name, Count: 5})
				names := v.several(5, `shell: sleep 1, restartPolicy: Never`)
				v.pass(10 * time.Second)
				if n := v.mesos.OpenOffers(""); n == 0 || v.mesos.Calls("ACCEPT") > 0 {
					v.Fatalf("%d offers are held, and %d ACCEPTs were sent", n, v.mesos.Calls("ACCEPT"))
				}
				happens(v)
				v.pass(5 * time.Minute)
				for _, name := range names {
					v.wantRunningAfter(name, 1)
				}
				if got := v.dropped(); len(got) > 0 {
					v.Errorf("the master dropped %v: offers of before were used", got)
				}
				if n := v.mesos.OpenOffers(""); n > 0 {
					v.Errorf("%d offers are kept", n)
				}
			})
		})
	}
}

// TestFault64_remainderOfAnACCEPT: "ACCEPT remainder filter 5 s starves own pending". On the one agent that there is, tasks that come one after the other start within the time of
// two offers each, though each ACCEPT gives the rest of the agent back.
func TestFault64_remainderOfAnACCEPT(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.alone()
		v.framework("")
		v.start()
		v.pass(30 * time.Second)
		for i := range 5 {
			name := fmt.Sprintf("job-%d", i)
			created := time.Now()
			v.task(name, `shell: sleep 1`)
			// Before the next one is there, the rest of the agent has gone back.
			for range 100 {
				if v.launched()[name] > 0 {
					break
				}
				v.pass(100 * time.Millisecond)
			}
			if took := time.Since(created); took > 6*time.Second {
				v.Errorf("%s waited %v for its start", name, took)
			}
			v.pass(200 * time.Millisecond)
		}
		for _, record := range v.mesos.CallLog() {
			if filters := record.Call.GetAccept().GetFilters(); record.Call.Accept != nil && (filters == nil || filters.RefuseSeconds == nil || *filters.RefuseSeconds >= 5) {
				v.Errorf("an ACCEPT has the filters %+v", filters)
			}
		}
	})
}

// TestFault65_suppressionLost: "suppress lost / un-suppressed by resubscribe". While nothing is pending no offer comes, whatever became of a SUPPRESS and however often the framework
// subscribes; and once something is pending, it gets one, whatever became of the REVIVE.
func TestFault65_suppressionLost(t *testing.T) {
	offered := func(v *virtual) (n int) {
		for _, entry := range v.history.Entries() {
			if entry.Event != nil && entry.Event.Event.Offers != nil {
				n++
			}
		}
		return n
	}
	lost := func(call string, action simulator.Action) func(v *virtual) {
		return func(v *virtual) {
			v.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Type: call, Action: action, Count: 3})
		}
	}
	resubscribe := func(v *virtual) {
		for range 3 {
			v.mesos.CutStream("", 0)
			v.pass(20 * time.Second)
		}
	}
	cases := map[string]struct {
		before, idle func(v *virtual)
	}{
		"three SUPPRESSes are lost":              {before: lost("SUPPRESS", simulator.Drop)},
		"the answers of three SUPPRESSes are":    {before: lost("SUPPRESS", simulator.DropAnswer)},
		"it subscribes three times":              {idle: resubscribe},
		"the master fails over":                  {idle: func(v *virtual) { v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1}) }},
		"the operator is started anew":           {idle: func(v *virtual) { v.stop(); v.start() }},
		"the framework's description is updated": {idle: func(v *virtual) { v.patchFramework(`{"spec":{"info":{"webUIURL":"http://elsewhere.example"}}}`) }},
		"three REVIVEs are lost":                 {before: lost("REVIVE", simulator.Drop)},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				if tc.before != nil {
					tc.before(v)
				}
				v.framework("")
				v.start()
				v.task("first", `shell: sleep 1`)
				v.pass(15 * time.Minute)
				v.wantRunningAfter("first", 1)
				if tc.idle != nil {
					tc.idle(v)
				}
				v.pass(2 * time.Minute)
				before := offered(v)
				v.pass(30 * time.Minute)
				if got := offered(v) - before; got > 0 || v.mesos.OpenOffers("") > 0 {
					v.Errorf("%d times offers came while nothing was pending, and %d are kept", got, v.mesos.OpenOffers(""))
				}
				if tc.before != nil {
					tc.before(v)
				}
				v.task("second", `shell: sleep 1`)
				v.pass(5 * time.Minute)
				v.wantRunningAfter("second", 1)
			})
		})
	}
}
