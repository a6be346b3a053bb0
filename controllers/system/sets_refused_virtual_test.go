package system

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// quota is a ResourceQuota of the number of MesosTasks. Kubernetes' quota controller, which this API server does not have, counts those that go.
type quota struct {
	*virtual
	object *corev1.ResourceQuota
}

const countedTasks corev1.ResourceName = "count/mesostasks.mesos.dev"

func (v *virtual) quota(most int64) *quota {
	v.Helper()
	q := &quota{v, &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "few", Namespace: v.namespace}}}
	q.object.Spec.Hard = corev1.ResourceList{countedTasks: *resource.NewQuantity(most, resource.DecimalSI)}
	if err := v.client.Create(context.Background(), q.object); err != nil {
		v.Fatal(err)
	}
	q.count()
	return q
}

// raise lets there be more.
func (q *quota) raise(most int64) {
	q.Helper()
	patch := fmt.Sprintf(`{"spec":{"hard":{%q:"%d"}}}`, countedTasks, most)
	if err := q.client.Patch(context.Background(), q.object, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		q.Fatal(err)
	}
	q.count()
}

func (q *quota) count() {
	q.Helper()
	tasks := &v1alpha1.MesosTaskList{}
	if err := q.client.List(context.Background(), tasks, client.InNamespace(q.namespace)); err != nil {
		q.Fatal(err)
	}
	hard := q.object.Spec.Hard[countedTasks]
	patch := fmt.Sprintf(`{"status":{"hard":{%q:%q},"used":{%q:"%d"}}}`, countedTasks, hard.String(), countedTasks, len(tasks.Items))
	if err := q.client.Status().Patch(context.Background(), q.object, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		q.Fatal(err)
	}
}

// live lets time pass, while the quota's controller counts and each second is looked at.
func (q *quota) live(d time.Duration, look func()) {
	q.Helper()
	for ; d > 0; d -= time.Second {
		q.pass(time.Second)
		q.count()
		look()
	}
}

// TestSet_quota: a set that has as many MesosTasks as a quota lets is rolled within maxUnavailable, says once and in a sentence that it
// wants more where it does, and what needs no more of them goes on: it is suspended, and scaled down.
func TestSet_quota(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		var mu sync.Mutex
		told := map[string]int{}
		v.told = func(regarding runtime.Object, _, reason, _ string) {
			if _, ok := regarding.(*v1alpha1.MesosTaskSet); ok {
				mu.Lock()
				defer mu.Unlock()
				told[reason]++
			}
		}
		v.start()
		few := v.quota(4)
		v.taskSet("web", "serve 1", "replicas: 4, updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}")
		few.live(40*time.Second, func() {})
		v.wantSet("web", "True Available")
		v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
		few.live(2*time.Minute, func() {
			if stalled := meta.FindStatusCondition(v.getSet("web").Status.Conditions, v1alpha1.ConditionStalled); stalled != nil {
				t.Errorf("while it is rolled, Stalled is %+v", stalled)
			}
		})
		v.wantSet("web", "True Available")
		if got := v.commands("web"); got["serve 2"] != 4 {
			t.Errorf("after two minutes there run %v", got)
		}
		if asked := v.asked.writes()["POST mesostasks"]; asked > 30 {
			t.Errorf("for eight MesosTasks the API server was asked %d times", asked)
		}

		v.patchSet("web", `{spec: {replicas: 6}}`)
		few.live(10*time.Minute, func() {})
		v.wantSet("web", "False WriteRefused")
		stalled := meta.FindStatusCondition(v.getSet("web").Status.Conditions, v1alpha1.ConditionStalled)
		if stalled == nil || !strings.Contains(stalled.Message, "4 of 6 are available. The API server refuses more MesosTasks than there are") || !strings.Contains(stalled.Message, "exceeded quota: few") {
			t.Errorf("Stalled is %+v", stalled)
		}
		mu.Lock()
		if told[v1alpha1.ReasonWriteRefused] != 1 {
			t.Errorf("events are %v", told)
		}
		mu.Unlock()
		v.patchSet("web", `{spec: {suspend: true}}`)
		few.live(15*time.Second, func() {})
		if live := v.mesos.LiveTasks(); live != 0 {
			t.Errorf("suspended, %d run", live)
		}
		v.patchSet("web", `{spec: {suspend: false, replicas: 3}}`)
		few.live(40*time.Second, func() {})
		v.wantSet("web", "True Available")
		few.raise(10)
		v.patchSet("web", `{spec: {replicas: 6}}`)
		few.live(40*time.Second, func() {})
		v.wantSet("web", "True Available")
	})
}

// TestSet_admission: what a webhook makes of a set's MesosTasks when they are created is left so, also after the set changed them; and where one takes back
// what the set puts back, the set says so and does not try on.
func TestSet_admission(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		var mu sync.Mutex
		var told []string
		v.told = func(_ runtime.Object, _, reason, note string) {
			mu.Lock()
			defer mu.Unlock()
			if reason == v1alpha1.EventPutBack {
				told = append(told, note)
			}
		}
		always := false
		v.admission = func(task *v1alpha1.MesosTask, created bool) {
			if created || always {
				task.Spec.Shell = "wrap serve 1"
			}
		}
		v.start()
		v.taskSet("web", "serve 1", rolled)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		v.patchSet("web", `{spec: {template: {spec: {maxRestarts: 3}}}}`)
		v.pass(30 * time.Second)
		v.stop()
		v.start()
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		if got := v.commands("web"); got["wrap serve 1"] != 3 {
			t.Errorf("there run %v", got)
		}
		v.wantStarted("web", 3)
		if len(told) > 0 {
			t.Errorf("events are %q", told)
		}

		always = true
		name := v.tasksOfSet("web")[0].Name
		v.patch(name, `{spec: {maxRestarts: 9}, metadata: {annotations: {mesos.dev/admitted: null}}}`)
		v.pass(5 * time.Minute)
		writes := v.asked.writes()
		v.pass(10 * time.Minute)
		if later := v.asked.writes(); later["PATCH mesostasks"] != writes["PATCH mesostasks"] || later["PUT mesostasks"] != writes["PUT mesostasks"] {
			t.Errorf("it goes on writing: %v, then %v", writes, later)
		}
		if len(told) == 0 || !strings.Contains(told[len(told)-1], "What the set writes into "+name+" does not stay (spec.shell)") {
			t.Errorf("events are %q", told)
		}
		v.wantSet("web", "True Available")
	})
}

// TestSet_madeByHand: a MesosTask that somebody made with the label of a set and the form of its names, and a command line of their own, is taken over and made
// what the set wants; what admission makes of the set's own stays.
func TestSet_madeByHand(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.admission = func(task *v1alpha1.MesosTask, created bool) {
			if created && task.Spec.Shell == "serve 1" {
				task.Spec.Shell = "wrap serve 1"
			}
		}
		v.start()
		v.taskSet("web", "serve 1", rolled)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		example := v.tasksOfSet("web")[0]
		v.stop()
		for index, annotations := range []map[string]string{nil, {v1alpha1.AnnotationAdmitted: example.Annotations[v1alpha1.AnnotationAdmitted]}} {
			made := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{
				Namespace: v.namespace, Name: fmt.Sprintf("web-%s-%d", example.Labels[v1alpha1.LabelRevision], 7+index), Labels: example.Labels, Annotations: annotations,
			}, Spec: example.Spec}
			made.Spec.Shell = "mine"
			if err := v.client.Create(context.Background(), made); err != nil {
				t.Fatal(err)
			}
		}
		v.patchSet("web", `{spec: {replicas: 5}}`)
		v.start()
		v.pass(2 * time.Minute)
		v.wantSet("web", "True Available")
		if got := v.commands("web"); got["wrap serve 1"] != 3 || got["serve 1"] != 2 {
			t.Errorf("there run %v", got)
		}
	})
}

// TestSet_revisionInTheWay: a ControllerRevision of the name that the set's would have is taken where it is the set's own and its labels were taken away,
// and else left be: the set's has another name.
func TestSet_revisionInTheWay(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "replicas: 1")
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		label := v.getSet("web").Status.UpdateRevision
		ours := &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: v.namespace, Name: "web-" + label}}
		if err := v.client.Patch(context.Background(), ours, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":null}}`))); err != nil {
			t.Fatal(err)
		}
		v.patchSet("web", `{spec: {replicas: 2}}`)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		if err := v.client.Get(context.Background(), client.ObjectKeyFromObject(ours), ours); err != nil || ours.Labels[v1alpha1.LabelRevision] != label {
			t.Errorf("its labels are %v (%v)", ours.Labels, err)
		}
		v.wantStarted("web", 2)

		// Nobody collects here what a set leaves.
		v.create(fmt.Sprintf(`{apiVersion: apps/v1, kind: ControllerRevision, revision: 1, metadata: {name: shop-%s, namespace: %s,
ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: shop, uid: 5ad4d9a3-42f5-4aa1-8c4d-f4e8e2d0e8a4, controller: true}]}, data: {template: {spec: {shell: theirs}}}}`,
			label, v.namespace), &appsv1.ControllerRevision{})
		v.taskSet("shop", "serve 1", "replicas: 1")
		v.pass(30 * time.Second)
		v.wantSet("shop", "True Available")
		if got := v.getSet("shop").Status.UpdateRevision; got == label || got == "" {
			t.Errorf("its revision is %q", got)
		}
	})
}

// TestSet_otherFramework: a set that comes back under another MesosFramework takes over no tasks of the earlier one: it makes its own, and says what it
// leaves.
func TestSet_otherFramework(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", rolled)
		v.pass(30 * time.Second)
		v.wantSet("web", "True Available")
		for _, task := range v.tasksOfSet("web") {
			v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %s, namespace: %s, labels: {mesos.dev/set: shop, mesos.dev/revision: %s}},
spec: {frameworkRef: {name: another}, shell: serve 1, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}`,
				strings.Replace(task.Name, "web", "shop", 1), v.namespace, task.Labels[v1alpha1.LabelRevision]), &v1alpha1.MesosTask{})
		}
		v.taskSet("shop", "serve 1", rolled)
		v.pass(30 * time.Second)
		v.wantSet("shop", "True Available")
		ready := meta.FindStatusCondition(v.getSet("shop").Status.Conditions, v1alpha1.ConditionReady)
		if status := v.getSet("shop").Status; status.Replicas != 3 || !strings.Contains(ready.Message, "3 MesosTasks with the set's label are of another MesosFramework (shop-") {
			t.Errorf("Ready says %q: %+v", ready.Message, status)
		}
		for _, task := range v.tasksOfSet("shop") {
			if owner := metav1.GetControllerOf(&task); (owner != nil) != (task.Spec.FrameworkRef.Name == v.namespace) {
				t.Errorf("%s of %s is controlled by %+v", task.Name, task.Spec.FrameworkRef.Name, owner)
			}
		}
	})
}
