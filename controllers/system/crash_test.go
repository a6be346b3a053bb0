package system

import (
	"errors"
	"sync"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
)

// moment is when, around an outward step, a process dies.
type moment string

const (
	before   moment = "before it is sent"
	sent     moment = "after it was sent"
	answered moment = "after its answer"
)

var errDead = errors.New("the process is dead")

// death ends a process around one of its outward steps: from then on nothing leaves it.
type death struct {
	kind   leadership.StepKind
	what   string
	nth    int
	moment moment

	mu   sync.Mutex
	seen int
	dead bool
	// died is closed when it is dead.
	died chan struct{}
}

// watch is the Watch of the process that dies.
func (d *death) watch(step leadership.Step, send func() error) error {
	d.mu.Lock()
	if d.dead {
		d.mu.Unlock()
		return errDead
	}
	if step.Kind != d.kind || step.What != d.what {
		d.mu.Unlock()
		return send()
	}
	if d.seen++; d.seen != d.nth {
		d.mu.Unlock()
		return send()
	}
	d.dead = true
	d.mu.Unlock()
	defer close(d.died)
	switch d.moment {
	case sent:
		if err := send(); err != nil {
			return err
		}
		return errDead
	case answered:
		return send()
	default:
		return errDead
	}
}
