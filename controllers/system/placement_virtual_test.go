package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
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

// spreadOver is the placement of a web task that has a rack of its own.
const spreadOver = `placement: {spread: [{by: {attribute: rack}, selector: {matchLabels: {app: web}}, maxPerValue: 1}]}`

// web creates a MesosTask with label app: web.
func (v *virtual) web(name, app, spec string) {
	v.Helper()
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %s, namespace: %s, labels: {app: %s}}, spec: {frameworkRef: {name: %s}, shell: sleep 1, resources: {requests: {cpus: "0.1", memory: 32Mi}}, %s}}`,
		name, v.namespace, app, v.namespace, spec), &v1alpha1.MesosTask{})
}

// hosts are the hosts of tasks that run.
func (v *virtual) hosts(names ...string) (hosts []string) {
	for _, name := range names {
		hosts = append(hosts, v.hostOf(name))
	}
	slices.Sort(hosts)
	return hosts
}

// TestPlacement_spread: each task has a rack of its own, over a restart of the operator and while the agent of one is out of reach, though then Mesos
// tells nothing of it; one more waits, says why, and starts when another ends.
func TestPlacement_spread(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		lost := v.rack("r1", 2)
		v.rack("r2", 2)
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		v.web("web-1", "web", spreadOver)
		v.web("web-2", "web", spreadOver)
		v.pass(10 * time.Second)
		if got := v.hosts("web-1", "web-2"); !slices.Equal(got, []string{"r1.example.org", "r2.example.org"}) {
			t.Fatalf("two tasks that are spread over racks are on %q: %s", got, v.pendingOf("web-2"))
		}
		onLost, other := "web-1", "web-2"
		if v.hostOf(onLost) != "r1.example.org" {
			onLost, other = other, onLost
		}
		if got, want := v.get(onLost).Status.Task.Domains, []v1alpha1.PlacementDomain{{By: v1alpha1.PlacementKey{Attribute: "rack"}, Value: "r1"}}; !slices.Equal(got, want) {
			t.Errorf("of the rack of %s is recorded %v, want %v", onLost, got, want)
		}
		lost.Stop()
		v.pass(3 * time.Minute)
		v.stop()
		v.start()
		v.pass(30 * time.Second)
		v.rack("r1b", 2)
		v.mesos.AddAgent(simulator.AgentSpec{Hostname: "again.example.org", CPUs: 2, Mem: 4096, Disk: 4096, Attributes: []mesosv1.Attribute{
			{Name: "rack", Type: mesosv1.TEXT, Text: &mesosv1.Value_Text{Value: "r1"}},
		}})
		v.web("web-3", "web", spreadOver)
		v.web("web-4", "web", spreadOver)
		v.pass(30 * time.Second)
		if got := v.hosts("web-3", "web-4"); !slices.Equal(got, []string{"", "r1b.example.org"}) {
			t.Fatalf("beside one in rack r2 and one that is unreachable in rack r1, the two others are on %q", got)
		}
		waiting := "web-4"
		if v.hostOf(waiting) != "" {
			waiting = "web-3"
		}
		if got := v.pendingOf(waiting); !strings.Contains(got, "fail spread by rack (maxPerValue 1 of app=web)") || strings.Contains(got, "nobody knows") {
			t.Errorf("%s says %q", waiting, got)
		}
		v.delete(other)
		v.pass(30 * time.Second)
		if host := v.hostOf(waiting); host != "r2.example.org" {
			t.Errorf("once rack r2 is free, %s is on %q: %s", waiting, host, v.pendingOf(waiting))
		}
	})
}

// TestPlacement_together: a task goes where the one is that it wants to be with, also if that comes later, and a preference lets nobody wait.
func TestPlacement_together(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.rack("r1", 2)
		v.rack("r2", 2)
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		v.web("web", "web", `placement: {together: [{by: {attribute: rack}, selector: {matchLabels: {app: db}}}]}`)
		v.web("easy", "web", `placement: {together: [{by: {attribute: rack}, selector: {matchLabels: {app: db}}, enforcement: Preferred}]}`)
		v.pass(10 * time.Second)
		if host, says := v.hostOf("web"), v.pendingOf("web"); host != "" || !strings.Contains(says, "fail together by rack (with app=db), of which none is placed") {
			t.Errorf("a task that wants to be with another, which there is not, is on %q and says %q", host, says)
		}
		if v.hostOf("easy") == "" {
			t.Errorf("one that only prefers it waits: %s", v.pendingOf("easy"))
		}
		v.web("db", "db", `placement: {constraints: [{by: {attribute: rack}, operator: In, values: [r2]}], scoring: Pack}`)
		v.pass(20 * time.Second)
		if got := v.hosts("db", "web"); !slices.Equal(got, []string{"r2.example.org", "r2.example.org"}) {
			t.Errorf("once the other runs they are on %q: %s", got, v.pendingOf("web"))
		}
	})
}
