package mesosbridge

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestTaskInfo_healthCheck(t *testing.T) {
	times := mesos.Check{Delay: time.Second, Interval: 2 * time.Second, Timeout: 3 * time.Second}
	for name, c := range map[string]struct {
		edit func(*mesos.HealthCheck)
		want func(*mesospb.HealthCheck)
	}{
		"HTTP goes to the host port of that name": {
			func(check *mesos.HealthCheck) {
				check.HTTP = &mesos.HTTPCheck{CheckPort: mesos.CheckPort{Name: "admin"}, Path: "/up", Scheme: "https"}
			},
			func(told *mesospb.HealthCheck) {
				told.Type = mesospb.HealthCheck_HTTP
				told.HTTP = &mesospb.HealthCheck_HTTPCheckInfo{Port: 31002, Path: new("/up"), Scheme: new("https")}
			},
		},
		"TCP does, too": {
			func(check *mesos.HealthCheck) { check.TCP = &mesos.TCPCheck{CheckPort: mesos.CheckPort{Name: "http"}} },
			func(told *mesospb.HealthCheck) {
				told.Type, told.TCP = mesospb.HealthCheck_TCP, &mesospb.HealthCheck_TCPCheckInfo{Port: 31007}
			},
		},
		"a number is told as it is": {
			func(check *mesos.HealthCheck) { check.TCP = &mesos.TCPCheck{CheckPort: mesos.CheckPort{Number: 9090}} },
			func(told *mesospb.HealthCheck) {
				told.Type, told.TCP = mesospb.HealthCheck_TCP, &mesospb.HealthCheck_TCPCheckInfo{Port: 9090}
			},
		},
		"a command line": {
			func(check *mesos.HealthCheck) { check.Shell = "test -e up" },
			func(told *mesospb.HealthCheck) {
				told.Type, told.Command = mesospb.HealthCheck_COMMAND, &mesospb.CommandInfo{Shell: new(true), Value: new("test -e up")}
			},
		},
		"a program": {
			func(check *mesos.HealthCheck) { check.Argv = []string{"test", "-e", "up"} },
			func(told *mesospb.HealthCheck) {
				told.Type = mesospb.HealthCheck_COMMAND
				told.Command = &mesospb.CommandInfo{Shell: new(false), Value: new("test"), Arguments: []string{"test", "-e", "up"}}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			task := mesos.Task{
				ID: "a", Shell: "x", Ports: []mesos.Port{{Name: "http"}, {Name: "admin"}}, HostPorts: []uint32{31007, 31002},
				HealthCheck: &mesos.HealthCheck{Check: times, GracePeriod: 4 * time.Second, Failures: 5},
			}
			c.edit(task.HealthCheck)
			want := &mesospb.HealthCheck{
				DelaySeconds: new(1.0), IntervalSeconds: new(2.0), TimeoutSeconds: new(3.0), GracePeriodSeconds: new(4.0), ConsecutiveFailures: new(uint32(5)),
			}
			c.want(want)
			info := mustTaskInfo(t, &task, "a1", nil)
			if diff := cmp.Diff(want, info.HealthCheck); diff != "" {
				t.Errorf("the health check (-want +got):\n%s", diff)
			}
		})
	}
	if info := mustTaskInfo(t, &mesos.Task{ID: "a", Shell: "x"}, "a1", nil); info.HealthCheck != nil {
		t.Errorf("a task without one has the health check %v", info.HealthCheck)
	}
}

func TestTaskInfo_check(t *testing.T) {
	for name, c := range map[string]struct {
		check mesos.Check
		want  mesospb.CheckInfo
	}{
		"HTTP": {
			mesos.Check{HTTP: &mesos.HTTPCheck{CheckPort: mesos.CheckPort{Name: "admin"}, Path: "/up"}},
			mesospb.CheckInfo{Type: mesospb.CheckInfo_HTTP, HTTP: &mesospb.CheckInfo_Http{Port: 31002, Path: new("/up")}},
		},
		"TCP": {
			mesos.Check{TCP: &mesos.TCPCheck{CheckPort: mesos.CheckPort{Name: "http"}}},
			mesospb.CheckInfo{Type: mesospb.CheckInfo_TCP, TCP: &mesospb.CheckInfo_Tcp{Port: 31007}},
		},
		"a command line": {
			mesos.Check{Shell: "test -e up"},
			mesospb.CheckInfo{Type: mesospb.CheckInfo_COMMAND, Command: &mesospb.CheckInfo_Command{Command: mesospb.CommandInfo{Shell: new(true), Value: new("test -e up")}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.check.Delay, c.check.Interval, c.check.Timeout = time.Second, 2*time.Second, 3*time.Second
			c.want.DelaySeconds, c.want.IntervalSeconds, c.want.TimeoutSeconds = new(1.0), new(2.0), new(3.0)
			info := mustTaskInfo(t, &mesos.Task{
				ID: "a", Shell: "x", Ports: []mesos.Port{{Name: "http"}, {Name: "admin"}}, HostPorts: []uint32{31007, 31002}, Check: &c.check,
			}, "a1", nil)
			if diff := cmp.Diff(&c.want, info.Check); diff != "" {
				t.Errorf("the check (-want +got):\n%s", diff)
			}
		})
	}
}

func TestObservation_check(t *testing.T) {
	for name, c := range map[string]struct {
		said *mesospb.CheckStatusInfo
		want *mesos.CheckResult
	}{
		"none":                {nil, nil},
		"no result":           {&mesospb.CheckStatusInfo{Type: mesospb.CheckInfo_HTTP.Enum(), HTTP: &mesospb.CheckStatusInfo_Http{}}, &mesos.CheckResult{}},
		"nothing at all":      {&mesospb.CheckStatusInfo{}, &mesos.CheckResult{}},
		"an HTTP status":      {&mesospb.CheckStatusInfo{HTTP: &mesospb.CheckStatusInfo_Http{StatusCode: new(uint32(503))}}, &mesos.CheckResult{Status: new(uint32(503))}},
		"an exit code":        {&mesospb.CheckStatusInfo{Command: &mesospb.CheckStatusInfo_Command{ExitCode: new(int32(7))}}, &mesos.CheckResult{ExitCode: new(int32(7))}},
		"that nobody listens": {&mesospb.CheckStatusInfo{TCP: &mesospb.CheckStatusInfo_Tcp{Succeeded: new(false)}}, &mesos.CheckResult{Connects: new(false)}},
	} {
		t.Run(name, func(t *testing.T) {
			got := observationOf(&mesospb.TaskStatus{CheckStatus: c.said}, mesos.Number{})
			if diff := cmp.Diff(c.want, got.Check); diff != "" {
				t.Errorf("the check's result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTaskInfo_healthCheckInDocker(t *testing.T) {
	task := mesos.Task{
		ID: "a", Shell: "x", Container: &mesos.Container{Image: "x", Docker: &mesos.ByDocker{}},
		HealthCheck: &mesos.HealthCheck{Check: mesos.Check{Argv: []string{"test", "-e", "up"}}},
	}
	want := &mesospb.CommandInfo{Shell: new(false), Value: new("test"), Arguments: []string{"-e", "up"}}
	if diff := cmp.Diff(want, mustTaskInfo(t, &task, "a1", nil).HealthCheck.Command); diff != "" {
		t.Errorf("the command (-want +got):\n%s", diff)
	}
}
