package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/internal/intervention"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// writing is what verbs that change something share.
type writing struct {
	out    *output
	dryRun bool
}

// fieldManager is who changes what the plugin changes.
const fieldManager = "kubectl-mesos"

func (p *plugin) addWriting(command *cobra.Command) *writing {
	w := &writing{out: p.newOutput(command, "", false)}
	command.Flags().BoolVar(&w.dryRun, "dry-run", false, "have the API server check it, and change nothing")
	return w
}

// apply writes a change, and says what it does.
func (p *plugin) apply(ctx context.Context, c client.Client, object client.Object, change *intervention.Change, w *writing, subresource string) error {
	if !change.Nothing {
		options := []client.PatchOption{client.FieldOwner(fieldManager)}
		if w.dryRun {
			options = append(options, client.DryRunAll)
		}
		var err error
		if subresource == "" {
			err = c.Patch(ctx, object, client.RawPatch(change.Type, change.Data), options...)
		} else {
			err = p.applySub(ctx, c, object, change, w.dryRun, subresource)
		}
		if err != nil {
			return fmt.Errorf("changing %s: %w", objects.Named(object), err)
		}
	}
	if people, _ := w.out.forPeople(); !people {
		return w.out.print(p.Out, p.scheme, false, object)
	}
	dry := ""
	if w.dryRun {
		dry = " (dry run)"
	}
	_, err := fmt.Fprintf(p.Out, "%s %s%s\n", objects.Named(object), change.Done, dry)
	return err
}

// applySub writes to a subresource, for which fewer have the right to the whole object than to that.
func (p *plugin) applySub(ctx context.Context, c client.Client, object client.Object, change *intervention.Change, dryRun bool, subresource string) error {
	options := &client.SubResourcePatchOptions{PatchOptions: client.PatchOptions{FieldManager: fieldManager}, SubResourceBody: newScaleBody(object)}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	if err := c.SubResource(subresource).Patch(ctx, object, client.RawPatch(change.Type, change.Data), options); err != nil || dryRun {
		return err
	}
	return c.Get(ctx, client.ObjectKeyFromObject(object), object) // as it is now
}

// changes makes a verb that changes each of the objects that are named.
func (p *plugin) changes(command *cobra.Command, kinds []*objects.Kind, decide func(client.Object) (*intervention.Change, error)) *cobra.Command {
	command.Args = usage(cobra.MinimumNArgs(1))
	command.ValidArgsFunction = p.complete(true, kinds...)
	w := p.addWriting(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		c, namespace, err := p.client()
		if err != nil {
			return err
		}
		var errs []error
		for _, typed := range args {
			errs = append(errs, func() error {
				object, err := objects.Find(command.Context(), c, namespace, typed, kinds...)
				if err != nil {
					return err
				}
				change, err := decide(object)
				if err != nil {
					return fmt.Errorf("%s: %w", objects.Named(object), err)
				}
				return p.apply(command.Context(), c, object, change, w, "")
			}())
		}
		return errors.Join(errs...)
	}
	return command
}

func newRestart(p *plugin) *cobra.Command {
	return p.changes(&cobra.Command{
		Use:   "restart NAME...",
		Short: "Restart tasks, or put all tasks of sets in place of themselves",
		Long: `Restart tasks: each is killed and launched anew (annotation mesos.dev/restarted-at). A set puts all its tasks in place of themselves, a few at a time as its
updateStrategy says (spec.restartedAt).`,
		Example: "  kubectl mesos restart web\n  kubectl mesos restart set/front && kubectl mesos rollout status front",
	}, []*objects.Kind{objects.Task, objects.Set, objects.Cron}, func(object client.Object) (*intervention.Change, error) { return intervention.Restart(object, now()) })
}

var suspendable = []*objects.Kind{objects.Task, objects.Set, objects.Cron}

func newSuspend(p *plugin) *cobra.Command {
	return p.changes(&cobra.Command{
		Use:   "suspend NAME...",
		Short: "Kill tasks and keep them from running, or keep schedules from starting runs",
		Long: `Suspend tasks and sets, whose tasks are killed and not launched until they are resumed, or cron tasks, whose schedules start nothing while what runs goes on
(spec.suspend). The objects stay.`,
		Example: "  kubectl mesos suspend cron/nightly",
	}, suspendable, func(object client.Object) (*intervention.Change, error) { return intervention.Suspend(object, true) })
}

func newResume(p *plugin) *cobra.Command {
	return p.changes(&cobra.Command{
		Use:   "resume NAME...",
		Short: "Let tasks, sets and schedules go on that are suspended",
	}, suspendable, func(object client.Object) (*intervention.Change, error) { return intervention.Suspend(object, false) })
}

// confirm asks whoever is there; without a terminal the answer has to be in a flag.
func (p *plugin) confirm(yes bool, format string, values ...any) error {
	if yes {
		return nil
	}
	question := fmt.Sprintf(format, values...)
	in, ok := p.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return fmt.Errorf("%s This wants a yes: give --yes; %w", question, errUsage)
	}
	_, _ = fmt.Fprintf(p.ErrOut, "%s Type yes: ", question) // who sees it answers
	answer, err := bufio.NewReader(p.In).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}

// watchEvery is how often an object is looked at that is waited for.
const watchEvery = 250 * time.Millisecond

// await reads an object again and again until look says that it is done. What look says of how far it is goes to standard error whenever it is news.
func (p *plugin) await(ctx context.Context, c client.Client, object client.Object, timeout time.Duration, look func() (done bool, progress string, err error)) error {
	last := ""
	err := wait.PollUntilContextTimeout(ctx, watchEvery, timeout, true, func(ctx context.Context) (bool, error) {
		if err := c.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return false, fmt.Errorf("reading %s: %w", objects.Named(object), err)
		}
		done, progress, err := look()
		if progress != "" && progress != last {
			last = progress
			p.progressf("%s", progress)
		}
		return done, err
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("%s is not there yet after %s", objects.Named(object), timeout)
	}
	return err
}
