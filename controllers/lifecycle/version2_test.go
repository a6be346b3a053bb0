package lifecycle

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestNext_objectsOfVersion2: fields that are new since are absent in what was written before them, and change neither hash nor decision; to set one is
// a change of the spec.
func TestNext_objectsOfVersion2(t *testing.T) {
	for name, rule := range map[string]string{
		"defaults": "let it run", "declared": "let it run", "everything": "let it run", "restarted": "let it run",
		"completed": "completed", "failing": "restarts exhausted", "suspended": "suspended",
	} {
		t.Run(name, func(t *testing.T) {
			seen := func(change func(*v1alpha1.MesosTaskSpec)) Seen {
				task := writtenBy[v1alpha1.MesosTask](t, version2, "testdata/version2/"+name+".yaml")
				framework := writtenBy[v1alpha1.MesosFramework](t, version2, "testdata/version2/framework.yaml")
				change(&task.Spec)
				seen := afterUpgrade(t, task, framework)
				seen.RestartRequest = task.Annotations[v1alpha1.AnnotationRestartedAt]
				return seen
			}
			before := seen(func(*v1alpha1.MesosTaskSpec) {})
			if before.Hash != before.Status.Task.Hash {
				t.Errorf("the hash is %s, and was %s", before.Hash, before.Status.Task.Hash)
			}
			decision := Next(before)
			if decision.Rule != rule {
				t.Errorf("decided by rule %q, want %q", decision.Rule, rule)
			}
			if diff := cmp.Diff(before.Status.Task.ID, decision.Status.Task.ID); diff != "" || decision.Status.Restarts != before.Status.Restarts || len(decision.Events) > 0 {
				t.Errorf("%d restarts, want %d; %d events; the attempt (-before +after):\n%s",
					decision.Status.Restarts, before.Status.Restarts, len(decision.Events), diff)
			}
			if changed := seen(func(spec *v1alpha1.MesosTaskSpec) { spec.Labels = []v1alpha1.Label{{Name: "team", Value: "a"}} }); changed.Hash == before.Hash {
				t.Error("a field that is new since is no part of the hash")
			}
		})
	}
}
