package mesostask

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

// TestView_launchesSoon: only these are looked at again once the master was first asked for its agents; what runs as it should is not.
func TestView_launchesSoon(t *testing.T) {
	for sentence, c := range map[string]struct {
		attempt *v1alpha1.TaskAttempt
		want    bool
	}{
		"without an attempt":           {nil, true},
		"launched by this spec":        {&v1alpha1.TaskAttempt{Hash: "1aaaaaaaa"}, false},
		"launched by another":          {&v1alpha1.TaskAttempt{Hash: "1bbbbbbbb"}, true},
		"where Mesos cannot tell":      {&v1alpha1.TaskAttempt{Hash: "1aaaaaaaa", UnreachableTime: &metav1.Time{}}, true},
		"launched by an earlier build": {&v1alpha1.TaskAttempt{}, true},
	} {
		v := &view{object: &v1alpha1.MesosTask{Status: v1alpha1.MesosTaskStatus{Task: c.attempt}}, seen: lifecycle.Seen{Hash: "1aaaaaaaa"}}
		if got := v.launchesSoon(); got != c.want {
			t.Errorf("%s: %t", sentence, got)
		}
	}
}
