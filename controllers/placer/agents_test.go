package placer_test

import (
	"testing"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
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
	p.placer.Want(keyNamed(name), task, hashed)
}
