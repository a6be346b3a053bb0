package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// awaitFile waits until a file is there and gives its content.
func awaitFile(t *testing.T, path string) string {
	t.Helper()
	timeout, look := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
	defer look.Stop()
	for {
		if b, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(b))
		}
		select {
		case <-look.C:
		case <-timeout:
			t.Fatalf("%s never came", path)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d %v", url, resp.StatusCode, err)
	}
	return string(b)
}

func TestTheProgramServesItsMastersAndControlPage(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{
			"--masters", "2", "--agents", "3", "--agent-cpus", "2", "--agent-ports", "31500-31509", "--runner", "script",
			"--work-dir", dir, "--log-level", "error", "--principal", "alice", "--secret-file", secret, "--agent-listen", "127.0.0.1",
			"--address-file", filepath.Join(dir, "masters"), "--control-address-file", filepath.Join(dir, "control"),
		})
	}()
	masters := strings.Split(awaitFile(t, filepath.Join(dir, "masters")), "\n")
	control := awaitFile(t, filepath.Join(dir, "control"))
	var st simulator.State
	if err := json.Unmarshal([]byte(get(t, "http://"+control+"/state")), &st); err != nil {
		t.Fatal(err)
	}
	if len(masters) != 2 || len(st.Masters) != 2 || len(st.Agents) != 3 {
		t.Errorf("masters %v, state %+v", masters, st)
	}
	for i, m := range st.Masters {
		if m.URL != "http://"+masters[i] || m.Leading != (i == 0) {
			t.Errorf("master %d is %+v, want it at %s", i, m, masters[i])
		}
	}
	post := func(url, user, body string) (status int, location string) {
		req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.SetBasicAuth(user, "s3cret")
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Location")
	}
	if status, _ := post("http://"+masters[0]+"/api/v1/scheduler", "mallory", "{}"); status != http.StatusUnauthorized {
		t.Errorf("a stranger got %d, want 401", status)
	}
	if status, location := post("http://"+masters[1]+"/api/v1/scheduler", "alice", "{}"); status != http.StatusTemporaryRedirect ||
		location != "//"+masters[0]+"/api/v1/scheduler" {
		t.Errorf("the follower answered %d to %q", status, location)
	}
	if state := get(t, "http://"+agentOf(t, masters[0])+"/state"); !strings.Contains(state, `"hostname":"agent-`) {
		t.Errorf("an agent says of itself %s", state)
	}
	if page := get(t, "http://"+control+"/"); !strings.Contains(page, "agent-3.sim") {
		t.Error("the control page does not show the agents")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
	if conn, err := net.Dial("tcp", masters[0]); err == nil {
		_ = conn.Close()
		t.Error("the master listens after the end")
	}
}

func TestBadCommandLines(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"an argument":                {[]string{"x"}, `there is no argument "x"`},
		"a runner that is unknown":   {[]string{"--runner", "docker"}, `--runner must be process or script, not "docker"`},
		"ports that are no range":    {[]string{"--agent-ports", "31000"}, `--agent-ports must be a range such as 31000-31099, not "31000"`},
		"more ports than there are":  {[]string{"--agent-ports", "60000-64999", "--agents", "3"}, "there are not enough ports for 3 agents from 60000 on"},
		"no master":                  {[]string{"--masters", "0"}, "there must be at least one master, and no fewer than no agents"},
		"a log level that is no":     {[]string{"--log-level", "loud"}, `reading --log-level: slog: level string "loud": unknown name`},
		"a principal without secret": {[]string{"--principal", "alice"}, "--principal and --secret-file belong together"},
		"an address that is none":    {[]string{"--listen", "nowhere"}, "reading --listen: address nowhere: missing port in address"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), tc.args)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// agentOf is the address of an agent, as a master tells it.
func agentOf(t *testing.T, master string) string {
	t.Helper()
	resp, err := http.Post("http://"+master+"/api/v1", "application/json", strings.NewReader(`{"type": "GET_AGENTS"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		GetAgents struct {
			Agents []struct{ PID string }
		} `json:"get_agents"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || len(answer.GetAgents.Agents) != 3 {
		t.Fatalf("the agents are %+v, %v", answer, err)
	}
	_, address, _ := strings.Cut(answer.GetAgents.Agents[0].PID, "@")
	return address
}
