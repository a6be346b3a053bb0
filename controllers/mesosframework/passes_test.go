package mesosframework

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// silent is what is known of an attempt that Mesos has not spoken of.
func silent(string) reconciliation.Seen { return reconciliation.Seen{Askable: true} }

func TestPasses_wanted(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	cases := map[string]struct {
		// firstRound says whether the running pass's first round is through, counted whether the end mark after it was answered; without
		// running the pass is through.
		running, firstRound, counted bool
		term                         uint64
		after                        time.Duration
		request                      string
		want                         v1alpha1.PassReason
	}{
		"nothing happened":                                         {counted: true, term: 1, after: time.Minute},
		"a new subscription":                                       {counted: true, term: 2, want: v1alpha1.PassSubscribed},
		"a new subscription supersedes a pass at once":             {running: true, term: 2, want: v1alpha1.PassSubscribed},
		"a new subscription does not wait for an end mark":         {term: 2, want: v1alpha1.PassSubscribed},
		"the interval is over":                                     {counted: true, term: 1, after: 15 * time.Minute, want: v1alpha1.PassInterval},
		"the interval waits for the first round":                   {running: true, term: 1, after: 15 * time.Minute},
		"the interval waits for the end mark":                      {running: true, firstRound: true, term: 1, after: 15 * time.Minute},
		"the interval waits for the end mark of a pass that ended": {term: 1, after: 15 * time.Minute},
		"the interval supersedes a pass that goes on and on":       {running: true, firstRound: true, counted: true, term: 1, after: 15 * time.Minute, want: v1alpha1.PassInterval},
		"a person asks":                                            {counted: true, term: 1, request: "now", want: v1alpha1.PassRequested},
		"a request waits for the first round":                      {running: true, term: 1, request: "now"},
		"a request waits for the end mark":                         {running: true, firstRound: true, term: 1, request: "now"},
		"a request supersedes a pass after its first end mark":     {running: true, firstRound: true, counted: true, term: 1, request: "now", want: v1alpha1.PassRequested},
		"a request that was handled is none":                       {counted: true, term: 1, request: "before"},
		"a subscription also handles what a person asked for":      {counted: true, term: 2, request: "now", want: v1alpha1.PassSubscribed},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			framework := &v1alpha1.MesosFramework{}
			framework.Spec.Reconciliation = v1alpha1.Reconciliation{IntervalSeconds: 900, MinBackoffSeconds: 5, MaxBackoffSeconds: 60, ChunkSize: 10}
			framework.Status.Reconciliation.LastHandledReconcileAt = "before"
			p := newPasses()
			p.configure(framework)
			p.begin(framework, v1alpha1.PassSubscribed, []reconciliation.Attempt{{TaskID: "t"}}, mesos.Number{Term: 1, Event: 1}, start)
			if tc.firstRound {
				for step := p.pass.Step(start, silent); step.Kind != reconciliation.RoundOver; step = p.pass.Step(start.Add(time.Minute), silent) {
					p.pass.Sent(start)
				}
			}
			if tc.counted {
				count(p.proof, start)
			}
			if !tc.running {
				p.complete(start)
			}
			if tc.request != "" {
				framework.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: tc.request}
			}
			if diff := cmp.Diff(tc.want, p.wanted(framework, tc.term, start.Add(tc.after))); diff != "" {
				t.Errorf("why a pass begins (-want +got):\n%s", diff)
			}
		})
	}
}

// count takes a proof to where its end mark is answered and its fence is not.
func count(proof *reconciliation.Proof, now time.Time) {
	answered := func(taskID string) (last mesos.Number) {
		if _, mark := proof.Marks(); mark != "" && taskID == mark {
			last = mesos.Number{Term: 1, Event: 2}
		}
		return last
	}
	for proof.Counted().IsZero() {
		if proof.Step(now, answered).Kind == reconciliation.ProofAsk {
			proof.Sent(now)
		}
	}
}

func TestPasses_supersededBackoffIsInherited(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	cases := map[string]struct {
		due  time.Duration
		want time.Duration
	}{
		"a round that was due soon":       {5 * time.Second, 5 * time.Second},
		"a round that was due much later": {time.Minute, inheritedBackoff},
		"a round that was due already":    {-time.Second, 0},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			framework := &v1alpha1.MesosFramework{}
			p := newPasses()
			p.configure(framework)
			attempts := []reconciliation.Attempt{{TaskID: "t"}}
			p.begin(framework, v1alpha1.PassSubscribed, attempts, mesos.Number{Term: 1, Event: 1}, start)
			p.roundDue = start.Add(tc.due)
			p.begin(framework, v1alpha1.PassSubscribed, attempts, mesos.Number{Term: 2, Event: 1}, start)
			step := p.pass.Step(start, silent)
			if tc.want == 0 {
				if step.Kind != reconciliation.Ask {
					t.Errorf("step is %+v, want to ask at once", step)
				}
				return
			}
			if step.Kind != reconciliation.Wait || step.At.Sub(start) != tc.want {
				t.Errorf("step is %+v at %v, want to wait for %v", step, start, tc.want)
			}
		})
	}
}
