package writes

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// version is an object as the API server had it at a resource version.
func version(uid, resourceVersion string) *v1alpha1.MesosTask {
	return &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: types.UID(uid), ResourceVersion: resourceVersion}}
}

func TestWritten_latest(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	cases := map[string]struct {
		kept, cached *v1alpha1.MesosTask
		// want is the resource version to decide on, doubtful whether it must be read live some time.
		want     string
		doubtful bool
	}{
		"nothing was written":                                 {nil, version("a", "5"), "5", false},
		"the cache lags":                                      {version("a", "7"), version("a", "5"), "7", true},
		"the cache shows the write":                           {version("a", "7"), version("a", "7"), "7", false},
		"the cache shows more":                                {version("a", "7"), version("a", "9"), "9", false},
		"the cache shows another object of the name":          {version("a", "7"), version("b", "9"), "9", false},
		"the cache shows an object of the name that is gone":  {version("b", "7"), version("a", "5"), "7", true},
		"versions are numbers, and longer ones are larger":    {version("a", "99"), version("a", "100"), "100", false},
		"an API server that was restored shows less for ever": {version("a", "100"), version("a", "99"), "100", true},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			w := &Written[*v1alpha1.MesosTask]{}
			if tc.kept != nil {
				w.Keep(tc.kept, start)
			}
			got, at, doubtful := w.Latest(tc.cached)
			if got.ResourceVersion != tc.want {
				t.Errorf("decides on version %s, want %s", got.ResourceVersion, tc.want)
			}
			if own := tc.kept != nil && got.UID == tc.kept.UID; own != at.Equal(start) || !own && !at.IsZero() {
				t.Errorf("it was written at %v", at)
			}
			want := time.Time{}
			if tc.doubtful {
				want = start.Add(cacheWithin)
			}
			if !doubtful.Equal(want) {
				t.Errorf("reads it live at %v, want %v", doubtful, want)
			}
		})
	}
}

// TestWritten_Doubt: after a write without an answer the object is read live at once, until something that was read or written is kept; another object of the
// name is none of that.
func TestWritten_Doubt(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	w := &Written[*v1alpha1.MesosTask]{}
	w.Keep(version("a", "7"), now)
	w.Doubt(version("a", "7"), now.Add(time.Second))
	for _, cached := range []string{"5", "7", "9"} {
		if _, _, doubtful := w.Latest(version("a", cached)); !doubtful.Equal(now.Add(time.Second)) {
			t.Errorf("with version %s in the cache it is read live at %v", cached, doubtful)
		}
	}
	if got, _, doubtful := w.Latest(version("b", "9")); got.UID != "b" || !doubtful.IsZero() {
		t.Errorf("of another object, %s is taken, and read live at %v", got.UID, doubtful)
	}
	w.Keep(version("a", "8"), now)
	if got, _, doubtful := w.Latest(version("a", "9")); got.ResourceVersion != "9" || !doubtful.IsZero() {
		t.Errorf("once it was read, version %s is taken, and read live at %v", got.ResourceVersion, doubtful)
	}
}
