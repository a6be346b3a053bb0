package lifecycle

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// placementOf is a placement in the words of Mesos, nil for none; or why it cannot be followed. The schema knows of most mistakes, but not every
// release's did.
func placementOf(placement *v1alpha1.Placement) (*mesos.Placement, *Obstacle) {
	if placement == nil {
		return nil, nil
	}
	words, err := wordsOf(placement)
	if err == nil {
		err = words.Check()
	}
	if err != nil {
		return words, &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: "spec.placement cannot be followed: " + err.Error() + ". Change it"}
	}
	return words, nil
}

func wordsOf(placement *v1alpha1.Placement) (*mesos.Placement, error) {
	words := &mesos.Placement{Scoring: mesos.Scoring(placement.Scoring)}
	for _, constraint := range placement.Constraints {
		words.Constraints = append(words.Constraints, mesos.Constraint{
			By: KeyOf(constraint.By), Operator: mesos.Operator(constraint.Operator), Values: constraint.Values,
		})
	}
	for _, spread := range placement.Spread {
		among, err := selectorOf(spread.Selector)
		if err != nil {
			return words, fmt.Errorf("the selector of spread by %s cannot be read: %w", KeyOf(spread.By), err)
		}
		words.Spread = append(words.Spread, mesos.Spread{
			By: KeyOf(spread.By), Among: among, SameLabels: spread.MatchLabelKeys,
			MaxPerValue: intOf(spread.MaxPerValue), MaxSkew: intOf(spread.MaxSkew), Preferred: spread.Enforcement == v1alpha1.PlacementPreferred,
		})
	}
	for _, together := range placement.Together {
		among, err := selectorOf(together.Selector)
		if err != nil {
			return words, fmt.Errorf("the selector of together by %s cannot be read: %w", KeyOf(together.By), err)
		}
		words.Together = append(words.Together, mesos.Together{
			By: KeyOf(together.By), Among: among, Preferred: together.Enforcement == v1alpha1.PlacementPreferred,
		})
	}
	return words, nil
}

func intOf(number *int32) int {
	if number == nil {
		return 0
	}
	return int(*number)
}

// KeyOf is a key in the words of Mesos.
func KeyOf(by v1alpha1.PlacementKey) mesos.Key {
	return mesos.Key{Field: mesos.Field(by.Field), Attribute: by.Attribute}
}

// selectorOf is a selector in words that need no API.
func selectorOf(selector *metav1.LabelSelector) (mesos.Selector, error) {
	if selector == nil {
		selector = &metav1.LabelSelector{}
	}
	if _, err := metav1.LabelSelectorAsSelector(selector); err != nil {
		return nil, err
	}
	words := mesos.Selector{}
	for _, label := range slices.Sorted(maps.Keys(selector.MatchLabels)) {
		words = append(words, mesos.Requirement{Label: label, Operator: mesos.In, Values: []string{selector.MatchLabels[label]}})
	}
	for _, expression := range selector.MatchExpressions {
		words = append(words, mesos.Requirement{Label: expression.Key, Operator: mesos.Operator(expression.Operator), Values: expression.Values})
	}
	return words, nil
}
