package history

import (
	"encoding/json"
	"math"
	"slices"
	"sort"
	"strconv"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
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
	// Tasks and Frameworks are those of them that are MesosTasks and MesosFrameworks.
	Tasks, Frameworks []*Object
	// Streams are the subscriptions, in their order.
	Streams []*Stream
	// Offers are all offers that were made, in their order.
	Offers []*Offer
	// Settled is the number of the entry from which on it is quiet, Recovered that by which everything was made good; 0 for none.
	Settled, Recovered int

	attempts map[string]*Attempt
	objects  map[types.UID]*Object
	named    map[objectKey][]*Object
	streams  map[string]*Stream
	offers   map[string]*Offer
	answers  map[int]*Answer
	// answeredAt are the numbers of the answers, by the calls that they are to.
	answeredAt map[int]int
	// leaving are the steps that have begun and not ended, of each instance and kind of call.
	leaving map[string][]int
	agents  map[string][]presence
	elected []int
	// lags are when the watch cache of MesosTasks was behind.
	lags   []lagging
	leases []hold
	// byIdentity are the attempts of each MesosTask.
	byIdentity map[objectKey][]*Attempt
	// replaced are the framework IDs that a person replaced, with the number of the write that first says so.
	replaced map[string]int
}

// presence says that the leading master has an agent from an entry on, or has lost it.
type presence struct {
	number     int
	registered bool
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
	// Over is the number of the write by which an object's status first said that it is over; 0 for none.
	Over int
	// LetGo is that by which it was first let go though it may live, and Why is for what; 0 for none.
	LetGo int
	Why   string
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

// Called is a call about one attempt. Sent is the number of the entry by which it left, as far as the sender's steps are known.
type Called struct {
	Number, Sent int
	Call         *Call
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
	// Number is that of the entry from which on the object is so, for all that is known. It may have been since Early.
	Number, Early int
	Object        client.Object
	// Last is the version before, nil where there was none that is known.
	Last  client.Object
	Write *Write
	// Binding is that of a MesosTask, nil without one that can be read.
	Binding *v1alpha1.Binding

	order uint64
}

// Stream is a subscription.
type Stream struct {
	ID  string
	Who string
	// Subscribe is the number of the SUBSCRIBE, Subscribed that of the event; 0 if there was none.
	Subscribe, Subscribed int
	// Asked is the framework ID that was subscribed with, FrameworkID the one that it is.
	Asked, FrameworkID string
	// End is the number of the entry by which nothing can come of it any more: that of a later subscription, of an ERROR, of a master that was elected or
	// leads no more, or of its process' end; one past the last entry while it goes on.
	End int
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
		streams: map[string]*Stream{}, offers: map[string]*Offer{}, answers: map[int]*Answer{}, answeredAt: map[int]int{}, leaving: map[string][]int{}, agents: map[string][]presence{}, replaced: map[string]int{},
	}
	for i := range entries {
		entry := &entries[i]
		switch {
		case entry.Write != nil:
			v.wrote(entry.Number, entry.Write)
			v.leased(entry.Number, entry.Time, entry.Write)
		case entry.Call != nil:
			v.called(entry.Number, entry.Call)
		case entry.Answer != nil:
			v.answers[entry.Answer.To], v.answeredAt[entry.Answer.To] = entry.Answer, entry.Number
		case entry.Event != nil:
			v.heard(entry.Number, entry.Event)
		case entry.Truth != nil:
			v.changed(entry.Number, entry.Truth)
		case entry.Step != nil:
			v.stepped(entry.Number, entry.Step)
		case entry.Agent != nil:
			v.agents[entry.Agent.AgentID] = append(v.agents[entry.Agent.AgentID], presence{entry.Number, entry.Agent.Registered})
		case entry.Lag != nil:
			v.lagged(entry.Number, entry.Lag)
		case entry.Elected != "":
			v.elected = append(v.elected, entry.Number)
		case entry.Recovered:
			v.Recovered = entry.Number
		case entry.Settled:
			v.Settled, v.Recovered = entry.Number, entry.Number
		}
	}
	v.notice()
	v.read()
	v.endStreams()
	v.byIdentity = map[objectKey][]*Attempt{}
	for _, attempt := range v.Attempts {
		v.byIdentity[attempt.identity()] = append(v.byIdentity[attempt.identity()], attempt)
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

// wrote puts a write that was committed among the versions of its object.
func (v *View) wrote(number int, write *Write) {
	if write.Outcome != Committed {
		return
	}
	key := keyOf(write)
	var object *Object
	switch {
	case write.After != nil:
		object = v.objectOf(write.After.GetUID(), key)
	case write.Before != nil:
		object = v.objectOf(write.Before.GetUID(), key)
	default:
		return
	}
	version := Version{Number: number, Early: number, Object: write.After, Write: write, order: orderOf(write.After)}
	if write.Gone {
		version.Object, version.order = nil, math.MaxUint64
	}
	if write.Sent > 0 {
		version.Early = write.Sent
		if !write.product() || write.Verb == "delete" {
			// A watch may have told of it before its sender had the answer, and whoever heard of it acts by it: the decision was another's.
			version.Number = write.Sent
		}
	}
	object.insert(version)
}

// notice lets versions begin no later than a watch, or the API server itself, told of them, and adds those of which nothing else tells.
func (v *View) notice() {
	for i := range v.Entries {
		if notice := v.Entries[i].Notice; notice != nil {
			v.noticed(v.Entries[i].Number, notice)
		}
	}
}

func (v *View) noticed(number int, notice *Notice) {
	key := objectKey{notice.Resource, notice.Object.GetNamespace(), notice.Object.GetName()}
	object := v.objectOf(notice.Object.GetUID(), key)
	version := Version{Number: number, Early: number, Object: notice.Object, order: orderOf(notice.Object)}
	version.Write = &Write{Verb: "patch", Resource: notice.Resource, Namespace: key.namespace, Name: key.name, Outcome: Committed, After: notice.Object, Gone: notice.Gone}
	if notice.Gone {
		version.Object, version.order = nil, math.MaxUint64
	}
	i := sort.Search(len(object.Versions), func(i int) bool { return object.Versions[i].order >= version.order })
	switch {
	case i == len(object.Versions) || object.Versions[i].order != version.order:
		object.insert(version)
	case notice.AsCommitted:
		object.Versions[i].Number, object.Versions[i].Early = number, number
	default:
		one := &object.Versions[i]
		one.Number, one.Early = min(one.Number, number), min(one.Early, number)
	}
}

// insert puts a version where it belongs: two writes at once may be told of in another order than they took effect in.
func (o *Object) insert(version Version) {
	i := len(o.Versions)
	for i > 0 && o.Versions[i-1].order > version.order {
		i--
	}
	if i > 0 {
		version.Number = max(version.Number, o.Versions[i-1].Number)
	}
	if i < len(o.Versions) {
		version.Number = min(version.Number, o.Versions[i].Number)
	}
	o.Versions = slices.Insert(o.Versions, i, version)
}

// orderOf orders the versions of one object; nothing comes after its end.
func orderOf(object client.Object) uint64 {
	if object == nil {
		return math.MaxUint64
	}
	order, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	if err != nil {
		return math.MaxUint64
	}
	return order
}

// objectOf is the object with a UID, made if there is none yet.
func (v *View) objectOf(uid types.UID, key objectKey) *Object {
	if known := v.objects[uid]; known != nil {
		return known
	}
	object := &Object{UID: uid, objectKey: key}
	v.objects[uid] = object
	v.named[key] = append(v.named[key], object)
	v.Objects = append(v.Objects, object)
	switch key.resource {
	case tasksResource:
		v.Tasks = append(v.Tasks, object)
	case frameworksResource:
		v.Frameworks = append(v.Frameworks, object)
	}
	return object
}

// read indexes what the versions of the objects say.
func (v *View) read() {
	for _, object := range v.Objects {
		for i := range object.Versions {
			version, last := &object.Versions[i], (*Version)(nil)
			if i > 0 {
				last = &object.Versions[i-1]
				version.Last = last.Object
				version.Early = max(version.Early, last.Early)
			}
			version.Early = min(version.Early, version.Number)
			switch after := version.Write.After.(type) {
			case *v1alpha1.MesosTask:
				v.bound(version, last, after)
				v.recorded(version.Number, after)
			case *v1alpha1.MesosFramework:
				v.abandoned(version.Number, last, after)
				for _, id := range after.Status.ReplacedFrameworkIDs {
					if v.replaced[id] == 0 {
						v.replaced[id] = version.Number
					}
				}
			}
		}
	}
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
	attempt := v.attempt(binding.TaskID)
	if attempt.Namespace != task.Namespace || attempt.Name != task.Name {
		return // it was copied from another object, and binds nothing
	}
	version.Binding = binding
	attempt.Bound = append(attempt.Bound, Bound{Number: version.Number, Who: version.Write.Who, UID: task.UID, Binding: binding})
}

// recorded indexes what a MesosTask's status says of its attempts.
func (v *View) recorded(number int, task *v1alpha1.MesosTask) {
	one := func(record *v1alpha1.TaskAttempt) {
		if record.FinishTime == nil && record.Outcome == "" {
			return
		}
		attempt := v.attempt(record.ID)
		if record.FinishTime != nil && (attempt.Over == 0 || number < attempt.Over) {
			attempt.Over = number
		}
		if why := excused(record); why != "" {
			attempt.letGo(number, why)
		}
	}
	if task.Status.Task != nil {
		one(task.Status.Task)
	}
	for i := range task.Status.History {
		one(&task.Status.History[i])
	}
}

// letGo notes that an attempt was let go.
func (a *Attempt) letGo(number int, why string) {
	if a.LetGo == 0 || number < a.LetGo {
		a.LetGo, a.Why = number, why
	}
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
			attempt.letGo(number, "Abandoned")
		}
		delete(held, one.TaskID)
	}
	for taskID := range held {
		attempt := v.attempt(taskID)
		attempt.Abandoned = append(attempt.Abandoned, Held{number, framework.UID, false})
	}
}

// stepped notes a call that begins to leave, or has been answered.
func (v *View) stepped(number int, step *Step) {
	if step.Kind != leadership.StepCall {
		return
	}
	key := step.Who + " " + step.What
	if !step.Ended {
		v.leaving[key] = append(v.leaving[key], number)
		return
	}
	for i, begun := range v.leaving[key] {
		if v.Entries[begun-1].Step.Index == step.Index {
			v.leaving[key] = slices.Delete(v.leaving[key], i, i+1)
			break
		}
	}
}

// called indexes a call.
func (v *View) called(number int, call *Call) {
	what, sent := call.Call, number
	if left := v.leaving[call.Who+" "+call.Type]; len(left) > 0 {
		sent = left[0]
	}
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
		attempt.Kills = append(attempt.Kills, Called{number, sent, call})
	case what.Acknowledge != nil:
		attempt := v.attempt(what.Acknowledge.TaskID.Value)
		attempt.Acks = append(attempt.Acks, Called{number, sent, call})
	case what.Reconcile != nil:
		for _, task := range what.Reconcile.Tasks {
			attempt := v.attempt(task.TaskID.Value)
			attempt.Asked = append(attempt.Asked, Asked{Called{number, sent, call}, task.AgentID.GetValue()})
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

// endStreams finds out when the streams ended.
func (v *View) endStreams() {
	open := map[*Stream]bool{}
	for i := range v.Entries {
		entry := &v.Entries[i]
		for stream := range open {
			if stream.endsBy(entry) {
				stream.End = entry.Number
				delete(open, stream)
			}
		}
		if entry.Call != nil && entry.Call.Call.Subscribe != nil {
			open[v.streams[entry.Call.StreamID]] = true
		}
	}
	for stream := range open {
		stream.End = len(v.Entries) + 1
	}
}

// endsBy says whether a stream ended by what an entry says.
func (s *Stream) endsBy(entry *Entry) bool {
	switch {
	case entry.Call != nil && entry.Call.Call.Subscribe != nil:
		return entry.Call.Call.FrameworkID.GetValue() == s.FrameworkID || entry.Call.Who == s.Who && s.FrameworkID == ""
	case entry.Process != nil:
		return entry.Process.Who == s.Who && (entry.Process.Change == ProcessEnded || entry.Process.Change == LeaseLost)
	case entry.Event != nil:
		return entry.Event.StreamID == s.ID && entry.Event.Event.Error != nil
	default:
		return entry.Elected != "" || entry.Abdicated != ""
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

// livingAt is the object that had a name at an entry, nil for none.
func (v *View) livingAt(key objectKey, number int) *Version {
	all := v.named[key]
	for _, object := range slices.Backward(all) {
		if version := object.at(number); version != nil && version.Object != nil {
			return version
		}
	}
	return nil
}

// at is the version at an entry, nil for none yet.
func (o *Object) at(number int) *Version {
	after := sort.Search(len(o.Versions), func(i int) bool { return o.Versions[i].Number > number })
	if after == 0 {
		return nil
	}
	return &o.Versions[after-1]
}
