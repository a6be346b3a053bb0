package placement

import (
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// world is one round's input, drawn small so that tasks get in each other's way.
type world struct {
	tasks  []Task
	offers []mesos.Offer
	round  Round
}

func drawWorld(t *rapid.T) world {
	w := world{
		tasks:  make([]Task, rapid.IntRange(0, 12).Draw(t, "tasks")),
		offers: drawOffers(t, "offer"),
		round: Round{
			MaxAssignments: rapid.IntRange(0, 6).Draw(t, "limit"),
			PortOffset:     rapid.Uint64().Draw(t, "offset"),
			Now:            time.Unix(rapid.Int64Range(0, 20).Draw(t, "now"), 0), MaintenanceLead: time.Duration(rapid.IntRange(0, 5).Draw(t, "lead")) * time.Second,
			ShareGPUAgents: rapid.Bool().Draw(t, "share GPU agents"),
			Declined:       drawOffers(t, "declined"),
		},
	}
	for i := range w.tasks {
		w.tasks[i] = drawTask(t, i)
	}
	return w
}

func drawRole(t *rapid.T) string { return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "role") }

func drawScalars(t *rapid.T, most int64) mesos.Scalars {
	amount := rapid.Int64Range(0, most)
	return mesos.Scalars{
		CPUs: mesos.Scalar(amount.Draw(t, "cpus")), Memory: mesos.Scalar(amount.Draw(t, "memory")),
		Disk: mesos.Scalar(amount.Draw(t, "disk")), GPUs: mesos.Scalar(amount.Draw(t, "gpus")),
	}
}

func drawTask(t *rapid.T, i int) Task {
	ports := make([]mesos.Port, rapid.IntRange(0, 3).Draw(t, "ports"))
	for p := range ports {
		ports[p] = mesos.Port{Name: strconv.Itoa(p), HostPort: rapid.Uint32Range(0, 6).Draw(t, "hostPort")}
		if rapid.IntRange(0, 2).Draw(t, "UDP") == 0 {
			ports[p].Protocol = mesos.ProtocolUDP
		}
	}
	var ranges []mesos.NamedRange
	for range max(0, rapid.IntRange(-3, 2).Draw(t, "ranges")) {
		from := rapid.Uint32Range(1, 5).Draw(t, "from")
		ranges = append(ranges, mesos.NamedRange{From: from, To: from + rapid.Uint32Range(0, 2).Draw(t, "wide")})
	}
	var others []string
	for range max(0, rapid.IntRange(-4, 2).Draw(t, "other roles")) {
		others = append(others, drawRole(t))
	}
	namespace := rapid.SampledFrom([]string{"n", "n", "m", "o"}).Draw(t, "namespace")
	scalars := drawScalars(t, 4)
	return Task{
		Key: fmt.Sprintf("%s/%d", namespace, i), Namespace: namespace, Role: drawRole(t), OtherRoles: others, Resources: scalars, Ports: ports, Ranges: ranges,
		Rules: rapid.SampledFrom(someRules).Draw(t, "rules"), Others: drawOthers(t), Revocable: rapid.IntRange(0, 3).Draw(t, "revocable") == 0 && scalars.CPUs > 0,
		Since: time.Unix(rapid.Int64Range(0, 3).Draw(t, "since"), 0),
		Avoid: drawAvoided(t), Elsewhere: rapid.Bool().Draw(t, "elsewhere"),
		MaxRun: time.Duration(rapid.IntRange(0, 4).Draw(t, "most seconds")) * time.Second,
	}
}

// drawOthers draws what a task wants of other resources, mostly nothing.
func drawOthers(t *rapid.T) (wants []mesos.Other) {
	if rapid.IntRange(0, 2).Draw(t, "others") > 0 {
		return nil
	}
	if amount := rapid.Int64Range(0, 3).Draw(t, "fpga"); amount > 0 {
		wants = append(wants, mesos.Other{Name: "fpga", Scalar: mesos.Scalar(amount)})
	}
	if numbers := rapid.Uint64Range(0, 3).Draw(t, "lanes"); numbers > 0 {
		wants = append(wants, mesos.Other{Name: "lanes", Numbers: numbers})
	}
	if items := drawItems(t); len(items) > 0 {
		wants = append(wants, mesos.Other{Name: "licences", Items: items})
	}
	return wants
}

func drawItems(t *rapid.T) []string {
	items := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y", "z"}), 0, 3, rapid.ID[string]).Draw(t, "licences")
	slices.Sort(items)
	return items
}

// heldBy draws what an offer has of them.
func heldBy(t *rapid.T) mesos.Others {
	return mesos.Others{
		{Name: "fpga", Scalar: mesos.Scalar(rapid.Int64Range(0, 5).Draw(t, "has fpga"))},
		{Name: "lanes", Numbers: rapid.Uint64Range(0, 5).Draw(t, "has lanes")},
		{Name: "licences", Items: drawItems(t)},
	}
}

// someRules are rules that tasks may share.
var someRules = []*Rules{
	nil, nil,
	Compile(&mesos.Placement{Constraints: []mesos.Constraint{{By: mesos.Key{Attribute: "rack"}, Operator: mesos.In, Values: []string{"r0", "r1"}}}}),
	Compile(&mesos.Placement{Constraints: []mesos.Constraint{
		{By: mesos.Key{Attribute: "rack"}, Operator: mesos.NotMatches, Values: []string{"r[1-9]"}}, {By: mesos.Key{Field: mesos.FieldHostname}, Operator: mesos.NotIn, Values: []string{"h3"}},
	}}),
	Compile(&mesos.Placement{Constraints: []mesos.Constraint{{By: mesos.Key{Attribute: "disks"}, Operator: mesos.Exists}}}),
}

// admits says whether rules let an offer's agent in, by what traitsOf made of it.
func admits(rules *Rules, offer mesos.Offer) bool {
	agent := offer.AgentID
	switch slices.Index(someRules, rules) {
	case 2:
		return agent == "0" || agent == "1"
	case 3:
		return agent != "1" && agent != "2" && agent != "3"
	case 4:
		return false
	default:
		return true
	}
}

// traitsOf puts agents 0 to 2 into a rack each; the others are in none.
func traitsOf(offer *mesos.Offer) {
	offer.Hostname = "h" + offer.AgentID
	if offer.AgentID < "3" {
		offer.Attributes = []mesos.Attribute{{Name: "rack", Text: "r" + offer.AgentID}}
	}
}

// drawAvoided draws agents to avoid, some of them for good at the times that drawWorld draws.
func drawAvoided(t *rapid.T) []AvoidedAgent {
	ids := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"0", "1", "2", "3"}), 0, 4, rapid.ID[string]).Draw(t, "avoided")
	agents := make([]AvoidedAgent, len(ids))
	for i, id := range ids {
		agents[i] = AvoidedAgent{ID: id}
		if rapid.IntRange(0, 2).Draw(t, "barred") == 0 {
			agents[i].Until = time.Unix(rapid.Int64Range(0, 30).Draw(t, "until"), 0)
		}
	}
	return agents
}

func drawOffers(t *rapid.T, kind string) []mesos.Offer {
	offers := make([]mesos.Offer, rapid.IntRange(0, 5).Draw(t, kind))
	for i := range offers {
		begin := rapid.Uint64Range(0, 4).Draw(t, "begin")
		offers[i] = mesos.Offer{
			ID: fmt.Sprintf("%s-%d", kind, i), AgentID: strconv.Itoa(rapid.IntRange(0, 5).Draw(t, "agent")), Role: drawRole(t),
			Scalars: drawScalars(t, 8), Number: mesos.Number{Term: 1, Event: rapid.Uint64Range(1, 3).Draw(t, "event")},
			Ports:      []mesos.PortRange{{Begin: begin, End: begin + rapid.Uint64Range(0, 3).Draw(t, "more")}, {Begin: 8, End: 8}},
			OnGPUAgent: rapid.IntRange(0, 2).Draw(t, "on a GPU agent") == 0,
			Others:     heldBy(t),
		}
		if rapid.Bool().Draw(t, "lends") {
			offers[i].Revocable = drawScalars(t, 8)
		}
		traitsOf(&offers[i])
		if !offers[i].OnGPUAgent {
			offers[i].Scalars.GPUs = 0
		}
		if rapid.IntRange(0, 4).Draw(t, "maintained") == 0 {
			offers[i].Maintenance = mesos.Window{From: time.Unix(9, 0), Until: time.Unix(rapid.Int64Range(9, 14).Draw(t, "until"), 0)}
		}
	}
	return offers
}

func TestPlace_NeverGivesMoreThanIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		tasks, offers := map[string]Task{}, map[string]mesos.Offer{}
		for _, task := range w.tasks {
			tasks[task.Key] = task
		}
		for _, offer := range w.offers {
			offers[offer.ID] = offer
		}
		for _, assignment := range Place(w.tasks, w.offers, w.round).Assignments {
			task, offer := tasks[assignment.Key], offers[assignment.OfferID]
			if offer.ID == "" || offer.AgentID != assignment.AgentID || !mayUse(task, offer.Role) || assignment.Role != offer.Role {
				t.Fatalf("%+v is not for %+v", assignment, task)
			}
			if w.round.closed(task, offer) {
				t.Fatalf("%+v goes to an agent due for maintenance", assignment)
			}
			if !admits(task.Rules, offer) {
				t.Fatalf("%+v goes to agent %s, which its rules do not admit", assignment, offer.AgentID)
			}
			if offer.OnGPUAgent && task.Resources.GPUs == 0 && !w.round.ShareGPUAgents {
				t.Fatalf("%+v takes from a GPU agent and needs no GPU", assignment)
			}
			offers[offer.ID] = spend(t, offer, task, assignment)
		}
	})
}

// drawnBy is what a task takes of what is revocable in an offer, and what of the rest: CPUs as it says, the others where all of it is to be had.
func drawnBy(task Task, offer mesos.Offer) (drawn, others mesos.Scalars) {
	if !task.Revocable {
		return mesos.Scalars{}, task.Resources
	}
	for _, one := range []struct {
		want, lent    mesos.Scalar
		drawn, others *mesos.Scalar
	}{
		{task.Resources.Memory, offer.Revocable.Memory, &drawn.Memory, &others.Memory},
		{task.Resources.Disk, offer.Revocable.Disk, &drawn.Disk, &others.Disk},
		{task.Resources.GPUs, offer.Revocable.GPUs, &drawn.GPUs, &others.GPUs},
	} {
		if one.want <= one.lent {
			*one.drawn = one.want
		} else {
			*one.others = one.want
		}
	}
	drawn.CPUs = task.Resources.CPUs
	return drawn, others
}

func less(have, taken mesos.Scalars) mesos.Scalars {
	return mesos.Scalars{CPUs: have.CPUs - taken.CPUs, Memory: have.Memory - taken.Memory, Disk: have.Disk - taken.Disk, GPUs: have.GPUs - taken.GPUs}
}

// spend takes an assignment out of an offer by the plainest means, and fails where it was not in it.
func spend(t *rapid.T, offer mesos.Offer, task Task, assignment Assignment) mesos.Offer {
	if task.Others != nil {
		if lacks := offer.Others.Lacks(task.Others); lacks >= 0 {
			t.Fatalf("%+v took %+v out of %+v", assignment, task.Others, offer)
		}
		offer.Others = offer.Others.Less(task.Others)
	}
	drawn, others := drawnBy(task, offer)
	offer.Revocable, offer.Scalars = less(offer.Revocable, drawn), less(offer.Scalars, others)
	for _, s := range []mesos.Scalars{offer.Scalars, offer.Revocable} {
		if min(s.CPUs, s.Memory, s.Disk, s.GPUs) < 0 {
			t.Fatalf("%+v overdraws the offer: %+v", assignment, s)
		}
	}
	if len(assignment.HostPorts) != len(task.Ports) {
		t.Fatalf("%+v has not one port for each of %+v", assignment, task.Ports)
	}
	if twice(task.Ports) {
		t.Fatalf("%+v has a port twice in one protocol: %+v", assignment, task.Ports)
	}
	needed, fixed := fixedPorts(task)
	for i, port := range assignment.HostPorts {
		if want := task.Ports[i].HostPort; want != 0 && want != port {
			t.Fatalf("%+v has port %d for fixed port %d", assignment, port, want)
		}
		if task.Ports[i].HostPort == 0 {
			if _, taken := needed[port]; taken || port == 0 {
				t.Fatalf("%+v has port %d for any port, which is taken or none", assignment, port)
			}
			needed[port] = struct{}{}
		}
	}
	var left []mesos.PortRange
	found := 0
	for _, r := range offer.Ports {
		for p := r.Begin; p <= r.End; p++ {
			if _, ok := needed[uint32(p)]; ok {
				found++
				continue
			}
			left = append(left, mesos.PortRange{Begin: p, End: p})
		}
	}
	if found != len(needed) {
		t.Fatalf("%+v takes ports %v (%d of them fixed), of which some are not in the offer or were given before", assignment, needed, fixed)
	}
	offer.Ports = left
	return offer
}

func TestPlace_AccountsForEveryTaskAndOffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		result := Place(w.tasks, w.offers, w.round)
		var got, want []string
		offers := map[string]struct{}{}
		for _, assignment := range result.Assignments {
			got = append(got, assignment.Key)
			offers[assignment.OfferID] = struct{}{}
		}
		for _, verdict := range result.Unplaced {
			got = append(got, verdict.Key)
		}
		for _, task := range w.tasks {
			want = append(want, task.Key)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("tasks (-want +got):\n%s", diff)
		}
		for _, id := range result.Unused {
			if _, used := offers[id]; used {
				t.Fatalf("offer %s is used and unused", id)
			}
			offers[id] = struct{}{}
		}
		if len(offers) != len(w.offers) {
			t.Fatalf("%d of %d offers accounted for", len(offers), len(w.offers))
		}
		if limit := w.round.MaxAssignments; limit > 0 && len(result.Assignments) > limit {
			t.Fatalf("%d assignments, limit %d", len(result.Assignments), limit)
		}
	})
}

func TestPlace_IsTheSameWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		want := Place(w.tasks, w.offers, w.round)
		shuffle := rand.New(rand.NewSource(rapid.Int64().Draw(t, "shuffle")))
		shuffle.Shuffle(len(w.tasks), func(i, j int) { w.tasks[i], w.tasks[j] = w.tasks[j], w.tasks[i] })
		shuffle.Shuffle(len(w.offers), func(i, j int) { w.offers[i], w.offers[j] = w.offers[j], w.offers[i] })
		shuffle.Shuffle(len(w.round.Declined), func(i, j int) {
			w.round.Declined[i], w.round.Declined[j] = w.round.Declined[j], w.round.Declined[i]
		})
		if diff := cmp.Diff(want, Place(w.tasks, w.offers, w.round)); diff != "" {
			t.Fatalf("Place of the same in another order (-first +second):\n%s", diff)
		}
	})
}

// TestPlace_LeavesNobodyBehind checks first fit against a search without index: after the round no unplaced task of it, taken by
// itself, would fit into what is left, and a task is told to wait if and only if it fits nowhere even by itself.
func TestPlace_LeavesNobodyBehind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.round.MaxAssignments, w.round.Declined = 0, nil
		tasks, left := map[string]Task{}, map[string]mesos.Offer{}
		for _, task := range w.tasks {
			tasks[task.Key] = task
		}
		for _, offer := range w.offers {
			left[offer.ID] = offer
		}
		result := Place(w.tasks, w.offers, w.round)
		for _, assignment := range result.Assignments {
			left[assignment.OfferID] = spend(t, left[assignment.OfferID], tasks[assignment.Key], assignment)
		}
		for _, verdict := range result.Unplaced {
			alone := false
			for _, offer := range w.offers {
				alone = alone || fitsAlone(&w.round, tasks[verdict.Key], offer)
				if fitsAlone(&w.round, tasks[verdict.Key], left[offer.ID]) {
					t.Fatalf("%s was not placed but fits into %+v", verdict.Key, left[offer.ID])
				}
			}
			// A task that would have room but for a maintenance must find it soon after that is called off.
			for _, offer := range w.offers {
				if unmaintained := offer; verdict.MustWait && w.round.closed(tasks[verdict.Key], offer) {
					unmaintained.Maintenance = mesos.Window{}
					if fitsAlone(&w.round, tasks[verdict.Key], unmaintained) && !slices.Contains(result.Maintained, offer.ID) {
						t.Fatalf("%s would fit into %+v, which is not among %v", verdict.Key, offer, result.Maintained)
					}
				}
			}
			if alone == verdict.MustWait {
				t.Fatalf("%s: fits by itself %v, told to wait %v", verdict.Key, alone, verdict.MustWait)
			}
		}
	})
}

// closed says whether the agent of an offer is in the window that drawOffers gave it, or less than the lead before it and the task is not over by then.
func (round *Round) closed(task Task, offer mesos.Offer) bool {
	now, lead, most := round.Now.Unix(), int64(round.MaintenanceLead/time.Second), int64(task.MaxRun/time.Second)
	return !offer.Maintenance.From.IsZero() && now >= 9-lead && now < offer.Maintenance.Until.Unix() && (most == 0 || now+most >= 9)
}

// barred says whether the task may not use the agent of an offer yet.
func (round *Round) barred(task Task, offer mesos.Offer) bool {
	return slices.ContainsFunc(task.Avoid, func(agent AvoidedAgent) bool { return agent.ID == offer.AgentID && round.Now.Before(agent.Until) })
}

// TestPlace_AvoidsAgents: an agent that a task may not use it does not get, and one that it avoids only where no other has room, or had while it was
// sought. That it is sought keeps a task from nothing where no other agent's declined offer has room.
func TestPlace_AvoidsAgents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.round.MaxAssignments = 0
		tasks, left := map[string]Task{}, map[string]mesos.Offer{}
		for _, task := range w.tasks {
			tasks[task.Key] = task
		}
		for _, offer := range w.offers {
			left[offer.ID] = offer
		}
		result := Place(w.tasks, w.offers, w.round)
		for _, assignment := range result.Assignments {
			task := tasks[assignment.Key]
			if w.round.barred(task, left[assignment.OfferID]) {
				t.Fatalf("%s may not use agent %s", task.Key, assignment.AgentID)
			}
			for _, offer := range left {
				if task.avoids(assignment.AgentID) && !task.avoids(offer.AgentID) && fitsAlone(&w.round, task, offer) {
					t.Fatalf("%s avoids agent %s, and %+v has room", task.Key, assignment.AgentID, offer)
				}
			}
			left[assignment.OfferID] = spend(t, left[assignment.OfferID], task, assignment)
		}
		for _, verdict := range result.Unplaced {
			task := tasks[verdict.Key]
			elsewhere := task.Elsewhere && slices.ContainsFunc(w.round.Declined, func(offer mesos.Offer) bool {
				return !task.avoids(offer.AgentID) && fitsAlone(&w.round, task, offer) &&
					!slices.ContainsFunc(w.offers, func(o mesos.Offer) bool { return o.AgentID == offer.AgentID && o.Role == offer.Role })
			})
			if verdict.Elsewhere != elsewhere || elsewhere && verdict.MustWait {
				t.Fatalf("%+v, though another agent has room %v", verdict, elsewhere)
			}
			for _, offer := range left {
				if !elsewhere && fitsAlone(&w.round, task, offer) {
					t.Fatalf("%s was not placed but fits into %+v", task.Key, offer)
				}
			}
		}
	})
}

// fitsAlone says whether an offer has room for a task, port by port.
func fitsAlone(round *Round, task Task, offer mesos.Offer) bool {
	drawn, others := drawnBy(task, offer)
	want := task.Resources
	if !mayUse(task, offer.Role) || !admits(task.Rules, offer) || round.barred(task, offer) || round.closed(task, offer) || offer.OnGPUAgent && want.GPUs == 0 && !round.ShareGPUAgents ||
		offer.Others.Lacks(task.Others) >= 0 || !offer.Scalars.Hold(others) || !offer.Revocable.Hold(drawn) {
		return false
	}
	free := map[uint32]struct{}{}
	for _, r := range offer.Ports {
		for port := r.Begin; port <= r.End; port++ {
			free[uint32(port)] = struct{}{}
		}
	}
	delete(free, 0)
	needed, _ := fixedPorts(task)
	for port := range needed {
		if _, ok := free[port]; !ok {
			return false
		}
		delete(free, port)
	}
	anyPort := 0
	for _, port := range task.Ports {
		if port.HostPort == 0 {
			anyPort++
		}
	}
	return !twice(task.Ports) && anyPort <= len(free)
}

func mayUse(task Task, role string) bool {
	return role == task.Role || slices.Contains(task.OtherRoles, role)
}

// fixedPorts are the ports that a task must have, and how many.
func fixedPorts(task Task) (map[uint32]struct{}, int) {
	needed := map[uint32]struct{}{}
	for _, one := range task.Ranges {
		for port := one.From; port <= one.To; port++ {
			needed[port] = struct{}{}
		}
	}
	for _, port := range task.Ports {
		if port.HostPort != 0 {
			needed[port.HostPort] = struct{}{}
		}
	}
	return needed, len(needed)
}

// twice says whether a port stands twice in one protocol.
func twice(ports []mesos.Port) bool {
	type numbered struct {
		number   uint32
		protocol mesos.Protocol
	}
	seen := map[numbered]bool{}
	for _, one := range ports {
		port := numbered{one.HostPort, one.Protocol}
		if port.number != 0 && seen[port] {
			return true
		}
		seen[port] = true
	}
	return false
}

var countOffers = regexp.MustCompile(`(?:^| )(\d+) (?:offer|fail|lack|is on|are on|is for|are for|fit)`)

func TestPlace_CountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for _, verdict := range Place(w.tasks, w.offers, w.round).Unplaced {
			for message := range strings.SplitSeq(verdict.Message, "; ") {
				checkCounts(t, message)
			}
		}
	})
}

// checkCounts fails unless the parts of a sentence on one role add up to its whole.
func checkCounts(t *rapid.T, message string) {
	if strings.HasPrefix(message, noOffers) {
		return
	}
	numbers := countOffers.FindAllStringSubmatch(message, -1)
	sum := 0
	for _, match := range numbers[1:] {
		n, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if total := numbers[0][1]; total != strconv.Itoa(sum) {
		t.Fatalf("%q: the parts add up to %d", message, sum)
	}
}

func TestCounted_CountsByBlockAsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c counted
		for range rapid.IntRange(0, 4*blockSize).Draw(t, "offers") {
			ports := rapid.Uint64Range(0, 3).Draw(t, "ports")
			offer := mesos.Offer{Scalars: drawScalars(t, 3), Ports: []mesos.PortRange{{Begin: 1, End: ports}}, OnGPUAgent: rapid.Bool().Draw(t, "on a GPU agent"), Others: heldBy(t), Revocable: drawScalars(t, 3)}
			c.add(&offer, portsOf(offer.Ports), rapid.Bool().Draw(t, "declined"))
		}
		c.build()
		task := drawTask(t, 0)
		task.Rules = nil
		wanted := (&pool{shapes: map[shapeKey]*shape{}, round: &Round{ShareGPUAgents: rapid.Bool().Draw(t, "shared")}}).shape(&task)
		var want [outcomes]int
		for i := range c.plain.offers {
			want[c.outcome(&c.plain.offers[i], wanted)]++
		}
		for i := range c.onGPUAgents.offers {
			if wanted.noGPUAgents {
				want[forGPUTasks]++
			} else {
				want[c.outcome(&c.onGPUAgents.offers[i], wanted)]++
			}
		}
		if diff := cmp.Diff(want, c.count(wanted).outcomes); diff != "" {
			t.Fatalf("count (-one by one +by block):\n%s", diff)
		}
	})
}

// TestPlace_IsFair: of tasks that want the same, no namespace gets two more than another that still waits.
func TestPlace_IsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		namespaces := []string{"a", "b", "c", "d"}
		var tasks []Task
		waits := map[string]int{}
		for i := range rapid.IntRange(1, 40).Draw(t, "tasks") {
			namespace := rapid.SampledFrom(namespaces).Draw(t, "namespace")
			waits[namespace]++
			tasks = append(tasks, Task{
				Key: fmt.Sprintf("%s/%d", namespace, i), Namespace: namespace, Role: "a", Resources: mesos.Scalars{CPUs: 1},
				Since: time.Unix(rapid.Int64Range(0, 3).Draw(t, "since"), 0),
			})
		}
		turns := &Turns{}
		for range rapid.IntRange(0, 5).Draw(t, "turns") {
			turns.Assigned(rapid.SampledFrom(namespaces).Draw(t, "had its turn"))
			turns.EndRound()
		}
		offers := []mesos.Offer{{ID: "o", AgentID: "x", Role: "a", Scalars: mesos.Scalars{CPUs: mesos.Scalar(rapid.Int64Range(1, 40).Draw(t, "room"))}}}
		got := map[string]int{}
		for _, assignment := range Place(tasks, offers, Round{Turns: turns, MaxAssignments: rapid.IntRange(0, 20).Draw(t, "most")}).Assignments {
			namespace, _, _ := strings.Cut(assignment.Key, "/")
			got[namespace]++
		}
		for _, waiting := range namespaces {
			for _, other := range namespaces {
				if got[waiting] < waits[waiting] && got[other] > got[waiting]+1 {
					t.Fatalf("%s got %d of %d while %s got %d", waiting, got[waiting], waits[waiting], other, got[other])
				}
			}
		}
	})
}
