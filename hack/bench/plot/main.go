// Command plot draws what hack/bench measured: costs against the number of tasks, both in powers of ten. It is a module of its own, as what draws is
// larger than all that measures.
//
//	plot OUT.svg FIGURES.json...
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"os"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// row is a row of the figures, as hack/bench/report has it.
type row struct {
	What    string    `json:"what"`
	N       int       `json:"n"`
	Product []float64 `json:"product"`
	Bare    []float64 `json:"bare"`
}

// lines are what is drawn, in the order of the legend; all are seconds.
var lines = []struct {
	what, name string
	color      color.Color
}{
	{"created to RUNNING", "created to RUNNING", color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}},
	{"delete", "deleted", color.RGBA{R: 0xd6, G: 0x27, B: 0x28, A: 0xff}},
	{"start to all answered for", "started over what runs", color.RGBA{R: 0x2c, G: 0xa0, B: 0x2c, A: 0xff}},
	{"reconnect, 10,000 updates/s", "reconnected", color.RGBA{R: 0x94, G: 0x67, B: 0xbd, A: 0xff}},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("want the file to write and those to read")
	}
	var rows []row
	for _, path := range arguments[1:] {
		text, err := os.ReadFile(path) //nolint:gosec // the caller says which
		if err != nil {
			return err
		}
		var figures struct {
			Rows []row `json:"rows"`
		}
		if err := json.Unmarshal(text, &figures); err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		rows = append(rows, figures.Rows...)
	}
	return paint(arguments[0], rows)
}

func paint(path string, rows []row) error {
	p := plot.New()
	p.Title.Text = "Seconds for N tasks: the product, and dashed the bare program"
	p.X.Label.Text, p.Y.Label.Text = "MesosTasks", "seconds"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Add(plotter.NewGrid())
	for _, l := range lines {
		product := points(rows, l.what, func(r row) []float64 { return r.Product })
		bare := points(rows, l.what, func(r row) []float64 { return r.Bare })
		if len(product) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(product)
		if err != nil {
			return fmt.Errorf("drawing %q: %w", l.what, err)
		}
		line.Color, dots.Color, dots.Shape = l.color, l.color, draw.CircleGlyph{}
		p.Add(line, dots)
		p.Legend.Add(l.name, line, dots)
		if len(bare) == 0 {
			continue
		}
		dashed, err := plotter.NewLine(bare)
		if err != nil {
			return fmt.Errorf("drawing %q: %w", l.what, err)
		}
		dashed.Color, dashed.Dashes = l.color, []vg.Length{vg.Points(4), vg.Points(3)}
		p.Add(dashed)
	}
	return p.Save(18*vg.Centimeter, 12*vg.Centimeter, path)
}

// points are the medians of one thing, by the number of tasks.
func points(rows []row, what string, of func(row) []float64) plotter.XYs {
	var xys plotter.XYs
	for _, r := range rows {
		figures := slices.Sorted(slices.Values(of(r)))
		if r.What != what || len(figures) == 0 || figures[len(figures)/2] <= 0 {
			continue
		}
		middle := len(figures) / 2
		xys = append(xys, plotter.XY{X: float64(r.N), Y: (figures[middle] + figures[(len(figures)-1)/2]) / 2})
	}
	slices.SortFunc(xys, func(a, b plotter.XY) int { return int(a.X - b.X) })
	return xys
}
