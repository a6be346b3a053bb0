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
	// tests are those that should notice; the first that does ends it.
	tests []tests
}

// tests are those of a package whose names match a pattern, as go test -run has it.
type tests struct{ pkg, pattern string }

// text is the mutant's file, mutated.
func (m *mutant) text(root string) (string, error) {
	content, err := os.ReadFile(filepath.Join(root, m.file)) //nolint:gosec // it is a file of the tree
	if err != nil {
		return "", err
	}
	switch n := strings.Count(string(content), m.old); {
	case m.old == m.new:
		return "", fmt.Errorf("mutant %q changes nothing", m.name)
	case n != 1:
		return "", fmt.Errorf("mutant %q: its text stands %d times in %s, and must stand once", m.name, n, m.file)
	}
	return strings.Replace(string(content), m.old, m.new, 1), nil
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
