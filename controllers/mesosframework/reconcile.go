package mesosframework

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// reconcileTasks takes the framework's reconciliation one step further and returns when to look again.
func (v *view) reconcileTasks(ctx context.Context) (time.Time, error) {
	p := v.memory.passes
	now, state := v.Clock.Now(), v.connection.Bridge.Connection()
	p.configure(v.object)
	p.due = time.Time{}
	if !state.Subscribed {
		return time.Time{}, nil
	}
	if reason := p.wanted(v.object, state.Term, now); reason != "" {
		attempts, err := v.openAttempts(ctx)
		if err != nil {
			return time.Time{}, err
		}
		if p.proof != nil {
			v.unmarkProof()
		}
		v.connection.PassBegins()
		p.frameworkID = state.FrameworkID
		p.begin(v.object, reason, attempts, state.LastEvent, now)
		ctrl.LoggerFrom(ctx).Info("Reconciling the tasks with Mesos", "reason", reason, "tasks", len(attempts))
	}
	next := []time.Time{never}
	if p.pass != nil {
		next = append(next, v.step(ctx))
	}
	if p.pass == nil || p.pass.Progress().FirstRoundThrough {
		proofNext, err := v.prove(ctx)
		if err != nil {
			return time.Time{}, err
		}
		next = append(next, proofNext)
	}
	if !p.held() {
		// While it is held, what ends that brings the key back.
		next = append(next, p.began.Add(p.interval()))
	}
	p.due = slices.MinFunc(next, time.Time.Compare)
	return p.due, nil
}

// step does what the pass wants now and returns when to look again.
func (v *view) step(ctx context.Context) time.Time {
	p := v.memory.passes
	now := v.Clock.Now()
	p.takeOutcome(now)
	for {
		switch step := p.pass.Step(now, v.seen); step.Kind {
		case reconciliation.Ask:
			v.send(step.Chunk)
			return never
		case reconciliation.RoundOver:
			p.roundDue = now.Add(jittered(p.limiter.When(v.object.Name)))
			p.pass.NextRound(p.roundDue)
		case reconciliation.Done:
			p.complete(now)
			v.connection.PassEnds()
			p.limiter.Forget(v.object.Name)
			ctrl.LoggerFrom(ctx).Info("Reconciled the tasks with Mesos", "reason", p.reason, "tasks", p.completed.Tasks, "rounds", p.completed.Rounds)
			return never
		default:
			if step.At.IsZero() {
				return never
			}
			return step.At
		}
	}
}

// never is later than anything that is due.
var never = time.Unix(1<<40, 0)

// send sends one chunk. Its outcome brings the key back.
func (v *view) send(chunk []reconciliation.Attempt) {
	p, pass, name, owner := v.memory.passes, v.memory.passes.pass, v.object.Name, v.Connections
	v.connection.Await(chunk)
	v.connection.Bridge.Reconcile(chunk, func(err error) {
		p.mu.Lock()
		if pass == p.pass {
			p.outcome = &err
		}
		p.mu.Unlock()
		owner.EnqueueFramework(name)
	})
}

// seen is what is known of one attempt now.
func (v *view) seen(taskID string) reconciliation.Seen {
	seen := reconciliation.Seen{Askable: v.connection.Bridge.MayAsk(taskID)}
	attempt, ok := v.connection.Bridge.Attempt(taskID)
	if !ok {
		seen.Over = v.connection.IsOver(taskID)
		return seen
	}
	seen.Last = attempt.Last
	launch := connections.LaunchOf(attempt)
	seen.Over = launch == lifecycle.LaunchNeverSent || launch == lifecycle.LaunchRefused
	if attempt.Observation != nil {
		seen.AgentID = attempt.Observation.AgentID
		seen.Over = seen.Over || attempt.Observation.State.Class() == mesos.Ended
	}
	return seen
}

// openAttempts are the attempts under a framework's present ID that are not known to be over: as the cache has them, as this process bound
// them, and those that were abandoned. Of attempts under another ID Mesos would say that they are gone, as it never knew them.
func (v *view) openAttempts(ctx context.Context) ([]reconciliation.Attempt, error) {
	tasks, err := v.listTasks(ctx)
	if err != nil {
		return nil, err
	}
	v.connection.Placer.MeetAll(tasks)
	id := v.connection.Bridge.Connection().FrameworkID
	attempts := v.connection.BoundHere(id)
	known := make(map[string]bool, len(attempts))
	for _, attempt := range attempts {
		known[attempt.TaskID] = true
	}
	add := func(attempt reconciliation.Attempt) {
		if !known[attempt.TaskID] {
			known[attempt.TaskID] = true
			attempts = append(attempts, attempt)
		}
	}
	for _, attempt := range v.connection.AbandonedHere() {
		add(attempt)
	}
	for i := range tasks {
		for _, attempt := range lifecycle.OpenAttemptsOf(&tasks[i]) {
			if attempt.FrameworkID == "" || attempt.FrameworkID == id {
				add(reconciliation.Attempt{TaskID: attempt.TaskID, AgentID: attempt.AgentID})
			}
		}
	}
	return attempts, nil
}

// jittered spreads a delay over up to a tenth more, so that many frameworks do not ask at once.
func jittered(delay time.Duration) time.Duration { return wait.Jitter(delay, 0.1) }
