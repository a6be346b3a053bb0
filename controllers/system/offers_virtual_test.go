package system

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestOffers_whileEveryLaunchIsRefused: no offer stays with the framework, tasks try again each by itself and ever less often, and say why.
func TestOffers_whileEveryLaunchIsRefused(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		fault := v.mesos.Inject(simulator.Fault{
			Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Answer, Status: 400, Text: "Expecting 'accept' to be present", Count: -1,
		})
		for i := range 10 {
			v.task(fmt.Sprintf("web-%d", i), `shell: sleep 1`)
		}
		v.pass(5 * time.Minute)
		for i := range 10 {
			name := fmt.Sprintf("web-%d", i)
			if status := v.get(name).Status; status.Attempts < 8 || status.Attempts > 11 || v.reason(name) != v1alpha1.ReasonBackOff {
				t.Errorf("%s made %d attempts in 5 min and is %s", name, status.Attempts, v.reason(name))
			}
		}
		launched := 0
		for _, call := range v.mesos.CallLog() {
			for _, operation := range call.Call.GetAccept().GetOperations() {
				if launched++; launched > 2 && len(operation.Launch.TaskInfos) > 1 {
					t.Errorf("ACCEPT %d launches %d tasks", launched, len(operation.Launch.TaskInfos))
				}
			}
		}
		v.pass(time.Minute)
		if n := v.mesos.OpenOffers(""); n > 0 {
			t.Errorf("%d offers are kept", n)
		}
		fault.Remove()
		v.pass(5 * time.Minute)
		if n := len(v.liveNow()); n != 10 {
			t.Errorf("%d of 10 tasks run once Mesos takes them", n)
		}
	})
}

// rival is another framework, which looks at every offer and gives it back for a moment.
type rival struct {
	bridge *mesosbridge.Bridge
	mu     sync.Mutex
	// seen is how many offers it got of each agent.
	seen map[string]int
}

func (r *rival) ConnectionChanged()        { r.bridge.FrameworkIDStored() }
func (r *rival) Observed(string)           {}
func (r *rival) AttemptChanged(string)     {}
func (r *rival) AgentFailed(string)        {}
func (r *rival) AgentsChanged([]string)    {}
func (r *rival) MaintenanceChanged(string) {}
func (r *rival) OffersChanged() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, offer := range r.bridge.Offers() {
		r.seen[offer.AgentID]++
		r.bridge.Decline([]string{offer.ID}, 0, mesosbridge.DeclineUnfit)
	}
}

// compete runs a rival until the test ends.
func (v *virtual) compete() *rival {
	r := &rival{seen: map[string]int{}}
	r.bridge = mesosbridge.New(mesosbridge.Config{
		Masters:   []string{v.mesos.Masters()[0].URL()},
		Framework: mesos.Framework{Name: "rival", User: "nobody", Roles: []string{"*"}, FailoverTimeout: time.Hour},
	}, mesosbridge.Options{Name: "rival", Listener: r, DialContext: v.mesos.DialContext})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.bridge.Run(ctx)
	}()
	v.quit = append(v.quit, func() { cancel(); <-ended })
	return r
}

// since returns how many offers of each agent came since it was last asked.
func (r *rival) since() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = map[string]int{}
	return seen
}

// TestOffers_ofACrashLoop: forty tasks that crash again and again, each in its own time, void nobody's filters, as what a crash gives back comes
// back by itself; and of an agent that they do not use another framework sees all that it saw before.
func TestOffers_ofACrashLoop(t *testing.T) {
	crash := simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		last := int(task.TaskID.Value[len(task.TaskID.Value)-1])
		return simulator.EndAfter(time.Duration(300+10*last)*time.Millisecond, mesosv1.TASK_FAILED, "Command exited with status 1")
	}}
	inVirtualTime(t, simulator.Flags{}, crash, func(v *virtual) {
		// No task fits on this one, so that it stays idle.
		v.mesos.AddAgent(simulator.AgentSpec{CPUs: 0.05, Mem: 4096, Disk: 4096, Runner: crash})
		other := v.compete()
		v.framework("")
		v.start()
		v.pass(30 * time.Second)
		other.since()
		v.pass(time.Minute)
		alone := other.since()
		for i := range 40 {
			v.task(fmt.Sprintf("web-%d", i), `shell: "false", backoff: {initialSeconds: 1, maxSeconds: 8}`)
		}
		v.pass(time.Minute)
		busy, launched := map[string]bool{}, 0
		for _, change := range v.mesos.Ledger() {
			if change.What == simulator.Started {
				busy[change.AgentID] = true
				launched++
			}
		}
		if revived, suppressed := v.mesos.Calls("REVIVE"), v.mesos.Calls("SUPPRESS"); launched < 200 || revived > 4 || suppressed > 1 {
			t.Errorf("%d launches cost %d REVIVEs and %d SUPPRESSes", launched, revived, suppressed)
		}
		beside, idle := other.since(), 0
		for agentID, before := range alone {
			if busy[agentID] {
				continue
			}
			idle++
			if beside[agentID] < before*9/10 {
				t.Errorf("another framework was offered an agent %d times a minute, and %d times beside the crash loop", before, beside[agentID])
			}
		}
		if idle == 0 {
			t.Error("no agent was idle that another framework could have been offered")
		}
		// Else they go on through all the time that is passed to look at the end.
		for i := range 40 {
			v.delete(fmt.Sprintf("web-%d", i))
		}
	})
}
