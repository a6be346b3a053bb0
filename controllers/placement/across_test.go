package placement

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func app(name string) mesos.Selector {
	return mesos.Selector{{Label: "app", Operator: mesos.In, Values: []string{name}}}
}

// labelled gives a task label app and a placement.
func labelled(task Task, name string, placement mesos.Placement) Task {
	task.Labels, task.Rules = map[string]string{"app": name}, Compile(&placement)
	return task
}

// peer is a task with label app that has an agent.
func peer(name, agent string) Peer {
	return Peer{Namespace: "shop", Labels: map[string]string{"app": name}, AgentID: agent}
}

func TestPlace_across(t *testing.T) {
	r1, r2, also := with(offer("a", 1, 4*cpu, gib), text("rack", "r1")), with(offer("b", 2, 4*cpu, gib), text("rack", "r2")), with(offer("c", 3, 4*cpu, gib), text("rack", "r1"))
	bare := offer("d", 4, 4*cpu, gib)
	all := []mesos.Offer{r1, r2, also}
	known := NewAgents(mesos.Agents{Serving: []mesos.Agent{r1.Agent(), r2.Agent(), also.Agent()}, Others: []mesos.Agent{{ID: "lost", Attributes: r1.Attributes}}})
	onePerRack := mesos.Placement{Spread: []mesos.Spread{{By: rack, Among: app("web"), MaxPerValue: 1}}}
	likeOne := mesos.Placement{Spread: []mesos.Spread{{By: rack, Among: app("web"), MaxPerValue: 1, Preferred: true}}}
	even := mesos.Placement{Spread: []mesos.Spread{{By: rack, Among: app("web"), MaxSkew: 1}}}
	withDB := mesos.Placement{Together: []mesos.Together{{By: rack, Among: app("db")}}}
	withWeb := mesos.Placement{Together: []mesos.Together{{By: rack, Among: app("web")}}}
	web := func(placement mesos.Placement, names ...string) (tasks []Task) {
		for _, name := range names {
			tasks = append(tasks, labelled(task(name, 1000, cpu, mib), "web", placement))
		}
		return tasks
	}
	waits := func(name, text string) Verdict {
		return Verdict{Key: "shop/" + name, MustWait: true, Kind: Kind(text), Message: "3 offers: 3 fail " + text}
	}
	for name, c := range map[string]struct {
		tasks  []Task
		offers []mesos.Offer
		round  Round
		want   Result
	}{
		"two of one round are spread": {
			tasks: web(onePerRack, "1", "2"), offers: all,
			want: Result{Assignments: []Assignment{given("1", "a"), given("2", "b")}, Unused: []string{"c"}},
		},
		"a third waits its turn, as the round's own are in its way": {
			tasks: web(onePerRack, "1", "2", "3"), offers: all,
			want: Result{
				Assignments: []Assignment{given("1", "a"), given("2", "b")},
				Unplaced:    []Verdict{{Key: "shop/3", Message: "3 offers: 3 fit but other tasks come first"}}, Unused: []string{"c"},
			},
		},
		"what was placed before counts, wherever Mesos told of its agent": {
			tasks: web(onePerRack, "1"), offers: all, round: Round{Agents: known, Peers: []Peer{peer("web", "lost")}},
			want: Result{Assignments: []Assignment{given("1", "b")}, Unused: []string{"a", "c"}},
		},
		"what was recorded counts where Mesos has not told": {
			tasks: web(onePerRack, "1"), offers: all,
			round: Round{Peers: []Peer{{Namespace: "shop", Labels: map[string]string{"app": "web"}, AgentID: "x", Recorded: map[mesos.Key]string{rack: "r1"}}}},
			want:  Result{Assignments: []Assignment{given("1", "b")}, Unused: []string{"a", "c"}},
		},
		"one of whose agent nobody knows counts everywhere": {
			tasks: web(onePerRack, "1"), offers: all, round: Round{Agents: known, Peers: []Peer{peer("web", "x")}},
			want: Result{
				Unplaced: []Verdict{waits("1", "spread by rack (maxPerValue 1 of app=web), as of some nobody knows where they are")}, Unused: []string{"a", "b", "c"},
			},
		},
		"what is not selected does not": {
			tasks: web(onePerRack, "1"), offers: all,
			round: Round{Agents: known, Peers: []Peer{peer("db", "agent-a"), {Namespace: "other", Labels: map[string]string{"app": "web"}, AgentID: "agent-a"}}},
			want:  Result{Assignments: []Assignment{given("1", "a")}, Unused: []string{"b", "c"}},
		},
		"every rack has one": {
			tasks: web(onePerRack, "1"), offers: all, round: Round{Agents: known, Peers: []Peer{peer("web", "agent-a"), peer("web", "agent-b")}},
			want: Result{Unplaced: []Verdict{waits("1", "spread by rack (maxPerValue 1 of app=web)")}, Unused: []string{"a", "b", "c"}},
		},
		"an agent without a rack is none": {
			tasks: web(onePerRack, "1"), offers: []mesos.Offer{bare},
			want: Result{Unplaced: []Verdict{{
				Key: "shop/1", MustWait: true, Kind: "spread by rack (maxPerValue 1 of app=web) (no agent has attribute rack)",
				Message: "1 offer: 1 fails spread by rack (maxPerValue 1 of app=web) (no agent has attribute rack)",
			}}, Unused: []string{"d"}},
		},
		"what is only preferred takes the emptier one and waits for none": {
			tasks: web(likeOne, "1", "2"), offers: all, round: Round{Agents: known, Peers: []Peer{peer("web", "agent-a"), peer("web", "agent-a"), peer("web", "agent-b")}},
			want: Result{Assignments: []Assignment{given("1", "b"), given("2", "a")}, Unused: []string{"c"}},
		},
		"an even spread fills what has least": {
			tasks: web(even, "1", "2", "3"), offers: all, round: Round{Agents: known, Peers: []Peer{peer("web", "agent-a")}},
			want: Result{Assignments: []Assignment{given("1", "b"), given("2", "a"), given("3", "b")}, Unused: []string{"c"}},
		},
		"an even spread counts racks without an offer": {
			tasks: web(even, "1"), offers: []mesos.Offer{r1, also, with(offer("e", 5, 1, gib), text("rack", "r1"))}, round: Round{Agents: known, Peers: []Peer{peer("web", "agent-a")}},
			want: Result{Unplaced: []Verdict{waits("1", "spread by rack (maxSkew 1 of app=web)")}, Unused: []string{"a", "c", "e"}},
		},
		"together with what is there": {
			tasks: web(withDB, "1"), offers: all, round: Round{Agents: known, Peers: []Peer{peer("db", "agent-b")}},
			want: Result{Assignments: []Assignment{given("1", "b")}, Unused: []string{"a", "c"}},
		},
		"together with what is not there": {
			tasks: web(withDB, "1"), offers: all, round: Round{Agents: known},
			want: Result{Unplaced: []Verdict{waits("1", "together by rack (with app=db), of which none is placed")}, Unused: []string{"a", "b", "c"}},
		},
		"together with what comes later in the round": {
			tasks: append(web(withDB, "1"), labelled(task("2", 0, cpu, mib), "db", mesos.Placement{Constraints: []mesos.Constraint{where(rack, mesos.In, "r2")}})), offers: all,
			want: Result{Assignments: []Assignment{given("2", "b"), given("1", "b")}, Unused: []string{"a", "c"}},
		},
		"the first of its kind goes anywhere and the others to it": {
			tasks: append([]Task{labelled(task("big", 5000, 4*cpu, mib), "web", withWeb)}, web(withWeb, "1")...), offers: []mesos.Offer{r2, r1, also},
			want: Result{Assignments: []Assignment{given("big", "a"), given("1", "c")}, Unused: []string{"b"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Place(c.tasks, c.offers, c.round)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlace_sameLabels(t *testing.T) {
	rules := mesos.Placement{Spread: []mesos.Spread{{By: host, Among: app("web"), SameLabels: []string{"revision"}, MaxPerValue: 1}}}
	newer := labelled(task("new", 1, cpu, mib), "web", rules)
	newer.Labels["revision"] = "2"
	older := Peer{Namespace: "shop", Labels: map[string]string{"app": "web", "revision": "1"}, AgentID: "agent-a"}
	one := offer("a", 1, cpu, gib)
	agents := NewAgents(mesos.Agents{Serving: []mesos.Agent{one.Agent()}})
	if got := Place([]Task{newer}, []mesos.Offer{one}, Round{Agents: agents, Peers: []Peer{older}}).Assignments; len(got) != 1 {
		t.Errorf("a task of an earlier revision keeps one of the next from its host")
	}
	older.Labels["revision"] = "2"
	if got := Place([]Task{newer}, []mesos.Offer{one}, Round{Agents: agents, Peers: []Peer{older}}).Assignments; len(got) != 0 {
		t.Errorf("two tasks of one revision are on one host")
	}
}

func TestPlace_scoring(t *testing.T) {
	small, large := offer("a", 1, 2*cpu, gib), offer("b", 2, 4*cpu, 2*gib)
	for scoring, want := range map[mesos.Scoring]string{"": "a", mesos.Pack: "a", mesos.SpreadOut: "b"} {
		for _, offers := range [][]mesos.Offer{{small, large}, {large, small}} {
			got := Place([]Task{labelled(task("1", 1, cpu, mib), "web", mesos.Placement{Scoring: scoring})}, offers, Round{}).Assignments
			if len(got) != 1 || got[0].OfferID != want {
				t.Errorf("scoring %q: %+v, want offer %s", scoring, got, want)
			}
		}
	}
}

// TestPlace_rulesAboutOthersHold: whatever the order, no assignment goes where a required rule forbids it at that moment, and after the round no task
// that was not placed could be.
func TestPlace_rulesAboutOthersHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		apps, racks := []string{"a", "b"}, []string{"r0", "r1", "r2", ""}
		var told mesos.Agents
		var offers []mesos.Offer
		rackOf := map[string]string{}
		for i := range rapid.IntRange(1, 6).Draw(t, "agents") {
			one := offer(strconv.Itoa(i), 1, mesos.Scalar(rapid.Int64Range(0, 3).Draw(t, "room")), gib)
			one.AgentID = strconv.Itoa(i)
			if in := rapid.SampledFrom(racks).Draw(t, "rack"); in != "" {
				one.Attributes, rackOf[one.AgentID] = []mesos.Attribute{text("rack", in)}, in
			}
			told.Serving = append(told.Serving, one.Agent())
			if rapid.Bool().Draw(t, "has an offer") {
				offers = append(offers, one)
			}
		}
		rule := func() (p mesos.Placement) {
			among := app(rapid.SampledFrom(apps).Draw(t, "among"))
			switch rapid.IntRange(0, 3).Draw(t, "rule") {
			case 0:
				p.Spread = []mesos.Spread{{By: rack, Among: among, MaxPerValue: rapid.IntRange(1, 2).Draw(t, "most")}}
			case 1:
				p.Spread = []mesos.Spread{{By: rack, Among: among, MaxSkew: rapid.IntRange(1, 2).Draw(t, "skew")}}
			case 2:
				p.Together = []mesos.Together{{By: rack, Among: among}}
			}
			return p
		}
		placements := []mesos.Placement{rule(), rule(), rule()}
		rules := make([]*Rules, len(placements))
		for i := range rules {
			rules[i] = Compile(&placements[i])
		}
		var peers []Peer
		for range rapid.IntRange(0, 3).Draw(t, "peers") {
			agents := []string{"0", "1", "2", "unknown"}
			peers = append(peers, peer(rapid.SampledFrom(apps).Draw(t, "app"), rapid.SampledFrom(agents).Draw(t, "agent")))
		}
		tasks, of := []Task{}, map[string]int{}
		for i := range rapid.IntRange(1, 8).Draw(t, "tasks") {
			one := task(strconv.Itoa(i), 1, 1, mib)
			n := rapid.IntRange(0, len(rules)-1).Draw(t, "rules")
			one.Labels, one.Rules, of[one.Key] = map[string]string{"app": rapid.SampledFrom(apps).Draw(t, "app")}, rules[n], n
			tasks = append(tasks, one)
		}
		// allows judges by the plainest means.
		allows := func(task Task, agent string, placed []Peer) bool {
			counts, unknown, total := map[string]int{}, 0, 0
			p := placements[of[task.Key]]
			if len(p.Spread)+len(p.Together) == 0 {
				return true
			}
			var among mesos.Selector
			if len(p.Spread) > 0 {
				among = p.Spread[0].Among
			} else {
				among = p.Together[0].Among
			}
			for _, one := range placed {
				if !among.Selects(one.Labels) {
					continue
				}
				known := false
				for _, a := range told.Serving {
					known = known || a.ID == one.AgentID
				}
				if in := rackOf[one.AgentID]; in != "" {
					counts[in]++
					total++
				} else if !known {
					unknown++
					total++
				}
			}
			in := rackOf[agent]
			switch {
			case in == "":
				return false
			case len(p.Together) > 0:
				return counts[in] > 0 || total == 0 && among.Selects(task.Labels)
			case p.Spread[0].MaxPerValue > 0:
				return counts[in]+unknown+1 <= p.Spread[0].MaxPerValue
			}
			least := -1
			for _, other := range rackOf {
				if least < 0 || counts[other] < least {
					least = counts[other]
				}
			}
			return counts[in]+unknown+1-least <= p.Spread[0].MaxSkew
		}
		byKey, left := map[string]Task{}, map[string]mesos.Scalar{}
		for _, one := range tasks {
			byKey[one.Key] = one
		}
		for _, one := range offers {
			left[one.AgentID] = one.Scalars.CPUs
		}
		result := Place(tasks, offers, Round{Agents: NewAgents(told), Peers: peers})
		placed := peers
		for _, assignment := range result.Assignments {
			if !allows(byKey[assignment.Key], assignment.AgentID, placed) {
				t.Fatalf("%s goes to agent %s in rack %q, which its rules forbid: %+v", assignment.Key, assignment.AgentID, rackOf[assignment.AgentID], placed)
			}
			left[assignment.AgentID]--
			placed = append(placed, Peer{Namespace: "shop", Labels: byKey[assignment.Key].Labels, AgentID: assignment.AgentID})
		}
		for _, verdict := range result.Unplaced {
			for agent, room := range left {
				if room > 0 && allows(byKey[verdict.Key], agent, placed) {
					t.Fatalf("%s was not placed, though agent %s has room and its rules allow it", verdict.Key, agent)
				}
			}
		}
		for i, j := 0, len(tasks)-1; i < j; i, j = i+1, j-1 {
			tasks[i], tasks[j] = tasks[j], tasks[i]
		}
		if diff := cmp.Diff(result, Place(tasks, offers, Round{Agents: NewAgents(told), Peers: peers})); diff != "" {
			t.Fatalf("the same in another order (-first +second):\n%s", diff)
		}
	})
}
