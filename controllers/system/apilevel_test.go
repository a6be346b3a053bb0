package system

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/apilevel"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// levelOf gives a CRD an API level. The managers of other tests do not look at it.
func (w *world) levelOf(crd, level string) {
	w.t.Helper()
	object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: crd}}
	object.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationAPILevel+`":"`+level+`"}}}`))
	if err := w.client.Patch(context.Background(), object, patch); err != nil {
		w.t.Fatal(err)
	}
}

// TestAPILevel_ofALaterRelease: the CRDs of a later release come while a task waits for room. Nothing is launched, nothing that runs is touched, and what is
// deleted is killed, until they are those of this release again.
func TestAPILevel_ofALaterRelease(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, simulator.ScriptRunner{})
	w.levels = apilevel.New(admin, logr.Discard())
	if err := w.levels.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.startManager()
	w.framework(`info: {user: nobody}`)
	const large = `shell: sleep 1000, resources: {requests: {cpus: "3", memory: 32Mi}}`
	w.task("goes", large)
	w.task("stays", large)
	w.ready("goes", v1alpha1.ReasonRunning)
	stays := w.ready("stays", v1alpha1.ReasonRunning).Status.Task.ID
	w.task("waits", large)
	w.ready("waits", v1alpha1.ReasonAwaitingOffer)
	for _, crd := range apilevel.CRDs() {
		t.Cleanup(func() { w.levelOf(crd, "1") })
	}
	w.levelOf("mesostasks.mesos.dev", "2")
	held := w.ready("waits", v1alpha1.ReasonManagerTooOld)
	if said := messageOf(held); !strings.Contains(said, `"2"`) || !strings.Contains(said, "Upgrade the manager") {
		t.Errorf("it says %q", said)
	}
	w.deleteTask("goes")
	w.waitGone("goes")
	w.patchTask("stays", `spec: {shell: sleep 2000}`)
	w.ready("stays", v1alpha1.ReasonManagerTooOld)
	w.levelOf("mesosframeworks.mesos.dev", "2")
	w.levelOf("mesostasks.mesos.dev", "1")
	w.task("new", `shell: sleep 1000`)
	w.ready("new", v1alpha1.ReasonManagerTooOld)
	w.ready("waits", v1alpha1.ReasonManagerTooOld)
	if live := w.live(); !slices.Equal(live, []string{stays}) {
		t.Errorf("%v are live, want %s alone", live, stays)
	}
	w.levelOf("mesosframeworks.mesos.dev", "1")
	for _, name := range []string{"waits", "new", "stays"} {
		if id := w.ready(name, v1alpha1.ReasonRunning).Status.Task.ID; id == stays {
			t.Errorf("%s runs by its earlier spec", name)
		}
	}
	w.checkTruth()
}
