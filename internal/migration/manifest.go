package migration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/yaml"
)

// YAML writes manifests with their remarks before them as comments; what was refused is a comment alone.
func YAML(w io.Writer, results []Result) error {
	for _, result := range results {
		if result.Object == nil && len(result.Remarks) == 0 {
			continue
		}
		var text bytes.Buffer
		fmt.Fprintln(&text, "---")
		comment(&text, fmt.Sprintf("%s %s, from %s", result.Kind, result.ID, result.File))
		if result.Object == nil && result.Counts {
			comment(&text, "It is not converted:")
		}
		for _, remark := range result.Remarks {
			comment(&text, remark.String())
		}
		if result.Object != nil {
			manifest, err := yaml.Marshal(result.Object)
			if err != nil {
				return fmt.Errorf("writing %s: %w", result.ID, err)
			}
			text.Write(manifest)
		}
		if _, err := w.Write(text.Bytes()); err != nil {
			return fmt.Errorf("writing %s: %w", result.ID, err)
		}
	}
	return nil
}

// comment writes a text as a comment of one line.
func comment(w *bytes.Buffer, text string) {
	fmt.Fprintf(w, "# %s\n", oneLine(text))
}

// oneLine keeps what a definition has in it from being anything but a part of a line.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, text)
}

// JSON writes the manifests as a List of Kubernetes. It has no room for remarks.
func JSON(w io.Writer, results []Result) error {
	list := struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Items      []any  `json:"items"`
	}{APIVersion: "v1", Kind: "List", Items: []any{}}
	for _, result := range results {
		if result.Object != nil {
			list.Items = append(list.Items, result.Object)
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(list); err != nil {
		return fmt.Errorf("writing the manifests: %w", err)
	}
	return nil
}
