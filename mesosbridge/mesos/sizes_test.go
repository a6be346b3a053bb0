package mesos

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSizes(t *testing.T) {
	size := func(cpus, memory Scalar, ports ...PortRange) Size {
		return Size{Scalars: Scalars{CPUs: cpus, Memory: memory}, Ports: ports}
	}
	few, many := PortRange{31000, 31009}, PortRange{31000, 31999}
	for sentence, c := range map[string]struct{ sizes, want []Size }{
		"none":                         {nil, nil},
		"equal ones are one":           {[]Size{size(4, 4, few), size(4, 4, few)}, []Size{size(4, 4, few)}},
		"a smaller one adds nothing":   {[]Size{size(4, 4, many), size(2, 4, few)}, []Size{size(4, 4, many)}},
		"a larger one takes its place": {[]Size{size(2, 4, few), size(4, 4, many)}, []Size{size(4, 4, many)}},
		"each has more of something":   {[]Size{size(2, 4, few), size(4, 2, few)}, []Size{size(2, 4, few), size(4, 2, few)}},
		"other ports":                  {[]Size{size(4, 4, few), size(4, 4, PortRange{80, 80})}, []Size{size(4, 4, few), size(4, 4, PortRange{80, 80})}},
	} {
		t.Run(sentence, func(t *testing.T) {
			var got Sizes
			for _, one := range c.sizes {
				got = got.With(one)
			}
			if diff := cmp.Diff(Sizes(c.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("too many to tell apart are without bounds", func(t *testing.T) {
		var got Sizes
		for i := range Scalar(2 * maxSizes) {
			got = got.With(size(i, 2*maxSizes-i))
		}
		if len(got) != 1 || !got.Hold(&Task{Scalars: Scalars{CPUs: 1e9, GPUs: 1e9}, Ports: []Port{{HostPort: 80}, {HostPort: 65535}}}) {
			t.Errorf("they are %d", len(got))
		}
	})
	t.Run("all numbers are ports", func(t *testing.T) {
		if _, ports := (Sizes{size(1, 1, PortRange{0, math.MaxUint64})}).Most(); ports != math.MaxUint64 {
			t.Errorf("there are %d", ports)
		}
	})
}
