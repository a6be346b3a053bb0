package history

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Task IDs of MesosTask ns/web, and what else stories speak of.
const (
	first  = "ns.web.2aaaaaaaa.aaaaaaaaaa"
	second = "ns.web.2aaaaaaaa.bbbbbbbbbb"
	other  = "ns.db.2aaaaaaaa.cccccccccc"
	me     = "operator"
	you    = "operator-2"
	agent  = "S0"
	fw     = "F"
)

// step is one thing that happens in a story.
type step func(*story)

// story is a history in the making.
type story struct {
	testing.TB
	h   *History
	now time.Time
	// objects are as they were last written, by resource and name.
	objects map[string]client.Object
	version int
	uids    int
	call    int
	stream  string
}

// tell makes a history of steps, after a framework was registered by a process that has subscribed.
func tell(t *testing.T, steps ...step) *View {
	t.Helper()
	s := &story{TB: t, h: New(), now: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC), objects: map[string]client.Object{}}
	for _, one := range slices.Concat(prologue, steps) {
		one(s)
	}
	return NewView(s.h.Entries())
}

// prologue is how each story begins.
var prologue = []step{
	process(me, ProcessStarted),
	user(framework(func(f *v1alpha1.MesosFramework) { f.Spec.Info.User = "nobody"; f.Spec.Info.Roles = []string{"*"} })),
	subscribe(me, "s1", ""), subscribed("s1", fw),
	operator(framework(func(f *v1alpha1.MesosFramework) { f.Status.FrameworkID = fw })),
	registers(agent),
}

// enter adds an entry at the story's time.
func (s *story) enter(entry Entry) int {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	number := s.h.append(entry)
	s.stamp()
	return number
}

func (s *story) stamp() {
	s.h.entries[len(s.h.entries)-1].Time = s.now
	s.now = s.now.Add(time.Millisecond)
}

// pass lets time pass.
func pass(d time.Duration) step { return func(s *story) { s.now = s.now.Add(d) } }

// written is a write in the making.
type written func(s *story, write *Write) client.Object

func user(change written) step     { return writes("", change) }
func operator(change written) step { return writes(me, change) }

func writes(who string, change written) step {
	return func(s *story) {
		write := &Write{Who: who, Status: 200, Outcome: Committed}
		object := change(s, write)
		s.h.mu.Lock()
		defer s.h.mu.Unlock()
		if who != "" && write.Verb == "patch" {
			write.Subresource, write.Patch = "status", true
			write.Body = []byte(`[{"op":"test","path":"/metadata/uid"},{"op":"test","path":"/status/revision"},{"op":"add","path":"/status"}]`)
		}
		if write.Outcome != Committed {
			s.h.append(Entry{Write: write})
		} else {
			s.h.recordObject(write, object)
		}
		s.stamp()
	}
}

// change is a write of an object: it makes it where there is none, and patches it else.
func change[T client.Object](s *story, write *Write, resource, namespace, name string, empty T, how func(T)) client.Object {
	key := resource + "/" + name
	write.Resource, write.Namespace, write.Name, write.Verb = resource, namespace, name, "patch"
	object, ok := s.objects[key].(T)
	if !ok {
		write.Verb = "create"
		object = empty
		s.uids++
		object.SetNamespace(namespace)
		object.SetName(name)
		object.SetUID(types.UID(fmt.Sprintf("%s-%d", name, s.uids)))
		object.SetCreationTimestamp(metav1.NewTime(s.now))
	}
	object, _ = object.DeepCopyObject().(T)
	if how != nil {
		how(object)
	}
	s.version++
	object.SetResourceVersion(strconv.Itoa(s.version))
	s.objects[key] = object
	if !object.GetDeletionTimestamp().IsZero() && len(object.GetFinalizers()) == 0 {
		delete(s.objects, key)
	}
	return object
}

func framework(how func(*v1alpha1.MesosFramework)) written {
	return func(s *story, write *Write) client.Object {
		return change(s, write, frameworksResource, "", "default", &v1alpha1.MesosFramework{}, how)
	}
}

func task(name string, how func(*v1alpha1.MesosTask)) written {
	return func(s *story, write *Write) client.Object {
		return change(s, write, tasksResource, "ns", name, &v1alpha1.MesosTask{}, how)
	}
}

// nameOf is the name in a task ID.
func nameOf(id string) string { return strings.Split(id, ".")[1] }

// bound binds an object to an attempt.
func bound(id string, how ...func(*v1alpha1.Binding)) written {
	return func(s *story, write *Write) client.Object {
		return task(nameOf(id), func(t *v1alpha1.MesosTask) {
			binding := v1alpha1.Binding{TaskID: id, AgentID: agent, FrameworkID: fw, UID: string(t.UID)}
			for _, one := range how {
				one(&binding)
			}
			text, err := json.Marshal(binding)
			if err != nil {
				s.Fatal(err)
			}
			t.Annotations = map[string]string{v1alpha1.AnnotationBinding: string(text)}
			t.Finalizers = []string{v1alpha1.TaskFinalizer}
		})(s, write)
	}
}

// says makes the status say of the current attempt what how makes of it. Another attempt than before moves that into the history.
func says(id, state string, how ...func(*v1alpha1.TaskAttempt)) written {
	return task(nameOf(id), func(t *v1alpha1.MesosTask) {
		t.Status.Revision++
		if t.Status.Task != nil && t.Status.Task.ID != id {
			t.Status.History = append([]v1alpha1.TaskAttempt{*t.Status.Task}, t.Status.History...)
			t.Status.Task = nil
		}
		if t.Status.Task == nil {
			t.Status.Task = &v1alpha1.TaskAttempt{ID: id}
		}
		t.Status.Task.State = state
		for _, one := range how {
			one(t.Status.Task)
		}
	})
}

// ended says in a status that an attempt is over.
func ended(a *v1alpha1.TaskAttempt) {
	a.FinishTime = &metav1.Time{Time: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)}
}

func replaced(a *v1alpha1.TaskAttempt) { a.Outcome = v1alpha1.OutcomeReplaced }

// deleted deletes an object: it stays while it has finalizers.
func deleted(resource, name string) written {
	return func(s *story, write *Write) client.Object {
		object := s.objects[resource+"/"+name]
		write.Resource, write.Namespace, write.Name, write.Verb = resource, object.GetNamespace(), name, "delete"
		object, _ = object.DeepCopyObject().(client.Object)
		object.SetDeletionTimestamp(&metav1.Time{Time: s.now})
		s.version++
		object.SetResourceVersion(strconv.Itoa(s.version))
		s.objects[resource+"/"+name] = object
		if len(object.GetFinalizers()) == 0 {
			delete(s.objects, resource+"/"+name)
		}
		return object
	}
}

// released takes the finalizers off an object.
func released(name string) written {
	return task(name, func(t *v1alpha1.MesosTask) { t.Finalizers = nil })
}

// calls is a call by somebody on the present stream.
func calls(who string, call *scheduler.Call) step {
	return func(s *story) {
		if call.FrameworkID == nil {
			call.FrameworkID = &mesos.FrameworkID{Value: fw}
		}
		s.call = s.enter(Entry{Call: &Call{Who: who, Type: call.Type.String(), StreamID: s.stream, Call: call}})
	}
}

// answer answers the latest call.
func answer(status int) step {
	return func(s *story) { s.enter(Entry{Answer: &Answer{To: s.call, Status: status}}) }
}

func subscribe(who, stream, id string) step {
	return func(s *story) {
		s.stream = stream
		call := &scheduler.Call{Type: scheduler.Call_SUBSCRIBE, FrameworkID: &mesos.FrameworkID{Value: id}, Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: &mesos.FrameworkInfo{}}}
		calls(who, call)(s)
		answer(200)(s)
	}
}

func subscribed(stream, id string) step {
	return event(stream, &scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: &scheduler.Event_Subscribed{FrameworkID: &mesos.FrameworkID{Value: id}}})
}

func event(stream string, what *scheduler.Event) step {
	return func(s *story) { s.enter(Entry{Event: &Event{StreamID: stream, Event: what}}) }
}

// launch accepts an offer with a task.
func launch(id string, how ...func(*mesos.TaskInfo)) step {
	return steps(launches(id, how...), answer(202))
}

// launches is an ACCEPT that is not answered.
func launches(id string, how ...func(*mesos.TaskInfo)) step {
	return func(s *story) {
		info := mesos.TaskInfo{TaskID: mesos.TaskID{Value: id}, AgentID: mesos.AgentID{Value: agent}}
		for _, one := range how {
			one(&info)
		}
		calls(me, &scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{Operations: []mesos.Offer_Operation{
			{Type: mesos.Offer_Operation_LAUNCH, Launch: &mesos.Offer_Operation_Launch{TaskInfos: []mesos.TaskInfo{info}}},
		}}})(s)
	}
}

func kill(id string) step {
	return calls(me, &scheduler.Call{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: id}}})
}

func acknowledge(id, uuid string, how ...func(*scheduler.Call_Acknowledge)) step {
	ack := &scheduler.Call_Acknowledge{TaskID: mesos.TaskID{Value: id}, AgentID: mesos.AgentID{Value: agent}, UUID: []byte(uuid)}
	for _, one := range how {
		one(ack)
	}
	return func(s *story) {
		calls(me, &scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: ack})(s)
		answer(202)(s)
	}
}

// ask reconciles attempts on an agent; none is all.
func ask(agentID string, ids ...string) step { return askBy(me, agentID, ids...) }

// lag is what becomes of the watch cache of MesosTasks.
func lag(over bool) step { return func(s *story) { s.enter(Entry{Lag: &Lag{Ended: over}}) } }

func askBy(who, agentID string, ids ...string) step {
	call := &scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{}}
	for _, id := range ids {
		one := scheduler.Call_Reconcile_Task{TaskID: mesos.TaskID{Value: id}}
		if agentID != "" {
			one.AgentID = &mesos.AgentID{Value: agentID}
		}
		call.Reconcile.Tasks = append(call.Reconcile.Tasks, one)
	}
	return func(s *story) {
		calls(who, call)(s)
		answer(202)(s)
	}
}

// told is an update on the present stream.
func told(id string, state mesos.TaskState, uuid string, how ...func(*mesos.TaskStatus)) step {
	return func(s *story) {
		status := mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: &state, AgentID: &mesos.AgentID{Value: agent}}
		if uuid != "" {
			status.UUID = []byte(uuid)
		}
		for _, one := range how {
			one(&status)
		}
		event(s.stream, &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: status}})(s)
	}
}

// offered makes an offer of so many CPUs, declined and accepted use it.
func offered(id string, cpus float64) step {
	return func(s *story) {
		offer := mesos.Offer{ID: mesos.OfferID{Value: id}, AgentID: mesos.AgentID{Value: agent}, Resources: []mesos.Resource{scalar("cpus", cpus), ports(100, 101)}}
		event(s.stream, &scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{Offers: []mesos.Offer{offer}}})(s)
	}
}

func scalar(name string, amount float64) mesos.Resource {
	return mesos.Resource{Name: name, Scalar: &mesos.Value_Scalar{Value: amount}}
}

func ports(from, to uint64) mesos.Resource {
	return mesos.Resource{Name: "ports", Ranges: &mesos.Value_Ranges{Range: []mesos.Value_Range{{Begin: from, End: to}}}}
}

func declined(id string) step {
	return calls(me, &scheduler.Call{Type: scheduler.Call_DECLINE, Decline: &scheduler.Call_Decline{OfferIDs: []mesos.OfferID{{Value: id}}}})
}

func accepted(id string, resources ...mesos.Resource) step {
	return calls(me, &scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{OfferIDs: []mesos.OfferID{{Value: id}}, Operations: []mesos.Offer_Operation{
		{Type: mesos.Offer_Operation_LAUNCH, Launch: &mesos.Offer_Operation_Launch{TaskInfos: []mesos.TaskInfo{{
			TaskID: mesos.TaskID{Value: first}, AgentID: mesos.AgentID{Value: agent}, Resources: resources,
		}}}},
	}}})
}

func starts(id, on string) step {
	return func(s *story) {
		s.enter(Entry{Truth: &simulator.Change{TaskID: id, AgentID: on, What: simulator.Started}})
	}
}

func stops(id, on string) step {
	return func(s *story) {
		s.enter(Entry{Truth: &simulator.Change{TaskID: id, AgentID: on, What: simulator.Ended}})
	}
}

func registers(agentID string) step {
	return func(s *story) {
		s.enter(Entry{Agent: &simulator.AgentRecord{AgentID: agentID, Registered: true}})
	}
}

func loses(agentID string) step {
	return func(s *story) { s.enter(Entry{Agent: &simulator.AgentRecord{AgentID: agentID}}) }
}

func process(who string, what ProcessChange) step {
	return func(s *story) { s.enter(Entry{Process: &Process{Who: who, Change: what}}) }
}

func settles(s *story) { s.enter(Entry{Settled: true}) }

// runs is the life of an attempt up to its running, as it should be.
func runs(id string) step {
	return func(s *story) {
		for _, one := range []step{
			operator(bound(id)), launch(id), starts(id, agent), told(id, mesos.TASK_RUNNING, id+"-r"), operator(says(id, "TASK_RUNNING")), acknowledge(id, id+"-r"),
		} {
			one(s)
		}
	}
}

// dies is the end of an attempt, as it should be.
func dies(id string) step {
	return func(s *story) {
		for _, one := range []step{
			stops(id, agent), told(id, mesos.TASK_FAILED, id+"-f"), operator(says(id, "TASK_FAILED", ended)), acknowledge(id, id+"-f"),
		} {
			one(s)
		}
	}
}
