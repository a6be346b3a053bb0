package placer

import (
	"testing"
	"time"
)

// TestPace_followsTheAPIServer: bindings are written at a rate, so that each waits as long as those before it take.
func TestPace_followsTheAPIServer(t *testing.T) {
	for sentence, c := range map[string]struct {
		perSecond   int
		least, most int
		wait        time.Duration
	}{
		"a quick one":      {10_000, mostPace, mostPace, closeAfterFirst},
		"one of two cores": {350, 150, 200, closeAfterFirst},
		"a busy one":       {60, leastPace, leastPace, 3 * time.Second},
		"one that crawls":  {10, leastPace, leastPace, closeAtMost},
	} {
		t.Run(sentence, func(t *testing.T) {
			var p pace
			for range 3000 {
				p.bound(time.Duration(p.limit())*time.Second/time.Duration(c.perSecond), p.limit())
			}
			if got := p.limit(); got < c.least || got > c.most {
				t.Errorf("%d bindings wait at a time, want %d to %d", got, c.least, c.most)
			}
			if got := p.wait().Round(time.Second); got != c.wait {
				t.Errorf("an ACCEPT waits %s for further bindings, want %s", got, c.wait)
			}
		})
	}
}

// TestPace_learnsNothingFromFew: one task an hour is bound at once, and says nothing of a thousand.
func TestPace_learnsNothingFromFew(t *testing.T) {
	var p pace
	for range 3000 {
		p.bound(time.Millisecond, 1)
	}
	if got := p.limit(); got != leastPace {
		t.Errorf("%d bindings wait at a time, want %d", got, leastPace)
	}
}
