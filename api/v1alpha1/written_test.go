package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

func TestAmounts_areReadWithAndWithoutQuotes(t *testing.T) {
	for written, want := range map[string]string{`2`: "2", `1.5`: "1.5", `"1.5"`: "1.5", `"Unlimited"`: "Unlimited", `null`: "", `true`: "true", `{"a": 1}`: `{"a": 1}`} {
		var limits v1alpha1.ResourceLimits
		if err := json.Unmarshal([]byte(`{"cpus": `+written+`}`), &limits); err != nil || string(limits.CPUs) != want {
			t.Errorf("a limit of %s was read as %q (%v), want %q", written, limits.CPUs, err, want)
		}
		var other v1alpha1.OtherResource
		if err := json.Unmarshal([]byte(`{"scalar": `+written+`}`), &other); err != nil || string(other.Scalar) != want {
			t.Errorf("an amount of %s was read as %q (%v), want %q", written, other.Scalar, err, want)
		}
	}
}
