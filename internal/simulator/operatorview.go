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
		"version":         "1.12.0",
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
		"resources": scalarsFirst(a.total), "attributes": nil, "domain": nil,
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

// show enters the sums into a view, if there are any.
func (a *allocations) show(view message, field string) {
	var all []mesos.Resource
	for _, role := range slices.Sorted(maps.Keys(*a)) {
		for _, one := range (*a)[role] {
			one.AllocationInfo = &mesos.Resource_AllocationInfo{Role: new(role)}
			all = append(all, one)
		}
	}
	if len(all) > 0 {
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
