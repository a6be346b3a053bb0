package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MesosCronTask runs a task on Apache Mesos at the times of a schedule. Each run is a MesosTask of its own, named <name>-<minute of the schedule>.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:metadata:annotations="mesos.dev/api-level=1"
// +kubebuilder:resource:shortName=mct,categories=mesos
// +kubebuilder:printcolumn:name="Schedule",type=string,JSONPath=`.spec.schedule`,description="When it runs."
// +kubebuilder:printcolumn:name="Time-Zone",type=string,JSONPath=`.spec.timeZone`,description="The time zone of the schedule; none is UTC."
// +kubebuilder:printcolumn:name="Suspend",type=boolean,JSONPath=`.spec.suspend`,description="Whether the schedule is suspended."
// +kubebuilder:printcolumn:name="Active",type=integer,JSONPath=`.status.active`,description="How many runs are not over."
// +kubebuilder:printcolumn:name="Last-Schedule",type=date,JSONPath=`.status.lastScheduleTime`,description="How long ago the last run was due that was started."
// +kubebuilder:printcolumn:name="Last-Success",type=date,JSONPath=`.status.lastSuccessfulTime`,description="How long ago a run last succeeded."
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="The reason of condition Ready."
// +kubebuilder:printcolumn:name="Next-Schedule",type=string,JSONPath=`.status.nextScheduleTime`,priority=1,description="When the next run is due."
// +kubebuilder:printcolumn:name="Framework",type=string,JSONPath=`.spec.template.spec.frameworkRef.name`,priority=1,description="The MesosFramework that runs the tasks."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="The age of the object."
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 52 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be a DNS label of at most 52 characters, lower-case letters, digits and '-', as the names of its runs begin with it"
type MesosCronTask struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata. The name must be a DNS label of at most 52 characters.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is when which task runs.
	// +required
	Spec MesosCronTaskSpec `json:"spec,omitzero"`

	// status is what became of the schedule so far. The operator sets it.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status MesosCronTaskStatus `json:"status,omitempty,omitzero"`
}

// MesosCronTaskList is a list of MesosCronTasks.
//
// +kubebuilder:object:root=true
type MesosCronTaskList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the cron tasks.
	Items []MesosCronTask `json:"items"`
}

// MesosCronTaskSpec is when which task runs.
type MesosCronTaskSpec struct {
	// schedule is when it runs, in the five fields of cron: minute, hour, day of the month, name or number of the month, day of the week (0 or SUN to 6 or SAT); or one of
	// @hourly, @daily, @weekly, @monthly and @yearly; or @every with a duration of at least a minute, such as @every 90m, which counts from when the
	// operator first saw the schedule. Where both days are given, either will do. A schedule that was changed counts from when the operator saw the change.
	//
	// A time that a leap forward of the clock skips does not run. A time that comes twice in autumn runs once, the first time; but a schedule that names
	// no hours, such as */5 * * * *, goes on through the hour that comes twice.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="!self.contains('TZ=')",message="a time zone is not to be had in spec.schedule: set spec.timeZone"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('@') || self.matches('^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every ([0-9]{1,5}[hms])+)$')",message="with '@' spec.schedule is one of @hourly, @daily, @weekly, @monthly and @yearly, or like @every 1h30m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^@every ([0-9]{1,5}[hms])+$') || duration(self.substring(7)) >= duration('1m')",message="@every in spec.schedule must be at least a minute (1m), as the names of runs count minutes"
	// +kubebuilder:validation:XValidation:rule="self.startsWith('@') || self.split(' ').filter(f, f.size() > 0).size() == 5",message="spec.schedule must have five fields with blanks in between: minute, hour, day of the month, name or number of the month, day of the week"
	// +kubebuilder:validation:XValidation:rule="self.startsWith('@') || self.split(' ').filter(f, f.size() > 0).size() != 5 || self.split(' ').filter(f, f.size() > 0)[0].split(',').all(e, e.matches('^([*?]|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?$'))",message="the first field of spec.schedule is the minute: numbers from 0 to 59, ranges such as 0-30, '*', each with a step such as '/5' or not, with commas in between"
	// +kubebuilder:validation:XValidation:rule="self.startsWith('@') || self.split(' ').filter(f, f.size() > 0).size() != 5 || self.split(' ').filter(f, f.size() > 0)[1].split(',').all(e, e.matches('^([*?]|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?$'))",message="the second field of spec.schedule is the hour: numbers from 0 to 23, ranges such as 8-17, '*', each with a step such as '/2' or not, with commas in between"
	// +kubebuilder:validation:XValidation:rule="self.startsWith('@') || self.split(' ').filter(f, f.size() > 0).size() != 5 || self.split(' ').filter(f, f.size() > 0)[2].split(',').all(e, e.matches('^([*?]|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?$'))",message="the third field of spec.schedule is the day of the month: numbers from 1 to 31, ranges such as 1-15, '*', each with a step such as '/2' or not, with commas in between"
	// +kubebuilder:validation:XValidation:rule="self.startsWith('@') || self.split(' ').filter(f, f.size() > 0).size() != 5 || self.split(' ').filter(f, f.size() > 0)[3].split(',').all(e, e.matches('^([*?]|(0?[1-9]|1[0-2]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))(-(0?[1-9]|1[0-2]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)))?)(/[1-9][0-9]?)?$'))",message="the fourth field of spec.schedule is the month: numbers from 1 to 12 or JAN to DEC, ranges such as 4-9, '*', each with a step such as '/3' or not, with commas in between"
	// +kubebuilder:validation:XValidation:rule="self.startsWith('@') || self.split(' ').filter(f, f.size() > 0).size() != 5 || self.split(' ').filter(f, f.size() > 0)[4].split(',').all(e, e.matches('^([*?]|([0-6]|(?i:sun|mon|tue|wed|thu|fri|sat))(-([0-6]|(?i:sun|mon|tue|wed|thu|fri|sat)))?)(/[1-9][0-9]?)?$'))",message="the fifth field of spec.schedule is the day of the week: numbers from 0 (Sunday) to 6 or SUN to SAT, ranges such as MON-FRI, '*', with commas in between"
	// +required
	Schedule string `json:"schedule,omitempty"`

	// timeZone is the time zone that schedule is in, by its name in the IANA time zone database, such as Europe/Berlin. Absent: UTC.
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.lowerAscii() != 'local'",message="spec.timeZone must be a time zone of the IANA database, such as Europe/Berlin: Local is another one on each machine"
	// +optional
	TimeZone string `json:"timeZone,omitempty"`

	// startingDeadlineSeconds is for how long after its time a run may still be started, in seconds: where the operator was away, or the one before it was
	// still running and concurrencyPolicy made it wait. Of several that were missed the last one is started. Default: 600.
	// +kubebuilder:default=600
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=31536000
	// +optional
	StartingDeadlineSeconds *int32 `json:"startingDeadlineSeconds,omitempty"`

	// concurrencyPolicy says what a run does whose time comes while an earlier one is not over. Allow: it starts beside that. Forbid: it waits until that
	// is over, and is missed if that takes until its deadline or until the time of the next one. Replace: that is deleted, which kills it, and the run
	// starts once it is over, within its deadline. One that Mesos cannot tell of counts as not over. Default: Allow.
	// +kubebuilder:default=Allow
	// +optional
	ConcurrencyPolicy ConcurrencyPolicy `json:"concurrencyPolicy,omitempty"`

	// suspend keeps runs from being started by the schedule; those that were started go on, and a run that is asked for is started all the same. Times that
	// pass meanwhile are not made up for. Default: false.
	// +kubebuilder:default=false
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// successfulTasksHistoryLimit is how many MesosTasks of runs that succeeded are kept, the number of the latest ones. Default: 3.
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +optional
	SuccessfulTasksHistoryLimit *int32 `json:"successfulTasksHistoryLimit,omitempty"`

	// failedTasksHistoryLimit is how many MesosTasks of runs that failed are kept, the number of the latest ones. Default: 1.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +optional
	FailedTasksHistoryLimit *int32 `json:"failedTasksHistoryLimit,omitempty"`

	// template is what the MesosTask of each run is made of. A change of it counts from the next run on.
	// +required
	Template MesosCronTaskTemplate `json:"template,omitzero"`
}

// ConcurrencyPolicy says what a run does whose time comes while an earlier one is not over.
// +kubebuilder:validation:Enum=Allow;Forbid;Replace
type ConcurrencyPolicy string

// The concurrency policies.
const (
	// ConcurrencyAllow starts it beside the earlier one.
	ConcurrencyAllow ConcurrencyPolicy = "Allow"
	// ConcurrencyForbid lets it wait until the earlier one is over, within its deadline.
	ConcurrencyForbid ConcurrencyPolicy = "Forbid"
	// ConcurrencyReplace deletes the earlier one, and starts it once that is over, within its deadline.
	ConcurrencyReplace ConcurrencyPolicy = "Replace"
)

// MesosCronTaskTemplate is what the MesosTasks of runs are made of.
type MesosCronTaskTemplate struct {
	// metadata is what the MesosTasks bear besides what the operator gives them. Absent: nothing.
	// +optional
	Metadata TemplateMetadata `json:"metadata,omitempty,omitzero"`

	// spec is what runs.
	// +required
	Spec RunSpec `json:"spec,omitzero"`
}

// RunSpec is what a run sends to Mesos (the TaskTemplate) and how the operator keeps it: the spec of a MesosTask that has an end.
type RunSpec struct {
	// frameworkRef names the MesosFramework that runs the task. Default: the MesosFramework named default.
	// +kubebuilder:default={"name":"default"}
	// +optional
	FrameworkRef FrameworkReference `json:"frameworkRef,omitempty,omitzero"`

	TaskTemplate `json:",inline"`

	// restartPolicy says after which ends of a run its task is launched again: OnFailure (not after TASK_FINISHED) or Never. An attempt that never ran
	// is launched again under both. Default: OnFailure.
	// +kubebuilder:default=OnFailure
	// +kubebuilder:validation:XValidation:rule="self != 'Always'",message="restartPolicy of a run is OnFailure or Never: with Always it would never be over"
	// +optional
	RestartPolicy RestartPolicy `json:"restartPolicy,omitempty"`

	// backoff spaces the launches of a run that keeps failing. The first launch after an end comes at once.
	// +kubebuilder:default={}
	// +optional
	Backoff Backoff `json:"backoff,omitempty,omitzero"`

	// maxRestarts is how often the task is launched again, after attempts that ran and ended by themselves, before the run has failed. Ends that the
	// platform is to blame for are not counted: a drain of the agent, its loss, restart or removal, a preemption. 0: never. Default: 6.
	// +kubebuilder:default=6
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	MaxRestarts *int32 `json:"maxRestarts,omitempty"`

	// launchTimeoutSeconds is how long a launch may take, from its binding to TASK_RUNNING, in seconds. One that takes longer, while Mesos says
	// that it is still on its way, is killed and launched anew, which counts as no restart. Absent: spec.taskDefaults.launchTimeoutSeconds of the
	// MesosFramework, or 900; 0: no limit.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	// +optional
	LaunchTimeoutSeconds *int32 `json:"launchTimeoutSeconds,omitempty"`

	// avoidFailedAgents says where the task is launched after attempts that failed. Preferred: agents on which the last ones failed come after all others
	// that have room; one on which the task did not start is not used at all for ten minutes, unless it started on none that there is. Never: on any agent.
	// Absent: Preferred.
	// +optional
	AvoidFailedAgents AvoidFailedAgents `json:"avoidFailedAgents,omitempty"`

	// unreachable says what becomes of a run of which Mesos cannot say whether it still runs. Absent or {}: it waits until Mesos can say.
	// +optional
	Unreachable *Unreachable `json:"unreachable,omitempty"`

	// activeDeadlineSeconds is how long after it was started a run may take, in seconds, whether Mesos ever ran it or not. Then what runs of it is killed,
	// and it has failed. Without it a run that cannot be launched, as its image is not there, say, is never over. Absent: no limit.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=315360000
	// +optional
	ActiveDeadlineSeconds *int32 `json:"activeDeadlineSeconds,omitempty"`
}

// MesosCronTaskStatus is what became of a schedule so far. The operator sets it all.
type MesosCronTaskStatus struct {
	// conditions say how the schedule is kept: Ready always; Reconciling, Stalled, Suspended and Behind where they apply.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the metadata.generation that the status speaks of; -1 before the first write.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// active is how many runs are not over, the number of their MesosTasks.
	// +optional
	Active int32 `json:"active"`

	// activeRuns are the names of their MesosTasks, the oldest first, at most 100.
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=atomic
	// +optional
	ActiveRuns []string `json:"activeRuns,omitempty"`

	// lastScheduleTime is when the last run was due that was started by the schedule: no run that was due before it is started any more.
	// +optional
	LastScheduleTime *metav1.Time `json:"lastScheduleTime,omitempty"`

	// lastSuccessfulTime is when a run last succeeded, as its MesosTask recorded it.
	// +optional
	LastSuccessfulTime *metav1.Time `json:"lastSuccessfulTime,omitempty"`

	// nextScheduleTime is when the next run is due. Absent while suspended, and where there is none.
	// +optional
	NextScheduleTime *metav1.Time `json:"nextScheduleTime,omitempty"`

	// lastConsideredTime is up to when the times of the schedule are dealt with: each of them was started or missed, or does not count, as it was before
	// the creation of the object, before a change of the schedule, or while it was suspended.
	// +optional
	LastConsideredTime *metav1.Time `json:"lastConsideredTime,omitempty"`

	// consideredSchedule is the schedule, with its time zone, that lastConsideredTime belongs to. Absent while suspended, and while it cannot be read.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	ConsideredSchedule string `json:"consideredSchedule,omitempty"`

	// missedRuns counts the times of the schedule that passed without a run, since the object was created; of one outage at most 1,000.
	// +optional
	MissedRuns int64 `json:"missedRuns,omitempty"`

	// lastRequestedRun is the name of the run that the value of annotation mesos.dev/run-requested-at stands for which was last dealt with: that value
	// does nothing any more, another one does.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	LastRequestedRun string `json:"lastRequestedRun,omitempty"`

	// revision counts the writes of the status.
	// +optional
	Revision int64 `json:"revision,omitempty"`
}
