package placement

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// fleet makes tasks and offers for the benchmarks. Ten of the tasks fit on one offer if fit is set, none on any otherwise. With
// shapes greater than one, tasks and offers differ a little from each other.
func fleet(tasks, offers, shapes, namespaces int, fit bool) ([]Task, []mesos.Offer) {
	memory := mesos.Scalar(64 * mib)
	if !fit {
		memory = 16 * gib
	}
	pending := make([]Task, tasks)
	for i := range pending {
		pending[i] = Task{
			Key: fmt.Sprintf("shop-%d/task-%d", i%namespaces, i), Namespace: fmt.Sprintf("shop-%d", i%namespaces), Role: "*", Ports: []mesos.Port{{Name: "http"}},
			Resources: mesos.Scalars{CPUs: 100 + mesos.Scalar(i%shapes), Memory: memory + mesos.Scalar(i*7919%shapes)},
			Since:     time.Unix(int64(i%100), 0),
		}
	}
	atHand := make([]mesos.Offer, offers)
	for i := range atHand {
		atHand[i] = mesos.Offer{
			ID: fmt.Sprintf("offer-%d", i), AgentID: fmt.Sprintf("agent-%d", i), Role: "*",
			Scalars: mesos.Scalars{CPUs: 10*(100+mesos.Scalar(shapes)) + mesos.Scalar(i%shapes), Memory: 8*gib + mesos.Scalar(i%shapes)},
			Ports:   []mesos.PortRange{{Begin: 31000, End: 32000}},
		}
	}
	return pending, atHand
}

func BenchmarkPlace(b *testing.B) {
	for _, c := range []struct {
		name                              string
		tasks, offers, shapes, namespaces int
		fit                               bool
	}{
		{"1k tasks on 100 offers", 1_000, 100, 1, 1, true},
		{"10k tasks on 1k offers, all fit", 10_000, 1_000, 1, 1, true},
		{"10k tasks of 100 namespaces on 1k offers, all fit", 10_000, 1_000, 1, 100, true},
		{"10k tasks on 1k offers, all fit, all different", 10_000, 1_000, 10_000, 1, true},
		{"10k tasks on 1k offers, none fits", 10_000, 1_000, 1, 1, false},
		{"10k tasks on 1k offers, none fits, all different", 10_000, 1_000, 10_000, 1, false},
		{"100k tasks on 10k offers, all fit", 100_000, 10_000, 100, 1, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			tasks, offers := fleet(c.tasks, c.offers, c.shapes, c.namespaces, c.fit)
			placed := 0
			for b.Loop() {
				placed = len(Place(tasks, offers, Round{}).Assignments)
			}
			if c.fit != (placed > 0) {
				b.Fatalf("placed %d tasks", placed)
			}
			b.ReportMetric(float64(placed), "placed")
		})
	}
}

// BenchmarkPlace_constrained has a hundred sets of constraints among the tasks.
func BenchmarkPlace_constrained(b *testing.B) {
	for _, c := range []struct {
		name   string
		shapes int
		fit    bool
	}{
		{"10k tasks with 100 constraint sets on 1k offers, all fit", 1, true},
		{"10k tasks with 100 constraint sets on 1k offers, all fit, all different", 10_000, true},
		{"10k tasks with 100 constraint sets on 1k offers, none fits", 1, false},
		{"10k tasks with 100 constraint sets on 1k offers, none fits, all different", 10_000, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			tasks, offers := fleet(10_000, 1_000, c.shapes, 1, c.fit)
			constrain(tasks, offers, 100)
			placed := 0
			for b.Loop() {
				placed = len(Place(tasks, offers, Round{}).Assignments)
			}
			if c.fit != (placed > 0) {
				b.Fatalf("placed %d tasks", placed)
			}
			b.ReportMetric(float64(placed), "placed")
		})
	}
}

// BenchmarkPlace_spread has tasks in sets of so many, each of which would rather have its agent for itself.
func BenchmarkPlace_spread(b *testing.B) {
	for _, size := range []int{10, 1_000} {
		b.Run(fmt.Sprintf("10k tasks in sets of %d on 1k offers", size), func(b *testing.B) {
			tasks, offers := fleet(10_000, 1_000, 1, 1, true)
			for i := range offers {
				offers[i].Hostname = fmt.Sprintf("agent-%d.example.org", i)
			}
			for i := range tasks {
				set := fmt.Sprintf("set-%d", i/size)
				tasks[i].Labels = map[string]string{"set": set}
				tasks[i].Rules = Compile(&mesos.Placement{Spread: []mesos.Spread{{
					By: mesos.Key{Field: mesos.FieldHostname}, Among: mesos.Selector{{Label: "set", Operator: mesos.In, Values: []string{set}}}, MaxPerValue: 1, Preferred: true,
				}}})
			}
			placed := 0
			for b.Loop() {
				placed = len(Place(tasks, offers, Round{}).Assignments)
			}
			if placed != len(tasks) {
				b.Fatalf("placed %d tasks", placed)
			}
		})
	}
}

// constrain gives the offers' agents attributes, and the tasks so many sets of constraints, each of which leaves seven tenths of the agents.
func constrain(tasks []Task, offers []mesos.Offer, sets int) {
	for i := range offers {
		offers[i].Hostname = fmt.Sprintf("agent-%d.example.org", i)
		offers[i].Attributes = []mesos.Attribute{
			{Name: "rack", Text: fmt.Sprintf("r%d", i%10)}, {Name: "os", Text: "linux"}, mesos.ScalarAttribute("generation", float64(i%5)),
		}
	}
	rules := make([]*Rules, sets)
	for i := range rules {
		rules[i] = Compile(&mesos.Placement{Constraints: []mesos.Constraint{
			{By: mesos.Key{Attribute: "rack"}, Operator: mesos.NotIn, Values: []string{fmt.Sprintf("r%d", i%10), fmt.Sprintf("none-%d", i)}},
			{By: mesos.Key{Attribute: "os"}, Operator: mesos.Matches, Values: []string{"lin.*"}},
			{By: mesos.Key{Attribute: "generation"}, Operator: mesos.Gt, Values: []string{"0"}},
			{By: mesos.Key{Field: mesos.FieldHostname}, Operator: mesos.NotIn, Values: []string{fmt.Sprintf("agent-%d.example.org", i)}},
		}})
	}
	for i := range tasks {
		tasks[i].Rules = rules[i%sets]
	}
}

// BenchmarkEachWithEach is the yardstick for BenchmarkPlace: the same round as two plain loops that compare integers, without
// ports, verdicts and order.
func BenchmarkEachWithEach(b *testing.B) {
	for _, fit := range []bool{true, false} {
		b.Run(fmt.Sprintf("10k tasks on 1k offers, fit %v", fit), func(b *testing.B) {
			tasks, offers := fleet(10_000, 1_000, 10_000, 1, fit)
			placed := 0
			for b.Loop() {
				placed = eachWithEach(tasks, offers)
			}
			b.ReportMetric(float64(placed), "placed")
		})
	}
}

func eachWithEach(tasks []Task, offers []mesos.Offer) int {
	placed := 0
	left := make([]mesos.Scalars, len(offers))
	for i := range offers {
		left[i] = offers[i].Scalars
	}
	for i := range tasks {
		want := &tasks[i].Resources
		for j := range left {
			if has := &left[j]; has.CPUs >= want.CPUs && has.Memory >= want.Memory && has.Disk >= want.Disk && has.GPUs >= want.GPUs {
				has.CPUs -= want.CPUs
				has.Memory -= want.Memory
				placed++
				break
			}
		}
	}
	return placed
}
