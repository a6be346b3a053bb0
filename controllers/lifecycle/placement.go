package lifecycle

import (
	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// placementOf is a placement in the words of Mesos; nil for none.
func placementOf(placement *v1alpha1.Placement) *mesos.Placement {
	if placement == nil {
		return nil
	}
	words := &mesos.Placement{}
	for _, constraint := range placement.Constraints {
		words.Constraints = append(words.Constraints, mesos.Constraint{
			By: keyOf(constraint.By), Operator: mesos.Operator(constraint.Operator), Values: constraint.Values,
		})
	}
	return words
}

func keyOf(by v1alpha1.PlacementKey) mesos.Key {
	return mesos.Key{Field: mesos.Field(by.Field), Attribute: by.Attribute}
}

// misplaced says that no agent can be judged by the task's placement: the schema knows of most mistakes, but not every release's did.
func misplaced(placement *mesos.Placement) *Obstacle {
	if placement == nil {
		return nil
	}
	if err := placement.Check(); err != nil {
		return &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: "spec.placement cannot be followed: " + err.Error() + ". Change it"}
	}
	return nil
}
