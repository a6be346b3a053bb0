package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/explain"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// TestOperatorNeeds_areWhatIsGranted: the ClusterRole that is generated from the controllers' markers is the truth.
func TestOperatorNeeds_areWhatIsGranted(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "rbac", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(string(text), "---\n"), "\n---\n")
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict([]byte(first), role); err != nil {
		t.Fatal(err)
	}
	var granted, needed []string
	for _, rule := range role.Rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					for _, verb := range rule.Verbs {
						granted = append(granted, strings.Join([]string{group, resource, name, verb}, " "))
					}
				}
			}
		}
	}
	for _, need := range operatorNeeds() {
		resource := need.Resource
		if need.Subresource != "" {
			resource += "/" + need.Subresource
		}
		needed = append(needed, strings.Join([]string{need.Group, resource, need.Name, need.Verb}, " "))
	}
	slices.Sort(granted)
	slices.Sort(needed)
	if !slices.Equal(granted, needed) {
		t.Errorf("granted are\n%s\nand the doctor asks for\n%s", strings.Join(granted, "\n"), strings.Join(needed, "\n"))
	}
}

func TestJudge(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	crd := func(name, level string) CRD { return CRD{Name: name, There: true, Established: true, Level: level} }
	lease := Lease{Name: "ns/l", There: true, Holder: "pod-1", Renewed: now.Add(-3 * time.Second), Lasts: 15 * time.Second}
	versioned := func(version, level string) Answer[[]Lease] {
		said := lease
		said.Version, said.Level = version, level
		return Answer[[]Lease]{Value: []Lease{said}}
	}
	given := versioned("v0.1.0", "1")
	given.Value[0].Holder = ""
	crds := Answer[[]CRD]{Value: []CRD{crd("a", "1"), crd("b", "1")}}
	for _, one := range []struct {
		what  string
		judge func(*Seen) []Finding
		seen  Seen
		level Level
		words string
	}{
		{"all CRDs of this release", judgeCRDs, Seen{CRDs: Answer[[]CRD]{Value: []CRD{crd("a", "1"), crd("b", "1")}}}, OK, "all 2 are installed"},
		{"one is missing", judgeCRDs, Seen{CRDs: Answer[[]CRD]{Value: []CRD{crd("a", "1"), {Name: "b"}}}}, Problem, "b is not installed"},
		{"one is not served", judgeCRDs, Seen{CRDs: Answer[[]CRD]{Value: []CRD{{Name: "b", There: true, Level: "1"}}}}, Problem, "does not serve it"},
		{"they are newer", judgeCRDs, Seen{CRDs: Answer[[]CRD]{Value: []CRD{crd("a", "2")}}}, Note, "of API level 2, this plugin of 1"},
		{"they may not be read", judgeCRDs, Seen{CRDs: Answer[[]CRD]{Refused: "forbidden"}}, Note, "is not known: forbidden"},
		{"a leader that lives", judgeInstallations, Seen{Now: now, Leases: Answer[[]Lease]{Value: []Lease{lease}}}, OK, "pod-1 leads (lease ns/l, renewed 3s ago)"},
		{"a leader that is silent", judgeInstallations, Seen{Now: now.Add(time.Minute), Leases: Answer[[]Lease]{Value: []Lease{lease}}}, Problem, "has not renewed the lease ns/l for 1m3s"},
		{"no leader", judgeInstallations, Seen{Now: now, Leases: Answer[[]Lease]{Value: []Lease{{Name: "ns/l", There: true}}}}, Problem, "nobody holds the lease"},
		{"frameworks that may not be read", judgeInstallations, Seen{Frameworks: Answer[[]explain.SeenFramework]{Refused: "forbidden"}}, Note, "none could be read"},
		{"no lease", judgeInstallations, Seen{Now: now, Leases: Answer[[]Lease]{Value: []Lease{{Name: "ns/l"}}}}, Problem, "is not there"},
		{"all of one release", judgeVersions, Seen{Plugin: "v0.1.0", Leases: versioned("v0.1.0", "1"), CRDs: crds}, OK, "(lease ns/l) is v0.1.0, of API level 1, as this plugin is"},
		{"a chart's version has no v", judgeVersions, Seen{Plugin: "v0.1.0", Deployed: Answer[string]{Value: "0.1.0"}}, OK, "Deployment is of 0.1.0; what runs does not say itself which it is, as this plugin is"},
		{"a plugin of another release", judgeVersions, Seen{Plugin: "v0.2.0", Leases: versioned("v0.1.0", "1"), CRDs: crds}, Note, "is v0.1.0, of API level 1, and this plugin is v0.2.0"},
		{"a plugin without a version", judgeVersions, Seen{Plugin: "dev", Leases: versioned("v0.1.0", "1"), CRDs: crds}, OK, "this plugin was built without a version"},
		{"a leader that is silent", judgeVersions, Seen{Now: now.Add(time.Minute), Plugin: "v0.1.0", Leases: versioned("v0.1.0", "1"), CRDs: crds}, OK, "no manager leads (lease ns/l); the last one that said what it is was v0.1.0, of API level 1, as this plugin is"},
		{"a lease that was given back", judgeVersions, Seen{Now: now, Plugin: "v0.2.0", Leases: given, CRDs: crds}, Note, "no manager leads (lease ns/l); the last one that said what it is was v0.1.0"},
		{"CRDs that are newer than a leader that is silent", judgeVersions, Seen{Now: now.Add(time.Minute), Plugin: "v0.2.0", Leases: versioned("v0.1.0", "0"), CRDs: crds}, Problem, "no manager leads (lease ns/l); the last one that said what it is was v0.1.0, of API level 0, and higher ones have a, b"},
		{"a version that a label cannot bear", judgeVersions, Seen{Plugin: "v0.1.0+build.5", Leases: versioned("v0.1.0_build.5", "1"), CRDs: crds}, OK, "as this plugin is"},
		{"one that is too long for a label", judgeVersions, Seen{Plugin: "v0.1.0-" + strings.Repeat("a", 70), Leases: versioned("v0.1.0-"+strings.Repeat("a", 56), "1"), CRDs: crds}, OK, "as this plugin is"},
		{"CRDs that are newer than the manager", judgeVersions, Seen{Plugin: "v0.2.0", Leases: versioned("v0.1.0", "0"), CRDs: crds}, Problem, "of API level 0, and higher ones have a, b: it launches nothing"},
		{"CRDs that are older than the manager", judgeVersions, Seen{Plugin: "v0.2.0", Leases: versioned("v0.2.0", "2"), CRDs: crds}, Problem, "of API level 2, and lower ones have a, b"},
		{"CRDs that may not be read", judgeVersions, Seen{Plugin: "v0.1.0", Leases: versioned("v0.1.0", "1"), CRDs: Answer[[]CRD]{Refused: "forbidden"}}, OK, "as this plugin is"},
		{"a manager that says nothing", judgeVersions, Seen{Plugin: "v0.2.0", Leases: versioned("", ""), Deployed: Answer[string]{Value: "v0.1.0"}}, Note, "Deployment is of v0.1.0; what runs does not say itself which it is, and this plugin is v0.2.0"},
		{
			"neither lease nor Deployment may be read", judgeVersions,
			Seen{Leases: Answer[[]Lease]{Refused: "no leases"}, Deployed: Answer[string]{Refused: "no deployments"}},
			Note,
			"is not known: its lease may not be read (no leases), and of its Deployment: no deployments",
		},
		{"nothing says it", judgeVersions, Seen{Leases: versioned("", "")}, Note, "no lease that could be read says it, and of its Deployment: it names none"},
		{"policies that deny", judgePolicies, Seen{Policies: Answer[[]Policy]{Value: []Policy{{"p", []string{"mesostasks"}, true}, {"q", []string{"mesosframeworks"}, true}}}}, OK, "protect"},
		{"a policy that denies nothing", judgePolicies, Seen{Policies: Answer[[]Policy]{Value: []Policy{{"p", guarded, false}}}}, Note, "denies nothing"},
		{"no policies", judgePolicies, Seen{}, Note, "no policy is about mesostasks"},
		{"an operator that lacks something", judgeOperator, Seen{Account: "ns/sa", Operator: Answer[[]Access]{Value: []Access{{Need{Group: "g", Resource: "r", Verb: "get", For: "to see"}, false}}}}, Problem, "not get r.g, which ns/sa needs to see"},
		{"a caller who lacks something", judgeCaller, Seen{Namespace: "n", Caller: Answer[[]Access]{Value: []Access{{Need{Resource: "r", Verb: "get", Namespaced: true, For: "why"}, false}}}}, Note, "not get r in namespace n, which is for: why"},
	} {
		found := one.judge(&one.seen)
		if len(found) == 0 || found[0].Level != one.level || !strings.Contains(found[0].Says, one.words) {
			t.Errorf("%s: %+v", one.what, found)
		}
	}
}

func TestVersionOf(t *testing.T) {
	for image, want := range map[string]string{
		"mesos-operator:v0.1.0":                                   "v0.1.0",
		"registry.example.com:5000/a/mesos-operator:v0.1.0":       "v0.1.0",
		"registry.example.com:5000/mesos-operator":                "labelled",
		"mesos-operator:v0.1.0@sha256:" + strings.Repeat("0", 64): "v0.1.0",
		"mesos-operator@sha256:" + strings.Repeat("0", 64):        "labelled",
	} {
		deployment := &appsv1.Deployment{}
		deployment.Labels = map[string]string{"app.kubernetes.io/version": "labelled"}
		deployment.Spec.Template.Spec.Containers = []corev1.Container{{Name: "proxy", Image: "proxy:v9"}, {Name: "manager", Image: image}}
		if got := versionOf(deployment); got != want {
			t.Errorf("%s is of %q, want %q", image, got, want)
		}
	}
}
