package simulator

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// What the endpoints of before the v1 API show: /tasks of the master (src/master/readonly_handler.cpp) and /state of an agent (src/slave/http.cpp), in
// the JSON of src/common/http.cpp.

// serveTasks answers /tasks.
func (m *Master) serveTasks(w http.ResponseWriter, r *http.Request) {
	q := &request{master: m, http: r}
	for _, check := range []func() answer{q.findLeader, q.awaitRecovery} {
		if a := check(); a.status != 0 {
			a.write(w)
			return
		}
	}
	m.answerOperator(w, r, "GET /tasks", func() answer { return m.cluster.listTasks(r.URL.Query()) })
}

// taskLimit is how many tasks /tasks shows if nobody says.
const taskLimit = 100

func (c *Cluster) listTasks(q url.Values) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == nil {
		return answer{status: http.StatusServiceUnavailable, text: "No leader elected"}
	}
	tasks := c.leader.allTasks(q.Get("framework_id"), q.Get("task_id"))
	began := func(t *task) float64 {
		if len(t.statuses) == 0 {
			return 0
		}
		return t.statuses[0].GetTimestamp()
	}
	slices.SortStableFunc(tasks, func(x, y *task) int {
		if q.Get("order") == "asc" {
			return cmp.Compare(began(x), began(y))
		}
		return cmp.Compare(began(y), began(x))
	})
	from := min(queriedCount(q, "offset", 0), len(tasks))
	to := min(from+queriedCount(q, "limit", taskLimit), len(tasks))
	return answer{status: http.StatusOK, message: message{"tasks": each(tasks[from:to], (*task).oldView)}}
}

// queriedCount is a number of tasks; what is none counts as not said.
func queriedCount(q url.Values, name string, byDefault int) int {
	n, err := strconv.ParseInt(q.Get(name), 10, 32)
	if err != nil || n < 0 {
		return byDefault
	}
	return int(n)
}

// allTasks are those of which the master still knows, of one framework and one task ID if these are given.
func (r *reign) allTasks(frameworkID, taskID string) (tasks []*task) {
	for _, id := range slices.Sorted(maps.Keys(r.frameworks)) {
		if frameworkID != "" && frameworkID != id {
			continue
		}
		f := r.frameworks[id]
		for _, one := range slices.Sorted(maps.Keys(f.tasks)) {
			tasks = append(tasks, f.tasks[one])
		}
		tasks = append(tasks, f.unreachable.inOrder()...)
		tasks = append(tasks, f.completed.inOrder()...)
	}
	return slices.DeleteFunc(tasks, func(t *task) bool { return taskID != "" && t.id != taskID })
}

func (t *task) oldView() message {
	return oldTaskView(t.info, t.framework.id, t.executorID, t.role, t.state, t.statuses)
}

// oldTaskView is a task as the old endpoints show it.
func oldTaskView(info *mesos.TaskInfo, frameworkID, executorID, role string, state mesos.TaskState, statuses []*mesos.TaskStatus) message {
	view := message{
		"id": info.TaskID.Value, "name": info.Name, "framework_id": frameworkID, "executor_id": executorID, "slave_id": info.AgentID.Value,
		"state": state.String(), "resources": byName(info.Resources), "role": role, "statuses": each(statuses, oldStatusView),
		"discovery": present(info.Discovery), "container": present(info.Container), "health_check": present(info.HealthCheck),
	}
	if len(info.Limits) > 0 {
		limits := message{}
		for name, limit := range info.Limits {
			limits[name] = limit.Value
		}
		view["limits"] = limits
	}
	if user := info.Command.GetUser(); user != "" {
		view["user"] = user
	}
	if info.Labels != nil {
		view["labels"] = info.Labels.Labels
	}
	return view
}

func oldStatusView(s *mesos.TaskStatus) message {
	view := message{"state": s.State.String(), "timestamp": s.GetTimestamp()}
	if s.Labels != nil {
		view["labels"] = s.Labels.Labels
	}
	if c := s.ContainerStatus; c != nil {
		container := message{"container_id": present(c.ContainerID)}
		if len(c.NetworkInfos) > 0 {
			container["network_infos"] = c.NetworkInfos
		}
		view["container_status"] = container
	}
	if s.Healthy != nil {
		view["healthy"] = *s.Healthy
	}
	return view
}

// byName are resources as the old endpoints show them: numbers by their names, and ranges as texts.
func byName(rs []mesos.Resource) message {
	sums, ranges := map[string]float64{"cpus": 0, "gpus": 0, "mem": 0, "disk": 0}, map[string][]mesos.Value_Range{}
	for i := range rs {
		name := rs[i].Name
		if rs[i].Revocable != nil {
			name += "_revocable"
		}
		if rs[i].Scalar != nil {
			sums[name] += rs[i].Scalar.Value
		}
		if rs[i].Ranges != nil {
			ranges[name] = append(ranges[name], rs[i].Ranges.Range...)
		}
	}
	out := message{}
	for name, sum := range sums {
		out[name] = float64(milli(sum)) / 1000
	}
	for name, list := range ranges {
		out[name] = rangesText(list)
	}
	return out
}

func rangesText(ranges []mesos.Value_Range) string {
	texts := make([]string, len(ranges))
	for i, r := range ranges {
		texts[i] = fmt.Sprintf("%d-%d", r.Begin, r.End)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// state is /state of the agent. Of its flags there are few.
func (a *Agent) state() message {
	total := scalarsFirst(a.total)
	frameworks, completed, allocated := a.stateOfFrameworks()
	capabilities := make([]any, len(agentCapabilities))
	for i, c := range agentCapabilities {
		capabilities[i] = c["type"]
	}
	view := message{
		"version": version, "build_date": "", "build_time": 0, "build_user": "", "start_time": 0,
		"id": a.id, "pid": fmt.Sprintf("slave(1)@%s:%d", a.spec.IP, a.spec.Port), "hostname": a.spec.Hostname, "capabilities": capabilities,
		"domain": present(a.spec.Domain), "resources": byName(total), "attributes": attributesByName(a.spec.Attributes),
		"unreserved_resources": byName(free(total)), "unreserved_resources_full": endpointFormat(free(total)),
		"unreserved_resources_allocated": byName(free(allocated)), "resource_providers": []any{},
		"flags": message{
			"hostname": a.spec.Hostname, "ip": a.spec.IP, "port": strconv.Itoa(a.spec.Port), "work_dir": a.spec.WorkDir,
			"http_command_executor": strconv.FormatBool(a.spec.HTTPCommandExecutor),
		},
		"frameworks": frameworks, "completed_frameworks": completed,
	}
	amountsOf, whole := message{}, message{}
	for role, rs := range reservedByRole(total) {
		amountsOf[role], whole[role] = byName(rs), endpointFormat(rs)
	}
	used := message{}
	for role, rs := range reservedByRole(allocated) {
		used[role] = byName(rs)
	}
	view["reserved_resources"], view["reserved_resources_full"], view["reserved_resources_allocated"] = amountsOf, whole, used
	if a.registered != nil {
		view["master_hostname"], _ = a.registered.master.address()
	}
	return view
}

// free are the resources that are reserved to nobody.
func free(rs []mesos.Resource) []mesos.Resource {
	return slices.DeleteFunc(slices.Clone(rs), func(r mesos.Resource) bool { return len(r.Reservations) > 0 })
}

func reservedByRole(rs []mesos.Resource) map[string][]mesos.Resource {
	out := map[string][]mesos.Resource{}
	for _, r := range rs {
		if n := len(r.Reservations); n > 0 {
			role := r.Reservations[n-1].GetRole()
			out[role] = append(out[role], r)
		}
	}
	return out
}

func attributesByName(attributes []mesos.Attribute) message {
	out := message{}
	for _, one := range attributes {
		switch {
		case one.Scalar != nil:
			out[one.Name] = one.Scalar.Value
		case one.Ranges != nil:
			out[one.Name] = rangesText(one.Ranges.Range)
		case one.Text != nil:
			out[one.Name] = one.Text.Value
		}
	}
	return out
}

// stateOfFrameworks shows the frameworks with their executors and tasks: those that have an executor here, and those that had one. The resources are those
// that the executors have.
func (a *Agent) stateOfFrameworks() (current, completed []any, allocated []mesos.Resource) {
	frameworks, executors, ended := map[string]*mesos.FrameworkInfo{}, map[string][]any{}, map[string][]any{}
	for _, t := range a.sortedTasks() {
		id := t.key.framework
		if t.live == nil || t.executor != nil {
			continue
		}
		rs := executorOverhead()
		if !t.ended {
			rs = plus(rs, normalized(t.info.Resources))
		}
		allocated = plus(allocated, rs)
		frameworks[id], executors[id] = t.framework, append(executors[id], a.commandState(t, a.sandbox(t), rs))
	}
	for _, e := range a.sortedExecutors() {
		allocated = plus(allocated, e.resources())
		for t := range e.tasks {
			frameworks[e.key.framework] = t.framework
		}
		executors[e.key.framework] = append(executors[e.key.framework], a.groupState(e))
	}
	for _, one := range a.runs.completed {
		t := one.task
		if frameworks[t.key.framework] == nil {
			frameworks[t.key.framework] = t.framework
		}
		ended[t.key.framework] = append(ended[t.key.framework], a.commandState(t, a.sandboxOf(one.agentID, t), executorOverhead()))
	}
	current, completed = []any{}, []any{}
	for _, id := range slices.Sorted(maps.Keys(frameworks)) {
		view := frameworkState(id, frameworks[id])
		view["executors"], view["completed_executors"] = orNone(executors[id]), orNone(ended[id])
		if len(executors[id]) > 0 {
			current = append(current, view)
			continue
		}
		completed = append(completed, view)
	}
	return current, completed, allocated
}

func orNone(list []any) []any {
	if list == nil {
		return []any{}
	}
	return list
}

func frameworkState(id string, info *mesos.FrameworkInfo) message {
	view := message{
		"id": id, "name": info.Name, "user": info.User, "failover_timeout": info.GetFailoverTimeout(), "checkpoint": info.GetCheckpoint(),
		"hostname": info.GetHostname(),
	}
	if info.Principal != nil {
		view["principal"] = *info.Principal
	}
	if capabilitiesOf(info).multiRole {
		view["roles"] = info.Roles
	} else {
		view["role"] = info.GetRole()
	}
	return view
}

// commandState is a command executor with its task.
func (a *Agent) commandState(t *agentTask, directory string, rs []mesos.Resource) message {
	view := message{
		"id": t.executorID(), "name": t.executorName(), "source": t.key.task, "container": t.container, "directory": directory,
		"resources": byName(rs), "role": t.role(),
	}
	if t.info.Labels != nil {
		view["labels"] = t.info.Labels.Labels
	}
	showTasks(view, []*agentTask{t}, "")
	return view
}

// groupState is a default executor with its tasks.
func (a *Agent) groupState(e *agentExecutor) message {
	var tasks []*agentTask
	for _, t := range a.sortedTasks() {
		if t.executor == e {
			tasks = append(tasks, t)
		}
	}
	view := message{
		"id": e.key.executor, "name": e.info.GetName(), "source": e.info.GetSource(), "container": e.container, "type": e.info.GetType().String(),
		"directory": a.runPath(a.id, e.key, e.container), "resources": byName(e.resources()),
	}
	if e.info.Labels != nil {
		view["labels"] = e.info.Labels.Labels
	}
	showTasks(view, tasks, e.key.executor)
	return view
}

// showTasks enters an executor's tasks into its view, by how far they are.
func showTasks(view message, tasks []*agentTask, executorID string) {
	lists := map[string][]any{"tasks": {}, "queued_tasks": {}, "completed_tasks": {}}
	for _, t := range tasks {
		which := "tasks"
		switch {
		case t.ended:
			which = "completed_tasks"
		case t.state == mesos.TASK_STAGING:
			lists["queued_tasks"] = append(lists["queued_tasks"], message{
				"id": t.key.task, "name": t.info.Name, "slave_id": t.info.AgentID.Value, "resources": byName(t.info.Resources), "role": t.role(),
				"discovery": present(t.info.Discovery),
			})
			continue
		}
		lists[which] = append(lists[which], oldTaskView(t.info, t.key.framework, executorID, t.role(), t.state, t.statuses))
	}
	for name, list := range lists {
		view[name] = list
	}
}
