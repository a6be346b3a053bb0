package placer

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// bound is a MesosTask with label app: web whose attempt is on an agent; none where that is empty.
func bound(name, version, agent string) *v1alpha1.MesosTask {
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, ResourceVersion: version, Labels: map[string]string{"app": "web"}}}
	if agent != "" {
		task.Annotations = map[string]string{v1alpha1.AnnotationBinding: fmt.Sprintf(
			`{"taskID":"shop.%s.2aaaaaaaa.aaaaaaaaaa","agentID":%q,"hostname":"h","domains":[{"by":{"attribute":"rack"},"value":"r1"}]}`, name, agent)}
	}
	return task
}

// TestPlacer_countsPeers: the latest version of each MesosTask counts, where it is; one that waits does not, and one that has a reservation where that is.
func TestPlacer_countsPeers(t *testing.T) {
	p := &Placer{pending: map[types.NamespacedName]*wanted{}, revive: sets.New[string](), signal: make(chan struct{}, 1)}
	asking := []placement.Task{{Namespace: "shop", Rules: placement.Compile(&mesos.Placement{Spread: []mesos.Spread{{By: mesos.Key{Attribute: "rack"}, MaxPerValue: 1}}})}}
	where := func() (agents sets.Set[string]) {
		agents = sets.New[string]()
		for _, peer := range p.placed(asking) {
			agents.Insert(peer.AgentID)
		}
		return agents
	}
	p.MeetAll([]v1alpha1.MesosTask{*bound("a", "5", "agent-a"), *bound("b", "6", "")})
	if got := where(); !got.Equal(sets.New("agent-a")) || !p.peers.complete {
		t.Fatalf("it counts %v", sets.List(got))
	}
	if recorded := p.placed(asking)[0].Recorded; recorded[mesos.Key{Attribute: "rack"}] != "r1" || recorded[mesos.Key{Field: mesos.FieldHostname}] != "h" {
		t.Errorf("of its agent is recorded %v", recorded)
	}
	p.Meet(bound("b", "8", "agent-b"))
	p.Meet(bound("b", "7", ""))
	if got := where(); !got.Equal(sets.New("agent-a", "agent-b")) {
		t.Errorf("after an older version came it counts %v", sets.List(got))
	}
	key := types.NamespacedName{Namespace: "shop", Name: "a"}
	p.pending[key] = &wanted{key: key}
	if got := where(); !got.Equal(sets.New("agent-b")) {
		t.Errorf("with one that waits it counts %v", sets.List(got))
	}
	p.pending[key].reserved = &reservation{}
	p.pending[key].reserved.placed.AgentID = "agent-c"
	if got := where(); !got.Equal(sets.New("agent-b", "agent-c")) {
		t.Errorf("with one that has a reservation it counts %v", sets.List(got))
	}
	if got := p.placed([]placement.Task{{Namespace: "shop"}}); len(got) != 0 {
		t.Errorf("for a task that does not ask it counts %v", got)
	}
	delete(p.pending, key)
	p.lose(types.NamespacedName{Namespace: "shop", Name: "b"})
	if got := where(); !got.Equal(sets.New("agent-a")) {
		t.Errorf("once one is gone it counts %v", sets.List(got))
	}
}

// TestPlacer_asksAgainWhenAPeerLeaves: what was declined may serve now; a task that came makes room only where it is wanted near.
func TestPlacer_asksAgainWhenAPeerLeaves(t *testing.T) {
	web := mesos.Selector{{Label: "app", Operator: mesos.In, Values: []string{"web"}}}
	rack := mesos.Key{Attribute: "rack"}
	for name, c := range map[string]struct {
		placement  mesos.Placement
		left, came bool
	}{
		"apart":        {mesos.Placement{Spread: []mesos.Spread{{By: rack, Among: web, MaxPerValue: 1}}}, true, false},
		"evenly":       {mesos.Placement{Spread: []mesos.Spread{{By: rack, Among: web, MaxSkew: 1}}}, true, true},
		"together":     {mesos.Placement{Together: []mesos.Together{{By: rack, Among: web}}}, true, true},
		"others":       {mesos.Placement{Spread: []mesos.Spread{{By: rack, Among: mesos.Selector{{Label: "db", Operator: mesos.Exists}}, MaxSkew: 1}}}, false, false},
		"only gladly":  {mesos.Placement{Spread: []mesos.Spread{{By: rack, Among: web, MaxPerValue: 1, Preferred: true}}}, false, false},
		"anywhere too": {mesos.Placement{Scoring: mesos.Pack}, false, false},
	} {
		p := &Placer{pending: map[types.NamespacedName]*wanted{}, revive: sets.New[string](), signal: make(chan struct{}, 1)}
		key := types.NamespacedName{Namespace: "shop", Name: "waiting"}
		p.pending[key] = &wanted{key: key, task: mesos.Task{Role: "prod"}, roles: []string{"prod"}, rules: placement.Compile(&c.placement), waiting: &v1alpha1.Pending{}}
		p.Meet(bound("a", "1", "agent-a"))
		if got := p.revive.Has("prod"); got != c.came {
			t.Errorf("%s: it asks again as one came: %t, want %t", name, got, c.came)
		}
		p.revive.Delete("prod")
		p.Meet(bound("a", "2", ""))
		if got := p.revive.Has("prod"); got != c.left {
			t.Errorf("%s: it asks again as one left: %t, want %t", name, got, c.left)
		}
	}
}
