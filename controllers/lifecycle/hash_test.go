package lifecycle

import (
	"reflect"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// declared is what tests hash: a task, with the user that the object itself names, under a framework with the defaults "*" and nobody.
func declared(task mesos.Task, user string) *Declaration {
	framework := &v1alpha1.MesosFramework{Spec: v1alpha1.MesosFrameworkSpec{Info: v1alpha1.FrameworkInfo{
		User: "nobody", Roles: []string{"*", "shop"}, DefaultRole: "*",
	}}}
	made := Declare("web", &v1alpha1.MesosTaskSpec{TaskTemplate: v1alpha1.TaskTemplate{User: user}}, task, framework)
	return &made
}

// TestHash_golden holds hashes that tasks in the field were launched with: a change of one restarts them all.
func TestHash_golden(t *testing.T) {
	small := mesos.Task{Name: "web", Role: "*", User: "nobody", Shell: "sleep 1000", Scalars: mesos.Scalars{CPUs: 500, Memory: 64000}}
	full := fullTask()
	for name, c := range map[string]struct{ got, want string }{
		"nothing":                        {declared(mesos.Task{}, "").Hash(), "2f3b536b9"},
		"a small shell task":             {declared(small, "").Hash(), "2166d064d"},
		"a small shell task with a user": {declared(small, "www").Hash(), "2ed481547"},
		"everything":                     {declared(full, full.User).Hash(), "2d6bf056a"},
		"a time limit":                   {declared(mesos.Task{MaxRun: time.Minute}, "").Hash(), "2d2a387aa"},
		"a port for UDP with a label": {
			declared(mesos.Task{Ports: []mesos.Port{{Name: "dns", HostPort: 53, Protocol: mesos.ProtocolUDP, Labels: []mesos.Label{{Name: "VIP_0", Value: "/dns:53"}, {Name: "empty"}}}}}, "").Hash(), "2840d4402",
		},
		"ranges of ports": {
			declared(mesos.Task{Ranges: []mesos.NamedRange{{Name: "rtp", From: 10000, To: 10100}, {Name: "rtp-udp", From: 10000, To: 10100, Protocol: mesos.ProtocolUDP}}}, "").Hash(), "2e5cf9d0d",
		},
		"values from elsewhere": {declaredFromElsewhere().Hash(), "267760977"},
		"a health check": {declared(mesos.Task{HealthCheck: &mesos.HealthCheck{
			Check:       mesos.Check{HTTP: &mesos.HTTPCheck{CheckPort: mesos.CheckPort{Name: "http"}, Path: "/up", Scheme: "http"}, Interval: time.Second, Timeout: time.Second},
			GracePeriod: time.Second, Failures: 3,
		}}, "").Hash(), "267480043"},
		"a check of a number":  {declared(mesos.Task{Check: &mesos.Check{TCP: &mesos.TCPCheck{CheckPort: mesos.CheckPort{Number: 9090}}}}, "").Hash(), "2f9f3f100"},
		"labels and discovery": {declaredToBeFound().Hash(), "27835e8ea"},
		"a readiness check": {declared(mesos.Task{Check: &mesos.Check{
			HTTP: &mesos.HTTPCheck{CheckPort: mesos.CheckPort{Name: "http"}, Path: "/up"}, Delay: time.Second, Interval: time.Second, Timeout: time.Second,
		}}, "").Hash(), "2707c58ae"},
		"version 1, nothing":            {hashOfVersion1(mesos.Task{}), "1f3b536b9"},
		"version 1, a small shell task": {hashOfVersion1(small), "1ce10921b"},
		"version 1, everything":         {hashOfVersion1(full), "1f7e48cd7"},
		"arguments of an image":         {declared(mesos.Task{Args: []string{"a"}}, "").Hash(), "2482cd4c7"},
		"a small container":             {declared(mesos.Task{Container: &mesos.Container{Image: "nginx:1"}}, "").Hash(), "24ffed32d"},
		"limits":                        {declared(mesos.Task{Limits: &mesos.Limits{CPUs: 2000, Memory: mesos.Unlimited}}, "").Hash(), "29d2e56a7"},
		"other resources":               {declared(mesos.Task{Others: []mesos.Other{{Name: "fpga", Scalar: 500}, {Name: "lanes", Numbers: 2}, {Name: "licences", Items: []string{"a"}}}}, "").Hash(), "235b88b2b"},
		"revocable resources":           {declared(mesos.Task{Revocable: true}, "").Hash(), "2b8a15de2"},
		"a container with everything":   {declared(mesos.Task{Container: fullContainer()}, "").Hash(), "29fbe560d"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("the hash is %s, want %s: tasks that run would be restarted", c.got, c.want)
			}
		})
	}
}

// hashOfVersion1 is what version 1 made of a task, role and user as they were filled in.
func hashOfVersion1(task mesos.Task) string {
	return digest(firstVersion, firstHashed{Name: task.Name, Role: task.Role, User: task.User, hashedTemplate: declared(task, "").template})
}

func TestDeclaration_whatIsNewWasNotLaunchedByVersion1(t *testing.T) {
	task := mesos.Task{User: "nobody", Shell: "sleep 1"}
	launched := hashOfVersion1(mesos.Task{Name: "web", Role: "*", User: "nobody", Shell: "sleep 1"})
	if !declared(task, "").Launched(launched, "nobody") {
		t.Fatal("version 1 is said not to have launched what it launched")
	}
	task.MaxRun = time.Second
	if declared(task, "").Launched(launched, "nobody") {
		t.Error("version 1 is said to have launched what it did not know")
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
	want := declared(task, "").Hash()
	task.ID, task.AgentID, task.Host, task.HostPorts = "id", "agent", "host", []uint32{31000}
	task.Name, task.Role, task.User = "other", "other", "other"
	task.Env = []mesos.EnvVar{{Name: "A"}, {Name: "B", Value: "2"}}
	if got := declared(task, "").Hash(); got != want {
		t.Errorf("the hash is %s, want %s: the attempt, its name, what the framework fills in and the order of variables do not count", got, want)
	}
	task = fullTask()
	declared(task, "")
	if task.Env[0].Name != "B" {
		t.Error("hashing put the variables of its argument in another order")
	}
}

// resolved is the hash of a spec under a framework with the role "*" or, if any is given, another default.
func resolved(t *testing.T, spec v1alpha1.MesosTaskSpec, defaults ...v1alpha1.FrameworkInfo) string {
	t.Helper()
	framework := &v1alpha1.MesosFramework{Spec: v1alpha1.MesosFrameworkSpec{Info: v1alpha1.FrameworkInfo{
		User: "nobody", Roles: []string{"*", "shop"}, DefaultRole: "*",
	}}}
	if len(defaults) > 0 {
		framework.Spec.Info = defaults[0]
	}
	task, obstacle := Resolve("shop", "web", spec, framework.Spec.Info)
	if obstacle != nil {
		t.Fatalf("resolving: %s", obstacle.Message)
	}
	made := Declare("web", &spec, task, framework)
	return made.Hash()
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
		"Shell":   {func(t *v1alpha1.TaskTemplate) { t.Shell = "sleep 1" }},
		"Command": {func(t *v1alpha1.TaskTemplate) { t.Command = []string{"sleep", "1"} }},
		"Args":    {func(t *v1alpha1.TaskTemplate) { t.Args = []string{"1"} }},
		"User":    {func(t *v1alpha1.TaskTemplate) { t.User = "www" }},
		"Env": {
			func(t *v1alpha1.TaskTemplate) { t.Env = []v1alpha1.EnvVar{{Name: "A"}} },
			func(t *v1alpha1.TaskTemplate) { t.Env = []v1alpha1.EnvVar{{Name: "A", Value: "1"}} },
			func(t *v1alpha1.TaskTemplate) { t.Env = fromSecret("A", "s", "k", false) },
			func(t *v1alpha1.TaskTemplate) { t.Env = fromSecret("B", "s", "k", false) },
			func(t *v1alpha1.TaskTemplate) { t.Env = fromSecret("A", "other", "k", false) },
			func(t *v1alpha1.TaskTemplate) { t.Env = fromSecret("A", "s", "other", false) },
			func(t *v1alpha1.TaskTemplate) { t.Env = fromSecret("A", "s", "k", true) },
			func(t *v1alpha1.TaskTemplate) {
				t.Env = []v1alpha1.EnvVar{{Name: "A", ValueFrom: &v1alpha1.EnvVarSource{ConfigMapKeyRef: &v1alpha1.KeyReference{Name: "s", Key: "k"}}}}
			},
			func(t *v1alpha1.TaskTemplate) { t.Env = fromField("A", "metadata.name") },
			func(t *v1alpha1.TaskTemplate) { t.Env = fromField("A", "status.taskID") },
		},
		"EnvFrom": {
			func(t *v1alpha1.TaskTemplate) {
				t.EnvFrom = []v1alpha1.EnvFromSource{{SecretRef: &v1alpha1.SourceReference{Name: "s"}}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.EnvFrom = []v1alpha1.EnvFromSource{{ConfigMapRef: &v1alpha1.SourceReference{Name: "s"}}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.EnvFrom = []v1alpha1.EnvFromSource{{Prefix: "A_", SecretRef: &v1alpha1.SourceReference{Name: "s"}}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.EnvFrom = []v1alpha1.EnvFromSource{{SecretRef: &v1alpha1.SourceReference{Name: "s", Optional: true}}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.EnvFrom = []v1alpha1.EnvFromSource{{SecretRef: &v1alpha1.SourceReference{Name: "s"}}, {SecretRef: &v1alpha1.SourceReference{Name: "t"}}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.EnvFrom = []v1alpha1.EnvFromSource{{SecretRef: &v1alpha1.SourceReference{Name: "t"}}, {SecretRef: &v1alpha1.SourceReference{Name: "s"}}}
			},
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
			func(t *v1alpha1.TaskTemplate) { t.Resources.Limits = &v1alpha1.ResourceLimits{CPUs: "1"} },
			func(t *v1alpha1.TaskTemplate) {
				t.Resources.Limits = &v1alpha1.ResourceLimits{CPUs: v1alpha1.Unlimited}
			},
			func(t *v1alpha1.TaskTemplate) { t.Resources.Limits = &v1alpha1.ResourceLimits{Memory: "64Mi"} },
			func(t *v1alpha1.TaskTemplate) {
				t.Resources.Limits = &v1alpha1.ResourceLimits{CPUs: "1", Memory: v1alpha1.Unlimited}
			},
			func(t *v1alpha1.TaskTemplate) { t.Resources.Revocable = true },
			func(t *v1alpha1.TaskTemplate) {
				t.Resources.Other = []v1alpha1.OtherResource{{Name: "a", Scalar: "1"}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.Resources.Other = []v1alpha1.OtherResource{{Name: "b", Scalar: "1"}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.Resources.Other = []v1alpha1.OtherResource{{Name: "a", Ranges: 1}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.Resources.Other = []v1alpha1.OtherResource{{Name: "a", Set: []string{"1"}}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.Resources.Other = []v1alpha1.OtherResource{{Name: "a", Set: []string{"1", "2"}}}
			},
		},
		"Ports": {
			func(t *v1alpha1.TaskTemplate) { t.Ports = []v1alpha1.Port{{Name: "http"}} },
			func(t *v1alpha1.TaskTemplate) { t.Ports = []v1alpha1.Port{{Name: "http", HostPort: new(int32(31000))}} },
			func(t *v1alpha1.TaskTemplate) {
				t.Ports = []v1alpha1.Port{{Name: "http", Protocol: v1alpha1.ProtocolUDP}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.Ports = []v1alpha1.Port{{Name: "http", Labels: []v1alpha1.Label{{Name: "VIP_0"}}}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.Ports = []v1alpha1.Port{{Name: "http", Labels: []v1alpha1.Label{{Name: "VIP_0", Value: "/web:80"}}}}
			},
			func(t *v1alpha1.TaskTemplate) { *t = forwarded(*t, nil) },
			func(t *v1alpha1.TaskTemplate) { *t = forwarded(*t, new(int32(80))) },
			func(t *v1alpha1.TaskTemplate) { *t = forwarded(*t, new(int32(81))) },
		},
		"PortRanges": {
			func(t *v1alpha1.TaskTemplate) { t.PortRanges = []v1alpha1.PortRange{{Name: "rtp", From: 1, To: 2}} },
			func(t *v1alpha1.TaskTemplate) { t.PortRanges = []v1alpha1.PortRange{{Name: "rtp", From: 1, To: 3}} },
			func(t *v1alpha1.TaskTemplate) { t.PortRanges = []v1alpha1.PortRange{{Name: "rtp", From: 2, To: 3}} },
			func(t *v1alpha1.TaskTemplate) { t.PortRanges = []v1alpha1.PortRange{{Name: "sip", From: 2, To: 3}} },
			func(t *v1alpha1.TaskTemplate) {
				t.PortRanges = []v1alpha1.PortRange{{Name: "sip", From: 2, To: 3, Protocol: v1alpha1.ProtocolUDP}}
			},
		},
		"Labels": {
			func(t *v1alpha1.TaskTemplate) { t.Labels = []v1alpha1.Label{{Name: "A"}} },
			func(t *v1alpha1.TaskTemplate) { t.Labels = []v1alpha1.Label{{Name: "A", Value: "1"}} },
		},
		"Discovery": {
			func(t *v1alpha1.TaskTemplate) {
				t.Discovery = &v1alpha1.Discovery{Visibility: v1alpha1.VisibilityFramework}
			},
			func(t *v1alpha1.TaskTemplate) { t.Discovery = &v1alpha1.Discovery{Name: "a.shop"} },
			func(t *v1alpha1.TaskTemplate) {
				t.Discovery = &v1alpha1.Discovery{Visibility: v1alpha1.VisibilityCluster}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.Discovery = &v1alpha1.Discovery{Labels: []v1alpha1.Label{{Name: "A"}}}
			},
		},
		"KillGracePeriodSeconds": {
			func(t *v1alpha1.TaskTemplate) { t.KillGracePeriodSeconds = new(int32(0)) },
			func(t *v1alpha1.TaskTemplate) { t.KillGracePeriodSeconds = new(int32(5)) },
		},
		"HealthCheck": {
			func(t *v1alpha1.TaskTemplate) {
				t.HealthCheck = &v1alpha1.HealthCheck{Command: &v1alpha1.CommandCheck{Shell: "x"}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.HealthCheck = &v1alpha1.HealthCheck{Command: &v1alpha1.CommandCheck{Argv: []string{"x"}}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.HealthCheck = &v1alpha1.HealthCheck{Command: &v1alpha1.CommandCheck{Shell: "x"}, DelaySeconds: new(int32(1))}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.HealthCheck = &v1alpha1.HealthCheck{Command: &v1alpha1.CommandCheck{Shell: "x"}, GracePeriodSeconds: new(int32(1))}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.HealthCheck = &v1alpha1.HealthCheck{Command: &v1alpha1.CommandCheck{Shell: "x"}, IntervalSeconds: new(int32(1))}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.HealthCheck = &v1alpha1.HealthCheck{Command: &v1alpha1.CommandCheck{Shell: "x"}, TimeoutSeconds: new(int32(1))}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.HealthCheck = &v1alpha1.HealthCheck{Command: &v1alpha1.CommandCheck{Shell: "x"}, FailureThreshold: new(int32(1))}
			},
		},
		"ReadinessCheck": {
			func(t *v1alpha1.TaskTemplate) {
				t.ReadinessCheck = &v1alpha1.ReadinessCheck{Command: &v1alpha1.CommandCheck{Shell: "x"}}
			},
			func(t *v1alpha1.TaskTemplate) {
				t.ReadinessCheck = &v1alpha1.ReadinessCheck{Command: &v1alpha1.CommandCheck{Shell: "x"}, IntervalSeconds: new(int32(1))}
			},
		},
		"MaxRunSeconds": {func(t *v1alpha1.TaskTemplate) { t.MaxRunSeconds = new(int32(5)) }},
		"Container":     containerEdits(),
	}
	seen := map[string]string{resolved(t, baseSpec()): "nothing"}
	for field := range reflect.TypeFor[v1alpha1.TaskTemplate]().Fields() {
		// A role is compared with the one that the attempt uses, and a placement is no part of what runs.
		if len(edits[field.Name]) == 0 && field.Name != "Role" && field.Name != "Roles" && field.Name != "Placement" {
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
		"Role": func(spec *v1alpha1.MesosTaskSpec) { spec.Role = "shop" },
		"Placement": func(spec *v1alpha1.MesosTaskSpec) {
			spec.Placement = &v1alpha1.Placement{Constraints: []v1alpha1.Constraint{{Operator: v1alpha1.ConstraintExists}}}
		},
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
	t.Run("which statuses are ready may change", func(t *testing.T) {
		hash := func(statuses ...string) string {
			spec := baseSpec()
			readinessChecked(statuses...)(&spec)
			return resolved(t, spec)
		}
		if got, want := hash("204"), hash(); got != want {
			t.Errorf("the hash is %s, want %s", got, want)
		}
	})
	t.Run("a quantity may be written in another way", func(t *testing.T) {
		spec := baseSpec()
		spec.Resources.Requests.CPUs, spec.Resources.Requests.Memory = resource.MustParse("500m"), resource.MustParse("65536Ki")
		if got := resolved(t, spec); got != want {
			t.Errorf("the hash is %s, want %s", got, want)
		}
	})
	t.Run("what the framework fills in may change", func(t *testing.T) {
		if got := resolved(t, baseSpec(), v1alpha1.FrameworkInfo{User: "www", Roles: []string{"shop"}, DefaultRole: "shop"}); got != want {
			t.Errorf("the hash is %s, want %s", got, want)
		}
	})
}

// TestDeclaration_Launched is about hashes of this version and of those to come; version 1 has the objects that it wrote (version1_test.go).
func TestDeclaration_Launched(t *testing.T) {
	task := mesos.Task{User: "nobody", Shell: "sleep 1"}
	other := mesos.Task{User: "nobody", Shell: "sleep 2"}
	asOther := mesos.Task{User: "www", Shell: "sleep 1"}
	for name, c := range map[string]struct {
		attempt, user string
		now           *Declaration
		want          bool
	}{
		"the same":                                           {declared(task, "").Hash(), "nobody", declared(task, ""), true},
		"another command":                                    {declared(other, "").Hash(), "nobody", declared(task, ""), false},
		"the framework fills in another user":                {declared(asOther, "").Hash(), "www", declared(task, ""), true},
		"the user that was filled in is written out":         {declared(task, "").Hash(), "nobody", declared(task, "nobody"), true},
		"one that was filled in before is written out":       {declared(asOther, "").Hash(), "www", declared(asOther, "www"), true},
		"the present default is written out, it had another": {declared(asOther, "").Hash(), "www", declared(task, "nobody"), false},
		"a user that is the default is left out":             {declared(task, "nobody").Hash(), "nobody", declared(task, ""), true},
		"another user that is left out":                      {declared(asOther, "www").Hash(), "www", declared(task, ""), false},
		"nobody knows its user, and one is written out":      {declared(task, "").Hash(), "", declared(task, "nobody"), false},
		"another command and a user written out":             {declared(other, "").Hash(), "nobody", declared(task, "nobody"), false},
		"a hash of a later version":                          {"3aaaaaaaa", "", declared(task, ""), true},
		"an attempt whose hash nobody knows":                 {"", "", declared(task, ""), true},
		"a version that there never was":                     {"0aaaaaaaa", "", declared(task, ""), false},
		"version 1 of something else":                        {"1aaaaaaaa", "", declared(task, ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.now.Launched(c.attempt, c.user); got != c.want {
				t.Errorf("launched by what is declared: %v, want %v", got, c.want)
			}
		})
	}
}

// forwarded is a template with a port that is forwarded to one of its container.
func forwarded(t v1alpha1.TaskTemplate, port *int32) v1alpha1.TaskTemplate {
	t.Container = &v1alpha1.Container{Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkBridge, Name: "b"}}}
	t.Ports = []v1alpha1.Port{{Name: "http", ContainerPort: port}}
	return t
}
