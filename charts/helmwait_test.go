package charts_test

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// settled is how long a task of the release has to be Ready at least before its set counts it as available: statuses have whole seconds.
const settled = 2 * time.Second

// setChart is a chart with nothing but a set.
var setChart = map[string]string{
	"Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
	"templates/set.yaml": `apiVersion: mesos.dev/v1alpha1
kind: MesosTaskSet
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: 2
  minReadySeconds: 3
  progressDeadlineSeconds: 10
  template:
    spec:
      shell: sleep 3600
      resources: {requests: {cpus: "{{ .Values.cpus }}", memory: 32Mi}}
`,
}

// waitedForByHelm installs and upgrades releases with a set as docs/sets.md says: Helm 4 waits until the set is Ready, and no longer than until it is Stalled;
// Helm 3 knows nothing of it and waits for nothing.
func (r *repository) waitedForByHelm() {
	r.t.Helper()
	directory := r.path("shop-chart")
	if err := os.MkdirAll(filepath.Join(directory, "templates"), 0o755); err != nil {
		r.t.Fatal(err)
	}
	for name, content := range setChart {
		r.write(filepath.Join("shop-chart", name), content)
	}
	ready := func(name string) bool {
		set := &v1alpha1.MesosTaskSet{}
		if err := r.client.Get(r.t.Context(), client.ObjectKey{Namespace: shop, Name: name}, set); err != nil {
			r.t.Fatal(err)
		}
		return meta.IsStatusConditionTrue(set.Status.Conditions, v1alpha1.ConditionReady)
	}
	helm := func(tool, verb, name, cpus string) (string, time.Duration, error) {
		began := time.Now()
		said, err := r.try(filepath.Join("bin", "tools", tool), verb, name, directory, "--namespace", shop, "--set", "cpus="+cpus, "--wait", "--timeout", patience.String())
		return said, time.Since(began), err
	}

	if said, took, err := helm("helm4", "install", "four", "0.1"); err != nil || !ready("four") || took < settled {
		r.t.Errorf("Helm 4 waited %s for a set that is Ready (%t): %v\n%s", took, ready("four"), err, said)
	}
	// No agent has so much: the rollout makes no progress.
	if said, took, err := helm("helm4", "upgrade", "four", "900"); err == nil || took > patience/2 || !strings.Contains(strings.ToLower(said), "fail") {
		r.t.Errorf("Helm 4 waited %s for a set that is Stalled: %v\n%s", took, err, said)
	}
	if said, _, err := helm("helm3", "install", "three", "0.1"); err != nil || ready("three") {
		r.t.Errorf("Helm 3 waited until the set was Ready (%t), which no version of it did before: %v\n%s", ready("three"), err, said)
	}
	r.tool("helm4", "uninstall", "four", "three", "--namespace", shop)
	// Nothing here does what garbage collection does elsewhere.
	r.tool("kubectl", "--namespace", shop, "delete", "mesostasks", "--selector", v1alpha1.LabelSet+" in (four,three)")
}
