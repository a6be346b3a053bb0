package lifecycle

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Mesos' executors are told all times of a check, as their own defaults are other ones. What an object from before a default does not say is this.
const (
	defaultCheckInterval = 10 * time.Second
	defaultCheckTimeout  = 20 * time.Second
	defaultCheckGrace    = 10 * time.Second
	defaultFailures      = 3
)

// resolveChecks adds the checks of a template to its task, or says why it cannot.
func resolveChecks(task *mesos.Task, template *v1alpha1.TaskTemplate) *Obstacle {
	if health := template.HealthCheck; health != nil {
		task.HealthCheck = &mesos.HealthCheck{
			Check:       checkOf(health.TCP, health.Command, health.DelaySeconds, health.IntervalSeconds, health.TimeoutSeconds),
			GracePeriod: secondsOr(health.GracePeriodSeconds, defaultCheckGrace),
			Failures:    defaultFailures,
		}
		if health.FailureThreshold != nil {
			task.HealthCheck.Failures = uint32(max(*health.FailureThreshold, 1))
		}
		if http := health.HTTP; http != nil {
			task.HealthCheck.HTTP = &mesos.HTTPCheck{CheckPort: checkPort(http.Port), Path: http.Path, Scheme: strings.ToLower(string(http.Scheme))}
		}
		if obstacle := portless(task, &task.HealthCheck.Check, "spec.healthCheck"); obstacle != nil {
			return obstacle
		}
	}
	if readiness := template.ReadinessCheck; readiness != nil {
		task.Check = new(checkOf(readiness.TCP, readiness.Command, readiness.DelaySeconds, readiness.IntervalSeconds, readiness.TimeoutSeconds))
		if http := readiness.HTTP; http != nil {
			task.Check.HTTP = &mesos.HTTPCheck{CheckPort: checkPort(http.Port), Path: http.Path}
		}
		return portless(task, task.Check, "spec.readinessCheck")
	}
	return nil
}

// checkOf is what the checks have in common.
func checkOf(tcp *v1alpha1.TCPCheck, command *v1alpha1.CommandCheck, delay, interval, timeout *int32) mesos.Check {
	check := mesos.Check{
		Delay: secondsOr(delay, 0), Interval: secondsOr(interval, defaultCheckInterval), Timeout: secondsOr(timeout, defaultCheckTimeout),
	}
	if tcp != nil {
		check.TCP = &mesos.TCPCheck{CheckPort: checkPort(tcp.Port)}
	}
	if command != nil {
		check.Shell, check.Argv = command.Shell, command.Argv
	}
	return check
}

// checkPort is a port's name, or its number.
func checkPort(port intstr.IntOrString) mesos.CheckPort {
	if port.Type == intstr.Int {
		return mesos.CheckPort{Number: uint32(port.IntVal)}
	}
	return mesos.CheckPort{Name: port.StrVal}
}

// portless says of a check that it goes to a port which the task does not ask for; nil if it does not.
func portless(task *mesos.Task, check *mesos.Check, field string) *Obstacle {
	name := check.Port().Name
	if name == "" || task.HasPort(name) {
		return nil
	}
	return &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: fmt.Sprintf(
		"%s goes to port %q, which is none of spec.ports: add it there, or name another", field, name)}
}
