package placement

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestPlace_avoids(t *testing.T) {
	// avoiding makes a task avoid agents: "a" comes last, "a!" is not used for another hour.
	avoiding := func(task Task, agents ...string) Task {
		for _, name := range agents {
			agent := AvoidedAgent{ID: "agent-" + name}
			if last := len(name) - 1; name[last] == '!' {
				agent = AvoidedAgent{ID: "agent-" + name[:last], Until: epoch.Add(time.Hour)}
			}
			task.Avoid = append(task.Avoid, agent)
		}
		return task
	}
	seeking := func(task Task) Task {
		task.Elsewhere = true
		return task
	}
	one := func(agents ...string) []Task { return []Task{avoiding(task("one", 1, cpu, mib), agents...)} }
	const until = ", where the task did not start: not used until 2026-01-02T04:04:05Z"
	waits := func(kind Kind, message string, unused ...string) Result {
		return Result{Unplaced: []Verdict{{Key: "shop/one", MustWait: true, Kind: kind, Message: message}}, Unused: unused}
	}
	a, b, c, d := offer("a", 1, cpu, gib), offer("b", 2, cpu, gib), offer("c", 3, cpu, gib), offer("d", 4, cpu, gib)
	small := offer("s", 1, 1, gib)
	for sentence, example := range map[string]struct {
		tasks  []Task
		offers []mesos.Offer
		round  Round
		want   Result
	}{
		"the agent on which it failed comes last": {
			tasks: one("a"), offers: []mesos.Offer{a, b}, want: Result{Assignments: []Assignment{given("one", "b")}, Unused: []string{"a"}},
		},
		"and serves where no other does": {
			tasks: one("a"), offers: []mesos.Offer{a, small}, want: Result{Assignments: []Assignment{given("one", "a")}, Unused: []string{"s"}},
		},
		"of several that where it failed longest ago": {
			tasks: one("a", "b"), offers: []mesos.Offer{a, b}, want: Result{Assignments: []Assignment{given("one", "b")}, Unused: []string{"a"}},
		},
		"others use it as before": {
			tasks:  []Task{avoiding(task("one", 2, cpu, mib), "a"), task("two", 1, cpu, mib)},
			offers: []mesos.Offer{a, b}, want: Result{Assignments: []Assignment{given("one", "b"), given("two", "a")}},
		},
		"the agent on which it did not start is not used": {
			tasks: one("a!"), offers: []mesos.Offer{a}, round: Round{Now: epoch},
			want: waits("avoided agents", "1 offer: 1 fits but is on host-a"+until, "a"),
		},
		"until its time is over": {
			tasks: one("a!"), offers: []mesos.Offer{a}, round: Round{Now: epoch.Add(time.Hour)}, want: Result{Assignments: []Assignment{given("one", "a")}},
		},
		"nor is it waited for while its offer is declined": {
			tasks: one("a!"), offers: []mesos.Offer{small}, round: Round{Now: epoch, Declined: []mesos.Offer{a}},
			want: waits("cpus,avoided agents", "2 offers: 1 lacks cpus (want 1), 1 fits but is on host-a"+until, "s"),
		},
		"what has no room is not said to be avoided": {
			tasks: []Task{avoiding(task("one", 1, 2*cpu, mib), "a!")}, offers: []mesos.Offer{a}, round: Round{Now: epoch},
			want: waits("cpus", "1 offer: 1 lacks cpus (want 2)", "a"),
		},
		"several are named": {
			tasks: one("a!", "b!"), offers: []mesos.Offer{a, b}, round: Round{Now: epoch},
			want: waits("avoided agents", "2 offers: 2 fit but are on host-a and host-b"+until, "a", "b"),
		},
		"many are counted": {
			tasks: one("a!", "b!", "c!", "d!"), offers: []mesos.Offer{a, b, c, d}, round: Round{Now: epoch},
			want: waits("avoided agents", "4 offers: 4 fit but are on host-a, host-b and 2 more"+until, "a", "b", "c", "d"),
		},
		"another agent's declined offer is sought first": {
			tasks: []Task{seeking(one("a")[0])}, offers: []mesos.Offer{a}, round: Round{Declined: []mesos.Offer{b}},
			want: Result{Unplaced: []Verdict{{
				Key: "shop/one", Elsewhere: true, Message: "2 offers: 1 fits but is not on offer at the moment, 1 fits but other tasks come first",
			}}, Unused: []string{"a"}},
		},
		"but not one without room": {
			tasks: []Task{seeking(one("a")[0])}, offers: []mesos.Offer{a}, round: Round{Declined: []mesos.Offer{small}},
			want: Result{Assignments: []Assignment{given("one", "a")}},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(example.want, Place(example.tasks, example.offers, example.round)); diff != "" {
				t.Errorf("Place (-want +got):\n%s", diff)
			}
		})
	}
}
