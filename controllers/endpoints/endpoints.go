package endpoints

import (
	"cmp"
	"net/netip"
	"slices"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Seen is what is known of a set, its tasks and its slices.
type Seen struct {
	// Namespace and Name are those of the set and of its Service; Owner is the set, as the controller of what is made for it.
	Namespace, Name string
	Owner           metav1.OwnerReference
	// Ports are those of the Service; none where none is asked for, or where the Service of the name is not the set's.
	Ports []v1alpha1.ServicePort
	// Replicas is how many tasks there should be; Revision is the label of those that are of the template as it is, empty where it is not known.
	Replicas int
	Revision string
	// Tasks are the set's.
	Tasks []*v1alpha1.MesosTask
	// Slices are those that the operator keeps for the Service of this name.
	Slices []*discoveryv1.EndpointSlice
	// Agents are the addresses of agents by their IDs, as Mesos told this process. Asked says that all that Mesos will tell unasked has been told, so that
	// one that is not there is worth a word.
	Agents map[string]string
	Asked  bool
	// Networks are those within which addresses may be published; nil for the agents' own and no container's.
	Networks []netip.Prefix
}

// Plan is what is to be done.
type Plan struct {
	// Create are slices that there are not yet.
	Create []*discoveryv1.EndpointSlice
	// Change are slices as they should be; what they were is in Seen, by their names. Those that get endpoints come first.
	Change []*discoveryv1.EndpointSlice
	// Delete are slices that nothing is in any more.
	Delete []*discoveryv1.EndpointSlice
	// LeftOut are the tasks that are ready and not published, or not under each port, and why, in the order of their names.
	LeftOut []LeftOut
	// Urgent says that it must be done at once: something that is published is so no longer, or otherwise, or nothing that is ready is published yet. Else
	// there are only more endpoints, which may wait a moment for others.
	Urgent bool
}

// LeftOut is a task that is ready and not published, or not under each port. Older says that it is not of the template as it is.
type LeftOut struct {
	Task, Why string
	Older     bool
}

// leaveOut notes a task that is ready and not published, or not under each port.
func (p *Plan) leaveOut(seen *Seen, task, revision, why string) {
	p.LeftOut = append(p.LeftOut, LeftOut{Task: task, Why: why, Older: seen.Revision != "" && revision != seen.Revision})
}

// Empty says that there is nothing to write.
func (p *Plan) Empty() bool { return len(p.Create)+len(p.Change)+len(p.Delete) == 0 }

// entry is one endpoint as it should be: of one task, in a slice of one family and with the same ports.
type entry struct {
	uid      types.UID
	revision string
	group    group
	ports    ports
	endpoint discoveryv1.Endpoint
	// agentID is the agent's whose address it is; empty for a container's.
	agentID string
}

// address is the one of the endpoint.
func (e *entry) address() string { return e.endpoint.Addresses[0] }

// Next decides what is to be done.
func Next(seen *Seen) *Plan {
	plan := &Plan{}
	if len(seen.Ports) == 0 {
		plan.Delete, plan.Urgent = ownSlices(seen), true
		return plan
	}
	own := ownSlices(seen)
	plan.Urgent = !slices.ContainsFunc(own, leadsSomewhere)
	entries := entriesOf(seen, own, plan)
	pack(seen, own, entries, plan)
	slices.SortFunc(plan.LeftOut, func(a, b LeftOut) int { return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Why, b.Why)) })
	return plan
}

// leadsSomewhere says whether an endpoint of a slice is ready.
func leadsSomewhere(slice *discoveryv1.EndpointSlice) bool {
	return slices.ContainsFunc(slice.Endpoints, func(endpoint discoveryv1.Endpoint) bool {
		return endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready
	})
}

// ownSlices are the slices that are the set's, in the order of their names: those that it controls, and those that nothing controls, as a set that was
// deleted without what it owns leaves them.
func ownSlices(seen *Seen) []*discoveryv1.EndpointSlice {
	var own []*discoveryv1.EndpointSlice
	for _, slice := range seen.Slices {
		controller := metav1.GetControllerOfNoCopy(slice)
		if slice.Labels[discoveryv1.LabelManagedBy] == v1alpha1.EndpointSliceManager && slice.Labels[discoveryv1.LabelServiceName] == seen.Name &&
			slice.DeletionTimestamp == nil && (controller == nil || controller.UID == seen.Owner.UID) {
			own = append(own, slice)
		}
	}
	slices.SortFunc(own, func(a, b *discoveryv1.EndpointSlice) int { return cmp.Compare(a.Name, b.Name) })
	return own
}

// entriesOf are all endpoints as they should be, in the order of their tasks' names.
func entriesOf(seen *Seen, own []*discoveryv1.EndpointSlice, plan *Plan) []*entry {
	tasks := slices.SortedFunc(slices.Values(seen.Tasks), func(a, b *v1alpha1.MesosTask) int { return cmp.Compare(a.Name, b.Name) })
	known := agentsOf(seen, own)
	named := namedIn(own)
	var entries, unreachable []*entry
	ready := 0
	for _, task := range tasks {
		how := standingOf(task)
		if how.absent {
			continue
		}
		at := locate(seen, known, task)
		found := at.entries(task, how)
		if how.ifNamed {
			found = slices.DeleteFunc(found, func(e *entry) bool { return !named[e.key()] })
		}
		switch {
		case how.unreachable:
			unreachable = append(unreachable, found...)
			continue
		case how.ready && len(found) > 0:
			ready++
		}
		if how.ready && !how.ifNamed {
			for _, why := range at.problems {
				plan.leaveOut(seen, task.Name, task.Labels[v1alpha1.LabelRevision], why)
			}
		}
		entries = append(entries, found...)
	}
	// Where so many are out of reach it is rather the way to them that is cut than they.
	if 2*ready < seen.Replicas {
		entries = append(entries, unreachable...)
	}
	return entries
}
