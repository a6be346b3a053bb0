package endpoints

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

const (
	// perSlice is how many endpoints a slice has at most, as Kubernetes' own have.
	perSlice = 100
	// maxSlices is how many slices a Service has at most: tasks with host ports from offers have one each.
	maxSlices = 1000
)

// ports are those under which a task is found, in the order of the Service's.
type ports []servedPort

// servedPort is a port of the Service, and the number that it has with a task.
type servedPort struct {
	name     string
	protocol corev1.Protocol
	number   int32
}

// key is the same for the same ports.
func (p ports) key() string {
	words := make([]string, len(p))
	for i, port := range p {
		words[i] = port.name + "/" + string(port.protocol) + "/" + strconv.Itoa(int(port.number))
	}
	slices.Sort(words)
	return strings.Join(words, ",")
}

// portsIn are those of a slice.
func portsIn(slice *discoveryv1.EndpointSlice) ports {
	var all ports
	for _, port := range slice.Ports {
		if port.Name != nil && port.Protocol != nil && port.Port != nil {
			all = append(all, servedPort{*port.Name, *port.Protocol, *port.Port})
		}
	}
	return all
}

// group is what the endpoints of a slice have in common.
type group struct {
	family discoveryv1.AddressType
	ports  string
}

// spot is one endpoint in one group: what is in a slice only once.
type spot struct {
	group
	uid     types.UID
	address string
}

func (e *entry) key() spot { return spot{e.group, e.uid, e.address()} }

// spotsIn are those of a slice's endpoints, in their order.
func spotsIn(slice *discoveryv1.EndpointSlice) []spot {
	all := make([]spot, len(slice.Endpoints))
	for i, endpoint := range slice.Endpoints {
		all[i].group = group{slice.AddressType, portsIn(slice).key()}
		if endpoint.TargetRef != nil && len(endpoint.Addresses) == 1 {
			all[i].uid, all[i].address = endpoint.TargetRef.UID, endpoint.Addresses[0]
		}
	}
	return all
}

// namedIn is what is published.
func namedIn(own []*discoveryv1.EndpointSlice) map[spot]bool {
	named := map[spot]bool{}
	for _, slice := range own {
		for _, at := range spotsIn(slice) {
			named[at] = true
		}
	}
	return named
}

// bin is a slice in the making.
type bin struct {
	// was is the slice as it is; nil for a new one.
	was     *discoveryv1.EndpointSlice
	group   group
	entries []*entry
	// changed says that it is to be written anyway; gains, that it gets an endpoint that it did not have.
	changed, gains bool
}

// pack puts the entries into slices: each stays in the one that it is in, new ones go where there is room, and as few slices as can be are written.
func pack(seen *Seen, own []*discoveryv1.EndpointSlice, entries []*entry, plan *Plan) {
	left := map[spot]*entry{}
	for _, e := range entries {
		left[e.key()] = e
	}
	bins := map[group][]*bin{}
	count := 0
	for _, slice := range own {
		b := keep(slice, left)
		if len(b.entries) == 0 {
			// Not filled anew, so that what is deleted stays so.
			plan.Delete, plan.Urgent = append(plan.Delete, slice), true
			continue
		}
		plan.Urgent = plan.Urgent || b.changed
		bins[b.group] = append(bins[b.group], b)
		count++
	}
	waiting := map[group]int{}
	for at := range left {
		waiting[at.group]++
	}
	for _, e := range entries {
		if left[e.key()] != e {
			continue
		}
		delete(left, e.key())
		at := choose(bins[e.group], waiting[e.group])
		waiting[e.group]--
		if at == nil && count >= maxSlices {
			plan.leaveOut(seen, e.endpoint.TargetRef.Name, e.revision, fmt.Sprintf(
				"the Service has %d EndpointSlices, one for each other port, and gets no more: give the tasks the same hostPort, or a network of mode Container", maxSlices))
			continue
		}
		if at == nil {
			at = &bin{group: e.group, changed: true}
			bins[e.group] = append(bins[e.group], at)
			count++
		}
		at.entries, at.changed, at.gains = append(at.entries, e), true, true
	}
	write(seen, own, bins, plan)
}

// keep is a slice without what is not in it any more; what stays is taken from left.
func keep(slice *discoveryv1.EndpointSlice, left map[spot]*entry) *bin {
	b := &bin{was: slice, group: group{slice.AddressType, portsIn(slice).key()}}
	for i, at := range spotsIn(slice) {
		e := left[at]
		if e == nil || len(b.entries) == perSlice {
			b.changed = true
			continue
		}
		delete(left, at)
		b.entries = append(b.entries, e)
		if !equality.Semantic.DeepEqual(slice.Endpoints[i], e.endpoint) {
			b.changed = true
		}
	}
	b.changed = b.changed || metav1.GetControllerOfNoCopy(slice) == nil
	return b
}

// choose is where the next of so many new endpoints goes: a slice that is written anyway, else the fullest that has room for all, else the emptiest; nil
// where none has room.
func choose(bins []*bin, waiting int) *bin {
	better := func(a, b *bin) bool {
		fitsA, fitsB := len(a.entries)+waiting <= perSlice, len(b.entries)+waiting <= perSlice
		switch {
		case a.changed != b.changed:
			return a.changed
		case fitsA != fitsB:
			return fitsA
		case fitsA:
			return len(a.entries) > len(b.entries)
		default:
			return len(a.entries) < len(b.entries)
		}
	}
	var best *bin
	for _, b := range bins {
		if len(b.entries) < perSlice && (best == nil || better(b, best)) {
			best = b
		}
	}
	return best
}

// write turns what changed into slices.
func write(seen *Seen, own []*discoveryv1.EndpointSlice, bins map[group][]*bin, plan *Plan) {
	taken := map[string]bool{}
	for _, slice := range own {
		taken[slice.Name] = true
	}
	groups := slices.SortedFunc(maps.Keys(bins), func(a, b group) int { return cmp.Or(cmp.Compare(a.family, b.family), cmp.Compare(a.ports, b.ports)) })
	var shrunk []*discoveryv1.EndpointSlice
	next := 0
	for _, g := range groups {
		for _, b := range bins[g] {
			switch {
			case !b.changed:
			case b.was == nil:
				for taken[sliceName(seen.Name, next)] {
					next++
				}
				made := newSlice(seen, sliceName(seen.Name, next), b)
				taken[made.Name] = true
				plan.Create = append(plan.Create, made)
			case b.gains:
				plan.Change = append(plan.Change, changed(seen, b))
			default:
				shrunk = append(shrunk, changed(seen, b))
			}
		}
	}
	plan.Change = append(plan.Change, shrunk...)
}

// sliceName is the name of a slice. Names are decided, not drawn, so that none is made twice.
func sliceName(service string, number int) string { return service + "-" + strconv.Itoa(number) }

// newSlice is a slice that there is not yet.
func newSlice(seen *Seen, name string, b *bin) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: seen.Namespace, Name: name, OwnerReferences: []metav1.OwnerReference{seen.Owner},
			Labels: map[string]string{discoveryv1.LabelManagedBy: v1alpha1.EndpointSliceManager, discoveryv1.LabelServiceName: seen.Name},
		},
		AddressType: b.group.family,
	}
	for _, port := range b.entries[0].ports {
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: new(port.name), Protocol: new(port.protocol), Port: new(port.number)})
	}
	fill(slice, b)
	return slice
}

// changed is a slice as it should be.
func changed(seen *Seen, b *bin) *discoveryv1.EndpointSlice {
	slice := b.was.DeepCopy()
	if metav1.GetControllerOfNoCopy(slice) == nil {
		slice.OwnerReferences = append(slice.OwnerReferences, seen.Owner)
	}
	fill(slice, b)
	return slice
}

// fill puts a bin's entries into a slice, and where their agents are.
func fill(slice *discoveryv1.EndpointSlice, b *bin) {
	slice.Endpoints = nil
	agents := map[string]string{}
	for _, e := range b.entries {
		slice.Endpoints = append(slice.Endpoints, e.endpoint)
		if e.agentID != "" {
			agents[e.address()] = e.agentID
		}
	}
	delete(slice.Annotations, v1alpha1.AnnotationAgents)
	if len(agents) == 0 {
		return
	}
	// Texts by texts can be written.
	data, _ := json.Marshal(agents) //nolint:errchkjson // so it cannot fail
	if slice.Annotations == nil {
		slice.Annotations = map[string]string{}
	}
	slice.Annotations[v1alpha1.AnnotationAgents] = string(data)
}
