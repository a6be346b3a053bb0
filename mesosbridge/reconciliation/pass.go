package reconciliation

import (
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
	// FirstRoundThrough says that every chunk of the first round was sent and had its time.
	FirstRoundThrough bool
	// Done says that the pass is through.
	Done bool
}

// Pass is one run of the algorithm. It is a value in one goroutine's hands: the shell serialises calls.
type Pass struct{}

// Begin starts a pass.
func Begin(params Params) *Pass { return &Pass{} }

// Step says what to do now. Seen is asked about attempts of the pass.
func (p *Pass) Step(now time.Time, seen func(taskID string) Seen) Step { return Step{} }

// NextRound says when the next round is due, after RoundOver.
func (p *Pass) NextRound(at time.Time) {}

// Sent says that the chunk of the last Ask was answered 202.
func (p *Pass) Sent(now time.Time) {}

// CallFailed says that the chunk of the last Ask could not be sent or was refused: it counts as unanswered, and the pass goes on.
func (p *Pass) CallFailed(now time.Time) {}

// Progress returns what the pass has come to.
func (p *Pass) Progress() Progress { return Progress{} }
