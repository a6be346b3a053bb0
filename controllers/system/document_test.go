package system

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

var block = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

// blocks are what a document shows in one language, in order.
func blocks(t *testing.T, document, language string) (found []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", document))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range block.FindAllStringSubmatch(string(text), -1) {
		if match[1] == language {
			found = append(found, match[2])
		}
	}
	return found
}

// shell runs what a document shows as a person would in the test's namespace: stopped by the first command that fails.
func (w *world) shell(script string) string {
	w.t.Helper()
	home := w.t.TempDir()
	settings := filepath.Join(home, "config")
	if err := os.WriteFile(settings, env.Kubeconfig(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	command := exec.CommandContext(w.t.Context(), "bash", "-euo", "pipefail", "-c", script)
	path := filepath.Join(testenv.Root(), "bin") + string(os.PathListSeparator) + os.Getenv("PATH")
	command.Env = append(os.Environ(), "HOME="+home, "KUBECONFIG="+settings, "PATH="+path)
	output, err := command.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s\n%v: %s", script, err, output)
	}
	return string(output)
}

// TestSet_document: the first manifest of docs/sets.md runs as it is, kubectl shows it by its columns, and waits for it as the document says. Its other
// commands are run where a repository is applied under the chart's roles (charts).
func TestSet_document(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	// The administrator's kubeconfig names no namespace; the document's reader works in one.
	bare := "kubectl config set-context --current --namespace " + w.namespace + " > /dev/null\n"

	manifest := strings.NewReplacer("    spec:\n", "    spec:\n      frameworkRef: {name: "+w.namespace+"}\n", "  replicas: 3\n", "  replicas: 3\n  minReadySeconds: 0\n").
		Replace(blocks(t, "sets.md", "yaml")[0])
	w.shell(bare + "kubectl apply -f - <<'END'\n" + manifest + "END\n")
	w.waitSet("site", "ready with three", func(set *v1alpha1.MesosTaskSet) bool { return isReady(set) && set.Status.AvailableReplicas == 3 })
	columns(t, w.shell(bare+"kubectl get mesostasksets"), "NAME READY UP-TO-DATE AVAILABLE AGE", "site 3 3 3")
	revision := w.get("site").Status.UpdateRevision
	columns(t, w.shell(bare+"kubectl get mesostasksets -o wide"),
		"NAME READY UP-TO-DATE AVAILABLE REVISION IMAGE SHELL COMMAND AGE", "site 3 3 3 "+revision+" exec python3 -m http.server $PORT_HTTP")
	w.shell(bare + "kubectl wait mesostaskset/site --for=condition=Ready --timeout=10s\n" +
		"kubectl wait mesostaskset/site --for=jsonpath='{.status.availableReplicas}'=3 --timeout=10s")
}

// columns compares what kubectl printed with the heads and the beginning of the first line, whatever space is between them.
func columns(t *testing.T, output, heads, first string) {
	t.Helper()
	lines := strings.Split(output, "\n")
	line := func(i int) string { return strings.Join(strings.Fields(lines[min(i, len(lines)-1)]), " ") }
	if line(0) != heads || !strings.HasPrefix(line(1), first) {
		t.Errorf("kubectl printed\n%s\nnot the columns %s and a line that begins with %s", output, heads, first)
	}
}

// get reads a MesosTaskSet.
func (w *world) get(name string) *v1alpha1.MesosTaskSet {
	w.t.Helper()
	set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
	if err := w.client.Get(w.t.Context(), client.ObjectKeyFromObject(set), set); err != nil {
		w.t.Fatal(err)
	}
	return set
}
