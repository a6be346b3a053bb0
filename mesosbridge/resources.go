package mesosbridge

import (
	"fmt"
	"maps"
	"math"
	"slices"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// limitsOf are a task's limits in Mesos' form, where no limit is infinity (Mesos master: validateResourceLimits; it knows of these two only).
func limitsOf(limits *mesos.Limits) map[string]mesospb.Value_Scalar {
	if limits == nil {
		return nil
	}
	all := map[string]mesospb.Value_Scalar{}
	for name, amount := range map[string]mesos.Scalar{resourceCPUs: limits.CPUs, resourceMemory: limits.Memory} {
		switch {
		case amount == mesos.Unlimited:
			all[name] = mesospb.Value_Scalar{Value: math.Inf(1)}
		case amount > 0:
			all[name] = mesospb.Value_Scalar{Value: amount.Float()}
		}
	}
	return all
}

// others is what there is of resources beside those that have a place of their own.
func (s stock) others() mesos.Others {
	var all map[string]*mesos.Held
	for i := range s {
		name := s[i].name
		switch name {
		case resourceCPUs, resourceMemory, resourceDisk, resourceGPUs, resourcePorts:
			continue
		}
		if s[i].resource.Revocable != nil {
			continue
		}
		if all == nil {
			all = map[string]*mesos.Held{}
		}
		held := all[name]
		if held == nil {
			held = &mesos.Held{Name: name, Scalar: s.total(name), Numbers: mesos.CountPorts(s.ranges(name))}
			all[name] = held
		}
		held.Items = append(held.Items, s[i].items...)
	}
	others := make(mesos.Others, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		held := *all[name]
		slices.Sort(held.Items)
		held.Items = slices.Compact(held.Items)
		others = append(others, held)
	}
	if len(others) == 0 {
		return nil
	}
	return others
}

// takeOther takes a resource that has no place of its own: numbers from the lowest on.
func (s stock) takeOther(taken []mesospb.Resource, want *mesos.Other) ([]mesospb.Resource, error) {
	switch {
	case want.Scalar > 0:
		return s.takeScalar(taken, want.Name, want.Scalar)
	case want.Numbers > 0:
		numbers := s.lowest(want.Name, want.Numbers)
		if mesos.CountPorts(numbers) < want.Numbers {
			return nil, fmt.Errorf("the offer lacks %d %s", want.Numbers, want.Name)
		}
		return s.takeRanges(taken, want.Name, numbers)
	default:
		return s.takeItems(taken, want.Name, want.Items)
	}
}

// lowest returns so many of the numbers of a name, or all if there are fewer: of what is given first the lowest.
func (s stock) lowest(name string, n uint64) (numbers []mesos.PortRange) {
	for i := range s {
		if s[i].name != name {
			continue
		}
		for _, r := range mesos.LessPorts(s[i].ranges, numbers) {
			if n == 0 {
				return mesos.JoinRanges(numbers)
			}
			r.End = min(r.End, r.Begin+(n-1))
			n -= mesos.CountPorts([]mesos.PortRange{r})
			numbers = append(numbers, r)
		}
		numbers = mesos.JoinRanges(numbers)
	}
	return numbers
}

func (s stock) takeItems(taken []mesospb.Resource, name string, want []string) ([]mesospb.Resource, error) {
	want = slices.Clone(want)
	for i := range s {
		if s[i].name != name {
			continue
		}
		part := slices.DeleteFunc(slices.Clone(want), func(item string) bool { return !slices.Contains(s[i].items, item) })
		if len(part) == 0 {
			continue
		}
		has := func(item string) bool { return slices.Contains(part, item) }
		want, s[i].items = slices.DeleteFunc(want, has), slices.DeleteFunc(slices.Clone(s[i].items), has)
		r := s[i].resource
		r.Set = &mesospb.Value_Set{Item: part}
		taken = append(taken, r)
	}
	if len(want) > 0 {
		return nil, fmt.Errorf("the offer lacks %s of %s", want[0], name)
	}
	return taken, nil
}
