package mesosbridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// network connects to HTTP handlers in memory, by host name.
type network struct {
	handlers map[string]http.Handler
	servers  []*http.Server
	incoming map[string]chan net.Conn
}

func newNetwork(handlers map[string]http.Handler) *network {
	n := &network{handlers: handlers, incoming: make(map[string]chan net.Conn)}
	for host, handler := range handlers {
		conns := make(chan net.Conn)
		n.incoming[host] = conns
		server := &http.Server{Handler: handler}
		n.servers = append(n.servers, server)
		go func() {
			if err := server.Serve(&pipeListener{conns: conns, closed: make(chan struct{})}); !errors.Is(err, http.ErrServerClosed) {
				panic(err)
			}
		}()
	}
	return n
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	conns := n.incoming[host]
	if conns == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connect: connection refused")}
	}
	here, there := net.Pipe()
	select {
	case conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) close() {
	for _, server := range n.servers {
		if err := server.Close(); err != nil {
			panic(err)
		}
	}
}

// pipeListener accepts what is dialled.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// says answers every request so.
func says(status int, text string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		if _, err := io.WriteString(w, text); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// streams answers SUBSCRIBE with the events and keeps the stream open, and every other call with 202.
func streams(open bool, records ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		if r.Header.Get(streamHeader) != "" {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.Header().Set("Content-Type", mediaProtobuf)
		w.Header().Set(streamHeader, "stream-1")
		for _, record := range records {
			if _, err := io.WriteString(w, record); err != nil {
				return
			}
		}
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		if open {
			<-r.Context().Done()
		}
	}
}

// frame is an event as a record.
func frame(event *scheduler.Event) string {
	record, err := event.Marshal()
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%d\n%s", len(record), record)
}

func subscribedEvent(id string, heartbeat float64) string {
	return frame(&scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: &scheduler.Event_Subscribed{
		FrameworkID: &mesospb.FrameworkID{Value: id}, HeartbeatIntervalSeconds: new(heartbeat),
	}})
}

func errorEvent(message string) string {
	return frame(&scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: message}})
}

// hangs takes requests and never answers.
func hangs(_ http.ResponseWriter, r *http.Request) {
	// Only a request that was read to its end notices that the caller has gone.
	if _, err := io.Copy(io.Discard, r.Body); err == nil {
		<-r.Context().Done()
	}
}

// served is a test with a bridge against masters of its making.
type served struct {
	*testing.T
	bridge *Bridge
}

// withMasters runs a bridge against masters of the test's making.
func withMasters(t *testing.T, masters []string, handlers map[string]http.Handler, test func(h served)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(handlers)
		defer n.close()
		b := New(Config{Masters: masters, Framework: framework()}, Options{Name: "test", DialContext: n.dial})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.Run(ctx)
		}()
		defer func() {
			cancel()
			<-done
		}()
		synctest.Wait()
		test(served{T: t, bridge: b})
	})
}

func TestBridge_saysWhatIsWrongWithAMaster(t *testing.T) {
	heartbeat := frame(&scheduler.Event{Type: scheduler.Event_HEARTBEAT})
	offers := frame(&scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{}})
	tests := map[string]struct {
		handler http.Handler
		within  time.Duration
		class   Class
		says    string
	}{
		"401":                          {says(401, "who are you"), 0, Unauthorized, "who are you"},
		"403":                          {says(403, "not you"), 0, Forbidden, "not you"},
		"404":                          {says(404, "no such page"), 0, NotAMaster, "404"},
		"500":                          {says(500, ""), 0, NotAMaster, "500 Internal Server Error"},
		"503 without a leader":         {says(503, "No leader elected"), 0, NoLeader, "No leader elected"},
		"a web page":                   {says(200, "<html>hello</html>", "Content-Type", "text/html"), 0, NotAMaster, "something other than an event stream"},
		"a stream of JSON":             {says(200, `20`+"\n"+`{"type":"HEARTBEAT"}`, "Content-Type", "application/json", streamHeader, "s"), 0, NotAMaster, "something other"},
		"a stream without its ID":      {says(200, heartbeat, "Content-Type", mediaProtobuf), 0, NotAMaster, "something other"},
		"garbage for a stream":         {streams(true, "garbage"), 0, BadFrame, "damaged"},
		"a stream that ends at once":   {streams(false), 0, StreamEnded, "closed the stream"},
		"a stream that is cut":         {streams(false, "100\nabc"), 0, StreamEnded, "within an event"},
		"a stream of heartbeats only":  {streams(true, heartbeat, heartbeat), 30 * time.Second, MasterUnreachable, "did not answer SUBSCRIBE"},
		"offers ahead of SUBSCRIBED":   {streams(true, heartbeat, offers, subscribedEvent("f", 15)), 0, BadFrame, "makes offers before"},
		"records that are no events":   {streams(true, "3\n\xff\xff\xff"), 30 * time.Second, MasterUnreachable, "did not answer SUBSCRIBE"},
		"silence":                      {http.HandlerFunc(hangs), 30 * time.Second, MasterUnreachable, "within 30s"},
		"a subscription without an ID": {streams(true, subscribedEvent("", 15)), 0, NotAMaster, "another framework ID"},
		"a refusal":                    {streams(false, errorEvent("Role 'x' is not present\nin the whitelist")), 0, SubscriptionRefused, "Role 'x' is not present in the whitelist"},
		"an ERROR without words":       {streams(false, frame(&scheduler.Event{Type: scheduler.Event_ERROR})), 0, SubscriptionRefused, "refused"},
		"another scheduler":            {streams(false, subscribedEvent("f", 15), errorEvent("Framework failed over")), 0, FailedOver, "Another scheduler"},
		"a removed framework":          {streams(false, errorEvent("Framework has been removed")), 0, FrameworkRemoved, "needs a new one"},
		"a long heartbeat is not believed": {
			streams(true, subscribedEvent("f", 1e12)), 75 * time.Second, HeartbeatLost, "1m15s",
		},
		"a short heartbeat is borne": {streams(true, subscribedEvent("f", 1e-9)), 5 * time.Second, HeartbeatLost, "5s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			withMasters(t, []string{"http://m1:5050"}, map[string]http.Handler{"m1": test.handler}, func(h served) {
				time.Sleep(test.within)
				synctest.Wait()
				c := h.bridge.Connection()
				if c.Subscribed || c.Problem == nil || c.Problem.Class != test.class || !strings.Contains(c.Problem.Message, test.says) {
					h.Fatalf("the connection is %+v with the problem %+v, want %s and %q", c, c.Problem, test.class, test.says)
				}
				wait := time.Until(c.NextTry)
				if test.class.pace() == slow && (wait < 60*time.Second || wait > 66*time.Second) {
					h.Errorf("the next try is in %v", wait)
				}
				if test.class.pace() == fast && (wait < time.Second || wait > 15*time.Second) {
					h.Errorf("the next try is in %v", wait)
				}
			})
		})
	}
}

func TestBridge_asksTheNextMaster(t *testing.T) {
	good := streams(true, subscribedEvent("f", 15))
	tests := map[string]struct {
		bad    http.Handler
		within time.Duration
	}{
		"when one cannot be reached":     {nil, 0},
		"when one has no leader":         {says(503, "No leader elected"), 0},
		"when one is no master":          {says(404, ""), 0},
		"when one hangs":                 {http.HandlerFunc(hangs), 30 * time.Second},
		"when one breaks off":            {streams(false), 0},
		"when one sends to the good one": {says(307, "", "Location", "//m2:5050"), 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			handlers := map[string]http.Handler{"m2": good}
			if test.bad != nil {
				handlers["m1"] = test.bad
			}
			withMasters(t, []string{"http://m1:5050", "http://m2:5050"}, handlers, func(h served) {
				time.Sleep(test.within)
				synctest.Wait()
				if c := h.bridge.Connection(); !c.Subscribed || c.Master.URL != "http://m2:5050" {
					h.Errorf("the connection is %+v with the problem %+v", c, c.Problem)
				}
			})
		})
	}
}

func TestBridge_tellsTheMostTellingOfSeveralProblems(t *testing.T) {
	handlers := map[string]http.Handler{"m2": says(503, "No leader elected"), "m3": says(404, "")}
	masters := []string{"http://m1:5050", "http://m2:5050", "http://m3:5050"}
	withMasters(t, masters, handlers, func(h served) {
		p := h.bridge.Connection().Problem
		if p == nil || p.Class != NoLeader || !strings.HasPrefix(p.Message, "None of 3 masters took the subscription. http://m2:5050 has no") {
			t.Errorf("the problem is %+v", p)
		}
	})
}

func TestBridge_needsAMaster(t *testing.T) {
	withMasters(t, nil, nil, func(h served) {
		if p := h.bridge.Connection().Problem; p == nil || !strings.Contains(p.Message, "spec.masters.urls") {
			t.Errorf("the problem is %+v", p)
		}
	})
}

// A master that took the subscription under another ID than it was told must not make the bridge forget its own.
func TestBridge_refusesAnotherFrameworksID(t *testing.T) {
	var answer sync.Map
	answer.Store("id", "first")
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := answer.Load("id")
		streams(false, subscribedEvent(id.(string), 15))(w, r)
	})
	withMasters(t, []string{"http://m1:5050"}, map[string]http.Handler{"m1": handler}, func(h served) {
		answer.Store("id", "second")
		time.Sleep(time.Minute)
		synctest.Wait()
		if c := h.bridge.Connection(); c.FrameworkID != "first" || c.Problem == nil || c.Problem.Class != NotAMaster {
			t.Errorf("the connection is %+v with the problem %+v", c, c.Problem)
		}
	})
}

func TestBackoff(t *testing.T) {
	for range 100 {
		var b backoff
		for i, most := range []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, fastMost, fastMost} {
			if got := b.next(fast); got < time.Second || got > most {
				t.Fatalf("fast wait %d is %v", i+1, got)
			}
		}
		for i, least := range []time.Duration{slowFirst, 2 * slowFirst, 4 * slowFirst, slowMost, slowMost} {
			if got := b.next(slow); got < least || got > least+least/10 {
				t.Fatalf("slow wait %d is %v", i+1, got)
			}
		}
		b = b.after(time.Second, FailedOver)
		if got := b.next(fast); got > 2*time.Second {
			t.Fatalf("the first fast wait after a subscription is %v", got)
		}
		if got := b.next(slow); got < slowMost {
			t.Fatalf("the wait after a short subscription that another scheduler took is %v", got)
		}
		contested := b.after(time.Hour, FailedOver)
		if got := contested.next(slow); got > 66*time.Second {
			t.Fatalf("the wait after a long subscription that another scheduler took is %v", got)
		}
		refused := b.after(time.Second, StreamEnded)
		if got := refused.next(slow); got > 66*time.Second {
			t.Fatalf("the first slow wait after a subscription is %v", got)
		}
		if got := b.next(now); got != 0 {
			t.Fatalf("what the bridge brought about itself is tried again after %v", got)
		}
	}
}
