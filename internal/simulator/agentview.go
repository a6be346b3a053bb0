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

// ServeHTTP is the agent's own operator API, under /api/v1 and in JSON only: GET_AGENT, GET_TASKS and GET_EXECUTORS.
// It is on no address: a test calls it, or serves it.
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.answer(r).write(w)
}

func (a *Agent) answer(r *http.Request) answer {
	var call struct {
		Type string `json:"type"`
	}
	if r.Method != http.MethodPost || r.URL.Path != operatorPath {
		return answer{status: http.StatusNotFound}
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		return badRequest("Failed to parse body into JSON: %v", err)
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
	keys := slices.SortedFunc(maps.Keys(a.executors), func(x, y executorKey) int {
		return strings.Compare(x.framework+"/"+x.executor, y.framework+"/"+y.executor)
	})
	for _, key := range keys {
		executors = append(executors, message{"executor_info": a.executors[key].info})
	}
	return message{"executors": executors, "completed_executors": []any{}}
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
	of.put(t.role(), normalized(t.info.Resources))
	info := message{
		"executor_id": mesos.ExecutorID{Value: t.executorID()}, "framework_id": mesos.FrameworkID{Value: t.key.framework},
		"command": command, "resources": of.list(), "source": t.key.task,
		"name": fmt.Sprintf("Command Executor (Task: %s) (Command: %s)", t.key.task, commandText(t.info.Command)),
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
