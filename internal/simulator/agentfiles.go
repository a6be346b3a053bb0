package simulator

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing/fstest"
	"time"
)

// The files of tasks as their agent shows them: those of each executor's sandbox, under the sandbox's path, the same with "latest" for the
// container's ID, and "/frameworks/<ID>/executors/<ID>/runs/latest" (src/slave/slave.cpp, addExecutor).

// maxCompletedExecutors is how many commands that have ended an agent remembers with their sandboxes: of a framework, in Mesos, where the sandboxes
// stay longer (max_completed_executors_per_framework, gc_delay).
const maxCompletedExecutors = 150

// run is a command's container on its agent, which outlives its task.
type run struct {
	agentID   string // when it began
	task      *agentTask
	completed bool
	sessions  map[string]*nested // by their containers' IDs below this one
}

// runs are those of an agent.
type runs struct {
	byContainer map[string]*run
	latest      map[executorKey]*run
	completed   []*run // the earliest first
}

func newRuns() runs { return runs{byContainer: map[string]*run{}, latest: map[executorKey]*run{}} }

func (r *runs) start(agentID string, t *agentTask) {
	one := &run{agentID: agentID, task: t}
	r.byContainer[t.container], r.latest[t.executorKey()] = one, one
}

// complete keeps the run of a task that its agent forgets, and drops the earliest of those kept.
func (r *runs) complete(t *agentTask) {
	one := r.byContainer[t.container]
	if one == nil || one.completed {
		return
	}
	one.completed = true
	r.completed = append(r.completed, one)
	if len(r.completed) <= maxCompletedExecutors {
		return
	}
	earliest := r.completed[0]
	r.completed = r.completed[1:]
	delete(r.byContainer, earliest.task.container)
	if key := earliest.task.executorKey(); r.latest[key] == earliest {
		delete(r.latest, key)
	}
}

// executorKey names a task's executor.
func (t *agentTask) executorKey() executorKey { return executorKey{t.key.framework, t.executorID()} }

// place is a path that an agent shows: in which sandbox, and what comes after it.
type place struct {
	sandbox sandbox
	suffix  string
	asked   string
}

// find finds the sandbox that a path lies in.
func (a *Agent) find(asked string) (place, answer) {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	asked = strings.TrimPrefix(asked, "file://")
	rest, agentID := strings.TrimSuffix(asked, "/"), ""
	if below, ok := strings.CutPrefix(rest, a.spec.WorkDir+"/slaves/"); ok {
		agentID, below, _ = strings.Cut(below, "/")
		rest = "/" + below
	}
	const parts = 8
	part := strings.SplitN(rest, "/", parts)
	if len(part) < parts-1 || part[0] != "" || part[1] != "frameworks" || part[3] != "executors" || part[5] != "runs" {
		return place{}, errNoFile.answer()
	}
	key, container := executorKey{part[2], part[4]}, part[6]
	if e := a.executors[key]; e != nil {
		return a.findInGroup(e, agentID, container, place{suffix: strings.Join(part[parts-1:], ""), asked: asked})
	}
	one := a.runs.byContainer[container]
	if container == "latest" {
		one = a.runs.latest[key]
	} else if agentID == "" {
		one = nil
	}
	if one == nil || one.task.executorKey() != key || agentID != "" && agentID != one.agentID {
		return place{}, errNoFile.answer()
	}
	return place{sandbox: one.task.files(), suffix: strings.Join(part[parts-1:], ""), asked: asked}, answer{}
}

// findInGroup finds what a path in the sandbox of a default executor stands for. The sandboxes of its tasks lie there, below "containers"
// (src/slave/containerizer/mesos/paths.cpp, getSandboxPath).
func (a *Agent) findInGroup(e *agentExecutor, agentID, container string, at place) (place, answer) {
	if agentID != "" && agentID != a.id || container != "latest" && (container != e.container || agentID == "") {
		return place{}, errNoFile.answer()
	}
	own := scriptedSandbox(nil, time.Time{})
	for t := range e.tasks {
		directory := "containers/" + t.container
		if below, ok := strings.CutPrefix(at.suffix+"/", directory+"/"); ok {
			return place{sandbox: t.files(), suffix: strings.TrimSuffix(below, "/"), asked: at.asked}, answer{}
		}
		own.scripted[directory] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
	}
	at.sandbox = own
	return at, answer{}
}

// files are those in the task's sandbox.
func (t *agentTask) files() sandbox {
	if s, ok := t.execution.(sandboxed); ok {
		return s.files()
	}
	return scriptedSandbox(nil, t.live.Started)
}

// listFiles is LIST_FILES.
func (a *Agent) listFiles(call *agentCall) answer {
	if call.ListFiles.Path == nil {
		return badRequest("Missing required fields: list_files.path")
	}
	at, problem := a.find(*call.ListFiles.Path)
	if problem.status != 0 {
		return problem
	}
	files, err := at.sandbox.list(at.suffix, at.asked)
	if err != nil {
		return err.answer()
	}
	found := message{}
	if len(files) > 0 {
		found["file_infos"] = each(files, listed.view)
	}
	return shows(call.Type, "list_files", found)
}

// each is what a function makes of the elements of a list.
func each[T any](list []T, f func(T) message) []any {
	out := make([]any, len(list))
	for i, one := range list {
		out[i] = f(one)
	}
	return out
}

// readFile is READ_FILE.
func (a *Agent) readFile(call *agentCall) answer {
	c := call.ReadFile
	switch {
	case c.Path == nil:
		return badRequest("Missing required fields: read_file.path")
	case c.Offset == nil:
		return badRequest("Missing required fields: read_file.offset")
	}
	at, problem := a.find(*c.Path)
	if problem.status != 0 {
		return problem
	}
	var length *uint64
	if c.Length != nil {
		length = new(unsigned(*c.Length))
	}
	size, data, err := at.sandbox.read(at.suffix, at.asked, unsigned(*c.Offset), length)
	if err != nil {
		return err.answer()
	}
	if data == nil {
		data = []byte{}
	}
	return shows(call.Type, "read_file", message{"size": size, "data": data})
}

// unsigned is a number as Mesos takes it for one without a sign: what is negative is very large (stout's json.hpp, Number::as).
func unsigned(n json.Number) uint64 {
	if u, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
		return u
	}
	if i, err := n.Int64(); err == nil {
		return uint64(i)
	}
	f, err := n.Float64()
	if err != nil {
		return 0
	}
	return uint64(int64(f))
}

// browse is /files/browse.
func (a *Agent) browse(q url.Values) answer {
	at, problem := a.findQueried(q)
	if problem.status != 0 {
		return problem
	}
	files, err := at.sandbox.list(at.suffix, at.asked)
	if err != nil {
		return err.answer()
	}
	return answer{status: http.StatusOK, message: each(files, listed.oldView)}
}

// read is /files/read.
func (a *Agent) read(q url.Values) answer {
	if q.Get("path") == "" {
		return badRequest("Expecting 'path=value' in query.\n")
	}
	offset, problem := queriedNumber(q, "offset")
	if problem.status != 0 {
		return problem
	}
	length, problem := queriedNumber(q, "length")
	if problem.status != 0 {
		return problem
	}
	at, problem := a.findQueried(q)
	if problem.status != 0 {
		return problem
	}
	var most *uint64
	switch {
	case offset == -1: // asks for the size
		most = new(uint64(0))
	case length != -1:
		most = new(uint64(length))
	}
	size, data, err := at.sandbox.read(at.suffix, at.asked, uint64(max(0, offset)), most)
	if err != nil {
		return err.answer()
	}
	if offset == -1 {
		offset = int64(size)
	}
	return answer{status: http.StatusOK, message: message{"offset": offset, "data": string(data)}}
}

// queriedNumber is an offset or a length: -1 if there is none, which says the same.
func queriedNumber(q url.Values, name string) (int64, answer) {
	if !q.Has(name) {
		return -1, answer{}
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	switch {
	case err != nil:
		return 0, badRequest("Failed to parse %s: Failed to convert '%s' to number.\n", name, q.Get(name))
	case n < -1:
		return 0, badRequest("Negative %s provided: %d.\n", name, n)
	}
	return n, answer{}
}

func (a *Agent) findQueried(q url.Values) (place, answer) {
	if q.Get("path") == "" {
		return place{}, badRequest("Expecting 'path=value' in query.\n")
	}
	return a.find(q.Get("path"))
}
