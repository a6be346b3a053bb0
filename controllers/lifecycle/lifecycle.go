package lifecycle

import (
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Launch is what this process knows of the ACCEPT that was to launch an attempt.
type Launch int

// What can be known of an ACCEPT.
const (
	// LaunchUnknown is an attempt that an earlier process bound, or whose ACCEPT got no answer before its term ended: only Mesos
	// can tell.
	LaunchUnknown Launch = iota
	// LaunchUnsent is an attempt whose ACCEPT has not been sent yet and can still be called off.
	LaunchUnsent
	// LaunchSent is an attempt whose ACCEPT is on its way. It can be neither asked for nor killed yet.
	LaunchSent
	// LaunchAccepted is an attempt whose ACCEPT was answered 202.
	LaunchAccepted
	// LaunchNeverSent is an attempt whose ACCEPT was called off: it never ran, whatever Mesos says.
	LaunchNeverSent
	// LaunchRefused is an attempt whose ACCEPT was answered with a 4xx: it never ran, whatever Mesos says.
	LaunchRefused
)

// Seen is everything that the decision about one task rests on. The controller gathers it.
type Seen struct {
	// Now is the time of the decision.
	Now time.Time

	// Namespace, Name and UID identify the object.
	Namespace, Name, UID string
	// Generation is the object's metadata.generation.
	Generation int64
	// Created is when the object was created, by the API server's clock.
	Created time.Time
	// Deleting says that the object has a deletion timestamp, and DeletedAt is when this process first saw that: the timestamp is of another clock.
	Deleting  bool
	DeletedAt time.Time
	// Finalized says that the object has the operator's finalizer, HeldByOthers that it has others as well.
	Finalized, HeldByOthers bool
	// Spec is the object's.
	Spec v1alpha1.MesosTaskSpec
	// Defaults are the framework's for what the spec does not say; nil for none.
	Defaults *v1alpha1.TaskDefaults
	// Status is the object's, as this process last wrote or read it.
	Status v1alpha1.MesosTaskStatus
	// RestartRequest is the value of the annotation that asks for a restart.
	RestartRequest string
	// GiveUp is the value of the annotation that gives an attempt up: its task ID, and behind a comma any text.
	GiveUp string
	// GiveUps are the words on the framework that give many attempts up.
	GiveUps []GiveUp
	// Paused says that a person asked to leave the task alone. Deletion still works.
	Paused bool

	// Binding is the content of the binding annotation; nil where there is none that belongs to this object.
	Binding *v1alpha1.Binding
	// BindingProblem says why there is a binding annotation and yet no Binding.
	BindingProblem string
	// BoundSince is when this process first saw the binding; zero where it does not know.
	BoundSince time.Time

	// Declared is what the object declares, and Hash the hash of that; empty where the spec cannot be resolved.
	Declared Declaration
	Hash     string
	// Obstacle is why nothing can be launched; nil where nothing hinders.
	Obstacle *Obstacle
	// Unread says that the Secrets and ConfigMaps that the spec names have not been read for the launch that would be next.
	Unread bool
	// AgentsAwaited says that the master has not been asked yet whether it has an agent that could hold what the spec asks for.
	AgentsAwaited bool
	// AgentCount is how many agents Mesos has, as far as it told.
	AgentCount int
	// FrameworkID is the framework's; empty while it has none.
	FrameworkID string
	// ReplacedIDs are the framework's earlier IDs that a person replaced: what was bound under them is given up.
	ReplacedIDs []string
	// KillsOrphans says that the framework kills what no object accounts for (orphanPolicy Kill).
	KillsOrphans bool
	// Abandoned are the task IDs of this identity that the framework's status durably holds as abandoned; AbandonedFull says that it
	// holds as many as it can.
	Abandoned     sets.Set[string]
	AbandonedFull bool

	// Hindrance is what keeps the framework as a whole from launching.
	Hindrance Hindrance

	// Launch is what is known of the attempt's ACCEPT, RefusedWith the sentence that refused it and AcceptedAt when it was
	// answered with 202.
	Launch      Launch
	RefusedWith string
	AcceptedAt  time.Time
	// Observation is what Mesos said of the attempt in this process; nil while it said nothing.
	Observation *mesos.Observation
	// AgentHost is the host of the attempt's agent, as Mesos told it to this process; empty while it has not.
	AgentHost string
	// HostPorts are the host ports that the attempt was launched with, in the order of its spec, as the master told them to this process; none while it
	// has not been asked, or said none.
	HostPorts []int32
	// AgentDomains are what that agent has under the keys by which tasks of the namespace are spread; none where it is not known.
	AgentDomains []v1alpha1.PlacementDomain
	// Unacknowledged is the UUID of the update of the attempt that waits for its acknowledgement.
	Unacknowledged []byte
	// Doubted says that Mesos said something of the attempt, or of its agent, that calls for asking, and has not answered since.
	Doubted bool
	// Kills counts the KILLs sent for the attempt in this subscription; FirstKill and LastKill say when.
	Kills               int
	FirstKill, LastKill time.Time
	// Asks and LastAsk do the same for the attempt's own RECONCILEs.
	Asks    int
	LastAsk time.Time
	// Answered says that Mesos answered the RECONCILE sent at LastAsk, in this term: what it has said since was said after it got that call.
	Answered bool
	// Silent says that Mesos took the last own RECONCILE of the attempt, in this term, and has said nothing of the attempt since.
	Silent bool
	// SilenceCounts is from when on, in this term, Mesos' silence about an attempt tells something: each agent that was expected back when the
	// term began, after a failover of the master, has had its time to.
	SilenceCounts time.Time
	// Outdated says that Observation is of an earlier term: Mesos may say otherwise now.
	Outdated bool
	// Maintenance is when the attempt's agent is unavailable by the masters' maintenance schedule; zero where it is not in it.
	Maintenance mesos.Window
	// FateUnknownSince is since when this process has known, by its own monotonic clock, that Mesos cannot say whether the attempt runs;
	// zero where it did not see that begin, and then status.task.unreachableTime counts.
	FateUnknownSince time.Time

	// Earlier is what Mesos said of the attempts in status.history that are not known to be over, by task ID; and the updates that say why of those of whose
	// end only the master told.
	Earlier map[string]mesos.Observation

	// Others are the tasks of this identity that count as live, besides the attempt of record.
	Others []Other
	// Proven says that Mesos has told all that runs, or that the wait for it is over: only then Others are all that there are.
	Proven bool

	// Placement is what placement reserved for the task; nil while nothing is.
	Placement *Placement
	// Waiting says what placement found; nil while the task only waits for its turn.
	Waiting *v1alpha1.Pending
	// LastWrite is when this process last wrote the status; zero if it has not.
	LastWrite time.Time
}

// Launched says whether an attempt with a hash was launched by what the object declares, as far as its hash tells. User is the one that it was
// given; empty where nobody knows.
func (s *Seen) Launched(hash, user string) bool {
	return hash == s.Hash || s.Declared.Launched(hash, user)
}

// Placement is a part of an offer reserved for a task.
type Placement struct {
	TaskID    string
	AgentID   string
	Hostname  string
	HostPorts []int32
	// Domains are what the agent has under the keys by which tasks of the namespace are spread.
	Domains []v1alpha1.PlacementDomain
	// Role and User are those that the task is given, by its spec or by its framework; empty for a live task that is taken over.
	Role, User string
}

// Step is something to do once the status is written, in the order of a Decision's Steps.
type Step string

// The steps.
const (
	// StepAcknowledge acknowledges the update that waits for it: what it says is durable, or need not be.
	StepAcknowledge Step = "Acknowledge"
	// StepCallOff closes the reservation, so that the attempt's ACCEPT is never sent.
	StepCallOff Step = "CallOff"
	// StepKill sends KILL for the attempt.
	StepKill Step = "Kill"
	// StepAsk sends RECONCILE for the attempt alone.
	StepAsk Step = "Ask"
	// StepRead reads the Secrets and ConfigMaps that the spec names, if that is due.
	StepRead Step = "Read"
	// StepPlace lets the task wait for an offer.
	StepPlace Step = "Place"
	// StepBind writes the binding that the placement asks for, and the finalizer.
	StepBind Step = "Bind"
	// StepRestore writes Decision.Restore as the binding, and the finalizer, as somebody took the binding of the attempt of record, or of the last one, away.
	StepRestore Step = "Restore"
	// StepKeepPorts writes Decision.Restore as the binding: it is as it was, with the host ports that Mesos told of a task that was taken over.
	StepKeepPorts Step = "KeepPorts"
	// StepFinalize writes the finalizer alone, as somebody took it away: the binding is as it should be.
	StepFinalize Step = "Finalize"
	// StepAdopt writes the binding that makes Decision.Adopt the object's attempt, and the finalizer. Its host name and ports were lost with
	// its binding; Mesos is asked for them then, and none are made up.
	StepAdopt Step = "Adopt"
	// StepKillOthers sends KILL for each of Decision.KillOthers, after a live read of the object.
	StepKillOthers Step = "KillOthers"
	// StepAskOthers sends RECONCILE for each of Decision.AskOthers.
	StepAskOthers Step = "AskOthers"
	// StepForget forgets all that this process knows of each of Decision.Forget: they are over, or count as over.
	StepForget Step = "Forget"
	// StepAbandon makes the framework's status remember each of Decision.Abandon. The object is looked at again once it does.
	StepAbandon Step = "Abandon"
	// StepRelease removes the finalizer.
	StepRelease Step = "Release"
	// StepDelete deletes the object, as its task is over.
	StepDelete Step = "Delete"
)

// Steps are all steps.
func Steps() []Step {
	return []Step{
		StepAcknowledge, StepCallOff, StepKill, StepAsk, StepRead, StepPlace, StepBind, StepRestore, StepKeepPorts, StepFinalize, StepAdopt, StepKillOthers, StepAskOthers, StepForget,
		StepAbandon, StepRelease, StepDelete,
	}
}

// Event is something that a person would want to know.
type Event struct {
	Warning bool
	Reason  string
	Action  string
	Message string
}

// Decision is what should happen next.
type Decision struct {
	// Rule is the name of the rule that decided.
	Rule string
	// Status is the status to record.
	Status v1alpha1.MesosTaskStatus
	// WriteAt is when the status is worth a write; zero for now. A task that passes quickly through a state costs no write.
	WriteAt time.Time
	// Steps are what to do once the status is recorded.
	Steps []Step
	// Gone says that the object is gone once the steps are taken: nothing of it is written, and the Events are told then.
	Gone bool
	// Adopt is the live task that StepAdopt takes over.
	Adopt *Placement
	// Restore is the binding that StepRestore or StepKeepPorts writes.
	Restore *v1alpha1.Binding
	// Abandon are the attempts that StepAbandon is about; since when is left out.
	Abandon []v1alpha1.AbandonedAttempt
	// KillOthers are the live tasks of the object's identity that StepKillOthers kills.
	KillOthers []Other
	// AskOthers are those that StepAskOthers asks for.
	AskOthers []Other
	// Forget are the task IDs that StepForget is about.
	Forget []string
	// Hindered says that the decision rests on Seen.Hindrance: it is to be made anew once that changes.
	Hindered bool
	// Passes says that the status tells no more than what a task passes through on its way: where writes queue up, it may be over before it is
	// written.
	Passes bool
	// Minor says that the status tells no more than that something it said holds no more: that may wait for what is more urgent.
	Minor bool
	// Rests says that the attempt runs as it should, and that Mesos' saying so again changes nothing: only other news does, and time.
	Rests bool
	// Check is when to look again though nothing has happened; zero for never.
	Check time.Time
	// Ended says, where StepPlace is taken, that the last attempt ended by itself: what its agent gave it is free again there.
	Ended bool
	// Avoid is, where StepPlace is taken, what the task's last failures say of where to launch it.
	Avoid Avoidance
	// Soon is what a task may want soon that wants no offer now.
	Soon Soon
	// Events tell of what the new status records, or of what the steps do.
	Events []Event
}

// Soon is what a task may want soon that wants no offer now.
type Soon struct {
	// Until is until when an offer may be wanted for it at any moment; zero: none is.
	Until time.Time
	// Rest is what it waits for; zero: for nothing.
	Rest Rest
}

// Rest is the wait of a task that is to be launched again.
type Rest struct {
	// AgentID is where its last attempt ended.
	AgentID string
	// Until is when it is launched again.
	Until time.Time
}

// Next decides what should happen next to one task.
func Next(seen Seen) Decision {
	s := newScene(seen)
	s.dropHandled() // It makes room for the answers of this decision.
	s.observe()
	s.settleOthers()
	for _, rule := range rules {
		if rule.when(s) {
			s.decision.Rule = rule.name
			rule.then(s)
			break
		}
	}
	s.settle()
	return s.decision
}

// scene is one decision in the making.
type scene struct {
	Seen
	decision Decision
	// attempt is the latest attempt within decision.Status, with what Mesos said of it: the one in task or, where that was left behind and
	// none has followed, the first of the history; nil before the first.
	attempt *v1alpha1.TaskAttempt
	// ended says that the attempt's end is news, learned that there is news of an end that was recorded before: neither may wait.
	ended, learned bool
	// answered says that a give-up was answered just now.
	answered bool
	// left says that the attempt was left behind just now, which must be durable before anything follows it. endedEarlier are the attempts
	// of the history whose end is news: they stay until it is durable.
	left         bool
	endedEarlier sets.Set[string]
	// settledOther says that the history newly holds an other as left behind or over, which must be durable before anything follows it.
	settledOther bool
	// condemned says that the history newly holds a task that is to be killed, which must be durable first.
	condemned bool
	// vanished are others that hold nothing back, and are killed all the same.
	vanished []Other
	// checked says that what checks found is all that is new.
	checked bool
	// notes are sentences that follow on what the verdict says.
	notes []string
	// verdict is what the conditions are to say.
	verdict verdict
}

func newScene(seen Seen) *scene {
	s := &scene{Seen: seen, endedEarlier: sets.New[string]()}
	s.decision.Status = *seen.Status.DeepCopy()
	return s
}

// current says whether there is an attempt that is neither known to be over nor left behind.
func (s *scene) current() bool { return s.decision.Status.Task != nil && !over(s.decision.Status.Task) }

// live says whether Mesos said in this subscription that the current attempt lives.
func (s *scene) live() bool {
	return s.current() && !s.Outdated && s.Observation != nil && s.Observation.State.Class() == mesos.Live && !s.otherFramework()
}

// fateUnknown says whether Mesos said that it cannot tell whether the current attempt runs.
func (s *scene) fateUnknown() bool {
	return s.current() && s.state() != "" && s.state().Class() == mesos.FateUnknown
}

// paused says whether nothing may be done but to look: deletion goes on all the same.
func (s *scene) paused() bool { return s.Paused && !s.Deleting }

// over says whether an attempt is known to be over.
func over(attempt *v1alpha1.TaskAttempt) bool { return attempt.FinishTime != nil }

// state is the attempt's Mesos state.
func (s *scene) state() mesos.TaskState {
	if s.attempt == nil {
		return ""
	}
	return mesos.TaskState(s.attempt.State)
}

// asDeclared says whether the attempt is what the spec asks for. While the spec cannot be resolved, nothing has changed.
func (s *scene) asDeclared() bool { return s.Hash == "" || s.declares(s.attempt) }

// declares says whether an attempt was launched as the spec is now. What role and user the framework fills in is no part of that (rule 20), nor
// is a role where the spec names none any more.
func (s *scene) declares(attempt *v1alpha1.TaskAttempt) bool {
	user := ""
	if s.Binding != nil && s.Binding.TaskID == attempt.ID {
		user = s.Binding.User
	}
	return !s.otherRole(attempt) && s.Launched(attempt.Hash, user)
}

// restartRequested says whether a person asked for a restart that the latest attempt has not satisfied.
func (s *scene) restartRequested() bool {
	if s.RestartRequest == "" || s.Binding == nil || s.RestartRequest == s.Binding.RestartedAt {
		return false
	}
	task := s.decision.Status.Task
	return s.Binding.TaskID == s.attempt.ID || task != nil && s.Binding.TaskID == task.ID || s.neverBegun()
}

// step adds a step.
func (s *scene) step(step Step) { s.decision.Steps = append(s.decision.Steps, step) }

// checkAt asks to look again at a time, if no earlier one is asked for already.
func (s *scene) checkAt(at time.Time) {
	if s.decision.Check.IsZero() || at.Before(s.decision.Check) {
		s.decision.Check = at
	}
}

// due says whether at has come; if not, the task is looked at again then.
func (s *scene) due(at time.Time) bool {
	if !s.Now.Before(at) {
		return true
	}
	s.checkAt(at)
	return false
}
