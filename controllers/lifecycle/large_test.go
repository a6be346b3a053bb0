package lifecycle

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestTooLarge(t *testing.T) {
	const gibibyte = 1024 * 1000
	broad := mesos.Size{Scalars: mesos.Scalars{CPUs: 16000, Memory: 4 * gibibyte, Disk: 10 * gibibyte}, Ports: []mesos.PortRange{{Begin: 31000, End: 31009}}}
	deep := mesos.Size{Scalars: mesos.Scalars{CPUs: 2000, Memory: 64 * gibibyte}, Ports: []mesos.PortRange{{Begin: 80, End: 80}, {Begin: 31000, End: 31000}}}
	fleet := mesos.Sizes{}.With(broad).With(deep)
	ports := func(hostPorts ...uint32) (all []mesos.Port) {
		for _, port := range hostPorts {
			all = append(all, mesos.Port{HostPort: port})
		}
		return all
	}
	for sentence, c := range map[string]struct {
		task   mesos.Task
		agents mesos.Sizes
		// says is empty where there is no obstacle.
		says []string
	}{
		"one could hold it":                  {mesos.Task{Scalars: broad.Scalars, Ports: ports(0, 31009)}, fleet, nil},
		"the other could":                    {mesos.Task{Scalars: deep.Scalars, Ports: ports(80)}, fleet, nil},
		"nobody tells what agents there are": {mesos.Task{Scalars: mesos.Scalars{CPUs: 1e6}}, nil, nil},
		"there are no agents":                {mesos.Task{Scalars: mesos.Scalars{CPUs: 1e6}}, mesos.Sizes{}, nil},
		"cpus":                               {mesos.Task{Scalars: mesos.Scalars{CPUs: 1e6, Memory: 1000}}, fleet, []string{"could ever hold cpus 1000, memory 1Mi: the most cpus that one has is 16. "}},
		"a thousandth too much":              {mesos.Task{Scalars: mesos.Scalars{CPUs: 16001}}, fleet, []string{"cpus 16.001", "is 16."}},
		"memory and disk": {
			mesos.Task{Scalars: mesos.Scalars{CPUs: 1, Memory: 65 * gibibyte, Disk: 11 * gibibyte}},
			fleet,
			[]string{"the most memory that one has is 64Gi; the most disk that one has is 10Gi. "},
		},
		"gpus":                 {mesos.Task{Scalars: mesos.Scalars{GPUs: 1000}}, fleet, []string{"hold gpus 1: the most gpus that one has is 0. "}},
		"each, but not on one": {mesos.Task{Scalars: mesos.Scalars{CPUs: 16000, Memory: 64 * gibibyte}}, fleet, []string{"cpus 16, memory 64Gi: each is to be had, but not all on one agent. "}},
		"more ports":           {mesos.Task{Ports: make([]mesos.Port, 11)}, fleet, []string{"hold 11 ports: the most ports that one has is 10. "}},
		"a port of none":       {mesos.Task{Ports: ports(443)}, fleet, []string{"hold 1 port: none has host port 443. "}},
		"many ports of none":   {mesos.Task{Ports: ports(1, 3, 5, 7, 9)}, fleet, []string{"none has host port 1, 3, 5, 2 others. "}},
		"a range of none":      {mesos.Task{Ranges: []mesos.NamedRange{{From: 31005, To: 31014}}}, fleet, []string{"hold 10 ports: none has host port 31005-31014. "}},
		"one in both protocols": {
			mesos.Task{Ports: append(make([]mesos.Port, 9), mesos.Port{HostPort: 31000}, mesos.Port{HostPort: 31000, Protocol: mesos.ProtocolUDP})}, fleet, nil,
		},
		"CPUs may be lent":            {mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 1e6, Memory: gibibyte}, Ports: ports(80)}, fleet, nil},
		"memory that nobody lends":    {mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 1e6, Memory: 65 * gibibyte}}, fleet, []string{"could ever hold memory 65Gi: the most memory that one has is 64Gi. "}},
		"memory that somebody lends":  {mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 1e6, Memory: 65 * gibibyte}}, fleet.With(mesos.Size{Lent: mesos.Lent{Memory: true}}), nil},
		"disk that nobody lends":      {mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 1e6, Disk: 11 * gibibyte}}, fleet.With(mesos.Size{Lent: mesos.Lent{Memory: true}}), []string{"the most disk that one has is 10Gi. "}},
		"gpus that nobody lends":      {mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 1e6, GPUs: 1000}}, fleet, []string{"the most gpus that one has is 0. "}},
		"a port is never lent":        {mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 1e6}, Ports: ports(443)}, fleet, []string{"could ever hold 1 port: none has host port 443. "}},
		"an other resource is not":    {mesos.Task{Revocable: true, Others: []mesos.Other{{Name: "fpga", Scalar: 1000}}}, fleet, []string{"could ever hold fpga 1: none has fpga 1. "}},
		"nor are ports of two agents": {mesos.Task{Revocable: true, Ports: ports(80, 31009)}, fleet, []string{"each is to be had, but not all on one agent"}},
		"ports of two agents":         {mesos.Task{Ports: ports(80, 31009)}, fleet, []string{"each is to be had, but not all on one agent"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := TooLarge(&c.task, c.agents)
			if (got != nil) != (len(c.says) > 0) {
				t.Fatalf("the obstacle is %+v", got)
			}
			for _, want := range c.says {
				if got.Reason != v1alpha1.ReasonNoAgentLargeEnough || !got.Stalled || !got.Waits || !strings.Contains(got.Message, want) {
					t.Errorf("the obstacle is %+v; it should say %q", got, want)
				}
			}
		})
	}
}

// TestNext_noAgentIsLargeEnough: nothing is killed for a spec that no agent could hold, and what waits says so and takes an offer that fits.
func TestNext_noAgentIsLargeEnough(t *testing.T) {
	hinder := func(s *story) {
		s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonNoAgentLargeEnough, Message: "None", Stalled: true, Waits: true}
	}
	outgrow := func(s *story) { s.Hash = hashB; hinder(s) }
	await := func(s *story) { s.Hash, s.AgentsAwaited = hashB, true }
	placed := func(s *story) { hinder(s); s.Placement = &Placement{TaskID: "t", AgentID: "a"} }
	for sentence, c := range map[string]struct {
		story   *story
		edit    func(*story)
		want    summary
		stalled bool
	}{
		"it runs by an earlier spec":            {running(), outgrow, summary{"let it run", "False/NoAgentLargeEnough", nil}, true},
		"it runs by this spec":                  {running(), hinder, summary{"let it run", "True/Running", nil}, false},
		"it is to be restarted":                 {running(), func(s *story) { hinder(s); s.RestartRequest = "1" }, summary{"let it run", "True/Running", nil}, false},
		"nobody has asked yet":                  {running(), await, summary{"let it run", "True/Running", nil}, false},
		"nobody has asked, of what is the same": {running(), func(s *story) { s.AgentsAwaited = true }, summary{"let it run", "True/Running", nil}, false},
		"nobody has asked, and it is suspended": {running(), func(s *story) { await(s); suspend(s) }, summary{"kill what is not wanted any more", "False/Suspending", []Step{StepKill}}, false},
		"it waits":                              {newStory(), hinder, summary{"first launch", "False/NoAgentLargeEnough", []Step{StepPlace}}, true},
		"it has ended and waits":                {ended(mesos.TaskFailed, policy(v1alpha1.RestartAlways)), func(s *story) { outgrow(s); s.Now = s.Now.Add(3600e9) }, summary{"launch the changed spec", "False/NoAgentLargeEnough", []Step{StepPlace}}, true},
		"an offer fits all the same":            {newStory(), placed, summary{"first launch", "False/NoAgentLargeEnough", []Step{StepBind}}, true},
		"its launch is not sent yet":            {newStory().bind(LaunchUnsent), hinder, summary{"let it start", "False/Launching", nil}, false},
		"that of another spec is not":           {newStory().bind(LaunchUnsent), outgrow, summary{"call off a launch that is not wanted any more", "False/Launching", []Step{StepCallOff}}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			c.story.change(c.edit)
			checkSummary(t, c.story.look(), c.want)
			if stalled := meta.IsStatusConditionTrue(c.story.Status.Conditions, v1alpha1.ConditionStalled); stalled != c.stalled {
				t.Errorf("stalled is %t", stalled)
			}
		})
	}
}
