package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// An old and a young live task that match the spec, and one that does not.
var (
	oldOne   = Other{State: mesos.TaskRunning, TaskID: "shop.web.1aaaaaaaa.old", AgentID: "agent-2", Since: epoch.Add(-2 * time.Hour)}
	youngOne = Other{State: mesos.TaskRunning, TaskID: "shop.web.1aaaaaaaa.young", AgentID: "agent-3", Since: epoch.Add(-time.Hour)}
	misfit   = Other{State: mesos.TaskRunning, TaskID: "shop.web.1bbbbbbbb.misfit", AgentID: "agent-4", Since: epoch.Add(-3 * time.Hour)}
)

// outdated is what an earlier subscription told of.
func outdated(other Other) Other {
	other.Outdated = true
	return other
}

// dying is what is being killed.
func dying(other Other) Other {
	other.Dying = true
	return other
}

// TestNext_others goes through rule 12: what becomes of the live tasks of an identity that are not its attempt of record.
func TestNext_others(t *testing.T) {
	obstacle := func(s *story) { s.Obstacle = &Obstacle{Reason: "X", Message: "x"} }
	lacking := func(s *story) {
		s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonSecretNotFound, Message: "Not there", Reads: true}
	}
	ended := func(changes ...func(*v1alpha1.MesosTaskSpec)) *story { return ended(mesos.TaskFailed, changes...) }
	for name, c := range map[string]struct {
		story  *story
		others []Other
		then   func(*story)
		adopts string
		kills  []string
		rule   string
	}{
		"of two unbound the oldest that matches goes on":                                 {newStory(), []Other{youngOne, misfit, oldOne}, nil, oldOne.TaskID, []string{youngOne.TaskID, misfit.TaskID}, "first launch"},
		"where none matches all are killed before anything is launched":                  {newStory(), []Other{misfit}, nil, "", []string{misfit.TaskID}, "first launch"},
		"before the proof none is touched":                                               {newStory(), []Other{youngOne, misfit, oldOne}, func(s *story) { s.Proven = false }, "", nil, "first launch"},
		"with an obstacle none is touched":                                               {newStory(), []Other{oldOne, misfit}, obstacle, "", nil, "nothing can be launched"},
		"what matches goes on though what the spec takes from elsewhere is not there":    {newStory(), []Other{oldOne, misfit}, lacking, oldOne.TaskID, nil, "first launch"},
		"and though what the status knows failed":                                        {ended(onlyOnce), []Other{oldOne}, lacking, oldOne.TaskID, nil, "take over what already runs"},
		"what does not match is left alone while that is not there":                      {newStory(), []Other{misfit}, lacking, "", nil, "nothing can be launched"},
		"while the task backs off what does not match is left alone":                     {backingOff(), []Other{misfit}, nil, "", nil, "back off"},
		"what matches goes on at once though the task backs off":                         {backingOff(), []Other{oldOne, misfit}, nil, oldOne.TaskID, []string{misfit.TaskID}, "take over what already runs"},
		"what matches goes on though what the status knows failed":                       {ended(onlyOnce), []Other{oldOne}, nil, oldOne.TaskID, nil, "take over what already runs"},
		"what matches goes on though what was restored is gone":                          {ended(onFailure), []Other{oldOne}, func(s *story) { s.Status.Task.State = string(mesos.TaskGone); s.UID = "uid-9" }, oldOne.TaskID, nil, "take over what already runs"},
		"what was abandoned and only an earlier subscription told of is in nobody's way": {newStory(), []Other{outdated(oldOne), misfit}, func(s *story) { s.Abandoned = sets.New(oldOne.TaskID) }, "", []string{misfit.TaskID}, "first launch"},
		"paused, what matches is not taken over though the last one failed":              {ended(onlyOnce), []Other{oldOne}, func(s *story) { s.Paused = true }, "", nil, "failed for good"},
		"what an earlier subscription told of is not touched":                            {newStory(), []Other{outdated(oldOne), misfit}, nil, "", []string{misfit.TaskID}, "first launch"},
		"of two that match none is touched while one has not been told of":               {newStory(), []Other{youngOne, outdated(oldOne)}, nil, "", nil, "first launch"},
		"what matches is not touched while what does not has not been told of":           {newStory(), []Other{youngOne, outdated(misfit)}, nil, "", nil, "first launch"},
		"beside one that only an earlier subscription called live none is touched":       {running(), []Other{oldOne}, func(s *story) { s.Outdated = true }, "", nil, "let it run"},
		"the bound one stays while it lives":                                             {running(), []Other{oldOne, misfit}, nil, "", []string{oldOne.TaskID, misfit.TaskID}, "let it run"},
		"beside one whose fate is unknown none is touched":                               {running(), []Other{oldOne, misfit}, answer(mesos.TaskUnreachable), "", nil, "wait for what may or may not run"},
		"beside a silent one none is touched":                                            {running(), []Other{oldOne, misfit}, func(s *story) { s.Observation = nil }, "", nil, "let it run"},
		"beside one of another framework ID none is touched":                             {running(), []Other{oldOne}, func(s *story) { s.FrameworkID = "framework-2" }, "", nil, "hands off another framework's attempt"},
		"deleted, both are killed though one's fate is unknown":                          {running(), []Other{oldOne}, func(s *story) { remove(s); s.answers(mesos.TaskUnreachable) }, "", []string{oldOne.TaskID}, "delete and kill"},
		"suspended, both are killed though one's fate is unknown":                        {running(), []Other{oldOne}, func(s *story) { suspend(s); s.answers(mesos.TaskUnreachable) }, "", []string{oldOne.TaskID}, "kill what is not wanted any more"},
		"deleted, all are killed, also before the proof":                                 {newStory(), []Other{oldOne, misfit}, func(s *story) { remove(s); s.Proven = false }, "", []string{oldOne.TaskID, misfit.TaskID}, "delete what was never bound or is over"},
		"deleted and to be let go, none is touched":                                      {newStory(orphan), []Other{oldOne, misfit}, remove, "", nil, "delete what was never bound or is over"},
		"suspended, all are killed":                                                      {newStory(), []Other{oldOne}, suspend, "", []string{oldOne.TaskID}, "suspended"},
		"paused, none is touched":                                                        {newStory(), []Other{oldOne, misfit}, func(s *story) { s.Paused = true }, "", nil, "paused"},
		"paused, not even what was left behind":                                          {replaced(), nil, func(s *story) { comesBack(s); s.Paused = true }, "", nil, "paused"},
		"paused and suspended, none is touched":                                          {newStory(), []Other{oldOne}, func(s *story) { suspend(s); s.Paused = true }, "", nil, "suspended"},
		"what was replaced is not taken over but killed":                                 {replaced(), nil, comesBack, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "launch again"},
		"what was given up is not taken over but killed":                                 {givenUp(), nil, comesBack, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "launch again"},
		"what was abandoned is not taken over but killed":                                {newStory(), []Other{oldOne}, func(s *story) { s.Abandoned = sets.New(oldOne.TaskID) }, "", []string{oldOne.TaskID}, "first launch"},
		"what was abandoned gives way to one that matches":                               {newStory(), []Other{oldOne, youngOne}, func(s *story) { s.Abandoned = sets.New(oldOne.TaskID) }, youngOne.TaskID, []string{oldOne.TaskID}, "first launch"},
		"what was over and is back is not taken over but killed":                         {ended(), []Other{{State: mesos.TaskRunning, TaskID: "shop.web.1aaaaaaaa.nonce00001", AgentID: "agent-1"}}, nil, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "launch again"},
		"what was left behind is killed before the proof":                                {replaced(), nil, func(s *story) { comesBack(s); s.Proven = false }, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "launch again"},
		"what was left behind is killed with an obstacle":                                {replaced(), nil, func(s *story) { comesBack(s); obstacle(s) }, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "nothing can be launched"},
		"what was abandoned is killed during a backoff":                                  {backingOff(), []Other{oldOne, misfit}, func(s *story) { s.Abandoned = sets.New(oldOne.TaskID) }, "", []string{oldOne.TaskID}, "back off"},
		"what was left behind is killed beside one whose fate is unknown":                {followed(), nil, func(s *story) { comesBack(s); s.answers(mesos.TaskUnreachable) }, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "wait for what may or may not run"},
		"what was left behind is killed beside one that goes on":                         {followed(), nil, comesBack, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "let it run"},
		"what was left behind is killed though the object lets go":                       {followed(orphan), []Other{oldOne}, func(s *story) { remove(s); others := s.Others; comesBack(s); s.Others = append(s.Others, others...) }, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "delete and let the task run on"},
		"a kill is repeated when it is due":                                              {running(), []Other{{State: mesos.TaskRunning, TaskID: "shop.web.1aaaaaaaa.n", Kills: 1, LastKill: epoch.Add(-firstKillRetry)}}, nil, "", []string{"shop.web.1aaaaaaaa.n"}, "let it run"},
		"what is dying is not taken over":                                                {newStory(), []Other{dying(oldOne)}, nil, "", []string{oldOne.TaskID}, "first launch"},
		"and not before":                                                                 {running(), []Other{{State: mesos.TaskRunning, TaskID: "shop.web.1aaaaaaaa.n", Kills: 1, LastKill: epoch.Add(-time.Second)}}, nil, "", nil, "let it run"},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story
			s.Others, s.Proven = c.others, true
			s.Placement = &Placement{TaskID: "shop.web.1aaaaaaaa.placed", AgentID: "agent-9"}
			if c.then != nil {
				c.then(s)
			}
			decision := s.look()
			if decision.Rule != c.rule {
				t.Errorf("rule %q, want %q", decision.Rule, c.rule)
			}
			adopts, kills := "", []string(nil)
			if decision.Adopt != nil {
				adopts = decision.Adopt.TaskID
			}
			for _, other := range decision.KillOthers {
				kills = append(kills, other.TaskID)
			}
			if diff := cmp.Diff(c.kills, kills); diff != "" || adopts != c.adopts {
				t.Errorf("it takes over %q, want %q, and kills (-want +got):\n%s", adopts, c.adopts, diff)
			}
			if has(decision, StepBind) || has(decision, StepPlace) || has(decision, StepRelease) && s.Spec.DeletionPolicy != v1alpha1.TaskDeletionOrphan {
				t.Errorf("steps %v beside live tasks", decision.Steps)
			}
		})
	}
}

func TestNext_suspendedWaitsForOthers(t *testing.T) {
	s := newStory().change(suspend)
	s.Others = []Other{oldOne}
	s.look()
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if want := "Waiting for shop.web.1aaaaaaaa.old on agent agent-2 to end, as spec.suspend asks"; ready.Message != want || ready.Reason != v1alpha1.ReasonSuspending {
		t.Errorf("it says %s: %q, want %q", ready.Reason, ready.Message, want)
	}
	s.Others, s.Earlier = nil, map[string]mesos.Observation{oldOne.TaskID: {TaskID: oldOne.TaskID, State: mesos.TaskKilled, Source: mesos.SourceExecutor, Time: s.Now}}
	checkSummary(t, s.look(), summary{"suspended", "True/Suspended", nil})
}

// TestNext_othersKillsAreDurable: the status says which task is killed, and that it is not the attempt, before the KILL; its end is then nobody's own,
// whichever process hears of it.
func TestNext_othersKillsAreDurable(t *testing.T) {
	s := newStory(onlyOnce).change(suspend)
	s.Others, s.Proven = []Other{oldOne}, true
	decision := s.look()
	want := []v1alpha1.TaskAttempt{{ID: oldOne.TaskID, AgentID: "agent-2", FrameworkID: "framework-1", Hash: hashA, KillReason: v1alpha1.KillNotOfRecord}}
	if diff := cmp.Diff(want, s.Status.History); diff != "" || !has(decision, StepKillOthers) {
		t.Errorf("steps %v, and the history is (-want +got):\n%s", decision.Steps, diff)
	}
	s.change(resume)
	s.Others[0].Kills, s.Others[0].LastKill = 1, s.Now
	if decision := s.later(time.Second).look(); has(decision, StepPlace) || decision.Adopt != nil {
		t.Errorf("resumed while it dies, steps are %v", decision.Steps)
	}
	s.Others[0].Outdated = true
	if decision := s.later(time.Second).look(); has(decision, StepPlace) {
		t.Errorf("resumed while nobody knows of its end, steps are %v", decision.Steps)
	}
	s.Others, s.Earlier = nil, map[string]mesos.Observation{oldOne.TaskID: {TaskID: oldOne.TaskID, State: mesos.TaskFinished, Source: mesos.SourceExecutor, Time: s.Now}}
	if decision := s.later(time.Second).look(); !has(decision, StepPlace) || s.Status.History[0].FinishTime == nil {
		t.Errorf("once it is over, steps are %v with %+v", decision.Steps, s.Status.History)
	}
}

// TestNext_othersAreKilledAsThereIsRoom: a KILL that could not be recorded is not sent yet.
func TestNext_othersAreKilledAsThereIsRoom(t *testing.T) {
	s := newStory().change(remove)
	for n := range maxHistory + 2 {
		s.Others = append(s.Others, Other{State: mesos.TaskRunning, TaskID: fmt.Sprintf("shop.web.1aaaaaaaa.other%d", n), AgentID: "agent-2"})
	}
	if decision := s.look(); len(decision.KillOthers) != maxHistory || len(s.Status.History) != maxHistory {
		t.Errorf("%d are killed and %d recorded, want %d", len(decision.KillOthers), len(s.Status.History), maxHistory)
	}
	s.Earlier = map[string]mesos.Observation{s.Others[0].TaskID: {TaskID: s.Others[0].TaskID, State: mesos.TaskKilled, Time: s.Now}}
	s.Others = s.Others[1:]
	s.later(time.Second).look()
	if decision := s.later(time.Minute).look(); !slices.ContainsFunc(decision.KillOthers, func(o Other) bool { return o.TaskID == "shop.web.1aaaaaaaa.other10" }) {
		t.Errorf("with room for one more these are killed: %v", decision.KillOthers)
	}
}

// astray is an other of which Mesos cannot tell.
func astray(other Other, state mesos.TaskState) Other {
	other.State, other.Lived, other.LostSince = state, epoch.Add(-time.Hour), epoch.Add(-time.Minute)
	if state == mesos.TaskUnknown {
		other.UnknownSince = epoch.Add(-time.Minute)
	}
	return other
}

// TestNext_lostOthers goes through rule 12: what lived, and is lost sight of, counts as live until something ends it.
func TestNext_lostOthers(t *testing.T) {
	const minute = time.Minute
	removed := func(other Other, message string, since time.Duration) Other {
		other = astray(other, mesos.TaskUnknown)
		other.AgentRemoved, other.LostSince, other.Answered, other.LastAsk = message, epoch.Add(-since), true, epoch
		return other
	}
	silent := func(other Other, asked time.Duration) Other {
		other.Outdated, other.Silent, other.Asks, other.LastAsk = true, true, 1, epoch.Add(asked)
		return other
	}
	giveUp := func(s *story) { s.GiveUp = misfit.TaskID }
	agent := func(given time.Duration) func(*story) {
		return func(s *story) {
			s.GiveUps = GiveUpsOf(givenAt(epoch.Add(given), v1alpha1.AnnotationGiveUpAgent, "agent-4"))
		}
	}
	unknown := func(given time.Duration) func(*story) {
		return func(s *story) {
			s.GiveUps = GiveUpsOf(givenAt(epoch.Add(given), v1alpha1.AnnotationGiveUpUnknown, "1-aaaa"))
		}
	}
	unregistered, replaced := "Agent host removed: the agent unregistered", "Agent host removed: a new agent registered at the same address"
	for name, c := range map[string]struct {
		other Other
		then  func(*story)
		// launches says that it is in nobody's way any more, over that it counts as over; asks that Mesos is asked for it.
		launches, over, asks bool
		// says is part of the condition, told the event.
		says, told string
	}{
		"unreachable, it counts as live":                     {astray(misfit, mesos.TaskUnreachable), nil, false, false, false, "mesos.dev/give-up=" + misfit.TaskID, ""},
		"unknown, it counts as live":                         {astray(misfit, mesos.TaskUnknown), nil, false, false, false, "mesos.dev/give-up-agent=agent-4", ""},
		"one that would match counts as live too":            {astray(oldOne, mesos.TaskUnreachable), nil, false, false, false, "mesos.dev/give-up=" + oldOne.TaskID, ""},
		"not spoken of since the connection was lost":        {outdated(misfit), nil, false, false, true, "has not said yet what became of", ""},
		"launched here and never heard of":                   {outdated(astray(misfit, "")), nil, false, false, true, "has not said yet what became of", ""},
		"silent while agents are awaited":                    {silent(misfit, -minute), func(s *story) { giveUp(s); s.SilenceCounts = epoch }, false, false, true, "annotation mesos.dev/give-up ends that", ""},
		"silent though all agents had their time":            {silent(misfit, 0), func(s *story) { s.SilenceCounts = epoch }, false, false, false, "mesos.dev/give-up=" + misfit.TaskID, ""},
		"silent and given up":                                {silent(misfit, 0), func(s *story) { giveUp(s); s.SilenceCounts = epoch }, true, false, false, "", "Normal GivenUp"},
		"given up":                                           {astray(misfit, mesos.TaskUnreachable), giveUp, true, false, false, "", "Normal GivenUp"},
		"not given up before Mesos was asked":                {outdated(misfit), giveUp, false, false, true, "", ""},
		"given up with its agent":                            {astray(misfit, mesos.TaskUnreachable), agent(0), true, true, false, "", "Normal AgentGivenUp"},
		"not by a word from before it was said to live last": {astray(misfit, mesos.TaskUnreachable), agent(-2 * time.Hour), false, false, false, "", ""},
		"given up with all that is unknown":                  {astray(misfit, mesos.TaskUnknown), unknown(0), true, false, false, "", "Normal UnknownGivenUp"},
		"not if it is unreachable":                           {astray(misfit, mesos.TaskUnreachable), unknown(0), false, false, false, "", ""},
		"not if it became so later":                          {astray(misfit, mesos.TaskUnknown), unknown(-2 * minute), false, false, false, "", ""},
		"its agent was removed a while ago":                  {removed(misfit, unregistered, 2*minute), nil, true, true, false, "", "Warning AgentRemoved"},
		"its agent was removed a moment ago":                 {removed(misfit, unregistered, minute), nil, false, false, false, "", ""},
		"its agent was replaced a while ago":                 {removed(misfit, replaced, 16*minute+5*time.Second), nil, true, true, false, "", "Warning AgentRemoved"},
		"its agent was replaced a moment ago":                {removed(misfit, replaced, 15*minute), nil, false, false, false, "", ""},
		"its agent was removed and nobody asked since":       {removed(misfit, unregistered, 2*minute), func(s *story) { s.Others[0].LastAsk = epoch.Add(-90 * time.Second) }, false, false, true, "", ""},
		"unknown for a fortnight":                            {astray(misfit, mesos.TaskUnknown), func(s *story) { s.Others[0].UnknownSince = epoch.Add(-forgottenAfter - time.Second) }, true, false, false, "", ""},
		"unreachable for a fortnight":                        {astray(misfit, mesos.TaskUnreachable), func(s *story) { s.Others[0].LostSince = epoch.Add(-forgottenAfter - time.Second) }, false, false, false, "", ""},
		"paused, nobody ends it":                             {astray(misfit, mesos.TaskUnreachable), func(s *story) { giveUp(s); s.Paused = true }, false, false, false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.Others, s.Proven = []Other{c.other}, true
			if c.then != nil {
				c.then(s)
			}
			decision := s.look()
			if has(decision, StepKillOthers) || has(decision, StepAskOthers) != c.asks || has(decision, StepAdopt) {
				t.Errorf("steps are %v", decision.Steps)
			}
			ready := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady)
			if !strings.Contains(ready.Message, c.says) {
				t.Errorf("it says %q, want %q in it", ready.Message, c.says)
			}
			if told := slices.DeleteFunc(s.told, func(event string) bool {
				return !strings.Contains(event, "Given") && !strings.Contains(event, "Removed")
			}); c.told == "" && len(told) > 0 || c.told != "" && !slices.Equal(told, []string{c.told}) {
				t.Errorf("it told %v, want %q", told, c.told)
			}
			if c.told != "" && has(decision, StepPlace) {
				t.Error("something is launched before that is durable")
			}
			if history := s.Status.History; c.told != "" && (len(history) != 1 || over(&history[0]) != c.over || over(&history[0]) != slices.Contains(decision.Forget, misfit.TaskID)) {
				t.Errorf("the history is %+v, forgotten is %v", history, decision.Forget)
			}
			if c.told != "" && c.over {
				s.Others = nil
			}
			again := s.look()
			if has(again, StepPlace) != c.launches {
				t.Errorf("then steps are %v, want launching to be %t", again.Steps, c.launches)
			}
		})
	}
	t.Run("one that lives and matches goes on beside it", func(t *testing.T) {
		s := newStory()
		s.Others, s.Proven = []Other{astray(misfit, mesos.TaskUnreachable), youngOne}, true
		if decision := s.look(); decision.Adopt == nil || decision.Adopt.TaskID != youngOne.TaskID {
			t.Errorf("it takes over %v", decision.Adopt)
		}
	})
	t.Run("a deleted object waits for it, and says how not to", func(t *testing.T) {
		s := newStory().change(remove)
		s.Finalized, s.Others = true, []Other{astray(misfit, mesos.TaskUnreachable)}
		decision := s.look()
		ready := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady)
		if has(decision, StepRelease) || !strings.Contains(ready.Message, "mesos.dev/give-up="+misfit.TaskID) {
			t.Errorf("steps %v, and it says %q", decision.Steps, ready.Message)
		}
		s.GiveUp = misfit.TaskID
		if decision = s.look(); !has(decision, StepAbandon) {
			t.Errorf("given up, steps are %v", decision.Steps)
		}
		s.Abandoned = sets.New(misfit.TaskID)
		if decision = s.look(); !has(decision, StepRelease) {
			t.Errorf("remembered, steps are %v", decision.Steps)
		}
	})
	t.Run("what is being killed counts as live under another process", func(t *testing.T) {
		s := newStory().change(suspend)
		s.Others, s.Proven = []Other{misfit}, true
		s.look()
		if condemned := Condemned(&s.Status); len(condemned) != 1 || condemned[0].ID != misfit.TaskID {
			t.Fatalf("condemned are %+v", condemned)
		}
		s.change(resume)
		s.Others = []Other{astray(misfit, mesos.TaskUnreachable)}
		if decision := s.look(); has(decision, StepPlace) {
			t.Errorf("steps are %v", decision.Steps)
		}
		s.GiveUp = misfit.TaskID
		s.look()
		if history := s.Status.History; len(history) != 1 || history[0].Outcome != v1alpha1.OutcomeGivenUp || len(Condemned(&s.Status)) > 0 {
			t.Errorf("given up, the history is %+v", history)
		}
	})
	t.Run("a word is spent once Mesos says that the task lives", func(t *testing.T) {
		s := newStory().change(suspend)
		s.Others, s.GiveUp = []Other{misfit}, misfit.TaskID
		s.look()
		s.change(resume)
		s.Others = []Other{astray(misfit, mesos.TaskUnreachable)}
		s.look()
		if decision := s.look(); has(decision, StepPlace) || len(s.Status.HandledAnnotations) != 1 {
			t.Errorf("steps %v, answered are %v", decision.Steps, s.Status.HandledAnnotations)
		}
	})
}

// TestNext_agentRemoved: what is known of a removed agent outlives the answers that come after it, and a change of the process.
func TestNext_agentRemoved(t *testing.T) {
	const message = "Agent host removed: the agent unregistered"
	s := running()
	s.hears(mesos.Observation{State: mesos.TaskLost, Source: mesos.SourceMaster, Reason: mesos.ReasonAgentRemoved, Message: message, AgentRemoved: message}).look()
	check := func(when string) {
		t.Helper()
		if task := s.Status.Task; task == nil || task.FinishTime != nil || !task.AgentRemovedTime.Equal(at(0)) || task.Message != message || task.Reason != mesos.ReasonAgentRemoved {
			t.Fatalf("%s it is %+v", when, task)
		}
	}
	check("as it is told")
	s.later(2 * time.Second).answers(mesos.TaskUnknown).Observation.AgentRemoved = message
	s.look()
	check("after an answer")
	s.later(time.Second).Observation = nil
	s.look()
	s.answers(mesos.TaskUnknown).look()
	check("under another process")
	s.later(removedWait + defaultGrace - 4*time.Second).confirms(mesos.TaskUnknown).look()
	check("a moment too early")
	if decision := s.later(3 * time.Second).look(); !has(decision, StepAsk) {
		t.Errorf("once its time is up, steps are %v", decision.Steps)
	}
	check("unasked")
	s.told = nil
	s.confirms(mesos.TaskUnknown).look()
	if task := s.Status.Task; task == nil || task.FinishTime == nil || task.Ran == nil || !*task.Ran || !slices.Contains(s.told, "Warning AgentRemoved") {
		t.Errorf("at last it is %+v, having told %v", task, s.told)
	}
	for _, state := range []mesos.TaskState{mesos.TaskRunning, mesos.TaskUnreachable} {
		s := running()
		s.hears(mesos.Observation{State: mesos.TaskLost, Source: mesos.SourceMaster, AgentRemoved: message}).look()
		if s.later(time.Minute).answers(state).look(); s.Status.Task.AgentRemovedTime != nil {
			t.Errorf("%s, it is %+v", state, s.Status.Task)
		}
	}
}

// TestNext_agentReplaced: where another agent took the address of the one that was removed, what that ran may go on for longer, as nobody tells it to end.
func TestNext_agentReplaced(t *testing.T) {
	const message = "Agent host removed: a new agent registered at the same address"
	s := running()
	s.hears(mesos.Observation{State: mesos.TaskLost, Source: mesos.SourceMaster, Reason: mesos.ReasonAgentRemoved, Message: message, AgentRemoved: message}).look()
	s.later(removedWait + replacedWait + defaultGrace - time.Second).confirms(mesos.TaskUnknown).look()
	if s.Status.Task.FinishTime != nil {
		t.Errorf("too early it is %+v", s.Status.Task)
	}
	s.later(3 * time.Second).confirms(mesos.TaskUnknown).look()
	if s.Status.Task.FinishTime == nil {
		t.Errorf("at last it is %+v", s.Status.Task)
	}
}

// TestNext_waitsForTheGraceOfTheLaunch: a grace period that is shortened while nobody tells of a task does not make it end sooner.
func TestNext_waitsForTheGraceOfTheLaunch(t *testing.T) {
	const message = "Agent host removed: the agent unregistered"
	lost := mesos.Observation{State: mesos.TaskLost, Source: mesos.SourceMaster, Reason: mesos.ReasonAgentRemoved, Message: message, AgentRemoved: message}
	for sentence, launchedWith := range map[string]*int32{"launched with a longer one": new(int32(300)), "launched by an earlier release": nil} {
		s := running(func(spec *v1alpha1.MesosTaskSpec) { spec.KillGracePeriodSeconds = new(int32(1)) })
		s.Status.Task.KillGracePeriodSeconds = launchedWith
		s.hears(lost).look()
		s.later(removedWait + 10*time.Second).confirms(mesos.TaskUnknown).look()
		if isOver := s.Status.Task.FinishTime != nil; isOver != (launchedWith == nil) {
			t.Errorf("%s: 70 s later, over is %t", sentence, isOver)
		}
		s.later(5 * time.Minute).confirms(mesos.TaskUnknown).look()
		if task := s.Status.Task; task != nil && task.AgentRemovedTime != nil && task.FinishTime == nil {
			t.Errorf("%s: in the end it is %+v", sentence, task)
		}
	}
}

// TestNext_forgetsInTheEnd: what was left behind, and Mesos has not known for a fortnight, nobody expects back.
func TestNext_forgetsInTheEnd(t *testing.T) {
	s := givenUp()
	s.Earlier = map[string]mesos.Observation{s.Status.History[0].ID: {State: mesos.TaskUnknown, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation}}
	since := s.Status.History[0].UnknownTime
	s.Now = since.Add(forgottenAfter - time.Second)
	if s.look(); len(s.Status.History) != 1 {
		t.Fatal("it is forgotten too early")
	}
	if decision := s.later(time.Second).look(); !over(&s.Status.History[0]) || len(decision.Forget) != 1 {
		t.Errorf("the history is %+v, forgotten is %v", s.Status.History, decision.Forget)
	}
}

// TestNext_forgettingLaunchesNothing: an attempt that was given up, and that nobody expects back any more, ran all the same. What is launched but
// once is not launched again for having been forgotten.
func TestNext_forgettingLaunchesNothing(t *testing.T) {
	for name, then := range map[string]func(*story){
		"given up last": func(*story) {},
		"a spec that was taken back never ran": func(s *story) {
			s.change(changeHash).bind(LaunchRefused).look()
			s.change(func(s *story) { s.Hash = hashA })
		},
		"others fill the history": func(s *story) {
			for i := range maxHistory - 1 {
				s.Status.History = append(s.Status.History, v1alpha1.TaskAttempt{
					ID: fmt.Sprintf("shop.web.1bbbbbbbb.left%d", i), AgentID: "agent-4", Hash: hashB, Outcome: v1alpha1.OutcomeReplaced, State: string(mesos.TaskUnreachable),
				})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := running(onlyOnce)
			s.confirms(mesos.TaskUnknown).look()
			s.Answered, s.LastAsk, s.Asks = true, s.Now, 1
			s.GiveUp, s.Proven = s.Binding.TaskID, true
			first := s.Binding.TaskID
			s.look()
			s.Observation = nil
			then(s)
			s.look()
			s.Earlier = map[string]mesos.Observation{first: {TaskID: first, State: mesos.TaskUnknown, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation}}
			s.later(time.Minute).look()
			s.later(forgottenAfter).look()
			s.Earlier = nil
			s.Others = []Other{misfit} // It is put into the history, if there is room.
			s.look()
			s.Others, s.Placement = nil, &Placement{TaskID: "shop.web.1aaaaaaaa.again", AgentID: "agent-9"}
			if decision := s.later(time.Second).look(); decision.Rule != "failed for good" || has(decision, StepBind) {
				t.Errorf("rule %q, steps %v, the history is %+v", decision.Rule, decision.Steps, s.Status.History)
			}
			if n := len(s.Status.History); n > maxHistory {
				t.Errorf("the history has %d attempts", n)
			}
		})
	}
}

// TestNext_othersOutliveTheProcess: what the history durably says of a task that is being killed goes on under the next process.
func TestNext_othersOutliveTheProcess(t *testing.T) {
	const message = "Agent host removed: the agent unregistered"
	for name, c := range map[string]struct {
		said  mesos.Observation
		after time.Duration
	}{
		"its agent was removed":   {mesos.Observation{State: mesos.TaskLost, Source: mesos.SourceMaster, Reason: mesos.ReasonAgentRemoved, AgentRemoved: message}, time.Hour},
		"unknown for a fortnight": {mesos.Observation{State: mesos.TaskUnknown, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation}, forgottenAfter},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory().change(suspend)
			s.Others, s.Proven = []Other{misfit}, true
			s.look()
			s.change(resume)
			said := c.said
			said.TaskID = misfit.TaskID
			s.Others = []Other{astray(misfit, said.State)}
			s.Others[0].AgentRemoved = said.AgentRemoved
			s.Earlier = map[string]mesos.Observation{misfit.TaskID: said}
			s.look()
			// The next process has only just seen it.
			s.later(c.after + time.Second)
			s.Earlier = map[string]mesos.Observation{misfit.TaskID: {TaskID: misfit.TaskID, State: mesos.TaskUnknown, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation}}
			s.Others = []Other{{
				TaskID: misfit.TaskID, AgentID: misfit.AgentID, State: mesos.TaskUnknown, Since: s.Now, LostSince: s.Now, UnknownSince: s.Now, Asks: 1, LastAsk: s.Now, Answered: true,
			}}
			if decision := s.look(); !slices.Contains(decision.Forget, misfit.TaskID) || len(Condemned(&s.Status)) > 0 {
				t.Errorf("forgotten is %v, condemned are %+v", decision.Forget, Condemned(&s.Status))
			}
			s.Others, s.Earlier = nil, nil
			if decision := s.later(time.Second).look(); !has(decision, StepPlace) {
				t.Errorf("then steps are %v", decision.Steps)
			}
		})
	}
}

// TestNext_othersThatMayNeverHaveBeenLaunched: an agent that never got a launch ignores its KILLs for ever, also where it is not of the attempt of
// record. After ten minutes there is a way out, and what was let go before needs none.
func TestNext_othersThatMayNeverHaveBeenLaunched(t *testing.T) {
	vain := func(since time.Duration) Other {
		other := misfit
		other.State, other.Since, other.Lived = mesos.TaskStaging, epoch.Add(-time.Hour), epoch
		other.Kills, other.FirstKill, other.LastKill = 9, epoch.Add(-since), epoch
		return other
	}
	agentWord := func(s *story) {
		s.GiveUps = GiveUpsOf(givenAt(epoch.Add(-time.Minute), v1alpha1.AnnotationGiveUpAgent, misfit.AgentID))
	}
	giveUp := func(s *story) { s.GiveUp = misfit.TaskID }
	const goesOn = StepPlace
	for name, c := range map[string]struct {
		killed time.Duration
		then   []func(*story)
		says   string
		// at last are the steps that are taken once what is known is durable.
		atLast Step
	}{
		"killed for nine minutes":                 {9 * time.Minute, []func(*story){agentWord}, "Killing " + misfit.TaskID, ""},
		"killed for ten minutes":                  {10 * time.Minute, nil, "mesos.dev/give-up=" + misfit.TaskID, ""},
		"given up":                                {10 * time.Minute, []func(*story){giveUp}, "", goesOn},
		"given up with its agent":                 {10 * time.Minute, []func(*story){agentWord}, "", goesOn},
		"abandoned before, and killed for nine":   {9 * time.Minute, []func(*story){abandoned}, "Killing " + misfit.TaskID, ""},
		"abandoned before, and killed for ten":    {10 * time.Minute, []func(*story){abandoned}, "", goesOn},
		"deleted":                                 {10 * time.Minute, []func(*story){remove}, "mesos.dev/give-up=" + misfit.TaskID, ""},
		"deleted and given up":                    {10 * time.Minute, []func(*story){remove, giveUp}, "", StepAbandon},
		"deleted, left to run on, and abandoned":  {10 * time.Minute, []func(*story){remove, abandoned, func(s *story) { s.Spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan }}, "", StepRelease},
		"over by a word that the history forgot":  {10 * time.Minute, []func(*story){func(s *story) { s.Status.History = nil }}, "mesos.dev/give-up=" + misfit.TaskID, ""},
		"suspended":                               {10 * time.Minute, []func(*story){suspend}, "mesos.dev/give-up=" + misfit.TaskID, ""},
		"left behind before, it returned to this": {10 * time.Minute, []func(*story){left}, "", goesOn},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.Finalized, s.Others, s.Proven = true, []Other{misfit}, true
			s.look() // It is condemned.
			s.Others = []Other{vain(c.killed)}
			s.Earlier = map[string]mesos.Observation{misfit.TaskID: {TaskID: misfit.TaskID, State: mesos.TaskStaging}}
			for _, then := range c.then {
				then(s)
			}
			s.look()
			decision := s.look()
			ready := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady)
			if !strings.Contains(ready.Message, c.says) {
				t.Errorf("it says %q, want %q in it", ready.Message, c.says)
			}
			for _, step := range []Step{goesOn, StepAbandon, StepRelease} {
				if has(decision, step) != (step == c.atLast) {
					t.Errorf("steps are %v, want %q", decision.Steps, c.atLast)
				}
			}
			if c.atLast == goesOn && len(s.Status.HandledAnnotations) > 0 {
				t.Errorf("answered are %v", s.Status.HandledAnnotations)
			}
		})
	}
}

func abandoned(s *story) {
	s.Abandoned, s.Status.History, s.Earlier = sets.New(misfit.TaskID), nil, nil
}

func left(s *story) {
	s.Status.History = []v1alpha1.TaskAttempt{{ID: misfit.TaskID, AgentID: misfit.AgentID, Hash: hashB, Outcome: v1alpha1.OutcomeReplaced, State: string(mesos.TaskUnreachable)}}
}

// TestNext_othersEndUnseen: a draining agent that is to be marked gone says so as it begins to kill, whichever task it is.
func TestNext_othersEndUnseen(t *testing.T) {
	gone := mesos.Observation{TaskID: misfit.TaskID, State: mesos.TaskGoneByOperator, Source: mesos.SourceExecutor, Reason: mesos.ReasonAgentDraining, UUID: []byte("x")}
	goneOther := func(other Other, since time.Time) Other {
		other.State, other.GoneSince = mesos.TaskGoneByOperator, since
		return other
	}
	grace := func(spec *v1alpha1.MesosTaskSpec) { spec.KillGracePeriodSeconds = new(int32(60)) }
	launches := func(t *testing.T, s *story, want bool) {
		t.Helper()
		if decision := s.look(); has(decision, StepPlace) != want {
			t.Errorf("%v after the beginning rule %q does %v: %+v", s.Now.Sub(epoch), decision.Rule, decision.Steps, meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady))
		}
	}
	t.Run("while it is being killed", func(t *testing.T) {
		s := newStory(grace)
		s.Others, s.Proven = []Other{misfit}, true
		s.look()
		s.later(time.Second)
		gone.Time = s.Now
		s.Others, s.Earlier = []Other{goneOther(misfit, s.Now)}, map[string]mesos.Observation{misfit.TaskID: gone}
		launches(t, s, false)
		if ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonAgentDraining {
			t.Errorf("it says %+v", ready)
		}
		launches(t, s.later(70*time.Second), false)
		t.Run("under another process", func(t *testing.T) {
			next := *s
			next.Others = []Other{{TaskID: misfit.TaskID, AgentID: misfit.AgentID, State: mesos.TaskGoneByOperator}}
			next.Earlier = map[string]mesos.Observation{misfit.TaskID: {TaskID: misfit.TaskID, State: mesos.TaskGoneByOperator, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation}}
			launches(t, &next, false)
		})
		s.later(time.Second).look()
		if history := s.Status.History; len(history) != 1 || !over(&history[0]) {
			t.Errorf("the history is %+v", history)
		}
		launches(t, s, true)
	})
	t.Run("before anybody killed it", func(t *testing.T) {
		s := backingOff()
		grace(&s.Spec)
		s.Others, s.Proven = []Other{goneOther(misfit, s.Now)}, true
		s.Now = s.Status.NextLaunchTime.Time
		s.Others[0].GoneSince = s.Now
		launches(t, s, false)
		launches(t, s.later(70*time.Second), false)
		if decision := s.later(time.Second).look(); !has(decision, StepPlace) || !slices.Contains(decision.Forget, misfit.TaskID) {
			t.Errorf("in the end steps are %v, forgotten is %v", decision.Steps, decision.Forget)
		}
	})
	t.Run("what matches is taken over, so that its end is the object's", func(t *testing.T) {
		s := newStory(onlyOnce)
		s.Others, s.Proven = []Other{goneOther(oldOne, s.Now)}, true
		if decision := s.look(); decision.Adopt == nil {
			t.Errorf("steps are %v", decision.Steps)
		}
	})
}

// TestNext_sparesOthersThatNothingWouldFollow: what runs is not killed before it is known that what would follow can be launched, nor is that said.
func TestNext_sparesOthersThatNothingWouldFollow(t *testing.T) {
	for name, c := range map[string]struct {
		then func(*story)
		says string
	}{
		"the master has not been asked for its agents": {func(s *story) { s.AgentsAwaited = true }, "once the master has been asked"},
		"no agent is large enough": {func(s *story) {
			s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonNoAgentLargeEnough, Stalled: true, Waits: true, Message: "No agent is large enough"}
		}, "No agent is large enough"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.Others, s.Proven = []Other{misfit}, true
			c.then(s)
			decision := s.look()
			ready := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady)
			if len(decision.KillOthers) > 0 || !strings.Contains(ready.Message, c.says) || strings.Contains(ready.Message, "Killing") {
				t.Errorf("it kills %v and says %q", decision.KillOthers, ready.Message)
			}
			if stalled := meta.IsStatusConditionTrue(decision.Status.Conditions, v1alpha1.ConditionStalled); stalled != (s.Obstacle != nil) {
				t.Errorf("stalled is %t", stalled)
			}
			s.Others[0].TaskID = "shop.web.1bbbbbbbb.gone"
			s.Abandoned = sets.New(s.Others[0].TaskID)
			if decision = s.look(); len(decision.KillOthers) != 1 {
				t.Error("what was abandoned is not killed")
			}
		})
	}
}
