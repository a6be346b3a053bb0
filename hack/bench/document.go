package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mesos-operator/mesos-operator/hack/bench/report"
)

// plotFile is where make bench-docs draws the plot, as seen from the document.
const plotFile = "performance/plot.svg"

// The part of the document that is made of figures lies between these.
const (
	begin = "<!-- figures: begin (make bench-docs writes what follows) -->\n"
	end   = "<!-- figures: end -->\n"
)

// runDocument writes the tables of files of figures into a document.
func runDocument(_ context.Context, arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("want a document and files of figures")
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "\n![Seconds for N tasks: the product, and dashed the bare program](%s)\n", plotFile)
	for _, path := range arguments[1:] {
		var run report.Run
		if err := readJSON(path, &run); err != nil {
			return err
		}
		fmt.Fprintf(&text, "\n%s\n\n", run.About())
		if err := report.Markdown(&text, run.Rows); err != nil {
			return err
		}
	}
	document, err := readFile(arguments[0])
	if err != nil {
		return err
	}
	written, err := replace(string(document), text.String())
	if err != nil {
		return fmt.Errorf("writing %s: %w", arguments[0], err)
	}
	if err := os.WriteFile(arguments[0], []byte(written), 0o644); err != nil { //nolint:gosec // a document
		return fmt.Errorf("writing the document: %w", err)
	}
	return nil
}

// replace puts a text between the marks.
func replace(document, text string) (string, error) {
	before, rest, ok := strings.Cut(document, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("it has no part between %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + text + "\n" + end + after, nil
}
