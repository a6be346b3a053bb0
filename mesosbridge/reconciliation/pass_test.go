package reconciliation

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

var (
	epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	start = mesos.Number{Term: 2, Event: 40}
)

// at is the time so long after the pass began.
func at(d time.Duration) time.Time { return epoch.Add(d) }

// world is what a shell knows of attempts.
type world map[string]Seen

func (w world) seen(taskID string) Seen { return w[taskID] }

// attempts returns n attempts t0, t1, ... on agent a, and a world where all of them may be asked.
func attempts(n int) ([]Attempt, world) {
	list, w := make([]Attempt, n), make(world)
	for i := range list {
		id := fmt.Sprintf("t%d", i)
		list[i] = Attempt{TaskID: id, AgentID: "a"}
		w[id] = Seen{Askable: true}
	}
	return list, w
}

// answer has something said of the tasks after the start.
func (w world) answer(taskIDs ...string) {
	for _, id := range taskIDs {
		s := w[id]
		s.Last = mesos.Number{Term: start.Term, Event: start.Event + 1}
		w[id] = s
	}
}

func begin(list []Attempt, chunkSize int) *Pass {
	return Begin(Params{Reason: "test", Start: start, Attempts: list, ChunkSize: chunkSize, Now: epoch})
}

// want fails the test unless the pass's step is this one.
func want(t *testing.T, p *Pass, now time.Time, w world, step Step) {
	t.Helper()
	if diff := cmp.Diff(step, p.Step(now, w.seen)); diff != "" {
		t.Fatalf("unexpected step at %v (-want +got):\n%s", now.Sub(epoch), diff)
	}
}

func TestPass_isDoneAtOnceWithNobodyToAsk(t *testing.T) {
	p := begin(nil, 10)
	want(t, p, epoch, nil, Step{Kind: Done})
	if got := p.Progress(); !got.Done || got.Rounds != 0 || !got.FirstRoundThrough {
		t.Errorf("unexpected progress: %+v", got)
	}
}

func TestPass_asksEveryTaskWithItsAgentAndEndsWhenAllAreAnswered(t *testing.T) {
	list, w := attempts(2)
	s := w["t1"]
	s.AgentID = "moved"
	w["t1"] = s
	p := begin(list, 10)
	want(t, p, epoch, w, Step{Kind: Ask, Chunk: []Attempt{{"t0", "a"}, {"t1", "moved"}}})
	want(t, p, epoch, w, Step{Kind: Wait})
	p.Sent(epoch)
	want(t, p, epoch, w, Step{Kind: Wait, At: at(chunkQuiet)})
	w.answer("t0", "t1")
	want(t, p, at(10*time.Millisecond), w, Step{Kind: Done})
	got := p.Progress()
	if diff := cmp.Diff(Progress{
		Reason: "test", Began: epoch, Rounds: 1, Attempts: 2, Asked: 2, FirstRoundThrough: true, Done: true,
	}, got); diff != "" {
		t.Errorf("unexpected progress (-want +got):\n%s", diff)
	}
}

func TestPass_countsEventsAndNotTimes(t *testing.T) {
	list, w := attempts(3)
	for id, number := range map[string]mesos.Number{
		"t0": start,
		"t1": {Term: start.Term - 1, Event: start.Event + 100},
		"t2": {Term: start.Term, Event: start.Event + 1},
	} {
		w[id] = Seen{Askable: true, Last: number}
	}
	p := begin(list, 10)
	want(t, p, epoch, w, Step{Kind: Ask, Chunk: []Attempt{{"t0", "a"}, {"t1", "a"}}})
}

func TestPass_sendsTheNextChunk(t *testing.T) {
	tests := map[string]struct {
		answered int
		at       time.Duration
		next     Kind
	}{
		"not while most of the last is unanswered":    {answered: 8, at: 100 * time.Millisecond, next: Wait},
		"when nine tenths of the last were answered":  {answered: 9, at: 100 * time.Millisecond, next: Ask},
		"not before half a second of silence is over": {answered: 0, at: 499 * time.Millisecond, next: Wait},
		"after half a second without an answer":       {answered: 0, at: 500 * time.Millisecond, next: Ask},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			list, w := attempts(20)
			p := begin(list, 10)
			p.Step(epoch, w.seen)
			p.Sent(epoch)
			for i := range test.answered {
				w.answer(list[i].TaskID)
			}
			if got := p.Step(at(test.at), w.seen); got.Kind != test.next {
				t.Errorf("the step is %+v", got)
			}
		})
	}
}

func TestPass_waitsNoLongerThanFiveSecondsForAChunkThatIsAnsweredSlowly(t *testing.T) {
	list, w := attempts(40)
	p := begin(list, 20)
	p.Step(epoch, w.seen)
	p.Sent(epoch)
	for i := range 13 {
		now := time.Duration(i) * 400 * time.Millisecond
		w.answer(list[i].TaskID)
		if got := p.Step(at(now), w.seen); got.Kind != Wait {
			t.Fatalf("the step after %v is %+v", now, got)
		}
	}
	if got := p.Step(at(4990*time.Millisecond), w.seen); !got.At.Equal(at(chunkMost)) {
		t.Errorf("the chunk is looked at again at %v", got.At.Sub(epoch))
	}
	if got := p.Step(at(chunkMost), w.seen); got.Kind != Ask || len(got.Chunk) != 20 {
		t.Errorf("the step after 5 s is %+v", got)
	}
}

func TestPass_looksAtAChunkOnlySoOften(t *testing.T) {
	list, w := attempts(4)
	p := begin(list, 4)
	p.Step(epoch, w.seen)
	p.Sent(epoch)
	asked := 0
	counting := func(id string) Seen { asked++; return w.seen(id) }
	for range 100 {
		p.Step(at(time.Millisecond), counting)
	}
	if asked != 4 {
		t.Errorf("a hundred steps within a millisecond looked %d times at 4 attempts", asked)
	}
}

func TestPass_goesOnAfterACallThatFailed(t *testing.T) {
	list, w := attempts(2)
	p := begin(list, 1)
	want(t, p, epoch, w, Step{Kind: Ask, Chunk: list[:1]})
	p.CallFailed()
	want(t, p, epoch, w, Step{Kind: Ask, Chunk: list[1:]})
	p.Sent(epoch)
	w.answer("t1")
	want(t, p, at(time.Millisecond), w, Step{Kind: RoundOver})
	p.NextRound(at(5 * time.Second))
	want(t, p, at(5*time.Second), w, Step{Kind: Ask, Chunk: list[:1]})
}

func TestPass_asksLaterWhatMayNotBeAskedYet(t *testing.T) {
	list, w := attempts(2)
	w["t0"] = Seen{}
	p := begin(list, 10)
	want(t, p, epoch, w, Step{Kind: Ask, Chunk: list[1:]})
	p.Sent(epoch)
	w.answer("t1")
	want(t, p, epoch, w, Step{Kind: RoundOver})
	if got := p.Progress(); got.Unanswered != 1 || !got.FirstRoundThrough {
		t.Errorf("unexpected progress: %+v", got)
	}
	p.NextRound(at(5 * time.Second))
	w["t0"] = Seen{Askable: true}
	want(t, p, at(4*time.Second), w, Step{Kind: Wait, At: at(5 * time.Second)})
	want(t, p, at(5*time.Second), w, Step{Kind: Ask, Chunk: list[:1]})
}

func TestPass_inheritsBackoff(t *testing.T) {
	list, w := attempts(1)
	p := Begin(Params{Start: start, Attempts: list, ChunkSize: 1, Now: epoch, FirstRoundAt: at(15 * time.Second)})
	want(t, p, epoch, w, Step{Kind: Wait, At: at(15 * time.Second)})
	want(t, p, at(15*time.Second), w, Step{Kind: Ask, Chunk: list})
}

func TestPass_isDoneBetweenRoundsWhenTheLastAnswerComes(t *testing.T) {
	for name, end := range map[string]Seen{
		"by an update":   {Askable: true, Last: mesos.Number{Term: start.Term, Event: start.Event + 9}},
		"by its end":     {Over: true},
		"in a next term": {Askable: true, Last: mesos.Number{Term: start.Term + 1, Event: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			list, w := attempts(1)
			p := begin(list, 1)
			p.Step(epoch, w.seen)
			p.Sent(epoch)
			want(t, p, at(chunkQuiet), w, Step{Kind: RoundOver})
			p.NextRound(at(time.Minute))
			want(t, p, at(time.Second), w, Step{Kind: Wait, At: at(time.Minute)})
			w["t0"] = end
			want(t, p, at(2*time.Second), w, Step{Kind: Done})
		})
	}
}
