package placement

import (
	"slices"
	"strings"
	"testing"
)

func TestTurns(t *testing.T) {
	var turns Turns
	order := func() string {
		all := []string{"a", "b", "c"}
		slices.SortStableFunc(all, func(x, y string) int { return int(turns.Last(x)) - int(turns.Last(y)) })
		return strings.Join(all, "")
	}
	for _, step := range []struct {
		sentence, assigned, tried, want string
	}{
		{"who was assigned something goes later", "a", "", "bca"},
		{"who had no turn stays first", "b", "", "cab"},
		{"who was only tried goes before who got something", "a", "bc", "cba"},
		{"who got more goes later", "ccab", "", "bac"},
		{"nothing assigned leaves the order as it is", "", "abcabc", "bac"},
	} {
		for _, namespace := range step.assigned {
			turns.Assigned(string(namespace))
		}
		for _, namespace := range step.tried {
			turns.Tried(string(namespace))
		}
		turns.EndRound()
		if got := order(); got != step.want {
			t.Errorf("%s: the order is %s, want %s", step.sentence, got, step.want)
		}
	}
	if last := (*Turns)(nil).Last("a"); last != 0 {
		t.Errorf("no turns say %d", last)
	}
}
