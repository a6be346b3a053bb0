package simulator

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// How executors check their tasks (Mesos: src/checks/checker.cpp, checker_process.cpp and health_checker.cpp): the first time after the delay, then each
// time an interval after the last result.

// Probe is one run of a task's check or health check.
type Probe struct {
	// Check is what to do; of a health check its kind is put into it.
	Check *mesos.CheckInfo
	// Scheme is http or https.
	Scheme string
	// Health says that it is the health check.
	Health bool
	// Since is how long ago the task began to run.
	Since time.Duration
	// Timeout is how long it may take.
	Timeout time.Duration
}

// Found is what a probe found: an exit code, an HTTP status, whether there was a connection. The zero value is what one found that came to nothing, as
// it took too long, say.
type Found struct {
	ExitCode *int32
	Status   *uint32
	Connects *bool
}

// Prober is an Execution that can be checked.
type Prober interface {
	Execution
	// Probe runs a check and returns at once; what it found goes to tell, but not from within Probe. An execution that has ended need tell nothing.
	Probe(probe Probe, tell func(Found))
}

// passing is what a probe finds of a task that is well.
func passing(check *mesos.CheckInfo) Found {
	switch check.Type {
	case mesos.CheckInfo_COMMAND:
		return Found{ExitCode: new(int32(0))}
	case mesos.CheckInfo_HTTP:
		return Found{Status: new(uint32(200))}
	default:
		return Found{Connects: new(true)}
	}
}

// healthy is what a health check makes of what it found (Mesos: HealthChecker::interpretCheckStatusInfo).
func (f Found) healthy() bool {
	switch {
	case f.ExitCode != nil:
		return *f.ExitCode == 0
	case f.Status != nil:
		return *f.Status >= 200 && *f.Status < 400
	default:
		return f.Connects != nil && *f.Connects
	}
}

// status is how an executor tells it.
func (f Found) status(check *mesos.CheckInfo) *mesos.CheckStatusInfo {
	told := unchecked(check)
	switch check.Type {
	case mesos.CheckInfo_COMMAND:
		told.Command.ExitCode = f.ExitCode
	case mesos.CheckInfo_HTTP:
		told.HTTP.StatusCode = f.Status
	case mesos.CheckInfo_TCP:
		told.TCP.Succeeded = f.Connects
	default:
	}
	return told
}

// checker is one check of a running task.
type checker struct {
	probe           Probe
	delay, interval time.Duration
	// grace is for how long failures of a health check do not count before its first success.
	grace  time.Duration
	began  time.Time
	passed bool
}

// checkers are the checks that a task has.
func checkers(info *mesos.TaskInfo) (all []*checker) {
	if c := info.Check; c != nil {
		all = append(all, &checker{
			probe: Probe{Check: c, Scheme: "http", Timeout: period(c.TimeoutSeconds, 20)},
			delay: period(c.DelaySeconds, 15), interval: period(c.IntervalSeconds, 10),
		})
	}
	if h := info.HealthCheck; h != nil {
		all = append(all, &checker{
			probe: Probe{Check: asCheck(h), Scheme: orDefault(h.HTTP.GetScheme(), "http"), Health: true, Timeout: period(h.TimeoutSeconds, 20)},
			delay: period(h.DelaySeconds, 15), interval: period(h.IntervalSeconds, 10), grace: period(h.GracePeriodSeconds, 10),
		})
	}
	return all
}

// asCheck is the probe of a health check.
func asCheck(h *mesos.HealthCheck) *mesos.CheckInfo {
	switch h.Type {
	case mesos.HealthCheck_COMMAND:
		return &mesos.CheckInfo{Type: mesos.CheckInfo_COMMAND, Command: &mesos.CheckInfo_Command{Command: *h.Command}}
	case mesos.HealthCheck_HTTP:
		return &mesos.CheckInfo{Type: mesos.CheckInfo_HTTP, HTTP: &mesos.CheckInfo_Http{Port: h.HTTP.Port, Path: h.HTTP.Path}}
	default:
		return &mesos.CheckInfo{Type: mesos.CheckInfo_TCP, TCP: &mesos.CheckInfo_Tcp{Port: h.TCP.GetPort()}}
	}
}

func period(seconds *float64, fallback float64) time.Duration {
	if seconds != nil {
		fallback = *seconds
	}
	return time.Duration(fallback * float64(time.Second))
}

// startChecks begins to check a task that has just begun to run.
func (a *Agent) startChecks(t *agentTask) {
	prober, ok := t.execution.(Prober)
	if !ok || t.checked {
		return
	}
	t.checked = true
	for _, c := range checkers(t.info) {
		c.began = time.Now()
		a.cluster.after(c.delay, func() { a.check(t, prober, c) })
	}
}

// check runs a check once, and again after its interval, until the task ends or is killed.
func (a *Agent) check(t *agentTask, prober Prober, c *checker) {
	if t.ended || t.killing {
		return
	}
	c.probe.Since = time.Since(c.began)
	prober.Probe(c.probe, func(found Found) {
		a.cluster.mu.Lock()
		defer a.cluster.mu.Unlock()
		if a.cluster.closed || t.ended || t.killing {
			return
		}
		if c.probe.Health {
			a.foundHealth(t, c, found.healthy())
		} else {
			a.foundCheck(t, c, found)
		}
		a.cluster.after(c.interval, func() { a.check(t, prober, c) })
	})
}

// foundHealth tells of each failure, and of the first success after any (Mesos: HealthChecker::failure, success).
func (a *Agent) foundHealth(t *agentTask, c *checker, healthy bool) {
	if !healthy && !c.passed && c.grace > 0 && time.Since(c.began) <= c.grace || healthy && c.passed && t.failures == 0 {
		return
	}
	c.passed = c.passed || healthy
	a.report(t, Report{State: mesos.TASK_RUNNING, Reason: mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum(), Healthy: &healthy})
}

// foundCheck tells of what a check found if it is another thing than before (Mesos: Checker::processCheckResult).
func (a *Agent) foundCheck(t *agentTask, c *checker, found Found) {
	told, last := found.status(c.probe.Check), t.check
	if last == nil {
		last = unchecked(c.probe.Check)
	}
	if !told.Equal(last) {
		a.report(t, Report{State: mesos.TASK_RUNNING, Reason: mesos.REASON_TASK_CHECK_STATUS_UPDATED.Enum(), Check: told})
	}
}
