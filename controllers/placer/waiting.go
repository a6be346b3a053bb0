package placer

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// judge remembers why a task was not placed.
func (p *Placer) judge(verdict placement.Verdict, now time.Time) {
	task := p.pending[keyOf(verdict.Key)]
	task.judged = now
	if task.elsewhere = verdict.Elsewhere; task.elsewhere {
		task.asks = earlier(task.asks, now)
	}
	if !verdict.Offerless {
		task.offered = now
	}
	switch {
	case verdict.MustWait:
		p.turns.Tried(task.key.Namespace)
		if !verdict.Offerless {
			task.silent, task.lack = false, verdict
			p.sayLack(task)
		}
	case task.silent:
		// There are offers again, and it only waits for its turn.
		task.silent, task.waiting = false, nil
		task.told.TakeBack()
		p.attempts.Enqueue(task.key)
	}
}

// sayLack says what the offers to a task lacked, and what of that is for want of quota: of what is limited, offers hold no more than that leaves.
func (p *Placer) sayLack(task *wanted) {
	kind, message := task.lack.Kind, task.lack.Message
	if beyond := beyondQuota(task.roles, limited(&task.task), p.supply.Quotas); beyond != "" {
		kind, message = kind+"; "+kindQuota, message+"; "+beyond
	}
	p.say(task, kind, message)
}

// limited is what a task needs of what quotas limit: what is revocable they do not (Mesos master: HierarchicalAllocatorProcess::__allocate).
func limited(task *mesos.Task) mesos.Scalars {
	if task.Revocable {
		return mesos.Scalars{}
	}
	return task.Scalars
}

// say sets what there is to say of a task's waiting, if it is worth a write.
func (p *Placer) say(task *wanted, kind placement.Kind, message string) {
	if !task.told.Tell(kind, message, p.clock.Now()) {
		return
	}
	task.waiting = &v1alpha1.Pending{Since: metav1.Time{Time: task.since.Truncate(time.Second)}, Message: message}
	p.attempts.Enqueue(task.key)
}

// explain says of tasks that have long been without an offer why there is none, and keeps what is said of the others current.
func (p *Placer) explain(backs map[string]back) {
	now := p.clock.Now()
	if !p.open {
		// What hinders the framework is what there is to say.
		return
	}
	quotas, agents := false, false
	for _, task := range p.pending {
		mayBeSilent := p.mayBeSilent(task, backs)
		silentAt := p.silentAt(task, backs)
		switch {
		case mayBeSilent && !now.Before(silentAt):
			task.silent = true
			kind, message := silence(p.shortageOf(task, backs))
			p.say(task, kind, message)
			agents = agents || p.supply.Agents == 0
		case task.waiting != nil && !task.silent && p.waits(task):
			p.sayLack(task)
		}
		quotas = quotas || p.waits(task) && (task.waiting != nil || mayBeSilent && !now.Before(silentAt.Add(-quotasAhead)))
	}
	if quotas {
		p.bridge.WantQuotas()
	}
	if agents {
		p.bridge.WantSizes()
	}
}

// shortageOf is what is known of why no offers come to a task.
func (p *Placer) shortageOf(task *wanted, backs map[string]back) shortage {
	known := shortage{roles: task.roles, needs: limited(&task.task), supply: p.supply, offered: !task.offered.IsZero()}
	if now := p.clock.Now(); p.asksLate(task) {
		known.asked = p.lastRevive.Add(p.reviveEvery())
	} else if held := p.backTo(task, backs).last; held.After(now) {
		known.held = held
	}
	return known
}

// mayBeSilent says whether the lack of offers is what keeps a task waiting, rather than that they have yet to be asked for. What offers lacked, where
// that was said, says more, until all that was declined should long be back.
func (p *Placer) mayBeSilent(task *wanted, backs map[string]back) bool {
	if !p.waits(task) || p.open && p.willAsk(task) && !p.asksLate(task) {
		return false
	}
	return task.waiting == nil || task.silent ||
		!p.clock.Now().Before(later(later(task.offered, task.asked), p.backTo(task, backs).last).Add(reviveAgain))
}

// asksLate says whether offers are asked for on a task's behalf only after a while, as they were lately.
func (p *Placer) asksLate(task *wanted) bool {
	return p.willAsk(task) && p.lastRevive.Add(p.reviveEvery()).Sub(p.clock.Now()) > reviveEvery
}

// silentAt is when it is worth saying that no offer comes for a task.
func (p *Placer) silentAt(task *wanted, backs map[string]back) time.Time {
	return later(later(later(task.since, p.opened), task.offered), later(task.asked, p.backTo(task, backs).soon)).Add(silentFor)
}

// back is when the last of the offers to a role is due back that were declined: of all, and of those that were for a moment only.
type back struct{ last, soon time.Time }

func (b back) later(other back) back {
	return back{last: later(b.last, other.last), soon: later(b.soon, other.soon)}
}

// backs are when offers to each role are due back. Until those are that were declined for a moment it is no wonder if none comes.
func (p *Placer) backs() map[string]back {
	backs := map[string]back{}
	for key, one := range p.declined {
		due := back{last: one.until}
		if !one.long {
			due.soon = one.until
		}
		backs[key[1]] = backs[key[1]].later(due)
	}
	return backs
}

// backTo is when the last of the offers to a task's roles is due back.
func (p *Placer) backTo(task *wanted, backs map[string]back) (due back) {
	for _, role := range task.roles {
		due = due.later(backs[role])
	}
	return due
}
