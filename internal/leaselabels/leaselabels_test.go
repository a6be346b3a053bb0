package leaselabels

import (
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

const (
	newer = "manager-7d9f_9b2b3c4d-0000-4000-8000-000000000001"
	older = "manager-7d9f_9b2b3c4d-0000-4000-8000-000000000002"
)

// TestOf: whatever the version and the host's name are, the Lease can bear it: one that the API server refuses would leave nobody to lead.
func TestOf(t *testing.T) {
	for version, want := range map[string]string{
		"v0.1.0":                       "v0.1.0",
		"v0.1.0-3-g39a1394-dirty":      "v0.1.0-3-g39a1394-dirty",
		"v0.1.0+build.5":               "v0.1.0_build.5",
		"":                             "",
		"-of nobody's…":                "of_nobody_s",
		strings.Repeat("a", 62) + "--": strings.Repeat("a", 62),
	} {
		for _, identity := range []string{newer, strings.Repeat("host.example.com", 5) + "_9b2b3c4d-0000-4000-8000-000000000001", strings.Repeat("x", 99), ""} {
			labels := Of(version, identity)
			for name, value := range labels {
				if len(validation.IsValidLabelValue(value)) > 0 || len(validation.IsQualifiedName(name)) > 0 {
					t.Errorf("of %q and %q: %s is %q", version, identity, name, value)
				}
			}
			if labels[v1alpha1.LabelVersion] != want || labels[v1alpha1.LabelAPILevel] != strconv.Itoa(v1alpha1.APILevel) {
				t.Errorf("of %q the labels are %q, want %q", version, labels, want)
			}
		}
	}
}

// TestRead: labels are believed of the process that wrote them.
func TestRead(t *testing.T) {
	labels := Of("v0.2.0", newer)
	for _, one := range []struct {
		what     string
		labels   map[string]string
		identity string
		want     string
	}{
		{"it leads", labels, newer, "v0.2.0"},
		{"it gave the Lease back", labels, "", "v0.2.0"},
		{"after a rollback one leads that writes no labels", labels, older, ""},
		{"labels that say not whose they are", map[string]string{v1alpha1.LabelVersion: "v0.2.0", v1alpha1.LabelAPILevel: "1"}, newer, ""},
		{"none", nil, newer, ""},
	} {
		if version, level := Read(one.labels, one.identity); version != one.want || (level == "") != (one.want == "") {
			t.Errorf("%s: %q of level %q, want %q", one.what, version, level, one.want)
		}
	}
}
