package explain

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// read reads an object from YAML.
func read[T any](t *testing.T, text string) *T {
	t.Helper()
	object := new(T)
	if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return object
}

// condition is a condition as YAML.
func condition(kind, status, reason, message string) string {
	return `{type: ` + kind + `, status: "` + status + `", reason: ` + reason + `, message: "` + message + `", lastTransitionTime: "2026-01-02T03:00:05Z"}`
}

func not(reason, message string) string { return condition("Ready", "False", reason, message) }

// TestTask_rules: each rule speaks of what it is for, first match wins.
func TestTask_rules(t *testing.T) {
	const ended = `, task: {id: s.web.1.2, agentID: S1, hostname: a1, state: TASK_FAILED, exitCode: 7, ran: true, startTime: "2026-01-02T03:03:00Z", finishTime: "2026-01-02T03:03:10Z"}`
	for _, one := range []struct {
		what, status, spec, rule string
		well                     bool
		words                    []string
	}{
		{"nobody looked at it", ``, ``, "Unseen", false, []string{"has not looked at it in the 5m"}},
		{
			"it waits", `conditions: [` + not("AwaitingOffer", "Waiting for an offer") + `], pending: {since: "2026-01-02T03:00:05Z", message: "3 offers lack cpus"}`, ``, "Offers", false,
			[]string{"It has waited for an offer of Mesos that it fits for 4m: 3 offers lack cpus."},
		},
		{
			"it backs off", `conditions: [` + not("BackOff", "x") + `], restarts: 3, nextLaunchTime: "2026-01-02T03:05:05Z"` + ended, ``, "BackOff", false,
			[]string{"It keeps ending, and waits until 2026-01-02T03:05:05Z (in 60s)", "Its last attempt on a1 ended by itself with exit code 7, after 10s, 55s ago.", "It was restarted 3 times since its spec last changed."},
		},
		{
			"it is out of sight", `conditions: [` + condition("Ready", "True", "Running", "") + `, ` + condition("AgentUnreachable", "True", "AgentUnreachable", "m") + `], task: {id: s.web.1.2, agentID: S1, hostname: a1, state: TASK_UNREACHABLE, unreachableTime: "2026-01-02T03:02:05Z"}`,
			`unreachable: {replaceAfterSeconds: 300}, `, "Unreachable", false,
			[]string{"Mesos cannot say whether it still runs on a1, since 2m ago", "replaced by itself after 300 s"},
		},
		{"a user is not allowed", `conditions: [` + not("UserNotAllowed", "no root") + `]`, ``, "NotAllowed", false, []string{"does not allow what it asks for", "no root."}},
		{"it failed for good", `conditions: [` + not("Failed", "m") + `]` + ended, `restartPolicy: Never, `, "Failed", false, []string{"as its restartPolicy is Never"}},
		{
			"it runs after a failure", `conditions: [` + condition("Ready", "True", "Running", "") + `], restarts: 1, task: {id: s.web.1.3, agentID: S1, hostname: a2, startTime: "2026-01-02T03:03:35Z"}, history: [{id: s.web.1.2, hostname: a1, signal: Killed, ran: true, finishTime: "2026-01-02T03:03:05Z"}]`,
			``, "Running", true,
			[]string{"It runs on a2 for 30s: nothing is wrong with it.", "The attempt before this one on a1 was ended by signal Killed", "It was restarted once"},
		},
		{"it is something new", `conditions: [` + not("Sunspots", "the sun.") + `]`, ``, "Other", false, []string{"Sunspots: the sun."}},
	} {
		task := read[v1alpha1.MesosTask](t, `{metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-02T02:59:05Z"}, spec: {`+one.spec+`frameworkRef: {name: default}, resources: {requests: {cpus: "1", memory: 1Gi}}}, status: {`+one.status+`}}`)
		got := Task(SeenTask{Now: start, Task: task, FrameworkKnown: true, Framework: read[v1alpha1.MesosFramework](t, connected)})
		if got.Rule != one.rule || got.Well != one.well {
			t.Errorf("%s: rule %s, well %t", one.what, got.Rule, got.Well)
		}
		text := strings.Join(got.Sentences, "\n")
		for _, words := range one.words {
			if !strings.Contains(text, words) {
				t.Errorf("%s: without %q:\n%s", one.what, words, text)
			}
		}
	}
}

var connected = `{metadata: {name: default}, spec: {masters: {urls: ["http://m:5050"]}}, status: {conditions: [` + condition("Ready", "True", "Subscribed", "m") + `, ` +
	condition("Connected", "True", "Subscribed", "m") + `, ` + condition("TasksReconciled", "True", "Reconciled", "m") + `], master: {url: "http://m:5050"}}}`

// TestTask_frameworkAway: that the framework is not connected is said, as nothing else can be done about it.
func TestTask_frameworkAway(t *testing.T) {
	away := read[v1alpha1.MesosFramework](t, `{metadata: {name: default}, spec: {masters: {}}, status: {conditions: [`+condition("Connected", "False", "MasterUnreachable", "connection refused")+`]}}`)
	task := read[v1alpha1.MesosTask](t, `{metadata: {name: web, namespace: shop}, spec: {frameworkRef: {name: default}, resources: {requests: {cpus: "1", memory: 1Gi}}}, status: {conditions: [`+not("AwaitingOffer", "w")+`]}}`)
	got := Task(SeenTask{Now: start, Task: task, Framework: away, FrameworkKnown: true})
	if text := strings.Join(got.Sentences, "\n"); !strings.Contains(text, "has not been connected to Mesos for 4m (MasterUnreachable)") || !strings.Contains(text, "connection refused.") {
		t.Error(text)
	}
}

// TestTask_events: warnings that say something new are said, the two latest of them.
func TestTask_events(t *testing.T) {
	task := read[v1alpha1.MesosTask](t, `{metadata: {name: web, namespace: shop}, spec: {frameworkRef: {name: default}, resources: {requests: {cpus: "1", memory: 1Gi}}}, status: {conditions: [`+not("Refused", "bad user")+`]}}`)
	event := func(reason, message string, ago time.Duration) Event {
		return Event{Warning: true, Reason: reason, Message: message, Last: start.Add(-ago), Count: 2}
	}
	got := Task(SeenTask{Now: start, Task: task, Events: []Event{
		event("Refused", "once more", 0), event("WriteRefused", "quota", time.Minute), event("A", "bad user", time.Minute), event("B", "number 2", time.Minute), event("C", "number 3", time.Minute), event("D", "number 4", 48*time.Hour),
	}})
	text := strings.Join(got.Sentences, "\n")
	if !strings.Contains(text, "Event WriteRefused, 60s ago, 2 times: quota.") || !strings.Contains(text, "Event B") || strings.Contains(text, "Event C") || strings.Contains(text, "Event A") || strings.Contains(text, "once more") {
		t.Error(text)
	}
}

func TestHowItEnded(t *testing.T) {
	spec := &v1alpha1.MesosTaskSpec{}
	spec.Resources.Limits = &v1alpha1.ResourceLimits{Memory: "64Mi"}
	for text, want := range map[string]string{
		`{ran: false, reason: REASON_INVALID_OFFERS, message: offer gone}`:                         "never ran: offer gone",
		`{state: TASK_FAILED, reason: REASON_CONTAINER_LIMITATION_MEMORY, signal: Killed}`:         "took more memory than it may (spec.resources.limits.memory: 64Mi)",
		`{state: TASK_KILLED, healthy: false}`:                                                     "as its health check failed",
		`{state: TASK_KILLED, killReason: SpecChanged}`:                                            "was killed by the operator, as its spec changed",
		`{state: TASK_FAILED, exitCode: 127}`:                                                      "exit code 127: there is no program of the name",
		`{state: TASK_FAILED, signal: Segmentation fault}`:                                         "was ended by signal Segmentation fault",
		`{state: TASK_FINISHED, exitCode: 0}`:                                                      "finished (exit code 0)",
		`{state: TASK_FAILED, reason: REASON_CONTAINER_LAUNCH_FAILED, message: "Failed to fetch"}`: "was not started by its agent: Failed to fetch",
		`{state: TASK_FAILED, reason: REASON_MAX_COMPLETION_TIME_REACHED}`:                         "spec.maxRunSeconds",
		`{state: TASK_FAILED, reason: REASON_NEW}`:                                                 "ended with TASK_FAILED (REASON_NEW)",
	} {
		if got := HowItEnded(read[v1alpha1.TaskAttempt](t, text), spec); !strings.Contains(got, want) {
			t.Errorf("%s: %q, not %q", text, got, want)
		}
	}
}

func TestFramework_rules(t *testing.T) {
	for _, one := range []struct {
		what, text, rule string
		well             bool
		words            string
	}{
		{"well", connected, "Connected", true, "is connected to the master at http://m:5050"},
		{
			"away", `{metadata: {name: default}, spec: {masters: {}}, status: {conditions: [` + not("Unauthorized", "401") + `, ` + condition("Connected", "False", "Unauthorized", "401") + `]}}`,
			"NotConnected", false, "want other credentials",
		},
		{"never seen", `{metadata: {name: default, creationTimestamp: "2026-01-02T03:00:05Z"}, spec: {controllerName: mesos.dev/other, masters: {}}}`, "Unseen", false, "mesos.dev/other"},
		{"with orphans", strings.Replace(connected, `master: {url`, `orphans: {count: 2}, master: {url`, 1), "Connected", true, "2 tasks of it live in Mesos for which there is no MesosTask"},
	} {
		got := Framework(SeenFramework{Now: start, Framework: read[v1alpha1.MesosFramework](t, one.text)})
		if text := strings.Join(got.Sentences, "\n"); got.Rule != one.rule || got.Well != one.well || !strings.Contains(text, one.words) {
			t.Errorf("%s: %s %t\n%s", one.what, got.Rule, got.Well, text)
		}
	}
}

// TestTaskRules_coverEveryReason: a reason that the API has and no rule knows would be said by the rule for the unknown.
func TestTaskRules_coverEveryReason(t *testing.T) {
	for _, reason := range []string{
		v1alpha1.ReasonAwaitingOffer, v1alpha1.ReasonLaunching, v1alpha1.ReasonRunning, v1alpha1.ReasonUnhealthy, v1alpha1.ReasonNotReady, v1alpha1.ReasonRestarting,
		v1alpha1.ReasonBackOff, v1alpha1.ReasonCompleted, v1alpha1.ReasonFailed, v1alpha1.ReasonInterrupted, v1alpha1.ReasonNeverStarts, v1alpha1.ReasonTaskUnauthorized,
		v1alpha1.ReasonAgentDraining, v1alpha1.ReasonRestartsExhausted, v1alpha1.ReasonDeadlineExceeded, v1alpha1.ReasonRefused, v1alpha1.ReasonOutcomeUnknown,
		v1alpha1.ReasonSuspending, v1alpha1.ReasonSuspended, v1alpha1.ReasonFrameworkNotFound, v1alpha1.ReasonFrameworkDeleting, v1alpha1.ReasonNamespaceNotAllowed,
		v1alpha1.ReasonRoleNotAllowed, v1alpha1.ReasonUserNotAllowed, v1alpha1.ReasonLabelNotAllowed, v1alpha1.ReasonDiscoveryNotAllowed, v1alpha1.ReasonContainerNotAllowed,
		v1alpha1.ReasonRevocableNotAllowed, v1alpha1.ReasonOtherFrameworkID, v1alpha1.ReasonNoAgentLargeEnough, v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonConfigMapNotFound,
		v1alpha1.ReasonSecretsNotAllowed, v1alpha1.ReasonReferenceUnread, v1alpha1.ReasonAgentUnreachable, v1alpha1.ReasonFateUnknown, v1alpha1.ReasonPaused, v1alpha1.ReasonManagerTooOld,
	} {
		task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}}
		task.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason, Message: "m"}}
		if got := Task(SeenTask{Now: start, Task: task}); got.Rule == "Other" || len(got.Sentences) == 0 {
			t.Errorf("%s: %s %q", reason, got.Rule, got.Sentences)
		}
	}
}
