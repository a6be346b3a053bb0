package release_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func sums(t *testing.T, directory string) (string, error) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "./sums.sh", directory).CombinedOutput()
	return string(output), err
}

// TestSums: every file of a release has its sum, by the name that somebody downloads it under, wherever it was made.
func TestSums(t *testing.T) {
	dist, downloads := t.TempDir(), t.TempDir()
	for _, name := range []string{
		"programs/manager-linux-amd64", "programs/manager-linux-amd64.spdx.json", "plugin/kubectl-mesos-linux-amd64.tar.gz", "plugin/mesos.yaml", "install.yaml", "crds.yaml", "THIRD_PARTY_LICENSES",
		"mesos-operator-0.1.0.tgz", "SHA256SUMS", "SHA256SUMS.sigstore.json", "plugin/mesos.yaml.sigstore.json",
	} {
		path := filepath.Join(dist, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{path, filepath.Join(downloads, filepath.Base(name))} {
			if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if said, err := sums(t, dist); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", filepath.Join(dist, "SHA256SUMS"))
	check.Dir = downloads
	output, err := check.CombinedOutput()
	if err != nil || strings.Count(string(output), ": OK\n") != 8 || strings.Contains(string(output), "SUMS") || strings.Contains(string(output), "sigstore") {
		t.Errorf("%v\n%s", err, output)
	}
	if err := os.WriteFile(filepath.Join(dist, "plugin", "install.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := sums(t, dist); err == nil || !strings.Contains(said, "several files would be published as: install.yaml") {
		t.Errorf("%v: %s", err, said)
	}
}
