package simulator

import (
	"fmt"
	"net/http"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// dispatch carries a checked call out, with whatever fault was asked for on the way in and out.
func (m *Master) dispatch(w http.ResponseWriter, q *request) {
	c := m.cluster
	record, fault := c.received(q.call)
	a, effects := answer{}, 1
	if fault != nil {
		switch fault.Action {
		case Drop:
			breakOff(w)
			return
		case Delay:
			if !pause(q.http.Context(), fault.Delay) {
				return
			}
		case Reorder:
			c.awaitNextCall(q.http.Context(), fault)
		case Duplicate:
			effects = 2
		case Answer:
			a = answer{status: fault.Status, text: fault.Text}
			if !fault.AfterEffect {
				effects = 0
			}
		default:
		}
	}
	if q.call.Type == scheduler.Call_SUBSCRIBE {
		m.serveSubscribe(w, q, record, fault, a)
		return
	}
	for range effects {
		if real := m.apply(q); a.status == 0 {
			a = real
		}
	}
	c.applied(record, a.status)
	if fault != nil && (fault.Action == DropAnswer || fault.Action == DelayAnswer && !pause(q.http.Context(), fault.Delay)) {
		breakOff(w)
		return
	}
	a.write(w)
}

// serveSubscribe answers SUBSCRIBE with a stream and writes it until it ends.
func (m *Master) serveSubscribe(w http.ResponseWriter, q *request, record *CallRecord, fault *Fault, a answer) {
	c := m.cluster
	if a.status != 0 && !fault.AfterEffect {
		c.applied(record, a.status)
		a.write(w)
		return
	}
	s := newStream(newID(), q.codec)
	untrack := m.track(s)
	defer untrack()
	c.mu.Lock()
	r := c.leader
	if r == nil || r.master != m || !m.running || c.closed {
		c.mu.Unlock()
		breakOff(w)
		return
	}
	f := r.subscribe(q.call, q.principal, s)
	c.mu.Unlock()
	c.applied(record, http.StatusOK)
	defer func() {
		if f != nil {
			c.mu.Lock()
			r.disconnect(f, s)
			c.mu.Unlock()
		}
	}()
	switch {
	case fault != nil && fault.Action == DropAnswer:
		breakOff(w)
		return
	case fault != nil && fault.Action == DelayAnswer && !pause(q.http.Context(), fault.Delay):
		return
	case a.status != 0:
		a.write(w)
		return
	}
	w.Header().Set("Content-Type", q.codec.contentType())
	w.Header().Set(streamIDHeader, s.id)
	w.WriteHeader(http.StatusOK)
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	if s.serve(q.http.Context(), w, c.flags.EventsPerSecond) {
		breakOff(w)
	}
}

// apply checks the subscription of a call other than SUBSCRIBE and carries it out.
func (m *Master) apply(q *request) answer {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.leader
	if r == nil || r.master != m || !r.recovered {
		return answer{status: http.StatusServiceUnavailable, text: "Master has not finished recovery"}
	}
	f := r.frameworks[q.call.FrameworkID.Value]
	if a := checkSubscribed(q, f); a.status != 0 {
		return a
	}
	return r.carryOut(f, q.call)
}

// checkSubscribed is the part of the checks that needs the framework (Mesos master: http.cpp).
func checkSubscribed(q *request, f *framework) answer {
	id := q.http.Header.Get(streamIDHeader)
	switch {
	case f == nil:
		return badRequest("Framework cannot be found")
	case q.principal != "" && f.info.GetPrincipal() != "" && f.info.GetPrincipal() != q.principal:
		return badRequest("Authenticated principal '%s' does not match principal '%s' set in `FrameworkInfo`",
			q.principal, f.info.GetPrincipal())
	case !f.connected:
		return answer{status: http.StatusForbidden, text: "Framework is not subscribed"}
	case id == "":
		return badRequest("All non-subscribe calls should include the '%s' header", streamIDHeader)
	case id != f.stream.id:
		return badRequest("The stream ID '%s' included in this request didn't match the stream ID currently associated with framework ID %s",
			id, f.id)
	}
	return answer{}
}

// carryOut is the handler of each call type.
func (r *reign) carryOut(f *framework, call *scheduler.Call) answer {
	switch call.Type {
	case scheduler.Call_TEARDOWN:
		r.removeFramework(f)
	case scheduler.Call_ACCEPT:
		if what := unsupportedOperation(call.Accept); what != "" {
			return r.notSimulated(what)
		}
		r.accept(f, call.Accept)
	case scheduler.Call_DECLINE:
		r.decline(f, call.Decline)
	case scheduler.Call_ACCEPT_INVERSE_OFFERS, scheduler.Call_DECLINE_INVERSE_OFFERS:
		// The answer only guides an operator's tools; the inverse offer stays until the schedule changes.
	case scheduler.Call_REVIVE:
		r.revive(f, call.GetRevive().GetRoles())
	case scheduler.Call_SUPPRESS:
		f.suppress(call.GetSuppress().GetRoles())
	case scheduler.Call_KILL:
		r.kill(f, call.Kill)
	case scheduler.Call_ACKNOWLEDGE:
		r.acknowledge(f, call.Acknowledge)
	case scheduler.Call_RECONCILE:
		r.reconcile(f, call.Reconcile)
	case scheduler.Call_UPDATE_FRAMEWORK:
		if why := r.updateFramework(f, call.UpdateFramework); why != "" {
			return badRequest("%s", why)
		}
		return answer{status: http.StatusOK}
	default:
		return r.notSimulated(fmt.Sprintf("the call %s", call.Type))
	}
	return answer{status: http.StatusAccepted}
}

func (r *reign) notSimulated(what string) answer {
	r.cluster.refuse(what)
	return answer{status: http.StatusNotImplemented, text: "Not simulated: " + what}
}
