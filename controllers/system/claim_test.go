package system

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// leader leads an installation of its own for as long as a test runs.
type leader struct{ lease string }

func (leader) MayAct() error      { return nil }
func (l leader) Lease() string    { return l.lease }
func (l leader) Identity() string { return "leader-of-" + l.lease }

// skewed is the real time, and what a test adds to it.
type skewed struct {
	clock.RealClock
	ahead atomic.Int64
}

func (s *skewed) Now() time.Time { return s.RealClock.Now().Add(time.Duration(s.ahead.Load())) }

// otherDuration is the lease duration of the other installation, by the clock that tests set ahead: real time does not count beside it.
const otherDuration = 5 * time.Minute

// otherLease makes a Lease of another installation and returns its name.
func (w *world) otherLease() string {
	w.t.Helper()
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "other"},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: new("them"), LeaseDurationSeconds: new(int32(otherDuration / time.Second)), RenewTime: &metav1.MicroTime{Time: time.Unix(0, 0)}},
	}
	if err := w.client.Create(w.t.Context(), lease); err != nil {
		w.t.Fatal(err)
	}
	return w.namespace + "/other"
}

// claimFor writes an installation's claim; without a lease for an empty name.
func (w *world) claimFor(lease string) {
	w.t.Helper()
	value := "null"
	if lease != "" {
		value = strconv.Quote(lease)
	}
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"controller":{"identity":"them","lease":`+value+`}}}`))
	if err := w.client.Status().Patch(w.t.Context(), w.object(), patch); err != nil {
		w.t.Fatal(err)
	}
}

// contested waits until the framework's condition says that two installations want it.
func (w *world) contested() *v1alpha1.MesosFramework {
	w.t.Helper()
	return w.waitFramework("contested", func(f *v1alpha1.MesosFramework) bool {
		return meta.IsStatusConditionTrue(f.Status.Conditions, v1alpha1.ConditionContested)
	})
}

// claimedBy waits until an installation has claimed the framework.
func (w *world) claimedBy(lease string) {
	w.t.Helper()
	w.waitFramework("claimed by "+lease, func(f *v1alpha1.MesosFramework) bool {
		return f.Status.Controller != nil && f.Status.Controller.Lease == lease
	})
}

func TestClaim_isWrittenBeforeMesosHears(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.leadership = leader{"here/mine"}
	w.framework("")
	dial := w.dial
	claimed := make(chan *v1alpha1.ControllerClaim, 1)
	w.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		framework := &v1alpha1.MesosFramework{}
		if err := w.client.Get(ctx, client.ObjectKey{Name: w.namespace}, framework); err != nil {
			return nil, err
		}
		select {
		case claimed <- framework.Status.Controller:
		default:
		}
		return dial(ctx, network, address)
	}
	w.startManager()
	w.connected(v1alpha1.ReasonSubscribed)
	if claim := <-claimed; claim == nil || *claim != (v1alpha1.ControllerClaim{Lease: "here/mine", Identity: "leader-of-here/mine"}) {
		t.Errorf("as Mesos was called, the claim was %+v", claim)
	}
}

func TestClaim_ofAnInstallationThatLives(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.leadership = leader{"here/mine"}
	ahead := &skewed{}
	w.clock = ahead
	other := w.otherLease()
	w.framework("")
	w.claimFor(other)
	w.startManager()
	framework := w.contested()
	condition := meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionContested)
	if condition.Reason != v1alpha1.ReasonClaimedElsewhere || !strings.Contains(condition.Message, other) || !strings.Contains(condition.Message, "here/mine") {
		t.Errorf("the condition is %+v, want it to name both installations", condition)
	}
	if len(framework.Status.Conditions) != 1 || len(framework.Finalizers) != 0 {
		t.Errorf("the conditions are %+v, the finalizers %v: want nothing else written", framework.Status.Conditions, framework.Finalizers)
	}

	// However old its last renewal looks by its own clock, it lives while it goes on renewing: two thirds of its duration pass, it renews,
	// which is seen, and two thirds pass again.
	ahead.ahead.Add(int64(otherDuration * 2 / 3))
	lease := &coordinationv1.Lease{}
	if err := w.client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "other"}, lease); err != nil {
		t.Fatal(err)
	}
	lease.Spec.RenewTime = &metav1.MicroTime{Time: time.Unix(1, 0)}
	if err := w.client.Update(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	w.dropContested()
	w.contested()
	ahead.ahead.Add(int64(otherDuration * 2 / 3))
	w.dropContested()
	w.contested()
	if calls := w.mesos.Calls(""); calls != 0 {
		t.Errorf("%d calls to Mesos, want none", calls)
	}

	// Unrenewed for a whole lease duration, it is gone.
	ahead.ahead.Add(int64(otherDuration))
	w.dropContested()
	w.claimedBy("here/mine")
	w.connected(v1alpha1.ReasonSubscribed)
}

// dropContested takes condition Contested away, so that whoever has a reason sets it anew.
func (w *world) dropContested() {
	w.t.Helper()
	if err := w.client.Status().Patch(w.t.Context(), w.object(), client.RawPatch("application/merge-patch+json", []byte(`{"status":{"conditions":null}}`))); err != nil {
		w.t.Fatal(err)
	}
}

func TestClaim_withoutALeaseIsVoid(t *testing.T) {
	cases := map[string]string{
		"the lease does not exist":               "nowhere/gone",
		"the claim was made without an election": "",
	}
	for sentence, lease := range cases {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t, simulator.Flags{}, nil)
			w.leadership = leader{"here/mine"}
			w.framework("")
			w.claimFor(lease)
			w.startManager()
			w.claimedBy("here/mine")
			w.connected(v1alpha1.ReasonSubscribed)
		})
	}
}

func TestClaim_lostWhileServing(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.leadership = leader{"here/mine"}
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	running := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	other := w.otherLease()
	w.claimFor(other)
	framework := w.contested()
	if !meta.IsStatusConditionTrue(framework.Status.Conditions, v1alpha1.ConditionConnected) {
		t.Error("it wrote the conditions of a framework that another installation serves")
	}
	calls := w.mesos.Calls("")
	w.deleteTask("web")
	w.waitTask("web", "left alone, though deleted", func(task *v1alpha1.MesosTask) bool { return !task.DeletionTimestamp.IsZero() })
	if live := w.live(); !slices.Equal(live, []string{running}) {
		t.Errorf("%v run, want %s", live, running)
	}

	// The other installation goes away: its lease is deleted with it.
	if err := w.client.Delete(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "other"}}); err != nil {
		t.Fatal(err)
	}
	if got := w.mesos.Calls(""); got != calls {
		t.Errorf("%d calls to Mesos after it stood down", got-calls)
	}
	w.dropContested()
	w.claimedBy("here/mine")
	w.waitGone("web")
	w.checkTruth()
}

func TestClaim_ofTwoWithoutElection(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.connected(v1alpha1.ReasonSubscribed)
	w.claimFor("")
	w.contested()
	framework := w.waitFramework("left to the other", func(f *v1alpha1.MesosFramework) bool { return f.Status.Controller != nil })
	if framework.Status.Controller.Identity != "them" {
		t.Errorf("the claim is %+v, want the one that came later", framework.Status.Controller)
	}
}

func TestMesosFramework_duplicateID(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.connected(v1alpha1.ReasonSubscribed)
	id := w.frameworkID()
	subscribed := w.mesos.Calls("SUBSCRIBE")

	younger := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: w.namespace + "-younger"}}
	w.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: %s, annotations: {mesos.dev/framework-id: %s}},
  spec: {controllerName: %s, masters: {urls: [%q]}, deletionPolicy: Teardown}}`, younger.Name, id, w.controllerName(), w.mesos.Masters()[0].URL()))
	refused := wait(w, &v1alpha1.MesosFrameworkList{}, client.ObjectKey{Name: younger.Name}, "refused", func(f *v1alpha1.MesosFramework) bool {
		return meta.IsStatusConditionTrue(f.Status.Conditions, v1alpha1.ConditionStalled)
	})
	for _, name := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionConnected} {
		condition := meta.FindStatusCondition(refused.Status.Conditions, name)
		if condition.Status != metav1.ConditionFalse || condition.Reason != v1alpha1.ReasonDuplicateFrameworkID || !strings.Contains(condition.Message, w.namespace+" ") {
			t.Errorf("%s is %+v, want DuplicateFrameworkID with the other's name", name, condition)
		}
	}

	// Its deletion does not tear down what is the other's.
	if err := w.client.Delete(t.Context(), younger); err != nil {
		t.Fatal(err)
	}
	w.gone(younger.Name)
	if got := w.mesos.Calls("TEARDOWN"); got != 0 {
		t.Errorf("%d TEARDOWN calls, want none", got)
	}
	if got := w.mesos.Calls("SUBSCRIBE"); got != subscribed {
		t.Errorf("%d SUBSCRIBE calls for the duplicate, want none", got-subscribed)
	}
	w.connected(v1alpha1.ReasonSubscribed)
}
