package placer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// hoard runs another framework, which keeps whatever it is offered, until the function that it returns is called.
func (p *placing) hoard(role string) (leave func()) {
	config := mesosbridge.Config{Masters: p.config.Masters, Framework: mesos.Framework{Name: "rival", User: "nobody", Roles: []string{role}}}
	bridge := mesosbridge.New(config, mesosbridge.Options{Name: "rival", DialContext: p.cluster.DialContext})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		bridge.Run(ctx)
	}()
	return func() { cancel(); <-ended }
}

// TestPlacer_saysWhyNoOfferComes: within two seconds of asking for offers, once, and no longer than that it is so.
func TestPlacer_saysWhyNoOfferComes(t *testing.T) {
	refuse := func(status int) func(p *placing) func() {
		return func(p *placing) func() {
			fault := p.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "REVIVE", Action: simulator.Answer, Status: status, Text: "come\x00 later", Count: -1})
			return fault.Remove
		}
	}
	limit := func(limits map[string]float64) func(p *placing) func() {
		return func(p *placing) func() {
			p.cluster.LimitRole("prod", limits)
			p.pass(5 * time.Second)
			return func() { p.cluster.LimitRole("prod", nil) }
		}
	}
	for sentence, c := range map[string]struct {
		agents []float64
		// lack brings it about, and what it returns ends it.
		lack func(p *placing) (end func())
		want string
	}{
		"there are no agents": {
			lack: func(p *placing) func() { return func() { addAgent(p.cluster, 4, 4096) } },
			want: "Mesos has no agents: ",
		},
		"Mesos does not take REVIVE for now": {agents: []float64{4}, lack: refuse(503), want: "repeated until it does: the master answered 503: come later"},
		"Mesos refuses REVIVE":               {agents: []float64{4}, lack: refuse(403), want: "repeated until it does: the master answered 403: come later"},
		"the quota allows nothing": {
			agents: []float64{4}, lack: limit(map[string]float64{"cpus": 0, "mem": 0, "disk": 0}),
			want: "the quota of role prod leaves too little, with 0 of 0 cpus used (want 1), 0Mi of 0Mi memory used (want 1Mi); ",
		},
		"the quota allows less than the task needs": {
			agents: []float64{4}, lack: limit(map[string]float64{"cpus": 0.5}),
			want: "1 offer: 1 lacks cpus (want 1); the quota of role prod leaves too little, with 0 of 0.5 cpus used (want 1); ",
		},
		"another framework holds all offers": {
			agents: []float64{4, 4},
			lack: func(p *placing) func() {
				leave := p.hoard("batch")
				p.pass(5 * time.Second)
				return leave
			},
			want: "Mesos has 2 agents and offers nothing of them to role prod: ",
		},
		"offers may be asked for later only": {
			agents: []float64{4},
			lack: func(p *placing) func() {
				p.placer.SetSpec(v1alpha1.Offers{RefuseSeconds: 600, ReviveSeconds: 50})
				p.want(99_000, "first")
				p.pass(5 * time.Second)
				p.placer.Forget(keyNamed("first"))
				return func() {}
			},
			want: "Mesos is asked for offers to role prod again at ",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			place(t, c.agents, func(p *placing) {
				p.ready()
				p.pass(3 * time.Second)
				end := c.lack(p)
				p.enqueued()
				p.want(1000, "web")
				p.pass(2200 * time.Millisecond)
				_, first := p.given("web")
				if !strings.Contains(first, c.want) {
					p.Errorf("it is told %q, want %q", first, c.want)
				}
				p.enqueued()
				p.pass(25 * time.Second)
				if _, waiting := p.given("web"); waiting != first || p.enqueued().Len() != 0 {
					p.Errorf("within half a minute it is told %q after %q", waiting, first)
				}
				end()
				p.pass(40 * time.Second)
				if _, waiting := p.given("web"); !p.running().Has("web") || waiting != "" {
					p.Errorf("once that is over it does not run, and is told %q", waiting)
				}
			})
		})
	}
}

// TestPlacer_saysWhyNoOfferComes_toOneRoleOfTwo: offers to other roles are not a task's own.
func TestPlacer_saysWhyNoOfferComes_toOneRoleOfTwo(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		config := p.config
		config.Framework.Roles = []string{"prod", "batch"}
		p.owner.Ensure("default", config)
		p.ready()
		p.cluster.LimitRole("prod", map[string]float64{"cpus": 0, "mem": 0, "disk": 0})
		p.pass(3 * time.Second)
		large := mesos.Task{Name: "large", Role: "batch", Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: 9000}}
		p.tasks[keyNamed("large")] = large
		p.placer.Want(keyNamed("large"), large, hashed, false, lifecycle.Avoidance{})
		p.want(1000, "web")
		for range 8 {
			p.pass(time.Second)
			addAgent(p.cluster, 1, 4096)
		}
		if _, waiting := p.given("web"); !strings.Contains(waiting, "quota of role prod") {
			p.Errorf("while offers come to another role it is told %q", waiting)
		}
		if _, waiting := p.given("large"); !strings.Contains(waiting, "cpus (want 9)") {
			p.Errorf("the other task is told %q", waiting)
		}
	})
}

// TestPlacer_whatOffersLackedOutlivesThemNotForLong: once all that was declined should be back and nothing comes, that is what is said.
func TestPlacer_whatOffersLackedOutlivesThemNotForLong(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.ready()
		p.want(4000, "large")
		p.pass(2 * time.Second)
		if _, waiting := p.given("large"); !strings.HasPrefix(waiting, "1 offer: 1 lacks cpus") {
			p.Fatalf("it is told %q", waiting)
		}
		p.pass(time.Hour)
		if _, waiting := p.given("large"); !strings.HasPrefix(waiting, "1 offer: 1 lacks cpus") {
			p.Errorf("an hour later it is told %q", waiting)
		}
		p.cluster.Agents()[0].Gone()
		p.pass(15 * time.Minute)
		if _, waiting := p.given("large"); !strings.HasPrefix(waiting, "Mesos has no agents") {
			p.Errorf("long after its agent is gone it is told %q", waiting)
		}
	})
}
