package simulator

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// watched is a task run by a ProcessRunner, with what it reported.
type watched struct {
	t       *testing.T
	dir     string
	exec    Execution
	mu      sync.Mutex
	reports []Report
	changed chan struct{}
}

func runProcess(t *testing.T, command *mesos.CommandInfo) *watched {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir(), changed: make(chan struct{}, 100)}
	// Other users than this one must be able to reach their sandbox.
	if err := os.Chmod(filepath.Dir(w.dir), 0o755); err != nil {
		t.Fatal(err)
	}
	w.exec = ProcessRunner{Dir: w.dir}.Run(Launch{
		Task:      &mesos.TaskInfo{TaskID: mesos.TaskID{Value: "task"}, Command: command},
		Framework: &mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: "framework"}},
		AgentID:   "agent", ContainerID: "container",
	}, func(r Report) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.reports = append(w.reports, r)
		w.changed <- struct{}{}
	})
	t.Cleanup(func() { w.exec.Destroy()() })
	return w
}

// await waits for a report of this state.
func (w *watched) await(states ...mesos.TaskState) Report {
	w.t.Helper()
	timeout := time.After(time.Minute)
	for {
		w.mu.Lock()
		for _, r := range w.reports {
			if slices.Contains(states, r.State) {
				w.mu.Unlock()
				return r
			}
		}
		w.mu.Unlock()
		select {
		case <-w.changed:
		case <-timeout:
			w.t.Fatalf("waited in vain for %v; got %v", states, w.reports)
		}
	}
}

var ends = []mesos.TaskState{mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_DROPPED}

func (w *watched) sandbox() string {
	return filepath.Join(w.dir, "agent", "framework", "task", "container")
}

func (w *watched) file(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.sandbox(), name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func shell(s string) *mesos.CommandInfo { return &mesos.CommandInfo{Value: new(s)} }

// The commands of the recorded conversations end here as they did there.
func TestAProcessEndsInTheWordsOfTheCommandExecutor(t *testing.T) {
	cases := map[string]struct {
		command *mesos.CommandInfo
		state   mesos.TaskState
		message string
	}{
		"true":             {shell("true"), mesos.TASK_FINISHED, "Command exited with status 0"},
		"exit 3":           {shell("exit 3"), mesos.TASK_FAILED, "Command exited with status 3"},
		"kill -9 $$":       {shell("kill -9 $$"), mesos.TASK_FAILED, "Command terminated with signal Killed"},
		"kill -TERM $$":    {shell("kill -TERM $$"), mesos.TASK_FAILED, "Command terminated with signal Terminated"},
		"an argv":          {&mesos.CommandInfo{Shell: new(false), Value: new("sh"), Arguments: []string{"sh", "-c", "exit 5"}}, mesos.TASK_FAILED, "Command exited with status 5"},
		"an absolute path": {&mesos.CommandInfo{Shell: new(false), Value: new("/bin/sh"), Arguments: []string{"sh", "-c", "exit 6"}}, mesos.TASK_FAILED, "Command exited with status 6"},
		"no such program":  {&mesos.CommandInfo{Shell: new(false), Value: new("/no/such/program")}, mesos.TASK_FAILED, "Command exited with status 1"},
		"an unknown user":  {&mesos.CommandInfo{Value: new("true"), User: new("no-such-user")}, mesos.TASK_DROPPED, ""},
		"an URI that is not there": {
			&mesos.CommandInfo{Value: new("true"), URIs: []mesos.CommandInfo_URI{{Value: "/no/such/file"}}}, mesos.TASK_FAILED,
			"Failed to launch container: Failed to fetch all URIs for container 'container': exited with status 1",
		},
		"an URI that leaves the sandbox": {
			&mesos.CommandInfo{Value: new("true"), URIs: []mesos.CommandInfo_URI{{Value: "/etc/hostname", OutputFile: new("../x")}}}, mesos.TASK_FAILED,
			"Failed to launch container: Failed to fetch all URIs for container 'container': exited with status 1",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runProcess(t, tc.command).await(ends...)
			if got.State != tc.state || tc.message != "" && got.Message != tc.message {
				t.Errorf("got %v %q, want %v %q", got.State, got.Message, tc.state, tc.message)
			}
			if tc.message == "" && !strings.Contains(got.Message, "user") {
				t.Errorf("the message does not say why: %q", got.Message)
			}
		})
	}
}

func TestAProcessHasItsSandboxAndEnvironment(t *testing.T) {
	command := shell(`echo "$GREETING ${MESOS_TASK_ID-none} $MESOS_SANDBOX"; echo oops >&2; echo x > here; pwd; test -n "$PATH"`)
	command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{{Name: "GREETING", Value: new("hello")}}}
	w := runProcess(t, command)
	if got := w.await(ends...); got.State != mesos.TASK_FINISHED {
		t.Fatalf("got %v %q", got.State, got.Message)
	}
	// Mesos tells no task its ID.
	want := "hello none " + w.sandbox() + "\n" + w.sandbox() + "\n"
	if diff := cmp.Diff(want, w.file("stdout")); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
	if w.file("stderr") != "oops\n" || w.file("here") != "x\n" {
		t.Errorf("stderr is %q, the file %q", w.file("stderr"), w.file("here"))
	}
}

func TestAProcessRunsAsItsUser(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	other := "nobody"
	command := shell("id -un; touch made")
	command.User = &other
	got := runProcess(t, command)
	end := got.await(ends...)
	if os.Geteuid() != 0 {
		if !strings.Contains(end.Message, "not as root") {
			t.Errorf("as %s: %v %q, want a failure that says why", me.Username, end.State, end.Message)
		}
		return
	}
	if end.State != mesos.TASK_FINISHED || strings.TrimSpace(got.file("stdout")) != other {
		t.Errorf("ran as %q and ended %v %q, want %q", got.file("stdout"), end.State, end.Message, other)
	}
	mine := shell("id -un")
	mine.User = &me.Username
	w := runProcess(t, mine)
	if w.await(ends...); strings.TrimSpace(w.file("stdout")) != me.Username {
		t.Errorf("ran as %q, want %q", w.file("stdout"), me.Username)
	}
}

// gone reports whether a process has ended; a zombie that somebody else has to reap has.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(b), ") Z ")
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	timeout, look := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
	defer look.Stop()
	for !gone(pid) {
		select {
		case <-look.C:
		case <-timeout:
			t.Fatalf("process %d is still there", pid)
		}
	}
}

func TestKillingAProcess(t *testing.T) {
	cases := map[string]struct {
		command, message string
		state            mesos.TaskState
		grace            time.Duration
	}{
		"SIGTERM":                        {"sleep 100", "Command terminated with signal Terminated", mesos.TASK_FAILED, time.Minute},
		"SIGKILL after the grace period": {"trap '' TERM; echo ready; while :; do sleep 0.01; done", "Command terminated with signal Killed", mesos.TASK_FAILED, 50 * time.Millisecond},
		"an end in its own words":        {"trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done", "Command exited with status 0", mesos.TASK_FINISHED, time.Minute},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := runProcess(t, shell(tc.command))
			pid := w.await(mesos.TASK_RUNNING).PID
			if strings.Contains(tc.command, "ready") {
				w.awaitOutput("ready")
			}
			w.exec.Kill(tc.grace)
			got := w.await(ends...)
			// That the agent killed it is the agent's to say: it turns FAILED into KILLED.
			if got.State != tc.state || got.Message != tc.message {
				t.Errorf("got %v %q, want %v %q", got.State, got.Message, tc.state, tc.message)
			}
			awaitGone(t, pid)
		})
	}
}

func (w *watched) awaitOutput(text string) {
	w.t.Helper()
	timeout, look := time.After(time.Minute), time.NewTicker(5*time.Millisecond)
	defer look.Stop()
	for !strings.Contains(w.file("stdout"), text) {
		select {
		case <-look.C:
		case <-timeout:
			w.t.Fatalf("the task never wrote %q", text)
		}
	}
}

func TestAKilledProcessTakesItsChildrenAlong(t *testing.T) {
	w := runProcess(t, shell("sleep 100 & echo $!; wait"))
	w.await(mesos.TASK_RUNNING)
	w.awaitOutput("\n")
	child, err := strconv.Atoi(strings.TrimSpace(w.file("stdout")))
	if err != nil {
		t.Fatal(err)
	}
	w.exec.Kill(time.Minute)
	w.await(ends...)
	awaitGone(t, child)
}

func archive(t *testing.T, dir string) {
	t.Helper()
	var tarred bytes.Buffer
	tw := tar.NewWriter(&tarred)
	body := []byte("#!/bin/sh\necho from the archive\n")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(tw.WriteHeader(&tar.Header{Name: "bin/", Typeflag: tar.TypeDir, Mode: 0o755}))
	check(tw.WriteHeader(&tar.Header{Name: "bin/run", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(body))}))
	_, err := tw.Write(body)
	check(err)
	check(tw.Close())
	var zipped bytes.Buffer
	gw := gzip.NewWriter(&zipped)
	_, err = gw.Write(tarred.Bytes())
	check(err)
	check(gw.Close())
	check(os.WriteFile(filepath.Join(dir, "a.tar.gz"), zipped.Bytes(), 0o644))
	check(os.WriteFile(filepath.Join(dir, "a.tar"), tarred.Bytes(), 0o644))
	var z bytes.Buffer
	zw := zip.NewWriter(&z)
	h := &zip.FileHeader{Name: "bin/run"}
	h.SetMode(0o755)
	f, err := zw.CreateHeader(h)
	check(err)
	_, err = f.Write(body)
	check(err)
	check(zw.Close())
	check(os.WriteFile(filepath.Join(dir, "a.zip"), z.Bytes(), 0o644))
	check(os.WriteFile(filepath.Join(dir, "run"), body, 0o644))
	var evil bytes.Buffer
	tw = tar.NewWriter(&evil)
	check(tw.WriteHeader(&tar.Header{Name: "../evil", Typeflag: tar.TypeReg, Mode: 0o644, Size: 0}))
	check(tw.Close())
	check(os.WriteFile(filepath.Join(dir, "evil.tar"), evil.Bytes(), 0o644))
}

func TestURIsAreFetched(t *testing.T) {
	dir := t.TempDir()
	archive(t, dir)
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer http.DefaultClient.CloseIdleConnections()
	defer server.Close()
	cases := map[string]struct {
		uri     mesos.CommandInfo_URI
		command string
		want    string // on stdout; or, of a failure, in the message
		fails   bool
	}{
		"tar.gz":                  {uri: mesos.CommandInfo_URI{Value: "file://" + dir + "/a.tar.gz"}, command: "bin/run", want: "from the archive\n"},
		"tar":                     {uri: mesos.CommandInfo_URI{Value: dir + "/a.tar"}, command: "bin/run", want: "from the archive\n"},
		"zip":                     {uri: mesos.CommandInfo_URI{Value: dir + "/a.zip"}, command: "bin/run", want: "from the archive\n"},
		"executable":              {uri: mesos.CommandInfo_URI{Value: dir + "/run", Executable: new(true)}, command: "./run", want: "from the archive\n"},
		"not to be extracted":     {uri: mesos.CommandInfo_URI{Value: dir + "/a.zip", Extract: new(false)}, command: "ls -d bin 2>/dev/null || echo none", want: "none\n"},
		"output file":             {uri: mesos.CommandInfo_URI{Value: dir + "/run", OutputFile: new("sub/dir/x")}, command: "sh sub/dir/x", want: "from the archive\n"},
		"http":                    {uri: mesos.CommandInfo_URI{Value: server.URL + "/run?a=b"}, command: "sh run", want: "from the archive\n"},
		"http 404":                {uri: mesos.CommandInfo_URI{Value: server.URL + "/none"}, command: "true", want: "unexpected HTTP response '404 Not Found'", fails: true},
		"an archive that escapes": {uri: mesos.CommandInfo_URI{Value: dir + "/evil.tar"}, command: "true", want: "the entry '../evil' would leave the sandbox", fails: true},
		"a scheme nobody knows":   {uri: mesos.CommandInfo_URI{Value: "hdfs://x/y"}, command: "true", want: "the scheme 'hdfs' is not supported", fails: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			command := shell(tc.command)
			command.URIs = []mesos.CommandInfo_URI{tc.uri}
			w := runProcess(t, command)
			got := w.await(ends...)
			switch {
			case tc.fails && (got.State != mesos.TASK_FAILED || !got.ByAgent || !strings.Contains(w.file("stderr"), tc.want)):
				t.Errorf("got %v %q, want a failure and in the sandbox %q", got.State, got.Message, tc.want)
			case !tc.fails && (got.State != mesos.TASK_FINISHED || w.file("stdout") != tc.want):
				t.Errorf("got %v %q", got.State, got.Message)
			}
		})
	}
}

// Processes are the agent's: a master that stops, fails over or forgets does not touch them, and
// Close leaves none behind.
func TestProcessesOutliveTheMasterAndNotTheCluster(t *testing.T) {
	c := New(Options{Flags: quick})
	spec := smallAgent()
	spec.Runner = ProcessRunner{Dir: t.TempDir()}
	a := c.AddAgent(spec)
	cl := &client{
		t: t, http: c.Client(), url: c.Masters()[0].URL(), wire: jsonWire{}, cancel: func() {}, real: true, changed: make(chan struct{}, 1),
	}
	defer cl.close()
	s := &stage{client: cl, cluster: c, a: a}
	cl.subscribe(subscribeCall(""))
	cl.await("SUBSCRIBED", func() bool { return len(cl.of("SUBSCRIBED")) > 0 })
	s.running("t1")
	cl.await("the PID", func() bool { return c.Tasks()[0].PID != 0 })
	pid := c.Tasks()[0].PID
	c.StopMaster(0)
	c.StartMaster(0)
	cl.await("the agent", func() bool { return c.State().Agents[0].Master == "registered" })
	if gone(pid) || c.Tasks()[0].PID != pid {
		t.Errorf("process %d did not outlive the master: %+v", pid, c.Tasks())
	}
	s.resubscribe()
	s.call(s.ask("t1"), http.StatusAccepted)
	cl.await("the task", func() bool { return len(cl.states("t1")) > 0 })
	if diff := cmp.Diff([]string{"TASK_RUNNING"}, cl.states("t1")); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	c.Close()
	awaitGone(t, pid)
}

func TestAKilledProcessIsReportedKilled(t *testing.T) {
	c := New(Options{Flags: quick})
	defer c.Close()
	spec := smallAgent()
	spec.Runner = ProcessRunner{Dir: t.TempDir()}
	a := c.AddAgent(spec)
	cl := &client{
		t: t, http: c.Client(), url: c.Masters()[0].URL(), wire: jsonWire{}, cancel: func() {}, real: true, changed: make(chan struct{}, 1),
	}
	defer cl.close()
	s := &stage{client: cl, cluster: c, a: a}
	cl.subscribe(subscribeCall(""))
	cl.await("SUBSCRIBED", func() bool { return len(cl.of("SUBSCRIBED")) > 0 })
	s.running("t1")
	s.kill("t1", a.ID())
	s.acknowledged("t1", "TASK_KILLED")
	last := cl.updates("t1")[len(cl.updates("t1"))-1]
	if last["message"] != "Command terminated with signal Terminated" {
		t.Errorf("the message is %v", last["message"])
	}
}
