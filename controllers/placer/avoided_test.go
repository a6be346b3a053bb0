package placer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// avoid makes a task pending, or says anew which agents it avoids.
func (p *placing) avoid(name string, ended bool, avoid lifecycle.Avoidance) {
	task := mesos.Task{Name: name, Role: "prod", Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: 1000, Memory: 1000}}
	p.tasks[keyNamed(name)] = task
	p.placer.Want(keyNamed(name), task, hashed, ended, avoid)
}

// TestPlacer_refusesAnAgentNoLongerThanItIsAvoided: once its time is over, an agent's offer is there within seconds and unasked.
func TestPlacer_refusesAnAgentNoLongerThanItIsAvoided(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.ready()
		p.pass(time.Second)
		until := time.Now().Add(10 * time.Minute)
		avoid := lifecycle.Avoidance{Agents: []lifecycle.AvoidedAgent{{ID: p.cluster.Agents()[0].ID(), Until: until}}}
		p.avoid("web", false, avoid)
		p.pass(10 * time.Second)
		asked := p.cluster.Calls("REVIVE")
		for last := until.Add(-time.Second); time.Now().Before(last); {
			p.pass(min(30*time.Second, time.Until(last)))
			p.avoid("web", false, avoid)
			if _, waiting := p.given("web"); p.running().Len() > 0 || !strings.Contains(waiting, p.cluster.Agents()[0].Hostname()) {
				t.Fatalf("%v run before its time, and it says %q", p.running(), waiting)
			}
		}
		p.pass(4 * time.Second)
		if n := p.cluster.Calls("REVIVE"); !p.running().Has("web") || n != asked {
			t.Errorf("%v after its time %v run, after %d REVIVEs", time.Since(until), p.running(), n-asked)
		}
	})
}

// TestPlacer_asksForWhatIsNotAvoidedAnyMore: that fewer agents are avoided counts at once, and takes nothing back that was given.
func TestPlacer_asksForWhatIsNotAvoidedAnyMore(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.ready()
		p.avoid("web", false, lifecycle.Avoidance{Agents: []lifecycle.AvoidedAgent{{ID: p.cluster.Agents()[0].ID(), Until: time.Now().Add(10 * time.Minute)}}})
		p.pass(20 * time.Second)
		p.bind = false
		p.avoid("web", false, lifecycle.Avoidance{})
		p.pass(2 * time.Second)
		given := p.reserved("web")
		p.avoid("web", false, lifecycle.Avoidance{Agents: []lifecycle.AvoidedAgent{{ID: given.AgentID}}})
		p.pass(time.Second)
		if still := p.reserved("web"); still.TaskID != given.TaskID {
			t.Errorf("it was given %+v, and then %+v", given, still)
		}
		p.bind = true
		p.pass(3 * time.Second)
		if !p.running().Has("web") {
			t.Error("it does not run")
		}
	})
}

// TestPlacer_asksForAnotherAgentOnce: a task that failed on one agent only leaves it alone until another, which has room, was asked for; where none
// comes it is launched there again.
func TestPlacer_asksForAnotherAgentOnce(t *testing.T) {
	for sentence, gone := range map[string]bool{"another has room": false, "another had room": true} {
		t.Run(sentence, func(t *testing.T) {
			place(t, []float64{1, 1}, func(p *placing) {
				p.ready()
				p.want(1000, "web")
				p.pass(5 * time.Second)
				if !p.running().Has("web") {
					t.Fatal("it does not run")
				}
				failed := p.cluster.Tasks()[0]
				p.placer.Expect(keyNamed("job"), []string{"prod"}, lifecycle.Soon{Until: time.Now().Add(time.Hour)})
				for _, agent := range p.cluster.Agents() {
					if gone && agent.ID() != failed.AgentID {
						agent.Unregister()
					}
				}
				asked := p.cluster.Calls("REVIVE")
				p.cluster.KillProcess(failed.TaskID)
				p.avoid("job", true, lifecycle.Avoidance{Agents: []lifecycle.AvoidedAgent{{ID: failed.AgentID}}, Elsewhere: true})
				p.pass(8 * time.Second)
				live := p.cluster.Tasks()
				if n := p.cluster.Calls("REVIVE") - asked; len(live) != 1 || n != 1 || (live[0].AgentID == failed.AgentID) != gone {
					t.Errorf("after %+v and %d REVIVEs %+v live", failed, n, live)
				}
			})
		})
	}
}
