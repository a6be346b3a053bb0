package mesosframework

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/util/workqueue"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
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
	// due is when the pass or its proof is to be looked at again; zero while that is not known.
	due time.Time
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
	// told is the last count of all that the master knows; nil before the first. Recounted is when it was last brought up to date.
	told      *roll
	recounted time.Time

	// mu guards the outcomes, and pass and proof where the bridge's sender compares them.
	mu sync.Mutex
	// outcome is what became of the chunk that was sent last, proofOutcome of the proof's last question; the bridge's sender sets them.
	outcome, proofOutcome *error
}

func newPasses() *passes { return &passes{} }

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
		first = slices.MinFunc([]time.Time{p.roundDue, now.Add(inheritedBackoff)}, time.Time.Compare)
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
	p.pass, p.proof = pass, reconciliation.NewProof(connections.NewMark)
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
