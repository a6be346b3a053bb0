// mutants removes the product's protections, one at a time, and shows that some test turns red for each. A protection whose removal nothing notices
// is a gap: it can be lost in the next change, and nobody will know.
//
// The tree is never touched: each mutant is a file of its own that go test -overlay puts in the place of the one it changes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"time"
)

func main() {
	only := flag.String("only", "", "a regular expression that limits the mutants by name")
	limit := flag.Duration("limit", 2*time.Minute, "how long the tests of one mutant may take; one that makes them hang is killed by that")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants: -only:", err)
		os.Exit(2)
	}
	if !survey(&runner{root: ".", limit: *limit}, chosen(protections, pattern)) {
		os.Exit(1)
	}
}

// survey tries mutants until it is interrupted.
func survey(tests *runner, mutants []mutant) bool {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return run(ctx, os.Stdout, tests, mutants)
}

// chosen are the mutants with a name that matches.
func chosen(all []mutant, pattern *regexp.Regexp) (some []mutant) {
	for _, one := range all {
		if pattern.MatchString(one.name) {
			some = append(some, one)
		}
	}
	return some
}

// run tries every mutant and prints what became of it, as far as that can be printed. It says whether all of them were killed.
func run(ctx context.Context, out io.Writer, tests *runner, mutants []mutant) bool {
	if broken := tests.broken(ctx, mutants); len(broken) > 0 {
		for _, why := range broken {
			_, _ = fmt.Fprintln(out, why)
		}
		return false
	}
	_, _ = fmt.Fprintln(out, "| protection that is removed | killed by | seconds |")
	_, _ = fmt.Fprintln(out, "|---|---|---|")
	alive := 0
	for _, one := range mutants {
		began := time.Now()
		found := tests.try(ctx, &one)
		if ctx.Err() != nil {
			_, _ = fmt.Fprintln(out, "Interrupted")
			return false
		}
		if !found.killed {
			alive++
		}
		_, _ = fmt.Fprintf(out, "| %s | %s | %.0f |\n", one.name, found, time.Since(began).Seconds())
	}
	_, _ = fmt.Fprintf(out, "\n%d mutants, %d survived\n", len(mutants), alive)
	return alive == 0 && len(mutants) > 0
}
