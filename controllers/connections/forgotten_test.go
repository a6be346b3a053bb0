package connections

import (
	"testing"
	"time"
)

// TestForgotten: what is over is remembered for a minute, and as long as a pass keeps it.
func TestForgotten(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	after := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	for sentence, tc := range map[string]struct {
		// Nothing is kept before begins, nor after ends; zero for never. It is forgotten at 100, and another one every ten seconds where others is true.
		begins, ends int
		// again is when another one takes its place.
		again  int
		others bool
		asked  int
		want   bool
	}{
		"just now":                     {asked: 100, want: true},
		"a minute ago":                 {asked: 160, want: true},
		"before it was":                {asked: 99},
		"longer ago":                   {asked: 161},
		"longer ago, beside others":    {asked: 161, others: true},
		"in a long pass":               {begins: 50, asked: 1000, want: true},
		"before a long pass":           {begins: 130, asked: 1000, others: true, want: true},
		"long before a pass":           {begins: 200, asked: 210},
		"after a long pass":            {begins: 50, ends: 900, asked: 1000},
		"after a long pass, and later": {begins: 50, ends: 900, asked: 1000, others: true},
		"in a pass that superseded it": {begins: 50, again: 150, asked: 1000, want: true},
		"long before it was":           {begins: 50, again: 500, asked: 510, others: true},
	} {
		var over forgotten
		for second := range tc.asked {
			switch {
			case second == 100:
				over.insert("it", after(second))
			case tc.begins != 0 && second == tc.begins:
				over.keep(true, after(second))
			case tc.again != 0 && second == tc.again:
				over.keep(true, after(second))
			case tc.ends != 0 && second == tc.ends:
				over.keep(false, after(second))
			case tc.others && second%10 == 0:
				over.insert(after(second).String(), after(second))
			}
		}
		if tc.asked == 100 {
			over.insert("it", after(100))
		}
		if got := over.has("it", after(tc.asked)); got != tc.want {
			t.Errorf("%s: it is remembered: %t", sentence, got)
		}
		if tc.others && !tc.want && len(over.ids) > 7 {
			t.Errorf("%s: %d are remembered", sentence, len(over.ids))
		}
	}
}
