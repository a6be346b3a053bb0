package main

// promises are mutants that break what the project promises, each so that the check of internal/history which has its name must say so at the end of a test
// of the whole. Where two locks hold the same door, both are taken away. Those of S2 and S4 are in stale.go. S3, S6, S13 to S15, L1, L3 to L6, L8, L9, SetAvailable,
// CronOnce and ServiceReady have none yet: what was tried for them is held by other locks, or is noticed by the test itself and not by the check.
var promises = []mutant{
	{
		name: "S1: what Mesos cannot reach counts as over", check: "S1",
		file: "mesosbridge/mesos/state.go",
		old: `TaskDropped, TaskGone, TaskGoneByOperator:
		return Ended`, new: `TaskDropped, TaskGone, TaskGoneByOperator, TaskUnreachable:
		return Ended`,
		tests: in(system, "^TestFault27_"),
	}, {
		name: "S5: an update is acknowledged to the agent of its launch", check: "S5",
		file: "mesosbridge/tasks.go",
		old:  `	agentID, arrived := r.Unacked.AgentID, r.arrived`, new: `	agentID, arrived := r.AgentID, r.arrived`,
		tests: in(system, "^TestFault05_"),
	}, {
		name: "S7: late news takes an attempt back", check: "S7",
		file: "mesosbridge/mesos/state.go",
		old:  `	return s.Class() == Live && known.Class() == Live && s.progress() < known.progress()`, new: `	return s.Class() == Live && known.Class() == Live && s.progress() < 0`,
		tests: in(system, "^TestFault12_"),
	}, {
		name: "S8: one attempt alone is asked for without its agent", check: "S8",
		file: "controllers/connections/efforts.go",
		old:  `{TaskID: attempt.TaskID, AgentID: attempt.AgentID}, {TaskID: after`, new: `{TaskID: attempt.TaskID}, {TaskID: after`,
		tests: in(system, "^TestFault27_"),
	}, {
		name: "S9: the rounds of a pass follow each other by the second", check: "S9",
		file: "controllers/mesosframework/reconcile.go",
		old:  `			p.roundDue = now.Add(jittered(p.limiter.When(v.object.Name)))`, new: `			p.roundDue = now.Add(jittered(time.Second))`,
		tests: in(system, "^TestPasses_tellOfSilenceByDefault$"),
	}, {
		name: "S9: an end mark is asked for before everything is", check: "S9",
		file: "mesosbridge/reconciliation/proof.go",
		old:  `	p.question++`, new: `	p.question = EndMark`,
		tests: in(system, "^TestLaunching_waitsForTheProof$"),
	}, {
		name: "S10: what is left behind is left without a word", check: "S10",
		file: "controllers/lifecycle/behind.go",
		old:  `		s.attempt.Outcome = departure.outcome`, new: `		_ = departure.outcome`,
		tests: in(system, "^TestFault28_"),
	}, {
		name: "S11: a deleted object does not wait for its task", check: "S11",
		file: "controllers/lifecycle/rules.go",
		old:  `return s.Deleting && !s.current() }, (*scene).release},`, new: `return s.Deleting }, (*scene).release},`,
		tests: in(system, "^TestFault08_"),
	}, {
		name: "S12: why a task is killed stands nowhere", check: "S12",
		file: "controllers/lifecycle/rules.go",
		old: `	s.attempt.KillReason = s.unwanted()
	why := killings[s.attempt.KillReason]`, new: `	why := killings[s.unwanted()]`,
		tests: in(system, "^TestFault33_"),
	}, {
		name: "S16: a patch names no UID", check: "S16",
		file: "controllers/writes/patch.go",
		old:  `	patch.Test("/metadata/uid", object.GetUID())`, new: ``,
		tests: in(system, "^TestTask_cost$"),
	}, {
		name: "S17: any user is allowed", check: "S17",
		file: "controllers/lifecycle/permit.go",
		old: `	{v1alpha1.ReasonUserNotAllowed, refuseUser},
`, new: ``,
		tests: in(system, "^TestFault68_"),
	}, {
		name: "S18: a framework's status is written though it is as it was", check: "S18",
		file: "controllers/mesosframework/status.go",
		old:  `	if !urgent && counts == v.object.Status.Tasks &&`, new: `	if !urgent && counts != v.object.Status.Tasks &&`,
		tests: in(system, "^TestTask_cost$"),
	}, {
		name: "S19: what a Secret holds is told as it is no text", check: "S19",
		file:  "controllers/lifecycle/environment.go",
		old:   `u.invalid(fmt.Sprintf("what its key %s holds is no text (UTF-8 without NULs), which a variable must be. Encode it, as in base64", key))`,
		new:   `u.invalid(fmt.Sprintf("what its key %s holds, %s, is no text (UTF-8 without NULs), which a variable must be. Encode it, as in base64", key, value))`,
		tests: in(system, "^TestEnvironment_fromSecrets$"),
	}, {
		name: "L2: a new subscription begins no pass", check: "L2",
		file: "controllers/mesosframework/passes.go",
		old: `	case term != p.term:
		return v1alpha1.PassSubscribed`, new: `	case term != p.term && p.term == 0:
		return v1alpha1.PassSubscribed`,
		tests: in(system, "^TestFault19_"),
	}, {
		name: "L7: a launch of which nothing is heard is not asked about", check: "L7",
		file: "controllers/lifecycle/rules.go",
		old:  `	s.askIf(s.Doubted || s.launchedInSilence() || s.launchOverdue() && !s.isLaunching())`, new: `	s.askIf(s.Doubted || s.launchOverdue() && !s.isLaunching())`,
		tests: in(system, "^TestFault(13|33|14)_"),
	}, {
		name: "SetSurge: what lives takes no room", check: "SetSurge",
		file: "controllers/rollout/replace.go",
		old:  `	room := s.replicas + s.surge - s.alive`, new: `	room := s.replicas + s.surge`,
		tests: in(system, "^TestSet_(life|costOfRollout)$"),
	}, {
		name: "SetRevisions: a revision goes though something is of it", check: "SetRevisions",
		file: "controllers/rollout/revisions.go",
		old: `	used := sets.New(s.update.Label, s.decision.Status.CurrentRevision)
	if s.current != nil {
		used.Insert(s.current.Label)
	}
	for _, m := range s.members {
		used.Insert(m.revision)
	}`, new: `	used := sets.New(s.update.Label)`,
		tests: in(system, "^TestSet_canaryRebuilt$"),
	}, {
		name: "CronAlone: Forbid forbids nothing", check: "CronAlone",
		file: "controllers/schedule/due.go",
		old: `	case len(active) == 0:
		s.create(run)`, new: `	case len(active) < 100:
		s.create(run)`,
		tests: in(system, "^TestCron_policies$"),
	}, {
		name: "CronHistory: a run goes before it is durable that it was started", check: "CronHistory",
		file: "controllers/schedule/runs.go",
		old: `	s.status().LastScheduleTime, s.started = recorded(newest), true
`, new: `	s.started = true
`,
		also: []change{{
			file: "controllers/schedule/runs.go",
			old:  `	return !run.Due.After(timeOf(s.Status.LastScheduleTime))`, new: `	return true`,
		}},
		tests: in(system, "^TestCron_history$"),
	},
}
