package simulator

import (
	"context"
	"net/http"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// passage is how a call fares on its way in.
type passage struct {
	effects int    // how often it takes effect
	answer  answer // in place of its own, if there is a status
	broken  bool   // its connection breaks
}

// wayIn lets a fault meet a call before it takes effect.
func (c *Cluster) wayIn(ctx context.Context, f *Fault) passage {
	p := passage{effects: 1}
	if f == nil {
		return p
	}
	switch f.Action {
	case Drop, Late:
		p.broken = true
	case Delay:
		p.broken = !pause(ctx, f.Delay)
	case Reorder:
		c.awaitNextCall(ctx, f)
	case Duplicate:
		p.effects = 2
	case Answer:
		p.answer = answer{status: f.Status, text: f.Text}
		if !f.AfterEffect {
			p.effects = 0
		}
	default:
	}
	return p
}

// wayOut lets a fault meet a call's answer; true breaks the connection.
func (c *Cluster) wayOut(ctx context.Context, f *Fault) (broken bool) {
	if f == nil {
		return false
	}
	switch f.Action {
	case DropAnswer:
		return true
	case DelayAnswer:
		return !pause(ctx, f.Delay)
	case ReorderAnswer:
		c.awaitNextCall(ctx, f)
	default:
	}
	return false
}

// dispatch carries a checked call out, with whatever fault was asked for on the way in and out.
func (m *Master) dispatch(ctx context.Context, w http.ResponseWriter, q *request) {
	c := m.cluster
	s, streamID := (*stream)(nil), q.http.Header.Get(streamIDHeader)
	if q.call.Type == scheduler.Call_SUBSCRIBE {
		s = newStream(newID(), q.codec)
		s.told = func(e *scheduler.Event) { c.observe(Observation{Event: &EventRecord{StreamID: s.id, Event: e}}) }
		streamID = s.id
	}
	record, fault := c.received(q, streamID)
	p := c.wayIn(ctx, fault)
	if fault != nil && fault.Action == Late && s == nil {
		c.after(fault.Delay, func() { record.Status = m.take(q).status })
	}
	if p.broken {
		breakOff(w)
		return
	}
	a := p.answer
	if s != nil && p.effects > 0 {
		m.serveSubscribe(ctx, w, q, s, record, fault, a)
		return
	}
	for range p.effects {
		if own := m.apply(q); a.status == 0 {
			a = own
		}
	}
	c.applied(record, a.status)
	broken := c.wayOut(ctx, fault)
	c.answered(record, a.status, broken)
	if broken {
		breakOff(w)
		return
	}
	a.write(w)
}

// serveSubscribe answers SUBSCRIBE with a stream and writes it until it ends. An answer that is given
// stands in place of the stream.
func (m *Master) serveSubscribe(ctx context.Context, w http.ResponseWriter, q *request, s *stream, record *CallRecord, fault *Fault, instead answer) {
	c := m.cluster
	untrack := m.track(s)
	defer untrack()
	unsubscribe, ok := m.subscribe(q, s)
	if !ok {
		breakOff(w)
		return
	}
	defer unsubscribe()
	c.applied(record, http.StatusOK)
	broken := c.wayOut(ctx, fault)
	c.answered(record, orDefault(instead.status, http.StatusOK), broken)
	if broken {
		breakOff(w)
		return
	}
	if instead.status != 0 {
		instead.write(w)
		return
	}
	w.Header().Set("Content-Type", q.codec.contentType())
	w.Header().Set(streamIDHeader, s.id)
	w.WriteHeader(http.StatusOK)
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	if s.serve(ctx, w, c.pace()) {
		breakOff(w)
	}
}

// subscribe enters a subscription with the leading master, if that is still this one.
func (m *Master) subscribe(q *request, s *stream) (unsubscribe func(), ok bool) {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.leader
	if r == nil || r.master != m || c.closed {
		return nil, false
	}
	f := r.subscribe(q.call, q.principal, s)
	return func() {
		if f == nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		r.disconnect(f, s)
	}, true
}

// apply checks the subscription of a call other than SUBSCRIBE and carries it out.
func (m *Master) apply(q *request) answer {
	m.cluster.mu.Lock()
	defer m.cluster.mu.Unlock()
	return m.take(q)
}

// take is apply for a caller that holds the lock.
func (m *Master) take(q *request) answer {
	r := m.cluster.leader
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
		if what := r.unsupported(call.Accept); what != "" {
			return r.cluster.notSimulated(what)
		}
		r.accept(f, call.Accept)
	case scheduler.Call_DECLINE:
		r.decline(f, call.Decline)
	case scheduler.Call_ACCEPT_INVERSE_OFFERS:
		r.answerInverse(f, call.AcceptInverseOffers.InverseOfferIDs, "ACCEPT", call.AcceptInverseOffers.Filters)
	case scheduler.Call_DECLINE_INVERSE_OFFERS:
		r.answerInverse(f, call.DeclineInverseOffers.InverseOfferIDs, "DECLINE", call.DeclineInverseOffers.Filters)
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
		return r.cluster.notSimulated("the call " + call.Type.String())
	}
	return answer{status: http.StatusAccepted}
}

// notSimulated notes that a call needs what is not simulated, and says so. The lock is held.
func (c *Cluster) notSimulated(what string) answer {
	c.refused[what]++
	c.log.Error(nil, "Not simulated", "what", what)
	return answer{status: http.StatusNotImplemented, text: notSimulatedError(what).Error()}
}
