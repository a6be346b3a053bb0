package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Reservations by an operator (Mesos master: http.cpp _reserve, _unreserve, _operation).

// resourceList is what RESERVE_RESOURCES and UNRESERVE_RESOURCES bring: resources with the reservation in question last.
type resourceList struct {
	AgentID   mesos.AgentID    `json:"agent_id"`
	Resources []mesos.Resource `json:"resources"`
}

// beforeReservation are the resources without the last reservation of each. A text says what is wrong with one.
func beforeReservation(rs []mesos.Resource) (out []mesos.Resource, invalid string) {
	for _, one := range normalized(rs) {
		why, n := invalidAmount(&one), len(one.Reservations)
		switch {
		case why != "":
		case n == 0:
			why = "it is not reserved"
		case one.Reservations[n-1].GetRole() == "*":
			why = `Invalid reservation: role "*" cannot be reserved`
		default:
			why = validateRole(one.Reservations[n-1].GetRole())
		}
		if why != "" {
			return nil, fmt.Sprintf("Resource '%s' is invalid: %s", resourceText(&one, ""), why)
		}
		one.Reservations = slices.Clone(one.Reservations[:n-1])
		if n == 1 {
			one.Reservations = nil
		}
		out = append(out, one)
	}
	return out, ""
}

func (r *reign) operateReserve(c *operatorCall) answer {
	unreserved, invalid := beforeReservation(c.Reserve.Resources)
	if invalid != "" {
		return badRequest("Failed to validate master::Call: %s", invalid)
	}
	return r.convert(c.Reserve.AgentID.Value, unreserved, normalized(c.Reserve.Resources))
}

func (r *reign) operateUnreserve(c *operatorCall) answer {
	unreserved, invalid := beforeReservation(c.Unreserve.Resources)
	if invalid != "" {
		return badRequest("Failed to validate master::Call: %s", invalid)
	}
	return r.convert(c.Unreserve.AgentID.Value, normalized(c.Unreserve.Resources), unreserved)
}

// convert makes one kind of an agent's resources another. Offers are rescinded until enough has come back, whatever was
// free before; those whose they were are not offered it again for the default of filters.
func (r *reign) convert(agentID string, from, to []mesos.Resource) answer {
	s := r.slaves[agentID]
	if s == nil {
		return badRequest("No agent found with specified ID")
	}
	var back []mesos.Resource
	for _, o := range sortedOffers(s.offersByID()) {
		if contained(from, back) {
			break
		}
		back = plus(back, o.resources)
		r.rescind(o)
		r.refuseOffer(o.framework, o.role, s, o.resources, defaultRefuse)
	}
	a := s.agent
	total, ok := minus(a.total, from)
	free, isFree := minus(s.free, from)
	if !ok || !isFree {
		return answer{
			status: http.StatusConflict,
			text:   resourcesText(a.total, "") + " does not contain " + resourcesText(from, ""),
		}
	}
	a.total, s.free = plus(total, to), plus(free, to)
	return answer{status: http.StatusAccepted}
}

func (s *slave) offersByID() map[string]*offer {
	out := map[string]*offer{}
	for o := range s.offers {
		out[o.id] = o
	}
	return out
}

// Reserve is an operator's RESERVE_RESOURCES on this agent: resources with the new reservation last.
func (a *Agent) Reserve(rs ...mesos.Resource) error {
	return a.operate(&operatorCall{Type: "RESERVE_RESOURCES", Reserve: &resourceList{AgentID: mesos.AgentID{Value: a.ID()}, Resources: rs}})
}

// Unreserve is an operator's UNRESERVE_RESOURCES on this agent: resources with the reservation to end last.
func (a *Agent) Unreserve(rs ...mesos.Resource) error {
	return a.operate(&operatorCall{Type: "UNRESERVE_RESOURCES", Unreserve: &resourceList{AgentID: mesos.AgentID{Value: a.ID()}, Resources: rs}})
}

func (a *Agent) operate(call *operatorCall) error {
	if got := a.cluster.operate(call); got.status != http.StatusOK && got.status != http.StatusAccepted {
		return errors.New(got.text)
	}
	return nil
}
