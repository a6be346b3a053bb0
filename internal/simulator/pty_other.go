//go:build !linux

package simulator

import (
	"errors"
	"os/exec"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// withTerminal is to be had on Linux only, as Mesos' agents are.
func withTerminal(*exec.Cmd, *mesos.TTYInfo) (sessionStreams, error) {
	return sessionStreams{}, errors.ErrUnsupported
}
