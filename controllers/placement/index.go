package placement

import "github.com/mesos-operator/mesos-operator/mesosbridge/mesos"

// room is an amount of everything that a task takes and an offer has.
type room struct {
	mesos.Scalars
	// ports is a number of ports, whichever they are.
	ports int
}

// holds says whether want fits into r.
func (r *room) holds(want *room) bool {
	return r.CPUs >= want.CPUs && r.Memory >= want.Memory && r.Disk >= want.Disk && r.GPUs >= want.GPUs && r.ports >= want.ports
}

// less returns r without taken.
func (r room) less(taken room) room {
	r.CPUs -= taken.CPUs
	r.Memory -= taken.Memory
	r.Disk -= taken.Disk
	r.GPUs -= taken.GPUs
	r.ports -= taken.ports
	return r
}

// max returns the larger of r and other, amount by amount.
func (r room) max(other *room) room {
	return room{
		Scalars: mesos.Scalars{
			CPUs: max(r.CPUs, other.CPUs), Memory: max(r.Memory, other.Memory),
			Disk: max(r.Disk, other.Disk), GPUs: max(r.GPUs, other.GPUs),
		},
		ports: max(r.ports, other.ports),
	}
}

// min returns the smaller of r and other, amount by amount.
func (r room) min(other *room) room {
	return room{
		Scalars: mesos.Scalars{
			CPUs: min(r.CPUs, other.CPUs), Memory: min(r.Memory, other.Memory),
			Disk: min(r.Disk, other.Disk), GPUs: min(r.GPUs, other.GPUs),
		},
		ports: min(r.ports, other.ports),
	}
}

// index finds the first of many rooms that holds a want without looking at each: it is a binary tree over them in which every
// node knows the most that any room below it has of each amount.
type index struct {
	// leaves is the number of rooms, rounded up to a power of two.
	leaves int
	// most is the tree in the usual array form: the root at 1, the children of n at 2n and 2n+1, the rooms from leaves on.
	most []room
}

func newIndex(rooms []room) *index {
	leaves := 1
	for leaves < len(rooms) {
		leaves *= 2
	}
	x := &index{leaves: leaves, most: make([]room, 2*leaves)}
	for i := range x.most {
		x.most[i].ports = -1 // a leaf without a room holds nothing, not even a task that wants nothing
	}
	copy(x.most[leaves:], rooms)
	for n := leaves - 1; n > 0; n-- {
		x.raise(n)
	}
	return x
}

// at returns room i.
func (x *index) at(i int) room { return x.most[x.leaves+i] }

// holds says whether room i holds want, and mayHold whether any room may.
func (x *index) holds(i int, want *room) bool { return x.most[x.leaves+i].holds(want) }
func (x *index) mayHold(want *room) bool      { return x.most[1].holds(want) }

// set replaces room i.
func (x *index) set(i int, r room) {
	n := x.leaves + i
	x.most[n] = r
	for n /= 2; n > 0; n /= 2 {
		x.raise(n)
	}
}

// raise takes the most of both children of n.
func (x *index) raise(n int) { x.most[n] = x.most[2*n].max(&x.most[2*n+1]) }

// first returns the first room from number from on that holds want, or -1.
func (x *index) first(from int, want room) int {
	if from >= x.leaves {
		return -1
	}
	return x.descend(1, 0, x.leaves, from, &want)
}

// descend searches below node n, which spans the rooms begin to end-1.
func (x *index) descend(n, begin, end, from int, want *room) int {
	if end <= from || !x.most[n].holds(want) {
		return -1
	}
	if n >= x.leaves {
		return begin
	}
	middle := (begin + end) / 2
	if i := x.descend(2*n, begin, middle, from, want); i >= 0 {
		return i
	}
	return x.descend(2*n+1, middle, end, from, want)
}
