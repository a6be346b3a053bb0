package charts_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// exported exports and restores as docs/backup.md says. What sets and cron tasks own is not in the export, and its Mesos tasks are theirs again once they are
// restored, as they run. (Here nothing collects garbage: that it would take what names an owner that is gone is Kubernetes' word.)
func (r *repository) exported() {
	r.t.Helper()
	r.tool("kubectl", "--namespace", shop, "annotate", "mesoscrontask", "nightly", "mesos.dev/run-requested-at=once")
	before := map[string]string{}
	r.until("a set and a cron task have tasks that run", func(context.Context) (string, error) {
		before = r.owned()
		running := map[string]int{}
		for name, taskID := range before {
			if taskID != "" {
				running[strings.Split(name, "-")[0]]++
			}
		}
		if running["front"] < 3 || running["nightly"] != 1 {
			return fmt.Sprintf("there are %v", before), nil
		}
		return "", nil
	})
	r.export()
	for name := range before {
		if exported, err := os.ReadFile(r.path("export/tasks.yaml")); err != nil || strings.Contains(string(exported), "name: "+name+"\n") {
			r.t.Errorf("%s is in the export, which names an owner that will be another (%v)", name, err)
		}
	}
	for _, task := range []string{"web", "huge"} {
		if exported, err := os.ReadFile(r.path("export/tasks.yaml")); err != nil || !strings.Contains(string(exported), "name: "+task+"\n") {
			r.t.Errorf("%s is not in the export (%v)", task, err)
		}
	}

	r.manager.stop()
	r.lose(slices.Collect(maps.Keys(before)))
	r.tool("kubectl", "--namespace", shop, "apply", "--filename", r.path("export/sets.yaml"))
	r.startManager()
	r.until("what ran is the sets' and the cron tasks' again", func(context.Context) (string, error) {
		now := r.owned()
		for name, taskID := range before {
			if taskID != "" && now[name] != taskID {
				return fmt.Sprintf("%s is %q, want %q", name, now[name], taskID), nil
			}
		}
		return "", nil
	})
	r.setReady()
}

// export runs the commands of docs/backup.md that export, in a directory of their own.
func (r *repository) export() {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "backup.md"))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.Mkdir(r.path("export"), 0o755); err != nil {
		r.t.Fatal(err)
	}
	blocks := commands.FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 1 {
		r.t.Fatalf("docs/backup.md has %d blocks of commands that are run here, want one", len(blocks))
	}
	script := fmt.Sprintf("set -eu\ncd %s\nexport KUBECONFIG=%s\nkubectl() { %s \"$@\"; }\n%s", r.path("export"), r.path("shop-kubeconfig"), kubectl(), blocks[0][1])
	if output, err := r.try("bash", "-c", script); err != nil {
		r.t.Fatalf("as docs/backup.md has it: %v\n%s", err, output)
	}
}

// owned are the MesosTasks of sets and cron tasks, and what is bound to each.
func (r *repository) owned() map[string]string {
	r.t.Helper()
	tasks := &v1alpha1.MesosTaskList{}
	if err := r.client.List(r.t.Context(), tasks, client.InNamespace(shop)); err != nil {
		r.t.Fatal(err)
	}
	owned := map[string]string{}
	for i := range tasks.Items {
		task := &tasks.Items[i]
		if metav1.GetControllerOf(task) == nil {
			continue
		}
		if owned[task.Name] = ""; task.Status.Task != nil {
			owned[task.Name] = task.Status.Task.ID
		}
	}
	return owned
}

// lose takes all sets and cron tasks away, and what they own, without a word to anybody.
func (r *repository) lose(tasks []string) {
	r.t.Helper()
	// The admission policy would keep what is lost here.
	r.tool("kubectl", "delete", "validatingadmissionpolicybinding", "mesos-operator-mesostask")
	for _, name := range tasks {
		task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: name}}
		r.until("the finalizer of "+name+" is gone", func(ctx context.Context) (string, error) {
			err := r.client.Patch(ctx, task, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)))
			if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) {
				return err.Error(), nil // the API server has not heard of it yet
			}
			return "", err
		})
		if err := r.client.Delete(r.t.Context(), task); err != nil {
			r.t.Fatal(err)
		}
	}
	for _, kind := range []client.Object{&v1alpha1.MesosTaskSet{}, &v1alpha1.MesosCronTask{}, &appsv1.ControllerRevision{}} {
		if err := r.client.DeleteAllOf(r.t.Context(), kind, client.InNamespace(shop)); err != nil {
			r.t.Fatal(err)
		}
	}
}
