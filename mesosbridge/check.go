package mesosbridge

import (
	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// healthCheck is what an executor is told of the task's health check; nil for none.
func healthCheck(task *mesos.Task) *mesospb.HealthCheck {
	check := task.HealthCheck
	if check == nil {
		return nil
	}
	told := &mesospb.HealthCheck{
		DelaySeconds: new(check.Delay.Seconds()), IntervalSeconds: new(check.Interval.Seconds()), TimeoutSeconds: new(check.Timeout.Seconds()),
		GracePeriodSeconds: new(check.GracePeriod.Seconds()), ConsecutiveFailures: new(check.Failures),
	}
	switch {
	case check.HTTP != nil:
		told.Type = mesospb.HealthCheck_HTTP
		told.HTTP = &mesospb.HealthCheck_HTTPCheckInfo{Port: task.PortOf(&check.Check), Scheme: optional(check.HTTP.Scheme), Path: optional(check.HTTP.Path)}
	case check.TCP != nil:
		told.Type = mesospb.HealthCheck_TCP
		told.TCP = &mesospb.HealthCheck_TCPCheckInfo{Port: task.PortOf(&check.Check)}
	default:
		told.Type = mesospb.HealthCheck_COMMAND
		told.Command = checkCommand(&check.Check)
		if task.Container.InDocker() && len(check.Argv) > 0 {
			// It runs as docker exec <container> <value> <arguments> (Mesos' src/docker/executor.cpp).
			told.Command.Arguments = check.Argv[1:]
		}
	}
	return told
}

// checkInfo is what an executor is told of the task's general check; nil for none.
func checkInfo(task *mesos.Task) *mesospb.CheckInfo {
	check := task.Check
	if check == nil {
		return nil
	}
	told := &mesospb.CheckInfo{
		DelaySeconds: new(check.Delay.Seconds()), IntervalSeconds: new(check.Interval.Seconds()), TimeoutSeconds: new(check.Timeout.Seconds()),
	}
	switch {
	case check.HTTP != nil:
		told.Type, told.HTTP = mesospb.CheckInfo_HTTP, &mesospb.CheckInfo_Http{Port: task.PortOf(check), Path: optional(check.HTTP.Path)}
	case check.TCP != nil:
		told.Type, told.TCP = mesospb.CheckInfo_TCP, &mesospb.CheckInfo_Tcp{Port: task.PortOf(check)}
	default:
		told.Type, told.Command = mesospb.CheckInfo_COMMAND, &mesospb.CheckInfo_Command{Command: *checkCommand(check)}
	}
	return told
}

// checkCommand is the command of a check. Its executor gives it the task's environment.
func checkCommand(check *mesos.Check) *mesospb.CommandInfo {
	if len(check.Argv) > 0 {
		return &mesospb.CommandInfo{Shell: new(false), Value: new(check.Argv[0]), Arguments: check.Argv}
	}
	return &mesospb.CommandInfo{Shell: new(true), Value: new(check.Shell)}
}

// optional is a text that is left out where it is empty.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
