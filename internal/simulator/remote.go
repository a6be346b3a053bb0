package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Remote is a cluster in another process, seen from outside by its control page.
type Remote struct {
	// Control is the address of the control page, host and port.
	Control string
}

// stateSize bounds what is read of an answer: the state of a few hundred thousand tasks.
const stateSize = 256 << 20

// State is what the cluster says of itself: above all, which tasks live and as which processes.
func (r Remote) State(ctx context.Context) (*State, error) {
	state := &State{}
	return state, r.read(ctx, "/state", state)
}

// Counts is what has passed between schedulers and masters.
func (r Remote) Counts(ctx context.Context) (Counts, error) {
	var counts Counts
	return counts, r.read(ctx, "/counts", &counts)
}

// Order makes the cluster do something: see Cluster.Control.
func (r Remote) Order(ctx context.Context, what string) error {
	if _, err := r.ask(ctx, http.MethodPost, what); err != nil {
		return fmt.Errorf("telling the simulator %s: %w", what, err)
	}
	return nil
}

func (r Remote) read(ctx context.Context, what string, into any) error {
	body, err := r.ask(ctx, http.MethodGet, what)
	if err != nil {
		return fmt.Errorf("asking the simulator for %s: %w", what, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("reading the simulator's %s: %w", what, err)
	}
	return nil
}

func (r Remote) ask(ctx context.Context, method, what string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+r.Control+what, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	body, err := io.ReadAll(io.LimitReader(response.Body, stateSize))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered %s: %.200s", response.Status, body)
	}
	return body, nil
}
