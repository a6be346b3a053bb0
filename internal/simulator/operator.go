package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// operatorCall is what of the operator API's calls is simulated, in JSON only.
type operatorCall struct {
	Type          string `json:"type"`
	MarkAgentGone *struct {
		AgentID mesos.AgentID `json:"agent_id"`
	} `json:"mark_agent_gone"`
	DrainAgent *struct {
		AgentID  mesos.AgentID `json:"agent_id"`
		MaxGrace *struct {
			Seconds int64 `json:"seconds"`
			Nanos   int64 `json:"nanos"`
		} `json:"max_grace_period"`
		MarkGone bool `json:"mark_gone"`
	} `json:"drain_agent"`
	ReactivateAgent *struct {
		AgentID mesos.AgentID `json:"agent_id"`
	} `json:"reactivate_agent"`
	Teardown *struct {
		FrameworkID mesos.FrameworkID `json:"framework_id"`
	} `json:"teardown"`
	UpdateSchedule *struct {
		Schedule struct {
			Windows []struct {
				Machines       []machine            `json:"machine_ids"`
				Unavailability mesos.Unavailability `json:"unavailability"`
			} `json:"windows"`
		} `json:"schedule"`
	} `json:"update_maintenance_schedule"`
	Reserve     *resourceList `json:"reserve_resources"`
	Unreserve   *resourceList `json:"unreserve_resources"`
	UpdateQuota *updateQuota  `json:"update_quota"`
	SetQuota    *setQuota     `json:"set_quota"`
	RemoveQuota *struct {
		Role string `json:"role"`
	} `json:"remove_quota"`
	StartMaintenance *machineList `json:"start_maintenance"`
	StopMaintenance  *machineList `json:"stop_maintenance"`
}

type machineList struct {
	Machines []machine `json:"machines"`
}

// serveOperator answers the operator API's calls that are simulated.
func (m *Master) serveOperator(w http.ResponseWriter, r *http.Request) {
	q := &request{master: m, http: r}
	for _, check := range []func() answer{q.findLeader, q.awaitRecovery, q.checkMethod, q.chooseCodec} {
		if a := check(); a.status != 0 {
			a.write(w)
			return
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		badRequest("Failed to read the body: %v", err).write(w)
		return
	}
	var call operatorCall
	if err := json.Unmarshal(body, &call); err != nil {
		badRequest("Failed to parse body into JSON: %v", err).write(w)
		return
	}
	m.answerOperator(w, r, call.Type, func() answer { return m.cluster.operate(&call) })
}

// answerOperator answers what an operator asks for under a name, through the faults.
func (m *Master) answerOperator(w http.ResponseWriter, r *http.Request, name string, do func() answer) {
	c := m.cluster
	fault := c.operatorCalled(name)
	p := c.wayIn(r.Context(), fault)
	if p.broken {
		breakOff(w)
		return
	}
	a := p.answer
	for range p.effects {
		if own := do().settled(c); a.status == 0 {
			a = own
		}
	}
	if c.wayOut(r.Context(), fault) {
		breakOff(w)
		return
	}
	a.write(w)
}

// operatorCalled counts an operator's call, and returns the fault that it is to meet; nil for none.
func (c *Cluster) operatorCalled(callType string) *Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.byOperator[callType]++
	return c.faults.match(OperatorFault, callType, subject{})
}

// OperatorCalls counts the calls of a type ("GET_TASKS"), or requests ("GET /roles"), that came to the operator API of the master that leads, whatever became of them.
func (c *Cluster) OperatorCalls(callType string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls.byOperator[callType]
}

// operations are the operator calls that are simulated.
var operations = map[string]struct {
	present func(*operatorCall) bool
	do      func(*reign, *operatorCall) answer
}{
	"MARK_AGENT_GONE": {
		func(c *operatorCall) bool { return c.MarkAgentGone != nil },
		func(r *reign, c *operatorCall) answer {
			if !r.markGone(c.MarkAgentGone.AgentID.Value) {
				return answer{status: http.StatusNotFound, text: "Agent is not known to the master"}
			}
			return answer{status: http.StatusOK}
		},
	},
	"DRAIN_AGENT":      {func(c *operatorCall) bool { return c.DrainAgent != nil }, (*reign).operateDrain},
	"REACTIVATE_AGENT": {func(c *operatorCall) bool { return c.ReactivateAgent != nil }, (*reign).operateReactivate},
	"UPDATE_MAINTENANCE_SCHEDULE": {
		func(c *operatorCall) bool { return c.UpdateSchedule != nil },
		func(r *reign, c *operatorCall) answer {
			var ws []window
			for _, one := range c.UpdateSchedule.Schedule.Windows {
				ws = append(ws, window{machines: one.Machines, unavailability: one.Unavailability})
			}
			r.schedule(ws)
			return answer{status: http.StatusOK}
		},
	},
	"RESERVE_RESOURCES":   {func(c *operatorCall) bool { return c.Reserve != nil }, (*reign).operateReserve},
	"UNRESERVE_RESOURCES": {func(c *operatorCall) bool { return c.Unreserve != nil }, (*reign).operateUnreserve},
	"UPDATE_QUOTA":        {func(c *operatorCall) bool { return c.UpdateQuota != nil }, (*reign).operateUpdateQuota},
	"SET_QUOTA":           {func(c *operatorCall) bool { return c.SetQuota != nil }, (*reign).operateSetQuota},
	"REMOVE_QUOTA":        {func(c *operatorCall) bool { return c.RemoveQuota != nil }, (*reign).operateRemoveQuota},
	"GET_QUOTA":           {without, (*reign).getQuota},
	"START_MAINTENANCE": {
		func(c *operatorCall) bool { return c.StartMaintenance != nil },
		func(r *reign, c *operatorCall) answer {
			return orRefuse(r.startMaintenance(c.StartMaintenance.Machines))
		},
	},
	"STOP_MAINTENANCE": {
		func(c *operatorCall) bool { return c.StopMaintenance != nil },
		func(r *reign, c *operatorCall) answer { return orRefuse(r.stopMaintenance(c.StopMaintenance.Machines)) },
	},
	"GET_AGENTS":     {without, (*reign).getAgents},
	"GET_FRAMEWORKS": {without, (*reign).getFrameworks},
	"GET_TASKS":      {without, (*reign).getTasks},
	"GET_ROLES":      {without, (*reign).getRoles},
	"GET_HEALTH": {without, func(*reign, *operatorCall) answer {
		return shows("GET_HEALTH", "get_health", message{"healthy": true})
	}},
	"GET_VERSION": {without, func(*reign, *operatorCall) answer {
		return shows("GET_VERSION", "get_version", message{"version_info": message{
			"version": version, "build_date": "", "build_time": 0, "build_user": "",
		}})
	}},
	"GET_MAINTENANCE_SCHEDULE": {without, (*reign).getMaintenanceSchedule},
	"GET_MAINTENANCE_STATUS":   {without, (*reign).getMaintenanceStatus},
	"TEARDOWN": {
		func(c *operatorCall) bool { return c.Teardown != nil },
		func(r *reign, c *operatorCall) answer {
			f := r.frameworks[c.Teardown.FrameworkID.Value]
			if f == nil {
				return badRequest("No framework found with specified ID")
			}
			r.removeFramework(f)
			return answer{status: http.StatusOK}
		},
	},
}

// without is for calls that need nothing but their type.
func without(*operatorCall) bool { return true }

// orRefuse is an empty 200, or the 400 that says why not.
func orRefuse(why string) answer {
	if why != "" {
		return badRequest("%s", why)
	}
	return answer{status: http.StatusOK}
}

func (c *Cluster) operate(call *operatorCall) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.leader
	if r == nil {
		return answer{status: http.StatusServiceUnavailable, text: "No leader elected"}
	}
	op, ok := operations[call.Type]
	switch {
	case !ok:
		return c.notSimulated("the operator call " + strconv.Quote(call.Type))
	case !op.present(call):
		return badRequest("Failed to validate master::Call: Expecting '%s' to be present", strings.ToLower(call.Type))
	}
	return op.do(r, call)
}
