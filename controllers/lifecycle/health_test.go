package lifecycle

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// healthChecked is a task with a health check.
func healthChecked(spec *v1alpha1.MesosTaskSpec) {
	spec.Ports = []v1alpha1.Port{{Name: "http"}}
	spec.HealthCheck = &v1alpha1.HealthCheck{
		HTTP: &v1alpha1.HTTPHealthCheck{Port: intstr.FromString("http"), Path: "/up", Scheme: v1alpha1.CheckHTTP}, FailureThreshold: new(int32(3)),
	}
}

// finds makes the executor tell what the health check found.
func (s *story) finds(healthy bool) *story {
	return s.hears(mesos.Observation{
		State: mesos.TaskRunning, Source: mesos.SourceExecutor, Reason: mesos.ReasonTaskHealthCheckStatusUpdated, Healthy: &healthy, UUID: []byte("found"),
	})
}

// killedForIt makes the executor end the attempt as its health check failed.
func (s *story) killedForIt() *story {
	s.says(mesos.TaskKilled, "Command terminated with signal Terminated").Observation.Healthy = new(false)
	return s
}

func TestNext_health(t *testing.T) {
	for name, c := range map[string]struct {
		story *story
		news  func(*story)
		ready string
		says  string
	}{
		"it runs and was not checked yet": {running(healthChecked), func(*story) {}, "False/NotReady", "has not passed yet (HTTP GET /up at port http)"},
		"it passes":                       {running(healthChecked), func(s *story) { s.finds(true) }, "True/Running", "Running on host-1"},
		"it fails":                        {running(healthChecked), func(s *story) { s.finds(false) }, "False/Unhealthy", "killed once that has failed 3 times in a row"},
		"an answer says that it is well":  {running(healthChecked), func(s *story) { s.answers(mesos.TaskRunning).Observation.Healthy = new(true) }, "True/Running", "Running"},
		"an answer says nothing of it":    {running(healthChecked), func(s *story) { s.finds(true).look(); s.answers(mesos.TaskRunning) }, "True/Running", "Running"},
		"a check without a spec fails":    {running(), func(s *story) { s.finds(false) }, "False/Unhealthy", "its health check fails. What"},
		"no health check is asked for":    {running(), func(*story) {}, "True/Running", "Running"},
		"it is killed for it":             {running(healthChecked), func(s *story) { s.finds(false).look(); s.says(mesos.TaskKilling) }, "False/Unhealthy", "is being killed, as its health check failed"},
		"it is killed for something else": {running(healthChecked), func(s *story) { s.finds(true).look(); s.says(mesos.TaskKilling) }, "False/Launching", "is being killed"},
		"it was launched without, runs on": {running(), func(s *story) {
			healthChecked(&s.Spec)
			s.Hash = hashB
			s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: "It goes"}
		}, "True/Running", "Running"},
		"a command that fails": {running(func(spec *v1alpha1.MesosTaskSpec) {
			spec.HealthCheck = &v1alpha1.HealthCheck{Command: &v1alpha1.CommandCheck{Shell: "test -e up"}}
		}), func(s *story) { s.finds(false) }, "False/Unhealthy", "fails (its command)"},
		"no connection": {running(func(spec *v1alpha1.MesosTaskSpec) {
			spec.HealthCheck = &v1alpha1.HealthCheck{TCP: &v1alpha1.TCPCheck{Port: intstr.FromString("db")}}
		}), func(*story) {}, "False/NotReady", "(TCP to port db)"},
		"no connection to a number": {running(func(spec *v1alpha1.MesosTaskSpec) {
			spec.HealthCheck = &v1alpha1.HealthCheck{TCP: &v1alpha1.TCPCheck{Port: intstr.FromInt32(9090)}}
		}), func(*story) {}, "False/NotReady", "(TCP to port 9090)"},
	} {
		t.Run(name, func(t *testing.T) {
			c.news(c.story)
			decision := Next(c.story.Seen)
			ready := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady)
			if got := string(ready.Status) + "/" + ready.Reason; got != c.ready || !strings.Contains(ready.Message, c.says) {
				t.Errorf("Ready is %s: %s; want %s with %q", got, ready.Message, c.ready, c.says)
			}
		})
	}
}

// TestNext_endedUnhealthy: a kill by the health check is the attempt's own failure, whatever else kills is not.
func TestNext_endedUnhealthy(t *testing.T) {
	for name, c := range map[string]struct {
		changes []func(*v1alpha1.MesosTaskSpec)
		news    func(*story)
		ready   string
		says    string
		healthy *bool
	}{
		"it is launched again":                {nil, func(s *story) { s.killedForIt() }, "False/AwaitingOffer", "TASK_KILLED, as its health check failed: Command terminated", new(false)},
		"never to be restarted":               {[]func(*v1alpha1.MesosTaskSpec){onlyOnce}, func(s *story) { s.killedForIt() }, "False/Failed", "as its health check failed", new(false)},
		"it has no restart left":              {[]func(*v1alpha1.MesosTaskSpec){maxRestarts(0)}, func(s *story) { s.killedForIt() }, "False/RestartsExhausted", "as its health check failed", new(false)},
		"an answer tells of it":               {nil, func(s *story) { s.answers(mesos.TaskKilled).Observation.Healthy = new(false) }, "False/AwaitingOffer", "as its health check failed", new(false)},
		"it is killed for its spec meanwhile": {nil, func(s *story) { s.change(changeHash).look(); s.killedForIt() }, "False/AwaitingOffer", "after TASK_KILLED", new(false)},
		"it crashes while it is unhealthy":    {nil, func(s *story) { s.says(mesos.TaskFailed) }, "False/AwaitingOffer", "after TASK_FAILED", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := running(append(c.changes, healthChecked)...)
			s.finds(false).look()
			s.later(time.Minute)
			c.news(s)
			decision := s.look()
			ready := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady)
			if got := string(ready.Status) + "/" + ready.Reason; got != c.ready || !strings.Contains(ready.Message, c.says) {
				t.Errorf("Ready is %s: %s; want %s with %q", got, ready.Message, c.ready, c.says)
			}
			got := s.Status.Task.Healthy
			if (got == nil) != (c.healthy == nil) || got != nil && *got != *c.healthy {
				t.Errorf("healthy is %v once it is over, want %v", got, c.healthy)
			}
		})
	}
	t.Run("it counts and backs off as any failure", func(t *testing.T) {
		s := running(healthChecked)
		for range 3 {
			s.later(time.Second).finds(false).look()
			s.killedForIt().look()
			s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
		}
		s.killedForIt().look()
		if s.Status.Restarts != 3 || s.Status.NextLaunchTime == nil || s.Status.NextLaunchTime.Sub(s.Now) < 4*time.Second {
			t.Errorf("%d restarts, the next at %v; want 3, and the next four seconds from %v", s.Status.Restarts, s.Status.NextLaunchTime, s.Now)
		}
	})
}

// TestNext_healthWrites: what checks find is acknowledged on receipt and written every ten seconds at most, but for the first word.
func TestNext_healthWrites(t *testing.T) {
	s := running(healthChecked)
	s.later(time.Second).finds(true)
	if decision := s.look(); s.writes != 1 || !has(decision, StepAcknowledge) {
		t.Fatalf("%d writes, steps %v: want the first word to be written at once", s.writes, decision.Steps)
	}
	since := s.Now
	for i := range 25 {
		s.later(time.Second).finds(i%2 == 1)
		if decision := s.look(); !has(decision, StepAcknowledge) {
			t.Fatalf("steps %v, want the update to be acknowledged", decision.Steps)
		}
	}
	if s.writes != 3 {
		t.Errorf("%d writes in %v of a check that turns each second, want 3", s.writes, s.Now.Sub(since))
	}
	t.Run("the first time that it is ready is written at once", func(t *testing.T) {
		s := running(healthChecked)
		s.later(time.Second).finds(false).look()
		writes := s.writes
		s.later(time.Second).finds(true).look()
		if ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); s.writes != writes+1 || ready.Reason != v1alpha1.ReasonRunning {
			t.Errorf("%d writes, Ready is %+v", s.writes-writes, ready)
		}
		s.later(time.Second).finds(false).look()
		s.later(time.Second).finds(true).look()
		if s.writes != writes+1 {
			t.Errorf("%d writes, want that only the first time is written at once", s.writes-writes)
		}
	})
	t.Run("a word that changes nothing is not written", func(t *testing.T) {
		s.later(time.Minute).finds(false).look()
		writes := s.writes
		s.later(time.Minute).finds(false)
		if decision := s.look(); s.writes != writes || !has(decision, StepAcknowledge) {
			t.Errorf("%d more writes, steps %v", s.writes-writes, decision.Steps)
		}
	})
	t.Run("what is held back is written in time", func(t *testing.T) {
		s.later(time.Minute).finds(true).look()
		s.later(time.Second).finds(false)
		if decision := s.look(); decision.Check.IsZero() || !decision.Check.Equal(s.LastWrite.Add(checkedEvery)) {
			t.Errorf("looks again at %v, want to at %v", decision.Check, s.LastWrite.Add(checkedEvery))
		}
		s.later(checkedEvery).look()
		if ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonUnhealthy {
			t.Errorf("Ready has reason %s", ready.Reason)
		}
	})
	t.Run("other news do not wait for it", func(t *testing.T) {
		s.later(time.Minute).finds(true).look()
		s.later(time.Second).change(func(*story) {}).finds(false).look()
		if s.Status.ObservedGeneration != s.Generation {
			t.Errorf("generation %d is written, want %d", s.Status.ObservedGeneration, s.Generation)
		}
	})
	t.Run("its reason is not the state's", func(t *testing.T) {
		if got := s.Status.Task.Reason; got != "" {
			t.Errorf("status.task.reason is %s", got)
		}
	})
}

func TestResolve_healthCheck(t *testing.T) {
	spec := baseSpec()
	spec.HealthCheck = &v1alpha1.HealthCheck{TCP: &v1alpha1.TCPCheck{Port: intstr.FromString("http")}}
	if _, obstacle := Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{}); obstacle == nil || !obstacle.Stalled || !strings.Contains(obstacle.Message, `port "http"`) {
		t.Errorf("a check of a port that is not there: %+v", obstacle)
	}
	spec.ReadinessCheck = &v1alpha1.ReadinessCheck{HTTP: &v1alpha1.HTTPReadinessCheck{Port: intstr.FromInt32(9090), Path: "/"}}
	spec.Ports = []v1alpha1.Port{{Name: "http"}}
	task, obstacle := Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{})
	if obstacle != nil {
		t.Fatal(obstacle.Message)
	}
	if got := task.HealthCheck; got.Interval != 10*time.Second || got.Timeout != 20*time.Second || got.GracePeriod != 10*time.Second || got.Failures != 3 || got.Delay != 0 {
		t.Errorf("the defaults are %+v", got)
	}
	if got := task.Check.HTTP.CheckPort; got != (mesos.CheckPort{Number: 9090}) {
		t.Errorf("the check of port 9090 goes to %+v", got)
	}
}
