package simulator

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/agent"
	"golang.org/x/sys/unix"
)

// withTerminal gives the command a terminal of its own.
func withTerminal(cmd *exec.Cmd, info *mesos.TTYInfo) (s sessionStreams, err error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return s, fmt.Errorf("opening a terminal: %w", err)
	}
	s.in, s.outputs = master, map[agent.ProcessIO_Data_Type]*os.File{agent.ProcessIO_Data_STDOUT: master}
	number := 0
	err = controlling(master, func(fd int) (err error) {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
	if err != nil {
		return s, fmt.Errorf("unlocking a terminal: %w", err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return s, fmt.Errorf("opening a terminal: %w", err)
	}
	s.theirs = append(s.theirs, slave)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Credential: cmd.SysProcAttr.Credential}
	s.resize = func(rows, columns uint32) error {
		return controlling(master, func(fd int) error {
			return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(rows), Col: uint16(columns)})
		})
	}
	if size := info.GetWindowSize(); size != nil {
		err = s.resize(size.Rows, size.Columns)
	}
	return s, err
}

// controlling hands out a file's descriptor for as long as do takes, and leaves it as it is: reading from it can still be interrupted.
func controlling(f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var done error
	return errors.Join(raw.Control(func(fd uintptr) { done = do(int(fd)) }), done)
}
