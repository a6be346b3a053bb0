package main

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

func TestRestartSuspendResume_aTask(t *testing.T) {
	w := newTest(t)
	first := w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`).Status.Task.ID
	has(t, w.mesos("restart", "web", "--dry-run").ends(t, 0).out, "task/web is restarted (dry run)")
	has(t, w.mesos("restart", "web").ends(t, 0).out, "task/web is restarted\n")
	until(w, &v1alpha1.MesosTask{}, "web", "restarted", func(task *v1alpha1.MesosTask) bool {
		return task.Status.Task != nil && task.Status.Task.ID != first && task.Status.Task.State == "TASK_RUNNING"
	})
	has(t, w.mesos("suspend", "web").ends(t, 0).out, "task/web is suspended: its task is killed")
	w.reason("web", v1alpha1.ReasonSuspended)
	has(t, w.mesos("suspend", "web").ends(t, 0).out, "task/web is suspended already")
	has(t, w.mesos("restart", "web").ends(t, statusFailed).errOut, "kubectl mesos resume")
	has(t, w.mesos("why", "web").ends(t, 0).out, "It does not run, as it is suspended", "kubectl mesos resume")
	if name := w.mesos("resume", "web", "-o", "name").ends(t, 0).out; name != "mesostask.mesos.dev/web\n" {
		t.Errorf("-o name says %q", name)
	}
	w.reason("web", v1alpha1.ReasonRunning)
	has(t, w.mesos("give-up", "web", "--yes").ends(t, statusFailed).errOut, "lives, as Mesos says")
}

const setSpec = `replicas: 2, minReadySeconds: 0, template: {spec: {shell: "exec sleep 1000", ` + small + `}}`

func setReady(set *v1alpha1.MesosTaskSet) bool {
	return set.Status.ObservedGeneration == set.Generation && meta.IsStatusConditionTrue(set.Status.Conditions, v1alpha1.ConditionReady)
}

func TestSet_scaledAndRolledAndBack(t *testing.T) {
	w := newTest(t)
	set := &v1alpha1.MesosTaskSet{}
	w.create(set, "MesosTaskSet", "front", setSpec)
	has(t, w.mesos("rollout", "status", "front").ends(t, 0).out, "set/front is rolled out")
	has(t, w.mesos("why", "front").ends(t, 0).out, "All of its 2 tasks are available")
	has(t, w.mesos("scale", "front", "--replicas", "3", "--current-replicas", "7").ends(t, statusFailed).errOut, "does not have")
	has(t, w.mesos("scale", "front", "--replicas", "3").ends(t, 0).out, "set/front is scaled to 3\n")
	w.mesos("rollout", "status", "set/front").ends(t, 0)
	first := until(w, set, "front", "ready", setReady).Status.UpdateRevision
	has(t, w.mesos("rollout", "undo", "front").ends(t, statusFailed).errOut, "no revision before the present one")

	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec": {"template": {"spec": {"shell": "exec sleep 2000"}}}}`))
	if err := admin.Patch(t.Context(), set, patch); err != nil {
		t.Fatal(err)
	}
	w.mesos("rollout", "status", "front").ends(t, 0)
	history := w.mesos("rollout", "history", "front").ends(t, 0).out
	t.Log("\n" + history)
	has(t, history, "2 (present)", "front-"+first, "shell")
	has(t, w.mesos("rollout", "history", "front", "--revision", "1").ends(t, 0).out, "exec sleep 1000")
	has(t, w.mesos("rollout", "undo", "front").ends(t, 0).out, "goes back to revision 1 ("+first+")")
	w.mesos("rollout", "status", "front").ends(t, 0)
	if got := until(w, set, "front", "ready", setReady).Status.UpdateRevision; got != first {
		t.Errorf("undone it is of revision %s, not %s", got, first)
	}
	has(t, w.mesos("rollout", "pause", "front").ends(t, 0).out, "replaces nothing")
	has(t, w.mesos("restart", "set/front").ends(t, statusFailed).errOut, "kubectl mesos rollout resume")
	has(t, w.mesos("rollout", "resume", "front").ends(t, 0).out, "goes on with its rollouts")
	has(t, w.mesos("restart", "front").ends(t, 0).out, "set/front is restarted")
	w.mesos("rollout", "status", "front").ends(t, 0)
	if got := until(w, set, "front", "ready", setReady).Status.UpdateRevision; got == first {
		t.Error("restarted it is of the same revision")
	}
	has(t, w.mesos("tasks", "front").ends(t, 0).out, "set/front", "TASK_RUNNING")
	described := w.mesos("describe", "set/front").ends(t, 0).out
	t.Log("\n" + described)
	has(t, described, "3 wanted, 3 there, 3 updated", "Conditions:", "Tasks:")
}

// TestSet_rolloutThatDoesNotGetOn: rollout status ends when nothing more comes of it, and why names the task.
func TestSet_rolloutThatDoesNotGetOn(t *testing.T) {
	w := newTest(t)
	set := &v1alpha1.MesosTaskSet{}
	w.create(set, "MesosTaskSet", "bad", `replicas: 1, minReadySeconds: 0, progressDeadlineSeconds: 2, template: {spec: {shell: "exec sleep 1000", backoff: {initialSeconds: 600, maxSeconds: 600}, `+small+`}}`)
	w.mesos("rollout", "status", "bad").ends(t, 0)
	if err := admin.Patch(t.Context(), set, client.RawPatch("application/merge-patch+json", []byte(`{"spec": {"template": {"spec": {"shell": "exit 9"}}}}`))); err != nil {
		t.Fatal(err)
	}
	// On a busy machine its task may not even be launched by the deadline.
	until(w, set, "bad", "held up by BackOff", func(set *v1alpha1.MesosTaskSet) bool {
		return slices.ContainsFunc(set.Status.Conditions, func(one metav1.Condition) bool { return strings.Contains(one.Message, v1alpha1.ReasonBackOff) })
	})
	got := w.mesos("rollout", "status", "bad").ends(t, statusUnwell)
	has(t, got.out, "does not get on", "BackOff")
	why := w.mesos("why", "bad").ends(t, statusUnwell).out
	t.Log("\n" + why)
	has(t, why, "Its rollout does not get on", "exit code 9", "kubectl mesos rollout undo")
}

func TestRun_aCronTaskNow(t *testing.T) {
	w := newTest(t)
	template := `template: {spec: {shell: "%s", maxRestarts: 0, ` + small + `}}`
	w.create(&v1alpha1.MesosCronTask{}, "MesosCronTask", "nightly", `schedule: "0 3 * * *", `+strings.ReplaceAll(template, "%s", "echo done"))
	w.create(&v1alpha1.MesosCronTask{}, "MesosCronTask", "failing", `schedule: "0 3 * * *", suspend: true, `+strings.ReplaceAll(template, "%s", "exit 4"))
	got := w.mesos("run", "nightly", "--wait").ends(t, 0)
	t.Log("\n" + got.out + got.errOut)
	has(t, got.out, "cron/nightly is asked for a run: task/nightly-")
	if out := w.mesos("logs", "cron/nightly").ends(t, 0).out; out != "done\n" {
		t.Errorf("the run wrote %q", out)
	}
	has(t, w.mesos("run", "failing", "--wait").ends(t, statusUnwell).errOut, "exit code 4")
	has(t, w.mesos("why", "cron/nightly").ends(t, 0).out, "Its schedule is kept", "The next run is due at")
	has(t, w.mesos("why", "failing").ends(t, 0).out, "suspended")
	w.mesos("resume", "failing").ends(t, 0)
	until(w, &v1alpha1.MesosCronTask{}, "failing", "resumed", func(cron *v1alpha1.MesosCronTask) bool {
		return cron.Status.NextScheduleTime != nil && cron.Status.ObservedGeneration == cron.Generation
	})
	why := w.mesos("why", "failing").ends(t, statusUnwell).out
	t.Log("\n" + why)
	has(t, why, "its last run", "exit code 4")
	has(t, w.mesos("describe", "cron/nightly").ends(t, 0).out, "Schedule:", "0 3 * * *")
}

func TestReconcileAndDescribe_theFramework(t *testing.T) {
	w := newTest(t)
	w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`)
	has(t, w.mesos("reconcile").ends(t, 0).out, "framework/default asks Mesos for every task", "Mesos answered for ")
	described := w.mesos("describe", "framework/default").ends(t, 0).out
	t.Log("\n" + described)
	has(t, described, "Requested: ", "It is connected to the master")
	has(t, w.mesos("orphans", "--kill", "all", "--yes").ends(t, statusFailed).errOut, "it has no orphans")
	has(t, w.mesos("orphans", "nothing").ends(t, statusFailed).errOut, "there is no framework nothing: not found")
	shown := w.mesos("describe", "web").ends(t, 0).out
	t.Log("\n" + shown)
	has(t, shown, "Attempt:", "TASK_RUNNING", "Why:")
}

func TestComplete_namesOfObjects(t *testing.T) {
	w := newTest(t)
	w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`)
	w.create(&v1alpha1.MesosTaskSet{}, "MesosTaskSet", "weary", `replicas: 0, template: {spec: {shell: "true", `+small+`}}`)
	for _, one := range []struct{ args, want string }{
		{"logs|w", "task/web\nset/weary\n"},
		{"logs|task/", "task/web\n"},
		{"scale|we", "weary\n"},
		{"reconcile|d", "default\n"},
		{"restart|web|se", "set/weary\n"},
		{"tasks|--framework|d", "default\n"},
	} {
		args := append([]string{"__complete"}, strings.Split(one.args, "|")...)
		streams := w.mesosRaw(args...)
		if !strings.HasPrefix(streams.out, one.want+":") {
			t.Errorf("%s is completed by\n%s", one.args, streams.out)
		}
	}
}
