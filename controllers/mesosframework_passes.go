package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// inheritedBackoff is the longest that a pass waits as the one before it was not through (rule 9).
const inheritedBackoff = 15 * time.Second

// passes runs the reconciliation passes of one framework, one at a time.
type passes struct {
	// pass is the one that runs; nil while none does.
	pass   *reconciliation.Pass
	reason v1alpha1.PassReason
	// term is the subscription that the last pass began in, frameworkID the ID that it is of, began when it did.
	term        uint64
	frameworkID string
	began       time.Time
	// silentSince is when the first of the passes began that were superseded unfinished up to the one that runs, and superseded what the last of
	// them had come to.
	silentSince time.Time
	superseded  reconciliation.Progress
	// roundDue is when the next round of the pass is due.
	roundDue time.Time
	// requested is the request that the pass that runs will have handled.
	requested string
	limiter   workqueue.TypedRateLimiter[string]
	spec      v1alpha1.Reconciliation
	// completed is the last pass that got through, completedTerm the subscription in which it did.
	completed     *v1alpha1.ReconciliationPass
	completedTerm uint64
	// handled is the request that was handled last.
	handled string

	// proof follows the first round of each pass.
	proof *reconciliation.Proof
	// implicitStart is the number of the last event before the proof's last implicit RECONCILE, judged when that of the last count of orphans
	// was asked.
	implicitStart mesos.Number
	judged        time.Time
	// told is the last count of all that the master knows; nil before the first in the present term.
	told *roll

	// mu guards the outcomes, and pass and proof where the bridge's sender compares them.
	mu sync.Mutex
	// outcome is what became of the chunk that was sent last, proofOutcome of the proof's last question; the bridge's sender sets them.
	outcome, proofOutcome *error
}

func newPasses() *passes { return &passes{} }

// reconcileTasks takes the framework's reconciliation one step further and returns when to look again.
func (r *MesosFrameworkReconciler) reconcileTasks(ctx context.Context, framework *v1alpha1.MesosFramework, p *passes, connection *connection) (time.Time, error) {
	now, state := r.Connections.now(), connection.bridge.Connection()
	p.configure(framework)
	if !state.Subscribed {
		return time.Time{}, nil
	}
	if reason := p.wanted(framework, state.Term, now); reason != "" {
		attempts, err := r.openAttempts(ctx, framework.Name, connection)
		if err != nil {
			return time.Time{}, err
		}
		if p.proof != nil {
			connection.unmarkProof(p.proof)
		}
		connection.passBegins()
		p.frameworkID = state.FrameworkID
		p.begin(framework, reason, attempts, state.LastEvent, now)
		ctrl.LoggerFrom(ctx).Info("Reconciling the tasks with Mesos", "reason", reason, "tasks", len(attempts))
	}
	next := never
	if p.pass != nil {
		next = r.step(ctx, framework, p, connection)
	}
	if p.pass == nil || p.pass.Progress().FirstRoundThrough {
		proofNext, err := r.prove(ctx, framework, p, connection)
		if err != nil {
			return time.Time{}, err
		}
		next = earlier(next, proofNext)
	}
	if !p.held() {
		// While it is held, what ends that brings the key back.
		next = earlier(next, p.began.Add(p.interval()))
	}
	return next, nil
}

// configure takes over the spec.
func (p *passes) configure(framework *v1alpha1.MesosFramework) {
	spec := framework.Spec.Reconciliation
	if p.limiter == nil || !equality.Semantic.DeepEqual(p.spec, spec) {
		first, longest := time.Duration(spec.MinBackoffSeconds)*time.Second, time.Duration(spec.MaxBackoffSeconds)*time.Second
		p.limiter = workqueue.NewTypedWithMaxWaitRateLimiter(
			workqueue.NewTypedItemExponentialFailureRateLimiter[string](first, longest), longest)
		p.spec = spec
	}
	if p.handled == "" {
		p.handled = framework.Status.Reconciliation.LastHandledReconcileAt
	}
}

func (p *passes) interval() time.Duration { return time.Duration(p.spec.IntervalSeconds) * time.Second }

// wanted says why a new pass is to begin now; empty if none is. A new subscription always supersedes the pass that runs; the interval
// and requests wait until its first round and the end mark after it are through (rule 9).
func (p *passes) wanted(framework *v1alpha1.MesosFramework, term uint64, now time.Time) v1alpha1.PassReason {
	request := framework.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	switch {
	case term != p.term:
		return v1alpha1.PassSubscribed
	case p.held():
		return ""
	case request != "" && request != p.handled && request != p.requested:
		return v1alpha1.PassRequested
	case !now.Before(p.began.Add(p.interval())):
		return v1alpha1.PassInterval
	default:
		return ""
	}
}

// held says that the first round of the last pass or the end mark after it is not through, which the interval and requests wait for.
func (p *passes) held() bool {
	return p.pass != nil && !p.pass.Progress().FirstRoundThrough || p.proof.Counted().IsZero()
}

// begin starts a pass in place of the one that runs, whose backoff it inherits.
func (p *passes) begin(framework *v1alpha1.MesosFramework, reason v1alpha1.PassReason, attempts []reconciliation.Attempt, start mesos.Number, now time.Time) {
	first := now
	if p.pass != nil && p.roundDue.After(now) {
		first = earlier(p.roundDue, now.Add(inheritedBackoff))
	}
	if p.pass == nil {
		p.silentSince, p.superseded = now, reconciliation.Progress{}
	} else {
		p.silentSince, p.superseded = p.silence()
	}
	pass := reconciliation.Begin(reconciliation.Params{
		Reason: string(reason), Start: start, Attempts: attempts, ChunkSize: int(p.spec.ChunkSize), Now: now, FirstRoundAt: first,
	})
	p.reason, p.term, p.began, p.roundDue = reason, start.Term, now, first
	p.requested = framework.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass, p.proof = pass, reconciliation.NewProof(func() string { return markPrefix + newNonce() })
	p.outcome, p.proofOutcome = nil, nil
}

// silence is how many attempts are unanswered, and since when some of them have been without a break. A pass has everybody unanswered until its
// first round is through; until then what the one before it had come to stands.
func (p *passes) silence() (since time.Time, progress reconciliation.Progress) {
	if p.pass == nil {
		return time.Time{}, reconciliation.Progress{}
	}
	progress = p.pass.Progress()
	if !progress.FirstRoundThrough && p.superseded.Unanswered > 0 {
		progress = p.superseded
	}
	return p.silentSince, progress
}

// markPrefix begins the IDs of fences and end marks: they have no dot, so that no MesosTask's task ID can be one.
const markPrefix = "mark-"

// prove takes the pass's proof further and returns when to look again.
func (r *MesosFrameworkReconciler) prove(ctx context.Context, framework *v1alpha1.MesosFramework, p *passes, connection *connection) (time.Time, error) {
	now := r.Connections.now()
	p.takeProofOutcome(now)
	last := func(taskID string) mesos.Number {
		attempt, _ := connection.bridge.Attempt(taskID)
		return attempt.Last
	}
	fence, mark := p.proof.Marks()
	had := p.proof.Had()
	step := p.proof.Step(now, last)
	connection.learned(p.frameworkID, p.proof.Had(), p.proof.Counted())
	if err := r.judgeOrphans(ctx, framework, p, connection); err != nil {
		return time.Time{}, err
	}
	switch step.Kind {
	case reconciliation.ProofAsk:
		if step.Question == reconciliation.Fence {
			connection.unmark(fence)
			connection.unmark(mark)
		}
		r.question(framework.Name, p, connection, step)
		return never, nil
	case reconciliation.ProofHad:
		connection.unmark(fence)
		connection.unmark(mark)
		if !had {
			ctrl.LoggerFrom(ctx).Info("Mesos has told all that runs on its reachable agents", "reason", p.reason)
		}
		if p.pass == nil {
			p.completed.Proven = true
		}
		return never, nil
	default:
		if step.At.IsZero() {
			return never, nil
		}
		return step.At, nil
	}
}

// unmarkProof forgets the marks of a proof that is superseded.
func (c *connection) unmarkProof(proof *reconciliation.Proof) {
	fence, mark := proof.Marks()
	c.unmark(fence)
	c.unmark(mark)
}

// question sends one question of the proof. Its outcome brings the key back.
func (r *MesosFrameworkReconciler) question(name string, p *passes, connection *connection, step reconciliation.ProofStep) {
	proof := p.proof
	done := func(err error) {
		p.mu.Lock()
		if proof == p.proof {
			p.proofOutcome = &err
		}
		p.mu.Unlock()
		r.Connections.frameworks.add(frameworkKey(name))
	}
	switch step.Question {
	case reconciliation.Implicit:
		p.implicitStart = connection.bridge.Connection().LastEvent
		connection.bridge.ReconcileImplicitly(done)
	case reconciliation.EndMark:
		connection.mark(step.TaskID)
		connection.bridge.Reconcile([]reconciliation.Attempt{{TaskID: step.TaskID, AgentID: step.TaskID}}, done)
	case reconciliation.Fence:
		connection.mark(step.TaskID)
		connection.bridge.Reconcile([]reconciliation.Attempt{{TaskID: step.TaskID}}, done)
	}
}

// takeProofOutcome tells the proof what became of its last question.
func (p *passes) takeProofOutcome(now time.Time) {
	p.mu.Lock()
	outcome := p.proofOutcome
	p.proofOutcome = nil
	p.mu.Unlock()
	switch {
	case outcome == nil:
	case *outcome == nil:
		p.proof.Sent(now)
	default:
		p.proof.CallFailed(now)
	}
}

// step does what the pass wants now and returns when to look again.
func (r *MesosFrameworkReconciler) step(ctx context.Context, framework *v1alpha1.MesosFramework, p *passes, connection *connection) time.Time {
	now := r.Connections.now()
	p.takeOutcome(now)
	seen := func(taskID string) reconciliation.Seen { return seenOf(connection, taskID) }
	for {
		switch step := p.pass.Step(now, seen); step.Kind {
		case reconciliation.Ask:
			r.send(framework.Name, p, connection, step.Chunk)
			return never
		case reconciliation.RoundOver:
			p.roundDue = now.Add(jittered(p.limiter.When(framework.Name)))
			p.pass.NextRound(p.roundDue)
		case reconciliation.Done:
			p.complete(now)
			connection.passEnds()
			p.limiter.Forget(framework.Name)
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
func (r *MesosFrameworkReconciler) send(name string, p *passes, connection *connection, chunk []reconciliation.Attempt) {
	pass := p.pass
	connection.bridge.Reconcile(chunk, func(err error) {
		p.mu.Lock()
		if pass == p.pass {
			p.outcome = &err
		}
		p.mu.Unlock()
		r.Connections.frameworks.add(frameworkKey(name))
	})
}

// takeOutcome tells the pass what became of its last chunk.
func (p *passes) takeOutcome(now time.Time) {
	p.mu.Lock()
	outcome := p.outcome
	p.outcome = nil
	p.mu.Unlock()
	switch {
	case outcome == nil:
	case *outcome == nil:
		p.pass.Sent(now)
	default:
		p.pass.CallFailed()
	}
}

// complete ends the pass that runs.
func (p *passes) complete(now time.Time) {
	passDuration.Observe(now.Sub(p.began).Seconds(), string(p.reason))
	p.completed = passStatus(p, now)
	p.completed.Proven = p.proof.Had()
	p.completedTerm = p.term
	if p.requested != "" {
		p.handled = p.requested
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass = nil
}

// seenOf is what is known of one attempt now.
func seenOf(connection *connection, taskID string) reconciliation.Seen {
	seen := reconciliation.Seen{Askable: connection.bridge.MayAsk(taskID)}
	attempt, ok := connection.bridge.Attempt(taskID)
	if !ok {
		seen.Over = connection.overSince(taskID)
		return seen
	}
	seen.Last = attempt.Last
	launch := launchOf(attempt)
	seen.Over = launch == lifecycle.LaunchNeverSent || launch == lifecycle.LaunchRefused
	if attempt.Observation != nil {
		seen.AgentID = attempt.Observation.AgentID
		seen.Over = seen.Over || attempt.Observation.State.Class() == mesos.Ended
	}
	return seen
}

// openAttempts are the attempts under a framework's present ID that are not known to be over: as the cache has them, as this process bound
// them, and those that were abandoned. Of attempts under another ID Mesos would say that they are gone, as it never knew them.
func (r *MesosFrameworkReconciler) openAttempts(ctx context.Context, name string, connection *connection) ([]reconciliation.Attempt, error) {
	var tasks v1alpha1.MesosTaskList
	if err := r.Client.List(ctx, &tasks, client.MatchingFields{indexByFramework: name}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the framework's tasks: %w", err)
	}
	id := connection.bridge.Connection().FrameworkID
	attempts := connection.boundHere(id)
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
	for _, attempt := range connection.abandonedHere() {
		add(attempt)
	}
	for i := range tasks.Items {
		for _, attempt := range openAttemptsOf(&tasks.Items[i]) {
			if attempt.FrameworkID == "" || attempt.FrameworkID == id {
				add(reconciliation.Attempt{TaskID: attempt.TaskID, AgentID: attempt.AgentID})
			}
		}
	}
	return attempts, nil
}

// openAttemptsOf are the attempts of a task that are not known to be over.
func openAttemptsOf(task *v1alpha1.MesosTask) []lifecycle.OpenAttempt {
	return lifecycle.OpenAttempts(task.Status, bindingOf(task))
}

// bindingOf is the binding of a task; nil where it has none that can be read and is its own.
func bindingOf(task *v1alpha1.MesosTask) *v1alpha1.Binding {
	annotation, ok := task.Annotations[v1alpha1.AnnotationBinding]
	if !ok {
		return nil
	}
	binding, err := lifecycle.ParseBinding(annotation, task.Namespace, task.Name)
	if err != nil {
		return nil
	}
	return binding
}
