package simulator

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// What executors make of the results of checks and health checks (Mesos executor: executor.cpp taskCheckUpdated,
// taskHealthUpdated).

// defaultConsecutiveFailures is that of HealthCheck.consecutive_failures.
const defaultConsecutiveFailures = 3

// tellsOfCheck reports whether a report brings the result of a check or health check.
func (r Report) tellsOfCheck() bool {
	return r.Reason != nil &&
		(*r.Reason == mesos.REASON_TASK_CHECK_STATUS_UPDATED || *r.Reason == mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED)
}

// remember keeps the results that a running task reports, and adds those it had to reports without them. What comes
// after a kill has none.
func (t *agentTask) remember(rep *Report) {
	if rep.State != mesos.TASK_RUNNING {
		return
	}
	if rep.Healthy == nil {
		rep.Healthy = t.healthy
	} else {
		t.healthy = rep.Healthy
	}
	if rep.Check == nil {
		rep.Check = t.check
	} else {
		t.check = rep.Check
	}
	if rep.Reason == nil || *rep.Reason != mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED {
		return
	}
	t.failures++
	if rep.Healthy != nil && *rep.Healthy {
		t.failures = 0
	}
}

// killUnhealthy kills a task whose health check failed too often in a row.
func (a *Agent) killUnhealthy(t *agentTask) {
	h := t.info.HealthCheck
	if h == nil || t.killing {
		return
	}
	allowed := uint32(defaultConsecutiveFailures)
	if h.ConsecutiveFailures != nil {
		allowed = *h.ConsecutiveFailures
	}
	if t.failures > 0 && t.failures >= allowed {
		t.unhealthy = true
		a.killOne(t, graceOf(t.info.KillPolicy))
	}
}
