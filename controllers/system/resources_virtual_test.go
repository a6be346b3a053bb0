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
