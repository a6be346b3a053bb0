package system

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestOffers_whileEveryLaunchIsRefused: no offer stays with the framework, tasks try again each by itself and ever less often, and say why.
func TestOffers_whileEveryLaunchIsRefused(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		fault := v.mesos.Inject(simulator.Fault{
			Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Answer, Status: 400, Text: "Expecting 'accept' to be present", Count: -1,
		})
		for i := range 10 {
			v.task(fmt.Sprintf("web-%d", i), `shell: sleep 1`)
		}
		v.pass(5 * time.Minute)
		for i := range 10 {
			name := fmt.Sprintf("web-%d", i)
			if status := v.get(name).Status; status.Attempts < 8 || status.Attempts > 11 || v.reason(name) != v1alpha1.ReasonBackOff {
				t.Errorf("%s made %d attempts in 5 min and is %s", name, status.Attempts, v.reason(name))
			}
		}
		launched := 0
		for _, call := range v.mesos.CallLog() {
			for _, operation := range call.Call.GetAccept().GetOperations() {
				if launched++; launched > 2 && len(operation.Launch.TaskInfos) > 1 {
					t.Errorf("ACCEPT %d launches %d tasks", launched, len(operation.Launch.TaskInfos))
				}
			}
		}
		v.pass(time.Minute)
		if n := v.mesos.OpenOffers(""); n > 0 {
			t.Errorf("%d offers are kept", n)
		}
		fault.Remove()
		v.pass(5 * time.Minute)
		if n := len(v.liveNow()); n != 10 {
			t.Errorf("%d of 10 tasks run once Mesos takes them", n)
		}
	})
}
