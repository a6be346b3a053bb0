package docs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// shown are the objects of a kind that a document shows as YAML.
func shown(t *testing.T, document, kind string) []*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", document))
	if err != nil {
		t.Fatal(err)
	}
	var found []*unstructured.Unstructured
	for _, block := range fenced.FindAllStringSubmatch(string(text), -1) {
		for manifest := range strings.SplitSeq(block[2], "\n---\n") {
			object := &unstructured.Unstructured{}
			if block[1] != "yaml" || !strings.Contains(manifest, "kind: "+kind+"\n") {
				continue
			}
			if err := yaml.UnmarshalStrict([]byte(manifest), &object.Object); err != nil {
				t.Fatalf("%s: reading\n%s: %v", document, manifest, err)
			}
			found = append(found, object)
		}
	}
	if len(found) == 0 {
		t.Fatalf("docs/%s shows no %s", document, kind)
	}
	return found
}

// cluster is an API server with what a platform team set up in it.
type cluster struct {
	t     *testing.T
	admin client.Client
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, admin: env.Client(t)}
	for _, namespace := range []string{"shop", "post"} {
		c.must(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	}
	return c
}

func (c *cluster) must(object client.Object) {
	c.t.Helper()
	if err := c.admin.Create(c.t.Context(), object); err != nil {
		c.t.Fatal(err)
	}
}

// newTask is a MesosTask of any name.
func newTask(t *testing.T, namespace string) *unstructured.Unstructured {
	t.Helper()
	task := &unstructured.Unstructured{}
	manifest := `{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, spec: {shell: sleep 1, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}`
	if err := yaml.Unmarshal([]byte(manifest), &task.Object); err != nil {
		t.Fatal(err)
	}
	task.SetNamespace(namespace)
	task.SetGenerateName("task-")
	return task
}

// refused waits until something is refused with a sentence: policies take effect a moment after they were created.
func (c *cluster) refused(sentence string, create func() error) {
	c.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(c.t.Context(), 50*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		last = create()
		return apierrors.IsForbidden(last) && strings.Contains(last.Error(), sentence), nil
	})
	if err != nil {
		c.t.Fatalf("waiting for a refusal that says %q: %v; the last answer is %v", sentence, err, last)
	}
}

// newSet is a MesosTaskSet of any name.
func newSet(t *testing.T, namespace string) *unstructured.Unstructured {
	t.Helper()
	set := newTask(t, namespace)
	template := map[string]any{"spec": set.Object["spec"]}
	set.SetKind("MesosTaskSet")
	set.Object["spec"] = map[string]any{"template": template}
	set.SetGenerateName("set-")
	return set
}

// The quota that docs/tenancy.md shows limits the objects of its namespace. Its status is written here as Kubernetes' quota controller, which this API
// server does not have, writes it; before, nothing is refused.
func TestQuota_limitsWhatANamespaceHas(t *testing.T) {
	c := newCluster(t)
	quota := &corev1.ResourceQuota{}
	manifest, err := yaml.Marshal(shown(t, "tenancy.md", "ResourceQuota")[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(manifest, quota); err != nil {
		t.Fatal(err)
	}
	c.must(quota)
	t.Cleanup(func() { // Others create in that namespace, too.
		if err := c.admin.Delete(context.Background(), quota); err != nil {
			t.Error(err)
		}
	})
	kinds := map[corev1.ResourceName]func(*testing.T, string) *unstructured.Unstructured{
		"count/mesostasks.mesos.dev": newTask, "count/mesostasksets.mesos.dev": newSet,
	}
	used := corev1.ResourceList{}
	for counted, of := range kinds {
		c.must(of(t, quota.Namespace))
		limit := quota.Spec.Hard[counted]
		used[counted] = limit.DeepCopy()
		less := used[counted]
		less.Sub(resource.MustParse("1"))
		used[counted] = less
	}
	quota.Status.Hard, quota.Status.Used = quota.Spec.Hard, used
	if err := c.admin.Status().Update(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	for counted, of := range kinds {
		c.refused(fmt.Sprintf("exceeded quota: %s, requested: %s=1", quota.Name, counted), func() error { return c.admin.Create(t.Context(), of(t, quota.Namespace)) })
		if err := c.admin.Create(t.Context(), of(t, "post")); err != nil {
			t.Errorf("the quota of another namespace: %v", err)
		}
		if err := c.admin.Get(t.Context(), client.ObjectKeyFromObject(quota), quota); err != nil {
			t.Fatal(err)
		}
		limit, got := quota.Spec.Hard[counted], quota.Status.Used[counted]
		if got.Cmp(limit) != 0 {
			t.Errorf("%s of %s are counted, want %s", got.String(), counted, limit.String())
		}
	}
}
