package placer_test

import (
	"testing"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestPlacer_leavesAloneWhatOthersReserved(t *testing.T) {
	reserved := func(name string, amount float64, labels ...mesospb.Label) mesospb.Resource {
		r := mesospb.Resource{Name: name, Type: mesospb.SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: amount}}
		if len(labels) > 0 {
			r.Reservations = []mesospb.Resource_ReservationInfo{{
				Type: mesospb.Resource_ReservationInfo_DYNAMIC.Enum(), Role: new("prod"), Labels: &mesospb.Labels{Labels: labels},
			}}
		}
		return r
	}
	place(t, nil, func(p *placing) {
		p.cluster.AddAgent(simulator.AgentSpec{Resources: []mesospb.Resource{
			reserved("cpus", 4, mesospb.Label{Key: "owner", Value: new("db")}), reserved("mem", 4096), reserved("cpus", 1),
		}})
		p.ready()
		p.want(1000, "web", "late")
		p.pass(5 * time.Second)
		if n := p.running().Len(); n != 1 {
			p.Fatalf("%d tasks run on one CPU that is nobody's", n)
		}
		// The agent's offer was refused for two minutes.
		p.config.ReservationLabels = []mesos.Label{{Name: "owner", Value: "db"}}
		p.owner.Ensure("default", p.config)
		p.placer.SetSpec(v1alpha1.Offers{RefuseSeconds: 120, ReservationLabels: []v1alpha1.ReservationLabel{{Name: "owner", Value: "db"}}})
		p.pass(2 * time.Second)
		if !p.running().HasAll("web", "late") {
			p.Error("what waited is not launched once the reservation is the framework's")
		}
	})
}

func TestPlacer_keepsAgentsWithGPUsForTasksThatNeedThem(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.cluster.AddAgent(simulator.AgentSpec{CPUs: 4, Mem: 4096, Disk: 4096, GPUs: 1})
		p.ready()
		p.wantGPU("learner")
		p.want(1000, "web", "db")
		p.pass(5 * time.Second)
		if running := p.running(); !running.HasAll("learner", "web") && !running.HasAll("learner", "db") || running.Len() != 2 {
			p.Errorf("%v run", running)
		}
		waits := "web"
		if p.running().Has(waits) {
			waits = "db"
		}
		// All GPUs are in use, so what the agent still offers holds none.
		if _, waiting := p.given(waits); waiting != "2 offers: 1 is for GPU tasks, 1 lacks cpus (want 1)" {
			p.Errorf("%s is told %q", waits, waiting)
		}
		// The agent's offer was refused for two minutes.
		p.placer.SetSpec(v1alpha1.Offers{RefuseSeconds: 120, GPUAgents: v1alpha1.GPUAgentsShared})
		p.pass(2 * time.Second)
		if !p.running().HasAll("web", "db") {
			p.Error("what waited is not launched once agents with GPUs are shared")
		}
	})
}

// wantGPU makes a task pending that takes a GPU.
func (p *placing) wantGPU(name string) {
	task := mesos.Task{Name: name, Role: "prod", Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: 1000, Memory: 1000, GPUs: 1000}}
	p.tasks[keyNamed(name)] = task
	p.placer.Want(keyNamed(name), task, hashed, false, lifecycle.Avoidance{})
}

func TestPlacer_usesAgentsUntilTheirMaintenanceDrawsNearAndOnceItIsOver(t *testing.T) {
	for sentence, c := range map[string]struct {
		in, length time.Duration
		lead       time.Duration
		// waits is how long the task waits; never says that it waits for ever.
		waits time.Duration
		never bool
	}{
		"it begins in a month":                       {in: 720 * time.Hour, length: time.Hour, lead: time.Hour},
		"it ended yesterday":                         {in: -48 * time.Hour, length: 24 * time.Hour, lead: time.Hour},
		"it ends in ten minutes":                     {in: -time.Hour, length: time.Hour + 10*time.Minute, lead: time.Hour, waits: 10 * time.Minute},
		"it begins in half an hour and has no end":   {in: 30 * time.Minute, lead: time.Hour, waits: 40 * time.Minute, never: true},
		"it begins in half an hour, and lead is not": {in: 30 * time.Minute, length: time.Hour},
	} {
		t.Run(sentence, func(t *testing.T) {
			place(t, []float64{4}, func(p *placing) {
				lead := int32(c.lead / time.Second)
				p.placer.SetSpec(v1alpha1.Offers{RefuseSeconds: 120, MaintenanceLeadSeconds: &lead})
				p.cluster.Agents()[0].ScheduleMaintenance(c.in, c.length)
				p.ready()
				p.want(1000, "web")
				if c.waits > 0 {
					p.pass(c.waits - time.Minute)
					if _, waiting := p.given("web"); p.running().Len() > 0 || waiting != "1 offer: 1 is on an agent due for maintenance" {
						p.Fatalf("%v run, the task is told %q", p.running(), waiting)
					}
					p.pass(time.Minute)
				}
				p.pass(8 * time.Second)
				if p.running().Has("web") == c.never {
					p.Errorf("the task runs: %v", !c.never)
				}
			})
		})
	}
}

// TestPlacer_placesWhatIsOverBeforeAMaintenance: an agent that is due for maintenance takes a task that is over before, and no other.
func TestPlacer_placesWhatIsOverBeforeAMaintenance(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.cluster.Agents()[0].ScheduleMaintenance(30*time.Minute, time.Hour)
		p.ready()
		for name, most := range map[string]time.Duration{"short": 29 * time.Minute, "long": 31 * time.Minute, "endless": 0} {
			task := mesos.Task{Name: name, Role: "prod", Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: 1000, Memory: 1000}, MaxRun: most}
			p.tasks[keyNamed(name)] = task
			p.placer.Want(keyNamed(name), task, hashed, false, lifecycle.Avoidance{})
		}
		p.pass(10 * time.Second)
		if running := p.running(); !running.Equal(sets.New("short")) {
			p.Errorf("%v run", running)
		}
		for _, name := range []string{"long", "endless"} {
			if _, waiting := p.given(name); waiting != "1 offer: 1 is on an agent due for maintenance" {
				p.Errorf("%s is told %q", name, waiting)
			}
		}
	})
}

func TestPlacer_placesWhatWaitsSoonAfterAMaintenanceIsCalledOff(t *testing.T) {
	place(t, []float64{4, 1}, func(p *placing) {
		p.cluster.Agents()[0].ScheduleMaintenance(time.Minute, time.Hour)
		p.ready()
		p.want(2000, "web")
		p.pass(10 * time.Minute)
		if n := p.running().Len(); n > 0 {
			p.Fatalf("%d tasks run", n)
		}
		// The agent that is too small is refused for as long as ever.
		before := p.cluster.Calls("DECLINE")
		p.pass(time.Minute)
		if n := p.cluster.Calls("DECLINE") - before; n < 8 || n > 14 {
			p.Errorf("%d DECLINEs in a minute", n)
		}
		p.cluster.Agents()[0].CancelMaintenance()
		p.pass(8 * time.Second)
		if !p.running().Has("web") {
			p.Error("what waited is not launched")
		}
	})
}
