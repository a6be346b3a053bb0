package main

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

// stopPatience is how long a program may take to end when it is asked to.
const stopPatience = 20 * time.Second

// program is a process that the demo started.
type program struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{}
	// wanted says that the demo itself ends it.
	wanted atomic.Bool
}

// launch starts a program in a process group of its own, its output appended to the log file. Should it end unasked, the demo fails.
// It outlives the step that starts it.
func (d *demo) launch(ctx context.Context, name, log string, arguments ...string) (*program, error) {
	file, err := os.OpenFile(d.path(log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer func() { _ = file.Close() }()                                                                                                        // the program has its own descriptor
	p := &program{name: name, ended: make(chan struct{}), cmd: exec.CommandContext(context.WithoutCancel(ctx), d.program(name), arguments...)} //nolint:gosec // programs of this project
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		err := p.cmd.Wait()
		close(p.ended)
		if !p.wanted.Load() {
			d.cancel(errors.Join(fmt.Errorf("%s ended by itself; the end of its log:\n%s", name, lastLines(d.path(log), 5)), err))
		}
	}()
	return p, nil
}

// end sends a signal and waits until the program has ended. One that takes too long is killed, which is an error.
func (p *program) end(signal syscall.Signal) error {
	if p == nil {
		return nil // it was never started
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
	case <-time.After(stopPatience):
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %s: %w", p.name, err)
	}
	<-p.ended
	return fmt.Errorf("ending %s: it took more than %s and was killed", p.name, stopPatience)
}

// died says whether the program has ended in another way than in order.
func (p *program) died() bool {
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

// lastLines returns the last lines of a file, or why it cannot.
func lastLines(path string, count int) string {
	text, err := os.ReadFile(path) //nolint:gosec // a log that the demo made
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
