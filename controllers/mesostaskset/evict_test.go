package mesostaskset

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/events"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
)

// notes are the Events that were told.
type notes []string

func (n *notes) Eventf(_, _ runtime.Object, _, _, _, _ string, arguments ...any) {
	note, _ := arguments[0].(string)
	*n = append(*n, note)
}

// TestTellOfEvict: an annotation that asks for a move and does nothing is told of, once for each of its values.
func TestTellOfEvict(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	controls := true
	ofSet := []metav1.OwnerReference{{APIVersion: "mesos.dev/v1alpha1", Kind: "MesosTaskSet", Name: "web", UID: "set", Controller: &controls}}
	for sentence, tc := range map[string]struct {
		before, value string
		owners        []metav1.OwnerReference
		labels        map[string]string
		framework     string
		want          string
	}{
		"without a set":                   {"", "true", nil, nil, "default", "no MesosTaskSet's"},
		"of a set":                        {"", "true", ofSet, nil, "default", ""},
		"about to be a set's":             {"", "true", nil, map[string]string{v1alpha1.LabelSet: "web"}, "default", ""},
		"no word for yes":                 {"", "yes", ofSet, nil, "default", `is "yes" and does nothing: set it to "true"`},
		"no":                              {"", "false", nil, nil, "default", ""},
		"told before":                     {"yes", "yes", ofSet, nil, "default", ""},
		"told before of another value":    {"yes", "please", ofSet, nil, "default", `is "please"`},
		"of a framework of somebody else": {"", "yes", ofSet, nil, "theirs", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			ours, theirs := &v1alpha1.MesosFramework{}, &v1alpha1.MesosFramework{}
			ours.Name, ours.Spec.ControllerName = "default", "ours"
			theirs.Name, theirs.Spec.ControllerName = "theirs", "theirs"
			told := &notes{}
			r := &Reconciler{
				Client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(ours, theirs).Build(), Gate: leadership.NewGate(nil, nil), ControllerName: "ours",
				Recorder: events.NewRecorder(told),
			}
			task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Name: "web", OwnerReferences: tc.owners, Labels: tc.labels, Annotations: map[string]string{v1alpha1.AnnotationEvict: tc.value},
			}}
			task.Spec.FrameworkRef.Name = tc.framework
			r.tellOfEvict(t.Context(), tc.before, task)
			if got := strings.Join(*told, "\n"); (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("told %q, want %q", got, tc.want)
			}
		})
	}
}
