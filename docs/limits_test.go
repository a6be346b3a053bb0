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
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
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
	env   *testenv.Env
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	env := testenv.New(t)
	admin := env.Client(t)
	c := &cluster{t: t, admin: admin, env: env}
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

// tenant is somebody who may write the MesosTasks of namespace shop, and no more.
func (c *cluster) tenant() client.Client {
	c.t.Helper()
	c.must(&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "tasks"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"mesos.dev"}, Resources: []string{"mesostasks"}, Verbs: []string{"*"}},
	}})
	c.must(&rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "tasks"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "tasks"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "tina"}},
	})
	config := rest.CopyConfig(c.env.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "tina", Groups: []string{"system:authenticated"}}
	tenant, err := client.New(config, client.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	return tenant
}

// newTask is a MesosTask of any name.
func newTask(t *testing.T, namespace string, annotations map[string]string) *unstructured.Unstructured {
	t.Helper()
	task := &unstructured.Unstructured{}
	manifest := `{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, spec: {shell: sleep 1, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}`
	if err := yaml.Unmarshal([]byte(manifest), &task.Object); err != nil {
		t.Fatal(err)
	}
	task.SetNamespace(namespace)
	task.SetGenerateName("task-")
	task.SetAnnotations(annotations)
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

// The quota that docs/tenancy.md shows limits the MesosTasks of its namespace. Its status is written here as Kubernetes' quota controller, which
// this API server does not have, writes it.
func TestQuota_limitsMesosTasks(t *testing.T) {
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
	const counted = "count/mesostasks.mesos.dev"
	limit := quota.Spec.Hard[counted]
	used := limit.DeepCopy()
	used.Sub(resource.MustParse("1"))
	quota.Status.Hard, quota.Status.Used = quota.Spec.Hard, corev1.ResourceList{counted: used}
	if err := c.admin.Status().Update(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	c.refused("exceeded quota: "+quota.Name+", requested: "+counted+"=1", func() error { return c.admin.Create(t.Context(), newTask(t, quota.Namespace, nil)) })
	if err := c.admin.Create(t.Context(), newTask(t, "post", nil)); err != nil {
		t.Errorf("the quota of another namespace: %v", err)
	}
	if err := c.admin.Get(t.Context(), client.ObjectKeyFromObject(quota), quota); err != nil {
		t.Fatal(err)
	}
	if got := quota.Status.Used[counted]; got.Cmp(limit) != 0 {
		t.Errorf("%s MesosTasks are counted, want %s", got.String(), limit.String())
	}
}

// The policy that docs/security.md shows lets only those who may change MesosFrameworks create a MesosTask that says where it runs.
func TestPolicy_keepsTenantsFromInventingBindings(t *testing.T) {
	c := newCluster(t)
	for _, kind := range []string{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"} {
		for _, object := range shown(t, "security.md", kind) {
			c.must(object)
		}
	}
	tenant := c.tenant()
	binding := map[string]string{"mesos.dev/binding": fmt.Sprintf(`{"taskID":"shop.web.1%08x.abcdefghij","agentID":"a","frameworkID":"f","uid":"u"}`, 1)}
	c.refused("mesos.dev/binding", func() error { return tenant.Create(t.Context(), newTask(t, "shop", binding)) })
	if err := tenant.Create(t.Context(), newTask(t, "shop", nil)); err != nil {
		t.Errorf("a MesosTask without a binding: %v", err)
	}
	c.must(newTask(t, "shop", binding))
}
