package simulator

import (
	"slices"
	"testing"
	"time"
)

// TestLimits: what master and agent say of limits, as recorded in launch_fails and as validateResourceLimits has it.
func TestLimits(t *testing.T) {
	const invalid, unbound = "REASON_TASK_INVALID", "REASON_GC_ERROR"
	for name, c := range map[string]struct {
		limits object
		spec   func(*AgentSpec)
		docker bool
		// reason and message are of the refusal; empty for a task that runs.
		reason, message string
	}{
		"both":                       {limits: object{"cpus": 2, "mem": 256}},
		"none":                       {limits: object{"cpus": "Infinity", "mem": "Infinity"}},
		"what is asked for":          {limits: object{"cpus": 0.1, "mem": 32}},
		"CPUs below what is asked":   {limits: object{"cpus": 0.05}, reason: invalid, message: "The cpu limit must be greater than or equal to the cpu request"},
		"memory below what is asked": {limits: object{"mem": 31.9}, reason: invalid, message: "The memory limit must be greater than or equal to the memory request"},
		"of disk":                    {limits: object{"cpus": 1, "disk": 31}, reason: invalid, message: "Only cpus and mem may be included in a task's resource limits"},
		"an agent of before Mesos 1.10": {
			limits: object{"cpus": 1}, spec: func(s *AgentSpec) { s.NoTaskLimits = true },
			reason: invalid, message: "Agent is not capable of handling task resource limits",
		},
		"an agent that bounds nothing": {
			limits: object{"cpus": 1, "mem": 64}, spec: func(s *AgentSpec) { s.Isolation = []string{} },
			reason: unbound, message: "CPU limits can only be set on tasks launched in Mesos containers when the agent has loaded the 'cgroups/cpu' isolator",
		},
		"an agent that bounds CPUs only": {
			limits: object{"cpus": 1, "mem": 64}, spec: func(s *AgentSpec) { s.Isolation = []string{IsolatorCPU} },
			reason: unbound, message: "Memory limits can only be set on tasks launched in Mesos containers when the agent has loaded the 'cgroups/mem' isolator",
		},
		"Docker bounds by itself": {limits: object{"cpus": 1}, spec: func(s *AgentSpec) { s.Isolation = []string{} }, docker: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, cluster := in.t, in.cluster
				spec := smallAgent()
				if c.spec != nil {
					c.spec(&spec)
				}
				cluster.AddAgent(spec)
				cl := newClient(t, cluster)
				cl.subscribe(subscribeCall(""))
				offer := cl.offers()[0]
				task, limits := taskFor("x", offer), object{}
				for name, value := range c.limits {
					limits[name] = object{"value": value}
				}
				task["limits"] = limits
				if c.docker {
					task["container"] = object{"type": "DOCKER", "docker": object{"image": "alpine"}}
				}
				cl.call(cl.acceptCall(offer, task), 202)
				cl.settle(2 * time.Second)
				if states := cl.states("x"); c.reason == "" {
					if !slices.Contains(states, "TASK_RUNNING") {
						t.Errorf("the states are %v, want it to run", states)
					}
					return
				}
				updates := cl.updates("x")
				if len(updates) == 0 || updates[0]["reason"] != c.reason || updates[0]["message"] != c.message {
					t.Errorf("the updates are %v, want %s: %s", updates, c.reason, c.message)
				}
			})
		})
	}
}
