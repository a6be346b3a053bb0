package placer_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/placer"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// placing is a placer with its bridge and a simulated cluster, in virtual time; the test does what the workers would.
type placing struct {
	*testing.T
	cluster    *simulator.Cluster
	keys       workqueue.TypedInterface[reconcile.Request]
	owner      *connections.Connections
	config     mesosbridge.Config
	connection *connections.Connection
	placer     *placer.Placer
	// bind says whether pass binds what was reserved, as workers do that the API server serves.
	bind bool
	// tasks is what each key wants.
	tasks map[types.NamespacedName]mesos.Task
}

// place runs a test in a bubble of virtual time. Each agent has the given CPUs, and memory and disk in plenty.
func place(t *testing.T, agents []float64, test func(p *placing)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cluster := simulator.New(simulator.Options{})
		defer cluster.Close()
		for _, cpus := range agents {
			addAgent(cluster, cpus, 4096)
		}
		config := mesosbridge.Config{Framework: mesos.Framework{
			Name: "test", User: "nobody", Roles: []string{"prod"}, FailoverTimeout: 24 * time.Hour, Capabilities: []string{"GPU_RESOURCES"},
		}}
		for _, master := range cluster.Masters() {
			config.Masters = append(config.Masters, master.URL())
		}
		owner := connections.New(connections.Options{Clock: clock.RealClock{}, Gate: leadership.NewGate(nil, nil), DialContext: cluster.DialContext})
		connection, _ := owner.Ensure("default", config)
		ctx, stop := context.WithCancel(context.Background())
		keys := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		defer keys.ShutDown()
		if err := owner.TaskSource().Start(ctx, keys); err != nil {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		running.Go(func() {
			if err := owner.Start(ctx); err != nil {
				t.Error(err)
			}
		})
		defer running.Wait()
		defer stop()
		test(&placing{
			T: t, cluster: cluster, keys: keys, owner: owner, config: config, connection: connection, placer: connection.Placer, bind: true,
			tasks: map[types.NamespacedName]mesos.Task{},
		})
	})
}

func addAgent(cluster *simulator.Cluster, cpus, memory float64) {
	cluster.AddAgent(simulator.AgentSpec{CPUs: cpus, Mem: memory, Disk: 4096, Ports: []mesospb.Value_Range{{Begin: 31000, End: 31999}}})
}

// pass lets virtual time pass, a tenth of a second at a time, and binds what is reserved.
func (p *placing) pass(d time.Duration) {
	p.Helper()
	for end := time.Now().Add(d); ; {
		synctest.Wait()
		if p.bind {
			for key := range p.tasks {
				p.bound(key)
			}
		}
		if !time.Now().Before(end) {
			return
		}
		time.Sleep(min(100*time.Millisecond, time.Until(end)))
	}
}

// ready waits until tasks may be launched.
func (p *placing) ready() {
	p.Helper()
	p.registered()
	p.connection.Bridge.FrameworkIDStored()
	p.connection.Learned(p.connection.Bridge.Connection().FrameworkID, p.connection.Bridge.Connection().Term, true, time.Time{})
	p.pass(time.Second)
	if !p.connection.Bridge.MayAccept() || !p.connection.MayLaunch() {
		p.Fatalf("nothing may be launched: %+v", p.connection.Bridge.Connection())
	}
}

// registered waits for the first subscription.
func (p *placing) registered() {
	p.Helper()
	p.pass(1500 * time.Millisecond)
	if !p.connection.Bridge.Connection().Subscribed {
		p.Fatalf("not subscribed: %+v", p.connection.Bridge.Connection())
	}
}

// hashed is the hash of what tests launch; the placer only carries it.
const hashed = "2aaaaaaaa"

// want makes tasks pending that take so many thousandths of a CPU each.
func (p *placing) want(cpus mesos.Scalar, names ...string) {
	for _, name := range names {
		task := mesos.Task{Name: name, Role: "prod", Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: cpus, Memory: 1000}}
		p.tasks[keyNamed(name)] = task
		p.placer.Want(keyNamed(name), task, hashed, false, lifecycle.Avoidance{})
	}
}

func keyNamed(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "shop", Name: name}
}

// given is what a task was given, and what is said of its waiting.
func (p *placing) given(name string) (*lifecycle.Placement, string) {
	placed, waiting := p.placer.Look(keyNamed(name), p.tasks[keyNamed(name)], hashed)
	if waiting == nil {
		return placed, ""
	}
	return placed, waiting.Message
}

// reserved is what a task was given, which must be something.
func (p *placing) reserved(name string) lifecycle.Placement {
	p.Helper()
	placed, waiting := p.given(name)
	if placed == nil {
		p.Fatalf("nothing was given to %s (%q)", name, waiting)
	}
	return *placed
}

// bound reports what was given to a task as bound, if anything was.
func (p *placing) bound(key types.NamespacedName) {
	if placed, _ := p.placer.Look(key, p.tasks[key], hashed); placed != nil {
		p.placer.Bound(key, placed.TaskID)
	}
}

// running returns the names of the tasks that live.
func (p *placing) running() sets.Set[string] {
	names := sets.New[string]()
	for _, task := range p.cluster.Tasks() {
		_, name, _ := strings.Cut(identityOf(task.TaskID), "/")
		names.Insert(name)
	}
	return names
}

func identityOf(taskID string) string {
	id, err := lifecycle.ParseTaskID(taskID)
	if err != nil {
		return taskID
	}
	return id.Namespace + "/" + id.Name
}

// accept is what is known of the ACCEPT of an attempt.
func (p *placing) accept(taskID string) mesosbridge.AcceptState {
	attempt, _ := p.connection.Bridge.Attempt(taskID)
	return attempt.Accept
}

// enqueued returns the tasks whose keys were enqueued since it was last asked.
func (p *placing) enqueued() sets.Set[types.NamespacedName] {
	keys := sets.New[types.NamespacedName]()
	for p.keys.Len() > 0 {
		key, _ := p.keys.Get()
		keys.Insert(key.NamespacedName)
		p.keys.Done(key)
	}
	return keys
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("task-%d", i)
	}
	return all
}

func TestPlacer_saysSoWhenNoFurtherOfferComesForTasksThatWaitedTheirTurn(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		// The one offer goes to one task, and nothing of it is left; no other comes.
		p.want(4000, names(5)...)
		for name := range p.tasks {
			task := p.tasks[name]
			task.Scalars.Memory, task.Scalars.Disk = 4_096_000, 4_096_000
			p.tasks[name] = task
			p.placer.Want(name, task, hashed, false, lifecycle.Avoidance{})
		}
		p.pass(time.Second)
		if n := p.running().Len(); n != 1 {
			p.Fatalf("%d tasks run", n)
		}
		for _, name := range names(5) {
			if _, waiting := p.given(name); waiting != "" {
				p.Errorf("%s is told at once: %q", name, waiting)
			}
		}
		p.pass(14 * time.Second)
		silent := 0
		for _, name := range names(5) {
			if _, waiting := p.given(name); waiting != "" {
				silent++
			}
		}
		if silent != 4 {
			p.Errorf("%d of 4 tasks are told that they wait", silent)
		}
	})
}

func TestPlacer_reservesNothingOnAnOfferThatIsOnItsWayToMesos(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.want(1000, names(12)...)
		p.pass(5 * time.Second)
		if n := p.running().Len(); n != 4 {
			p.Errorf("%d tasks run", n)
		}
		for name := range p.tasks {
			for _, taskID := range p.connection.Known(name) {
				if p.accept(taskID) == mesosbridge.AcceptNeverSent {
					p.Errorf("the binding of %s was for nothing", taskID)
				}
			}
		}
	})
}

func TestPlacer_saysNothingOfTasksThatOnlyWaitTheirTurn(t *testing.T) {
	place(t, []float64{400, 4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, names(placer.BindingsAtOnce+20)...)
		p.pass(50 * time.Second)
		for _, name := range names(placer.BindingsAtOnce + 20) {
			if _, waiting := p.given(name); waiting != "" {
				p.Fatalf("%s is told %q", name, waiting)
			}
		}
	})
}

// TestPlacer_namesWhatIsMissing: what hinders the framework is said by its connection, and that Mesos offers nothing by its placer.
func TestPlacer_namesWhatIsMissing(t *testing.T) {
	place(t, nil, func(p *placing) {
		key := types.NamespacedName{Namespace: "shop", Name: "job"}
		says := func(what string) {
			p.Helper()
			if hindrance := p.owner.Hindrance("default", key); !strings.Contains(hindrance.Message, what) || (what == "") != (hindrance.Message == "") {
				p.Errorf("it says %q, want %q", hindrance.Message, what)
			}
			if _, waiting := p.given("web"); what != "" && waiting != "" {
				p.Errorf("what keeps it from launching is %q, and the task is told %q", what, waiting)
			}
		}
		p.cluster.StopMaster(0)
		p.want(1000, "web")
		p.pass(3 * time.Second)
		says("MesosFramework default is not connected to Mesos: ")
		p.cluster.StartMaster(0)
		p.pass(time.Minute)
		says("has not been registered yet")
		p.connection.Bridge.FrameworkIDStored()
		p.pass(time.Minute)
		says("before Mesos has told all that runs")
		p.connection.Learned(p.connection.Bridge.Connection().FrameworkID, p.connection.Bridge.Connection().Term, true, time.Time{})
		p.pass(3 * time.Second)
		says("")
		if _, waiting := p.given("web"); !strings.HasPrefix(waiting, "Mesos has no agents") {
			p.Errorf("without agents: %q", waiting)
		}
	})
}

func TestPlacer_holdsNoOfferBeforeAnythingMayBeLaunched(t *testing.T) {
	for sentence, c := range map[string]struct{ first, then func(p *placing) }{
		"the framework ID is not stored": {
			first: func(p *placing) {
				p.connection.Learned(p.connection.Bridge.Connection().FrameworkID, p.connection.Bridge.Connection().Term, true, time.Time{})
			},
			then: func(p *placing) { p.connection.Bridge.FrameworkIDStored() },
		},
		"the proof was not had": {
			first: func(p *placing) { p.connection.Bridge.FrameworkIDStored() },
			then: func(p *placing) {
				p.connection.Learned(p.connection.Bridge.Connection().FrameworkID, p.connection.Bridge.Connection().Term, true, time.Time{})
			},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			place(t, []float64{4}, func(p *placing) {
				p.want(1000, "web")
				p.registered()
				c.first(p)
				p.want(1000, "db")
				p.pass(time.Second)
				// None came if the placer was there before the first task wanted one, else they were turned down.
				if offers := p.connection.Bridge.Offers(); len(offers) > 0 {
					p.Errorf("%d offers are held", len(offers))
				}
				if n := p.cluster.Calls("REVIVE"); n > 0 {
					p.Errorf("offers were asked for %d times that cannot be used", n)
				}
				c.then(p)
				// The offer was refused for five seconds, and the master makes offers once a second.
				p.pass(2 * time.Second)
				if !p.running().HasAll("web", "db") {
					p.Error("the tasks are not launched as soon as they may be")
				}
				if n := p.cluster.Calls("REVIVE"); n != 1 {
					p.Errorf("offers were asked for %d times", n)
				}
			})
		})
	}
}

func TestPlacer_waitsLongerEachTimeABindingFails(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web")
		p.pass(2 * time.Second)
		for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			placed := p.reserved("web")
			p.placer.BindFailed(keyNamed("web"), placed)
			if got := p.accept(placed.TaskID); got != mesosbridge.AcceptNeverSent {
				p.Errorf("the ACCEPT of the attempt is %q", got)
			}
			if p.placer.Bound(keyNamed("web"), placed.TaskID) {
				p.Error("the attempt can still be bound")
			}
			// The key comes back, and the worker wants the task as before.
			p.want(1000, "web")
			p.pass(wait - time.Millisecond)
			if again, waiting := p.given("web"); again != nil || waiting != "" {
				p.Errorf("%s after its binding failed the task has %+v, and is told %q", wait-time.Millisecond, again, waiting)
			}
			p.pass(3 * time.Second)
			if again := p.reserved("web"); again.TaskID == placed.TaskID {
				p.Errorf("task ID %s is used twice", again.TaskID)
			}
		}
		// Once bound it begins anew.
		p.bound(keyNamed("web"))
		if kept := p.placer.Remembered(keyNamed("web")); len(kept) > 0 {
			p.Errorf("of a task that was bound %v are remembered", kept)
		}
		p.pass(time.Second)
		if !p.running().Has("web") || p.cluster.LiveTasks() != 1 {
			p.Errorf("%v run", p.cluster.Tasks())
		}
	})
}

func TestPlacer_doesNotBlameMesosForTheWaitAfterABindingFailed(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web")
		p.pass(2 * time.Second)
		for range 5 {
			p.placer.FailOnce(keyNamed("web"))
		}
		p.placer.BindFailed(keyNamed("web"), p.reserved("web"))
		p.cluster.Agents()[0].Gone()
		p.pass(30 * time.Second)
		if _, waiting := p.given("web"); waiting != "" {
			p.Errorf("the task is told %q", waiting)
		}
		p.pass(5 * time.Second)
		if _, waiting := p.given("web"); waiting == "" {
			p.Error("after its wait the task is not told that no offer comes")
		}
	})
}

func TestPlacer_marksAnAttemptNeverSentWhoseReservationWasClosedBeforeItsBindingFailed(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web")
		p.pass(2 * time.Second)
		placed := p.reserved("web")
		p.placer.Unwant(keyNamed("web"))
		p.connection.Forget(keyNamed("web"), placed.TaskID)
		p.placer.BindFailed(keyNamed("web"), placed)
		if got := p.accept(placed.TaskID); got != mesosbridge.AcceptNeverSent {
			p.Errorf("the ACCEPT of the attempt is %q", got)
		}
	})
}

// TestPlacer_launchesWithoutWhatIsNotBoundYet: a binding that takes long holds the others of its offer back for a while only, and is not launched with them.
func TestPlacer_launchesWithoutWhatIsNotBoundYet(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web", "db")
		p.pass(2 * time.Second)
		web, db := p.reserved("web"), p.reserved("db")
		if web.AgentID != db.AgentID || !p.placer.Bound(keyNamed("web"), web.TaskID) {
			p.Fatalf("they are reserved as %+v and %+v", web, db)
		}
		p.pass(time.Minute)
		if !p.running().Equal(sets.New("web")) || p.accept(db.TaskID) != mesosbridge.AcceptNeverSent {
			p.Errorf("%v run, and the ACCEPT of what was not bound is %q", p.running(), p.accept(db.TaskID))
		}
		if p.placer.Bound(keyNamed("db"), db.TaskID) {
			p.Error("a binding counts that came too late")
		}
	})
}

func TestPlacer_remembersNothingOfObjectsThatAreGone(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web")
		p.pass(2 * time.Second)
		p.placer.Outcome(keyNamed("web"), true)
		p.placer.BindFailed(keyNamed("web"), p.reserved("web"))
		p.placer.Forget(keyNamed("web"))
		if kept := p.placer.Remembered(keyNamed("web")); len(kept) > 0 {
			p.Errorf("%v are remembered", kept)
		}
		p.pass(time.Minute)
		if n := p.placer.Launches(); n != 0 {
			p.Errorf("%d launches are still in the making", n)
		}
	})
}

func TestPlacer_callsOffALaunchThatWaitsToBeSent(t *testing.T) {
	// As many as are sent at a time are on their way, one on each agent but the last.
	place(t, []float64{4, 4, 4, 4, 4}, func(p *placing) {
		p.ready()
		p.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Delay, Delay: 10 * time.Second, Count: 4})
		p.want(3000, "a", "b", "c", "d")
		p.pass(2 * time.Second)
		p.bind = false
		p.want(1000, "web", "db")
		p.pass(2 * time.Second)
		web, db := p.reserved("web"), p.reserved("db")
		p.placer.Bound(keyNamed("web"), web.TaskID)
		p.placer.Bound(keyNamed("db"), db.TaskID)
		p.pass(2 * time.Second)
		if got := p.accept(web.TaskID); got != mesosbridge.AcceptUnsent {
			p.Fatalf("the ACCEPT is %q", got)
		}
		p.placer.CallOff(web.TaskID)
		p.pass(10 * time.Second)
		if got := p.accept(web.TaskID); got != mesosbridge.AcceptNeverSent || !p.running().Equal(sets.New("a", "b", "c", "d", "db")) {
			p.Errorf("the ACCEPT that was called off is %q, and %v run", got, p.running())
		}
	})
}

func TestPlacer_launchesNothingBoundInATermThatEnded(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web")
		p.pass(2 * time.Second)
		placed := p.reserved("web")
		p.cluster.CutStream("", 0)
		// The worker reports before the placer has seen that the stream ended, or after.
		p.placer.Bound(keyNamed("web"), placed.TaskID)
		p.pass(20 * time.Second)
		if got := p.accept(placed.TaskID); got != mesosbridge.AcceptNeverSent || p.running().Len() != 0 || p.connection.Bridge.Connection().Term != 2 {
			p.Errorf("the ACCEPT is %q, and %v run", got, p.running())
		}
		p.bind = true
		p.want(1000, "web")
		p.pass(3 * time.Second)
		if p.cluster.LiveTasks() != 1 || !p.running().Has("web") {
			p.Errorf("%v run", p.cluster.Tasks())
		}
	})
}

// A reservation that was released stays part of its offer until that is closed; by then the task may have another.
func TestPlacer_keepsWhatATaskWasGivenSinceWhenAnEarlierOfferCloses(t *testing.T) {
	place(t, []float64{2, 2}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web", "db")
		p.pass(2 * time.Second)
		first := p.reserved("web")
		if db := p.reserved("db"); db.AgentID != first.AgentID {
			p.Fatalf("the tasks are on %s and %s", first.AgentID, db.AgentID)
		}
		p.placer.BindFailed(keyNamed("web"), first)
		p.pass(5 * time.Second)
		second := p.reserved("web")
		p.placer.Bound(keyNamed("db"), p.reserved("db").TaskID)
		p.pass(2 * time.Second)
		if got := p.reserved("web"); got.TaskID != second.TaskID || !p.placer.Bound(keyNamed("web"), second.TaskID) {
			p.Errorf("the task has %+v, not %+v", got, second)
		}
		p.pass(2 * time.Second)
		if !p.running().HasAll("web", "db") || p.cluster.LiveTasks() != 2 {
			p.Errorf("%v run", p.cluster.Tasks())
		}
	})
}

func TestPlacer_holdsNoOfferForWhichNoBindingCanBeWrittenNow(t *testing.T) {
	place(t, []float64{400, 4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, names(placer.BindingsAtOnce+20)...)
		for range 50 {
			p.pass(time.Second)
			if n := len(p.connection.Bridge.Offers()); n > 1 {
				p.Fatalf("%d offers are held, and all that is reserved is on one", n)
			}
		}
		p.bind = true
		p.pass(10 * time.Second)
		if n := p.running().Len(); n != placer.BindingsAtOnce+20 {
			p.Errorf("%d tasks run", n)
		}
	})
}

// Offers that nobody needed were declined for two minutes; a task that loses what it was reserved needs them now.
func TestPlacer_asksForOtherOffersWhenAReservedOneIsGone(t *testing.T) {
	place(t, []float64{4, 4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web")
		p.pass(2 * time.Second)
		first := p.reserved("web")
		for _, agent := range p.cluster.Agents() {
			if agent.ID() == first.AgentID {
				agent.Gone()
			}
		}
		p.pass(4 * time.Second)
		if second := p.reserved("web"); second.AgentID == first.AgentID {
			p.Errorf("the task is still on %s", second.AgentID)
		}
		if got := p.accept(first.TaskID); got != mesosbridge.AcceptNeverSent {
			p.Errorf("the first ACCEPT is %q", got)
		}
	})
}

func TestPlacer_givesTasksThatWereRefusedAnAcceptOfTheirOwn(t *testing.T) {
	place(t, []float64{8, 8, 8, 8}, func(p *placing) {
		p.ready()
		for _, name := range []string{"web", "db"} {
			p.placer.Outcome(keyNamed(name), true)
		}
		p.want(1000, "web", "db", "one", "two")
		p.pass(4 * time.Second)
		if p.running().Len() != 4 {
			p.Errorf("%v run", p.running())
		}
		for _, call := range p.cluster.CallLog() {
			launch := sets.New[string]()
			for _, operation := range call.Call.GetAccept().GetOperations() {
				for i := range operation.Launch.TaskInfos {
					launch.Insert(identityOf(operation.Launch.TaskInfos[i].TaskID.Value))
				}
			}
			if launch.HasAny("shop/web", "shop/db") && launch.Len() > 1 {
				p.Errorf("%v are in one ACCEPT", launch)
			}
		}
	})
}

func TestPlacer_triesEveryRefusedTaskInItsTurn(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.ready()
		for _, name := range names(3 * placer.AloneAtOnce) {
			p.placer.Outcome(keyNamed(name), true)
		}
		p.want(2000, names(3*placer.AloneAtOnce)...)
		// Of those that began to wait at once it comes last.
		p.placer.Outcome(keyNamed("zoo"), true)
		p.want(500, "zoo")
		p.pass(15 * time.Second)
		if !p.running().Has("zoo") {
			_, waiting := p.given("zoo")
			p.Errorf("the one task that fits does not run (%q)", waiting)
		}
	})
}

func TestPlacer_doesNotWriteAnewWhatChangesInNumbersOnly(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.ready()
		p.want(4000, "large")
		p.pass(2 * time.Second)
		_, first := p.given("large")
		if !strings.HasPrefix(first, "1 offer: 1 lacks cpus") {
			p.Fatalf("the task is told %q", first)
		}
		p.enqueued()
		for range 5 {
			addAgent(p.cluster, 1, 4096)
			p.pass(4 * time.Second)
		}
		if _, waiting := p.given("large"); waiting != first || p.enqueued().Len() != 0 {
			p.Errorf("the task is told %q within seconds of %q", waiting, first)
		}
		addAgent(p.cluster, 8, 0.5)
		p.pass(4 * time.Second)
		if _, waiting := p.given("large"); !strings.Contains(waiting, "7 offers: 6 lack cpus (want 4), 1 lacks memory") || !p.enqueued().Has(keyNamed("large")) {
			p.Errorf("once offers lack something else the task is told %q", waiting)
		}
		addAgent(p.cluster, 1, 4096)
		p.pass(30 * time.Second)
		addAgent(p.cluster, 1, 4096)
		p.pass(4 * time.Second)
		if _, waiting := p.given("large"); !strings.Contains(waiting, "9 offers: 8 lack cpus") {
			p.Errorf("half a minute later the task is told %q", waiting)
		}
	})
}

// What was declined comes back by itself. To ask for it all again every half minute would make the refusal's length void.
func TestPlacer_asksForOffersAgainOnlyIfNoneCameSince(t *testing.T) {
	place(t, []float64{1}, func(p *placing) {
		p.ready()
		p.want(4000, "large")
		p.pass(100 * time.Second)
		if n := p.cluster.Calls("REVIVE"); n > 1 {
			p.Errorf("offers were asked for %d times in 100 s, and declined for 120 s", n)
		}
	})
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.pass(3 * time.Second)
		p.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "REVIVE", Action: simulator.Answer, Status: 202})
		p.want(1000, "web")
		p.pass(29 * time.Second)
		if p.running().Has("web") {
			p.Fatal("the offer came though asking for it failed")
		}
		p.pass(5 * time.Second)
		if !p.running().Has("web") {
			p.Error("offers were not asked for again")
		}
	})
}

// TestPlacer_whatTheHashLeavesOut: a task that waits takes up what its framework fills in now, and what it was given for before is given back.
func TestPlacer_whatTheHashLeavesOut(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web")
		p.pass(2 * time.Second)
		before := p.reserved("web")
		if before.Role != "prod" || before.User != "" {
			p.Fatalf("it was given %+v, want it with the task's role and user", before)
		}
		task := p.tasks[keyNamed("web")]
		task.User = "www"
		p.tasks[keyNamed("web")] = task
		if placed, _ := p.given("web"); placed != nil {
			p.Errorf("%+v is given to a task that is to run as another user", placed)
		}
		p.placer.Want(keyNamed("web"), task, hashed, false, lifecycle.Avoidance{})
		p.pass(2 * time.Second)
		if after := p.reserved("web"); after.TaskID == before.TaskID || after.User != "www" {
			p.Errorf("it was given %+v after %+v, want another attempt, as the other user", after, before)
		}
		if p.placer.Bound(keyNamed("web"), before.TaskID) {
			p.Error("what was given before may still be launched")
		}
	})
}

func TestPlacer_launchesNothingOfWhichAnotherAttemptLives(t *testing.T) {
	place(t, []float64{4}, func(p *placing) {
		p.ready()
		p.bind = false
		p.want(1000, "web")
		p.pass(2 * time.Second)
		placed := p.reserved("web")
		other := lifecycle.TaskID{Namespace: "shop", Name: "web", Hash: hashed, Nonce: "aaaaaaaaaa"}.String()
		p.cluster.SendEvent("", &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{
			Status: mesospb.TaskStatus{TaskID: mesospb.TaskID{Value: other}, State: mesospb.TASK_RUNNING.Enum()},
		}})
		p.placer.Bound(keyNamed("web"), placed.TaskID)
		p.pass(3 * time.Second)
		if got := p.accept(placed.TaskID); got != mesosbridge.AcceptNeverSent || p.cluster.LiveTasks() != 0 {
			p.Errorf("the ACCEPT is %q, and %v run", got, p.cluster.Tasks())
		}
	})
}

// TestPlacer_fairTurns: of 50,000 tasks of one namespace none delays the first task of another, though there is never room for more than one.
func TestPlacer_fairTurns(t *testing.T) {
	place(t, nil, func(p *placing) {
		p.ready()
		p.bind = false
		want := func(namespace, name string) {
			key := types.NamespacedName{Namespace: namespace, Name: name}
			p.tasks[key] = mesos.Task{Name: name, Role: "prod", Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: 1000, Memory: 1000}}
			p.placer.Want(key, p.tasks[key], hashed, false, lifecycle.Avoidance{})
		}
		// grown adds an agent with room for one task, and returns the namespace that got it.
		running := sets.New[string]()
		grown := func() string {
			addAgent(p.cluster, 1, 4096)
			for range 50 {
				p.pass(100 * time.Millisecond)
				for key := range p.enqueued() {
					p.bound(key)
				}
			}
			var got []string
			for _, task := range p.cluster.Tasks() {
				if identity := identityOf(task.TaskID); !running.Has(identity) {
					running.Insert(identity)
					namespace, _, _ := strings.Cut(identity, "/")
					got = append(got, namespace)
				}
			}
			if len(got) != 1 {
				p.Fatalf("an agent with room for one task got %v", got)
			}
			return got[0]
		}
		for _, name := range names(50_000) {
			want("many", name)
		}
		got := []string{grown()}
		want("few", "first")
		want("few", "second")
		got = append(got, grown(), grown())
		want("new", "first")
		got = append(got, grown(), grown(), grown(), grown())
		if diff := cmp.Diff([]string{"many", "few", "many", "new", "few", "many", "many"}, got); diff != "" {
			p.Errorf("who got room (-want +got):\n%s", diff)
		}
	})
}
