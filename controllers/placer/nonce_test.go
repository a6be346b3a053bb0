package placer_test

import (
	"testing"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/placer"
)

// TestNewNonce: no two are the same, and each can stand in a task ID.
func TestNewNonce(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		nonce := placer.NewNonce()
		id := lifecycle.TaskID{Namespace: "shop", Name: "web", Hash: "24cc0cdfc", Nonce: nonce}
		if parsed, err := lifecycle.ParseOwnTaskID(id.String()); err != nil || parsed != id || len(nonce) != lifecycle.NonceLength {
			t.Fatalf("%q makes %v: %v", nonce, parsed, err)
		}
		if seen[nonce] {
			t.Fatalf("%s came twice", nonce)
		}
		seen[nonce] = true
	}
}
