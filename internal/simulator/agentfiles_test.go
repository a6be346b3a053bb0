package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// ask sends a request to an agent's own API: a call, or a GET if there is none.
func ask(t *testing.T, a *Agent, path string, call any) (status int, body string, answer object) {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	if call != nil {
		b, err := json.Marshal(call)
		if err != nil {
			t.Fatal(err)
		}
		req = httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(b)))
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, req)
	body = w.Body.String()
	if w.Header().Get("Content-Type") == typeJSON && strings.HasPrefix(body, "{") {
		var err error
		if answer, err = (jsonWire{}).event([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	return w.Code, body, answer
}

// directories are the sandboxes of an agent's executors that /state tells of, in its lists of this name.
func directories(t *testing.T, a *Agent, frameworks, executors string) (out []string) {
	t.Helper()
	_, _, state := ask(t, a, "/state", nil)
	for _, f := range state[frameworks].([]any) {
		for _, e := range dig(f, executors).([]any) {
			out = append(out, dig(e, "directory").(string))
		}
	}
	return out
}

// holding runs the tasks of an agent with these files.
func holding(files map[string]string) ScriptRunner {
	return ScriptRunner{Script: func(*mesos.TaskInfo) Script {
		script := Stay()
		script.Files = files
		return script
	}}
}

// TestFilesOfATask: what LIST_FILES, READ_FILE and the endpoints of before say of what is there and what is not (src/files/files.cpp, its tests in
// src/tests/files_tests.cpp, include/mesos/v1/agent/agent.proto).
func TestFilesOfATask(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		large := strings.Repeat("0123456789", 7000)
		spec := smallAgent()
		spec.Runner = holding(map[string]string{"stdout": "0123456789", "large": large, "logs/one.log": "1"})
		a, cl := launched(t, c, spec)
		at := directories(t, a, "frameworks", "executors")[0]
		virtual := "/frameworks/" + cl.frameworkID() + "/executors/t1/runs/latest"
		read := func(path string, more object) object {
			call := object{"path": path}
			maps.Copy(call, more)
			return object{"type": "READ_FILE", "read_file": call}
		}
		type wanted struct {
			status int
			size   int    // of what is 200
			data   string // of what is 200, else the text
		}
		for sentence, c := range map[string]struct {
			call any
			want wanted
		}{
			"the whole":                         {read(at+"/stdout", object{"offset": 0}), wanted{200, 10, "0123456789"}},
			"a part":                            {read(at+"/stdout", object{"offset": 3, "length": 4}), wanted{200, 10, "3456"}},
			"more than there is":                {read(at+"/stdout", object{"offset": 8, "length": 400}), wanted{200, 10, "89"}},
			"the size":                          {read(at+"/stdout", object{"offset": 0, "length": 0}), wanted{200, 10, ""}},
			"at the end":                        {read(at+"/stdout", object{"offset": 10}), wanted{200, 10, ""}},
			"beyond the end":                    {read(at+"/stdout", object{"offset": 4000, "length": 1}), wanted{200, 10, ""}},
			"a negative offset":                 {read(at+"/stdout", object{"offset": -1}), wanted{200, 10, ""}},
			"a negative length":                 {read(at+"/stdout", object{"offset": 2, "length": -1}), wanted{200, 10, "23456789"}},
			"no more than 16 pages":             {read(at+"/large", object{"offset": 1}), wanted{200, 70_000, large[1 : 1+16*4096]}},
			"16 pages, whatever is asked":       {read(at+"/large", object{"offset": 0, "length": 70_000}), wanted{200, 70_000, large[:16*4096]}},
			"an empty file":                     {read(at+"/stderr", object{"offset": 0}), wanted{200, 0, ""}},
			"the latest run":                    {read(filepath.Dir(at)+"/latest/stdout", object{"offset": 9}), wanted{200, 10, "9"}},
			"without the agent's directories":   {read(virtual+"/stdout", object{"offset": 9}), wanted{200, 10, "9"}},
			"with a scheme":                     {read("file://"+at+"/stdout", object{"offset": 9}), wanted{200, 10, "9"}},
			"a file in a directory":             {read(at+"/logs/one.log", object{"offset": 0}), wanted{200, 1, "1"}},
			"a file that is not there":          {read(at+"/nothing", object{"offset": 0}), wanted{404, 0, ""}},
			"a file below a file":               {read(at+"/stdout/x", object{"offset": 0}), wanted{404, 0, ""}},
			"a directory":                       {read(at+"/logs", object{"offset": 0}), wanted{400, 0, "Cannot read a directory.\n"}},
			"the sandbox":                       {read(at+"/", object{"offset": 0}), wanted{400, 0, "Cannot read a directory.\n"}},
			"above the sandbox":                 {read(at+"/../x", object{"offset": 0}), wanted{400, 0, "'" + at + "/../x' is inaccessible.\n"}},
			"another task":                      {read(strings.Replace(at, "t1", "t2", 1), object{"offset": 0}), wanted{404, 0, ""}},
			"another agent":                     {read(strings.Replace(at, a.ID(), "S9", 1), object{"offset": 0}), wanted{404, 0, ""}},
			"another container":                 {read(filepath.Dir(at)+"/other/stdout", object{"offset": 0}), wanted{404, 0, ""}},
			"a container without directories":   {read(filepath.Dir(virtual)+"/"+filepath.Base(at), object{"offset": 0}), wanted{404, 0, ""}},
			"a path of anywhere":                {read("/etc/passwd", object{"offset": 0}), wanted{404, 0, ""}},
			"no path at all":                    {read("", object{"offset": 0}), wanted{404, 0, ""}},
			"no offset":                         {read(at+"/stdout", nil), wanted{400, 0, "Missing required fields: read_file.offset"}},
			"no path":                           {object{"type": "READ_FILE", "read_file": object{"offset": 0}}, wanted{400, 0, "Missing required fields: read_file.path"}},
			"nothing to read":                   {object{"type": "READ_FILE"}, wanted{400, 0, "Failed to validate agent::Call: Expecting 'read_file' to be present"}},
			"nothing to list":                   {object{"type": "LIST_FILES"}, wanted{400, 0, "Failed to validate agent::Call: Expecting 'list_files' to be present"}},
			"a list of what is not there":       {object{"type": "LIST_FILES", "list_files": object{"path": at + "/nothing"}}, wanted{404, 0, ""}},
			"a list of what is above":           {object{"type": "LIST_FILES", "list_files": object{"path": at + "/.."}}, wanted{400, 0, "'" + at + "/..' is inaccessible.\n"}},
			"a list without a path":             {object{"type": "LIST_FILES", "list_files": object{}}, wanted{400, 0, "Missing required fields: list_files.path"}},
			"a call that is a number, not text": {object{"type": 1}, wanted{400, 0, "Failed to parse body into JSON: json: cannot unmarshal number into Go struct field agentCall.type of type string"}},
		} {
			status, text, answer := ask(t, a, "/api/v1", c.call)
			got := wanted{status: status, data: text}
			if status == http.StatusOK {
				data, err := base64.StdEncoding.DecodeString(dig(answer, "read_file", "data").(string))
				if err != nil {
					t.Errorf("%s: %v", sentence, err)
				}
				got = wanted{status, int(number(dig(answer, "read_file", "size"))), string(data)}
			}
			if got != c.want {
				t.Errorf("%s: %.200v, want %.200v", sentence, got, c.want)
			}
		}
		for path, want := range map[string]struct {
			status int
			body   string
		}{
			"/files/read?offset=0": {400, "Expecting 'path=value' in query.\n"},
			"/files/browse":        {400, "Expecting 'path=value' in query.\n"},
			"/files/read?path=" + at + "/stdout&offset=-2":          {400, "Negative offset provided: -2.\n"},
			"/files/read?path=" + at + "/stdout&length=-2":          {400, "Negative length provided: -2.\n"},
			"/files/read?path=" + at + "/stdout&offset=x":           {400, "Failed to parse offset: Failed to convert 'x' to number.\n"},
			"/files/read?path=" + at + "/stdout&length=":            {400, "Failed to parse length: Failed to convert '' to number.\n"},
			"/files/read?path=" + at + "/stdout":                    {200, `{"data":"","offset":10}`},
			"/files/read?path=" + at + "/stdout&offset=99":          {200, `{"data":"","offset":99}`},
			"/files/read?path=" + at + "/stdout&offset=4&length=":   {400, "Failed to parse length: Failed to convert '' to number.\n"},
			"/files/read?path=" + at + "/stdout&offset=8&length=-1": {200, `{"data":"89","offset":8}`},
			"/files/read?path=" + at + "/logs&offset=0":             {400, "Cannot read a directory.\n"},
			"/files/read?path=" + at + "/nothing&offset=0":          {404, ""},
			"/files/browse?path=" + at + "/nothing":                 {404, ""},
			"/files/browse?path=" + at + "/stdout":                  {200, "[]"},
			"/api/v1":                                               {405, "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'."},
			"/nothing":                                              {404, ""},
		} {
			if status, body, _ := ask(t, a, path, nil); status != want.status || body != want.body {
				t.Errorf("%s: %d %q, want %d %q", path, status, body, want.status, want.body)
			}
		}
		list := func(path string) (names []string) {
			_, _, answer := ask(t, a, "/slave(1)/api/v1", object{"type": "LIST_FILES", "list_files": object{"path": path}})
			infos, _ := dig(answer, "list_files", "file_infos").([]any)
			for _, info := range infos {
				names = append(names, fmt.Sprintf("%s %s", dig(info, "path"), dig(info, "mode")))
			}
			return names
		}
		want := []string{at + "/large 33188", at + "/logs 16749", at + "/stderr 33188", at + "/stdout 33188"}
		if diff := cmp.Diff(want, list(at+"/")); diff != "" {
			t.Errorf("the sandbox has (-want +got):\n%s", diff)
		}
		if got := list(at + "/stdout"); got != nil {
			t.Errorf("a file has %v", got)
		}
	})
}

// TestFilesOfAProcess: the files of a process are shown as they are, and nothing leads out of its sandbox, neither .. nor a link; what can only wait is not opened.
func TestFilesOfAProcess(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "runs", "c")
	for _, d := range []string{in, in + "2", filepath.Join(in, "sub")} {
		if err := os.MkdirAll(d, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"secret": "out", "runs/c2/secret": "out", "runs/c/stdout": "hello\n", "runs/c/sub/file": "below",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"out": "../../secret", "far": "/etc/passwd", "up": "..", "beside": "../c2/secret", "around": "sub/../../../secret",
		"near": "sub/file", "whole": filepath.Join(in, "stdout"), "dangling": "nothing", "loop": "loop",
	} {
		if err := os.Symlink(to, filepath.Join(in, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(in, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := sandbox{dir: in}
	for suffix, want := range map[string]string{
		"stdout": "200 hello\n", "sub/file": "200 below", "sub/../stdout": "200 hello\n", "near": "200 below", "whole": "200 hello\n",
		"out": "400", "far": "400", "beside": "400", "around": "400", "up": "400", "up/c/stdout": "200 hello\n", "up/../secret": "400",
		"../c2/secret": "400", "../../secret": "400", "..": "400", "sub/../../c2/secret": "400", "../c/stdout": "200 hello\n",
		"dangling": "404", "nothing": "404", "stdout/x": "404", "stdout/../sub/file": "404", "loop": "400", "sub": "400", "": "400", "pipe": "500",
	} {
		_, data, problem := s.read(suffix, "/shown/"+suffix, 0, nil)
		got := "200 " + string(data)
		if problem != nil {
			got = strconv.Itoa(problem.status)
			if strings.Contains(problem.text, dir) && suffix != "loop" {
				t.Errorf("%s: %q names a directory of this machine", suffix, problem.text)
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", suffix, got, want)
		}
	}
	files, problem := s.list("", "/shown")
	if problem != nil {
		t.Fatal(problem)
	}
	var got []string
	for _, f := range files {
		view := f.oldView()
		got = append(got, fmt.Sprintf("%s %s %d", view["path"], view["mode"], view["size"]))
	}
	want := []string{"near -rw-r----- 5", "pipe prw-r--r-- 0", "stdout -rw-r----- 6", "sub drwxr-x--- ", "whole -rw-r----- 6"}
	for i := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], "/shown/"+want[i]) {
			t.Errorf("the sandbox has %q, want %q", got, want)
			break
		}
	}
	if len(got) != len(want) {
		t.Errorf("the sandbox has %q, want %q", got, want)
	}
	if _, problem := s.list("up", "/shown/up"); problem == nil || problem.status != http.StatusBadRequest {
		t.Errorf("above the sandbox is listed: %v", problem)
	}
	// A link that is made after the path was found leads nowhere, either.
	if f, err := s.open("far"); err == nil {
		_ = f.Close()
		t.Error("a link out of the sandbox was opened")
	}
	if _, problem := (sandbox{dir: filepath.Join(dir, "none")}).list("", "/shown"); problem != errNoFile {
		t.Errorf("a sandbox that is not there: %v", problem)
	}
}

// TestOutputOfAProcess reads what a process of this machine writes, as it grows.
func TestOutputOfAProcess(t *testing.T) {
	c := New(Options{Flags: quick})
	defer c.Close()
	spec := smallAgent()
	spec.Runner = ProcessRunner{Dir: t.TempDir()}
	a := c.AddAgent(spec)
	cl := &client{
		t: t, http: c.Client(), url: c.Masters()[0].URL(), wire: jsonWire{}, cancel: func() {}, real: true, changed: make(chan struct{}, 1),
	}
	defer cl.close()
	cl.subscribe(subscribeCall(""))
	cl.await("an offer", func() bool { return len(cl.offers()) > 0 })
	task := taskFor("t1", cl.offers()[0])
	task["command"] = object{"value": "echo one; while ! test -e go; do sleep 0.05; done; echo two; sleep 1000", "shell": true}
	cl.call(cl.acceptCall(cl.offers()[0], task), http.StatusAccepted)
	stdout := func(offset int) string {
		_, _, answer := ask(t, a, "/api/v1", object{"type": "READ_FILE", "read_file": object{
			"path": "/frameworks/" + cl.frameworkID() + "/executors/t1/runs/latest/stdout", "offset": offset,
		}})
		text, _ := dig(answer, "read_file", "data").(string)
		return text
	}
	cl.await("the first line", func() bool { return stdout(0) == "b25lCg==" })
	if err := os.WriteFile(filepath.Join(spec.Runner.(ProcessRunner).Dir, a.ID(), cl.frameworkID(), "t1", c.Tasks()[0].ContainerID, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cl.await("the second line", func() bool { return stdout(4) == "dHdvCg==" })
}

// TestFilesOutliveTheirTask: a task that has ended is among the completed executors, with its sandbox, until the agent's directories are wiped.
func TestFilesOutliveTheirTask(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, AgentSpec{CPUs: 100, Mem: 100_000, Runner: ScriptRunner{Script: func(info *mesos.TaskInfo) Script {
			if info.TaskID.Value == "t1" {
				return Stay()
			}
			return EndAfter(time.Second, mesos.TASK_FINISHED, "")
		}}})
		running := directories(t, a, "frameworks", "executors")
		latest := "/frameworks/" + cl.frameworkID() + "/executors/t1/runs/latest"
		lists := func(path string) int {
			status, _, _ := ask(t, a, "/api/v1", object{"type": "LIST_FILES", "list_files": object{"path": path}})
			return status
		}
		cl.kill("t1", a.ID())
		cl.settle(time.Second)
		ended := directories(t, a, "completed_frameworks", "completed_executors")
		if diff := cmp.Diff(running, ended); diff != "" || directories(t, a, "frameworks", "executors") != nil {
			t.Errorf("after the end (-running +ended):\n%s", diff)
		}
		if lists(ended[0]) != http.StatusOK || lists(latest) != http.StatusOK {
			t.Error("the sandbox went with the task")
		}
		if _, body, _ := ask(t, a, "/api/v1", object{"type": "GET_CONTAINERS"}); body != `{"type":"GET_CONTAINERS"}` {
			t.Errorf("without a container it says %s", body)
		}
		var more []string
		for i := range maxCompletedExecutors {
			more = append(more, fmt.Sprint("more-", i))
		}
		cl.launch(cl.offers()[1], more...) // what t1 left over
		cl.settle(5 * time.Second)
		if n := len(directories(t, a, "completed_frameworks", "completed_executors")); n != maxCompletedExecutors || lists(ended[0]) != http.StatusNotFound || lists(latest) != http.StatusNotFound {
			t.Errorf("there are %d completed executors, and the sandbox of the first is answered %d", n, lists(ended[0]))
		}
		ended = directories(t, a, "completed_frameworks", "completed_executors")
		a.Restart(time.Second)
		cl.settle(5 * time.Second)
		if lists(ended[0]) != http.StatusOK {
			t.Error("the sandbox went with the agent's process")
		}
		a.Replace(time.Second)
		cl.settle(5 * time.Second)
		if lists(ended[0]) != http.StatusNotFound {
			t.Error("the sandbox is still there although the directories were wiped")
		}
	})
}

// TestGroupsOnTheirAgent: the executor of a task group has one container with those of its tasks in it; its files are not simulated.
func TestGroupsOnTheirAgent(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		s := grouped(t, c)
		s.wait(3 * time.Second)
		count := func(nested bool) int {
			_, _, answer := ask(t, s.agent, "/api/v1", object{"type": "GET_CONTAINERS", "get_containers": object{"show_nested": nested}})
			list, _ := dig(answer, "get_containers", "containers").([]any)
			return len(list)
		}
		if count(false) != 2 || count(true) != 4 {
			t.Errorf("there are %d containers, %d with the nested ones; want 2, 4", count(false), count(true))
		}
		_, _, state := ask(t, s.agent, "/state", nil)
		group := dig(state, "frameworks", "0", "executors", "1")
		if dig(group, "type") != "DEFAULT" || len(dig(group, "tasks").([]any)) != 2 {
			t.Errorf("the executor of the group is %v", group)
		}
		directory := dig(group, "directory").(string)
		_, _, containers := ask(t, s.agent, "/api/v1", object{"type": "LIST_FILES", "list_files": object{"path": directory + "/containers"}})
		listed, _ := dig(containers, "list_files", "file_infos").([]any)
		if len(listed) != 2 {
			t.Fatalf("the sandbox of the group has the containers %v", listed)
		}
		nested := dig(listed[0], "path").(string)
		for path, want := range map[string]int{
			directory: 200, directory + "/stdout": 200, nested: 200, nested + "/stdout": 200, filepath.Dir(directory) + "/latest/containers": 200,
			nested + "x": 404, directory + "/containers/other/stdout": 404, filepath.Dir(directory) + "/other": 404,
			strings.Replace(nested, s.agent.ID(), "S9", 1): 404, "/frameworks/" + s.client.frameworkID() + "/executors/g1/runs/latest": 404,
		} {
			if status, text, _ := ask(t, s.agent, "/api/v1", object{"type": "LIST_FILES", "list_files": object{"path": path}}); status != want {
				t.Errorf("%s is answered %d: %s", path, status, text)
			}
		}
	})
}

// TestTasksOfTheMaster: /tasks lists the latest first, as many as are asked for, and those of all ends.
func TestTasksOfTheMaster(t *testing.T) {
	inBubble(t, Options{Masters: 2}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, smallAgent())
		cl.settle(time.Second)
		cl.launch(cl.offers()[len(cl.offers())-1], "t2")
		cl.settle(time.Second)
		cl.kill("t1", a.ID())
		cl.settle(time.Second)
		for query, want := range map[string]string{
			"": "t2 t1", "?order=asc": "t1 t2", "?limit=1": "t2", "?limit=1&offset=1": "t1", "?offset=7": "", "?limit=x": "t2 t1",
			"?task_id=t1": "t1", "?framework_id=" + cl.frameworkID(): "t2 t1", "?framework_id=other": "",
		} {
			req := httptest.NewRequest(http.MethodGet, "/master/tasks"+query, http.NoBody)
			w := httptest.NewRecorder()
			c.Handler(0).ServeHTTP(w, req)
			answer, err := jsonWire{}.event(w.Body.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, one := range answer["tasks"].([]any) {
				ids = append(ids, dig(one, "id").(string))
			}
			if got := strings.Join(ids, " "); got != want {
				t.Errorf("%q: %q, want %q", query, got, want)
			}
		}
		w := httptest.NewRecorder()
		c.Handler(1).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/tasks", http.NoBody))
		if w.Code != http.StatusTemporaryRedirect {
			t.Errorf("a follower answers %d", w.Code)
		}
	})
}
