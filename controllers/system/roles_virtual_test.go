package system

import (
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestRoles: of offers that are at hand at one time, a task with several roles takes one of the preferred role, else of another; only a role that it no longer may have ends it.
func TestRoles(t *testing.T) {
	inVirtualTime(t, simulator.Flags{Roles: []string{"web", "prod"}}, slowStart(time.Second), func(v *virtual) {
		// Agents that have something for each role make an offer to each at one time, whose turn it is elsewhere or not.
		for _, agent := range v.mesos.Agents() {
			agent.Unregister()
		}
		for range 2 {
			v.mesos.AddAgent(simulator.AgentSpec{Reserved: []simulator.Reservation{{Role: "web", CPUs: 1, Mem: 1024}, {Role: "prod", CPUs: 1, Mem: 1024}}})
		}
		v.framework(`info: {roles: [web, prod], defaultRole: web}`)
		v.start()
		v.pass(20 * time.Second)
		v.task("a", `roles: [prod, web], shell: sleep 1000`)
		v.pass(2 * time.Minute)
		first := v.get("a").Status.Task
		if first == nil || first.Role != "prod" || v.reason("a") != v1alpha1.ReasonRunning {
			v.Fatalf("it is %+v: %s", first, v.said("a"))
		}
		v.task("b", `roles: [web, prod], shell: sleep 1000`)
		v.needing("c", `requests: {cpus: 1, memory: 32Mi}`, `roles: [prod, web], shell: sleep 1000`)
		v.needing("d", `requests: {cpus: 1, memory: 32Mi}`, `roles: [prod, web], shell: sleep 1000`)
		v.pass(2 * time.Minute)
		for name, want := range map[string]string{"b": "web", "c": "prod", "d": "web"} {
			if task := v.get(name).Status.Task; task == nil || task.Role != want {
				v.Errorf("%s is %+v, want role %s: %s", name, task, want, v.said(name))
			}
		}
		other := map[string]string{"web": "prod", "prod": "web"}[first.Role]
		v.patch("a", `spec: {roles: [`+other+`, `+first.Role+`]}`)
		v.pass(time.Minute)
		if now := v.get("a").Status.Task; now.ID != first.ID {
			v.Errorf("another order of its roles made it %+v, it was %+v", now, first)
		}
		v.patch("a", `spec: {roles: [`+other+`]}`)
		v.pass(2 * time.Minute)
		now := v.get("a").Status
		if now.Task.ID == first.ID || now.Task.Role != other || v.reason("a") != v1alpha1.ReasonRunning || now.History[0].KillReason != v1alpha1.KillSpecChanged {
			v.Errorf("without its role it is %+v after %+v: %s", now.Task, now.History, v.said("a"))
		}
	})
}
