package simulator

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// everySecond is a check or health check of a kind, with its body.
func everySecond(kind string, body object, more object) object {
	check := object{"type": kind, "delay_seconds": 0, "interval_seconds": 1, "timeout_seconds": 3}
	if body != nil {
		check[map[string]string{"COMMAND": "command", "HTTP": "http", "TCP": "tcp"}[kind]] = body
	}
	maps.Copy(check, more)
	return check
}

// said is an update in a word: its state, and what it tells of checks.
func said(update object) string {
	words := []string{fmt.Sprint(update["state"])}
	if healthy, ok := update["healthy"]; ok {
		words = append(words, fmt.Sprintf("healthy=%v", healthy))
	}
	for _, path := range [][]string{{"command", "exit_code"}, {"http", "status_code"}, {"tcp", "succeeded"}} {
		if found := dig(update["check_status"], path...); found != nil {
			words = append(words, fmt.Sprintf("%s=%v", path[1], found))
		}
	}
	return strings.Join(words, " ")
}

// The agents run the checks of scripted tasks in virtual time, and tell of them as recorded executors did.
func TestChecksOfAScriptedTask(t *testing.T) {
	health := func(more object) object {
		return object{"health_check": everySecond("COMMAND", object{"value": "x"}, more)}
	}
	failsUntil := func(d time.Duration) func(Probe) Found {
		return func(p Probe) Found {
			if p.Since < d {
				return Found{ExitCode: new(int32(1))}
			}
			return Found{ExitCode: new(int32(0))}
		}
	}
	cases := map[string]struct {
		checks object
		probe  func(Probe) Found
		want   []string
	}{
		"a task passes unless its script says otherwise": {
			checks: health(nil), want: []string{"TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING healthy=true"},
		},
		"too many failures in a row kill": {
			checks: health(object{"consecutive_failures": 2, "grace_period_seconds": 0}), probe: failsUntil(time.Hour),
			want: []string{
				"TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING healthy=false", "TASK_RUNNING healthy=false", "TASK_KILLING", "TASK_KILLED healthy=false",
			},
		},
		"failures within the grace period are not told": {
			checks: health(object{"consecutive_failures": 1, "grace_period_seconds": 4}), probe: failsUntil(3 * time.Second),
			want: []string{"TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING healthy=true"},
		},
		"a success begins the count anew": {
			checks: health(object{"consecutive_failures": 3, "grace_period_seconds": 0}), probe: failsUntil(1500 * time.Millisecond),
			want: []string{"TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING healthy=false", "TASK_RUNNING healthy=false", "TASK_RUNNING healthy=true"},
		},
		"a check is told when it changes": {
			checks: object{"check": everySecond("HTTP", object{"port": 80}, nil)},
			probe: func(p Probe) Found {
				switch {
				case p.Since < 1500*time.Millisecond:
					return Found{Status: new(uint32(503))}
				case p.Since < 3500*time.Millisecond:
					return Found{Status: new(uint32(200))}
				default:
					return Found{}
				}
			},
			want: []string{"TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING status_code=503", "TASK_RUNNING status_code=200", "TASK_RUNNING"},
		},
		"both": {
			checks: object{"check": everySecond("TCP", object{"port": 80}, nil), "health_check": everySecond("TCP", object{"port": 80}, object{"delay_seconds": 2})},
			want:   []string{"TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING succeeded=true", "TASK_RUNNING healthy=true succeeded=true"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				spec := smallAgent()
				spec.Runner = ScriptRunner{Script: func(*mesos.TaskInfo) Script {
					script := Stay()
					script.Probe = tc.probe
					return script
				}}
				c.AddAgent(spec)
				cl := newClient(t, c)
				defer cl.close()
				cl.subscribe(subscribeCall(""))
				offer := cl.offers()[0]
				task := taskFor("t1", offer)
				maps.Copy(task, tc.checks)
				cl.call(cl.acceptCall(offer, task), http.StatusAccepted)
				cl.settle(8 * time.Second)
				var got []string
				for _, update := range cl.updates("t1") {
					got = append(got, said(update))
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("updates (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The checks of a real process are real.
func TestChecksOfAProcess(t *testing.T) {
	answers := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/up" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	plain, encrypted := httptest.NewServer(http.HandlerFunc(answers)), httptest.NewTLSServer(http.HandlerFunc(answers))
	defer plain.Close()
	defer encrypted.Close()
	port := func(s *httptest.Server) uint32 {
		_, text, err := net.SplitHostPort(s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(n)
	}
	closed := httptest.NewServer(nil)
	nobody := port(closed)
	closed.Close()
	get := func(port uint32, path string) *mesos.CheckInfo {
		return &mesos.CheckInfo{Type: mesos.CheckInfo_HTTP, HTTP: &mesos.CheckInfo_Http{Port: port, Path: &path}}
	}
	connect := func(port uint32) *mesos.CheckInfo {
		return &mesos.CheckInfo{Type: mesos.CheckInfo_TCP, TCP: &mesos.CheckInfo_Tcp{Port: port}}
	}
	run := func(command *mesos.CommandInfo) *mesos.CheckInfo {
		return &mesos.CheckInfo{Type: mesos.CheckInfo_COMMAND, Command: &mesos.CheckInfo_Command{Command: *command}}
	}
	for name, tc := range map[string]struct {
		probe Probe
		want  Found
	}{
		"an answer":            {Probe{Check: get(port(plain), "/up"), Scheme: "http"}, Found{Status: new(uint32(200))}},
		"another answer":       {Probe{Check: get(port(plain), "/down"), Scheme: "http"}, Found{Status: new(uint32(503))}},
		"an encrypted answer":  {Probe{Check: get(port(encrypted), "/up"), Scheme: "https"}, Found{Status: new(uint32(200))}},
		"no answer":            {Probe{Check: get(nobody, "/up"), Scheme: "http"}, Found{}},
		"a connection":         {Probe{Check: connect(port(plain))}, Found{Connects: new(true)}},
		"no connection":        {Probe{Check: connect(nobody)}, Found{Connects: new(false)}},
		"a command that works": {Probe{Check: run(shell(`test -e up && test "$COLOUR" = blue`))}, Found{ExitCode: new(int32(0))}},
		"a command that fails": {Probe{Check: run(shell("exit 7"))}, Found{ExitCode: new(int32(7))}},
		"a program":            {Probe{Check: run(&mesos.CommandInfo{Shell: new(false), Value: new("test"), Arguments: []string{"test", "-e", "down"}})}, Found{ExitCode: new(int32(1))}},
		"no such program":      {Probe{Check: run(&mesos.CommandInfo{Shell: new(false), Value: new("/no/such")})}, Found{ExitCode: new(int32(1))}},
		"one that takes long":  {Probe{Check: run(shell("sleep 1000")), Timeout: 50 * time.Millisecond}, Found{}},
	} {
		t.Run(name, func(t *testing.T) {
			command := shell("touch up; echo up; sleep 1000")
			command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{{Name: "COLOUR", Value: new("blue")}}}
			w := runProcess(t, command)
			w.await(mesos.TASK_RUNNING)
			w.awaitOutput("up")
			found := make(chan Found, 1)
			w.exec.(Prober).Probe(tc.probe, func(f Found) { found <- f })
			if diff := cmp.Diff(tc.want, <-found); diff != "" {
				t.Errorf("it found (-want +got):\n%s", diff)
			}
		})
	}
}
