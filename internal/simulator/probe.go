package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// loopback is where executors look for what their tasks serve.
const loopback = "127.0.0.1"

// Probe implements Prober: as the command executor does, from beside the process.
func (p *process) Probe(probe Probe, tell func(Found)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid == 0 {
		return
	}
	p.probes.Go(func() {
		ctx, cancel := context.WithCancel(p.probing)
		if probe.Timeout > 0 {
			ctx, cancel = context.WithTimeout(p.probing, probe.Timeout)
		}
		defer cancel()
		tell(p.look(ctx, probe))
	})
}

// look is one run of a check.
func (p *process) look(ctx context.Context, probe Probe) Found {
	switch check := probe.Check; check.Type {
	case mesos.CheckInfo_COMMAND:
		return Found{ExitCode: p.exitCode(ctx, &check.Command.Command)}
	case mesos.CheckInfo_HTTP:
		return Found{Status: httpStatus(ctx, probe.Scheme+"://"+net.JoinHostPort(loopback, strconv.Itoa(int(check.HTTP.Port)))+check.HTTP.GetPath())}
	default:
		return Found{Connects: connects(ctx, check.TCP.GetPort())}
	}
}

// httpStatus is the status of the answer to a GET request, redirects followed; nil where there is none.
func httpStatus(ctx context.Context, url string) *uint32 {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // as Mesos' executors do
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil
	}
	response, err := client.Do(request)
	if err != nil {
		return nil
	}
	_ = response.Body.Close() // its status is known
	return new(uint32(response.StatusCode))
}

// connects says whether a port takes a connection; nil where nobody can say in time.
func connects(ctx context.Context, port uint32) *bool {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(int(port))))
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return new(false)
	}
	_ = connection.Close() // it was there
	return new(true)
}

// exitCode runs the command of a check as the task's user, with its environment and in its sandbox; nil where it does not end in time.
func (p *process) exitCode(ctx context.Context, info *mesos.CommandInfo) *int32 {
	env := p.environment()
	for _, v := range info.GetEnvironment().GetVariables() {
		env = append(env, v.Name+"="+v.GetValue())
	}
	path, argv := programOf(info, env, p.sandbox)
	cmd := exec.CommandContext(ctx, path) //nolint:gosec // the task's author says what to run
	cmd.Path, cmd.Args, cmd.Err = path, argv, nil
	cmd.Dir, cmd.Env = p.sandbox, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.credential}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if stderr, err := os.OpenFile(filepath.Join(p.sandbox, "stderr"), os.O_APPEND|os.O_WRONLY, 0); err == nil {
		defer stderr.Close() //nolint:errcheck // what was written stays
		cmd.Stdout, cmd.Stderr = stderr, stderr
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		return new(int32(0))
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return new(int32(exit.ExitCode()))
	default:
		// It was killed, or there is no such program.
		return new(int32(1))
	}
}
