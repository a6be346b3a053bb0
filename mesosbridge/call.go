package mesosbridge

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	schedulerPath = "/api/v1/scheduler"
	mediaProtobuf = "application/x-protobuf"
	streamHeader  = "Mesos-Stream-Id"
	// callTimeout is as long as a silent stream is borne: a master that takes longer is as good as gone.
	callTimeout = 75 * time.Second
	// firstAnswer is how long the first try may take of a call that is sent again until the master has taken it.
	firstAnswer = 10 * time.Second
	// maxAnswer bounds what is read of the text that explains a refusal.
	maxAnswer = 16 << 10
)

// term is one subscription, from its SUBSCRIBED event to the end of its stream.
type term struct {
	number uint64
	// ctx lasts as long as the stream; end ends it, and its cause says why.
	ctx context.Context //nolint:containedctx // a term is a lifetime: every call of it ends with it, whoever asked for it
	end context.CancelCauseFunc
	// leaving is how it ends with its bridge.
	leaving leaving

	// edition is that of the configuration with which it was subscribed.
	edition     int
	base        string
	streamID    string
	frameworkID string
	// line leads to the master; b.mu guards it and what follows (see lineOf).
	line *line
	// direct is where calls go; empty for base, where SUBSCRIBE went. named is the master that SUBSCRIBED named; empty for none.
	direct, named string
	// astray counts the calls in a row that came to a master which does not have the subscription, and could not go on.
	astray int
	// changed has a token when the framework differs from what Mesos was told of it.
	changed chan struct{}
	// told is what Mesos was told of the framework last; b.mu guards it, and what follows.
	told told
	// suppressedAt is when Mesos last took a SUPPRESS.
	suppressedAt time.Time
	// late are the descriptions whose UPDATE_FRAMEWORK has no clear answer: each may yet take effect.
	late []mesos.Framework
	// wishWaits says that the wish for offers waits to be told again, as Mesos did not take it; wishRetry counts its tries.
	wishWaits bool
	wishRetry backoff
	// wishRefusal is why Mesos did not take the last REVIVE; empty if it did.
	wishRefusal string
	// agentsTold says that the master told which agents it has; quotas are what it said of those of the framework's roles.
	agentsTold bool
	quotas     []mesos.Quota
}

// outcome is what became of a call.
type outcome struct {
	// sent is false if the call certainly did not leave this process.
	sent bool
	// status is the HTTP status of the answer; zero if there was none.
	status int
	// text is what the master said of a refusal, cleaned.
	text string
	// err says why there was no answer.
	err error
	// from is the master that was asked; location is where it sent the call on.
	from, location string
	// corrected is true if the refusal of an UPDATE_FRAMEWORK told what Mesos would take.
	corrected bool
	// unreached is true if there was no connection to it, so that nothing was sent.
	unreached bool
}

// accepted says whether the master took the call: UPDATE_FRAMEWORK is answered 200, all others 202.
func (o outcome) accepted() bool { return o.status == http.StatusAccepted || o.status == http.StatusOK }

// refused says whether the master refused the call whole, so that it has no effect.
func (o outcome) refused() bool { return o.status >= 400 && o.status < 500 }

// refusedByMaster says whether it was a master that refused the call whole: it answers with these and no others (Mesos master:
// Http::scheduler). The redirect is one that could not be followed. Another 4xx, as 408 or 429, is of something between, which may have let the call through.
func (o outcome) refusedByMaster() bool {
	switch o.status {
	case http.StatusTemporaryRedirect, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		return true
	default:
		return false
	}
}

// subscriptionLost says whether the master takes this stream for no longer the framework's (Mesos master: Http::scheduler answers 400
// for both of the first and 403 for the last).
func (o outcome) subscriptionLost() bool {
	switch o.status {
	case http.StatusBadRequest:
		return strings.Contains(o.text, "stream ID") || strings.Contains(o.text, "Framework cannot be found")
	case http.StatusForbidden:
		return strings.Contains(o.text, "not subscribed")
	default:
		return false
	}
}

// problem returns nil for a call that the master took, and else why it did not.
func (o outcome) problem() error {
	switch {
	case o.accepted():
		return nil
	case o.err != nil:
		return o.err
	default:
		return fmt.Errorf("the master answered %d: %s", o.status, o.text)
	}
}

// result is the label under which the outcome is counted.
func (o outcome) result() result {
	switch {
	case !o.sent:
		return resultWithheld
	case o.accepted():
		return resultAccepted
	case o.refused(), o.redirected():
		return resultRefused
	case o.status != 0:
		return resultFailed
	default:
		return resultUnanswered
	}
}

// launched is what the outcome of an ACCEPT means for its tasks. Only a master's own refusal is one: the rest is to be asked about.
func (o outcome) launched() result {
	switch {
	case !o.sent:
		return resultWithheld
	case o.accepted():
		return resultAccepted
	case o.refusedByMaster():
		return resultRefused
	default:
		return resultUnanswered
	}
}

// call sends a call in the term and waits for its answer. It is the one place from which a call other than SUBSCRIBE leaves.
func (b *Bridge) call(ctx context.Context, t *term, call *scheduler.Call) outcome {
	o := b.carry(ctx, t, call)
	callsTotal.Inc(call.Type.String(), string(o.result()))
	if err := o.problem(); err != nil {
		b.log.Info("Call was not accepted", "call", call.Type.String(), "term", t.number, "result", o.result(), "err", err.Error())
	}
	if o.status == http.StatusUnauthorized {
		b.credentialsRefused()
	}
	if o.subscriptionLost() {
		t.end(&Problem{
			Class: SubscriptionLost,
			Message: "The master no longer takes this stream for the framework's subscription (" + o.text +
				"); the framework is subscribing again.",
		})
	}
	return o
}

// callAgain is call for what is sent again until the master has taken it, after so many tries that failed. Taken twice it does no harm, so it is given up
// early: the next try goes over another connection, which may lead there. Each may take longer than the one before, lest a master that is slow be asked ever more.
func (b *Bridge) callAgain(ctx context.Context, t *term, call *scheduler.Call, failed int) outcome {
	ctx, cancel := context.WithTimeout(ctx, doubled(firstAnswer, failed, callTimeout))
	defer cancel()
	return b.call(ctx, t, call)
}

// exchange takes the call through the gate.
func (b *Bridge) exchange(ctx context.Context, t *term, call *scheduler.Call) outcome {
	var o outcome
	err := b.options.Gate(call.Type.String(), func() error {
		o = b.post(ctx, t, call)
		return o.err
	})
	switch {
	case err == nil || o.err != nil:
		return o
	case o.sent:
		return outcome{sent: true, err: err}
	default:
		return outcome{err: fmt.Errorf("withholding the call: %w", err)}
	}
}

// post sends the call and reads its answer.
func (b *Bridge) post(ctx context.Context, t *term, call *scheduler.Call) outcome {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call.FrameworkID = frameworkID(t.frameworkID)
	line := b.lineOf(t)
	request, err := newRequest(ctx, line.base, call)
	if err != nil {
		return outcome{err: err}
	}
	request.Header.Set(streamHeader, t.streamID)
	response, err := line.send(request)
	if err != nil {
		unreached := neverLeft(err)
		return outcome{sent: !unreached, err: errors.New(reasonOf(err)), from: line.base, unreached: unreached}
	}
	text := answerText(response)
	return outcome{sent: true, status: response.StatusCode, text: text, from: line.base, location: response.Header.Get("Location")}
}

// newRequest makes the HTTP request of a call.
func newRequest(ctx context.Context, base string, call *scheduler.Call) (*http.Request, error) {
	body, err := call.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", call.Type, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+schedulerPath, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request for %s: %w", call.Type, err)
	}
	request.Header.Set("Content-Type", mediaProtobuf)
	request.Header.Set("Accept", mediaProtobuf)
	return request, nil
}

// answerText reads what an answer says and closes it. A text that breaks off is as good as a whole one.
func answerText(response *http.Response) string {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	text := clean(string(body))
	if text == "" && err != nil {
		return reasonOf(err)
	}
	if text == "" {
		return response.Status
	}
	return text
}

// newClient returns a client for one master, with connections of its own. It follows no redirect by itself, so that calls go only where
// the bridge sends them.
func (b *Bridge) newClient(config *tls.Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         b.options.DialContext,
			TLSClientConfig:     config,
			DisableCompression:  true,
			MaxIdleConnsPerHost: b.lanes.atOnce() + 1,
			IdleConnTimeout:     callTimeout,
			TLSHandshakeTimeout: dialTimeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reasonOf says why there was no answer, without what changes from one time to the next, as local ports do: the sentence goes
// into a condition, and a condition that changes is a write.
func reasonOf(err error) string {
	var (
		dns     *net.DNSError
		op      *net.OpError
		wrapped *url.Error
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet"
	case errors.As(err, &dns):
		return clean("looking up " + dns.Name + ": " + dns.Err)
	case errors.As(err, &op) && op.Err != nil:
		return clean(op.Op + ": " + op.Err.Error())
	case errors.As(err, &wrapped):
		return clean(wrapped.Err.Error())
	default:
		return clean(err.Error())
	}
}
