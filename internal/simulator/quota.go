package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Quota (Mesos master: quota_handler.cpp). Limits cap what a role is offered; guarantees are only held against the
// cluster's size, and shown.

// amounts are scalars by the name of their resource.
type amounts map[string]mesos.Value_Scalar

// quotaConfig is the quota of one role.
type quotaConfig struct {
	Role       string  `json:"role"`
	Guarantees amounts `json:"guarantees,omitempty"`
	Limits     amounts `json:"limits,omitempty"`
}

// updateQuota is what UPDATE_QUOTA brings.
type updateQuota struct {
	Force   bool          `json:"force"`
	Configs []quotaConfig `json:"quota_configs"`
}

// setQuota is what SET_QUOTA brings: a guarantee that is the limit, too.
type setQuota struct {
	Request struct {
		Force     bool             `json:"force"`
		Role      string           `json:"role"`
		Guarantee []mesos.Resource `json:"guarantee"`
	} `json:"quota_request"`
}

func (a amounts) values() map[string]float64 {
	out := make(map[string]float64, len(a))
	for name, v := range a {
		out[name] = v.Value
	}
	return out
}

// text is how Mesos writes the amounts of a quota.
func (a amounts) text() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		parts = append(parts, fmt.Sprintf("%s: %v", name, a[name].Value))
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// beyond reports whether something is more than limits allow; what they do not name has none.
func beyond(what map[string]float64, limits amounts) bool {
	for name, limit := range limits {
		if milli(what[name]) > milli(limit.Value) {
			return true
		}
	}
	return false
}

// refuseQuota gives the text that refuses a quota, or "".
func (r *reign) refuseQuota(q quotaConfig, force bool) string {
	if beyond(q.Guarantees.values(), q.Limits) {
		return fmt.Sprintf("'QuotaConfig.guarantees' %s is not contained within the 'QuotaConfig.limits' %s", q.Guarantees.text(), q.Limits.text())
	}
	if force {
		return ""
	}
	const unlessForced = " (use 'force' flag to bypass this check)"
	guaranteed := q.Guarantees.values()
	for role, other := range r.cluster.registry.quotas {
		if role != q.Role {
			addUp(guaranteed, other.Guarantees.values())
		}
	}
	capacity := map[string]float64{}
	for _, s := range r.order {
		addScalars(capacity, s.agent.total)
	}
	for name, much := range guaranteed {
		if milli(much) > milli(capacity[name]) {
			return fmt.Sprintf("total quota guarantees '%s' exceed cluster capacity '%s'%s", amountsText(guaranteed), amountsText(capacity), unlessForced)
		}
	}
	if consumed := r.consumedBy(q.Role, false); beyond(consumed, q.Limits) {
		return fmt.Sprintf("Role '%s' is already consuming '%s'; this is more than the requested limits '%s'%s",
			q.Role, amountsText(consumed), amountsText(q.Limits.values()), unlessForced)
	}
	return ""
}

func amountsText(a map[string]float64) string { return resourcesText(scalars(a), "") }

func addUp(to, more map[string]float64) {
	for name, v := range more {
		to[name] += v
	}
}

func addScalars(to map[string]float64, rs []mesos.Resource) {
	for i := range rs {
		if rs[i].Scalar != nil {
			to[rs[i].Name] += rs[i].Scalar.Value
		}
	}
}

// consumedBy is what counts against a role's limits: what its tasks and those of the roles below it use, what is reserved to them, and, if wanted,
// what they are offered of the rest (Mesos master: RoleResourceBreakdown::consumedQuota).
func (r *reign) consumedBy(role string, withOffers bool) map[string]float64 {
	out := map[string]float64{}
	for _, s := range r.order {
		total := s.agent.total
		for i := range total {
			if n := len(total[i].Reservations); n > 0 && isWithin(total[i].Reservations[n-1].GetRole(), role) {
				addScalars(out, total[i:i+1])
			}
		}
		for t := range s.tasks {
			if isWithin(t.role, role) && !terminal(t.state) {
				addScalars(out, unreserved(t.resources))
			}
		}
		for o := range s.offers {
			if withOffers && isWithin(o.role, role) {
				addScalars(out, unreserved(o.resources))
			}
		}
	}
	return out
}

// unreserved are those that count against a quota without being reserved.
func unreserved(rs []mesos.Resource) []mesos.Resource {
	return slices.DeleteFunc(slices.Clone(rs), func(r mesos.Resource) bool { return len(r.Reservations) > 0 || r.Revocable != nil })
}

// isWithin says whether a role is another one, or below it.
func isWithin(role, top string) bool { return role == top || strings.HasPrefix(role, top+"/") }

// withinLimits cuts what a role may be offered down to its limits: those of the role at the top, as none below it can have any.
func (r *reign) withinLimits(role string, rs []mesos.Resource) []mesos.Resource {
	role, _, _ = strings.Cut(role, "/")
	limits := r.cluster.registry.quotas[role].Limits
	if len(limits) == 0 {
		return rs
	}
	consumed := r.consumedBy(role, true)
	var out []mesos.Resource
	for _, one := range rs {
		limit, limited := limits[one.Name]
		if limited && one.Scalar != nil && len(one.Reservations) == 0 && one.Revocable == nil {
			left := max(0, milli(limit.Value)-milli(consumed[one.Name]))
			one.Scalar = &mesos.Value_Scalar{Value: float64(min(left, milli(one.Scalar.Value))) / 1000}
		}
		if !holdsNothing(&one) {
			out = append(out, one)
		}
	}
	return out
}

func (r *reign) operateUpdateQuota(c *operatorCall) answer {
	for _, q := range c.UpdateQuota.Configs {
		if why := r.refuseQuota(q, c.UpdateQuota.Force); why != "" {
			return badRequest("Invalid QuotaConfig: %s", why)
		}
	}
	for _, q := range c.UpdateQuota.Configs {
		r.cluster.registry.quotas[q.Role] = q
	}
	return answer{status: http.StatusOK}
}

func (r *reign) operateSetQuota(c *operatorCall) answer {
	asked := c.SetQuota.Request
	q := quotaConfig{Role: asked.Role, Guarantees: amounts{}}
	for _, one := range asked.Guarantee {
		q.Guarantees[one.Name] = mesos.Value_Scalar{Value: one.GetScalar().GetValue()}
	}
	q.Limits = maps.Clone(q.Guarantees)
	if why := r.refuseQuota(q, asked.Force); why != "" {
		return badRequest("Failed to validate set quota request: %s", why)
	}
	r.cluster.registry.quotas[q.Role] = q
	return answer{status: http.StatusOK}
}

func (r *reign) operateRemoveQuota(c *operatorCall) answer {
	delete(r.cluster.registry.quotas, c.RemoveQuota.Role)
	return answer{status: http.StatusOK}
}

func (r *reign) getQuota(*operatorCall) answer {
	var infos, configs []any
	for _, role := range slices.Sorted(maps.Keys(r.cluster.registry.quotas)) {
		q := r.cluster.registry.quotas[role]
		info := message{"role": role}
		if len(q.Guarantees) > 0 {
			info["guarantee"] = scalars(q.Guarantees.values())
		}
		infos, configs = append(infos, info), append(configs, q)
	}
	status := message{}
	if len(infos) > 0 {
		status["infos"], status["configs"] = infos, configs
	}
	return shows("GET_QUOTA", "get_quota", message{"status": status})
}

// LimitRole is an operator's UPDATE_QUOTA: what a role may consume at most of each resource. No limits end its quota.
func (c *Cluster) LimitRole(role string, limits map[string]float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.count("role limit")
	if len(limits) == 0 {
		delete(c.registry.quotas, role)
		return
	}
	q := quotaConfig{Role: role, Limits: amounts{}}
	for name, v := range limits {
		q.Limits[name] = mesos.Value_Scalar{Value: v}
	}
	c.registry.quotas[role] = q
}
