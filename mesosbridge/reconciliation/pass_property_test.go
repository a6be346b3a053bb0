package reconciliation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// fate is what becomes of one task in a run of the model.
type fate struct {
	// hears is when the master begins to answer questions about the task, and lag how long an answer takes.
	hears, lag time.Duration
	// copies is how often an answer arrives.
	copies int
	// says are the times of updates that nobody asked for.
	says []time.Duration
	// ends is when the task is known to be over; zero: never.
	ends time.Duration
	// askable is when rule 7 begins to allow asking.
	askable time.Duration
	// moves is when the task is seen on another agent.
	moves time.Duration
}

func drawFate(t *rapid.T, label string) fate {
	span := func(name string, most time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(most/time.Millisecond)).Draw(t, label+name)) * time.Millisecond
	}
	f := fate{
		lag:    span(" lag", 3*time.Second),
		copies: rapid.IntRange(1, 3).Draw(t, label+" copies"),
		moves:  span(" moves", 30*time.Second),
	}
	switch rapid.IntRange(0, 5).Draw(t, label+" kind") {
	case 0: // The master is silent about its agent for long.
		f.hears = span(" hears", 20*time.Minute)
	case 1:
		f.says = []time.Duration{span(" says", time.Minute), span(" says again", time.Minute)}
	case 2:
		f.ends = 1 + span(" ends", 2*time.Minute)
	case 3:
		f.askable = span(" askable", time.Minute)
	}
	return f
}

// model is a shell with a master, in values: it does what a pass says and holds the pass to the algorithm.
type model struct {
	*rapid.T
	pass    *Pass
	now     time.Duration
	due     time.Duration
	fates   map[string]fate
	last    map[string]mesos.Number
	events  uint64
	arrive  map[string][]time.Duration
	asked   map[string]int
	inRound map[string]int
	chunk   int
	rounds  int
	failing int
}

// seen is what the shell knows at the model's time.
func (m *model) seen(taskID string) Seen {
	f := m.fates[taskID]
	agent := "first"
	if m.now >= f.moves {
		agent = "second"
	}
	return Seen{
		Last:    m.last[taskID],
		Over:    f.ends > 0 && m.now >= f.ends,
		Askable: m.now >= f.askable,
		AgentID: agent,
	}
}

func (m *model) answered(taskID string) bool {
	s := m.seen(taskID)
	return s.Over || s.Last.After(start)
}

// advance lets time pass up to the next arrival, or to the limit.
func (m *model) advance(limit time.Duration) {
	next := limit
	for _, id := range slices.Sorted(maps.Keys(m.fates)) {
		for _, a := range m.arrive[id] {
			if a > m.now && a < next {
				next = a
			}
		}
		if e := m.fates[id].ends; e > m.now && e < next {
			next = e
		}
	}
	m.now = next
	for _, id := range slices.Sorted(maps.Keys(m.fates)) {
		m.arrive[id] = slices.DeleteFunc(m.arrive[id], func(a time.Duration) bool {
			if a > m.now {
				return false
			}
			m.events++
			m.last[id] = mesos.Number{Term: start.Term, Event: start.Event + m.events}
			return true
		})
	}
}

// ask checks a chunk and has the master answer it.
func (m *model) ask(chunk []Attempt) {
	if len(chunk) == 0 || len(chunk) > m.chunk {
		m.Fatalf("a chunk of %d, at most %d are allowed", len(chunk), m.chunk)
	}
	if m.now < m.due {
		m.Fatalf("asked at %v, before the round was due at %v", m.now, m.due)
	}
	for _, a := range chunk {
		s := m.seen(a.TaskID)
		if m.answered(a.TaskID) || !s.Askable {
			m.Fatalf("%s was asked about: answered or over %v, askable %v", a.TaskID, m.answered(a.TaskID), s.Askable)
		}
		if a.AgentID != s.AgentID {
			m.Fatalf("%s was asked about on agent %q, it was seen on %q", a.TaskID, a.AgentID, s.AgentID)
		}
		m.asked[a.TaskID]++
		if round := m.pass.Progress().Rounds; m.inRound[a.TaskID] == round {
			m.Fatalf("%s was asked about twice in a round", a.TaskID)
		} else {
			m.inRound[a.TaskID] = round
		}
	}
	if m.failing > 0 {
		m.failing--
		m.pass.CallFailed()
		return
	}
	for _, a := range chunk {
		if f := m.fates[a.TaskID]; m.now >= f.hears {
			for i := range f.copies {
				m.arrive[a.TaskID] = append(m.arrive[a.TaskID], m.now+f.lag+time.Duration(i)*time.Second+1)
			}
		}
	}
	m.pass.Sent(epoch.Add(m.now))
}

// roundOver checks that a round ended for a reason and has the next one wait.
func (m *model) roundOver() {
	m.rounds++
	left := 0
	for id := range m.fates {
		if !m.answered(id) {
			left++
		}
	}
	if left == 0 {
		m.Fatal("a round ended instead of the pass: nobody is left to ask")
	}
	if got := m.pass.Progress().Unanswered; got != left {
		m.Fatalf("progress says that %d are unanswered, there are %d", got, left)
	}
	m.due = m.now + min(5*time.Second<<min(m.rounds-1, 4), time.Minute)
	m.pass.NextRound(epoch.Add(m.due))
}

// run drives the pass to its end.
func (m *model) run() {
	for range 100_000 {
		step := m.pass.Step(epoch.Add(m.now), m.seen)
		switch step.Kind {
		case Ask:
			m.ask(step.Chunk)
		case RoundOver:
			m.roundOver()
		case Done:
			return
		case Wait:
			limit := step.At.Sub(epoch)
			if limit <= m.now {
				m.Fatalf("told at %v to wait until %v", m.now, limit)
			}
			m.advance(limit)
		}
	}
	m.Fatal("the pass does not end")
}

func newModel(t *rapid.T, fates map[string]fate, chunkSize int) *model {
	m := &model{
		T: t, fates: fates, chunk: chunkSize,
		last: make(map[string]mesos.Number), arrive: make(map[string][]time.Duration), asked: make(map[string]int), inRound: make(map[string]int),
	}
	var list []Attempt
	for _, id := range slices.Sorted(maps.Keys(fates)) {
		list = append(list, Attempt{TaskID: id, AgentID: "first"})
		m.arrive[id] = slices.Clone(fates[id].says)
	}
	m.pass = Begin(Params{Start: start, Attempts: list, ChunkSize: chunkSize, Now: epoch, FirstRoundAt: epoch})
	return m
}

func drawFates(t *rapid.T, most int) map[string]fate {
	fates := make(map[string]fate)
	for i := range rapid.IntRange(0, most).Draw(t, "tasks") {
		id := fmt.Sprintf("t%02d", i)
		fates[id] = drawFate(t, id)
	}
	return fates
}

// For any arrival of updates, late, repeated, out of order or missing, the pass asks exactly those that were not answered, in proper
// chunks, with their agents, in rounds that were due, and ends when all were answered or are over.
func TestPass_followsTheAlgorithm(t *testing.T) { rapid.Check(t, followsTheAlgorithm) }

// FuzzPass looks for an arrival with which it does not.
func FuzzPass(f *testing.F) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, seed))
		bytes := make([]byte, 4096)
		for i := range bytes {
			bytes[i] = byte(random.Uint32())
		}
		f.Add(bytes)
	}
	f.Fuzz(rapid.MakeFuzz(followsTheAlgorithm))
}

func followsTheAlgorithm(t *rapid.T) {
	m := newModel(t, drawFates(t, 25), rapid.IntRange(1, 10).Draw(t, "chunk size"))
	m.failing = rapid.IntRange(0, 3).Draw(t, "failing calls")
	m.run()
	for id := range m.fates {
		if !m.answered(id) {
			t.Fatalf("the pass is done and %s was not answered", id)
		}
	}
	if got := m.pass.Progress(); !got.Done || got.Unanswered != 0 || !got.FirstRoundThrough {
		t.Fatalf("unexpected progress at the end: %+v", got)
	}
}

// Every attempt that is unanswered and askable when a round comes to it is asked in that round.
func TestPass_leavesNobodyOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fates := drawFates(t, 25)
		for id, f := range fates {
			f.askable, f.hears = 0, 1000*time.Hour
			fates[id] = f
		}
		m := newModel(t, fates, rapid.IntRange(1, 10).Draw(t, "chunk size"))
		for {
			step := m.pass.Step(epoch.Add(m.now), m.seen)
			if step.Kind == RoundOver || step.Kind == Done {
				break
			}
			if step.Kind == Ask {
				m.ask(step.Chunk)
				continue
			}
			m.advance(step.At.Sub(epoch))
		}
		for id := range fates {
			if !m.answered(id) && m.asked[id] != 1 {
				t.Fatalf("%s is unanswered after the first round and was asked about %d times", id, m.asked[id])
			}
		}
	})
}

// One silent task delays nobody else: after one short round it is the only one that is asked about again.
func TestPass_isNotHeldUpByASilentTask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fates := make(map[string]fate)
		for i := range rapid.IntRange(1, 25).Draw(t, "tasks") {
			fates[fmt.Sprintf("t%02d", i)] = fate{
				lag:    time.Duration(rapid.Int64Range(0, 100).Draw(t, "lag")) * time.Millisecond,
				copies: 1,
			}
		}
		silent := fmt.Sprintf("t%02d", rapid.IntRange(0, len(fates)-1).Draw(t, "silent"))
		fates[silent] = fate{hears: 1000 * time.Hour, copies: 1}
		chunk := rapid.IntRange(1, 10).Draw(t, "chunk size")
		m := newModel(t, fates, chunk)
		for m.asked[silent] < 3 {
			step := m.pass.Step(epoch.Add(m.now), m.seen)
			switch step.Kind {
			case Ask:
				m.ask(step.Chunk)
			case RoundOver:
				if most := time.Duration(len(fates)/chunk+1) * time.Second; m.rounds == 0 && m.now > most {
					t.Fatalf("the first round of %d tasks took %v, more than %v", len(fates), m.now, most)
				}
				m.roundOver()
			case Wait:
				m.advance(step.At.Sub(epoch))
			case Done:
				t.Fatal("the pass is done and one task is silent")
			}
		}
		for id := range fates {
			if id != silent && (!m.answered(id) || m.asked[id] != 1) {
				t.Fatalf("%s was asked about %d times, answered: %v", id, m.asked[id], m.answered(id))
			}
		}
	})
}
