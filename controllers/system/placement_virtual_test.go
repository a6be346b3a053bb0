package system

import (
	"fmt"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// rack adds an agent in a rack.
func (v *virtual) rack(name string, cpus float64) *simulator.Agent {
	return v.mesos.AddAgent(simulator.AgentSpec{
		Hostname: name + ".example.org", CPUs: cpus, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 31000, End: 31009}},
		Attributes: []mesosv1.Attribute{{Name: "rack", Type: mesosv1.TEXT, Text: &mesosv1.Value_Text{Value: name}}},
	})
}

// hostOf is the host of a task that runs; empty for one that does not.
func (v *virtual) hostOf(name string) string {
	if task := v.get(name).Status.Task; task != nil && task.State == mesosv1.TASK_RUNNING.String() {
		return task.Hostname
	}
	return ""
}

// pendingOf is why a task waits.
func (v *virtual) pendingOf(name string) string {
	if pending := v.get(name).Status.Pending; pending != nil {
		return pending.Message
	}
	return ""
}

// TestPlacement_constraints: a task runs where its constraints hold and nowhere else, says within two seconds why it waits and does not flap, and a
// change of its placement restarts nothing.
func TestPlacement_constraints(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.rack("r1", 1)
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		v.task("here", `shell: sleep 1, placement: {constraints: [{by: {attribute: rack}, operator: Matches, values: ["r[12]"]}]}`)
		v.task("there", `shell: sleep 1, placement: {constraints: [{by: {attribute: rack}, operator: In, values: [r2]}]}`)
		v.task("nowhere", `shell: sleep 1, placement: {constraints: [{by: {attribute: disk}, operator: Exists}, {by: {field: Hostname}, operator: NotIn, values: [a]}]}`)
		v.pass(4 * time.Second)
		if host := v.hostOf("here"); host != "r1.example.org" {
			t.Errorf("a task for rack r1 or r2 is on %q: %s", host, v.pendingOf("here"))
		}
		if got, want := v.pendingOf("there"), "3 offers: 3 fail rack In [r2]"; got != want {
			t.Errorf("a task for rack r2 says %q, want %q", got, want)
		}
		if got, want := v.pendingOf("nowhere"), "3 offers: 3 fail disk Exists (no agent has attribute disk)"; got != want {
			t.Errorf("a task for an attribute that no agent has says %q, want %q", got, want)
		}
		writes := v.get("there").Status.Revision
		id := v.get("here").Status.Task.ID
		v.patch("here", `{spec: {placement: {constraints: [{by: {attribute: rack}, operator: In, values: [r9]}]}}}`)
		v.pass(10 * time.Minute)
		if task := v.get("here").Status.Task; task.ID != id || v.hostOf("here") != "r1.example.org" {
			t.Errorf("the placement of a task that runs was changed, and it is now %s in state %s", task.ID, task.State)
		}
		if more := v.get("there").Status.Revision - writes; more > 5 {
			t.Errorf("a task that waits wrote its status %d times in ten minutes, for %q", more, v.pendingOf("there"))
		}
		v.rack("r2", 1)
		v.pass(10 * time.Second)
		if host := v.hostOf("there"); host != "r2.example.org" || v.pendingOf("there") != "" {
			t.Errorf("once there is a rack r2, the task for it is on %q and says %q", host, v.pendingOf("there"))
		}
		for i := range 20 {
			v.task(fmt.Sprintf("web-%d", i), `shell: sleep 1`)
		}
		v.pass(10 * time.Second)
		for i := range 20 {
			if name := fmt.Sprintf("web-%d", i); v.hostOf(name) == "" {
				t.Errorf("%s does not run: %s", name, v.pendingOf(name))
			}
		}
		if got := v.pendingOf("nowhere"); !strings.Contains(got, "(no agent has attribute disk)") {
			t.Errorf("a task for an attribute that no agent has says %q", got)
		}
	})
}
