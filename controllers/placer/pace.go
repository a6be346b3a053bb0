package placer

import "time"

const (
	// firstPace is how many bindings may wait to be written while nothing is known of the API server; leastPace keeps all workers busy, mostPace
	// is more than one of many cores takes in a moment.
	firstPace, leastPace, mostPace = 100, 16, 1000
	// bindWithin is how long a binding should take from its reservation until it is durable: its offer's ACCEPT waits for it for a second at most.
	bindWithin = closeAfterFirst / 2
)

// pace is how many bindings may wait to be written at a time. It follows the API server: at a pace that suits, half of them are durable within
// bindWithin. What comes too late costs a write for nothing, and its task another offer. The zero value is the first pace.
type pace struct{ more int }

// limit is how many bindings may wait.
func (p *pace) limit() int { return firstPace + p.more }

// bound notes how long a binding took, while so many waited: what was quick as there were few says nothing of many.
func (p *pace) bound(took time.Duration, waited int) {
	switch {
	case took > bindWithin:
		p.late()
	case waited >= p.limit()/2:
		p.more = min(p.more+1, mostPace-firstPace)
	}
}

// late notes that a binding took too long.
func (p *pace) late() { p.more = max(p.more-1, leastPace-firstPace) }
