package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// figure writes a number with as many digits as say something: three.
func figure(f float64) string {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return "-"
	case f == math.Trunc(f) && size < 1e6:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case size >= 100:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case size >= 10:
		return strconv.FormatFloat(f, 'f', 1, 64)
	case size >= 0.01:
		return strconv.FormatFloat(f, 'f', 2, 64)
	default:
		return strconv.FormatFloat(f, 'g', 2, 64)
	}
}

// cells of a row, as the table has them.
func (r Row) cells() []string {
	bare, ratio := "", ""
	if len(r.Bare) > 0 {
		bare, ratio = figure(Median(r.Bare)), figure(Median(r.Ratios()))
	}
	return []string{
		r.Goal, r.What, strconv.Itoa(r.N), figure(Median(r.Product)), r.Unit, bare, ratio, r.spread(), strconv.Itoa(len(r.Product)), r.goal(), string(r.Verdict()),
	}
}

var header = []string{"goal", "what", "tasks", "product", "unit", "bare", "ratio", "spread", "pairs", "bound", ""}

// Table writes the rows for a terminal.
func Table(w io.Writer, rows []Row) error {
	var text strings.Builder
	out := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	lines := []string{strings.Join(header, "\t")}
	for _, r := range rows {
		lines = append(lines, strings.Join(r.cells(), "\t"))
	}
	_, err := io.WriteString(out, strings.Join(lines, "\n")+"\n")
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// Markdown writes the rows as a table of a document.
func Markdown(w io.Writer, rows []Row) error {
	lines := []string{"| " + strings.Join(header, " | ") + " |", "|" + strings.Repeat("---|", len(header))}
	for _, r := range rows {
		lines = append(lines, "| "+strings.Join(r.cells(), " | ")+" |")
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// About says under what circumstances a run was made.
func (r Run) About() string {
	return fmt.Sprintf("%s, commit %s, %s, %d cores. Load average %.1f before, %.1f..%.1f (median %.1f) while it ran; other processes used %.2f cores. It took %.0f s.",
		r.Date.Format("2006-01-02 15:04"), r.Commit, r.Go, r.Cores, r.LoadBefore, r.Load[0], r.Load[2], r.Load[1], r.Others, r.Seconds)
}
