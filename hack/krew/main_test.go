package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/pe"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// manifest is what krew knows of one.
type manifest struct {
	APIVersion string
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		Version, Homepage, ShortDescription, Description, Caveats string

		Platforms []struct {
			Selector         struct{ MatchLabels map[string]string }
			URI, SHA256, Bin string
		}
	}
}

// problems is what krew, and its index, refuse of a manifest.
func (m manifest) problems() (found []string) {
	refuse := func(is bool, what string) {
		if is {
			found = append(found, what)
		}
	}
	spec := m.Spec
	refuse(m.APIVersion != "krew.googlecontainertools.github.com/v1alpha2" || m.Kind != "Plugin", "kind")
	refuse(!regexp.MustCompile(`^[\w-]+$`).MatchString(m.Metadata.Name), "name")
	refuse(!semantic.MatchString(spec.Version), "version")
	refuse(spec.ShortDescription == "" || len(spec.ShortDescription) > 50 || strings.ContainsAny(spec.ShortDescription, "\r\n"), "short description")
	refuse(spec.Homepage == "" || spec.Description == "", "description")
	refuse(len(spec.Platforms) == 0, "no platform")
	seen := map[string]bool{}
	for _, one := range spec.Platforms {
		labels := one.Selector.MatchLabels
		name := labels["os"] + "/" + labels["arch"]
		refuse(len(labels) != 2 || labels["os"] == "" || labels["arch"] == "" || seen[name], "selector of "+name)
		refuse(!strings.HasPrefix(one.URI, "https://"), "address of "+name)
		refuse(!regexp.MustCompile(`^[a-f0-9]{64}$`).MatchString(one.SHA256), "sum of "+name)
		refuse(one.Bin == "" || path.Clean(one.Bin) != one.Bin || strings.HasPrefix(one.Bin, ".."), "program of "+name)
		seen[name] = true
	}
	return found
}

// TestPluginRelease makes a release of the plugin for a system that is not this one, and looks at what krew would get. One has to do: each compiles all anew
// where nothing is built yet.
func TestPluginRelease(t *testing.T) {
	t.Chdir(testenv.Root())
	out := t.TempDir()
	const version = "v1.2.3-rc.1"
	platforms := []string{"windows/amd64"}
	release := exec.CommandContext(t.Context(), "make", "--no-print-directory", "plugin-release", "VERSION="+version, "DIST="+out, "PLUGIN_PLATFORMS="+strings.Join(platforms, " "))
	if output, err := release.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	text, err := os.ReadFile(filepath.Join(out, "plugin", "mesos.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var released manifest
	if err := yaml.UnmarshalStrict(text, &released, yaml.DisallowUnknownFields); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if problems := released.problems(); problems != nil || released.Spec.Version != version || len(released.Spec.Platforms) != len(platforms) {
		t.Errorf("krew refuses %q of\n%s", problems, text)
	}
	for _, one := range released.Spec.Platforms {
		name := one.Selector.MatchLabels["os"] + "/" + one.Selector.MatchLabels["arch"]
		if !slices.Contains(platforms, name) || !strings.HasPrefix(one.URI, "https://github.com/mesos-operator/mesos-operator/releases/download/"+version+"/kubectl-mesos-") {
			t.Errorf("%s is at %s", name, one.URI)
		}
		archive, err := os.ReadFile(filepath.Join(out, "plugin", path.Base(one.URI)))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(archive); hex.EncodeToString(sum[:]) != one.SHA256 {
			t.Errorf("%s: the archive's sum is %x, the manifest's %s", name, sum, one.SHA256)
		}
		files := unpack(t, one.URI, archive)
		for _, text := range texts {
			if want, err := os.ReadFile(text); err != nil || string(files[text].content) != string(want) {
				t.Errorf("%s: %s is not the one of the repository (%v)", name, text, err)
			}
		}
		binary := files[one.Bin]
		if len(files) != 1+len(texts) || binary.mode != 0o755 || !isFor(name, binary.content) || !bytes.Contains(binary.content, []byte(version)) {
			t.Errorf("%s: %d files; %s has %d bytes and mode %o, and is not a program for it, of version %s", name, len(files), one.Bin, len(binary.content), binary.mode, version)
		}
	}
}

// isFor says whether a program runs on a platform.
func isFor(platform string, program []byte) bool {
	file, err := pe.NewFile(bytes.NewReader(program))
	return err == nil && platform == "windows/amd64" && file.Machine == pe.IMAGE_FILE_MACHINE_AMD64
}

// unpack reads an archive of either kind.
func unpack(t *testing.T, name string, archive []byte) map[string]file {
	t.Helper()
	found := map[string]file{}
	add := func(name string, mode fs.FileMode, content io.Reader) {
		bytes, err := io.ReadAll(content)
		if err != nil || found[name].name != "" {
			t.Fatalf("%s: %v, or twice", name, err)
		}
		found[name] = file{name, mode, bytes}
	}
	if strings.HasSuffix(name, ".zip") {
		reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range reader.File {
			content, err := one.Open()
			if err != nil {
				t.Fatal(err)
			}
			add(one.Name, one.Mode(), content)
		}
		return found
	}
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	reader := tar.NewReader(plain)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		add(header.Name, header.FileInfo().Mode(), reader)
	}
}

// TestArchives_tellNothingOfTheirMaking: when they are made and by whom is not in them.
func TestArchives_tellNothingOfTheirMaking(t *testing.T) {
	var tarred, zippedUp bytes.Buffer
	files := []file{{program, 0o755, []byte("program")}, {"LICENSE", 0o644, []byte("text")}}
	if err := errors.Join(tarball(&tarred, files), zipped(&zippedUp, files)); err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(&tarred)
	if err != nil {
		t.Fatal(err)
	}
	header, err := tar.NewReader(plain).Next()
	if err != nil || !plain.ModTime.IsZero() || plain.Name != "" || !header.ModTime.Equal(packed) || header.Uid+header.Gid != 0 || header.Uname+header.Gname != "" {
		t.Errorf("%v: %+v in %+v", err, header, plain.Header)
	}
	reader, err := zip.NewReader(bytes.NewReader(zippedUp.Bytes()), int64(zippedUp.Len()))
	if err != nil || len(reader.File) != len(files) || !reader.File[0].Modified.Equal(packed) {
		t.Errorf("%v: %+v", err, reader)
	}
}

// TestArchives_areTheSameTwice: whoever packs the same files a year later gets the same bytes.
func TestArchives_areTheSameTwice(t *testing.T) {
	files := []file{{program, 0o755, bytes.Repeat([]byte("program "), 1<<16)}, {"LICENSE", 0o644, []byte("text")}}
	for kind, pack := range map[string]func(io.Writer, []file) error{"tar.gz": tarball, "zip": zipped} {
		synctest.Test(t, func(t *testing.T) {
			var once, again bytes.Buffer
			first := pack(&once, files)
			time.Sleep(365 * 24 * time.Hour)
			if err := errors.Join(first, pack(&again, files)); err != nil || once.Len() == 0 || !bytes.Equal(once.Bytes(), again.Bytes()) {
				t.Errorf("%s: %v, %d and %d bytes that are not the same", kind, err, once.Len(), again.Len())
			}
		})
	}
}

// TestTemplate_isTakenApart: each platform of the template is found, and none but those that can be asked for are packed.
func TestTemplate_isTakenApart(t *testing.T) {
	t.Chdir(testenv.Root())
	source, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	head, platforms := split(string(source))
	names, parts := []string{}, []string{head}
	for _, one := range platforms {
		names = append(names, one.name())
		parts = append(parts, one.text)
		if !strings.Contains(one.text, "sha256: ${"+one.variable()+"}") {
			t.Errorf("%s has no sum in %s", one.name(), one.text)
		}
	}
	want := []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}
	if strings.Join(parts, "") != string(source) || !slices.Equal(names, want) {
		t.Errorf("it has %q, want %q", names, want)
	}
}

func TestRun_refuses(t *testing.T) {
	t.Chdir(testenv.Root())
	const url = "https://example.com"
	for sentence, tc := range map[string]struct {
		version, url string
		platforms    []string
		want         string
	}{
		"what git describes": {"39a1394-dirty", url, nil, `krew takes versions such as v0.1.0, and not "39a1394-dirty"`},
		"no v":               {"1.2.3", url, nil, "krew takes versions"},
		"no https":           {"v1.2.3", "http://example.com", nil, "krew fetches archives by https"},
		"another platform":   {"v1.2.3", url, []string{"plan9/386"}, "the manifest has no platform plan9/386"},
	} {
		if err := run(t.Context(), tc.version, tc.url, t.TempDir(), tc.platforms); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", sentence, err, tc.want)
		}
	}
}
