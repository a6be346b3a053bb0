package system

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// abandon lets a task's object go while its agent is cut off, and returns the task's ID and its agent.
func (v *virtual) abandon(name string) (taskID string, agent *simulator.Agent) {
	v.Helper()
	taskID, agent = v.get(name).Status.Task.ID, v.agentOf(name)
	agent.Partition()
	v.delete(name)
	v.pass(4 * time.Minute)
	if v.exists(name) || len(v.frameworkNow().Status.Abandoned) != 1 {
		v.Fatalf("exists: %t, abandoned: %v", v.exists(name), v.frameworkNow().Status.Abandoned)
	}
	return taskID, agent
}

// TestAbandoned_goneByAnOperatorsWord: an operator marks the agent of an abandoned attempt gone, which is that person's word for its end. The
// registry forgets the agent in time, and then it may come back with the task.
func TestAbandoned_goneByAnOperatorsWord(t *testing.T) {
	cases := map[string]func(v *virtual){
		"seen by the process that abandoned it": func(*virtual) {},
		"and by another one":                    func(v *virtual) { v.stop(); v.start() },
	}
	for sentence, happens := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, unreachable: {replaceAfterSeconds: 0}`)
				v.pass(30 * time.Second)
				taskID, agent := v.abandon("job")
				agent.Gone()
				v.pass(time.Minute)
				happens(v)
				v.pass(20 * time.Minute)
				if left := v.frameworkNow().Status.Abandoned; len(left) != 1 || left[0].TaskID != taskID {
					t.Errorf("abandoned are %v, want %s, whose end nobody has seen", left, taskID)
				}
				agent.Forget()
				agent.Heal()
				v.pass(5 * time.Minute)
				if live, left := v.liveNow(), v.frameworkNow().Status.Abandoned; len(live) > 0 || len(left) > 0 {
					t.Errorf("live: %v, abandoned: %v, want it killed and forgotten", live, left)
				}
			})
		})
	}
}

// listing counts who asks the API server for the MesosTasks of all namespaces.
type listing struct {
	client.Client
	lists atomic.Int64
}

// List implements client.Reader.
func (l *listing) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	selected := (&client.ListOptions{}).ApplyOptions(options)
	if _, ok := list.(*v1alpha1.MesosTaskList); ok && selected.Namespace == "" {
		l.lists.Add(1)
	}
	return l.Client.List(ctx, list, options...)
}

// TestMesosFramework_deletionListsTasksOnce: that no MesosTask is bound is read live once nothing else is left to wait for, and not each time that
// a framework which waits for something else looks whether it may go.
func TestMesosFramework_deletionListsTasksOnce(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		counted := &listing{Client: v.client}
		v.client = counted
		v.framework("deletionPolicy: Teardown")
		v.start()
		v.pass(time.Minute)
		v.mesos.StopMaster(0)
		v.pass(time.Minute)
		counted.lists.Store(0)
		if err := v.client.Delete(context.Background(), &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: v.namespace}}); err != nil {
			t.Fatal(err)
		}
		v.pass(30 * time.Minute)
		if lists := counted.lists.Load(); lists != 0 {
			t.Errorf("the MesosTasks of all namespaces were listed %d times while the framework waited for Mesos", lists)
		}
		v.mesos.StartMaster(0)
		v.pass(5 * time.Minute)
		err := v.client.Get(context.Background(), client.ObjectKey{Name: v.namespace}, &v1alpha1.MesosFramework{})
		if !apierrors.IsNotFound(err) || counted.lists.Load() != 1 || len(v.mesos.Frameworks()) != 0 {
			t.Errorf("after %d lists Mesos has %v, and reading the object says %v", counted.lists.Load(), v.mesos.Frameworks(), err)
		}
	})
}
