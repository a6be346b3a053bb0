package history

import (
	"encoding/json"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// View is a history with indices, which are made once for all checks.
type View struct {
	Entries []Entry
	// Attempts are all task IDs that were ever bound, launched, told of or lived, in the order in which they appeared.
	Attempts []*Attempt
	// Objects are all objects that were ever written, in the order in which they appeared.
	Objects []*Object
	// Streams are the subscriptions, in their order.
	Streams []*Stream
	// Offers are all offers that were made, in their order.
	Offers []*Offer
	// Settled is the number of the entry from which on nothing goes wrong; 0 for none.
	Settled int

	attempts map[string]*Attempt
	objects  map[types.UID]*Object
	named    map[objectKey][]*Object
	streams  map[string]*Stream
	offers   map[string]*Offer
	answers  map[int]*Answer
}

// Attempt is one task ID with all that is known of it.
type Attempt struct {
	ID string
	// Namespace and Name are the object's that the ID names; empty where it names none.
	Namespace, Name string
	// Bound are the bindings that named it.
	Bound []Bound
	// Launches are the ACCEPTs that named it.
	Launches []Launch
	// Told is what Mesos said of it.
	Told []Told
	// Kills, Acks and Asked are the calls about it.
	Kills []Called
	Acks  []Called
	Asked []Asked
	// Lives are the times that it lived on an agent.
	Lives []Life
	// Abandoned are the changes of whether a framework's status holds it as abandoned.
	Abandoned []Held
}

// Bound is a binding of an object that names an attempt.
type Bound struct {
	Number  int
	Who     string
	UID     types.UID
	Binding *v1alpha1.Binding
}

// Launch is an ACCEPT that names an attempt.
type Launch struct {
	Number int
	Call   *Call
	Info   *mesos.TaskInfo
}

// Told is an update that a master queued.
type Told struct {
	Number int
	Stream string
	Status *mesos.TaskStatus
}

// Called is a call about one attempt.
type Called struct {
	Number int
	Call   *Call
}

// Asked is a RECONCILE that names an attempt.
type Asked struct {
	Called
	AgentID string
}

// Life is a time that an attempt lived on an agent. End is the number of the entry that says so, 0 while it lives.
type Life struct {
	AgentID    string
	Start, End int
}

// Held says that a framework's status holds an attempt as abandoned from an entry on, or not any more.
type Held struct {
	Number    int
	Framework types.UID
	Held      bool
}

// Object is an object with all its versions.
type Object struct {
	UID types.UID
	objectKey
	Versions []Version
}

// Version is an object as a write left it; Object is nil where it is gone.
type Version struct {
	Number int
	Object client.Object
	Write  *Write
	// Binding is that of a MesosTask, nil without one that can be read.
	Binding *v1alpha1.Binding
}

// Stream is a subscription.
type Stream struct {
	ID  string
	Who string
	// Subscribe is the number of the SUBSCRIBE, Subscribed that of the event; 0 if there was none.
	Subscribe, Subscribed int
	// Asked is the framework ID that was subscribed with, FrameworkID the one that it is.
	Asked, FrameworkID string
}

// Offer is an offer with what became of it.
type Offer struct {
	Offer                         *mesos.Offer
	Stream                        string
	Number                        int
	Rescinded                     int
	Accepts, Declines, Rejections []int
}

// NewView indexes a history.
func NewView(entries []Entry) *View {
	v := &View{
		Entries: entries, attempts: map[string]*Attempt{}, objects: map[types.UID]*Object{}, named: map[objectKey][]*Object{},
		streams: map[string]*Stream{}, offers: map[string]*Offer{}, answers: map[int]*Answer{},
	}
	for i := range entries {
		entry := &entries[i]
		switch {
		case entry.Write != nil:
			v.wrote(entry.Number, entry.Write)
		case entry.Call != nil:
			v.called(entry.Number, entry.Call)
		case entry.Answer != nil:
			v.answers[entry.Answer.To] = entry.Answer
		case entry.Event != nil:
			v.heard(entry.Number, entry.Event)
		case entry.Truth != nil:
			v.changed(entry.Number, entry.Truth)
		case entry.Settled:
			v.Settled = entry.Number
		}
	}
	return v
}

// entry is the one with a number, nil for none.
func (v *View) entry(number int) *Entry {
	if number < 1 || number > len(v.Entries) {
		return nil
	}
	return &v.Entries[number-1]
}

// attempt is the one with an ID, made if there is none yet.
func (v *View) attempt(id string) *Attempt {
	if known := v.attempts[id]; known != nil {
		return known
	}
	attempt := &Attempt{ID: id}
	if parsed, err := lifecycle.ParseOwnTaskID(id); err == nil {
		attempt.Namespace, attempt.Name = parsed.Namespace, parsed.Name
	}
	v.attempts[id] = attempt
	v.Attempts = append(v.Attempts, attempt)
	return attempt
}

// wrote indexes a write that was committed.
func (v *View) wrote(number int, write *Write) {
	if write.Outcome != Committed {
		return
	}
	key := keyOf(write)
	object := v.living(key)
	if write.After != nil {
		object = v.objects[write.After.GetUID()]
		if object == nil {
			object = &Object{UID: write.After.GetUID(), objectKey: key}
			v.objects[object.UID] = object
			v.named[key] = append(v.named[key], object)
			v.Objects = append(v.Objects, object)
		}
	}
	if object == nil {
		return
	}
	last := object.last()
	if last != nil && write.After != nil && last.Object != nil && older(write.After, last.Object) {
		return
	}
	version := Version{Number: number, Object: write.After, Write: write}
	if write.Gone {
		version.Object = nil
	}
	switch after := write.After.(type) {
	case *v1alpha1.MesosTask:
		v.bound(&version, last, after)
	case *v1alpha1.MesosFramework:
		v.abandoned(number, last, after)
	}
	object.Versions = append(object.Versions, version)
}

// bound indexes the binding of a MesosTask.
func (v *View) bound(version, last *Version, task *v1alpha1.MesosTask) {
	annotation := task.Annotations[v1alpha1.AnnotationBinding]
	if last != nil {
		if before, ok := last.Object.(*v1alpha1.MesosTask); ok && before.Annotations[v1alpha1.AnnotationBinding] == annotation {
			version.Binding = last.Binding
			return
		}
	}
	binding := &v1alpha1.Binding{}
	if annotation == "" || json.Unmarshal([]byte(annotation), binding) != nil {
		return
	}
	version.Binding = binding
	attempt := v.attempt(binding.TaskID)
	attempt.Bound = append(attempt.Bound, Bound{Number: version.Number, Who: version.Write.Who, UID: task.UID, Binding: binding})
}

// abandoned indexes which attempts a framework's status holds.
func (v *View) abandoned(number int, last *Version, framework *v1alpha1.MesosFramework) {
	var before []v1alpha1.AbandonedAttempt
	if last != nil {
		if known, ok := last.Object.(*v1alpha1.MesosFramework); ok {
			before = known.Status.Abandoned
		}
	}
	held := map[string]bool{}
	for _, one := range before {
		held[one.TaskID] = true
	}
	for _, one := range framework.Status.Abandoned {
		if !held[one.TaskID] {
			attempt := v.attempt(one.TaskID)
			attempt.Abandoned = append(attempt.Abandoned, Held{number, framework.UID, true})
		}
		delete(held, one.TaskID)
	}
	for taskID := range held {
		attempt := v.attempt(taskID)
		attempt.Abandoned = append(attempt.Abandoned, Held{number, framework.UID, false})
	}
}

// called indexes a call.
func (v *View) called(number int, call *Call) {
	what := call.Call
	for _, info := range launchedBy(what) {
		attempt := v.attempt(info.TaskID.Value)
		attempt.Launches = append(attempt.Launches, Launch{Number: number, Call: call, Info: info})
	}
	switch {
	case what.Subscribe != nil:
		stream := &Stream{ID: call.StreamID, Who: call.Who, Subscribe: number, Asked: what.FrameworkID.GetValue(), FrameworkID: what.FrameworkID.GetValue()}
		v.streams[stream.ID] = stream
		v.Streams = append(v.Streams, stream)
	case what.Kill != nil:
		attempt := v.attempt(what.Kill.TaskID.Value)
		attempt.Kills = append(attempt.Kills, Called{number, call})
	case what.Acknowledge != nil:
		attempt := v.attempt(what.Acknowledge.TaskID.Value)
		attempt.Acks = append(attempt.Acks, Called{number, call})
	case what.Reconcile != nil:
		for _, task := range what.Reconcile.Tasks {
			attempt := v.attempt(task.TaskID.Value)
			attempt.Asked = append(attempt.Asked, Asked{Called{number, call}, task.AgentID.GetValue()})
		}
	case what.Accept != nil:
		for _, id := range what.Accept.OfferIDs {
			offer := v.offer(id.Value)
			offer.Accepts = append(offer.Accepts, number)
		}
	case what.Decline != nil:
		for _, id := range what.Decline.OfferIDs {
			offer := v.offer(id.Value)
			offer.Declines = append(offer.Declines, number)
		}
	}
}

// offer is the one with an ID, made if there is none yet.
func (v *View) offer(id string) *Offer {
	if known := v.offers[id]; known != nil {
		return known
	}
	offer := &Offer{}
	v.offers[id] = offer
	v.Offers = append(v.Offers, offer)
	return offer
}

// heard indexes an event.
func (v *View) heard(number int, event *Event) {
	what := event.Event
	switch {
	case what.Subscribed != nil:
		if stream := v.streams[event.StreamID]; stream != nil {
			stream.Subscribed, stream.FrameworkID = number, what.Subscribed.FrameworkID.GetValue()
		}
	case what.Update != nil:
		attempt := v.attempt(what.Update.Status.TaskID.Value)
		attempt.Told = append(attempt.Told, Told{number, event.StreamID, &what.Update.Status})
	case what.Offers != nil:
		for i := range what.Offers.Offers {
			one := &what.Offers.Offers[i]
			offer := v.offer(one.ID.Value)
			offer.Offer, offer.Stream, offer.Number = one, event.StreamID, number
		}
	case what.Rescind != nil:
		v.offer(what.Rescind.OfferID.Value).Rescinded = number
	}
}

// changed indexes the truth.
func (v *View) changed(number int, change *simulator.Change) {
	attempt := v.attempt(change.TaskID)
	switch change.What {
	case simulator.Started:
		attempt.Lives = append(attempt.Lives, Life{AgentID: change.AgentID, Start: number})
	case simulator.Ended:
		for i := range attempt.Lives {
			if life := &attempt.Lives[i]; life.AgentID == change.AgentID && life.End == 0 {
				life.End = number
				break
			}
		}
	case simulator.ProcessStarted:
	}
}

// living is the object that has a name by what was indexed so far, nil for none.
func (v *View) living(key objectKey) *Object {
	for _, object := range slices.Backward(v.named[key]) {
		if last := object.last(); last != nil && last.Object != nil {
			return object
		}
	}
	return nil
}

// last is the latest version, nil for none.
func (o *Object) last() *Version {
	if len(o.Versions) == 0 {
		return nil
	}
	return &o.Versions[len(o.Versions)-1]
}

// launchedOnce is S3.
func launchedOnce(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		for i := 1; i < len(attempt.Launches); i++ {
			found = append(found, violation(attempt.Launches[i].Number, []string{attempt.ID}, "task %s is launched again; it was at #%d", attempt.ID, attempt.Launches[0].Number))
		}
	}
	return found
}
