package intervention

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/schedule"
)

// Restart restarts a task, or puts all tasks of a set in place of themselves.
func Restart(object metav1.Object, now time.Time) (*Change, error) {
	switch one := object.(type) {
	case *v1alpha1.MesosTask:
		switch {
		case !one.DeletionTimestamp.IsZero():
			return nil, errors.New("it is being deleted, and launches nothing more")
		case one.Spec.Suspend:
			return nil, errors.New("it is suspended: kubectl mesos resume lets it run")
		}
		return annotate(one, "is restarted", v1alpha1.AnnotationRestartedAt, stamp(now, one.Annotations[v1alpha1.AnnotationRestartedAt]))
	case *v1alpha1.MesosTaskSet:
		switch {
		case one.Spec.Suspend:
			return nil, errors.New("it is suspended: kubectl mesos resume lets it run")
		case one.Spec.Paused:
			return nil, errors.New("its rollouts are paused, so that nothing would be replaced: kubectl mesos rollout resume goes on with them")
		}
		return spec(one, "is restarted, as its updateStrategy says", "restartedAt", stamp(now, one.Spec.RestartedAt))
	case *v1alpha1.MesosCronTask:
		return nil, errors.New("a cron task is not restarted: kubectl mesos run starts a run now")
	}
	return nil, fmt.Errorf("%T cannot be restarted", object)
}

// Suspend keeps a task, all tasks of a set or the schedule of a cron task from running, or lets them run again.
func Suspend(object metav1.Object, suspend bool) (*Change, error) {
	done, is := "is resumed", false
	switch one := object.(type) {
	case *v1alpha1.MesosTask:
		is = one.Spec.Suspend
		if suspend {
			done = "is suspended: its task is killed"
		}
	case *v1alpha1.MesosTaskSet:
		is = one.Spec.Suspend
		if suspend {
			done = "is suspended: all its tasks are killed at once"
		}
	case *v1alpha1.MesosCronTask:
		is = one.Spec.Suspend
		if suspend {
			done = "is suspended: its schedule starts nothing; what runs goes on"
		}
	default:
		return nil, fmt.Errorf("%T cannot be suspended", object)
	}
	if is == suspend {
		return nothing(map[bool]string{true: "is suspended", false: "is not suspended"}[suspend])
	}
	return spec(object, done, "suspend", suspend)
}

// Run starts a run of a cron task now, and names its MesosTask.
func Run(cron *v1alpha1.MesosCronTask, now time.Time) (change *Change, run string, err error) {
	if !cron.DeletionTimestamp.IsZero() {
		return nil, "", errors.New("it is being deleted")
	}
	value := stamp(now, cron.Annotations[v1alpha1.AnnotationRunRequestedAt])
	run = schedule.RequestName(cron.Name, value)
	change, err = annotate(cron, "is asked for a run: task/"+run, v1alpha1.AnnotationRunRequestedAt, value)
	return change, run, err
}

// unspent is a word that was not given before: the value, or that with a number behind a comma.
func unspent(handled []v1alpha1.HandledAnnotation, annotation, value string) string {
	word := value
	for n := 2; slices.ContainsFunc(handled, func(one v1alpha1.HandledAnnotation) bool { return one.Name == annotation && one.Value == word }); n++ {
		word = fmt.Sprintf("%s,%d", value, n)
	}
	return word
}

// GiveUp says that an attempt of a task is over though Mesos cannot say so: the current one, or one of its history. taskID "" is the current one.
func GiveUp(task *v1alpha1.MesosTask, taskID string) (*Change, error) {
	attempt := task.Status.Task
	if taskID != "" && (attempt == nil || attempt.ID != taskID) {
		attempt = nil
		for i := range task.Status.History {
			if task.Status.History[i].ID == taskID {
				attempt = &task.Status.History[i]
			}
		}
		if attempt == nil {
			return nil, fmt.Errorf("it has no attempt %s", taskID)
		}
	}
	switch {
	case attempt == nil:
		return nil, errors.New("it has not been launched: there is nothing to give up")
	case attempt.FinishTime != nil:
		return nil, fmt.Errorf("%s is known to be over", attempt.ID)
	case attempt == task.Status.Task && !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable) && lives[attempt.State]:
		return nil, fmt.Errorf("%s lives, as Mesos says (%s on %s): only what Mesos cannot tell of is given up. kubectl mesos restart and suspend end what lives",
			attempt.ID, attempt.State, attempt.Hostname)
	}
	return annotate(task, fmt.Sprintf("gives up %s: the object goes on without it, and it is killed if it comes back", attempt.ID), v1alpha1.AnnotationGiveUp,
		unspent(task.Status.HandledAnnotations, v1alpha1.AnnotationGiveUp, attempt.ID))
}

// lives are the states of which Mesos is sure that the task lives.
var lives = map[string]bool{"TASK_RUNNING": true, "TASK_STARTING": true, "TASK_KILLING": true}
