package main

import (
	"context"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/explain"
	"github.com/mesos-operator/mesos-operator/internal/objects"
	"github.com/mesos-operator/mesos-operator/internal/view"
)

// anything are the kinds of which all can be explained and described.
var anything = []*objects.Kind{objects.Task, objects.Set, objects.Cron, objects.Framework}

func newWhy(p *plugin) *cobra.Command {
	command := &cobra.Command{
		Use:   "why NAME",
		Short: "Say why a task waits, restarts or died, and what helps",
		Long: `Say in sentences why a task, set or cron task waits, restarts or died, or what is the matter with a framework, and what helps. It is read from the object's status and
conditions, its Events, and how its framework stands; nothing is changed.

The exit status is 0 if nothing is wrong, and 3 if something is.`,
		Example:           "  kubectl mesos why web\n  kubectl mesos why set/front",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, anything...),
	}
	out := newStructured(command, true)
	command.RunE = func(command *cobra.Command, args []string) error {
		if err := out.check(); err != nil {
			return err
		}
		c, object, err := p.find(command.Context(), args[0], anything...)
		if err != nil {
			return err
		}
		described, err := p.look(command.Context(), c, object)
		if err != nil {
			return err
		}
		if err := p.printExplanation(out, described.Why); err != nil {
			return err
		}
		if !described.Why.Well {
			return statusError(statusUnwell)
		}
		return nil
	}
	return command
}

func (p *plugin) printExplanation(out *structured, explained explain.Explanation) error {
	if out.format != "" {
		return out.print(p.Out, explained, explained.Object)
	}
	where := ""
	if explained.Namespace != "" {
		where = " in " + explained.Namespace
	}
	p.printf("%s%s\n\n", explained.Object, where)
	for _, sentence := range explained.Sentences {
		p.printf("  %s\n", sentence)
	}
	for i, command := range explained.Commands {
		if i == 0 {
			p.printf("\n")
		}
		p.printf("  $ %s\n", command)
	}
	return nil
}

func newDescribe(p *plugin) *cobra.Command {
	return &cobra.Command{
		Use:               "describe NAME",
		Short:             "Show all that there is to know of a task, set, cron task or framework",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, anything...),
		RunE: func(command *cobra.Command, args []string) error {
			c, object, err := p.find(command.Context(), args[0], anything...)
			if err != nil {
				return err
			}
			described, err := p.look(command.Context(), c, object)
			if err != nil {
				return err
			}
			return view.Describe(p.Out, described)
		},
	}
}

// look reads what stands around an object, and has it explained.
func (p *plugin) look(ctx context.Context, c client.Client, object client.Object) (*view.Described, error) {
	d := &view.Described{Now: now()}
	events, err := objects.EventsOf(ctx, c, object)
	if err != nil && !apierrors.IsForbidden(err) {
		return nil, err
	}
	for _, event := range events {
		d.Events = append(d.Events, explain.Event{Warning: event.Warning, Reason: event.Reason, Message: event.Message, Last: event.Last.Time, Count: event.Count})
	}
	framework := ""
	switch one := object.(type) {
	case *v1alpha1.MesosTask:
		d.Task, framework = one, one.Spec.FrameworkRef.Name
	case *v1alpha1.MesosTaskSet:
		d.Set, framework = one, one.Spec.Template.Spec.FrameworkRef.Name
	case *v1alpha1.MesosCronTask:
		d.Cron, framework = one, one.Spec.Template.Spec.FrameworkRef.Name
	case *v1alpha1.MesosFramework:
		d.Framework = one
		d.Why = explain.Framework(explain.SeenFramework{Now: d.Now, Framework: one, Events: d.Events})
		return d, nil
	}
	of, err := objects.FrameworkOf(ctx, c, framework)
	if err != nil && !apierrors.IsForbidden(err) {
		return nil, err
	}
	known := err == nil
	if d.Task == nil {
		if d.Tasks, err = objects.TasksOf(ctx, c, object); err != nil {
			return nil, err
		}
		view.SortTasks(d.Tasks)
	}
	switch {
	case d.Task != nil:
		d.Why = explain.Task(explain.SeenTask{Now: d.Now, Task: d.Task, Framework: of, FrameworkKnown: known, Events: d.Events})
	case d.Set != nil:
		d.Why = explain.Set(explain.SeenSet{Now: d.Now, Set: d.Set, Tasks: d.Tasks, Framework: of, FrameworkKnown: known, Events: d.Events})
	default:
		d.Why = explain.Cron(explain.SeenCron{Now: d.Now, Cron: d.Cron, Tasks: d.Tasks, Framework: of, FrameworkKnown: known, Events: d.Events})
	}
	return d, nil
}
