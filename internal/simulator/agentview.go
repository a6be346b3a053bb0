package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// launcherDir is where the agent's executors are, for what it tells of them.
const launcherDir = "/opt/mesos/libexec/mesos"

// agentCall is what of the calls of an agent's operator API is simulated.
type agentCall struct {
	Type          string `json:"type"`
	GetContainers struct {
		ShowNested bool `json:"show_nested"`
	} `json:"get_containers"`
	ListFiles *struct {
		Path *string `json:"path"`
	} `json:"list_files"`
	ReadFile *struct {
		Path   *string      `json:"path"`
		Offset *json.Number `json:"offset"`
		Length *json.Number `json:"length"`
	} `json:"read_file"`
	Session    *launchSession `json:"launch_nested_container_session"`
	WaitNested *waited        `json:"wait_nested_container"`
	Wait       *waited        `json:"wait_container"`
}

// ServeHTTP is the agent's own operator API, under /api/v1 and in JSON only (GET_AGENT, GET_TASKS, GET_EXECUTORS, GET_CONTAINERS, LIST_FILES, READ_FILE, and
// sessions beside tasks), and what was before it: /state, /files/browse and /files/read. It is on no address unless Cluster.AddServedAgent gave it one.
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.isUp() {
		breakOff(w)
		return
	}
	a.cluster.handlers.Add(1)
	defer a.cluster.handlers.Done()
	if problem := a.authenticate(r); problem.status != 0 {
		problem.write(w)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/slave(1)")
	if path != operatorPath {
		a.answer(path, r).settled(a.cluster).write(w)
		return
	}
	if problem := (&request{http: r}).checkMethod(); problem.status != 0 {
		problem.write(w)
		return
	}
	if r.Header.Get("Content-Type") == typeRecordIO {
		a.serveInput(r).write(w)
		return
	}
	var call agentCall
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		badRequest("Failed to parse body into JSON: %v", err).write(w)
		return
	}
	switch call.Type { // Without the lock: one streams, the others wait.
	case "LAUNCH_NESTED_CONTAINER_SESSION":
		a.serveSession(w, r, call.Session)
	case "WAIT_NESTED_CONTAINER", "WAIT_CONTAINER":
		a.waitFor(r, &call).write(w)
	default:
		a.call(&call).settled(a.cluster).write(w)
	}
}

func (a *Agent) answer(path string, r *http.Request) answer {
	if path == "/state" {
		a.cluster.mu.Lock()
		defer a.cluster.mu.Unlock()
		return answer{status: http.StatusOK, message: a.state()}
	}
	switch r.URL.Path {
	case "/files/browse":
		return a.browse(r.URL.Query())
	case "/files/read":
		return a.read(r.URL.Query())
	}
	return answer{status: http.StatusNotFound}
}

func (a *Agent) call(call *agentCall) answer {
	if call.Type == "LIST_FILES" && call.ListFiles == nil || call.Type == "READ_FILE" && call.ReadFile == nil {
		return badRequest("Failed to validate agent::Call: Expecting '%s' to be present", strings.ToLower(call.Type))
	}
	switch call.Type { // Files are read without the lock.
	case "LIST_FILES":
		return a.listFiles(call)
	case "READ_FILE":
		return a.readFile(call)
	}
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	switch call.Type {
	case "GET_AGENT":
		info := a.info()
		delete(info, "checkpoint")
		return shows(call.Type, "get_agent", message{"agent_info": info})
	case "GET_TASKS":
		return shows(call.Type, "get_tasks", a.tasksView())
	case "GET_EXECUTORS":
		return shows(call.Type, "get_executors", a.executorsView())
	case "GET_CONTAINERS":
		if containers := a.containersView(call.GetContainers.ShowNested); len(containers) > 0 {
			return shows(call.Type, "get_containers", message{"containers": containers})
		}
		return answer{status: http.StatusOK, message: message{"type": call.Type}}
	}
	return a.cluster.notSimulated("the agent's operator call " + strconv.Quote(call.Type))
}

func (a *Agent) tasksView() message {
	lists := map[string][]any{"pending_tasks": {}, "queued_tasks": {}, "launched_tasks": {}, "terminated_tasks": {}, "completed_tasks": {}}
	for _, t := range a.sortedTasks() {
		if t.live == nil {
			continue
		}
		which := "launched_tasks"
		switch {
		case terminal(t.state):
			which = "terminated_tasks"
		case t.state == mesos.TASK_STAGING:
			which = "queued_tasks"
		}
		executorID := ""
		if t.executor != nil {
			executorID = t.executorID()
		}
		lists[which] = append(lists[which], taskView(t.info, t.key.framework, executorID, t.role(), t.state, t.sent, t.statuses))
	}
	out := message{}
	for name, list := range lists {
		out[name] = list
	}
	return out
}

// role is the one that a task's resources are allocated to.
func (t *agentTask) role() string {
	f := &framework{info: t.framework, caps: capabilitiesOf(t.framework)}
	return roleOf(t.info, f)
}

func (a *Agent) executorsView() message {
	executors := []any{}
	for _, t := range a.sortedTasks() {
		if t.live != nil && !t.ended && t.executor == nil {
			executors = append(executors, message{"executor_info": t.commandExecutor()})
		}
	}
	for _, e := range a.sortedExecutors() {
		executors = append(executors, message{"executor_info": e.info})
	}
	return message{"executors": executors, "completed_executors": []any{}}
}

// sortedExecutors are those of task groups.
func (a *Agent) sortedExecutors() []*agentExecutor {
	return slices.SortedFunc(maps.Values(a.executors), func(x, y *agentExecutor) int {
		return strings.Compare(x.key.framework+"/"+x.key.executor, y.key.framework+"/"+y.key.executor)
	})
}

// containersView shows the containers of the executors that live, and, if so asked, of the tasks in groups, by their IDs alone (src/slave/http.cpp,
// __containers; src/internal/evolve.cpp).
func (a *Agent) containersView(nested bool) (containers []any) {
	for _, t := range a.sortedTasks() {
		if t.live == nil || t.ended || t.executor != nil && !nested {
			continue
		}
		if t.executor != nil {
			id := mesos.ContainerID{Value: t.container, Parent: &mesos.ContainerID{Value: t.executor.container}}
			containers = append(containers, message{
				"container_id": message{"value": t.container}, "resource_statistics": statistics(t.info.Resources),
				"container_status": message{"container_id": id, "executor_pid": a.pidOf(t)},
			})
			continue
		}
		containers = append(containers, message{
			"framework_id": mesos.FrameworkID{Value: t.key.framework}, "executor_id": mesos.ExecutorID{Value: t.executorID()},
			"executor_name": t.executorName(), "container_id": mesos.ContainerID{Value: t.container},
			"container_status":    message{"container_id": mesos.ContainerID{Value: t.container}, "executor_pid": a.pidOf(t)},
			"resource_statistics": statistics(plus(normalized(t.info.Resources), executorOverhead())),
		})
	}
	for _, e := range a.sortedExecutors() {
		id := mesos.ContainerID{Value: e.container}
		containers = append(containers, message{
			"framework_id": mesos.FrameworkID{Value: e.key.framework}, "executor_id": e.info.ExecutorID, "executor_name": e.info.GetName(),
			"container_id": id, "container_status": message{"container_id": id}, "resource_statistics": statistics(e.resources()),
		})
	}
	return containers
}

// resources are those of the executor and its tasks.
func (e *agentExecutor) resources() []mesos.Resource {
	rs := normalized(e.info.Resources)
	for t := range e.tasks {
		rs = plus(rs, normalized(t.info.Resources))
	}
	return rs
}

// statistics are the ResourceStatistics of a container, which uses nothing of what it may.
func statistics(rs []mesos.Resource) message {
	amounts := map[string]float64{}
	for i := range rs {
		if rs[i].Scalar != nil {
			amounts[rs[i].Name] += rs[i].Scalar.Value
		}
	}
	const megabyte = 1 << 20
	memory := uint64(amounts["mem"] * megabyte)
	return message{
		"timestamp": now(), "cpus_user_time_secs": 0, "cpus_system_time_secs": 0, "cpus_soft_limit": float64(milli(amounts["cpus"])) / 1000,
		"mem_limit_bytes": memory, "mem_soft_limit_bytes": memory, "mem_rss_bytes": 0,
	}
}

// executorOverhead is what a command executor has beside its task (src/slave/constants.hpp, DEFAULT_EXECUTOR_CPUS).
func executorOverhead() []mesos.Resource {
	return []mesos.Resource{scalar("cpus", 0.1, nil), scalar("mem", 32, nil)}
}

// executorName is the name of a command executor.
func (t *agentTask) executorName() string {
	return fmt.Sprintf("Command Executor (Task: %s) (Command: %s)", t.key.task, commandText(t.info.Command))
}

// commandExecutor is the ExecutorInfo that the agent makes for a command (slave.cpp getExecutorInfo). The command's
// environment is in it, secrets and all.
func (t *agentTask) commandExecutor() message {
	variables := slices.Clone(t.info.Command.GetEnvironment().GetVariables())
	for i := range variables {
		variables[i].Type = variables[i].GetType().Enum()
	}
	command := message{
		"shell": false, "value": launcherDir + "/mesos-executor",
		"arguments": []string{"mesos-executor", "--launcher_dir=" + launcherDir},
	}
	if len(variables) > 0 {
		command["environment"] = message{"variables": variables}
	}
	var of allocations
	of.put(t.role(), executorOverhead())
	info := message{
		"executor_id": mesos.ExecutorID{Value: t.executorID()}, "framework_id": mesos.FrameworkID{Value: t.key.framework},
		"command": command, "resources": of.list(), "source": t.key.task,
		"name": t.executorName(),
	}
	for name, part := range map[string]any{"discovery": present(t.info.Discovery), "labels": present(t.info.Labels)} {
		if part != nil {
			info[name] = part
		}
	}
	return info
}

// commandText is a command in short, as an executor's name has it.
func commandText(c *mesos.CommandInfo) string {
	if c.Shell != nil && !*c.Shell {
		return "[" + shortened(strings.Join(append([]string{c.GetValue()}, c.GetArguments()...), ", ")) + "]"
	}
	return "sh -c '" + shortened(c.GetValue()) + "'"
}

func shortened(s string) string {
	const longest = 15
	if len(s) <= longest {
		return s
	}
	return s[:longest-3] + "..."
}
