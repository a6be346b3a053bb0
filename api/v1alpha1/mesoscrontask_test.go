package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

const cronManifest = `
apiVersion: mesos.dev/v1alpha1
kind: MesosCronTask
metadata: {name: %s, namespace: default}
spec: {%s}
`

func TestMesosCronTask_admission(t *testing.T) {
	at := func(schedule string) string { return `schedule: "` + schedule + `", ` + template("", "") }
	nightly := func(more string) string { return at("0 2 * * *") + ", " + more }
	cases := map[string]struct {
		name, spec string
		// want is part of the refusal; empty for a manifest that is accepted.
		want string
	}{
		"every night":                              {spec: at("0 2 * * *")},
		"lists, ranges, steps and names":           {spec: at("0,30,*/7 8-17/2 1-15,31 JAN-mar,12 MON-FRI,sun")},
		"blanks at its ends":                       {spec: at(" 5/15  ? * * ? ")},
		"a word for it":                            {spec: at("@daily")},
		"an interval":                              {spec: at("@every 1h30m")},
		"the shortest interval":                    {spec: at("@every 60s")},
		"an interval of less than a minute":        {spec: at("@every 59s"), want: "@every in spec.schedule must be at least a minute"},
		"an interval of nothing":                   {spec: at("@every "), want: "with '@' spec.schedule is one of"},
		"an interval of words":                     {spec: at("@every hour"), want: "with '@' spec.schedule is one of"},
		"another word":                             {spec: at("@reboot"), want: "with '@' spec.schedule is one of"},
		"a time zone in it":                        {spec: at("TZ=Europe/Berlin 0 2 * * *"), want: "set spec.timeZone"},
		"a time zone in it, and nothing else":      {spec: at("CRON_TZ=0"), want: "set spec.timeZone"},
		"four fields":                              {spec: at("0 2 * *"), want: "must have five fields"},
		"six fields":                               {spec: at("0 0 2 * * *"), want: "must have five fields"},
		"minute 60":                                {spec: at("60 2 * * *"), want: "the first field of spec.schedule is the minute"},
		"hour 24":                                  {spec: at("0 24 * * *"), want: "the second field of spec.schedule is the hour"},
		"day 0":                                    {spec: at("0 2 0 * *"), want: "the third field of spec.schedule is the day of the month"},
		"month 13":                                 {spec: at("0 2 * 13 *"), want: "the fourth field of spec.schedule is the month"},
		"the day of the week 7":                    {spec: at("0 2 * * 7"), want: "the fifth field of spec.schedule is the day of the week"},
		"a step of none":                           {spec: at("*/0 2 * * *"), want: "the first field of spec.schedule is the minute"},
		"no schedule":                              {spec: template("", ""), want: "spec.schedule: Required value"},
		"the longest name":                         {name: strings.Repeat("a", 52), spec: at("@daily")},
		"a name that is too long":                  {name: strings.Repeat("a", 53), spec: at("@daily"), want: "metadata.name must be a DNS label of at most 52 characters"},
		"a name with a dot":                        {name: "a.b", spec: at("@daily"), want: "metadata.name must be a DNS label of at most 52 characters"},
		"a time zone":                              {spec: nightly(`timeZone: America/Argentina/Buenos_Aires`)},
		"a zone of the machine's":                  {spec: nightly(`timeZone: Local`), want: "Local is another one on each machine"},
		"a zone that is a path":                    {spec: nightly(`timeZone: ../../etc/passwd`), want: "spec.timeZone"},
		"all that there is":                        {spec: nightly(`startingDeadlineSeconds: 1, concurrencyPolicy: Replace, suspend: true, successfulTasksHistoryLimit: 0, failedTasksHistoryLimit: 0`)},
		"no time to start":                         {spec: nightly(`startingDeadlineSeconds: 0`), want: "spec.startingDeadlineSeconds"},
		"another policy":                           {spec: nightly(`concurrencyPolicy: Queue`), want: "spec.concurrencyPolicy"},
		"a template whose tasks never end":         {spec: `schedule: "@daily", ` + template("", `, restartPolicy: Always`), want: "restartPolicy of a run is OnFailure or Never"},
		"a template that no MesosTask could have":  {spec: `schedule: "@daily", ` + template("", `, command: [x]`), want: "exactly one of spec.shell and spec.command must be set"},
		"a template's check of a port that is not": {spec: `schedule: "@daily", ` + template("", `, healthCheck: {tcp: {port: http}}`), want: "spec.healthCheck.tcp.port must be the name of one of spec.ports"},
		"a label of the operator's":                {spec: `schedule: "@daily", ` + template(`labels: {mesos.dev/cron: other}`, ""), want: "labels of mesos.dev/ and kubernetes.io/ are not for templates"},
	}
	number := 0
	for sentence, tc := range cases {
		number++
		name := tc.name
		if name == "" {
			name = fmt.Sprintf("cron-%d", number)
		}
		t.Run(sentence, func(t *testing.T) {
			err := apiClient.Create(t.Context(), parse(t, fmt.Sprintf(cronManifest, name, tc.spec)), client.DryRunAll)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("was refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want a refusal with %q", err, tc.want)
			}
		})
	}
}

// TestMesosCronTask_defaults creates one with as little as there can be, and changes what may be changed.
func TestMesosCronTask_defaults(t *testing.T) {
	cron := parse(t, fmt.Sprintf(cronManifest, "defaults", `schedule: "@daily", `+template("", "")))
	if err := apiClient.Create(t.Context(), cron); err != nil {
		t.Fatal(err)
	}
	got := &v1alpha1.MesosCronTask{}
	if err := apiClient.Get(t.Context(), client.ObjectKeyFromObject(cron), got); err != nil {
		t.Fatal(err)
	}
	run := got.Spec.Template.Spec
	if got.Status.ObservedGeneration != -1 || got.Spec.ConcurrencyPolicy != v1alpha1.ConcurrencyAllow || *got.Spec.StartingDeadlineSeconds != 600 ||
		*got.Spec.SuccessfulTasksHistoryLimit != 3 || *got.Spec.FailedTasksHistoryLimit != 1 || run.RestartPolicy != v1alpha1.RestartOnFailure || *run.MaxRestarts != 6 || run.FrameworkRef.Name != "default" {
		t.Errorf("a new one has other defaults: %+v", got)
	}
	patch := []byte(`{"spec":{"schedule":"@hourly","template":{"spec":{"frameworkRef":{"name":"other"}}}}}`)
	if err := apiClient.Patch(t.Context(), cron, client.RawPatch(types.MergePatchType, patch)); err != nil {
		t.Errorf("another framework for the next runs: %v", err)
	}
}
