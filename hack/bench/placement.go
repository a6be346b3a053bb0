package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// placements are Go benchmarks of controllers/placement, with how many milliseconds one round may take.
var placements = []struct {
	name  string
	tasks int
	most  float64
}{
	{"1k tasks on 100 offers", 1_000, 2},
	{"10k tasks on 1k offers, all fit, all different", 10_000, 30},
	{"10k tasks on 1k offers, none fits, all different", 10_000, 30},
	{"100k tasks on 10k offers, all fit", 100_000, 500},
}

// placement runs them.
func (r *bench) placement(ctx context.Context) error {
	r.say(0)("placement: its Go benchmarks")
	output, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "BenchmarkPlace$", "-benchmem", "-benchtime", "5x", "-count", "5", "./controllers/placement/").CombinedOutput()
	if err != nil {
		return fmt.Errorf("running the benchmarks of placement: %w\n%s", err, output)
	}
	measured, err := parseBenchmarks(output)
	if err != nil {
		return err
	}
	for _, c := range placements {
		of := measured["BenchmarkPlace/"+strings.ReplaceAll(c.name, " ", "_")]
		if len(of) == 0 {
			return fmt.Errorf("there is no benchmark of placement %q", c.name)
		}
		for _, b := range of {
			r.product(figure{goal: "e", what: "a round, " + c.name, unit: "ms", bound: value(c.most)}, c.tasks, b["ns/op"]/1e6)
			r.product(figure{goal: "e", what: "allocations of a round, " + c.name, unit: "per task"}, c.tasks, b["allocs/op"]/float64(c.tasks))
		}
	}
	return nil
}

// parseBenchmarks reads what go test prints of benchmarks: by name, without the number of processors, what each run measured by unit.
func parseBenchmarks(output []byte) (map[string][]map[string]float64, error) {
	measured := map[string][]map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(output))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := fields[0]
		if dash := strings.LastIndex(name, "-"); dash > 0 {
			name = name[:dash]
		}
		of := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			figure, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", lines.Text(), err)
			}
			of[fields[i+1]] = figure
		}
		measured[name] = append(measured[name], of)
	}
	return measured, lines.Err()
}
