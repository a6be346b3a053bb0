package main

import (
	"cmp"
	"slices"

	"github.com/mesos-operator/mesos-operator/hack/bench/report"
)

// figure is one thing that is measured, and its goal.
type figure struct {
	goal, what, unit string
	bound            report.Bound
	grows            bool
}

func ratio(most float64) report.Bound { return report.Bound{Kind: report.Ratio, Most: most} }
func value(most float64) report.Bound { return report.Bound{Kind: report.Value, Most: most} }
func exact(of float64) report.Bound   { return report.Bound{Kind: report.Exact, Most: of} }
func count(most float64) report.Bound { return report.Bound{Kind: report.Count, Most: most} }

// about is an exact count, but for the few tasks that take over five seconds for one step: that is written. On a busy machine there are some.
func about(of float64) report.Bound { return report.Bound{Kind: report.Exact, Most: of, Within: 0.05} }

// from is a bound that means something for so many tasks and more.
func from(n int, b report.Bound) report.Bound {
	b.From = n
	return b
}

// What is measured, in the order of the table. The goals' letters are those of docs/performance.md.
var (
	reconnectWall   = figure{goal: "a", what: "reconnect, 10,000 updates/s", unit: "s", bound: from(3_000, ratio(1.1)), grows: true}
	reconnectLine   = figure{goal: "a", what: "reconnect, line rate", unit: "s", bound: from(100_000, value(1.5))}
	reconnectCPU    = figure{goal: "a", what: "reconnect, CPU", unit: "us/task", bound: from(10_000, value(15))}
	reconnectWrites = figure{goal: "a", what: "reconnect, writes to MesosTasks", unit: "writes", bound: exact(0)}
	// The fence and the end mark of a pass are asked for besides the tasks.
	reconnectAsked = figure{goal: "a", what: "reconnect, asked in RECONCILE besides each task", unit: "entries", bound: count(2)}
	createWall     = figure{goal: "b", what: "created to RUNNING", unit: "s", bound: from(1_000, ratio(1.15)), grows: true}
	createWrites   = figure{goal: "b", what: "created to RUNNING, writes besides the user's", unit: "per task", bound: about(2)}
	createRefused  = figure{goal: "b", what: "created to RUNNING, writes that were refused", unit: "per task"}
	createCPU      = figure{goal: "b", what: "created to RUNNING, CPU", unit: "ms/task", bound: from(1_000, value(1))}
	createServer   = figure{goal: "b", what: "created to RUNNING, CPU of the API server and etcd", unit: "ms/task"}
	createEvents   = figure{goal: "b", what: "created to RUNNING, Events over their budget", unit: "Events", bound: count(0)}
	createLaunches = figure{goal: "b", what: "created to RUNNING, launches", unit: "per task", bound: exact(1)}
	memorySteady   = figure{goal: "c", what: "memory after a start, resident", unit: "MiB", bound: from(100_000, ratio(1.2)), grows: true}
	memoryPeak     = figure{goal: "c", what: "memory after a start, peak", unit: "MiB", bound: from(100_000, ratio(1.2))}
	memoryRunning  = figure{goal: "c", what: "memory after N were created, resident", unit: "MiB"}
	idleCPU        = figure{goal: "d", what: "idle, CPU", unit: "% of a core", bound: value(0.3)}
	idleWrites     = figure{goal: "d", what: "idle, API writes but the lease's", unit: "writes", bound: exact(0)}
	idleReads      = figure{goal: "d", what: "idle, reads of the operator's kinds", unit: "reads", bound: exact(0)}
	startFirst     = figure{goal: "h", what: "start to the first RECONCILE", unit: "s", bound: from(10_000, ratio(1.2)), grows: true}
	startAll       = figure{goal: "h", what: "start to all answered for", unit: "s", bound: from(10_000, ratio(1.3))}
	startCPU       = figure{goal: "h", what: "start to all answered for, CPU", unit: "s", grows: true}
	startWrites    = figure{goal: "h", what: "start, writes to MesosTasks", unit: "writes", bound: exact(0)}
	deleteWall     = figure{goal: "i", what: "delete", unit: "s", bound: from(1_000, ratio(1.15)), grows: true}
	deleteWrites   = figure{goal: "i", what: "delete, writes besides the user's", unit: "per task", bound: about(1)}
	deleteCPU      = figure{goal: "i", what: "delete, CPU", unit: "ms/task"}
	deleteServer   = figure{goal: "i", what: "delete, CPU of the API server and etcd", unit: "ms/task"}
	deleteKills    = figure{goal: "i", what: "delete, KILLs", unit: "per task", bound: count(1.05)}
)

// order is that of the table.
var order = []figure{
	reconnectWall, reconnectLine, reconnectCPU, reconnectWrites, reconnectAsked,
	createWall, createWrites, createRefused, createCPU, createServer, createEvents, createLaunches,
	memorySteady, memoryPeak, memoryRunning, idleCPU, idleWrites, idleReads,
	startFirst, startAll, startCPU, startWrites, deleteWall, deleteWrites, deleteCPU, deleteServer, deleteKills,
}

// book is where figures are entered.
type book struct {
	rows []*report.Row
}

func (b *book) row(f figure, n int) *report.Row {
	for _, row := range b.rows {
		if row.Goal == f.goal && row.What == f.what && row.N == n {
			return row
		}
	}
	row := &report.Row{Goal: f.goal, What: f.what, Unit: f.unit, N: n, Bound: f.bound, Grows: f.grows}
	b.rows = append(b.rows, row)
	return row
}

// product enters a figure of the product's, bare one of the bare program's.
func (b *book) product(f figure, n int, measured float64) {
	row := b.row(f, n)
	row.Product = append(row.Product, measured)
}

func (b *book) bare(f figure, n int, measured float64) {
	row := b.row(f, n)
	row.Bare = append(row.Bare, measured)
}

// sorted is the table, with the growth of what grows.
func (b *book) sorted() []report.Row {
	place := func(r report.Row) int {
		return slices.IndexFunc(order, func(f figure) bool { return f.goal == r.Goal && f.what == r.What })
	}
	var rows []report.Row
	for _, row := range b.rows {
		if len(row.Product) > 0 {
			rows = append(rows, *row)
		}
	}
	slices.SortStableFunc(rows, func(x, y report.Row) int {
		return cmp.Or(cmp.Compare(x.Goal, y.Goal), cmp.Compare(place(x), place(y)), cmp.Compare(x.N, y.N))
	})
	return append(rows, report.Growth(rows)...)
}
