package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// serveRoles is the endpoint /roles, which tells of quota what GET_ROLES does not (Mesos master: Master::ReadOnlyHandler::roles).
func (m *Master) serveRoles(w http.ResponseWriter, r *http.Request) {
	q := &request{master: m, http: r}
	if a := q.findLeader(); a.status != 0 {
		a.write(w)
		return
	}
	m.answerOperator(w, r, "GET "+rolesPath, m.cluster.roles)
}

// roles shows every role that is known, and those above it.
func (c *Cluster) roles() answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.leader
	if r == nil {
		return answer{status: http.StatusServiceUnavailable, text: "No leader elected"}
	}
	used := r.usage()
	shown := []any{}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		u, quota := used[name], c.registry.quotas[name]
		resources := maps.Clone(u.allocated)
		addUp(resources, u.offered)
		shown = append(shown, message{
			"name": name, "weight": 1.0,
			"quota": message{
				"role": name, "guarantee": quota.Guarantees.values(), "limit": quota.Limits.values(), "consumed": r.consumedBy(name, false),
			},
			"resources": resources, "allocated": u.allocated, "offered": u.offered, "reserved": u.reserved, "frameworks": u.frameworks,
		})
	}
	return answer{status: http.StatusOK, message: message{"roles": shown}}
}

// roleUsage is what a role and those below it have.
type roleUsage struct {
	allocated, offered, reserved map[string]float64
	frameworks                   []string
}

// usage is what each role has that anything is known of.
func (r *reign) usage() map[string]*roleUsage {
	all := map[string]*roleUsage{}
	add := func(role string, to func(*roleUsage) map[string]float64, rs []mesos.Resource) {
		for name := role; ; {
			if all[name] == nil {
				all[name] = &roleUsage{allocated: map[string]float64{}, offered: map[string]float64{}, reserved: map[string]float64{}, frameworks: []string{}}
			}
			addScalars(to(all[name]), rs)
			above := strings.LastIndexByte(name, '/')
			if above < 0 {
				return
			}
			name = name[:above]
		}
	}
	allocated := func(u *roleUsage) map[string]float64 { return u.allocated }
	for _, id := range slices.Sorted(maps.Keys(r.frameworks)) {
		f := r.frameworks[id]
		for _, role := range f.roles() {
			add(role, allocated, nil)
			all[role].frameworks = append(all[role].frameworks, f.id)
		}
		for _, t := range f.tasks {
			if !terminal(t.state) {
				add(t.role, allocated, t.resources)
			}
		}
		for _, o := range f.offers {
			add(o.role, func(u *roleUsage) map[string]float64 { return u.offered }, o.resources)
		}
	}
	for _, s := range r.order {
		for i := range s.agent.total {
			if n := len(s.agent.total[i].Reservations); n > 0 {
				add(s.agent.total[i].Reservations[n-1].GetRole(), func(u *roleUsage) map[string]float64 { return u.reserved }, s.agent.total[i:i+1])
			}
		}
	}
	for role := range r.cluster.registry.quotas {
		add(role, allocated, nil)
	}
	return all
}
