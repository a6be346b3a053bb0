package view

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/explain"
)

// Described is an object with what stands around it.
type Described struct {
	Now time.Time
	// One of them is set.
	Task      *v1alpha1.MesosTask
	Set       *v1alpha1.MesosTaskSet
	Cron      *v1alpha1.MesosCronTask
	Framework *v1alpha1.MesosFramework
	// Tasks are those of a set or cron task.
	Tasks  []v1alpha1.MesosTask
	Events []explain.Event
	Why    explain.Explanation
}

// page is text in two columns, as it grows.
type page struct {
	*Described
	w *tabwriter.Writer
}

// Describe writes all that there is to know of an object, for people.
func Describe(w io.Writer, d *Described) error {
	p := &page{d, tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	switch {
	case d.Task != nil:
		p.task()
	case d.Set != nil:
		p.set()
	case d.Cron != nil:
		p.cron()
	case d.Framework != nil:
		p.framework()
	}
	p.why()
	p.events()
	return p.w.Flush()
}

// addf adds text. What goes wrong in writing it, Flush tells.
func (p *page) addf(format string, values ...any) { _, _ = fmt.Fprintf(p.w, format, values...) }

// rowf writes a name and what stands behind it; nothing where there is nothing.
func (p *page) rowf(name, format string, values ...any) {
	if text := fmt.Sprintf(format, values...); text != "" {
		p.addf("%s:\t%s\n", name, text)
	}
}

func (p *page) heading(name string) { p.addf("\n%s:\n", name) }

// when is a time, and how long ago.
func (p *page) when(t *metav1.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	if t.After(p.Now) {
		return fmt.Sprintf("%s (in %s)", t.UTC().Format(time.RFC3339), duration.HumanDuration(t.Sub(p.Now)))
	}
	return fmt.Sprintf("%s (%s ago)", t.UTC().Format(time.RFC3339), duration.HumanDuration(p.Now.Sub(t.Time)))
}

func (p *page) head(object metav1.Object, conditions []metav1.Condition) {
	p.rowf("Name", "%s", object.GetName())
	p.rowf("Namespace", "%s", object.GetNamespace())
	created := object.GetCreationTimestamp()
	p.rowf("Created", "%s", p.when(&created))
	p.rowf("Deleted", "%s", p.when(object.GetDeletionTimestamp()))
	is := ready(conditions)
	p.rowf("Ready", "%s %s", is.Status, is.Reason)
}

func (p *page) conditions(conditions []metav1.Condition) {
	p.heading("Conditions")
	for _, one := range conditions {
		p.addf("  %s\t%s\t%s\t%s\t%s\n", one.Type, one.Status, one.Reason, duration.HumanDuration(p.Now.Sub(one.LastTransitionTime.Time)), one.Message)
	}
}

// runs is what a task runs.
func (p *page) runs(template *v1alpha1.TaskTemplate) {
	switch {
	case template.Shell != "":
		p.rowf("Runs", "%s", strings.ReplaceAll(template.Shell, "\n", "\n\t"))
	case len(template.Command)+len(template.Args) > 0:
		p.rowf("Runs", "%q", append(append([]string(nil), template.Command...), template.Args...))
	}
	if container := template.Container; container != nil {
		p.rowf("Image", "%s", container.Image)
	}
	p.rowf("Resources", "cpus %s, memory %s", template.Resources.Requests.CPUs.String(), template.Resources.Requests.Memory.String())
}

func (p *page) task() {
	task := p.Task
	p.head(task, task.Status.Conditions)
	p.rowf("Owner", "%s", OwnerOf(task))
	p.rowf("Framework", "%s", task.Spec.FrameworkRef.Name)
	p.rowf("Restart policy", "%s", task.Spec.RestartPolicy)
	p.runs(&task.Spec.TaskTemplate)
	p.rowf("Restarts", "%d", task.Status.Restarts)
	p.rowf("Next launch", "%s", p.when(task.Status.NextLaunchTime))
	if attempt := task.Status.Task; attempt != nil {
		p.heading("Attempt")
		p.attempt(attempt)
	}
	for i := range task.Status.History {
		if i == 0 {
			p.heading("Before")
		}
		attempt := &task.Status.History[i]
		p.addf("  %s\t%s\t%s\tit %s\n", attempt.ID, orNone(attempt.Hostname), orNone(p.when(attempt.FinishTime)), explain.HowItEnded(attempt, &task.Spec))
	}
	p.conditions(task.Status.Conditions)
}

func (p *page) attempt(attempt *v1alpha1.TaskAttempt) {
	row := func(name, text string) { p.rowf("  "+name, "%s", text) }
	row("Task ID", attempt.ID)
	row("State", strings.TrimSpace(attempt.State+" "+attempt.Reason))
	row("Message", attempt.Message)
	row("Agent", strings.TrimSpace(attempt.Hostname+" "+attempt.AgentID))
	row("Container", attempt.ContainerID)
	row("Framework ID", attempt.FrameworkID)
	row("Role", attempt.Role)
	row("Addresses", strings.Join(attempt.IPs, ", "))
	row("Ports", portsOf(attempt))
	row("Bound", p.when(attempt.BoundTime))
	row("Started", p.when(attempt.StartTime))
	row("Finished", p.when(attempt.FinishTime))
	if attempt.ExitCode != nil {
		p.rowf("  Exit code", "%d", *attempt.ExitCode)
	}
	row("Signal", attempt.Signal)
	if attempt.Healthy != nil {
		p.rowf("  Healthy", "%t", *attempt.Healthy)
	}
	row("Readiness", attempt.ReadinessResult)
	row("Unreachable", p.when(attempt.UnreachableTime))
}

func (p *page) tasks() {
	p.heading("Tasks")
	for i := range p.Tasks {
		task := &p.Tasks[i]
		is, host := ready(task.Status.Conditions), ""
		if task.Status.Task != nil {
			host = task.Status.Task.Hostname
		}
		p.addf("  %s\t%s\t%s\t%s\t%d restarts\n", task.Name, is.Status, orNone(is.Reason), orNone(host), task.Status.Restarts)
	}
	if len(p.Tasks) == 0 {
		p.addf("  none\n")
	}
}

func (p *page) set() {
	set, status := p.Set, p.Set.Status
	p.head(set, status.Conditions)
	p.rowf("Framework", "%s", set.Spec.Template.Spec.FrameworkRef.Name)
	wanted := int32(1)
	if set.Spec.Replicas != nil {
		wanted = *set.Spec.Replicas
	}
	p.rowf("Replicas", "%d wanted, %d there, %d updated, %d ready, %d available, %d unreachable, %d terminating", wanted,
		status.Replicas, status.UpdatedReplicas, status.ReadyReplicas, status.AvailableReplicas, status.UnreachableReplicas, status.TerminatingReplicas)
	p.rowf("Revisions", "current %s, update %s", orNone(status.CurrentRevision), orNone(status.UpdateRevision))
	p.rowf("Strategy", "%s", set.Spec.UpdateStrategy.Type)
	if set.Spec.Paused {
		p.rowf("Paused", "yes")
	}
	p.runs(&set.Spec.Template.Spec.TaskTemplate)
	p.tasks()
	p.conditions(status.Conditions)
}

func (p *page) cron() {
	cron, status := p.Cron, p.Cron.Status
	p.head(cron, status.Conditions)
	p.rowf("Framework", "%s", cron.Spec.Template.Spec.FrameworkRef.Name)
	p.rowf("Schedule", "%s", strings.TrimSpace(cron.Spec.Schedule+" "+cron.Spec.TimeZone))
	p.rowf("Concurrency", "%s", cron.Spec.ConcurrencyPolicy)
	p.rowf("Suspended", "%t", cron.Spec.Suspend)
	p.runs(&cron.Spec.Template.Spec.TaskTemplate)
	p.rowf("Active", "%d", status.Active)
	p.rowf("Last scheduled", "%s", p.when(status.LastScheduleTime))
	p.rowf("Last succeeded", "%s", p.when(status.LastSuccessfulTime))
	p.rowf("Next", "%s", p.when(status.NextScheduleTime))
	p.rowf("Missed", "%d", status.MissedRuns)
	p.tasks()
	p.conditions(status.Conditions)
}

func (p *page) framework() {
	framework, status := p.Framework, p.Framework.Status
	p.head(framework, status.Conditions)
	p.rowf("Installation", "%s", framework.Spec.ControllerName)
	if claim := status.Controller; claim != nil {
		p.rowf("Served by", "%s", strings.TrimSpace(claim.Identity+" "+claim.Lease))
	}
	p.rowf("Framework ID", "%s", status.FrameworkID)
	if master := status.Master; master != nil {
		p.rowf("Master", "%s (Mesos %s)", master.URL, orNone(master.Version))
	}
	p.rowf("Roles", "%s", strings.Join(status.Roles, ", "))
	p.rowf("Tasks", "%d bound, %d running, %d pending, %d unreachable", status.Tasks.Bound, status.Tasks.Running, status.Tasks.Pending, status.Tasks.Unreachable)
	if last := status.Reconciliation.Last; last != nil {
		p.rowf("Last pass", "%s: %d tasks in %d rounds, %s", last.Reason, last.Tasks, last.Rounds, p.when(last.CompletionTime))
	}
	if orphans := status.Orphans; orphans != nil {
		p.rowf("Orphans", "%d", orphans.Count)
	}
	p.rowf("Abandoned", "%d", len(status.Abandoned))
	p.conditions(status.Conditions)
}

func (p *page) why() {
	p.heading("Why")
	for _, sentence := range p.Why.Sentences {
		p.addf("  %s\n", sentence)
	}
}

func (p *page) events() {
	const most = 20
	if len(p.Events) == 0 {
		return
	}
	p.heading("Events")
	for _, event := range p.Events[:min(most, len(p.Events))] {
		kind, times := "Normal", ""
		if event.Warning {
			kind = "Warning"
		}
		if event.Count > 1 {
			times = fmt.Sprintf(" (%d times)", event.Count)
		}
		p.addf("  %s\t%s\t%s ago%s\t%s\n", kind, event.Reason, duration.HumanDuration(p.Now.Sub(event.Last)), times, event.Message)
	}
}
