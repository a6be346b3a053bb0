// Command bench measures the product against bare programs that do the same to the same servers, as docs/performance.md describes. It is run from the
// root of the project, by make bench and make bench-small.
//
// Each of etcd, kube-apiserver, the simulated Mesos, the manager and the bare programs is a process of its own; the bare programs are this one
// with other arguments. What is counted is counted by the API server and by the simulator, and CPU time and memory are read from /proc: nothing is
// taken from the product but how long its reconciliation passes took.
//
//	main.go      the command line: which numbers of tasks, how many pairs
//	stand.go     the processes that are measured
//	pair.go      one pair: the life of N tasks by the bare programs, then by the product
//	phase.go     what passed while something was done: time, CPU time, requests, calls
//	counts.go    the API server's own counters
//	watch.go     how far the tasks are
//	goals.go     what is measured, and the goals
//	sets.go, slow.go, start.go, placement.go  the goals that are measured once, beside the pairs
//	programs.go  the bare programs' command lines
//	document.go  the tables of docs/performance.md
//	bare/        the bare programs
//	report/      medians, ratios, verdicts, tables; pure
//	usage/       /proc
//	plot/        draws the figures; a module of its own
//
// The status is 1 if anything failed or a count is not what it must be. Times are told, and never fail a run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/hack/bench/report"
	"github.com/mesos-operator/mesos-operator/hack/bench/usage"
)

func main() { os.Exit(run()) }

func run() (status int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctrl.SetLogger(logr.Discard())
	arguments := os.Args[1:]
	do := runBench
	if len(arguments) > 0 && programs[arguments[0]] != nil {
		do, arguments = programs[arguments[0]], arguments[1:]
	}
	if err := do(ctx, arguments); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

// options are the command line.
type options struct {
	sizes []int
	// goals are the letters of those that are measured; pairs are needed for a, b, c, d, f, h, i together.
	goals    string
	pairs    int
	idle     time.Duration
	cuts     int
	apart    time.Duration
	failover time.Duration
	delays   []time.Duration
	sets     []int
	budget   time.Duration
	out      string
	bin      string
	// profiles is where profiles go.
	profiles string
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.goals, "goals", "abcdefghijs", "the letters of what is measured (docs/performance.md); of a, b, c, d, f, h and i, any is all")
	flags.Func("n", "how many tasks, separated by commas: one series each (default 1000,10000)", listOf(&o.sizes, size))
	flags.IntVar(&o.pairs, "pairs", 0, "how many pairs; 0: five up to 3,000 tasks, two up to 30,000, else one")
	flags.DurationVar(&o.idle, "idle", 10*time.Second, "how long idleness is watched")
	flags.IntVar(&o.cuts, "cuts", 10, "how many cuts the storm has; 0 for no storm")
	flags.DurationVar(&o.apart, "apart", 6*time.Second, "how far apart they are")
	flags.DurationVar(&o.failover, "failover", 0, "how long agents take to come back after a failover, such as 10m; 0 for no failover")
	flags.Func("delays", "how much slower writes are made for goal g, separated by commas (default none)", listOf(&o.delays, time.ParseDuration))
	flags.Func("sets", "how many sets the tasks are in for goal s, separated by commas (default none)", listOf(&o.sets, size))
	flags.DurationVar(&o.budget, "budget", 0, "no pair is begun that would end later, but for the first of each series; 0 for no limit")
	flags.StringVar(&o.profiles, "profiles", "", "a directory for CPU profiles of the manager, each of the first ten seconds of a part; empty for none. They cost, so that figures with them are not to be published")
	flags.StringVar(&o.out, "out", "bench.json", "the file that the figures are written to")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.sizes == nil {
		o.sizes = []int{1_000, 10_000}
	}
	if o.bin = os.Getenv("KUBEBUILDER_ASSETS"); o.bin == "" {
		o.bin = "bin"
	}
	return o, nil
}

// listOf reads a list that is separated by commas.
func listOf[T any](into *[]T, read func(string) (T, error)) func(string) error {
	return func(list string) error {
		for item := range strings.SplitSeq(list, ",") {
			value, err := read(item)
			if err != nil {
				return err
			}
			*into = append(*into, value)
		}
		return nil
	}
}

// size reads how many there are of something.
func size(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err == nil && (n < 1 || n > 999_999) {
		err = errors.New("want numbers from 1 to 999999")
	}
	return n, err
}

// wants says whether any of some goals is to be measured.
func (o options) wants(goals string) bool { return strings.ContainsAny(o.goals, goals) }

// pairsOf is how many pairs there are of so many tasks.
func (o options) pairsOf(n int) int {
	switch {
	case o.pairs > 0:
		return o.pairs
	case n <= 3_000:
		return 5
	case n <= 30_000:
		return 2
	default:
		return 1
	}
}

// bench is one run of the harness.
type bench struct {
	options
	book
	cancel context.CancelCauseFunc
	load   *load
}

// runBench measures everything, prints the table and writes the file.
func runBench(ctx context.Context, arguments []string) error {
	o, err := parse(arguments)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(o.bin, "manager")); err != nil {
		return fmt.Errorf("looking for the programs (run it with: make bench): %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	load, err := watchLoad()
	if err != nil {
		return err
	}
	r := &bench{options: o, cancel: cancel, load: load}
	if r.wants("e") {
		if err := r.placement(ctx); err != nil {
			return err
		}
	}
	for _, n := range o.sizes {
		if err = r.series(ctx, n); err != nil {
			err = errors.Join(err, context.Cause(ctx))
			break
		}
	}
	// What was measured before something failed is told all the same.
	return errors.Join(err, r.tell(context.WithoutCancel(ctx)))
}

// tell prints the table and writes the file.
func (r *bench) tell(ctx context.Context) error {
	described, err := r.load.run(ctx)
	if err != nil {
		return err
	}
	described.Rows = r.sorted()
	if err := writeJSON(r.out, described); err != nil {
		return err
	}
	fmt.Println()
	if err := report.Table(os.Stdout, described.Rows); err != nil {
		return err
	}
	fmt.Printf("\n%s\nThe figures are in %s.\n", described.About(), r.out)
	if failures := report.Failures(described.Rows); len(failures) > 0 {
		return fmt.Errorf("%d counts are not what they must be", len(failures))
	}
	return nil
}

// series makes what is asked for with one number of tasks.
func (r *bench) series(ctx context.Context, n int) (err error) {
	s, err := build(ctx, r.cancel, r.bin, n)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.keepLog(r.out+".manager.log"))
		}
		err = errors.Join(err, s.end())
	}()
	s.profileTo = r.profiles
	watching, stop := context.WithCancel(ctx)
	// An API server that is asked to end waits for its watches.
	defer stop()
	w, err := watch(watching, s.env.Config, r.cancel)
	if err != nil {
		return err
	}
	p := &pair{stand: s, book: &r.book, watcher: w, n: n, say: r.say(n)}
	first := n == r.sizes[0]
	if first && r.wants("j") {
		few := *p
		few.n = startTasks
		if err := few.starts(ctx); err != nil {
			return err
		}
	}
	if err := r.pairsFor(ctx, p); err != nil || !first {
		return err
	}
	return r.extras(ctx, p)
}

// pairsFor makes the pairs.
func (r *bench) pairsFor(ctx context.Context, p *pair) error {
	if !r.wants("abcdfhi") {
		return nil
	}
	var longest time.Duration
	for i := range r.pairsOf(p.n) {
		if i > 0 && r.budget > 0 && time.Since(r.load.began)+longest > r.budget {
			p.say("no further pair, as it would not end within %s", r.budget)
			return nil
		}
		began := time.Now()
		p.say("pair %d of %d", i+1, r.pairsOf(p.n))
		// What takes its time whatever the number of tasks is done once.
		p.idle, p.cuts, p.failover = 0, 0, 0
		if i == 0 {
			p.idle = r.idle
		}
		if i == 0 && p.n == r.sizes[0] {
			p.cuts, p.apart, p.failover = r.cuts, r.apart, r.failover
		}
		if err := p.both(ctx); err != nil {
			return err
		}
		longest = max(longest, time.Since(began))
	}
	return nil
}

// extras measures what is measured once, with the first number of tasks.
func (r *bench) extras(ctx context.Context, p *pair) error {
	if r.wants("g") {
		for _, delay := range r.delays {
			if err := p.slow(ctx, delay); err != nil {
				return err
			}
		}
	}
	if r.wants("s") {
		for _, many := range r.sets {
			if many > p.n {
				continue
			}
			if err := p.sets(ctx, many); err != nil {
				return err
			}
		}
	}
	return nil
}

// say tells what is being done, and notes the load meanwhile.
func (r *bench) say(n int) func(format string, values ...any) {
	return func(format string, values ...any) {
		r.load.take()
		fmt.Printf("%5d s, %6d tasks: %s\n", int(time.Since(r.load.began).Seconds()), n, fmt.Sprintf(format, values...))
	}
}

// load is what else the machine did meanwhile.
type load struct {
	began  time.Time
	before usage.Machine
	loads  []float64
}

func watchLoad() (*load, error) {
	before, err := usage.OfMachine()
	return &load{began: time.Now(), before: before}, err
}

// take reads the load average.
func (l *load) take() {
	if now, err := usage.OfMachine(); err == nil {
		l.loads = append(l.loads, now.Load)
	}
}

// run describes the run that ends now.
func (l *load) run(ctx context.Context) (report.Run, error) {
	l.take()
	now, err := usage.OfMachine()
	if err != nil {
		return report.Run{}, err
	}
	var own syscall.Rusage
	var children syscall.Rusage
	if err := errors.Join(syscall.Getrusage(syscall.RUSAGE_SELF, &own), syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children)); err != nil {
		return report.Run{}, err
	}
	ours := time.Duration(own.Utime.Nano() + own.Stime.Nano() + children.Utime.Nano() + children.Stime.Nano())
	commit, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	took := time.Since(l.began)
	return report.Run{
		Date: l.began.UTC().Truncate(time.Second), Commit: strings.TrimSpace(string(commit)), Go: runtime.Version(), Cores: runtime.NumCPU(),
		LoadBefore: l.before.Load, Load: [3]float64{slices.Min(l.loads), report.Median(l.loads), slices.Max(l.loads)},
		Others: max(0, (now.Busy-l.before.Busy-ours).Seconds()/took.Seconds()), Seconds: took.Seconds(),
	}, nil
}

func writeJSON(path string, run report.Run) error {
	text, err := json.MarshalIndent(run, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil { //nolint:gosec // anybody may read it
		return fmt.Errorf("writing the figures: %w", err)
	}
	return nil
}
