package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ui is the Headlamp plugin. What its bundle contains is known to Rollup, which make ui-licences asks; whether that is current is seen here without Node.js, as
// far as pins and imports tell.
const ui = "ui/headlamp"

// bundled is a package of npm's that the bundle contains code or data of.
type bundled struct {
	Name, Version, Licence string
	// Of is whose work it is, where the package is only how it comes.
	Of    string
	Texts []string
}

// bundle is what make ui-licences found.
type bundle struct {
	Bundled []bundled
	// Provided are the packages that Headlamp has as it runs.
	Provided []string
}

// readBundle reads what the bundle in a directory contains, and holds it to the pins and the sources there. standard is the text of the Apache License, for
// packages that name it and bring none.
func readBundle(directory, standard string) ([]bundled, error) {
	var found bundle
	if err := readJSON(filepath.Join(directory, "bundled.gen.json"), &found); err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct{ Version, License string }
	}
	if err := readJSON(filepath.Join(directory, "package-lock.json"), &lock); err != nil {
		return nil, err
	}
	for i := range found.Bundled {
		one := &found.Bundled[i]
		pinned := lock.Packages["node_modules/"+one.Name]
		switch {
		case pinned.Version != one.Version || pinned.License != one.Licence:
			return nil, fmt.Errorf("the licences are those of %s %s (%s), and pinned is %q (%s): run make ui-licences", one.Name, one.Version, one.Licence, pinned.Version, pinned.License)
		case len(one.Texts) == 0 && one.Licence == "Apache-2.0":
			one.Texts = []string{standard}
		}
		var of []string
		for j, text := range one.Texts {
			one.Texts[j] = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
			of = append(of, classify(one.Texts[j])...)
		}
		if !slices.Contains(of, one.Licence) {
			return nil, fmt.Errorf("%s calls its licence %q, and its texts are of %q: look at them, and teach hack/licences to know it if the project can take it", one.Name, one.Licence, of)
		}
	}
	imports, err := imported(filepath.Join(directory, "src"))
	if err != nil {
		return nil, err
	}
	for _, name := range imports {
		if !slices.Contains(found.Provided, name) && !slices.ContainsFunc(found.Bundled, func(one bundled) bool { return one.Name == name }) {
			return nil, fmt.Errorf("the plugin imports %s, which nobody has looked at: run make ui-licences", name)
		}
	}
	return found.Bundled, nil
}

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path) //nolint:gosec // a file of this repository
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// taken is an import of something that is there as the plugin runs, by package: not of types, nor of the plugin's own files.
var taken = regexp.MustCompile(`(?m)^(?:import|export)\s+(?:[^'";]*?\sfrom\s+)?'((?:@[^'/]+/)?[^'./@][^'/]*)`)

// onlyTypes is an import of types.
var onlyTypes = regexp.MustCompile(`(?m)^(?:import|export)\s+type\s[^'"]*'[^']*'`)

// imported are the packages that the plugin's sources import, without tests and what they need.
func imported(sources string) ([]string, error) {
	names := map[string]bool{}
	err := filepath.WalkDir(sources, func(path string, entry fs.DirEntry, err error) error {
		switch extension := filepath.Ext(path); {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testing":
			return filepath.SkipDir
		case entry.IsDir(), extension != ".ts" && extension != ".tsx", strings.Contains(entry.Name(), ".test."), strings.HasSuffix(path, ".d.ts"):
			return nil
		}
		content, err := os.ReadFile(path) //nolint:gosec // see above
		if err != nil {
			return err
		}
		for _, found := range taken.FindAllStringSubmatch(onlyTypes.ReplaceAllString(string(content), ""), -1) {
			names[found[1]] = true
		}
		return nil
	})
	if err == nil && len(names) == 0 {
		err = errors.New("they import nothing")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the plugin's sources: %w", err)
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// bundleTable is the list for people.
func bundleTable(all []bundled) string {
	var text strings.Builder
	text.WriteString(`
## The Headlamp plugin

What its bundle (` + "`ui/headlamp/dist/main.js`" + `) contains of others, as Rollup says that builds it; what it is built with is not in it. React, Material UI and the like
are Headlamp's own. ` + "`make ui-licences`" + ` asks Rollup anew, ` + "`make ui`" + ` fails where the list is not current, and ` + "`make verify`" + ` where pins or imports tell that
without Node.js. Beside these there are the few lines by which Rollup wraps CommonJS modules (MIT). LICENSE goes along in ` + "`dist`" + `.

| package | version | what of it | licence |
|---|---|---|---|
`)
	for _, one := range all {
		of := one.Of
		if of == "" {
			of = "code"
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", one.Name, one.Version, of, one.Licence)
	}
	return text.String()
}
