package lifecycle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestNext_restoresWhatWasTakenAway(t *testing.T) {
	runsWith := func(steps ...Step) summary { return summary{"let it run", "True/Running", steps} }
	for name, c := range map[string]struct {
		story *story
		edit  func(*story)
		want  summary
	}{
		"the binding":                         {running(), func(s *story) { s.Binding = nil }, runsWith(StepRestore)},
		"the binding and the finalizer":       {running(), func(s *story) { s.Binding, s.Finalized = nil, false }, runsWith(StepRestore)},
		"the binding, for that of another":    {running(), func(s *story) { s.Binding.TaskID = "shop.web.1aaaaaaaa.othernonce" }, runsWith(StepRestore)},
		"the finalizer alone":                 {running(), func(s *story) { s.Finalized = false }, runsWith(StepFinalize)},
		"the finalizer of what was replaced":  {replaced(), func(s *story) { s.Finalized = false }, summary{"launch again", "False/AwaitingOffer", []Step{StepPlace, StepFinalize}}},
		"not from an object that is deleted":  {running(), func(s *story) { s.Binding = nil; remove(s) }, summary{"delete and kill", "False/Deleting", []Step{StepKill}}},
		"the finalizer alone of what is over": {ended(mesos.TaskFinished, onlyOnce), func(s *story) { s.Finalized = false }, summary{"completed", "True/Completed", nil}},
	} {
		t.Run(name, func(t *testing.T) {
			c.edit(c.story)
			decision := c.story.look()
			checkSummary(t, decision, c.want)
			if has(decision, StepRestore) != (decision.Restore != nil) {
				t.Errorf("steps %v with the binding %+v", decision.Steps, decision.Restore)
			}
		})
	}
}

// TestNext_restartsWhatLostItsBinding: a task that has come to its end is launched anew as a person asks, also where its binding was taken away, which says
// what was asked for before; and the loss itself launches nothing.
func TestNext_restartsWhatLostItsBinding(t *testing.T) {
	for name, tell := range map[string]func() *story{
		"it completed":               func() *story { return ended(mesos.TaskFinished, onlyOnce) },
		"it failed":                  func() *story { return ended(mesos.TaskFailed, onlyOnce) },
		"its restarts are exhausted": func() *story { return ended(mesos.TaskFailed, maxRestarts(0)) },
		"Mesos refused it":           func() *story { return ended(mesos.TaskError) },
		"it was left behind":         func() *story { s := givenUp(); policy(v1alpha1.RestartNever)(&s.Spec); return s },
		"it was launched for a request": func() *story {
			s := newStory(onlyOnce)
			s.RestartRequest = "one"
			s.bind(LaunchAccepted).says(mesos.TaskFinished).look()
			return s
		},
	} {
		for lost, lose := range map[string]func(*story){
			"the binding":                          func(s *story) { s.Binding = nil },
			"the binding, for one that is unknown": func(s *story) { s.Binding, s.BindingProblem = nil, "unreadable" },
			"the binding, for an earlier one": func(s *story) {
				s.Status.History = append(s.Status.History, v1alpha1.TaskAttempt{ID: "shop.web.1aaaaaaaa.earlier", FinishTime: at(0), State: string(mesos.TaskFailed), Hash: hashA})
				s.Binding.TaskID = "shop.web.1aaaaaaaa.earlier"
			},
		} {
			t.Run(name+", "+lost, func(t *testing.T) {
				s := tell()
				s.Unacknowledged, s.Observation, s.Launch = nil, nil, LaunchUnknown
				lose(s)
				decision := s.look()
				if has(decision, StepPlace) || decision.Restore == nil || !has(decision, StepRestore) {
					t.Fatalf("rule %q, steps %v", decision.Rule, decision.Steps)
				}
				s.Binding, s.BindingProblem = decision.Restore, ""
				if again := s.look(); len(again.Steps) > 0 {
					t.Errorf("restored, rule %q, steps %v", again.Rule, again.Steps)
				}
				s.RestartRequest = "two"
				if asked := s.look(); !has(asked, StepPlace) {
					t.Errorf("asked to, rule %q, steps %v", asked.Rule, asked.Steps)
				}
			})
		}
	}
}

// TestNext_restoredBinding: the binding is that of the attempt, whatever the framework, the spec and the annotations say by now.
func TestNext_restoredBinding(t *testing.T) {
	for name, c := range map[string]struct {
		edit        func(*story)
		restartedAt string
	}{
		"without any request": {func(s *story) { s.Binding = nil }, ""},
		"with a request that may have been satisfied: nothing is restarted by a loss": {
			func(s *story) { s.Binding, s.RestartRequest = nil, "two" }, "two",
		},
		"with a request, and the binding of an earlier attempt, which has satisfied another": {
			func(s *story) {
				s.Binding.TaskID, s.Binding.RestartedAt, s.RestartRequest = "shop.web.1aaaaaaaa.old", "one", "two"
			}, "two",
		},
		"with a request that an earlier binding had satisfied and that was taken back": {
			func(s *story) { s.Binding.TaskID, s.Binding.RestartedAt = "shop.web.1aaaaaaaa.old", "one" }, "one",
		},
		"while it is killed for a request, which stays to be satisfied": {
			func(s *story) {
				s.RestartRequest = "two"
				s.look()
				s.Binding = nil
			}, "",
		},
		"under another framework ID": {func(s *story) { s.Binding, s.FrameworkID = nil, "framework-2" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.Spec.Ports = []v1alpha1.Port{{Name: "http"}}
			s.bind(LaunchAccepted)
			s.Binding.HostPorts, s.Binding.Attempt = []int32{31000}, 7
			s.says(mesos.TaskRunning).look()
			c.edit(s)
			want := &v1alpha1.Binding{
				TaskID: "shop.web.1aaaaaaaa.nonce00001", AgentID: "agent-1", Hostname: "host-1", HostPorts: []int32{31000}, FrameworkID: "framework-1",
				UID: "uid-1", RestartedAt: c.restartedAt, Attempt: 7,
			}
			decision := s.look()
			if diff := cmp.Diff(want, decision.Restore); diff != "" || !has(decision, StepRestore) {
				t.Errorf("steps %v, and the binding (-want +got):\n%s", decision.Steps, diff)
			}
			ruleBefore := decision.Rule
			s.Binding = decision.Restore
			if again := s.look(); again.Rule != ruleBefore || has(again, StepRestore) {
				t.Errorf("restored, rule %q became %q with steps %v", ruleBefore, again.Rule, again.Steps)
			}
		})
	}
}

func TestNext_staleBindings(t *testing.T) {
	for name, c := range map[string]struct {
		number int64
		known  bool
		stale  bool
	}{
		"a lower number is an old binding":               {2, false, true},
		"the number of the latest attempt is old, too":   {3, false, true},
		"a higher number is the next attempt's":          {4, false, false},
		"a binding without a number is believed":         {0, false, false},
		"an attempt that the history has is known of":    {2, true, false},
		"an attempt without number that is in history":   {0, true, false},
		"a number far ahead is believed and counted on":  {1 << 40, false, false},
		"the largest number there can be is believed":    {maxAttempts, false, false},
		"the number one below the latest is an old one ": {1, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := ended(mesos.TaskFinished, onlyOnce)
			s.Status.Attempts = 3
			s.Binding.TaskID, s.Binding.Attempt = "shop.web.1aaaaaaaa.broughtback", c.number
			s.Observation, s.Launch = nil, LaunchUnknown
			if c.known {
				s.Status.History = []v1alpha1.TaskAttempt{{ID: s.Binding.TaskID, FinishTime: at(0)}}
			}
			_, _, open := Open(s.Status, s.Binding)
			if want := !c.stale && !c.known; open != want {
				t.Errorf("it is open: %v, want %v", open, want)
			}
			decision := s.look()
			ready := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady)
			if adopted := decision.Status.Task.ID == s.Binding.TaskID; adopted != (!c.stale && !c.known) {
				t.Errorf("the attempt of record is %s", decision.Status.Task.ID)
			}
			if told := cmp.Equal(s.told, []string{"Warning StaleBinding"}); told != c.stale || strings.Contains(ready.Message, s.Binding.TaskID+", an old attempt") != c.stale {
				t.Errorf("it told %v and says %q", s.told, ready.Message)
			}
			s.told = nil
			s.change(func(*story) {}).look()
			if len(s.told) > 0 && c.stale {
				t.Errorf("it told again: %v", s.told)
			}
		})
	}
	t.Run("no live task is taken over by an old binding", func(t *testing.T) {
		s := ended(mesos.TaskFailed)
		s.Status.Attempts = 3
		s.Binding.TaskID, s.Binding.Attempt, s.Proven = "shop.web.1aaaaaaaa.broughtback", 2, true
		s.Others = []Other{{State: mesos.TaskRunning, TaskID: s.Binding.TaskID, AgentID: "agent-1"}}
		s.Observation, s.Launch = nil, LaunchUnknown
		checkSummary(t, s.look(), summary{"launch again", "False/Restarting", []Step{StepKillOthers}})
	})
}

func TestNext_countsAttempts(t *testing.T) {
	for name, c := range map[string]struct{ before, bound, want, next int64 }{
		"the first":                             {0, 1, 1, 2},
		"the next":                              {1, 2, 2, 3},
		"after one that was called off":         {1, 3, 3, 4},
		"without a number":                      {4, 0, 5, 6},
		"restored, with the count of its past":  {0, 17, 17, 18},
		"numbers that are used up are left out": {maxAttempts, 0, maxAttempts, 0},
		"the last number":                       {1, maxAttempts, maxAttempts, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.Status.Attempts = c.before
			s.bind(LaunchAccepted)
			s.Binding.Attempt = c.bound
			s.says(mesos.TaskRunning).look()
			if s.Status.Task == nil || s.Status.Attempts != c.want {
				t.Errorf("%d attempts with %+v, want %d", s.Status.Attempts, s.Status.Task, c.want)
			}
			if got := NextAttempt(s.Status, s.Binding); got != c.next {
				t.Errorf("the next is number %d, want %d", got, c.next)
			}
		})
	}
	t.Run("the next counts on from a binding that the status does not know", func(t *testing.T) {
		if got := NextAttempt(v1alpha1.MesosTaskStatus{Attempts: 3}, &v1alpha1.Binding{Attempt: 4}); got != 5 {
			t.Errorf("the next is number %d, want 5", got)
		}
		if got := NextAttempt(v1alpha1.MesosTaskStatus{}, nil); got != 1 {
			t.Errorf("the first is number %d, want 1", got)
		}
	})
}

// TestNext_portRanges: a range is one row, as long as the spec is still what the attempt was launched by; a binding that is restored from it has none.
func TestNext_portRanges(t *testing.T) {
	http, rtp := v1alpha1.AssignedPort{Name: "http", HostPort: 31000}, v1alpha1.AssignedPort{Name: "rtp", HostPort: 10000, LastHostPort: 10100}
	for name, c := range map[string]struct {
		edit func(*story)
		want []v1alpha1.AssignedPort
	}{
		"as in the spec":                 {func(*story) {}, []v1alpha1.AssignedPort{http, rtp}},
		"none if the spec has changed":   {changeHash, []v1alpha1.AssignedPort{{Name: "port-0", HostPort: 31000}}},
		"alone, where there are no more": {func(s *story) { s.Spec.Ports, s.Binding.HostPorts = nil, nil }, []v1alpha1.AssignedPort{rtp}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.Spec.Ports, s.Spec.PortRanges = []v1alpha1.Port{{Name: "http"}}, []v1alpha1.PortRange{{Name: "rtp", From: 10000, To: 10100}}
			s.bind(LaunchAccepted)
			s.Binding.HostPorts = []int32{31000}
			c.edit(s)
			hostPorts := s.Binding.HostPorts
			s.says(mesos.TaskRunning)
			if diff := cmp.Diff(c.want, s.look().Status.Task.Ports); diff != "" {
				t.Errorf("ports (-want +got):\n%s", diff)
			}
			s.Binding = nil
			if decision := s.look(); decision.Restore == nil || !cmp.Equal(decision.Restore.HostPorts, hostPorts) {
				t.Errorf("the binding that is restored is %+v, want ports %v", decision.Restore, hostPorts)
			}
		})
	}
}

func TestNext_portNames(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*story)
		want []string
	}{
		"as in the spec":                           {func(*story) {}, []string{"http", "admin"}},
		"numbered if the spec has changed since":   {changeHash, []string{"port-0", "port-1"}},
		"numbered while nobody knows the hash":     {func(s *story) { s.Hash, s.Obstacle = "", &Obstacle{Reason: "X", Message: "x"} }, []string{"port-0", "port-1"}},
		"numbered where there are more than asked": {func(s *story) { s.Spec.Ports = s.Spec.Ports[:1] }, []string{"port-0", "port-1"}},
		"numbered where there are less than asked": {func(s *story) { s.Spec.Ports = append(s.Spec.Ports, v1alpha1.Port{Name: "more"}) }, []string{"port-0", "port-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.Spec.Ports = []v1alpha1.Port{{Name: "http"}, {Name: "admin"}}
			s.bind(LaunchAccepted)
			s.Binding.HostPorts = []int32{31000, 31001}
			c.edit(s)
			s.says(mesos.TaskRunning)
			var got []string
			for i, port := range s.look().Status.Task.Ports {
				got = append(got, port.Name)
				if port.HostPort != s.Binding.HostPorts[i] {
					t.Errorf("port %d is %+v", i, port)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNext_history: five attempts that are over stay, and all that are not known to be over.
func TestNext_history(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := ended(mesos.TaskFailed)
		notOver := 0
		for i, over := range rapid.SliceOfN(rapid.Bool(), 0, maxHistory).Draw(t, "which are over") {
			earlier := v1alpha1.TaskAttempt{ID: fmt.Sprintf("shop.web.1aaaaaaaa.earlier%d", i), AgentID: "agent-1", State: "TASK_UNREACHABLE", Outcome: v1alpha1.OutcomeReplaced}
			if over {
				earlier.FinishTime = at(-time.Hour)
			} else {
				notOver++
			}
			s.Status.History = append(s.Status.History, earlier)
		}
		before := s.Status.History
		s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
		over := 0
		for _, earlier := range s.Status.History {
			if earlier.FinishTime != nil {
				over++
			}
		}
		if kept := len(s.Status.History) - over; kept != notOver || len(s.Status.History) > maxHistory {
			t.Fatalf("of %d attempts not over %d stay, in a history of %d", notOver, kept, len(s.Status.History))
		}
		if want := min(len(before)-notOver+1, historyLength, maxHistory-notOver); over != want {
			t.Fatalf("%d attempts that are over stay, want %d of %+v", over, want, before)
		}
		if over > 0 && s.Status.History[0].ID != "shop.web.1aaaaaaaa.nonce00001" {
			t.Fatalf("the latest is not at the head: %+v", s.Status.History)
		}
	})
}

func TestOpenAttempts(t *testing.T) {
	status := v1alpha1.MesosTaskStatus{
		Attempts: 4,
		Task:     &v1alpha1.TaskAttempt{ID: "shop.web.1aaaaaaaa.current", AgentID: "agent-1", FrameworkID: "framework-1"},
		History: []v1alpha1.TaskAttempt{
			{ID: "shop.web.1aaaaaaaa.left", AgentID: "agent-2", FrameworkID: "framework-0"},
			{ID: "shop.web.1aaaaaaaa.over", AgentID: "agent-3", FinishTime: at(0)},
		},
	}
	current := OpenAttempt{"shop.web.1aaaaaaaa.current", "agent-1", "framework-1"}
	left := OpenAttempt{"shop.web.1aaaaaaaa.left", "agent-2", "framework-0"}
	bound := &v1alpha1.Binding{TaskID: "shop.web.1aaaaaaaa.next", AgentID: "agent-4", FrameworkID: "framework-2", Attempt: 5}
	over := *status.DeepCopy()
	over.Task.FinishTime = at(0)
	gone := *over.DeepCopy()
	gone.Task = nil
	for name, c := range map[string]struct {
		status  v1alpha1.MesosTaskStatus
		binding *v1alpha1.Binding
		want    []OpenAttempt
	}{
		"nothing": {v1alpha1.MesosTaskStatus{}, nil, nil},
		"a binding that the status does not know": {v1alpha1.MesosTaskStatus{}, bound, []OpenAttempt{{bound.TaskID, "agent-4", "framework-2"}}},
		"an attempt and one left behind":          {status, bound, []OpenAttempt{current, left}},
		"the next binding and one left behind":    {over, bound, []OpenAttempt{{bound.TaskID, "agent-4", "framework-2"}, left}},
		"an old binding and one left behind":      {over, &v1alpha1.Binding{TaskID: "shop.web.1aaaaaaaa.old", Attempt: 2}, []OpenAttempt{left}},
		"only one left behind":                    {gone, &v1alpha1.Binding{TaskID: left.TaskID}, []OpenAttempt{left}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, OpenAttempts(c.status, c.binding)); diff != "" {
				t.Errorf("open attempts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseBinding_bounds(t *testing.T) {
	const id = `"taskID":"shop.web.1aaaaaaaa.nnnnnnnnnn"`
	ports := func(n int) string { return strings.TrimSuffix(strings.Repeat("31000,", n), ",") }
	for name, c := range map[string]struct{ annotation, wantError string }{
		"as many ports as a status holds": {`{` + id + `,"hostPorts":[` + ports(64) + `]}`, ""},
		"names as long as a status holds": {`{` + id + `,"agentID":"` + strings.Repeat("a", 255) + `","hostname":"` + strings.Repeat("h", 255) + `"}`, ""},
		"the largest number":              {`{` + id + `,"attempt":9007199254740992}`, ""},
		"too many ports":                  {`{` + id + `,"hostPorts":[` + ports(65) + `]}`, "at most 64"},
		"port 0":                          {`{` + id + `,"hostPorts":[0]}`, "from 1 to 65535"},
		"a port too large":                {`{` + id + `,"hostPorts":[31000,65536]}`, "from 1 to 65535"},
		"an agent ID too long":            {`{` + id + `,"agentID":"` + strings.Repeat("a", 256) + `"}`, "agentID has 256"},
		"a host name too long":            {`{` + id + `,"hostname":"` + strings.Repeat("a", 256) + `"}`, "hostname has 256"},
		"a framework ID too long":         {`{` + id + `,"frameworkID":"` + strings.Repeat("a", 256) + `"}`, "frameworkID has 256"},
		"a task ID too long":              {`{"taskID":"shop.web.1aaaaaaaa.` + strings.Repeat("n", 237) + `"}`, "taskID has 256"},
		"a hash too long":                 {`{"taskID":"shop.web.` + strings.Repeat("1", 65) + `.n"}`, "the hash in taskID has 65"},
		"a negative number":               {`{` + id + `,"attempt":-1}`, "attempt"},
		"a number out of reach":           {`{` + id + `,"attempt":9007199254740993}`, "attempt"},
		"an annotation too long":          {`{` + id + `}` + strings.Repeat(" ", 64<<10), "at most 65536"},
	} {
		t.Run(name, func(t *testing.T) {
			binding, err := ParseBinding(c.annotation, "shop", "web")
			switch {
			case c.wantError == "":
				if err != nil || binding == nil {
					t.Errorf("got %+v and error %v", binding, err)
				}
			case err == nil || binding != nil || !strings.Contains(err.Error(), c.wantError) || !strings.Contains(err.Error(), v1alpha1.AnnotationBinding):
				t.Errorf("got %+v and error %v, want the annotation and %q in it", binding, err, c.wantError)
			}
		})
	}
}
