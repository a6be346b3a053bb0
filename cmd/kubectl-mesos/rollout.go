package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/intervention"
	"github.com/mesos-operator/mesos-operator/internal/objects"
	"github.com/mesos-operator/mesos-operator/internal/view"
)

func newRollout(p *plugin) *cobra.Command {
	command := &cobra.Command{Use: "rollout", Short: "Watch, hold, go on with and undo the rollouts of sets", Args: usage(cobra.NoArgs)}
	for _, one := range []func(*plugin) *cobra.Command{newRolloutStatus, newRolloutHistory, newRolloutUndo, newRolloutPause, newRolloutResume} {
		command.AddCommand(one(p))
	}
	return command
}

func newRolloutStatus(p *plugin) *cobra.Command {
	watch, timeout := true, time.Duration(0)
	command := &cobra.Command{
		Use:   "status SET",
		Short: "Say how far a rollout is, until it is done",
		Long: `Say how far the rollout of a set is, until it is done. The exit status is 0 once it is, and 3 if it does not get on: then the last line says which task is in the way,
where and why. With --watch=false it is 3 also for a rollout that is under way.`,
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Set),
	}
	command.Flags().BoolVarP(&watch, "watch", "w", true, "wait until it is done")
	command.Flags().DurationVar(&timeout, "timeout", time.Hour, "how long to wait")
	command.RunE = func(command *cobra.Command, args []string) error {
		c, set, err := p.findSet(command, args[0])
		if err != nil {
			return err
		}
		last := ""
		failed := false
		err = p.await(command.Context(), c, set, timeout, func() (bool, string, error) {
			said, done, stalled := view.Rollout(set)
			if failed = !done; said != last {
				last = said
				p.printf("%s\n", said)
			}
			return done || stalled || !watch, "", nil
		})
		if err == nil && failed {
			return statusError(statusUnwell)
		}
		return err
	}
	return command
}

func (p *plugin) revisions(ctx context.Context, c client.Client, set *v1alpha1.MesosTaskSet) ([]intervention.Revision, error) {
	list := &appsv1.ControllerRevisionList{}
	if err := c.List(ctx, list, client.InNamespace(set.Namespace), client.MatchingLabels{v1alpha1.LabelSet: set.Name}); err != nil {
		return nil, fmt.Errorf("listing the history of %s: %w", objects.Named(set), err)
	}
	return intervention.Revisions(set, list.Items), nil
}

func newRolloutHistory(p *plugin) *cobra.Command {
	revision := int64(0)
	command := &cobra.Command{
		Use:               "history SET",
		Short:             "List the templates that a set had",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Set),
	}
	command.Flags().Int64Var(&revision, "revision", 0, "show the template of this one")
	out := newStructured(command, true)
	command.RunE = func(command *cobra.Command, args []string) error {
		if err := out.check(); err != nil {
			return err
		}
		c, set, err := p.findSet(command, args[0])
		if err != nil {
			return err
		}
		revisions, err := p.revisions(command.Context(), c, set)
		if err != nil {
			return err
		}
		if revision != 0 {
			return p.showRevision(set, revisions, revision, out)
		}
		tasks, err := objects.TasksOf(command.Context(), c, set)
		if err != nil {
			return err
		}
		rows := view.History(set, revisions, tasks)
		if out.format == "" {
			return printTable(p.Out, view.HistoryTable(rows, now()), printers.PrintOptions{})
		}
		names := make([]string, len(rows))
		for i, row := range rows {
			names[i] = row.Name
		}
		return out.print(p.Out, rows, names...)
	}
	return command
}

// showRevision prints the template of a revision, for people as YAML.
func (p *plugin) showRevision(set *v1alpha1.MesosTaskSet, revisions []intervention.Revision, number int64, out *structured) error {
	for _, one := range revisions {
		if one.Number != number {
			continue
		}
		return (&structured{format: cmp.Or(out.format, outputYAML)}).print(p.Out, one.Content, one.Name)
	}
	return fmt.Errorf("%s has no revision %d", objects.Named(set), number)
}

func newRolloutUndo(p *plugin) *cobra.Command {
	to := int64(0)
	command := &cobra.Command{
		Use:   "undo SET",
		Short: "Make a set's template what it was",
		Long: `Make a set's template what it was before, or in a revision of kubectl mesos rollout history. Tasks that are of that template stay as they run. Where Git or Helm has the
set, revert it there instead: the next sync would undo this.`,
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Set),
	}
	command.Flags().Int64Var(&to, "to-revision", 0, "the revision to go back to; 0 is the one before the present one")
	w := p.addWriting(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		c, set, err := p.findSet(command, args[0])
		if err != nil {
			return err
		}
		revisions, err := p.revisions(command.Context(), c, set)
		if err != nil {
			return err
		}
		change, err := intervention.Undo(set, revisions, to)
		if err != nil {
			return fmt.Errorf("%s: %w", objects.Named(set), err)
		}
		return p.apply(command.Context(), c, set, change, w, "")
	}
	return command
}

func newRolloutPause(p *plugin) *cobra.Command {
	return p.pauses(&cobra.Command{
		Use: "pause SET...", Short: "Have sets replace nothing; how many tasks there are is kept all the same",
	}, true)
}

func newRolloutResume(p *plugin) *cobra.Command {
	return p.pauses(&cobra.Command{Use: "resume SET...", Short: "Go on with rollouts that are paused"}, false)
}

func (p *plugin) pauses(command *cobra.Command, pause bool) *cobra.Command {
	return p.changes(command, []*objects.Kind{objects.Set}, func(object client.Object) (*intervention.Change, error) {
		set, ok := object.(*v1alpha1.MesosTaskSet)
		if !ok {
			return nil, fmt.Errorf("%T has no rollouts", object)
		}
		return intervention.Pause(set, pause)
	})
}
