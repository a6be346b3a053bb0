// Program uitypes writes the TypeScript types of the kinds from their CRDs, for the Headlamp plugin: a field that the API loses is then an
// error where the plugin is built, and not a blank cell where it is looked at.
package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("usage: uitypes <directory of CRDs> <TypeScript file>")
	}
	files, err := filepath.Glob(filepath.Join(arguments[0], "*.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("there are no CRDs in %s", arguments[0])
	}
	var text strings.Builder
	text.WriteString("// Generated from config/crd/bases by hack/uitypes (make manifests). Do not edit.\n\n" +
		"import type { KubeObjectInterface } from '@kinvolk/headlamp-plugin/lib/k8s/cluster';\n")
	for _, file := range files {
		kind, err := kindOf(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		text.WriteString(kind)
	}
	return os.WriteFile(arguments[1], []byte(text.String()), 0o644) //nolint:gosec // a source file, for all to read
}

// schema is what of an OpenAPI schema a TypeScript type can say.
type schema struct {
	Type                 string            `json:"type"`
	Properties           map[string]schema `json:"properties"`
	Required             []string          `json:"required"`
	Items                *schema           `json:"items"`
	AdditionalProperties *schema           `json:"additionalProperties"`
	Enum                 []any             `json:"enum"`
	IntOrString          bool              `json:"x-kubernetes-int-or-string"`
}

// kindOf is the TypeScript interface of the kind that a CRD defines.
func kindOf(file string) (string, error) {
	manifest, err := os.ReadFile(file) //nolint:gosec // of the directory that it is for
	if err != nil {
		return "", err
	}
	var crd struct {
		Spec struct {
			Names    struct{ Kind string }
			Versions []struct {
				Schema struct{ OpenAPIV3Schema schema }
			}
		}
	}
	if err := yaml.Unmarshal(manifest, &crd); err != nil {
		return "", err
	}
	if len(crd.Spec.Versions) != 1 {
		return "", fmt.Errorf("it has %d versions, and one is expected", len(crd.Spec.Versions))
	}
	kind := crd.Spec.Names.Kind
	root := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	// What sets and cron tasks are made of is a MesosTask's spec, but for rules that types do not know.
	if template, ok := root.Properties["spec"].Properties["template"]; ok {
		template.Properties["spec"] = schema{Type: taskSpec}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\nexport interface %s extends KubeObjectInterface {\n", kind)
	for _, part := range []string{"spec", "status"} {
		optional := ""
		if part == "status" {
			optional = "?"
		}
		fmt.Fprintf(&text, "  %s%s: %s;\n", part, optional, root.Properties[part].typeScript("  "))
	}
	text.WriteString("}\n")
	return text.String(), nil
}

// taskSpec stands for the spec of a MesosTask.
const taskSpec = "MesosTask['spec']"

// typeScript is the type of what the schema admits, as it goes on in a line that is indented so.
func (s schema) typeScript(indent string) string {
	switch {
	case s.Type == taskSpec:
		return taskSpec
	case s.IntOrString || s.Type == "" && len(s.Properties) == 0:
		return "number | string"
	case len(s.Enum) > 0:
		values := make([]string, len(s.Enum))
		for i, value := range s.Enum {
			values[i] = "'" + fmt.Sprint(value) + "'"
		}
		return strings.Join(values, " | ")
	case s.Type == "array":
		return "Array<" + s.Items.typeScript(indent) + ">"
	case s.AdditionalProperties != nil:
		return "Record<string, " + s.AdditionalProperties.typeScript(indent) + ">"
	case s.Type == "object":
		return s.fields(indent)
	case s.Type == "integer" || s.Type == "number":
		return "number"
	default:
		return s.Type
	}
}

func (s schema) fields(indent string) string {
	var text strings.Builder
	text.WriteString("{\n")
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		optional := "?"
		if slices.Contains(s.Required, name) {
			optional = ""
		}
		label := name
		if strings.ContainsAny(name, "-./") {
			label = strconv.Quote(name)
		}
		fmt.Fprintf(&text, "%s  %s%s: %s;\n", indent, label, optional, s.Properties[name].typeScript(indent+"  "))
	}
	text.WriteString(indent + "}")
	return text.String()
}
