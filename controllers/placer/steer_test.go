package placer_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// wantAgain makes a task pending that ended by itself.
func (p *placing) wantAgain(cpus mesos.Scalar, name string) {
	task := mesos.Task{Name: name, Role: "prod", Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: cpus, Memory: 1000}}
	p.tasks[keyNamed(name)] = task
	p.placer.Want(keyNamed(name), task, hashed, true, lifecycle.Avoidance{})
}

// revives returns when offers were asked for, counted from the start.
func (p *placing) revives(start time.Time) (times []time.Duration) {
	for _, call := range p.cluster.CallLog() {
		if call.Type == "REVIVE" {
			times = append(times, call.Time.Sub(start).Round(time.Second))
		}
	}
	return times
}

func TestPlacer_asksForOffersNoMoreOftenThanTheSpecSays(t *testing.T) {
	for seconds, want := range map[int32]int{0: 6, 1: 26, 13: 3} {
		place(t, []float64{1}, func(p *placing) {
			p.ready()
			p.placer.SetSpec(v1alpha1.Offers{RefuseSeconds: 120, ReviveSeconds: seconds})
			p.pass(time.Minute)
			for _, name := range names(25) {
				p.want(4000, name)
				p.pass(time.Second)
			}
			if n := p.cluster.Calls("REVIVE"); n < want-1 || n > want {
				p.Errorf("reviveSeconds %d: 25 tasks in 25 s made %d REVIVEs, want %d", seconds, n, want)
			}
		})
	}
}

// A crashed task's resources come back to it unasked, so what was declined is asked for only if they do not.
func TestPlacer_asksForOffersOfOtherAgentsOnlyWhenATasksOwnDoesNotServe(t *testing.T) {
	place(t, []float64{1, 1}, func(p *placing) {
		p.ready()
		p.want(1000, "web")
		p.pass(5 * time.Second)
		if !p.running().Has("web") {
			p.Fatal("the task does not run")
		}
		p.placer.Expect(keyNamed("job"), []string{"prod"}, lifecycle.Soon{Until: time.Now().Add(time.Hour)})
		p.pass(10 * time.Second)
		asked := p.cluster.Calls("REVIVE")
		p.wantAgain(1000, "job")
		p.pass(9 * time.Second)
		if n := p.cluster.Calls("REVIVE"); n != asked || p.running().Has("job") {
			p.Errorf("a task that ended by itself asked for offers at once: %d REVIVEs", n-asked)
		}
		p.pass(4 * time.Second)
		if n := p.cluster.Calls("REVIVE"); n != asked+1 || !p.running().Has("job") {
			p.Errorf("after ten seconds it asked %d times, and %v run", n-asked, p.running())
		}
	})
}

func TestPlacer_keepsAskingForOffersWhileATaskMayBeBackSoon(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		// One may have been sent before the first subscription took it along.
		before := p.cluster.Calls("SUPPRESS")
		p.want(1000, "web")
		p.placer.Expect(keyNamed("web"), []string{"prod"}, lifecycle.Soon{Until: time.Now().Add(10 * time.Minute)})
		p.pass(9 * time.Minute)
		if n := p.cluster.Calls("SUPPRESS") - before; n > 0 {
			p.Errorf("offers were suppressed %d times", n)
		}
		p.pass(2 * time.Minute)
		if n := p.cluster.Calls("SUPPRESS") - before; n != 1 {
			p.Errorf("offers were suppressed %d times in the end", n)
		}
	})
}

// What a task that backs off gave back is not refused beyond the moment in which it is wanted again.
func TestPlacer_refusesAnAgentsOffersUntilATaskIsDueThatEndedThere(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.ready()
		agentID := p.cluster.Agents()[0].ID()
		due := time.Now().Add(20 * time.Second)
		p.placer.Expect(keyNamed("web"), []string{"prod"}, lifecycle.Soon{Until: due.Add(10 * time.Second), Rest: lifecycle.Rest{AgentID: agentID, Until: due}})
		p.want(4000, "large")
		p.pass(time.Second)
		p.placer.Unwant(keyNamed("large"))
		p.pass(19 * time.Second)
		asked := p.cluster.Calls("REVIVE")
		p.wantAgain(1000, "web")
		p.pass(4 * time.Second)
		if n := p.cluster.Calls("REVIVE"); !p.running().Has("web") || n != asked {
			p.Errorf("%v run after %d REVIVEs", p.running(), n-asked)
		}
		p.placer.Forget(keyNamed("web"))
		if kept := p.placer.Remembered(keyNamed("web")); len(kept) > 0 {
			p.Errorf("%v are remembered", kept)
		}
	})
}

func TestPlacer_namesTheRolesForWhichTasksWait(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.config.Framework.Roles = []string{"prod", "batch"}
		p.owner.Ensure("default", p.config)
		p.ready()
		p.pass(5 * time.Second)
		start := time.Now()
		task := mesos.Task{Name: "web", Role: "batch", Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: 1000, Memory: 1000}}
		p.tasks[keyNamed("web")] = task
		p.placer.Want(keyNamed("web"), task, hashed, false, lifecycle.Avoidance{})
		p.pass(5 * time.Second)
		if !p.running().Has("web") || len(p.revives(start)) == 0 {
			p.Fatalf("%v run, asked at %v", p.running(), p.revives(start))
		}
		for _, call := range p.cluster.CallLog() {
			revived, suppressed := call.Call.GetRevive().GetRoles(), call.Call.GetSuppress().GetRoles()
			if call.Type == "REVIVE" && !slices.Equal(revived, []string{"batch"}) || call.Type == "SUPPRESS" && len(suppressed) == 0 {
				p.Errorf("%s of %v %v", call.Type, revived, suppressed)
			}
		}
	})
}

// A SUPPRESS whose call broke off may come to the master after the REVIVE that followed it. A role to which no offer comes is asked for again, though there are offers to others.
func TestPlacer_asksForOffersAgainRoleByRole(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.config.Framework.Roles = []string{"prod", "batch"}
		p.owner.Ensure("default", p.config)
		p.ready()
		want := func(name, role string, cpus mesos.Scalar) {
			task := mesos.Task{Name: name, Role: role, Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: cpus, Memory: 1000}}
			p.tasks[keyNamed(name)] = task
			p.placer.Want(keyNamed(name), task, hashed, false, lifecycle.Avoidance{})
		}
		want("huge", "prod", 100_000)
		want("web", "batch", 100)
		p.pass(10 * time.Second)
		late := p.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Late, Type: "SUPPRESS", Delay: 90 * time.Second})
		p.pass(80 * time.Second)
		want("job", "batch", 4000)
		p.pass(2 * time.Minute)
		if late.Hits() != 1 || p.running().Has("job") {
			p.Fatalf("%d calls are late, %v run", late.Hits(), p.running())
		}
		addAgent(p.cluster, 8, 4096)
		p.pass(5 * time.Minute)
		if !p.running().Has("job") {
			_, said := p.given("job")
			p.Errorf("five minutes after an agent came that could hold it only %v run; it says %q", p.running(), said)
		}
	})
}

// What is declined while tasks come one after another is declined shortly: none of them waits for the next REVIVE.
func TestPlacer_servesABurstByOneRevive(t *testing.T) {
	place(t, []float64{4, 4}, func(p *placing) {
		p.ready()
		p.pass(5 * time.Minute)
		before := p.cluster.Calls("REVIVE")
		for _, name := range []string{"a", "b", "c"} {
			p.want(1000, name)
			p.pass(time.Second)
		}
		p.pass(1500 * time.Millisecond)
		if n := p.cluster.Calls("REVIVE") - before; n != 1 || p.running().Len() != 3 {
			p.Errorf("%v of three tasks run after %d REVIVEs", p.running(), n)
		}
		// Once it is quiet again, what serves nobody is declined for long.
		p.pass(5 * time.Second)
		declined := p.cluster.Calls("DECLINE")
		p.pass(40 * time.Second)
		if n := p.cluster.Calls("DECLINE") - declined; n > 0 {
			p.Errorf("%d more DECLINEs when all was quiet", n)
		}
	})
}

// Where new tasks never cease to come, offers are declined for long all the same, and asked for as often as the spec says.
func TestPlacer_takesOffersFromOthersNoMoreOftenWhereTasksNeverCease(t *testing.T) {
	place(t, []float64{1, 1}, func(p *placing) {
		p.ready()
		p.pass(5 * time.Minute)
		come := func(names []string) {
			for _, name := range names {
				p.want(4000, name)
				p.pass(time.Second)
			}
		}
		come(names(10))
		declined, revived := p.cluster.Calls("DECLINE"), p.cluster.Calls("REVIVE")
		come(names(40)[10:])
		declined, revived = p.cluster.Calls("DECLINE")-declined, p.cluster.Calls("REVIVE")-revived
		if revived < 5 || declined > 2*revived {
			p.Errorf("in half a minute there were %d DECLINEs for %d REVIVEs", declined, revived)
		}
	})
}
