package main

import "slices"

// protections are all mutants, in the order of the design's rules and sections that their protections are of.
var protections = slices.Concat(calls, asking, launches, acknowledgements, decisions, passes, orphans, leaders, caches, stale, patches, late, rows, promises)

// The packages whose tests should notice.
const (
	bridge         = "./mesosbridge"
	reconciliation = "./mesosbridge/reconciliation"
	lifecycle      = "./controllers/lifecycle"
	leadership     = "./controllers/leadership"
	framework      = "./controllers/mesosframework"
	placer         = "./controllers/placer"
	schedule       = "./controllers/schedule"
	writes         = "./controllers/writes"
	connections    = "./controllers/connections"
	system         = "./controllers/system"
)

func in(pkg, pattern string) []tests { return []tests{{pkg, pattern}} }

// calls are the protections of what goes to Mesos at all. That an ACCEPT is of the term of its offer is not among them: three places see to it (what waits to
// be sent is dropped with its term, and offers are accepted in the current one alone), so that nothing can notice when one of them is gone.
var calls = []mutant{
	{
		name: "a DECLINE that the master did not take is sent again",
		file: "mesosbridge/offers.go",
		old:  `	time.AfterFunc(d.retry.next(fast), func() { b.pushDecline(t, d) })`, new: ``,
		tests: in(bridge, "^TestBridge_declinesAgain$"),
	}, {
		name: "the offer of an ACCEPT that was refused is declined",
		file: "mesosbridge/offers.go",
		old: `		rest.reason = DeclineRefused
		b.pushDecline(t, rest)`, new: `		rest.reason = DeclineRefused`,
		tests: in(bridge, "^TestBridge_(declinesAgain|keepsNoOffer)$"),
	}, {
		name: "a KILL that hangs holds up no DECLINE",
		file: "mesosbridge/tasks.go",
		old:  `	b.lanes.kills.push(item{`, new: `	b.lanes.declines.push(item{`,
		tests: in(bridge, "^TestBridge_aCallThatHangsHoldsUpNoOtherKind$"),
	}, {
		name: "a RECONCILE that hangs holds up no REVIVE",
		file: "mesosbridge/lane.go",
		old: `	return lanes{
		wishes: newLane(1), asks: newLane(1),`, new: `	one := newLane(1)
	return lanes{
		wishes: one, asks: one,`,
		tests: in(bridge, "^TestBridge_aCallThatHangsHoldsUpNoOtherKind$"),
	}, {
		name: "a DECLINE that hangs is given up early, to be sent again",
		file: "mesosbridge/call.go",
		old:  `doubled(firstAnswer, failed, callTimeout)`, new: `callTimeout+0*doubled(0, failed, 0)`,
		tests: in(bridge, "^TestBridge_declinesAgainWhatHangs$"),
	}, {
		name: "a REVIVE waits for the filters that it is to void",
		file: "mesosbridge/wish.go",
		old:  `	b.letFiltersPass(t)`, new: ``,
		tests: in(bridge, "^TestBridge_revivesWhatIsOnItsWayToBeRefused$"),
	}, {
		name: "a REVIVE that overtook a filter is sent again",
		file: "mesosbridge/wish.go",
		old:  `(d.overtaken || `, new: `(`,
		tests: in(bridge, "^TestBridge_revivesWhatIsOnItsWayToBeRefused$"),
	}, {
		name: "a REVIVE that a call with filters may have come after, as it was never answered, is sent again",
		file: "mesosbridge/wish.go",
		old:  ` || d.doubtful && d.revival != b.wish.revivals)`, new: `)`,
		tests: in(bridge, "^TestBridge_revivesWhatMayYetBeRefused$"),
	}, {
		name: "nothing is refused any more by what waits while offers are asked for",
		file: "mesosbridge/offers.go",
		old:  `	if d.refuse == 0 || d.revival != b.wish.revivals {`, new: `	if d.refuse == 0 {`,
		tests: in(bridge, "^TestBridge_(refusesNothingOnceRevived|declinesAgain)$"),
	}, {
		name: "the stream ID goes with every call",
		file: "mesosbridge/call.go",
		old:  `	request.Header.Set(streamHeader, t.streamID)`, new: ``,
		tests: in(bridge, "^TestBridge_runsATask$"),
	}, {
		name: "the stream ID is that of the term in which the call was asked for",
		file: "mesosbridge/lane.go",
		old:  `	if i.term.ctx.Err() != nil {`, new: `	if false {`,
		tests: in(bridge, "^TestBridge_sendsNothingOfATermThatEnded$"),
	}, {
		name: "an ACCEPT without an answer ends the term, so that it cannot take effect later",
		file: "mesosbridge/offers.go",
		old: `		t.end(&Problem{
			Class: CallUnanswered,
			Message: "An ACCEPT had no clear answer (" + o.problem().Error() +
				"); the framework is subscribing again, to learn what became of it.",
		})
		b.closeSent(t.number, ids, AcceptUnanswered, "")`, new: `		b.closeSent(t.number, ids, AcceptUnanswered, "")`,
		tests: in(bridge, "^TestBridge_(Accept_outcomes|givesAnAcceptWithoutAnswerUpAfter75Seconds)$"),
	}, {
		name: "nothing is asked or killed in the term of an ACCEPT without an answer",
		file: "mesosbridge/offers.go",
		old: `		// The term ends first: as long as it goes on the ACCEPT may yet arrive, behind a KILL or a RECONCILE of its tasks.
`, new: `		b.closeSent(t.number, ids, AcceptUnanswered, "")
`,
		tests: in(bridge, "^TestBridge_asksNothingInTheTermOfAnUnansweredAccept$"),
	}, {
		name: "a framework accepts nothing before its ID is stored",
		file: "mesosbridge/framework.go",
		old:  `	if t == nil || t != b.current || !b.idStored {`, new: `	if t == nil || t != b.current {`,
		tests: in(bridge, "^TestBridge_(registersANewFrameworkCarefully|registersOneWithAShortTimeout|keepsTheShortTimeoutUntilTheIDIsDurable)$"),
	}, {
		name: "a framework whose ID is not stored has a short failover timeout",
		file: "mesosbridge/framework.go",
		old:  `	if !b.idStored && framework.FailoverTimeout > provisionalTimeout {`, new: `	if false {`,
		tests: in(bridge, "^TestBridge_(registersANewFrameworkCarefully|keepsTheShortTimeoutUntilTheIDIsDurable)$"),
	},
}

// asking are those of what is asked and killed, and when (rules 7, 8, 10).
var asking = []mutant{
	{
		name: "rule 7 for RECONCILE",
		file: "mesosbridge/tasks.go",
		old: `		if !b.mayAsk(ref.TaskID) {
			continue
		}`, new: ``,
		tests: in(bridge, "^TestBridge_holdsBackKillAndReconcileOfALaunchUnderWay$"),
	}, {
		name: "rule 7 for the RECONCILE of one attempt alone, which counts silence",
		file: "controllers/connections/efforts.go",
		old:  `	if c.foreign(attempt) || !c.Bridge.MayAsk(attempt.TaskID) {`, new: `	if c.foreign(attempt) {`,
		tests: in(connections, "^TestConnection_silenceBeforeAnAccept$"),
	}, {
		name: "rule 7 for KILL",
		file: "mesosbridge/tasks.go",
		old:  `	return r.Accept.mayAsk() && !r.ended()`, new: `	return !r.ended()`,
		tests: in(bridge, "^TestBridge_holdsBackKillAndReconcileOfALaunchUnderWay$"),
	}, {
		name: "rule 7 counts an ACCEPT that is on its way",
		file: "mesosbridge/attempt.go",
		old:  `	case "", AcceptAccepted, AcceptUnanswered:`, new: `	case "", AcceptSent, AcceptAccepted, AcceptUnanswered:`,
		tests: in(bridge, "^TestBridge_(holdsBackKillAndReconcileOfALaunchUnderWay|MayAsk)$"),
	}, {
		name: "rule 7 in a pass: what may not be asked yet is asked later",
		file: "mesosbridge/reconciliation/pass.go",
		old:  `		case s.Askable:`, new: `		default:`,
		tests: in(reconciliation, "^TestPass_"),
	}, {
		name: "the agent ID goes with RECONCILE",
		file: "mesosbridge/tasks.go",
		old:  `		if ref.AgentID != "" {`, new: `		if false {`,
		tests: in(bridge, "^TestBridge_(Reconcile|reconcilesWhileAgentsAreAway)$"),
	}, {
		name: "the agent ID in a pass is the one where the attempt was last observed",
		file: "mesosbridge/reconciliation/pass.go",
		old:  `				attempt.AgentID = s.AgentID`, new: ``,
		tests: in(reconciliation, "^TestPass_followsTheAlgorithm$"),
	}, {
		name: "the agent ID goes with the RECONCILE of one attempt alone",
		file: "controllers/connections/efforts.go",
		old:  `{TaskID: attempt.TaskID, AgentID: attempt.AgentID}, {TaskID: after`, new: `{TaskID: attempt.TaskID}, {TaskID: after`,
		tests: in(system, "^TestFault(27_agentPartition|28_policyRelaunched|31_goneWhile)"),
	}, {
		name: "an empty explicit RECONCILE is never sent",
		file: "mesosbridge/tasks.go",
		old: `			case len(asked) == 0:
				done(errNobodyToAsk)
				return
`, new: ``,
		tests: in(bridge, "^TestBridge_(Reconcile|holdsBackKillAndReconcileOfALaunchUnderWay)$"),
	}, {
		name:  "only attempts not known to be over are asked about",
		file:  "mesosbridge/reconciliation/pass.go",
		old:   `func (p *Pass) answered(s Seen) bool { return s.Over || s.Last.After(p.start) }`,
		new:   `func (p *Pass) answered(s Seen) bool { return s.Last.After(p.start) }`,
		tests: in(reconciliation, "^TestPass_"),
	},
}

// launches are those of rules 2 and 12.
var launches = []mutant{
	{
		name: "bind before accept: an ACCEPT has only tasks whose binding is durable",
		file: "controllers/placer/launch.go",
		old:  `		if reserved.bound && !reserved.released && !gone {`, new: `		if !reserved.released && !gone {`,
		tests: in(placer, "^TestPlacer_"),
	}, {
		name: "the launch hold: nothing is launched before the proof was had",
		file: "controllers/connections/hold.go",
		old:  `	return id != "" && c.provenID == id`, new: `	return id != ""`,
		tests: in(system, "^(TestLaunching_waitsForTheProof|TestHold)$"),
	}, {
		name: "the launch hold lasts for its time, where the proof cannot be had",
		file: "controllers/connections/hold.go",
		old:  ` && !counted.Before(state.FirstSubscribed.Add(c.hold))`, new: ``,
		tests: in(system, "^(TestLaunching_waitsNoLongerThanTheHold|TestHold)$"),
	}, {
		name: "the launch hold ends",
		file: "controllers/connections/hold.go",
		old:  `	news := (had || heldOut) && c.provenID != frameworkID`, new: `	news := had && (had || heldOut) && c.provenID != frameworkID`,
		tests: in(system, "^(TestLaunching_waitsNoLongerThanTheHold|TestHold)$"),
	}, {
		name: "rules 4, 12 and 13 are checked again as an ACCEPT is sent",
		file: "mesosbridge/offers.go",
		old:  `		if check == nil || check(tasks[i].ID) {`, new: `		if true {`,
		tests: in(bridge, "^TestBridge_Accept"),
	}, {
		name: "a task ID of which anything is known is not launched",
		file: "mesosbridge/offers.go",
		old:  `		if r.Accept == AcceptUnsent || r.Accept == "" && r.Last == (mesos.Number{}) {`, new: `		if true {`,
		tests: in(bridge, "^TestBridge_Accept"),
	},
}

// acknowledgements are those of rule 3.
var acknowledgements = []mutant{
	{
		name:  "store before acknowledge: what is held back is not acknowledged",
		file:  "controllers/lifecycle/conditions.go",
		old:   `	return passing || s.decision.Gone || !s.decision.Passes && !s.Now.Before(s.decision.WriteAt) || s.durableState() == string(state)`,
		new:   `	return passing || s.decision.Gone || s.Now.IsZero() || true`,
		tests: in(lifecycle, "^TestNext_(acknowledgements|heldBackWrites|properties)$"),
	}, {
		name: "the end of an attempt that is not the current one is acknowledged only once it is stored, or nobody accounts for it",
		file: "controllers/mesostask/settle.go",
		old:  `		return endRecorded(view.object.Status, taskID), nil`, new: `		return true, nil`,
		tests: in(system, "^TestWrites_thatKnowTooLittle$"),
	}, {
		name: "an acknowledgement that failed leaves its update waiting",
		file: "mesosbridge/tasks.go",
		old:  `	done := accepted && r.Unacked != nil && bytes.Equal(r.Unacked.UUID, uuid)`, new: `	done := r.Unacked != nil && bytes.Equal(r.Unacked.UUID, uuid)`,
		tests: in(bridge, "^TestBridge_keepsAnUpdateWaitingWhenItsAcknowledgementFails$"),
	},
}

// decisions are those of what a Mesos state means (section 6).
var decisions = []mutant{
	{
		name: "a late update never takes an attempt backwards: in the bridge",
		file: "mesosbridge/attempt.go",
		old: `	case next.State.Regresses(known.State):
		return known
`, new: ``,
		tests: in(bridge, "^(TestRecord_observe.*|FuzzUpdates)$"),
	}, {
		name: "a late update never takes an attempt backwards: in its object",
		file: "controllers/lifecycle/observe.go",
		old:  `	if said := s.Observation; said != nil && !s.otherFramework() && !said.State.Regresses(s.state()) && `, new: `	if said := s.Observation; said != nil && !s.otherFramework() && `,
		tests: in(lifecycle, "^(TestNext_(nothingFollowsAnEnd|properties)|FuzzUpdates)$"),
	}, {
		name: "the refusal of a duplicate ID says nothing of the live task",
		file: "mesosbridge/attempt.go",
		old: `	if next.SpeaksOfAnother() {
		return
	}`, new: ``,
		tests: in(bridge, "^TestRecord_observe"),
	}, {
		name: "the launch deadline's kill reason is recorded",
		file: "controllers/lifecycle/rules.go",
		old: `	s.attempt.KillReason = s.unwanted()
`, new: `	if why := s.unwanted(); why != v1alpha1.KillLaunchTimedOut {
		s.attempt.KillReason = why
	}
`,
		tests: in(lifecycle, "^TestNext_(launchTimesOut|afterALaunchTimedOut|properties)$"),
	}, {
		name: "with the launch deadline's kill reason an end before STARTING is never ran",
		file: "controllers/lifecycle/ends.go",
		old: `	if attempt.KillReason == v1alpha1.KillLaunchTimedOut && said.State != mesos.TaskFinished {
		return reached
	}
`, new: ``,
		tests: in(lifecycle, "^TestNext_(launchTimesOut|afterALaunchTimedOut)$"),
	}, {
		name: "why a KILL is sent is durable before it is sent",
		file: "controllers/lifecycle/conditions.go",
		old:  `		s.decision.WriteAt, s.decision.Passes = time.Time{}, false`, new: ``,
		tests: in(lifecycle, "^TestNext_(killReasonIsWrittenBeforeTheKill|properties)$"),
	}, {
		name: "why a KILL of a task that is not the object's attempt is sent is durable before it is sent",
		file: "controllers/lifecycle/others.go",
		old: `	s.condemned = true
	return true`, new: `	return true`,
		tests: in(lifecycle, "^TestNext_(othersKillsAreDurable|properties)$"),
	}, {
		name: "agentRemovedTime is recorded",
		file: "controllers/lifecycle/removed.go",
		old:  `			attempt.AgentRemovedTime = s.timeOf(s.Now)`, new: `			attempt.AgentRemovedTime = nil`,
		tests: in(lifecycle, "^TestNext_agentRemoved$"),
	}, {
		name: "agentRemovedTime is that of the first word",
		file: "controllers/lifecycle/removed.go",
		old:  `		if attempt.AgentRemovedTime == nil {`, new: `		if true {`,
		tests: in(lifecycle, "^(TestNext_agentRemoved|FuzzUpdates)$"),
	}, {
		name: "agentRemovedTime is cleared by any other state",
		file: "controllers/lifecycle/removed.go",
		old:  `		attempt.AgentRemovedTime = nil`, new: `		_ = attempt`,
		tests: in(lifecycle, "^TestNext_agentRemoved$"),
	}, {
		name: "agentRemovedTime: the waits before the attempt counts as over",
		file: "controllers/lifecycle/removed.go",
		old:  `	wait := removedWait + s.graceOf(attempt)`, new: `	wait := 0 * removedWait`,
		tests: in(lifecycle, "^TestNext_(agentRemoved|waitsForTheGraceOfTheLaunch)$"),
	}, {
		name: "agentRemovedTime: the longer wait where another agent took the address",
		file: "controllers/lifecycle/removed.go",
		old:  `		wait += replacedWait`, new: `		wait += 0 * replacedWait`,
		tests: in(lifecycle, "^TestNext_agentReplaced$"),
	}, {
		name: "agentRemovedTime: an ask after the waits has to be answered",
		file: "controllers/lifecycle/removed.go",
		old:  `	return removed && s.due(since) && answered(since)`, new: `	return removed && s.due(since) && (answered(since) || true)`,
		tests: in(lifecycle, "^TestNext_agentRemoved$"),
	}, {
		name: "agentRemovedTime is kept through UNKNOWN and LOST: in the bridge",
		file: "mesosbridge/mesos/observation.go",
		old:  `		o.AgentRemoved = known.AgentRemoved`, new: `		_ = known`,
		tests: []tests{{"./mesosbridge/mesos", "."}, {bridge, "^TestRecord_observe"}},
	}, {
		name: "fresh proof before replacement: an answer is needed at all",
		file: "controllers/lifecycle/behind.go",
		old:  `	return ok && s.settled() && !s.Now.Before(deadline) && s.answeredSince(deadline)`, new: `	return ok && s.settled() && !s.Now.Before(deadline)`,
		tests: in(lifecycle, "^TestNext_(replacesWhatStaysAway|timerOfReplacing)$"),
	}, {
		name: "fresh proof before replacement: the ask was sent after the timer ran out",
		file: "controllers/lifecycle/behind.go",
		old:  `	return s.Answered && !s.LastAsk.Before(at) && s.Observation`, new: `	return s.Answered && s.Observation`,
		tests: in(lifecycle, "^TestNext_(replacesWhatStaysAway|timerOfReplacing)$"),
	}, {
		name: "fresh proof before replacement: what was answered is that its fate is unknown",
		file: "controllers/lifecycle/behind.go",
		old:  `	return s.Answered && !s.LastAsk.Before(at) && s.Observation != nil && s.Observation.State.Class() == mesos.FateUnknown`, new: `	return s.Answered && !s.LastAsk.Before(at) && s.Observation != nil`,
		tests: in(lifecycle, "^TestNext_replacesWhatStaysAway$"),
	}, {
		name: "a replacement waits until it is durable that the attempt was left behind",
		file: "controllers/lifecycle/rules.go",
		old:  `	case s.left || s.settledOther:`, new: `	case s.settledOther:`,
		tests: in(lifecycle, "^TestNext_(replacesWhatStaysAway|givesUp)$"),
	},
}

// passes are those of reconciliation (section 5, rule 9).
var passes = []mutant{
	{
		name: "the fence: a proof needs its answer",
		file: "mesosbridge/reconciliation/proof.go",
		old:  `	if fence != none && mark.After(fence) {`, new: `	if fence == none || mark.After(fence) {`,
		tests: in(reconciliation, "^TestProof"),
	}, {
		name: "the fence is answered before the end mark",
		file: "mesosbridge/reconciliation/proof.go",
		old:  `	if fence != none && mark.After(fence) {`, new: `	if fence != none {`,
		tests: in(reconciliation, "^TestProof"),
	}, {
		name: "the fence is asked about without an agent, so that it says if agents are awaited",
		file: "controllers/mesosframework/prove.go",
		old:  `[]reconciliation.Attempt{{TaskID: step.TaskID}}, done)`, new: `[]reconciliation.Attempt{{TaskID: step.TaskID, AgentID: step.TaskID}}, done)`,
		tests: in(system, "^TestLaunching_waitsForTheProof$"),
	}, {
		name: "answers that are no news for their tasks bring the pass on",
		file: "controllers/connections/listener.go",
		old:  `	if c.hasAnswered(taskID) {`, new: `	if false && c.hasAnswered(taskID) {`,
		tests: in(system, "^TestPasses_goOnOnceAnswered$"),
	}, {
		name: "the end mark: nothing is counted before it is answered",
		file: "mesosbridge/reconciliation/proof.go",
		old: `	p.counted = p.implicit
	if fence`, new: `	if fence`,
		tests: in(reconciliation, "^TestProof"),
	}, {
		name: "the end mark is waited for",
		file: "mesosbridge/reconciliation/proof.go",
		old: `	case mark == none && now.Before(p.at):
		return false
	case mark == none:
		p.rest(now)
		return true
	}`, new: `	case mark == none:
		mark = mesos.Number{Term: 1 << 62}
	}`,
		tests: in(reconciliation, "^TestProof"),
	}, {
		name: "the end mark is of a made-up agent, so that it is always answered",
		file: "controllers/mesosframework/prove.go",
		old:  `[]reconciliation.Attempt{{TaskID: step.TaskID, AgentID: step.TaskID}}, done)`, new: `[]reconciliation.Attempt{{TaskID: step.TaskID}}, done)`,
		tests: in(system, "^(TestLaunching_waitsNoLongerThanTheHold|TestHold)$"),
	}, {
		name: "a new subscription supersedes the pass that runs",
		file: "controllers/mesosframework/passes.go",
		old: `	case term != p.term:
		return v1alpha1.PassSubscribed
	case p.held():
		return ""
`, new: `	case p.pass != nil && p.held():
		return ""
	case term != p.term:
		return v1alpha1.PassSubscribed
`,
		tests: in(framework, "^TestPasses_"),
	}, {
		name: "interval and requests supersede no pass whose first round is not through",
		file: "controllers/mesosframework/passes.go",
		old: `	case p.held():
		return ""
`, new: ``,
		tests: in(framework, "^TestPasses_"),
	}, {
		name: "a pass that supersedes an unfinished one inherits its backoff",
		file: "controllers/mesosframework/passes.go",
		old:  `	if p.pass != nil && p.roundDue.After(now) {`, new: `	if false {`,
		tests: in(framework, "^TestPasses_"),
	}, {
		name: "what became of a chunk of a superseded pass says nothing of its successor's",
		file: "controllers/mesosframework/reconcile.go",
		old:  `		if pass == p.pass {`, new: `		if pass != nil {`,
		tests: in(system, "^TestPasses_"),
	}, {
		name: "what became of a question of a superseded proof says nothing of its successor's",
		file: "controllers/mesosframework/prove.go",
		old:  `		if proof == p.proof {`, new: `		if proof != nil {`,
		tests: in(system, "^TestPasses_"),
	}, {
		name: "an answer counts by its number, in this term and after the pass began",
		file: "mesosbridge/reconciliation/pass.go",
		old:  `return s.Over || s.Last.After(p.start) }`, new: `return s.Over || s.Last != mesos.Number{} }`,
		tests: in(reconciliation, "^TestPass_"),
	},
}

// orphans are those of section 7, and of what is killed though no worker decided it by its object alone.
var orphans = []mutant{
	{
		name: "mass-orphan breaker",
		file: "controllers/mesosframework/orphans.go",
		old:  `	case len(t.orphans) > orphansKilledAtOnce && len(t.orphans)*orphanPart > seen:`, new: `	case seen < 0:`,
		tests: in(framework, "^TestRoll_status$"),
	}, {
		name: "mass-orphan breaker: it is asked before orphans are killed",
		file: "controllers/mesosframework/orphans.go",
		old:  ` && told.mayKill() == "" && v.object.DeletionTimestamp.IsZero() {`, new: ` && v.object.DeletionTimestamp.IsZero() {`,
		tests: in(system, "^(TestKillOrphans|TestTeardown_withManyOrphans|TestOrphans)$"),
	}, {
		name: "orphans are killed only after the proof",
		file: "controllers/mesosframework/orphans.go",
		old: `	case !t.proven:
		return "They are not killed`, new: `	case false:
		return "They are not killed`,
		tests: in(system, "^TestOrphans_beforeTheProof$"),
	},
}

// leaders are those of rule 13.
var leaders = []mutant{
	{
		name: "renewal check: nothing leaves a process whose lease was not renewed in time",
		file: "controllers/leadership/leadership.go",
		old:  `	case now.since(l.renewed) >= l.deadline:`, new: `	case now.since(l.renewed) < 0:`,
		tests: in(leadership, "^TestLock_"),
	}, {
		name: "renewal check by the larger of both clocks: a machine that was suspended",
		file: "controllers/leadership/leadership.go",
		old:  `	return max(r.Wall.Sub(earlier.Wall), r.Monotonic-earlier.Monotonic)`, new: `	return r.Monotonic - earlier.Monotonic`,
		tests: in(leadership, "^TestLock_"),
	}, {
		name: "renewal check by the larger of both clocks: a clock that was set back",
		file: "controllers/leadership/leadership.go",
		old:  `	return max(r.Wall.Sub(earlier.Wall), r.Monotonic-earlier.Monotonic)`, new: `	return r.Wall.Sub(earlier.Wall)`,
		tests: in(leadership, "^TestLock_"),
	}, {
		name: "renewal check from before the renewal was sent",
		file: "controllers/leadership/leadership.go",
		old:  `	l.held, l.renewed, l.written = true, begun, `, new: `	_ = begun
	l.held, l.renewed, l.written = true, l.clocks(), `,
		tests: in(leadership, "^TestLock_"),
	}, {
		name: "renewal check: a lease that was lost is not taken again",
		file: "controllers/leadership/leadership.go",
		old:  `	case !l.held || l.gone != nil:`, new: `	case true:`,
		tests: in(leadership, "^TestLock_"),
	}, {
		name: "renewal check: a lease that was deleted is not made again",
		file: "controllers/leadership/leadership.go",
		old: `	if l.held && l.gone == nil {
		l.gone = errLost
	}
`, new: ``,
		tests: in(leadership, "^TestLock_"),
	}, {
		name: "renewal check: a lease that has gone back ends the process, as its caches hear of nothing",
		file: "controllers/leadership/leadership.go",
		old:  `		l.gone = errGoneBack`, new: `		_ = errGoneBack`,
		tests: in(leadership, "^TestLock_"),
	}, {
		name: "renewal check before every call to Mesos",
		file: "mesosbridge/call.go",
		old: `	err := b.options.Gate(call.Type.String(), func() error {
		o = b.post(ctx, t, call)
		return o.err
	})`, new: `	err := func() error {
		o = b.post(ctx, t, call)
		return o.err
	}()`,
		tests: in(bridge, "^TestBridge_(sendsNothingItMayNot|gateThatLosesTheAnswer)$"),
	},
}

// caches are those of what a process has written itself, and its cache does not show yet.
var caches = []mutant{
	{
		name: "the set's wait for its own writes",
		file: "controllers/mesostaskset/gather.go",
		old:  `	v.behind = len(missing) > 0`, new: `	v.behind = len(missing) < 0`,
		tests: in(system, "^TestSet_ownWritesBehindTheCache$"),
	}, {
		name: "the set's wait for its own writes: a creation that the cache does not have",
		file: "controllers/writes/own.go",
		old: `	case cached == nil:
		return false
`, new: `	case cached == nil:
		return true
`,
		tests: in(writes, "^TestOwn_missing$"),
	}, {
		name: "the set's wait for its own writes: a deletion that the cache does not show",
		file: "controllers/writes/own.go",
		old:  `		return cached == nil || !cached.GetDeletionTimestamp().IsZero()`, new: `		return true`,
		tests: in(writes, "^TestOwn_missing$"),
	}, {
		name: "the set reads live before a process deletes for the first time",
		file: "controllers/mesostaskset/controller.go",
		old:  `	if len(decision.Deletes) > 0 && !r.confirmed.has(view.object) {`, new: `	if false {`,
		tests: in(system, "^TestSet_(whoseCacheLags|grownBehindTheCache|failover|crash)$"),
	}, {
		name: "lastScheduleTime before history: no run is deleted that is later",
		file: "controllers/schedule/runs.go",
		old:  `	return !run.Due.After(timeOf(s.Status.LastScheduleTime))`, new: `	return true`,
		tests: in(schedule, "^TestNext_whatIsDone$"),
	}, {
		name: "lastScheduleTime before history: it is durable before runs are deleted",
		file: "controllers/schedule/runs.go",
		old:  `	if s.changed() || s.decision.Create != nil {`, new: `	if s.decision.Create != nil {`,
		tests: in(schedule, "^TestNext_whatIsDone$"),
	}, {
		name: "last-written comparison: the cache is not believed while it lags",
		file: "controllers/writes/written.go",
		old: `err == nil && order < 0 {
			return copyOf`, new: `err == nil && order < -1 {
			return copyOf`,
		tests: in(writes, "^TestWritten_latest$"),
	}, {
		name: "last-written comparison: by UID",
		file: "controllers/writes/written.go",
		old:  `	if !ok || kept.uid != cached.GetUID() {`, new: `	if !ok {`,
		tests: in(writes, "^TestWritten_latest$"),
	},
}
