package simulator

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// What the operator API shows of the master's books.

// message is a JSON object in an answer. A nil in it is left out.
type message = map[string]any

// shows is the answer to a call that asks for something.
func shows(callType, field string, what any) answer {
	return answer{status: http.StatusOK, message: message{"type": callType, field: what}}
}

func (r *reign) getMaintenanceSchedule(*operatorCall) answer {
	schedule := message{}
	var windows []any
	for _, w := range r.cluster.registry.windows {
		windows = append(windows, message{"machine_ids": w.machines, "unavailability": w.unavailability})
	}
	if len(windows) > 0 {
		schedule["windows"] = windows
	}
	return shows("GET_MAINTENANCE_SCHEDULE", "get_maintenance_schedule", message{"schedule": schedule})
}

func (r *reign) getMaintenanceStatus(*operatorCall) answer {
	var draining, down []any
	for _, w := range r.cluster.registry.windows {
		for _, m := range w.machines {
			if r.cluster.registry.down[m] {
				down = append(down, m)
				continue
			}
			draining = append(draining, message{"id": m, "statuses": r.answersOf(m)})
		}
	}
	status := message{}
	if len(draining) > 0 {
		status["draining_machines"] = draining
	}
	if len(down) > 0 {
		status["down_machines"] = down
	}
	return shows("GET_MAINTENANCE_STATUS", "get_maintenance_status", message{"status": status})
}

// answersOf is what frameworks said to the inverse offers of a machine's agents; nil if nothing.
func (r *reign) answersOf(m machine) []any {
	var out []any
	for _, s := range r.order {
		if !m.is(s.agent) {
			continue
		}
		for _, a := range s.answers {
			out = append(out, message{
				"status": a.status, "framework_id": mesos.FrameworkID{Value: a.framework}, "timestamp": timeInfo(a.at),
			})
		}
	}
	return slices.Clip(out)
}

// agentCapabilities are those of a Mesos 1.12 agent.
var agentCapabilities = []message{
	{"type": "MULTI_ROLE"},
	{"type": "HIERARCHICAL_ROLE"},
	{"type": "RESERVATION_REFINEMENT"},
	{"type": "RESOURCE_PROVIDER"},
	{"type": "RESIZE_VOLUME"},
	{"type": "AGENT_OPERATION_FEEDBACK"},
	{"type": "AGENT_DRAINING"},
	{"type": "TASK_RESOURCE_LIMITS"},
}

func (r *reign) getAgents(*operatorCall) answer {
	agents, recovered := []any{}, []any{}
	for _, s := range r.order {
		agents = append(agents, r.agentView(s))
	}
	for _, a := range r.cluster.agents {
		if r.expected[a.id] {
			recovered = append(recovered, a.info())
		}
	}
	return shows("GET_AGENTS", "get_agents", message{"agents": agents, "recovered_agents": recovered})
}

func (r *reign) agentView(s *slave) message {
	a := s.agent
	view := message{
		"agent_info":      a.info(),
		"active":          s.active,
		"deactivated":     s.draining() != nil,
		"version":         version,
		"pid":             fmt.Sprintf("slave(1)@%s:%d", a.spec.IP, a.spec.Port),
		"registered_time": timeInfo(s.since),
		"total_resources": endpointFormat(scalarsFirst(a.total)),
		"capabilities":    agentCapabilities,
	}
	var used, offered allocations
	for _, t := range tasksOfSlave(s) {
		used.add(t)
	}
	for o := range s.offers {
		offered.put(o.role, o.resources)
	}
	used.show(view, "allocated_resources")
	offered.show(view, "offered_resources")
	if d := s.draining(); d != nil {
		view["drain_info"], view["estimated_drain_start_time"] = d.view(), timeInfo(d.started)
	}
	return view
}

// info is the agent's AgentInfo.
func (a *Agent) info() message {
	m := message{
		"id": mesos.AgentID{Value: a.id}, "hostname": a.spec.Hostname, "port": a.spec.Port, "checkpoint": true,
		"resources": scalarsFirst(a.total),
	}
	if len(a.spec.Attributes) > 0 {
		m["attributes"] = a.spec.Attributes
	}
	if a.spec.Domain != nil {
		m["domain"] = a.spec.Domain
	}
	return m
}

func (d *drainInfo) view() message {
	state, config := "DRAINING", message{"mark_gone": d.markGone}
	if d.drained {
		state = "DRAINED"
	}
	if d.maxGrace != nil {
		config["max_grace_period"] = mesos.DurationInfo{Nanoseconds: d.maxGrace.Nanoseconds()}
	}
	return message{"state": state, "config": config}
}

// scalarsFirst is the order of an agent's own resources, where offers have the ports first.
func scalarsFirst(rs []mesos.Resource) []mesos.Resource {
	rank := func(r mesos.Resource) int {
		if r.Scalar == nil {
			return 1
		}
		return 0
	}
	out := slices.Clone(rs)
	slices.SortStableFunc(out, func(a, b mesos.Resource) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}

// allocations are sums of resources by the role that they are allocated to.
type allocations map[string][]mesos.Resource

func (a *allocations) put(role string, rs []mesos.Resource) {
	if *a == nil {
		*a = allocations{}
	}
	(*a)[role] = plus((*a)[role], rs)
}

// add puts what a task uses; one that has ended uses nothing.
func (a *allocations) add(t *task) {
	if !terminal(t.state) {
		a.put(t.role, t.resources)
	}
}

// list says of the sums to which role they are allocated.
func (a *allocations) list() (all []mesos.Resource) {
	for _, role := range slices.Sorted(maps.Keys(*a)) {
		for _, one := range (*a)[role] {
			one.AllocationInfo = &mesos.Resource_AllocationInfo{Role: new(role)}
			all = append(all, one)
		}
	}
	return all
}

// show enters the sums into a view, if there are any.
func (a *allocations) show(view message, field string) {
	if all := a.list(); len(all) > 0 {
		view[field] = endpointFormat(all)
	}
}

// endpointFormat is the format of the operator API's lists: a role beside what reservations say
// (src/common/resources_utils.cpp, ENDPOINT).
func endpointFormat(rs []mesos.Resource) []mesos.Resource {
	out := slices.Clone(rs)
	for i := range out {
		out[i].Role = new("*")
		if n := len(out[i].Reservations); n == 1 {
			only := out[i].Reservations[0]
			out[i].Role = only.Role
			if only.GetType() == mesos.Resource_ReservationInfo_DYNAMIC {
				out[i].Reservation = &mesos.Resource_ReservationInfo{Principal: only.Principal, Labels: only.Labels}
			}
		} else if n > 1 {
			out[i].Role = nil
		}
	}
	return out
}

func (r *reign) getFrameworks(*operatorCall) answer {
	known, completed := []any{}, []any{}
	for _, id := range slices.Sorted(maps.Keys(r.frameworks)) {
		known = append(known, r.frameworkView(r.frameworks[id]))
	}
	for _, id := range r.completed.order {
		completed = append(completed, message{"framework_info": message{"id": mesos.FrameworkID{Value: id}}, "active": false, "connected": false, "recovered": false})
	}
	return shows("GET_FRAMEWORKS", "get_frameworks", message{"frameworks": known, "completed_frameworks": completed})
}

func (r *reign) frameworkView(f *framework) message {
	view := message{
		"framework_info": f.info, "active": f.connected, "connected": f.connected, "recovered": f.registered.IsZero(),
		"offer_constraints": message{},
	}
	if !f.registered.IsZero() {
		view["registered_time"], view["reregistered_time"] = timeInfo(f.registered), timeInfo(f.reregistered)
	}
	var used, offered allocations
	for _, t := range f.tasks {
		used.add(t)
	}
	var offers []any
	for _, o := range sortedOffers(f.offers) {
		offers = append(offers, r.describe(o))
		offered.put(o.role, o.resources)
	}
	if len(offers) > 0 {
		view["offers"] = offers
	}
	used.show(view, "allocated_resources")
	offered.show(view, "offered_resources")
	return view
}

// getRoles lists the roles that somebody has or that something is reserved to.
func (r *reign) getRoles(*operatorCall) answer {
	frameworks, resources := map[string][]any{}, map[string]map[string]float64{}
	add := func(role string, rs []mesos.Resource) {
		if resources[role] == nil {
			resources[role] = map[string]float64{}
		}
		for i := range rs {
			if rs[i].Scalar != nil {
				resources[role][rs[i].Name] += rs[i].Scalar.Value
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.frameworks)) {
		f := r.frameworks[id]
		for _, role := range f.roles() {
			frameworks[role] = append(frameworks[role], mesos.FrameworkID{Value: f.id})
			add(role, nil)
		}
		for _, o := range f.offers {
			add(o.role, o.resources)
		}
		for _, t := range f.tasks {
			if !terminal(t.state) {
				add(t.role, t.resources)
			}
		}
	}
	for _, s := range r.order {
		for i := range s.agent.total {
			for _, rv := range s.agent.total[i].Reservations {
				add(rv.GetRole(), nil)
			}
		}
	}
	roles := []any{}
	for _, name := range slices.Sorted(maps.Keys(resources)) {
		view := message{"name": name, "weight": 1.0}
		if len(frameworks[name]) > 0 {
			view["frameworks"] = frameworks[name]
		}
		if rs := scalars(resources[name]); len(rs) > 0 {
			view["resources"] = rs
		}
		roles = append(roles, view)
	}
	return shows("GET_ROLES", "get_roles", message{"roles": roles})
}

// scalars are amounts by name, in the order of the names.
func scalars(amounts map[string]float64) (out []mesos.Resource) {
	for _, name := range slices.Sorted(maps.Keys(amounts)) {
		out = append(out, scalar(name, float64(milli(amounts[name]))/1000, nil))
	}
	return out
}

func (r *reign) getTasks(*operatorCall) answer {
	tasks, unreachable, completed := []any{}, []any{}, []any{}
	for _, id := range slices.Sorted(maps.Keys(r.frameworks)) {
		f := r.frameworks[id]
		for _, taskID := range slices.Sorted(maps.Keys(f.tasks)) {
			tasks = append(tasks, f.tasks[taskID].view())
		}
		for _, t := range f.unreachable.inOrder() {
			unreachable = append(unreachable, t.view())
		}
		for _, t := range f.completed.inOrder() {
			completed = append(completed, t.view())
		}
	}
	return shows("GET_TASKS", "get_tasks", message{"tasks": tasks, "unreachable_tasks": unreachable, "completed_tasks": completed})
}

func (t *task) view() message {
	return taskView(t.info, t.framework.id, t.executorID, t.role, t.state, t.forwarded, t.statuses)
}

// taskView is the Task message of a task: with its updates, and without its command.
func taskView(info *mesos.TaskInfo, frameworkID, executorID, role string, state mesos.TaskState, last *mesos.TaskStatus, statuses []*mesos.TaskStatus) message {
	var of allocations
	of.put(role, normalized(info.Resources))
	view := message{
		"name": info.Name, "task_id": info.TaskID, "framework_id": mesos.FrameworkID{Value: frameworkID}, "agent_id": info.AgentID,
		"state": state.String(), "resources": of.list(),
	}
	if executorID != "" {
		view["executor_id"] = mesos.ExecutorID{Value: executorID}
	}
	if user := info.Command.GetUser(); user != "" {
		view["user"] = user
	}
	if last != nil {
		view["status_update_state"], view["status_update_uuid"] = last.State.String(), last.UUID
		if len(statuses) == 0 {
			statuses = append(statuses, last)
		}
	}
	if len(statuses) > 0 {
		view["statuses"] = statuses
	}
	for name, part := range map[string]any{
		"labels": present(info.Labels), "discovery": present(info.Discovery), "container": present(info.Container),
		"health_check": present(info.HealthCheck), "kill_policy": present(info.KillPolicy), "max_completion_time": present(info.MaxCompletionTime),
	} {
		if part != nil {
			view[name] = part
		}
	}
	return view
}

// present is a part of a message, or a plain nil.
func present[T any](part *T) any {
	if part == nil {
		return nil
	}
	return part
}
