package v1alpha1

// Condition types of a MesosTask. They follow kstatus, so that kubectl wait, Helm --wait, Argo CD and Flux work unaided.
const (
	// ConditionReady is True while the task runs (and is healthy, where it has a health check), and also when it has nothing left
	// to do: Completed or Suspended. Wait for Succeeded to learn how a one-off task ended.
	ConditionReady = "Ready"
	// ConditionSucceeded is True once a task that is not restarted has finished, False once it has failed for good.
	ConditionSucceeded = "Succeeded"
	// ConditionReconciling is True while the operator or Mesos works towards the spec, and absent otherwise.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when nothing will come of it until a person changes something, and absent otherwise. What cannot be started is
	// still tried, slowly.
	ConditionStalled = "Stalled"
	// ConditionAgentUnreachable is True while Mesos cannot say whether the task still runs, and absent otherwise.
	ConditionAgentUnreachable = "AgentUnreachable"
	// ConditionAgentMaintenance is True while the task is on an agent that is, or will be, unavailable by Mesos' maintenance schedule, and
	// absent otherwise.
	ConditionAgentMaintenance = "AgentMaintenance"
	// ConditionSuspended is True while spec.suspend keeps the task from running, and absent otherwise.
	ConditionSuspended = "Suspended"
)

// Reasons of a MesosTask's conditions and of its events. The reason of Ready is what kubectl get shows as STATUS.
const (
	// ReasonAwaitingOffer says that no offer has fitted the task yet; status.pending says why.
	ReasonAwaitingOffer = "AwaitingOffer"
	// ReasonLaunching says that the task is bound to an agent and does not run yet.
	ReasonLaunching = "Launching"
	// ReasonRunning says that the task runs.
	ReasonRunning = "Running"
	// ReasonUnhealthy says that the task runs and its health check fails, or that it is being killed for that.
	ReasonUnhealthy = "Unhealthy"
	// ReasonNotReady says that the task runs, and that its health check has not passed yet, or that its readiness check does not.
	ReasonNotReady = "NotReady"
	// ReasonRestarting says that the task is being killed to be launched anew, as its spec changed or a person asked.
	ReasonRestarting = "Restarting"
	// ReasonBackOff says that the task ended and waits for its next launch.
	ReasonBackOff = "BackOff"
	// ReasonCompleted says that the task finished and is not launched again.
	ReasonCompleted = "Completed"
	// ReasonFailed says that the task failed and is not launched again.
	ReasonFailed = "Failed"
	// ReasonInterrupted says that a task which is not launched again was ended by the platform, as by a drain of its agent or its loss, and did
	// not fail by itself.
	ReasonInterrupted = "Interrupted"
	// ReasonNeverStarts says that the last launches all failed before the task began, as what it fetches cannot be fetched, say. It is tried
	// again after spec.backoff.maxSeconds, on an agent that spec.avoidFailedAgents lets it use.
	ReasonNeverStarts = "NeverStarts"
	// ReasonTaskUnauthorized says that the master's ACLs do not let the framework run the task as its user. It is tried again every
	// spec.backoff.maxSeconds.
	ReasonTaskUnauthorized = "TaskUnauthorized"
	// ReasonAgentDraining says that the task is being killed as its agent is drained.
	ReasonAgentDraining = "AgentDraining"
	// ReasonRestartsExhausted says that the task failed more often than spec.maxRestarts allows.
	ReasonRestartsExhausted = "RestartsExhausted"
	// ReasonDeadlineExceeded says that the task was not over within spec.activeDeadlineSeconds: it is being killed for that, or has failed.
	ReasonDeadlineExceeded = "DeadlineExceeded"
	// ReasonRefused says that Mesos refuses the task as it is described (TASK_ERROR); a changed spec is tried again.
	ReasonRefused = "Refused"
	// ReasonOutcomeUnknown says that the object was restored from a backup and Mesos no longer has its task, so that nobody can tell
	// how it ended.
	ReasonOutcomeUnknown = "OutcomeUnknown"
	// ReasonSuspending says that the task is being killed as spec.suspend asks.
	ReasonSuspending = "Suspending"
	// ReasonSuspended says that spec.suspend keeps the task from running.
	ReasonSuspended = "Suspended"
	// ReasonDeleting says that the object is deleted and waits until its task is over.
	ReasonDeleting = "Deleting"
	// ReasonFrameworkNotFound says that the MesosFramework named in spec.frameworkRef does not exist.
	ReasonFrameworkNotFound = "FrameworkNotFound"
	// ReasonFrameworkDeleting says that the MesosFramework is being deleted and launches nothing more.
	ReasonFrameworkDeleting = "FrameworkDeleting"
	// ReasonManagerTooOld says that a CRD is of a later release than the manager, so that a spec may have fields that the manager does not know: it
	// launches nothing until it is upgraded.
	ReasonManagerTooOld = "ManagerTooOld"
	// ReasonNamespaceNotAllowed says that the framework takes no MesosTasks of this namespace.
	ReasonNamespaceNotAllowed = "NamespaceNotAllowed"
	// ReasonRoleNotAllowed says that spec.role is none of the framework's roles, or not open to this namespace.
	ReasonRoleNotAllowed = "RoleNotAllowed"
	// ReasonUserNotAllowed says that the framework lets no MesosTask run as spec.user.
	ReasonUserNotAllowed = "UserNotAllowed"
	// ReasonLabelNotAllowed says that the framework does not allow a name of spec.labels, or of the labels of spec.discovery.
	ReasonLabelNotAllowed = "LabelNotAllowed"
	// ReasonDiscoveryNotAllowed says that the framework does not allow spec.discovery.name in this namespace.
	ReasonDiscoveryNotAllowed = "DiscoveryNotAllowed"
	// ReasonContainerNotAllowed says that the framework does not let MesosTasks ask of containers what spec.container does.
	ReasonContainerNotAllowed = "ContainerNotAllowed"
	// ReasonRevocableNotAllowed says that the framework is offered no revocable resources, which the MesosTask asks for.
	ReasonRevocableNotAllowed = "RevocableNotAllowed"
	// ReasonOtherFrameworkID says that the task was bound under another framework ID than the framework has now: it is never
	// launched again by itself.
	ReasonOtherFrameworkID = "OtherFrameworkID"
	// ReasonInvalidBinding says that the binding annotation cannot be read or belongs to another object.
	ReasonInvalidBinding = "InvalidBinding"
	// ReasonNoAgentLargeEnough says that no agent that the master has could hold the task, even if nothing else ran there. What runs by an earlier
	// spec is not killed for it; an agent that could hold it ends this.
	ReasonNoAgentLargeEnough = "NoAgentLargeEnough"
	// ReasonConfigMapNotFound says that a ConfigMap that the spec names, or its key, does not exist. Of a Secret, ReasonSecretNotFound says so.
	ReasonConfigMapNotFound = "ConfigMapNotFound"
	// ReasonConfigMapInvalid says that what such a ConfigMap holds cannot be given to a task. Of a Secret, ReasonSecretInvalid says so.
	ReasonConfigMapInvalid = "ConfigMapInvalid"
	// ReasonSecretsNotAllowed says that the operator may not read the Secrets and ConfigMaps of tasks.
	ReasonSecretsNotAllowed = "SecretsNotAllowed"
	// ReasonReferenceUnread says that the API server did not answer for a Secret or ConfigMap that the spec names.
	ReasonReferenceUnread = "ReferenceUnread"
	// ReasonInvalidSpec says that the spec asks for what the operator cannot put to Mesos.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonAgentUnreachable says that the master lost contact with the task's agent.
	ReasonAgentUnreachable = "AgentUnreachable"
	// ReasonFateUnknown says that Mesos does not know the task or its agent any more.
	ReasonFateUnknown = "FateUnknown"
	// ReasonMaintenanceScheduled says that the maintenance of the task's agent has not begun yet.
	ReasonMaintenanceScheduled = "MaintenanceScheduled"
	// ReasonMaintenanceUnderway says that the maintenance of the task's agent has begun by the schedule.
	ReasonMaintenanceUnderway = "MaintenanceUnderway"
	// ReasonPaused says that annotation mesos.dev/paused keeps the operator's hands off the task.
	ReasonPaused = "Paused"
	// ReasonWriteRefused says that the API server refused the operator's own write for a reason other than a concurrent change.
	ReasonWriteRefused = "WriteRefused"
)

// Reasons of a MesosTask's events that are not reasons of a condition.
const (
	// EventEnded says that the attempt ended and how.
	EventEnded = "Ended"
	// EventAdopted says that a live task of the object was found whose binding was lost, and goes on as its attempt.
	EventAdopted = "Adopted"
	// EventBindingRestored says that the binding annotation or the finalizer was taken away and has been restored from status.
	EventBindingRestored = "BindingRestored"
	// EventKillingOther says that a live task of the object that is not its attempt is being killed.
	EventKillingOther = "KillingOther"
	// EventNeverRan says that Mesos dropped the launch, which does not count as a restart.
	EventNeverRan = "NeverRan"
	// EventReplaced says that an attempt whose fate was unknown for longer than spec.unreachable.replaceAfterSeconds was left behind.
	EventReplaced = "Replaced"
	// EventGivenUp says that an attempt was left behind as a person asked.
	EventGivenUp = "GivenUp"
	// EventAgentGivenUp says that an attempt was given up as a person said that its agent never comes back.
	EventAgentGivenUp = "AgentGivenUp"
	// EventUnknownGivenUp says that an attempt was given up as a person gave up all of which Mesos says TASK_UNKNOWN.
	EventUnknownGivenUp = "UnknownGivenUp"
	// EventAgentRemoved says that an attempt counts as over, as Mesos removed its agent and cannot tell of it.
	EventAgentRemoved = "AgentRemoved"
	// EventAgentGone says that an attempt counts as over, as an operator of Mesos marked its agent as gone.
	EventAgentGone = "AgentGone"
	// EventGiveUpIgnored says that a person gave up an attempt that Mesos says is live.
	EventGiveUpIgnored = "GiveUpIgnored"
	// EventAbandoned says that the object was let go while nobody knew whether its task runs; the framework's status remembers it.
	EventAbandoned = "Abandoned"
	// EventStaleBinding says that the binding annotation is an old one that was brought back, and is ignored.
	EventStaleBinding = "StaleBinding"
	// EventAgentReachable says that the task's agent came back and the task with it.
	EventAgentReachable = "AgentReachable"
	// EventExpired says that the object was deleted, as its end was recorded spec.ttlSecondsAfterFinished ago.
	EventExpired = "Expired"
	// EventDetached says that the object was let go while its task was left running, as deletionPolicy Orphan asks.
	EventDetached = "Detached"
)

// Condition types of a MesosFramework; Ready and Stalled are as for MesosTask.
const (
	// ConditionConnected is True while the framework is subscribed to a leading Mesos master.
	ConditionConnected = "Connected"
	// ConditionTasksReconciled is True once a pass has had an answer for every task, in this subscription.
	ConditionTasksReconciled = "TasksReconciled"
	// ConditionContested is True while a second installation of the operator is set to serve the framework too, and absent otherwise.
	// The second one writes it and does nothing else; the first one serves on.
	ConditionContested = "Contested"
)

// Reasons of a MesosFramework's conditions and of its events.
const (
	// ReasonSubscribed says that the master accepted the subscription.
	ReasonSubscribed = "Subscribed"
	// ReasonConnecting says that the first subscription has not been answered yet.
	ReasonConnecting = "Connecting"
	// ReasonMasterUnreachable says that no master answers.
	ReasonMasterUnreachable = "MasterUnreachable"
	// ReasonNoLeader says that the masters have no leader yet.
	ReasonNoLeader = "NoLeader"
	// ReasonUnauthorized says that the master wants other credentials (401).
	ReasonUnauthorized = "Unauthorized"
	// ReasonForbidden says that the master forbids the framework to subscribe (403).
	ReasonForbidden = "Forbidden"
	// ReasonNotAMaster says that what answers at the URL is no Mesos master.
	ReasonNotAMaster = "NotAMaster"
	// ReasonSubscriptionRefused says that the master refused the framework's description.
	ReasonSubscriptionRefused = "SubscriptionRefused"
	// ReasonFrameworkRemoved says that Mesos removed the framework and killed its tasks: its ID is dead.
	ReasonFrameworkRemoved = "FrameworkRemoved"
	// ReasonFailedOver says that another scheduler subscribed with the framework's ID.
	ReasonFailedOver = "FailedOver"
	// ReasonConnectionLost says that the subscription ended and is being made anew.
	ReasonConnectionLost = "ConnectionLost"
	// ReasonUpdateRefused says that the framework is subscribed and the master refuses to change its description.
	ReasonUpdateRefused = "UpdateRefused"
	// ReasonDetectionFailed says that ZooKeeper does not tell which master leads.
	ReasonDetectionFailed = "DetectionFailed"
	// ReasonTLSFailed says that the master's certificate is not trusted, or the master does not trust the framework's.
	ReasonTLSFailed = "TLSFailed"
	// ReasonCredentialsWithheld says that a master must not have the framework's credentials: the spec does not name it, or it is reached over
	// plain HTTP.
	ReasonCredentialsWithheld = "CredentialsWithheld"
	// ReasonSecretNotFound says that a Secret that the spec names does not exist: of a MesosFramework in the operator's namespace, of a MesosTask,
	// where it also stands for a key, in the task's own.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretInvalid says that such a Secret does not hold what it should.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonSecretForbidden says that the operator may not read such a Secret.
	ReasonSecretForbidden = "SecretForbidden"
	// ReasonFrameworkIDLost says that tasks are bound under a framework ID that the object no longer names.
	ReasonFrameworkIDLost = "FrameworkIDLost"
	// ReasonClaimedElsewhere says that an installation does not serve the framework, as another one has claimed it and lives.
	ReasonClaimedElsewhere = "ClaimedElsewhere"
	// ReasonDuplicateFrameworkID says that another MesosFramework has the same framework ID: two subscriptions with one ID would end
	// each other.
	ReasonDuplicateFrameworkID = "DuplicateFrameworkID"
	// ReasonReconciled says that every task has been answered.
	ReasonReconciled = "Reconciled"
	// ReasonReconcilingTasks says that a pass runs.
	ReasonReconcilingTasks = "ReconcilingTasks"
	// ReasonUnanswered says that Mesos has not answered for some tasks for longer than stalledAfterSeconds.
	ReasonUnanswered = "Unanswered"
	// ReasonNotConnected says that there is no subscription to reconcile over.
	ReasonNotConnected = "NotConnected"
	// ReasonTasksBound says that the framework is deleted and waits for the MesosTasks bound to it.
	ReasonTasksBound = "TasksBound"
	// ReasonTasksLive says that the framework is deleted with deletionPolicy Teardown and waits, as live tasks would be killed that no
	// MesosTask accounts for; or that Mesos has not told yet whether there are any.
	ReasonTasksLive = "TasksLive"
	// ReasonAttemptsAbandoned says that the framework is deleted and waits, as it remembers attempts of deleted MesosTasks that may still run.
	ReasonAttemptsAbandoned = "AttemptsAbandoned"
	// EventOrphans says that live Mesos tasks were found that no MesosTask accounts for.
	EventOrphans = "Orphans"
	// EventKillingOrphan says that such tasks are being killed, as spec.orphanPolicy or a person's annotation asks.
	EventKillingOrphan = "KillingOrphan"
	// EventKillingAbandoned says that an abandoned attempt came back and is being killed.
	EventKillingAbandoned = "KillingAbandoned"
	// EventGivingUp says that attempts of many MesosTasks are given up, as a person asked by an annotation of the framework.
	EventGivingUp = "GivingUp"
	// EventForgettingAbandoned says that a framework which is being deleted forgets its abandoned attempts, as a person asked by an annotation.
	EventForgettingAbandoned = "ForgettingAbandoned"
	// EventLaunchHoldOver says that tasks are launched though Mesos has not told all that runs, as spec.reconciliation.launchHoldSeconds are over.
	EventLaunchHoldOver = "LaunchHoldOver"
	// EventFrameworkIDReplaced says that the framework is registered anew, as Mesos had removed it or a person gave its lost ID up.
	EventFrameworkIDReplaced = "FrameworkIDReplaced"
	// EventRegistered says that Mesos gave the framework its ID.
	EventRegistered = "Registered"
	// EventTornDown says that Mesos was told to remove the framework.
	EventTornDown = "TornDown"
)

// Reasons of a MesosTaskSet's conditions and of its events, besides some of those above. Its conditions are Ready, Reconciling and Stalled.
const (
	// ReasonAvailable says that all tasks that should be there are available, and of the revisions that they should be of.
	ReasonAvailable = "Available"
	// ReasonRollingOut says that tasks of an older revision are being replaced, or wait for that.
	ReasonRollingOut = "RollingOut"
	// ReasonScaling says that tasks are being made or deleted, as there are fewer or more than there should be.
	ReasonScaling = "Scaling"
	// ReasonUnavailable says that all tasks are there, and that not all of them are available.
	ReasonUnavailable = "Unavailable"
	// ReasonProgressDeadlineExceeded says that a rollout made no progress for spec.progressDeadlineSeconds, and which task, where and why.
	ReasonProgressDeadlineExceeded = "ProgressDeadlineExceeded"
	// ReasonTaskStalled says that nothing will come of a task of the set until a person changes something, and which task, where and why.
	ReasonTaskStalled = "TaskStalled"
	// ReasonAwaitingFramework says that the set makes and deletes nothing until its framework is connected and has reconciled its tasks.
	ReasonAwaitingFramework = "AwaitingFramework"
	// EventTaskCreated says that MesosTasks were created.
	EventTaskCreated = "TaskCreated"
	// EventTaskDeleted says that a MesosTask was deleted, and why.
	EventTaskDeleted = "TaskDeleted"
	// EventRollingOut says that the template has another revision now.
	EventRollingOut = "RollingOut"
	// EventRolledOut says that all tasks are of the template's revision and available.
	EventRolledOut = "RolledOut"
	// EventPutBack says that what somebody changed by hand in a MesosTask of the set was put back.
	EventPutBack = "PutBack"
	// EventEvictIgnored on a MesosTask says that annotation mesos.dev/evict does nothing, and why.
	EventEvictIgnored = "EvictIgnored"
	// EventTakenOver says that MesosTasks that nobody controlled are the set's now.
	EventTakenOver = "TakenOver"
)

// ConditionBehind of a MesosCronTask is True while a run that is due is held back, and after one was missed until the next is started; absent otherwise.
// The other conditions of a MesosCronTask are Ready, Reconciling, Stalled and Suspended.
const ConditionBehind = "Behind"

// Reasons of a MesosCronTask's conditions and of its events, besides some of those above.
const (
	// ReasonScheduled says that runs are started when they are due.
	ReasonScheduled = "Scheduled"
	// ReasonInvalidSchedule says that spec.schedule cannot be read, or has no time that ever comes.
	ReasonInvalidSchedule = "InvalidSchedule"
	// ReasonInvalidTimeZone says that the operator knows no time zone by the name of spec.timeZone.
	ReasonInvalidTimeZone = "InvalidTimeZone"
	// ReasonRunActive says that a run waits, or was missed, as an earlier one is not over and spec.concurrencyPolicy is Forbid.
	ReasonRunActive = "RunActive"
	// ReasonReplacing says that a run waits until the one that it replaces is over.
	ReasonReplacing = "Replacing"
	// ReasonRunMissed says that runs were not started within spec.startingDeadlineSeconds.
	ReasonRunMissed = "RunMissed"
	// ReasonNameTaken says that there is a MesosTask of a run's name that is not the MesosCronTask's.
	ReasonNameTaken = "NameTaken"
	// ReasonRunRefused says that the API server does not take the MesosTask of a run.
	ReasonRunRefused = "RunRefused"
	// EventRunStarted says that the MesosTask of a run was created.
	EventRunStarted = "RunStarted"
	// EventRunSucceeded says that a run succeeded.
	EventRunSucceeded = "RunSucceeded"
	// EventRunFailed says that a run failed.
	EventRunFailed = "RunFailed"
	// EventRunDeleted says that a run was deleted before it was over, so that another one replaces it.
	EventRunDeleted = "RunDeleted"
	// EventClockWentBack says that times that are dealt with lie more than an hour ahead, and that the schedule counts from now.
	EventClockWentBack = "ClockWentBack"
)
