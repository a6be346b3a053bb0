// Command mesos-sim is a simulated Mesos cluster as a program: masters on sockets, agents that run tasks as
// processes of this machine (or act them out), and a control page for making things go wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mesos-sim:", err)
		os.Exit(1)
	}
}

// config is the command line.
type config struct {
	listen, addressFile               string
	controlListen, controlAddressFile string
	masters, agents                   int
	cpus, mem, disk                   float64
	ports, agentIP, agentListen       string
	workDir, runner, logLevel         string
	pingTimeout, reregisterTimeout    time.Duration
	maxPingTimeouts                   int
	eventsPerSecond                   int
	principal, secretFile             string
}

func parse(args []string) (config, error) {
	var c config
	fs := flag.NewFlagSet("mesos-sim", flag.ContinueOnError)
	fs.StringVar(&c.listen, "listen", "127.0.0.1:0", "address of the first master; further masters take a free port of the same host")
	fs.StringVar(&c.addressFile, "address-file", "", "file that the chosen host:port is written to once it listens, a line per master")
	fs.StringVar(&c.controlListen, "control-listen", "127.0.0.1:0", "address of the control page; empty for none")
	fs.StringVar(&c.controlAddressFile, "control-address-file", "", "file that the control page's host:port is written to")
	fs.IntVar(&c.masters, "masters", 1, "number of masters")
	fs.IntVar(&c.agents, "agents", 3, "number of agents")
	fs.Float64Var(&c.cpus, "agent-cpus", 4, "cpus of each agent")
	fs.Float64Var(&c.mem, "agent-mem", 4096, "memory of each agent in MB")
	fs.Float64Var(&c.disk, "agent-disk", 10240, "disk of each agent in MB")
	fs.StringVar(&c.ports, "agent-ports", "31000-31099", "port range of the first agent; the others get the ranges that follow it, as they share this machine's ports; empty for none")
	fs.StringVar(&c.agentIP, "agent-ip", "127.0.0.1", "IP address that all agents say they have; one of this machine's that is not loopback lets Services lead to their tasks")
	fs.StringVar(&c.agentListen, "agent-listen", "", "host on which each agent serves its own API, on a port that is free; the port is the one that masters tell. Without it agents serve none")
	fs.StringVar(&c.workDir, "work-dir", "", "directory of the sandboxes (default: a temporary one that is removed at the end)")
	fs.StringVar(&c.runner, "runner", "process", "how tasks run: process, or script (they say RUNNING and stay)")
	fs.StringVar(&c.logLevel, "log-level", "info", "debug, info or error")
	fs.DurationVar(&c.pingTimeout, "agent-ping-timeout", 15*time.Second, "how long the master waits for the answer to each of its pings")
	fs.IntVar(&c.maxPingTimeouts, "max-agent-ping-timeouts", 5, "unanswered pings after which an agent is unreachable")
	fs.DurationVar(&c.reregisterTimeout, "agent-reregister-timeout", 10*time.Minute, "how long a new master waits for agents to come back")
	fs.IntVar(&c.eventsPerSecond, "events-per-second", 0, "how fast each subscription is written at most; 0 for as fast as it is read. A real master manages some 10,000")
	fs.StringVar(&c.principal, "principal", "", "demand basic authentication by this principal")
	fs.StringVar(&c.secretFile, "secret-file", "", "file that holds the principal's secret")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	switch {
	case fs.NArg() > 0:
		return c, fmt.Errorf("there is no argument %q", fs.Arg(0))
	case c.runner != "process" && c.runner != "script":
		return c, fmt.Errorf("--runner must be process or script, not %q", c.runner)
	case c.masters < 1, c.agents < 0:
		return c, errors.New("there must be at least one master, and no fewer than no agents")
	case (c.principal == "") != (c.secretFile == ""):
		return c, errors.New("--principal and --secret-file belong together")
	}
	return c, nil
}

func run(ctx context.Context, args []string) (err error) {
	cfg, err := parse(args)
	if err != nil {
		return err
	}
	log, err := newLogger(cfg.logLevel)
	if err != nil {
		return err
	}
	flags, err := cfg.flags()
	if err != nil {
		return err
	}
	if cfg.workDir == "" {
		dir, mkErr := os.MkdirTemp("", "mesos-sim-")
		if mkErr != nil {
			return fmt.Errorf("making a work directory: %w", mkErr)
		}
		cfg.workDir = dir
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	cluster := simulator.New(simulator.Options{Masters: cfg.masters, Flags: flags, Logger: log})
	defer cluster.Close()
	agents, err := cfg.addAgents(ctx, cluster)
	if err != nil {
		return err
	}
	return serve(logr.NewContext(ctx, log), cfg, cluster, agents)
}

func (c config) flags() (simulator.Flags, error) {
	f := simulator.Flags{
		AgentPingTimeout: c.pingTimeout, MaxAgentPingTimeouts: c.maxPingTimeouts, AgentReregisterTimeout: c.reregisterTimeout,
		EventsPerSecond: c.eventsPerSecond,
	}
	if c.principal != "" {
		secret, err := os.ReadFile(c.secretFile)
		if err != nil {
			return f, fmt.Errorf("reading the secret: %w", err)
		}
		f.AuthenticateFrameworks = true
		f.Credentials = map[string]string{c.principal: strings.TrimRight(string(secret), "\r\n")}
	}
	return f, nil
}

func newLogger(level string) (logr.Logger, error) {
	var at slog.Level
	if err := at.UnmarshalText([]byte(level)); err != nil {
		return logr.Logger{}, fmt.Errorf("reading --log-level: %w", err)
	}
	return logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: at})), nil
}

// addAgents starts the agents, each with its own part of the machine's ports. What it returns serves their APIs.
func (c config) addAgents(ctx context.Context, cluster *simulator.Cluster) (serve []func() error, err error) {
	first, last, err := portRange(c.ports)
	if err != nil {
		return nil, err
	}
	size := last - first + 1
	for i := range c.agents {
		spec := simulator.AgentSpec{IP: c.agentIP, CPUs: c.cpus, Mem: c.mem, Disk: c.disk, Runner: simulator.ScriptRunner{}}
		if c.runner == "process" {
			spec.Runner = simulator.ProcessRunner{Dir: c.workDir}
		}
		if c.ports != "" {
			begin := first + uint64(i)*size
			if begin+size-1 > 65535 {
				return nil, fmt.Errorf("there are not enough ports for %d agents from %d on", c.agents, first)
			}
			spec.Ports = []mesos.Value_Range{{Begin: begin, End: begin + size - 1}}
		}
		if c.agentListen == "" {
			cluster.AddAgent(spec)
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(c.agentListen, "0"))
		if err != nil {
			return nil, fmt.Errorf("listening for agent %d: %w", i+1, err)
		}
		_, one, err := cluster.AddServedAgent(l, spec)
		if err != nil {
			return nil, err
		}
		serve = append(serve, one)
	}
	return serve, nil
}

func portRange(s string) (first, last uint64, err error) {
	if s == "" {
		return 0, 0, nil
	}
	from, to, ok := strings.Cut(s, "-")
	first, err1 := strconv.ParseUint(from, 10, 16)
	last, err2 := strconv.ParseUint(to, 10, 16)
	if !ok || err1 != nil || err2 != nil || last < first {
		return 0, 0, fmt.Errorf("--agent-ports must be a range such as 31000-31099, not %q", s)
	}
	return first, last, nil
}

// serve opens all sockets, says where they are, and serves until the context ends.
func serve(ctx context.Context, cfg config, cluster *simulator.Cluster, agents []func() error) error {
	log := logr.FromContextOrDiscard(ctx)
	host, _, err := net.SplitHostPort(cfg.listen)
	if err != nil {
		return fmt.Errorf("reading --listen: %w", err)
	}
	var listeners []net.Listener
	var addresses []string
	for i := range cfg.masters {
		at := cfg.listen
		if i > 0 {
			at = net.JoinHostPort(host, "0")
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at)
		if err != nil {
			return fmt.Errorf("listening for master %d: %w", i, err)
		}
		listeners = append(listeners, l)
		addresses = append(addresses, l.Addr().String())
	}
	failed := make(chan error, len(listeners)+len(agents)+1)
	for _, serve := range agents {
		go func() { failed <- serve() }()
	}
	for i, l := range listeners {
		serve := cluster.Listen(l, i)
		go func() { failed <- serve() }()
		log.Info("Master listening", "master", i, "address", addresses[i])
	}
	if err := writeAddresses(cfg.addressFile, addresses...); err != nil {
		return err
	}
	if cfg.controlListen != "" {
		stop, err := serveControl(ctx, cfg, cluster, failed)
		if err != nil {
			return err
		}
		defer stop()
	}
	select {
	case <-ctx.Done():
		log.Info("Stopping")
		return nil
	case err := <-failed:
		return err
	}
}

func serveControl(ctx context.Context, cfg config, cluster *simulator.Cluster, failed chan<- error) (stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.controlListen)
	if err != nil {
		return nil, fmt.Errorf("listening for the control page: %w", err)
	}
	server := &http.Server{Handler: cluster.Control(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serving the control page: %w", err)
		}
	}()
	logr.FromContextOrDiscard(ctx).Info("Control page listening", "address", l.Addr().String())
	return func() { _ = server.Close() }, writeAddresses(cfg.controlAddressFile, l.Addr().String())
}

// writeAddresses writes a file in one step, so that whoever waits for it never reads half of it.
func writeAddresses(path string, addresses ...string) error {
	if path == "" {
		return nil
	}
	tmp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(tmp, []byte(strings.Join(addresses, "\n")+"\n"), 0o644); err != nil { //nolint:gosec // anybody may know it
		return fmt.Errorf("writing the address: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("writing the address: %w", err)
	}
	return nil
}
