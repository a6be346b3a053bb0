package v1alpha1

// DefaultControllerName is the installation that serves a MesosFramework which names none.
const DefaultControllerName = "mesos.dev/operator"

// APILevel is the latest level of the API that this release knows. Whoever adds a field to a spec that a released manager does not know raises it, and
// the markers on the types with it: a manager launches nothing while a CRD says more than its own.
const APILevel = 1

// AnnotationAPILevel on the four CRDs is the APILevel of the release that they are of. It is generated; CRDs of commits before levels have none.
const AnnotationAPILevel = "mesos.dev/api-level"

// Labels on an installation's Lease, by which the process that leads says what it is.
const (
	// LabelVersion is the version of the program, as far as a label can bear it.
	LabelVersion = "app.kubernetes.io/version"
	// LabelAPILevel is its APILevel.
	LabelAPILevel = "mesos.dev/api-level"
	// LabelHolder tells whose the other two are: it is the end of the holder's identity. A process that writes no labels leaves those of the one before.
	LabelHolder = "mesos.dev/holder"
)

// Finalizers that the operator sets and removes.
const (
	// TaskFinalizer keeps a MesosTask that was bound until its attempt is over.
	TaskFinalizer = "mesos.dev/task"
	// FrameworkFinalizer keeps a MesosFramework until no MesosTask is bound to it.
	FrameworkFinalizer = "mesos.dev/framework"
)

// Labels that the operator gives to the MesosTasks of a set, and to the ControllerRevisions that are its history.
const (
	// LabelSet is the name of the MesosTaskSet.
	LabelSet = "mesos.dev/set"
	// LabelRevision is the revision of its template that a MesosTask is of.
	LabelRevision = "mesos.dev/revision"
)

// LabelCron on a MesosTask is the name of the MesosCronTask whose run it is.
const LabelCron = "mesos.dev/cron"

// AnnotationScheduledAt on a MesosTask that is a run of a MesosCronTask is when it was due by the schedule (RFC 3339); one that a person asked for has none.
const AnnotationScheduledAt = "mesos.dev/scheduled-at"

// Annotations that the operator writes.
const (
	// AnnotationBinding on a MesosTask is the decision that this task, as this attempt, goes to this agent: a Binding as JSON. It
	// is written before Mesos is asked to launch anything and only ever replaced by the next attempt's. Never edit or remove it.
	AnnotationBinding = "mesos.dev/binding"
	// AnnotationAdmitted on a MesosTask of a set stands for what restarts its task: what the set wrote when it created it and, where that was changed by
	// admission, after a slash what admission had made of it. So that is told from what a person made or changed by hand, and is not put back.
	AnnotationAdmitted = "mesos.dev/admitted"
	// AnnotationFrameworkID on a MesosFramework repeats status.frameworkID, so that it outlives a restore from a backup, which
	// wipes status.
	AnnotationFrameworkID = "mesos.dev/framework-id"
)

// Annotations that a person sets.
const (
	// AnnotationRestartedAt on a MesosTask asks for one restart each time that its value changes.
	AnnotationRestartedAt = "mesos.dev/restarted-at"
	// AnnotationGiveUp on a MesosTask names the task ID of an attempt whose fate Mesos cannot tell and that the person knows, or accepts,
	// to be over: the object goes on without it. It is killed if it comes back. It does nothing to an attempt that Mesos says is live, and
	// never will again with this value, which status.handledAnnotations then has: a comma and any text behind the task ID make another.
	AnnotationGiveUp = "mesos.dev/give-up"
	// AnnotationPaused on a MesosTask, with any value but "false", keeps the operator's hands off its task: nothing is launched, killed
	// or replaced, and status goes on to say what Mesos says. Deletion still works.
	AnnotationPaused = "mesos.dev/paused"
	// AnnotationEvict on a MesosTask of a set, with value "true", moves its task away: another is made and, once that is available, the MesosTask is
	// deleted; within spec.updateStrategy.rollingUpdate of the set. On a MesosTask without a set it does nothing.
	AnnotationEvict = "mesos.dev/evict"
	// AnnotationGiveUpAgent on a MesosFramework names agents, by their Mesos IDs with commas in between, that never come back, as a person knows:
	// every attempt that was bound to one of them before the annotation was first seen is given up, if Mesos cannot tell of it. Each value is
	// followed once, status.handledAnnotations has it then: for what becomes of an agent later it takes another value, and any word that is no
	// agent's ID makes one.
	AnnotationGiveUpAgent = "mesos.dev/give-up-agent"
	// AnnotationGiveUpUnknown on a MesosFramework gives up all attempts of which Mesos says TASK_UNKNOWN, as where it was rebuilt from nothing. Its
	// value is the token that status.unknown has: one of another count does nothing.
	AnnotationGiveUpUnknown = "mesos.dev/give-up-unknown"
	// AnnotationKillOrphans on a MesosFramework kills live tasks that no MesosTask accounts for. Its value is the token that status.orphans has, for all
	// that were counted, or task IDs of some of them with commas in between. One of another count does nothing, as do IDs of which one is no orphan.
	// Each value is followed once, status.handledAnnotations has it then.
	AnnotationKillOrphans = "mesos.dev/kill-orphans"
	// AnnotationForgetAbandoned on a MesosFramework that is being deleted lets it go with attempts in status.abandoned: whoever sets it knows, or
	// accepts, that nobody ends them should they come back. Its value is the token that condition Ready has: one of another count does nothing.
	AnnotationForgetAbandoned = "mesos.dev/forget-abandoned"
	// AnnotationReplaceFrameworkID on a MesosFramework names its framework ID, once Mesos has removed that, or one that MesosTasks are bound
	// under and the object has lost: the operator registers the framework anew, once, and gives up what was bound under the old ID.
	AnnotationReplaceFrameworkID = "mesos.dev/replace-framework-id"
	// AnnotationReconcileRequestedAt on a MesosFramework asks for one reconciliation pass each time that its value changes. The
	// operator repeats the value it has handled in status.reconciliation.lastHandledReconcileAt.
	AnnotationReconcileRequestedAt = "mesos.dev/reconcile-requested-at"
	// AnnotationRunRequestedAt on a MesosCronTask asks for one run each time that its value changes, also while the schedule is suspended. The run is
	// named <name>-<8 hexadecimal digits of the value's hash>r, and status.lastRequestedRun repeats that. A value that is a time (RFC 3339) counts as long
	// as a time of the schedule would, for spec.startingDeadlineSeconds, so that one which a backup brings back does nothing.
	AnnotationRunRequestedAt = "mesos.dev/run-requested-at"
)

// Binding is the content of AnnotationBinding.
type Binding struct {
	// TaskID is the Mesos task ID of the attempt: <namespace>.<name>.<hash>.<nonce>.
	TaskID string `json:"taskID"`
	// AgentID is the Mesos agent that the attempt was sent to.
	AgentID string `json:"agentID"`
	// Hostname is that agent's host.
	Hostname string `json:"hostname,omitempty"`
	// Domains are what that agent has under the keys by which spreads and togethers of the namespace go. Absent where there are none.
	Domains []PlacementDomain `json:"domains,omitempty"`
	// HostPorts are the host ports of spec.ports, in that order.
	HostPorts []int32 `json:"hostPorts,omitempty"`
	// Role and User are the Mesos role and the system user that the attempt was given, by the spec or by the framework's defaults: what the
	// framework fills in now is for the next one. Absent in what earlier releases wrote and of a task that was taken over as it ran.
	Role string `json:"role,omitempty"`
	User string `json:"user,omitempty"`
	// KillGracePeriodSeconds is spec.killGracePeriodSeconds as the attempt was launched with it. Absent where there was none, and in what earlier
	// releases wrote.
	KillGracePeriodSeconds *int32 `json:"killGracePeriodSeconds,omitempty"`
	// FrameworkID is the Mesos framework ID that the attempt was launched under.
	FrameworkID string `json:"frameworkID"`
	// UID is the object's; a restored object has another.
	UID string `json:"uid"`
	// RestartedAt is the value of AnnotationRestartedAt that this attempt has satisfied.
	RestartedAt string `json:"restartedAt,omitempty"`
	// Attempt numbers the object's attempts, from 1: a binding with a lower number than status.attempts is an old one that somebody
	// brought back. Absent in what wrote none.
	Attempt int64 `json:"attempt,omitempty"`
}
