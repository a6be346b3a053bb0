// Program amounts completes the CRDs in a directory: it says what a field may hold that takes fractions with and without quotes.
//
// For a Quantity the generator knows of integers and strings only (x-kubernetes-int-or-string), so cpus: 0.5 would be refused. Such a field is
// marked Schemaless and PreserveUnknownFields in Go, and this program gives it its bounds. A field without a schema that it does not know is
// an error, as it would admit what nobody can read.
package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"
)

// amount says what a field may hold: a number within a range, or a string. Of strings the schema says what a pattern can, so that they can be read:
// whether they are within the range takes a rule, and there are none for fields of no type.
type amount struct {
	least, most float64
	pattern     string
}

// amounts are all fields that may be written as fractions, each by the name of what it stands in and its own.
var amounts = map[string]amount{
	"requests.cpus":  {0.01, 10_000, "^(" + quantity + ")$"},
	"limits.cpus":    {0.01, 10_000, "^(Unlimited|" + quantity + ")$"},
	"backoff.factor": {1, 10, "^(" + factor + ")$"},
}

// quantity is what strings look like that are quantities and not negative. All of them can be read, unlike some of those that the generator's own
// pattern lets by. Factor is those from 1 to 10, written as decimal numbers or in thousandths.
const (
	quantity = `([0-9]+([.][0-9]*)?|[.][0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?`
	factor   = `[1-9]([.][0-9]*)?|10([.]0*)?|[1-9][0-9]{3}m|10000m`
)

// maxLength bounds such strings.
const maxLength = 32

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("usage: amounts <directory of CRDs>")
	}
	files, err := filepath.Glob(filepath.Join(arguments[0], "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := rewrite(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func rewrite(file string) error {
	manifest, err := os.ReadFile(file) //nolint:gosec // of the directory that it is for
	if err != nil {
		return err
	}
	completed, err := complete(manifest)
	if err != nil {
		return err
	}
	return os.WriteFile(file, completed, 0o644) //nolint:gosec // everybody may read what is in the repository
}

// complete returns a CRD whose fields without a schema have one.
func complete(manifest []byte) ([]byte, error) {
	crd := map[string]any{}
	if err := yaml.Unmarshal(manifest, &crd); err != nil {
		return nil, err
	}
	if err := walk("", "", crd); err != nil {
		return nil, err
	}
	completed, err := yaml.Marshal(crd)
	if err != nil {
		return nil, err
	}
	return append([]byte("---\n"), completed...), nil
}

// walk completes all that is below a node, which is the field of that name in the one of the name parent.
func walk(parent, name string, node any) error {
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			if err := walk(parent, name, item); err != nil {
				return err
			}
		}
	case map[string]any:
		if _, typed := node["type"]; !typed && node["x-kubernetes-preserve-unknown-fields"] == true {
			return fill(parent+"."+name, node)
		}
		for _, key := range slices.Sorted(maps.Keys(node)) {
			// What lists the fields of one is no field itself.
			within, below := name, key
			if key == "properties" {
				within, below = parent, name
			}
			if err := walk(within, below, node[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill gives a schema to one field: a number or a string, and nothing else. Each keyword speaks of one type of value and lets all others by.
func fill(field string, schema map[string]any) error {
	bounds, known := amounts[field]
	if !known {
		return fmt.Errorf("field %s has no schema, and hack/amounts does not know it", field)
	}
	maps.Copy(schema, map[string]any{
		// The API server compares whole numbers with a minimum's whole part, so that 0 needs a bound of its own.
		"minimum": 0, "exclusiveMinimum": true, "maximum": bounds.most,
		"allOf":   []any{map[string]any{"minimum": bounds.least}},
		"pattern": bounds.pattern, "maxLength": maxLength,
		// No object has both so many and so few fields, no list so many and so few items.
		"minProperties": 1, "maxProperties": 0,
		"minItems": 1, "maxItems": 0,
		"not": map[string]any{"enum": []any{true, false}},
	})
	return nil
}
