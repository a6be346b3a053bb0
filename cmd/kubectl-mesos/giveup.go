package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/intervention"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// giveUpFlags are those of kubectl mesos give-up.
type giveUpFlags struct {
	yes, unknown bool
	taskID       string
	agents       []string
}

func newGiveUp(p *plugin) *cobra.Command {
	var f giveUpFlags
	command := &cobra.Command{
		Use:   "give-up TASK | give-up framework/NAME {--agent ID | --unknown}",
		Short: "Say that a task is over of which Mesos cannot tell, as you know more",
		Long: `Say that a task is over of which Mesos cannot tell whether it runs, as you know more than Mesos: its machine is gone, say. The object goes on without it, which
launches another; the old one is killed if it comes back. What Mesos says is live is not given up.

Of a framework: all tasks that were bound to agents which never come back (--agent), or all of which Mesos says TASK_UNKNOWN, as it was rebuilt (--unknown).`,
		Example: `  kubectl mesos give-up web
  kubectl mesos give-up framework/default --agent 4c0fa088-343f-4066-b58d-136bdd8c7260-S7`,
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Task, objects.Framework),
	}
	flags := command.Flags()
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask: two of the task may run, if it is not over after all")
	flags.BoolVar(&f.unknown, "unknown", false, "of a framework: all of which Mesos says TASK_UNKNOWN")
	flags.StringVar(&f.taskID, "task-id", "", "an attempt in the task's history; by default the current one")
	flags.StringSliceVar(&f.agents, "agent", nil, "of a framework: IDs of agents that never come back")
	command.MarkFlagsMutuallyExclusive("unknown", "agent", "task-id")
	w := p.addWriting(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		kind := objects.Task
		if f.unknown || len(f.agents) > 0 {
			kind = objects.Framework
		}
		c, object, err := p.find(command.Context(), args[0], kind)
		if err != nil {
			return err
		}
		change, err := f.decide(object)
		if err != nil {
			return fmt.Errorf("%s: %w", objects.Named(object), err)
		}
		if !w.dryRun {
			if err := p.confirm(f.yes, "%s %s. If it is not over after all, two of it may run.", objects.Named(object), change.Done); err != nil {
				return err
			}
		}
		return p.apply(command.Context(), c, object, change, w, "")
	}
	return command
}

func (f giveUpFlags) decide(object client.Object) (*intervention.Change, error) {
	switch one := object.(type) {
	case *v1alpha1.MesosTask:
		return intervention.GiveUp(one, f.taskID)
	case *v1alpha1.MesosFramework:
		if f.unknown {
			return intervention.GiveUpUnknown(one)
		}
		return intervention.GiveUpAgents(one, f.agents)
	}
	return nil, fmt.Errorf("%T cannot be given up", object)
}
