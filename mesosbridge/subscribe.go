package mesosbridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

const (
	// subscribeTimeout bounds the time from SUBSCRIBE to the SUBSCRIBED event: a master that hangs must not keep the others from being
	// asked.
	subscribeTimeout = 30 * time.Second
	// maxRedirects bounds how often one try is sent on; one redirect leads from any master to the leader.
	maxRedirects = 5
	// missedHeartbeats is how many may be missing before the stream counts as dead (docs/scheduler-http-api.md).
	missedHeartbeats = 5
	// The interval between heartbeats where a master does not say, and the bounds of what is believed.
	heartbeatDefault, heartbeatLeast, heartbeatMost = 15 * time.Second, time.Second, 10 * time.Minute
)

// keepSubscribed subscribes, and subscribes again when that ends, until ctx ends.
func (b *Bridge) keepSubscribed(ctx context.Context) {
	var retry backoff
	for first := 0; ctx.Err() == nil; {
		var problem *Problem
		var lasted time.Duration
		first, lasted, problem = b.tryMasters(ctx, first)
		if ctx.Err() != nil {
			return
		}
		if lasted > 0 {
			retry = retry.after(lasted, problem.Class)
		}
		b.await(ctx, problem, retry.next(problem.Class.pace()))
	}
}

// await publishes why the framework is not subscribed and waits until the next try is due, or a new configuration makes it worth
// trying.
func (b *Bridge) await(ctx context.Context, problem *Problem, delay time.Duration) {
	b.mu.Lock()
	if b.connection.Since.IsZero() {
		b.connection.Since = time.Now()
	}
	b.connection.Problem, b.connection.NextTry = problem, time.Now().Add(delay)
	b.mu.Unlock()
	b.log.Info("Not subscribed", "reason", problem.Class, "message", problem.Message, "delay", delay.String())
	subscriptionFailuresTotal.Inc(string(problem.Class))
	b.listener.ConnectionChanged()

	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-b.retry:
	}
	b.mu.Lock()
	b.connection.NextTry = time.Time{}
	b.mu.Unlock()
}

// tryMasters asks one master after the other, beginning with the one that served last, until one has an answer that counts for all.
// It returns which master that was, how long its subscription held (zero: there was none), and why there is none now.
func (b *Bridge) tryMasters(ctx context.Context, first int) (served int, lasted time.Duration, worst *Problem) {
	b.awaitDetection(ctx)
	select {
	case <-b.retry: // What it asks for is read now.
	default:
	}
	b.mu.Lock()
	masters, worst := b.masters()
	b.mu.Unlock()
	for i := range masters {
		if ctx.Err() != nil {
			break
		}
		at := (first + i) % len(masters)
		lasted, problem := b.subscribe(ctx, masters[at])
		if lasted > 0 || telling(problem.Class) == 0 {
			return at, lasted, problem
		}
		if i == 0 || telling(problem.Class) > telling(worst.Class) {
			worst = problem
		}
	}
	if len(masters) > 1 {
		worst = &Problem{Class: worst.Class, Message: fmt.Sprintf("None of %d masters took the subscription. %s", len(masters), worst.Message)}
	}
	return first, 0, worst
}

// telling ranks the problems after which the next master is asked by how much they tell a person; zero is for answers that every other
// master would repeat.
func telling(class Class) int {
	switch class {
	case MasterUnreachable:
		return 1
	case NotAMaster, StreamEnded, BadFrame, TLSFailed:
		return 2
	case NoLeader:
		return 3
	case CredentialsWithheld:
		return 4
	default:
		return 0
	}
}

// subscribe subscribes at one master, or at the leader that it names, and reads the stream until it ends. It returns how long the
// subscription held, zero for none, and why it ended. A framework that the master refuses is tried once more with the roles that Mesos took last:
// UPDATE_FRAMEWORK then finds out what is refused.
func (b *Bridge) subscribe(parent context.Context, master string) (lasted time.Duration, problem *Problem) {
	b.mu.Lock()
	next, edition := b.toTell(), b.edition
	former, differs := b.before(next)
	b.mu.Unlock()
	lasted, problem = b.subscribeAs(parent, master, next, edition)
	if lasted > 0 || problem.Class != SubscriptionRefused || !differs || parent.Err() != nil {
		return lasted, problem
	}
	if lasted, ended := b.subscribeAs(parent, master, former, edition); lasted > 0 {
		return lasted, ended
	}
	return 0, problem
}

// subscribeAs is subscribe with what is to be told of the framework.
func (b *Bridge) subscribeAs(parent context.Context, master string, next told, edition int) (lasted time.Duration, problem *Problem) {
	ctx, end := context.WithCancelCause(context.WithoutCancel(parent))
	defer end(nil)
	deadline := time.AfterFunc(subscribeTimeout, func() {
		end(&Problem{
			Class:   MasterUnreachable,
			Message: fmt.Sprintf("%s did not answer SUBSCRIBE within %s; check that it is a healthy master.", master, subscribeTimeout),
		})
	})
	defer deadline.Stop()

	t := &term{ctx: ctx, end: end, told: next, edition: edition, changed: make(chan struct{}, 1)}
	defer t.leaving.with(parent, end, deadline)()
	defer b.hangUp(t)
	response, problem := b.openStream(t, master) //nolint:contextcheck // The term has a context of its own, which ends when it does.
	if problem != nil {
		return 0, causeOf(ctx, problem)
	}
	defer func() { problem = closing(response.Body, problem) }()
	return b.read(t, response.Body, deadline) //nolint:contextcheck // As above.
}

// closing closes a stream. An error of that adds nothing to why it ended.
func closing(body io.Closer, problem *Problem) *Problem {
	if err := body.Close(); err != nil && problem == nil {
		return &Problem{Class: StreamEnded, Message: "Closing the stream: " + reasonOf(err) + "."}
	}
	return problem
}

// causeOf returns why the term was ended from within, or the problem that was seen from outside.
func causeOf(ctx context.Context, seen *Problem) *Problem {
	if cause, ok := errors.AsType[*Problem](context.Cause(ctx)); ok {
		return cause
	}
	return seen
}

// openStream sends SUBSCRIBE, follows redirects, and returns the answer whose body is the stream.
func (b *Bridge) openStream(t *term, master string) (*http.Response, *Problem) {
	base, problem := baseOf(master)
	if problem != nil {
		return nil, problem
	}
	for range maxRedirects {
		b.dial(t, base)
		if problem := b.withheldAt(base); problem != nil {
			return nil, problem
		}
		response, problem := b.sendSubscribe(t)
		if problem != nil {
			return nil, problem
		}
		switch response.StatusCode {
		case http.StatusOK:
			return response, b.acceptStream(t, response)
		case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			location := response.Header.Get("Location")
			answerText(response)
			if t.leaving.answered() {
				return nil, left()
			}
			if base, problem = redirected(base, location); problem != nil {
				return nil, problem
			}
		default:
			return nil, statusProblem(t.base, response.StatusCode, answerText(response))
		}
	}
	return nil, &Problem{
		Class:   NoLeader,
		Message: fmt.Sprintf("The Mesos masters send each other's callers in circles (%s, %d redirects); wait for an election, or check their --advertise_ip.", master, maxRedirects),
	}
}

// sendSubscribe sends SUBSCRIBE once.
func (b *Bridge) sendSubscribe(t *term) (*http.Response, *Problem) {
	request, err := newRequest(t.leaving.sends(t.ctx), t.base, t.told.subscribeCall())
	if err != nil {
		return nil, &Problem{Class: NotAMaster, Message: "The framework cannot be described to Mesos: " + clean(err.Error()) + "."}
	}
	var response *http.Response
	sent := false
	err = b.options.Gate(scheduler.Call_SUBSCRIBE.String(), func() (err error) {
		sent = true
		response, err = b.lineOf(t).send(request) //nolint:bodyclose // It is the stream: who reads it closes it.
		return err
	})
	switch {
	case err != nil && !sent:
		return nil, &Problem{Class: Withheld, Message: "SUBSCRIBE is held back: " + clean(err.Error()) + "."}
	case err != nil:
		if response != nil {
			answerText(response)
		}
		callsTotal.Inc(scheduler.Call_SUBSCRIBE.String(), string(outcome{sent: true}.result()))
		return nil, unreachable(t.base, err)
	}
	o := outcome{sent: true, status: response.StatusCode}
	if o.status == http.StatusUnauthorized {
		b.noteUnauthorized()
	}
	callsTotal.Inc(scheduler.Call_SUBSCRIBE.String(), string(o.result()))
	return response, nil
}

// acceptStream checks that an answer 200 is a stream of events.
func (b *Bridge) acceptStream(t *term, response *http.Response) *Problem {
	t.streamID = response.Header.Get(streamHeader)
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err == nil && media == mediaProtobuf && t.streamID != "" {
		return nil
	}
	return closing(response.Body, &Problem{
		Class:   NotAMaster,
		Message: t.base + " answered SUBSCRIBE with something other than an event stream; check that spec.masters.urls names Mesos masters.",
	})
}

// baseOf checks a master's URL and returns its scheme and host.
func baseOf(master string) (string, *Problem) {
	u, err := url.Parse(master)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", &Problem{
			Class:   NotAMaster,
			Message: fmt.Sprintf("%q is no URL of a Mesos master; write it as http://host:5050.", clean(master)),
		}
	}
	return u.Scheme + "://" + u.Host, nil
}

// redirected returns where a follower sends its callers: masters write the location without a scheme (Mesos master: Http::redirect), and
// the caller's then stays.
func redirected(base, location string) (string, *Problem) {
	from, err := url.Parse(base)
	if err == nil {
		var to *url.URL
		if to, err = from.Parse(location); err == nil && location != "" && (to.Scheme == "http" || to.Scheme == "https") && to.Host != "" {
			return to.Scheme + "://" + to.Host, nil
		}
	}
	return "", &Problem{
		Class:   NotAMaster,
		Message: fmt.Sprintf("%s sent the framework on to %q, which is no master's URL; check spec.masters.urls.", base, clean(location)),
	}
}

// statusProblem says what an HTTP status in answer to SUBSCRIBE means.
func statusProblem(base string, status int, text string) *Problem {
	switch status {
	case http.StatusUnauthorized:
		return &Problem{Class: Unauthorized, Message: base + " wants valid credentials of the framework (401: " + text + ")."}
	case http.StatusForbidden:
		return &Problem{Class: Forbidden, Message: base + " does not let this framework subscribe (403: " + text + "); check its principal and the master's ACLs."}
	case http.StatusServiceUnavailable:
		return &Problem{Class: NoLeader, Message: base + " has no leading master to offer yet (503: " + text + ")."}
	default:
		return &Problem{
			Class:   NotAMaster,
			Message: fmt.Sprintf("%s answered SUBSCRIBE with %d (%s); check that spec.masters.urls names Mesos masters.", base, status, text),
		}
	}
}

// read reads the stream until it ends. Deadline is for the SUBSCRIBED event.
func (b *Bridge) read(t *term, stream io.Reader, deadline *time.Timer) (lasted time.Duration, problem *Problem) {
	frames := newFrameReader(stream)
	subscribed, problem := b.firstEvent(t, frames)
	deadline.Stop()
	if t.leaving.answered() && problem == nil {
		problem = left()
	}
	if problem == nil {
		problem = b.begin(t, subscribed)
	}
	if problem != nil {
		return 0, causeOf(t.ctx, problem)
	}
	began := time.Now()
	var helper sync.WaitGroup
	helper.Go(func() { b.keepTold(t) })
	helper.Go(func() { b.keepAgents(t) })
	helper.Go(func() { b.keepPorts(t) })
	helper.Go(func() { b.keepQuotas(t) })
	problem = causeOf(t.ctx, b.follow(t, frames, patience(subscribed)))
	b.finish(t, problem)
	helper.Wait()
	return max(time.Since(began), 1), problem
}

// firstEvent reads up to the SUBSCRIBED event. Some masters send a HEARTBEAT before it (MESOS-8641). Offers that come before it belong to no term: nobody would
// ever decline them, and Mesos would offer their agents to nobody else, so that the stream is given up, and they with it.
func (b *Bridge) firstEvent(t *term, frames *frameReader) (*scheduler.Event_Subscribed, *Problem) {
	for {
		event, err := b.nextEvent(frames)
		switch {
		case err != nil:
			return nil, streamProblem(t.base, err)
		case event == nil:
		case event.Type == scheduler.Event_SUBSCRIBED:
			return event.Subscribed, nil
		case event.Type == scheduler.Event_ERROR:
			return nil, refusal(event.Error)
		case event.Type == scheduler.Event_OFFERS:
			return nil, &Problem{Class: BadFrame, Message: t.base + " makes offers before it says SUBSCRIBED; the framework is subscribing again. Look for a proxy in between."}
		}
	}
}

// follow records what comes after the SUBSCRIBED event until the stream ends.
func (b *Bridge) follow(t *term, frames *frameReader, patience time.Duration) *Problem {
	silence := time.AfterFunc(patience, func() {
		t.end(&Problem{
			Class:   HeartbeatLost,
			Message: fmt.Sprintf("%s was silent for %s, five heartbeats; check the master and the network to it.", t.base, patience),
		})
	})
	defer silence.Stop()
	for {
		event, err := b.nextEvent(frames)
		if err != nil {
			return streamProblem(t.base, err)
		}
		if event == nil {
			continue
		}
		silence.Reset(patience)
		if problem := b.handle(t, event); problem != nil {
			return problem
		}
	}
}

// streamProblem says why a stream could not be read on.
func streamProblem(base string, err error) *Problem {
	switch {
	case errors.Is(err, errFraming):
		return &Problem{Class: BadFrame, Message: "The stream from " + base + " is damaged (" + clean(err.Error()) + "); look for a proxy in between."}
	case errors.Is(err, io.EOF):
		return &Problem{Class: StreamEnded, Message: base + " closed the stream; the framework is subscribing again."}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Problem{Class: StreamEnded, Message: "The stream from " + base + " broke off within an event; the framework is subscribing again."}
	default:
		return &Problem{Class: StreamEnded, Message: "The stream from " + base + " broke off (" + reasonOf(err) + "); the framework is subscribing again."}
	}
}

// nextEvent reads one event. Records that are no event, or one of an unknown type, are counted and otherwise ignored: a newer Mesos may
// send what this version does not know.
func (b *Bridge) nextEvent(frames *frameReader) (*scheduler.Event, error) {
	record, err := frames.next()
	if err != nil {
		return nil, err
	}
	event, err := decodeEvent(record)
	if err != nil {
		eventsTotal.Inc(eventUndecodable)
		b.log.Info("Ignored a record that is no event", "bytes", len(record), "err", clean(err.Error()))
		return nil, nil
	}
	name, known := scheduler.Event_Type_name[int32(event.Type)]
	if !known || event.Type == scheduler.Event_UNKNOWN {
		name = eventUnknown
	}
	eventsTotal.Inc(strings.ToLower(name))
	return event, nil
}

// patience returns how long the master may be silent.
func patience(event *scheduler.Event_Subscribed) time.Duration {
	interval := heartbeatDefault
	if seconds := event.GetHeartbeatIntervalSeconds(); seconds > 0 && seconds < heartbeatMost.Seconds() {
		interval = max(time.Duration(seconds*float64(time.Second)), heartbeatLeast)
	}
	return missedHeartbeats * interval
}
