package writes

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestOwn_missing(t *testing.T) {
	start, owner := time.Unix(1_000_000, 0), types.NamespacedName{Namespace: "shop", Name: "web"}
	leaving := version("a", "6")
	leaving.DeletionTimestamp = &metav1.Time{Time: start}
	cases := map[string]struct {
		deleted bool
		cached  []client.Object
		after   time.Duration
		// missing and doubtful are how many there are.
		missing, doubtful int
	}{
		"a creation that the cache does not have":            {missing: 1},
		"a patch that the cache does not have":               {cached: []client.Object{version("a", "5")}, missing: 1},
		"a write that the cache shows":                       {cached: []client.Object{version("a", "7")}},
		"a write that the cache shows more than":             {cached: []client.Object{version("a", "70")}},
		"another object":                                     {cached: []client.Object{version("b", "70")}, missing: 1},
		"a deletion that the cache does not show":            {deleted: true, cached: []client.Object{version("a", "7")}, missing: 1},
		"a deletion that the cache shows":                    {deleted: true, cached: []client.Object{leaving}},
		"a deletion of what is gone":                         {deleted: true},
		"a creation that the cache has not had for too long": {after: cacheWithin, missing: 1, doubtful: 1},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			o := &Own{}
			if tc.deleted {
				o.Deleted(owner, version("a", "7"), start)
			} else {
				o.Wrote(owner, version("a", "7"), start)
			}
			missing, doubtful := o.Missing(owner, tc.cached, start.Add(tc.after))
			if len(missing) != tc.missing || len(doubtful) != tc.doubtful {
				t.Errorf("%d are missing and %d doubtful, want %d and %d", len(missing), len(doubtful), tc.missing, tc.doubtful)
			}
			if missing, _ := o.Missing(types.NamespacedName{Name: "other"}, nil, start); len(missing) > 0 {
				t.Error("another owner misses it too")
			}
			o.Forget(owner, "a")
			if missing, _ := o.Missing(owner, nil, start); len(missing) > 0 {
				t.Error("it is missed though it was to be forgotten")
			}
		})
	}
}
