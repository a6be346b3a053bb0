package mesos

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOthers(t *testing.T) {
	have := Others{{Name: "fpga", Scalar: 2_000}, {Name: "lanes", Numbers: 3}, {Name: "licences", Items: []string{"a", "b", "d"}}}
	for name, c := range map[string]struct {
		wants []Other
		lacks int
		left  Others
	}{
		"nothing": {nil, -1, have},
		"all of it": {
			[]Other{{Name: "fpga", Scalar: 2_000}, {Name: "lanes", Numbers: 3}, {Name: "licences", Items: []string{"a", "b", "d"}}},
			-1,
			Others{{Name: "fpga"}, {Name: "lanes"}, {Name: "licences", Items: []string{}}},
		},
		"some of it": {
			[]Other{{Name: "fpga", Scalar: 1}, {Name: "lanes", Numbers: 1}, {Name: "licences", Items: []string{"b"}}},
			-1,
			Others{{Name: "fpga", Scalar: 1_999}, {Name: "lanes", Numbers: 2}, {Name: "licences", Items: []string{"a", "d"}}},
		},
		"too large an amount":    {[]Other{{Name: "fpga", Scalar: 2_001}}, 0, nil},
		"too many numbers":       {[]Other{{Name: "fpga", Scalar: 1}, {Name: "lanes", Numbers: 4}}, 1, nil},
		"an item that is not":    {[]Other{{Name: "licences", Items: []string{"a", "c"}}}, 0, nil},
		"an amount of a set":     {[]Other{{Name: "licences", Scalar: 1}}, 0, nil},
		"what there is not":      {[]Other{{Name: "gpu", Scalar: 1}}, 0, nil},
		"numbers of an amount":   {[]Other{{Name: "fpga", Numbers: 1}}, 0, nil},
		"items of a set's range": {[]Other{{Name: "lanes", Items: []string{"1"}}}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := have.Lacks(c.wants); got != c.lacks {
				t.Fatalf("lacks %d, want %d", got, c.lacks)
			}
			if c.lacks < 0 {
				if diff := cmp.Diff(c.left, have.Less(c.wants)); diff != "" {
					t.Errorf("what is left (-want +got):\n%s", diff)
				}
			}
		})
	}
	if len(have[2].Items) != 3 || have[0].Scalar != 2_000 {
		t.Errorf("what there was is %v now", have)
	}
	if less := (Others{{Name: "fpga", Scalar: 1}, {Name: "licences", Items: []string{"a"}}}); !have.Hold(less) || less.Hold(have) || !have.Hold(have) {
		t.Error("Hold does not say what is more")
	}
}

func TestOther_Want(t *testing.T) {
	for want, one := range map[string]Other{
		"0.5":                {Scalar: 500},
		"any 2":              {Numbers: 2},
		"a":                  {Items: []string{"a"}},
		"a and b":            {Items: []string{"a", "b"}},
		"a, b, c and 1 more": {Items: []string{"a", "b", "c", "d"}},
	} {
		if got := one.Want(); got != want {
			t.Errorf("it is %q, want %q", got, want)
		}
	}
}
