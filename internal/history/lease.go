package history

import (
	"sort"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
)

// hold is a write of the operator's lease.
type hold struct {
	number int
	// who wrote it as its own; empty where it was released.
	who     string
	at      time.Time
	lasting time.Duration
}

// leased indexes a write of a lease.
func (v *View) leased(number int, at time.Time, write *Write) {
	lease, ok := write.After.(*coordinationv1.Lease)
	if !ok || !write.product() || write.Outcome != Committed {
		return
	}
	one := hold{number: number, at: at}
	if holder := lease.Spec.HolderIdentity; holder != nil && *holder != "" {
		one.who = write.Who
	}
	if seconds := lease.Spec.LeaseDurationSeconds; seconds != nil {
		one.lasting = time.Duration(*seconds) * time.Second
	}
	v.leases = append(v.leases, one)
}

// holder is the instance that holds the lease at an entry: "nobody" where it was released or ran out, and empty where there was none yet.
func (v *View) holder(entry *Entry) string {
	i := sort.Search(len(v.leases), func(i int) bool { return v.leases[i].number > entry.Number })
	switch {
	case i == 0:
		return ""
	case v.leases[i-1].who == "", entry.Time.Sub(v.leases[i-1].at) > v.leases[i-1].lasting:
		return "nobody"
	default:
		return v.leases[i-1].who
	}
}
