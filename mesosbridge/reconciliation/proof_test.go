package reconciliation

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// master is what a proof talks to: it answers marks as a Mesos master does, or loses what it is told to lose.
type master struct {
	proof *Proof
	now   time.Time
	event uint64
	last  map[string]mesos.Number
	// asked is every question that was sent, in order.
	asked []Question
}

func newMaster() *master {
	m := &master{now: time.Unix(1_000_000, 0), last: map[string]mesos.Number{}}
	ids := 0
	m.proof = NewProof(func() string {
		ids++
		return fmt.Sprintf("mark-%d", ids)
	})
	return m
}

func (m *master) step() ProofStep {
	return m.proof.Step(m.now, func(taskID string) mesos.Number { return m.last[taskID] })
}

// answer is the event of a mark's answer.
func (m *master) answer(taskID string) {
	m.event++
	m.last[taskID] = mesos.Number{Term: 1, Event: m.event}
}

// try runs one try: lost says which questions are lost on their way, silent whether the fence is not answered.
func (m *master) try(lost map[Question]bool, silent bool) {
	for {
		step := m.step()
		if step.Kind != ProofAsk {
			return
		}
		m.asked = append(m.asked, step.Question)
		if lost[step.Question] {
			m.proof.CallFailed(m.now)
			return
		}
		if step.Question == EndMark || step.Question == Fence && !silent {
			m.answer(step.TaskID)
		}
		m.proof.Sent(m.now)
	}
}

func TestProof(t *testing.T) {
	type outcome struct {
		Had, Counted bool
		Asked        []Question
	}
	whole := []Question{Fence, Implicit, EndMark}
	cases := map[string]struct {
		tries func(*master)
		want  outcome
	}{
		"all three answered in their order are the proof": {
			func(m *master) { m.try(nil, false) },
			outcome{true, true, whole},
		},
		"an unanswered fence holds back neither of the others, and is no proof": {
			func(m *master) { m.try(nil, true) },
			outcome{false, true, whole},
		},
		"a fence that is answered in the next try is the proof": {
			func(m *master) {
				m.try(nil, true)
				m.now = m.now.Add(firstProofRetry)
				m.try(nil, false)
			},
			outcome{true, true, append(append([]Question{}, whole...), whole...)},
		},
		"nothing is repeated before it is due": {
			func(m *master) {
				m.try(nil, true)
				m.now = m.now.Add(firstProofRetry - time.Nanosecond)
				m.try(nil, false)
			},
			outcome{false, true, whole},
		},
		"a call that failed ends the try": {
			func(m *master) { m.try(map[Question]bool{Implicit: true}, false) },
			outcome{false, false, []Question{Fence, Implicit}},
		},
		"all three are asked anew after a call that failed": {
			func(m *master) {
				m.try(map[Question]bool{EndMark: true}, false)
				m.now = m.now.Add(firstProofRetry)
				m.try(nil, false)
			},
			outcome{true, true, append(append([]Question{}, whole...), whole...)},
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			m := newMaster()
			tc.tries(m)
			if diff := cmp.Diff(tc.want, outcome{m.proof.Had(), !m.proof.Counted().IsZero(), m.asked}); diff != "" {
				t.Errorf("the proof (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProof_answersThatDoNotCount(t *testing.T) {
	cases := map[string]func(m *master, fence, mark string){
		"an end mark before its fence":  func(m *master, fence, mark string) { m.answer(mark); m.answer(fence) },
		"a fence alone":                 func(m *master, fence, _ string) { m.answer(fence) },
		"nothing at all":                func(*master, string, string) {},
		"the answers of the try before": func(m *master, _, _ string) { m.answer("mark-0") },
		"a fence after the time is over": func(m *master, fence, mark string) {
			m.now = m.now.Add(markWithin)
			m.step()
			m.answer(fence)
			m.answer(mark)
		},
		"the end mark without any fence":  func(m *master, _, mark string) { m.answer(mark) },
		"the end mark twice and no fence": func(m *master, _, mark string) { m.answer(mark); m.answer(mark) },
	}
	for sentence, answers := range cases {
		t.Run(sentence, func(t *testing.T) {
			m := newMaster()
			for range 3 {
				if step := m.step(); step.Kind != ProofAsk {
					t.Fatalf("step is %+v, want a question", step)
				}
				m.proof.Sent(m.now)
			}
			fence, mark := m.proof.Marks()
			answers(m, fence, mark)
			m.step()
			m.now = m.now.Add(markWithin)
			if step := m.step(); step.Kind == ProofHad || m.proof.Had() {
				t.Errorf("step is %+v, want no proof", step)
			}
		})
	}
}

func TestProof_triesAreSpaced(t *testing.T) {
	m := newMaster()
	var gaps []time.Duration
	for range 6 {
		m.try(nil, true)
		at := m.step().At
		gaps = append(gaps, at.Sub(m.now))
		m.now = at
	}
	want := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute}
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Errorf("the gaps between the tries (-want +got):\n%s", diff)
	}
}

// TestProof_property holds for any losses: whatever is lost, the questions are asked in their order, each only after the one before was
// answered 202; a proof is had only after a try in which nothing was lost; and it is had at the first such try.
func TestProof_property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMaster()
		for range rapid.IntRange(1, 8).Draw(t, "tries") {
			lost := map[Question]bool{}
			if rapid.Bool().Draw(t, "a call is lost") {
				lost[Question(rapid.IntRange(0, 2).Draw(t, "which"))] = true
			}
			silent := rapid.Bool().Draw(t, "an agent is missing")
			before := len(m.asked)
			m.try(lost, silent)
			for i, question := range m.asked[before:] {
				if int(question) != i {
					t.Fatalf("asked %v in one try", m.asked[before:])
				}
			}
			if want := len(lost) == 0 && !silent; m.proof.Had() != want {
				t.Fatalf("had the proof: %t, want %t, with %v lost and an agent missing: %t", m.proof.Had(), want, lost, silent)
			}
			if m.proof.Had() {
				return
			}
			step := m.step()
			if step.Kind != ProofWait || !step.At.After(m.now) || step.At.Sub(m.now) > lastProofRetry {
				t.Fatalf("step is %+v at %v, want a wait of at most a minute", step, m.now)
			}
			m.now = step.At
		}
	})
}
