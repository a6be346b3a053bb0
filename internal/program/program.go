// Package program starts programs as processes of their own and ends them, for the demo and the benchmarks.
package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// patience is how long a program may take to end when it is asked to.
const patience = 20 * time.Second

// Program is a process that was started.
type Program struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{}
	// wanted says that End ends it.
	wanted atomic.Bool
}

// Start starts a program in a process group of its own, so that an interrupt of the terminal does not reach it, with its output appended to the
// log file. Should it end in another way than by End, unasked is told why. It outlives ctx.
func Start(ctx context.Context, path, log string, unasked func(error), arguments ...string) (*Program, error) {
	name := path[strings.LastIndex(path, "/")+1:]
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the caller says where
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer func() { _ = file.Close() }()                                                                                             // the program has its own descriptor
	p := &Program{name: name, ended: make(chan struct{}), cmd: exec.CommandContext(context.WithoutCancel(ctx), path, arguments...)} //nolint:gosec // programs of this project
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		err := p.cmd.Wait()
		close(p.ended)
		if !p.wanted.Load() {
			unasked(errors.Join(fmt.Errorf("%s ended by itself; the end of its log:\n%s", name, LastLines(log, 5)), err))
		}
	}()
	return p, nil
}

// PID is the number of the process.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// End sends a signal and waits until the program has ended. One that takes too long is killed, which is an error. One that was never
// started (nil) has ended.
func (p *Program) End(signal syscall.Signal) error {
	if p == nil {
		return nil
	}
	p.wanted.Store(true)
	select {
	case <-p.ended:
		return nil
	default:
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", p.name, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %s: %w", p.name, err)
	}
	<-p.ended
	return fmt.Errorf("ending %s: it took more than %s and was killed", p.name, patience)
}

// Died says whether the program has ended in another way than in order.
func (p *Program) Died() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.ended:
		return !p.cmd.ProcessState.Success()
	default:
		return false
	}
}

// LastLines returns the last lines of a file, or why it cannot.
func LastLines(path string, count int) string {
	text, err := os.ReadFile(path) //nolint:gosec // a log that the caller named
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

// FirstLine returns the first line of a file; empty while there is none.
func FirstLine(path string) string {
	text, err := os.ReadFile(path) //nolint:gosec // a file that a program was told to write
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}
