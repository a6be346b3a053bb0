package placer

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/placement"
)

// Why there are no offers, beside the kinds of shortage that placement tells apart.
const (
	kindNoOffer placement.Kind = "no offer"
)

// judge remembers why a task was not placed.
func (p *Placer) judge(verdict placement.Verdict, now time.Time) {
	task := p.pending[keyOf(verdict.Key)]
	task.judged = now
	if task.elsewhere = verdict.Elsewhere; task.elsewhere {
		task.asks = earlier(task.asks, now)
	}
	switch {
	case verdict.MustWait:
		p.turns.Tried(task.key.Namespace)
		task.silent = false
		p.say(task, verdict.Kind, verdict.Message)
	case task.silent:
		// There are offers again, and it only waits for its turn.
		task.silent, task.waiting = false, nil
		p.attempts.Enqueue(task.key)
	}
}

// say sets what there is to say of a task's waiting, if it is worth a write.
func (p *Placer) say(task *wanted, kind placement.Kind, message string) {
	if !task.told.Tell(kind, message, p.clock.Now()) {
		return
	}
	task.waiting = &v1alpha1.Pending{Since: metav1.Time{Time: task.since.Truncate(time.Second)}, Message: message}
	p.attempts.Enqueue(task.key)
}

// judgeSilence says of tasks that have long been without an offer why there is none. What offers lacked, where that was said, says more.
func (p *Placer) judgeSilence() {
	now := p.clock.Now()
	if !p.open {
		// What hinders the framework is what there is to say.
		return
	}
	for _, task := range p.pending {
		if p.mayBeSilent(task) && !now.Before(p.silentAt(task)) {
			task.silent = true
			p.say(task, kindNoOffer, silence(task))
		}
	}
}

// mayBeSilent says whether the lack of offers is what keeps a task waiting, rather than that they have yet to be asked for.
func (p *Placer) mayBeSilent(task *wanted) bool {
	return p.waits(task) && (task.waiting == nil || task.silent) && (!p.open || !p.willAsk(task))
}

// silentAt is when it is worth saying that no offer comes for a task.
func (p *Placer) silentAt(task *wanted) time.Time {
	return later(later(later(task.since, p.opened), task.judged), later(task.asked, later(p.lastOffer, p.backBy))).Add(silentFor)
}

// silence says that there are no offers.
func silence(task *wanted) string {
	if task.judged.IsZero() {
		return "Mesos has made no offer"
	}
	return "Mesos makes no further offer at the moment"
}
