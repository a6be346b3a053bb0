package history

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
)

func TestWatch(t *testing.T) {
	h := New()
	failing := errors.New("no")
	watch := h.Watch("manager", func(_ leadership.Step, send func() error) error { return errors.Join(send(), failing) })
	sent := false
	if err := watch(leadership.Step{Index: 1, Kind: leadership.StepCall, What: "KILL"}, func() error { sent = true; return nil }); !errors.Is(err, failing) || !sent {
		t.Errorf("sent: %t, error: %v", sent, err)
	}
	entries := h.Entries()
	if len(entries) != 2 || entries[0].Step.Ended || !entries[1].Step.Ended || !entries[1].Step.Failed || entries[1].Step.Who != "manager" {
		t.Errorf("entries: %v", entries)
	}
}

// An excuse lets one check pass, and fails where it is not needed, or excuses what is no check.
func TestJudge(t *testing.T) {
	checks := []Check{
		{"S1", "the first", func(*View) []Violation { return []Violation{{Entry: 1, What: "broke"}} }},
		{"S2", "the second", func(*View) []Violation { return nil }},
	}
	view := NewView([]Entry{{Number: 1, Fault: "something"}})
	for name, tc := range map[string]struct {
		excuses []excuse
		want    []string
	}{
		"what breaks is told with its place": {nil, []string{"S1 (the first) is broken: broke\n  at #1"}},
		"what is excused is not told":        {[]excuse{{check: "S1", why: "on purpose"}}, nil},
		"an excuse that nobody needs":        {[]excuse{{check: "S1", why: "on purpose"}, {check: "S2", why: "once"}}, []string{"S2 was excused (once), and holds: take the excuse away"}},
		"an excuse that need not be needed":  {[]excuse{{check: "S1", why: "on purpose"}, {check: "S2", why: "at times", mayHold: true}}, nil},
		"an excuse for nothing":              {[]excuse{{check: "S1", why: "on purpose"}, {check: "S0", why: "once"}}, []string{"S0 was excused (once), and is no check"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, complaint := range judge(view, checks, tc.excuses) {
				complaint, _, _ = strings.Cut(complaint, " 00:")
				got = append(got, complaint)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("complaints (-want +got):\n%s", diff)
			}
		})
	}
}
