package lifecycle

import (
	"reflect"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestHash_golden holds hashes that tasks in the field were launched with: a change of one restarts them all.
func TestHash_golden(t *testing.T) {
	for name, c := range map[string]struct {
		task mesos.Task
		want string
	}{
		"nothing": {mesos.Task{}, "1f3b536b9"},
		"a small shell task": {
			mesos.Task{Name: "web", Role: "*", User: "nobody", Shell: "sleep 1000", Scalars: mesos.Scalars{CPUs: 500, Memory: 64000}}, "1ce10921b",
		},
		"everything": {fullTask(), "1f7e48cd7"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Hash(c.task); got != c.want {
				t.Errorf("the hash is %s, want %s: tasks that run would be restarted", got, c.want)
			}
		})
	}
}

func fullTask() mesos.Task {
	return mesos.Task{
		Name: "web", Role: "shop", User: "www", Shell: "<run> & \"wait\" ä", Argv: []string{"/bin/web", "-v"},
		Env:             []mesos.EnvVar{{Name: "B", Value: "2"}, {Name: "A"}},
		URIs:            []mesos.URI{{Value: "https://example.com/a.tgz", Extract: true, Executable: true, Cache: true, OutputFile: "a"}},
		Scalars:         mesos.Scalars{CPUs: 1, Memory: 2, Disk: 3, GPUs: 4},
		Ports:           []mesos.Port{{Name: "http", HostPort: 31000}, {Name: "admin"}},
		KillGracePeriod: new(5 * time.Second),
	}
}

func TestHash_whatDoesNotCount(t *testing.T) {
	task := fullTask()
	want := Hash(task)
	task.ID, task.AgentID, task.HostPorts = "id", "agent", []uint32{31000}
	task.Env = []mesos.EnvVar{{Name: "A"}, {Name: "B", Value: "2"}}
	if got := Hash(task); got != want {
		t.Errorf("the hash is %s, want %s: the attempt and the order of variables do not count", got, want)
	}
	task = fullTask()
	Hash(task)
	if task.Env[0].Name != "B" {
		t.Error("hashing put the variables of its argument in another order")
	}
}

// resolved is the hash of a spec under a framework that has the roles "*" and "shop".
func resolved(t *testing.T, spec v1alpha1.MesosTaskSpec) string {
	t.Helper()
	task, obstacle := Resolve("web", spec, v1alpha1.FrameworkInfo{User: "nobody", Roles: []string{"*", "shop"}, DefaultRole: "*"})
	if obstacle != nil {
		t.Fatalf("resolving: %s", obstacle.Message)
	}
	return Hash(task)
}

func baseSpec() v1alpha1.MesosTaskSpec {
	return v1alpha1.MesosTaskSpec{
		FrameworkRef: v1alpha1.FrameworkReference{Name: "default"},
		TaskTemplate: v1alpha1.TaskTemplate{Resources: v1alpha1.Resources{Requests: v1alpha1.ResourceRequests{
			CPUs: resource.MustParse("0.5"), Memory: resource.MustParse("64Mi"),
		}}},
	}
}

// TestHash_everyFieldOfTheTemplateCounts fails for a field of the template that it does not know: whoever adds one has to say here
// how it reaches Mesos.
func TestHash_everyFieldOfTheTemplateCounts(t *testing.T) {
	edits := map[string][]func(*v1alpha1.TaskTemplate){
		"Role":    {func(t *v1alpha1.TaskTemplate) { t.Role = "shop" }},
		"Shell":   {func(t *v1alpha1.TaskTemplate) { t.Shell = "sleep 1" }},
		"Command": {func(t *v1alpha1.TaskTemplate) { t.Command = []string{"sleep", "1"} }},
		"Args":    {func(t *v1alpha1.TaskTemplate) { t.Args = []string{"1"} }},
		"User":    {func(t *v1alpha1.TaskTemplate) { t.User = "www" }},
		"Env": {
			func(t *v1alpha1.TaskTemplate) { t.Env = []v1alpha1.EnvVar{{Name: "A"}} },
			func(t *v1alpha1.TaskTemplate) { t.Env = []v1alpha1.EnvVar{{Name: "A", Value: "1"}} },
		},
		"URIs": {
			func(t *v1alpha1.TaskTemplate) { t.URIs = []v1alpha1.URI{{Value: "a"}} },
			func(t *v1alpha1.TaskTemplate) { t.URIs = []v1alpha1.URI{{Value: "a", Extract: new(false)}} },
			func(t *v1alpha1.TaskTemplate) { t.URIs = []v1alpha1.URI{{Value: "a", Executable: true}} },
			func(t *v1alpha1.TaskTemplate) { t.URIs = []v1alpha1.URI{{Value: "a", Cache: true}} },
			func(t *v1alpha1.TaskTemplate) { t.URIs = []v1alpha1.URI{{Value: "a", OutputFile: "b"}} },
		},
		"Resources": {
			func(t *v1alpha1.TaskTemplate) { t.Resources.Requests.CPUs = resource.MustParse("501m") },
			func(t *v1alpha1.TaskTemplate) { t.Resources.Requests.Memory = resource.MustParse("65Mi") },
			func(t *v1alpha1.TaskTemplate) { t.Resources.Requests.Disk = new(resource.MustParse("1Mi")) },
			func(t *v1alpha1.TaskTemplate) { t.Resources.Requests.GPUs = new(int32(1)) },
		},
		"Ports": {
			func(t *v1alpha1.TaskTemplate) { t.Ports = []v1alpha1.Port{{Name: "http"}} },
			func(t *v1alpha1.TaskTemplate) { t.Ports = []v1alpha1.Port{{Name: "http", HostPort: new(int32(31000))}} },
		},
		"KillGracePeriodSeconds": {
			func(t *v1alpha1.TaskTemplate) { t.KillGracePeriodSeconds = new(int32(0)) },
			func(t *v1alpha1.TaskTemplate) { t.KillGracePeriodSeconds = new(int32(5)) },
		},
	}
	seen := map[string]string{resolved(t, baseSpec()): "nothing"}
	for field := range reflect.TypeFor[v1alpha1.TaskTemplate]().Fields() {
		if len(edits[field.Name]) == 0 {
			t.Errorf("this test does not know field %s", field.Name)
		}
		for i, edit := range edits[field.Name] {
			spec := baseSpec()
			edit(&spec.TaskTemplate)
			hash := resolved(t, spec)
			if other, taken := seen[hash]; taken {
				t.Errorf("edit %d of %s has the hash of %s", i, field.Name, other)
			}
			seen[hash] = field.Name
		}
	}
}

func TestHash_whatKeepsATaskDoesNotCount(t *testing.T) {
	edits := map[string]func(*v1alpha1.MesosTaskSpec){
		"FrameworkRef":   func(spec *v1alpha1.MesosTaskSpec) { spec.FrameworkRef.Name = "other" },
		"RestartPolicy":  func(spec *v1alpha1.MesosTaskSpec) { spec.RestartPolicy = v1alpha1.RestartNever },
		"Backoff":        func(spec *v1alpha1.MesosTaskSpec) { spec.Backoff.MaxSeconds = 7 },
		"MaxRestarts":    func(spec *v1alpha1.MesosTaskSpec) { spec.MaxRestarts = new(int32(0)) },
		"DeletionPolicy": func(spec *v1alpha1.MesosTaskSpec) { spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan },
		"Suspend":        func(spec *v1alpha1.MesosTaskSpec) { spec.Suspend = true },
	}
	want := resolved(t, baseSpec())
	for name, edit := range edits {
		if _, ok := reflect.TypeFor[v1alpha1.MesosTaskSpec]().FieldByName(name); !ok {
			t.Errorf("there is no field %s", name)
		}
		spec := baseSpec()
		edit(&spec)
		if got := resolved(t, spec); got != want {
			t.Errorf("%s counts", name)
		}
	}
	t.Run("a quantity may be written in another way", func(t *testing.T) {
		spec := baseSpec()
		spec.Resources.Requests.CPUs, spec.Resources.Requests.Memory = resource.MustParse("500m"), resource.MustParse("65536Ki")
		if got := resolved(t, spec); got != want {
			t.Errorf("the hash is %s, want %s", got, want)
		}
	})
	t.Run("a default may be written out", func(t *testing.T) {
		spec := baseSpec()
		spec.User, spec.Role = "nobody", "*"
		if got := resolved(t, spec); got != want {
			t.Errorf("the hash is %s, want %s", got, want)
		}
	})
}

func TestSameHash(t *testing.T) {
	for name, c := range map[string]struct {
		attempt, spec string
		want          bool
	}{
		"the same":                                 {hashA, hashA, true},
		"another":                                  {hashA, hashB, false},
		"an attempt of an unknown version":         {"2aaaaaaaa", hashA, true},
		"an attempt whose hash nobody knows":       {"", hashA, true},
		"a known version and an unknown spec hash": {hashA, "2aaaaaaaa", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := SameHash(c.attempt, c.spec); got != c.want {
				t.Errorf("same: %v, want %v", got, c.want)
			}
		})
	}
}
