package mesos

import "math"

// NoLimit is the limit of a resource of which a role may have any amount.
const NoLimit Scalar = math.MaxInt64

// Quota is what one role may use at most of Mesos, and what it does; the roles below it count as it does.
type Quota struct {
	Role string
	// Limit is what the role may use at most: NoLimit of a resource that is not limited.
	Limit Scalars
	// Consumed is what tasks of the role use and what is reserved to it, without what is on offer.
	Consumed Scalars
}

// Left is what of the limits nobody uses: NoLimit of a resource that is not limited.
func (q *Quota) Left() Scalars {
	left := func(limit, consumed Scalar) Scalar {
		if limit == NoLimit {
			return NoLimit
		}
		return max(0, limit-consumed)
	}
	return Scalars{
		CPUs: left(q.Limit.CPUs, q.Consumed.CPUs), Memory: left(q.Limit.Memory, q.Consumed.Memory),
		Disk: left(q.Limit.Disk, q.Consumed.Disk), GPUs: left(q.Limit.GPUs, q.Consumed.GPUs),
	}
}
