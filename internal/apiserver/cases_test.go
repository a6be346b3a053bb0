package apiserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) {
	os.Exit(testenv.Main(m, func(started *testenv.Env) error {
		env = started
		return nil
	}))
}

// kinds are those of the project's CRDs.
func kinds(t *testing.T) *apiserver.Kinds {
	t.Helper()
	read, err := apiserver.ReadKinds(filepath.Join(testenv.Root(), "config", "crd", "bases"))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// probe does something to an API server, and notes what that says, without what differs from one to the other.
type probe struct {
	*testing.T
	client.WithWatch
	namespace string
	noted     []string
	// names stand for UIDs and resource versions, in the order in which they were first seen.
	uids, versions []string
}

var gone = regexp.MustCompile(`"(creationTimestamp|deletionTimestamp)":"[^"]*"`)

// note notes what became of a request.
func (p *probe) note(what string, err error, objects ...client.Object) {
	p.Helper()
	line := what + ": "
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &status):
		line += fmt.Sprintf("%d %s", status.Status().Code, status.Status().Reason)
	case err != nil:
		line += "refused without an answer"
	default:
		line += "done"
	}
	told := []string{line}
	for _, object := range objects {
		told = append(told, p.tell(object))
	}
	p.noted = append(p.noted, strings.Join(told, "\n\t"))
}

// tell is an object without what differs.
func (p *probe) tell(object client.Object) string {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		p.Fatal(err)
	}
	plain := &unstructured.Unstructured{Object: content}
	plain.SetManagedFields(nil)
	plain.SetUID(types.UID(named(&p.uids, string(object.GetUID()), "uid")))
	plain.SetResourceVersion(named(&p.versions, object.GetResourceVersion(), "version"))
	plain.SetGroupVersionKind(schema.GroupVersionKind{})
	encoded, err := json.Marshal(plain.Object)
	if err != nil {
		p.Fatal(err)
	}
	said := strings.ReplaceAll(string(encoded), p.namespace, "NAMESPACE")
	if generated := object.GetGenerateName(); generated != "" {
		said = strings.ReplaceAll(said, object.GetName(), generated+"GENERATED")
	}
	return gone.ReplaceAllString(said, `"$1":"TIME"`)
}

// named is a name for a value, the same for each time that it comes.
func named(known *[]string, value, prefix string) string {
	if value == "" {
		return ""
	}
	i := slices.Index(*known, value)
	if i < 0 {
		*known = append(*known, value)
		i = len(*known) - 1
	}
	return fmt.Sprintf("%s-%d", prefix, i+1)
}

// task is a MesosTask of a manifest's spec.
func (p *probe) task(name, spec string) *v1alpha1.MesosTask {
	p.Helper()
	return read(p.T, p.namespace, name, "MesosTask", spec, &v1alpha1.MesosTask{})
}

func read[T client.Object](t *testing.T, namespace, name, kind, spec string, into T) T {
	t.Helper()
	manifest := fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: %s, metadata: {name: %q, namespace: %s}, spec: {%s}}`, kind, name, namespace, spec)
	if err := yaml.UnmarshalStrict([]byte(manifest), into); err != nil {
		t.Fatalf("%v in\n%s", err, manifest)
	}
	return into
}

const small = `resources: {requests: {cpus: "0.1", memory: 32Mi}}, shell: sleep 1`

// created creates a task and notes it.
func (p *probe) created(name, spec string) *v1alpha1.MesosTask {
	p.Helper()
	task := p.task(name, spec)
	p.note("create "+name, p.Create(p.Context(), task), task)
	return task
}

// cases are what the double has in common with kube-apiserver.
var cases = map[string]func(p *probe){
	"an object is created with its defaults, without a status, and once": func(p *probe) {
		task := p.task("web", small)
		task.Status.Restarts = 3
		p.note("create", p.Create(p.Context(), task), task)
		p.note("again", p.Create(p.Context(), p.task("web", small)))
		framework := read(p.T, "", p.namespace, "MesosFramework", `masters: {urls: ["http://a:5050"]}, info: {user: nobody, name: a}`, &v1alpha1.MesosFramework{})
		p.note("cluster", p.Create(p.Context(), framework), framework)
		read := &v1alpha1.MesosFramework{}
		p.note("read", p.Get(p.Context(), client.ObjectKeyFromObject(framework), read), read)
		p.note("gone", p.Delete(p.Context(), framework))
		versioned := p.task("versioned", small)
		versioned.ResourceVersion = "1"
		p.note("versioned", p.Create(p.Context(), versioned))
		generated := p.task("", small)
		generated.GenerateName = "job-"
		p.note("generated", p.Create(p.Context(), generated), generated)
		elsewhere := p.task("web", small)
		elsewhere.Namespace = "nowhere"
		p.note("nowhere", p.Create(p.Context(), elsewhere))
		p.note("nameless", p.Create(p.Context(), p.task("", small)))
		p.note("badly named", p.Create(p.Context(), p.task("No_Name", small)))
	},
	"a schema and its rules refuse": func(p *probe) {
		p.created("missing", `shell: sleep 1`)
		p.created("two", small+`, command: [sleep]`)
		p.created("negative", small+`, maxRestarts: -1`)
		p.created("policy", small+`, restartPolicy: Sometimes`)
		p.created("long", `resources: {requests: {cpus: "0.1", memory: 32Mi}}, shell: "`+strings.Repeat("x", 1<<18)+`"`)
		task := p.created("web", small)
		task.Spec.FrameworkRef.Name = "other"
		p.note("what may not change", p.Update(p.Context(), task))
		unknown := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "mesos.dev/v1alpha1", "kind": "MesosTask", "metadata": map[string]any{"name": "unknown", "namespace": p.namespace},
			"spec": map[string]any{
				"shell": "sleep 1", "surprise": map[string]any{"a": int64(1)}, "resources": map[string]any{"requests": map[string]any{"cpus": "0.1", "memory": "32Mi"}},
			},
		}}
		p.note("unknown fields", p.Create(p.Context(), unknown), unknown)
	},
	"an update needs the latest version, and counts what is desired": func(p *probe) {
		task := p.created("web", small)
		stale := task.DeepCopy()
		task.Labels = map[string]string{"a": "b"}
		p.note("labels", p.Update(p.Context(), task), task)
		task.Spec.Suspend = true
		task.Status.Restarts = 7
		p.note("spec", p.Update(p.Context(), task), task)
		stale.Spec.Suspend = true
		p.note("stale", p.Update(p.Context(), stale))
		unversioned := task.DeepCopy()
		unversioned.ResourceVersion = ""
		p.note("unversioned", p.Update(p.Context(), unversioned))
		other := task.DeepCopy()
		other.UID = "other"
		p.note("of another object", p.Update(p.Context(), other))
		p.note("of none", p.Update(p.Context(), p.withVersion(p.task("none", small), "1")))
	},
	"a status is changed by itself": func(p *probe) {
		task := p.created("web", small)
		task.Status.Restarts, task.Spec.Suspend = 2, true
		task.Labels = map[string]string{"a": "b"}
		p.note("status", p.Status().Update(p.Context(), task), task)
		p.note("the same", p.Status().Update(p.Context(), task), task)
		p.note("invalid", p.Status().Patch(p.Context(), task, client.RawPatch(types.MergePatchType, []byte(`{"status":{"conditions":[{"type":""}]}}`))))
		p.note("wrong", p.Status().Patch(p.Context(), task, client.RawPatch(types.MergePatchType, []byte(`{"status":{"restarts":"many"}}`))))
		p.note("taken away", p.Status().Patch(p.Context(), task, client.RawPatch(types.JSONPatchType, []byte(`[{"op":"remove","path":"/status"}]`))), task)
	},
	"a JSON Patch tests, a merge patch merges": func(p *probe) {
		task := p.created("web", small)
		for _, one := range []struct{ what, patch string }{
			{"test holds", fmt.Sprintf(`[{"op":"test","path":"/metadata/uid","value":%q},{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]`, task.UID)},
			{"test fails", `[{"op":"test","path":"/metadata/uid","value":"x"},{"op":"add","path":"/metadata/labels","value":{"a":"c"}}]`},
			{"absent is null", `[{"op":"test","path":"/metadata/annotations","value":null},{"op":"add","path":"/spec/suspend","value":true}]`},
			{"absent below absent", `[{"op":"test","path":"/metadata/annotations/a","value":null}]`},
			{"present is not null", `[{"op":"test","path":"/metadata/labels","value":null}]`},
			{"no path", `[{"op":"replace","path":"/spec/none/a","value":1}]`},
			{"remove", `[{"op":"remove","path":"/metadata/labels"}]`},
			{"remove what is not there", `[{"op":"remove","path":"/metadata/labels"}]`},
			{"no patch", `{"a":1}`},
			{"broken", `[`},
			{"invalid", `[{"op":"add","path":"/spec/restartPolicy","value":"x"}]`},
			{"stale", `[{"op":"add","path":"/metadata/resourceVersion","value":"1"}]`},
			{"status is not its own", `[{"op":"add","path":"/status/restarts","value":5}]`},
			{"generation is not theirs", `[{"op":"add","path":"/metadata/generation","value":50}]`},
		} {
			p.note(one.what, p.Patch(p.Context(), task, client.RawPatch(types.JSONPatchType, []byte(one.patch))), task)
		}
		p.note("merge", p.Patch(p.Context(), task, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"a":"b"}},"spec":{"suspend":null}}`))), task)
		p.note("merge nothing", p.Patch(p.Context(), task, client.RawPatch(types.MergePatchType, []byte(`{}`))), task)
		p.note("strategic", p.Patch(p.Context(), task, client.RawPatch(types.StrategicMergePatchType, []byte(`{}`))))
		p.note("of none", p.Patch(p.Context(), p.task("none", small), client.RawPatch(types.MergePatchType, []byte(`{}`))))
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: p.namespace}, Data: map[string][]byte{"a": []byte("b")}}
		p.note("secret", p.Create(p.Context(), secret))
		p.note("strategic on Kubernetes' own", p.Patch(p.Context(), secret, client.RawPatch(types.StrategicMergePatchType, []byte(`{"data":{"c":"ZA=="}}`))), secret)
	},
	"what has finalizers goes when they are gone": func(p *probe) {
		p.created("plain", small)
		p.note("plain", p.Delete(p.Context(), p.task("plain", small)))
		p.note("again", p.Delete(p.Context(), p.task("plain", small)))
		held := p.task("held", small)
		held.Finalizers = []string{"mesos.dev/task"}
		p.note("held", p.Create(p.Context(), held), held)
		uid, version := types.UID("other"), "1"
		p.note("another", p.Delete(p.Context(), held, client.Preconditions{UID: &uid}))
		p.note("older", p.Delete(p.Context(), held, client.Preconditions{ResourceVersion: &version}))
		p.note("delete", p.Delete(p.Context(), held, client.Preconditions{UID: &held.UID}))
		p.note("is going", p.Get(p.Context(), client.ObjectKeyFromObject(held), held), held)
		p.note("delete again", p.Delete(p.Context(), held))
		p.note("is as it was", p.Get(p.Context(), client.ObjectKeyFromObject(held), held), held)
		p.note("another finalizer", p.Patch(p.Context(), held.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":["mesos.dev/task","mesos.dev/x"]}}`))))
		p.note("changes", p.Patch(p.Context(), held, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"suspend":true}}`))), held)
		p.note("lives on", p.Patch(p.Context(), held, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"deletionTimestamp":null}}`))), held)
		p.note("let go", p.Patch(p.Context(), held, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))), held)
		p.note("gone", p.Get(p.Context(), client.ObjectKeyFromObject(held), held))
		waits := p.created("waits", small)
		p.note("waits", p.Delete(p.Context(), waits, client.PropagationPolicy(metav1.DeletePropagationForeground)))
		p.note("for what it owns", p.Get(p.Context(), client.ObjectKeyFromObject(waits), waits), waits)
		p.note("leaves", p.Delete(p.Context(), p.created("leaves", small), client.PropagationPolicy(metav1.DeletePropagationOrphan)))
	},
	"a dry run changes nothing": func(p *probe) {
		task := p.task("web", small)
		p.note("create", p.Create(p.Context(), task, client.DryRunAll))
		p.note("none", p.Get(p.Context(), client.ObjectKeyFromObject(task), task))
		p.created("real", small)
		stays := p.task("real", small)
		p.note("delete", p.Delete(p.Context(), stays, client.DryRunAll))
		p.note("patch", p.Patch(p.Context(), stays, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"suspend":true}}`)), client.DryRunAll))
		p.note("as before", p.Get(p.Context(), client.ObjectKeyFromObject(stays), stays), stays)
	},
	"lists select": func(p *probe) {
		for _, name := range []string{"a", "b", "c"} {
			task := p.task(name, small)
			task.Labels = map[string]string{"name": name}
			p.note(name, p.Create(p.Context(), task))
		}
		for what, options := range map[string][]client.ListOption{
			"all": nil, "label": {client.MatchingLabels{"name": "b"}}, "name": {client.MatchingFields{"metadata.name": "c"}},
			"any version": {&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: "0"}}}, "a field that is none": {client.MatchingFields{"spec.shell": "x"}},
			"bad label": {&client.ListOptions{Raw: &metav1.ListOptions{LabelSelector: "a==="}}},
		} {
			list := &v1alpha1.MesosTaskList{}
			err := p.List(p.Context(), list, append(options, client.InNamespace(p.namespace))...)
			var names []string
			for _, one := range list.Items {
				names = append(names, one.Name)
			}
			p.note(fmt.Sprintf("%s: %v", what, names), err)
		}
		slices.Sort(p.noted)
		metadata := &metav1.PartialObjectMetadataList{}
		metadata.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MesosTaskList"))
		err := p.List(p.Context(), metadata, client.InNamespace(p.namespace))
		p.note(fmt.Sprintf("%d of metadata, %s", len(metadata.Items), metadata.Items[0].Labels), err)
		p.note("delete some", p.DeleteAllOf(p.Context(), &v1alpha1.MesosTask{}, client.InNamespace(p.namespace), client.MatchingLabels{"name": "b"}))
		left := &v1alpha1.MesosTaskList{}
		p.note("left", p.List(p.Context(), left, client.InNamespace(p.namespace)), &left.Items[0], &left.Items[1])
	},
	"watches tell of each change, as it is to who selects": func(p *probe) {
		before := p.created("before", small)
		since := p.watching(&metav1.ListOptions{ResourceVersion: before.ResourceVersion})
		all := p.watching(&metav1.ListOptions{})
		selected := p.watching(&metav1.ListOptions{ResourceVersion: before.ResourceVersion, LabelSelector: "chosen"})
		named := p.watching(&metav1.ListOptions{ResourceVersion: before.ResourceVersion, FieldSelector: "metadata.name=web"})
		streamed := p.watching(&metav1.ListOptions{
			SendInitialEvents: new(true), AllowWatchBookmarks: true, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
		})
		task := p.created("web", small)
		for _, patch := range []string{
			`{"metadata":{"labels":{"chosen":"yes"}}}`, `{"spec":{"suspend":true}}`, `{"spec":{"suspend":true}}`, `{"metadata":{"labels":null}}`,
			`{"metadata":{"labels":{"chosen":"again"},"finalizers":["mesos.dev/task"]}}`,
		} {
			p.note(patch, p.Patch(p.Context(), task, client.RawPatch(types.MergePatchType, []byte(patch))))
		}
		p.note("delete", p.Delete(p.Context(), task))
		p.note("let go", p.Patch(p.Context(), task, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
		for _, one := range []struct {
			what  string
			watch watch.Interface
			n     int
		}{{"since", since, 7}, {"all", all, 8}, {"selected", selected, 6}, {"named", named, 7}, {"streamed", streamed, 9}} {
			p.hear(one.what, one.watch, one.n)
		}
	},
	"Leases are taken by one": func(p *probe) {
		holder := "first"
		lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "lease", Namespace: p.namespace}, Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder}}
		p.note("create", p.Create(p.Context(), lease), lease)
		stale := lease.DeepCopy()
		holder = "second"
		p.note("update", p.Update(p.Context(), lease), lease)
		p.note("stale", p.Update(p.Context(), stale))
	},
	"sets are scaled": func(p *probe) {
		set := read(p.T, p.namespace, "web", "MesosTaskSet", `replicas: 2, template: {spec: {`+small+`}}`, &v1alpha1.MesosTaskSet{})
		p.note("create", p.Create(p.Context(), set), set)
		scale := &autoscalingv1.Scale{}
		p.note("get", p.SubResource("scale").Get(p.Context(), set, scale), scale)
		scale.Spec.Replicas = 5
		p.note("update", p.SubResource("scale").Update(p.Context(), set, client.WithSubResourceBody(scale)), scale)
		p.note("patch", p.SubResource("scale").Patch(p.Context(), set, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":7}}`)), &client.SubResourcePatchOptions{SubResourceBody: scale}), scale)
		p.note("scaled", p.Get(p.Context(), client.ObjectKeyFromObject(set), set), set)
	},
	"what is found has addresses": func(p *probe) {
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: p.namespace}, Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, Ports: []corev1.ServicePort{{Name: "http", Port: 80}},
		}}
		p.note("create", p.Create(p.Context(), service), service)
		slice := &discoveryv1.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: p.namespace}, AddressType: discoveryv1.AddressTypeIPv4,
			Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.1.2.3"}}},
		}
		p.note("slice", p.Create(p.Context(), slice), slice)
		slice.Endpoints = nil
		p.note("emptied", p.Update(p.Context(), slice), slice)
	},
}

// withVersion is a task as of some version.
func (p *probe) withVersion(task *v1alpha1.MesosTask, version string) *v1alpha1.MesosTask {
	task.ResourceVersion = version
	return task
}

// watching starts a watch.
func (p *probe) watching(options *metav1.ListOptions) watch.Interface {
	p.Helper()
	started, err := p.Watch(p.Context(), &v1alpha1.MesosTaskList{}, client.InNamespace(p.namespace), &client.ListOptions{Raw: options})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(started.Stop)
	return started
}

// hear notes the events of a watch.
func (p *probe) hear(what string, from watch.Interface, n int) {
	p.Helper()
	for heard := 0; heard < n; {
		select {
		case event := <-from.ResultChan():
			object, ok := event.Object.(client.Object)
			if !ok {
				p.Fatalf("%s: %s of a %T", what, event.Type, event.Object)
			}
			if event.Type == watch.Bookmark {
				// When the others come is the server's choice.
				if object.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "" {
					continue
				}
				object.SetResourceVersion("")
			}
			heard++
			p.note(what+" "+string(event.Type), nil, object)
		case <-p.Context().Done():
			p.Fatalf("%s: an event is missing", what)
		}
	}
}

// TestCases: what the double says is what kube-apiserver says.
func TestCases(t *testing.T) {
	kinds := kinds(t)
	for sentence, run := range cases {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			double := apiserver.New(apiserver.Options{Kinds: kinds})
			t.Cleanup(double.Close)
			want := noted(t, env.Config, run)
			got := noted(t, double.Config("test"), run)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("what kube-apiserver says (-) and what the double says (+):\n%s", diff)
			}
		})
	}
}

// noted is what a case notes of a server.
func noted(t *testing.T, config *rest.Config, run func(p *probe)) []string {
	t.Helper()
	reached, err := client.NewWithWatch(config, client.Options{Scheme: testenv.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "case-"}}
	if err := reached.Create(context.Background(), namespace); err != nil {
		t.Fatal(err)
	}
	p := &probe{T: t, WithWatch: reached, namespace: namespace.Name}
	run(p)
	return p.noted
}
