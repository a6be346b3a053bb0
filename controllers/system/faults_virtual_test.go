package system

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	corev1 "k8s.io/api/core/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/history"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// The tests named TestFault and a number are the rows of the fault matrix, one for each, in the words of the row: what fails, and what must hold after it.

// counts are what the operator did in a test, as others saw it.
type counts struct {
	// Starts are the tasks that agents got to run.
	Starts int
	// Launches are the tasks that ACCEPTs named, Kills and Acks the calls of those types.
	Launches, Kills, Acks int
	// Objects and Statuses are the writes to MesosTasks and to their statuses that took effect.
	Objects, Statuses int
}

// counted are the counts so far.
func (v *virtual) counted() (c counts) {
	for _, entry := range v.history.Entries() {
		switch {
		case entry.Truth != nil && entry.Truth.What == simulator.Started:
			c.Starts++
		case entry.Call != nil:
			c.Launches += len(launchedIn(entry.Call.Call))
			switch entry.Call.Type {
			case "KILL":
				c.Kills++
			case "ACKNOWLEDGE":
				c.Acks++
			}
		case entry.Write != nil && entry.Write.Who != "" && entry.Write.Outcome == history.Committed && entry.Write.Resource == "mesostasks":
			if entry.Write.Subresource == "status" {
				c.Statuses++
			} else {
				c.Objects++
			}
		}
	}
	return c
}

// since are the counts since earlier ones.
func (v *virtual) since(before counts) counts {
	now := v.counted()
	return counts{
		now.Starts - before.Starts, now.Launches - before.Launches, now.Kills - before.Kills, now.Acks - before.Acks,
		now.Objects - before.Objects, now.Statuses - before.Statuses,
	}
}

// launchedIn are the tasks that a call launches.
func launchedIn(call *scheduler.Call) (tasks []mesosv1.TaskInfo) {
	for i := range call.GetAccept().GetOperations() {
		tasks = append(tasks, call.Accept.Operations[i].GetLaunch().GetTaskInfos()...)
	}
	return tasks
}

// wantCounts fails the test unless the counts since earlier ones are these.
func (v *virtual) wantCounts(before, want counts) {
	v.Helper()
	if got := v.since(before); got != want {
		v.Errorf("counted %+v, want %+v", got, want)
	}
}

// wantRunning fails the test unless exactly one attempt of a task lives, as its object says; it returns the attempt.
func (v *virtual) wantRunning(name string) v1alpha1.TaskAttempt {
	v.Helper()
	task := v.get(name)
	live := v.liveNow()
	mine := slices.DeleteFunc(slices.Clone(live), func(id string) bool { return identityOf(id) != v.namespace+"/"+name })
	if v.reason(name) != v1alpha1.ReasonRunning || task.Status.Task == nil || !slices.Equal(mine, []string{task.Status.Task.ID}) {
		v.Errorf("%s is %s (%s) as %+v and %v live, want it to run once", name, v.reason(name), v.said(name), task.Status.Task, live)
		return v1alpha1.TaskAttempt{}
	}
	return *task.Status.Task
}

// wantGone fails the test unless the object is gone, and nothing of it lives or is remembered.
func (v *virtual) wantGone(name string) {
	v.Helper()
	framework := v.frameworkNow()
	if v.exists(name) || v.live(name) > 0 || len(framework.Status.Abandoned) > 0 || framework.Status.Orphans != nil && framework.Status.Orphans.Count > 0 {
		v.Errorf("%s exists: %t, %d of it live, abandoned: %v, orphans: %+v, want nothing of it", name, v.exists(name), v.live(name), framework.Status.Abandoned, framework.Status.Orphans)
	}
}

// earlier is an attempt of a MesosTask's history; the zero value if it is not there.
func (v *virtual) earlier(name, taskID string) v1alpha1.TaskAttempt {
	v.Helper()
	for _, attempt := range v.get(name).Status.History {
		if attempt.ID == taskID {
			return attempt
		}
	}
	return v1alpha1.TaskAttempt{}
}

// boundTo is the binding of a MesosTask.
func (v *virtual) boundTo(name string) (binding v1alpha1.Binding) {
	v.Helper()
	if err := json.Unmarshal([]byte(v.get(name).Annotations[v1alpha1.AnnotationBinding]), &binding); err != nil {
		v.Fatalf("%s is bound by %q: %v", name, v.get(name).Annotations[v1alpha1.AnnotationBinding], err)
	}
	return binding
}

// agent is the simulated agent with an ID.
func (v *virtual) agent(id string) *simulator.Agent {
	v.Helper()
	for _, agent := range v.mesos.Agents() {
		if agent.ID() == id {
			return agent
		}
	}
	v.Fatalf("there is no agent %s", id)
	return nil
}

// updates are the uuids under which agents told of a state, one for each time.
func (v *virtual) updates(state string) (uuids []string) {
	for _, entry := range v.history.Entries() {
		if update := entry.Event; update != nil && update.Event.Update != nil && update.Event.Update.Status.GetState().String() == state && len(update.Event.Update.Status.UUID) > 0 {
			uuids = append(uuids, string(update.Event.Update.Status.UUID))
		}
	}
	return uuids
}

// acknowledged counts the acknowledgements of an update.
func (v *virtual) acknowledged(uuid string) (n int) {
	for _, entry := range v.history.Entries() {
		if entry.Call != nil && string(entry.Call.Call.GetAcknowledge().GetUUID()) == uuid {
			n++
		}
	}
	return n
}

// byCommand is a runner whose tasks end after a while in the state that their command names, and otherwise stay.
func byCommand(after time.Duration) simulator.Runner {
	return simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		if state, ok := mesosv1.TaskState_value[task.GetCommand().GetValue()]; ok {
			return simulator.EndAfter(after, mesosv1.TaskState(state), "Over")
		}
		return simulator.Stay()
	}}
}

// elsewhere is another Kubernetes cluster, with the operator on the same Mesos. What happens there is in no history.
func (v *virtual) elsewhere() *virtual {
	v.Helper()
	kinds, err := readKinds()
	if err != nil {
		v.Fatal(err)
	}
	other := &virtual{T: v.T, namespace: v.namespace, history: history.New(), asked: &asked{byWhat: map[string]int{}}, mesos: v.mesos}
	other.api = apiserver.New(apiserver.Options{Kinds: kinds})
	other.client = other.newClient()
	other.create(`{apiVersion: v1, kind: Namespace, metadata: {name: virtual}}`, &corev1.Namespace{})
	v.quit = append(v.quit, func() {
		other.stop()
		other.api.Close()
	})
	return other
}

// doomed is a process that dies around one of its outward steps.
type doomed struct {
	*virtual
	mu   sync.Mutex
	end  *death
	when func() bool
}

// startDoomed starts a process that lives until dies says how it does not.
func (v *virtual) startDoomed() *doomed {
	v.Helper()
	d := &doomed{virtual: v}
	v.watch = func(step leadership.Step, send func() error) error {
		d.mu.Lock()
		end := d.end
		if end != nil && step.Kind == end.kind && step.What == end.what && d.when != nil && !d.when() {
			end = nil
		}
		d.mu.Unlock()
		if end == nil {
			return send()
		}
		return end.watch(step, send)
	}
	v.start()
	v.watch = nil
	return d
}

// arm makes the process die around the next step of a kind, of those that when agrees to if it is not nil.
func (d *doomed) arm(kind leadership.StepKind, what string, at moment, when func() bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end, d.when = &death{kind: kind, what: what, nth: 1, moment: at, died: make(chan struct{})}, when
}

// dies arms it, does what brings the step about, and returns once the process is dead, as by SIGKILL.
func (d *doomed) dies(kind leadership.StepKind, what string, at moment, when func() bool, cause func()) {
	d.Helper()
	d.arm(kind, what, at, when)
	cause()
	for range 600 {
		select {
		case <-d.end.died:
			d.running.kill()
			return
		default:
			d.pass(100 * time.Millisecond)
		}
	}
	d.Fatalf("the process took no step %s %s within a minute", kind, what)
}

// moments are all of them.
var moments = []moment{before, sent, answered}
