package lifecycle

import (
	"strings"
	"testing"
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
