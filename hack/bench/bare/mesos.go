package bare

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Reconnect is a scheduler that subscribes under a framework's ID, asks for all tasks of it in one RECONCILE and counts those that were answered for.
type Reconnect struct {
	// Master is host and port of the leading master, Framework the ID.
	Master, Framework string
	Mesos             simulator.Remote
}

const protobuf = "application/x-protobuf"

// Run returns how long it took from SUBSCRIBED until the last task was answered for, and how many there were.
func (r Reconnect) Run(ctx context.Context) (Result, error) {
	state, err := r.Mesos.State(ctx)
	if err != nil {
		return Result{}, err
	}
	ask := &scheduler.Call{Type: scheduler.Call_RECONCILE, FrameworkID: &mesos.FrameworkID{Value: r.Framework}, Reconcile: &scheduler.Call_Reconcile{}}
	for _, task := range state.Tasks {
		if task.Framework == r.Framework {
			ask.Reconcile.Tasks = append(ask.Reconcile.Tasks, scheduler.Call_Reconcile_Task{
				TaskID: mesos.TaskID{Value: task.ID}, AgentID: &mesos.AgentID{Value: task.Agent},
			})
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.call(ctx, r.subscribe(), "")
	if err != nil {
		return Result{}, fmt.Errorf("subscribing: %w", err)
	}
	defer func() { _ = stream.Body.Close() }() // it is left on purpose
	return r.count(ctx, stream, ask)
}

// count reads the stream until every task was answered for.
func (r Reconnect) count(ctx context.Context, stream *http.Response, ask *scheduler.Call) (Result, error) {
	asked := make(chan error, 1)
	missing := make(map[string]bool, len(ask.Reconcile.Tasks))
	for i := range ask.Reconcile.Tasks {
		missing[ask.Reconcile.Tasks[i].TaskID.Value] = true
	}
	all := len(missing)
	var began time.Time
	in := bufio.NewReaderSize(stream.Body, 64<<10)
	for len(missing) > 0 {
		event, err := next(in)
		if err != nil {
			return Result{}, fmt.Errorf("reading the stream, with %d answers missing: %w", len(missing), err)
		}
		switch event.Type {
		case scheduler.Event_SUBSCRIBED:
			began = time.Now()
			go func() {
				response, err := r.call(ctx, ask, stream.Header.Get("Mesos-Stream-Id"))
				if err == nil {
					err = response.Body.Close()
				}
				asked <- err
			}()
		case scheduler.Event_UPDATE:
			delete(missing, event.Update.Status.TaskID.Value)
		case scheduler.Event_ERROR:
			return Result{}, errors.New(event.Error.Message)
		default:
		}
	}
	took := time.Since(began)
	return Result{Seconds: took.Seconds(), Count: all}, <-asked
}

// subscribe is the call of a framework that wants no offers.
func (r Reconnect) subscribe() *scheduler.Call {
	id := &mesos.FrameworkID{Value: r.Framework}
	return &scheduler.Call{Type: scheduler.Call_SUBSCRIBE, FrameworkID: id, Subscribe: &scheduler.Call_Subscribe{
		FrameworkInfo: &mesos.FrameworkInfo{
			User: User, Name: "bare", Roles: []string{"*"}, FailoverTimeout: new((24 * time.Hour).Seconds()), Checkpoint: new(true), ID: id,
			Capabilities: []mesos.FrameworkInfo_Capability{
				{Type: mesos.FrameworkInfo_Capability_PARTITION_AWARE},
				{Type: mesos.FrameworkInfo_Capability_MULTI_ROLE},
				{Type: mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT},
			},
		},
		SuppressedRoles: []string{"*"},
	}}
}

// User is the framework's.
const User = "nobody"

func (r Reconnect) call(ctx context.Context, call *scheduler.Call, stream string) (*http.Response, error) {
	body, err := call.Marshal()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.Master+"/api/v1/scheduler", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", protobuf)
	request.Header.Set("Accept", protobuf)
	if stream != "" {
		request.Header.Set("Mesos-Stream-Id", stream)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		text, err := io.ReadAll(io.LimitReader(response.Body, 1024))
		return nil, errors.Join(fmt.Errorf("%s: %s", response.Status, text), err, response.Body.Close())
	}
	return response, nil
}

// next reads one event: its length in decimal, a line feed, the event (docs/recordio.md of Mesos).
func next(in *bufio.Reader) (*scheduler.Event, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	length, err := strconv.Atoi(strings.TrimSuffix(line, "\n"))
	if err != nil {
		return nil, err
	}
	record := make([]byte, length)
	if _, err := io.ReadFull(in, record); err != nil {
		return nil, err
	}
	event := &scheduler.Event{}
	return event, event.Unmarshal(record)
}
