package rollout

import (
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// aQuarter is what both budgets are where the strategy does not say.
var aQuarter = intstr.FromString("25%")

// budget works out how many there should be, and how many more or fewer there may be for a while.
func (s *scene) budget() {
	s.replicas = 1
	if s.spec.Replicas != nil {
		s.replicas = int(*s.spec.Replicas)
	}
	said := s.spec.UpdateStrategy.RollingUpdate
	if said == nil {
		said = &v1alpha1.RollingUpdate{}
	}
	s.surge = s.share(said.MaxSurge, true)
	s.unavailable = min(s.share(said.MaxUnavailable, false), s.replicas)
	if s.surge == 0 && s.unavailable == 0 {
		s.unavailable = 1
	}
	if s.strategy() == v1alpha1.UpdateRolling {
		s.partition = min(int(said.Partition), s.replicas)
	}
}

// share is a number, or a percentage of the replicas.
func (s *scene) share(said *intstr.IntOrString, roundUp bool) int {
	share, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(said, aQuarter), s.replicas, roundUp)
	if err != nil || share < 0 {
		return 0
	}
	return share
}

// strategy is how tasks of an older revision are replaced.
func (s *scene) strategy() v1alpha1.UpdateStrategyType {
	if s.spec.UpdateStrategy.Type == "" {
		return v1alpha1.UpdateRolling
	}
	return s.spec.UpdateStrategy.Type
}

// rolls says whether tasks of an older revision are replaced by the set itself, now.
func (s *scene) rolls() bool { return !s.spec.Paused && s.strategy() != v1alpha1.UpdateOnDelete }

// least is how many are to be available whatever the set does: none while it is suspended, as none is to run then.
func (s *scene) least() int {
	if s.spec.Suspend {
		return 0
	}
	return max(0, s.replicas-s.unavailable)
}
