package system

import (
	"fmt"
	"math"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// needing creates a MesosTask with resources of its own.
func (v *virtual) needing(name, resources, spec string) {
	v.Helper()
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %s, namespace: %s}, spec: {frameworkRef: {name: %s}, resources: {%s}, %s}}`,
		name, v.namespace, v.namespace, resources, spec), &v1alpha1.MesosTask{})
}

// TestLimits: a task with limits comes to run although agents that cannot bound it, or do not know of limits, have more room and are offered first.
func TestLimits(t *testing.T) {
	for name, cannot := range map[string]simulator.AgentSpec{
		"agents without isolators":        {Isolation: []string{}},
		"agents from before limits there": {NoTaskLimits: true},
	} {
		t.Run(name, func(t *testing.T) {
			agents := &recorder{told: map[string]*mesosv1.TaskInfo{}}
			inVirtualTime(t, simulator.Flags{}, agents, func(v *virtual) {
				for _, agent := range v.mesos.Agents() {
					agent.Unregister()
				}
				cannot.CPUs, cannot.Mem, cannot.Runner, cannot.Hostname = 8, 8192, agents, "cannot.example.org"
				first := v.mesos.AddAgent(cannot)
				v.mesos.AddAgent(simulator.AgentSpec{CPUs: 1, Mem: 1024, Runner: agents, Hostname: "can.example.org"})
				v.framework("")
				v.start()
				v.pass(10 * time.Second)
				v.needing("web", `requests: {cpus: 0.5, memory: 64Mi}, limits: {cpus: "2", memory: Unlimited}`, "shell: sleep 1000")
				v.pass(time.Minute)
				if status := v.get("web").Status; status.Attempts != 2 || status.History[0].AgentID != first.ID() {
					t.Errorf("it had %d attempts, before this one %+v", status.Attempts, status.History)
				}
				if host := v.hostOf("web"); host != "can.example.org" {
					t.Errorf("it runs on %q: %s", host, v.said("web"))
				}
				limits := agents.of("web").Limits
				if len(limits) != 2 || limits["cpus"].Value != 2 || !math.IsInf(limits["mem"].Value, 1) {
					t.Errorf("the agent was told of limits %v", limits)
				}
				if restarts := v.get("web").Status.Restarts; restarts != 0 {
					t.Errorf("it counts %d restarts", restarts)
				}
			})
		})
	}
}

// TestOtherResources: tasks take resources by their names, each no more than there is, and say which one the offers lack.
func TestOtherResources(t *testing.T) {
	agents := &recorder{told: map[string]*mesosv1.TaskInfo{}}
	inVirtualTime(t, simulator.Flags{Roles: []string{"web"}}, agents, func(v *virtual) {
		v.mesos.AddAgent(simulator.AgentSpec{Runner: agents, Hostname: "special.example.org", Resources: []mesosv1.Resource{
			{Name: "cpus", Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: 4}},
			{Name: "mem", Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: 4096}},
			{Name: "fpga", Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: 1}},
			{Name: "fpga", Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: 1}, Role: new("web")},
			{Name: "lanes", Type: mesosv1.RANGES.Enum(), Ranges: &mesosv1.Value_Ranges{Range: []mesosv1.Value_Range{{Begin: 1, End: 3}}}},
			{Name: "licences", Type: mesosv1.SET.Enum(), Set: &mesosv1.Value_Set{Item: []string{"a", "b"}}},
		}})
		v.framework(`info: {roles: [web], defaultRole: web}`)
		v.start()
		v.pass(10 * time.Second)
		const requests = `requests: {cpus: 0.1, memory: 32Mi}, `
		v.needing("first", requests+`other: [{name: fpga, scalar: "1.5"}, {name: lanes, ranges: 2}, {name: licences, set: [b]}]`, "shell: sleep 1000")
		v.pass(10 * time.Second)
		v.needing("fpga", requests+`other: [{name: fpga, scalar: "0.6"}]`, "shell: sleep 1000")
		v.needing("licence", requests+`other: [{name: licences, set: [a, b]}]`, "shell: sleep 1000")
		v.needing("last", requests+`other: [{name: lanes, ranges: 1}, {name: licences, set: [a]}]`, "shell: sleep 1000")
		v.pass(10 * time.Second)
		for _, name := range []string{"first", "last"} {
			if host := v.hostOf(name); host != "special.example.org" {
				t.Errorf("%s is on %q: %s", name, host, v.said(name))
			}
		}
		for name, want := range map[string]string{
			"fpga": "3 offers: 3 lack fpga (want 0.6)", "licence": "3 offers: 3 lack licences (want a and b)",
		} {
			if got := v.pendingOf(name); got != want {
				t.Errorf("%s waits as %q, want %q", name, got, want)
			}
		}
		var fpga []string
		for _, r := range agents.of("first").Resources {
			if r.Name == "fpga" {
				fpga = append(fpga, fmt.Sprint(r.Scalar.Value, len(r.Reservations)))
			}
		}
		if fmt.Sprint(fpga) != "[1 1 0.5 0]" {
			t.Errorf("the reserved FPGA is not taken before the other: %v", fpga)
		}
		v.delete("first")
		v.pass(time.Minute)
		if host := v.hostOf("fpga"); host != "special.example.org" {
			t.Errorf("what was given back serves nobody: fpga is on %q: %s", host, v.said("fpga"))
		}
		// What no agent has ends nothing.
		before := v.get("last").Status.Task.ID
		v.patch("last", `spec: {resources: {other: [{name: gold, scalar: "1"}]}}`)
		v.pass(time.Minute)
		if got := v.get("last").Status.Task.ID; got != before || v.hostOf("last") == "" {
			t.Errorf("it was ended for what no agent has: %s", v.said("last"))
		}
	})
}

// TestRevocable: what is revocable goes to tasks that ask for it, of frameworks that are offered it, and to no others.
func TestRevocable(t *testing.T) {
	agents := &recorder{told: map[string]*mesosv1.TaskInfo{}}
	inVirtualTime(t, simulator.Flags{}, agents, func(v *virtual) {
		for _, agent := range v.mesos.Agents() {
			agent.Unregister()
		}
		amount := func(name string, value float64, revocable *mesosv1.Resource_RevocableInfo) mesosv1.Resource {
			return mesosv1.Resource{Name: name, Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: value}, Revocable: revocable}
		}
		v.mesos.AddAgent(simulator.AgentSpec{Runner: agents, Resources: []mesosv1.Resource{
			amount("cpus", 0.15, nil), amount("mem", 1024, nil), amount("cpus", 2, &mesosv1.Resource_RevocableInfo{}),
		}})
		v.framework("")
		v.start()
		v.needing("lent", `requests: {cpus: 0.1, memory: 32Mi}, revocable: true`, "shell: sleep 1000")
		v.task("firm", "shell: sleep 1000")
		v.pass(20 * time.Second)
		if lent, firm := v.reason("lent"), v.reason("firm"); lent != v1alpha1.ReasonRevocableNotAllowed || firm != v1alpha1.ReasonRunning {
			t.Errorf("without the capability they are %s and %s", lent, firm)
		}
		v.task("more", "shell: sleep 1000")
		v.patchFramework(`{"spec": {"info": {"capabilities": ["REVOCABLE_RESOURCES"]}}}`)
		v.pass(2 * time.Minute)
		if got := v.reason("lent"); got != v1alpha1.ReasonRunning {
			t.Errorf("with the capability it is %s: %s", got, v.said("lent"))
		}
		for _, r := range agents.of("lent").Resources {
			if is := r.Revocable != nil; is != (r.Name == "cpus") {
				t.Errorf("it has %v", r)
			}
		}
		if got, want := v.pendingOf("more"), "1 offer: 1 lacks cpus (want 0.1)"; got != want {
			t.Errorf("a task without says %q, want %q", got, want)
		}
	})
}

// TestExactCPUs: three tasks that fill an agent to the thousandth of a CPU end and are launched anew, a hundred times in all: each always has its
// place, and a fourth never has.
func TestExactCPUs(t *testing.T) {
	runner := simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		return simulator.EndAfter(time.Second, mesosv1.TASK_FINISHED, "")
	}}
	inVirtualTime(t, simulator.Flags{}, runner, func(v *virtual) {
		for _, agent := range v.mesos.Agents() {
			agent.Unregister()
		}
		v.mesos.AddAgent(simulator.AgentSpec{CPUs: 0.101 + 0.201 + 0.303, Mem: 4096, Runner: runner})
		v.framework("offers: {refuseSeconds: 1}")
		v.start()
		v.needing("large", `requests: {cpus: 0.606, memory: 32Mi}`, "shell: x")
		for name, cpus := range map[string]string{"a": "0.101", "b": "0.201", "c": "0.303"} {
			v.needing(name, `requests: {cpus: `+cpus+`, memory: 32Mi}`, "shell: x, backoff: {initialSeconds: 1, maxSeconds: 1}")
		}
		launches := func() (n int64) {
			for _, name := range []string{"a", "b", "c"} {
				n += v.get(name).Status.Attempts
			}
			return n
		}
		for range 10 {
			if v.pass(time.Minute); launches() >= 100 {
				break
			}
		}
		if got := launches(); got < 100 {
			t.Errorf("there were %d launches in ten minutes: %s", got, v.said("c"))
		}
		if got := v.get("large").Status.Attempts; got != 0 {
			t.Errorf("a task that wants a thousandth more than there is was launched %d times", got)
		}
		// These go on for ever, at ten launches a minute each.
		v.stop()
	})
}
