package lifecycle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// ends are how attempts ended, by a word for each.
var ends = map[string]func(*v1alpha1.TaskAttempt){
	"FAILED":   func(a *v1alpha1.TaskAttempt) { a.State = string(mesos.TaskFailed) },
	"KILLED":   func(a *v1alpha1.TaskAttempt) { a.State = string(mesos.TaskKilled) },
	"FINISHED": func(a *v1alpha1.TaskAttempt) { a.State = string(mesos.TaskFinished) },
	"long": func(a *v1alpha1.TaskAttempt) {
		a.State, a.StartTime = string(mesos.TaskFailed), &metav1.Time{Time: a.FinishTime.Add(-stableAfter)}
	},
	"unstarted": func(a *v1alpha1.TaskAttempt) {
		a.State, a.Source, a.Reason, a.Ran = string(mesos.TaskFailed), mesos.SourceAgent, mesos.ReasonContainerLaunchFailed, new(false)
	},
	"unable": func(a *v1alpha1.TaskAttempt) {
		a.State, a.Source, a.Ran = string(mesos.TaskError), mesos.SourceMaster, new(false)
		a.Message = "Agent is not capable of handling task resource limits"
	},
	"slow": func(a *v1alpha1.TaskAttempt) {
		a.State, a.KillReason = string(mesos.TaskKilled), v1alpha1.KillLaunchTimedOut
	},
	"late": func(a *v1alpha1.TaskAttempt) {
		a.State, a.KillReason, a.StartTime = string(mesos.TaskKilled), v1alpha1.KillLaunchTimedOut, a.FinishTime
	},
	"killed": func(a *v1alpha1.TaskAttempt) {
		a.State, a.KillReason = string(mesos.TaskKilled), v1alpha1.KillSpecChanged
	},
	"drained": func(a *v1alpha1.TaskAttempt) { a.State, a.Reason = string(mesos.TaskKilled), mesos.ReasonAgentDraining },
	"GONE":    func(a *v1alpha1.TaskAttempt) { a.State = string(mesos.TaskGone) },
	"unsent":  func(a *v1alpha1.TaskAttempt) { a.Ran = new(false) },
	"replaced": func(a *v1alpha1.TaskAttempt) {
		a.State, a.Outcome, a.FinishTime = string(mesos.TaskUnreachable), v1alpha1.OutcomeReplaced, nil
	},
	"other": func(a *v1alpha1.TaskAttempt) {
		a.State, a.KillReason = string(mesos.TaskFailed), v1alpha1.KillNotOfRecord
	},
	"changed": func(a *v1alpha1.TaskAttempt) { a.State, a.Hash = string(mesos.TaskFailed), hashB },
	"restarted": func(a *v1alpha1.TaskAttempt) {
		a.State, a.Source, a.Reason, a.Ran = string(mesos.TaskDropped), mesos.SourceAgent, mesos.ReasonAgentRestarted, new(false)
	},
	"lost": func(a *v1alpha1.TaskAttempt) {
		a.State, a.Source, a.Reason, a.Ran = string(mesos.TaskDropped), mesos.SourceAgent, mesos.ReasonReconciliation, new(false)
	},
}

// afterAttempts is a task whose attempts were on these agents and ended thus ("a:FAILED/b:FINISHED"), the last first and a minute apart.
func afterAttempts(t *testing.T, attempts string) *story {
	t.Helper()
	s := newStory()
	s.AgentCount = 10
	for i, word := range strings.Split(attempts, "/") {
		agent, end, _ := strings.Cut(word, ":")
		attempt := v1alpha1.TaskAttempt{
			ID: fmt.Sprintf("shop.web.%s.n%d", hashA, i), AgentID: agent, Hostname: "host-" + agent, Hash: hashA, FrameworkID: "framework-1",
			Ran: new(true), FinishTime: at(-time.Duration(i) * time.Minute),
		}
		if ends[end] == nil {
			t.Fatalf("there is no end %q", end)
		}
		if ends[end](&attempt); i == 0 {
			s.Status.Task = &attempt
		} else {
			s.Status.History = append(s.Status.History, attempt)
		}
	}
	return s
}

// described is an avoidance in words: "a b@9m elsewhere" for an agent that comes last, one that is not used for nine minutes from now, and whether
// another is sought.
func described(avoid Avoidance) string {
	var words []string
	for _, agent := range avoid.Agents {
		word := agent.ID
		if !agent.Until.IsZero() {
			word += "@" + strings.TrimSuffix(agent.Until.Sub(epoch).String(), "0s")
		}
		words = append(words, word)
	}
	if avoid.Elsewhere {
		words = append(words, "elsewhere")
	}
	return strings.Join(words, " ")
}

func TestNext_avoidsAgentsOnWhichItFailed(t *testing.T) {
	for sentence, c := range map[string]struct{ attempts, want string }{
		"it failed once":                                  {"a:FAILED", "a"},
		"somebody killed it":                              {"a:KILLED", "a"},
		"it failed twice on one agent":                    {"a:FAILED/a:FAILED", "a elsewhere"},
		"it failed on two agents":                         {"b:FAILED/a:FAILED/b:FAILED", "b a"},
		"it finished":                                     {"a:FINISHED/b:FAILED", ""},
		"it failed after it finished":                     {"a:FAILED/b:FINISHED/c:FAILED", "a"},
		"it failed after it ran for long":                 {"a:FAILED/b:long/c:FAILED", "a b"},
		"it did not start":                                {"a:unstarted", "a@10m"},
		"it did not start a while ago":                    {"b:FAILED/a:unstarted", "b a@9m"},
		"it did not start twice":                          {"a:unstarted/a:slow", "a@10m elsewhere"},
		"it failed where it did not start before":         {"a:FAILED/a:unstarted", "a@9m elsewhere"},
		"the agent cannot limit it":                       {"a:unable", "a@10m"},
		"its launch took too long":                        {"a:slow", "a@10m"},
		"it ran after all as its launch took too long":    {"a:late/b:FAILED", "b"},
		"what the platform ended counts for nothing":      {"a:drained/b:GONE/c:FAILED", "c"},
		"what the operator ended counts for nothing":      {"a:killed/c:FAILED", "c"},
		"its agent was started anew during the launch":    {"a:restarted", ""},
		"its launch got lost":                             {"a:lost/a:unsent", ""},
		"what is not its own counts for nothing":          {"a:FAILED/b:other/a:FAILED", "a elsewhere"},
		"what was left behind counts for nothing":         {"a:FAILED/b:replaced/a:FAILED", "a elsewhere"},
		"it failed by another spec":                       {"a:FAILED/b:changed/a:FAILED", "a"},
		"an end between failures counts for nothing":      {"a:FAILED/b:drained/a:FAILED", "a elsewhere"},
		"as many failures as the history remembers":       {"a:FAILED/a:FAILED/a:FAILED/a:FAILED/a:FAILED/a:FAILED", "a elsewhere"},
		"not started on one agent, failed on another one": {"a:unstarted/b:FAILED/a:unstarted", "a@10m b"},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := afterAttempts(t, c.attempts)
			decision := Next(s.Seen)
			if !has(decision, StepPlace) || described(decision.Avoid) != c.want {
				t.Errorf("%q takes steps %v and avoids %q, want %q", decision.Rule, decision.Steps, described(decision.Avoid), c.want)
			}
			// What its agent gave back is of no use to a task that may not use it.
			if barred := decision.Avoid.bars(s.Status.Task.AgentID, s.Now); decision.Ended && barred {
				t.Error("it waits for what its agent gave back, which it does not use")
			}
			later := Next(s.later(time.Hour).Seen)
			if diff := cmp.Diff(decision.Avoid, later.Avoid); diff != "" || !decision.Avoid.Equal(later.Avoid) {
				t.Errorf("an hour later (-before +then):\n%s", diff)
			}
			s.Spec.AvoidFailedAgents = v1alpha1.AvoidPreferred
			if got := described(Next(s.Seen).Avoid); got != c.want {
				t.Errorf("with Preferred it avoids %q, want %q", got, c.want)
			}
			s.Spec.AvoidFailedAgents = v1alpha1.AvoidNever
			if got := described(Next(s.Seen).Avoid); got != "" {
				t.Errorf("with Never it avoids %q", got)
			}
		})
	}
}

func TestNext_usesEveryAgentWhereAPersonAsks(t *testing.T) {
	s := afterAttempts(t, "a:unstarted/b:unstarted")
	s.Binding = &v1alpha1.Binding{TaskID: s.Status.Task.ID, UID: s.UID}
	s.RestartRequest = "now"
	if decision := Next(s.Seen); decision.Rule != "launch as a person asked" || described(decision.Avoid) != "a b" {
		t.Errorf("%q avoids %q", decision.Rule, described(decision.Avoid))
	}
}

// TestNext_endOfWhatNeverBegan: a clock that is hours off neither keeps an agent from being used for hours nor has it used at once.
func TestNext_endOfWhatNeverBegan(t *testing.T) {
	for sentence, c := range map[string]struct{ off, want time.Duration }{
		"a clock that is right": {0, 20 * time.Second}, "a clock ahead": {5 * time.Hour, 20 * time.Second}, "a clock behind": {-5 * time.Hour, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newStory().bind(LaunchAccepted)
			s.AgentCount = 10
			s.look()
			s.later(20 * time.Second).hears(mesos.Observation{
				State: mesos.TaskFailed, Source: mesos.SourceAgent, Reason: mesos.ReasonContainerLaunchFailed, UUID: []byte("uuid"),
			})
			s.Observation.Time = s.Now.Add(c.off)
			decision := s.look()
			want := Avoidance{Agents: []AvoidedAgent{{ID: "agent-1", Until: epoch.Add(c.want + 10*time.Minute)}}}
			if ended := s.Status.Task.FinishTime; !ended.Equal(at(c.want)) || !decision.Avoid.Equal(want) {
				t.Errorf("it ended at %v, want %v; it avoids %s", ended, at(c.want), described(decision.Avoid))
			}
		})
	}
}

func TestNext_namesTheAgentOnWhichAllFailed(t *testing.T) {
	for sentence, c := range map[string]struct{ attempts, want string }{
		"once":                              {attempts: "a:FAILED"},
		"twice":                             {"a:FAILED/a:FAILED", "2"},
		"as often as the history remembers": {"a:FAILED/a:FAILED/a:FAILED/a:FAILED/a:FAILED/a:FAILED", "6"},
		"an earlier one was elsewhere":      {"a:FAILED/a:FAILED/a:FAILED/b:FAILED", "3"},
		"the last one was elsewhere":        {attempts: "b:FAILED/a:FAILED/a:FAILED/a:FAILED"},
		"what ended well goes before":       {"a:FAILED/a:FAILED/a:FAILED/b:FINISHED/a:FAILED", "3"},
		"a drain elsewhere goes between":    {"a:FAILED/b:drained/a:FAILED", "2"},
		"launches that failed":              {"a:unstarted/a:unstarted/a:unstarted/a:unstarted/a:unstarted", "5"},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := afterAttempts(t, c.attempts)
			s.Status.NextLaunchTime = at(time.Minute)
			for _, avoid := range []v1alpha1.AvoidFailedAgents{"", v1alpha1.AvoidNever} {
				s.Spec.AvoidFailedAgents = avoid
				decision := Next(s.Seen)
				if decision.Rule != "back off" {
					t.Fatalf("decided by %q", decision.Rule)
				}
				message, want := decision.Status.Conditions[0].Message, "The last "+c.want+" attempts all failed on host-a (agent a)"
				if got := strings.Contains(message, "all failed on"); got != (c.want != "") || got && !strings.HasSuffix(message, want) {
					t.Errorf("the condition says %q", message)
				}
			}
		})
	}
}

// TestNext_restsWhereItMayBeLaunched: what an agent gave back is kept for a task that backs off only if it may use it then.
func TestNext_restsWhereItMayBeLaunched(t *testing.T) {
	for attempts, want := range map[string]string{"a:FAILED": "a", "a:unstarted": ""} {
		s := afterAttempts(t, attempts)
		s.Status.NextLaunchTime = at(time.Minute)
		if got := Next(s.Seen).Soon.Rest.AgentID; got != want {
			t.Errorf("after %s it waits for agent %q, want %q", attempts, got, want)
		}
	}
}

// What starts on no agent does not fail for its agents: all are tried again.
func TestNext_barsNoAgentWhereAllWouldBe(t *testing.T) {
	for sentence, c := range map[string]struct {
		attempts string
		agents   int
		awaited  bool
		want     string
	}{
		"there is one agent":                  {"a:unstarted", 1, false, "a"},
		"it started on neither of two":        {"a:unstarted/b:slow", 2, false, "a b"},
		"one of three is left":                {"a:unstarted/b:unstarted", 3, false, "a@10m b@9m"},
		"it ran on the other one":             {"a:unstarted/b:FAILED", 2, false, "a@10m b"},
		"nobody knows yet how many there are": {"a:unstarted", 1, true, "a@10m"},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := afterAttempts(t, c.attempts)
			s.AgentCount, s.AgentsAwaited = c.agents, c.awaited
			if got := described(Next(s.Seen).Avoid); got != c.want {
				t.Errorf("it avoids %q, want %q", got, c.want)
			}
		})
	}
}
