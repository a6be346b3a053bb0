package mesosbridge

import (
	"math/rand/v2"
	"time"
)

// pace says how soon something is tried again.
type pace int

const (
	// fast is for what passes by itself: 1 s to 15 s, as Mesos advises (docs/scheduler-http-api.md).
	fast pace = iota
	// slow is for what a person has to put right: 60 s, doubling to 5 min.
	slow
	// now is for what the bridge brought about itself.
	now
)

const (
	fastFirst, fastMost = time.Second, 15 * time.Second
	slowFirst, slowMost = time.Minute, 5 * time.Minute
)

// backoff counts tries that failed one after the other, of each pace on its own. Its zero value has seen none.
type backoff struct{ fast, slow int }

// after returns the backoff after a subscription that held for so long and ended so. A subscription ends the row of failures, but not that
// of two schedulers which take the framework from each other, nor of calls that do not come to the master which has it, with a subscription each
// time.
func (b backoff) after(lasted time.Duration, class Class) backoff {
	switch {
	case lasted > slowMost:
	case class == FailedOver:
		return backoff{slow: b.slow}
	case class == CredentialsWithheld, class == NoLeader, class == MasterUnreachable:
		return backoff{fast: b.fast}
	}
	return backoff{}
}

// next returns how long to wait after one more failure. Fast waits are drawn from all between the shortest and the longest, so that many
// frameworks do not come back to a new master at once; slow ones are lengthened by up to a tenth.
func (b *backoff) next(p pace) time.Duration {
	switch p {
	case fast:
		b.fast++
		most := doubled(fastFirst, b.fast, fastMost)
		return fastFirst + rand.N(most-fastFirst+1) //nolint:gosec // jitter is no secret
	case slow:
		b.slow++
		delay := doubled(slowFirst, b.slow-1, slowMost)
		return delay + rand.N(delay/10) //nolint:gosec // jitter is no secret
	default:
		return 0
	}
}

// doubled returns first, doubled so many times, at most most.
func doubled(first time.Duration, times int, most time.Duration) time.Duration {
	for range times {
		if first >= most {
			break
		}
		first *= 2
	}
	return min(first, most)
}

// pace says how soon to subscribe again after a problem of the class.
func (c Class) pace() pace {
	switch c {
	case Unauthorized, Forbidden, SubscriptionRefused, FrameworkRemoved, FailedOver:
		return slow
	case Reconfigured:
		return now
	default:
		return fast
	}
}
