package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mutant is the product without one of its protections.
type mutant struct {
	// name says which protection is removed.
	name string
	// file is where it is, and old the text there, which stands in it once, that becomes new.
	file, old, new string
	// also are other locks of the same door, without which nothing can notice that this one is gone.
	also []change
	// tests are those that should notice; the first that does ends it.
	tests []tests
	// check is the one of internal/history that must be among what turns red, by its name; empty where any test that fails will do.
	check string
}

// change is a text of a file, which stands in it once, and what it becomes.
type change struct{ file, old, new string }

// tests are those of a package whose names match a pattern, as go test -run has it.
type tests struct{ pkg, pattern string }

// texts are the mutant's files, mutated.
func (m *mutant) texts(root string) (map[string]string, error) {
	texts := map[string]string{}
	for _, one := range append([]change{{m.file, m.old, m.new}}, m.also...) {
		text, read := texts[one.file]
		if !read {
			content, err := os.ReadFile(filepath.Join(root, one.file)) //nolint:gosec // it is a file of the tree
			if err != nil {
				return nil, err
			}
			text = string(content)
		}
		switch n := strings.Count(text, one.old); {
		case one.old == one.new:
			return nil, fmt.Errorf("mutant %q changes nothing", m.name)
		case n != 1:
			return nil, fmt.Errorf("mutant %q: its text stands %d times in %s, and must stand once", m.name, n, one.file)
		}
		texts[one.file] = strings.Replace(text, one.old, one.new, 1)
	}
	return texts, nil
}

// overlay writes mutated files into a directory, and returns the file that tells go build to take them instead of those of the tree. The keys of
// texts are files of the tree.
func overlay(root, directory string, texts map[string]string) (string, error) {
	replace := make(map[string]string, len(texts))
	for file, text := range texts {
		path, err := filepath.Abs(filepath.Join(root, file))
		if err != nil {
			return "", err
		}
		mutated := filepath.Join(directory, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(mutated, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = mutated
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(directory, "overlay.json")
	return path, os.WriteFile(path, content, 0o600)
}
