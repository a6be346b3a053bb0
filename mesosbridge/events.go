package mesosbridge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// handle records one event of the term and tells the Listener. It returns a problem for an event that ends the term.
func (b *Bridge) handle(t *term, event *scheduler.Event) *Problem {
	number := b.count(t)
	switch event.Type {
	case scheduler.Event_OFFERS:
		b.handleOffers(t, event.Offers, number)
	case scheduler.Event_RESCIND:
		b.handleRescind(t, event.Rescind)
	case scheduler.Event_UPDATE:
		b.handleUpdate(event.Update, number)
	case scheduler.Event_INVERSE_OFFERS:
		b.handleInverseOffers(t, event.InverseOffers)
	case scheduler.Event_FAILURE:
		b.handleFailure(event.Failure, number)
	case scheduler.Event_ERROR:
		return refusal(event.Error)
	default:
		// HEARTBEAT has done its work by arriving; what else Mesos sends does not concern tasks without executors of their own.
	}
	return nil
}

// count numbers an event.
func (b *Bridge) count(t *term) mesos.Number {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connection.LastEvent = mesos.Number{Term: t.number, Event: b.connection.LastEvent.Event + 1}
	return b.connection.LastEvent
}

func (b *Bridge) handleOffers(t *term, event *scheduler.Event_Offers, number mesos.Number) {
	if event == nil || len(event.Offers) == 0 {
		return
	}
	b.mu.Lock()
	labels := b.config.ReservationLabels
	b.mu.Unlock()
	news := make([]*offer, len(event.Offers))
	for i := range event.Offers {
		news[i] = offerOf(&event.Offers[i], number, labels)
	}
	var maintenance []string
	grown, unasked := false, false
	b.mu.Lock()
	if t == b.current {
		grown, unasked = b.growSizes(news), t.noteUnasked(news)
		for _, o := range news {
			b.noteGPUs(o)
			b.arrived(o.AgentID)
			if b.noteMaintenance(o.AgentID, o.Maintenance) {
				maintenance = append(maintenance, o.AgentID)
			}
			if b.offers[o.ID] == nil {
				b.offers[o.ID] = o
			}
		}
	}
	b.mu.Unlock()
	if unasked {
		b.pushWish(t)
	}
	offersTotal.Add(float64(len(news)))
	b.meet(agentsOf(event.Offers), grown)
	b.listener.OffersChanged()
	b.tellMaintenance(maintenance)
}

// onTheirWay is how long offers may be on their way that left the master before it took a SUPPRESS.
const onTheirWay = 5 * time.Second

// noteUnasked notes that Mesos makes offers to roles that it took a SUPPRESS for, longer ago than they may have been on their way: a REVIVE came after it whose
// connection had broken. So it is to be told again, once for an event. The caller holds b.mu.
func (t *term) noteUnasked(offers []*offer) (news bool) {
	if time.Since(t.suppressedAt) < onTheirWay {
		return false
	}
	for _, o := range offers {
		if at := slices.Index(t.told.suppressed, o.Role); at >= 0 {
			t.told.suppressed, news = slices.Delete(slices.Clone(t.told.suppressed), at, at+1), true
		}
	}
	return news
}

// noteGPUs remembers that an offer's agent has GPUs: its later offers show only those that nobody uses. The caller holds b.mu.
func (b *Bridge) noteGPUs(o *offer) {
	if o.OnGPUAgent {
		b.gpuAgents[o.AgentID] = struct{}{}
	}
	_, o.OnGPUAgent = b.gpuAgents[o.AgentID]
}

func (b *Bridge) handleRescind(t *term, event *scheduler.Event_Rescind) {
	if event == nil {
		return
	}
	b.mu.Lock()
	if t == b.current {
		delete(b.offers, event.OfferID.Value)
	}
	b.mu.Unlock()
	b.listener.OffersChanged()
}

func (b *Bridge) handleUpdate(event *scheduler.Event_Update, number mesos.Number) {
	if event == nil || event.Status.TaskID.Value == "" {
		return
	}
	next, now := observationOf(&event.Status, number), time.Now()
	b.mu.Lock()
	b.attempt(next.TaskID).arrive(next, now)
	asked, answered := b.asked[next.TaskID]
	if answered = answered && next.IsAnswer(); answered {
		delete(b.asked, next.TaskID)
	}
	b.mu.Unlock()
	statusUpdatesTotal.Inc(string(next.State))
	if answered {
		answerLatency.Observe(now.Sub(asked).Seconds())
	}
	b.listener.Observed(next.TaskID)
}

// handleFailure records that the master gave an agent up. The failure of an executor says nothing of its agent.
func (b *Bridge) handleFailure(event *scheduler.Event_Failure, number mesos.Number) {
	agentID := event.GetAgentID().GetValue()
	if agentID == "" || event.ExecutorID != nil {
		return
	}
	b.mu.Lock()
	b.failures[agentID] = failure{number, time.Now()}
	delete(b.maintenance, agentID)
	b.departed(agentID)
	b.mu.Unlock()
	b.listener.AgentFailed(agentID)
}

// refusal sorts out an ERROR event by the master's sentence (Mesos master: Master::subscribe, Master::failoverFramework).
func refusal(event *scheduler.Event_Error) *Problem {
	said := ""
	if event != nil {
		said = clean(event.Message)
	}
	switch {
	case strings.Contains(said, "failed over"):
		return &Problem{
			Class: FailedOver,
			Message: "Another scheduler subscribed with this framework's ID (\"" + said +
				"\"); find it and stop it, or give one of the two an ID of its own.",
		}
	case strings.Contains(said, "has been removed"):
		return &Problem{
			Class: FrameworkRemoved,
			Message: "Mesos has removed this framework and killed its tasks (\"" + said +
				"\"); its ID is dead, and the framework needs a new one.",
		}
	default:
		return &Problem{
			Class: SubscriptionRefused,
			Message: "The Mesos master refused the framework: " + said +
				"; correct spec.info or what the master allows this principal.",
		}
	}
}

// begin starts the term with its SUBSCRIBED event.
func (b *Bridge) begin(t *term, event *scheduler.Event_Subscribed) *Problem {
	id := event.GetFrameworkID().GetValue()
	if id == "" || t.told.framework.ID != "" && id != t.told.framework.ID {
		return &Problem{
			Class:   NotAMaster,
			Message: t.base + " took the subscription under another framework ID than the one it was told; check spec.masters.urls.",
		}
	}
	now := time.Now()
	t.frameworkID, t.told.framework.ID = id, id
	b.mu.Lock()
	if t.edition != b.edition {
		b.mu.Unlock()
		return reconfigured()
	}
	c := &b.connection
	t.number = c.Term + 1
	c.Subscribed, c.Term, c.Since, c.Problem, c.NextTry = true, t.number, now, nil, time.Time{}
	c.LastEvent = mesos.Number{Term: t.number, Event: 1}
	c.Master = mesos.Master{
		URL:      t.base,
		Hostname: clean(event.GetMasterInfo().GetHostname()),
		Version:  clean(event.GetMasterInfo().GetVersion()),
	}
	c.FrameworkID, c.Roles = id, t.told.framework.Roles
	if c.FirstSubscribed.IsZero() {
		c.FirstSubscribed = now
	}
	t.named = namedBy(t.base, event.GetMasterInfo())
	b.current = t
	select {
	case <-b.retry: // This is what it asked for.
	default:
	}
	b.present.region = domainOf(event.GetMasterInfo().GetDomain()).Region
	b.present.edition++
	clear(b.failures)
	clear(b.asked)
	wishes := b.wishAnew(t)
	b.mu.Unlock()

	b.log.Info("Subscribed", "frameworkID", id, "term", t.number, "master", t.base)
	if wishes {
		b.pushWish(t)
	}
	b.listener.ConnectionChanged()
	return nil
}

// finish ends the term, if it had begun: its offers are void, and what was sent and not answered can no longer take effect once the
// framework has subscribed again.
func (b *Bridge) finish(t *term, problem *Problem) {
	var unanswered []string
	b.mu.Lock()
	if t != b.current {
		b.mu.Unlock()
		return
	}
	b.current = nil
	if errors.Is(context.Cause(t.ctx), context.Canceled) {
		problem = nil // Run was told to end.
	}
	b.connection.Subscribed, b.connection.Since, b.connection.Problem = false, time.Now(), problem
	t.end(problem)
	clear(b.offers)
	for id, r := range b.attempts {
		if r.Accept == AcceptSent && r.AcceptTerm == t.number {
			r.Accept = AcceptUnanswered
			unanswered = append(unanswered, id)
		}
	}
	b.mu.Unlock()

	b.tellAttempts(unanswered)
	b.listener.OffersChanged()
	b.listener.ConnectionChanged()
}
