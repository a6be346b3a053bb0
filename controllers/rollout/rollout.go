package rollout

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Seen is everything that the decision about one set rests on. The controller gathers it; nothing in it is changed.
type Seen struct {
	// Now is the time of the decision.
	Now time.Time
	// Set is the set, its status as this process last wrote or read it; LastWrite is when this process last wrote that, zero if it has not.
	Set       *v1alpha1.MesosTaskSet
	LastWrite time.Time
	// Revisions are those that bear the set's label and that no other object controls.
	Revisions []Revision
	// Tasks are the MesosTasks of the namespace whose names have the form of the set's, whoever owns them.
	Tasks []*v1alpha1.MesosTask
	// Framework is how the MesosFramework of the template stands.
	Framework Framework
	// Maintained are the agents that are being, or are about to be, maintained, by their Mesos IDs.
	Maintained sets.Set[string]
	// NamesTaken are names of ControllerRevisions that are not the set's, and that it would have given to its own.
	NamesTaken sets.Set[string]
	// Refused is what the API server refuses of what the set writes.
	Refused Refused
}

// Refused is what the API server refuses of what a set writes.
type Refused struct {
	// Write is what it said when it refused a write other than a creation of a MesosTask; empty for nothing.
	Write string
	// Tasks are the UIDs of MesosTasks of which it has refused a change or a deletion, and not taken one since.
	Tasks sets.Set[types.UID]
	// Creation is what it said when it refused one more MesosTask, as a quota does; empty for nothing.
	Creation string
	// Most is how many of Tasks there were then: as long as it is not known better no more are made. Nil where none was refused.
	Most *int
	// Again says that it is time to find out whether more may be made.
	Again bool
}

// Framework is how a MesosFramework stands, as far as a set depends on it.
type Framework struct {
	// Obstacle is why nothing is to be made under it, with a reason: it does not exist, or the manager is too old; nil for nothing.
	Obstacle *Obstacle
	// Reconciled says that it is connected, and that every task has been answered since.
	Reconciled bool
	// Proven says that Mesos has told all that runs under it, or that the wait for that is over.
	Proven bool
	// ReplaceAfter is spec.taskDefaults.unreachable.replaceAfterSeconds of it; nil where it has none.
	ReplaceAfter *time.Duration
	// Live are the names of the set's form that live Mesos tasks bear and no MesosTask does, as after the loss of the API server's state.
	Live []string
}

// Obstacle is why nothing can be made.
type Obstacle struct{ Reason, Message string }

// Revision is one of the templates that the set has, or has had.
type Revision struct {
	// Name is that of its ControllerRevision, UID its uid.
	Name string
	UID  types.UID
	// Label is what its tasks bear as mesos.dev/revision.
	Label string
	// Number orders the revisions: the highest is the newest.
	Number int64
	// Created is when the API server created it; zero for one that is to be made.
	Created time.Time
	// Orphan says that no object controls it.
	Orphan bool
	Content
}

// Content is what a revision keeps.
type Content struct {
	// Template is the set's, as it was when the revision was made.
	Template v1alpha1.MesosTaskSetTemplate `json:"template"`
	// RestartedAt is the set's spec.restartedAt then.
	RestartedAt string `json:"restartedAt,omitempty"`
}

// Decision is what should happen next, in the order of its fields.
type Decision struct {
	// Rule is the name of the rule that decided about creations and deletions.
	Rule string
	// MakeRevision is a revision to make; nil for none.
	MakeRevision *Revision
	// TakeRevisions are revisions to take control of, DropRevisions those that are not needed any more.
	TakeRevisions, DropRevisions []Revision
	// Changes are to be made in MesosTasks.
	Changes []Change
	// Deletes are MesosTasks to delete.
	Deletes []Deletion
	// Creates are MesosTasks to create.
	Creates []Creation
	// Status is the status to record.
	Status v1alpha1.MesosTaskSetStatus
	// WriteAt is when the status is worth a write; zero for now. Counts that change by the second cost no write each.
	WriteAt time.Time
	// Check is when to look again though nothing has happened; zero for never.
	Check time.Time
	// Deeds tell of what the decision does, once that is done; Events of how the set stands.
	Deeds, Events []Event
}

// Creation is a MesosTask to create. Its owner is the set.
type Creation struct {
	Name        string
	Labels      map[string]string
	Annotations map[string]string
	Spec        v1alpha1.MesosTaskSpec
}

// Deletion is a MesosTask to delete, and why.
type Deletion struct {
	Task *v1alpha1.MesosTask
	Why  string
}

// Event is something that a person would want to know.
type Event struct {
	Warning                 bool
	Reason, Action, Message string
}

// atOnce is how many MesosTasks one decision creates, deletes and changes at most, of each so many: the next comes once the cache shows them.
const atOnce = 200

// Next decides what should happen next to a set.
func Next(seen Seen) Decision {
	s := look(seen)
	for _, rule := range rules {
		if rule.when(s) {
			s.decision.Rule = rule.name
			rule.then(s)
			break
		}
	}
	if s.Set.DeletionTimestamp == nil {
		s.tidyRevisions()
		s.settle()
	}
	return s.decision
}

// scene is one decision in the making.
type scene struct {
	Seen

	spec     v1alpha1.MesosTaskSetSpec
	decision Decision

	// update is the revision of the template as it is; nil while there is none. current is the one that tasks of the older share are made of; nil
	// where it is not known.
	update, current *Revision

	// templates are those for tasks of a revision, by its label, once they were asked for.
	templates map[string]*v1alpha1.MesosTaskSetTemplate
	// prints are what of them restarts a task.
	prints map[string]map[string]any

	// failed says that the rollout to the template's revision has failed, as things are; undecided that some of an older revision are to stay, and of
	// which is not known yet.
	failed, undecided bool
	// held says that nothing but the set's Service keeps a task from being replaced.
	held bool

	members []*member
	// strangers are MesosTasks with the set's label that are of another framework, and left alone.
	strangers []*v1alpha1.MesosTask
	// deleted are the MesosTasks that the decision deletes, changed the places in it of those that it changes.
	deleted map[*v1alpha1.MesosTask]bool
	changed map[*v1alpha1.MesosTask]int
	// withheld is how many more MesosTasks there would be, did the API server not refuse them.
	// room is how many of those that are to be created it lets.
	withheld, room int
	// alive is how many objects may have a live task, those being deleted included; ending is one of those, nil for none.
	alive  int
	ending *v1alpha1.MesosTask

	// replicas is how many there should be; surge and unavailable are the budgets of the strategy, as numbers, and partition its share.
	replicas, surge, unavailable, partition int
}

// look takes in what is seen: the revisions, the budgets, and the members.
func look(seen Seen) *scene {
	s := &scene{Seen: seen, spec: seen.Set.Spec, deleted: map[*v1alpha1.MesosTask]bool{}, changed: map[*v1alpha1.MesosTask]int{}}
	s.decision.Status = *seen.Set.Status.DeepCopy()
	// A cache lists in another order each time, and which task is named first would be another each time, too.
	s.Tasks = slices.SortedFunc(slices.Values(seen.Tasks), func(a, b *v1alpha1.MesosTask) int { return cmp.Compare(a.Name, b.Name) })
	s.findRevisions()
	s.budget()
	s.class()
	s.findCurrent()
	s.failed = s.hasFailed()
	return s
}

// checkAt looks again at a time, if that is sooner.
func (s *scene) checkAt(at time.Time) {
	if s.decision.Check.IsZero() || at.Before(s.decision.Check) {
		s.decision.Check = at
	}
}

func (s *scene) tell(event Event) { s.decision.Events = append(s.decision.Events, event) }

func (s *scene) tellDeed(event Event) { s.decision.Deeds = append(s.decision.Deeds, event) }
