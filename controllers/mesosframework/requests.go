package mesosframework

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/requests"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// request is an annotation of a MesosFramework whose every value is followed once.
type request struct {
	annotation string
	// judge says whether a value is to be followed now, or why it does nothing; neither while that is not known yet. It is asked of values that
	// the status does not remember.
	judge func(v *view, value string) (follow bool, why string)
	// with adds to the write by which the status remembers the value; nil for nothing.
	with func(v *view, patch *writes.Patch)
	// follow does what was asked, once the status remembers it: should it fail, or the process die, it is not done, and it takes another value. What
	// the status remembers may be all there is to do.
	follow func(v *view, ctx context.Context, value string) error
}

// requested are the annotations that are heeded while the framework has a connection, requestedAnyway those that need none.
var (
	requested = []request{
		{annotation: v1alpha1.AnnotationGiveUpAgent, judge: (*view).judgeGiveUpAgent, follow: (*view).tellGiveUpAgent},
		{annotation: v1alpha1.AnnotationGiveUpUnknown, judge: (*view).judgeGiveUpUnknown, follow: (*view).tellGiveUpUnknown},
		{annotation: v1alpha1.AnnotationKillOrphans, judge: (*view).judgeKillOrphans, follow: (*view).killNamedOrphans},
	}
	requestedAnyway = []request{
		{annotation: v1alpha1.AnnotationForgetAbandoned, judge: (*view).judgeForgetAbandoned, with: (*view).dropAbandoned, follow: (*view).tellForgetAbandoned},
	}
)

// heedRequests follows what a person asks for by annotations, and notes why it does not follow the rest.
func (v *view) heedRequests(ctx context.Context, requested []request) error {
	for _, asked := range requested {
		value := v.object.Annotations[asked.annotation]
		if value == "" || requests.IsHandled(v.object.Status.HandledAnnotations, asked.annotation, value) {
			continue
		}
		if len(value) > requests.Longest {
			v.memory.notes = append(v.memory.notes, fmt.Sprintf("Annotation %s does nothing, as it has more than %d bytes: set it several times, each time with a part",
				asked.annotation, requests.Longest))
			continue
		}
		follow, why := asked.judge(v, value)
		if why != "" {
			v.memory.notes = append(v.memory.notes, why)
		}
		if !follow {
			continue
		}
		if err := v.rememberRequest(ctx, asked, value); err != nil {
			return err
		}
		if err := asked.follow(v, ctx, value); err != nil {
			return err
		}
	}
	return nil
}

// rememberRequest makes durable that a value is followed, before anything is done for it: it is followed once.
func (v *view) rememberRequest(ctx context.Context, asked request, value string) error {
	patch := writes.For(v.object)
	testClaim(patch, v.object.Status.Controller)
	patch.TestAnnotation(v.object, asked.annotation)
	patch.Add("/status/handledAnnotations", requests.Handle(v.object.Status.HandledAnnotations, asked.annotation, value, v.Clock.Now(), v.object.Annotations))
	if asked.with != nil {
		asked.with(v, patch)
	}
	return v.patch(ctx, patch, true)
}

// newNonce is what tells the token of a count from that of another one with the same number.
func newNonce() string { return strings.ToLower(rand.Text()[:4]) }

func (v *view) judgeGiveUpAgent(value string) (follow bool, why string) {
	if len(requests.List(value)) == 0 {
		return false, fmt.Sprintf("Annotation %s does nothing, as it names no agent", v1alpha1.AnnotationGiveUpAgent)
	}
	return true, ""
}

// tellGiveUpAgent says what the word is about. The workers of the MesosTasks read in the status that it was given.
func (v *view) tellGiveUpAgent(ctx context.Context, value string) error {
	agents := requests.List(value)
	tasks, err := v.listTasks(ctx)
	if err != nil {
		return err
	}
	bound := 0
	for i := range tasks {
		if slices.ContainsFunc(lifecycle.OpenAttemptsOf(&tasks[i]), func(open lifecycle.OpenAttempt) bool { return slices.Contains(agents, open.AgentID) }) {
			bound++
		}
	}
	v.Recorder.Event(v.object, true, v1alpha1.EventGivingUp, "Reconciling", fmt.Sprintf(
		"Giving up what is bound to %s, as annotation %s asks, if Mesos cannot tell of it: attempts of %d MesosTasks", strings.Join(agents, ", "), v1alpha1.AnnotationGiveUpAgent, bound))
	return nil
}

func (v *view) judgeGiveUpUnknown(value string) (follow bool, why string) {
	if !v.memory.unknown.In(v.subscribedTerm()) {
		// Nothing has been counted yet.
		return false, ""
	}
	return v.memory.unknown.Judge(v.object.Status.HandledAnnotations, v1alpha1.AnnotationGiveUpUnknown, value)
}

// tellGiveUpUnknown does for the attempts that Mesos does not know what tellGiveUpAgent does for those of agents.
func (v *view) tellGiveUpUnknown(_ context.Context, _ string) error {
	v.Recorder.Event(v.object, true, v1alpha1.EventGivingUp, "Reconciling", fmt.Sprintf(
		"Giving up %d attempts of which Mesos says TASK_UNKNOWN, as annotation %s asks, such as %s", v.memory.unknown.Len(), v1alpha1.AnnotationGiveUpUnknown, v.memory.unknown.Members()[0]))
	return nil
}
