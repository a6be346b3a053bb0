package placer

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

func TestWhyUnused(t *testing.T) {
	cases := map[string]struct {
		waiting   int
		turnWaits bool
		want      mesosbridge.DeclineReason
	}{
		"nobody waits":                   {0, false, mesosbridge.DeclineNothingPending},
		"who waits does not fit":         {2, false, mesosbridge.DeclineUnfit},
		"somebody's turn has not come":   {2, true, mesosbridge.DeclineTurn},
		"only those wait that go alone":  {1, true, mesosbridge.DeclineTurn},
		"what waits is reserved already": {0, false, mesosbridge.DeclineNothingPending},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			if got := whyUnused(tc.waiting, tc.turnWaits); got != tc.want {
				t.Errorf("the offer is declined as %s, want %s", got, tc.want)
			}
		})
	}
}

// TestPlacer_fairTurnsAlone: tasks that need an ACCEPT of their own, as their last one was refused, neither take every offer nor get none.
func TestPlacer_fairTurnsAlone(t *testing.T) {
	p := &Placer{refused: sets.New(types.NamespacedName{Namespace: "refused", Name: "a"})}
	turn := func(namespace string) {
		p.turns.Assigned(namespace)
		p.turns.EndRound()
	}
	turn("fine")
	turn("refused")
	tasks := []placement.Task{{Key: "refused/a", Namespace: "refused"}, {Key: "fine/a", Namespace: "fine"}}
	alone, together := p.split(tasks)
	if p.lastTurn(together) >= p.lastTurn(alone) {
		t.Error("a task whose ACCEPT was refused goes before one whose namespace waits longer for its turn")
	}
	turn("fine")
	if p.lastTurn(together) < p.lastTurn(alone) {
		t.Error("a task whose ACCEPT was refused never has its turn")
	}
}
