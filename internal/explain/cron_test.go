package explain

import (
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestCron_rules: each reason that a cron task gives is spoken of by a rule for it, and each rule speaks.
func TestCron_rules(t *testing.T) {
	const (
		spec   = `spec: {frameworkRef: {name: default}, resources: {requests: {cpus: "1", memory: 1Gi}}}, `
		failed = `{metadata: {name: nightly-2, namespace: shop, creationTimestamp: "2026-01-02T03:01:05Z"}, ` + spec + `status: {task: {id: s.n.1.2, hostname: a1, state: TASK_FAILED, exitCode: 7, ran: true}, conditions: [`
		before = `{metadata: {name: nightly-1, namespace: shop, creationTimestamp: "2026-01-02T03:00:05Z"}, ` + spec + `status: {conditions: [`
		runs   = `{metadata: {name: nightly-3, namespace: shop, creationTimestamp: "2026-01-02T03:02:05Z"}, ` + spec + `status: {conditions: [`
	)
	well := condition("Ready", "True", "Scheduled", "m")
	behind := func(reason, message string) string { return ", " + condition("Behind", "True", reason, message) }
	rules := map[string]bool{}
	for _, one := range []struct {
		what, metadata, spec, status, rule string
		well                               bool
		tasks                              []string
		words                              []string
	}{
		{"nobody looked at it", ``, ``, ``, "Unseen", false, nil, []string{"has not looked at it in the 5m"}},
		{"it is deleted", `, deletionTimestamp: "2026-01-02T03:03:05Z"`, ``, `conditions: [` + well + `]`, "Deleting", false, nil, []string{"It was deleted 60s ago"}},
		{"it is suspended", ``, `suspend: true, `, `conditions: [` + condition("Ready", "True", "Suspended", "m") + `]`, "Suspended", true, nil, []string{"as it is suspended", "kubectl mesos resume -n shop cron/nightly"}},
		{"its schedule cannot be read", ``, ``, `conditions: [` + stalled("InvalidSchedule", "6 fields") + `]`, "InvalidSchedule", false, nil, []string{"Its schedule (0 3 * * *) cannot be kept, so that no run is started: 6 fields."}},
		{"its time zone is none", ``, `timeZone: Mars/Olympus, `, `conditions: [` + stalled("InvalidTimeZone", "m") + `]`, "InvalidSchedule", false, nil, []string{"(0 3 * * *, Mars/Olympus)"}},
		{"its framework is not there", ``, ``, `conditions: [` + stalled("FrameworkNotFound", "There is no MesosFramework default") + `]`, "NoFramework", false, nil, []string{"(FrameworkNotFound): There is no MesosFramework default.", "kubectl mesos why framework/default"}},
		{"its framework goes", ``, ``, `conditions: [` + stalled("FrameworkDeleting", "m") + `]`, "NoFramework", false, nil, []string{"(FrameworkDeleting)"}},
		{"the manager is too old", ``, ``, `conditions: [` + stalled("ManagerTooOld", "m") + `]`, "ManagerTooOld", false, nil, []string{"kubectl mesos doctor"}},
		{"its framework is away", ``, ``, `conditions: [` + not("AwaitingFramework", "not told yet") + `]`, "AwaitingFramework", false, nil, []string{"No run is started until its framework", "not told yet."}},
		{"a run is refused", ``, ``, `conditions: [` + not("RunRefused", "exceeded quota") + behind("RunRefused", "exceeded quota") + `]`, "RunRefused", false, nil, []string{"The API server does not take the MesosTask of its run", "exceeded quota."}},
		{"a name is taken", ``, ``, `conditions: [` + stalled("NameTaken", "nightly-1 is another's") + behind("NameTaken", "m") + `]`, "NameTaken", false, nil, []string{"nightly-1 is another's."}},
		{"an earlier run is not over", ``, ``, `active: 1, conditions: [` + well + behind("RunActive", "nightly-3 is not over") + `]`, "Behind", false, nil, []string{"behind its schedule (RunActive): nightly-3 is not over.", "kubectl mesos tasks -n shop cron/nightly", "1 run is not over."}},
		{"one is replaced", ``, ``, `active: 2, conditions: [` + well + behind("Replacing", "m") + `]`, "Behind", false, nil, []string{"(Replacing)", "2 runs are not over."}},
		{"some were missed", ``, ``, `missedRuns: 2, conditions: [` + well + behind("RunMissed", "m") + `]`, "Behind", false, nil, []string{"(RunMissed)", "2 runs were missed since it was created."}},
		{
			"its last run failed", ``, ``, `missedRuns: 1, conditions: [` + well + `]`, "LastRunFailed", false,
			[]string{runs + not("Launching", "l") + `]}}`, failed + condition("Succeeded", "False", "Failed", "f") + `]}}`, before + condition("Succeeded", "True", "Completed", "c") + `]}}`},
			[]string{"its last run, task/nightly-2, failed.", "nightly-2 ended by itself with exit code 7", "kubectl mesos logs -n shop task/nightly-2", "kubectl mesos run -n shop nightly", "1 run was missed"},
		},
		{
			"all is well", ``, ``, `lastSuccessfulTime: "2026-01-02T03:00:05Z", nextScheduleTime: "2026-01-02T03:14:05Z", conditions: [` + well + `]`, "Scheduled", true,
			[]string{before + condition("Succeeded", "True", "Completed", "c") + `]}}`},
			[]string{"Its schedule is kept: nothing is wrong with it.", "It last succeeded 4m ago.", "The next run is due at 2026-01-02T03:14:05Z, in 10m."},
		},
		{"its status is old", `, generation: 2`, ``, `observedGeneration: 1, conditions: [` + well + `]`, "Scheduled", true, nil, []string{"The spec was changed after that"}},
		{"it is something new", ``, ``, `conditions: [` + not("Sunspots", "the sun") + `]`, "Other", false, nil, []string{"No run is started (Sunspots): the sun."}},
	} {
		cron := read[v1alpha1.MesosCronTask](t, `{metadata: {name: nightly, namespace: shop, creationTimestamp: "2026-01-02T02:59:05Z"`+one.metadata+`}, spec: {`+one.spec+`schedule: "0 3 * * *", template: {`+strings.TrimSuffix(spec, ", ")+`}}, status: {`+one.status+`}}`)
		got := Cron(SeenCron{Now: start, Cron: cron, Tasks: tasks(t, one.tasks...), FrameworkKnown: true, Framework: read[v1alpha1.MesosFramework](t, connected)})
		spoken(t, one.what, got, one.rule, one.well, one.words, rules)
	}
	for _, rule := range cronRules {
		if !rules[rule.name] {
			t.Errorf("nothing makes rule %s speak", rule.name)
		}
	}
}

// TestCronRules_coverEveryReason: a reason that a cron task may have and no rule knows would be said by the rule for the unknown.
func TestCronRules_coverEveryReason(t *testing.T) {
	for _, reason := range []string{
		v1alpha1.ReasonSuspended, v1alpha1.ReasonInvalidSchedule, v1alpha1.ReasonInvalidTimeZone, v1alpha1.ReasonRunRefused, v1alpha1.ReasonNameTaken, v1alpha1.ReasonAwaitingFramework,
		v1alpha1.ReasonFrameworkNotFound, v1alpha1.ReasonFrameworkDeleting, v1alpha1.ReasonManagerTooOld,
	} {
		for _, conditions := range []string{not(reason, "m"), stalled(reason, "m")} {
			cron := read[v1alpha1.MesosCronTask](t, `{metadata: {name: nightly, namespace: shop}, spec: {schedule: "0 3 * * *"}, status: {conditions: [`+conditions+`]}}`)
			if got := Cron(SeenCron{Now: start, Cron: cron}); got.Rule == "Other" || len(got.Sentences) == 0 {
				t.Errorf("%s: %s %q", reason, got.Rule, got.Sentences)
			}
		}
	}
}
