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

func (w window) covers(a *Agent) bool {
	return slices.ContainsFunc(w.machines, func(m machine) bool {
		return m.Hostname == a.spec.Hostname || m.Hostname == "" && m.IP == a.spec.IP
	})
}

// inverseOffer asks a framework to leave an agent before its maintenance.
type inverseOffer struct {
	id        string
	framework *framework
	slave     *slave
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
	for _, w := range r.maintenance {
		if w.covers(a) {
			return &w.unavailability
		}
	}
	return nil
}

// schedule replaces the maintenance schedule (UPDATE_MAINTENANCE_SCHEDULE).
func (r *reign) schedule(ws []window) {
	old := r.maintenance
	r.maintenance = ws
	for _, s := range r.order {
		was := slices.ContainsFunc(old, func(w window) bool { return w.covers(s.agent) })
		is := r.unavailabilityOf(s.agent)
		if !was && is == nil {
			continue
		}
		r.rescindAll(s)
		for _, io := range sortedInverse(s) {
			r.rescindInverse(io)
		}
		if is != nil {
			r.offerInverse(s, *is)
		}
	}
	r.allocate(r.order...)
}

// offerInverse sends an inverse offer to every framework that uses the agent.
func (r *reign) offerInverse(s *slave, u mesos.Unavailability) {
	using := map[*framework]bool{}
	for t := range s.tasks {
		if using[t.framework] || !t.framework.connected {
			continue
		}
		using[t.framework] = true
		io := &inverseOffer{id: fmt.Sprintf("%s-O%d", r.id, r.offerCount), framework: t.framework, slave: s}
		r.offerCount++
		r.inverse[io.id] = io
		s.inverse[io] = struct{}{}
		r.send(t.framework, &scheduler.Event{
			Type: scheduler.Event_INVERSE_OFFERS,
			InverseOffers: &scheduler.Event_InverseOffers{InverseOffers: []mesos.InverseOffer{{
				OfferID:        mesos.OfferID{Value: io.id},
				URL:            s.agent.url(),
				FrameworkID:    mesos.FrameworkID{Value: t.framework.id},
				AgentID:        &mesos.AgentID{Value: s.id},
				Unavailability: u,
			}}},
		})
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

// drain is DRAIN_AGENT: no more offers, and all tasks are killed with at most this grace period.
func (r *reign) drain(s *slave, grace *time.Duration) {
	s.draining, s.active = true, false
	r.rescindAll(s)
	if a := s.agent; a.linked(r) {
		for _, t := range a.sortedTasks() {
			g := graceOf(t.info.KillPolicy)
			if grace != nil {
				g = min(g, *grace)
			}
			if !t.killing {
				t.killedBy = mesos.REASON_AGENT_DRAINING.Enum()
			}
			a.killOne(t, g)
		}
	}
}

// reactivate is REACTIVATE_AGENT.
func (r *reign) reactivate(s *slave) {
	s.draining = false
	s.active = s.connected
	r.allocate(s)
}
