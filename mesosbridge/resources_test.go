package mesosbridge

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestTaskInfo_limits(t *testing.T) {
	for name, c := range map[string]struct {
		limits *mesos.Limits
		want   map[string]mesospb.Value_Scalar
	}{
		"none":     {},
		"both":     {&mesos.Limits{CPUs: 1_500, Memory: 64_000}, map[string]mesospb.Value_Scalar{"cpus": {Value: 1.5}, "mem": {Value: 64}}},
		"one":      {&mesos.Limits{CPUs: 1_500}, map[string]mesospb.Value_Scalar{"cpus": {Value: 1.5}}},
		"no limit": {&mesos.Limits{Memory: mesos.Unlimited}, map[string]mesospb.Value_Scalar{"mem": {Value: math.Inf(1)}}},
	} {
		t.Run(name, func(t *testing.T) {
			info := mustTaskInfo(t, &mesos.Task{ID: "a", Limits: c.limits}, "a1", []mesospb.Resource{scalar("cpus", 1)})
			if diff := cmp.Diff(c.want, info.Limits); diff != "" {
				t.Errorf("the limits (-want +got):\n%s", diff)
			}
			// As it goes over the wire: infinity has no form in JSON, but one in protobuf.
			wire, err := info.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			var got mesospb.TaskInfo
			if err := got.Unmarshal(wire); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(info.Limits, got.Limits); diff != "" {
				t.Errorf("what arrives (-sent +got):\n%s", diff)
			}
		})
	}
}

func items(name string, all []string, reservedFor ...string) mesospb.Resource {
	return reserve(mesospb.Resource{Name: name, Type: mesospb.SET.Enum(), Set: &mesospb.Value_Set{Item: all}, AllocationInfo: &mesospb.Resource_AllocationInfo{Role: new("prod")}}, reservedFor)
}

func numbers(name string, ends []uint64, reservedFor ...string) mesospb.Resource {
	r := ports(ends, reservedFor...)
	r.Name = name
	return r
}

func TestStock_take_others(t *testing.T) {
	offered := []mesospb.Resource{
		scalar("fpga", 2), scalar("fpga", 0.5, "prod"), items("licences", []string{"a", "b"}), items("licences", []string{"c", "d"}, "prod"),
		numbers("lanes", []uint64{1, 2, 5, 5}), numbers("lanes", []uint64{3, 4, 9, 9}, "prod"), labelled(items("licences", []string{"e"}, "prod"), "owner", "db"),
	}
	want := mesos.Others{{Name: "fpga", Scalar: 2_500}, {Name: "lanes", Numbers: 6}, {Name: "licences", Items: []string{"a", "b", "c", "d"}}}
	if diff := cmp.Diff(want, stockOf(offered, nil).others()); diff != "" {
		t.Errorf("what is there (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		want    mesos.Other
		taken   []string
		refused string
	}{
		"an amount, what is reserved first": {mesos.Other{Name: "fpga", Scalar: 600}, []string{"fpga:0.5(prod)@prod", "fpga:0.1@prod"}, ""},
		"too large an amount":               {mesos.Other{Name: "fpga", Scalar: 2_501}, nil, "the offer lacks 0.001 fpga"},
		"the lowest numbers, what is reserved first": {
			mesos.Other{Name: "lanes", Numbers: 4}, []string{"lanes:[3-4][9-9](prod)@prod", "lanes:[1-1]@prod"}, "",
		},
		"all numbers":              {mesos.Other{Name: "lanes", Numbers: 6}, []string{"lanes:[3-4][9-9](prod)@prod", "lanes:[1-2][5-5]@prod"}, ""},
		"too many numbers":         {mesos.Other{Name: "lanes", Numbers: 7}, nil, "the offer lacks 7 lanes"},
		"items":                    {mesos.Other{Name: "licences", Items: []string{"b", "c"}}, []string{"licences:{c}(prod)@prod", "licences:{b}@prod"}, ""},
		"an item of others":        {mesos.Other{Name: "licences", Items: []string{"a", "e"}}, nil, "the offer lacks e of licences"},
		"what nobody has":          {mesos.Other{Name: "gold", Scalar: 1}, nil, "the offer lacks 0.001 gold"},
		"numbers of what has none": {mesos.Other{Name: "fpga", Numbers: 1}, nil, "the offer lacks 1 fpga"},
	} {
		t.Run(name, func(t *testing.T) {
			before := stockOf(offered, nil)
			taken, left, err := before.take(&mesos.Task{Others: []mesos.Other{c.want}})
			if (err != nil) != (c.refused != "") || err != nil && err.Error() != c.refused {
				t.Fatalf("the error is %v, want %q", err, c.refused)
			}
			if diff := cmp.Diff(want, before.others()); diff != "" {
				t.Errorf("the stock was changed: %s", diff)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(c.taken, show(taken)); diff != "" {
				t.Errorf("what is taken (-want +got):\n%s", diff)
			}
			if want, got := fmt.Sprint(want.Less([]mesos.Other{c.want})), fmt.Sprint(left.others()); got != want {
				t.Errorf("left is %s, want %s", got, want)
			}
		})
	}
}

// drawOffered draws resources of all types that are reserved to nobody, to a role or to one below it, some with a label of this framework or of another.
func drawOffered(t *rapid.T) (offered []mesospb.Resource) {
	for range rapid.IntRange(1, 12).Draw(t, "resources") {
		at := uint64(len(offered)) * 10
		ends := []uint64{at, at + rapid.Uint64Range(0, 4).Draw(t, "wide")}
		var r mesospb.Resource
		switch name := rapid.SampledFrom([]string{"cpus", "fpga", "ports", "lanes", "licences"}).Draw(t, "name"); name {
		case "ports", "lanes":
			r = numbers(name, ends)
		case "licences":
			r = items(name, []string{strconv.Itoa(len(offered)), "x" + strconv.Itoa(len(offered))})
		default:
			r = scalar(name, float64(rapid.IntRange(1, 3_000).Draw(t, "amount"))/1000)
		}
		switch rapid.IntRange(0, 4).Draw(t, "reserved") {
		case 1:
			r = reserve(r, []string{"prod"})
		case 2:
			r = reserve(r, []string{"prod", "prod/a"})
		case 3:
			r = labelled(reserve(r, []string{"prod"}), "owner", "web")
		case 4:
			r = labelled(reserve(r, []string{"prod"}), "owner", "db")
		}
		offered = append(offered, r)
	}
	return offered
}

// TestStock_take_reservedFirst: of every type, nothing is taken while what fewer others could use would have served, nothing that bears another's
// label, and nothing is refused that is there.
func TestStock_take_reservedFirst(t *testing.T) {
	ours := []mesos.Label{{Name: "owner", Value: "web"}}
	rapid.Check(t, func(t *rapid.T) {
		before := stockOf(drawOffered(t), ours)
		task := mesos.Task{Scalars: mesos.Scalars{CPUs: mesos.Scalar(rapid.IntRange(0, 4_000).Draw(t, "cpus"))}}
		task.Others = []mesos.Other{{Name: "fpga", Scalar: mesos.Scalar(rapid.IntRange(0, 4_000).Draw(t, "fpga"))}, {Name: "lanes", Numbers: rapid.Uint64Range(0, 12).Draw(t, "lanes")}}
		for i := range before {
			for _, r := range before[i].ranges {
				if before[i].resource.Name == "ports" && rapid.Bool().Draw(t, "port") {
					task.HostPorts = append(task.HostPorts, uint32(r.End))
				}
			}
			if len(before[i].items) > 0 && rapid.Bool().Draw(t, "licence") {
				task.Others = append(task.Others, mesos.Other{Name: "licences", Items: before[i].items[:1]})
			}
		}
		task.Others = slices.DeleteFunc(task.Others, func(one mesos.Other) bool { return one.Scalar == 0 && one.Numbers == 0 && one.Items == nil })
		fits := before.scalars().Hold(task.Scalars) && before.others().Lacks(task.Others) < 0
		taken, left, err := before.take(&task)
		if (err == nil) != fits {
			t.Fatalf("it fits: %v; %v", fits, err)
		}
		if err != nil {
			return
		}
		for i := range taken {
			if r := &taken[i]; !reservedForUs(r, ours) {
				t.Fatalf("it takes %v, which bears another's label", r)
			}
		}
		// Of an amount or numbers, whichever they are, a wider share is touched only where all narrower ones are empty.
		for i := range left {
			for j := range left[:i] {
				narrower, wider := &left[j], &left[i]
				touched := wider.amount < before[i].amount || mesos.CountPorts(wider.ranges) < mesos.CountPorts(before[i].ranges)
				if narrower.resource.Name != wider.resource.Name || narrower.resource.Name == "ports" || !touched || narrowness(&narrower.resource) == narrowness(&wider.resource) {
					continue
				}
				if narrower.amount > 0 || len(narrower.ranges) > 0 {
					t.Fatalf("it takes of %v while %v has %d and %v left", show([]mesospb.Resource{wider.resource}), show([]mesospb.Resource{narrower.resource}), narrower.amount, narrower.ranges)
				}
			}
		}
	})
}

func TestStock_take_revocable(t *testing.T) {
	lent := func(name string, amount float64) mesospb.Resource { return revocably(scalar(name, amount)) }
	offered := []mesospb.Resource{scalar("cpus", 1), scalar("cpus", 1, "prod"), lent("cpus", 2), scalar("mem", 512), lent("mem", 64), lent("fpga", 1), scalar("disk", 8)}
	for name, c := range map[string]struct {
		task    mesos.Task
		taken   []string
		refused string
	}{
		"of each name what is revocable": {
			task:  mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 1_500, Memory: 64_000}},
			taken: []string{"revocable cpus:1.5@prod", "revocable mem:64@prod"},
		},
		"of no name both": {
			task:  mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 100, Memory: 65_000, Disk: 1_000}},
			taken: []string{"mem:65@prod", "disk:1@prod", "revocable cpus:0.1@prod"},
		},
		"no other CPUs where those are too few": {
			task: mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 2_001}}, refused: "the offer lacks 0.001 revocable cpus",
		},
		"none where they are not asked for": {
			task: mesos.Task{Scalars: mesos.Scalars{CPUs: 2_001}}, refused: "the offer lacks 0.001 cpus",
		},
		"none of another name": {
			task: mesos.Task{Revocable: true, Scalars: mesos.Scalars{CPUs: 1}, Others: []mesos.Other{{Name: "fpga", Scalar: 1}}}, refused: "the offer lacks 0.001 fpga",
		},
	} {
		t.Run(name, func(t *testing.T) {
			taken, _, err := stockOf(offered, nil).take(&c.task)
			if (err != nil) != (c.refused != "") || err != nil && err.Error() != c.refused {
				t.Fatalf("the error is %v, want %q", err, c.refused)
			}
			if diff := cmp.Diff(c.taken, show(taken)); diff != "" {
				t.Errorf("what is taken (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStock_take_exact: over a thousand launches and ends of odd amounts, an offer is never short of a thousandth nor has one too many, by the sums of a
// master, which counts in thousandths (src/common/values.cpp).
func TestStock_take_exact(t *testing.T) {
	const whole = 1_111
	free, running, launches := mesos.Scalar(whole), []mesos.Scalar(nil), 0
	for launches < 1_000 {
		offered := stockOf([]mesospb.Resource{scalar("cpus", free.Float()/3), scalar("cpus", free.Float()-mesos.ScalarOf(free.Float()/3).Float(), "prod")}, nil)
		want := 1 + mesos.Scalar(launches*7%97)
		if offered.scalars().CPUs != free {
			t.Fatalf("after %d launches the offer has %d, of %d that are free", launches, offered.scalars().CPUs, free)
		}
		taken, _, err := offered.take(&mesos.Task{Scalars: mesos.Scalars{CPUs: want}})
		if (err != nil) != (want > free) {
			t.Fatalf("after %d launches there is %d for a task of %d: %v", launches, free, want, err)
		}
		if err != nil {
			free, running = free+running[0], running[1:]
			continue
		}
		sum := 0.0
		for i := range taken {
			sum += taken[i].Scalar.Value
		}
		if got := mesos.Scalar(math.Round(sum * 1000)); got != want {
			t.Fatalf("a task of %d got %d", want, got)
		}
		free, running, launches = free-want, append(running, want), launches+1
	}
	for _, one := range running {
		free += one
	}
	if free != whole {
		t.Errorf("%d is free in the end, of %d", free, whole)
	}
}
