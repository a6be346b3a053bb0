package lifecycle

import (
	"embed"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// version1 has objects as releases wrote them that hashed by version 1: under a framework with the default role shop and the default user www.
//
//go:embed testdata/version1/*.yaml
var version1 embed.FS

// version2 has what commits wrote that hashed by version 2, before MesosTasks had containers, checks, labels, placement and what else is wide.
//
//go:embed testdata/version2/*.yaml
var version2 embed.FS

// written reads an object that version 1 wrote.
func written[T any](t *testing.T, name string) *T {
	t.Helper()
	return writtenBy[T](t, version1, "testdata/version1/"+name+".yaml")
}

// writtenBy reads an object as it was written.
func writtenBy[T any](t *testing.T, from embed.FS, path string) *T {
	t.Helper()
	data, err := from.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	object := new(T)
	if err := yaml.UnmarshalStrict(data, object); err != nil {
		t.Fatal(err)
	}
	return object
}

// afterUpgrade is what is seen of an object that version 1 wrote, and whose attempt is as its status says.
func afterUpgrade(t *testing.T, task *v1alpha1.MesosTask, framework *v1alpha1.MesosFramework) Seen {
	t.Helper()
	resolved, obstacle := Resolve(task.Namespace, task.Name, task.Spec, framework.Spec.Info)
	if obstacle != nil {
		t.Fatal(obstacle.Message)
	}
	binding := BindingOf(task)
	seen := Seen{
		Now: task.Status.Task.StartTime.Add(time.Hour), Namespace: task.Namespace, Name: task.Name, UID: string(task.UID), Generation: task.Generation,
		Finalized: HasFinalizer(task), Spec: task.Spec, Status: task.Status, Binding: binding,
		Declared: Declare(task.Name, &task.Spec, resolved, framework), FrameworkID: FrameworkIDOf(framework), Proven: true,
	}
	seen.Hash = seen.Declared.Hash()
	if task.Status.Task.FinishTime == nil {
		seen.Observation = &mesos.Observation{
			TaskID: binding.TaskID, AgentID: binding.AgentID, State: mesos.TaskRunning, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation,
		}
	}
	return seen
}

// TestNext_objectsOfVersion1: an upgrade restarts nothing, no default is a change afterwards, and every change of a spec is one.
func TestNext_objectsOfVersion1(t *testing.T) {
	type edit func(*v1alpha1.MesosTask, *v1alpha1.MesosFramework)
	info := func(change func(*v1alpha1.FrameworkInfo)) edit {
		return func(_ *v1alpha1.MesosTask, framework *v1alpha1.MesosFramework) { change(&framework.Spec.Info) }
	}
	spec := func(change func(*v1alpha1.MesosTaskSpec)) edit {
		return func(task *v1alpha1.MesosTask, _ *v1alpha1.MesosFramework) { change(&task.Spec) }
	}
	const kill, again = "kill what is not wanted any more", "launch the changed spec"
	asBefore := map[string]string{
		"defaults": "let it run", "declared": "let it run", "written-out": "let it run", "everything": "let it run",
		"completed": "completed", "failing": "restarts exhausted",
	}
	changed := map[string]string{
		"defaults": kill, "declared": kill, "written-out": kill, "everything": kill, "completed": again, "failing": again,
	}
	for sentence, c := range map[string]struct {
		edit edit
		// want is the rule that decides, by object, where it is not as before.
		want map[string]string
	}{
		"nothing but the upgrade":     {info(func(*v1alpha1.FrameworkInfo) {}), nil},
		"the default role is another": {info(func(info *v1alpha1.FrameworkInfo) { info.DefaultRole = "*" }), nil},
		"the default role is gone":    {info(func(info *v1alpha1.FrameworkInfo) { info.DefaultRole, info.Roles = "new", []string{"new"} }), nil},
		"the default role is another with the upgrade": {func(_ *v1alpha1.MesosTask, framework *v1alpha1.MesosFramework) {
			framework.Spec.Info.DefaultRole, framework.Status.Defaults = "batch", nil
		}, nil},
		"the default user is another": {info(func(info *v1alpha1.FrameworkInfo) { info.User = "web" }), nil},
		"its command is another":      {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.Shell, spec.Command = "sleep 1", nil }), changed},
		"it needs more memory": {spec(func(spec *v1alpha1.MesosTaskSpec) {
			spec.Resources.Requests.Memory.Add(*spec.Resources.Requests.CPUs.ToDec())
		}), changed},
		"a role that it does not have": {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.Role = "*" }), changed},
		"a user that it does not have": {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.User = "nobody" }), changed},
		"the role that it has":         {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.Role = "shop" }), map[string]string{"declared": kill}},
		"the user that it has":         {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.User = "www" }), map[string]string{"declared": kill}},
		"roles without that it has":    {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.Role, spec.Roles = "", []string{"*", "new"} }), changed},
		"roles with that it has":       {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.Role, spec.Roles = "", []string{"*", "shop"} }), map[string]string{"declared": kill}},
		"no role":                      {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.Role = "" }), nil},
		"no user, which had its own":   {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.User = "" }), map[string]string{"declared": kill}},
		"it is kept in another way":    {spec(func(spec *v1alpha1.MesosTaskSpec) { spec.Unreachable = &v1alpha1.Unreachable{} }), nil},
	} {
		for name, rule := range asBefore {
			t.Run(sentence+"/"+name, func(t *testing.T) {
				task, framework := written[v1alpha1.MesosTask](t, name), written[v1alpha1.MesosFramework](t, "framework")
				// As the first process after the upgrade records it.
				framework.Status.Defaults = []v1alpha1.LaunchDefaults{{Role: "shop", User: "www"}}
				c.edit(task, framework)
				if other, ok := c.want[name]; ok {
					rule = other
				}
				decision := Next(afterUpgrade(t, task, framework))
				if decision.Rule != rule {
					t.Errorf("decided by rule %q, want %q", decision.Rule, rule)
				}
				if other := c.want[name] != ""; !other && decision.Status.Restarts != task.Status.Restarts {
					t.Errorf("%d restarts, want %d", decision.Status.Restarts, task.Status.Restarts)
				}
			})
		}
	}
}
