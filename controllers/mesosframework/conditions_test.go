package mesosframework

import (
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/argocd"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// reading is what kstatus has to read and Argo CD to show.
type reading struct {
	kstatus status.Status
	argoCD  string
}

var (
	isCurrent    = reading{status.CurrentStatus, "Healthy"}
	isInProgress = reading{status.InProgressStatus, "Progressing"}
	isFailed     = reading{status.FailedStatus, "Degraded"}
	isLeaving    = reading{status.TerminatingStatus, "Progressing"}
)

// TestFrameworkConditions goes through what kubectl wait, Helm, Flux and Argo CD must read correctly of a MesosFramework.
func TestFrameworkConditions(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	subscribed := mesosbridge.Connection{Subscribed: true, Term: 1, FrameworkID: "framework-1", Master: mesos.Master{URL: "http://m1:5050"}, Since: now}
	refused := subscribed
	refused.Problem = &mesosbridge.Problem{Message: "The master refuses the new description"}
	type row struct {
		state    mesosbridge.Connection
		stuck    *lifecycle.Obstacle
		deleting bool
		// unseen says that the spec has changed since the status was written.
		unseen bool
		ready  string
		want   reading
	}
	rows := map[string]row{
		"the first subscription is not answered yet": {ready: "False/Connecting", want: isInProgress},
		"subscribed": {state: subscribed, ready: "True/Subscribed", want: isCurrent},
		"subscribed, and the spec has changed since":         {state: subscribed, unseen: true, ready: "True/Subscribed", want: isInProgress},
		"subscribed, and the new description is refused":     {state: refused, ready: "False/UpdateRefused", want: isInProgress},
		"the connection is lost for a reason without a name": {state: mesosbridge.Connection{Problem: &mesosbridge.Problem{Message: "EOF"}}, ready: "False/ConnectionLost", want: isInProgress},
		"deleted, and tasks are bound to it": {
			state: subscribed, stuck: &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksBound, Message: "Waiting"}, deleting: true, ready: "False/TasksBound", want: isLeaving,
		},
	}
	for class, known := range connectedReason {
		want := isInProgress
		if known.stalled {
			want = isFailed
		}
		rows["the master cannot be had: "+string(class)] = row{
			state: mesosbridge.Connection{Problem: &mesosbridge.Problem{Class: class, Message: "No"}}, ready: "False/" + known.reason, want: want,
		}
	}
	for _, reason := range []string{
		v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonSecretInvalid, v1alpha1.ReasonSecretForbidden, v1alpha1.ReasonFrameworkIDLost,
		v1alpha1.ReasonDuplicateFrameworkID, v1alpha1.ReasonFrameworkRemoved,
	} {
		rows["a person has to do something: "+reason] = row{stuck: &lifecycle.Obstacle{Reason: reason, Message: "No", Stalled: true}, ready: "False/" + reason, want: isFailed}
	}
	for name, c := range rows {
		t.Run(name, func(t *testing.T) {
			framework := &v1alpha1.MesosFramework{TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "MesosFramework"}}
			framework.Name, framework.Generation = "default", 1
			if c.deleting {
				framework.DeletionTimestamp = &metav1.Time{Time: now}
			}
			framework.Status.ObservedGeneration = framework.Generation
			setConditions(framework, &framework.Status, c.state, &memory{passes: newPasses(), stuck: c.stuck}, now)
			if c.unseen {
				framework.Generation++
			}
			ready := ""
			for _, condition := range framework.Status.Conditions {
				if condition.Type == v1alpha1.ConditionReady {
					ready = string(condition.Status) + "/" + condition.Reason
				}
				if condition.Message == "" || condition.ObservedGeneration != 1 {
					t.Errorf("condition %+v lacks a message or the generation", condition)
				}
			}
			if diff := cmp.Diff(c.ready, ready); diff != "" {
				t.Errorf("Ready (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, readingOf(t, framework), cmp.AllowUnexported(reading{})); diff != "" {
				t.Errorf("what others read (-want +got):\n%s", diff)
			}
		})
	}
}

// readingOf is what kstatus and Argo CD make of a framework.
func readingOf(t *testing.T, framework *v1alpha1.MesosFramework) reading {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(framework)
	if err != nil {
		t.Fatalf("converting the object: %v", err)
	}
	object := &unstructured.Unstructured{Object: content}
	result, err := status.Compute(object)
	if err != nil {
		t.Fatalf("computing the status: %v", err)
	}
	health, err := argocd.HealthOf(t.Context(), object)
	if err != nil {
		t.Fatalf("running Argo CD's script: %v", err)
	}
	return reading{result.Status, health.Status}
}

func TestConditions_sayThatMesosKeepsNoCheckpoints(t *testing.T) {
	for _, without := range []bool{false, true} {
		status := &v1alpha1.MesosFrameworkStatus{}
		state := mesosbridge.Connection{Subscribed: true, Term: 1, FrameworkID: "f-1", WithoutCheckpoints: without}
		setConditions(&v1alpha1.MesosFramework{}, status, state, &memory{passes: newPasses()}, time.Now())
		ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != metav1.ConditionTrue || strings.Contains(ready.Message, "checkpoint: false") != without {
			t.Errorf("without checkpoints %t: %+v", without, ready)
		}
	}
}

// TestAgentsMessage: that a master does not tell of its agents says what it means for tasks, what to do, and what the master said.
func TestAgentsMessage(t *testing.T) {
	if said := agentsMessage(""); said != "" {
		t.Errorf("of a master that tells it says %q", said)
	}
	said := agentsMessage("the master answered 403: no")
	for _, want := range []string{"the host of a task that is taken over", "no spec is said to be too large for every agent", "Let the framework's principal", "403: no"} {
		if !strings.Contains(said, want) {
			t.Errorf("it says %q; it should say %q", said, want)
		}
	}
	if long := agentsMessage(strings.Repeat("ü", 1024)); len(long) > 1024 || !strings.HasSuffix(long, "ü") {
		t.Errorf("of a long answer it says %d bytes: %q", len(long), long)
	}
}
