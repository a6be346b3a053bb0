package placement

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestTold_Tell(t *testing.T) {
	type said struct {
		after   time.Duration
		kind    Kind
		message string
	}
	for name, c := range map[string]struct {
		said []said
		want []bool
	}{
		"what is said first is told at once": {
			[]said{{0, "cpus", "1 lacks cpus"}}, []bool{true},
		},
		"a sentence without any kind is told once": {
			[]said{{0, "", ""}, {0, "", ""}, {time.Hour, "", ""}}, []bool{true, false, false},
		},
		"the same is not told again, however long it stands": {
			[]said{{0, "cpus", "1 lacks cpus"}, {time.Hour, "cpus", "1 lacks cpus"}}, []bool{true, false},
		},
		"other counts of the same kind wait for half a minute": {
			[]said{{0, "cpus", "1"}, {29 * time.Second, "cpus", "2"}, {30 * time.Second, "cpus", "3"}}, []bool{true, false, true},
		},
		"each time they wait twice as long": {
			[]said{{0, "cpus", "1"}, {30 * time.Second, "cpus", "2"}, {89 * time.Second, "cpus", "3"}, {90 * time.Second, "cpus", "4"}},
			[]bool{true, true, false, true},
		},
		"another kind is told at once": {
			[]said{{0, "cpus", "1"}, {time.Second, "memory", "1"}, {2 * time.Second, "cpus,memory", "2"}}, []bool{true, false, true},
		},
		"another kind in the same words tells nothing new": {
			[]said{{0, "cpus", "1"}, {time.Hour, "memory", "1"}}, []bool{true, false},
		},
		"a kind that comes back waits like other counts": {
			[]said{{0, "cpus", "1"}, {time.Second, "memory", "2"}, {2 * time.Second, "cpus", "1"}, {31 * time.Second, "cpus", "1"}},
			[]bool{true, true, false, true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			told, start := Told{}, time.Unix(1_000_000, 0)
			got := make([]bool, len(c.said))
			for i, s := range c.said {
				got[i] = told.Tell(s.kind, s.message, start.Add(s.after))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Tell (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTold_TakeBack: what does not stand any more is told again once it would be told if it were other counts.
func TestTold_TakeBack(t *testing.T) {
	told, start := Told{}, time.Unix(1_000_000, 0)
	if !told.Tell("in use", "all is in use", start) || told.Tell("in use", "all is in use", start.Add(time.Hour)) {
		t.Fatal("what stands is told again, or nothing is told")
	}
	told.TakeBack()
	if again := told.Again(); !again.Equal(start.Add(30 * time.Second)) {
		t.Errorf("it may be told again %v later", again.Sub(start))
	}
	if told.Tell("in use", "all is in use", start.Add(29*time.Second)) || !told.Tell("in use", "all is in use", start.Add(30*time.Second)) {
		t.Error("taken back, it is told again at once, or never")
	}
}

// However the counts and kinds of a task's shortage change, second by second, ten thousand such tasks do not keep an API server busy.
func TestTold_TellsLittleOfWhatChangesAllTheTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOfNDistinct(rapid.SampledFrom([]Kind{"cpus", "memory", "disk", "cpus,memory"}), 1, 4, rapid.ID).Draw(t, "kinds")
		pattern := rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 10).Draw(t, "pattern")
		told, start, writes := Told{}, time.Unix(1_000_000, 0), 0
		for second := range 6 * 3600 {
			at := start.Add(time.Duration(second) * time.Second)
			if told.Tell(pattern[second%len(pattern)], at.String(), at) {
				writes++
			}
		}
		// 30 s, doubled five times, is beyond ten minutes; from then on one wait in ten minutes.
		waits := 6 + 6*3600/600
		if used := slices.Compact(slices.Sorted(slices.Values(pattern))); writes > waits*len(used) {
			t.Fatalf("%d kinds were told %d times in six hours, more than %d waits allow", len(used), writes, waits)
		}
	})
}

func TestPlace_KindIsTheSameWhateverTheNumbers(t *testing.T) {
	wants := task("one", 1, 4*cpu, 64*mib)
	short := func(offers ...mesos.Offer) Verdict { return Place([]Task{wants}, offers, Round{}).Unplaced[0] }
	few := short(offer("a", 1, cpu, gib), offer("b", 1, 4*cpu, mib))
	many := short(offer("a", 1, cpu, gib), offer("b", 1, 4*cpu, mib), offer("c", 1, 2*cpu, gib), offer("d", 1, 8*cpu, mib))
	if few.Kind != many.Kind || few.Message == many.Message {
		t.Errorf("%+v and %+v differ in kind, or in nothing", few, many)
	}
	if other := short(offer("a", 1, cpu, gib)); other.Kind == few.Kind {
		t.Errorf("%+v is of the kind of %+v", other, few)
	}
	if fits := Place([]Task{wants, task("two", 0, 4*cpu, 64*mib)}, []mesos.Offer{offer("a", 1, 4*cpu, gib)}, Round{}).Unplaced[0]; fits.Kind != "" {
		t.Errorf("%+v only waits its turn", fits)
	}
}
