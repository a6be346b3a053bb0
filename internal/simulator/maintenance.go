package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// window is a planned unavailability of some machines.
type window struct {
	machines       []machine
	unavailability mesos.Unavailability
}

type machine struct {
	Hostname string `json:"hostname"`
	IP       string `json:"ip"`
}

func (m machine) is(a *Agent) bool {
	return m.Hostname == a.spec.Hostname || m.Hostname == "" && m.IP == a.spec.IP
}

func (w window) covers(a *Agent) bool {
	return slices.ContainsFunc(w.machines, func(m machine) bool { return m.is(a) })
}

// isDown reports whether an agent's machine is DOWN for maintenance.
func (reg *registry) isDown(a *Agent) bool {
	for m := range reg.down {
		if m.is(a) {
			return true
		}
	}
	return false
}

// scheduled reports whether a machine is in the maintenance schedule.
func (reg *registry) scheduled(m machine) bool {
	return slices.ContainsFunc(reg.windows, func(w window) bool { return slices.Contains(w.machines, m) })
}

// inverseOffer asks a framework to leave an agent before its maintenance.
type inverseOffer struct {
	id        string
	framework *framework
	slave     *slave
}

// inverseAnswer is what a framework last said to an agent's inverse offers: ACCEPT or DECLINE. It binds nobody.
type inverseAnswer struct {
	framework string
	status    string
	at        time.Time
}

func sortedInverse(s *slave) []*inverseOffer {
	out := make([]*inverseOffer, 0, len(s.inverse))
	for io := range s.inverse {
		out = append(out, io)
	}
	slices.SortFunc(out, func(a, b *inverseOffer) int { return cmp.Compare(a.id, b.id) })
	return out
}

func (r *reign) unavailabilityOf(a *Agent) *mesos.Unavailability {
	for _, w := range r.cluster.registry.windows {
		if w.covers(a) {
			return &w.unavailability
		}
	}
	return nil
}

// schedule replaces the maintenance schedule (UPDATE_MAINTENANCE_SCHEDULE).
func (r *reign) schedule(ws []window) {
	old := r.cluster.registry.windows
	r.cluster.registry.windows = ws
	var concerned []*slave
	for _, s := range r.order {
		was := slices.ContainsFunc(old, func(w window) bool { return w.covers(s.agent) })
		if !was && r.unavailabilityOf(s.agent) == nil {
			continue
		}
		concerned = append(concerned, s)
		r.rescindAll(s)
		s.answers = nil
		for _, f := range r.frameworks {
			delete(f.inverseFilters, s.id)
		}
	}
	r.allocate(concerned...)
}

// requestLeave sends inverse offers to every framework that uses an agent whose machine is to be maintained, unless
// one is out or its filter says later (hierarchical.cpp generateInverseOffers).
func (r *reign) requestLeave(agents []*slave) {
	for _, s := range agents {
		u := r.unavailabilityOf(s.agent)
		if u == nil || !s.connected {
			continue
		}
		asked := map[*framework]bool{}
		for io := range s.inverse {
			asked[io.framework] = true
		}
		for _, t := range tasksOfSlave(s) {
			f := t.framework
			if asked[f] || !f.connected || time.Now().Before(f.inverseFilters[s.id]) {
				continue
			}
			asked[f] = true
			r.offerInverse(f, s, *u)
		}
	}
}

func (r *reign) offerInverse(f *framework, s *slave, u mesos.Unavailability) {
	io := &inverseOffer{id: fmt.Sprintf("%s-O%d", r.id, r.offerCount), framework: f, slave: s}
	r.offerCount++
	r.inverse[io.id] = io
	s.inverse[io] = struct{}{}
	r.send(f, &scheduler.Event{
		Type: scheduler.Event_INVERSE_OFFERS,
		InverseOffers: &scheduler.Event_InverseOffers{InverseOffers: []mesos.InverseOffer{{
			OfferID:        mesos.OfferID{Value: io.id},
			URL:            s.agent.url(),
			FrameworkID:    mesos.FrameworkID{Value: f.id},
			AgentID:        &mesos.AgentID{Value: s.id},
			Unavailability: u,
		}}},
	})
}

// answerInverse is ACCEPT_INVERSE_OFFERS and DECLINE_INVERSE_OFFERS: noted for the operator's eyes. Either way the
// next one comes when the filter is over. IDs that nobody knows are passed over.
func (r *reign) answerInverse(f *framework, ids []mesos.OfferID, status string, filters *mesos.Filters) {
	for _, id := range ids {
		io := r.inverse[id.Value]
		if io == nil || io.framework != f {
			continue
		}
		s := io.slave
		r.removeInverseOffer(io)
		s.answers = slices.DeleteFunc(s.answers, func(a inverseAnswer) bool { return a.framework == f.id })
		s.answers = append(s.answers, inverseAnswer{framework: f.id, status: status, at: time.Now()})
		f.inverseFilters[s.id] = time.Now().Add(max(refuseDuration(filters), r.cluster.flags.OfferInterval))
	}
}

func (r *reign) removeInverseOffer(io *inverseOffer) {
	delete(r.inverse, io.id)
	delete(io.slave.inverse, io)
}

func (r *reign) rescindInverse(io *inverseOffer) {
	r.removeInverseOffer(io)
	r.send(io.framework, &scheduler.Event{
		Type:                scheduler.Event_RESCIND_INVERSE_OFFER,
		RescindInverseOffer: &scheduler.Event_RescindInverseOffer{InverseOfferID: mesos.OfferID{Value: io.id}},
	})
}

// startMaintenance takes scheduled machines DOWN: their agents are removed and told to shut down. A text refuses it.
func (r *reign) startMaintenance(ms []machine) string {
	reg := &r.cluster.registry
	for _, m := range ms {
		if !reg.scheduled(m) || reg.down[m] {
			return fmt.Sprintf("Machine '%s' is not in DRAINING mode and cannot be brought down", m)
		}
	}
	for _, m := range ms {
		reg.down[m] = true
		for _, s := range slices.Clone(r.order) {
			if !m.is(s.agent) {
				continue
			}
			a := s.agent
			r.removeSlave(s, "Operator initiated 'Machine DOWN'")
			if a.linked(r) {
				a.shutDown("its machine is down")
			}
		}
	}
	return ""
}

// stopMaintenance brings machines UP that are DOWN, and takes them out of the schedule. A text refuses it.
func (r *reign) stopMaintenance(ms []machine) string {
	reg := &r.cluster.registry
	for _, m := range ms {
		if !reg.down[m] {
			return fmt.Sprintf("Machine '%s' is not in DOWN mode and cannot be brought up", m)
		}
	}
	for _, m := range ms {
		delete(reg.down, m)
	}
	reg.unschedule(ms)
	return ""
}

// unschedule takes machines out of the schedule, with the windows that are left without any.
func (reg *registry) unschedule(ms []machine) {
	var left []window
	for _, w := range reg.windows {
		w.machines = slices.DeleteFunc(slices.Clone(w.machines), func(m machine) bool { return slices.Contains(ms, m) })
		if len(w.machines) > 0 {
			left = append(left, w)
		}
	}
	reg.windows = left
}

func (m machine) String() string { return fmt.Sprintf(`{"hostname":%q,"ip":%q}`, m.Hostname, m.IP) }

// machine is what the maintenance schedule calls an agent's host.
func (a *Agent) machine() machine { return machine{Hostname: a.spec.Hostname, IP: a.spec.IP} }

// ScheduleMaintenance plans that the agent's machine is unavailable: from in from now on, for length (0: without end).
// It replaces what was planned for that machine. Frameworks with tasks there get inverse offers, and offers of the
// agent that tell of it.
func (a *Agent) ScheduleMaintenance(in, length time.Duration) {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent maintenance")
	if r := a.cluster.leader; r != nil {
		r.scheduleFor(a, in, length)
	}
}

func (r *reign) scheduleFor(a *Agent, in, length time.Duration) {
	w := window{machines: []machine{a.machine()}, unavailability: mesos.Unavailability{Start: *timeInfo(time.Now().Add(in))}}
	if length > 0 {
		w.unavailability.Duration = &mesos.DurationInfo{Nanoseconds: length.Nanoseconds()}
	}
	r.schedule(append(r.withoutWindowsOf(a.machine()), w))
}

func (r *reign) withoutWindowsOf(m machine) []window {
	rest := registry{windows: r.cluster.registry.windows}
	rest.unschedule([]machine{m})
	return rest.windows
}

// CancelMaintenance takes the agent's machine out of the maintenance schedule.
func (a *Agent) CancelMaintenance() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent maintenance cancelled")
	if r := a.cluster.leader; r != nil {
		r.schedule(r.withoutWindowsOf(a.machine()))
	}
}

// MachineDown is an operator's START_MAINTENANCE of the agent's machine: TASK_LOST at once, while the tasks end with
// their grace periods, and the agent after them. It is scheduled first if it was not. Until MachineUp an agent that is
// started there ends itself.
func (a *Agent) MachineDown() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent machine-down")
	r := a.cluster.leader
	if r == nil {
		return
	}
	if !a.cluster.registry.scheduled(a.machine()) {
		r.scheduleFor(a, 0, 0)
	}
	_ = r.startMaintenance([]machine{a.machine()}) // refused only if it is down already
}

// MachineUp is an operator's STOP_MAINTENANCE. The agent must then be started.
func (a *Agent) MachineUp() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent machine-up")
	if r := a.cluster.leader; r != nil {
		_ = r.stopMaintenance([]machine{a.machine()}) // refused only if it is not down
	}
}
