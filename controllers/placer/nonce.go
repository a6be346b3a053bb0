package placer

import (
	"crypto/rand"
	"encoding/base32"
	"strings"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

// NewNonce returns fresh random base-32 characters.
func NewNonce() string {
	random := make([]byte, 10)
	// crypto/rand does not fail: it ends the process instead.
	_, _ = rand.Read(random)
	return strings.ToLower(base32.StdEncoding.EncodeToString(random))[:lifecycle.NonceLength]
}
