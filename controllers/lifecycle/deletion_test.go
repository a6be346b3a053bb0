package lifecycle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func orphan(spec *v1alpha1.MesosTaskSpec) { spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan }

// followed is a task that runs after its first attempt was replaced.
func followed(changes ...func(*v1alpha1.MesosTaskSpec)) *story {
	s := replaced(changes...)
	s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
	s.Unacknowledged, s.told = nil, nil
	return s
}

func TestNext_abandons(t *testing.T) {
	const (
		nothingLeft = "delete what was never bound or is over"
		lets        = "delete and let go of what may still run"
		kills       = "delete and kill"
		detaches    = "delete and let the task run on"
		keeps       = "delete and keep the task from being killed as an orphan"
		first       = "shop.web.1aaaaaaaa.nonce00001"
	)
	abandon, release := []Step{StepAbandon}, []Step{StepRelease}
	known := func(ids ...string) func(*story) { return func(s *story) { s.Abandoned = sets.New(ids...) } }
	lostFor := func(d time.Duration, changes ...func(*v1alpha1.MesosTaskSpec)) *story {
		return running(append(changes, replaceAfter(300))...).lost(mesos.TaskUnreachable, d)
	}
	stays := func(s *story) { s.confirms(mesos.TaskUnreachable) }
	gives := func(s *story) { s.GiveUp = first }
	for name, c := range map[string]struct {
		story   *story
		then    []func(*story)
		rule    string
		steps   []Step
		abandon []string
	}{
		"what has been away for long is remembered first": {lostFor(300 * time.Second), []func(*story){stays}, lets, abandon, []string{first}},
		"and then let go": {lostFor(300 * time.Second), []func(*story){stays, known(first)}, lets, release, nil},
		"and let go by the next process, which asked nobody":  {lostFor(300 * time.Second), []func(*story){known(first)}, lets, release, nil},
		"what has been away for long is asked for first":      {lostFor(300 * time.Second), nil, kills, []Step{StepKill, StepAsk}, nil},
		"what has not been away for long is killed":           {lostFor(299 * time.Second), []func(*story){stays}, kills, []Step{StepKill}, nil},
		"what is away for ever by the spec is killed":         {running().lost(mesos.TaskUnreachable, 1000*time.Hour), []func(*story){stays}, kills, []Step{StepKill}, nil},
		"though without restarts left":                        {lostFor(300*time.Second, maxRestarts(0)), []func(*story){stays}, lets, abandon, []string{first}},
		"what was given up is remembered first":               {running().lost(mesos.TaskUnknown, 0), []func(*story){gives}, lets, abandon, []string{first}},
		"what was given up while silent is remembered first":  {running(), []func(*story){gives, func(s *story) { s.Observation, s.Silent = nil, true }}, lets, abandon, []string{first}},
		"what was given up and lives is killed":               {running(), []func(*story){gives}, kills, []Step{StepKill}, nil},
		"what was given up and is on its way is waited for":   {newStory().bind(LaunchSent), []func(*story){gives}, kills, nil, nil},
		"what is remembered and is back is killed":            {running(), []func(*story){known(first)}, kills, []Step{StepKill}, nil},
		"what is remembered and is over is let go":            {running(), []func(*story){known(first), update(mesos.TaskKilled)}, nothingLeft, []Step{StepRelease, StepAcknowledge}, nil},
		"nothing is remembered where there is no room":        {lostFor(300 * time.Second), []func(*story){stays, func(s *story) { s.AbandonedFull = true }}, lets, nil, nil},
		"though what is remembered already is let go":         {lostFor(300 * time.Second), []func(*story){stays, known(first), func(s *story) { s.AbandonedFull = true }}, lets, release, nil},
		"what was replaced is remembered first":               {replaced(), nil, nothingLeft, abandon, []string{first}},
		"what was replaced is let go, once remembered":        {replaced(), []func(*story){known(first)}, nothingLeft, release, nil},
		"what was replaced and is back is killed":             {replaced(), []func(*story){comesBack}, nothingLeft, []Step{StepKillOthers}, nil},
		"also if it was remembered":                           {replaced(), []func(*story){comesBack, known(first)}, nothingLeft, []Step{StepKillOthers}, nil},
		"what was replaced and is back is killed with Orphan": {replaced(orphan), []func(*story){comesBack}, nothingLeft, []Step{StepKillOthers}, nil},
		"what followed on what was replaced is killed":        {followed(), nil, kills, []Step{StepKill}, nil},
		"once that is over, what was replaced is remembered":  {followed(), []func(*story){update(mesos.TaskKilled)}, nothingLeft, []Step{StepAcknowledge, StepAbandon}, []string{first}},
		"both are remembered, if both are away":               {followed().lost(mesos.TaskUnreachable, time.Hour), []func(*story){stays}, lets, abandon, []string{"shop.web.1aaaaaaaa.nonce00002", first}},
		"the one that is not remembered is":                   {followed().lost(mesos.TaskUnreachable, time.Hour), []func(*story){stays, known(first)}, lets, abandon, []string{"shop.web.1aaaaaaaa.nonce00002"}},
		"with Orphan, what was replaced is remembered":        {followed(orphan), nil, detaches, abandon, []string{first}},
		"with Orphan, what is left running is let go then":    {followed(orphan), []func(*story){known(first)}, detaches, release, nil},
		"with Orphan, what is away for long is left, too":     {lostFor(300*time.Second, orphan), []func(*story){stays}, detaches, release, nil},
		"with Orphan, what was given up is remembered":        {running(orphan).lost(mesos.TaskUnknown, 0), []func(*story){gives}, lets, abandon, []string{first}},
		"with Orphan, nobody remembers without a framework":   {followed(orphan), []func(*story){func(s *story) { s.FrameworkID = "" }}, detaches, release, nil},
		"Orphan under a framework that kills orphans":         {running(orphan), []func(*story){func(s *story) { s.KillsOrphans = true }}, keeps, nil, nil},
		"the same, once it is over":                           {running(orphan), []func(*story){func(s *story) { s.KillsOrphans = true }, update(mesos.TaskFailed)}, nothingLeft, []Step{StepRelease, StepAcknowledge}, nil},
		"the same, once it was given up":                      {running(orphan).lost(mesos.TaskUnknown, 0), []func(*story){gives, func(s *story) { s.KillsOrphans = true }}, lets, abandon, []string{first}},
		"the same with a live task that it is not bound to": {ended(mesos.TaskFailed, orphan), []func(*story){func(s *story) {
			s.KillsOrphans, s.Others = true, []Other{{State: mesos.TaskRunning, TaskID: "shop.web.1aaaaaaaa.n"}}
		}}, nothingLeft, nil, nil},
		"what was replaced under another ID has to be waited for": {replaced(), []func(*story){func(s *story) { s.FrameworkID = "framework-2" }}, nothingLeft, nil, nil},
		"unless a person gave it up":                              {replaced(), []func(*story){func(s *story) { s.FrameworkID = "framework-2" }, gives}, nothingLeft, release, nil},
		"or it is to be left running":                             {replaced(orphan), []func(*story){func(s *story) { s.FrameworkID = "framework-2" }}, nothingLeft, release, nil},
		"what runs under another ID, given up":                    {running(), []func(*story){func(s *story) { s.FrameworkID = "framework-2" }, gives}, nothingLeft, release, nil},
		"paused, it is deleted all the same":                      {running(), []func(*story){func(s *story) { s.Paused = true }}, kills, []Step{StepKill}, nil},
		"paused, what was replaced is remembered all the same":    {replaced(), []func(*story){func(s *story) { s.Paused = true }}, nothingLeft, abandon, []string{first}},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story.change(remove)
			for _, then := range c.then {
				then(s)
			}
			decision := s.look()
			checkSummary(t, decision, summary{c.rule, "False/Deleting", c.steps})
			var abandoned []string
			for _, placed := range decision.Abandon {
				abandoned = append(abandoned, placed.TaskID)
				if placed.AgentID != "agent-1" {
					t.Errorf("%s is remembered on agent %q", placed.TaskID, placed.AgentID)
				}
			}
			if diff := cmp.Diff(c.abandon, abandoned); diff != "" {
				t.Errorf("abandons (-want +got):\n%s", diff)
			}
			if len(c.steps) == 0 && c.rule == lets && !c.story.AbandonedFull && decision.Check.IsZero() {
				t.Error("nobody looks again")
			}
		})
	}
}

func TestNext_deletionTells(t *testing.T) {
	const (
		giveUp = "kubectl annotate mesostask web -n shop --overwrite mesos.dev/give-up=shop.web.1aaaaaaaa.nonce00001"
		leave  = `kubectl patch mesostask web -n shop --type merge -p '{"spec":{"deletionPolicy":"Orphan"}}'`
	)
	for name, c := range map[string]struct {
		story   *story
		says    []string
		saysNot []string
		stalled bool
		told    string
	}{
		"the agent, since when and both commands": {
			running().lost(mesos.TaskUnreachable, time.Hour), []string{"nonce00001 on host-1 (agent agent-1)", "since 2026-01-02T03:04:05Z", giveUp, leave}, nil, false, "Normal Deleting",
		},
		"when it is let go": {
			running(replaceAfter(7200)).lost(mesos.TaskUnreachable, time.Hour), []string{"it is let go after 7200 s", giveUp, leave}, nil, false, "Normal Deleting",
		},
		"not to give up what lives": {running(), []string{leave}, []string{"give-up"}, false, "Normal Deleting"},
		"not to orphan what the framework would kill": {
			func() *story { s := running().lost(mesos.TaskUnknown, 0); s.KillsOrphans = true; return s }(), []string{giveUp}, []string{"Orphan"}, false, "Normal Deleting",
		},
		"that the framework would kill what is let go": {
			func() *story { s := running(orphan); s.KillsOrphans = true; return s }(),
			[]string{"nonce00001 on host-1", "spec.orphanPolicy to Keep", `{"spec":{"deletionPolicy":"Kill"}}`},
			nil, true, "Normal Deleting",
		},
		"that there is no room": {
			func() *story { s := replaced(); s.AbandonedFull = true; return s }(), []string{"nonce00001", "MesosFramework default remembers as many abandoned tasks as it can"}, nil, false, "Normal Deleting",
		},
		"what was abandoned": {
			func() *story { s := replaced(); s.Abandoned = sets.New("shop.web.1aaaaaaaa.nonce00001"); return s }(),
			[]string{"Let go of shop.web.1aaaaaaaa.nonce00001", "killed if it comes back"},
			nil, false, "Warning Abandoned",
		},
		"that nobody can remember it": {
			func() *story { s := replaced(); s.FrameworkID = ""; return s }(), []string{"nonce00001", "MesosFramework default has no framework ID", leave}, []string{"is to remember it", "give-up"}, false, "Normal Deleting",
		},
		"under which ID nobody can be asked": {
			func() *story { s := replaced(); s.FrameworkID = "framework-2"; return s }(), []string{"framework ID framework-1", giveUp, leave}, nil, false, "Normal Deleting",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story.change(remove)
			s.carryOut()
			s.later(quickly).carryOut()
			message := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady).Message
			for _, want := range c.says {
				if !strings.Contains(message, want) {
					t.Errorf("it says %q, want %q in it", message, want)
				}
			}
			for _, not := range c.saysNot {
				if strings.Contains(message, not) {
					t.Errorf("it says %q, want no %q in it", message, not)
				}
			}
			if stalled := meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionStalled); stalled != c.stalled {
				t.Errorf("stalled is %v", stalled)
			}
			if !strings.Contains(fmt.Sprint(s.told), c.told) {
				t.Errorf("it told %v, want %s", s.told, c.told)
			}
			s.told = nil
			if s.later(time.Minute).look(); len(s.told) > 0 {
				t.Errorf("it told again: %v", s.told)
			}
		})
	}
}
