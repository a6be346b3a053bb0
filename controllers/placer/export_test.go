package placer

import "k8s.io/apimachinery/pkg/types"

// The bounds of a round, for tests.
const (
	BindingsAtOnce = leastPace
	AloneAtOnce    = aloneAtOnce
)

// Remembered names what is remembered of a task.
func (p *Placer) Remembered(key types.NamespacedName) (kept []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending[key] != nil {
		kept = append(kept, "that it is pending")
	}
	if p.refused.Has(key) {
		kept = append(kept, "a refusal")
	}
	if _, deferred := p.deferred[key]; deferred {
		kept = append(kept, "a wait")
	}
	if _, rests := p.rests[key]; rests {
		kept = append(kept, "a rest")
	}
	if p.retries.NumRequeues(key) > 0 {
		kept = append(kept, "failures")
	}
	return kept
}

// FailOnce counts a binding of a task that could not be written.
func (p *Placer) FailOnce(key types.NamespacedName) { p.retries.When(key) }

// Launches counts the ACCEPTs in the making.
func (p *Placer) Launches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.launches)
}
