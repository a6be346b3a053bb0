package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// withOutput are the verbs that have -o.
func withOutput(command *cobra.Command) (found []string) {
	if command.Flags().Lookup("output") != nil {
		found = append(found, strings.TrimPrefix(command.CommandPath(), "kubectl mesos "))
	}
	for _, sub := range command.Commands() {
		found = append(found, withOutput(sub)...)
	}
	return found
}

// digits are what may differ between two looks at the same: times, versions of objects.
var digits = regexp.MustCompile(`\d+`)

// sameInBoth is what JSON and YAML both show, as JSON without its digits. Of what is converted JSON is a list, and YAML documents one behind the other.
func sameInBoth(t *testing.T, asJSON, asYAML string, converted bool) string {
	t.Helper()
	if !json.Valid([]byte(asJSON)) || json.Valid([]byte(asYAML)) && asYAML != "{}\n" {
		t.Fatalf("one of them is not what it should be:\n%s\n%s", asJSON, asYAML)
	}
	var texts [2]string
	for i, shown := range []string{asJSON, asYAML} {
		var value any
		if err := yaml.Unmarshal([]byte(shown), &value); err != nil {
			t.Fatalf("%v\n%s", err, shown)
		}
		if list, is := value.(map[string]any); is && converted && list["kind"] == "List" {
			value = list["items"].([]any)[0]
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = digits.ReplaceAllString(string(text), "0")
	}
	if texts[0] != texts[1] {
		t.Errorf("want the same of both:\n%s\n%s", texts[0], texts[1])
	}
	return texts[0]
}

// TestOutput_jsonAndYAML: each verb that has -o shows the same as JSON and as YAML.
func TestOutput_jsonAndYAML(t *testing.T) {
	w := newTestAlone(t) // doctor looks at all frameworks
	w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`)
	w.create(&v1alpha1.MesosCronTask{}, "MesosCronTask", "nightly", `schedule: "0 3 * * *", template: {spec: {shell: "true", `+small+`}}`)
	set := &v1alpha1.MesosTaskSet{}
	w.create(set, "MesosTaskSet", "front", setSpec)
	w.mesos("rollout", "status", "front").ends(t, 0)
	if err := admin.Patch(t.Context(), set, client.RawPatch("application/merge-patch+json", []byte(`{"spec": {"template": {"spec": {"shell": "exec sleep 2000"}}}}`))); err != nil {
		t.Fatal(err)
	}
	w.mesos("rollout", "status", "front").ends(t, 0)
	until(w, set, "front", "ready", setReady)
	definitions := filepath.Join(t.TempDir(), "web.json")
	if err := os.WriteFile(definitions, []byte(`{"id": "/web", "cmd": "run"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	told := []string{}
	for _, one := range []struct {
		verb, args string
		has        string // of the JSON
	}{
		{"convert", "-f " + definitions, `"kind":"MesosTask"`},
		{"tasks", "", `"kind":"List"`},
		{"why", "web", `"well":true`},
		{"files", "web", `"path":`},
		{"restart", "web --dry-run", `"kind":"MesosTask"`},
		{"suspend", "set/front --dry-run", `"suspend":true`},
		{"resume", "cron/nightly --dry-run", `"kind":"MesosCronTask"`},
		{"give-up", "framework/default --agent nobody --dry-run", `"kind":"MesosFramework"`},
		{"scale", "front --replicas 3 --dry-run", `"kind":"MesosTaskSet"`},
		{"rollout history", "front", `"revision":`},
		{"rollout history", "front --revision 1", `"exec sleep 0"`},
		{"rollout undo", "front --dry-run", `"exec sleep 0"`},
		{"rollout pause", "front --dry-run", `"paused":true`},
		{"rollout resume", "front --dry-run", `"kind":"MesosTaskSet"`},
		{"run", "nightly --dry-run", `"kind":"MesosCronTask"`},
		{"reconcile", "--dry-run", `"kind":"MesosFramework"`},
		{"orphans", "", `{}`},
		{"doctor", "", `"area":"CRDs"`},
	} {
		told = append(told, one.verb)
		t.Run(one.verb, func(t *testing.T) {
			args := append(strings.Fields(one.verb), strings.Fields(one.args)...)
			shown := sameInBoth(t, w.mesos(append(args, "-o", "json")...).ends(t, 0).out, w.mesos(append(args, "-o", "yaml")...).ends(t, 0).out, one.verb == "convert")
			if !strings.Contains(shown, one.has) {
				t.Errorf("want %s in\n%s", one.has, shown)
			}
		})
	}
	has(t, w.mesos("rollout", "history", "front", "--revision", "1", "-o", "name").ends(t, 0).out, "front-")
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	there := withOutput(newCommand(streams))
	slices.Sort(there)
	slices.Sort(told)
	told = slices.Compact(told)
	if !slices.Equal(there, told) {
		t.Errorf("verbs with -o are %q, and here are %q", there, told)
	}
}

// TestOutput_moreOrphansThanNamed: a script that kills what -o name lists would leave the rest; how many are left out stands on standard error.
func TestOutput_moreOrphansThanNamed(t *testing.T) {
	framework := &v1alpha1.MesosFramework{}
	framework.Status.Orphans = &v1alpha1.Orphans{Count: 12, Sample: make([]v1alpha1.OrphanTask, 10), Message: "why none is killed"}
	for i := range framework.Status.Orphans.Sample {
		framework.Status.Orphans.Sample[i].TaskID = "shop.web." + strconv.Itoa(i)
	}
	for _, format := range []string{"", outputName, outputJSON} {
		streams, _, out, errOut := genericiooptions.NewTestIOStreams()
		err := (&plugin{IOStreams: streams}).listOrphans(framework, &structured{format: format, names: true})
		if !errors.Is(err, statusError(statusUnwell)) || strings.Count(out.String(), "shop.web.") != 10 {
			t.Errorf("-o %q: %v\n%s", format, err, out)
		}
		has(t, errOut.String(), "and 2 more", "why none is killed")
	}
}
