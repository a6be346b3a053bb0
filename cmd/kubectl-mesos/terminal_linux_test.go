package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/pty"
)

// sitting is somebody at a terminal in which the plugin runs as a process of its own.
type sitting struct {
	*testing.T
	person, program *os.File
	before          unix.Termios
	plugin          *exec.Cmd
	mu              sync.Mutex
	screen          strings.Builder
}

// sit starts kubectl mesos in a terminal of 50 rows and 132 columns.
func (t *test) sit(args ...string) *sitting {
	t.Helper()
	person, program, err := pty.Open()
	if err == nil {
		err = pty.Resize(person, 50, 132)
	}
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &sitting{T: t.T, person: person, program: program}
	s.before = s.settings()
	s.plugin = exec.CommandContext(t.Context(), self, append([]string{asPlugin, "--kubeconfig", kubeconfig, "-n", t.namespace}, args...)...)
	s.plugin.Stdin, s.plugin.Stdout, s.plugin.Stderr = program, program, program
	s.plugin.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.plugin.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		part := make([]byte, 1024)
		for {
			n, err := person.Read(part)
			s.mu.Lock()
			s.screen.Write(part[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = s.plugin.Process.Kill() // it has ended, unless the test has failed
		_ = errors.Join(program.Close(), person.Close())
		<-read
	})
	return s
}

func (s *sitting) seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

// sees waits until the terminal shows a text.
func (s *sitting) sees(text string) {
	s.Helper()
	err := wait.PollUntilContextTimeout(s.Context(), 10*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return strings.Contains(s.seen(), text), nil
	})
	if err != nil {
		s.Fatalf("waiting for %q: %v; the terminal shows %q", text, err, s.seen())
	}
}

// settings are how the terminal treats what is typed.
func (s *sitting) settings() unix.Termios {
	s.Helper()
	settings, err := unix.IoctlGetTermios(int(s.program.Fd()), unix.TCGETS)
	if err != nil {
		s.Fatal(err)
	}
	return *settings
}

// ends waits until the plugin has ended with a status, and has given the terminal back as it was.
func (s *sitting) ends(status int) {
	s.Helper()
	_ = s.plugin.Wait() // how it ended is in its state
	if got := s.plugin.ProcessState.ExitCode(); got != status {
		s.Errorf("it ended with %s, not status %d; the terminal shows %q", s.plugin.ProcessState, status, s.seen())
	}
	if after := s.settings(); after != s.before {
		s.Errorf("the terminal is left with %+v; it had %+v", after, s.before)
	}
}

// TestExec_atATerminal: keys go to the command as they are typed, ^C among them, the command's terminal is as large as this one, also once that is made
// smaller, and when it is over the terminal is as before.
func TestExec_atATerminal(t *testing.T) {
	w := newTest(t)
	w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`)
	script := `trap 'echo interrupted; exit 9' INT; stty size; while test "$(stty size)" != "40 100"; do sleep 0.05; done; echo resized; while :; do sleep 0.05; done`
	s := w.sit("exec", "-it", "web", "--", "sh", "-c", script)
	s.sees("50 132\r\n")
	if local := s.settings().Lflag & (unix.ICANON | unix.ECHO | unix.ISIG); local != 0 {
		t.Errorf("the terminal still has %#x of its own for what is typed", local)
	}
	if err := pty.Resize(s.person, 40, 100); err != nil {
		t.Fatal(err)
	}
	s.sees("resized\r\n")
	if _, err := s.person.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	s.sees("interrupted\r\n")
	s.ends(9)

	s = w.sit("exec", "-it", "web", "--", "sh", "-c", "echo there; exec sleep 1000")
	s.sees("there\r\n")
	if err := s.plugin.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.ends(statusFailed)
}
