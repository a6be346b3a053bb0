package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/agentapi"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// execFlags are those of kubectl mesos exec.
type execFlags struct {
	stdin, tty bool
	user       string
}

func newExec(p *plugin) *cobra.Command {
	var f execFlags
	command := &cobra.Command{
		Use:   "exec NAME [-- COMMAND ARG...]",
		Short: "Run a command beside a task, in its container",
		Long: `Run a command beside a task: in the namespaces, the directory and the environment of its container, by a nested container session of its agent. Without a
command it is /bin/sh. Tasks that Docker runs have no such sessions.

It ends with what the command ended with. The agent ends the command when the connection breaks. What the command takes counts as the task's: one whose memory is
nearly used up can be ended by it.`,
		Example: `  kubectl mesos exec web -- cat /proc/1/status
  kubectl mesos exec -it web
  tar c conf | kubectl mesos exec -i web -- tar x`,
		Args:              usage(cobra.MinimumNArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Task, objects.Set, objects.Cron),
		RunE: func(command *cobra.Command, args []string) error {
			argv := args[1:]
			if dash := command.ArgsLenAtDash(); dash > 1 || dash < 0 && len(argv) > 0 {
				return fmt.Errorf("the command stands behind --: kubectl mesos exec %s -- %s; %w", args[0], argv[0], errUsage)
			}
			if len(argv) == 0 {
				argv = []string{"/bin/sh"}
			}
			return p.exec(command.Context(), args[0], argv, f)
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&f.stdin, "stdin", "i", false, "hand standard input to the command")
	flags.BoolVarP(&f.tty, "tty", "t", false, "give the command a terminal, where standard input is one")
	flags.StringVar(&f.user, "system-user", "", "system user that the command runs as, if the agent allows it; by default the task's")
	p.addReach(command)
	return command
}

func (p *plugin) exec(ctx context.Context, typed string, argv []string, f execFlags) error {
	c, object, err := p.find(ctx, typed, objects.Task, objects.Set, objects.Cron)
	if err != nil {
		return err
	}
	task, err := p.pickTask(ctx, c, object)
	if err != nil {
		return err
	}
	attempt, err := attemptOf(task, false)
	if err != nil {
		return err
	}
	if err := runnable(task, attempt); err != nil {
		return err
	}
	agent, err := p.agentOf(ctx, c, task, attempt)
	if err != nil {
		return err
	}
	command := agentapi.Command{Argv: argv, User: f.user, Out: p.Out, Err: p.ErrOut}
	if f.stdin {
		command.In = p.In
	}
	restore, err := p.terminal(ctx, f, &command)
	if err != nil {
		return err
	}
	exit, err := agent.Run(ctx, agentapi.Task{FrameworkID: attempt.FrameworkID, TaskID: attempt.ID, ContainerID: attempt.ContainerID}, command)
	restore()
	switch {
	case err != nil:
		return err
	case !exit.Known:
		return errors.New("the agent does not say how the command ended")
	case exit.Signal != "":
		p.progressf("The command was ended by signal: %s", exit.Signal)
	}
	if exit.Code != 0 {
		return statusError(exit.Code)
	}
	return nil
}

// runnable says why nothing can be run beside an attempt.
func runnable(task *v1alpha1.MesosTask, attempt *v1alpha1.TaskAttempt) error {
	switch container := task.Spec.Container; {
	case attempt.FinishTime != nil:
		return fmt.Errorf("%s has ended: kubectl mesos logs and files show what it left", attempt.ID)
	case container != nil && container.Docker != nil:
		return fmt.Errorf("%s is run by Docker, and Mesos has no sessions in its containers: docker exec on %s has", objects.Named(task), attempt.Hostname)
	case attempt.ContainerID == "":
		return fmt.Errorf("nobody has told the container of %s yet", attempt.ID)
	}
	return nil
}

// terminal hands this terminal to the command, if it asks for one and there is one. What it returns gives it back.
func (p *plugin) terminal(ctx context.Context, f execFlags, command *agentapi.Command) (restore func(), err error) {
	restore = func() {}
	if !f.tty {
		return restore, nil
	}
	in, ok := p.In.(*os.File)
	if !ok || !f.stdin || !term.IsTerminal(int(in.Fd())) {
		if f.stdin {
			p.progressf("Standard input is no terminal: the command gets one all the same, and its size is not known")
		}
		command.Terminal = &agentapi.Size{Rows: 24, Columns: 80}
		return restore, nil
	}
	fd := int(in.Fd())
	size := sizeOf(fd)
	command.Terminal = &size
	state, err := term.MakeRaw(fd)
	if err != nil {
		return restore, fmt.Errorf("handing over the terminal: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	command.Sizes = watchSize(ctx, fd, size)
	return func() {
		cancel()
		_ = term.Restore(fd, state) // it is this terminal that an error would go to
	}, nil
}

func sizeOf(fd int) agentapi.Size {
	columns, rows, err := term.GetSize(fd)
	if err != nil {
		return agentapi.Size{Rows: 24, Columns: 80}
	}
	return agentapi.Size{Rows: uint32(rows), Columns: uint32(columns)}
}

// watchSize tells of each change of the terminal's size. It looks again and again, as not every system has a signal for it.
func watchSize(ctx context.Context, fd int, last agentapi.Size) <-chan agentapi.Size {
	sizes := make(chan agentapi.Size)
	go func() {
		ticker := time.NewTicker(250 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			now := sizeOf(fd)
			if now == last {
				continue
			}
			last = now
			select {
			case sizes <- now:
			case <-ctx.Done():
				return
			}
		}
	}()
	return sizes
}
