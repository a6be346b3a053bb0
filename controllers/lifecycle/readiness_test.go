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

// readinessChecked is a task with a readiness check over HTTP, for which these statuses are ready.
func readinessChecked(statuses ...string) func(*v1alpha1.MesosTaskSpec) {
	return func(spec *v1alpha1.MesosTaskSpec) {
		spec.Ports = []v1alpha1.Port{{Name: "http"}}
		spec.ReadinessCheck = &v1alpha1.ReadinessCheck{HTTP: &v1alpha1.HTTPReadinessCheck{Port: intstr.FromString("http"), Path: "/ready", Statuses: statuses}}
	}
}

// checks makes the executor tell what the readiness check found.
func (s *story) checks(found mesos.CheckResult) *story {
	return s.hears(mesos.Observation{
		State: mesos.TaskRunning, Source: mesos.SourceExecutor, Reason: mesos.ReasonTaskCheckStatusUpdated, Check: &found, UUID: []byte("checked"),
	})
}

func answered(status uint32) mesos.CheckResult { return mesos.CheckResult{Status: &status} }

func TestNext_readiness(t *testing.T) {
	byCommand := func(spec *v1alpha1.MesosTaskSpec) {
		spec.ReadinessCheck = &v1alpha1.ReadinessCheck{Command: &v1alpha1.CommandCheck{Shell: "test -e ready"}}
	}
	byTCP := func(spec *v1alpha1.MesosTaskSpec) {
		spec.ReadinessCheck = &v1alpha1.ReadinessCheck{TCP: &v1alpha1.TCPCheck{Port: intstr.FromString("db")}}
	}
	for name, c := range map[string]struct {
		story *story
		news  func(*story)
		ready string
		says  string
	}{
		"nothing was said of it":      {running(readinessChecked()), func(*story) {}, "False/NotReady", "has found nothing yet (GET /ready at port http, ready with status 200-399)"},
		"it has had no result":        {running(readinessChecked()), func(s *story) { s.checks(mesos.CheckResult{}) }, "False/NotReady", "has found nothing yet"},
		"an answer that is ready":     {running(readinessChecked()), func(s *story) { s.checks(answered(302)) }, "True/Running", "Running"},
		"an answer that is not":       {running(readinessChecked()), func(s *story) { s.checks(answered(503)) }, "False/NotReady", "last found HTTP status 503"},
		"an answer of the ready ones": {running(readinessChecked("204", "500-503")), func(s *story) { s.checks(answered(503)) }, "True/Running", "Running"},
		"an answer of none of them":   {running(readinessChecked("204", "500-503")), func(s *story) { s.checks(answered(200)) }, "False/NotReady", "ready with status 204, 500-503"},
		"it takes too long":           {running(readinessChecked()), func(s *story) { s.checks(answered(200)).look(); s.checks(mesos.CheckResult{}) }, "False/NotReady", "last found no result"},
		"a command that fails":        {running(byCommand), func(s *story) { s.checks(mesos.CheckResult{ExitCode: new(int32(7))}) }, "False/NotReady", "last found exit code 7 (its command"},
		"a command that works":        {running(byCommand), func(s *story) { s.checks(mesos.CheckResult{ExitCode: new(int32(0))}) }, "True/Running", "Running"},
		"no connection":               {running(byTCP), func(s *story) { s.checks(mesos.CheckResult{Connects: new(false)}) }, "False/NotReady", "last found no connection (TCP to port db)"},
		"a connection":                {running(byTCP), func(s *story) { s.checks(mesos.CheckResult{Connects: new(true)}) }, "True/Running", "Running"},
		"an answer of the master": {running(readinessChecked()), func(s *story) {
			s.answers(mesos.TaskRunning).Observation.Check = &mesos.CheckResult{Status: new(uint32(200))}
		}, "True/Running", "Running"},
		"other statuses are ready now": {running(readinessChecked()), func(s *story) {
			s.checks(answered(503)).look()
			s.change(func(s *story) { readinessChecked("503")(&s.Spec) })
		}, "True/Running", "Running"},
		"it is ready and unhealthy":   {running(readinessChecked(), healthChecked), func(s *story) { s.checks(answered(200)).Observation.Healthy = new(false) }, "False/Unhealthy", "health check fails"},
		"it is healthy and not ready": {running(readinessChecked(), healthChecked), func(s *story) { s.checks(answered(404)).Observation.Healthy = new(true) }, "False/NotReady", "HTTP status 404"},
		"it was launched by no such one": {running(), func(s *story) {
			readinessChecked()(&s.Spec)
			s.Hash, s.Obstacle = hashB, &Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: "It goes"}
		}, "True/Running", "Running"},
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
	t.Run("what is over is not ready", func(t *testing.T) {
		s := running(readinessChecked())
		s.checks(answered(200)).look()
		s.says(mesos.TaskFailed).Observation.Check = &mesos.CheckResult{}
		s.look()
		if task := s.Status.Task; task.Ready != nil || task.ReadinessResult != "" {
			t.Errorf("once it is over it is %+v", task)
		}
	})
}

// TestNext_readinessWrites: a result that changes nothing is told now and then.
func TestNext_readinessWrites(t *testing.T) {
	s := running(readinessChecked())
	s.later(time.Second).checks(answered(503))
	if s.look(); s.writes != 1 {
		t.Fatalf("%d writes, want the first result to be written at once", s.writes)
	}
	for i := range uint32(70) {
		s.later(time.Second).checks(answered(500 + i%2))
		if decision := s.look(); !has(decision, StepAcknowledge) {
			t.Fatalf("steps %v, want the update to be acknowledged", decision.Steps)
		}
	}
	if s.writes != 3 {
		t.Errorf("%d writes in 71 seconds of answers none of which is ready, want the first and two more", s.writes)
	}
}

func TestIncludes(t *testing.T) {
	for statuses, want := range map[string]bool{"200": true, "200-399": true, "100-200": true, "201-399": false, "204": false, "": false, "2xx": false, "399-200": false} {
		if got := includes(statuses, 200); got != want {
			t.Errorf("%q includes 200: %v, want %v", statuses, got, want)
		}
	}
}
