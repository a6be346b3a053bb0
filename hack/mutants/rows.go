package main

// rows are what turns tests of the fault matrix red that no other mutant here does.
var rows = []mutant{
	{
		name:  "row 06: what an update says is written though it is stored",
		file:  "controllers/mesostask/controller.go",
		old:   `!view.seen.Now.Before(decision.WriteAt) && !equality.Semantic.DeepEqual(decision.Status, view.object.Status)`,
		new:   `!view.seen.Now.Before(decision.WriteAt) && (view.seen.Unacknowledged != nil || !equality.Semantic.DeepEqual(decision.Status, view.object.Status))`,
		tests: in(system, "^TestFault06_"),
	}, {
		name:  "row 22: a pass asks about nothing",
		file:  "mesosbridge/reconciliation/pass.go",
		old:   `return s.Over || s.Last.After(p.start) }`,
		new:   `return true }`,
		tests: in(system, "^TestFault22_"),
	}, {
		name: "row 35: what Mesos says last of an attempt that is over is recorded",
		file: "controllers/mesostask/gather.go",
		old: `	if attempt.Unacked == nil {
		return
	}
	v.seen.Observation, v.seen.Unacknowledged = attempt.Observation, attempt.Unacked.UUID`, new: `	v.seen.Observation = attempt.Observation
	if attempt.Unacked != nil {
		v.seen.Unacknowledged = attempt.Unacked.UUID
	}`,
		also: []change{{
			"controllers/lifecycle/observe.go", `			s.learnMoreOfEnd(s.attempt, s.Observation)`,
			`			if s.Observation != nil {
				s.record(s.attempt, *s.Observation)
			}`,
		}},
		tests: in(system, "^TestFault35_"),
	}, {
		name:  "row 43: what runs under the name is taken over though it is not what the new object declares",
		file:  "controllers/lifecycle/others.go",
		old:   `		if (other.lives() || s.endsUnseenAs(other)) && s.matches(other) {`,
		new:   `		if other.lives() || s.endsUnseenAs(other) {`,
		tests: in(system, "^TestFault43_"),
	}, {
		name:  "row 60: how long the fate of an attempt is unknown goes by the time of day",
		file:  "controllers/connections/efforts.go",
		old:   "		done.FateUnknown = now\n",
		new:   "		done.FateUnknown = now.Round(0)\n",
		tests: in(system, "^TestFault60_"),
	}, {
		name:  "row 61: tasks are asked for one at a time",
		file:  "mesosbridge/reconciliation/pass.go",
		old:   `		chunkSize: max(params.ChunkSize, 1),`,
		new:   `		chunkSize: 1,`,
		tests: in(system, "^TestFault61_"),
	},
}
