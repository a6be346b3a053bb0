package charts_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// front is the sample of a set.
const front = "front"

// scaled does to the sample of a set what the controller of HorizontalPodAutoscalers does: it finds the kind's scale by discovery, reads how many there
// are and which, and writes how many there should be.
func (r *repository) scaled() {
	r.t.Helper()
	found, err := discovery.NewDiscoveryClientForConfig(r.config)
	if err != nil {
		r.t.Fatal(err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))
	scales, err := scale.NewForConfig(r.config, mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(found))
	if err != nil {
		r.t.Fatal(err)
	}
	resource := v1alpha1.GroupVersion.WithResource("mesostasksets").GroupResource()
	// An AverageValue of 100 where there are so many of whatever is measured.
	for _, measured := range []float64{470, 280} {
		current, err := scales.Scales(shop).Get(r.t.Context(), resource, front, metav1.GetOptions{})
		if err != nil {
			r.t.Fatalf("reading the scale: %v", err)
		}
		if selector, err := labels.Parse(current.Status.Selector); err != nil || selector.Empty() || int(current.Status.Replicas) != r.selected(selector) {
			r.t.Errorf("the scale has %d replicas and selector %q (%v), which finds %d MesosTasks", current.Status.Replicas, current.Status.Selector, err, r.selected(selector))
		}
		current.Spec.Replicas = int32(math.Ceil(measured / 100))
		if _, err := scales.Scales(shop).Update(r.t.Context(), resource, current, metav1.UpdateOptions{}); err != nil {
			r.t.Fatalf("writing the scale: %v", err)
		}
		r.setReady()
		now, err := scales.Scales(shop).Get(r.t.Context(), resource, front, metav1.GetOptions{})
		if err != nil || now.Status.Replicas != current.Spec.Replicas {
			r.t.Errorf("after scaling to %d the scale is %+v (%v)", current.Spec.Replicas, now, err)
		}
	}
}

// selected is how many MesosTasks a selector finds.
func (r *repository) selected(selector labels.Selector) int {
	r.t.Helper()
	tasks := &v1alpha1.MesosTaskList{}
	if err := r.client.List(r.t.Context(), tasks, client.InNamespace(shop), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		r.t.Fatal(err)
	}
	return len(tasks.Items)
}

// setReady waits until the sample of a set is Ready as it is, and returns it.
func (r *repository) setReady() *v1alpha1.MesosTaskSet {
	r.t.Helper()
	set := &v1alpha1.MesosTaskSet{}
	r.until("MesosTaskSet "+front+" is Ready", func(context.Context) (string, error) {
		r.get(shop, front, set)
		ready := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != set.Generation || set.Status.TerminatingReplicas > 0 {
			return fmt.Sprintf("it is %+v", set.Status), nil
		}
		return "", nil
	})
	return set
}

// commands are the blocks of commands in a text.
var commands = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// asDocumented runs what docs/sets.md says to do with its set, in its order, with the sample of one.
func (r *repository) asDocumented() {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "sets.md"))
	if err != nil {
		r.t.Fatal(err)
	}
	config, err := os.ReadFile(r.path("kubeconfig"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.write("shop-kubeconfig", string(config))
	r.tool("kubectl", "--kubeconfig", r.path("shop-kubeconfig"), "config", "set-context", "--current", "--namespace", shop)
	first, steps := r.setReady().DeepCopy(), 0
	for _, block := range commands.FindAllStringSubmatch(string(text), -1) {
		// Garbage collection is a controller's, and there is none here.
		if strings.Contains(block[1], "--cascade") {
			continue
		}
		steps++
		task := r.ofSet()[0]
		script := regexp.MustCompile(`\bsite\b`).ReplaceAllString(block[1], front)
		script = fmt.Sprintf("set -eu\nexport KUBECONFIG=%s\nkubectl() { %s \"$@\"; }\n%s", r.path("shop-kubeconfig"), kubectl(), script)
		output, err := r.try("bash", "-c", script)
		r.t.Logf("%s%s", block[1], output)
		if err != nil {
			r.t.Fatalf("as docs/sets.md has it: %v\n%s%s", err, block[1], output)
		}
		now := r.setReady()
		if strings.Contains(script, "revision=") && (!equality.Semantic.DeepEqual(first.Spec.Template, now.Spec.Template) || now.Status.UpdatedReplicas != *now.Spec.Replicas) {
			r.t.Errorf("after going back the template is\n%+v\nand the status %+v, want\n%+v", now.Spec.Template, now.Status, first.Spec.Template)
		}
		if strings.Contains(script, "/evict") {
			r.until("the MesosTask that was to leave is gone", func(context.Context) (string, error) {
				if slices.Contains(r.ofSet(), task) {
					return task, nil
				}
				return "", nil
			})
		}
	}
	if steps < 6 {
		r.t.Errorf("only %d blocks of commands were found in docs/sets.md", steps)
	}
}

// ofSet are the names of the MesosTasks of the sample of a set.
func (r *repository) ofSet() (names []string) {
	r.t.Helper()
	for _, name := range r.ofSets() {
		if strings.HasPrefix(name, front+"-") {
			names = append(names, name)
		}
	}
	return names
}
