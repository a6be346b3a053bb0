package simulator

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// offer is one agent's free resources, offered to one role of one framework.
type offer struct {
	id        string
	number    int
	framework *framework
	slave     *slave
	role      string
	resources []mesos.Resource
}

type filterKey struct{ role, agent string }

// filter hides offers that hold no more than what was refused, until it expires.
type filter struct {
	refused []mesos.Resource
	until   time.Time
}

// defaultRefuse is what Mesos takes for filters that are absent, negative or not a number.
const (
	defaultRefuse = 5 * time.Second
	maxRefuse     = 365 * 24 * time.Hour
)

func refuseDuration(f *mesos.Filters) time.Duration {
	if f == nil || f.RefuseSeconds == nil {
		return defaultRefuse
	}
	s := *f.RefuseSeconds
	switch {
	case math.IsNaN(s) || s < 0:
		return defaultRefuse
	case s > maxRefuse.Seconds():
		return maxRefuse
	}
	return time.Duration(s * float64(time.Second))
}

// allocationCycle runs the allocator once per offer interval.
func (r *reign) allocationCycle() {
	if r.recovered {
		r.allocate(r.order...)
	}
	r.after(r.cluster.flags.OfferInterval, r.allocationCycle)
}

// claimant is one role of one framework that may be offered resources.
type claimant struct {
	framework *framework
	role      string
}

// claimants lists who may be offered something, those with the least allocated first, then those that were offered
// something least often (Mesos' sorters).
func (r *reign) claimants() []claimant {
	var out []claimant
	for _, f := range r.frameworks {
		if !f.connected {
			continue
		}
		for _, role := range f.roles() {
			if !f.suppressed[role] {
				out = append(out, claimant{f, role})
			}
		}
	}
	slices.SortFunc(out, func(a, b claimant) int {
		return cmp.Or(
			cmp.Compare(a.framework.allocated[a.role], b.framework.allocated[b.role]),
			cmp.Compare(a.framework.offered[a.role], b.framework.offered[b.role]),
			cmp.Compare(a.framework.id, b.framework.id),
			cmp.Compare(a.role, b.role),
		)
	})
	return out
}

// allocate offers the agents' free resources, and then asks for those back that will be unavailable.
func (r *reign) allocate(agents ...*slave) {
	if !r.recovered {
		return
	}
	if who := r.claimants(); len(who) > 0 {
		r.distribute(who, agents)
	}
	if len(r.cluster.registry.windows) > 0 {
		r.requestLeave(agents)
	}
}

// distribute makes offers. All that a framework gets in one go is one OFFERS event.
func (r *reign) distribute(who []claimant, agents []*slave) {
	batches := map[*framework][]*offer{}
	var served []*framework
	made := 0
	for _, s := range agents {
		if !s.active || !s.connected {
			continue
		}
		first := made // the claimants take turns over the agents, so that one does not get everything
		for turn := range who {
			cl := who[(turn+first)%len(who)]
			o := r.offerTo(cl, s)
			if o == nil {
				continue
			}
			if len(batches[cl.framework]) == 0 {
				served = append(served, cl.framework)
			}
			batches[cl.framework] = append(batches[cl.framework], o)
			made++
		}
	}
	for _, f := range served {
		r.sendOffers(f, batches[f])
	}
}

// offerTo takes what a claimant may be offered of an agent; nil if nothing.
func (r *reign) offerTo(cl claimant, s *slave) *offer {
	resources := r.withinLimits(cl.role, offerable(s.free, cl.role))
	if !cl.framework.caps.revocableResources {
		resources = slices.DeleteFunc(slices.Clone(resources), func(one mesos.Resource) bool { return one.Revocable != nil })
	}
	if !cl.framework.caps.gpuResources && holdsGPU(s) {
		return nil // agents with GPUs are kept for those who can use them
	}
	if !cl.framework.caps.regionAware && r.remote(s) {
		return nil
	}
	if !worthOffering(resources) || cl.framework.filtered(cl.role, s.id, resources) {
		return nil
	}
	if !s.use(resources) {
		return nil
	}
	o := &offer{
		id: fmt.Sprintf("%s-O%d", r.id, r.offerCount), number: r.offerCount,
		framework: cl.framework, slave: s, role: cl.role, resources: resources,
	}
	r.offerCount++
	r.offers[o.id] = o
	cl.framework.offers[o.id] = o
	cl.framework.allocated[cl.role] += cpusOf(resources)
	cl.framework.offered[cl.role]++
	s.offers[o] = struct{}{}
	if d := r.cluster.flags.OfferTimeout; d > 0 {
		r.after(d, func() {
			if r.offers[o.id] == o {
				r.rescind(o)
			}
		})
	}
	return o
}

// remote says whether an agent is in another region than the masters. Where either has no domain it is not.
func (r *reign) remote(s *slave) bool {
	master, agent := r.cluster.flags.Domain.GetFaultDomain(), s.agent.spec.Domain.GetFaultDomain()
	return master != nil && agent != nil && master.Region.Name != agent.Region.Name
}

func holdsGPU(s *slave) bool {
	for i := range s.agent.total {
		if s.agent.total[i].Name == "gpus" && !holdsNothing(&s.agent.total[i]) {
			return true
		}
	}
	return false
}

func cpusOf(rs []mesos.Resource) (n int64) {
	for i := range rs {
		if rs[i].Name == "cpus" && rs[i].Scalar != nil {
			n += milli(rs[i].Scalar.Value)
		}
	}
	return n
}

// filtered reports whether a filter hides these resources.
func (f *framework) filtered(role, agentID string, rs []mesos.Resource) bool {
	key := filterKey{role, agentID}
	fs := f.filters[key]
	if len(fs) == 0 {
		return false
	}
	t := time.Now()
	fs = slices.DeleteFunc(fs, func(one filter) bool { return !t.Before(one.until) })
	if len(fs) == 0 {
		delete(f.filters, key)
		return false
	}
	f.filters[key] = fs
	return slices.ContainsFunc(fs, func(one filter) bool { return contained(rs, one.refused) })
}

func (r *reign) sendOffers(f *framework, offers []*offer) {
	out := make([]mesos.Offer, len(offers))
	for i, o := range offers {
		out[i] = r.describe(o)
	}
	r.send(f, &scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{Offers: out}})
}

func (r *reign) describe(o *offer) mesos.Offer {
	a := o.slave.agent
	m := mesos.Offer{
		ID:          mesos.OfferID{Value: o.id},
		FrameworkID: mesos.FrameworkID{Value: o.framework.id},
		AgentID:     mesos.AgentID{Value: o.slave.id},
		Hostname:    a.spec.Hostname,
		URL:         a.url(),
		Resources:   forFramework(o.resources, o.role, o.framework.caps),
		Attributes:  a.spec.Attributes,
		Domain:      a.spec.Domain,
	}
	for _, e := range sortedExecutors(o.slave, o.framework) {
		m.ExecutorIDs = append(m.ExecutorIDs, mesos.ExecutorID{Value: e})
	}
	if o.framework.caps.multiRole {
		m.AllocationInfo = &mesos.Resource_AllocationInfo{Role: new(o.role)}
	}
	m.Unavailability = r.unavailabilityOf(a)
	return m
}

func sortedExecutors(s *slave, f *framework) (ids []string) {
	for key, e := range s.executors {
		if e.framework == f {
			ids = append(ids, key.executor)
		}
	}
	slices.Sort(ids)
	return ids
}

// OpenOffers counts the offers that a framework ("" for all) holds by the master's books: what they have nobody else is offered.
func (c *Cluster) OpenOffers(frameworkID string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == nil {
		return 0
	}
	for _, o := range c.leader.offers {
		if frameworkID == "" || o.framework.id == frameworkID {
			n++
		}
	}
	return n
}

// take removes an offer from the books; its resources are the caller's to use or give back.
func (r *reign) take(o *offer) {
	delete(r.offers, o.id)
	delete(o.framework.offers, o.id)
	delete(o.slave.offers, o)
	o.framework.allocated[o.role] -= cpusOf(o.resources)
}

// recover takes an offer back without a word.
func (r *reign) recover(o *offer) {
	r.take(o)
	o.slave.release(o.resources)
}

func (r *reign) rescind(o *offer) {
	r.recover(o)
	r.send(o.framework, &scheduler.Event{
		Type:    scheduler.Event_RESCIND,
		Rescind: &scheduler.Event_Rescind{OfferID: mesos.OfferID{Value: o.id}},
	})
}

// rescindAll takes back all that an agent has out: offers, the newest first, then inverse offers.
func (r *reign) rescindAll(s *slave) {
	out := slices.SortedFunc(maps.Keys(s.offers), func(a, b *offer) int { return cmp.Compare(b.number, a.number) })
	for _, o := range out {
		r.rescind(o)
	}
	for _, io := range sortedInverse(s) {
		r.rescindInverse(io)
	}
}

// dropOffers takes all of a framework's offers and inverse offers back without RESCIND, and its filters.
func (r *reign) dropOffers(f *framework) {
	for _, o := range f.offers {
		r.recover(o)
	}
	for _, io := range r.inverse {
		if io.framework == f {
			r.removeInverseOffer(io)
		}
	}
	f.filters = map[filterKey][]filter{}
	f.inverseFilters = map[string]time.Time{}
}

func sortedOffers(m map[string]*offer) []*offer {
	out := make([]*offer, 0, len(m))
	for _, o := range m {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b *offer) int { return cmp.Compare(a.number, b.number) })
	return out
}

// refuseOffer enters a filter for what was declined or left over (hierarchical.cpp RefusedOfferFilter).
func (r *reign) refuseOffer(f *framework, role string, s *slave, rs []mesos.Resource, d time.Duration) {
	if d == 0 || allEmpty(rs) {
		return
	}
	key := filterKey{role, s.id}
	f.filters[key] = append(f.filters[key], filter{rs, time.Now().Add(max(d, r.cluster.flags.OfferInterval))})
}

// decline is DECLINE.
func (r *reign) decline(f *framework, call *scheduler.Call_Decline) {
	d := refuseDuration(call.Filters)
	for _, id := range call.OfferIDs {
		if o := f.offers[id.Value]; o != nil {
			r.recover(o)
			r.refuseOffer(f, o.role, o.slave, o.resources, d)
			continue
		}
		r.answerInverse(f, []mesos.OfferID{id}, "DECLINE", call.Filters)
	}
}

// revive is REVIVE: the filters of the roles go, they are no longer suppressed, and offers are made
// at once. One role that is not the framework's drops the whole call.
func (r *reign) revive(f *framework, roles []string) {
	roles, ok := f.ownRoles(roles)
	if !ok {
		return
	}
	for _, role := range roles {
		delete(f.suppressed, role)
	}
	for key := range f.filters {
		if slices.Contains(roles, key.role) {
			delete(f.filters, key)
		}
	}
	f.inverseFilters = map[string]time.Time{}
	r.allocate(r.order...)
}

// suppress is SUPPRESS: no new offers for the roles; those outstanding stay.
func (f *framework) suppress(roles []string) {
	roles, ok := f.ownRoles(roles)
	if !ok {
		return
	}
	for _, role := range roles {
		f.suppressed[role] = true
	}
}

func (f *framework) ownRoles(roles []string) ([]string, bool) {
	if len(roles) == 0 {
		return f.roles(), true
	}
	for _, role := range roles {
		if !slices.Contains(f.roles(), role) {
			return nil, false
		}
	}
	return roles, true
}
