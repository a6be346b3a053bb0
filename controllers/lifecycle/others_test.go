package lifecycle

import (
	"fmt"
	"slices"
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
	oldOne   = Other{TaskID: "shop.web.1aaaaaaaa.old", AgentID: "agent-2", Since: epoch.Add(-2 * time.Hour)}
	youngOne = Other{TaskID: "shop.web.1aaaaaaaa.young", AgentID: "agent-3", Since: epoch.Add(-time.Hour)}
	misfit   = Other{TaskID: "shop.web.1bbbbbbbb.misfit", AgentID: "agent-4", Since: epoch.Add(-3 * time.Hour)}
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
		"what was over and is back is not taken over but killed":                         {ended(), []Other{{TaskID: "shop.web.1aaaaaaaa.nonce00001", AgentID: "agent-1"}}, nil, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "launch again"},
		"what was left behind is killed before the proof":                                {replaced(), nil, func(s *story) { comesBack(s); s.Proven = false }, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "launch again"},
		"what was left behind is killed with an obstacle":                                {replaced(), nil, func(s *story) { comesBack(s); obstacle(s) }, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "nothing can be launched"},
		"what was abandoned is killed during a backoff":                                  {backingOff(), []Other{oldOne, misfit}, func(s *story) { s.Abandoned = sets.New(oldOne.TaskID) }, "", []string{oldOne.TaskID}, "back off"},
		"what was left behind is killed beside one whose fate is unknown":                {followed(), nil, func(s *story) { comesBack(s); s.answers(mesos.TaskUnreachable) }, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "wait for what may or may not run"},
		"what was left behind is killed beside one that goes on":                         {followed(), nil, comesBack, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "let it run"},
		"what was left behind is killed though the object lets go":                       {followed(orphan), []Other{oldOne}, func(s *story) { remove(s); others := s.Others; comesBack(s); s.Others = append(s.Others, others...) }, "", []string{"shop.web.1aaaaaaaa.nonce00001"}, "delete and let the task run on"},
		"a kill is repeated when it is due":                                              {running(), []Other{{TaskID: "shop.web.1aaaaaaaa.n", Kills: 1, LastKill: epoch.Add(-firstKillRetry)}}, nil, "", []string{"shop.web.1aaaaaaaa.n"}, "let it run"},
		"what is dying is not taken over":                                                {newStory(), []Other{dying(oldOne)}, nil, "", []string{oldOne.TaskID}, "first launch"},
		"and not before":                                                                 {running(), []Other{{TaskID: "shop.web.1aaaaaaaa.n", Kills: 1, LastKill: epoch.Add(-time.Second)}}, nil, "", nil, "let it run"},
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
		s.Others = append(s.Others, Other{TaskID: fmt.Sprintf("shop.web.1aaaaaaaa.other%d", n), AgentID: "agent-2"})
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
