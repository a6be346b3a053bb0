package placer

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Why there are no offers, beside the kinds of shortage that placement tells apart.
const (
	kindNoAgents placement.Kind = "no agents"
	kindRefused  placement.Kind = "request refused"
	kindLater    placement.Kind = "request later"
	kindQuota    placement.Kind = "quota"
	kindHeld     placement.Kind = "turned down"
	kindInUse    placement.Kind = "in use"
	kindNoOffer  placement.Kind = "no offer"
)

// maxRefusal is how many bytes of what Mesos says of a refusal a message has room for.
const maxRefusal = 300

// shortage is what is known of why no offers come to a task.
type shortage struct {
	roles  []string
	needs  mesos.Scalars
	supply mesosbridge.Supply
	// offered says that offers to its roles came since it waits.
	offered bool
	// asked is when offers are asked for on its behalf, if only after a while; held is when the last of those is due back that were turned down
	// for long. Zero for neither.
	asked, held time.Time
}

// silences are the reasons why no offers come, in order: the first that holds is told. Its sentence begins with Mesos, and has no number in it that
// changes by itself.
var silences = []struct {
	kind placement.Kind
	says func(s *shortage) string
}{
	{kindNoAgents, (*shortage).noAgents},
	{kindRefused, (*shortage).refused},
	{kindLater, (*shortage).askedLater},
	{kindQuota, (*shortage).quota},
	{kindHeld, (*shortage).turnedDown},
	{kindInUse, (*shortage).inUse},
	{kindNoOffer, (*shortage).unknown},
}

// silence says why there are no offers.
func silence(known shortage) (kind placement.Kind, message string) {
	for _, one := range silences {
		if message = one.says(&known); message != "" {
			return one.kind, message
		}
	}
	return kindNoOffer, ""
}

func (s *shortage) noAgents() string {
	if !s.supply.AgentsTold || s.supply.Agents > 0 {
		return ""
	}
	return "Mesos has no agents: start some, or see why none registers with the master"
}

func (s *shortage) refused() string {
	if s.supply.Refusal == "" || !slices.ContainsFunc(s.roles, func(role string) bool { return slices.Contains(s.supply.Unasked, role) }) {
		return ""
	}
	return "Mesos does not take the request for offers to " + rolesText(s.roles) + " (REVIVE), which is repeated until it does: " + cut(s.supply.Refusal, maxRefusal)
}

func (s *shortage) askedLater() string {
	if s.asked.IsZero() {
		return ""
	}
	return "Mesos is asked for offers to " + rolesText(s.roles) + " again at " + clockTime(s.asked) + ", as spec.offers.reviveSeconds of the MesosFramework says"
}

func (s *shortage) quota() string {
	beyond := beyondQuota(s.roles, s.needs, s.supply.Quotas)
	if beyond == "" {
		return ""
	}
	return "Mesos makes no offer to " + rolesText(s.roles) + ": " + beyond
}

func (s *shortage) turnedDown() string {
	if s.held.IsZero() {
		return ""
	}
	return "Mesos makes no offer to " + rolesText(s.roles) + " but those that fitted nothing when they came: they come again by " + clockTime(s.held)
}

func (s *shortage) inUse() string {
	if s.supply.Agents == 0 {
		return ""
	}
	agents := "1 agent and offers nothing of it"
	if s.supply.Agents > 1 {
		agents = fmt.Sprintf("%d agents and offers nothing of them", s.supply.Agents)
	}
	return "Mesos has " + agents + " to " + rolesText(s.roles) + ": all is in use, reserved for other roles, or offered to other frameworks first"
}

func (s *shortage) unknown() string {
	if s.offered {
		return "Mesos makes no further offer to " + rolesText(s.roles) + " at the moment"
	}
	return "Mesos has made no offer to " + rolesText(s.roles)
}

// beyondQuota says that the quotas of all the roles leave less than is needed, and is empty where one of them leaves enough, or has none.
func beyondQuota(roles []string, needs mesos.Scalars, quotas []mesos.Quota) string {
	if len(quotas) == 0 {
		return ""
	}
	var exceeded []string
	for _, role := range roles {
		at := slices.IndexFunc(quotas, func(q mesos.Quota) bool {
			left := q.Left()
			return (role == q.Role || strings.HasPrefix(role, q.Role+"/")) && !left.Hold(needs)
		})
		if at < 0 {
			return ""
		}
		if text := quotaText(&quotas[at], needs); !slices.Contains(exceeded, text) {
			exceeded = append(exceeded, text)
		}
	}
	return strings.Join(exceeded, ", ") + "; end other tasks of the role, or ask who runs Mesos for a larger quota"
}

// quotaText says what of a quota is used up.
func quotaText(q *mesos.Quota, needs mesos.Scalars) string {
	var parts []string
	left := q.Left()
	for _, one := range []struct {
		name                         string
		left, needs, consumed, limit mesos.Scalar
		write                        func(mesos.Scalar) string
	}{
		{"cpus", left.CPUs, needs.CPUs, q.Consumed.CPUs, q.Limit.CPUs, mesos.Scalar.Decimal},
		{"memory", left.Memory, needs.Memory, q.Consumed.Memory, q.Limit.Memory, mesos.Scalar.Mebibytes},
		{"disk", left.Disk, needs.Disk, q.Consumed.Disk, q.Limit.Disk, mesos.Scalar.Mebibytes},
		{"gpus", left.GPUs, needs.GPUs, q.Consumed.GPUs, q.Limit.GPUs, mesos.Scalar.Decimal},
	} {
		if one.needs > one.left {
			parts = append(parts, fmt.Sprintf("%s of %s %s used (want %s)", one.write(one.consumed), one.write(one.limit), one.name, one.write(one.needs)))
		}
	}
	return "the quota of role " + q.Role + " leaves too little, with " + strings.Join(parts, ", ")
}

// maxNamedRoles bounds how many roles a message names.
const maxNamedRoles = 3

func rolesText(roles []string) string {
	if len(roles) == 1 {
		return "role " + roles[0]
	}
	text := "roles " + strings.Join(roles[:min(len(roles), maxNamedRoles)], ", ")
	if more := len(roles) - maxNamedRoles; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func clockTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// cut shortens text to so many bytes, between two characters.
func cut(text string, length int) string {
	if len(text) <= length {
		return text
	}
	for length > 0 && !utf8.RuneStart(text[length]) {
		length--
	}
	return text[:length]
}
