package mesosbridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// mostAstray is how many calls in a row may come to a master that does not have the subscription, and be refused for that, before the term ends.
const mostAstray = 5

// carry takes the call to the master that has the subscription. Several masters may share one name: a call that came to another than SUBSCRIBE goes
// on to where that one sends it, once, and one that reached none at all to the master that SUBSCRIBED named. Later calls of the term go there
// at once. Neither took any effect before: a follower sends every call on before it reads it (Mesos master: Http::scheduler).
func (b *Bridge) carry(ctx context.Context, t *term, call *scheduler.Call) outcome {
	o := b.exchange(ctx, t, call)
	next, astray := b.wayOn(t, o)
	if next != "" {
		b.turnTo(t, next)
		sentOn := o.redirected()
		o = b.exchange(ctx, t, call)
		switch {
		case o.redirected():
			astray = &Problem{Class: NoLeader, Message: fmt.Sprintf(
				"The Mesos masters send each other's callers in circles (%s, sent on to %s); wait for an election, or check their --advertise_ip.", t.base, next)}
		case o.unreached && sentOn:
			astray = &Problem{Class: MasterUnreachable, Message: fmt.Sprintf(
				"The framework's calls are sent on to the master at %s, which cannot be reached (%s); see to it that the operator can reach every master under the name that it gives itself.",
				next, o.err)}
		}
		if astray != nil || o.unreached {
			b.turnTo(t, t.base)
		}
	}
	if o.redirected() && astray != nil {
		o.text = astray.Message
	}
	b.countAstray(t, o, astray)
	return o
}

// wayOn returns where a call is to go that has not come to the master which has the subscription; empty where it has, or where it may not go on.
// Problem says why not.
func (b *Bridge) wayOn(t *term, o outcome) (next string, problem *Problem) {
	if o.redirected() {
		if next, problem = redirected(o.from, o.location); problem == nil {
			problem = b.withheldAt(next)
		}
		if problem != nil {
			return "", problem
		}
		return next, nil
	}
	if !o.unreached {
		return "", nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch _, at := endpointOf(o.from); {
	case o.from != t.base:
		return t.base, nil
	case t.named == "" || namesHost([]string{t.named}, at) || b.config.Access.withheld(t.named, b.named()) != nil:
		return "", nil
	default:
		return t.named, nil
	}
}

// turnTo has the calls of the term go to a master.
func (b *Bridge) turnTo(t *term, base string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t.direct = base
}

// countAstray counts the calls in a row that were refused because they came to another master. The next one is to have a connection of its own,
// which may lead elsewhere.
func (b *Bridge) countAstray(t *term, o outcome, problem *Problem) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case problem != nil:
		t.astray++
		t.hangUp()
	case o.status != 0:
		t.astray = 0
	}
	if problem != nil && t.astray >= mostAstray {
		t.end(problem)
	}
}

// namedBy returns the URL of the master that SUBSCRIBED names; empty where it names none.
func namedBy(base string, info *mesospb.MasterInfo) string {
	scheme, _ := endpointOf(base)
	host := info.GetHostname()
	if host == "" {
		host = info.GetAddress().GetIP()
	}
	if host == "" || scheme == "" {
		return ""
	}
	named, problem := baseOf(scheme + "://" + net.JoinHostPort(host, strconv.FormatUint(uint64(info.GetPort()), 10)))
	if problem != nil {
		return ""
	}
	return named
}

// redirected says whether the call came to a master that does not lead, and so had no effect.
func (o outcome) redirected() bool { return o.status == http.StatusTemporaryRedirect }

// neverLeft says whether there was no connection on which a request could have been sent.
func neverLeft(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || distrusted(err)
}
