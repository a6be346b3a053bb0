package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// kubectl runs kubectl in the test's namespace.
func (w *world) kubectl(input string, variables []string, arguments ...string) string {
	w.t.Helper()
	output, err := env.Kubectl(w.t.Context(), input, variables, append([]string{"--namespace", w.namespace}, arguments...)...)
	if err != nil {
		w.t.Fatalf("kubectl %v: %v: %s", arguments, err, output)
	}
	return output
}

// TestUnguarded does what the admission policies refuse where they are not installed, to a task that runs: status wins, the binding and
// the finalizer come back, and nothing is launched or killed.
func TestUnguarded(t *testing.T) {
	const manifest = `
apiVersion: mesos.dev/v1alpha1
kind: MesosTask
metadata: {name: web%s}
spec: {shell: sleep 1000, frameworkRef: {name: %s}, resources: {requests: {cpus: "0.1", memory: 32Mi}}}`
	plain := func(w *world) string { return fmt.Sprintf(manifest, "", w.namespace) }
	// bound is the manifest with a binding, as an export has it.
	bound := func(w *world, binding string) string {
		return fmt.Sprintf(manifest, fmt.Sprintf(", annotations: {mesos.dev/binding: %q}", binding), w.namespace)
	}
	cases := map[string]func(w *world, stale string){
		"kubectl replace by the manifest": func(w *world, _ string) { w.kubectl(plain(w), nil, "replace", "-f", "-") },
		"kubectl annotate takes the binding away": func(w *world, _ string) {
			w.kubectl("", nil, "annotate", "mesostask", "web", v1alpha1.AnnotationBinding+"-")
		},
		"kubectl edit spoils the binding": func(w *world, _ string) {
			w.kubectl("", []string{"KUBE_EDITOR=sed -i s/taskID/task/"}, "edit", "mesostask", "web")
		},
		"kubectl patch takes the finalizer away": func(w *world, _ string) {
			w.kubectl("", nil, "patch", "mesostask", "web", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		},
		"kubectl apply of a stale export": func(w *world, stale string) { w.kubectl(bound(w, stale), nil, "apply", "-f", "-") },
		"server-side apply of a stale export": func(w *world, stale string) {
			w.kubectl(bound(w, stale), nil, "apply", "--server-side", "--force-conflicts", "-f", "-")
		},
		"kubectl apply of a clean manifest after an export": func(w *world, stale string) {
			w.kubectl(bound(w, stale), nil, "apply", "-f", "-")
			w.kubectl(plain(w), nil, "apply", "-f", "-")
		},
	}
	for sentence, do := range cases {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t, simulator.Flags{}, nil)
			w.framework("")
			w.startManager()
			w.kubectl(plain(w), nil, "apply", "-f", "-")
			first := w.ready("web", v1alpha1.ReasonRunning)
			// A second attempt makes a stale export of the first.
			w.kubectl("", nil, "annotate", "mesostask", "web", v1alpha1.AnnotationRestartedAt+"=now")
			running := w.waitTask("web", "running anew", func(task *v1alpha1.MesosTask) bool {
				return task.Status.Task != nil && task.Status.Task.ID != first.Status.Task.ID && task.Status.Task.State == "TASK_RUNNING"
			}).Status.Task.ID
			launched := w.mesos.Calls("ACCEPT")

			do(w, first.Annotations[v1alpha1.AnnotationBinding])
			w.waitTask("web", "bound as it was", func(task *v1alpha1.MesosTask) bool {
				return strings.Contains(task.Annotations[v1alpha1.AnnotationBinding], running) && slices.Contains(task.Finalizers, v1alpha1.TaskFinalizer)
			})
			if diff := cmp.Diff([]string{running}, w.live()); diff != "" {
				t.Errorf("what runs (-want +got):\n%s", diff)
			}
			if got := w.mesos.Calls("ACCEPT"); got != launched {
				t.Errorf("%d ACCEPTs, want none", got-launched)
			}
			w.deleteTask("web")
			w.waitGone("web")
			if live := w.live(); len(live) > 0 {
				t.Errorf("%v runs though its object is gone", live)
			}
			w.neverTwoLive()
		})
	}
}
