package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/mesos-operator/mesos-operator/internal/program"
)

// slowWall is how long N tasks take where each write of the operator's takes so much longer: a tenth more than the bare program, which reaches nine
// tenths of its rate.
func slowWall(delay time.Duration) figure {
	return figure{goal: "g", what: fmt.Sprintf("created to RUNNING, writes %s slower", delay), unit: "s", bound: from(1_000, ratio(1/0.9))}
}

func slowWrites(delay time.Duration) figure {
	return figure{goal: "g", what: fmt.Sprintf("created to RUNNING, writes %s slower, writes", delay), unit: "per task", bound: about(2)}
}

// slow does once more what pair.both does first, with a slow way to the API server for the operator, and for the bare program in its place.
func (p *pair) slow(ctx context.Context, delay time.Duration) (err error) {
	proxy, err := p.slowDown(ctx, delay)
	if err != nil {
		return err
	}
	defer func() {
		p.operator = p.kubeconfig
		err = errors.Join(err, proxy.End(syscall.SIGTERM))
	}()
	p.say("bare: writes %s slower", delay)
	m, _, err := p.walk(ctx, "create,bind,record", p.n)
	if err != nil {
		return err
	}
	p.bare(slowWall(delay), p.n, m.took.Seconds())
	if _, _, err := p.walk(ctx, "delete,release", 0); err != nil {
		return err
	}
	p.say("product: writes %s slower", delay)
	if err := p.startManager(ctx); err != nil {
		return err
	}
	if err := p.connected(ctx); err != nil {
		return err
	}
	wall, m, err := p.created(ctx)
	if err != nil {
		return err
	}
	p.product(slowWall(delay), p.n, wall.Seconds())
	p.product(slowWrites(delay), p.n, p.each(float64(m.requests.sum(patches))))
	if _, _, err := p.removed(ctx); err != nil {
		return err
	}
	return p.stopManager(ctx)
}

// slowDown puts a proxy in front of the API server, and leads the operator to it.
func (p *pair) slowDown(ctx context.Context, delay time.Duration) (*program.Program, error) {
	self, address, err := selfAndAddress(ctx)
	if err != nil {
		return nil, err
	}
	proxy, err := program.Start(ctx, self, p.path("slow.log"), p.cancel, "slow", "--kubeconfig", p.kubeconfig, "--listen", address, "--delay", delay.String())
	if err != nil {
		return nil, err
	}
	p.operator = p.path("kubeconfig-slow")
	if err := writeKubeconfig(p.operator, "http://"+address); err != nil {
		return nil, errors.Join(err, proxy.End(syscall.SIGTERM))
	}
	return proxy, p.answers(ctx, "http://"+address+"/readyz")
}

// writeKubeconfig writes one that reaches a server without credentials.
func writeKubeconfig(path, server string) error {
	const name = "bench"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: server}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	return nil
}

// readFile reads a file of this run.
func readFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path) //nolint:gosec // see above
	if err != nil {
		return nil, fmt.Errorf("reading a file: %w", err)
	}
	return text, nil
}
