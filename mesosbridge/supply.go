package mesosbridge

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// quotasEvery is the least time between two asks for quotas, quotasRetry the least after one that was refused, or that tells nothing of quota.
	quotasEvery, quotasRetry = 30 * time.Second, 10 * time.Minute
	// maxRolesAnswer is how much is read of what a master says of its roles.
	maxRolesAnswer = 64 << 20
)

// rolesQuestion is what tells how much of a quota is used, which no call of the operator API does (Mesos master: Master::ReadOnlyHandler::roles).
var rolesQuestion = question{name: "GET /roles", method: http.MethodGet, path: "/roles"}

// Supply is what is known of why offers come, or do not.
type Supply struct {
	// AgentsTold says whether the master told in this term which agents it has; Agents is how many there are, as far as is known.
	AgentsTold bool
	Agents     int
	// Unasked are the roles for which Mesos has not taken the last REVIVE, in order, and Refusal is why, in clean text; empty where none is known to
	// have failed. It is tried again until Mesos takes it.
	Unasked []string
	Refusal string
	// Quotas are those that hold for the framework's roles, by role, as the master said in this term; none where it says nothing of them. They are
	// never changed in place.
	Quotas []mesos.Quota
}

// Supply returns what is known of why offers come, or do not. Listener.OffersChanged is told of news.
func (b *Bridge) Supply() Supply {
	b.mu.Lock()
	defer b.mu.Unlock()
	supply := Supply{Agents: len(b.present.agents)}
	if t := b.current; t != nil {
		supply.AgentsTold, supply.Quotas = t.agentsTold, t.quotas
		if t.wishRefusal != "" {
			supply.Unasked, supply.Refusal = slices.Sorted(maps.Keys(b.wish.revive)), t.wishRefusal
		}
	}
	return supply
}

// WantQuotas has the master asked for its quotas soon, as something waits for offers that do not come. It is asked no more often than every half
// minute, and not at all while nobody wants them.
func (b *Bridge) WantQuotas() {
	select {
	case b.quotasWanted <- struct{}{}:
	default:
	}
}

// keepQuotas asks the master for its quotas while they are wanted.
func (b *Bridge) keepQuotas(t *term) {
	for astray := 1; ; {
		select {
		case <-t.ctx.Done():
			return
		case <-b.quotasWanted:
		}
		quotas, o := b.askQuotas(t)
		next := quotasEvery
		switch {
		case (o.redirected() || o.unreached) && astray < mostAstray:
			// Nobody was asked.
			astray, next = astray+1, agentsAstray
			b.WantQuotas()
		case o.refused():
			next = quotasRetry
			fallthrough
		default:
			astray = 1
		}
		if err := o.problem(); err != nil {
			b.log.Info("The master did not say what quotas there are", "term", t.number, "err", err.Error())
		}
		if o.accepted() || o.refused() {
			b.noteQuotas(t, quotas)
		}
		if !await(t, next) {
			return
		}
	}
}

// askQuotas asks the master that has the subscription for the quotas of the framework's roles.
func (b *Bridge) askQuotas(t *term) (quotas []mesos.Quota, o outcome) {
	b.mu.Lock()
	roles := slices.Clone(t.told.framework.Roles)
	b.mu.Unlock()
	o = b.askMaster(t, rolesQuestion, func(body io.Reader) (err error) {
		quotas, err = decodeQuotas(io.LimitReader(body, maxRolesAnswer), roles)
		return err
	})
	if !o.accepted() {
		quotas = nil
	}
	return quotas, o
}

// noteQuotas records what the master said of quotas.
func (b *Bridge) noteQuotas(t *term, quotas []mesos.Quota) {
	b.mu.Lock()
	news := t == b.current && !slices.Equal(t.quotas, quotas)
	if news {
		t.quotas = quotas
	}
	b.mu.Unlock()
	if news {
		b.listener.OffersChanged()
	}
}

// decodeQuotas reads the quotas of the given roles, and of those above them, out of what a master says of all roles. Before Mesos 1.9 it does not tell what
// is used of them: then there are none to learn.
func decodeQuotas(body io.Reader, roles []string) (quotas []mesos.Quota, err error) {
	decoder := json.NewDecoder(body)
	err = eachField(decoder, func(name string) error {
		if name != "roles" {
			return skip(decoder)
		}
		return eachElement(decoder, func() error {
			var role struct {
				Name  string
				Quota json.RawMessage
			}
			if err := decoder.Decode(&role); err != nil {
				return err
			}
			within := func(ours string) bool { return ours == role.Name || strings.HasPrefix(ours, role.Name+"/") }
			if quota, ok := quotaOf(role.Quota); ok && slices.ContainsFunc(roles, within) {
				quota.Role = clean(role.Name)
				quotas = append(quotas, quota)
			}
			return nil
		})
	})
	return quotas, err
}

// quotaOf reads one quota; none where nothing is limited, or it is not told what is used.
func quotaOf(said json.RawMessage) (quota mesos.Quota, ok bool) {
	var words struct{ Limit, Consumed map[string]float64 }
	if len(said) == 0 || json.Unmarshal(said, &words) != nil || len(words.Limit) == 0 || words.Consumed == nil {
		return mesos.Quota{}, false
	}
	limit := func(name string) mesos.Scalar {
		if value, limited := words.Limit[name]; limited {
			return mesos.ScalarOf(value)
		}
		return mesos.NoLimit
	}
	consumed := func(name string) mesos.Scalar { return mesos.ScalarOf(words.Consumed[name]) }
	return mesos.Quota{
		Limit:    mesos.Scalars{CPUs: limit("cpus"), Memory: limit("mem"), Disk: limit("disk"), GPUs: limit("gpus")},
		Consumed: mesos.Scalars{CPUs: consumed("cpus"), Memory: consumed("mem"), Disk: consumed("disk"), GPUs: consumed("gpus")},
	}, true
}
