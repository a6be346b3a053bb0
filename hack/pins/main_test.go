package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goMod is a go.mod file that says what is in it.
func goMod(lines ...string) string {
	return "module example.com/m\n\ngo 1.26.0\n\n" + strings.Join(lines, "\n") + "\n"
}

func TestRun(t *testing.T) {
	replaced := "replace k8s.io/api => k8s.io/api v0.37.1"
	for name, test := range map[string]struct {
		files      map[string]string
		exceptions []exception
		want       string
	}{
		"files that agree, and modules that only one requires": {
			files: map[string]string{
				"go.mod":            goMod("require k8s.io/api v0.37.1", "require example.com/a v1.0.0"),
				"hack/tools/go.mod": goMod("require k8s.io/api v0.37.1 // indirect", "require example.com/b v2.0.0+incompatible"),
			},
		},
		"a module at three versions, another at two": {
			files: map[string]string{
				"go.mod":       goMod("require k8s.io/api v0.37.1", "require example.com/a v1.9.0"),
				"hack/go.mod":  goMod("require k8s.io/api v0.9.0", "require example.com/a v1.10.0"),
				"tools/go.mod": goMod("require k8s.io/api v0.37.1-rc.1"),
				"other/go.mod": goMod("require k8s.io/api v0.37.1"),
			},
			want: "example.com/a is required at 2 versions, the highest is v1.10.0:\n  v1.9.0 in go.mod\n  v1.10.0 in hack/go.mod\n" +
				"k8s.io/api is required at 3 versions, the highest is v0.37.1:\n  v0.9.0 in hack/go.mod\n  v0.37.1-rc.1 in tools/go.mod\n" +
				"  v0.37.1 in go.mod, other/go.mod",
		},
		"a version that is replaced by the one that the others require": {
			files: map[string]string{
				"go.mod":      goMod("require k8s.io/api v0.37.1"),
				"hack/go.mod": goMod("require k8s.io/api v0.0.0", replaced),
			},
		},
		"a version that is replaced by another than the others require": {
			files: map[string]string{
				"go.mod":      goMod("require k8s.io/api v0.38.0"),
				"hack/go.mod": goMod("require k8s.io/api v0.38.0", replaced),
			},
			want: "k8s.io/api is required at 2 versions, the highest is v0.38.0:\n  v0.37.1 in hack/go.mod\n  v0.38.0 in go.mod",
		},
		"a replacement of one version goes before that of all": {
			files: map[string]string{
				"go.mod":      goMod("require k8s.io/api v0.37.2"),
				"hack/go.mod": goMod("require k8s.io/api v0.0.0", replaced, "replace k8s.io/api v0.0.0 => k8s.io/api v0.37.2"),
			},
		},
		"a replacement of a version that is not required": {
			files: map[string]string{
				"go.mod":      goMod("require k8s.io/api v0.37.2"),
				"hack/go.mod": goMod("require k8s.io/api v0.37.2", "replace k8s.io/api v0.0.0 => k8s.io/api v0.37.1"),
			},
		},
		"a fork in the place of a module": {
			files: map[string]string{
				"go.mod":      goMod("require k8s.io/api v0.37.1"),
				"hack/go.mod": goMod("require k8s.io/api v0.37.1", "replace k8s.io/api => example.com/fork v0.37.1"),
			},
			want: "k8s.io/api is required at 2 versions, the highest is example.com/fork v0.37.1:\n  v0.37.1 in go.mod\n  example.com/fork v0.37.1 in hack/go.mod",
		},
		"an exception": {
			files: map[string]string{
				"go.mod":       goMod("require k8s.io/api v0.37.1"),
				"hack/go.mod":  goMod("require k8s.io/api v0.34.0"),
				"tools/go.mod": goMod("require k8s.io/api v0.37.1"),
			},
			exceptions: []exception{{file: "hack/go.mod", modules: []string{"k8s.io/api"}, reason: "it does not compile with a newer one"}},
		},
		"two exceptions that agree": {
			files: map[string]string{
				"go.mod":       goMod("require k8s.io/api v0.37.1"),
				"hack/go.mod":  goMod("require k8s.io/api v0.34.0"),
				"tools/go.mod": goMod("require k8s.io/api v0.34.0"),
			},
			exceptions: []exception{
				{file: "hack/go.mod", modules: []string{"k8s.io/api"}, reason: "it does not compile with a newer one"},
				{file: "tools/go.mod", modules: []string{"k8s.io/api"}, reason: "it does not compile with a newer one"},
			},
		},
		"an exception for another file": {
			files: map[string]string{
				"go.mod":       goMod("require k8s.io/api v0.37.1"),
				"hack/go.mod":  goMod("require k8s.io/api v0.34.0"),
				"tools/go.mod": goMod("require k8s.io/api v0.35.0"),
			},
			exceptions: []exception{{file: "hack/go.mod", modules: []string{"k8s.io/api"}, reason: "it does not compile with a newer one"}},
			want:       "k8s.io/api is required at 2 versions, the highest is v0.37.1:\n  v0.35.0 in tools/go.mod\n  v0.37.1 in go.mod",
		},
		"exceptions that are not needed, and one without a reason": {
			files: map[string]string{
				"go.mod":      goMod("require k8s.io/api v0.37.1", "require example.com/a v1.0.0"),
				"hack/go.mod": goMod("require k8s.io/api v0.37.1", "require example.com/b v1.0.0"),
				"new/go.mod":  goMod("require example.com/a v1.1.0"),
			},
			exceptions: []exception{
				{file: "hack/go.mod", modules: []string{"k8s.io/api"}, reason: "once it did not compile"},
				{file: "hack/go.mod", modules: []string{"example.com/a"}, reason: "once it was required"},
				{file: "hack/go.mod", modules: []string{"example.com/b"}, reason: "once others required it"},
				{file: "gone/go.mod", modules: []string{"example.com/c"}, reason: "once there was such a file"},
				{file: "new/go.mod", modules: []string{"example.com/a"}},
			},
			want: "the exception of hack/go.mod for k8s.io/api is not needed any more\n" +
				"the exception of hack/go.mod for example.com/a is not needed any more\n" +
				"the exception of hack/go.mod for example.com/b is not needed any more\n" +
				"the exception of gone/go.mod for example.com/c is not needed any more\n" +
				"the exception of new/go.mod lacks a reason",
		},
		"directories that the go command passes over": {
			files: map[string]string{
				"go.mod":            goMod("require k8s.io/api v0.37.1"),
				".git/go.mod":       goMod("require k8s.io/api v0.1.0"),
				"_old/go.mod":       goMod("require k8s.io/api v0.2.0"),
				"a/testdata/go.mod": goMod("require k8s.io/api v0.3.0"),
				"vendor/x/go.mod":   goMod("require k8s.io/api v0.4.0"),
			},
		},
		"a file that is not a go.mod file": {
			files: map[string]string{"go.mod": goMod(), "hack/go.mod": "modul example.com/m\n"},
			want:  "reading hack/go.mod: go: errors parsing ",
		},
		"nothing to check": {
			files: map[string]string{"README.md": "# Nothing\n"},
			want:  "looking for go.mod files: there is none in ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, content := range test.files {
				path := filepath.Join(root, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var got string
			if err := run(t.Context(), root, test.exceptions); err != nil {
				got = err.Error()
			}
			// What go says of a file, and where a test's directory is, is not for us to say.
			if strings.HasSuffix(test.want, " ") && strings.HasPrefix(got, test.want) {
				return
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the complaint (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRun_saysWhyADirectoryCannotBeRead(t *testing.T) {
	err := run(t.Context(), filepath.Join(t.TempDir(), "nowhere"), nil)
	if err == nil || !strings.Contains(err.Error(), "looking for go.mod files: ") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

func TestCompare_ordersAsSemanticVersioningDoes(t *testing.T) {
	ordered := []string{
		"v0.0.0-20250102033503-faa5f7b0171c",
		"v0.0.0-20260410095643-746e56fc9e2f",
		"v0.0.0",
		"v1.0.0-alpha",
		"v1.0.0-alpha.1",
		"v1.0.0-alpha.beta",
		"v1.0.0-beta.2",
		"v1.0.0-beta.11",
		"v1.0.0-rc.1",
		"v1.0.0",
		"v1.0.1-0.20180830191138-d8f796af33cc",
		"v1.0.1",
		"v1.2.0+incompatible",
		"v1.10.0",
		"v2.0.0",
	}
	for _, rotation := range []int{0, 4, 11} {
		shuffled := slices.Concat(ordered[rotation:], ordered[:rotation])
		slices.Reverse(shuffled)
		slices.SortFunc(shuffled, compare)
		if diff := cmp.Diff(ordered, shuffled); diff != "" {
			t.Errorf("the order (-want +got):\n%s", diff)
		}
	}
}
