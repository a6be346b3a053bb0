package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/explain"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

func newWhy(p *plugin) *cobra.Command {
	command := &cobra.Command{
		Use:   "why NAME",
		Short: "Say why a task waits, restarts or died, and what helps",
		Long: `Say in sentences why a task, set or cron task waits, restarts or died, and what helps. It is read from the object's status and conditions, its Events, and how its
framework stands; nothing is changed.

The exit status is 0 if nothing is wrong, and 3 if something is.`,
		Example: `  kubectl mesos why web
  kubectl mesos why set/front`,
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Task, objects.Set, objects.Cron),
	}
	out := newStructured(command, true)
	command.RunE = func(command *cobra.Command, args []string) error {
		if err := out.check(); err != nil {
			return err
		}
		c, object, err := p.find(command.Context(), args[0], objects.Task, objects.Set, objects.Cron)
		if err != nil {
			return err
		}
		explained, err := p.explain(command.Context(), c, object)
		if err != nil {
			return err
		}
		if err := p.printExplanation(out, explained); err != nil {
			return err
		}
		if !explained.Well {
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
	fmt.Fprintf(p.Out, "%s in %s\n\n", explained.Object, explained.Namespace)
	for _, sentence := range explained.Sentences {
		fmt.Fprintf(p.Out, "  %s\n", sentence)
	}
	for i, command := range explained.Commands {
		if i == 0 {
			fmt.Fprintln(p.Out)
		}
		fmt.Fprintf(p.Out, "  $ %s\n", command)
	}
	return nil
}

// explain reads what stands around an object, and has it explained.
func (p *plugin) explain(ctx context.Context, c client.Client, object client.Object) (explain.Explanation, error) {
	events, err := objects.EventsOf(ctx, c, object)
	if err != nil && !apierrors.IsForbidden(err) {
		return explain.Explanation{}, err
	}
	told := make([]explain.Event, len(events))
	for i, event := range events {
		told[i] = explain.Event{Warning: event.Warning, Reason: event.Reason, Message: event.Message, Last: event.Last.Time, Count: event.Count}
	}
	switch one := object.(type) {
	case *v1alpha1.MesosTask:
		seen := explain.SeenTask{Now: now(), Task: one, Events: told}
		seen.Framework, err = objects.FrameworkOf(ctx, c, one.Spec.FrameworkRef.Name)
		if err != nil && !apierrors.IsForbidden(err) {
			return explain.Explanation{}, err
		}
		seen.FrameworkKnown = err == nil
		return explain.Task(seen), nil
	}
	return explain.Explanation{}, fmt.Errorf("%s cannot be explained", objects.Named(object))
}
