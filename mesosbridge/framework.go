package mesosbridge

import (
	"reflect"
	"slices"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// provisionalTimeout is the failover timeout of a framework whose ID is not durable yet (rule 4): Mesos removes it a minute after
// its process died with the only copy of the ID.
const provisionalTimeout = time.Minute

// told is what Mesos was told of the framework.
type told struct {
	framework mesos.Framework
	// suppressed are the roles for which no offers are wanted, in order. SUBSCRIBE and UPDATE_FRAMEWORK carry them, as a list left out asks for
	// offers again (Mesos master: Master::updateFramework).
	suppressed []string
	// kept is what of the description is Mesos' own.
	kept kept
}

// toTell returns what Mesos should know of the framework now. The caller holds b.mu.
func (b *Bridge) toTell() told {
	framework := b.config.Framework
	framework.ID = b.connection.FrameworkID
	if !b.idStored && framework.FailoverTimeout > provisionalTimeout {
		framework.FailoverTimeout = provisionalTimeout
	}
	return told{framework: framework, suppressed: b.wish.suppressed(framework.Roles), kept: b.kept}
}

// before is the same framework with the roles that Mesos took for it last; false where they are no others, or nobody knows them, or it registers as
// new, so that nothing runs under it. The caller holds b.mu.
func (b *Bridge) before(next told) (told, bool) {
	roles := b.connection.Roles
	if next.framework.ID == "" || len(roles) == 0 || slices.Equal(roles, next.framework.Roles) {
		return told{}, false
	}
	next.framework.Roles, next.suppressed = roles, b.wish.suppressed(roles)
	return next, true
}

// info returns what is told in Mesos' form.
func (t told) info() *mesospb.FrameworkInfo {
	info := &mesospb.FrameworkInfo{
		ID:              frameworkID(t.framework.ID),
		Name:            t.framework.Name,
		User:            t.framework.User,
		Roles:           t.framework.Roles,
		FailoverTimeout: new(t.framework.FailoverTimeout.Seconds()),
		Checkpoint:      new(true),
		Capabilities:    capabilities(t.framework.Capabilities),
	}
	if t.kept.user != "" {
		info.User = t.kept.user
	}
	if t.kept.noCheckpoint {
		info.Checkpoint = nil
	}
	if t.framework.Principal != "" {
		info.Principal = new(t.framework.Principal)
	}
	if t.framework.Hostname != "" {
		info.Hostname = new(t.framework.Hostname)
	}
	if t.framework.WebUIURL != "" {
		info.WebUiURL = new(t.framework.WebUIURL)
	}
	return info
}

// capabilities returns those that every bridge has and the extra ones; names that Mesos does not know are left out.
func capabilities(extra []string) []mesospb.FrameworkInfo_Capability {
	types := []mesospb.FrameworkInfo_Capability_Type{
		mesospb.FrameworkInfo_Capability_PARTITION_AWARE,
		mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE,
		mesospb.FrameworkInfo_Capability_MULTI_ROLE,
		mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT,
	}
	for _, name := range extra {
		value, known := mesospb.FrameworkInfo_Capability_Type_value[name]
		capability := mesospb.FrameworkInfo_Capability_Type(value)
		if known && !slices.Contains(types, capability) {
			types = append(types, capability)
		}
	}
	all := make([]mesospb.FrameworkInfo_Capability, len(types))
	for i, capability := range types {
		all[i].Type = capability
	}
	return all
}

func frameworkID(id string) *mesospb.FrameworkID {
	if id == "" {
		return nil
	}
	return &mesospb.FrameworkID{Value: id}
}

// subscribeCall returns SUBSCRIBE with what is to be told.
func (t told) subscribeCall() *scheduler.Call {
	call := calls.Subscribe(t.info())
	call.Subscribe.SuppressedRoles = t.suppressed
	return call
}

func (t told) updateCall() *scheduler.Call {
	call := calls.UpdateFramework(*t.info())
	call.UpdateFramework.SuppressedRoles = t.suppressed
	return call
}

// FrameworkIDStored says that the framework ID which Connection shows is durable. Until then no offer is accepted, and a framework
// that registered as new has a failover timeout of one minute, so that an ID which nobody stored does not outlive it for long. From
// then on the bridge raises the timeout with UPDATE_FRAMEWORK, again and again until Mesos confirmed it; only then MayAccept is
// true. A framework whose ID came with the configuration needs no such call.
func (b *Bridge) FrameworkIDStored() {
	b.mu.Lock()
	stored := b.connection.FrameworkID != "" && !b.idStored
	if stored {
		b.idStored = true
		b.noteChange()
	}
	b.mu.Unlock()
	if stored {
		b.listener.ConnectionChanged()
	}
}

// MayAccept says whether offers may be accepted now: the framework is subscribed, its ID is durable and Mesos confirmed that its
// failover timeout is no longer the provisional one.
func (b *Bridge) MayAccept() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mayAccept(b.current)
}

func (b *Bridge) mayAccept(t *term) bool {
	if t == nil || t != b.current || !b.idStored {
		return false
	}
	wanted := b.config.Framework.FailoverTimeout
	return t.told.framework.FailoverTimeout >= min(wanted, provisionalTimeout+1)
}

// noteChange makes the current term look at what Mesos should be told. The caller holds b.mu.
func (b *Bridge) noteChange() {
	if b.current == nil {
		return
	}
	select {
	case b.current.changed <- struct{}{}:
	default:
	}
}

// keepTold tells Mesos of changes of the framework, for as long as the term lasts.
func (b *Bridge) keepTold(t *term) {
	var retry backoff
	for {
		var again <-chan time.Time
		if b.differs(t) {
			o := b.tell(t, retry.fast)
			if o.accepted() || o.corrected {
				retry = backoff{}
				continue
			}
			again = time.After(retry.next(updatePace(o)))
		}
		select {
		case <-t.ctx.Done():
			return
		case <-t.changed:
		case <-again:
		}
	}
}

// updatePace says how soon a failed UPDATE_FRAMEWORK is repeated: what was refused will be refused again.
func updatePace(o outcome) pace {
	if o.refused() {
		return slow
	}
	return fast
}

// differs says whether Mesos should know another description than it does, or than it may. A refused one that was taken back is no problem any more.
func (b *Bridge) differs(t *term) bool {
	b.mu.Lock()
	next := b.toTell().framework
	if b.unsure || !reflect.DeepEqual(next, t.told.framework) || t.mayHearOther(next) {
		b.mu.Unlock()
		return true
	}
	solved := t == b.current && b.connection.Problem != nil
	if solved {
		b.connection.Problem = nil
	}
	b.mu.Unlock()
	if solved {
		b.listener.ConnectionChanged()
	}
	return false
}

// tell sends UPDATE_FRAMEWORK in its turn among the other calls, so that it cannot overtake a REVIVE with a list of suppressed roles
// from before, and waits for its outcome or for the end of the term: on shutdown the lane may have stopped before it takes the call up. Failed is how many
// tries did.
func (b *Bridge) tell(t *term, failed int) outcome {
	done := make(chan outcome, 1)
	b.lanes.wishes.push(item{
		term: t,
		send: func() {
			b.mu.Lock()
			next := b.toTell()
			b.mu.Unlock()
			o := b.callAgain(t.ctx, t, next.updateCall(), failed)
			b.mu.Lock()
			o.corrected = b.kept.learn(o)
			b.mu.Unlock()
			b.wasTold(t, next, o)
			done <- o
		},
		drop: func(err error) { done <- outcome{err: err} },
	})
	select {
	case o := <-done:
		return o
	case <-t.ctx.Done():
		return outcome{err: errTermEnded}
	}
}

// wasTold records the outcome of an UPDATE_FRAMEWORK. If Mesos took it, and one of before without a clear answer says something else, the term ends: that
// one may yet arrive and bring the old description back, with its failover timeout, until the master refuses it for its stream ID.
func (b *Bridge) wasTold(t *term, next told, o outcome) {
	wishes, overtaken := false, false
	b.mu.Lock()
	current := t == b.current
	t.noteLate(next.framework, o)
	switch {
	case o.accepted():
		t.told = next
		overtaken = t.mayHearOther(next.framework)
		b.unsure = false
		if current {
			b.connection.Problem, b.connection.Roles = nil, next.framework.Roles
		}
		// Roles that Mesos did not know before may have waited for it.
		wishes = current && len(b.wish.revive) > 0
	case current && b.unsure && o.answersTry() && reflect.DeepEqual(next.framework, t.told.framework):
		// It was sent to learn what Mesos keeps, and there was nothing to change.
		b.unsure = false
	case o.corrected && current:
		b.connection.WithoutCheckpoints = b.kept.noCheckpoint
	case o.refused() && current:
		b.connection.Problem = updateRefused(o.text, b.mayAccept(t))
	}
	b.mu.Unlock()
	if overtaken {
		t.end(&Problem{
			Class:   CallUnanswered,
			Message: "An earlier UPDATE_FRAMEWORK had no clear answer and may yet arrive; the framework is subscribing again, as that one is refused then.",
		})
	}
	if wishes {
		b.pushWish(t)
	}
	if current {
		b.listener.ConnectionChanged()
	}
}

// noteLate notes a description whose call has no clear answer. The caller holds b.mu.
func (t *term) noteLate(framework mesos.Framework, o outcome) {
	if o.launched() == resultUnanswered && !slices.ContainsFunc(t.late, func(late mesos.Framework) bool { return reflect.DeepEqual(late, framework) }) {
		t.late = append(t.late, framework)
	}
}

// mayHearOther says whether a call without a clear answer may tell Mesos another description than this one, or has told it. The caller holds b.mu.
func (t *term) mayHearOther(framework mesos.Framework) bool {
	return slices.ContainsFunc(t.late, func(late mesos.Framework) bool { return !reflect.DeepEqual(late, framework) })
}

// updateRefused says what it means that UPDATE_FRAMEWORK was refused.
func updateRefused(text string, launches bool) *Problem {
	until := "; it launches nothing until spec.info is one that the master takes."
	if launches {
		until = "; it goes by the old one until spec.info is one that the master takes."
	}
	return &Problem{Class: UpdateRefused, Message: "The Mesos master refused the framework's new description (" + text + ")" + until}
}
