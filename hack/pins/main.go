// pins names every module that two go.mod files of this repository require at different versions, and fails where there is one: at one
// version each, what is compiled once serves the product and all tools.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// exception lets one go.mod file require modules at other versions than the others do.
type exception struct {
	file    string
	modules []string
	// reason is why they cannot be the same versions.
	reason string
}

// exceptions is all of them. One that is not needed any more has to go.
var exceptions = []exception{{
	file: "hack/kube-state-metrics/go.mod",
	modules: []string{
		"k8s.io/api", "k8s.io/apimachinery", "k8s.io/apiserver", "k8s.io/client-go", "k8s.io/component-base", "sigs.k8s.io/controller-runtime",
	},
	reason: "kube-state-metrics 2.18 and 2.19 lack the method Bookmark, which a Store of client-go has from 0.36 on; the others are of client-go's release",
}}

func main() {
	if err := run(context.Background(), ".", exceptions); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run returns an error that names what differs between the go.mod files below a directory.
func run(ctx context.Context, root string, exceptions []exception) error {
	files, err := find(root)
	if err != nil {
		return err
	}
	required := versions{}
	for _, file := range files {
		if err := required.read(ctx, root, file); err != nil {
			return err
		}
	}
	errs := required.except(exceptions)
	for _, module := range slices.Sorted(maps.Keys(required)) {
		errs = append(errs, drift(module, required[module]))
	}
	return errors.Join(errs...)
}

// find returns the go.mod files below a directory, relative to it. It passes over what the go command passes over, and what npm installs.
func find(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := entry.Name(); {
		case entry.IsDir() && path != root && (name == "testdata" || name == "vendor" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")):
			return fs.SkipDir
		case name == "go.mod" && !entry.IsDir():
			file, err := filepath.Rel(root, path)
			files = append(files, file)
			return err
		default:
			return nil
		}
	})
	if err != nil {
		return nil, fmt.Errorf("looking for go.mod files: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("looking for go.mod files: there is none in %s", root)
	}
	return files, nil
}

// versions has the version at which each file requires each module: versions[module][file].
type versions map[string]map[string]string

// module is a module at a version, as go mod edit -json writes it.
type module struct{ Path, Version string }

// read adds what a file requires.
func (v versions) read(ctx context.Context, root, file string) error {
	output, err := exec.CommandContext(ctx, "go", "mod", "edit", "-json", filepath.Join(root, file)).Output() //nolint:gosec // a file that was found here
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("reading %s: %s", file, strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	var content struct {
		Require []module
		Replace []struct{ Old, New module }
	}
	if err := json.Unmarshal(output, &content); err != nil {
		return fmt.Errorf("reading what go says of %s: %w", file, err)
	}
	replaced := map[module]module{}
	for _, replacement := range content.Replace {
		replaced[replacement.Old] = replacement.New
	}
	for _, required := range content.Require {
		// A replacement of this one version goes before one of all versions.
		for _, old := range []module{required, {Path: required.Path}} {
			if by, ok := replaced[old]; ok {
				required = effective(required.Path, by)
				break
			}
		}
		if v[required.Path] == nil {
			v[required.Path] = map[string]string{}
		}
		v[required.Path][file] = required.Version
	}
	return nil
}

// effective is what a module is where it is replaced. Another module in its place is as good as another version of it.
func effective(path string, by module) module {
	if by.Path == path {
		return by
	}
	return module{Path: path, Version: strings.TrimSpace(by.Path + " " + by.Version)}
}

// except takes out what may differ, and returns what is wrong with the exceptions themselves.
func (v versions) except(exceptions []exception) []error {
	was := versions{}
	for _, e := range exceptions {
		for _, module := range e.modules {
			if was[module] == nil {
				was[module] = map[string]string{}
			}
			was[module][e.file] = v[module][e.file]
			delete(v[module], e.file)
		}
	}
	var errs []error
	for _, e := range exceptions {
		if e.reason == "" {
			errs = append(errs, fmt.Errorf("the exception of %s lacks a reason", e.file))
		}
		for _, module := range e.modules {
			version, others := was[module][e.file], slices.Collect(maps.Values(v[module]))
			if version == "" || len(others) == 0 || slices.Contains(others, version) {
				errs = append(errs, fmt.Errorf("the exception of %s for %s is not needed any more", e.file, module))
			}
		}
	}
	return errs
}

// drift returns an error that says which files require a module at which versions, and which is the highest, if they are several.
func drift(module string, byFile map[string]string) error {
	files := map[string][]string{}
	for file, version := range byFile {
		files[version] = append(files[version], file)
	}
	if len(files) < 2 {
		return nil
	}
	sorted := slices.SortedFunc(maps.Keys(files), compare)
	var text strings.Builder
	fmt.Fprintf(&text, "%s is required at %d versions, the highest is %s:", module, len(files), sorted[len(sorted)-1])
	for _, version := range sorted {
		slices.Sort(files[version])
		fmt.Fprintf(&text, "\n  %s in %s", version, strings.Join(files[version], ", "))
	}
	return errors.New(text.String())
}

// compare orders versions as semantic versioning does: a release comes after its pre-releases, of which pseudo-versions are some.
func compare(a, b string) int {
	a, _, _ = strings.Cut(strings.TrimPrefix(a, "v"), "+")
	b, _, _ = strings.Cut(strings.TrimPrefix(b, "v"), "+")
	releaseA, beforeA, isBeforeA := strings.Cut(a, "-")
	releaseB, beforeB, isBeforeB := strings.Cut(b, "-")
	if order := compareParts(releaseA, releaseB); order != 0 {
		return order
	}
	if isBeforeA != isBeforeB {
		if isBeforeA {
			return -1
		}
		return 1
	}
	return compareParts(beforeA, beforeB)
}

// compareParts compares what is between dots: numbers as numbers, and before anything else.
func compareParts(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		switch isNumberA, isNumberB := isNumber(a), isNumber(b); {
		case isNumberA && isNumberB:
			return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
		case isNumberA:
			return -1
		case isNumberB:
			return 1
		default:
			return strings.Compare(a, b)
		}
	})
}

func isNumber(part string) bool { return part != "" && strings.Trim(part, "0123456789") == "" }
