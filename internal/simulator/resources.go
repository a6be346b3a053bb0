package simulator

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Resource arithmetic of the master: by kind (name, reservations, disk), scalars to three digits.
// mesos-go's own arithmetic depends on a process-wide switch for reservation refinement and does
// nothing where allocation info differs, so it cannot keep a master's books.

// normalized strips what only says to whom a resource is allocated, and turns the format without
// reservation refinement (role, reservation) into the one with it (reservations).
func normalized(rs []mesos.Resource) []mesos.Resource {
	out := make([]mesos.Resource, len(rs))
	for i, r := range rs {
		r.AllocationInfo = nil
		if r.Role != nil && *r.Role != "*" && len(r.Reservations) == 0 {
			info := mesos.Resource_ReservationInfo{Type: mesos.Resource_ReservationInfo_STATIC.Enum(), Role: r.Role}
			if r.Reservation != nil {
				info.Type = mesos.Resource_ReservationInfo_DYNAMIC.Enum()
				info.Principal, info.Labels = r.Reservation.Principal, r.Reservation.Labels
			}
			r.Reservations = []mesos.Resource_ReservationInfo{info}
		}
		r.Role, r.Reservation = nil, nil
		out[i] = r
	}
	return out
}

// kindOf names what must agree for two resources to be of one pool.
func kindOf(r *mesos.Resource) string {
	if len(r.Reservations) == 0 && r.Disk == nil && r.Revocable == nil && r.Shared == nil && r.ProviderID == nil {
		return r.Name
	}
	bare := *r
	bare.Scalar, bare.Ranges, bare.Set, bare.AllocationInfo = nil, nil, nil, nil
	b, err := bare.Marshal()
	if err != nil {
		// Only a required field that is missing fails; such a resource is of no pool.
		return "invalid:" + r.Name
	}
	return string(b)
}

// milli is a scalar in thousandths, the precision that Mesos keeps.
func milli(v float64) int64 { return int64(math.Round(v * 1000)) }

// holdsNothing reports whether a resource has no amount.
func holdsNothing(r *mesos.Resource) bool {
	switch {
	case r.Scalar != nil:
		return milli(r.Scalar.Value) <= 0
	case r.Ranges != nil:
		return len(r.Ranges.Range) == 0
	case r.Set != nil:
		return len(r.Set.Item) == 0
	}
	return true
}

// allEmpty reports whether no resource of the list has an amount.
func allEmpty(rs []mesos.Resource) bool {
	for i := range rs {
		if !holdsNothing(&rs[i]) {
			return false
		}
	}
	return true
}

// minus takes want out of have. Entries stay, even empty, so that a pool keeps its order. The second
// result is false when want is not contained; then the first is meaningless.
func minus(have, want []mesos.Resource) ([]mesos.Resource, bool) {
	out := append([]mesos.Resource(nil), have...)
	for i := range want {
		if holdsNothing(&want[i]) {
			continue
		}
		at := indexOfKind(out, &want[i])
		if at < 0 {
			return nil, false
		}
		if !subtractAmount(&out[at], &want[i]) {
			return nil, false
		}
	}
	return out, true
}

// plus puts more into have.
func plus(have, more []mesos.Resource) []mesos.Resource {
	out := append([]mesos.Resource(nil), have...)
	for i := range more {
		at := indexOfKind(out, &more[i])
		if at < 0 {
			out = append(out, more[i])
			continue
		}
		addAmount(&out[at], &more[i])
	}
	return out
}

func indexOfKind(rs []mesos.Resource, r *mesos.Resource) int {
	kind := kindOf(r)
	for i := range rs {
		if rs[i].Name == r.Name && kindOf(&rs[i]) == kind {
			return i
		}
	}
	return -1
}

func subtractAmount(from, want *mesos.Resource) bool {
	switch {
	case want.Scalar != nil && from.Scalar != nil:
		left := milli(from.Scalar.Value) - milli(want.Scalar.Value)
		from.Scalar = &mesos.Value_Scalar{Value: float64(left) / 1000}
		return left >= 0
	case want.Ranges != nil && from.Ranges != nil:
		rest := mesos.Ranges(from.Ranges.Range).Clone()
		before := rest.Size()
		for _, r := range want.Ranges.Range {
			rest = rest.Remove(r)
		}
		from.Ranges = &mesos.Value_Ranges{Range: rest}
		return before-sizeOf(rest) == sizeOf(want.Ranges.Range)
	case want.Set != nil && from.Set != nil:
		rest, found := removeItems(from.Set.Item, want.Set.Item)
		from.Set = &mesos.Value_Set{Item: rest}
		return found
	}
	return false
}

// sizeOf counts the numbers in the ranges; mesos-go's own Size does not take an empty list.
func sizeOf(rs []mesos.Value_Range) (n uint64) {
	for _, r := range rs {
		if r.End >= r.Begin {
			n += r.End - r.Begin + 1
		}
	}
	return n
}

func removeItems(have, want []string) ([]string, bool) {
	gone := make(map[string]bool, len(want))
	for _, w := range want {
		gone[w] = true
	}
	var rest []string
	for _, h := range have {
		if gone[h] {
			delete(gone, h)
			continue
		}
		rest = append(rest, h)
	}
	return rest, len(gone) == 0
}

func addAmount(to, more *mesos.Resource) {
	switch {
	case more.Scalar != nil && to.Scalar != nil:
		to.Scalar = &mesos.Value_Scalar{Value: float64(milli(to.Scalar.Value)+milli(more.Scalar.Value)) / 1000}
	case more.Ranges != nil && to.Ranges != nil:
		all := append(mesos.Ranges(to.Ranges.Range).Clone(), more.Ranges.Range...)
		to.Ranges = &mesos.Value_Ranges{Range: all.Sort().Squash()}
	case more.Set != nil && to.Set != nil:
		rest, _ := removeItems(to.Set.Item, more.Set.Item)
		to.Set = &mesos.Value_Set{Item: append(rest, more.Set.Item...)}
	}
}

// offerable picks what a framework of this role may be offered: what is not reserved, and what is
// reserved to the role or one above it.
func offerable(free []mesos.Resource, role string) []mesos.Resource {
	var out []mesos.Resource
	for i := range free {
		if holdsNothing(&free[i]) {
			continue
		}
		if n := len(free[i].Reservations); n > 0 {
			to := free[i].Reservations[n-1].GetRole()
			if to != role && !strings.HasPrefix(role, to+"/") {
				continue
			}
		}
		out = append(out, free[i])
	}
	return out
}

// worthOffering is Mesos' min_allocatable_resources: at least 0.01 cpus or 32 MB of memory.
func worthOffering(rs []mesos.Resource) bool {
	for i := range rs {
		if rs[i].Scalar == nil {
			continue
		}
		if rs[i].Name == "cpus" && milli(rs[i].Scalar.Value) >= 10 || rs[i].Name == "mem" && rs[i].Scalar.Value >= 32 {
			return true
		}
	}
	return false
}

// contained reports whether every amount of inner is within outer.
func contained(inner, outer []mesos.Resource) bool {
	_, ok := minus(outer, inner)
	return ok
}

// forFramework gives resources the shape in which a framework with these capabilities sees them
// (Mesos master: master.cpp offer; allocation info only for MULTI_ROLE, reservations only with refinement).
func forFramework(rs []mesos.Resource, role string, caps capabilities) []mesos.Resource {
	out := make([]mesos.Resource, len(rs))
	for i, r := range rs {
		if caps.multiRole {
			r.AllocationInfo = &mesos.Resource_AllocationInfo{Role: new(role)}
		}
		if !caps.reservationRefinement {
			r.Role = new("*")
			if n := len(r.Reservations); n > 0 {
				last := r.Reservations[n-1]
				r.Role = last.Role
				if last.GetType() == mesos.Resource_ReservationInfo_DYNAMIC {
					r.Reservation = &mesos.Resource_ReservationInfo{Principal: last.Principal, Labels: last.Labels}
				}
				r.Reservations = nil
			}
		}
		out[i] = r
	}
	return out
}

// resourcesText writes resources as Mesos prints them, for its messages.
func resourcesText(rs []mesos.Resource, role string) string {
	var parts []string
	for i := range rs {
		if holdsNothing(&rs[i]) {
			continue
		}
		parts = append(parts, resourceText(&rs[i], role))
	}
	if len(parts) == 0 {
		return "{}"
	}
	return strings.Join(parts, "; ")
}

// reservationText is "(type,role)", with the principal and the labels where there are any.
func reservationText(info *mesos.Resource_ReservationInfo) string {
	parts := []string{info.GetType().String(), info.GetRole()}
	if p := info.GetPrincipal(); p != "" {
		parts = append(parts, p)
	}
	var labels []string
	for _, l := range info.GetLabels().GetLabels() {
		text := l.Key
		if l.Value != nil {
			text += ": " + *l.Value
		}
		labels = append(labels, text)
	}
	if len(labels) > 0 {
		parts = append(parts, "{"+strings.Join(labels, ", ")+"}")
	}
	return "(" + strings.Join(parts, ",") + ")"
}

func resourceText(r *mesos.Resource, role string) string {
	var b strings.Builder
	b.WriteString(r.Name)
	if role != "" {
		fmt.Fprintf(&b, "(allocated: %s)", role)
	}
	if len(r.Reservations) > 0 {
		var rv []string
		for _, info := range r.Reservations {
			rv = append(rv, reservationText(&info))
		}
		fmt.Fprintf(&b, "(reservations: [%s])", strings.Join(rv, ","))
	}
	if r.Revocable != nil {
		b.WriteString("{REV}")
	}
	b.WriteString(":")
	switch {
	case r.Scalar != nil:
		b.WriteString(strconv.FormatFloat(float64(milli(r.Scalar.Value))/1000, 'g', -1, 64))
	case r.Ranges != nil:
		var rg []string
		for _, p := range r.Ranges.Range {
			rg = append(rg, fmt.Sprintf("%d-%d", p.Begin, p.End))
		}
		fmt.Fprintf(&b, "[%s]", strings.Join(rg, ", "))
	case r.Set != nil:
		fmt.Fprintf(&b, "{%s}", strings.Join(r.Set.Item, ", "))
	}
	return b.String()
}

// sumOf adds two lists up.
func sumOf(lists ...[]mesos.Resource) []mesos.Resource {
	var out []mesos.Resource
	for _, l := range lists {
		out = plus(out, l)
	}
	return out
}
