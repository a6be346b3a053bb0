package agentapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// scheduling is a framework that a test plays itself, as the operator launches no task groups.
type scheduling struct {
	*testing.T
	http             *http.Client
	url, stream      string
	framework, agent string
	events           *bufio.Reader
}

// subscribe registers a framework at the simulated master.
func subscribe(t *testing.T, mesos *simulator.Cluster) *scheduling {
	t.Helper()
	me, err := user.Current() // who has the way to the test's directory
	if err != nil {
		t.Fatal(err)
	}
	s := &scheduling{T: t, http: mesos.Client(), url: mesos.Masters()[0].URL() + "/api/v1/scheduler"}
	answer := s.post(map[string]any{"type": "SUBSCRIBE", "subscribe": map[string]any{"framework_info": map[string]any{
		"user": me.Username, "name": "groups", "roles": []string{"*"}, "capabilities": []any{map[string]string{"type": "MULTI_ROLE"}},
	}}})
	t.Cleanup(func() { _ = answer.Body.Close() }) // the stream has no end of its own
	s.stream, s.events = answer.Header.Get("Mesos-Stream-Id"), bufio.NewReader(answer.Body)
	s.framework = s.next("SUBSCRIBED").Subscribed.FrameworkID.Value
	return s
}

func (s *scheduling) post(call map[string]any) *http.Response {
	s.Helper()
	if s.framework != "" {
		call["framework_id"] = map[string]string{"value": s.framework}
	}
	body, err := json.Marshal(call)
	if err != nil {
		s.Fatal(err)
	}
	request, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if s.stream != "" {
		request.Header.Set("Mesos-Stream-Id", s.stream)
	}
	answer, err := s.http.Do(request)
	if err != nil {
		s.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusAccepted {
		text, _ := io.ReadAll(answer.Body)
		s.Fatalf("%s is answered with %s: %s", call["type"], answer.Status, text)
	}
	return answer
}

// value is an ID as Mesos writes it.
type value struct{ Value string }

// event is what the test reads of the events of a scheduler.
type event struct {
	Type       string
	Subscribed struct {
		FrameworkID value `json:"framework_id"`
	}
	Offers struct {
		Offers []struct {
			ID      value
			AgentID value `json:"agent_id"`
		}
	}
	Update struct {
		Status struct {
			State           string
			UUID            string
			TaskID          value `json:"task_id"`
			AgentID         value `json:"agent_id"`
			ContainerStatus struct {
				ContainerID value `json:"container_id"`
			} `json:"container_status"`
		}
	}
}

// next is the next event of a type.
func (s *scheduling) next(wanted string) event {
	s.Helper()
	for {
		line, err := s.events.ReadString('\n')
		if err != nil {
			s.Fatalf("waiting for %s: %v", wanted, err)
		}
		length, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			s.Fatal(err)
		}
		record := make([]byte, length)
		if _, err := io.ReadFull(s.events, record); err != nil {
			s.Fatal(err)
		}
		var told event
		if err := json.Unmarshal(record, &told); err != nil {
			s.Fatal(err)
		}
		if told.Type == wanted {
			return told
		}
	}
}

// launchGroup launches a group of tasks with these command lines, and returns them with their containers once all run.
func (s *scheduling) launchGroup(lines map[string]string) []Task {
	s.Helper()
	offer := s.next("OFFERS").Offers.Offers[0]
	s.agent = offer.AgentID.Value
	id := func(value string) map[string]string { return map[string]string{"value": value} }
	resources := []any{
		map[string]any{"name": "cpus", "type": "SCALAR", "scalar": map[string]any{"value": 0.1}, "allocation_info": map[string]string{"role": "*"}},
		map[string]any{"name": "mem", "type": "SCALAR", "scalar": map[string]any{"value": 32}, "allocation_info": map[string]string{"role": "*"}},
		map[string]any{"name": "disk", "type": "SCALAR", "scalar": map[string]any{"value": 32}, "allocation_info": map[string]string{"role": "*"}},
	}
	var tasks []any
	for name, line := range lines {
		tasks = append(tasks, map[string]any{
			"name": name, "task_id": id(name), "agent_id": id(s.agent), "resources": resources, "command": map[string]any{"shell": true, "value": line},
		})
	}
	_ = s.post(map[string]any{"type": "ACCEPT", "accept": map[string]any{
		"offer_ids": []any{id(offer.ID.Value)},
		"operations": []any{map[string]any{"type": "LAUNCH_GROUP", "launch_group": map[string]any{
			"executor":   map[string]any{"type": "DEFAULT", "executor_id": id("group"), "framework_id": id(s.framework), "resources": resources},
			"task_group": map[string]any{"tasks": tasks},
		}}},
	}}).Body.Close()
	var running []Task
	for len(running) < len(lines) {
		status := s.next("UPDATE").Update.Status
		// The next update of a task comes once this one is acknowledged.
		_ = s.post(map[string]any{"type": "ACKNOWLEDGE", "acknowledge": map[string]any{
			"agent_id": id(status.AgentID.Value), "task_id": id(status.TaskID.Value), "uuid": status.UUID,
		}}).Body.Close()
		task := Task{FrameworkID: s.framework, TaskID: status.TaskID.Value, ContainerID: status.ContainerStatus.ContainerID.Value}
		if status.State == "TASK_RUNNING" && !slices.Contains(running, task) {
			running = append(running, task)
		}
	}
	slices.SortFunc(running, func(a, b Task) int { return strings.Compare(a.TaskID, b.TaskID) })
	return running
}

// TestSandbox_ofATaskGroup: each task of a group has a sandbox of its own, below that of the executor that runs them all.
func TestSandbox_ofATaskGroup(t *testing.T) {
	mesos := simulator.New(simulator.Options{Flags: simulator.Flags{OfferInterval: 20 * time.Millisecond}})
	t.Cleanup(mesos.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, serve, err := mesos.AddServedAgent(listener, simulator.AgentSpec{CPUs: 1, Mem: 1024, Disk: 1024, Runner: simulator.ProcessRunner{Dir: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = serve() }()
	s := subscribe(t, mesos)
	tasks := s.launchGroup(map[string]string{"one": "echo first; exec sleep 1000", "two": "echo second; exec sleep 1000"})
	client, err := New(Options{AgentURL: "http://" + listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	agent, err := client.Find(t.Context(), nil, Named{ID: s.agent})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"first\n", "second\n"} {
		sandbox, err := agent.Sandbox(t.Context(), tasks[i])
		if err != nil {
			t.Fatalf("%s: %v", tasks[i].TaskID, err)
		}
		if !strings.HasSuffix(sandbox.root, "/containers/"+tasks[i].ContainerID) {
			t.Fatalf("%s has the sandbox %s", tasks[i].TaskID, sandbox.root)
		}
		var got bytes.Buffer
		err = wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
			got.Reset()
			_, err := sandbox.Copy(ctx, &got, "stdout", 0, nil)
			return got.String() == want, err
		})
		if err != nil {
			t.Errorf("%s wrote %q, not %q: %v", tasks[i].TaskID, got.String(), want, err)
		}
	}
	// Before its container is told, what there is of a task is its executor's.
	sandbox, err := agent.Sandbox(t.Context(), Task{FrameworkID: s.framework, TaskID: "one"})
	if err != nil {
		t.Fatal(err)
	}
	files, err := sandbox.List(t.Context(), "containers")
	if err != nil || len(files) != 2 {
		t.Errorf("the executor's sandbox has the containers %v (%v)", files, err)
	}
	if _, err := agent.Sandbox(t.Context(), Task{FrameworkID: s.framework, TaskID: "three"}); !errors.Is(err, ErrNoSandbox) {
		t.Errorf("a task of no group: %v", err)
	}
}
