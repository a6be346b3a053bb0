package system

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// brokenFirst is a runner whose tasks fail on the agent that is the first to get one, a second after they began to run, and run on all others.
func brokenFirst() simulator.Runner {
	first := ""
	return simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		if first = cmp.Or(first, task.AgentID.Value); first == task.AgentID.Value {
			return simulator.EndAfter(time.Second, mesosv1.TASK_FAILED, "Command exited with status 1")
		}
		return simulator.Stay()
	}}
}

// startedOn are the agents on which a task's attempts were started, in their order.
func (v *virtual) startedOn(name string) (agentIDs []string) {
	for _, change := range v.mesos.Ledger() {
		if change.What == simulator.Started && strings.Contains(change.TaskID, "."+name+".") {
			agentIDs = append(agentIDs, change.AgentID)
		}
	}
	return agentIDs
}

// alone takes all agents away but the first.
func (v *virtual) alone() *simulator.Agent {
	agents := v.mesos.Agents()
	for _, other := range agents[1:] {
		other.Unregister()
	}
	return agents[0]
}

// TestAvoid_failsOnOneAgent: one agent fails everything and so always has room, another is fine and has room for little more. The task gets there
// within three attempts; with Never it does not, and says where all of them failed.
func TestAvoid_failsOnOneAgent(t *testing.T) {
	for name, c := range map[string]struct {
		spec      string
		elsewhere bool
	}{
		"by default": {elsewhere: true},
		"Preferred":  {spec: "avoidFailedAgents: Preferred,", elsewhere: true},
		"Never":      {spec: "avoidFailedAgents: Never,"},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, brokenFirst(), func(v *virtual) {
				v.alone()
				v.framework("")
				v.start()
				v.pass(10 * time.Second)
				v.task("web", c.spec+`shell: sleep 1`)
				v.pass(500 * time.Millisecond)
				v.mesos.AddAgent(simulator.AgentSpec{CPUs: 0.15, Mem: 64, Disk: 64, Runner: simulator.ScriptRunner{}})
				v.pass(81 * time.Second)
				on := v.startedOn("web")
				runs := v.reason("web") == v1alpha1.ReasonRunning && on[len(on)-1] != on[0]
				if runs != c.elsewhere || runs && len(on) > 3 {
					t.Errorf("after %d attempts on %v it is %s: %s", len(on), on, v.reason("web"), v.said("web"))
				}
				if c.elsewhere && strings.Contains(v.said("web"), "all failed on") {
					t.Errorf("where it runs it says %q", v.said("web"))
				}
				if told := fmt.Sprintf("The last 6 attempts all failed on %s (agent %s)", v.get("web").Status.Task.Hostname, on[0]); !runs && !strings.Contains(v.said("web"), told) {
					t.Errorf("it says %q, and not %q", v.said("web"), told)
				}
			})
		})
	}
}

// TestAvoid_onlyAgent: where there is one agent, a task that fails by itself is launched there again as before.
func TestAvoid_onlyAgent(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, brokenFirst(), func(v *virtual) {
		v.alone()
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		v.task("web", `shell: sleep 1, backoff: {initialSeconds: 1, maxSeconds: 8}`)
		v.pass(10 * time.Second)
		revived := v.mesos.Calls("REVIVE")
		v.pass(71 * time.Second)
		if n, asked := len(v.startedOn("web")), v.mesos.Calls("REVIVE")-revived; n < 9 || asked > 0 {
			t.Errorf("it was launched %d times with %d REVIVEs: %s", n, asked, v.said("web"))
		}
	})
}

// TestAvoid_didNotStart: an agent on which a task did not start is not used for ten minutes, the task says so, and is launched there when they are over;
// at once if the spec says Never or a person asks.
func TestAvoid_didNotStart(t *testing.T) {
	for name, c := range map[string]struct {
		spec  string
		then  func(v *virtual)
		waits bool
	}{
		"by itself":            {waits: true},
		"it need not":          {spec: "avoidFailedAgents: Never,"},
		"it need not any more": {then: func(v *virtual) { v.patch("web", `spec: {avoidFailedAgents: Never}`) }},
		"the spec is mended":   {then: func(v *virtual) { v.patch("web", `spec: {shell: sleep 2}`) }},
		"a person asks":        {then: func(v *virtual) { v.patch("web", `metadata: {annotations: {mesos.dev/restarted-at: now}}`) }},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				host := v.alone().Hostname()
				// One that could not take it anyway, as a task that starts nowhere avoids nobody.
				v.mesos.AddAgent(simulator.AgentSpec{CPUs: 0.05, Mem: 64, Disk: 64})
				v.mesos.Inject(simulator.Fault{Target: simulator.LaunchFault, Action: simulator.NoImageProvider})
				v.framework("")
				v.start()
				v.pass(10 * time.Second)
				began := time.Now()
				v.task("web", c.spec+`shell: sleep 1`)
				v.pass(15 * time.Second)
				if c.then != nil {
					if got := v.pending("web"); !strings.Contains(got, host) {
						t.Errorf("it waits, and says %q", got)
					}
					c.then(v)
					v.pass(15 * time.Second)
				}
				if c.waits {
					until := began.Add(10 * time.Minute).UTC().Format("2006-01-02T15:04")
					want := "1 fits but is on " + host + ", where the task did not start: not used until " + until
					if got := v.pending("web"); !strings.Contains(got, want) || v.said("web") != got {
						t.Errorf("it waits, and says %q and %q, want %q", got, v.said("web"), want)
					}
					v.pass(9*time.Minute + 30*time.Second)
					if n := v.get("web").Status.Attempts; n > 1 {
						t.Errorf("before its time it had %d attempts", n)
					}
					v.pass(30 * time.Second)
				}
				if got := v.reason("web"); got != v1alpha1.ReasonRunning || v.get("web").Status.Attempts != 2 {
					t.Errorf("in the end it is %s after %d attempts: %s", got, v.get("web").Status.Attempts, v.said("web"))
				}
			})
		})
	}
}

// TestAvoid_startsNowhere: what started on none of the agents that there are is tried there again after its backoff.
func TestAvoid_startsNowhere(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.alone()
		v.mesos.Inject(simulator.Fault{Target: simulator.LaunchFault, Action: simulator.NoImageProvider, Count: 2})
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		v.task("web", `shell: sleep 1`)
		v.pass(30 * time.Second)
		if got := v.reason("web"); got != v1alpha1.ReasonRunning || v.get("web").Status.Attempts != 3 {
			t.Errorf("it is %s after %d attempts: %s", got, v.get("web").Status.Attempts, v.said("web"))
		}
	})
}
