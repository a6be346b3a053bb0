package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TooOld says that this release is older than a CRD, so that nothing may be launched; nil if it is not. Levels are what each CRD has as its API level,
// by its name; empty where it has none, as those of commits before levels, which ask for nothing that this release does not know.
func TooOld(levels map[string]string) *Obstacle {
	for _, crd := range slices.Sorted(maps.Keys(levels)) {
		if knowsLevel(levels[crd]) {
			continue
		}
		return &Obstacle{Reason: v1alpha1.ReasonManagerTooOld, Blind: true, Message: fmt.Sprintf(
			"CRD %s has API level %q and this manager knows no level above %d: a spec may have fields that it does not know, so it launches nothing. Upgrade the manager to the release that the CRDs are of, or put back the CRDs of its own",
			crd, levels[crd], v1alpha1.APILevel)}
	}
	return nil
}

// knowsLevel says whether this release knows all fields of a level. What is no number is of a release that counts in another way.
func knowsLevel(level string) bool {
	if level == "" {
		return true
	}
	number, err := strconv.Atoi(level)
	return err == nil && number <= v1alpha1.APILevel
}

// isBlind says whether the spec may ask for what this release cannot see.
func (s *scene) isBlind() bool { return s.Obstacle != nil && s.Obstacle.Blind }
