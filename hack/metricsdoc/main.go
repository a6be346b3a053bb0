// metricsdoc writes the table of the operator's metrics into a document, between two marks. What is written around them stays.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	_ "github.com/mesos-operator/mesos-operator/controllers/mesoscrontask"
	_ "github.com/mesos-operator/mesos-operator/controllers/mesosframework"
	_ "github.com/mesos-operator/mesos-operator/controllers/mesostask"
	_ "github.com/mesos-operator/mesos-operator/controllers/mesostaskset"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
)

const (
	begin = "<!-- metrics: begin (make metrics-docs writes what follows) -->\n"
	end   = "<!-- metrics: end -->\n"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "metricsdoc:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("want one argument, the document, not %d", len(arguments))
	}
	var families []metrics.Family
	for _, metric := range metrics.All() {
		families = append(families, metric.Family())
	}
	document, err := os.ReadFile(arguments[0]) //nolint:gosec // who runs it names the document
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	written, err := insert(string(document), table(families))
	if err != nil {
		return fmt.Errorf("writing into %s: %w", arguments[0], err)
	}
	if err := os.WriteFile(arguments[0], []byte(written), 0o644); err != nil { //nolint:gosec // a document is for everyone to read
		return fmt.Errorf("writing the document: %w", err)
	}
	return nil
}

// insert puts a text between the marks of a document.
func insert(document, text string) (string, error) {
	before, rest, begins := strings.Cut(document, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", fmt.Errorf("it lacks one of the lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + text + end + after, nil
}

// listed is how many values of a label fit into the table; a longer list follows it.
const listed = 12

// longList is a label with many values.
type longList struct{ label, values string }

// table describes the metrics in Markdown, by name: a table, and the values of the labels that have many.
func table(families []metrics.Family) string {
	slices.SortFunc(families, func(a, b metrics.Family) int { return strings.Compare(a.Name, b.Name) })
	var text strings.Builder
	text.WriteString("\n| metric | type | labels | what it says |\n|---|---|---|---|\n")
	// of are the metrics that have such a label.
	var many []longList
	of := map[longList][]string{}
	for _, family := range families {
		var labels []string
		for _, label := range family.Labels {
			labels = append(labels, describe(label))
			if len(label.Values) > listed {
				values := longList{label.Name, quoted(label.Values)}
				if of[values] == nil {
					many = append(many, values)
				}
				of[values] = append(of[values], family.Name)
			}
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", family.Name, family.Type, strings.Join(labels, "; "), cell(family.Help))
	}
	for _, long := range many {
		fmt.Fprintf(&text, "\nValues of `%s` of %s: %s.\n", long.label, quoted(of[long]), long.values)
	}
	return text.String() + "\n"
}

// describe says what a label can be; a long list of values follows the table.
func describe(label metrics.Label) string {
	switch {
	case label.Values == nil:
		return fmt.Sprintf("`%s`: %s", label.Name, cell(label.Meaning))
	case len(label.Values) <= listed:
		return fmt.Sprintf("`%s`: %s", label.Name, quoted(label.Values))
	default:
		return fmt.Sprintf("`%s`: see below", label.Name)
	}
}

func quoted(values []string) string {
	return "`" + strings.Join(values, "`, `") + "`"
}

// cell keeps a text from ending its cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
