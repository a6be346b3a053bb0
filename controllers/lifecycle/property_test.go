package lifecycle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

var allStates = []mesos.TaskState{
	mesos.TaskStaging, mesos.TaskStarting, mesos.TaskRunning, mesos.TaskKilling, mesos.TaskFinished, mesos.TaskFailed, mesos.TaskKilled,
	mesos.TaskError, mesos.TaskDropped, mesos.TaskGone, mesos.TaskGoneByOperator, mesos.TaskUnreachable, mesos.TaskLost, mesos.TaskUnknown, "TASK_FROZEN",
}

var allLaunches = []Launch{LaunchUnknown, LaunchUnsent, LaunchSent, LaunchAccepted, LaunchNeverSent, LaunchRefused}

// aTime draws a moment around now; zero now and then.
func aTime(t *rapid.T, label string) time.Time {
	seconds := rapid.OneOf(rapid.IntRange(-10, 10), rapid.IntRange(-1000, 100)).Draw(t, label)
	if seconds == 0 {
		return time.Time{}
	}
	return epoch.Add(time.Duration(seconds) * time.Second)
}

func maybeTime(t *rapid.T, label string) *metav1.Time {
	if drawn := aTime(t, label); !drawn.IsZero() {
		return &metav1.Time{Time: drawn}
	}
	return nil
}

func oneOf[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

func anAttempt(t *rapid.T, id string) v1alpha1.TaskAttempt {
	attempt := v1alpha1.TaskAttempt{
		ID: id, AgentID: "agent-1", Hostname: oneOf(t, "hostname", "", "host-1"), Role: oneOf(t, "role of attempt", "", "shop"), Hash: oneOf(t, "hash of attempt", hashA, hashB, "1other", "9other", ""),
		FrameworkID: oneOf(t, "framework of attempt", "framework-1", "framework-1", "framework-2", ""),
		State:       oneOf(t, "state", append([]string{""}, words(allStates)...)...),
		KillReason:  oneOf(t, "kill reason", "", "", v1alpha1.KillSpecChanged, v1alpha1.KillRestartRequested, v1alpha1.KillSuspended, v1alpha1.KillLaunchTimedOut, v1alpha1.KillDeadlineExceeded),
		Ran:         oneOf(t, "ran", nil, new(true), new(false)), Healthy: oneOf(t, "healthy", nil, new(true), new(false)),
		StartTime: maybeTime(t, "started"), UnreachableTime: maybeTime(t, "unreachable since"), BoundTime: maybeTime(t, "bound"),
	}
	if mesos.TaskState(attempt.State).Class() == mesos.Ended || rapid.Bool().Draw(t, "over") {
		attempt.FinishTime = &metav1.Time{Time: epoch.Add(-time.Minute)}
	}
	if attempt.State == "" && attempt.FinishTime != nil {
		attempt.Message = "Mesos refused the launch"
	}
	return attempt
}

func words[T ~string](values []T) []string {
	result := make([]string, len(values))
	for i, value := range values {
		result[i] = string(value)
	}
	return result
}

func someConditions(t *rapid.T) (conditions []metav1.Condition) {
	reasons := make([]string, 0, len(newsworthy))
	for reason := range newsworthy {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{
		v1alpha1.ConditionReady, v1alpha1.ConditionSucceeded, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionSuspended,
		v1alpha1.ConditionAgentUnreachable,
	}), rapid.ID[string]).Draw(t, "conditions") {
		conditions = append(conditions, metav1.Condition{
			Type: name, Status: oneOf(t, "status", metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown),
			Reason: oneOf(t, "reason", reasons...), Message: "Before", ObservedGeneration: rapid.Int64Range(1, 3).Draw(t, "generation"),
			LastTransitionTime: metav1.Time{Time: epoch.Add(-rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 2 * time.Hour}).Draw(t, "transition"))},
		})
	}
	return conditions
}

func anObservation(t *rapid.T, id string) *mesos.Observation {
	said := &mesos.Observation{
		TaskID: id, AgentID: oneOf(t, "agent", "agent-1", "agent-2", ""), State: rapid.SampledFrom(allStates).Draw(t, "observed"),
		Source:  oneOf(t, "source", mesos.SourceMaster, mesos.SourceAgent, mesos.SourceExecutor),
		Reason:  oneOf(t, "reason", "", mesos.ReasonReconciliation, mesos.ReasonInvalidOffers, mesos.ReasonTaskInvalid, mesos.ReasonAgentDraining, mesos.ReasonContainerLaunchFailed, mesos.ReasonTaskUnauthorized, mesos.ReasonTaskHealthCheckStatusUpdated, mesos.ReasonTaskCheckStatusUpdated),
		Message: oneOf(t, "message", "", "Command exited with status 7", "Task has duplicate ID: x", "Reconciliation: Latest task state"),
		Time:    aTime(t, "said at"), UnreachableTime: aTime(t, "lost at"), Healthy: oneOf(t, "health", nil, new(true), new(false)),
		Check: oneOf(t, "check", nil, nil, &mesos.CheckResult{}, &mesos.CheckResult{Status: new(uint32(200))}, &mesos.CheckResult{Status: new(uint32(503))}),
	}
	return said
}

// anything draws whatever a controller could put together, plausible or not; what it knows of a launch is of the attempt of record.
func anything(t *rapid.T) Seen {
	seen := Seen{
		Now: epoch, Namespace: "shop", Name: "web", UID: "uid-1", Generation: rapid.Int64Range(1, 3).Draw(t, "generation"),
		Deleting: rapid.Bool().Draw(t, "deleting"), Finalized: rapid.Bool().Draw(t, "finalized"), HeldByOthers: rapid.Bool().Draw(t, "held by others"), DeletedAt: aTime(t, "deleted at"),
		RestartRequest: oneOf(t, "restart request", "", "", "one", "two"), BindingProblem: oneOf(t, "binding problem", "", "unreadable"),
		FrameworkID: oneOf(t, "framework", "framework-1", "framework-1", "framework-2", ""), Hash: oneOf(t, "hash", hashA, hashA, hashB),
		BoundSince: aTime(t, "bound since"), LastWrite: aTime(t, "last write"), Launch: rapid.SampledFrom(allLaunches).Draw(t, "launch"),
		RefusedWith: oneOf(t, "refused with", "", "No"), AcceptedAt: aTime(t, "accepted at"), Doubted: rapid.Bool().Draw(t, "doubted"),
		Kills: rapid.IntRange(0, 40).Draw(t, "kills"), FirstKill: aTime(t, "first kill"), LastKill: aTime(t, "last kill"),
		Asks: rapid.IntRange(0, 40).Draw(t, "asks"), LastAsk: aTime(t, "last ask"), Answered: rapid.Bool().Draw(t, "answered"),
		FateUnknownSince: aTime(t, "fate unknown since"), Paused: oneOf(t, "paused", false, false, true),
		GiveUp:      oneOf(t, "give up", "", "", "shop.web.1aaaaaaaa.current", "shop.web.1aaaaaaaa.earlier0", "shop.web.1aaaaaaaa.next"),
		Defaults:    oneOf(t, "defaults", nil, &v1alpha1.TaskDefaults{}, &v1alpha1.TaskDefaults{LaunchTimeoutSeconds: new(int32(60))}, &v1alpha1.TaskDefaults{Unreachable: &v1alpha1.Unreachable{ReplaceAfterSeconds: new(int32(60))}}),
		GiveUps:     oneOf(t, "give-ups", nil, nil, []GiveUp{{v1alpha1.AnnotationGiveUpAgent, []string{"agent-1"}, epoch}}, []GiveUp{{v1alpha1.AnnotationGiveUpUnknown, nil, epoch}}),
		ReplacedIDs: oneOf(t, "replaced", nil, nil, []string{"framework-2"}), KillsOrphans: rapid.Bool().Draw(t, "kills orphans"),
		AbandonedFull: oneOf(t, "abandoned full", false, false, true), Created: epoch.Add(-time.Hour),
		Spec: v1alpha1.MesosTaskSpec{
			RestartPolicy:  oneOf(t, "policy", v1alpha1.RestartAlways, v1alpha1.RestartOnFailure, v1alpha1.RestartNever),
			DeletionPolicy: oneOf(t, "deletion policy", v1alpha1.TaskDeletionKill, v1alpha1.TaskDeletionKill, v1alpha1.TaskDeletionOrphan),
			Unreachable:    oneOf(t, "strategy", nil, &v1alpha1.Unreachable{}, &v1alpha1.Unreachable{ReplaceAfterSeconds: new(int32(0))}, &v1alpha1.Unreachable{ReplaceAfterSeconds: new(int32(300))}),
			Suspend:        oneOf(t, "suspend", false, false, true), MaxRestarts: oneOf(t, "max restarts", nil, new(int32(0)), new(int32(2))),
			ActiveDeadlineSeconds: oneOf(t, "deadline", nil, nil, new(int32(60)), new(int32(7200))), TTLSecondsAfterFinished: oneOf(t, "ttl", nil, new(int32(0)), new(int32(7200))),
			TaskTemplate: v1alpha1.TaskTemplate{HealthCheck: oneOf(t, "health check", nil, nil, &v1alpha1.HealthCheck{FailureThreshold: new(int32(3))})},
			Backoff:      v1alpha1.Backoff{InitialSeconds: rapid.Int32Range(1, 30).Draw(t, "initial"), MaxSeconds: rapid.Int32Range(30, 86400).Draw(t, "max")},
		},
		Status: v1alpha1.MesosTaskStatus{
			Conditions: someConditions(t), ObservedGeneration: rapid.Int64Range(-1, 3).Draw(t, "observed generation"),
			Restarts: rapid.Int32Range(0, 4).Draw(t, "restarts"), Relaunches: rapid.Int32Range(0, 40).Draw(t, "relaunches"),
			NextLaunchTime: maybeTime(t, "next launch"), Attempts: rapid.Int64Range(0, 4).Draw(t, "attempts"),
		},
	}
	if rapid.Bool().Draw(t, "obstacle") {
		seen.Hash = oneOf(t, "hash behind the obstacle", "", hashA, hashB)
		seen.Obstacle = &Obstacle{Reason: v1alpha1.ReasonRoleNotAllowed, Message: "No", Stalled: rapid.Bool().Draw(t, "lasting")}
	}
	if rapid.Bool().Draw(t, "has an attempt") {
		attempt := anAttempt(t, "shop.web.1aaaaaaaa.current")
		seen.Status.Task = &attempt
	}
	someHistory(t, &seen)
	if id := oneOf(t, "binding", "", "current", "next", "earlier0"); id != "" {
		seen.Binding = &v1alpha1.Binding{
			TaskID: "shop.web.1aaaaaaaa." + id, AgentID: "agent-1", FrameworkID: "framework-1", UID: oneOf(t, "uid", "uid-1", "uid-1", "uid-0"),
			RestartedAt: oneOf(t, "restarted at", "", "one"), Attempt: rapid.Int64Range(0, 6).Draw(t, "number"),
		}
	}
	if id, _, open := Open(seen.Status, seen.Binding); open && seen.Launch != LaunchNeverSent && rapid.Bool().Draw(t, "observed at all") {
		seen.Observation = anObservation(t, id)
		if seen.Observation.Source != mesos.SourceMaster {
			seen.Unacknowledged = oneOf(t, "unacknowledged", nil, []byte("uuid"))
		}
	}
	if rapid.Bool().Draw(t, "placed") {
		seen.Placement = &Placement{TaskID: "shop.web.1aaaaaaaa.placed", AgentID: "agent-3"}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "others") {
		seen.Others = append(seen.Others, Other{
			State: oneOf(t, "state of other", mesos.TaskRunning, mesos.TaskKilling, mesos.TaskUnreachable, mesos.TaskUnknown, mesos.TaskLost, mesos.TaskStaging, mesos.TaskGoneByOperator, ""), Outdated: rapid.Bool().Draw(t, "other outdated"),
			AgentRemoved: oneOf(t, "agent of other", "", "", "Agent agent-4 removed: the agent unregistered"), LostSince: aTime(t, "other lost"), UnknownSince: aTime(t, "other unknown"),
			Lived: aTime(t, "other lived"), Asks: rapid.IntRange(0, 3).Draw(t, "asks of other"), LastAsk: aTime(t, "last ask of other"),
			Answered: rapid.Bool().Draw(t, "other answered"), Silent: rapid.Bool().Draw(t, "other silent"),
			TaskID: fmt.Sprintf("shop.web.%s.other%d", oneOf(t, "hash of other", hashA, hashB), i), AgentID: "agent-4",
			Since: aTime(t, "other since"), Kills: rapid.IntRange(0, 3).Draw(t, "kills of other"), LastKill: aTime(t, "last kill of other"),
			FirstKill: epoch.Add(-rapid.SampledFrom([]time.Duration{time.Minute, time.Hour}).Draw(t, "first kill of other")), GoneSince: aTime(t, "other gone"),
		})
	}
	for i := range seen.Others {
		if other := &seen.Others[i]; other.State != mesos.TaskGoneByOperator {
			other.GoneSince = time.Time{}
		} else if other.Since = epoch.Add(-time.Hour); other.GoneSince.IsZero() {
			other.GoneSince = epoch
		}
	}
	if len(seen.Status.History) > 0 && rapid.Bool().Draw(t, "an earlier one is back") {
		seen.Others = append(seen.Others, Other{State: mesos.TaskRunning, TaskID: seen.Status.History[0].ID, AgentID: "agent-1"})
	}
	seen.Abandoned = sets.New(rapid.SliceOf(rapid.SampledFrom([]string{
		"shop.web.1aaaaaaaa.current", "shop.web.1aaaaaaaa.next", "shop.web.1aaaaaaaa.earlier0", "shop.web.1aaaaaaaa.earlier1", "shop.web.1aaaaaaaa.other0",
	})).Draw(t, "abandoned")...)
	seen.Proven = rapid.Bool().Draw(t, "proven")
	if rapid.Bool().Draw(t, "waiting") {
		seen.Waiting = &v1alpha1.Pending{Since: metav1.Time{Time: epoch}, Message: "1 offer: 1 lacks cpus"}
	}
	return seen
}

// someHistory draws earlier attempts: some that are over, some that were left behind.
func someHistory(t *rapid.T, seen *Seen) {
	seen.Earlier = map[string]mesos.Observation{}
	for i := range rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, maxHistory)).Draw(t, "history") {
		id := fmt.Sprintf("shop.web.1aaaaaaaa.earlier%d", i)
		earlier := anAttempt(t, id)
		if rapid.Bool().Draw(t, "left behind") {
			earlier.Outcome, earlier.Ran = oneOf(t, "outcome", v1alpha1.OutcomeReplaced, v1alpha1.OutcomeGivenUp, ""), nil
			if earlier.Outcome == "" {
				earlier.KillReason = v1alpha1.KillNotOfRecord
			}
			earlier.State = oneOf(t, "state left in", "TASK_UNREACHABLE", "TASK_UNKNOWN", "TASK_RUNNING", "")
			earlier.FinishTime = nil
			if rapid.Bool().Draw(t, "heard of") {
				seen.Earlier[id] = *anObservation(t, id)
			}
		} else {
			earlier.FinishTime = &metav1.Time{Time: epoch.Add(-time.Hour)}
		}
		seen.Status.History = append(seen.Status.History, earlier)
	}
}

// TestNext_properties holds what is true of every decision, whatever was seen.
func TestNext_properties(t *testing.T) { rapid.Check(t, checkNext) }

// FuzzNext looks for what was seen so that it is not.
func FuzzNext(f *testing.F) {
	drawn(f)
	f.Fuzz(rapid.MakeFuzz(checkNext))
}

// drawn adds what a fuzz of a property begins with: enough for all that it draws.
func drawn(f *testing.F) {
	f.Helper()
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, seed))
		bytes := make([]byte, 8192)
		for i := range bytes {
			bytes[i] = byte(random.Uint32())
		}
		f.Add(bytes)
	}
}

func checkNext(t *rapid.T) {
	seen := anything(t)
	before := seen
	before.Status = *seen.Status.DeepCopy()
	decision := Next(seen)
	if diff := cmp.Diff(before, seen, cmp.AllowUnexported(Declaration{})); diff != "" {
		t.Fatalf("what was seen changed (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(decision, Next(seen)); diff != "" {
		t.Fatalf("the same view led to another decision (-first +second):\n%s", diff)
	}
	checkLaunching(t, seen, decision)
	checkSteps(t, seen, decision)
	checkOthers(t, seen, decision)
	checkRecord(t, seen, decision)
	checkConditions(t, seen, decision)
	checkRests(t, seen, decision)
	checkHeldBack(t, seen, decision)
	checkSettled(t, seen, decision)
	if !decision.Check.IsZero() && !decision.Check.After(seen.Now) {
		t.Fatalf("looks again at %v, which is not later", decision.Check)
	}
}

// checkLaunching: nothing is placed or bound beside an attempt that may live (rule 1), or while the object goes or may not run.
func checkLaunching(t *rapid.T, seen Seen, decision Decision) {
	if !has(decision, StepBind) && !has(decision, StepPlace) {
		return
	}
	id, _, open := Open(decision.Status, seen.Binding)
	calledOff := seen.Launch == LaunchNeverSent && seen.Binding != nil && id == seen.Binding.TaskID
	if open && !calledOff {
		t.Fatalf("rule %q launches beside %s", decision.Rule, id)
	}
	if was, is := seen.Status.Task, decision.Status.Task; was != nil && was.FinishTime == nil && (is == nil || is.FinishTime == nil || !decision.WriteAt.IsZero()) {
		t.Fatalf("rule %q launches before it is durable that %s is over or was left behind", decision.Rule, was.ID)
	}
	if seen.Deleting || seen.Spec.Suspend || seen.Obstacle != nil || seen.Paused || isTooOld(seen) {
		t.Fatalf("rule %q launches what must not be launched", decision.Rule)
	}
	for _, other := range seen.Others {
		if countsAsLive(seen, other) && !slices.Contains(decision.Forget, other.TaskID) {
			t.Fatalf("rule %q launches beside %v (rule 12)", decision.Rule, other)
		}
	}
	if has(decision, StepBind) && (seen.Placement == nil || has(decision, StepPlace)) {
		t.Fatalf("steps are %v with placement %v", decision.Steps, seen.Placement)
	}
}

// isTooOld says whether the object is older than it may be and still have a task.
func isTooOld(seen Seen) bool {
	return seen.Spec.ActiveDeadlineSeconds != nil && seen.Now.Sub(seen.Created) >= time.Duration(*seen.Spec.ActiveDeadlineSeconds)*time.Second
}

// countsAsLive says whether an other counts as live by what was durable before the decision.
func countsAsLive(seen Seen, other Other) bool {
	left := seen.Abandoned.Has(other.TaskID) || named(&seen.Status, other.TaskID)
	vain := IgnoresKills(other.State, other.Kills, other.FirstKill, seen.Now)
	return other.lives() && !vain || !left || isCondemned(&seen.Status, other.TaskID)
}

// checkOthers: a live task of the identity is taken over or killed only where rule 12 allows it.
func checkOthers(t *rapid.T, seen Seen, decision Decision) {
	_, _, open := Open(decision.Status, seen.Binding)
	adopts, kills := has(decision, StepAdopt), has(decision, StepKillOthers)
	if adopts != (decision.Adopt != nil) || kills != (len(decision.KillOthers) > 0) {
		t.Fatalf("steps are %v with Adopt %v and KillOthers %v", decision.Steps, decision.Adopt, decision.KillOthers)
	}
	if adopts && (open && seen.Launch != LaunchNeverSent || !seen.Proven || seen.Deleting || seen.Spec.Suspend || seen.Obstacle != nil) {
		t.Fatalf("rule %q takes over %v", decision.Rule, decision.Adopt)
	}
	left := func(id string) bool { return seen.Abandoned.Has(id) || named(&seen.Status, id) }
	// Where the framework has no ID there is nobody to remember it.
	stays := seen.Spec.DeletionPolicy == v1alpha1.TaskDeletionOrphan && seen.FrameworkID == ""
	if adopts && (left(decision.Adopt.TaskID) || seen.Binding != nil && seen.Binding.TaskID == decision.Adopt.TaskID) {
		t.Fatalf("rule %q takes over %v, which was left behind", decision.Rule, decision.Adopt)
	}
	for _, other := range decision.KillOthers {
		if adopts && other.TaskID == decision.Adopt.TaskID {
			t.Fatalf("%s is taken over and killed", other.TaskID)
		}
		if !left(other.TaskID) && (!isCondemned(&decision.Status, other.TaskID) || !decision.WriteAt.IsZero()) {
			t.Fatalf("%s is killed before it is durable why", other.TaskID)
		}
		kills = kills && left(other.TaskID)
	}
	for _, other := range seen.Others {
		if has(decision, StepRelease) && !stays && countsAsLive(seen, other) && !slices.Contains(decision.Forget, other.TaskID) && (seen.Spec.DeletionPolicy != v1alpha1.TaskDeletionOrphan || left(other.TaskID) || seen.KillsOrphans) {
			t.Fatalf("rule %q lets the object go while %v live (rule 11)", decision.Rule, seen.Others)
		}
		killed := slices.ContainsFunc(decision.KillOthers, func(o Other) bool { return o.TaskID == other.TaskID })
		if killed && !other.lives() {
			t.Fatalf("rule %q kills %v, which nobody says to live", decision.Rule, other)
		}
		none := seen.Spec.Suspend || isTooOld(seen) && decision.Status.Task != nil && decision.Status.Task.FinishTime == nil
		if none && other.lives() && other.Kills == 0 && !killed && !seen.Paused && !seen.Deleting && len(decision.Status.History) < maxHistory {
			t.Fatalf("rule %q spares %s of an object that is to have no task", decision.Rule, other.TaskID)
		}
		if left(other.TaskID) && other.lives() && other.Kills == 0 && !killed && (!seen.Paused || seen.Deleting) {
			t.Fatalf("rule %q spares %s, which was left behind", decision.Rule, other.TaskID)
		}
	}
	if kills = has(decision, StepKillOthers) && !kills; !kills || seen.Deleting || seen.Spec.Suspend || isTooOld(seen) {
		return
	}
	task := decision.Status.Task
	if open && task != nil && task.FinishTime == nil && mesos.TaskState(task.State).Class() != mesos.Live {
		t.Fatalf("others are killed while the fate of %s is unknown: %q", task.ID, task.State)
	}
	if open && (task == nil || task.FinishTime != nil) && seen.Launch != LaunchNeverSent {
		t.Fatalf("others are killed before the binding was taken up")
	}
	if !open && !seen.Proven {
		t.Fatalf("others are killed before Mesos has told all that runs")
	}
}

// checkRestore: the binding is given back of the attempt that is not over, or, where all are, of one that the status names.
func checkRestore(t *rapid.T, decision Decision, current bool) {
	attempt := decision.Status.Task
	switch {
	case has(decision, StepRestore) != (decision.Restore != nil):
	case decision.Restore == nil, current && decision.Restore.TaskID == attempt.ID, !current && named(&decision.Status, decision.Restore.TaskID):
		return
	}
	t.Fatalf("steps are %v with binding %+v for %+v", decision.Steps, decision.Restore, attempt)
}

// checkSteps: each step only where it is safe.
func checkSteps(t *rapid.T, seen Seen, decision Decision) {
	attempt := decision.Status.Task
	current := attempt != nil && attempt.FinishTime == nil
	for _, step := range decision.Steps {
		if seen.Paused && !seen.Deleting && step != StepAsk && step != StepAskOthers && step != StepForget && step != StepAcknowledge && step != StepRestore && step != StepFinalize {
			t.Fatalf("steps are %v while it is paused", decision.Steps)
		}
	}
	checkRestore(t, decision, current)
	if has(decision, StepKill) || has(decision, StepAsk) {
		if !current || seen.Launch != LaunchUnknown && seen.Launch != LaunchAccepted {
			t.Fatalf("steps are %v for %+v with launch %d", decision.Steps, attempt, seen.Launch)
		}
		if seen.FrameworkID != "" && attempt.FrameworkID != "" && attempt.FrameworkID != seen.FrameworkID {
			t.Fatalf("steps are %v for an attempt of another framework ID", decision.Steps)
		}
	}
	if has(decision, StepKill) {
		if !seen.Deleting && attempt.KillReason == "" {
			t.Fatalf("rule %q kills without a reason", decision.Rule)
		}
		// That the object is deleted is the reason, which the API server has.
		if !seen.Deleting && !decision.WriteAt.IsZero() && !equality.Semantic.DeepEqual(decision.Status, seen.Status) {
			t.Fatalf("rule %q kills before the reason is written", decision.Rule)
		}
	}
	checkLetGo(t, seen, decision, current)
	if has(decision, StepDelete) {
		checkDeleted(t, seen, decision, current)
	}
	if has(decision, StepCallOff) && seen.Launch != LaunchUnsent {
		t.Fatalf("rule %q calls off launch %d", decision.Rule, seen.Launch)
	}
	if has(decision, StepAcknowledge) {
		checkAcknowledged(t, seen, decision)
	}
}

// checkDeleted: an object is deleted for its age only where its end is recorded, and nothing of it may live.
func checkDeleted(t *rapid.T, seen Seen, decision Decision, current bool) {
	end := succeeded(&seen.Status)
	switch {
	case seen.Spec.TTLSecondsAfterFinished == nil || *seen.Spec.TTLSecondsAfterFinished != 0 || seen.Deleting || seen.Paused:
		t.Fatalf("rule %q deletes what nobody asked to delete", decision.Rule)
	case end == nil || end.Status == metav1.ConditionUnknown || succeeded(&decision.Status).Status != end.Status:
		t.Fatalf("rule %q deletes what it recorded no end of: %+v", decision.Rule, end)
	case end.ObservedGeneration != seen.Generation || end.Reason != succeeded(&decision.Status).Reason || end.LastTransitionTime.Time.Before(seen.Created):
		t.Fatalf("rule %q deletes for another end: %+v", decision.Rule, end)
	case !seen.Proven && (seen.FrameworkID != "" || seen.Status.Task == nil || seen.Status.Task.FinishTime == nil):
		t.Fatalf("rule %q deletes what nobody told to be all", decision.Rule)
	case current || Condemned(&decision.Status) != nil || has(decision, StepKill) || has(decision, StepKillOthers):
		t.Fatalf("rule %q deletes what may live: %+v", decision.Rule, decision.Status)
	}
	for _, earlier := range decision.Status.History {
		if earlier.FinishTime == nil {
			t.Fatalf("rule %q deletes the object while %s may live", decision.Rule, earlier.ID)
		}
	}
	for _, other := range seen.Others {
		if countsAsLive(seen, other) && !slices.Contains(decision.Forget, other.TaskID) {
			t.Fatalf("rule %q deletes the object beside %v", decision.Rule, other)
		}
	}
}

// checkLetGo: a deleted object goes once what may run is over, is to be left running or is remembered (rule 11).
func checkLetGo(t *rapid.T, seen Seen, decision Decision, current bool) {
	attempt := decision.Status.Task
	if has(decision, StepAbandon) != (len(decision.Abandon) > 0) || has(decision, StepAbandon) && (!seen.Deleting || seen.AbandonedFull || has(decision, StepRelease)) {
		t.Fatalf("steps are %v to abandon %v", decision.Steps, decision.Abandon)
	}
	for _, placed := range decision.Abandon {
		if seen.Abandoned.Has(placed.TaskID) {
			t.Fatalf("%s is abandoned again", placed.TaskID)
		}
	}
	if !has(decision, StepRelease) {
		return
	}
	orphan := seen.Spec.DeletionPolicy == v1alpha1.TaskDeletionOrphan
	if !seen.Deleting || !seen.Finalized || current && !seen.Abandoned.Has(attempt.ID) && (!orphan || seen.KillsOrphans) {
		t.Fatalf("rule %q lets the object go", decision.Rule)
	}
	for _, earlier := range decision.Status.History {
		foreign := seen.FrameworkID == "" || earlier.FrameworkID != "" && earlier.FrameworkID != seen.FrameworkID
		if earlier.FinishTime == nil && !seen.Abandoned.Has(earlier.ID) && (!orphan || !foreign) {
			t.Fatalf("rule %q lets the object go, and nobody remembers %s", decision.Rule, earlier.ID)
		}
	}
}

// checkAcknowledged: what is acknowledged is durable by then, or need not be (rule 3).
func checkAcknowledged(t *rapid.T, seen Seen, decision Decision) {
	state := seen.Observation.State
	place := 0
	if decision.Gone {
		// Nobody accounts for it any more once the finalizer is gone.
		place = len(decision.Steps) - 1
	}
	if decision.Steps[place] != StepAcknowledge || len(seen.Unacknowledged) == 0 || decision.Gone && !slices.Contains(decision.Steps[:place], StepRelease) {
		t.Fatalf("steps are %v", decision.Steps)
	}
	if decision.Gone || seen.Deleting && state.Class() != mesos.Ended {
		return
	}
	if state == mesos.TaskStaging || state == mesos.TaskStarting {
		return
	}
	durable := seen.Status
	if !seen.Now.Before(decision.WriteAt) {
		durable = decision.Status
	}
	attempt := durable.Task
	if attempt == nil || attempt.ID != seen.Observation.TaskID {
		t.Fatalf("%s is acknowledged before the attempt is written", state)
	}
	if attempt.State != string(state) && attempt.FinishTime == nil && !state.Regresses(mesos.TaskState(attempt.State)) {
		t.Fatalf("%s is acknowledged while status says %q", state, attempt.State)
	}
}

// checkRecord: what is over stays as it is, counts stay in bounds, and nothing is lost.
func checkRecord(t *rapid.T, seen Seen, decision Decision) {
	was, is := seen.Status, decision.Status
	if was.Task != nil {
		kept := is.Task
		if is.Task == nil || is.Task.ID != was.Task.ID {
			at := slices.IndexFunc(is.History, func(a v1alpha1.TaskAttempt) bool { return a.ID == was.Task.ID })
			switch {
			case at >= 0:
				kept = &is.History[at]
			case was.Task.FinishTime != nil && len(is.History) == maxHistory:
				// Where the history is full of attempts that are not over, what is over has no room.
				kept = was.Task
			default:
				t.Fatalf("%s is lost", was.Task.ID)
			}
			if was.Task.FinishTime == nil && (kept.Outcome == "" || is.Task != nil) {
				t.Fatalf("%s gave way to %v before it was over", was.Task.ID, is.Task)
			}
		}
		if was.Task.FinishTime != nil {
			if diff := cmp.Diff(was.Task, kept); diff != "" {
				t.Fatalf("an attempt that is over changed (-before +after):\n%s", diff)
			}
		}
		if was.Task.KillReason != "" && kept.KillReason != was.Task.KillReason {
			t.Fatalf("the kill reason %s became %q", was.Task.KillReason, kept.KillReason)
		}
	}
	checkHistory(t, seen, decision)
	if is.Restarts > was.Restarts+1 || is.Relaunches > was.Relaunches+1 || is.Restarts < 0 || is.Relaunches < 0 {
		t.Fatalf("%d restarts became %d, %d relaunches %d", was.Restarts, is.Restarts, was.Relaunches, is.Relaunches)
	}
	if is.ObservedGeneration != seen.Generation || is.Revision != was.Revision {
		t.Fatalf("generation %d, revision %d", is.ObservedGeneration, is.Revision)
	}
}

// checkHistory: it stays within its bounds and never loses an attempt that is not durably over.
func checkHistory(t *rapid.T, seen Seen, decision Decision) {
	was, is := seen.Status.History, decision.Status.History
	if len(is) > maxHistory {
		t.Fatalf("the history grew to %d", len(is))
	}
	for _, earlier := range was {
		kept := slices.IndexFunc(is, func(a v1alpha1.TaskAttempt) bool { return a.ID == earlier.ID })
		switch {
		case earlier.FinishTime == nil && kept < 0:
			t.Fatalf("%s is lost and not known to be over", earlier.ID)
		case earlier.FinishTime == nil && earlier.Outcome == v1alpha1.OutcomeReplaced && is[kept].Outcome == "":
			t.Fatalf("%s was replaced, and no more", earlier.ID)
		case earlier.FinishTime != nil && kept >= 0:
			if diff := cmp.Diff(earlier, is[kept]); diff != "" {
				t.Fatalf("an attempt that is over changed (-before +after):\n%s", diff)
			}
		}
	}
}

// checkConditions: kstatus can read them, and what belongs to a reason is there with it alone.
func checkConditions(t *rapid.T, seen Seen, decision Decision) {
	conditions := decision.Status.Conditions
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	reconciling := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling)
	stalled := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled)
	if ready == nil || ready.Reason == "" || ready.Message == "" || ready.ObservedGeneration != seen.Generation {
		t.Fatalf("Ready is %+v", ready)
	}
	paused := ready.Reason == v1alpha1.ReasonPaused
	if paused && (reconciling || stalled || ready.Status != metav1.ConditionFalse || !seen.Paused) {
		t.Fatalf("Ready is %+v with Reconciling %v and Stalled %v", ready, reconciling, stalled)
	}
	if seen.Paused && !seen.Deleting && !strings.Contains(ready.Message, v1alpha1.AnnotationPaused) {
		t.Fatalf("Ready does not say that it is paused: %q", ready.Message)
	}
	if reconciling == stalled && (reconciling || !paused && ready.Status != metav1.ConditionTrue) || ready.Status == metav1.ConditionTrue && (reconciling || stalled) {
		t.Fatalf("Ready is %s with Reconciling %v and Stalled %v", ready.Status, reconciling, stalled)
	}
	for _, name := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionSuspended, v1alpha1.ConditionAgentUnreachable} {
		if condition := meta.FindStatusCondition(conditions, name); condition != nil && condition.Status != metav1.ConditionTrue {
			t.Fatalf("%s is %s, want it True or absent", name, condition.Status)
		}
	}
	waits := ready.Reason == v1alpha1.ReasonBackOff || ready.Reason == v1alpha1.ReasonNeverStarts || ready.Reason == v1alpha1.ReasonTaskUnauthorized
	if (decision.Status.NextLaunchTime != nil) != waits {
		t.Fatalf("the next launch is at %v with reason %s", decision.Status.NextLaunchTime, ready.Reason)
	}
	if decision.Status.Pending != nil && ready.Reason != v1alpha1.ReasonAwaitingOffer {
		t.Fatalf("it is pending with reason %s", ready.Reason)
	}
	for _, event := range decision.Events {
		if event.Reason == "" || event.Action == "" || event.Message == "" || len(event.Message) > eventMessageLength {
			t.Fatalf("event %+v", event)
		}
	}
}

// checkRests: what says nothing new of an attempt that rests changes nothing, in this term or another.
func checkRests(t *rapid.T, seen Seen, decision Decision) {
	if !decision.Rests {
		return
	}
	again := seen
	again.Status, again.Outdated = decision.Status, rapid.Bool().Draw(t, "outdated")
	said := *seen.Observation
	said.Number.Term++
	again.Observation = &said
	if next := Next(again); len(next.Steps) > 0 || len(next.Events) > 0 || !equality.Semantic.DeepEqual(next.Status, decision.Status) {
		t.Fatalf("it rests, and yet steps %v, events %v and status %+v follow from the same word", next.Steps, next.Events, next.Status)
	}
}

// checkHeldBack: a write that waits is due when it was promised, and somebody looks then.
func checkHeldBack(t *rapid.T, seen Seen, decision Decision) {
	if !decision.WriteAt.After(seen.Now) || decision.WriteAt.Equal(never) {
		return
	}
	if decision.Check.IsZero() || decision.Check.After(decision.WriteAt) {
		t.Fatalf("a write is due at %v, and nobody looks before %v", decision.WriteAt, decision.Check)
	}
	seen.Now = decision.WriteAt
	if again := Next(seen); again.WriteAt.After(seen.Now) {
		t.Fatalf("rule %q held a write back until %v, and rule %q then until %v", decision.Rule, decision.WriteAt, again.Rule, again.WriteAt)
	}
}

// checkSettled: once the decision is written, the same view changes nothing more and tells nothing more.
func checkSettled(t *rapid.T, seen Seen, decision Decision) {
	idBefore, _, openBefore := Open(seen.Status, seen.Binding)
	idAfter, _, openAfter := Open(decision.Status, seen.Binding)
	if openAfter && (!openBefore || idAfter != idBefore) {
		// A binding of yet another attempt comes next: what is known of a launch was of the one before.
		return
	}
	seen.Status = decision.Status
	again := Next(seen)
	if slices.ContainsFunc(again.Status.History, func(a v1alpha1.TaskAttempt) bool { return !named(&decision.Status, a.ID) }) {
		// Once a departure or an end is durable there is reason, or room, to kill others.
		return
	}
	if diff := cmp.Diff(decision.Status, again.Status); diff != "" {
		t.Fatalf("written, the status changes again (-written +again):\n%s", diff)
	}
	if len(again.Events) > 0 {
		t.Fatalf("written, it tells again: %+v", again.Events)
	}
	if again.Rule != decision.Rule {
		t.Fatalf("written, rule %q became %q", decision.Rule, again.Rule)
	}
}
