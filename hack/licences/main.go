// Program licences writes which modules the programs are built from and under which licences, and likewise what the Headlamp plugin's bundle contains: a
// table for people (docs/licences.md) and, for whoever passes them on, the texts and notices that the licences want to go with them
// (THIRD_PARTY_LICENSES). It reads modules from the module cache and fails at a licence that it does not know, or that this project does not take.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// programs are those that are passed on, systems those that they are built for: each may need modules that the others do not.
var (
	programs = []string{"./cmd/manager", "./cmd/kubectl-mesos"}
	systems  = []string{"linux", "darwin", "windows"}
)

// module is a module that a program is built from.
type module struct {
	Path, Version, Dir string
	Main               bool
}

// licensed is a module with its licences, by their SPDX identifiers, and its texts.
type licensed struct {
	module
	licences []string
	texts    []string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 2 {
		return fmt.Errorf("want two arguments, the table and the texts, not %d", len(arguments))
	}
	modules, err := dependencies(context.Background())
	if err != nil {
		return err
	}
	var all []licensed
	for _, m := range modules {
		one, err := read(m)
		if err != nil {
			return fmt.Errorf("reading the licence of %s %s: %w", m.Path, m.Version, err)
		}
		all = append(all, one)
	}
	standard, err := os.ReadFile("LICENSE")
	if err != nil {
		return fmt.Errorf("reading the project's licence: %w", err)
	}
	packages, err := readBundle(ui, string(standard))
	if err != nil {
		return fmt.Errorf("reading what the Headlamp plugin contains: %w", err)
	}
	for path, content := range map[string]string{arguments[0]: table(all) + bundleTable(packages), arguments[1]: notices(all, packages)} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil { //nolint:gosec // everybody may read what is in the repository
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}

// dependencies are the modules that the programs are built from, by path.
func dependencies(ctx context.Context) ([]module, error) {
	known := map[string]module{}
	for _, system := range systems {
		list := exec.CommandContext(ctx, "go", append([]string{"list", "-deps", "-json=Module"}, programs...)...) //nolint:gosec // the programs of this project
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		list.Stderr = os.Stderr
		output, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("listing what the programs are built from: %w", err)
		}
		decoder := json.NewDecoder(bytes.NewReader(output))
		for {
			var one struct{ Module *module }
			if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("reading what go list says: %w", err)
			}
			if one.Module != nil && !one.Module.Main {
				known[one.Module.Path] = *one.Module
			}
		}
	}
	modules := make([]module, 0, len(known))
	for _, m := range known {
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b module) int { return cmp.Compare(a.Path, b.Path) })
	return modules, nil
}

// kept are the files of a module that go with it: its licences, and the notices of Apache's.
var kept = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)([.-].*)?$`)

// read reads the licences of a module.
func read(m module) (licensed, error) {
	one := licensed{module: m}
	entries, err := os.ReadDir(m.Dir)
	if err != nil {
		return licensed{}, fmt.Errorf("reading the module (fetch it with: go mod download): %w", err)
	}
	for _, entry := range entries {
		if entry.IsDir() || !kept.MatchString(entry.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(m.Dir, entry.Name()))
		if err != nil {
			return licensed{}, err
		}
		text := strings.TrimSpace(strings.ReplaceAll(string(content), "\r\n", "\n"))
		one.texts = append(one.texts, text)
		if strings.HasPrefix(strings.ToLower(entry.Name()), "notice") {
			continue
		}
		found := classify(text)
		if len(found) == 0 {
			return licensed{}, fmt.Errorf("its file %s is none of the licences that are known here: look at it, and teach hack/licences to know it if the project can take it", entry.Name())
		}
		one.licences = append(one.licences, found...)
	}
	if len(one.licences) == 0 {
		return licensed{}, errors.New("it has no licence: nobody may pass it on")
	}
	slices.Sort(one.licences)
	one.licences = slices.Compact(one.licences)
	return one, nil
}

// mark is what only the text of a licence has.
type mark struct {
	licence string
	words   []string
	// not are words of another licence that has the former as well.
	not []string
}

// marks are those of the licences that this project takes: they ask for no more than that text and notices go along. A licence that is not here is
// refused, and among those are all that ask for the source of what is built with them.
var marks = []mark{
	{"Apache-2.0", []string{"apache license", "version 2.0, january 2004"}, nil},
	{"Apache-2.0", []string{"licensed under the apache license, version 2.0"}, []string{"version 2.0, january 2004"}},
	{"BSD-3-Clause", []string{"redistributions in binary form must reproduce", "endorse or promote products"}, nil},
	{"BSD-2-Clause", []string{"redistributions in binary form must reproduce"}, []string{"endorse or promote products"}},
	{"MIT", []string{"permission is hereby granted, free of charge", "the above copyright notice and this permission notice shall be included"}, nil},
	{"ISC", []string{"distribute this software for any purpose with or without fee is hereby granted"}, nil},
}

// refused are words of licences that ask for more, whatever else a text says.
var refused = []string{"gnu general public license", "gnu affero", "gnu lesser", "mozilla public license", "server side public license", "business source license"}

var blanks = regexp.MustCompile(`[\s#*/]+`)

// classify says which licences a text holds; none where it is none that is taken.
func classify(text string) []string {
	plain := blanks.ReplaceAllString(strings.ToLower(text), " ")
	has := func(words string) bool { return strings.Contains(plain, words) }
	var found []string
	for _, m := range marks {
		if !slices.ContainsFunc(m.words, func(words string) bool { return !has(words) }) && !slices.ContainsFunc(m.not, has) && !slices.Contains(found, m.licence) {
			found = append(found, m.licence)
		}
	}
	if slices.ContainsFunc(refused, has) {
		return nil
	}
	return found
}

// table is the list for people.
func table(all []licensed) string {
	var text strings.Builder
	count := map[string]int{}
	for _, one := range all {
		count[strings.Join(one.licences, " AND ")]++
	}
	text.WriteString(`# Licences

mesos-operator is under the [Apache License 2.0](../LICENSE). What follows are the modules that the manager and the kubectl plugin are built from, on Linux,
macOS and Windows, and their licences, by SPDX identifiers. ` + "`make licences`" + ` makes the list of what ` + "`go list -deps`" + ` says; ` + "`make verify`" + ` fails where it is
not current, and where a module comes with a licence that the project does not take. The texts and notices that have to go with the programs are in
[THIRD_PARTY_LICENSES](../THIRD_PARTY_LICENSES), which is in the image too. Go's own standard library is BSD-3-Clause.

| licence | modules |
|---|---|
`)
	for _, licence := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(&text, "| %s | %d |\n", licence, count[licence])
	}
	text.WriteString("\n| module | version | licence |\n|---|---|---|\n")
	for _, one := range all {
		fmt.Fprintf(&text, "| `%s` | %s | %s |\n", one.Path, one.Version, strings.Join(one.licences, " AND "))
	}
	return text.String()
}

// notices are the texts, each once, below the modules that have it.
func notices(all []licensed, packages []bundled) string {
	var order []string
	of := map[string][]string{}
	add := func(name string, texts []string) {
		for _, text := range texts {
			if of[text] == nil {
				order = append(order, text)
			}
			of[text] = append(of[text], name)
		}
	}
	for _, one := range all {
		add(one.Path, one.texts)
	}
	for _, one := range packages {
		name := one.Name + " (npm, in the Headlamp plugin)"
		if one.Of != "" {
			name = one.Of + ": " + name
		}
		add(name, one.Texts)
	}
	var text strings.Builder
	text.WriteString("The programs of mesos-operator are built from the modules below, and its Headlamp plugin contains the packages of npm, each of which is under the licence that follows it.\n")
	for _, one := range order {
		text.WriteString("\n" + strings.Repeat("-", 80) + "\n" + strings.Join(of[one], "\n") + "\n\n" + one + "\n")
	}
	return text.String()
}
