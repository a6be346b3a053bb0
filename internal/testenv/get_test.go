package testenv_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// stub plays the go command: it writes the API server's programs in no time. All else, such as setup-envtest, the real one builds, unless
// the environment says that its modules are not to be had.
const stub = `#!/usr/bin/env bash
for last; do :; done
case $1,$last in
build,*/cmd/kube-apiserver | build,*/cmd/kubectl | build,*/etcd/server/v3)
	while [[ $1 != -o ]]; do shift; done
	printf '#!/bin/sh\necho built\n' >"$2"
	chmod +x "$2"
	;;
*,-x)
	case ${MODULES:-} in
	refused) echo 'go: example.com/m@v1.0.0: 403 Forbidden' >&2; exit 1 ;;
	silent) exec sleep 600 ;;
	esac
	exec "$REAL_GO" "$@"
	;;
*) exec "$REAL_GO" "$@" ;;
esac
`

// checkout is a directory in which hack/envtest/get.sh believes to be at home.
type checkout struct {
	t    *testing.T
	root string
	// variables is the environment that all runs have in common.
	variables []string
}

// newCheckout makes one. tools is where setup-envtest is built, which checkouts can share.
func newCheckout(t *testing.T, tools string) *checkout {
	t.Helper()
	realGo, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	// Reading them here makes go test run the tests anew when they change.
	for _, input := range []string{"hack/envtest/get.sh", "hack/envtest/go.sum", "hack/setup-envtest/go.sum"} {
		if _, err := os.ReadFile(filepath.Join(testenv.Root(), input)); err != nil {
			t.Fatal(err)
		}
	}
	c := &checkout{t: t, root: t.TempDir()}
	c.write("path/go", stub)
	c.write("bin/unrelated", "")
	// The script looks for bin/ from where it is started, so that it takes this directory for its own.
	for link, target := range map[string]string{"hack": filepath.Join(testenv.Root(), "hack"), "bin/tools": tools} {
		if err := os.Symlink(target, filepath.Join(c.root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); name != "KUBEBUILDER_ASSETS" && !strings.HasPrefix(name, "ENVTEST_") {
			c.variables = append(c.variables, variable)
		}
	}
	c.variables = append(c.variables, "REAL_GO="+realGo, "PATH="+filepath.Join(c.root, "path")+":"+os.Getenv("PATH"), "WITH_KUBECTL=1")
	return c
}

// write writes a program.
func (c *checkout) write(name, content string) {
	c.t.Helper()
	path := filepath.Join(c.root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o755)); err != nil {
		c.t.Fatal(err)
	}
}

// get runs the script and returns what it said. It must come to an end even where a host never answers.
func (c *checkout) get(variables ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(c.root, "hack/envtest/get.sh"))
	command.Env = slices.Concat(c.variables, variables)
	command.Dir = c.root
	// What the script started ends with it.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	output, err := command.CombinedOutput()
	return strings.NewReplacer(c.root, "ROOT").Replace(string(output)), err
}

// programs says where each program in bin/ came from: it says so itself. No file that is only needed on the way may be left.
func (c *checkout) programs() map[string]string {
	c.t.Helper()
	origins := map[string]string{}
	entries, err := os.ReadDir(filepath.Join(c.root, "bin"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, entry := range entries {
		switch name := entry.Name(); {
		case name == "tools" || name == "unrelated" || strings.HasPrefix(name, ".envtest-"):
		default:
			output, err := exec.CommandContext(c.t.Context(), filepath.Join(c.root, "bin", name)).Output()
			if err != nil {
				c.t.Errorf("running bin/%s: %v", name, err)
			}
			origins[name] = strings.TrimSpace(string(output))
		}
	}
	return origins
}

// all is what programs returns where all of them came from one place.
func all(origin string) map[string]string {
	return map[string]string{"etcd": origin, "kube-apiserver": origin, "kubectl": origin}
}

// archive is one as setup-envtest downloads it, with programs that say that they were downloaded.
func archive(t *testing.T, programs ...string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	compressed := gzip.NewWriter(&buffer)
	files := tar.NewWriter(compressed)
	content := "#!/bin/sh\necho downloaded\n"
	for _, program := range programs {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: "controller-tools/envtest/" + program, Mode: 0o755, Size: int64(len(content))}
		if err := files.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(files.Close(), compressed.Close()); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// release is the minor release of Kubernetes that hack/envtest/go.mod pins, such as 1.37.
func release(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testenv.Root(), "hack/envtest/go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(string(content), "\tk8s.io/kubernetes v")
	parts := strings.Split(version, ".")
	if len(parts) < 3 {
		t.Fatalf("hack/envtest/go.mod does not require k8s.io/kubernetes:\n%s", content)
	}
	return parts[0] + "." + parts[1]
}

// host plays the index of setup-envtest, at /index.yaml, and the archive that it names. What a test does not set is as it should be.
type host struct {
	// versions are the releases in the index.
	versions []string
	programs []string
	sum      string
	// index and archive, where set, answer in the place of what is right.
	index, archive http.HandlerFunc
}

// start starts it and returns the URL of its index.
func (h host) start(t *testing.T) string {
	t.Helper()
	content := archive(t, h.programs...)
	if h.sum == "" {
		sum := sha512.Sum512(content)
		h.sum = hex.EncodeToString(sum[:])
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	if h.index == nil {
		h.index = func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "releases:")
			for _, version := range h.versions {
				name := fmt.Sprintf("envtest-v%s-%s-%s.tar.gz", version, runtime.GOOS, runtime.GOARCH)
				fmt.Fprintf(w, "  v%s:\n    %s:\n      hash: %s\n      selfLink: %s/archive/%s\n", version, name, h.sum, server.URL, version)
			}
		}
	}
	if h.archive == nil {
		h.archive = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }
	}
	mux.HandleFunc("/index.yaml", h.index)
	mux.HandleFunc("/archive/", h.archive)
	return server.URL + "/index.yaml"
}

// silent answers nothing until whoever asked goes away.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// stalling sends the beginning of an answer and then nothing more.
func stalling(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1000000")
	_, _ = w.Write(make([]byte, 10000))
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func refusing(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }

const (
	// notThere is an index on a port that nobody listens to.
	notThere = "ENVTEST_INDEX=http://127.0.0.1:1/index.yaml"
	// patience is for a host that is silent: short, and yet enough for a program to start on a busy machine. Others get the usual one.
	patience = "ENVTEST_PATIENCE=3"

	building   = "Building etcd, kube-apiserver and kubectl from pinned modules, which takes minutes the first time, as "
	noDownload = building + "there is no download: "
)

// TestGet_downloadsElseBuilds shows where the programs come from where nobody named a directory, and what is said of the reason.
func TestGet_downloadsElseBuilds(t *testing.T) {
	tools, release := t.TempDir(), release(t)
	if said, err := newCheckout(t, tools).get(notThere); err != nil {
		t.Fatalf("building setup-envtest for all: %v\n%s", err, said)
	}
	here, old, programs := []string{"1.2.3", release + ".0", release + ".12", release + ".9"}, []string{"1.2.3"}, []string{"etcd", "kube-apiserver", "kubectl"}
	downloading := "Downloading etcd, kube-apiserver and kubectl of Kubernetes v" + release + ".12, as "
	for name, test := range map[string]struct {
		host      host
		variables []string
		// says are the lines that say which way is taken and why: {...} stands for what others word.
		says []string
		// fails says that no program is to be had.
		fails bool
		want  map[string]string
	}{
		"the newest patch of the release is downloaded": {
			host: host{versions: here, programs: programs},
			says: []string{downloading + "KUBEBUILDER_ASSETS names none."},
			want: all("downloaded"),
		},
		"a download that is asked for": {
			host:      host{versions: here, programs: programs},
			variables: []string{"ENVTEST_SOURCE=download", "KUBEBUILDER_ASSETS=/nowhere"},
			says:      []string{downloading + "ENVTEST_SOURCE says."},
			want:      all("downloaded"),
		},
		"a build that is asked for": {
			host:      host{versions: here, programs: programs},
			variables: []string{"ENVTEST_SOURCE=build", "KUBEBUILDER_ASSETS=/nowhere"},
			says:      []string{building + "ENVTEST_SOURCE says."},
			want:      all("built"),
		},
		"a wrong checksum": {
			host: host{versions: here, programs: programs, sum: strings.Repeat("0", 128)},
			says: []string{downloading + "KUBEBUILDER_ASSETS names none.", noDownload + "downloading Kubernetes v" + release + ".12: {checksum mismatch for envtest-v}"},
			want: all("built"),
		},
		"a wrong checksum of a download that is asked for": {
			host:      host{versions: here, programs: programs, sum: strings.Repeat("0", 128)},
			variables: []string{"ENVTEST_SOURCE=download"},
			says: []string{downloading + "ENVTEST_SOURCE says.", "ENVTEST_SOURCE is download, but there is none: downloading Kubernetes v" + release +
				".12: {checksum mismatch for envtest-v}"},
			fails: true,
		},
		"an index without the release": {
			host: host{versions: old, programs: programs},
			says: []string{noDownload + "the index of setup-envtest has no Kubernetes " + release + " for this platform."},
			want: all("built"),
		},
		"an index that is refused": {
			host: host{index: refusing},
			says: []string{noDownload + `asking the index of setup-envtest: {got status "403 Forbidden"}`},
			want: all("built"),
		},
		"a host that is not there": {
			variables: []string{notThere},
			says:      []string{noDownload + "asking the index of setup-envtest: {connection refused}"},
			want:      all("built"),
		},
		"an index that never answers": {
			host:      host{index: silent},
			variables: []string{patience},
			says:      []string{noDownload + "asking the index of setup-envtest: nothing came for 3 s."},
			want:      all("built"),
		},
		"an archive that never answers": {
			host:      host{versions: here, archive: silent},
			variables: []string{patience},
			says:      []string{downloading + "KUBEBUILDER_ASSETS names none.", noDownload + "downloading Kubernetes v" + release + ".12: nothing came for 3 s."},
			want:      all("built"),
		},
		"an archive that stops coming": {
			host:      host{versions: here, archive: stalling},
			variables: []string{patience},
			says:      []string{downloading + "KUBEBUILDER_ASSETS names none.", noDownload + "downloading Kubernetes v" + release + ".12: nothing came for 3 s."},
			want:      all("built"),
		},
		"an archive without kubectl": {
			host: host{versions: here, programs: []string{"etcd", "kube-apiserver"}},
			says: []string{
				downloading + "KUBEBUILDER_ASSETS names none.",
				"Building kubectl from pinned modules, which takes minutes the first time, as there is no download: the archive of Kubernetes v" + release + ".12 has no kubectl.",
			},
			want: map[string]string{"etcd": "downloaded", "kube-apiserver": "downloaded", "kubectl": "built"},
		},
		"a kubectl that is installed": {
			host:      host{versions: here, programs: programs},
			variables: []string{"WITH_KUBECTL="},
			says:      []string{"Downloading etcd and kube-apiserver of Kubernetes v" + release + ".12, as KUBEBUILDER_ASSETS names none."},
			want:      map[string]string{"etcd": "downloaded", "kube-apiserver": "downloaded"},
		},
		"a source that there is not": {
			variables: []string{"ENVTEST_SOURCE=rpm"},
			says:      []string{"ENVTEST_SOURCE is rpm: it can be auto, download or build."},
			fails:     true,
		},
		"a patience that is no number": {
			variables: []string{"ENVTEST_PATIENCE=15s"},
			says:      []string{"ENVTEST_PATIENCE is 15s: it is a number of seconds."},
			fails:     true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t, tools)
			c.write("path/kubectl", "#!/bin/sh\necho installed\n")
			variables := append([]string{"ENVTEST_INDEX=" + test.host.start(t)}, test.variables...)
			said, err := c.get(variables...)
			check(t, said, err, test.says, test.fails, c.programs(), test.want)
			if test.fails {
				return
			}
			// What is there stays, without a word; no host is asked, which would not answer, and nothing is built.
			if said, err := c.get(append(variables, notThere)...); said != "" || err != nil {
				t.Errorf("the second run: %v, and it said:\n%s", err, said)
			}
			if diff := cmp.Diff(test.want, c.programs()); diff != "" {
				t.Errorf("the programs after the second run (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGet_buildsWhereSetupEnvtestIsNotToBeHad is about an environment that has the modules of the programs, but not those.
func TestGet_buildsWhereSetupEnvtestIsNotToBeHad(t *testing.T) {
	for modules, reason := range map[string]string{
		"refused": "fetching setup-envtest: go: example.com/m@v1.0.0: 403 Forbidden.",
		"silent":  "fetching setup-envtest: nothing came for 3 s.",
	} {
		t.Run(modules, func(t *testing.T) {
			c := newCheckout(t, t.TempDir())
			said, err := c.get(patience, "MODULES="+modules)
			check(t, said, err, []string{noDownload + reason}, false, c.programs(), all("built"))
		})
	}
}

// TestGet_takesWhatIsNamed is about KUBEBUILDER_ASSETS.
func TestGet_takesWhatIsNamed(t *testing.T) {
	given := "#!/bin/sh\necho given\n"
	for name, test := range map[string]struct {
		programs map[string]fs.FileMode
		assets   string
		says     []string
		fails    bool
		want     map[string]string
	}{
		"all three": {
			programs: map[string]fs.FileMode{"etcd": 0o755, "kube-apiserver": 0o755, "kubectl": 0o755},
			assets:   "given",
			says:     []string{"Taking etcd, kube-apiserver and kubectl from ROOT/given, as KUBEBUILDER_ASSETS says."},
			want:     all("given"),
		},
		"without kubectl": {
			programs: map[string]fs.FileMode{"etcd": 0o755, "kube-apiserver": 0o755},
			assets:   "given",
			says: []string{
				"Taking etcd and kube-apiserver from ROOT/given, as KUBEBUILDER_ASSETS says.",
				"Building kubectl from pinned modules, which takes minutes the first time, as there is no download: fetching setup-envtest: go: example.com/m@v1.0.0: 403 Forbidden.",
			},
			want: map[string]string{"etcd": "given", "kube-apiserver": "given", "kubectl": "built"},
		},
		"without etcd": {
			programs: map[string]fs.FileMode{"kube-apiserver": 0o755, "kubectl": 0o755},
			assets:   "given",
			says:     []string{"KUBEBUILDER_ASSETS is ROOT/given, where no executable etcd is: unset it, or name a directory that has etcd and kube-apiserver."},
			fails:    true,
		},
		"a kube-apiserver that cannot be executed": {
			programs: map[string]fs.FileMode{"etcd": 0o755, "kube-apiserver": 0o644},
			assets:   "given",
			says:     []string{"KUBEBUILDER_ASSETS is ROOT/given, where no executable kube-apiserver is: unset it, or name a directory that has etcd and kube-apiserver."},
			fails:    true,
		},
		"no directory": {
			assets: "nowhere",
			says:   []string{"KUBEBUILDER_ASSETS is nowhere, which is no directory: unset it, or name one that has etcd and kube-apiserver."},
			fails:  true,
		},
		"where the programs are put anyway": {
			assets: "bin",
			says:   []string{noDownload + "fetching setup-envtest: go: example.com/m@v1.0.0: 403 Forbidden."},
			want:   all("built"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t, t.TempDir())
			for program, mode := range test.programs {
				c.write(filepath.Join("given", program), given)
				if err := os.Chmod(filepath.Join(c.root, "given", program), mode); err != nil {
					t.Fatal(err)
				}
			}
			said, err := c.get("MODULES=refused", "KUBEBUILDER_ASSETS="+test.assets)
			check(t, said, err, test.says, test.fails, c.programs(), test.want)
		})
	}
}

// TestGet_changesOver shows that what is in bin/ is always from where the environment says, and that what was linked is not written to.
func TestGet_changesOver(t *testing.T) {
	c, release := newCheckout(t, t.TempDir()), release(t)
	for program := range all("") {
		c.write(filepath.Join("given", program), "#!/bin/sh\necho given\n")
	}
	index := "ENVTEST_INDEX=" + host{versions: []string{release + ".1"}, programs: slices.Collect(maps.Keys(all("")))}.start(t)
	for step, variables := range [][]string{
		{"given", "KUBEBUILDER_ASSETS=given"},
		{"built", "KUBEBUILDER_ASSETS=given", "ENVTEST_SOURCE=build"},
		{"built", index},
		{"downloaded", index, "ENVTEST_SOURCE=download"},
		{"downloaded", index},
		{"given", index, "KUBEBUILDER_ASSETS=given"},
		{"downloaded", index},
		{"built", index, "ENVTEST_SOURCE=build"},
	} {
		said, err := c.get(variables[1:]...)
		if err != nil {
			t.Fatalf("step %d, %v: %v\n%s", step, variables, err, said)
		}
		if diff := cmp.Diff(all(variables[0]), c.programs()); diff != "" {
			t.Fatalf("the programs after step %d, %v (-want +got):\n%s", step, variables, diff)
		}
	}
	for program := range all("") {
		if output, err := exec.CommandContext(t.Context(), filepath.Join(c.root, "given", program)).Output(); string(output) != "given\n" {
			t.Errorf("the %s that was given is no more: %q, %v", program, output, err)
		}
	}
}

// progress is what is said of each program that is built.
var progress = regexp.MustCompile(`^Building (etcd|kube-apiserver|kubectl) v[0-9]+\.[0-9]+\.[0-9]+\n$`)

// check compares what the script said, how it ended and what it left with what was wanted.
func check(t *testing.T, said string, err error, says []string, fails bool, got, want map[string]string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(said) {
		// The progress of a build is not a reason.
		if !progress.MatchString(line) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	if len(lines) != len(says) || !slices.EqualFunc(lines, says, matches) {
		t.Errorf("it said:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(says, "\n"))
	}
	if fails != (err != nil) {
		t.Errorf("it ended with %v; should it fail: %v", err, fails)
	}
	if want == nil {
		want = map[string]string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the programs (-want +got):\n%s", diff)
	}
}

// matches says whether a line is the wanted one. Where that has {words}, they are somewhere in the rest of the line.
func matches(line, want string) bool {
	before, words, isLoose := strings.Cut(strings.TrimSuffix(want, "}"), "{")
	rest, begins := strings.CutPrefix(line, before)
	if !isLoose {
		return line == want
	}
	return begins && strings.Contains(rest, words)
}
