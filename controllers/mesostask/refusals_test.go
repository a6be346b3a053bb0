package mesostask

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestRefusals(t *testing.T) {
	key := types.NamespacedName{Namespace: "shop", Name: "web"}
	now := time.Unix(1_000_000, 0)
	holds := func(r *refusals, at time.Time) bool {
		message, _ := r.current(key, at)
		return message != ""
	}
	r := &refusals{}
	if holds(r, now) {
		t.Error("a refusal holds before there was one")
	}
	// However often writes are refused within the wait, it is not longer for it.
	for range 10 {
		r.add(key, "No", now)
	}
	if !holds(r, now) || holds(r, now.Add(firstRefusal)) {
		t.Errorf("the first refusal does not hold for %v", firstRefusal)
	}
	wait := firstRefusal
	for range 20 {
		now = now.Add(wait)
		r.add(key, "No", now)
		wait = min(2*wait, lastRefusal)
		if !holds(r, now.Add(wait-1)) || holds(r, now.Add(wait)) {
			t.Fatalf("a refusal after one that had run out does not hold for %v", wait)
		}
	}
	r.drop(key)
	r.add(key, "No", now)
	if holds(r, now.Add(firstRefusal)) {
		t.Error("a refusal after a write that was taken waits as long as the last one before it")
	}
}
