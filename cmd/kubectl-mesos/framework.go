package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/intervention"
	"github.com/mesos-operator/mesos-operator/internal/objects"
	"github.com/mesos-operator/mesos-operator/internal/view"
)

// defaultFramework is the MesosFramework that is meant where none is named.
const defaultFramework = "default"

// findFramework finds the framework that is named, or the default one.
func (p *plugin) findFramework(ctx context.Context, args []string) (client.WithWatch, *v1alpha1.MesosFramework, error) {
	typed := defaultFramework
	if len(args) > 0 {
		typed = args[0]
	}
	c, object, err := p.find(ctx, typed, objects.Framework)
	if err != nil {
		return nil, nil, err
	}
	framework, ok := object.(*v1alpha1.MesosFramework)
	if !ok {
		return nil, nil, fmt.Errorf("%s is no framework", typed)
	}
	return c, framework, nil
}

func newReconcile(p *plugin) *cobra.Command {
	var awaited bool
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "reconcile [FRAMEWORK]",
		Short: "Ask Mesos what became of every task, and wait for the answers",
		Long: `Ask Mesos what became of every task of a framework, the one named default where none is named (annotation mesos.dev/reconcile-requested-at), and wait until every task
is answered for. What runs is not touched.`,
		Args:              usage(cobra.MaximumNArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Framework),
	}
	command.Flags().BoolVar(&awaited, "wait", true, "wait until every task is answered for")
	command.Flags().DurationVar(&timeout, "timeout", 5*time.Minute, "how long to wait")
	w := p.addWriting(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		c, framework, err := p.findFramework(command.Context(), args)
		if err != nil {
			return err
		}
		change, value, err := intervention.Reconcile(framework, now())
		if err != nil {
			return fmt.Errorf("%s: %w", objects.Named(framework), err)
		}
		if err := p.apply(command.Context(), c, framework, change, w, ""); err != nil || !awaited || w.dryRun {
			return err
		}
		last := &v1alpha1.ReconciliationPass{}
		err = p.await(command.Context(), c, framework, timeout, func() (bool, string, error) {
			done, pass, progress := view.Pass(framework, value)
			last = pass
			return done, progress, nil
		})
		if people, _ := w.out.forPeople(); err == nil && people {
			_, err = fmt.Fprintf(p.Out, "Mesos answered for %d tasks in %d rounds\n", last.Tasks, last.Rounds)
		}
		return err
	}
	return command
}

// orphansFlags are those of kubectl mesos orphans.
type orphansFlags struct {
	kill []string
	yes  bool
}

func newOrphans(p *plugin) *cobra.Command {
	var f orphansFlags
	command := &cobra.Command{
		Use:   "orphans [FRAMEWORK]",
		Short: "List live tasks of Mesos for which there is no MesosTask, and kill them",
		Long: `List the live tasks of a framework, the one named default where none is named, that no MesosTask accounts for, and with --kill have them killed (annotation
mesos.dev/kill-orphans). An orphan may be what is left of objects that were lost: creating the MesosTask anew takes its task over as it runs.

The exit status is 3 if there are orphans.`,
		Example:           "  kubectl mesos orphans\n  kubectl mesos orphans --kill shop.web.1a2b3c4d.k3j9x0q2\n  kubectl mesos orphans --kill all",
		Args:              usage(cobra.MaximumNArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Framework),
	}
	command.Flags().StringSliceVar(&f.kill, "kill", nil, "task IDs of orphans to kill, or all")
	command.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask before --kill")
	structured := newStructured(command, true)
	command.RunE = func(command *cobra.Command, args []string) error {
		if err := structured.check(); err != nil {
			return err
		}
		c, framework, err := p.findFramework(command.Context(), args)
		if err != nil {
			return err
		}
		if len(f.kill) == 0 {
			return p.listOrphans(framework, structured)
		}
		change, err := intervention.KillOrphans(framework, f.kill)
		if err != nil {
			return fmt.Errorf("%s: %w", objects.Named(framework), err)
		}
		if err := p.confirm(f.yes, "%s %s.", objects.Named(framework), change.Done); err != nil {
			return err
		}
		if err := c.Patch(command.Context(), framework, client.RawPatch(change.Type, change.Data), client.FieldOwner(fieldManager)); err != nil {
			return fmt.Errorf("changing %s: %w", objects.Named(framework), err)
		}
		if structured.format != "" {
			return structured.printObject(p.Out, p.scheme, framework)
		}
		_, err = fmt.Fprintf(p.Out, "%s %s\n", objects.Named(framework), change.Done)
		return err
	}
	return command
}

func (p *plugin) listOrphans(framework *v1alpha1.MesosFramework, out *structured) error {
	orphans := framework.Status.Orphans
	if orphans == nil {
		orphans = &v1alpha1.Orphans{}
	}
	switch {
	case out.format != "":
		names := make([]string, len(orphans.Sample))
		for i, one := range orphans.Sample {
			names[i] = one.TaskID
		}
		if err := out.print(p.Out, orphans, names...); err != nil {
			return err
		}
	case orphans.Count == 0:
		p.progressf("%s has no orphans.", objects.Named(framework))
	default:
		table := &metav1.Table{ColumnDefinitions: []metav1.TableColumnDefinition{{Name: "Task-ID", Type: "string"}, {Name: "Agent-ID", Type: "string"}}}
		for _, one := range orphans.Sample {
			table.Rows = append(table.Rows, metav1.TableRow{Cells: []any{one.TaskID, one.AgentID}})
		}
		if err := printTable(p.Out, table, printers.PrintOptions{}); err != nil {
			return err
		}
	}
	if more := int(orphans.Count) - len(orphans.Sample); more > 0 {
		p.progressf("and %d more, which the status does not name.", more)
	}
	if orphans.Message != "" {
		p.progressf("%s", orphans.Message)
	}
	if orphans.Count > 0 {
		return statusError(statusUnwell)
	}
	return nil
}
