package system

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

var (
	seeds     = flag.Int("storms", 200, "how many seeds TestStorm draws storms of")
	firstSeed = flag.Uint64("first-seed", 1, "the first of them")
)

// collector is a test that keeps what it is told instead of failing.
type collector struct {
	testing.TB
	mu   sync.Mutex
	told []string
}

// Error implements testing.TB.
func (c *collector) Error(arguments ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, fmt.Sprintln(arguments...))
}

// Errorf implements testing.TB.
func (c *collector) Errorf(format string, arguments ...any) {
	c.Error(fmt.Sprintf(format, arguments...))
}

// weather is a storm in a world.
type weather struct {
	*virtual
	storm   *storm
	collect *collector
	// tasks are those that the user made and has not deleted, and their kinds; suspended are those that are not to run.
	tasks     map[string]string
	suspended map[string]bool
	// fair ends what was drawn to last a while.
	fair []func()
}

// brave lives through a storm, and returns what was wrong then.
func (s *storm) brave(t *testing.T) []string {
	t.Helper()
	collect := &collector{TB: t}
	runner := simulator.ScriptRunner{Script: endAsTold().(simulator.ScriptRunner).Script}
	inBubble(t, apiserver.Options{NoWatchList: s.NoWatchList, Trusting: true}, simulator.Flags{}, runner, func(v *virtual) {
		v.complain, v.elects = collect, s.Elects
		w := &weather{virtual: v, storm: s, collect: collect, tasks: map[string]string{}, suspended: map[string]bool{}}
		v.framework("")
		v.start()
		v.pass(2 * time.Second)
		for _, one := range s.Acts {
			v.pass(one.After)
			w.act(one)
		}
		w.clear()
		w.judge()
	})
	return collect.told
}

// after has something done after a while, or once the weather clears.
func (w *weather) after(d time.Duration, do func()) {
	var once sync.Once
	timer := time.AfterFunc(d, func() { once.Do(do) })
	w.fair = append(w.fair, func() {
		timer.Stop()
		once.Do(do)
	})
}

// act does one thing.
func (w *weather) act(a act) {
	w.history.Fault(fmt.Sprintf("%s %s%s", a.What, a.Task, a.Resource))
	w.startAgain()
	switch a.What {
	case create:
		w.try(w.createTask(a.Task, taskKinds[a.Kind].spec))
		w.tasks[a.Task] = a.Kind
	case remove, suspend, resume, alter, restart:
		w.byUser(a)
	case kill, stop:
		w.endProcess(a)
	case refuse:
		if hangs := a.API.Action == apiserver.Delay || a.API.Action == apiserver.DelayAnswer; hangs && a.API.Delay > time.Minute {
			w.history.Forgive("a worker waits for a request that hangs, which no API server lets it for longer than a minute", "L2", "L7")
		}
		w.api.Inject(*a.API)
	case lag:
		lag := w.api.Lag("", a.Resource, -1)
		w.history.Lag(a.Resource, false)
		w.after(a.For, func() {
			lag.End()
			w.history.Lag(a.Resource, true)
		})
	case compact:
		w.api.Compact()
	case sever:
		name := w.running.name
		w.api.Sever(name)
		w.after(a.For, func() { w.api.Restore(name) })
	default:
		w.mesosActs(a)
	}
}

// mesosActs does what befalls Mesos.
func (w *weather) mesosActs(a act) {
	agent := w.mesos.Agents()[a.Agent]
	switch a.What {
	case mesosFault:
		w.mesos.Inject(*a.Mesos)
	case cut:
		w.mesos.CutStream("", 0)
	case failover:
		w.mesos.FailOver(simulator.FailOver{Down: a.For, To: -1, AgentsBack: a.Share, AgentsAfter: time.Second})
	case partition:
		agent.Partition()
		w.after(a.For, agent.Heal)
	case restartAgt:
		agent.Restart(a.For)
	case reboot:
		agent.Reboot(a.For)
	case silence:
		w.mesos.StopHeartbeats(true)
		w.after(a.For, func() { w.mesos.StopHeartbeats(false) })
	default:
		w.Fatalf("nobody knows how to %s", a.What)
	}
}

// byUser does what a user does to a task, if it is there.
func (w *weather) byUser(a act) {
	if w.tasks[a.Task] == "" {
		return
	}
	patch := ""
	switch a.What {
	case remove:
		w.try(w.client.Delete(context.Background(), w.named(a.Task)))
		delete(w.tasks, a.Task)
		return
	case suspend, resume:
		w.suspended[a.Task] = a.What == suspend
		patch = fmt.Sprintf(`{"spec":{"suspend":%t}}`, a.What == suspend)
	case alter:
		patch = fmt.Sprintf(`{"spec":{"environment":[{"name":"CHANGED","value":"%d"}]}}`, time.Now().UnixNano())
	default:
		patch = fmt.Sprintf(`{"metadata":{"annotations":{"mesos.dev/restarted-at":%q}}}`, time.Now().Format(time.RFC3339Nano))
	}
	w.try(w.client.Patch(context.Background(), w.named(a.Task), client.RawPatch("application/merge-patch+json", []byte(patch))))
}

func (w *weather) named(name string) *v1alpha1.MesosTask {
	task := &v1alpha1.MesosTask{}
	task.Name, task.Namespace = name, w.namespace
	return task
}

// try complains of what a user could not do though nothing hinders them: faults meet the operator only.
func (w *weather) try(err error) {
	if err != nil && !apierrors.IsNotFound(err) {
		w.collect.Errorf("a user: %v", err)
	}
}

// endProcess ends the process, and starts another after a while.
func (w *weather) endProcess(a act) {
	if a.What == kill {
		w.running.kill()
	} else {
		w.api.Restore(w.running.name)
		w.stop()
	}
	w.pass(a.For)
	w.start()
}

// clear lets nothing go wrong any more, and everything be there.
func (w *weather) clear() {
	for _, end := range w.fair {
		end()
	}
	w.api.ClearFaults()
	w.mesos.ClearFaults()
	for _, agent := range w.mesos.Agents() {
		agent.Heal()
		// An agent that never got a launch, and knows nothing else of the framework, ignores its KILL until it registers again.
		agent.Restart(time.Second)
	}
	w.startAgain()
	w.history.Fault("the weather clears")
}

// startAgain starts another process where one has ended by itself, as kubelet does, and says whether it did.
func (w *weather) startAgain() bool {
	if !w.running.over() {
		return false
	}
	w.start()
	return true
}

// calm is how long it may take until all is as it should be: the longest waits are that for agents after a failover, and the launch hold.
const calm = 2 * time.Hour

// judge waits until all is as it should be, and stays so.
func (w *weather) judge() {
	wrong, begun := w.wrong(), time.Now()
	for ; len(wrong) > 0 && time.Since(begun) < calm; wrong = w.wrong() {
		w.pass(20 * time.Second)
		w.startAgain()
	}
	// What the statuses say may be of a process that is no more, and one that still waits for what hung may yet end: it too has its time.
	for since := time.Now(); time.Since(since) < 4*time.Minute && time.Since(begun) < calm+4*time.Minute; {
		w.pass(20 * time.Second)
		if w.startAgain() {
			since = time.Now()
		}
	}
	w.history.Settled()
	w.pass(3 * time.Minute)
	for _, one := range append(wrong, w.wrong()...) {
		w.collect.Error(one)
	}
	for _, disaster := range w.mesos.Disasters() {
		w.collect.Error(disaster)
	}
}

// wrong is what is not as it should be in the end.
func (w *weather) wrong() (wrong []string) {
	framework := w.frameworkNow()
	for _, one := range []string{v1alpha1.ConditionConnected, v1alpha1.ConditionTasksReconciled} {
		if !meta.IsStatusConditionTrue(framework.Status.Conditions, one) {
			wrong = append(wrong, fmt.Sprintf("the framework is not %s: %+v", one, meta.FindStatusCondition(framework.Status.Conditions, one)))
		}
	}
	live := map[string]int{}
	for _, task := range w.mesos.Tasks() {
		_, name, _ := strings.Cut(identityOf(task.TaskID), "/")
		live[name]++
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		kind := w.tasks[name]
		task := w.named(name)
		err := w.client.Get(context.Background(), client.ObjectKeyFromObject(task), task)
		switch {
		case kind == "" && (err == nil || live[name] > 0):
			wrong = append(wrong, fmt.Sprintf("%s was deleted: %d run, and reading it says %v", name, live[name], err))
			continue
		case kind == "":
			continue
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		reason, said := "", ""
		if ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
			reason, said = ready.Reason, ready.Message
		}
		ends := taskKinds[kind].ends
		if w.suspended[name] {
			ends = map[string]int{v1alpha1.ReasonSuspended: 0, v1alpha1.ReasonCompleted: 0, "Failed": 0, "Interrupted": 0, "RestartsExhausted": 0}
		}
		if want, ok := ends[reason]; !ok || live[name] != want {
			wrong = append(wrong, fmt.Sprintf("%s (%s, suspended %t) is %s with %d running: %s", name, kind, w.suspended[name], reason, live[name], said))
		}
	}
	return wrong
}

// TestStorm lives through storms that seeds draw: whatever goes wrong, nothing is lost, nothing runs twice, and once all is calm again everything is as it was
// asked for. One that fails is made as small as it can be, and told as JSON: put it into testdata/storms, whose storms are all lived through first.
func TestStorm(t *testing.T) {
	kept, err := filepath.Glob(filepath.Join("testdata", "storms", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range kept {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &storm{}
			if err := json.Unmarshal(content, s); err != nil {
				t.Fatal(err)
			}
			s.test(t)
		})
	}
	for n := range *seeds {
		seed := *firstSeed + uint64(n)
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			draw(seed).test(t)
		})
	}
}

// test fails the test if the storm does harm, and says what the smallest one is that does.
func (s *storm) test(t *testing.T) {
	t.Helper()
	told := s.brave(t)
	if len(told) == 0 {
		return
	}
	small, said := s.shrink(t, told)
	content, err := json.Marshal(small)
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("storm of seed %d:\n%s\nthe smallest that does harm, with %d of %d acts:\n%s\n%s", s.Seed, strings.Join(told, ""), len(small.Acts), len(s.Acts), content, strings.Join(said, ""))
}

// shrink leaves acts away as long as the storm still does harm: what happens at one moment has no fixed order, so that each is tried twice.
func (s *storm) shrink(t *testing.T, told []string) (*storm, []string) {
	t.Helper()
	for i := 0; i < len(s.Acts); {
		smaller := *s
		smaller.Acts = slices.Delete(slices.Clone(s.Acts), i, i+1)
		again := smaller.brave(t)
		if len(again) == 0 {
			again = smaller.brave(t)
		}
		if len(again) == 0 {
			i++
			continue
		}
		s, told = &smaller, again
	}
	return s, told
}
