package placer

import "time"

const (
	// leastPace is how many bindings may wait to be written at least, and mostPace at most: many more keep no worker any busier, and take offers from
	// others meanwhile.
	leastPace, mostPace = 100, 1000
	// bindWithin is how long a binding should take from its reservation until it is durable.
	bindWithin = closeAfterFirst / 2
	// closeAfterFirst is how long an ACCEPT waits for further bindings once the first of its offer is durable, closeAtMost how long where the API
	// server takes its time: a binding that comes too late is a write for nothing, and its task needs another offer.
	closeAfterFirst, closeAtMost = time.Second, 5 * time.Second
)

// pace follows how quickly the API server takes bindings. Its zero value knows nothing of that yet.
type pace struct {
	more int
	took time.Duration
}

// limit is how many bindings may wait to be written at a time.
func (p *pace) limit() int { return leastPace + p.more }

// wait is how long an ACCEPT waits for further bindings once the first of its offer is durable.
func (p *pace) wait() time.Duration { return min(max(2*p.took, closeAfterFirst), closeAtMost) }

// bound notes how long a binding took, while so many waited: what was quick as there were few says nothing of many.
func (p *pace) bound(took time.Duration, waited int) {
	p.took += (took - p.took) / 8
	switch {
	case took > bindWithin:
		p.more = max(p.more-1, 0)
	case waited >= p.limit()/2:
		p.more = min(p.more+1, mostPace-leastPace)
	}
}
