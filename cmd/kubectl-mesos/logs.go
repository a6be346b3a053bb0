package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/agentapi"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// logsFlags are those of kubectl mesos logs.
type logsFlags struct {
	follow, stderr, previous bool
	tail                     int64
}

// followEvery is how often a file is looked at.
const followEvery = time.Second

func newLogs(p *plugin) *cobra.Command {
	var f logsFlags
	command := &cobra.Command{
		Use:   "logs NAME",
		Short: "Show what a task wrote to its standard output or error",
		Long: `Show what a task wrote to its standard output or error: files of its sandbox, which its agent serves, also after its end and until the agent takes them away.

The agent's address is the master's word for it; --agent-url names another way. Of a set or cron task it is the latest of its tasks that runs.`,
		Example: `  kubectl mesos logs web -f
  kubectl mesos logs web --previous --stderr --tail 50
  kubectl mesos logs set/front`,
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Task, objects.Set, objects.Cron),
		RunE:              func(command *cobra.Command, args []string) error { return p.logs(command.Context(), args[0], f) },
	}
	flags := command.Flags()
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with what is written, until the attempt ends")
	flags.BoolVar(&f.stderr, "stderr", false, "standard error instead of standard output")
	flags.BoolVarP(&f.previous, "previous", "p", false, "of the attempt before the current one")
	flags.Int64Var(&f.tail, "tail", -1, "only the last lines, so many; -1 for all")
	p.addReach(command)
	return command
}

func (p *plugin) logs(ctx context.Context, typed string, f logsFlags) error {
	c, object, err := p.find(ctx, typed, objects.Task, objects.Set, objects.Cron)
	if err != nil {
		return err
	}
	task, err := p.pickTask(ctx, c, object)
	if err != nil {
		return err
	}
	attempt, err := attemptOf(task, f.previous)
	if err != nil {
		return err
	}
	sandbox, err := p.sandboxOf(ctx, c, task, attempt)
	if err != nil {
		return err
	}
	name := "stdout"
	if f.stderr {
		name = "stderr"
	}
	lines := f.tail
	if lines < 0 {
		lines = agentapi.AllLines
	}
	offset, err := sandbox.Tail(ctx, name, lines)
	if err != nil && (!f.follow || !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	if !f.follow {
		_, err = sandbox.Copy(ctx, p.Out, name, offset, nil)
		return err
	}
	return sandbox.Follow(ctx, p.Out, name, offset, followEvery, func(ctx context.Context) (bool, error) {
		return isOver(ctx, c, client.ObjectKeyFromObject(task), attempt.ID)
	})
}

// isOver says whether an attempt has ended, as far as the API server knows.
func isOver(ctx context.Context, c client.Client, key client.ObjectKey, taskID string) (bool, error) {
	task := &v1alpha1.MesosTask{}
	err := c.Get(ctx, key, task)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case ctx.Err() != nil:
		return true, nil //nolint:nilerr // whoever follows has had enough
	case err != nil:
		return false, fmt.Errorf("reading task/%s: %w", key.Name, err)
	}
	attempt := task.Status.Task
	return attempt == nil || attempt.ID != taskID || attempt.FinishTime != nil, nil
}
