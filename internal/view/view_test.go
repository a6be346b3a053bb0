package view

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/intervention"
)

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

// TestRollout: what is said of a rollout is of the spec as it is, and what stalls is not waited for.
func TestRollout(t *testing.T) {
	for _, one := range []struct {
		what, conditions string
		observed         string
		said             string
		done, stalled    bool
	}{
		{"the operator has not looked", condition("Ready", "True", "Available", "m"), "1", "has not taken up the present spec yet", false, false},
		{"it is done", condition("Ready", "True", "Available", "3 of 3 are available"), "2", "set/front is rolled out: 3 of 3 are available", true, false},
		{"it goes on", condition("Ready", "False", "RollingOut", "1 of 3"), "2", "RollingOut: 1 of 3", false, false},
		{"it does not get on", condition("Ready", "False", "WriteRefused", "m") + ", " + condition("Stalled", "True", "WriteRefused", "quota"), "2", "set/front does not get on (WriteRefused): quota", false, true},
	} {
		set := read[v1alpha1.MesosTaskSet](t, `{metadata: {name: front, generation: 2}, status: {observedGeneration: `+one.observed+`, conditions: [`+one.conditions+`]}}`)
		if said, done, stalled := Rollout(set); !strings.Contains(said, one.said) || done != one.done || stalled != one.stalled {
			t.Errorf("%s: %q, done %t, stalled %t", one.what, said, done, stalled)
		}
	}
}

// TestHistory: the latest is last, each is compared with the one before it, and tasks count for the revision that they are of.
func TestHistory(t *testing.T) {
	revision := func(number int64, label, content string) intervention.Revision {
		one := intervention.Revision{Number: number, Name: "front-" + label, Label: label}
		if err := yaml.UnmarshalStrict([]byte(content), &one.Content); err != nil {
			t.Fatal(err)
		}
		return one
	}
	set := &v1alpha1.MesosTaskSet{}
	set.Status.UpdateRevision = "c"
	task := func(label string) v1alpha1.MesosTask {
		return v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelRevision: label}}}
	}
	going := task("c")
	going.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	rows := History(set, []intervention.Revision{
		revision(3, "c", `{template: {spec: {shell: b}}, restartedAt: now}`),
		revision(2, "b", `{template: {spec: {shell: b, maxRunSeconds: 5}}}`),
		revision(1, "a", `{template: {spec: {shell: a, restartPolicy: Always}}}`),
	}, []v1alpha1.MesosTask{task("c"), task("c"), task("b"), going, task("of another")})
	for i, want := range []struct {
		number  int64
		tasks   int
		present bool
		changed []string
	}{{1, 0, false, nil}, {2, 1, false, []string{"maxRunSeconds", "restartPolicy", "shell"}}, {3, 2, true, []string{"maxRunSeconds", "restartedAt"}}} {
		if got := rows[i]; len(rows) != 3 || got.Revision != want.number || got.Tasks != want.tasks || got.Present != want.present || !slices.Equal(got.Changed, want.changed) {
			t.Errorf("row %d: %+v, want %+v", i, got, want)
		}
	}
}

// TestPass: a pass is done that was begun after it was asked for, and none before the operator has taken the wish up.
func TestPass(t *testing.T) {
	const asked = "2026-01-02T03:04:05.5Z"
	last := func(at string) string {
		return `last: {reason: Requested, startTime: "` + at + `", tasks: 3, rounds: 2}`
	}
	for _, one := range []struct {
		what, status, value string
		done                bool
		said                string
	}{
		{"not taken up", last("2026-01-02T04:00:00Z"), asked, false, "not taken it up yet"},
		{"under way", `lastHandledReconcileAt: "` + asked + `", current: {reason: Requested, tasks: 3, unanswered: 2, rounds: 1}, ` + last("2026-01-02T03:04:06Z"), asked, false, "Round 1: 2 of 3 tasks are not answered for yet"},
		{"the last one is an earlier one's", `lastHandledReconcileAt: "` + asked + `", ` + last("2026-01-02T03:04:04Z"), asked, false, "under way"},
		{"there was none", `lastHandledReconcileAt: "` + asked + `"`, asked, false, "under way"},
		{"done within the second", `lastHandledReconcileAt: "` + asked + `", ` + last("2026-01-02T03:04:05Z"), asked, true, ""},
		{"asked for by a word", `lastHandledReconcileAt: again, ` + last("2026-01-02T03:04:05Z"), "again", true, ""},
	} {
		framework := read[v1alpha1.MesosFramework](t, `{status: {reconciliation: {`+one.status+`}}}`)
		done, pass, said := Pass(framework, one.value)
		if done != one.done || !strings.Contains(said, one.said) || pass == nil || done && pass.Tasks != 3 {
			t.Errorf("%s: done %t, %q, %+v", one.what, done, said, pass)
		}
	}
}

func TestIsProblem(t *testing.T) {
	for conditions, want := range map[string]bool{
		``: true,
		condition("Ready", "True", "Running", ""):  false,
		condition("Ready", "False", "BackOff", ""): true,
		condition("Ready", "True", "Running", "") + ", " + condition("AgentUnreachable", "True", "AgentUnreachable", ""):   true,
		condition("Ready", "True", "Running", "") + ", " + condition("AgentUnreachable", "False", "AgentUnreachable", "m"): false,
	} {
		if got := IsProblem(read[v1alpha1.MesosTask](t, `{status: {conditions: [`+conditions+`]}}`)); got != want {
			t.Errorf("%s: %t", conditions, got)
		}
	}
}

// TestTasks: the table is sorted by namespace, owner and name, and shows what there is, - where there is nothing.
func TestTasks(t *testing.T) {
	const owned = `ownerReferences: [{apiVersion: mesos.dev/v1alpha1, kind: KIND, name: NAME, uid: u, controller: true}]`
	by := func(kind, name string) string {
		return strings.NewReplacer("KIND", kind, "NAME", name).Replace(owned)
	}
	list := []v1alpha1.MesosTask{
		*read[v1alpha1.MesosTask](t, `{metadata: {name: b, namespace: shop, `+by("MesosTaskSet", "front")+`}}`),
		*read[v1alpha1.MesosTask](t, `{metadata: {name: a, namespace: shop, `+by("MesosTaskSet", "front")+`}, status: {task: {id: s.a.1.2, ports: [{name: http, hostPort: 31004}, {name: media, hostPort: 10000, lastHostPort: 10100}]}}}`),
		*read[v1alpha1.MesosTask](t, `{metadata: {name: z, namespace: shop, `+by("MesosCronTask", "nightly")+`}}`),
		*read[v1alpha1.MesosTask](t, `{metadata: {name: w, namespace: shop, `+by("Other", "it")+`}}`),
		*read[v1alpha1.MesosTask](t, `{metadata: {name: x, namespace: shop}}`),
		*read[v1alpha1.MesosTask](t, `{metadata: {name: z, namespace: post}}`),
	}
	SortTasks(list)
	table := Tasks(list, true, time.Now())
	var got []string
	for _, row := range table.Rows {
		if len(row.Cells) != len(table.ColumnDefinitions) {
			t.Errorf("%d cells under %d headings", len(row.Cells), len(table.ColumnDefinitions))
		}
		got = append(got, strings.Join([]string{row.Cells[0].(string), row.Cells[4].(string), row.Cells[1].(string), row.Cells[len(row.Cells)-1].(string)}, " "))
	}
	want := []string{
		"post - z -", "shop - x -", "shop Other/it w -", "shop cron/nightly z -", "shop set/front a http:31004,media:10000-10100", "shop set/front b -",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}
