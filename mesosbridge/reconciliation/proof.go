package reconciliation

import (
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// The bounds of the wait between two tries at a proof, and how long the end mark's answer is waited for. The master answers an end
// mark at once and always (Mesos master: Master::reconcile, an agent that it does not know), so that a missing answer was lost.
const (
	firstProofRetry = 5 * time.Second
	lastProofRetry  = time.Minute
	markWithin      = 10 * time.Second
)

// Question is one of the three things that a proof asks, in this order.
type Question int

// The questions.
const (
	// Fence asks for a fresh task ID that cannot exist, without an agent. It is answered TASK_UNKNOWN, but only when no agent is
	// still expected back after a failover of the master.
	Fence Question = iota
	// Implicit asks for every task that the master knows on reachable agents.
	Implicit
	// EndMark asks for a fresh task ID on a made-up agent. It is always answered, so that its answer says that everything asked
	// before it has been told.
	EndMark
)

// ProofKind says what a ProofStep asks of the shell.
type ProofKind int

// The kinds of proof steps.
const (
	// ProofWait says to look again at ProofStep.At, or on any news; with a zero At, once Sent or CallFailed was called.
	ProofWait ProofKind = iota
	// ProofAsk says to send ProofStep.Question now, about ProofStep.TaskID, and to call Sent or CallFailed.
	ProofAsk
	// ProofHad says that the proof was had: every live task that the master knows on reachable agents has been seen.
	ProofHad
)

// ProofStep is what a proof wants next.
type ProofStep struct {
	Kind     ProofKind
	At       time.Time
	Question Question
	// TaskID is what Fence and EndMark ask about.
	TaskID string
}

type proofPhase int

const (
	proofAsking proofPhase = iota
	proofCalling
	proofListening
	proofResting
	proofDone
)

// Proof asks fence, implicit and end mark, each after the one before was answered 202, again and again until one try had all its
// answers. It belongs to one term. An unanswered fence holds back neither of the others.
type Proof struct {
	newID    func() string
	phase    proofPhase
	question Question
	// fence and mark are the IDs of this try.
	fence, mark string
	// at is when the end mark's answer is late, or when the next try is due.
	at time.Time
	// tries counts those that ended without the proof.
	tries int
	// implicit is when the implicit RECONCILE of this try was asked, counted when that of the last try was whose end mark was answered.
	implicit, counted time.Time
}

// NewProof begins a proof. NewID makes a fresh ID that no task has.
func NewProof(newID func() string) *Proof { return &Proof{newID: newID} }

// Counted is when the latest implicit RECONCILE was asked whose end mark was answered, with or without the fence: all that the master
// knew then has been told, though agents may still be missing. It is zero before the first.
func (p *Proof) Counted() time.Time { return p.counted }

// Had says whether the proof was had.
func (p *Proof) Had() bool { return p.phase == proofDone }

// Step says what to do now. Last returns the number of the last event about a task ID; zero if there was none.
func (p *Proof) Step(now time.Time, last func(taskID string) mesos.Number) ProofStep {
	for {
		switch p.phase {
		case proofAsking:
			return p.ask(now)
		case proofCalling:
			return ProofStep{Kind: ProofWait}
		case proofListening:
			if p.listen(now, last) {
				continue
			}
			return ProofStep{Kind: ProofWait, At: p.at}
		case proofResting:
			if now.Before(p.at) {
				return ProofStep{Kind: ProofWait, At: p.at}
			}
			p.phase, p.question = proofAsking, Fence
		case proofDone:
			return ProofStep{Kind: ProofHad}
		}
	}
}

// ask makes the question that is next.
func (p *Proof) ask(now time.Time) ProofStep {
	p.phase = proofCalling
	step := ProofStep{Kind: ProofAsk, Question: p.question}
	switch p.question {
	case Fence:
		p.fence = p.newID()
		step.TaskID = p.fence
	case EndMark:
		p.mark = p.newID()
		step.TaskID = p.mark
	case Implicit:
		p.implicit = now
	}
	return step
}

// listen looks for the answers of a try and says whether it is over.
func (p *Proof) listen(now time.Time, last func(taskID string) mesos.Number) bool {
	var none mesos.Number
	fence, mark := last(p.fence), last(p.mark)
	switch {
	case mark == none && now.Before(p.at):
		return false
	case mark == none:
		p.rest(now)
		return true
	}
	p.counted = p.implicit
	if fence != none && mark.After(fence) {
		p.phase = proofDone
	} else {
		p.rest(now)
	}
	return true
}

// rest waits for the next try: longer each time, at most a minute.
func (p *Proof) rest(now time.Time) {
	delay := firstProofRetry
	for range p.tries {
		if delay *= 2; delay >= lastProofRetry {
			delay = lastProofRetry
			break
		}
	}
	p.tries++
	p.phase, p.at = proofResting, now.Add(delay)
}

// Sent says that the question of the last ProofAsk was answered 202.
func (p *Proof) Sent(now time.Time) {
	if p.phase != proofCalling {
		return
	}
	if p.question == EndMark {
		p.phase, p.at = proofListening, now.Add(markWithin)
		return
	}
	p.phase = proofAsking
	p.question++
}

// CallFailed says that the question of the last ProofAsk could not be sent or was refused: the try is over.
func (p *Proof) CallFailed(now time.Time) {
	if p.phase == proofCalling {
		p.rest(now)
	}
}

// Marks are the task IDs of this try: what Mesos says of them concerns no task.
func (p *Proof) Marks() (fence, mark string) { return p.fence, p.mark }
