package main

// stale are the protections from what a cache does not show, and from writes that fail. The live read before a task of an object is killed that is not its
// attempt is not among them: it is a second lock. The status that names the task goes first, and is refused for whatever that read would find, so that
// nothing can notice when the read alone is gone.
var stale = []mutant{
	{
		name: "a framework's write without an answer: what it brought about is read before the next one",
		file: "controllers/mesosframework/view.go",
		old:  `		if writes.Unanswered(err) {`, new: `		if false {`,
		tests: in(system, "^TestWrites_ofAFrameworkWithoutAnAnswer$"),
	}, {
		name: "bind before accept: a binding that could not be written launches nothing", check: "S2",
		file: "controllers/mesostask/writes.go",
		old: `		view.connection.Placer.BindFailed(view.key, *placed)
		return err
	}`, new: `	}`,
		tests: in(system, "^TestWrites_thatFail$"),
	}, {
		name: "the nonce of a task ID is random",
		file: "controllers/placer/nonce.go",
		old:  `	_, _ = rand.Read(random)`, new: `	_ = rand.Reader`,
		tests: in(placer, "^TestNewNonce$"),
	}, {
		name: "store before acknowledge: a status that could not be written acknowledges nothing", check: "S4",
		file: "controllers/mesostask/controller.go",
		old: `		if err := r.put(ctx, view, decision); err != nil {
			return err
		}`, new: `		if err := r.put(ctx, view, decision); err != nil {
			_ = err
		}`,
		tests: in(system, "^TestWrites_thatFail$"),
	}, {
		name: "live read before killing an orphan",
		file: "controllers/mesosframework/orphans.go",
		old:  `		accounted, err := v.accountedFor(ctx, v.Live, orphan.TaskID)`, new: `		accounted, err := v.accountedFor(ctx, v.Client, orphan.TaskID)`,
		tests: in(system, "^TestOrphans_liveRead$"),
	}, {
		name: "live read before killing an orphan: what cannot be read counts as there",
		file: "controllers/mesosframework/orphans.go",
		old:  `		if accounted || err != nil {`, new: `		if accounted {`,
		tests: in(system, "^TestOrphans_liveRead$"),
	}, {
		name: "renewal check before every outward step",
		file: "controllers/leadership/gate.go",
		old: `	if err := g.leadership.MayAct(); err != nil {
		return err
	}
`, new: ``,
		tests: in(leadership, "^TestGate"),
	}, {
		name: "the cron task's wait for its own writes",
		file: "controllers/mesoscrontask/gather.go",
		old:  `	v.behind = len(missing) > 0`, new: `	v.behind = len(missing) < 0`,
		tests: in(system, "^TestCron_whoseCacheLags$"),
	}, {
		name: "last-written comparison: a task is decided on by what was last written of it",
		file: "controllers/mesostask/gather.go",
		old:  `	object, lastWrite, doubtful := r.written.Latest(cached)`, new: `	_, lastWrite, doubtful := r.written.Latest(cached)
	object := cached`,
		tests: in(system, "^TestWrites_whatTheCacheLacks$"),
	},
}
