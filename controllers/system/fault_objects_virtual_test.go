package system

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Rows 43 to 47 of the fault matrix: objects go, come back, or are what they were.

// TestFault43_deletedAndRecreatedQuickly: "CR deleted+recreated same name quickly". The new object is another one: it has an attempt of its own, and its status
// never tells of the old one's; what still runs of the old one is over before, or is taken over as it runs where the old one left it.
func TestFault43_deletedAndRecreatedQuickly(t *testing.T) {
	cases := map[string]struct {
		before func(v *virtual)
		// strip takes the finalizer away before the deletion.
		strip bool
		again string
		// starts are all in the end; adopts says that the new object may tell of the old one's attempt.
		starts int
		adopts bool
	}{
		"while it waits":                    {func(v *virtual) { v.task("job", `shell: sleep 1, ports: [{name: http, hostPort: 80}]`) }, false, `shell: sleep 1`, 1, false},
		"while it runs":                     {func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) }, false, `shell: sleep 1`, 2, false},
		"while it runs, with another spec":  {func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) }, false, `shell: sleep 2`, 2, false},
		"while it is launched":              {func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(3 * time.Second) }, false, `shell: sleep 1`, 2, false},
		"while it runs, without finalizer":  {func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) }, true, `shell: sleep 1`, 1, true},
		"while it is launched, without one": {func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(3 * time.Second) }, true, `shell: sleep 1`, 1, true},
		"while it runs, without finalizer and with another spec": {
			func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) }, true, `shell: sleep 2`, 2, false,
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, slowStart(5*time.Second), func(v *virtual) {
				v.framework("")
				v.start()
				v.pass(10 * time.Second)
				tc.before(v)
				old, told := v.get("job"), map[types.UID][]string{}
				v.onWrites(func(object client.Object, there bool) {
					task, ok := object.(*v1alpha1.MesosTask)
					switch {
					case !ok:
					case !there:
						v.task("job", tc.again)
					case task.Status.Task != nil && !slices.Contains(told[task.UID], task.Status.Task.ID):
						told[task.UID] = append(told[task.UID], task.Status.Task.ID)
					}
				})
				if tc.strip {
					v.vanish("job")
				} else {
					v.delete("job")
				}
				v.pass(5 * time.Minute)
				v.wantRunningAfter("job", tc.starts)
				again := v.get("job")
				if again.UID == old.UID {
					v.Fatal("it is the same object: nothing was tried")
				}
				if ids := told[again.UID]; len(ids) != 1 || !tc.adopts && old.Status.Task != nil && slices.Contains(ids, old.Status.Task.ID) {
					v.Errorf("the new object's status told of %v, the old one's of %+v", ids, old.Status.Task)
				}
				for taskID, times := range v.mesos.Launches("") {
					if times > 1 {
						v.Errorf("%s was launched %d times", taskID, times)
					}
				}
			})
		})
	}
}

// vanish takes a MesosTask away, finalizer and all, before the process sees anything of it.
func (v *virtual) vanish(name string) {
	v.Helper()
	v.api.Sever(v.running.name)
	v.patch(name, `metadata: {finalizers: null}`)
	v.delete(name)
	v.api.Restore(v.running.name)
}

// TestFault44_finalizerStrippedByUser: "finalizer stripped by user, CR vanishes with live task". The task is an orphan: reported, and killed only where the policy
// says so and a live read shows that there is no object.
func TestFault44_finalizerStrippedByUser(t *testing.T) {
	cases := map[string]struct {
		policy string
		then   func(v *virtual)
		after  func(v *virtual)
		kills  int
	}{
		"Keep reports it": {
			policy: "Keep",
			after: func(v *virtual) {
				if got := v.orphans(); got.Count != 1 || v.live("job") != 1 {
					v.Errorf("orphans are %+v, and %d live", got, v.live("job"))
				}
			},
		},
		"Keep reports it, by another process": {
			policy: "Keep",
			then:   func(v *virtual) { v.stop(); v.start() },
			after: func(v *virtual) {
				if got := v.orphans(); got.Count != 1 || v.live("job") != 1 {
					v.Errorf("orphans are %+v, and %d live", got, v.live("job"))
				}
			},
		},
		"Kill kills it": {
			policy: "Kill",
			after:  func(v *virtual) { v.wantGoneAfter("job", 1) },
			kills:  1,
		},
		"Kill does not while nobody can tell whether there is an object": {
			policy: "Kill",
			then: func(v *virtual) {
				v.api.Inject(apiserver.Fault{Action: apiserver.Refuse, Status: 500, Verb: "get", Resource: "mesostasks", Instance: v.running.name, Count: -1})
			},
			after: func(v *virtual) {
				if v.live("job") != 1 || v.orphans().Count != 1 {
					v.Errorf("orphans are %+v, and %d live", v.orphans(), v.live("job"))
				}
				v.api.ClearFaults()
				v.pass(time.Hour)
				v.wantGoneAfter("job", 1)
			},
			kills: 1,
		},
		"Kill does not while the object may not be read": {
			policy: "Kill",
			then: func(v *virtual) {
				v.api.Inject(apiserver.Fault{Action: apiserver.Refuse, Status: 403, Verb: "get", Resource: "mesostasks", Instance: v.running.name, Count: -1})
			},
			after: func(v *virtual) {
				if v.live("job") != 1 || v.orphans().Count != 1 {
					v.Errorf("orphans are %+v, and %d live", v.orphans(), v.live("job"))
				}
			},
		},
		"an object of its name takes it over": {
			policy: "Kill",
			then:   func(v *virtual) { v.task("job", `shell: sleep 1`) },
			after:  func(v *virtual) { v.wantRunningAfter("job", 1) },
		},
		"an object of its name takes it over though no cache shows it": {
			policy: "Kill",
			then: func(v *virtual) {
				v.api.Lag(v.running.name, "mesostasks", -1)
				v.task("job", `shell: sleep 1`)
			},
			after: func(v *virtual) {
				if v.live("job") != 1 {
					v.Error("it was killed")
				}
				v.api.ClearFaults()
				v.pass(time.Minute)
				v.wantRunningAfter("job", 1)
			},
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("orphanPolicy: " + tc.policy)
				v.start()
				v.task("job", `shell: sleep 1`)
				v.pass(time.Minute)
				v.vanish("job")
				if tc.then != nil {
					tc.then(v)
				}
				v.pass(time.Hour)
				tc.after(v)
				if got := v.mesos.Calls("KILL"); got != tc.kills {
					v.Errorf("%d KILLs, want %d", got, tc.kills)
				}
			})
		})
	}
}

// TestFault45_statusWipedOnAllCRs: "status wiped on all CRs (restore), ids only in status vs annotation". What runs is found by what Mesos tells, and adopted. Before
// Mesos has told everything nothing is launched, however long that takes.
func TestFault45_statusWipedOnAllCRs(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "once"}
	cases := map[string]func(v *virtual, name string){
		"the status is gone":                  func(v *virtual, name string) { v.wipeStatus(name) },
		"the binding is gone":                 func(v *virtual, name string) { v.patch(name, `metadata: {annotations: null}`) },
		"the status and the binding are gone": func(v *virtual, name string) { v.wipe(name) },
		"they are other objects, with their annotations and finalizers": func(v *virtual, name string) {
			backup := v.get(name)
			v.patch(name, `metadata: {finalizers: null}`)
			v.delete(name)
			if err := v.client.Create(v.Context(), &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{
				Name: name, Namespace: v.namespace, Annotations: backup.Annotations, Finalizers: backup.Finalizers,
			}, Spec: backup.Spec}); err != nil {
				v.Fatal(err)
			}
		},
	}
	for sentence, restored := range cases {
		for silent, fault := range map[string]simulator.Fault{
			"": {},
			", and RECONCILE is lost for ten minutes": {Target: simulator.CallFault, Type: "RECONCILE", Action: simulator.Drop, Count: -1},
			", and no answer comes for ten minutes":   {Target: simulator.EventFault, Type: "UPDATE", Action: simulator.Drop, Count: -1},
		} {
			t.Run(sentence+silent, func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
					v.framework("")
					v.start()
					for _, name := range names {
						v.task(name, `shell: sleep 1, restartPolicy: `+map[bool]string{true: "Never", false: "Always"}[name == "once"])
					}
					v.pass(time.Minute)
					live := v.liveNow()
					v.stop()
					for _, name := range names {
						restored(v, name)
					}
					if fault.Target != "" {
						v.mesos.Inject(fault)
					}
					before := v.counted()
					v.start()
					v.pass(10 * time.Minute)
					v.mesos.ClearFaults()
					v.pass(5 * time.Minute)
					for _, name := range names {
						v.wantRunningAfter(name, 1)
					}
					if got := v.since(before); got.Launches != 0 || got.Kills != 0 || !slices.Equal(v.liveNow(), live) {
						v.Errorf("counted %+v; %v live, want %v undisturbed", got, v.liveNow(), live)
					}
				})
			})
		}
	}
}

// wipeStatus takes the status of a MesosTask away.
func (v *virtual) wipeStatus(name string) {
	v.Helper()
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v.namespace}}
	if err := v.client.Status().Patch(context.Background(), task, client.RawPatch("application/merge-patch+json", []byte(`{"status":null}`))); err != nil {
		v.Fatal(err)
	}
}

// TestFault46_etcdRolledBack: "etcd rolled back 10 min (old intents, lost intents)". Resource versions go on from those of the snapshot and come twice, as etcd does by
// default, or go on from later ones (--bump-revision). What runs and is not known of is not killed, what is known to have run once does not run again, and
// what came back with the snapshot is launched again.
func TestFault46_etcdRolledBack(t *testing.T) {
	cases := map[string]struct {
		bump int64
		// runsOn says that the process is not stopped for it; elects, that it holds a lease.
		runsOn, elects bool
	}{
		"and the operator is started anew":                            {0, false, false},
		"and the operator is started anew; revisions are bumped":      {1_000_000_000, false, false},
		"and the operator runs on; revisions are bumped":              {1_000_000_000, true, false},
		"and the operator notices it by its lease":                    {0, true, true},
		"and the operator, without a lease, is started anew too late": {0, true, false},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTimeWith(t, apiserver.Options{NoWatchList: true}, simulator.Flags{}, byDuration(), func(v *virtual) {
				v.elects = tc.elects
				v.history.Forgive("what was durable is taken back: the same happens once more, to objects of before", "S2", "S4", "S6", "S8", "S10", "S11", "S18")
				v.framework("")
				v.start()
				v.pass(time.Minute)
				v.task("same", `shell: sleep 1`)
				v.task("restarted", `shell: sleep 1`)
				v.task("deleted", `shell: sleep 1`)
				v.task("once", `shell: run 120s, restartPolicy: Never`)
				v.pass(time.Minute)
				snapshot := v.api.Revision()
				v.patch("restarted", `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
				v.delete("deleted")
				v.task("created", `shell: sleep 1`)
				v.pass(10 * time.Minute)
				if got := v.succeeded("once"); got != "True/Completed" {
					v.Fatalf("the job is %s", got)
				}
				live := v.liveNow()
				before := v.counted()
				if !tc.runsOn {
					v.stop()
				}
				if err := v.api.RollBack(snapshot, tc.bump); err != nil {
					v.Fatal(err)
				}
				v.pass(5 * time.Minute)
				switch {
				case tc.elects:
					select {
					case <-v.running.ended:
						v.running = nil
					default:
						v.Error("the process did not notice: it still runs")
						v.stop()
					}
					v.start()
				case tc.runsOn && tc.bump == 0:
					// It hears of nothing until the versions that it knows are past: it does nothing either, least of all harm.
					if got := v.since(before); got.Launches != 0 || got.Kills != 0 {
						v.Errorf("by caches of before it did %+v", got)
					}
					v.stop()
					v.start()
				case !tc.runsOn:
					v.start()
				}
				v.pass(time.Hour)
				v.wantRunningAfter("same", 1)
				v.wantRunningAfter("restarted", 2)
				v.wantRunningAfter("deleted", 2)
				if got := v.launched()["once"]; got != 1 || v.succeeded("once") == "True/Completed" {
					v.Errorf("the job was started %d times, and is %s", got, v.succeeded("once"))
				}
				if got := v.orphans(); got.Count != 1 || v.live("created") != 1 {
					v.Errorf("orphans are %+v, and %d live of what was created since", got, v.live("created"))
				}
				if got := v.since(before); got.Launches != 1 || got.Kills != 0 {
					v.Errorf("counted %+v, want one launch, of what was deleted", got)
				}
				for _, taskID := range live {
					if !slices.Contains(v.liveNow(), taskID) {
						v.Errorf("%s does not run any more", taskID)
					}
				}
			})
		})
	}
}

// TestFault47_allCRsAbsent: "all CRs absent for a moment (wrong namespace, empty LIST, CRD deleted)". Nothing is killed, though the policy is to kill orphans: not many
// at once, and none of which a live read shows the object. When they are back all is as it was.
func TestFault47_allCRsAbsent(t *testing.T) {
	absent := map[string]struct {
		// from makes them absent, until to.
		from func(v *virtual) (to func())
		// tells says that the framework's status tells of them, with this sentence where they are twelve.
		tells  bool
		saying string
	}{
		"the list is empty": {func(v *virtual) func() {
			v.stop()
			v.start()
			return func() { v.api.ClearFaults() }
		}, true, "They are not killed, as 12 of 12 live tasks are many"},
		"the namespace is a wrong one": {func(v *virtual) func() {
			v.stop()
			v.namespaces = []string{"default"}
			v.api.ClearFaults()
			v.start()
			return func() {
				v.stop()
				v.namespaces = nil
				v.start()
			}
		}, true, "12 live tasks, such as "},
		"the CRD is not there": {func(v *virtual) func() {
			v.api.ClearFaults()
			v.api.Inject(apiserver.Fault{Action: apiserver.Refuse, Status: 404, Resource: "mesostasks", Instance: v.running.name, Count: -1})
			v.api.Sever(v.running.name)
			v.pass(time.Second)
			v.api.Compact()
			v.api.Restore(v.running.name)
			return func() { v.api.ClearFaults() }
		}, false, ""},
	}
	for sentence, tc := range absent {
		for _, n := range []int{3, 12} {
			t.Run(fmt.Sprintf("%s, of %d", sentence, n), func(t *testing.T) {
				inVirtualTimeWith(t, apiserver.Options{NoWatchList: true}, simulator.Flags{}, nil, func(v *virtual) {
					v.framework("orphanPolicy: Kill, reconciliation: {intervalSeconds: 60}")
					v.start()
					v.api.Lag(v.next(), "mesostasks", -1)
					names := v.several(n, `shell: sleep 1`)
					v.pass(time.Minute)
					live := v.liveNow()
					if len(live) != n {
						v.Fatalf("%v live", live)
					}
					to := tc.from(v)
					v.pass(20 * time.Minute)
					if got := v.orphans(); int(got.Count) != map[bool]int{true: n}[tc.tells] || n == 12 && !strings.HasPrefix(got.Message, tc.saying) {
						v.Errorf("it tells of orphans %+v", got)
					}
					if got := v.mesos.Calls("KILL"); got > 0 || !slices.Equal(v.liveNow(), live) {
						v.Errorf("%d KILLs, and %v live", got, v.liveNow())
					}
					to()
					v.pass(20 * time.Minute)
					for _, name := range names {
						v.wantRunningAfter(name, 1)
					}
					if got := v.orphans(); got.Count != 0 || v.mesos.Calls("KILL") > 0 {
						v.Errorf("in the end it tells of orphans %+v after %d KILLs", got, v.mesos.Calls("KILL"))
					}
				})
			})
		}
	}
}

// TestFault48_frameworkIDLostCorruptOrEdited: "framework id lost/corrupt/edited". No other framework is registered, nothing is killed or launched; a condition says what
// is wrong, and with the ID back all is as it was.
func TestFault48_frameworkIDLostCorruptOrEdited(t *testing.T) {
	set := func(annotation, status string) func(v *virtual) {
		return func(v *virtual) { v.editID(annotation, status) }
	}
	cases := map[string]struct {
		edit func(v *virtual)
		// reason is that of condition Connected after a restart, and tasks that of the tasks' Ready.
		reason, tasks string
	}{
		"lost":                     {set("null", "null"), v1alpha1.ReasonFrameworkIDLost, ""},
		"lost in the status":       {set("", "null"), v1alpha1.ReasonSubscribed, v1alpha1.ReasonRunning},
		"lost in the annotation":   {set("null", ""), v1alpha1.ReasonSubscribed, v1alpha1.ReasonRunning},
		"edited in the annotation": {set(`"another-0001"`, ""), v1alpha1.ReasonSubscribed, v1alpha1.ReasonRunning},
		"edited in the status":     {set("", `"another-0001"`), v1alpha1.ReasonFrameworkIDLost, v1alpha1.ReasonOtherFrameworkID},
		// What tenants write of their tasks cannot keep a framework from the ID that its object names. Their tasks say it.
		"edited in both":                {set(`"another-0001"`, `"another-0001"`), v1alpha1.ReasonSubscribed, v1alpha1.ReasonOtherFrameworkID},
		"corrupt in the annotation":     {set(`"../a\u0000b {"`, ""), v1alpha1.ReasonSubscribed, v1alpha1.ReasonRunning},
		"corrupt where it is lost else": {set(`"../a b {"`, "null"), v1alpha1.ReasonSubscriptionRefused, v1alpha1.ReasonOtherFrameworkID},
	}
	for sentence, tc := range cases {
		for when, restarts := range map[string]bool{" while it runs": false, " before it starts": true} {
			t.Run(sentence+when, func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
					v.framework("")
					v.start()
					names := v.several(3, `shell: sleep 1`)
					v.pass(time.Minute)
					id, live, before := v.frameworkNow().Status.FrameworkID, v.liveNow(), v.counted()
					if restarts {
						v.stop()
					}
					tc.edit(v)
					if restarts {
						v.start()
					}
					v.pass(20 * time.Minute)
					connected := meta.FindStatusCondition(v.frameworkNow().Status.Conditions, v1alpha1.ConditionConnected)
					if got := v.mesos.Frameworks(); sentence != "edited in both" && !slices.Equal(got, []string{id}) {
						v.Errorf("Mesos knows the frameworks %v, want %s alone", got, id)
					}
					if restarts && (connected.Reason != tc.reason || tc.tasks != "" && v.reason(names[0]) != tc.tasks) {
						v.Errorf("Connected is %s (%s), and its tasks %s", connected.Reason, connected.Message, v.reason(names[0]))
					}
					v.stop()
					v.editID(`"`+id+`"`, `"`+id+`"`)
					v.start()
					v.pass(5 * time.Minute)
					for _, name := range names {
						v.wantRunningAfter(name, 1)
					}
					if got := v.since(before); got.Launches != 0 || got.Kills != 0 {
						v.Errorf("counted %+v", got)
					}
					if diff := cmp.Diff(live, v.liveNow()); diff != "" {
						v.Errorf("what lives (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// editID writes the framework's ID, as JSON, into its annotation and its status as somebody else; empty leaves it as it is.
func (v *virtual) editID(annotation, status string) {
	v.Helper()
	framework := v.frameworkNow()
	if annotation != "" {
		patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}}}`, v1alpha1.AnnotationFrameworkID, annotation)
		if err := v.client.Patch(v.Context(), framework, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
			v.Fatal(err)
		}
	}
	if status != "" {
		patch := fmt.Sprintf(`{"status":{"frameworkID":%s}}`, status)
		if err := v.client.Status().Patch(v.Context(), framework, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
			v.Fatal(err)
		}
	}
}
