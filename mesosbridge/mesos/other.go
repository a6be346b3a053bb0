package mesos

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Other is a resource that a task asks for by its name, beside those that have a place of their own: Scalars and ports. One of Scalar, Items and Numbers
// says how much of it. It is part of the spec hash, as the fields of Task are.
type Other struct {
	Name string `json:"name"`
	// Scalar is an amount, in thousandths.
	Scalar Scalar `json:"scalar,omitempty"`
	// Items are those of a set that it must be, in ascending order.
	Items []string `json:"set,omitempty"`
	// Numbers is how many numbers of ranges it is, whichever they are.
	Numbers uint64 `json:"ranges,omitempty"`
}

// maxNamedItems is how many items of a set its text names.
const maxNamedItems = 3

// Want says to a person how much it is: 2, a and b, any 2.
func (o *Other) Want() string {
	switch {
	case o.Scalar > 0:
		return o.Scalar.Decimal()
	case o.Numbers > 0:
		return "any " + strconv.FormatUint(o.Numbers, 10)
	}
	named := make([]string, 0, maxNamedItems+1)
	for _, item := range o.Items[:min(len(o.Items), maxNamedItems)] {
		named = append(named, Short(item))
	}
	if more := len(o.Items) - len(named); more > 0 {
		named = append(named, strconv.Itoa(more)+" more")
	}
	last := len(named) - 1
	if last < 1 {
		return strings.Join(named, "")
	}
	return strings.Join(named[:last], ", ") + " and " + named[last]
}

// Held is how much there is of a resource of a name.
type Held struct {
	Name   string
	Scalar Scalar
	// Items are in ascending order, each once.
	Items   []string
	Numbers uint64
}

// Others is what there is of resources beside those that have a place of their own, in ascending order of their names. It is never changed in place.
type Others []Held

// of returns how much there is of a name.
func (o Others) of(name string) *Held {
	if i, found := slices.BinarySearchFunc(o, name, func(one Held, name string) int { return cmp.Compare(one.Name, name) }); found {
		return &o[i]
	}
	return &Held{}
}

// Lacks returns the index of the first want of which there is not enough, or -1.
func (o Others) Lacks(wants []Other) int {
	return slices.IndexFunc(wants, func(want Other) bool { return !o.of(want.Name).holds(want.Scalar, want.Items, want.Numbers) })
}

// Hold says whether other is no more of anything.
func (o Others) Hold(other Others) bool {
	return !slices.ContainsFunc(other, func(one Held) bool { return !o.of(one.Name).holds(one.Scalar, one.Items, one.Numbers) })
}

func (h *Held) holds(scalar Scalar, items []string, numbers uint64) bool {
	return h.Scalar >= scalar && h.Numbers >= numbers && !slices.ContainsFunc(items, func(item string) bool {
		_, found := slices.BinarySearch(h.Items, item)
		return !found
	})
}

// Less returns what is left without wants that are there.
func (o Others) Less(wants []Other) Others {
	left := slices.Clone(o)
	for i := range wants {
		want, from := &wants[i], left.of(wants[i].Name)
		from.Scalar -= want.Scalar
		from.Numbers -= want.Numbers
		if len(want.Items) > 0 {
			from.Items = slices.DeleteFunc(slices.Clone(from.Items), func(item string) bool { return slices.Contains(want.Items, item) })
		}
	}
	return left
}
