package requests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// nonces are made in this order: aaaa, bbbb, ...
func nonces() func() string {
	next := 'a' - 1
	return func() string {
		next++
		return strings.Repeat(string(next), 4)
	}
}

// TestCount_token: a token belongs to one count in one subscription.
func TestCount_token(t *testing.T) {
	nonce := nonces()
	first := Count{}.Next(1, []string{"b", "a"}, nonce)
	for sentence, tc := range map[string]struct {
		next Count
		want string
	}{
		"a count has its number and a nonce":                   {first, "2-aaaa"},
		"a later pass that counts the same, in whatever order": {first.Next(1, []string{"a", "b"}, nonce), "2-aaaa"},
		"as many others":                   {first.Next(1, []string{"a", "c"}, func() string { return "other" }), "2-other"},
		"the same in another subscription": {first.Next(2, []string{"a", "b"}, func() string { return "other" }), "2-other"},
		"nothing":                          {first.Next(1, nil, nonce), ""},
		"the same again after nothing":     {first.Next(1, nil, nonce).Next(1, []string{"a", "b"}, func() string { return "other" }), "2-other"},
		"nothing was ever counted":         {Count{}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := tc.next.Token(); got != tc.want {
				t.Errorf("token %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCount_judge(t *testing.T) {
	const name = "mesos.dev/x"
	now := Count{}.Next(1, []string{"a", "b"}, nonces())
	handled := []v1alpha1.HandledAnnotation{{Name: name, Value: "3-zzzz"}, {Name: "mesos.dev/y", Value: "2-aaaa"}}
	for sentence, tc := range map[string]struct {
		count  Count
		value  string
		follow bool
		why    string
	}{
		"no annotation":                    {now, "", false, ""},
		"the present count":                {now, "2-aaaa", true, ""},
		"one that was dealt with":          {now, "3-zzzz", false, ""},
		"an earlier count":                 {now, "3-yyyy", false, "that is 2-aaaa"},
		"the bare number":                  {now, "2", false, "that is 2-aaaa"},
		"nothing is there":                 {Count{}, "2-aaaa", false, "nothing of that kind"},
		"a text that is long is shortened": {now, strings.Repeat("é", 5000), false, "..."},
	} {
		t.Run(sentence, func(t *testing.T) {
			follow, why := tc.count.Judge(handled, name, tc.value)
			if follow != tc.follow || !strings.Contains(why, tc.why) || (why == "") != (tc.why == "") || len(why) > 1024 {
				t.Errorf("follow %t, why %q; want %t and %q", follow, why, tc.follow, tc.why)
			}
		})
	}
}

// TestHandle: what is remembered is bounded, and what an annotation still has is never forgotten.
func TestHandle(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	present := map[string]string{"a": "0", "b": "1"}
	handled := Handle(nil, "a", "0", start, present)
	handled = Handle(handled, "b", "1", start, present)
	for n := range 3 * HandledAtMost {
		handled = Handle(handled, "b", fmt.Sprintf("x%d", n), start.Add(time.Duration(n)*time.Second), present)
	}
	if len(handled) != HandledAtMost || !IsHandled(handled, "a", "0") || !IsHandled(handled, "b", "1") {
		t.Errorf("%d are remembered: %v", len(handled), handled)
	}
	last := handled[len(handled)-1]
	if want := (metav1.Time{Time: start.Add((3*HandledAtMost - 1) * time.Second)}); last.Value != "x47" || !last.Time.Equal(&want) {
		t.Errorf("the last is %v", last)
	}
}

func TestList(t *testing.T) {
	for value, want := range map[string][]string{"": nil, " ,": nil, "S1": {"S1"}, " S1, S2 ,": {"S1", "S2"}} {
		if got := List(value); !slices.Equal(got, want) {
			t.Errorf("%q names %v, want %v", value, got, want)
		}
	}
}
