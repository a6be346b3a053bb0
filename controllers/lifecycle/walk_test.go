package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
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
	// Mesos speaks of what was left behind only as long as it is not known to be over.
	maps.DeleteFunc(w.Earlier, func(id string, _ mesos.Observation) bool { return !w.leftBehind(id) })
	decision := w.look()
	w.Launch, w.Observation, w.Unacknowledged, w.Doubted = launch, said, waits, doubted
	w.wanted = false
	for _, other := range decision.KillOthers {
		w.truths[other.TaskID].killing = true
	}
	for _, placed := range decision.Abandon {
		w.Abandoned.Insert(placed.TaskID)
	}
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
			if other.phase != finished && (!w.leftBehind(id) || w.isBack(id)) {
				t.Fatalf("another attempt is bound while %s is not over: %+v", id, other)
			}
		}
		w.bind(LaunchUnsent)
		w.FateUnknownSince, w.Answered = time.Time{}, false
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
		w.Asks, w.LastAsk, w.Answered = w.Asks+1, w.Now, false
	case StepKillOthers, StepAbandon:
	case StepAcknowledge:
		if state := w.Observation.State; state != mesos.TaskStaging && state != mesos.TaskStarting && !w.durable(*w.Observation) {
			t.Fatalf("%s is acknowledged while status says %+v", state, w.Status.Task)
		}
		w.Unacknowledged = nil
	case StepRelease:
		w.released = true
	case StepDelete:
		for id, attempt := range w.truths {
			if attempt.phase != finished {
				t.Fatalf("the object is deleted for its age while %s is %+v", id, attempt)
			}
		}
		w.change(remove)
	default:
		t.Fatalf("step %s, which nothing here calls for", step)
	}
}

// leftBehind says whether the status durably holds an attempt as left behind, and not known to be over.
func (w *walk) leftBehind(id string) bool {
	return slices.ContainsFunc(w.Status.History, func(a v1alpha1.TaskAttempt) bool { return a.ID == id && a.Outcome != "" && a.FinishTime == nil })
}

// isBack says whether Mesos said that an attempt left behind lives.
func (w *walk) isBack(id string) bool {
	return slices.ContainsFunc(w.Others, func(other Other) bool { return other.TaskID == id })
}

// left draws one of the attempts that were left behind; empty where there is none.
func (w *walk) left(t *rapid.T) string {
	var ids []string
	for _, earlier := range w.Status.History {
		if w.leftBehind(earlier.ID) {
			ids = append(ids, earlier.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return rapid.SampledFrom(ids).Draw(t, "left behind")
}

// tellOfLeft makes Mesos say how an attempt is that was left behind.
func (w *walk) tellOfLeft(id string, state mesos.TaskState) {
	said := mesos.Observation{TaskID: id, AgentID: "agent-1", State: state, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation, Time: w.Now}
	w.Earlier[id] = said
	w.Others = slices.DeleteFunc(w.Others, func(other Other) bool { return other.TaskID == id })
	if state.Class() == mesos.Live {
		w.Others = append(w.Others, Other{State: mesos.TaskRunning, TaskID: id, AgentID: "agent-1", Since: w.Now})
	}
}

// moveLeft takes an attempt that was left behind a step on: it comes back, and is killed once that was asked for.
func (w *walk) moveLeft(id string) {
	switch truth := w.truths[id]; {
	case truth.phase == finished:
		w.tellOfLeft(id, mesos.TaskGone)
	case truth.killing && w.isBack(id):
		truth.phase, truth.state = finished, mesos.TaskKilled
		w.tellOfLeft(id, mesos.TaskKilled)
	default:
		truth.phase, truth.state = live, mesos.TaskRunning
		w.tellOfLeft(id, mesos.TaskRunning)
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
	w.FateUnknownSince, w.LastAsk, w.Answered = time.Time{}, time.Time{}, false
	w.Others, w.Earlier = nil, map[string]mesos.Observation{}
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
		"the agent goes away": w.in(live, w.goesAway),
		"the agent goes away for long": w.in(live, func(t *rapid.T, attempt *truth) {
			for range 3 {
				w.goesAway(t, attempt)
				w.reconcile(t)
				w.later(200 * time.Second)
			}
		}),
		"what was left behind goes on": func(t *rapid.T) {
			if id := w.left(t); id != "" {
				w.moveLeft(id)
			}
		},
		"what was left behind is still away": func(t *rapid.T) {
			if id := w.left(t); id != "" {
				w.tellOfLeft(id, mesos.TaskUnknown)
			}
		},
		"Mesos answers for what lives": w.in(live, func(_ *rapid.T, attempt *truth) {
			w.tell(attempt, false)
			w.FateUnknownSince, w.Answered = time.Time{}, w.Asks > 0
		}),
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
		"the controller looks": w.reconcile,
		"all goes well for a while": func(t *rapid.T) {
			for range 8 {
				if !w.released {
					w.goesWell(t)
				}
			}
		},
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
		"the deadline changes": func(t *rapid.T) {
			w.change(func(s *story) {
				s.Spec.ActiveDeadlineSeconds = oneOf(t, "deadline", nil, nil, new(int32(1)), new(int32(1000)), new(int32(10_000)))
			})
		},
		"the TTL changes": func(t *rapid.T) {
			w.change(func(s *story) {
				s.Spec.TTLSecondsAfterFinished = oneOf(t, "ttl", nil, nil, new(int32(0)), new(int32(600)))
			})
		},
		"the strategy changes": func(t *rapid.T) {
			w.change(func(s *story) {
				s.Spec.Unreachable = oneOf(t, "strategy", nil, &v1alpha1.Unreachable{ReplaceAfterSeconds: new(int32(0))}, &v1alpha1.Unreachable{ReplaceAfterSeconds: new(int32(300))})
			})
		},
		"the attempt is given up": func(*rapid.T) {
			if w.Binding != nil {
				w.GiveUp = w.Binding.TaskID
			}
		},
		"it is paused or goes on":   func(*rapid.T) { w.Paused = !w.Paused },
		"there is no room for more": func(*rapid.T) { w.AbandonedFull = !w.AbandonedFull },
		"a restart is asked for":    func(t *rapid.T) { w.RestartRequest = oneOf(t, "request", "one", "two") },
		"an obstacle comes or goes": func(t *rapid.T) {
			switch {
			case w.Obstacle != nil:
				w.Obstacle = nil
			case rapid.Bool().Draw(t, "blind"):
				w.Obstacle = TooOld(map[string]string{"tasks": "later"})
			default:
				w.Obstacle = &Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: "It goes"}
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
		if attempt.phase == finished {
			continue
		}
		if !w.leftBehind(id) {
			notOver++
		}
		if w.released && w.Spec.DeletionPolicy != v1alpha1.TaskDeletionOrphan && !w.Abandoned.Has(id) {
			t.Fatalf("the object is gone while %s is %+v and nobody remembers it", id, attempt)
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

// TestNext_walk lets the world do what it likes, and holds that one attempt at most is not over at any time, besides those that a person
// allowed to be left behind (rule 1).
func TestNext_walk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &walk{story: *newStory(), truths: map[string]*truth{}}
		w.Earlier, w.Abandoned, w.Proven = map[string]mesos.Observation{}, sets.New[string](), true
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
	w.Doubted, w.Obstacle, w.Paused, w.AbandonedFull = false, nil, false, false
	if !isTooOld(w.Seen) {
		w.change(func(s *story) { s.Spec.ActiveDeadlineSeconds = nil })
	}
	for range 60 {
		if w.released {
			return
		}
		for _, earlier := range w.Status.History {
			if w.leftBehind(earlier.ID) {
				w.moveLeft(earlier.ID)
			}
		}
		w.goesWell(t)
		w.check(t)
		w.later(time.Minute)
	}
	last := Next(w.Seen)
	if w.Deleting && w.Finalized {
		t.Fatalf("an hour after its deletion the object is still there: rule %q", last.Rule)
	}
	switch last.Rule {
	case "let it run", "completed", "failed for good", "restarts exhausted", "suspended", "past its deadline", "delete what was never bound or is over":
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

// goesWell is a round in which Mesos behaves.
func (w *walk) goesWell(t *rapid.T) {
	if latest := w.bound(); latest != nil && !w.leftBehind(w.Binding.TaskID) {
		w.behave(latest)
	}
	if w.wanted {
		w.Placement = &Placement{TaskID: fmt.Sprintf("shop.web.%s.placed%d", w.Hash, w.attempts+1), AgentID: "agent-1"}
	}
	w.reconcile(t)
}

// goesAway makes Mesos say that it cannot tell how the latest attempt is, which lives.
func (w *walk) goesAway(t *rapid.T, attempt *truth) {
	w.answers(rapid.SampledFrom([]mesos.TaskState{mesos.TaskUnreachable, mesos.TaskUnknown, mesos.TaskLost}).Draw(t, "seen as"))
	attempt.said, attempt.killing, w.Answered = append(attempt.said, *w.Observation), false, w.Asks > 0
	if w.FateUnknownSince.IsZero() {
		w.FateUnknownSince = w.Now
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
