package rollout

import (
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// lostAfter is how long a task without a replaceAfterSeconds of its own may be unreachable before it counts neither as available nor as alive.
const lostAfter = 10 * time.Minute

// member is one of the set's MesosTasks.
type member struct {
	task *v1alpha1.MesosTask
	// revision is the label of the one that it is of; updated says that it is that of the template as it is.
	revision string
	updated  bool
	// orphan says that no object controls it.
	orphan bool
	// deleting, ready and available are as status counts them; launched says that it was given to an agent.
	deleting, launched, ready, available bool
	// unreachable says that Mesos cannot say whether it runs, lost that it has been so for too long.
	unreachable, lost bool
	// paused says that a person wants it left alone, leaving that a person or a maintenance wants it elsewhere.
	paused, leaving bool
	// drift says that its spec was changed, or made, by hand, where putting that back restarts it; admitted that it differs from what the set wrote as admission
	// changed it when it was created.
	drift, admitted bool
}

// isLeftAlone says whether a member is neither replaced nor deleted, and nothing is put back in it: as a person wants it so, or as the API server refuses to
// let the set control it.
func isLeftAlone(m *member) bool { return m.paused || m.orphan }

// class finds the members, and counts what may live.
func (s *scene) class() {
	for _, task := range s.Tasks {
		owner := metav1.GetControllerOf(task)
		mine := owner != nil && owner.UID == s.Set.UID
		orphan := owner == nil && task.Labels[v1alpha1.LabelSet] == s.Set.Name && task.DeletionTimestamp == nil
		if orphan && !s.isOfFramework(task) {
			s.strangers = append(s.strangers, task)
			orphan = false
		}
		if mine || orphan {
			m := s.member(task)
			m.orphan = orphan
			s.members = append(s.members, m)
		}
		// What an earlier set of the name leaves behind, or is let go of as it is deleted, may still run.
		if mine || orphan || task.DeletionTimestamp != nil && task.Labels[v1alpha1.LabelSet] == s.Set.Name {
			s.countLive(task)
		}
	}
}

// countLive counts a task that may live.
func (s *scene) countLive(task *v1alpha1.MesosTask) {
	_, lost := s.unreachable(task)
	if !lost {
		s.alive++
	}
	if s.ending == nil && task.DeletionTimestamp != nil && (!lost || s.recreates() && !s.mayBeReplaced(task)) {
		s.ending = task
	}
}

// isOfFramework says whether a task is of the framework that the template names: it cannot be moved to another.
func (s *scene) isOfFramework(task *v1alpha1.MesosTask) bool {
	return task.Spec.FrameworkRef.Name == s.spec.Template.Spec.FrameworkRef.Name
}

func (s *scene) member(task *v1alpha1.MesosTask) *member {
	m := &member{
		task:     task,
		deleting: task.DeletionTimestamp != nil,
		launched: isLaunched(task),
		paused:   isPaused(task),
	}
	m.revision = s.revisionOf(task)
	m.updated = s.update != nil && m.revision == s.update.Label
	m.unreachable, m.lost = s.unreachable(task)
	if wanted := s.wanted(m.revision); wanted != nil && !m.deleting {
		differs := !s.isAsWanted(m.revision, &task.Spec, wanted)
		m.admitted = differs && isAdmitted(task, s.print(m.revision, wanted))
		m.drift = differs && !m.admitted
	}
	evict, _ := strconv.ParseBool(task.Annotations[v1alpha1.AnnotationEvict])
	// Where none may be unavailable, what was changed by hand is replaced as what leaves is, the successor first.
	m.leaving = !m.paused && (evict || !s.isOfFramework(task) || m.drift && s.unavailable == 0 || m.launched && s.Maintained.Has(agentOf(task)))
	s.judge(m)
	return m
}

// revisionOf is the revision that a task is of, by its label, or else its name.
func (s *scene) revisionOf(task *v1alpha1.MesosTask) string {
	revision := task.Labels[v1alpha1.LabelRevision]
	if revision == "" {
		_, revision, _ = v1alpha1.SetOf(task.Name)
	}
	if s.update == nil || revision == s.update.Label || s.revision(revision) != nil {
		return revision
	}
	if restartsNothing(&task.Spec, &s.update.Template.Spec) || isAdmitted(task, s.print(s.update.Label, s.wanted(s.update.Label))) {
		// Its revision was lost, and is what the template is.
		return s.update.Label
	}
	return revision
}

// isAdmitted says whether what restarts a task is what admission made of what the set wanted: it bears the fingerprint of that, and either nobody has
// changed it since, or the set has noted how it was.
func isAdmitted(task *v1alpha1.MesosTask, wanted map[string]any) bool {
	written, admitted, _ := strings.Cut(task.Annotations[v1alpha1.AnnotationAdmitted], "/")
	return written == fingerprint(task.Name, wanted) && (task.Generation <= 1 || admitted == fingerprint(task.Name, restarting(&task.Spec)))
}

// noteOf is the note of what admission made of what the set wanted of a task.
func noteOf(task *v1alpha1.MesosTask, wanted map[string]any) string {
	return fingerprint(task.Name, wanted) + "/" + fingerprint(task.Name, restarting(&task.Spec))
}

// isLaunched says whether a task was given to an agent, and is not known to be over.
func isLaunched(task *v1alpha1.MesosTask) bool {
	if task.Status.Task == nil {
		return task.Annotations[v1alpha1.AnnotationBinding] != ""
	}
	return task.Status.Task.FinishTime == nil
}

// agentOf is the agent of a task's last attempt; empty where there is none, or it has not been written yet.
func agentOf(task *v1alpha1.MesosTask) string {
	if task.Status.Task == nil {
		return ""
	}
	return task.Status.Task.AgentID
}

// isPaused says whether a person wants a task left alone.
func isPaused(task *v1alpha1.MesosTask) bool {
	value, ok := task.Annotations[v1alpha1.AnnotationPaused]
	return ok && value != "false"
}

// judge says whether a member is ready, and since long enough. What its status says of a spec that it no longer has makes it not available: it may be
// about to be restarted.
func (s *scene) judge(m *member) {
	ready := meta.FindStatusCondition(m.task.Status.Conditions, v1alpha1.ConditionReady)
	m.ready = !m.deleting && !m.unreachable && ready != nil && ready.Status == metav1.ConditionTrue && ready.Reason == v1alpha1.ReasonRunning
	if !m.ready || m.task.Status.ObservedGeneration < m.task.Generation {
		return
	}
	availableAt := ready.LastTransitionTime.Add(time.Duration(s.spec.MinReadySeconds) * time.Second)
	if m.available = !s.Now.Before(availableAt); !m.available {
		s.checkAt(availableAt)
	}
}

// unreachable says whether Mesos cannot say whether a task runs, and whether for longer than it is waited for.
func (s *scene) unreachable(task *v1alpha1.MesosTask) (unreachable, lost bool) {
	condition := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable)
	if condition == nil || condition.Status != metav1.ConditionTrue {
		return false, false
	}
	since := condition.LastTransitionTime.Time
	if attempt := task.Status.Task; attempt != nil && attempt.UnreachableTime != nil {
		since = attempt.UnreachableTime.Time
	}
	after := lostAfter
	switch said := task.Spec.Unreachable; {
	case said != nil && said.ReplaceAfterSeconds != nil:
		after = time.Duration(*said.ReplaceAfterSeconds) * time.Second
	case said == nil && s.Framework.ReplaceAfter != nil:
		after = *s.Framework.ReplaceAfter
	}
	if lost = !s.Now.Before(since.Add(after)); !lost {
		s.checkAt(since.Add(after))
	}
	return true, lost
}

// mayBeReplaced says whether somebody said for how long a task's fate may be unknown before another takes its place.
func (s *scene) mayBeReplaced(task *v1alpha1.MesosTask) bool {
	if said := task.Spec.Unreachable; said != nil {
		return said.ReplaceAfterSeconds != nil
	}
	return s.Framework.ReplaceAfter != nil
}

// pick returns the members that are not being deleted and for which a test holds.
func (s *scene) pick(test func(*member) bool) []*member {
	var picked []*member
	for _, m := range s.members {
		if !m.deleting && test(m) {
			picked = append(picked, m)
		}
	}
	return picked
}

func count(members []*member, test func(*member) bool) (n int) {
	for _, m := range members {
		if test(m) {
			n++
		}
	}
	return n
}

func isAvailable(m *member) bool   { return m.available }
func isUnavailable(m *member) bool { return !m.available }
func anyMember(*member) bool       { return true }
