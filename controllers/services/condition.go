package services

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/endpoints"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// messageLength is how much the condition says.
const messageLength = 1024

// refused makes a verdict of what the API server does not take, and asks to try it again; other errors stay errors.
func (v *view) refused(err error) error {
	if !writes.Refused(err) {
		return err
	}
	v.again = refusedRetry
	v.verdict = &endpoints.Verdict{
		Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonServiceRefused, Message: "The API server refuses what was to be written. It is tried again every minute: " + err.Error(),
	}
	return nil
}

// say writes the condition into the set's status, if it is another than there is. It is the only one that is written here, and by nobody else: the patch
// tests all conditions, so that it loses none that another wrote meanwhile, and where that writer puts back what it had read it is said again.
func (v *view) say(ctx context.Context) error {
	was, conditions := conditionOf(v.set), slices.Clone(v.set.Status.Conditions)
	if v.verdict == nil {
		meta.RemoveStatusCondition(&conditions, v1alpha1.ConditionServicePublished)
	} else {
		meta.SetStatusCondition(&conditions, metav1.Condition{
			Type: v1alpha1.ConditionServicePublished, Status: v.verdict.Status, Reason: v.verdict.Reason, Message: strings.ToValidUTF8(v.verdict.Message[:min(len(v.verdict.Message), messageLength)], ""),
			ObservedGeneration: v.set.Generation, LastTransitionTime: metav1.Time{Time: v.Clock.Now().Truncate(time.Second)},
		})
	}
	now := meta.FindStatusCondition(conditions, v1alpha1.ConditionServicePublished)
	if same(was, now) {
		return nil
	}
	patch := writes.For(v.set)
	patch.Test("/status/conditions", orNil(v.set.Status.Conditions))
	patch.Add("/status/conditions", conditions)
	built, err := patch.Build()
	if err != nil {
		return err
	}
	written := v.set.DeepCopy()
	switch err := v.pass("condition", func() error { return v.Client.Status().Patch(ctx, written, built) }); {
	case apierrors.IsInvalid(err):
		return errStale
	case err != nil:
		return fmt.Errorf("writing condition %s: %w", v1alpha1.ConditionServicePublished, err)
	}
	v.tell(was, now)
	return nil
}

// tell writes an Event of what a person would want to know.
func (v *view) tell(was, now *metav1.Condition) {
	warning := now != nil && now.Status == metav1.ConditionFalse
	if warning && (was == nil || was.Reason != now.Reason) || !warning && now != nil && was != nil && was.Status == metav1.ConditionFalse {
		v.Recorder.Event(v.set, warning, now.Reason, "Publishing", now.Message)
	}
}

// same says whether two conditions say the same.
func same(a, b *metav1.Condition) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Status == b.Status && a.Reason == b.Reason && a.Message == b.Message && a.ObservedGeneration == b.ObservedGeneration
}

// orNil is the list as the API has it: an empty one is absent.
func orNil(conditions []metav1.Condition) any {
	if len(conditions) == 0 {
		return nil
	}
	return conditions
}
