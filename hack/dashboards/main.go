// Program dashboards writes the Grafana dashboards into a directory, a file each. What they show is in overview.go, reconciliation.go and
// placement.go as tables; where each panel stands follows from its place there.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

// dashboards are all that there are.
func dashboards() []dashboard { return []dashboard{overview(), reconciliation(), placement()} }

func run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("want one argument, the directory, not %d", len(arguments))
	}
	for _, d := range dashboards() {
		content, err := encode(render(d))
		if err != nil {
			return fmt.Errorf("encoding dashboard %s: %w", d.uid, err)
		}
		if err := os.WriteFile(filepath.Join(arguments[0], d.uid+".json"), content, 0o644); err != nil { //nolint:gosec // everybody may read what is in the repository
			return fmt.Errorf("writing dashboard %s: %w", d.uid, err)
		}
	}
	return nil
}

// encode writes JSON as Grafana exports it: indented, and with < and > as they are.
func encode(model map[string]any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(model); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}
