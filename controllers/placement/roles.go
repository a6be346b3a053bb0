package placement

import (
	"slices"
	"strconv"
	"strings"
)

// maxMessage is how many bytes a message over several roles may have, so that a status has room for it.
const maxMessage = 1000

// roles are those whose offers the task may take, in order of preference.
func (t *Task) roles() []string { return append([]string{t.Role}, t.OtherRoles...) }

// assignOther gives the task, for which its first role has no offer of an agent that it does not avoid, a part of one of its other roles; of agents that
// it avoids, in whichever role, only if last is true and no other has room.
func (p *pools) assignOther(task *Task, last bool) (Assignment, bool) {
	for _, role := range task.OtherRoles {
		pool := p.of(role)
		if assignment, ok := pool.assign(task, pool.shape(task), false); ok {
			return assignment, true
		}
	}
	for _, role := range task.roles() {
		pool := p.of(role)
		if !last {
			break
		}
		if assignment, ok := pool.assignLast(task, pool.shape(task)); ok {
			return assignment, true
		}
	}
	return Assignment{}, false
}

// fitsElsewhere says whether a declined offer of one of the task's roles has room for it, of an agent that it does not avoid.
func (p *pools) fitsElsewhere(task *Task) bool {
	return slices.ContainsFunc(task.roles(), func(role string) bool {
		pool := p.of(role)
		return pool.fitsElsewhere(task, pool.shape(task))
	})
}

// verdictOfAll is what is said of a task over all its roles, of whose first the verdict is given: it must wait if it must in each.
func (p *pools) verdictOfAll(task *Task, first verdict) verdict {
	all := verdict{mustWait: first.mustWait, offerless: first.offerless, kind: first.kind, message: ofRole(task.Role, first)}
	told := 0
	for _, role := range task.OtherRoles {
		pool := p.of(role)
		one := pool.verdict(task, pool.shape(task))
		all.mustWait = all.mustWait && one.mustWait
		all.offerless = all.offerless && one.offerless
		all.kind += "; " + Kind(role) + " " + one.kind
		if text := "; " + ofRole(role, one); len(all.message)+len(text) <= maxMessage {
			all.message += text
			told++
		}
	}
	if more := len(task.OtherRoles) - told; more > 0 {
		all.message = strings.ToValidUTF8(all.message[:min(len(all.message), maxMessage)], "") + "; " + strconv.Itoa(more) + plural(more, " more role", " more roles")
	}
	if !all.mustWait {
		all.kind = ""
	}
	return all
}

// ofRole names the role that a verdict speaks of.
func ofRole(role string, v verdict) string {
	if strings.HasPrefix(v.message, noOffers) {
		return v.message
	}
	return "role " + role + ": " + v.message
}
