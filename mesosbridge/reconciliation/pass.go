package reconciliation

import (
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Attempt names one task to Mesos: RECONCILE carries nothing else.
type Attempt struct{ TaskID, AgentID string }

// Seen is what the shell knows of one attempt now.
type Seen struct {
	// Last is the number of the last event about it.
	Last mesos.Number
	// Over says that it is known to be over.
	Over bool
	// Askable is rule 7: false while its ACCEPT is on its way.
	Askable bool
	// AgentID is where it was last observed; empty keeps the agent that the pass began with.
	AgentID string
}

// Params are what a pass begins with.
type Params struct {
	// Reason says why the pass runs, for status.
	Reason string
	// Start is the number of the last event seen before the pass.
	Start mesos.Number
	// Attempts are those not known to be over. Those that may not be asked yet join when they may.
	Attempts []Attempt
	// ChunkSize is the most attempts that one RECONCILE names; less than one counts as one.
	ChunkSize int
	// Now is when the pass begins.
	Now time.Time
	// FirstRoundAt is when its first round is due: later than Now for a pass that inherits the backoff of an unfinished one.
	FirstRoundAt time.Time
}

// Kind says what a Step asks of the shell.
type Kind int

// The kinds of steps.
const (
	// Wait says to look again at Step.At, or on any news; with a zero At, once Sent or CallFailed was called.
	Wait Kind = iota
	// Ask says to send Step.Chunk now, and to call Sent or CallFailed with its outcome.
	Ask
	// RoundOver says that every chunk of the round is through and attempts are unanswered: take a delay and call NextRound.
	RoundOver
	// Done says that every attempt was answered or is over.
	Done
)

// Step is what a pass wants next.
type Step struct {
	Kind  Kind
	At    time.Time
	Chunk []Attempt
}

// Progress is what a pass has come to, for status and metrics.
type Progress struct {
	Reason string
	Began  time.Time
	// Rounds counts the rounds that began.
	Rounds int
	// Attempts is how many the pass began with.
	Attempts int
	// Asked counts the attempts that RECONCILE named, one for each time.
	Asked int
	// Unanswered is how many had neither been answered nor ended when they were last looked at.
	Unanswered int
	// FirstRoundThrough says that every chunk of the first round was sent and had its time, or that there is nobody left to ask.
	FirstRoundThrough bool
	// Done says that the pass is through.
	Done bool
}

// The pace at which chunks follow each other (Aurora and Peloton take 5 s whatever the master does; waiting for its answers is both
// gentler and quicker).
const (
	// chunkMost is how long a chunk holds back the next one at most.
	chunkMost = 5 * time.Second
	// chunkQuiet is how long no answer may come before the rest of a chunk counts as silent for now.
	chunkQuiet = 500 * time.Millisecond
	// chunkAnswered is the part of a chunk, in percent, that is enough for the next one to follow.
	chunkAnswered = 90
	// lookEvery bounds how often the attempts of a chunk are looked at, however often Step is called.
	lookEvery = 2 * time.Millisecond
)

// phase is what a pass is about.
type phase int

const (
	// waiting is until a round is due.
	waiting phase = iota
	// forming is when the next chunk is to be made.
	forming
	// calling is while a chunk is on its way.
	calling
	// listening is while answers to a chunk are expected.
	listening
	// resting is between the end of a round and NextRound.
	resting
	// through is the end.
	through
)

// Pass is one run of the algorithm. It is a value in one goroutine's hands: the shell serialises calls.
type Pass struct {
	start     mesos.Number
	chunkSize int
	phase     phase
	// due is when the round may begin, while waiting.
	due time.Time
	// remaining are the attempts that had not been answered when they were last looked at all together.
	remaining []Attempt
	// next is the place in remaining of the first attempt that this round has not come to.
	next int
	// heard counts those of remaining that were found to be answered since.
	heard int
	// open are the attempts of the chunk on its way that were not answered, and size is how many it had.
	open []string
	size int
	// sent, lastHeard and looked are when the chunk was sent, last brought an answer and was last looked at.
	sent, lastHeard, looked time.Time
	progress                Progress
}

// Begin starts a pass.
func Begin(params Params) *Pass {
	return &Pass{
		start:     params.Start,
		chunkSize: max(params.ChunkSize, 1),
		due:       params.FirstRoundAt,
		remaining: slices.Clone(params.Attempts),
		progress:  Progress{Reason: params.Reason, Began: params.Now, Attempts: len(params.Attempts)},
	}
}

// Step says what to do now. Seen is asked about attempts of the pass.
func (p *Pass) Step(now time.Time, seen func(taskID string) Seen) Step {
	for {
		switch p.phase {
		case waiting, resting:
			if p.dropFirst(seen); len(p.remaining) == 0 {
				p.phase, p.progress.FirstRoundThrough = through, true
				continue
			}
			if p.phase == resting {
				return Step{Kind: RoundOver}
			}
			if now.Before(p.due) {
				return Step{Kind: Wait, At: p.due}
			}
			p.beginRound(seen)
		case forming:
			if chunk := p.form(seen); len(chunk) > 0 {
				return Step{Kind: Ask, Chunk: chunk}
			}
			p.endRound(seen)
		case calling:
			return Step{Kind: Wait}
		case listening:
			if at := p.listen(now, seen); now.Before(at) {
				return Step{Kind: Wait, At: at}
			}
			p.phase = forming
		case through:
			return Step{Kind: Done}
		}
	}
}

// NextRound says when the next round is due, after RoundOver.
func (p *Pass) NextRound(at time.Time) {
	if p.phase == resting {
		p.phase, p.due = waiting, at
	}
}

// Sent says that the chunk of the last Ask was answered 202.
func (p *Pass) Sent(now time.Time) {
	if p.phase == calling {
		p.phase = listening
		p.sent, p.lastHeard, p.looked = now, now, time.Time{}
	}
}

// CallFailed says that the chunk of the last Ask could not be sent or was refused: it counts as unanswered, and the pass goes on.
func (p *Pass) CallFailed() {
	if p.phase == calling {
		p.phase = forming
	}
}

// Progress returns what the pass has come to.
func (p *Pass) Progress() Progress {
	progress := p.progress
	progress.Unanswered = len(p.remaining) - p.heard
	progress.Done = p.phase == through
	return progress
}

// answered says whether an attempt needs no more asking: something was said of it since the start, or it is over.
func (p *Pass) answered(s Seen) bool { return s.Over || s.Last.After(p.start) }

// dropFirst drops answered attempts up to the first that is not, which is enough to know whether any is left.
func (p *Pass) dropFirst(seen func(string) Seen) {
	for len(p.remaining) > 0 && p.answered(seen(p.remaining[0].TaskID)) {
		p.remaining = p.remaining[1:]
	}
}

// dropAll drops all answered attempts.
func (p *Pass) dropAll(seen func(string) Seen) {
	p.remaining = slices.DeleteFunc(p.remaining, func(a Attempt) bool { return p.answered(seen(a.TaskID)) })
	p.heard = 0
}

func (p *Pass) beginRound(seen func(string) Seen) {
	p.dropAll(seen)
	p.phase, p.next = forming, 0
	p.progress.Rounds++
}

// endRound looks once more at what is left. An attempt that may not be asked yet is no reason to wait with the others.
func (p *Pass) endRound(seen func(string) Seen) {
	p.dropAll(seen)
	p.phase = resting
	p.progress.FirstRoundThrough = true
}

// form makes the next chunk: of those that the round has not come to yet, the first that are not answered and may be asked. It is empty
// at the end of the round.
func (p *Pass) form(seen func(string) Seen) []Attempt {
	var chunk []Attempt
	for ; p.next < len(p.remaining) && len(chunk) < p.chunkSize; p.next++ {
		attempt := p.remaining[p.next]
		s := seen(attempt.TaskID)
		switch {
		case p.answered(s):
			p.heard++
		case s.Askable:
			if s.AgentID != "" {
				attempt.AgentID = s.AgentID
			}
			chunk = append(chunk, attempt)
		}
	}
	if len(chunk) == 0 {
		return nil
	}
	p.open = p.open[:0]
	for _, attempt := range chunk {
		p.open = append(p.open, attempt.TaskID)
	}
	p.size = len(chunk)
	p.phase = calling
	p.progress.Asked += len(chunk)
	return chunk
}

// Enough is how many attempts of a chunk have to be answered for the next one to follow.
func Enough(size int) int { return (size*chunkAnswered + 99) / 100 }

// listen looks at the chunk and returns when to look again; a time that is not after now says that the chunk is through. The last
// chunk of a round waits for all of its answers, as nothing waits for it.
func (p *Pass) listen(now time.Time, seen func(string) Seen) time.Time {
	if look := p.looked.Add(lookEvery); !p.looked.IsZero() && now.Before(look) {
		return look
	}
	p.looked = now
	before := len(p.open)
	p.open = slices.DeleteFunc(p.open, func(taskID string) bool { return p.answered(seen(taskID)) })
	if news := before - len(p.open); news > 0 {
		p.heard += news
		p.lastHeard = now
	}
	if len(p.open) == 0 || p.size-len(p.open) >= Enough(p.size) && p.next < len(p.remaining) {
		return now
	}
	deadline := p.sent.Add(chunkMost)
	if quiet := p.lastHeard.Add(chunkQuiet); quiet.Before(deadline) {
		return quiet
	}
	return deadline
}
