package mesos

import (
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const lead = time.Hour
	for sentence, c := range map[string]struct {
		from, until   time.Duration
		forever       bool
		planned, near bool
	}{
		"begins in a month":               {from: 720 * time.Hour, until: 721 * time.Hour, planned: true},
		"begins just outside the lead":    {from: lead + 1, until: 2 * lead, planned: true},
		"begins at the lead":              {from: lead, until: 2 * lead, planned: true, near: true},
		"has begun":                       {from: -1, until: 1, planned: true, near: true},
		"ends now":                        {from: -lead, until: 0},
		"ended yesterday":                 {from: -48 * time.Hour, until: -24 * time.Hour},
		"began long ago and has no end":   {from: -4800 * time.Hour, forever: true, planned: true, near: true},
		"has no length and begins in 1 s": {from: time.Second, until: time.Second, planned: true, near: true},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := Window{From: now.Add(c.from), Until: now.Add(c.until)}
			if c.forever {
				w.Until = time.Time{}
			}
			if w.Planned(now) != c.planned || w.Near(now, lead) != c.near {
				t.Errorf("planned %v, near %v", w.Planned(now), w.Near(now, lead))
			}
		})
	}
	if none := (Window{}); none.Planned(now) || none.Near(now, lead) {
		t.Error("no window is one")
	}
}
