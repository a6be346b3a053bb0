package leadership

import "github.com/mesos-operator/mesos-operator/api/v1alpha1"

// ClaimedElsewhere says whether an installation other than ours holds a framework's claim, which is nil where there is none. A claim without a
// lease binds nobody.
func ClaimedElsewhere(ours Leadership, claim *v1alpha1.ControllerClaim) bool {
	return claim != nil && claim.Lease != "" && claim.Lease != ours.Lease()
}
