package mesosframework

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// prove takes the pass's proof further and returns when to look again.
func (v *view) prove(ctx context.Context) (time.Time, error) {
	p := v.memory.passes
	now := v.Clock.Now()
	p.takeProofOutcome(now)
	last := func(taskID string) mesos.Number {
		attempt, _ := v.connection.Bridge.Attempt(taskID)
		return attempt.Last
	}
	fence, mark := p.proof.Marks()
	had := p.proof.Had()
	step := p.proof.Step(now, last)
	if v.connection.Learned(p.frameworkID, p.term, p.proof.Had(), p.proof.Counted()) {
		v.Recorder.Event(v.object, true, v1alpha1.EventLaunchHoldOver, "Reconciling", "Launching though Mesos still waits for agents to come back, as spec.reconciliation.launchHoldSeconds are over: "+
			"a task of an object that was rebuilt meanwhile may run twice until its agent is back")
	}
	if err := v.judgeOrphans(ctx); err != nil {
		return time.Time{}, err
	}
	switch step.Kind {
	case reconciliation.ProofAsk:
		if step.Question == reconciliation.Fence {
			v.connection.Unmark(fence)
			v.connection.Unmark(mark)
		}
		v.question(step)
		return never, nil
	case reconciliation.ProofHad:
		v.connection.Unmark(fence)
		v.connection.Unmark(mark)
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
func (v *view) unmarkProof() {
	fence, mark := v.memory.passes.proof.Marks()
	v.connection.Unmark(fence)
	v.connection.Unmark(mark)
}

// question sends one question of the proof. Its outcome brings the key back.
func (v *view) question(step reconciliation.ProofStep) {
	p, proof, name, owner := v.memory.passes, v.memory.passes.proof, v.object.Name, v.Connections
	done := func(err error) {
		p.mu.Lock()
		if proof == p.proof {
			p.proofOutcome = &err
		}
		p.mu.Unlock()
		owner.EnqueueFramework(name)
	}
	switch step.Question {
	case reconciliation.Implicit:
		p.implicitStart = v.connection.Bridge.Connection().LastEvent
		v.connection.Bridge.ReconcileImplicitly(done)
	case reconciliation.EndMark:
		v.connection.Mark(step.TaskID)
		v.connection.Bridge.Reconcile([]reconciliation.Attempt{{TaskID: step.TaskID, AgentID: step.TaskID}}, done)
	case reconciliation.Fence:
		v.connection.Mark(step.TaskID)
		v.connection.Bridge.Reconcile([]reconciliation.Attempt{{TaskID: step.TaskID}}, done)
	}
}
