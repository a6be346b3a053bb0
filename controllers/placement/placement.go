package placement

import (
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Task is what a pending task wants.
type Task struct {
	// Key names the task, as namespace/name. No two tasks of a round have the same.
	Key string
	// Namespace is what takes turns where tasks compete.
	Namespace string
	// Role is the Mesos role whose offers the task may take, and OtherRoles are those whose offers it takes where those do not serve, in order of
	// preference.
	Role       string
	OtherRoles []string
	// Resources are the amounts that the task takes from an offer.
	Resources mesos.Scalars
	// Ports are the host ports that it takes: a fixed one, or any where HostPort is zero.
	Ports []mesos.Port
	// Labels are its object's, by which other tasks' rules may speak of it.
	Labels map[string]string
	// Rules are which agents it may have; nil for any.
	Rules *Rules
	// Ranges are ranges of host ports that it takes. What is in several of them, and a port of Ports that is in one, is taken once.
	Ranges []mesos.NamedRange
	// Others are resources that it takes besides, by their names.
	Others []mesos.Other
	// Revocable has it take revocable amounts, as mesos.Scalars.Drawn says.
	Revocable bool
	// MaxRun is how long the task runs at most; zero for ever. Agents that are due for maintenance take it if it is over by then.
	MaxRun time.Duration
	// Since is when the task began to wait.
	Since time.Time
	// Avoid are agents on which the task failed, that of the latest failure first: they come after all others, those of the longest ago first.
	Avoid []AvoidedAgent
	// Elsewhere keeps the task from all of them while an offer of another agent that was declined has room: that is to be asked for.
	Elsewhere bool
}

// AvoidedAgent is an agent on which a task failed.
type AvoidedAgent struct {
	// ID is the Mesos agent ID.
	ID string
	// Until is until when it takes the task under no circumstances; zero: it only comes last.
	Until time.Time
}

// bars says whether the agent takes the task under no circumstances.
func (a *AvoidedAgent) bars(now time.Time) bool { return now.Before(a.Until) }

// Round is what placing may do besides the offers at hand.
type Round struct {
	// MaxAssignments bounds how many tasks are placed; zero: no bound.
	MaxAssignments int
	// PortOffset says where in an offer's free ports the search for any port begins, counted in free ports and taken modulo
	// their number. A caller that raises it by the ports of every round does not hand out a port again right after it was freed.
	PortOffset uint64
	// Turns say which namespace goes first: the one whose last turn is longest ago. Place only reads them.
	Turns *Turns
	// Now is the time of the round, and MaintenanceLead how long before its agent's maintenance begins an offer is only for tasks that are over by then.
	Now             time.Time
	MaintenanceLead time.Duration
	// ShareGPUAgents gives agents that have GPUs also to tasks that need none, after all others. Otherwise they are for tasks that need GPUs.
	ShareGPUAgents bool
	// Agents are all that is known of agents, beside what offers tell; nil where nothing is. It tells what no agent has.
	Agents *Agents
	// Peers are the tasks that have an agent already, of the namespaces of those tasks whose rules ask for them.
	Peers []Peer
	// Declined are offers that were turned down not long ago and have not come back: nothing is placed on them, but they count
	// in what is said of tasks that were not placed, so that it does not change with every handful of offers. One whose agent has
	// an offer of the role at hand is ignored.
	Declined []mesos.Offer
}

// Assignment gives a part of an offer to a task.
type Assignment struct {
	// Key is the task's.
	Key string
	// OfferID, AgentID, Hostname and Role are the offer's.
	OfferID  string
	AgentID  string
	Hostname string
	Role     string
	// HostPorts are the ports that the task got, in the order of its Ports.
	HostPorts []uint32
}

// Verdict says why a task was not placed.
type Verdict struct {
	// Key is the task's.
	Key string
	// MustWait says that no offer would take the task, even if no other task wanted it. Where it is false the task only waits
	// its turn.
	MustWait bool
	// Kind is what the offers are short of, whatever their number; empty where the task only waits its turn.
	Kind Kind
	// Message is one sentence that counts the offers by why they did not serve.
	Message string
	// Offerless says that none of the task's roles has an offer.
	Offerless bool
	// Elsewhere says that the task was kept from agents that it avoids, for an offer of another that was declined.
	Elsewhere bool
}

// Result is what one round came to. Each task is in exactly one of Assignments and Unplaced.
type Result struct {
	// Assignments are in the order in which the tasks had their turn.
	Assignments []Assignment
	// Unplaced are in the order in which the tasks had their turn.
	Unplaced []Verdict
	// Unused are the IDs of the offers that no task took a part of, in the order in which they came from Mesos.
	Unused []string
	// Maintained are those of the unused offers that a task which must wait might take, if their agents were not due for maintenance.
	Maintained []string
}

// most is how many of so many tasks the round may assign.
func (round *Round) most(tasks int) int {
	if round.MaxAssignments > 0 {
		return min(tasks, round.MaxAssignments)
	}
	return tasks
}

// Place gives offers to tasks, whose namespaces take turns. It changes neither.
func Place(tasks []Task, offers []mesos.Offer, round Round) Result {
	pools := newPools(tasks, offers, round)
	result := Result{}
	var left []waiting
	for turn, i := range inTurn(tasks, round.Turns) {
		one := pools.waiting(&tasks[i])
		if one.assign(&result) {
			if turn == 0 {
				// Where one finds a place others do: it need not grow.
				result.Assignments = slices.Grow(result.Assignments, round.most(len(tasks))-1)
			}
			continue
		}
		if left == nil {
			left = make([]waiting, 0, len(tasks)-turn)
		}
		left = append(left, one)
	}
	// What was placed may let in a task that had its turn before.
	for again := len(pools.counting) > 0; again; {
		again = false
		left = slices.DeleteFunc(left, func(one waiting) bool {
			placed := one.task.Rules.Across() && one.assign(&result)
			again = again || placed
			return placed
		})
	}
	result.Unplaced = slices.Grow(result.Unplaced, len(left))
	for _, one := range left {
		verdict := one.pool.verdict(one.task, one.shape)
		if len(one.task.OtherRoles) > 0 {
			verdict = pools.verdictOfAll(one.task, verdict)
		}
		result.Unplaced = append(result.Unplaced, Verdict{
			Key: one.task.Key, MustWait: verdict.mustWait, Kind: verdict.kind, Message: verdict.message, Offerless: verdict.offerless, Elsewhere: one.elsewhere,
		})
	}
	result.Unused, result.Maintained = pools.unused(offers)
	return result
}

// waiting is a task and where it looks for its place.
type waiting struct {
	task  *Task
	pool  *pool
	shape *shape
	// elsewhere says that it is kept from agents that it avoids, for an offer of another that was declined.
	elsewhere bool
}

func (p *pools) waiting(task *Task) waiting {
	pool := p.of(task.Role)
	shape := pool.shape(task)
	return waiting{task, pool, shape, task.Elsewhere && p.fitsElsewhere(task)}
}

// assign gives the task a part of an offer, if the round may place another and one serves.
func (w *waiting) assign(result *Result) bool {
	round := w.pool.round
	if most := round.MaxAssignments; most > 0 && len(result.Assignments) >= most {
		return false
	}
	others := len(w.task.OtherRoles) > 0
	assignment, ok := w.pool.assign(w.task, w.shape, !others && !w.elsewhere)
	if !ok && others {
		assignment, ok = w.pool.all.assignOther(w.task, !w.elsewhere)
	}
	if ok {
		result.Assignments = append(result.Assignments, assignment)
	}
	return ok
}
