package simulator

import (
	"errors"
	"fmt"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Preload puts running tasks on agents without a word to anybody, as if they had been launched, and all
// their updates acknowledged, long ago.
type Preload struct {
	// Framework owns the tasks; its ID must be set. If the master does not know it, it is as after a
	// master failover: known from its tasks, and not subscribed.
	Framework *mesos.FrameworkInfo
	// Tasks is how many there are, dealt out to the agents in turn.
	Tasks int
	// ID names the i-th task; default task-<i>.
	ID func(i int) string
	// Task is what all of them are, but for task_id, agent_id and name. It needs resources and a command.
	Task *mesos.TaskInfo
}

// Preload carries out a Preload on the registered agents. The tasks are acted out by scripts, whatever
// their agents' runners.
func (c *Cluster) Preload(p Preload) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.leader
	switch {
	case r == nil:
		return errors.New("preloading tasks: no master leads")
	case len(r.order) == 0:
		return errors.New("preloading tasks: no agent is registered")
	case p.Framework.GetID() == nil:
		return errors.New("preloading tasks: the framework has no ID")
	}
	f := r.frameworks[p.Framework.ID.Value]
	if f == nil {
		f = r.newFramework(p.Framework.ID.Value, p.Framework, p.Framework.GetPrincipal())
	}
	if p.ID == nil {
		p.ID = func(i int) string { return fmt.Sprintf("task-%d", i) }
	}
	resources := normalized(p.Task.Resources)
	for i := range p.Tasks {
		s := r.order[i%len(r.order)]
		if f.tasks[p.ID(i)] != nil {
			return fmt.Errorf("preloading task %s: there is one of that ID", p.ID(i))
		}
		if !s.use(resources) {
			return fmt.Errorf("preloading task %s: agent %s has no room for it", p.ID(i), s.id)
		}
		r.preload(f, s, p, p.ID(i), resources)
	}
	return nil
}

func (r *reign) preload(f *framework, s *slave, p Preload, id string, resources []mesos.Resource) {
	a := s.agent
	info := *p.Task
	info.Name, info.TaskID.Value, info.AgentID.Value = id, id, s.id
	t := &agentTask{
		key: taskKey{f.id, id}, framework: f.info, info: &info, container: newID(), state: mesos.TASK_STAGING,
	}
	a.tasks[t.key] = t
	t.live = r.cluster.ledger.start(a, t)
	t.state = mesos.TASK_RUNNING
	t.sent = a.executorStatus(t, Report{State: mesos.TASK_RUNNING})
	t.execution = &scripted{script: Script{KillAfter: KilledAfter}, report: a.reporter(t)}
	mt := &task{id: id, framework: f, slave: s, info: &info, role: roleOf(&info, f), resources: resources, state: t.state, forwarded: t.sent}
	mt.enter()
}
