package connections

import (
	"testing"
	"time"
)

// TestForgotten: what is over is remembered for a minute at least, as long as a pass keeps it, and not for ever.
func TestForgotten(t *testing.T) {
	type step struct {
		at   time.Duration
		id   string
		kept bool
	}
	for sentence, tc := range map[string]struct {
		steps []step
		want  bool
	}{
		"just now":                   {[]step{{0, "a", false}}, true},
		"another one is":             {[]step{{0, "b", false}}, false},
		"a minute ago":               {[]step{{0, "b", false}, {50 * time.Second, "a", false}, {110 * time.Second, "c", false}}, true},
		"long ago":                   {[]step{{0, "a", false}, {2 * time.Minute, "b", false}, {4 * time.Minute, "c", false}}, false},
		"long ago, in a long pass":   {[]step{{0, "a", true}, {2 * time.Minute, "b", true}, {4 * time.Minute, "c", true}}, true},
		"long ago, before that pass": {[]step{{0, "a", false}, {2 * time.Minute, "b", false}, {4 * time.Minute, "c", true}}, true},
	} {
		var over forgotten
		start := time.Unix(1_000_000, 0)
		for _, one := range tc.steps {
			over.kept = one.kept
			over.insert(one.id, start.Add(one.at))
		}
		if got := over.has("a"); got != tc.want {
			t.Errorf("%s: it is remembered: %t", sentence, got)
		}
	}
}
