package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/mesos-operator/mesos-operator/internal/agentapi"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// filesFlags are those of kubectl mesos files.
type filesFlags struct {
	previous bool
	cat, get string
	to       string
}

func newFiles(p *plugin) *cobra.Command {
	var f filesFlags
	command := &cobra.Command{
		Use:   "files NAME [PATH]",
		Short: "List and fetch files of a task's sandbox",
		Long: `List a directory of a task's sandbox, write one of its files to standard output (--cat), or fetch one (--get). The task's agent serves them, also after the end of
the task and until the agent takes them away.`,
		Example: `  kubectl mesos files web
  kubectl mesos files web conf
  kubectl mesos files web --cat conf/server.yaml
  kubectl mesos files web --previous --get core --to /tmp/core`,
		Args:              usage(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: p.complete(false, objects.Task, objects.Set, objects.Cron),
	}
	flags := command.Flags()
	flags.BoolVarP(&f.previous, "previous", "p", false, "of the attempt before the current one")
	flags.StringVar(&f.cat, "cat", "", "file to write to standard output")
	flags.StringVar(&f.get, "get", "", "file to fetch")
	flags.StringVar(&f.to, "to", "", "file that --get writes to; by default one of the same name, here. One that exists is not overwritten")
	command.MarkFlagsMutuallyExclusive("cat", "get")
	out := newStructured(command, true)
	p.addReach(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		if err := out.check(); err != nil {
			return err
		}
		if len(args) == 2 && f.cat+f.get != "" {
			return fmt.Errorf("a directory and a file are too much: leave %s out; %w", args[1], errUsage)
		}
		return p.files(command.Context(), args, f, out)
	}
	return command
}

func (p *plugin) files(ctx context.Context, args []string, f filesFlags, out *structured) error {
	c, object, err := p.find(ctx, args[0], objects.Task, objects.Set, objects.Cron)
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
	switch {
	case err != nil:
		return err
	case f.cat != "":
		_, err := sandbox.Copy(ctx, p.Out, f.cat, 0, nil)
		return err
	case f.get != "":
		return p.fetch(ctx, sandbox, f)
	}
	directory := ""
	if len(args) == 2 {
		directory = args[1]
	}
	files, err := sandbox.List(ctx, directory)
	if err != nil {
		return err
	}
	if out.format == "" {
		return printTable(p.Out, filesTable(files), printers.PrintOptions{})
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.Path
	}
	return out.print(p.Out, files, names...)
}

func filesTable(files []agentapi.File) *metav1.Table {
	table := &metav1.Table{}
	for _, name := range []string{"Mode", "User", "Group", "Size", "Modified", "Path"} {
		table.ColumnDefinitions = append(table.ColumnDefinitions, metav1.TableColumnDefinition{Name: name, Type: "string"})
	}
	for _, file := range files {
		name := file.Path
		if file.IsDir {
			name += "/"
		}
		table.Rows = append(table.Rows, metav1.TableRow{Cells: []any{file.Mode, file.User, file.Group, file.Size, file.ModTime.Format(time.RFC3339), name}})
	}
	return table
}

// fetch writes a file of the sandbox into one that is not there yet.
func (p *plugin) fetch(ctx context.Context, sandbox *agentapi.Sandbox, f filesFlags) (err error) {
	to := f.to
	if to == "" {
		to = path.Base(f.get)
	}
	if _, err := sandbox.Size(ctx, f.get); err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // whoever runs it says where
	if err != nil {
		return fmt.Errorf("making the file: %w", err)
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	_, err = sandbox.Copy(ctx, io.Writer(file), f.get, 0, p.progress(f.get))
	if err == nil {
		p.progressf("%s is written", to)
	}
	return err
}

// progress says now and then how far something is.
func (p *plugin) progress(name string) func(done, size int64) {
	last := now()
	return func(done, size int64) {
		if at := now(); at.Sub(last) >= time.Second {
			last = at
			p.progressf("%s: %d of %d bytes", name, done, size)
		}
	}
}
