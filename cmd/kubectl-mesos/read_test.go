package main

import (
	"context"
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

func TestTasks_joinedView(t *testing.T) {
	w := newTest(t)
	w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`)
	w.task("huge", v1alpha1.ReasonNoAgentLargeEnough, `shell: "true", resources: {requests: {cpus: "100", memory: 32Mi}}`)
	web := w.reason("web", v1alpha1.ReasonRunning)
	shown := w.mesos("tasks").ends(t, 0).out
	t.Log("\n" + shown)
	has(t, shown, "NAME", "OWNER", "TASK-ID", "web", "TASK_RUNNING", web.Status.Task.Hostname, web.Status.Task.ID)
	if problems := w.mesos("tasks", "--problems").ends(t, 0).out; strings.Contains(problems, web.Status.Task.ID) || !strings.Contains(problems, "huge") {
		t.Errorf("--problems shows\n%s", problems)
	}
	if names := w.mesos("tasks", "-o", "name").ends(t, 0).out; names != "mesostask.mesos.dev/huge\nmesostask.mesos.dev/web\n" {
		t.Errorf("-o name shows %q", names)
	}
	has(t, w.mesos("tasks", "-o", "json").ends(t, 0).out, `"kind": "List"`, `"kind": "MesosTask"`)
	has(t, w.mesos("tasks", "--state", "TASK_STAGING").ends(t, 0).errOut, "No tasks found in namespace "+w.namespace)
	w.mesos("tasks", "--sate").ends(t, statusUsage)
}

func TestLogs(t *testing.T) {
	w := newTest(t)
	w.task("flaky", v1alpha1.ReasonBackOff, `shell: "echo one; echo two; echo three; echo oops >&2; exit 3", backoff: {initialSeconds: 600, maxSeconds: 600}`)
	if out := w.mesos("logs", "flaky").ends(t, 0).out; out != "one\ntwo\nthree\n" {
		t.Errorf("logs shows %q", out)
	}
	if out := w.mesos("logs", "task/flaky", "--tail", "2").ends(t, 0).out; out != "two\nthree\n" {
		t.Errorf("--tail 2 shows %q", out)
	}
	if out := w.mesos("logs", "mesostask/flaky", "--stderr").ends(t, 0).out; out != "oops\n" {
		t.Errorf("--stderr shows %q", out)
	}
	if out := w.mesos("logs", "flaky", "--previous").ends(t, 0).out; out != "one\ntwo\nthree\n" {
		t.Errorf("--previous of one that does not run shows %q", out)
	}
	has(t, w.mesos("logs", "flaxy").ends(t, statusFailed).errOut, "there is no task or set or cron flaxy in namespace "+w.namespace)
}

// TestLogs_previous: of a task that runs again, each attempt's own text is shown.
func TestLogs_previous(t *testing.T) {
	w := newTest(t)
	first := w.task("web", v1alpha1.ReasonRunning, `shell: "echo I am $MESOS_TASK_ID; echo so am I >&2; exec sleep 1000"`).Status.Task.ID
	w.mesos("exec", "web", "--", "sh", "-c", "while test ! -s stderr; do sleep 0.1; done").ends(t, 0)
	w.mesos("restart", "web").ends(t, 0)
	second := until(w, &v1alpha1.MesosTask{}, "web", "restarted", func(task *v1alpha1.MesosTask) bool {
		return task.Status.Task != nil && task.Status.Task.ID != first && task.Status.Task.State == "TASK_RUNNING"
	}).Status.Task.ID
	w.mesos("exec", "web", "--", "sh", "-c", "while test ! -s stderr; do sleep 0.1; done").ends(t, 0)
	for args, want := range map[string]string{"": second, "--previous": first} {
		if out := w.mesos(append([]string{"logs", "web"}, strings.Fields(args)...)...).ends(t, 0).out; out != "I am "+want+"\n" {
			t.Errorf("logs web %s shows %q, want that of %s", args, out, want)
		}
	}
}

// TestLogs_follow: what a task writes comes as it writes it, and the end of the task is the end.
func TestLogs_follow(t *testing.T) {
	w := newTest(t)
	w.task("chatty", v1alpha1.ReasonRunning, `shell: "echo begun; while test ! -e go; do sleep 0.1; done; echo done", restartPolicy: Never`)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	over := make(chan result, 1)
	go func() { over <- w.mesosIn(ctx, "", "logs", "-f", "chatty") }()
	w.mesos("exec", "chatty", "--", "touch", "go").ends(t, 0)
	if got := (<-over).ends(t, 0); got.out != "begun\ndone\n" {
		t.Errorf("logs -f shows %q", got.out)
	}
}

func TestLogs_agentOutOfReach(t *testing.T) {
	w := newTest(t)
	w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`)
	got := w.mesos("logs", "web", "--agent-url", "http://127.0.0.1:1").ends(t, statusUnreachable)
	has(t, got.errOut, "is not reached from here", "http://127.0.0.1:1", "--agent-url")
	t.Log(got.errOut)
	w.mesos("logs", "web", "--agent-url", "http://127.0.0.1:{port}").ends(t, 0)
	has(t, w.mesos("logs", "web", "--agent-url", "http://u:secret@h").ends(t, statusFailed).errOut, "--mesos-credentials-file")
}

func TestWhy(t *testing.T) {
	w := newTest(t)
	w.task("flaky", v1alpha1.ReasonBackOff, `shell: "exit 3", backoff: {initialSeconds: 600, maxSeconds: 600}`)
	w.task("huge", v1alpha1.ReasonNoAgentLargeEnough, `shell: "true", resources: {requests: {cpus: "100", memory: 32Mi}}`)
	w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`)
	w.task("lacking", v1alpha1.ReasonSecretNotFound, `shell: "true", env: [{name: A, valueFrom: {secretKeyRef: {name: nothing, key: a}}}]`)
	for _, one := range []struct {
		name   string
		status int
		words  []string
	}{
		{"flaky", statusUnwell, []string{"It keeps ending", "exit code 3", "kubectl mesos logs -n " + w.namespace + " flaky --stderr"}},
		{"huge", statusUnwell, []string{"larger than any agent"}},
		{"web", 0, []string{"nothing is wrong"}},
		{"lacking", statusUnwell, []string{"Secret", "nothing"}},
	} {
		got := w.mesos("why", one.name).ends(t, one.status)
		t.Log("\n" + got.out)
		has(t, got.out, one.words...)
	}
	has(t, w.mesos("why", "flaky", "-o", "json").ends(t, statusUnwell).out, `"rule": "BackOff"`, `"well": false`)
}
