package history

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Checks of what sets, cron tasks and services promise.

// lately is how old what a write rests on may be: others change things while it is on its way.
const lately = 10 * time.Second

// setsOf are the versions of a set that were in force at an entry, or shortly before; nil where there is no such set any more.
func (v *View) setsOf(uid types.UID, number int) []*v1alpha1.MesosTaskSet {
	return inForce[*v1alpha1.MesosTaskSet](v, v.objects[uid], number)
}

// inForce are the versions of an object at an entry and shortly before it, the latest first.
func inForce[T any](v *View, object *Object, number int) (versions []T) {
	if object == nil {
		return nil
	}
	for i := len(object.Versions) - 1; i >= 0; i-- {
		version := &object.Versions[i]
		if version.Early > number {
			continue
		}
		if one, ok := version.Object.(T); ok {
			versions = append(versions, one)
		}
		if version.Number <= number && v.time(number).Sub(v.time(version.Number)) > lately {
			break
		}
	}
	return versions
}

// byOwner are the MesosTasks that a set or a cron task controls, or that bear its label, by its UID.
func (v *View) byOwner(label string) map[types.UID][]*Object {
	owned := map[types.UID][]*Object{}
	for _, object := range v.Tasks {
		var owners []types.UID
		for i := range object.Versions {
			task, ok := object.Versions[i].Object.(*v1alpha1.MesosTask)
			if !ok || task.Labels[label] == "" {
				continue
			}
			if owner := metav1.GetControllerOf(task); owner != nil && !slices.Contains(owners, owner.UID) {
				owners = append(owners, owner.UID)
			}
		}
		for _, owner := range owners {
			owned[owner] = append(owned[owner], object)
		}
	}
	return owned
}

// lives says whether a task of an object truly lives at an entry.
func (v *View) lives(namespace, name string, number int) bool {
	return slices.ContainsFunc(v.byIdentity[objectKey{tasksResource, namespace, name}], func(a *Attempt) bool {
		return slices.ContainsFunc(a.Lives, func(l Life) bool { return l.Start < number && (l.End == 0 || l.End > number) })
	})
}

// budgetsOf are the replicas of a set, and how many more and fewer there may be.
func budgetsOf(set *v1alpha1.MesosTaskSet) (replicas, surge, unavailable int) {
	replicas = 1
	if set.Spec.Replicas != nil {
		replicas = int(*set.Spec.Replicas)
	}
	rolling := set.Spec.UpdateStrategy.RollingUpdate
	if rolling == nil {
		rolling = &v1alpha1.RollingUpdate{}
	}
	share := func(said *intstr.IntOrString, up bool) int {
		quarter := intstr.FromString("25%")
		part, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(said, quarter), replicas, up)
		if err != nil {
			return 0
		}
		return max(0, part)
	}
	surge, unavailable = share(rolling.MaxSurge, true), min(replicas, share(rolling.MaxUnavailable, false))
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return replicas, surge, unavailable
}

// keepsSurge: a set never makes a MesosTask where as many as its replicas and its surge may live already, those being deleted included. One that is long
// unreachable does not count, and what lives in Mesos without its MesosTask gets it back in any case.
func keepsSurge(v *View) (found []Violation) {
	owned := v.byOwner(v1alpha1.LabelSet)
	for _, object := range v.Tasks {
		made := &object.Versions[0]
		task, ok := made.Object.(*v1alpha1.MesosTask)
		owner := (*metav1.OwnerReference)(nil)
		if ok && made.Write.Verb == "create" && made.Write.product() {
			owner = metav1.GetControllerOf(task)
		}
		if owner == nil || task.Labels[v1alpha1.LabelSet] == "" || v.lives(object.namespace, object.name, made.Number) {
			continue
		}
		living := 0
		for _, other := range owned[owner.UID] {
			if version := other.at(made.Number); version != nil && version.Object != nil && !v.isLost(version.Object, made.Number) {
				living++
			}
		}
		room := 0
		for _, set := range v.setsOf(owner.UID, made.Number) {
			replicas, surge, _ := budgetsOf(set)
			room = max(room, replicas+surge)
		}
		if living > room {
			found = append(found, violation(made.Number, []string{task.Labels[v1alpha1.LabelSet]}, "set %s/%s makes %s, which is one of %d that may live, and %d may",
				object.namespace, task.Labels[v1alpha1.LabelSet], object.name, living, room))
		}
	}
	return found
}

// isLost says whether Mesos has not been able for long to tell of the task of a MesosTask.
func (v *View) isLost(object any, number int) bool {
	task, ok := object.(*v1alpha1.MesosTask)
	if !ok {
		return false
	}
	limit := 10 * time.Minute
	if task.Spec.Unreachable != nil && task.Spec.Unreachable.ReplaceAfterSeconds != nil {
		limit = time.Duration(*task.Spec.Unreachable.ReplaceAfterSeconds) * time.Second
	}
	unreachable := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable)
	// Its time is in whole seconds.
	return unreachable != nil && unreachable.Status == metav1.ConditionTrue && v.time(number).Add(time.Second).Sub(unreachable.LastTransitionTime.Time) >= limit
}

// keepsAvailable: a set deletes a MesosTask that is available only where as many others are as must be.
func keepsAvailable(v *View) (found []Violation) {
	owned := v.byOwner(v1alpha1.LabelSet)
	for _, object := range v.Tasks {
		for i := range object.Versions {
			version := &object.Versions[i]
			before, ok := version.Last.(*v1alpha1.MesosTask)
			if !ok || version.Write.Verb != "delete" || !version.Write.product() || !before.DeletionTimestamp.IsZero() {
				continue
			}
			owner := metav1.GetControllerOf(before)
			if owner == nil || before.Labels[v1alpha1.LabelSet] == "" {
				continue
			}
			if others, least := v.leftAvailable(owned[owner.UID], object, owner.UID, version.Number); others < least {
				found = append(found, violation(version.Number, []string{before.Labels[v1alpha1.LabelSet]}, "set %s/%s deletes %s, which leaves %d available, and %d must be",
					object.namespace, before.Labels[v1alpha1.LabelSet], object.name, others, least))
			}
		}
	}
	return found
}

// leftAvailable is how many tasks of a set are available without one of them, and how many must be; none must where that one is not.
func (v *View) leftAvailable(owned []*Object, without *Object, uid types.UID, number int) (others, least int) {
	sets := v.setsOf(uid, number)
	if len(sets) == 0 || !v.available(without, sets[0], number-1, 0) {
		return 0, 0
	}
	least = -1
	for _, set := range sets {
		replicas, _, unavailable := budgetsOf(set)
		must := max(0, replicas-unavailable)
		if set.Spec.Suspend || !set.DeletionTimestamp.IsZero() || set.Spec.UpdateStrategy.Type == v1alpha1.UpdateRecreate {
			must = 0
		}
		if least < 0 || must < least {
			least = must
		}
	}
	for _, other := range owned {
		if other != without && v.available(other, sets[0], number, lately) {
			others++
		}
	}
	return others, least
}

// available says whether a MesosTask that is not being deleted is available at an entry, or was not long before.
func (v *View) available(object *Object, set *v1alpha1.MesosTaskSet, number int, within time.Duration) bool {
	version := object.at(number)
	if version == nil || version.Object == nil || !version.Object.GetDeletionTimestamp().IsZero() {
		return false
	}
	now := v.time(number)
	for i := len(object.Versions) - 1; i >= 0; i-- {
		one := &object.Versions[i]
		if one.Early > number {
			continue
		}
		task, ok := one.Object.(*v1alpha1.MesosTask)
		if ok && running(task) {
			since := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady).LastTransitionTime.Time
			if !now.Before(since.Add(time.Duration(set.Spec.MinReadySeconds) * time.Second)) {
				return true
			}
		}
		if one.Number <= number && now.Sub(v.time(one.Number)) >= within {
			break
		}
	}
	return false
}

// running says whether a MesosTask is ready as it runs.
func running(task *v1alpha1.MesosTask) bool {
	ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.Reason == v1alpha1.ReasonRunning
}

// keepsRevisions: no ControllerRevision is deleted of which a MesosTask is, nor the one that its set is at or goes to.
func keepsRevisions(v *View) (found []Violation) {
	for _, object := range v.Objects {
		if object.resource != "controllerrevisions" {
			continue
		}
		for i := range object.Versions {
			version := &object.Versions[i]
			revision, ok := version.Last.(*appsv1.ControllerRevision)
			if !ok || version.Write.Verb != "delete" || !version.Write.product() {
				continue
			}
			label, owner := revision.Labels[v1alpha1.LabelRevision], metav1.GetControllerOf(revision)
			if owner == nil {
				continue
			}
			if user := v.userOf(label, owner.UID, version.Number); user != "" {
				found = append(found, violation(version.Number, []string{object.name}, "ControllerRevision %s/%s is deleted, and %s is of it", object.namespace, object.name, user))
			}
		}
	}
	return found
}

// userOf is who needs a revision of a set at an entry; empty for nobody.
func (v *View) userOf(label string, set types.UID, number int) string {
	if sets := v.setsOf(set, number); len(sets) > 0 && slices.Contains([]string{sets[0].Status.UpdateRevision, sets[0].Status.CurrentRevision}, label) {
		return "the set"
	}
	for _, object := range v.Tasks {
		version := object.at(number)
		if version == nil || version.Object == nil || version.Object.GetLabels()[v1alpha1.LabelRevision] != label {
			continue
		}
		if owner := metav1.GetControllerOf(version.Object); owner != nil && owner.UID == set {
			return object.name
		}
	}
	return ""
}

// runsOnce: a cron task makes the MesosTask of a run once, whatever dies, but for one that lives in Mesos and has none.
func runsOnce(v *View) (found []Violation) {
	type run struct {
		cron types.UID
		name string
	}
	made := map[run]int{}
	for _, object := range v.Tasks {
		version := &object.Versions[0]
		task, ok := version.Object.(*v1alpha1.MesosTask)
		if !ok || version.Write.Verb != "create" || !version.Write.product() || task.Labels[v1alpha1.LabelCron] == "" {
			continue
		}
		owner := metav1.GetControllerOf(task)
		if owner == nil {
			continue
		}
		one := run{owner.UID, object.name}
		if first := made[one]; first != 0 && !v.lives(object.namespace, object.name, version.Number) {
			found = append(found, violation(version.Number, []string{object.name}, "cron task %s/%s makes run %s again; it did at #%d", object.namespace, task.Labels[v1alpha1.LabelCron], object.name, first))
		}
		made[one] = version.Number
	}
	return found
}

// runsAlone: with Forbid and Replace no run is made while another is not over.
func runsAlone(v *View) (found []Violation) {
	owned := v.byOwner(v1alpha1.LabelCron)
	for _, object := range v.Tasks {
		version := &object.Versions[0]
		task, ok := version.Object.(*v1alpha1.MesosTask)
		if !ok || version.Write.Verb != "create" || !version.Write.product() || task.Labels[v1alpha1.LabelCron] == "" {
			continue
		}
		owner := metav1.GetControllerOf(task)
		if owner == nil || v.lives(object.namespace, object.name, version.Number) {
			continue
		}
		crons := inForce[*v1alpha1.MesosCronTask](v, v.objects[owner.UID], version.Number)
		if len(crons) == 0 || slices.ContainsFunc(crons, func(c *v1alpha1.MesosCronTask) bool {
			return c.Spec.ConcurrencyPolicy == v1alpha1.ConcurrencyAllow || c.Spec.ConcurrencyPolicy == ""
		}) {
			continue
		}
		for _, other := range owned[owner.UID] {
			if other == object || v.runOver(other, version.Number) {
				continue
			}
			found = append(found, violation(version.Number, []string{object.name, other.name}, "cron task %s/%s makes run %s while %s is not over, and its concurrencyPolicy is %s",
				object.namespace, task.Labels[v1alpha1.LabelCron], object.name, other.name, crons[0].Spec.ConcurrencyPolicy))
		}
	}
	return found
}

// ahead is how far ahead of the clock the time of a run may lie before it is taken for one of a clock that was wrong, which nobody waits for.
const ahead = time.Hour

// runOver says whether a run is over at an entry, gone, or not there yet.
func (v *View) runOver(object *Object, number int) bool {
	version := object.at(number)
	if version == nil || version.Object == nil {
		return true
	}
	task, ok := version.Object.(*v1alpha1.MesosTask)
	if !ok {
		return true
	}
	if due, err := time.Parse(time.RFC3339, task.Annotations[v1alpha1.AnnotationScheduledAt]); err == nil && due.After(v.time(number).Add(ahead)) {
		return true
	}
	end := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionSucceeded)
	return end != nil && end.Status != metav1.ConditionUnknown && task.DeletionTimestamp.IsZero()
}

// forgetsNoRun: a run is deleted only once its cron task durably says that it was started: it would come again.
func forgetsNoRun(v *View) (found []Violation) {
	for _, object := range v.Tasks {
		for i := range object.Versions {
			version := &object.Versions[i]
			task, ok := version.Last.(*v1alpha1.MesosTask)
			if !ok || version.Write.Verb != "delete" || !version.Write.product() || task.Labels[v1alpha1.LabelCron] == "" {
				continue
			}
			owner := metav1.GetControllerOf(task)
			due, err := time.Parse(time.RFC3339, task.Annotations[v1alpha1.AnnotationScheduledAt])
			if owner == nil || err != nil || due.After(v.time(version.Number).Add(ahead)) {
				continue
			}
			cron := inForce[*v1alpha1.MesosCronTask](v, v.objects[owner.UID], version.Number)
			if len(cron) == 0 {
				continue
			}
			if last := cron[0].Status.LastScheduleTime; last == nil || due.After(last.Time) {
				found = append(found, violation(version.Number, []string{object.name}, "run %s/%s is deleted, and its cron task's status says that the last one was started for %s",
					object.namespace, object.name, stamp(last)))
			}
		}
	}
	return found
}

// findsWhatRuns: a slice calls ready only tasks of MesosTasks that say so, or of which Mesos cannot tell since they did.
func findsWhatRuns(v *View) (found []Violation) {
	for _, object := range v.Objects {
		if object.resource != "endpointslices" {
			continue
		}
		for i := range object.Versions {
			version := &object.Versions[i]
			slice, ok := version.Object.(*discoveryv1.EndpointSlice)
			if !ok || !version.Write.product() {
				continue
			}
			for j := range slice.Endpoints {
				if why := v.notReady(&slice.Endpoints[j], version.Number); why != "" {
					found = append(found, violation(version.Number, []string{slice.Endpoints[j].TargetRef.Name}, "EndpointSlice %s/%s calls %s ready, %s",
						object.namespace, object.name, slice.Endpoints[j].TargetRef.Name, why))
				}
			}
		}
	}
	return found
}

// notReady says why an endpoint is called ready and should not be; empty if it should.
func (v *View) notReady(endpoint *discoveryv1.Endpoint, number int) string {
	if endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready || endpoint.TargetRef == nil {
		return ""
	}
	tasks := inForce[*v1alpha1.MesosTask](v, v.objects[endpoint.TargetRef.UID], number)
	if len(tasks) == 0 {
		return "and there is no such MesosTask"
	}
	if slices.ContainsFunc(tasks, func(task *v1alpha1.MesosTask) bool {
		return running(task) || meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable)
	}) {
		return ""
	}
	return "and its MesosTask does not"
}
