package lifecycle

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/argocd"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// object is the MesosTask as the API server would have it.
func (s *story) object(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	task := &v1alpha1.MesosTask{Spec: s.Spec, Status: s.Status}
	task.APIVersion, task.Kind = v1alpha1.GroupVersion.String(), "MesosTask"
	task.Name, task.Namespace, task.Generation = s.Name, s.Namespace, s.Generation
	if s.Deleting {
		task.DeletionTimestamp = at(0)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(task)
	if err != nil {
		t.Fatalf("converting the object: %v", err)
	}
	return &unstructured.Unstructured{Object: content}
}

// kstatus is what kubectl wait, Helm and Flux make of the object.
func (s *story) kstatus(t *testing.T) status.Status {
	t.Helper()
	result, err := status.Compute(s.object(t))
	if err != nil {
		t.Fatalf("computing the status: %v", err)
	}
	return result.Status
}

// healthOf is what Argo CD has to make of an object for each thing that kstatus makes of it.
var healthOf = map[status.Status]string{
	status.InProgressStatus: "Progressing", status.CurrentStatus: "Healthy", status.FailedStatus: "Degraded", status.TerminatingStatus: "Progressing",
}

// checkHealth compares what Argo CD makes of the object with what kstatus does. They differ on purpose for what a person has put to rest.
func (s *story) checkHealth(t *testing.T, read status.Status) {
	t.Helper()
	want := healthOf[read]
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && (ready.Reason == v1alpha1.ReasonSuspended || ready.Reason == v1alpha1.ReasonPaused) {
		want = "Suspended"
	}
	health, err := argocd.HealthOf(t.Context(), s.object(t))
	if err != nil || health.Status != want {
		t.Errorf("to Argo CD it is %+v (%v), want %s", health, err, want)
	}
	if ready != nil && !strings.Contains(health.Message, ready.Reason) {
		t.Errorf("Argo CD says %q, without the reason %s", health.Message, ready.Reason)
	}
}

// TestNext_conditions goes through the table of situations that kstatus must read correctly.
func TestNext_conditions(t *testing.T) {
	drained, draining := running(onlyOnce), running()
	byDrain(mesos.TaskKilled)(drained)
	byDrain(mesos.TaskKilling)(draining)
	unhealthy := running()
	unhealthy.answers(mesos.TaskRunning)
	unhealthy.Observation.Healthy = new(false)
	unchecked := running(healthChecked)
	unfit := newStory()
	unfit.Waiting = &v1alpha1.Pending{Since: *at(0), Message: "1 offer: 1 lacks cpus"}
	suspending := running().change(suspend)
	other := running()
	other.FrameworkID = "framework-2"
	unregistered := newStory()
	unregistered.Obstacle = &Obstacle{Reason: v1alpha1.ReasonFrameworkNotFound, Message: "Not there"}
	wrongRole := newStory()
	wrongRole.Obstacle = &Obstacle{Reason: v1alpha1.ReasonRoleNotAllowed, Message: "No such role", Stalled: true}
	stranger := newStory()
	stranger.Obstacle = &Obstacle{Reason: v1alpha1.ReasonNamespaceNotAllowed, Message: "Not this namespace", Stalled: true}
	asRoot := running()
	asRoot.change(func(s *story) {
		s.Hash, s.Obstacle = hashB, &Obstacle{Reason: v1alpha1.ReasonUserNotAllowed, Message: "Not root", Stalled: true}
	})
	inDocker := newStory()
	inDocker.Obstacle = &Obstacle{Reason: v1alpha1.ReasonContainerNotAllowed, Message: "Not in Docker", Stalled: true}
	onLoan := newStory()
	onLoan.Obstacle = &Obstacle{Reason: v1alpha1.ReasonRevocableNotAllowed, Message: "None is offered", Stalled: true}
	leaving := newStory()
	leaving.Obstacle = &Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: "It goes"}
	newer := newStory()
	newer.Obstacle = TooOld(map[string]string{"tasks": "later"})
	impossible := newStory()
	impossible.Obstacle = &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Message: "No", Stalled: true}
	tooLarge := newStory()
	tooLarge.Obstacle = &Obstacle{Reason: v1alpha1.ReasonNoAgentLargeEnough, Message: "None", Stalled: true, Waits: true}
	frozen := newStory()
	frozen.Obstacle = &Obstacle{Reason: v1alpha1.ReasonWriteRefused, Message: "A policy says no"}
	restored := running(onlyOnce)
	restored.Binding.UID = "uid-0"
	restored.answers(mesos.TaskGone)
	lacking := func(reason string, stalled bool) *story {
		s := newStory()
		s.Obstacle = &Obstacle{Reason: reason, Message: "Not there", Stalled: stalled, Reads: true}
		return s
	}
	reasons := map[string]bool{}

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
		"running, and not known to be healthy": {
			unchecked, conditions("Ready", "False/NotReady", "Reconciling", "True/NotReady"), status.InProgressStatus,
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
		"out of time": {
			expired(), conditions("Ready", "False/DeadlineExceeded", "Stalled", "True/DeadlineExceeded", "Succeeded", "False/DeadlineExceeded"), status.FailedStatus,
		},
		"out of time, and being killed": {
			running(deadline(60)).later(time.Minute), conditions("Ready", "False/DeadlineExceeded", "Reconciling", "True/DeadlineExceeded"), status.InProgressStatus,
		},
		"out of time while it is suspended": {
			newStory(deadline(60)).change(suspend).change(func(s *story) { s.Proven = true }).later(time.Minute),
			conditions("Ready", "True/Suspended", "Suspended", "True/Suspended", "Succeeded", "False/DeadlineExceeded"), status.CurrentStatus,
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
		"drained, and not to be launched again": {
			drained, conditions("Ready", "False/Interrupted", "Stalled", "True/Interrupted", "Succeeded", "False/Interrupted"), status.FailedStatus,
		},
		"being drained": {
			draining, conditions("Ready", "False/AgentDraining", "Reconciling", "True/AgentDraining"), status.InProgressStatus,
		},
		"unable to start": {
			neverStarting(), conditions("Ready", "False/NeverStarts", "Stalled", "True/NeverStarts", "Succeeded", "Unknown/NeverStarts"), status.FailedStatus,
		},
		"not authorized": {
			unauthorized(), conditions("Ready", "False/TaskUnauthorized", "Stalled", "True/TaskUnauthorized", "Succeeded", "Unknown/TaskUnauthorized"), status.FailedStatus,
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
		"in a namespace that the framework does not take": {
			stranger, conditions("Ready", "False/NamespaceNotAllowed", "Stalled", "True/NamespaceNotAllowed"), status.FailedStatus,
		},
		"running, and changed to a user that is not allowed": {
			asRoot, conditions("Ready", "False/UserNotAllowed", "Stalled", "True/UserNotAllowed"), status.FailedStatus,
		},
		"with a container that is not allowed": {
			inDocker, conditions("Ready", "False/ContainerNotAllowed", "Stalled", "True/ContainerNotAllowed"), status.FailedStatus,
		},
		"with revocable resources that are not offered": {
			onLoan, conditions("Ready", "False/RevocableNotAllowed", "Stalled", "True/RevocableNotAllowed"), status.FailedStatus,
		},
		"with a role that is not allowed": {
			wrongRole, conditions("Ready", "False/RoleNotAllowed", "Stalled", "True/RoleNotAllowed"), status.FailedStatus,
		},
		"being deleted": {running().change(removeSlowly), conditions("Ready", "False/Deleting", "Reconciling", "True/Deleting"), status.TerminatingStatus},
		"with a framework that is being deleted": {
			leaving, conditions("Ready", "False/FrameworkDeleting", "Reconciling", "True/FrameworkDeleting"), status.InProgressStatus,
		},
		"under the CRDs of a later release": {
			newer, conditions("Ready", "False/ManagerTooOld", "Reconciling", "True/ManagerTooOld"), status.InProgressStatus,
		},
		"on an agent that is to be maintained": {
			running().change(func(s *story) { s.Maintenance = mesos.Window{From: s.Now.Add(time.Hour)} }),
			conditions("Ready", "True/Running", "AgentMaintenance", "True/MaintenanceScheduled"), status.CurrentStatus,
		},
		"on an agent that is being maintained": {
			running().change(func(s *story) { s.Maintenance = mesos.Window{From: s.Now.Add(-time.Hour)} }),
			conditions("Ready", "True/Running", "AgentMaintenance", "True/MaintenanceUnderway"), status.CurrentStatus,
		},
		"larger than any agent": {
			tooLarge, conditions("Ready", "False/NoAgentLargeEnough", "Stalled", "True/NoAgentLargeEnough"), status.FailedStatus,
		},
		"with a label that is not allowed": {
			lacking(v1alpha1.ReasonLabelNotAllowed, true), conditions("Ready", "False/LabelNotAllowed", "Stalled", "True/LabelNotAllowed"), status.FailedStatus,
		},
		"with a name for others that is not allowed": {
			lacking(v1alpha1.ReasonDiscoveryNotAllowed, true), conditions("Ready", "False/DiscoveryNotAllowed", "Stalled", "True/DiscoveryNotAllowed"), status.FailedStatus,
		},
		"with a ConfigMap that is not there": {
			lacking(v1alpha1.ReasonConfigMapNotFound, false), conditions("Ready", "False/ConfigMapNotFound", "Reconciling", "True/ConfigMapNotFound"), status.InProgressStatus,
		},
		"with a ConfigMap that holds no text": {
			lacking(v1alpha1.ReasonConfigMapInvalid, true), conditions("Ready", "False/ConfigMapInvalid", "Stalled", "True/ConfigMapInvalid"), status.FailedStatus,
		},
		"with a Secret that may not be read": {
			lacking(v1alpha1.ReasonSecretsNotAllowed, true), conditions("Ready", "False/SecretsNotAllowed", "Stalled", "True/SecretsNotAllowed"), status.FailedStatus,
		},
		"with a Secret of which the API server says nothing": {
			lacking(v1alpha1.ReasonReferenceUnread, false), conditions("Ready", "False/ReferenceUnread", "Reconciling", "True/ReferenceUnread"), status.InProgressStatus,
		},
		"with what cannot be put to Mesos": {
			impossible, conditions("Ready", "False/InvalidSpec", "Stalled", "True/InvalidSpec"), status.FailedStatus,
		},
		"kept by a policy from being bound": {
			frozen, conditions("Ready", "False/WriteRefused", "Reconciling", "True/WriteRefused"), status.InProgressStatus,
		},
		"restored, and nobody knows how it ended": {
			restored, conditions("Ready", "False/OutcomeUnknown", "Stalled", "True/OutcomeUnknown"), status.FailedStatus,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.story.look()
			got := map[string]string{}
			for _, condition := range c.story.Status.Conditions {
				got[condition.Type] = string(condition.Status) + "/" + condition.Reason
				reasons[condition.Reason] = true
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
			c.story.checkHealth(t, c.read)
		})
	}
	for _, reason := range reasonsOfTasks(t) {
		if !reasons[reason] {
			t.Errorf("no row has the reason %s", reason)
		}
	}
	t.Run("an old generation is in progress", func(t *testing.T) {
		s := running()
		s.Generation++
		if read := s.kstatus(t); read != status.InProgressStatus {
			t.Errorf("kstatus reads %s", read)
		}
		if health, err := argocd.HealthOf(t.Context(), s.object(t)); err != nil || health.Status != "Progressing" {
			t.Errorf("to Argo CD it is %+v (%v)", health, err)
		}
	})
}

// reasonsOfTasks are the reasons that the API documents for a MesosTask's conditions.
func reasonsOfTasks(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/condition_types.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, declaration := range file.Decls {
		block, ok := declaration.(*ast.GenDecl)
		if !ok || !strings.HasPrefix(block.Doc.Text(), "Reasons of a MesosTask's conditions") {
			continue
		}
		for _, spec := range block.Specs {
			constant := spec.(*ast.ValueSpec)
			reason, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			// A binding that is invalid is replaced: only an Event says so.
			if reason != v1alpha1.ReasonInvalidBinding {
				reasons = append(reasons, reason)
			}
		}
	}
	if len(reasons) == 0 {
		t.Fatal("the API documents no reasons")
	}
	return reasons
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

// TestNext_longSentences: whatever others say, and however many there are, a status can be written, and each part of what it says has its room.
func TestNext_longSentences(t *testing.T) {
	long := strings.Repeat("x", messageLength)
	away := Hindrance{Away: true, Since: epoch.Add(-time.Minute), Message: "MesosFramework default is not connected to Mesos: " + long}
	crowded := &v1alpha1.MesosFramework{}
	crowded.Name, crowded.Spec.Info.User, crowded.Spec.Info.Roles = "default", "nobody", []string{"*"}
	for i := range 64 {
		crowded.Spec.AllowedUsers = append(crowded.Spec.AllowedUsers, fmt.Sprintf("service-user-%d", i))
	}
	for name, c := range map[string]struct {
		story *story
		says  string
	}{
		"a proxy's error page while it is deleted": {func() *story { s := running().change(removeSlowly); s.Hindrance = away; return s }(), "Waiting for shop.web"},
		"the same while it waits":                  {func() *story { s := newStory(); s.Hindrance = away; return s }(), "is not connected"},
		"what offers lack":                         {func() *story { s := newStory(); s.Waiting = &v1alpha1.Pending{Message: long + long}; return s }(), "xxx"},
		"an obstacle beside a running task": {func() *story {
			s := running()
			s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: long + long}
			return s
		}(), "Running on"},
		"a long obstacle and nothing runs": {func() *story {
			s := newStory()
			s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: long + long}
			return s
		}(), "xxx"},
		"many users": {func() *story {
			s := running()
			s.Obstacle = Permit(crowded, Namespace{Name: "shop"}, mesos.Task{Role: "*", User: "left"})
			return s
		}(), "ask whoever may change MesosFramework default"},
		"many others": {func() *story {
			s := newStory().change(remove)
			s.Proven = true
			for i := range 40 {
				other := astray(misfit, mesos.TaskUnreachable)
				other.TaskID = fmt.Sprintf("shop.web.1bbbbbbbb.many%06d", i)
				s.Others = append(s.Others, other)
			}
			return s
		}(), "kubectl annotate mesostask web"},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story
			s.later(time.Minute).look()
			var said strings.Builder
			for _, condition := range s.Status.Conditions {
				said.WriteString(condition.Message)
				if len(condition.Message) > messageLength {
					t.Errorf("%s has %d bytes", condition.Type, len(condition.Message))
				}
			}
			if pending := s.Status.Pending; pending != nil && len(pending.Message) > messageLength {
				t.Errorf("status.pending has %d bytes", len(pending.Message))
			}
			if !strings.Contains(said.String(), c.says) {
				t.Errorf("it says %q, want %q in it", said.String(), c.says)
			}
			writes := s.writes
			if s.look(); s.writes != writes {
				t.Error("it is written again though nothing changed")
			}
		})
	}
}
