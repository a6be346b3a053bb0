package history

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// What checks ask of a view.

const (
	tasksResource      = "mesostasks"
	frameworksResource = "mesosframeworks"
	setsResource       = "mesostasksets"
	cronsResource      = "mesoscrontasks"
)

// identity is the key of the MesosTask that an attempt names.
func (a *Attempt) identity() objectKey { return objectKey{tasksResource, a.Namespace, a.Name} }

// ours says whether a task ID names a MesosTask. Marks, and what other schedulers run, do not.
func (a *Attempt) ours() bool { return a.Name != "" }

// taskAt is the MesosTask that an attempt names as it was at an entry; nil where there was none.
func (v *View) taskAt(a *Attempt, number int) (*v1alpha1.MesosTask, *Version) {
	version := v.livingAt(a.identity(), number)
	if version == nil {
		return nil, nil
	}
	task, _ := version.Object.(*v1alpha1.MesosTask)
	return task, version
}

// recordOf is what a MesosTask's status says of an attempt, and whether as of its current one; nil where it does not name it.
func recordOf(task *v1alpha1.MesosTask, taskID string) (record *v1alpha1.TaskAttempt, current bool) {
	if task == nil {
		return nil, false
	}
	if task.Status.Task != nil && task.Status.Task.ID == taskID {
		return task.Status.Task, true
	}
	for i := range task.Status.History {
		if task.Status.History[i].ID == taskID {
			return &task.Status.History[i], false
		}
	}
	return nil, false
}

// binds says whether a version of a MesosTask is bound to an attempt.
func (v *Version) binds(taskID string) bool { return v.Binding != nil && v.Binding.TaskID == taskID }

// abandonedAt says whether a framework's status held an attempt as abandoned at an entry, or ever did before.
func (a *Attempt) abandonedAt(number int) (now, ever bool) {
	for _, change := range a.Abandoned {
		if change.Number <= number {
			now = change.Held
			ever = ever || change.Held
		}
	}
	return now, ever
}

// letGo says why an attempt had been let go, durably, by an entry though it was not known to be over: empty if it had not.
func (v *View) letGo(a *Attempt, number int) string {
	if a.LetGo != 0 && a.LetGo <= number {
		return a.Why
	}
	for _, launch := range a.Launches {
		if replaced := v.replaced[launch.Call.Call.FrameworkID.GetValue()]; replaced != 0 && replaced <= number {
			return "its framework ID was replaced"
		}
	}
	return ""
}

// wasOver says whether an object's status had said by an entry that an attempt is over.
func (a *Attempt) wasOver(number int) bool { return a.Over != 0 && a.Over < number }

// excused is why a record of an attempt lets another take its place though it may live: a person's word or a policy, or what Mesos' own operators did to
// its agent (rule 1).
func excused(record *v1alpha1.TaskAttempt) string {
	switch {
	case record.Outcome != "":
		return string(record.Outcome)
	case record.FinishTime == nil:
		return ""
	case record.AgentRemovedTime != nil:
		return "its agent was removed"
	case record.State == mesos.TASK_GONE_BY_OPERATOR.String():
		return "its agent was declared gone"
	case record.Reason == mesos.REASON_AGENT_REMOVED_BY_OPERATOR.String():
		return "its agent was removed"
	}
	return ""
}

// frameworksAt are the MesosFrameworks at an entry.
func (v *View) frameworksAt(number int) (all []*v1alpha1.MesosFramework) {
	for _, object := range v.Frameworks {
		if version := object.at(number); version != nil {
			if framework, ok := version.Object.(*v1alpha1.MesosFramework); ok {
				all = append(all, framework)
			}
		}
	}
	return all
}

// registeredAt says whether the leading master had an agent at an entry.
func (v *View) registeredAt(agentID string, number int) bool {
	changes := v.agents[agentID]
	i := sort.Search(len(changes), func(i int) bool { return changes[i].number > number })
	if i == 0 || !changes[i-1].registered {
		return false
	}
	// A master that was elected since knows it only once it came back.
	since := changes[i-1].number
	election := sort.SearchInts(v.elected, since)
	return election == len(v.elected) || v.elected[election] > number
}

// answered is the status of the answer to a call, as its sender got it; 0 for none.
func (v *View) answered(call int) int {
	answer := v.answers[call]
	if answer == nil || answer.Lost {
		return 0
	}
	return answer.Status
}

// besideAccept says of a call about an attempt that the ACCEPT which launches it was not answered yet, or not even sent, on the same stream; empty if it was.
// The master may see the two in either order, and what it says of a task that it does not know yet is that it is gone (rule 7).
func (v *View) besideAccept(attempt *Attempt, called Called) string {
	for _, launch := range attempt.Launches {
		if launch.Call.Who == "" || launch.Call.StreamID != called.Call.StreamID {
			continue
		}
		if v.answered(launch.Number) == 0 || v.answeredAt[launch.Number] > called.Number {
			return fmt.Sprintf("and its ACCEPT (#%d) has no outcome", launch.Number)
		}
	}
	return ""
}

// tookEffect says whether a call may have taken effect.
func (v *View) tookEffect(call int) bool {
	answer := v.answers[call]
	return answer == nil || answer.Status < 400 || answer.Status >= 500
}

// launched says whether Mesos may ever have launched an attempt by an entry.
func (v *View) launched(a *Attempt, number int) bool {
	return slices.ContainsFunc(a.Launches, func(l Launch) bool { return l.Number < number && v.tookEffect(l.Number) })
}

// definitive says whether an update says that its attempt is over, for good (the definition in the project's list of invariants).
func definitive(status *mesos.TaskStatus) bool {
	switch status.GetState() {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_DROPPED, mesos.TASK_GONE:
		return true
	case mesos.TASK_ERROR:
		return !duplicateID(status)
	default:
		return false
	}
}

// duplicateID says whether a TASK_ERROR speaks of another task of the same ID, which lives (Mesos master: validation.cpp).
func duplicateID(status *mesos.TaskStatus) bool {
	return status.GetState() == mesos.TASK_ERROR && status.GetReason() == mesos.REASON_TASK_INVALID &&
		(strings.Contains(status.GetMessage(), "has duplicate ID") || strings.Contains(status.GetMessage(), "reuses the ID of an unreachable task"))
}

// toldOver says whether Mesos had said by an entry that an attempt is over.
func (a *Attempt) toldOver(number int) bool {
	return slices.ContainsFunc(a.Told, func(t Told) bool { return t.Number < number && definitive(t.Status) })
}

// over says whether a record says that its attempt is over.
func over(record *v1alpha1.TaskAttempt) bool { return record != nil && record.FinishTime != nil }

// progress orders the states of a life; 0 for states that are none.
func progress(state string) int {
	return map[string]int{"TASK_STAGING": 1, "TASK_STARTING": 2, "TASK_RUNNING": 3, "TASK_KILLING": 4}[state]
}

// terminalState says whether a state ends an attempt as its agent or master tells it.
func terminalState(state mesos.TaskState) bool {
	switch state {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_ERROR, mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return true
	default:
		return false
	}
}

// time is when an entry was made.
func (v *View) time(number int) time.Time {
	if entry := v.entry(number); entry != nil {
		return entry.Time
	}
	return time.Time{}
}

// product says whether an instance of the operator sent it.
func (w *Write) product() bool { return w.Who != "" }
