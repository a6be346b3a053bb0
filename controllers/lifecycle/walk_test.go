package lifecycle

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// phase is what is true of an attempt, whether anybody knows it or not.
type phase int

const (
	unsent phase = iota
	sent
	live
	finished
)

// truth is one attempt as it really is.
type truth struct {
	phase phase
	state mesos.TaskState
	// said is all that Mesos said of it; killing says that a KILL reached it.
	said    []mesos.Observation
	killing bool
}

// walk is one MesosTask, the controller that carries out what Next decides, and a Mesos that does what it likes.
type walk struct {
	story
	truths   map[string]*truth
	wanted   bool
	released bool
}

// bound is the latest attempt; nil before the first.
func (w *walk) bound() *truth {
	if w.Binding == nil {
		return nil
	}
	return w.truths[w.Binding.TaskID]
}

// in does something to the latest attempt, if it is in a phase.
func (w *walk) in(wanted phase, do func(t *rapid.T, attempt *truth)) func(*rapid.T) {
	return func(t *rapid.T) {
		if latest := w.bound(); latest != nil && latest.phase == wanted {
			do(t, latest)
		}
	}
}

// reconcile is the controller: it looks, writes and takes the steps.
func (w *walk) reconcile(t *rapid.T) {
	launch, said, waits, doubted := w.Launch, w.Observation, w.Unacknowledged, w.Doubted
	if _, _, open := Open(w.Status, w.Binding); !open {
		w.Launch, w.Observation, w.Unacknowledged, w.Doubted = LaunchUnknown, nil, nil, false
	}
	decision := w.look()
	w.Launch, w.Observation, w.Unacknowledged, w.Doubted = launch, said, waits, doubted
	w.wanted = false
	for _, step := range decision.Steps {
		w.take(t, step)
	}
	if !w.wanted {
		w.Placement = nil
	}
}

func (w *walk) take(t *rapid.T, step Step) {
	latest := w.bound()
	switch step {
	case StepPlace:
		w.wanted = true
	case StepBind:
		for id, other := range w.truths {
			if other.phase != finished {
				t.Fatalf("another attempt is bound while %s is not over: %+v", id, other)
			}
		}
		w.bind(LaunchUnsent)
		w.truths[w.Binding.TaskID] = &truth{}
	case StepCallOff:
		if latest.phase == unsent {
			latest.phase, w.Launch = finished, LaunchNeverSent
		}
	case StepKill:
		if latest.phase == sent || latest.phase == unsent {
			t.Fatal("a KILL is sent before the ACCEPT was answered")
		}
		latest.killing = latest.phase == live
		w.Kills, w.FirstKill, w.LastKill = w.Kills+1, w.Now, w.Now
	case StepAsk:
		w.Asks, w.LastAsk = w.Asks+1, w.Now
	case StepAcknowledge:
		if state := w.Observation.State; state != mesos.TaskStaging && state != mesos.TaskStarting && !w.durable(*w.Observation) {
			t.Fatalf("%s is acknowledged while status says %+v", state, w.Status.Task)
		}
		w.Unacknowledged = nil
	case StepRelease:
		if latest != nil && latest.phase != finished && w.Spec.DeletionPolicy != v1alpha1.TaskDeletionOrphan {
			t.Fatalf("the object is let go while its task is %+v", latest)
		}
		w.released = true
	default:
		t.Fatalf("step %s, which nothing here calls for", step)
	}
}

// durable says whether the status has what was said, or something later.
func (w *walk) durable(said mesos.Observation) bool {
	task := w.Status.Task
	return task != nil && task.ID == said.TaskID &&
		(task.State == string(said.State) || task.FinishTime != nil || said.State.Regresses(mesos.TaskState(task.State)))
}

// tell makes Mesos say the state that the attempt is in.
func (w *walk) tell(of *truth, byExecutor bool) {
	if byExecutor {
		w.says(of.state)
	} else {
		w.answers(of.state)
	}
	of.said = append(of.said, *w.Observation)
}

// restart is the end of the process: what it knew of the ACCEPT is lost, and so is one that was not sent.
func (w *walk) restart(t *rapid.T) {
	if latest := w.bound(); latest != nil {
		switch latest.phase {
		case unsent:
			latest.phase, latest.state = finished, mesos.TaskGone
		case sent:
			w.settleSent(latest, rapid.Bool().Draw(t, "the ACCEPT takes effect"))
		default:
		}
	}
	w.Launch, w.Observation, w.Unacknowledged, w.Doubted, w.Placement, w.BoundSince = LaunchUnknown, nil, nil, false, nil, w.Now
	w.Kills, w.Asks, w.LastWrite = 0, 0, time.Time{}
}

func (w *walk) settleSent(attempt *truth, takesEffect bool) {
	attempt.phase, attempt.state = finished, mesos.TaskGone
	if takesEffect {
		attempt.phase, attempt.state = live, mesos.TaskStaging
	}
}

// mesosActions are what Mesos and the network may do.
func (w *walk) mesosActions() map[string]func(*rapid.T) {
	ends := []mesos.TaskState{mesos.TaskFinished, mesos.TaskFailed, mesos.TaskKilled, mesos.TaskGone, mesos.TaskDropped}
	return map[string]func(*rapid.T){
		"an offer fits": func(*rapid.T) {
			if w.wanted {
				w.Placement = &Placement{TaskID: fmt.Sprintf("shop.web.%s.placed%d", w.Hash, w.attempts+1), AgentID: "agent-1"}
			}
		},
		"the ACCEPT is sent":     w.in(unsent, func(_ *rapid.T, attempt *truth) { attempt.phase, w.Launch = sent, LaunchSent }),
		"the offer is rescinded": w.in(unsent, func(_ *rapid.T, attempt *truth) { attempt.phase, w.Launch = finished, LaunchNeverSent }),
		"the ACCEPT is refused":  w.in(sent, func(_ *rapid.T, attempt *truth) { attempt.phase, w.Launch = finished, LaunchRefused }),
		"the ACCEPT is answered": w.in(sent, func(_ *rapid.T, attempt *truth) {
			w.settleSent(attempt, true)
			w.Launch, w.AcceptedAt = LaunchAccepted, w.Now
		}),
		"the ACCEPT is unanswered": w.in(sent, func(t *rapid.T, attempt *truth) {
			w.settleSent(attempt, rapid.Bool().Draw(t, "it takes effect"))
			w.Launch = LaunchUnknown
		}),
		"the task goes on": w.in(live, func(t *rapid.T, attempt *truth) {
			next := rapid.SampledFrom([]mesos.TaskState{mesos.TaskStarting, mesos.TaskRunning}).Draw(t, "next")
			if !next.Regresses(attempt.state) {
				attempt.state = next
				w.tell(attempt, true)
			}
		}),
		"the task ends": w.in(live, func(t *rapid.T, attempt *truth) {
			attempt.phase, attempt.state = finished, rapid.SampledFrom(ends).Draw(t, "end")
			w.tell(attempt, true)
		}),
		"the kill takes effect": w.in(live, func(_ *rapid.T, attempt *truth) {
			if attempt.killing {
				attempt.phase, attempt.state = finished, mesos.TaskKilled
				w.tell(attempt, true)
			}
		}),
		"the agent goes away": w.in(live, func(t *rapid.T, attempt *truth) {
			w.answers(rapid.SampledFrom([]mesos.TaskState{mesos.TaskUnreachable, mesos.TaskUnknown, mesos.TaskLost}).Draw(t, "seen as"))
			attempt.said, attempt.killing = append(attempt.said, *w.Observation), false
		}),
		"Mesos answers for what lives": w.in(live, func(_ *rapid.T, attempt *truth) { w.tell(attempt, false) }),
		"Mesos answers for what is over": w.in(finished, func(_ *rapid.T, attempt *truth) {
			if w.Launch == LaunchUnknown || w.Launch == LaunchAccepted {
				w.answers(mesos.TaskGone)
				attempt.said = append(attempt.said, *w.Observation)
			}
		}),
		"an old update comes again": func(t *rapid.T) {
			if attempt := w.bound(); attempt != nil && len(attempt.said) > 0 {
				old := rapid.SampledFrom(attempt.said).Draw(t, "old")
				w.Observation, w.Unacknowledged = &old, nil
			}
		},
		"a doubt comes and goes": func(*rapid.T) { w.Doubted = !w.Doubted },
	}
}

// personActions are what a person and time may do.
func (w *walk) personActions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"the controller looks":           w.reconcile,
		"the controller looks once more": w.reconcile,
		"the process restarts":           w.restart,
		"time passes":                    func(t *rapid.T) { w.later(time.Duration(rapid.IntRange(1, 700).Draw(t, "seconds")) * time.Second) },
		"the spec changes":               func(t *rapid.T) { w.change(func(s *story) { s.Hash = oneOf(t, "hash", hashA, hashB) }) },
		"it is suspended or resumed":     func(*rapid.T) { w.change(func(s *story) { s.Spec.Suspend = !s.Spec.Suspend }) },
		"the policy changes": func(t *rapid.T) {
			w.change(func(s *story) {
				s.Spec.RestartPolicy = oneOf(t, "policy", v1alpha1.RestartAlways, v1alpha1.RestartOnFailure, v1alpha1.RestartNever)
				s.Spec.MaxRestarts = oneOf(t, "max restarts", nil, new(int32(1)))
			})
		},
		"a restart is asked for": func(t *rapid.T) { w.RestartRequest = oneOf(t, "request", "one", "two") },
		"an obstacle comes or goes": func(*rapid.T) {
			if w.Obstacle == nil {
				w.Obstacle = &Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: "It goes"}
			} else {
				w.Obstacle = nil
			}
		},
		"it is deleted": func(t *rapid.T) {
			if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
				w.change(remove)
			}
		},
	}
}

// check is what is true at any time.
func (w *walk) check(t *rapid.T) {
	notOver := 0
	for id, attempt := range w.truths {
		if attempt.phase != finished {
			notOver++
			if w.released && w.Spec.DeletionPolicy != v1alpha1.TaskDeletionOrphan {
				t.Fatalf("the object is gone while %s is %+v", id, attempt)
			}
		}
	}
	if notOver > 1 {
		t.Fatalf("%d attempts are not over", notOver)
	}
	recorded := append([]v1alpha1.TaskAttempt{}, w.Status.History...)
	if w.Status.Task != nil {
		recorded = append(recorded, *w.Status.Task)
	}
	for _, attempt := range recorded {
		switch is := w.truths[attempt.ID]; {
		case is == nil:
			t.Fatalf("status names %s, which nobody bound", attempt.ID)
		case attempt.FinishTime != nil && is.phase != finished:
			t.Fatalf("status says that %s is over, and it is %+v", attempt.ID, is)
		}
	}
}

// TestNext_walk lets the world do what it likes, and holds that one attempt at most is not over at any time (rule 1).
func TestNext_walk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &walk{story: *newStory(), truths: map[string]*truth{}}
		actions := w.mesosActions()
		maps.Copy(actions, w.personActions())
		for name, action := range actions {
			actions[name] = func(t *rapid.T) {
				if !w.released {
					action(t)
				}
			}
		}
		actions[""] = w.check
		t.Repeat(actions)
		w.settles(t)
	})
}

// settles lets a well-behaved Mesos and a quiet user take over: the task must come to where its spec wants it, and then rest.
func (w *walk) settles(t *rapid.T) {
	w.Doubted, w.Obstacle = false, nil
	for range 60 {
		if w.released {
			return
		}
		if latest := w.bound(); latest != nil {
			w.behave(latest)
		}
		if w.wanted {
			w.Placement = &Placement{TaskID: fmt.Sprintf("shop.web.%s.placed%d", w.Hash, w.attempts+1), AgentID: "agent-1"}
		}
		w.reconcile(t)
		w.check(t)
		w.later(time.Minute)
	}
	last := Next(w.Seen)
	if w.Deleting && w.Finalized {
		t.Fatalf("an hour after its deletion the object is still there: rule %q", last.Rule)
	}
	switch last.Rule {
	case "let it run", "completed", "failed for good", "restarts exhausted", "suspended", "delete what was never bound or is over":
	default:
		t.Fatalf("after an hour the rule is still %q", last.Rule)
	}
	writes := w.writes
	w.later(time.Hour)
	w.reconcile(t)
	if w.writes != writes {
		t.Fatalf("it still writes: %+v", w.Status)
	}
}

// behave takes the latest attempt a step on, as Mesos does when nothing goes wrong.
func (w *walk) behave(latest *truth) {
	switch {
	case latest.phase == unsent:
		latest.phase, w.Launch = sent, LaunchSent
	case latest.phase == sent:
		w.settleSent(latest, true)
		w.Launch, w.AcceptedAt = LaunchAccepted, w.Now
	case latest.phase == live && latest.killing:
		latest.phase, latest.state = finished, mesos.TaskKilled
		w.tell(latest, true)
	case latest.phase == live:
		latest.state = mesos.TaskRunning
		w.tell(latest, true)
	case w.Launch == LaunchUnknown || w.Launch == LaunchAccepted:
		if len(latest.said) > 0 && latest.state.Class() == mesos.Ended {
			w.tell(latest, true)
		} else {
			w.answers(mesos.TaskGone)
		}
	default:
	}
}
