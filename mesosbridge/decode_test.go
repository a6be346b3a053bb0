package mesosbridge

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// eventSeeds are records of every type of event, with what a master could put into them.
func eventSeeds(f *testing.F) {
	f.Helper()
	all, err := records(bytes.NewReader(recorded(f)))
	if !errors.Is(err, io.EOF) {
		f.Fatal(err)
	}
	agent := mesospb.AgentID{Value: "a1"}
	window := mesospb.Unavailability{Start: mesospb.TimeInfo{Nanoseconds: 1e18}, Duration: &mesospb.DurationInfo{Nanoseconds: math.MaxInt64}}
	for _, event := range []*scheduler.Event{
		{Type: scheduler.Event_RESCIND, Rescind: &scheduler.Event_Rescind{OfferID: mesospb.OfferID{Value: "o1"}}},
		{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{AgentID: &agent}},
		{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{AgentID: &agent, ExecutorID: &mesospb.ExecutorID{Value: "e"}}},
		{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: "Framework has been removed\x00"}},
		{Type: scheduler.Event_ERROR},
		{Type: scheduler.Event_OFFERS},
		{Type: scheduler.Event_UPDATE},
		{Type: scheduler.Event_HEARTBEAT},
		{Type: 99},
		{Type: scheduler.Event_INVERSE_OFFERS, InverseOffers: &scheduler.Event_InverseOffers{InverseOffers: []mesospb.InverseOffer{
			{OfferID: mesospb.OfferID{Value: "i1"}, AgentID: &agent, Unavailability: window},
		}}},
		{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: mesospb.TaskStatus{
			TaskID: mesospb.TaskID{Value: "t1"}, State: new(mesospb.TASK_RUNNING), Timestamp: new(math.Inf(1)), Message: new("a\nb\xff"), UUID: []byte("0123456789abcdef"),
			CheckStatus:     &mesospb.CheckStatusInfo{Type: new(mesospb.CheckInfo_HTTP), HTTP: &mesospb.CheckStatusInfo_Http{StatusCode: new(uint32(200))}},
			ContainerStatus: &mesospb.ContainerStatus{NetworkInfos: []mesospb.NetworkInfo{{IPAddresses: []mesospb.NetworkInfo_IPAddress{{IPAddress: new("10.0.0.1")}}}}},
			UnreachableTime: &mesospb.TimeInfo{Nanoseconds: -1},
		}}},
		{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{Offers: []mesospb.Offer{{
			ID: mesospb.OfferID{Value: "o1"}, AgentID: agent, Hostname: "h1", Unavailability: &window,
			Resources: []mesospb.Resource{
				{Name: "cpus", Type: new(mesospb.SCALAR), Scalar: &mesospb.Value_Scalar{Value: math.NaN()}},
				{Name: "mem", Type: new(mesospb.SCALAR), Scalar: &mesospb.Value_Scalar{Value: math.MaxFloat64}},
				{Name: "mem", Type: new(mesospb.SCALAR), Scalar: &mesospb.Value_Scalar{Value: -1}, Revocable: &mesospb.Resource_RevocableInfo{}},
				{Name: "ports", Type: new(mesospb.RANGES), Ranges: &mesospb.Value_Ranges{Range: []mesospb.Value_Range{{Begin: 0, End: math.MaxUint64}, {Begin: 9, End: 3}}}},
				{Name: "licences", Type: new(mesospb.SET), Set: &mesospb.Value_Set{Item: []string{"a", "a"}}},
			},
			Attributes: []mesospb.Attribute{{Name: "rack", Type: mesospb.TEXT, Text: &mesospb.Value_Text{Value: "r1"}}},
			URL:        &mesospb.URL{Address: mesospb.Address{IP: new("not one")}},
			Domain:     &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{Region: mesospb.DomainInfo_FaultDomain_RegionInfo{Name: "r"}}},
		}}}},
	} {
		record, err := event.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, record)
	}
	for _, record := range append(all, []byte(`{"type":"HEARTBEAT"}`), []byte(`{"type":"UPDATE","update":{"status":{"task_id":{"value":"t1"}}}}`)) {
		f.Add(record)
	}
}

// FuzzEvent decodes any bytes as an event and has a bridge handle it: unknown types, enums and fields, JSON and damaged messages neither panic nor
// leave anything behind that is not fit for what is done with it. The same event again brings nothing new.
func FuzzEvent(f *testing.F) {
	eventSeeds(f)
	f.Fuzz(func(t *testing.T, record []byte) {
		event, err := decodeEvent(record)
		if err != nil {
			return
		}
		b := New(Config{Framework: framework()}, Options{})
		ctx, end := context.WithCancelCause(t.Context())
		tm := &term{number: 1, ctx: ctx, end: end, base: "http://m1:5050", changed: make(chan struct{}, 1)}
		if event.Type == scheduler.Event_SUBSCRIBED {
			checkSubscribed(t, b, tm, event.Subscribed)
			return
		}
		b.current = tm
		problem := b.handle(tm, event)
		if (problem != nil) != (event.Type == scheduler.Event_ERROR) {
			t.Fatalf("%s ends the term with %v", event.Type, problem)
		}
		switch {
		case problem != nil:
			checkProblem(t, problem)
		case event.Type == scheduler.Event_OFFERS && event.Offers != nil:
			checkOffers(t, b, event.Offers.Offers)
		case event.Type == scheduler.Event_UPDATE && event.Update != nil:
			checkUpdate(t, b, tm, event)
		}
		for agentID, known := range b.maintenance {
			if w := known.window; agentID == "" && event.Type == scheduler.Event_INVERSE_OFFERS || w.From.IsZero() || !w.Until.IsZero() && w.Until.Before(w.From) {
				t.Fatalf("maintenance of %q: %+v", agentID, w)
			}
		}
	})
}

// checkSubscribed checks what a term begins with.
func checkSubscribed(t *testing.T, b *Bridge, tm *term, event *scheduler.Event_Subscribed) {
	t.Helper()
	if silence := patience(event); silence < missedHeartbeats*heartbeatLeast || silence > missedHeartbeats*heartbeatMost {
		t.Fatalf("a master may be silent for %v", silence)
	}
	problem, c := b.begin(tm, event), b.Connection()
	switch {
	case problem != nil:
		checkProblem(t, problem)
		if c.Subscribed {
			t.Fatalf("subscribed all the same: %+v", c)
		}
	case !c.Subscribed || c.FrameworkID == "" || c.Master.Hostname != clean(c.Master.Hostname) || c.Master.Version != clean(c.Master.Version):
		t.Fatalf("the connection is %+v", c)
	}
}

// checkProblem: what is wrong goes into a condition.
func checkProblem(t *testing.T, problem *Problem) {
	t.Helper()
	if problem.Class == "" || problem.Message == "" || len([]rune(problem.Message)) > 2*maxText {
		t.Fatalf("the problem is %+v", problem)
	}
}

// checkUpdate checks what an update leaves, and that the same update again leaves no more.
func checkUpdate(t *testing.T, b *Bridge, tm *term, event *scheduler.Event) {
	t.Helper()
	taskID := event.Update.Status.TaskID.Value
	checkObserved(t, b, taskID)
	before, _ := b.Attempt(taskID)
	b.handle(tm, event)
	after, _ := b.Attempt(taskID)
	if before, after := unnumbered(before), unnumbered(after); !reflect.DeepEqual(before, after) {
		t.Fatalf("the same update again (-before +after):\n%s", gocmp.Diff(before, after))
	}
}

// unnumbered is an attempt without the numbers of the events that told of it.
func unnumbered(a Attempt) Attempt {
	a.Last, a.Doubted = mesos.Number{}, mesos.Number{}
	for _, o := range []**mesos.Observation{&a.Observation, &a.Returned, &a.Unacked} {
		if *o != nil {
			without := **o
			without.Number = mesos.Number{}
			*o = &without
		}
	}
	return a
}

// checkOffers checks that what the offers say they have can be taken, once, in a form that a master takes.
func checkOffers(t *testing.T, b *Bridge, offers []mesospb.Offer) {
	t.Helper()
	if got := b.Offers(); len(got) > len(offers) {
		t.Fatalf("%d offers became %d", len(offers), len(got))
	}
	for _, o := range b.offers {
		if o.Hostname != hostname(o.Hostname) || !slices.IsSortedFunc(o.Ports, func(a, b mesos.PortRange) int { return cmp.Compare(a.Begin, b.Begin) }) {
			t.Fatalf("the offer is %+v", o.Offer)
		}
		task := mesos.Task{Scalars: o.Scalars}
		if len(o.Ports) > 0 && o.Ports[0].Begin <= math.MaxUint16 {
			task.HostPorts = []uint32{uint32(o.Ports[0].Begin)}
		}
		for _, held := range o.Others {
			if held.Scalar > 0 {
				task.Others = append(task.Others, mesos.Other{Name: held.Name, Scalar: held.Scalar})
			}
		}
		taken, left, err := o.stock.take(&task)
		if err != nil {
			t.Fatalf("%+v is not to be had of %+v: %v", task, o.Offer, err)
		}
		for _, r := range taken {
			if r.Scalar != nil && (r.Scalar.Value <= 0 || math.IsInf(r.Scalar.Value, 0) || math.IsNaN(r.Scalar.Value)) {
				t.Fatalf("a share of %v %s", r.Scalar.Value, r.Name)
			}
		}
		if len(task.HostPorts) > 0 {
			if _, _, err := left.take(&mesos.Task{HostPorts: task.HostPorts}); err == nil {
				t.Fatalf("port %d can be had twice", task.HostPorts[0])
			}
		}
	}
}
