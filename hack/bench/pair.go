package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"syscall"
	"time"

	"github.com/mesos-operator/mesos-operator/hack/bench/bare"
	"github.com/mesos-operator/mesos-operator/hack/bench/usage"
	"github.com/mesos-operator/mesos-operator/internal/program"
)

// pair takes N tasks through their life twice: by the bare programs, then by the product.
type pair struct {
	*stand
	*book
	watcher *watcher
	n       int
	// idle is how long idleness is watched; zero for not at all.
	idle time.Duration
	// storm is how many cuts there are, and how far apart; none for no storm.
	cuts  int
	apart time.Duration
	// failover is how long agents take to come back after one; zero for none.
	failover time.Duration
	// say tells what is being done.
	say func(format string, values ...any)
}

// both does both halves.
func (p *pair) both(ctx context.Context) error {
	for _, half := range []func(context.Context) error{p.bareHalf, p.productHalf} {
		if err := half(ctx); err != nil {
			return err
		}
	}
	return nil
}

// each is a total as a share of the tasks'.
func (p *pair) each(total float64) float64 { return total / float64(p.n) }

// milliseconds per task.
func (p *pair) milliseconds(d time.Duration) float64 { return p.each(d.Seconds() * 1e3) }

// server is the CPU time of the API server and its etcd.
func server(m phase) time.Duration { return m.cpu["kube-apiserver"] + m.cpu["etcd"] }

// bareHalf creates the tasks and writes what the product would, looks at them with a manager that does nothing, and deletes them.
func (p *pair) bareHalf(ctx context.Context) error {
	p.say("bare: create and write")
	m, result, err := p.walk(ctx, "create,bind,record", p.n)
	if err != nil {
		return err
	}
	p.bare(createWall, p.n, m.took.Seconds())
	p.bare(createCPU, p.n, p.each(result.CPUSeconds*1e3))
	p.bare(createServer, p.n, p.milliseconds(server(m)))
	if err := p.noop(ctx); err != nil {
		return err
	}
	p.say("bare: delete")
	if m, result, err = p.walk(ctx, "delete,release", 0); err != nil {
		return err
	}
	p.bare(deleteWall, p.n, m.took.Seconds())
	p.bare(deleteCPU, p.n, p.each(result.CPUSeconds*1e3))
	p.bare(deleteServer, p.n, p.milliseconds(server(m)))
	return nil
}

// walk takes the tasks through steps, until there are so many, all running.
func (p *pair) walk(ctx context.Context, steps string, there int) (m phase, result bare.Result, err error) {
	m, err = p.measure(ctx, func() error {
		if result, err = p.tasks(ctx, p.n, steps); err != nil {
			return err
		}
		return p.watcher.await(ctx, there, there)
	})
	return m, result, err
}

// noop runs the manager that does nothing over the tasks.
func (p *pair) noop(ctx context.Context) error {
	p.say("bare: a manager that does nothing")
	self, profiles, err := selfAndAddress(ctx)
	if err != nil {
		return err
	}
	done := p.path("noop.json")
	noop, err := program.Start(ctx, self, p.path("noop.log"), p.cancel, "noop", "--kubeconfig", p.kubeconfig, "--n", strconv.Itoa(p.n), "--done", done, "--pprof", profiles)
	if err != nil {
		return err
	}
	var result bare.Result
	if err := p.until(ctx, "the manager that does nothing", func(context.Context) (bool, error) { return readResult(done, &result) }); err != nil {
		return err
	}
	p.bare(startFirst, p.n, result.Seconds)
	p.bare(startAll, p.n, result.Seconds)
	p.bare(startCPU, p.n, result.CPUSeconds)
	resting, err := atRest(ctx, noop.PID(), profiles, p.idle)
	if err != nil {
		return err
	}
	p.bare(memorySteady, p.n, mebibytes(resting.memory.Resident))
	p.bare(memoryPeak, p.n, mebibytes(resting.memory.Peak))
	if p.idle > 0 {
		p.bare(idleCPU, p.n, resting.percent)
	}
	return noop.End(syscall.SIGTERM)
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// resting is a process that has nothing to do.
type resting struct {
	memory  usage.Memory
	percent float64
}

// atRest lets a process collect its garbage, and watches it do nothing for a while.
func atRest(ctx context.Context, pid int, profiles string, idle time.Duration) (resting, error) {
	var r resting
	if err := collect(ctx, profiles); err != nil {
		return r, fmt.Errorf("collecting garbage: %w", err)
	}
	// What it frees goes back to the system over the next second or two.
	if err := pause(ctx, 3*time.Second); err != nil {
		return r, err
	}
	began := time.Now()
	before, err := usage.CPU(pid)
	if err != nil {
		return r, err
	}
	if err := pause(ctx, idle); err != nil {
		return r, err
	}
	after, err := usage.CPU(pid)
	if err != nil {
		return r, err
	}
	r.percent = 100 * (after - before).Seconds() / time.Since(began).Seconds()
	r.memory, err = usage.MemoryOf(pid)
	return r, err
}

// productHalf lets the product do it all.
func (p *pair) productHalf(ctx context.Context) error {
	if err := p.startManager(ctx); err != nil {
		return err
	}
	if err := p.connected(ctx); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{{"create", p.create}, {"idle", p.rests}, {"reconnect", p.reconnect}, {"storm", p.storm}, {"failover", p.failOver}} {
		if err := p.profiled(ctx, part.name, func() error { return part.do(ctx) }); err != nil {
			return err
		}
	}
	if err := p.restart(ctx); err != nil {
		return err
	}
	if err := p.profiled(ctx, "delete", func() error { return p.remove(ctx) }); err != nil {
		return err
	}
	return p.stopManager(ctx)
}

// created creates the tasks, and waits until all run.
func (p *pair) created(ctx context.Context) (wall time.Duration, m phase, err error) {
	return p.user(ctx, bare.Create, p.n)
}

// removed deletes the tasks, and waits until all are gone.
func (p *pair) removed(ctx context.Context) (wall time.Duration, m phase, err error) {
	return p.user(ctx, bare.Delete, 0)
}

// user does what users do with all tasks, and waits until so many are there, all running, and then until the manager rests.
func (p *pair) user(ctx context.Context, step bare.Step, there int) (wall time.Duration, m phase, err error) {
	m, err = p.measure(ctx, func() error {
		began := time.Now()
		if _, err := p.tasks(ctx, p.n, string(step)); err != nil {
			return err
		}
		if err := p.watcher.await(ctx, there, there); err != nil {
			return err
		}
		wall = time.Since(began)
		return p.settle(ctx)
	})
	return wall, m, err
}

// create lets the product run the tasks.
func (p *pair) create(ctx context.Context) error {
	p.say("product: create")
	wall, m, err := p.created(ctx)
	if err != nil {
		return err
	}
	p.product(createWall, p.n, wall.Seconds())
	p.product(createWrites, p.n, p.each(float64(m.requests.sum(patches))))
	p.product(createRefused, p.n, p.each(float64(m.requests.sum(refusedPatches))))
	p.product(createCPU, p.n, p.milliseconds(m.cpu["manager"]))
	p.product(createServer, p.n, p.milliseconds(server(m)))
	p.product(createEvents, p.n, max(0, float64(m.requests.sum(newEvents))-eventBurst-eventsPerSecond*m.took.Seconds()))
	p.product(createLaunches, p.n, p.each(float64(m.mesos.Launched)))
	return nil
}

// eventsPerSecond and eventBurst are the manager's budget.
const eventsPerSecond, eventBurst = 10, 100

// rests watches the manager do nothing.
func (p *pair) rests(ctx context.Context) error {
	if p.idle == 0 {
		return nil
	}
	p.say("product: idle")
	// The framework's counts are written up to five seconds later.
	if err := pause(ctx, 6*time.Second); err != nil {
		return err
	}
	var r resting
	m, err := p.measure(ctx, func() (err error) {
		r, err = atRest(ctx, p.manager.PID(), p.profiles, p.idle)
		return err
	})
	if err != nil {
		return err
	}
	p.product(memoryRunning, p.n, mebibytes(r.memory.Resident))
	p.product(idleCPU, p.n, r.percent)
	p.product(idleWrites, p.n, float64(m.requests.sum(idleWrite)))
	if writes := m.requests.only(idleWrite); len(writes) > 0 {
		p.say("written meanwhile: %v", writes)
	}
	p.product(idleReads, p.n, float64(m.requests.sum(kindRead)))
	return nil
}

// reconnect cuts the stream, at the pace of a real master and without one.
func (p *pair) reconnect(ctx context.Context) error {
	p.say("product: reconnect")
	m, pass, err := p.cut(ctx, masterPace)
	if err != nil {
		return err
	}
	p.product(reconnectWall, p.n, pass.Seconds())
	p.product(reconnectCPU, p.n, p.each(m.cpu["manager"].Seconds()*1e6))
	p.product(reconnectWrites, p.n, float64(m.requests.sum(patches)))
	p.product(reconnectAsked, p.n, float64(m.mesos.Asked-p.n))
	m, pass, err = p.cut(ctx, 0)
	if err != nil {
		return err
	}
	p.product(reconnectLine, p.n, pass.Seconds())
	p.product(reconnectWrites, p.n, float64(m.requests.sum(patches)))
	return nil
}

// cut cuts the stream once, and says how long the pass took that followed.
func (p *pair) cut(ctx context.Context, pace int) (m phase, pass time.Duration, err error) {
	if err := p.mesos.Order(ctx, "/stream/pace?per-second="+strconv.Itoa(pace)); err != nil {
		return m, 0, err
	}
	count, took, err := p.passes(ctx)
	if err != nil {
		return m, 0, err
	}
	m, err = p.measure(ctx, func() error {
		before, err := p.mesos.Counts(ctx)
		if err != nil {
			return err
		}
		if err := p.mesos.Order(ctx, "/stream/cut"); err != nil {
			return err
		}
		return p.answered(ctx, before.Answered+p.n)
	})
	if err != nil {
		return m, 0, err
	}
	p.say("a cut was followed by %d SUBSCRIBE, %d RECONCILE and %d answers", m.mesos.Calls["SUBSCRIBE"], m.mesos.Calls["RECONCILE"], m.mesos.Answered)
	counted, total, err := p.passes(ctx)
	if err == nil && counted != count+1 {
		err = fmt.Errorf("one cut was followed by %d passes", counted-count)
	}
	return m, total - took, err
}

// answered waits until Mesos has given so many answers and the manager rests.
func (p *pair) answered(ctx context.Context, answers int) error {
	if err := p.until(ctx, "answers for all tasks", func(ctx context.Context) (bool, error) {
		counts, err := p.mesos.Counts(ctx)
		return counts.Answered >= answers, err
	}); err != nil {
		return err
	}
	return p.settle(ctx)
}

// storm cuts the stream again and again.
func (p *pair) storm(ctx context.Context) error {
	if p.cuts == 0 {
		return nil
	}
	p.say("product: %d cuts", p.cuts)
	if err := p.mesos.Order(ctx, "/stream/pace?per-second="+strconv.Itoa(masterPace)); err != nil {
		return err
	}
	m, err := p.measure(ctx, func() error {
		for range p.cuts {
			if err := p.mesos.Order(ctx, "/stream/cut"); err != nil {
				return err
			}
			if err := pause(ctx, p.apart); err != nil {
				return err
			}
		}
		return p.settle(ctx)
	})
	if err != nil {
		return err
	}
	asked, writes := stormFigures(p.cuts)
	p.product(asked, p.n, p.each(float64(m.mesos.Asked)))
	p.product(writes, p.n, float64(m.requests.sum(patches)))
	return nil
}

// lost is the share of the agents that never come back.
const lost = 0.05

// failOver lets another master lead, to whom the agents come back one by one, but for a few: their tasks are unreachable by then.
func (p *pair) failOver(ctx context.Context) error {
	if p.failover == 0 {
		return nil
	}
	asked, unchanged, changed := failoverFigures(p.failover)
	p.say("product: failover over %s", p.failover)
	m, err := p.measure(ctx, func() error {
		if err := p.mesos.Order(ctx, fmt.Sprintf("/master/failover?back=%g&over=%s", 1-lost, p.failover)); err != nil {
			return err
		}
		// The master gives up those that it still waits for after its agent_reregister_timeout of ten minutes.
		if err := pause(ctx, max(p.failover, 10*time.Minute)+time.Minute); err != nil {
			return err
		}
		return p.settle(ctx)
	})
	if err != nil {
		return err
	}
	gone := math.Round(lost*agents) * float64(p.n/agents)
	writes := float64(m.requests.sum(patches))
	p.product(asked, p.n, p.each(float64(m.mesos.Asked)))
	p.product(unchanged, p.n, max(0, writes-gone))
	p.product(changed, p.n, min(writes, gone)/gone)
	return p.back(ctx)
}

// back lets all agents come back, and waits until their tasks are running again.
func (p *pair) back(ctx context.Context) error {
	for i := range agents {
		if err := p.mesos.Order(ctx, fmt.Sprintf("/agents/%d/heal", i+1)); err != nil {
			return err
		}
	}
	if err := p.watcher.await(ctx, p.n, p.n); err != nil {
		return err
	}
	return p.settle(ctx)
}

// restart stops the manager, lets the bare client ask Mesos in its place, and starts the manager over what runs.
func (p *pair) restart(ctx context.Context) error {
	if err := p.stopManager(ctx); err != nil {
		return err
	}
	p.say("bare: reconnect")
	for _, mode := range []struct {
		pace int
		of   figure
	}{{masterPace, reconnectWall}, {0, reconnectLine}} {
		if err := p.mesos.Order(ctx, "/stream/pace?per-second="+strconv.Itoa(mode.pace)); err != nil {
			return err
		}
		result, err := p.run(ctx, "reconnect", "--master", p.master, "--control", p.mesos.Control, "--framework", p.framework)
		if err != nil {
			return err
		}
		if result.Count != p.n {
			return fmt.Errorf("the bare client was told of %d tasks, and there are %d", result.Count, p.n)
		}
		p.bare(mode.of, p.n, result.Seconds)
		if mode.pace > 0 {
			p.bare(reconnectCPU, p.n, p.each(result.CPUSeconds*1e6))
		}
	}
	p.say("product: start over what runs")
	if err := p.mesos.Order(ctx, "/stream/pace?per-second="+strconv.Itoa(masterPace)); err != nil {
		return err
	}
	var first, all, used time.Duration
	m, err := p.measure(ctx, func() (err error) {
		first, all, used, err = p.startOver(ctx)
		return err
	})
	if err != nil {
		return err
	}
	p.product(startFirst, p.n, first.Seconds())
	p.product(startAll, p.n, all.Seconds())
	p.product(startCPU, p.n, used.Seconds())
	p.product(startWrites, p.n, float64(m.requests.sum(patches)))
	r, err := atRest(ctx, p.manager.PID(), p.profiles, 0)
	if err != nil {
		return err
	}
	p.product(memorySteady, p.n, mebibytes(r.memory.Resident))
	p.product(memoryPeak, p.n, mebibytes(r.memory.Peak))
	return nil
}

// startOver starts the manager, and says when its first RECONCILE came, when the last answer, and what it had used once it rested.
func (p *pair) startOver(ctx context.Context) (first, all, used time.Duration, err error) {
	before, err := p.mesos.Counts(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	began := time.Now()
	if err := p.startManager(ctx); err != nil {
		return 0, 0, 0, err
	}
	if err := p.until(ctx, "answers for all tasks", func(ctx context.Context) (bool, error) {
		now, err := p.mesos.Counts(ctx)
		if first == 0 && now.Asked > before.Asked {
			first = time.Since(began)
		}
		return now.Answered >= before.Answered+p.n, err
	}); err != nil {
		return 0, 0, 0, err
	}
	all = time.Since(began)
	if err := p.connected(ctx); err != nil {
		return 0, 0, 0, err
	}
	if err := p.settle(ctx); err != nil {
		return 0, 0, 0, err
	}
	used, err = usage.CPU(p.manager.PID())
	return first, all, used, err
}

// remove lets the product end the tasks.
func (p *pair) remove(ctx context.Context) error {
	p.say("product: delete")
	wall, m, err := p.removed(ctx)
	if err != nil {
		return err
	}
	p.product(deleteWall, p.n, wall.Seconds())
	p.product(deleteWrites, p.n, p.each(float64(m.requests.sum(patches))))
	p.product(deleteCPU, p.n, p.milliseconds(m.cpu["manager"]))
	p.product(deleteServer, p.n, p.milliseconds(server(m)))
	p.product(deleteKills, p.n, p.each(float64(m.mesos.Calls["KILL"])))
	return nil
}
