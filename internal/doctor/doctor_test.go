package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
