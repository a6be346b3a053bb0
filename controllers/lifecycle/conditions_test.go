package lifecycle

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// kstatus is what kubectl wait, Helm and Flux make of the object.
func (s *story) kstatus(t *testing.T) status.Status {
	t.Helper()
	task := &v1alpha1.MesosTask{Spec: s.Spec, Status: s.Status}
	task.APIVersion, task.Kind = v1alpha1.GroupVersion.String(), "MesosTask"
	task.Name, task.Namespace, task.Generation = s.Name, s.Namespace, s.Generation
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(task)
	if err != nil {
		t.Fatalf("converting the object: %v", err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		t.Fatalf("computing the status: %v", err)
	}
	return result.Status
}

// TestNext_conditions goes through the table of situations that kstatus must read correctly.
func TestNext_conditions(t *testing.T) {
	unhealthy := running()
	unhealthy.answers(mesos.TaskRunning)
	unhealthy.Observation.Healthy = new(false)
	unfit := newStory()
	unfit.Waiting = &v1alpha1.Pending{Since: *at(0), Message: "1 offer: 1 lacks cpus"}
	suspending := running().change(suspend)
	other := running()
	other.FrameworkID = "framework-2"
	unregistered := newStory()
	unregistered.Obstacle = &Obstacle{Reason: v1alpha1.ReasonFrameworkNotFound, Message: "Not there"}
	wrongRole := newStory()
	wrongRole.Obstacle = &Obstacle{Reason: v1alpha1.ReasonRoleNotAllowed, Message: "No such role", Stalled: true}

	for name, c := range map[string]struct {
		story *story
		want  map[string]string
		read  status.Status
	}{
		"applied a moment ago": {newStory(), nil, status.InProgressStatus},
		"no offer fits": {
			unfit, conditions("Ready", "False/AwaitingOffer", "Reconciling", "True/AwaitingOffer"), status.InProgressStatus,
		},
		"staging": {
			newStory().bind(LaunchAccepted).later(quickly), conditions("Ready", "False/Launching", "Reconciling", "True/Launching"), status.InProgressStatus,
		},
		"running": {running(), conditions("Ready", "True/Running"), status.CurrentStatus},
		"running, a one-off": {
			running(onlyOnce), conditions("Ready", "True/Running", "Succeeded", "Unknown/Running"), status.CurrentStatus,
		},
		"running, unhealthy": {
			unhealthy, conditions("Ready", "False/Unhealthy", "Reconciling", "True/Unhealthy"), status.InProgressStatus,
		},
		"finished": {
			ended(mesos.TaskFinished, onFailure), conditions("Ready", "True/Completed", "Succeeded", "True/Completed"), status.CurrentStatus,
		},
		"failed for good": {
			ended(mesos.TaskFailed, onlyOnce), conditions("Ready", "False/Failed", "Stalled", "True/Failed", "Succeeded", "False/Failed"), status.FailedStatus,
		},
		"out of restarts": {
			ended(mesos.TaskFailed, maxRestarts(0)),
			conditions("Ready", "False/RestartsExhausted", "Stalled", "True/RestartsExhausted", "Succeeded", "False/RestartsExhausted"), status.FailedStatus,
		},
		"refused by Mesos": {
			ended(mesos.TaskError), conditions("Ready", "False/Refused", "Stalled", "True/Refused", "Succeeded", "False/Refused"), status.FailedStatus,
		},
		"retrying": {backingOff(), conditions("Ready", "False/BackOff", "Reconciling", "True/BackOff"), status.InProgressStatus},
		"launching again": {
			ended(mesos.TaskFailed), conditions("Ready", "False/AwaitingOffer", "Reconciling", "True/AwaitingOffer"), status.InProgressStatus,
		},
		"agent unreachable": {
			away(), conditions("Ready", "Unknown/AgentUnreachable", "Reconciling", "True/AgentUnreachable", "AgentUnreachable", "True/AgentUnreachable"),
			status.InProgressStatus,
		},
		"unknown to Mesos": {
			running().answers(mesos.TaskUnknown),
			conditions("Ready", "Unknown/FateUnknown", "Reconciling", "True/FateUnknown", "AgentUnreachable", "True/FateUnknown"), status.InProgressStatus,
		},
		"being killed for a changed spec": {
			running().change(changeHash), conditions("Ready", "False/Restarting", "Reconciling", "True/Restarting"), status.InProgressStatus,
		},
		"being suspended": {suspending, conditions("Ready", "False/Suspending", "Reconciling", "True/Suspending"), status.InProgressStatus},
		"suspended": {
			newStory().change(suspend), conditions("Ready", "True/Suspended", "Suspended", "True/Suspended"), status.CurrentStatus,
		},
		"under another framework ID": {
			other, conditions("Ready", "Unknown/OtherFrameworkID", "Stalled", "True/OtherFrameworkID"), status.FailedStatus,
		},
		"paused before it was launched": {
			newStory().change(func(s *story) { s.Paused = true }), conditions("Ready", "False/Paused"), status.InProgressStatus,
		},
		"paused while it runs": {running().change(func(s *story) { s.Paused = true }), conditions("Ready", "True/Running"), status.CurrentStatus},
		"replaced": {
			replaced(), conditions("Ready", "False/AwaitingOffer", "Reconciling", "True/AwaitingOffer"), status.InProgressStatus,
		},
		"given up, and not to be launched again": {
			givenUp(onlyOnce), conditions("Ready", "False/Failed", "Stalled", "True/Failed", "Succeeded", "False/Failed"), status.FailedStatus,
		},
		"completed and suspended": {
			ended(mesos.TaskFinished, onlyOnce).change(suspend),
			conditions("Ready", "True/Suspended", "Suspended", "True/Suspended", "Succeeded", "True/Completed"), status.CurrentStatus,
		},
		"without its framework": {
			unregistered, conditions("Ready", "False/FrameworkNotFound", "Reconciling", "True/FrameworkNotFound"), status.InProgressStatus,
		},
		"with a role that is not allowed": {
			wrongRole, conditions("Ready", "False/RoleNotAllowed", "Stalled", "True/RoleNotAllowed"), status.FailedStatus,
		},
		"being deleted": {running().change(remove), conditions("Ready", "False/Deleting", "Reconciling", "True/Deleting"), status.InProgressStatus},
	} {
		t.Run(name, func(t *testing.T) {
			c.story.look()
			got := map[string]string{}
			for _, condition := range c.story.Status.Conditions {
				got[condition.Type] = string(condition.Status) + "/" + condition.Reason
				if condition.ObservedGeneration != c.story.Generation || condition.Message == "" {
					t.Errorf("condition %+v lacks a message or the generation %d", condition, c.story.Generation)
				}
			}
			if len(got)+len(c.want) > 0 {
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("conditions (-want +got):\n%s", diff)
				}
			}
			if read := c.story.kstatus(t); read != c.read {
				t.Errorf("kstatus reads %s, want %s", read, c.read)
			}
		})
	}
	t.Run("an old generation is in progress", func(t *testing.T) {
		s := running()
		s.Generation++
		if read := s.kstatus(t); read != status.InProgressStatus {
			t.Errorf("kstatus reads %s", read)
		}
	})
}

// conditions makes a map of types and what they say.
func conditions(typesAndWords ...string) map[string]string {
	result := map[string]string{}
	for i := 0; i < len(typesAndWords); i += 2 {
		result[typesAndWords[i]] = typesAndWords[i+1]
	}
	return result
}

func TestNext_transitionTimes(t *testing.T) {
	s := running()
	since := func() time.Time { return s.Status.Conditions[0].LastTransitionTime.Time }
	began := since()
	s.later(time.Hour).change(func(*story) {}).look()
	if !since().Equal(began) {
		t.Errorf("Ready changed at %v though it stayed True since %v", since(), began)
	}
	s.later(time.Hour).answers(mesos.TaskUnreachable).look()
	if !since().Equal(s.Now) {
		t.Errorf("Ready changed at %v, want %v", since(), s.Now)
	}
}

func TestNext_leavesConditionsOfOthersAlone(t *testing.T) {
	s := newStory().change(suspend)
	s.look()
	foreign := s.Status.Conditions[0]
	foreign.Type = "Audited"
	s.Status.Conditions = append(s.Status.Conditions, foreign)
	s.change(resume).later(time.Second).look()
	s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
	for _, condition := range s.Status.Conditions {
		if condition.Type == "Audited" {
			if diff := cmp.Diff(foreign, condition); diff != "" {
				t.Errorf("the condition of another (-want +got):\n%s", diff)
			}
			return
		}
	}
	t.Error("the condition of another is gone")
}

func TestCut(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		length int
		want   string
	}{
		"short text stays":                 {"task", 5, "task"},
		"text of the length stays":         {"tasks", 5, "tasks"},
		"longer text is cut":               {"tasks!", 5, "tasks"},
		"a character is not cut in two":    {"täsk", 2, "t"},
		"nothing is left of one too large": {"ä", 1, ""},
		"broken text does not hang":        {strings.Repeat("\x80", 10), 5, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := cut(c.text, c.length)
			if got != c.want || !utf8.ValidString(got) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
