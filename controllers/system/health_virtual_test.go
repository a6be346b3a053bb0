package system

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// probed is a runner whose tasks run until they are killed; attempts are numbered from one, and what their checks find is said by finds.
func probed(finds func(attempt int32, probe simulator.Probe) simulator.Found) simulator.Runner {
	var attempts atomic.Int32
	return simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		script, attempt := simulator.Stay(), attempts.Add(1)
		script.Probe = func(probe simulator.Probe) simulator.Found { return finds(attempt, probe) }
		return script
	}}
}

// status is what an HTTP check finds.
func status(code uint32) simulator.Found { return simulator.Found{Status: &code} }

// TestHealthCheck_kills: a task is Ready once its health check has passed, and no more while it fails; one that is killed for it counts as a failure.
func TestHealthCheck_kills(t *testing.T) {
	runner := probed(func(attempt int32, probe simulator.Probe) simulator.Found {
		if probe.Since < 15*time.Second || attempt == 1 && probe.Since > time.Minute {
			return status(500)
		}
		return status(200)
	})
	inVirtualTime(t, simulator.Flags{}, runner, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1, ports: [{name: http}], maxRestarts: 1,
			healthCheck: {http: {port: http, path: /up}, gracePeriodSeconds: 30, intervalSeconds: 10, failureThreshold: 2}`)
		v.pass(10 * time.Second)
		if got := v.reason("web"); got != v1alpha1.ReasonNotReady {
			v.Errorf("before its first success it is %s: %s", got, v.said("web"))
		}
		v.pass(20 * time.Second)
		first := v.get("web").Status.Task
		if got := v.reason("web"); got != v1alpha1.ReasonRunning || first.Healthy == nil || !*first.Healthy {
			v.Errorf("once it has passed it is %s: %s", got, v.said("web"))
		}
		v.pass(38 * time.Second)
		if got := v.reason("web"); got != v1alpha1.ReasonUnhealthy {
			v.Errorf("once it fails it is %s: %s", got, v.said("web"))
		}
		v.pass(42 * time.Second)
		task := v.get("web")
		if v.reason("web") != v1alpha1.ReasonRunning || task.Status.Restarts != 1 || task.Status.Task.ID == first.ID {
			v.Errorf("launched again, it is %s after %d restarts: %s", v.reason("web"), task.Status.Restarts, v.said("web"))
		}
		if history := task.Status.History; len(history) != 1 || history[0].State != "TASK_KILLED" || history[0].Healthy == nil || *history[0].Healthy || history[0].KillReason != "" {
			v.Errorf("its history is %+v", history)
		}
		v.checkTruth()
	})
}

// TestHealthCheck_flaps: a check that turns each second costs a write every ten seconds, and holds up nothing else.
func TestHealthCheck_flaps(t *testing.T) {
	runner := probed(func(_ int32, probe simulator.Probe) simulator.Found {
		if int(probe.Since/time.Second)%2 == 0 {
			return status(200)
		}
		return status(500)
	})
	inVirtualTime(t, simulator.Flags{}, runner, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1, ports: [{name: http}], healthCheck: {http: {port: http}, intervalSeconds: 1}`)
		v.pass(30 * time.Second)
		before := v.get("web").Status.Revision
		v.pass(5 * time.Minute)
		if writes := v.get("web").Status.Revision - before; writes > 31 {
			v.Errorf("%d writes in five minutes", writes)
		}
		v.patch("web", `spec: {suspend: true}`)
		v.pass(2 * time.Second)
		if got := v.reason("web"); got != v1alpha1.ReasonSuspended {
			v.Errorf("two seconds after it was suspended it is %s: %s", got, v.said("web"))
		}
	})
}

// TestHealthCheck_afterARestart: a new process learns from Mesos' answers how a task is, and writes nothing if that is as before.
func TestHealthCheck_afterARestart(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1, healthCheck: {command: {shell: test -e up}}`)
		v.pass(20 * time.Second)
		before := v.get("web").Status
		if v.reason("web") != v1alpha1.ReasonRunning {
			v.Fatalf("it is %s: %s", v.reason("web"), v.said("web"))
		}
		v.stop()
		v.start()
		v.pass(2 * time.Minute)
		if after := v.get("web").Status; after.Revision != before.Revision || !strings.HasPrefix(v.said("web"), "Running on") {
			v.Errorf("after %d more writes it is %s: %s", after.Revision-before.Revision, v.reason("web"), v.said("web"))
		}
	})
}

// TestReadinessCheck: Ready follows what a check finds, and what is ready may change without a restart.
func TestReadinessCheck(t *testing.T) {
	runner := probed(func(_ int32, probe simulator.Probe) simulator.Found {
		switch {
		case probe.Since < 20*time.Second:
			return status(503)
		case probe.Since < time.Minute:
			return status(200)
		default:
			return status(404)
		}
	})
	inVirtualTime(t, simulator.Flags{}, runner, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1, ports: [{name: http}], readinessCheck: {http: {port: http, path: /ready}, intervalSeconds: 2}`)
		v.pass(15 * time.Second)
		if got := v.reason("web"); got != v1alpha1.ReasonNotReady || !strings.Contains(v.said("web"), "HTTP status 503") {
			v.Errorf("at first it is %s: %s", got, v.said("web"))
		}
		v.pass(20 * time.Second)
		first := v.get("web").Status.Task
		if got := v.reason("web"); got != v1alpha1.ReasonRunning || first.Ready == nil || !*first.Ready {
			v.Errorf("once it is ready it is %s: %s", got, v.said("web"))
		}
		v.pass(time.Minute)
		if got := v.reason("web"); got != v1alpha1.ReasonNotReady || !strings.Contains(v.said("web"), "HTTP status 404") {
			v.Errorf("once it is not ready any more it is %s: %s", got, v.said("web"))
		}
		v.patch("web", `spec: {readinessCheck: {http: {statuses: ["404"]}}}`)
		v.pass(15 * time.Second)
		task := v.get("web")
		if v.reason("web") != v1alpha1.ReasonRunning || task.Status.Task.ID != first.ID {
			v.Errorf("with other statuses it is %s as %s, which was %s: %s", v.reason("web"), task.Status.Task.ID, first.ID, v.said("web"))
		}
	})
}
