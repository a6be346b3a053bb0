package lifecycle

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestNext_heldBackWrites(t *testing.T) {
	waiting := func(s *story) { s.Waiting = &v1alpha1.Pending{Since: *at(0), Message: "1 offer: 1 lacks cpus"} }
	// heldFor is how long the write waits from the news on; never where it waits for other news.
	const never, now = time.Duration(-1), time.Duration(0)
	for name, c := range map[string]struct {
		story   *story
		news    func(*story)
		heldFor time.Duration
	}{
		"a task that only waits for its turn":              {newStory(), func(*story) {}, never},
		"a task that has a placement":                      {newStory(), func(s *story) { s.Placement = &Placement{TaskID: "shop.web.1aaaaaaaa.n"} }, never},
		"a task that no offer fitted":                      {newStory(), waiting, now},
		"a launch":                                         {newStory().bind(LaunchAccepted), func(*story) {}, quickly},
		"STAGING a second after the launch":                {newStory().bind(LaunchAccepted), func(s *story) { s.later(time.Second).says(mesos.TaskStaging) }, quickly - time.Second},
		"STARTING four seconds after the launch":           {newStory().bind(LaunchAccepted), func(s *story) { s.later(4 * time.Second).says(mesos.TaskStarting) }, time.Second},
		"STARTING five seconds after the launch":           {newStory().bind(LaunchAccepted), func(s *story) { s.later(quickly).says(mesos.TaskStarting) }, now},
		"STARTING of what an earlier process bound":        {newStory().bind(LaunchUnknown), func(s *story) { s.BoundSince = time.Time{}; s.says(mesos.TaskStarting) }, now},
		"a launch that is called off":                      {newStory().bind(LaunchUnsent), func(s *story) { s.Spec.Suspend = true }, quickly},
		"a launch that is called off, once it was written": {running().bindAnew(LaunchUnsent), func(s *story) { s.change(suspend) }, now},
		"RUNNING":                     {newStory().bind(LaunchAccepted), update(mesos.TaskRunning), now},
		"KILLING":                     {newStory().bind(LaunchAccepted), update(mesos.TaskKilling), now},
		"an end":                      {running(), update(mesos.TaskFailed), now},
		"an end before anything else": {newStory().bind(LaunchAccepted), update(mesos.TaskFailed), now},
		"a refused launch":            {newStory().bind(LaunchRefused), func(*story) {}, now},
		"UNREACHABLE":                 {running(), answer(mesos.TaskUnreachable), now},
		"a failing health check":      {running(), func(s *story) { s.answers(mesos.TaskRunning); s.Observation.Healthy = new(false) }, now},
		"a kill":                      {running(), changeHash, now},
		"a deletion":                  {running(), remove, quickly},
		"a deletion three seconds after its KILL": {running(), func(s *story) { removeSlowly(s); s.later(-2 * time.Second) }, 2 * time.Second},
		"a deletion whose KILL cannot leave":      {running(), func(s *story) { remove(s); s.later(quickly) }, now},
		"one whose end nobody will tell": {running(), func(s *story) {
			remove(s)
			s.carryOut()
			s.later(time.Second).hears(mesos.Observation{State: mesos.TaskGoneByOperator, Reason: mesos.ReasonAgentDraining, Source: mesos.SourceExecutor, UUID: []byte("gone")})
		}, now},
		"a deletion that takes long":            {running(), removeSlowly, now},
		"a deletion of what is unreachable":     {running(), func(s *story) { s.answers(mesos.TaskUnreachable).look(); remove(s) }, now},
		"a deletion whose launch is called off": {newStory().bind(LaunchUnsent), remove, quickly},
		"KILLING of what is deleted":            {running(), func(s *story) { remove(s); s.carryOut(); s.later(time.Second).says(mesos.TaskKilling) }, quickly - time.Second},
		"the end of what is deleted":            {running(), func(s *story) { remove(s); s.carryOut(); s.later(time.Second).says(mesos.TaskKilled) }, never},
		"the end of what is deleted, where another finalizer holds the object": {running(), func(s *story) {
			s.HeldByOthers = true
			remove(s)
			s.carryOut()
			s.later(time.Second).says(mesos.TaskKilled)
		}, now},
		"a framework that is not there":      {newStory(), func(s *story) { s.Obstacle = &Obstacle{Reason: "X", Message: "x"} }, now},
		"suspend":                            {newStory(), suspend, now},
		"a generation of what runs":          {running(), func(s *story) { s.Generation++ }, now},
		"a generation of what is seen first": {newStory(), func(s *story) { s.Generation++ }, never},
		"a restart of what failed for good":  {ended(mesos.TaskFailed, onlyOnce), func(s *story) { s.RestartRequest = "1" }, now},
		"a launch again after its backoff":   {backingOff(), func(s *story) { s.later(time.Minute) }, never},
	} {
		t.Run(name, func(t *testing.T) {
			c.news(c.story)
			decision := Next(c.story.Seen)
			if cmp.Equal(decision.Status, c.story.Status) {
				t.Fatal("there is nothing to write")
			}
			got := max(decision.WriteAt.Sub(c.story.Now), 0)
			if got > 1000*time.Hour {
				got = never
			}
			if got != c.heldFor {
				t.Errorf("the write is held back for %v, want %v (-1ns: until there is other news)", got, c.heldFor)
			}
			if c.heldFor > 0 && (decision.Check.IsZero() || decision.Check.After(decision.WriteAt)) {
				t.Errorf("looks again at %v, want to be there for the write at %v", decision.Check, decision.WriteAt)
			}
		})
	}
}

// bindAnew is a next attempt whose launch was worth a write.
func (s *story) bindAnew(launch Launch) *story {
	s.says(mesos.TaskFailed).look()
	s.bind(launch).later(quickly).look()
	return s
}

func backingOff() *story {
	s := ended(mesos.TaskFailed)
	s.fails(time.Second)
	s.Unacknowledged = nil
	return s
}

func TestNext_whatCostsNoWrite(t *testing.T) {
	for name, c := range map[string]struct {
		story *story
		news  func(*story)
	}{
		"time that passes while it runs":           {running(), func(s *story) { s.later(time.Hour) }},
		"the answer that it still runs":            {running(), answer(mesos.TaskRunning)},
		"the answers of ten reconnects":            {running(), func(s *story) { s.later(10 * time.Minute).answers(mesos.TaskRunning) }},
		"the same update once more":                {running(), func(s *story) { s.later(time.Second).says(mesos.TaskRunning) }},
		"a late STARTING":                          {running(), update(mesos.TaskStarting)},
		"a late answer STAGING":                    {running(), answer(mesos.TaskStaging)},
		"a new process that has heard nothing yet": {running(), func(s *story) { s.Launch, s.Observation, s.BoundSince = LaunchUnknown, nil, s.Now }},
		"the answer that the agent is still away":  {away(), answer(mesos.TaskUnreachable)},
		"a doubt":                                 {running(), func(s *story) { s.Doubted = true }},
		"time that passes after completion":       {ended(mesos.TaskFinished, onlyOnce), func(s *story) { s.later(1000 * time.Hour) }},
		"time that passes before the next launch": {backingOff(), func(s *story) { s.later(500 * time.Millisecond) }},
		"a kill that is repeated":                 {killed(), func(s *story) { s.later(time.Hour) }},
		"a placement that is found":               {ended(mesos.TaskFailed), func(s *story) { s.Placement = &Placement{TaskID: "shop.web.1aaaaaaaa.n"} }},
	} {
		t.Run(name, func(t *testing.T) {
			writes := c.story.writes
			c.news(c.story)
			decision := c.story.look()
			if c.story.writes != writes {
				t.Errorf("the status was written: %+v", decision.Status)
			}
			if diff := cmp.Diff(c.story.Status, decision.Status); diff != "" && c.story.Now.Before(decision.WriteAt) && decision.WriteAt != never {
				t.Errorf("a write is on its way (-status +decision):\n%s", diff)
			}
		})
	}
}

func away() *story {
	s := running()
	s.answers(mesos.TaskUnreachable)
	s.Observation.UnreachableTime = s.Now
	s.look()
	s.told = nil
	return s
}

func killed() *story {
	s := running()
	s.change(removeSlowly)
	s.carryOut()
	return s
}

func TestNext_fromApplyToRunningIsOneWrite(t *testing.T) {
	s := newStory()
	s.look()
	s.later(time.Second).Placement = &Placement{TaskID: "shop.web.1aaaaaaaa.n"}
	s.look()
	s.bind(LaunchUnsent).look()
	s.Launch = LaunchSent
	s.later(100 * time.Millisecond).look()
	s.Launch, s.AcceptedAt = LaunchAccepted, s.Now
	for _, state := range []mesos.TaskState{mesos.TaskStaging, mesos.TaskStarting} {
		s.later(time.Second).says(state)
		if decision := s.look(); !has(decision, StepAcknowledge) || s.writes != 0 {
			t.Errorf("%s: steps %v and %d writes, want it acknowledged and not written", state, decision.Steps, s.writes)
		}
	}
	s.later(time.Second).says(mesos.TaskRunning)
	if decision := s.look(); !has(decision, StepAcknowledge) || s.writes != 1 {
		t.Errorf("RUNNING: steps %v and %d writes, want it acknowledged and written", decision.Steps, s.writes)
	}
}

func TestNext_whyItWaitsIsWrittenNowAndThen(t *testing.T) {
	s := newStory()
	for second := range 120 {
		s.Waiting = &v1alpha1.Pending{Since: *at(0), Message: time.Duration(second).String()}
		s.look()
		s.later(time.Second)
	}
	if s.writes != 4 {
		t.Errorf("%d writes in two minutes, want one each %v", s.writes, pendingEvery)
	}
	t.Run("a message that stays as it is wakes nobody", func(t *testing.T) {
		s.look()
		writes := s.writes
		s.later(time.Hour)
		if decision := s.look(); !decision.Check.IsZero() || s.writes != writes {
			t.Errorf("looks again at %v after %d writes, want neither", decision.Check, s.writes-writes)
		}
	})
}

func TestNext_acknowledgements(t *testing.T) {
	for name, c := range map[string]struct {
		story *story
		news  func(*story)
		want  bool
	}{
		"STAGING before it is written":              {newStory().bind(LaunchAccepted), update(mesos.TaskStaging), true},
		"RUNNING, which is written":                 {newStory().bind(LaunchAccepted), update(mesos.TaskRunning), true},
		"an end, which is written":                  {running(), update(mesos.TaskFinished), true},
		"RUNNING once more":                         {running(), update(mesos.TaskRunning), true},
		"a late STARTING":                           {running(), update(mesos.TaskStarting), true},
		"an update of a task that is being deleted": {running(), func(s *story) { s.says(mesos.TaskKilling); s.Deleting = true }, true},
		"an update under another framework ID":      {running(), func(s *story) { s.says(mesos.TaskKilling); s.FrameworkID = "framework-2" }, false},
		"an answer, which has no UUID":              {running(), answer(mesos.TaskUnreachable), false},
		"nothing heard":                             {newStory().bind(LaunchAccepted), func(*story) {}, false},
		"an update of another attempt":              {running(), func(s *story) { s.says(mesos.TaskFailed); s.Observation.TaskID = "shop.web.1aaaaaaaa.other" }, false},
		"RUNNING of what is being called off, whose write waits": {
			newStory().bind(LaunchUnsent), func(s *story) { s.says(mesos.TaskRunning); s.Spec.Suspend = true }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.news(c.story)
			if got := has(Next(c.story.Seen), StepAcknowledge); got != c.want {
				t.Errorf("acknowledged: %v, want %v", got, c.want)
			}
		})
	}
}
