package mesostaskset

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/rollout"
)

// listsRevisions reads as the manager may by its role: of ControllerRevisions there are lists, and no single one.
type listsRevisions struct{ client.Reader }

func (l listsRevisions) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if _, ok := object.(*appsv1.ControllerRevision); ok {
		return apierrors.NewForbidden(schema.GroupResource{Group: "apps", Resource: "controllerrevisions"}, key.Name, errors.New("no right to get"))
	}
	return l.Reader.Get(ctx, key, object, options...)
}

// TestResolve: what the cache has not shown for too long is read live, with no more rights than the manager has. What is gone, or another's by now, is forgotten.
func TestResolve(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, appsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	meta := metav1.ObjectMeta{Namespace: web.Namespace, Name: "web-1", UID: "mine", ResourceVersion: "7"}
	for kind, wrote := range map[string]client.Object{"revision": &appsv1.ControllerRevision{ObjectMeta: meta}, "task": &v1alpha1.MesosTask{ObjectMeta: meta}} {
		for there, missing := range map[string]int{"": 0, "another": 0, "mine": 1} {
			t.Run(fmt.Sprintf("a %s, of which there is %q", kind, there), func(t *testing.T) {
				api := fake.NewClientBuilder().WithScheme(scheme).WithIndex(&appsv1.ControllerRevision{}, "metadata.name", func(object client.Object) []string { return []string{object.GetName()} })
				if live, ok := wrote.DeepCopyObject().(client.Object); ok && there != "" {
					if there == "another" {
						live.SetUID("another")
					}
					api = api.WithObjects(live)
				}
				r := &Reconciler{Live: listsRevisions{api.Build()}}
				r.own.Wrote(web, wrote, start)
				later := start.Add(time.Minute)
				_, doubtful := r.own.Missing(web, nil, later)
				if err := r.resolve(t.Context(), &view{key: web, seen: rollout.Seen{Now: later}}, doubtful); err != nil || len(doubtful) != 1 {
					t.Fatalf("of %d that are doubtful: %v", len(doubtful), err)
				}
				if still, _ := r.own.Missing(web, nil, later); len(still) != missing {
					t.Errorf("%d are waited for, want %d", len(still), missing)
				}
			})
		}
	}
}
