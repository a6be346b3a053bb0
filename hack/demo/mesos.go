package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"syscall"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// portsPerAgent is how many ports each simulated agent offers: as many as those of the samples' agents, see media.
const portsPerAgent = 100

// mesos is the simulated Mesos, seen from outside: by its control page.
type mesos struct {
	simulator.Remote
	// master is the address, host and port, of the master.
	master string
	// firstPort is the first one that the agents offer.
	firstPort int
	// pids are the processes of the tasks that were live when it was last asked.
	pids []int
}

// state is what the simulator says of itself; its processes are remembered.
func (m *mesos) state(ctx context.Context) (*simulator.State, error) {
	state, err := m.State(ctx)
	if err != nil {
		return nil, err
	}
	m.pids = m.pids[:0]
	for _, task := range state.Tasks {
		if task.PID != 0 {
			m.pids = append(m.pids, task.PID)
		}
	}
	return state, nil
}

// sweep kills what a simulator that died left running: each task is a process group. One that ends in order leaves nothing.
func (m *mesos) sweep() error {
	var errs []error
	for _, pid := range m.pids {
		if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("ending the task that runs as process %d: %w", pid, err))
		}
	}
	return errors.Join(errs...)
}

// fetch returns the body of a good answer to GET.
func fetch(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s: %.200s", url, response.Status, body)
	}
	return body, nil
}

// freePorts finds a range of ports that nobody listens on, below those which systems hand out by themselves.
func freePorts(ctx context.Context, count int) (first int, err error) {
	const lowest, highest, tries = 15000, 32000, 100
	for range tries {
		first = lowest + rand.IntN(highest-lowest-count) //nolint:gosec // a port, not a secret
		if err = portsFree(ctx, first, count); err == nil {
			return first, nil
		}
	}
	return 0, fmt.Errorf("looking for %d free ports in a row: %w", count, err)
}

func portsFree(ctx context.Context, first, count int) error {
	for port := first; port < first+count; port++ {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":"+strconv.Itoa(port))
		if err != nil {
			return err
		}
		if err := listener.Close(); err != nil {
			return err
		}
	}
	return nil
}
