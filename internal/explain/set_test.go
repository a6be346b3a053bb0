package explain

import (
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// stalled is a set or cron task that is not Ready and Stalled for the same reason.
func stalled(reason, message string) string {
	return not(reason, message) + ", " + condition("Stalled", "True", reason, message)
}

// spoken holds that an explanation is by a rule and says something, and takes the rule down.
func spoken(t *testing.T, what string, got Explanation, rule string, well bool, words []string, rules map[string]bool) {
	t.Helper()
	rules[got.Rule] = true
	said := strings.Join(append(append([]string(nil), got.Sentences...), got.Commands...), "\n")
	if got.Rule != rule || got.Well != well {
		t.Errorf("%s: rule %s, well %t, want %s, %t:\n%s", what, got.Rule, got.Well, rule, well, said)
	}
	for _, part := range words {
		if !strings.Contains(said, part) {
			t.Errorf("%s: without %q:\n%s", what, part, said)
		}
	}
}

// tasks are MesosTasks of a set or cron task.
func tasks(t *testing.T, texts ...string) (found []v1alpha1.MesosTask) {
	t.Helper()
	for _, text := range texts {
		found = append(found, *read[v1alpha1.MesosTask](t, text))
	}
	return found
}

// TestSet_rules: each reason that a set gives is spoken of by a rule for it, and each rule speaks.
func TestSet_rules(t *testing.T) {
	rules := map[string]bool{}
	task := func(name, conditions string) string {
		return `{metadata: {name: ` + name + `, namespace: shop}, spec: {frameworkRef: {name: default}, resources: {requests: {cpus: "1", memory: 1Gi}}}, status: {conditions: [` + conditions + `]}}`
	}
	for _, one := range []struct {
		what, metadata, spec, status, rule string
		well                               bool
		tasks                              []string
		words                              []string
	}{
		{"nobody looked at it", ``, ``, ``, "Unseen", false, nil, []string{"has not looked at it in the 5m", "kubectl mesos doctor"}},
		{"it is deleted", `, deletionTimestamp: "2026-01-02T03:03:05Z"`, ``, `conditions: [` + not("Scaling", "m") + `]`, "Deleting", false, nil, []string{"It was deleted 60s ago"}},
		{
			"its rollout stalls", ``, ``, `conditions: [` + stalled("ProgressDeadlineExceeded", "front-1 is BackOff") + `]`, "RolloutStalled", false, nil,
			[]string{"does not get on: front-1 is BackOff.", "kubectl mesos rollout undo -n shop front"},
		},
		{"a task of it stalls", ``, ``, `conditions: [` + stalled("TaskStalled", "front-1 is Failed") + `]`, "TaskStalled", false, nil, []string{"of one of its tasks until a person changes something: front-1 is Failed."}},
		{
			"the API server refuses", ``, ``, `conditions: [` + stalled("WriteRefused", "exceeded quota. It is tried again") + `]`, "WriteRefused", false, nil,
			[]string{"The API server refuses what it would write, such as one task more than a quota allows: exceeded quota."},
		},
		{"its framework is not there", ``, ``, `conditions: [` + stalled("FrameworkNotFound", "There is no MesosFramework default") + `]`, "NoFramework", false, nil, []string{"(FrameworkNotFound): There is no MesosFramework default.", "kubectl mesos why framework/default"}},
		{"its framework goes", ``, ``, `conditions: [` + stalled("FrameworkDeleting", "m") + `]`, "NoFramework", false, nil, []string{"(FrameworkDeleting)"}},
		{"the manager is too old", ``, ``, `conditions: [` + stalled("ManagerTooOld", "m") + `]`, "ManagerTooOld", false, nil, []string{"kubectl mesos doctor"}},
		{"it stalls by something new", ``, ``, `conditions: [` + stalled("Sunspots", "the sun") + `]`, "Stalled", false, nil, []string{"until a person changes something (Sunspots): the sun."}},
		{"its framework is away", ``, ``, `conditions: [` + not("AwaitingFramework", "not connected") + `]`, "AwaitingFramework", false, nil, []string{"makes and deletes no tasks until its framework is connected", "not connected."}},
		{"it is suspended", ``, `suspend: true, `, `conditions: [` + condition("Ready", "True", "Suspended", "m") + `]`, "Suspended", true, []string{task("front-1", not("Suspended", "m"))}, []string{"None of its tasks runs", "kubectl mesos resume -n shop set/front"}},
		{"it rolls", ``, ``, `conditions: [` + not("RollingOut", "1 of 3") + `]`, "RollingOut", false, nil, []string{"A rollout is under way: 1 of 3.", "kubectl mesos rollout status -n shop front"}},
		{"it is scaled", ``, ``, `conditions: [` + not("Scaling", "1 of 3") + `]`, "Scaling", false, nil, []string{"It is being scaled: 1 of 3."}},
		{
			"some are not available", ``, ``, `conditions: [` + not("Unavailable", "1 of 5") + `]`, "Unavailable", false,
			[]string{
				task("front-0", not("AwaitingOffer", "w")), task("front-1", not("BackOff", "b")), task("front-2", not("BackOff", "b")), task("front-3", not("BackOff", "b")), task("front-4", not("BackOff", "b")),
				task("front-5", ``), task("front-6", condition("Ready", "True", "Running", "r")),
			},
			[]string{"4 tasks BackOff: front-1, front-2, front-3 and 1 more.", "1 task AwaitingOffer: front-0.", "1 task Unseen: front-5.", "Of front-1: It keeps ending", "kubectl mesos why -n shop task/front-1"},
		},
		{"all is well", ``, ``, `availableReplicas: 3, conditions: [` + condition("Ready", "True", "Available", "m") + `]`, "Available", true, nil, []string{"All of its 3 tasks are available: nothing is wrong with it."}},
		{"one is well, and held", ``, `paused: true, `, `availableReplicas: 1, conditions: [` + condition("Ready", "True", "Available", "m") + `]`, "Available", true, nil, []string{"All of its 1 task is available", "Its rollouts are paused"}},
		{
			"its Service lags", ``, ``, `availableReplicas: 3, conditions: [` + condition("Ready", "True", "Available", "m") + `, ` + condition("ServicePublished", "False", "TasksLeftOut", "a loopback address") + `]`, "Available", false, nil,
			[]string{"not found by its Service as they should be (TasksLeftOut): a loopback address."},
		},
		{"its status is old", `, generation: 2`, ``, `observedGeneration: 1, conditions: [` + condition("Ready", "True", "Available", "m") + `]`, "Available", true, nil, []string{"The spec was changed after that"}},
		{"it is something new", ``, ``, `conditions: [` + not("Sunspots", "the sun") + `]`, "Other", false, nil, []string{"Sunspots: the sun."}},
	} {
		set := read[v1alpha1.MesosTaskSet](t, `{metadata: {name: front, namespace: shop, creationTimestamp: "2026-01-02T02:59:05Z"`+one.metadata+`}, spec: {`+one.spec+`template: {spec: {frameworkRef: {name: default}, resources: {requests: {cpus: "1", memory: 1Gi}}}}}, status: {`+one.status+`}}`)
		got := Set(SeenSet{Now: start, Set: set, Tasks: tasks(t, one.tasks...), FrameworkKnown: true, Framework: read[v1alpha1.MesosFramework](t, connected)})
		spoken(t, one.what, got, one.rule, one.well, one.words, rules)
	}
	for _, rule := range setRules {
		if !rules[rule.name] {
			t.Errorf("nothing makes rule %s speak", rule.name)
		}
	}
}

// TestSetRules_coverEveryReason: a reason that a set may have and no rule knows would be said by the rule for the unknown.
func TestSetRules_coverEveryReason(t *testing.T) {
	for reason, conditions := range map[string]func(reason, message string) string{
		v1alpha1.ReasonAvailable: not, v1alpha1.ReasonRollingOut: not, v1alpha1.ReasonScaling: not, v1alpha1.ReasonUnavailable: not, v1alpha1.ReasonAwaitingFramework: not,
		v1alpha1.ReasonSuspended: not, v1alpha1.ReasonProgressDeadlineExceeded: stalled, v1alpha1.ReasonTaskStalled: stalled, v1alpha1.ReasonWriteRefused: stalled,
		v1alpha1.ReasonFrameworkNotFound: stalled, v1alpha1.ReasonFrameworkDeleting: stalled, v1alpha1.ReasonManagerTooOld: stalled,
	} {
		set := read[v1alpha1.MesosTaskSet](t, `{metadata: {name: front, namespace: shop}, spec: {template: {spec: {resources: {requests: {cpus: "1", memory: 1Gi}}}}}, status: {conditions: [`+conditions(reason, "m")+`]}}`)
		if got := Set(SeenSet{Now: start, Set: set}); got.Rule == "Other" || got.Rule == "Stalled" || len(got.Sentences) == 0 {
			t.Errorf("%s: %s %q", reason, got.Rule, got.Sentences)
		}
	}
}
