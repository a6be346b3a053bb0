package history

import (
	"slices"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Checks of attempts: when they are launched, and how many live.

// oneLive is S1: of two attempts of one object that live at the same time, the earlier was let go for a reason that the design knows, durably, before the
// later was launched.
func oneLive(v *View) (found []Violation) {
	type life struct {
		*Attempt
		Life
	}
	lives := map[objectKey][]life{}
	for _, attempt := range v.Attempts {
		for _, one := range attempt.Lives {
			if !attempt.ours() {
				continue
			}
			for _, other := range lives[attempt.identity()] {
				if other.End != 0 && other.End < one.Start || one.End != 0 && one.End < other.Start {
					continue
				}
				first, second := other.Attempt, attempt
				if second.launch() < first.launch() {
					first, second = second, first
				}
				if v.mayOverlap(first, second) {
					continue
				}
				found = append(found, violation(max(one.Start, other.Start), []string{first.ID, second.ID},
					"tasks %s on agent %s and %s on agent %s live at once, and nothing durable had let the first go when the second was launched (#%d)",
					other.ID, other.AgentID, attempt.ID, one.AgentID, second.launch()))
			}
			lives[attempt.identity()] = append(lives[attempt.identity()], life{attempt, one})
		}
	}
	return found
}

// launch is the number of the first ACCEPT that names an attempt, 0 for none.
func (a *Attempt) launch() int {
	if len(a.Launches) == 0 {
		return 0
	}
	return a.Launches[0].Number
}

// mayOverlap says whether the design lets an attempt be launched while an earlier one may live.
func (v *View) mayOverlap(first, second *Attempt) bool {
	at := second.launch()
	if first == second {
		return false
	}
	if v.letGo(first, at) != "" || strangers(first, second) {
		return true
	}
	// The object was rebuilt without its binding while the agent was not there to tell of the task.
	task, version := v.taskAt(first, at)
	if task == nil || version.binds(first.ID) {
		return false
	}
	record, _ := recordOf(task, first.ID)
	return record == nil && len(first.Lives) > 0 && !slices.ContainsFunc(first.Lives, func(l Life) bool { return v.registeredAt(l.AgentID, at) })
}

// strangers says whether two attempts of one name are of two objects that belong to different frameworks: neither knows of the other.
func strangers(first, second *Attempt) bool {
	if len(first.Bound) == 0 || len(second.Bound) == 0 {
		return false
	}
	one, two := first.Bound[0], second.Bound[0]
	return one.UID != two.UID && one.Binding.FrameworkID != two.Binding.FrameworkID
}

// boundFirst is S2: before an attempt is launched, its object is durably bound to it, for that agent and framework ID.
func boundFirst(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		for _, launch := range attempt.Launches {
			if launch.Call.Who == "" {
				continue
			}
			about := []string{attempt.ID}
			i := slices.IndexFunc(attempt.Bound, func(b Bound) bool { return b.Number < launch.Number })
			if i < 0 {
				found = append(found, violation(launch.Number, about, "task %s is launched, and no object is durably bound to it", attempt.ID))
				continue
			}
			binding, uid := attempt.Bound[i].Binding, attempt.Bound[i].UID
			switch frameworkID := launch.Call.Call.FrameworkID.GetValue(); {
			case binding.AgentID != launch.Info.AgentID.Value:
				found = append(found, violation(launch.Number, about, "task %s is launched on agent %s, and bound to %s", attempt.ID, launch.Info.AgentID.Value, binding.AgentID))
			case binding.FrameworkID != frameworkID:
				found = append(found, violation(launch.Number, about, "task %s is launched by framework %s, and bound under %s", attempt.ID, frameworkID, binding.FrameworkID))
			case binding.UID != string(uid):
				found = append(found, violation(launch.Number, about, "task %s is launched by a binding of UID %s on an object of UID %s", attempt.ID, binding.UID, uid))
			}
		}
	}
	return found
}

// launchedOnce is S3.
func launchedOnce(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		for i := 1; i < len(attempt.Launches); i++ {
			found = append(found, violation(attempt.Launches[i].Number, []string{attempt.ID}, "task %s is launched again; it was at #%d", attempt.ID, attempt.Launches[0].Number))
		}
	}
	return found
}

// nextAfterEnd is S10: an object is bound to its next attempt only once it is durable that the earlier ones are over, or let go; and what was let go is
// never taken back.
func nextAfterEnd(v *View) (found []Violation) {
	for _, object := range v.Tasks {
		var earlier []*Attempt
		for i := range object.Versions {
			version := &object.Versions[i]
			if version.Binding == nil || i > 0 && object.Versions[i-1].binds(version.Binding.TaskID) {
				continue
			}
			next := v.attempts[version.Binding.TaskID]
			if version.Write.product() {
				found = append(found, v.boundTooEarly(object, version, earlier, next)...)
				if why := v.letGo(next, version.Number-1); why != "" {
					found = append(found, violation(version.Number, []string{next.ID}, "object %s/%s is bound to task %s, which had been let go (%s)",
						object.namespace, object.name, next.ID, why))
				}
			}
			earlier = append(earlier, next)
		}
	}
	return found
}

// boundTooEarly are the earlier attempts of an object that may go on when it is bound to the next.
func (v *View) boundTooEarly(object *Object, version *Version, earlier []*Attempt, next *Attempt) (found []Violation) {
	task, _ := version.Object.(*v1alpha1.MesosTask)
	for _, before := range earlier {
		record, _ := recordOf(task, before.ID)
		switch {
		case before == next, over(record), record != nil && record.Outcome != "", !v.launched(before, version.Number), record == nil && before.wasOver(version.Number):
			continue
		case v.letGo(before, version.Number) != "":
			continue
		}
		found = append(found, violation(version.Number, []string{before.ID, next.ID}, "object %s/%s is bound to task %s, and its status does not say that %s is over",
			object.namespace, object.name, next.ID, before.ID))
	}
	return found
}

// releasedWhenOver is S11: the operator takes its finalizer away only when every attempt that the object ever had is over or never was, is remembered as
// abandoned, or is to be let go by the object's own policy.
func releasedWhenOver(v *View) (found []Violation) {
	for _, object := range v.Tasks {
		var seen []string
		for i := range object.Versions {
			version := &object.Versions[i]
			for _, id := range attemptsOf(version) {
				if !slices.Contains(seen, id) {
					seen = append(seen, id)
				}
			}
			before, released := releases(version)
			if !released || before.Spec.DeletionPolicy == v1alpha1.TaskDeletionOrphan {
				continue
			}
			for _, id := range seen {
				attempt := v.attempts[id]
				if why := v.mayLive(attempt, before, version.Number); why != "" {
					found = append(found, violation(version.Number, []string{attempt.ID}, "object %s/%s is let go while task %s %s", object.namespace, object.name, attempt.ID, why))
				}
			}
		}
	}
	return found
}

// attemptsOf are the IDs that a version of a MesosTask names.
func attemptsOf(version *Version) (ids []string) {
	if version.Binding != nil {
		ids = append(ids, version.Binding.TaskID)
	}
	task, ok := version.Object.(*v1alpha1.MesosTask)
	if !ok {
		return ids
	}
	if task.Status.Task != nil {
		ids = append(ids, task.Status.Task.ID)
	}
	for i := range task.Status.History {
		ids = append(ids, task.Status.History[i].ID)
	}
	return ids
}

// releases says whether the operator took its finalizer off a MesosTask, and how that was before.
func releases(version *Version) (before *v1alpha1.MesosTask, released bool) {
	before, ok := version.Last.(*v1alpha1.MesosTask)
	after, isTask := version.Write.After.(*v1alpha1.MesosTask)
	return before, ok && isTask && version.Write.product() &&
		slices.Contains(before.Finalizers, v1alpha1.TaskFinalizer) && !slices.Contains(after.Finalizers, v1alpha1.TaskFinalizer)
}

// mayLive says why an attempt may live as its object is let go; empty if it may not, or if that is remembered.
func (v *View) mayLive(attempt *Attempt, before *v1alpha1.MesosTask, number int) string {
	record, _ := recordOf(before, attempt.ID)
	held, _ := attempt.abandonedAt(number)
	switch {
	case held || !v.launched(attempt, number) && !over(record) && len(attempt.Lives) == 0:
		return ""
	case over(record) && excused(record) != "":
		return ""
	case slices.ContainsFunc(attempt.Lives, func(l Life) bool { return l.Start < number && (l.End == 0 || l.End > number) }):
		return "lives"
	case over(record), attempt.toldOver(number), attempt.wasOver(number):
		return ""
	default:
		return "is not known to be over"
	}
}

// killedForAReason is S12: the operator kills only what was launched, and its object no longer wants, durably, or what nobody accounts for and is to be killed. An object that was
// deleted wants nothing: a KILL about what it was bound to may arrive after it is gone, as its task's end is told meanwhile.
func killedForAReason(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		for _, kill := range attempt.Kills {
			if kill.Call.Who == "" {
				continue
			}
			// What it was sent for may be gone when it arrives, as with a task that ended meanwhile.
			if why := v.killedWithout(attempt, kill.Number); why != "" && v.killedWithout(attempt, kill.Sent) != "" {
				found = append(found, violation(kill.Number, []string{attempt.ID}, "task %s is killed, %s", attempt.ID, why))
			}
			if why := v.besideAccept(attempt, kill); why != "" {
				found = append(found, violation(kill.Number, []string{attempt.ID}, "task %s is killed, %s", attempt.ID, why))
			}
		}
	}
	return found
}

// killedWithout says what is missing for a KILL; empty if nothing is.
func (v *View) killedWithout(attempt *Attempt, number int) string {
	if _, ever := attempt.abandonedAt(number); ever || v.killsOrphans(number) {
		return ""
	}
	task, version := v.taskAt(attempt, number)
	if task == nil {
		if v.deletedWith(attempt, number) {
			return ""
		}
		return "and no object, abandonment or policy asks for it"
	}
	record, _ := recordOf(task, attempt.ID)
	switch {
	case !task.DeletionTimestamp.IsZero(), task.Spec.Suspend:
		return ""
	case record != nil && (record.KillReason != "" || excused(record) != "" || over(record)):
		return ""
	case record == nil && !version.binds(attempt.ID):
		if v.letGo(attempt, number) != "" {
			return ""
		}
		return "and its object, which does not name it, does not say why"
	default:
		return "and its object says no reason"
	}
}

// deletedWith says whether an attempt is of an object that was deleted, and is gone by an entry, and was not to let its task go on.
func (v *View) deletedWith(attempt *Attempt, number int) bool {
	for _, object := range slices.Backward(v.named[attempt.identity()]) {
		for i := range slices.Backward(object.Versions) {
			version := &object.Versions[i]
			task, ok := version.Object.(*v1alpha1.MesosTask)
			if !ok || version.Number > number {
				continue
			}
			return !task.DeletionTimestamp.IsZero() && task.Spec.DeletionPolicy != v1alpha1.TaskDeletionOrphan && slices.Contains(attemptsOf(version), attempt.ID)
		}
	}
	return false
}

// killsOrphans says whether a framework had its orphans killed by an entry: by policy or by a person's word.
func (v *View) killsOrphans(number int) bool {
	for _, object := range v.Frameworks {
		for i := range object.Versions {
			version := &object.Versions[i]
			if version.Number > number {
				break
			}
			framework, ok := version.Object.(*v1alpha1.MesosFramework)
			if ok && (framework.Spec.OrphanPolicy == v1alpha1.OrphanKill || framework.Annotations[v1alpha1.AnnotationKillOrphans] != "") {
				return true
			}
		}
	}
	return false
}
