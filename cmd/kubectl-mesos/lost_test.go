package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// ownMesos gives the test a framework of its name with a simulated Mesos of its own, which it may do harm to.
func (t *test) ownMesos() simulation {
	t.Helper()
	// Tasks may run as other users, who need the way to their sandboxes.
	sandboxes, err := os.MkdirTemp("", "kubectl-mesos")
	if err == nil {
		err = os.Chmod(sandboxes, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(sandboxes); err != nil {
			t.Error(err)
		}
	})
	var own simulation
	err = own.start(sandboxes)
	t.Cleanup(func() {
		if err := own.end(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: t.namespace}}
		if err := admin.DeleteAllOf(context.Background(), &v1alpha1.MesosTask{}, client.InNamespace(t.namespace)); err != nil {
			t.Error(err)
		}
		if err := admin.Delete(context.Background(), framework); err != nil {
			t.Error(err)
		}
		t.gone(framework)
	})
	if err := register(t.namespace, own); err != nil {
		t.Fatal(err)
	}
	return own
}

// gone waits until an object is no more.
func (t *test) gone(object client.Object) {
	t.Helper()
	err := wait.PollUntilContextTimeout(context.Background(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := admin.Get(ctx, client.ObjectKeyFromObject(object), object)
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
	if err != nil {
		t.Errorf("waiting for %s to be gone: %v", object.GetName(), err)
	}
}

// framework waits until the test's framework is as it should be.
func (t *test) framework(what string, holds func(*v1alpha1.MesosFramework) bool) {
	t.Helper()
	until(t, &v1alpha1.MesosFramework{}, t.namespace, what, holds)
}

// live are the IDs of what lives in a simulated Mesos.
func (s simulation) live() string {
	var ids []string
	for _, task := range s.Tasks() {
		ids = append(ids, task.TaskID)
	}
	return strings.Join(ids, " ")
}

// of is a task's spec, bound to the test's framework.
func (t *test) of(spec string) string { return "frameworkRef: {name: " + t.namespace + "}, " + spec }

func TestOrphans_listedAndKilled(t *testing.T) {
	w := newTest(t)
	own := w.ownMesos()
	has(t, w.mesos("orphans", w.namespace).ends(t, 0).errOut, "has no orphans")
	ids := make([]string, 3)
	for i, name := range []string{"one", "two", "three"} {
		task := w.task(name, v1alpha1.ReasonRunning, w.of(`shell: "exec sleep 1000", deletionPolicy: Orphan`))
		ids[i] = task.Status.Task.ID
		if err := admin.Delete(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		w.gone(task)
	}
	kept := w.task("kept", v1alpha1.ReasonRunning, w.of(`shell: "exec sleep 1000"`)).Status.Task.ID
	w.mesos("reconcile", w.namespace).ends(t, 0)
	count := func(n int32) func(*v1alpha1.MesosFramework) bool {
		return func(framework *v1alpha1.MesosFramework) bool {
			orphans := framework.Status.Orphans
			return orphans == nil && n == 0 || orphans != nil && orphans.Count == n && orphans.Token != ""
		}
	}
	w.framework("with three orphans", count(3))

	listed := w.mesos("orphans", w.namespace).ends(t, statusUnwell).out
	t.Log("\n" + listed)
	has(t, listed, ids...)
	if strings.Contains(listed, kept) {
		t.Errorf("%s has its MesosTask", kept)
	}
	has(t, w.mesos("orphans", w.namespace, "--kill", ids[1]).ends(t, statusUsage).errOut, "kills "+ids[1], "--yes")
	has(t, w.mesos("orphans", w.namespace, "--kill", kept, "--yes").ends(t, statusFailed).errOut, kept+" is none of its orphans")
	has(t, w.mesos("orphans", w.namespace, "--kill", ids[1], "--yes").ends(t, 0).out, "framework/"+w.namespace+" kills "+ids[1]+"\n")
	w.framework("with two orphans", count(2))
	if names := w.mesos("orphans", w.namespace, "-o", "name").ends(t, statusUnwell).out; strings.Contains(names, ids[1]) || strings.Count(names, "\n") != 2 {
		t.Errorf("after %s was killed there are\n%s", ids[1], names)
	}
	has(t, w.mesos("orphans", w.namespace, "-o", "yaml").ends(t, statusUnwell).out, "count: 2\n", "taskID: "+ids[0]+"\n")
	if live := own.live(); strings.Contains(live, ids[1]) {
		t.Errorf("%s lives on: %s", ids[1], live)
	}
	killed := w.mesos("orphans", w.namespace, "--kill", "all", "--yes", "-o", "json").ends(t, 0).out
	var written v1alpha1.MesosFramework
	if err := json.Unmarshal([]byte(killed), &written); err != nil || written.Kind != "MesosFramework" || written.Annotations[v1alpha1.AnnotationKillOrphans] == "" {
		t.Errorf("%v\n%s", err, killed)
	}
	w.framework("without orphans", count(0))
	has(t, w.mesos("orphans", w.namespace).ends(t, 0).errOut, "has no orphans")
	if live := own.live(); live != kept {
		t.Errorf("live are %s, want %s", live, kept)
	}
}

// on is the agent of a task.
func (s simulation) on(task *v1alpha1.MesosTask) *simulator.Agent {
	for _, agent := range s.Agents() {
		if agent.ID() == task.Status.Task.AgentID {
			return agent
		}
	}
	return nil
}

// secondAfter waits until the clock shows a later second: a word on an agent is about what was bound to it in an earlier one.
func (t *test) secondAfter(bound *metav1.Time) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return time.Now().Truncate(time.Second).After(bound.Time), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGiveUp_whatACutOffAgentHas(t *testing.T) {
	w := newTest(t)
	own := w.ownMesos()
	first := w.task("web", v1alpha1.ReasonRunning, w.of(`shell: "exec sleep 1000"`))
	// goesOn waits until another attempt runs elsewhere.
	goesOn := func(before *v1alpha1.MesosTask) *v1alpha1.MesosTask {
		t.Helper()
		return until(w, &v1alpha1.MesosTask{}, "web", "running elsewhere", func(task *v1alpha1.MesosTask) bool {
			now, old := task.Status.Task, before.Status.Task
			return now != nil && now.ID != old.ID && now.AgentID != old.AgentID && now.State == "TASK_RUNNING"
		})
	}
	cut := own.on(first)
	cut.Partition()
	w.reason("web", v1alpha1.ReasonAgentUnreachable)
	has(t, w.mesos("give-up", "web").ends(t, statusUsage).errOut, "task/web gives up "+first.Status.Task.ID, "two of it may run", "--yes")
	has(t, w.mesos("give-up", "web", "--dry-run").ends(t, 0).out, "(dry run)")
	if task := w.reason("web", v1alpha1.ReasonAgentUnreachable); task.Status.Task.ID != first.Status.Task.ID {
		t.Errorf("it is %s before anybody gave it up", task.Status.Task.ID)
	}
	has(t, w.mesos("give-up", "web", "--yes").ends(t, 0).out, "task/web gives up "+first.Status.Task.ID)
	second := goesOn(first)

	lost := own.on(second)
	lost.Partition()
	w.reason("web", v1alpha1.ReasonAgentUnreachable)
	w.secondAfter(second.Status.Task.BoundTime)
	has(t, w.mesos("give-up", "framework/"+w.namespace, "--agent", lost.ID(), "--yes").ends(t, 0).out, "gives up all that was bound to "+lost.ID())
	third := goesOn(second)
	has(t, w.mesos("why", "web").ends(t, 0).out, "It runs")

	// Both come back after all, and what they had is killed.
	cut.Heal()
	lost.Heal()
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return own.live() == third.Status.Task.ID, nil
	})
	if err != nil {
		t.Errorf("live are %s, want %s", own.live(), third.Status.Task.ID)
	}
}
