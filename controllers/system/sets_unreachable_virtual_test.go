package system

import (
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// partitioned is a set of four of which an agent with some is lost, and how many those are.
func (v *virtual) partitioned(template string) (agent *simulator.Agent, lost int32) {
	v.Helper()
	v.taskSet("web", "serve 1", "replicas: 4, progressDeadlineSeconds: 3600, updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}")
	if template != "" {
		v.patchSet("web", template)
	}
	v.pass(40 * time.Second)
	v.wantSet("web", "True Available")
	agent = v.agentOf(v.tasksOfSet("web")[0].Name)
	for _, task := range v.tasksOfSet("web") {
		if task.Status.Task.AgentID == agent.ID() {
			lost++
		}
	}
	agent.Partition()
	return agent, lost
}

// TestSet_unreachable: a task that is unreachable is not replaced by its set as things are; a rollout waits for it for ten minutes, and then goes on without
// it. Where it may be replaced after a while it is by itself, under its own name, for which its set makes no other.
func TestSet_unreachable(t *testing.T) {
	t.Run("for long", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
			v.framework("")
			v.start()
			agent, lost := v.partitioned("")
			v.pass(5 * time.Minute)
			v.wantSet("web", "False Unavailable")
			if status := v.getSet("web").Status; status.UnreachableReplicas != lost || status.Replicas != 4 || status.TerminatingReplicas != 0 {
				v.Errorf("with %d unreachable the status is %+v", lost, status)
			}
			v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
			v.pass(30 * time.Minute)
			v.wantSet("web", "True Available")
			if got := v.commands("web"); got["serve 2"] != 4 {
				v.Errorf("after the rollout there run %v", got)
			}
			if status := v.getSet("web").Status; status.TerminatingReplicas != lost {
				v.Errorf("%d are being deleted, want the %d of which nobody can tell: %+v", status.TerminatingReplicas, lost, status)
			}
			agent.Heal()
			v.pass(5 * time.Minute)
			if left := len(v.tasksOfSet("web")); left != 4 {
				v.Errorf("once the agent is back there are %d, want 4", left)
			}
		})
	})
	t.Run("for a while", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
			v.framework("")
			v.start()
			agent, _ := v.partitioned("")
			v.pass(3 * time.Minute)
			agent.Heal()
			v.pass(time.Minute)
			v.wantSet("web", "True Available")
			v.wantStarted("web", 4)
		})
	})
	t.Run("for longer than is waited for", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
			v.framework("")
			v.start()
			agent, lost := v.partitioned(`{spec: {template: {spec: {unreachable: {replaceAfterSeconds: 120}}}}}`)
			v.pass(10 * time.Minute)
			v.wantSet("web", "True Available")
			restarted := 0
			for _, times := range v.started("web") {
				restarted += times - 1
			}
			if restarted != int(lost) || len(v.started("web")) != 4 {
				v.Errorf("of %d that were lost %d were replaced: %v", lost, restarted, v.started("web"))
			}
			agent.Heal()
			v.pass(5 * time.Minute)
			v.wantSet("web", "True Available")
			if live := v.mesos.LiveTasks(); live != 4 {
				v.Errorf("once the agent is back %v live", live)
			}
		})
	})
}
