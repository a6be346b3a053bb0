package system

import (
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

func TestMesosTask_runsForTwoWrites(t *testing.T) {
	w := newWorldAlone(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.waitConnected()
	object, status := taskWrites(t)
	w.task("web", `shell: sleep 1000, ports: [{name: http}]`)
	task := w.ready("web", v1alpha1.ReasonRunning)
	w.acknowledged(task.Status.Task.ID)
	objectAfter, statusAfter := taskWrites(t)
	if objectAfter-object != 1 || statusAfter-status != 1 {
		t.Errorf("from apply to RUNNING: %d writes of the object and %d of its status, want one of each", objectAfter-object, statusAfter-status)
	}
	if !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) || task.Status.Task.State != "TASK_RUNNING" {
		t.Errorf("status is %+v", task.Status)
	}
	if len(task.Status.Task.Ports) != 1 || task.Status.Task.Ports[0].HostPort < 31000 || task.Status.Task.Ports[0].HostPort > 31009 {
		t.Errorf("ports are %v, want one from the offer", task.Status.Task.Ports)
	}
	if diff := cmp.Diff([]string{task.Status.Task.ID}, w.live()); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}
	w.checkTruth()
}

func TestMesosTask_reconnectCostsNoWrite(t *testing.T) {
	w := newWorldAlone(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.waitConnected()
	names := []string{"a", "b", "c", "d", "e"}
	for _, name := range names {
		w.task(name, `shell: sleep 1000`)
	}
	for _, name := range names {
		w.acknowledged(w.ready(name, v1alpha1.ReasonRunning).Status.Task.ID)
	}
	before, launched := w.live(), w.mesos.Calls("ACCEPT")
	object, status := taskWrites(t)

	w.mesos.StopMaster(0)
	w.waitFramework("disconnected", func(f *v1alpha1.MesosFramework) bool {
		return meta.IsStatusConditionFalse(f.Status.Conditions, v1alpha1.ConditionConnected)
	})
	w.mesos.StartMaster(0)
	framework := w.waitFramework("reconciled anew", func(f *v1alpha1.MesosFramework) bool {
		return reconciled(f) && f.Status.Reconciliation.Last.Tasks == 5
	})
	if last := framework.Status.Reconciliation.Last; last.Reason != v1alpha1.PassSubscribed || last.Unanswered != 0 {
		t.Errorf("the pass was %+v, want one over 5 tasks, all answered", last)
	}
	objectAfter, statusAfter := taskWrites(t)
	if objectAfter != object || statusAfter != status {
		t.Errorf("the reconnect cost %d writes of objects and %d of their status, want none", objectAfter-object, statusAfter-status)
	}
	if diff := cmp.Diff(before, w.live()); diff != "" {
		t.Errorf("what runs (-before +after):\n%s", diff)
	}
	if got := w.mesos.Calls("ACCEPT"); got != launched {
		t.Errorf("%d ACCEPTs after the reconnect, want none", got-launched)
	}
}

func TestMesosTask_deletionKills(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	w.ready("web", v1alpha1.ReasonRunning)
	w.deleteTask("web")
	w.waitGone("web")
	if live := w.live(); len(live) > 0 {
		t.Errorf("%v still runs though its object is gone", live)
	}
	if got := w.mesos.Calls("KILL"); got != 1 {
		t.Errorf("%d KILLs, want 1", got)
	}
}

func TestMesosTask_deletionMayLeaveTheTaskRunning(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000, deletionPolicy: Orphan`)
	id := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	w.deleteTask("web")
	w.waitGone("web")
	if diff := cmp.Diff([]string{id}, w.live()); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}
}

func TestMesosTask_deletionOfWhatWasNeverBoundNeedsNoMesos(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.mesos.StopMaster(0)
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	task := w.ready("web", v1alpha1.ReasonAwaitingOffer)
	if pending := task.Status.Pending; pending == nil || !strings.Contains(pending.Message, "not connected to Mesos") {
		t.Errorf("it waits with %+v, want it to say that Mesos is not connected", pending)
	}
	if len(task.Finalizers) > 0 {
		t.Errorf("finalizers are %v, want none before it is bound", task.Finalizers)
	}
	w.deleteTask("web")
	w.waitGone("web")
}

// endWith is a runner whose tasks end in the state that their shell command names, after a moment.
var endWith = simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
	state, message, _ := strings.Cut(task.GetCommand().GetValue(), " ")
	if number, ok := mesosv1.TaskState_value[state]; ok {
		return simulator.EndAfter(10*time.Millisecond, mesosv1.TaskState(number), message)
	}
	return simulator.Stay()
}}

func TestMesosTask_oneOffCompletes(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, endWith)
	w.framework("")
	w.startManager()
	w.task("job", `shell: TASK_FINISHED Command exited with status 0, restartPolicy: OnFailure`)
	task := w.ready("job", v1alpha1.ReasonCompleted)
	if !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionSucceeded) || !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) {
		t.Errorf("conditions are %+v, want Succeeded and Ready", task.Status.Conditions)
	}
	if attempt := task.Status.Task; attempt.State != "TASK_FINISHED" || attempt.ExitCode == nil || *attempt.ExitCode != 0 || attempt.FinishTime == nil {
		t.Errorf("the attempt is %+v", attempt)
	}
	w.acknowledged(task.Status.Task.ID)
	w.deleteTask("job")
	w.waitGone("job")
	if got := w.mesos.Calls("KILL"); got != 0 {
		t.Errorf("%d KILLs of a task that is over, want none", got)
	}
}

func TestMesosTask_failureBacksOff(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, endWith)
	w.framework("")
	w.startManager()
	w.task("flaky", `shell: TASK_FAILED Command exited with status 3, backoff: {initialSeconds: 1, maxSeconds: 2}, maxRestarts: 2`)
	task := w.ready("flaky", v1alpha1.ReasonBackOff)
	if task.Status.NextLaunchTime == nil || task.Status.Restarts != 1 {
		t.Errorf("status is %+v, want a time of the next launch after one restart", task.Status)
	}
	task = w.ready("flaky", v1alpha1.ReasonRestartsExhausted)
	if !meta.IsStatusConditionFalse(task.Status.Conditions, v1alpha1.ConditionSucceeded) || !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Errorf("conditions are %+v, want Stalled and not Succeeded", task.Status.Conditions)
	}
	if task.Status.Restarts != 2 || len(task.Status.History) != 2 {
		t.Errorf("%d restarts and a history of %d, want 2 and 2", task.Status.Restarts, len(task.Status.History))
	}
	if launches := len(w.mesos.Launches(w.frameworkID())); launches != 3 {
		t.Errorf("launched %d times, want 3", launches)
	}
	w.checkTruth()
}

func TestMesosTask_whatFitsNowhereSaysWhy(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("huge", `shell: sleep 1000, resources: {requests: {cpus: "64", memory: 32Mi}}`)
	task := w.ready("huge", v1alpha1.ReasonNoAgentLargeEnough)
	if ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); ready == nil || !strings.Contains(ready.Message, "64") {
		t.Errorf("it waits with %+v, want it to say what no agent has", ready)
	}
	w.task("small", `shell: sleep 1000`)
	w.ready("small", v1alpha1.ReasonRunning)
	w.patchTask("huge", `spec: {resources: {requests: {cpus: "1"}}}`)
	if task := w.ready("huge", v1alpha1.ReasonRunning); task.Status.Pending != nil {
		t.Errorf("it runs and still waits with %+v", task.Status.Pending)
	}
}

func TestMesosTask_changedSpecIsLaunchedAnew(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	first := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	w.patchTask("web", `spec: {maxRestarts: 7, backoff: {maxSeconds: 9}}`)
	if got := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID; got != first {
		t.Errorf("a change that does not reach Mesos launched it anew as %s", got)
	}
	w.patchTask("web", `spec: {shell: sleep 2000}`)
	second := w.ready("web", v1alpha1.ReasonRunning)
	if second.Status.Task.ID == first || len(second.Status.History) != 1 || second.Status.History[0].KillReason != v1alpha1.KillSpecChanged {
		t.Errorf("status is %+v, want another attempt after one killed as the spec changed", second.Status)
	}
	if second.Status.Restarts != 0 {
		t.Errorf("%d restarts, want none: the spec changed", second.Status.Restarts)
	}
	if diff := cmp.Diff([]string{second.Status.Task.ID}, w.live()); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}
	w.neverTwoLive()
}

func TestMesosTask_restartedOnRequest(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	first := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	w.patchTask("web", `metadata: {annotations: {mesos.dev/restarted-at: "1"}}`)
	w.waitTask("web", "running as another attempt", func(task *v1alpha1.MesosTask) bool {
		return task.Status.Task.ID != first && task.Status.Task.State == "TASK_RUNNING"
	})
	w.neverTwoLive()
}

func TestMesosTask_suspendAndResume(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000, restartPolicy: Never`)
	w.ready("web", v1alpha1.ReasonRunning)
	w.patchTask("web", `spec: {suspend: true}`)
	task := w.ready("web", v1alpha1.ReasonSuspended)
	if !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) || !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionSuspended) {
		t.Errorf("conditions are %+v, want Ready and Suspended", task.Status.Conditions)
	}
	if live := w.live(); len(live) > 0 {
		t.Errorf("%v runs though it is suspended", live)
	}
	w.patchTask("web", `spec: {suspend: false}`)
	w.ready("web", v1alpha1.ReasonRunning)
	w.neverTwoLive()
}

func TestMesosTask_obstaclesAreConditions(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("norole", `shell: sleep 1000, role: other`)
	task := w.ready("norole", v1alpha1.ReasonRoleNotAllowed)
	if message := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionStalled).Message; !strings.Contains(message, `"other"`) || !strings.Contains(message, "*") {
		t.Errorf("it says %q, want the role that it wants and those that there are", message)
	}
	w.task("fine", `shell: sleep 1000`)
	w.ready("fine", v1alpha1.ReasonRunning)
	w.patchTask("norole", `spec: {role: "*"}`)
	w.ready("norole", v1alpha1.ReasonRunning)
}

func TestMesosTask_frameworkThatDoesNotExist(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.startManager()
	w.task("early", `shell: sleep 1000`)
	w.ready("early", v1alpha1.ReasonFrameworkNotFound)
	w.framework("")
	w.ready("early", v1alpha1.ReasonRunning)
}

func TestMesosTask_successorFindsEverythingAsItWas(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	stop := w.startManager()
	w.waitConnected()
	w.task("stays", `shell: sleep 1000`)
	w.task("goes", `shell: sleep 1000`)
	stays := w.ready("stays", v1alpha1.ReasonRunning).Status.Task.ID
	w.ready("goes", v1alpha1.ReasonRunning)
	stop()
	w.deleteTask("goes")
	w.startManager()
	w.waitGone("goes")
	w.waitFramework("reconciled anew", func(f *v1alpha1.MesosFramework) bool {
		return reconciled(f) && f.Status.Reconciliation.Last.Tasks == 2
	})
	if diff := cmp.Diff([]string{stays}, w.live()); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}
	if frameworks := w.mesos.Frameworks(); len(frameworks) != 1 {
		t.Errorf("Mesos knows the frameworks %v, want one", frameworks)
	}
	w.neverTwoLive()
}

func TestMesosTask_copiedManifestIsATaskOfItsOwn(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	original := w.ready("web", v1alpha1.ReasonRunning)
	copied := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{
		Name: "copy", Namespace: w.namespace, Annotations: original.Annotations, Finalizers: original.Finalizers,
	}, Spec: original.Spec}
	if err := w.client.Create(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	task := w.ready("copy", v1alpha1.ReasonRunning)
	want := []string{original.Status.Task.ID, task.Status.Task.ID}
	got := w.live()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}
}

func TestMesosTask_bindingThatComesTooLate(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	late := false
	held := sync.OnceFunc(func() {
		w.called("ACCEPT")
		late = true
	})
	w.beforePatch = func(name string) {
		if name == "late" {
			held()
		}
	}
	w.startManager()
	w.waitConnected()
	// Both go to one offer; its ACCEPT is sent before the second binding is durable, and without it.
	w.task("late", `shell: sleep 1000`)
	w.task("first", `shell: sleep 1000`)
	w.ready("first", v1alpha1.ReasonRunning)
	task := w.ready("late", v1alpha1.ReasonRunning)
	if task.Status.Restarts != 0 {
		t.Errorf("%d restarts, want none: the launch was called off", task.Status.Restarts)
	}
	if live := w.live(); len(live) != 2 || !late {
		t.Errorf("%v run (the binding came late: %t), want one attempt of each", live, late)
	}
	w.neverTwoLive()
}

func TestMesosTask_endDuringAnOutageSaysWhy(t *testing.T) {
	ends := make(chan struct{})
	runner := simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script { return simulator.Stay() }}
	w := newWorld(t, simulator.Flags{StatusUpdateRetryMin: 300 * time.Millisecond}, untilClosed{runner, ends})
	w.framework("")
	stop := w.startManager()
	w.task("job", `shell: anything, restartPolicy: Never`)
	w.ready("job", v1alpha1.ReasonRunning)
	stop()
	close(ends)
	w.startManager()
	task := w.waitTask("job", "failed with an exit code", func(task *v1alpha1.MesosTask) bool {
		ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
		return ready.Reason == v1alpha1.ReasonFailed && task.Status.Task.ExitCode != nil
	})
	if got := task.Status.Task; *got.ExitCode != 7 || got.Message != "Command exited with status 7" || got.Source != "SOURCE_EXECUTOR" {
		t.Errorf("the attempt is %+v, want what the executor said", got)
	}
}

// untilClosed runs tasks that fail once ends is closed.
type untilClosed struct {
	simulator.Runner
	ends <-chan struct{}
}

func (r untilClosed) Run(launch simulator.Launch, report func(simulator.Report)) simulator.Execution {
	go func() {
		<-r.ends
		report(simulator.Report{State: mesosv1.TASK_FAILED, Message: "Command exited with status 7"})
	}()
	return r.Runner.Run(launch, report)
}

// What a spec says reaches the process as it is, through the API server, Mesos' protobuf and exec; and what the operator adds is there.
func TestMesosTask_argumentsArriveByteForByte(t *testing.T) {
	directory := t.TempDir()
	w := newWorld(t, simulator.Flags{}, simulator.ProcessRunner{Dir: directory})
	w.framework("info: {user: " + currentUser(t) + "}")
	w.startManager()
	w.waitConnected()
	arguments := []string{"", "a\tb", "line\nfeed\r\n", `'single' "double" \ back`, "😀 ü", "$HOME `id` *", "\x1b[0m", " ", ""}
	quoted, err := json.Marshal(arguments)
	if err != nil {
		t.Fatal(err)
	}
	const script = `printf '%s\0' "$@" "$TEXT" "$HOST" "$PORT" "$PORT0" "$PORT_HTTP" "$PORTS"`
	w.task("bytes", fmt.Sprintf(`command: [/bin/sh, -c, %q, sh], args: %s, env: [{name: TEXT, value: %q}, {name: PORT0, value: mine}], ports: [{name: http}, {name: admin}], restartPolicy: Never`,
		script, quoted, "x\ny\t'z' 😀"))
	task := w.ready("bytes", v1alpha1.ReasonCompleted).Status.Task
	first, second := strconv.Itoa(int(task.Ports[0].HostPort)), strconv.Itoa(int(task.Ports[1].HostPort))
	want := slices.Concat(arguments, []string{"x\ny\t'z' 😀", task.Hostname, first, "mine", first, first + "," + second})
	files, err := filepath.Glob(filepath.Join(directory, task.AgentID, task.FrameworkID, task.ID, "*", "stdout"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the task wrote %v (%v), want one file", files, err)
	}
	written, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(written), "\x00"), "\x00")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the process got (-want +got):\n%s", diff)
	}
}

// currentUser is whom a process of the simulator runs as without being root.
func currentUser(t *testing.T) string {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return me.Username
}
