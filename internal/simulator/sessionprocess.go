package simulator

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/agent"

	"github.com/mesos-operator/mesos-operator/internal/pty"
)

// host implements hosting by real processes: each session is a process group of its own, in the task's sandbox, which ends with the task. Nil: the task has ended.
func (p *process) host(command *mesos.CommandInfo, tty *mesos.TTYInfo, out func(agent.ProcessIO_Data_Type, []byte)) *nested {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid == 0 || p.destroy {
		return nil
	}
	session := &nested{done: make(chan struct{}), input: func([]byte) error { return nil }, closeInput: func() {}, kill: func() {}}
	env := p.environment()
	for _, v := range command.GetEnvironment().GetVariables() {
		env = append(env, v.Name+"="+v.GetValue())
	}
	path, argv := programOf(command, env, p.sandbox)
	cmd := &exec.Cmd{Path: path, Args: argv, Dir: p.sandbox, Env: env, SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Credential: p.credential}}
	var streams sessionStreams
	var err error
	if tty != nil {
		streams, err = withTerminal(cmd, tty)
	} else {
		streams, err = pipes(cmd)
	}
	if err == nil {
		err = cmd.Start()
	}
	streams.closeTheirs()
	if err != nil {
		streams.closeOurs()
		session.status = 1 << 8
		p.sessions.Go(func() {
			defer close(session.done)
			out(agent.ProcessIO_Data_STDERR, fmt.Appendf(nil, "Failed to execute '%s': %s\n", argv[0], errorText(err)))
		})
		return session
	}
	pid := cmd.Process.Pid
	session.input, session.closeInput, session.resize = streams.write, streams.closeInput, streams.resize
	session.kill = func() { _ = syscall.Kill(-pid, syscall.SIGKILL) } // the group may be gone already
	if p.hosted == nil {
		p.hosted = map[*nested]struct{}{}
	}
	p.hosted[session] = struct{}{}
	p.sessions.Go(func() {
		streams.copy(out, func() {
			session.status = waitStatus(cmd)
			session.kill() // what is left of the group holds the output open
		})
		streams.closeOurs()
		p.mu.Lock()
		delete(p.hosted, session)
		p.mu.Unlock()
		close(session.done)
	})
	return session
}

// waitStatus waits for a process, and is its status as wait(2) gives it.
func waitStatus(cmd *exec.Cmd) int {
	_ = cmd.Wait() // how it ended is in its state
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok {
		return int(status)
	}
	return 1 << 8
}

// errorText is an error of a start as strerror(3) has it.
func errorText(err error) string {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// endSessions ends what runs beside the task. The lock is held.
func (p *process) endSessions() {
	for session := range p.hosted {
		session.kill()
	}
}

// sessionStreams are the agent's ends of a command's input and output.
type sessionStreams struct {
	in      io.WriteCloser
	outputs map[agent.ProcessIO_Data_Type]*os.File
	theirs  []*os.File
	resize  func(rows, columns uint32) error
}

// withTerminal gives the command a terminal of its own.
func withTerminal(cmd *exec.Cmd, info *mesos.TTYInfo) (s sessionStreams, err error) {
	ours, theirs, err := pty.Open()
	if err != nil {
		return s, err
	}
	s.in, s.outputs, s.theirs = ours, map[agent.ProcessIO_Data_Type]*os.File{agent.ProcessIO_Data_STDOUT: ours}, append(s.theirs, theirs)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Credential: cmd.SysProcAttr.Credential}
	s.resize = func(rows, columns uint32) error { return pty.Resize(ours, rows, columns) }
	if size := info.GetWindowSize(); size != nil {
		err = s.resize(size.Rows, size.Columns)
	}
	return s, err
}

// pipes gives the command three pipes.
func pipes(cmd *exec.Cmd) (s sessionStreams, err error) {
	s.outputs = map[agent.ProcessIO_Data_Type]*os.File{}
	stdin, in, err := os.Pipe()
	if err != nil {
		return s, err
	}
	s.in, s.theirs, cmd.Stdin = in, append(s.theirs, stdin), stdin
	for kind, to := range map[agent.ProcessIO_Data_Type]*io.Writer{agent.ProcessIO_Data_STDOUT: &cmd.Stdout, agent.ProcessIO_Data_STDERR: &cmd.Stderr} {
		out, end, err := os.Pipe()
		if err != nil {
			return s, err
		}
		s.outputs[kind], s.theirs, *to = out, append(s.theirs, end), end
	}
	return s, nil
}

func (s *sessionStreams) write(data []byte) error {
	_, err := s.in.Write(data)
	if errors.Is(err, syscall.EPIPE) {
		return nil // a command that does not read is no error of whoever writes
	}
	return err
}

func (s *sessionStreams) closeInput() { _ = s.in.Close() } // it may be closed already

func (s *sessionStreams) closeTheirs() {
	for _, f := range s.theirs {
		_ = f.Close() // the command has its own descriptor
	}
}

func (s *sessionStreams) closeOurs() {
	if s.in != nil {
		s.closeInput()
	}
	for _, f := range s.outputs {
		_ = f.Close() // it was only read
	}
}

// copy gives all output to out, waits for the command meanwhile, and returns when both are over.
func (s *sessionStreams) copy(out func(agent.ProcessIO_Data_Type, []byte), wait func()) {
	over := make(chan struct{}, len(s.outputs))
	for kind, f := range s.outputs {
		go func() {
			defer func() { over <- struct{}{} }()
			buffer := make([]byte, 16<<10)
			for {
				n, err := f.Read(buffer)
				if n > 0 {
					out(kind, append([]byte(nil), buffer[:n]...))
				}
				if err != nil {
					return // of a terminal whose last program ended EIO
				}
			}
		}()
	}
	wait()
	for range s.outputs {
		<-over
	}
}
