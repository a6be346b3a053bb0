package lifecycle

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// portsTold bounds how many host ports a message names.
const portsTold = 3

// TooLarge says that none of the agents could hold the task if nothing else ran there; nil if one could, or if Mesos does not tell how large they
// are. The task waits for an offer all the same, as a larger agent may come.
func TooLarge(task *mesos.Task, agents mesos.Sizes) *Obstacle {
	if task.Revocable {
		// What agents lend out comes and goes, and may be more than they have. Ports and other resources are never lent (stock.take).
		firm := *task
		firm.Scalars = agents.Firm(task.Scalars)
		task = &firm
	}
	if len(agents) == 0 || agents.Hold(task) {
		return nil
	}
	most, ports := agents.Most()
	var wants, lacks []string
	for _, kind := range []struct {
		name       string
		want, most mesos.Scalar
		text       func(mesos.Scalar) string
	}{
		{"cpus", task.Scalars.CPUs, most.CPUs, mesos.Scalar.Decimal},
		{"memory", task.Scalars.Memory, most.Memory, mesos.Scalar.Mebibytes},
		{"disk", task.Scalars.Disk, most.Disk, mesos.Scalar.Mebibytes},
		{"gpus", task.Scalars.GPUs, most.GPUs, mesos.Scalar.Decimal},
	} {
		if kind.want > 0 {
			wants = append(wants, kind.name+" "+kind.text(kind.want))
		}
		if kind.want > kind.most {
			lacks = append(lacks, "the most "+kind.name+" that one has is "+kind.text(kind.most))
		}
	}
	fixed, others := task.FixedPorts()
	if n := mesos.CountPorts(fixed) + uint64(others); n > 0 {
		wants = append(wants, countOf(int(n), "port"))
		if n > ports {
			lacks = append(lacks, "the most ports that one has is "+strconv.FormatUint(ports, 10))
		}
	}
	for i := range task.Others {
		one := &task.Others[i]
		wants = append(wants, one.Name+" "+one.Want())
		if !agents.Offer(*one) {
			lacks = append(lacks, "none has "+one.Name+" "+one.Want())
		}
	}
	if missing := missingPorts(fixed, agents); len(missing) > 0 {
		lacks = append(lacks, "none has host port "+strings.Join(missing, ", "))
	}
	if len(lacks) == 0 {
		lacks = []string{"each is to be had, but not all on one agent"}
	}
	return &Obstacle{Reason: v1alpha1.ReasonNoAgentLargeEnough, Stalled: true, Waits: true, Message: fmt.Sprintf(
		"No agent that Mesos has could ever hold %s: %s. Ask for less in spec.resources or spec.ports, or add a larger agent; nothing is killed for this spec before one could hold it",
		strings.Join(wants, ", "), strings.Join(lacks, "; "))}
}

// missingPorts are host ports that the task asks for and no agent has, no more than a message names.
func missingPorts(fixed []mesos.PortRange, agents mesos.Sizes) (missing []string) {
	for _, ports := range fixed {
		if agents.HavePorts(ports) {
			continue
		}
		text := strconv.FormatUint(ports.Begin, 10)
		if ports.Begin < ports.End {
			text += "-" + strconv.FormatUint(ports.End, 10)
		}
		missing = append(missing, text)
	}
	if more := len(missing) - portsTold; more > 0 {
		missing = append(slices.Clip(missing[:portsTold]), countOf(more, "other"))
	}
	return missing
}

func countOf(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
