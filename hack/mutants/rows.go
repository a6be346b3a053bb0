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
		name:  "row 35: late word takes the end of an attempt back",
		file:  "controllers/lifecycle/observe.go",
		old:   `!s.otherFramework() && !said.State.Regresses(s.state()) && `,
		new:   `!s.otherFramework() && `,
		tests: in(system, "^TestFault35_"),
	}, {
		name:  "row 43: an object counts as the one that had its name",
		file:  "controllers/writes/written.go",
		old:   `	if !ok || kept.uid != cached.GetUID() {`,
		new:   `	if !ok {`,
		tests: in(system, "^TestFault43_"),
	}, {
		name:  "row 60: how long the fate of an attempt is unknown goes by the time of day",
		file:  "controllers/connections/efforts.go",
		old:   `		done.FateUnknown = now.Add(-max(0, now.Sub(recorded)))`,
		new:   `		done.FateUnknown = now.Round(0)`,
		tests: in(system, "^TestFault60_"),
	}, {
		name: "row 61: a pass goes on though there is a new subscription",
		file: "controllers/mesosframework/passes.go",
		old: `	case term != p.term:
		return v1alpha1.PassSubscribed
	case p.held():
		return ""
`, new: `	case p.pass != nil && p.held():
		return ""
	case term != p.term:
		return v1alpha1.PassSubscribed
	case p.held():
		return ""
`,
		tests: in(system, "^TestFault61_"),
	},
}
