package system

import (
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// endAsTold is a runner whose tasks end a second later in the state that is their command, and run on if it is none.
func endAsTold() simulator.Runner {
	return simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		if state, ok := mesosv1.TaskState_value[task.GetCommand().GetValue()]; ok {
			return simulator.EndAfter(time.Second, mesosv1.TaskState(state), "Over")
		}
		return simulator.Stay()
	}}
}

// succeeded is what condition Succeeded says of a MesosTask; empty where it has none.
func (v *virtual) succeeded(name string) string {
	v.Helper()
	if end := meta.FindStatusCondition(v.get(name).Status.Conditions, v1alpha1.ConditionSucceeded); end != nil {
		return string(end.Status) + "/" + end.Reason
	}
	return ""
}

// live counts the tasks of an object that run, by the simulator's ledger.
func (v *virtual) live(name string) (n int) {
	for _, change := range v.mesos.Ledger() {
		switch {
		case !strings.Contains(change.TaskID, "."+name+"."):
		case change.What == simulator.Started:
			n++
		case change.What == simulator.Ended:
			n--
		}
	}
	return n
}

// TestTTL: an object goes a while after its task has ended, also by another process than that which recorded the end. What is not over stays, and so
// does what ended without a TTL.
func TestTTL(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, endAsTold(), func(v *virtual) {
		v.framework("")
		v.start()
		v.task("done", `shell: TASK_FINISHED, restartPolicy: Never, ttlSecondsAfterFinished: 120`)
		v.task("failed", `shell: TASK_FAILED, restartPolicy: Never, ttlSecondsAfterFinished: 120`)
		v.task("soon", `shell: TASK_FINISHED, restartPolicy: Never, ttlSecondsAfterFinished: 0`)
		v.task("kept", `shell: TASK_FINISHED, restartPolicy: Never`)
		v.task("paused", `shell: TASK_FINISHED, restartPolicy: Never, ttlSecondsAfterFinished: 120`)
		v.task("again", `shell: TASK_FAILED, ttlSecondsAfterFinished: 0, backoff: {initialSeconds: 10, maxSeconds: 10}`)
		v.task("runs", `shell: sleep 1, restartPolicy: Never, ttlSecondsAfterFinished: 0`)
		v.task("lost", `shell: sleep 1, restartPolicy: Never, ttlSecondsAfterFinished: 0`)
		v.task("waits", `shell: sleep 1, restartPolicy: Never, ttlSecondsAfterFinished: 0, ports: [{name: http, hostPort: 80}]`)
		v.pass(30 * time.Second)
		if v.exists("soon") {
			v.Errorf("what was to go at once is still there: %s", v.said("soon"))
		}
		if got := v.succeeded("done") + " " + v.succeeded("failed"); got != "True/Completed False/Failed" {
			v.Fatalf("of those that ended it is said: %s", got)
		}
		v.patch("paused", `metadata: {annotations: {mesos.dev/paused: "true"}}`)
		v.agentOf("lost").Partition()
		v.stop()
		v.pass(30 * time.Second)
		v.start()
		v.pass(30 * time.Second)
		for _, name := range []string{"done", "failed"} {
			if !v.exists(name) {
				v.Errorf("%s went before its time", name)
			}
		}
		v.pass(5 * time.Minute)
		for _, name := range []string{"done", "failed"} {
			if v.exists(name) {
				v.Errorf("%s is still there: %s", name, v.said(name))
			}
		}
		for _, name := range []string{"kept", "paused", "again", "runs", "lost", "waits"} {
			if !v.exists(name) {
				v.Errorf("%s is gone", name)
			}
		}
		v.patch("paused", `metadata: {annotations: {mesos.dev/paused: null}}`)
		v.pass(time.Second)
		if v.exists("paused") {
			v.Error("what is paused no more is still there")
		}
	})
}

// TestTTL_changedMeanwhile: what a person changed at the moment that it was to be deleted is not.
func TestTTL_changedMeanwhile(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, endAsTold(), func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: TASK_FINISHED, restartPolicy: Never, ttlSecondsAfterFinished: 60`)
		v.pass(30 * time.Second)
		// The cache of the process has not heard of it.
		lag := v.api.Lag(v.running.name, "mesostasks", -1)
		v.patch("job", `spec: {shell: sleep 1}`)
		v.pass(5 * time.Minute)
		if !v.exists("job") {
			v.Fatal("it was deleted by what was known of it before")
		}
		lag.End()
		v.pass(time.Minute)
		if got := v.reason("job"); got != v1alpha1.ReasonRunning {
			v.Errorf("changed, it is %s: %s", got, v.said("job"))
		}
	})
}

// TestDeadline: what is not over when its time is up is killed and has failed, also where another process launched it, and what never ran has failed
// too. What ended before stays as it was.
func TestDeadline(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, endAsTold(), func(v *virtual) {
		v.framework("")
		v.start()
		v.task("runs", `shell: sleep 1, restartPolicy: OnFailure, activeDeadlineSeconds: 300`)
		v.task("down", `shell: sleep 1, restartPolicy: OnFailure, activeDeadlineSeconds: 90`)
		v.task("again", `shell: TASK_FAILED, activeDeadlineSeconds: 300, backoff: {initialSeconds: 10, maxSeconds: 10}`)
		v.task("done", `shell: TASK_FINISHED, restartPolicy: Never, activeDeadlineSeconds: 300`)
		v.task("waits", `shell: sleep 1, activeDeadlineSeconds: 300, ports: [{name: http, hostPort: 80}]`)
		v.task("brief", `shell: sleep 1, restartPolicy: Never, activeDeadlineSeconds: 300, ttlSecondsAfterFinished: 60`)
		v.pass(time.Minute)
		v.stop()
		v.pass(time.Minute)
		v.start()
		v.pass(time.Minute)
		if got := v.succeeded("down"); got != "False/DeadlineExceeded" || v.live("down") != 0 {
			v.Errorf("what ran out of time while nobody looked is %s, %d live: %s", got, v.live("down"), v.said("down"))
		}
		if v.live("runs") != 1 || v.reason("runs") != v1alpha1.ReasonRunning {
			v.Errorf("before its time is up, it is %s, %d live", v.reason("runs"), v.live("runs"))
		}
		v.pass(150 * time.Second)
		launched := v.get("again").Status.Attempts
		v.pass(time.Minute)
		for name, want := range map[string]string{
			"runs": "False/DeadlineExceeded", "again": "False/DeadlineExceeded", "waits": "False/DeadlineExceeded", "done": "True/Completed",
		} {
			if got := v.succeeded(name); got != want || v.live(name) != 0 {
				v.Errorf("%s is %s, %d live: %s", name, got, v.live(name), v.said(name))
			}
		}
		if task := v.get("runs").Status.Task; task == nil || task.KillReason != v1alpha1.KillDeadlineExceeded || task.State != "TASK_KILLED" {
			v.Errorf("what was killed is %+v", task)
		}
		if n := v.get("again").Status.Attempts; n != launched {
			v.Errorf("%d launches after its time was up", n-launched)
		}
		if v.exists("brief") {
			v.Errorf("what has a TTL, too, is still there: %s", v.said("brief"))
		}
		v.patch("runs", `spec: {activeDeadlineSeconds: 3600}`)
		v.pass(30 * time.Second)
		if ready := meta.FindStatusCondition(v.get("runs").Status.Conditions, v1alpha1.ConditionReady); ready.Status != metav1.ConditionTrue || v.live("runs") != 1 {
			v.Errorf("with a later deadline it is %s, %d live: %s", ready.Reason, v.live("runs"), v.said("runs"))
		}
	})
}
