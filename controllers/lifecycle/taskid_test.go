package lifecycle

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// TestParseOwnTaskID: what only looks like an ID of ours is another scheduler's.
func TestParseOwnTaskID(t *testing.T) {
	long := strings.Repeat("n", 63)
	for taskID, want := range map[string]bool{
		"shop.web.1aaaaaaaa.abcdefgh27":             true,
		"shop.web.20123abcd.abcdefgh27":             true,
		"shop.web.z0123abcd.abcdefgh27":             true, // a later version's
		"shop.web-0.1aaaaaaaa.abcdefgh27":           true,
		long + "." + long + ".1aaaaaaaa.abcdefgh27": true,
		"a.b.c.d":                           false,
		"shop.web.1aaaaaaaa.n":              false,
		"shop.web.1aaaaaaaa.abcdefgh01":     false,
		"shop.web.1aaaaaaaa.abcdefgh277":    false,
		"shop.web.1aaaaaaa.abcdefgh27":      false,
		"shop.web.1aaaaaaag.abcdefgh27":     false,
		"Shop.web.1aaaaaaaa.abcdefgh27":     false,
		"shop.-web.1aaaaaaaa.abcdefgh27":    false,
		"shop.web_0.1aaaaaaaa.abcdefgh27":   false,
		long + "n.web.1aaaaaaaa.abcdefgh27": false,
		"x.shop.web.1aaaaaaaa.abcdefgh27":   false,
		"shop.web.1aaaaaaaa.abcdefgh27\n":   false,
		".web.1aaaaaaaa.abcdefgh27":         false,
		"":                                  false,
	} {
		id, err := ParseOwnTaskID(taskID)
		if (err == nil) != want || want && id.String() != taskID {
			t.Errorf("%q is %+v and %v, want ours: %t", taskID, id, err, want)
		}
	}
}

// FuzzTaskID: whatever the parts are, an ID that is taken apart has them, and put together again it is the same. What counts as ours names a
// namespace and an object that can exist, and is an ID that Mesos takes.
func FuzzTaskID(f *testing.F) {
	f.Add("shop", "web", "1aaaaaaaa", "abcdefgh27")
	f.Add("shop", "web-0", "z0123abcd", "abcdefgh27")
	f.Add("", "web.1", "1aaaaaaaa\n", "ABCDEFGH27")
	f.Add("-", "a.b", "20123abcd.", ".")
	f.Add(strings.Repeat("n", 63), strings.Repeat("o", 64), "10000000\xff", "\x00")
	f.Fuzz(func(t *testing.T, namespace, name, hash, nonce string) {
		want := TaskID{Namespace: namespace, Name: name, Hash: hash, Nonce: nonce}
		taskID := want.String()
		id, err := ParseTaskID(taskID)
		whole := namespace != "" && name != "" && hash != "" && nonce != "" && strings.Count(taskID, ".") == 3
		if (err == nil) != whole || whole && id != want {
			t.Fatalf("%q is taken apart as %+v and %v", taskID, id, err)
		}
		own, err := ParseOwnTaskID(taskID)
		if err != nil {
			return
		}
		if own != id || own.String() != taskID {
			t.Fatalf("%q is ours as %+v, and as any is %+v", taskID, own, id)
		}
		for _, label := range []string{own.Namespace, own.Name} {
			if complaints := validation.IsDNS1123Label(label); len(complaints) > 0 {
				t.Fatalf("%q in %q: %v", label, taskID, complaints)
			}
		}
		if len(own.Nonce) != NonceLength || len(taskID) > 255 || strings.ContainsFunc(taskID, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '/' || c == '\\' }) {
			t.Fatalf("%q counts as ours", taskID)
		}
	})
}
