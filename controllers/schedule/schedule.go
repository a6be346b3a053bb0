package schedule

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Seen is what is known of a cron task as it is asked what to do.
type Seen struct {
	Now time.Time
	// Name, Created, Generation, Deleting, Spec and Status are the object's; Request is the value of annotation mesos.dev/run-requested-at.
	Name       string
	Created    time.Time
	Generation int64
	Deleting   bool
	Spec       v1alpha1.MesosCronTaskSpec
	Status     v1alpha1.MesosCronTaskStatus
	Request    string
	// Zone is the time zone that the spec names; nil for one that the operator does not know.
	Zone *time.Location
	// Runs are the MesosTasks that are the cron task's, and those that could be.
	Runs []Run
	// Lost are the names of runs that live in Mesos and have no MesosTask.
	Lost []string
	// Proven says that Mesos has told what of the framework lives, as far as it can be known.
	Proven bool
	// Obstacle is why no run can be started at all, as there is no framework, say; nil for nothing.
	Obstacle *Obstacle
	// Refusals are why MesosTasks that were to be created were not, one for each run.
	Refusals []Refusal
}

// Run is a MesosTask of a cron task.
type Run struct {
	Name string
	UID  types.UID
	// Due is when it was due by the schedule; zero for one that was asked for.
	Due time.Time
	// Owned says that the cron task controls it; else nobody does.
	Owned bool
	// Over and Succeeded say that it is over and how, since Ended, as its status records it.
	Over, Succeeded bool
	Ended           time.Time
	// Deleting says that it is being deleted: it may still run.
	Deleting bool
	// Paused says that a person wants it left alone.
	Paused bool
}

// Obstacle is why no run can be started.
type Obstacle struct{ Reason, Message string }

// Refusal is why a MesosTask was not created.
type Refusal struct {
	// Name is that of the run; Reason that of the condition that says so.
	Name, Reason, Message string
	// Until is when it is tried again.
	Until time.Time
}

// Decision is what to do. Its parts are done in the order of the fields; after a creation the cron task is looked at anew before its status is written.
type Decision struct {
	// TakeOver are the runs of which the cron task becomes the controller.
	TakeOver []Run
	// Create is the run to create; nil for none.
	Create *Creation
	// Status is the status to write, where it is another than is recorded, and Events are those to emit then.
	Status v1alpha1.MesosCronTaskStatus
	Events []Event
	// Delete are the runs to delete.
	Delete []Deletion
	// Check is when to look again; zero for never.
	Check time.Time
}

// Creation is a run to create.
type Creation struct {
	Name string
	// Due is when it was due by the schedule; zero for one that was asked for.
	Due time.Time
	// Alone says that it may only be created where no other run is active: they are to be listed live.
	Alone bool
	// Lost says that it lives in Mesos already, and lost its MesosTask.
	Lost bool
}

// Deletion is a run to delete.
type Deletion struct {
	Run
	// Replaced says that it is deleted before it is over, so that another can run.
	Replaced bool
}

// Event is what a person would want to know.
type Event struct {
	Warning         bool
	Reason, Message string
}

// ahead is how far ahead of the clock what was dealt with may lie before the clock counts as having been wrong. (Section 12 of the design: an hour.)
const ahead = time.Hour

// lookAtLeast is how often a cron task is looked at whose next time is far away: a clock may be set meanwhile.
const lookAtLeast = time.Minute

// scene is one decision in the making.
type scene struct {
	Seen
	times    times
	decision Decision
	// considered is up to when the times of the schedule are dealt with.
	considered time.Time
	// missed counts the times that were found to have passed without a run, lastMissed is the last of them.
	missed     int
	lastMissed time.Time
	// due is the time whose run is to be started; zero for none. held is what holds it, or the run that was asked for, back.
	due  time.Time
	held *held
	// started says that a run was found that the status does not know yet.
	started bool
	verdict verdict
}

// Next decides.
func Next(seen Seen) Decision {
	s := &scene{Seen: seen}
	s.decision.Status = *seen.Status.DeepCopy()
	if seen.Deleting {
		// Its runs are deleted with it, by Kubernetes, unless somebody wants them orphaned.
		s.decision.Status = seen.Status
		return s.decision
	}
	s.takeOver()
	if s.begin() {
		s.consider()
		s.findRequest()
		s.findDue()
	}
	s.record()
	s.setConditions()
	s.forget()
	s.setCheck()
	return s.decision
}

// status is the status to write.
func (s *scene) status() *v1alpha1.MesosCronTaskStatus { return &s.decision.Status }

// event adds an event.
func (s *scene) event(warning bool, reason, message string) {
	s.decision.Events = append(s.decision.Events, Event{Warning: warning, Reason: reason, Message: message})
}

// changed says whether there is something to record.
func (s *scene) changed() bool { return !equality.Semantic.DeepEqual(s.decision.Status, s.Status) }

// setCheck says when to look again: when the next run is due, or what is held back may go on.
func (s *scene) setCheck() {
	at := s.Now.Add(lookAtLeast)
	sooner := func(other time.Time) {
		if !other.IsZero() && other.Before(at) {
			at = other
		}
	}
	if next := s.status().NextScheduleTime; next != nil && next.After(s.Now) {
		sooner(next.Time)
	}
	if s.held != nil {
		sooner(s.held.until)
	}
	if s.decision.Check = at; !at.After(s.Now) {
		s.decision.Check = s.Now.Add(time.Second)
	}
}

// timeOf is a recorded time; zero for none.
func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// recorded is a time as a status records it, in whole seconds; nil for zero.
func recorded(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	rounded := metav1.NewTime(t.Truncate(time.Second))
	return &rounded
}
