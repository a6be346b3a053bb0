package placer

import (
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// reservation is a part of an offer that was given to a task.
type reservation struct {
	wanted   *wanted
	launch   *launch
	placed   lifecycle.Placement
	bound    bool
	released bool
	// made is when it was made, and waiting how many bindings waited to be written then.
	made    time.Time
	waiting int
}

// launch is the ACCEPT in the making for one offer.
type launch struct {
	offer        mesos.Offer
	opened       time.Time
	firstBound   time.Time
	reservations []*reservation
}

// due is when a launch is closed at the latest, where it waits so long for further bindings.
func (l *launch) due(wait time.Duration) time.Time {
	due := l.opened.Add(closeAfterOffer)
	if !l.firstBound.IsZero() {
		due = earlier(due, l.firstBound.Add(wait))
	}
	return due
}

// complete says whether every reservation of the launch has reported.
func (l *launch) complete() bool {
	return !slices.ContainsFunc(l.reservations, func(r *reservation) bool { return !r.bound && !r.released })
}

// closeLaunches sends the ACCEPTs that are due. An offer that is gone launches nothing: what was bound to it never ran.
func (p *Placer) closeLaunches(offers []mesos.Offer) {
	present := make(map[string]bool, len(offers))
	for _, offer := range offers {
		present[offer.ID] = true
	}
	now := p.clock.Now()
	for id, launch := range p.launches {
		gone := !present[id]
		if !gone && !launch.complete() && now.Before(launch.due(p.pace.wait())) {
			continue
		}
		delete(p.launches, id)
		p.close(launch, gone)
	}
}

// close closes a launch: from now on a report for one of its reservations finds it closed.
func (p *Placer) close(launch *launch, gone bool) {
	var tasks []mesos.Task
	for _, reserved := range launch.reservations {
		if reserved.bound && !reserved.released && !gone {
			tasks = append(tasks, reserved.task())
			continue
		}
		if !reserved.released {
			reserved.released = true
			p.attempts.NeverSent(reserved.placed.TaskID)
		}
		// The task may have been given something else since this was released.
		if reserved.wanted.reserved == reserved {
			reserved.wanted.reserved = nil
			// What would serve it now may have been declined for long while it had this.
			if p.pending[reserved.wanted.key] == reserved.wanted {
				p.revive.Insert(reserved.wanted.roles...)
			}
		}
		p.attempts.Enqueue(reserved.wanted.key)
	}
	refuse := time.Duration(0)
	if len(p.pending) == 0 {
		refuse = p.refusalOf(launch.offer, p.duesByAgent())
	}
	switch {
	case gone:
	case len(tasks) == 0:
		p.bridge.Decline([]string{launch.offer.ID}, refuse, mesosbridge.DeclineWithdrawn)
	default:
		p.bridge.Accept(launch.offer.ID, tasks, refuse, p.mayLaunch)
	}
}

// task is what the ACCEPT launches for the reservation.
func (r *reservation) task() mesos.Task {
	task := r.wanted.task
	task.ID, task.AgentID, task.Host = r.placed.TaskID, r.placed.AgentID, r.placed.Hostname
	task.HostPorts = make([]uint32, len(r.placed.HostPorts))
	for i, port := range r.placed.HostPorts {
		task.HostPorts[i] = uint32(port)
	}
	return task
}
