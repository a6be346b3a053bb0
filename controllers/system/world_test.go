package system

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	apiwait "k8s.io/apimachinery/pkg/util/wait"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// waitConnected waits until the framework is registered and every task was answered for.
func (w *world) waitConnected() {
	w.t.Helper()
	w.waitFramework("reconciled", reconciled)
}

// reconciled says whether a framework's tasks have all been answered for in the present subscription.
func reconciled(framework *v1alpha1.MesosFramework) bool {
	return meta.IsStatusConditionTrue(framework.Status.Conditions, v1alpha1.ConditionTasksReconciled) && framework.Status.Reconciliation.Last != nil
}

// frameworkID is the ID that Mesos gave the test's framework.
func (w *world) frameworkID() string {
	w.t.Helper()
	return w.waitFramework("registered", func(f *v1alpha1.MesosFramework) bool { return f.Status.FrameworkID != "" }).Status.FrameworkID
}

// agent is the simulated agent with an ID.
func (w *world) agent(id string) *simulator.Agent {
	w.t.Helper()
	for _, agent := range w.mesos.Agents() {
		if agent.ID() == id {
			return agent
		}
	}
	w.t.Fatalf("there is no agent %s", id)
	return nil
}

// acknowledged waits until the master has got an acknowledgement of STARTING and of what came last.
func (w *world) acknowledged(taskID string) {
	w.t.Helper()
	w.acknowledgedAll(taskID, 2)
}

// acknowledgedAll waits until the master has got so many acknowledgements of a task's updates.
func (w *world) acknowledgedAll(taskID string, updates int) {
	w.t.Helper()
	err := apiwait.PollUntilContextTimeout(w.t.Context(), 5*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		acknowledged := 0
		for _, call := range w.mesos.CallLog() {
			if call.Type == "ACKNOWLEDGE" && call.Call.GetAcknowledge().GetTaskID().Value == taskID && call.Status == 202 {
				acknowledged++
			}
		}
		return acknowledged >= updates, nil
	})
	if err != nil {
		w.t.Fatalf("waiting for the acknowledgements of %s: %v", taskID, err)
	}
}

// called waits until the master has got a call of the type.
func (w *world) called(callType string) {
	err := apiwait.PollUntilContextTimeout(w.t.Context(), 5*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return w.mesos.Calls(callType) > 0, nil
	})
	if err != nil {
		w.t.Errorf("waiting for %s: %v", callType, err)
	}
}

// neverTwoLive fails the test if at any time two attempts of one object were live, by the simulator's ledger.
func (w *world) neverTwoLive() {
	w.t.Helper()
	w.checkTruth()
	live := map[string][]string{}
	for _, change := range w.mesos.Ledger() {
		identity := identityOf(change.TaskID)
		switch change.What {
		case simulator.Started:
			live[identity] = append(live[identity], change.TaskID)
			if len(live[identity]) > 1 {
				w.t.Errorf("%v were live at once", live[identity])
			}
		case simulator.Ended:
			live[identity] = slices.DeleteFunc(live[identity], func(id string) bool { return id == change.TaskID })
		case simulator.ProcessStarted:
		}
	}
}

// identityOf is the part of a task ID that names the object.
func identityOf(taskID string) string {
	id, err := lifecycle.ParseTaskID(taskID)
	if err != nil {
		return taskID
	}
	return id.Namespace + "/" + id.Name
}
