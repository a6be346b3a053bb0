package simulator

import (
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
