package agentapi

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestState_sandboxOf(t *testing.T) {
	state := &State{
		Frameworks: []StateFramework{{
			ID: "F",
			Executors: []StateExecutor{
				{ID: "alone", Directory: "/work/alone", Tasks: []stateTask{{"alone"}}},
				{ID: "default", Directory: "/work/default", Tasks: []stateTask{{"grouped"}}, Completed: []stateTask{{"before"}}},
			},
			CompletedExecutors: []StateExecutor{{ID: "over", Directory: "/work/over"}},
		}},
		CompletedFrameworks: []StateFramework{{ID: "G", CompletedExecutors: []StateExecutor{{ID: "old", Directory: "/work/old"}}}},
	}
	for _, one := range []struct {
		what string
		task Task
		want string
	}{
		{"a command's", Task{"F", "alone", "C"}, "/work/alone"},
		{"of one that is over", Task{"F", "over", ""}, "/work/over"},
		{"of a framework that is over", Task{"G", "old", ""}, "/work/old"},
		{"below a default executor it is the nested container's", Task{"F", "grouped", "N"}, "/work/default/containers/N"},
		{"where the nested container is not known, the executor's", Task{"F", "before", ""}, "/work/default"},
		{"of nobody", Task{"F", "nobody", ""}, ""},
		{"of another framework", Task{"G", "alone", ""}, ""},
	} {
		if got := state.SandboxOf(one.task); got != one.want {
			t.Errorf("%s: %q, not %q", one.what, got, one.want)
		}
	}
}

func TestExitOf(t *testing.T) {
	for status, want := range map[int32]Exit{
		0: {Known: true}, 7 << 8: {Known: true, Code: 7}, 255 << 8: {Known: true, Code: 255},
		9: {Known: true, Code: 137, Signal: "killed"}, 15 | 0x80: {Known: true, Code: 143, Signal: "terminated"},
	} {
		if got := exitOf(status); got != want {
			t.Errorf("%d is %+v, not %+v", status, got, want)
		}
	}
}

func TestPattern(t *testing.T) {
	for pattern, wrong := range map[string]string{
		"": "", "https://{hostname}:5051": "", "https://gateway/agent/{id}": "", "http://{ip}:{port}": "",
		"gateway:5051": "no http or https URL", "ftp://x": "no http or https URL", "https://{host}:5051": "{host}",
		"https://alice:secret@gateway/": "password", "https://gateway/?x=1": "behind its path",
	} {
		_, err := New(Options{AgentURL: pattern})
		if (err == nil) != (wrong == "") || err != nil && (!strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

func TestCredentials_forms(t *testing.T) {
	for text, want := range map[string]string{
		`{"principal": "alice", "secret": "hush"}`: "alice:hush", "alice hush\n": "alice:hush", "alice": "", `{"principal": }`: "", `{"secret": "hush"}`: "",
	} {
		path := filepath.Join(t.TempDir(), "credentials")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := New(Options{CredentialsFile: path})
		switch {
		case err != nil && (want != "" || strings.Contains(err.Error(), "hush")):
			t.Errorf("%q: %v", text, err)
		case err == nil && c.principal+":"+c.secret != want:
			t.Errorf("%q is %s:%s", text, c.principal, c.secret)
		}
	}
}

// TestCredentials_whereTheyGo: never over plain HTTP unless that is wanted, and never on to another host.
func TestCredentials_whereTheyGo(t *testing.T) {
	var stolen string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen = r.Header.Get("Authorization") }))
	defer thief.Close()
	asked := 0
	master := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, secret, _ := r.BasicAuth(); user == "alice" && secret == "s3" {
			asked++
		}
		http.Redirect(w, r, thief.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer master.Close()
	path := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(path, []byte("alice s3"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, insecure := range []bool{false, true} {
		c, err := New(Options{CredentialsFile: path, AllowInsecure: insecure})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Find(t.Context(), []string{master.URL}, Named{ID: "S0"})
		if err == nil || strings.Contains(err.Error(), "s3") || !insecure && !strings.Contains(err.Error(), "--mesos-allow-insecure") {
			t.Errorf("%v", err)
		}
	}
	if asked != 1 || stolen != "" {
		t.Errorf("the master was shown the credentials %d times, and who it redirected to %q", asked, stolen)
	}
}

// TestFind: what is said of an agent, and what is assumed where nobody says anything.
func TestFind(t *testing.T) {
	master := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", typeJSON)
		_, _ = w.Write([]byte(`{"type": "GET_AGENTS", "get_agents": {"agents": [
			{"agent_info": {"id": {"value": "S0"}, "hostname": "a.example.com", "port": 5061}, "pid": "slave(1)@10.0.0.7:5061"},
			{"agent_info": {"id": {"value": "S1"}, "hostname": "10.0.0.8"}, "pid": "slave(1)@10.0.0.8:5062"}]}}`))
	}))
	defer master.Close()
	follower := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTemporaryRedirect) }))
	defer follower.Close()
	for _, one := range []struct {
		what, pattern string
		masters       []string
		named         Named
		want          string
		doubt         bool
	}{
		{"by the master that leads", "", []string{follower.URL, master.URL}, Named{"S0", ""}, "http://a.example.com:5061 http://10.0.0.7:5061", false},
		{"with an address for a name", "", []string{master.URL}, Named{"S1", ""}, "http://10.0.0.8:5062", false},
		{"not known to the master", "", []string{master.URL}, Named{"S9", "z.example.com"}, "http://z.example.com:5051", true},
		{"by nobody", "", nil, Named{"S0", "z.example.com"}, "http://z.example.com:5051", true},
		{"by a gateway", "https://gw/agent/{id}/", nil, Named{"S0", ""}, "https://gw/agent/S0", false},
		{"by another port", "https://{hostname}:6000", nil, Named{"S0", "z"}, "https://z:6000", false},
		{"by its address", "https://{ip}:{port}", []string{master.URL}, Named{"S0", ""}, "https://10.0.0.7:5061", false},
	} {
		c, err := New(Options{AgentURL: one.pattern})
		if err != nil {
			t.Fatal(err)
		}
		agent, err := c.Find(t.Context(), one.masters, one.named)
		if err != nil {
			t.Errorf("%s: %v", one.what, err)
			continue
		}
		if got := strings.Join(agent.urls, " "); got != one.want || (agent.doubt != "") != one.doubt {
			t.Errorf("%s: %s (%s), not %s", one.what, got, agent.doubt, one.want)
		}
	}
}

// TestReach_atOnce: a session sends input and asks for the end at once. What the first connection tells of the way helps the next one.
func TestReach_atOnce(t *testing.T) {
	var asked atomic.Int32
	agent := &Agent{urls: []string{"http://gone", "http://here"}}
	send := func(at string) (*http.Response, error) {
		if asked.Add(1); at == "http://gone" {
			return nil, &net.DNSError{Err: "no such host", Name: "gone", IsNotFound: true}
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := agent.reach(send); err != nil { //nolint:bodyclose // it has none
				t.Error(err)
			}
		})
	}
	both.Wait()
	before := asked.Load()
	if _, err := agent.reach(send); err != nil || asked.Load() != before+1 { //nolint:bodyclose // it has none
		t.Errorf("a third request took %d connections: %v", asked.Load()-before, err)
	}
}
