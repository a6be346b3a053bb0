package intervention

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/rollout"
)

// Pause holds the rollouts of a set, or goes on with them.
func Pause(set *v1alpha1.MesosTaskSet, pause bool) (*Change, error) {
	switch {
	case set.Spec.Paused == pause && pause:
		return nothing("has its rollouts paused")
	case set.Spec.Paused == pause:
		return nothing("goes on with its rollouts")
	case pause:
		return spec(set, "replaces nothing until its rollouts are resumed", "paused", true)
	}
	return spec(set, "goes on with its rollouts", "paused", false)
}

// Scale says how many tasks a set should have. It is a patch of subresource scale.
func Scale(set *v1alpha1.MesosTaskSet, replicas int32) (*Change, error) {
	if set.Spec.Replicas != nil && *set.Spec.Replicas == replicas {
		return nothing(fmt.Sprintf("is scaled to %d", replicas))
	}
	return spec(set, fmt.Sprintf("is scaled to %d", replicas), "replicas", replicas)
}

// Revision is a template that a set had.
type Revision struct {
	Number  int64
	Name    string
	Label   string
	Created metav1.Time
	Content rollout.Content
}

// Revisions reads the history of a set, the latest first; what cannot be read, or is another's, is left out.
func Revisions(set *v1alpha1.MesosTaskSet, objects []appsv1.ControllerRevision) []Revision {
	var revisions []Revision
	for i := range objects {
		object := &objects[i]
		one := Revision{Number: object.Revision, Name: object.Name, Label: object.Labels[v1alpha1.LabelRevision], Created: object.CreationTimestamp}
		if owner := metav1.GetControllerOf(object); owner != nil && owner.UID != set.UID || json.Unmarshal(object.Data.Raw, &one.Content) != nil {
			continue
		}
		revisions = append(revisions, one)
	}
	slices.SortFunc(revisions, func(a, b Revision) int { return cmp.Compare(b.Number, a.Number) })
	return revisions
}

// Undo makes a set's template what it was in a revision; 0 is the one before the present one.
func Undo(set *v1alpha1.MesosTaskSet, revisions []Revision, to int64) (*Change, error) {
	present := rollout.Content{Template: set.Spec.Template, RestartedAt: set.Spec.RestartedAt}
	if set.Spec.Paused {
		return nil, errors.New("its rollouts are paused, so that nothing would be replaced: kubectl mesos rollout resume goes on with them")
	}
	for _, one := range revisions {
		switch {
		case to != 0 && one.Number != to:
			continue
		case one.Content.Same(&present) && to != 0:
			return nothing(fmt.Sprintf("has the template of revision %d", to))
		case one.Content.Same(&present):
			continue
		}
		return goBack(set, one)
	}
	if to != 0 {
		return nil, fmt.Errorf("it has no revision %d: kubectl mesos rollout history lists those that are kept", to)
	}
	return nil, errors.New("it has no revision before the present one")
}

// goBack writes a revision's content over the set's, provided that nobody else has written to the set since it was read.
func goBack(set *v1alpha1.MesosTaskSet, revision Revision) (*Change, error) {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value,omitempty"`
	}
	operations := []operation{
		{"test", "/metadata/uid", set.UID}, {"test", "/metadata/resourceVersion", set.ResourceVersion}, {"replace", "/spec/template", revision.Content.Template},
	}
	switch before, after := set.Spec.RestartedAt, revision.Content.RestartedAt; {
	case before == after:
	case after == "":
		operations = append(operations, operation{Op: "remove", Path: "/spec/restartedAt"})
	default:
		operations = append(operations, operation{"add", "/spec/restartedAt", after})
	}
	data, err := json.Marshal(operations)
	if err != nil {
		return nil, fmt.Errorf("writing a patch: %w", err)
	}
	return &Change{Type: types.JSONPatchType, Data: data, Done: fmt.Sprintf("goes back to revision %d (%s)", revision.Number, revision.Label)}, nil
}
