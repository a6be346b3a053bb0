package rollout

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// place fills in what a template leaves open of where its tasks go. Where it says nothing, each rather has a host for itself, so that an agent that is
// lost takes few with it. A spread among the set's own counts those of one revision alone, as those of the older one go.
func (s *scene) place(template *v1alpha1.MesosTaskSetTemplate) {
	given := template.Spec.Placement
	if given == nil {
		given = &v1alpha1.Placement{}
	}
	if len(given.Spread)+len(given.Together) == 0 && given.Scoring == "" {
		given.Spread = []v1alpha1.Spread{{
			By:          v1alpha1.PlacementKey{Field: v1alpha1.PlacementHostname},
			Selector:    &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelSet: s.Set.Name}},
			MaxPerValue: new(int32(1)), Enforcement: v1alpha1.PlacementPreferred,
		}}
		template.Spec.Placement = given
	}
	own := labels.Set{v1alpha1.LabelSet: s.Set.Name}
	for key, value := range maps.All(template.Metadata.Labels) {
		own[key] = string(value)
	}
	for i := range given.Spread {
		spread := &given.Spread[i]
		if selector, err := metav1.LabelSelectorAsSelector(spread.Selector); err == nil && spread.MatchLabelKeys == nil && selector.Matches(own) {
			spread.MatchLabelKeys = []string{v1alpha1.LabelRevision}
		}
	}
}
