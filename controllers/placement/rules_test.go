package placement

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

var (
	rack = mesos.Key{Attribute: "rack"}
	host = mesos.Key{Field: mesos.FieldHostname}
)

func where(by mesos.Key, operator mesos.Operator, values ...string) mesos.Constraint {
	return mesos.Constraint{By: by, Operator: operator, Values: values}
}

// constrained makes a task have constraints.
func constrained(task Task, constraints ...mesos.Constraint) Task {
	task.Rules = Compile(&mesos.Placement{Constraints: constraints})
	return task
}

// with gives an offer's agent attributes.
func with(offer mesos.Offer, attributes ...mesos.Attribute) mesos.Offer {
	offer.Attributes = attributes
	return offer
}

func text(name, value string) mesos.Attribute { return mesos.Attribute{Name: name, Text: value} }

func TestConstraint_holds(t *testing.T) {
	agent := mesos.Agent{
		ID: "S1", Hostname: "web-1.example.org", Domain: mesos.Domain{Region: "eu", Zone: "a"},
		Attributes: []mesos.Attribute{
			text("rack", "r1"), text("disks", "ssd"), text("disks", "nvme"), mesos.ScalarAttribute("generation", 4), mesos.ScalarAttribute("load", 0.5),
			mesos.RangeAttribute("lanes", 10, 20), mesos.RangeAttribute("lanes", 40, 40), text("empty", ""),
		},
	}
	attribute := func(name string) mesos.Key { return mesos.Key{Attribute: name} }
	for _, c := range []struct {
		constraint mesos.Constraint
		want       bool
	}{
		{where(host, mesos.In, "web-1.example.org"), true},
		{where(host, mesos.In, "web-1"), false},
		{where(mesos.Key{Field: mesos.FieldRegion}, mesos.In, "us", "eu"), true},
		{where(mesos.Key{Field: mesos.FieldZone}, mesos.NotIn, "a"), false},
		{where(attribute("Hostname"), mesos.Exists), false},
		{where(rack, mesos.In, "r0", "r1"), true},
		{where(rack, mesos.In, "r"), false},
		{where(rack, mesos.NotIn, "r1"), false},
		{where(rack, mesos.NotIn, "r2"), true},
		{where(rack, mesos.Exists), true},
		{where(rack, mesos.DoesNotExist), false},
		{where(attribute("empty"), mesos.Exists), true},
		{where(attribute("empty"), mesos.In, ""), true},
		{where(attribute("none"), mesos.Exists), false},
		{where(attribute("none"), mesos.DoesNotExist), true},
		{where(attribute("none"), mesos.In, ""), false},
		{where(attribute("none"), mesos.NotIn, "a"), true},
		{where(attribute("none"), mesos.Matches, ".*"), false},
		{where(attribute("none"), mesos.NotMatches, ".*"), true},
		{where(attribute("none"), mesos.Gt, "0"), false},
		{where(rack, mesos.Matches, "r[0-9]"), true},
		{where(rack, mesos.Matches, "r"), false},
		{where(rack, mesos.NotMatches, "r"), true},
		{where(attribute("disks"), mesos.In, "nvme"), true},
		{where(attribute("disks"), mesos.NotIn, "nvme"), false},
		{where(attribute("disks"), mesos.NotIn, "hdd"), true},
		{where(attribute("generation"), mesos.In, "4"), true},
		{where(attribute("generation"), mesos.In, "4.0"), true},
		{where(attribute("generation"), mesos.In, "5", "x"), false},
		{where(attribute("generation"), mesos.Gt, "3.999"), true},
		{where(attribute("generation"), mesos.Gt, "4"), false},
		{where(attribute("generation"), mesos.Lt, "4.001"), true},
		{where(attribute("generation"), mesos.Matches, "4"), true},
		{where(attribute("load"), mesos.Lt, "1"), true},
		{where(attribute("load"), mesos.In, "0.5"), true},
		{where(attribute("lanes"), mesos.In, "15"), true},
		{where(attribute("lanes"), mesos.In, "40"), true},
		{where(attribute("lanes"), mesos.In, "30"), false},
		{where(attribute("lanes"), mesos.Gt, "39"), true},
		{where(attribute("lanes"), mesos.Gt, "40"), false},
		{where(attribute("lanes"), mesos.Lt, "11"), true},
		{where(attribute("lanes"), mesos.Matches, "10-20"), true},
		{where(rack, mesos.Gt, "0"), false},
		{where(rack, mesos.Matches, "("), false},
		{where(rack, mesos.NotMatches, "("), false},
		{where(rack, "Near"), false},
	} {
		made := compile(&c.constraint)
		if got := made.holds(agent.Values(c.constraint.By)); got != c.want {
			t.Errorf("%s: %t, want %t", made.text, got, c.want)
		}
	}
}

func TestPlace_constraints(t *testing.T) {
	one := func(constraints ...mesos.Constraint) []Task {
		return []Task{constrained(task("one", 1, cpu, 64*mib), constraints...)}
	}
	r1, r2 := with(offer("a", 1, 2*cpu, gib), text("rack", "r1")), with(offer("b", 2, 2*cpu, gib), text("rack", "r2"))
	bare, small := offer("c", 3, 2*cpu, gib), with(offer("d", 4, 2*cpu, mib), text("rack", "r3"))
	gone := with(offer("e", 5, 2*cpu, gib), text("rack", "r5"))
	for name, c := range map[string]struct {
		tasks  []Task
		offers []mesos.Offer
		round  Round
		want   Result
	}{
		"a task takes the first offer that its constraints leave": {
			tasks: one(where(rack, mesos.In, "r2", "r3")), offers: []mesos.Offer{r1, r2, bare},
			want: Result{Assignments: []Assignment{given("one", "b")}, Unused: []string{"a", "c"}},
		},
		"one without constraints takes what it leaves": {
			tasks: append(one(where(rack, mesos.In, "r2")), task("two", 0, cpu, mib)), offers: []mesos.Offer{r1, r2},
			want: Result{Assignments: []Assignment{given("one", "b"), given("two", "a")}},
		},
		"each offer is counted by the first thing that speaks against it": {
			tasks: one(where(rack, mesos.Exists), where(rack, mesos.NotIn, "r1", "r2")), offers: []mesos.Offer{r1, r2, bare, small},
			want: Result{
				Unplaced: []Verdict{{
					Key: "shop/one", MustWait: true, Kind: "memory,rack Exists,rack NotIn [r1 r2]",
					Message: "4 offers: 2 fail rack NotIn [r1 r2], 1 lacks memory (want 64Mi), 1 fails rack Exists",
				}},
				Unused: []string{"a", "b", "c", "d"},
			},
		},
		"what no agent has is said to be so": {
			tasks: one(where(mesos.Key{Attribute: "disk"}, mesos.In, "ssd")), offers: []mesos.Offer{r1, r2},
			round: Round{Agents: NewAgents(mesos.Agents{Serving: []mesos.Agent{r1.Agent()}})},
			want: Result{
				Unplaced: []Verdict{{
					Key: "shop/one", MustWait: true, Kind: "disk In [ssd] (no agent has attribute disk)",
					Message: "2 offers: 2 fail disk In [ssd] (no agent has attribute disk)",
				}},
				Unused: []string{"a", "b"},
			},
		},
		"what an agent without an offer has is not": {
			tasks: one(where(mesos.Key{Attribute: "disk"}, mesos.In, "ssd")), offers: []mesos.Offer{r1},
			round: Round{Agents: NewAgents(mesos.Agents{Serving: []mesos.Agent{{ID: "x", Attributes: []mesos.Attribute{text("disk", "ssd")}}}})},
			want: Result{
				Unplaced: []Verdict{{Key: "shop/one", MustWait: true, Kind: "disk In [ssd]", Message: "1 offer: 1 fails disk In [ssd]"}},
				Unused:   []string{"a"},
			},
		},
		"a zone that no agent says": {
			tasks: one(where(mesos.Key{Field: mesos.FieldZone}, mesos.Matches, "eu-.*")), offers: []mesos.Offer{r1},
			want: Result{
				Unplaced: []Verdict{{
					Key: "shop/one", MustWait: true, Kind: "Zone Matches eu-.* (no agent says its zone)",
					Message: "1 offer: 1 fails Zone Matches eu-.* (no agent says its zone)",
				}},
				Unused: []string{"a"},
			},
		},
		"an offer that was declined is waited for only where its agent will do": {
			tasks: one(where(rack, mesos.In, "r5")), offers: []mesos.Offer{r1}, round: Round{Declined: []mesos.Offer{gone, r2}},
			want: Result{
				Unplaced: []Verdict{{Key: "shop/one", Message: "3 offers: 2 fail rack In [r5], 1 fits but is not on offer at the moment"}}, Unused: []string{"a"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Place(c.tasks, c.offers, c.round)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlace_sentenceIsBounded: as many constraints as there can be, with the longest texts, make a sentence that a status has room for.
func TestPlace_sentenceIsBounded(t *testing.T) {
	var constraints []mesos.Constraint
	var offers []mesos.Offer
	for i := range 16 {
		key := mesos.Key{Attribute: fmt.Sprintf("%02d%s", i, strings.Repeat("ä", 126))}
		constraints = append(constraints, where(key, mesos.NotIn, strings.Repeat("b", 255), strings.Repeat("c", 255), strings.Repeat("d", 255), "e"))
		offers = append(offers, with(offer(fmt.Sprintf("o%d", i), 1, cpu, gib), text(key.Attribute, "e")))
	}
	verdict := Place([]Task{constrained(task("one", 1, cpu, mib), constraints...)}, offers, Round{}).Unplaced[0]
	if len(verdict.Message) > 1024 || !strings.HasPrefix(verdict.Message, "16 offers: 1 fails 00ä") || !strings.HasSuffix(verdict.Message, " for other reasons") {
		t.Errorf("%d bytes: %s", len(verdict.Message), verdict.Message)
	}
}
