package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/objects"
	"github.com/mesos-operator/mesos-operator/internal/view"
)

// tasksFlags are those of kubectl mesos tasks.
type tasksFlags struct {
	allNamespaces, problems, noHeaders bool
	selector, framework, agent, state  string
}

func newTasks(p *plugin) *cobra.Command {
	var f tasksFlags
	command := &cobra.Command{
		Use:   "tasks [SET|CRON]",
		Short: "List tasks with what they belong to, their state in Mesos, agent and task ID",
		Example: `  # What is not as it should be, anywhere
  kubectl mesos tasks -A --problems

  # All that an agent has
  kubectl mesos tasks -A --agent agent-7.example.com

  # The tasks of a set
  kubectl mesos tasks set/front`,
		Args:              usage(cobra.MaximumNArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Set, objects.Cron),
	}
	flags := command.Flags()
	flags.BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "of all namespaces")
	flags.BoolVar(&f.problems, "problems", false, "only those that are not ready, or out of Mesos' sight")
	flags.BoolVar(&f.noHeaders, "no-headers", false, "without the heading")
	flags.StringVarP(&f.selector, "selector", "l", "", "only those with these labels, such as app=shop")
	flags.StringVar(&f.framework, "framework", "", "only those of this MesosFramework")
	flags.StringVar(&f.agent, "agent", "", "only those on this agent: its host name or ID")
	flags.StringVar(&f.state, "state", "", "only those in this state, such as TASK_RUNNING")
	cobra.CheckErr(command.RegisterFlagCompletionFunc("framework", p.complete(true, objects.Framework)))
	out := p.newOutput(command, "", true)
	command.RunE = func(command *cobra.Command, args []string) error { return p.tasks(command, args, f, out) }
	return command
}

func (p *plugin) tasks(command *cobra.Command, args []string, f tasksFlags, out *output) error {
	selector, err := labels.Parse(f.selector)
	if err != nil {
		return fmt.Errorf("reading --selector: %w; %w", err, errUsage)
	}
	c, namespace, err := p.client()
	if err != nil {
		return err
	}
	list := &v1alpha1.MesosTaskList{}
	if len(args) == 1 {
		owner, err := objects.Find(command.Context(), c, namespace, args[0], objects.Set, objects.Cron)
		if err != nil {
			return err
		}
		if list.Items, err = objects.TasksOf(command.Context(), c, owner); err != nil {
			return err
		}
	} else {
		if f.allNamespaces {
			namespace = ""
		}
		if err := c.List(command.Context(), list, client.InNamespace(namespace)); err != nil {
			return fmt.Errorf("listing tasks: %w", err)
		}
	}
	tasks := slices.DeleteFunc(list.Items, func(task v1alpha1.MesosTask) bool {
		return !selector.Matches(labels.Set(task.Labels)) || !f.wants(&task)
	})
	view.SortTasks(tasks)
	people, wide := out.forPeople()
	if !people {
		all := make([]client.Object, len(tasks))
		for i := range tasks {
			all[i] = &tasks[i]
		}
		return out.print(p.Out, p.scheme, true, all...)
	}
	if len(tasks) == 0 {
		where := ""
		if namespace != "" {
			where = " in namespace " + namespace
		}
		p.progressf("No tasks found%s.", where)
		return nil
	}
	return printTable(p.Out, view.Tasks(tasks, f.allNamespaces, now()), printers.PrintOptions{Wide: wide, NoHeaders: f.noHeaders})
}

// wants says whether a task is asked for.
func (f tasksFlags) wants(task *v1alpha1.MesosTask) bool {
	attempt := task.Status.Task
	if attempt == nil {
		attempt = &v1alpha1.TaskAttempt{}
	}
	switch {
	case f.problems && !view.IsProblem(task),
		f.framework != "" && task.Spec.FrameworkRef.Name != f.framework,
		f.agent != "" && attempt.Hostname != f.agent && attempt.AgentID != f.agent,
		f.state != "" && attempt.State != f.state:
		return false
	}
	return true
}

// usage marks what is wrong with arguments as such.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if err := check(command, args); err != nil {
			return fmt.Errorf("%w; %w", err, errUsage)
		}
		return nil
	}
}
