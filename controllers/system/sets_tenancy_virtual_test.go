package system

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestSet_leavesOthersAlone: MesosTasks whose names have the form of a set's and that are somebody else's count for nothing, and are neither changed nor
// deleted, whatever the set does; its own take other names.
func TestSet_leavesOthersAlone(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "replicas: 0")
		v.pass(10 * time.Second)
		revision := v.getSet("web").Status.UpdateRevision
		// One bears no label, one that of another set, and one is controlled by another object; its label is the set's.
		others := map[string]*v1alpha1.MesosTask{
			fmt.Sprintf("web-%s-0", revision): v.stranger(fmt.Sprintf("web-%s-0", revision), "", ""),
			fmt.Sprintf("web-%s-1", revision): v.stranger(fmt.Sprintf("web-%s-1", revision), "mesos.dev/set: shop", ""),
			fmt.Sprintf("web-%s-3", revision): v.stranger(fmt.Sprintf("web-%s-3", revision), "mesos.dev/set: web, mesos.dev/revision: "+revision,
				"ownerReferences: [{apiVersion: example.com/v1, kind: Fleet, name: fleet, uid: 5ad4d9a3-42f5-4aa1-8c4d-f4e8e2d0e8a4, controller: true}],"),
		}
		v.pass(10 * time.Second)
		v.patchSet("web", `{spec: {replicas: 3}}`)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		mine := map[string]bool{}
		for _, task := range v.tasksOfSet("web") {
			mine[task.Name] = others[task.Name] == nil
		}
		for _, index := range []int{2, 4, 5} {
			if !mine[fmt.Sprintf("web-%s-%d", revision, index)] {
				t.Errorf("the set has %v, want those with indices 2, 4 and 5", mine)
			}
		}
		if status := v.getSet("web").Status; status.Replicas != 3 || status.UpdatedReplicas != 3 {
			t.Errorf("it counts %+v", status)
		}
		v.patchSet("web", `{spec: {template: {metadata: {labels: {tier: front}}, spec: {shell: serve 2}}}}`)
		v.pass(2 * time.Minute)
		v.patchSet("web", `{spec: {replicas: 0}}`)
		v.pass(time.Minute)
		for name, was := range others {
			now := &v1alpha1.MesosTask{}
			if err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: name}, now); err != nil {
				t.Fatal(err)
			}
			if readyOf(now) != "True Running" || now.Status.Restarts != 0 || now.DeletionTimestamp != nil {
				t.Errorf("%s is %s after %d restarts", name, readyOf(now), now.Status.Restarts)
			}
			if !equality.Semantic.DeepEqual(was.Spec, now.Spec) || !equality.Semantic.DeepEqual(was.Labels, now.Labels) || !equality.Semantic.DeepEqual(was.OwnerReferences, now.OwnerReferences) {
				t.Errorf("%s was\n%+v %+v\nand is\n%+v %+v", name, was.ObjectMeta, was.Spec, now.ObjectMeta, now.Spec)
			}
		}
	})
}

// stranger creates a MesosTask that is no set's.
func (v *virtual) stranger(name, labels, owner string) *v1alpha1.MesosTask {
	v.Helper()
	task := &v1alpha1.MesosTask{}
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %s, namespace: %s, %s labels: {%s}},
spec: {frameworkRef: {name: %s}, shell: another's, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}`, name, v.namespace, owner, labels, v.namespace), task)
	return task
}

// TestSet_takesOverNoRevisions: ControllerRevisions that bear a set's label and are controlled by something else are no revisions of its: it makes its own
// and leaves them be.
func TestSet_takesOverNoRevisions(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.create(fmt.Sprintf(`{apiVersion: apps/v1, kind: ControllerRevision, revision: 7, metadata: {name: theirs, namespace: %s, labels: {mesos.dev/set: web, mesos.dev/revision: 0a1b2c3d4e},
ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: 5ad4d9a3-42f5-4aa1-8c4d-f4e8e2d0e8a4, controller: true}]}, data: {template: {spec: {shell: theirs}}}}`,
			v.namespace), &appsv1.ControllerRevision{})
		v.taskSet("web", "serve 1", "replicas: 1, revisionHistoryLimit: 0")
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		theirs := &appsv1.ControllerRevision{}
		if err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: "theirs"}, theirs); err != nil {
			t.Fatal(err)
		}
		if owner := metav1.GetControllerOf(theirs); owner == nil || owner.Kind != "StatefulSet" || theirs.DeletionTimestamp != nil {
			t.Errorf("it is controlled by %+v", owner)
		}
		if revision := v.getSet("web").Status.UpdateRevision; strings.HasPrefix(revision, "0a1b2c3d4e") || revision == "" {
			t.Errorf("the set's revision is %q", revision)
		}
	})
}
