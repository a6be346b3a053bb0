package simulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

const (
	schedulerPath  = "/api/v1/scheduler"
	operatorPath   = "/api/v1"
	rolesPath      = "/roles"
	streamIDHeader = "Mesos-Stream-Id"
	realm          = "mesos-master-scheduler"
)

// address splits the host and port under which the master is known.
func (m *Master) address() (host string, port int) {
	host, p, err := net.SplitHostPort(m.host)
	if err != nil {
		return m.host, 0
	}
	port, err = strconv.Atoi(p)
	if err != nil {
		return host, 0
	}
	return host, port
}

// ServeHTTP answers as the master process: the scheduler API, the few operator calls that are
// simulated, /roles, /tasks and /health.
func (m *Master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := m.cluster
	c.mu.Lock()
	if !m.running || c.closed {
		c.mu.Unlock()
		breakOff(w)
		return
	}
	c.handlers.Add(1)
	c.mu.Unlock()
	defer c.handlers.Done()
	switch r.URL.Path {
	case schedulerPath:
		m.serveScheduler(w, r)
	case operatorPath:
		m.serveOperator(w, r)
	case rolesPath, "/master" + rolesPath:
		m.serveRoles(w, r)
	case "/tasks", "/master/tasks":
		m.serveTasks(w, r)
	case "/health", "/master/health":
		w.WriteHeader(http.StatusOK)
	default:
		answer{status: http.StatusNotFound}.write(w)
	}
}

// breakOff closes the connection under a handler without another byte.
func breakOff(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // HTTP/2, or a recorder: there is no connection to break
	}
	reset(conn)
}

// answer is a whole HTTP answer: of plain text, or JSON if there is a message. A zero status means that there is
// none yet.
type answer struct {
	status  int
	text    string
	message any
	headers map[string]string
}

// settled is the answer with its message as it is now: what that shows of the cluster goes on changing while the answer is written.
func (a answer) settled(c *Cluster) answer {
	if a.message == nil {
		return a
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	b, err := messageJSON(a.message)
	if err != nil {
		return answer{status: http.StatusInternalServerError, text: err.Error()}
	}
	a.message = json.RawMessage(b)
	return a
}

func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	for k, v := range a.headers {
		h.Set(k, v)
	}
	if a.text != "" {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	if a.message != nil {
		b, err := messageJSON(a.message)
		if err != nil {
			answer{status: http.StatusInternalServerError, text: err.Error()}.write(w)
			return
		}
		h.Set("Content-Type", typeJSON)
		a.text = string(b)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text) // a client that left needs no answer
}

func badRequest(format string, args ...any) answer {
	return answer{status: http.StatusBadRequest, text: fmt.Sprintf(format, args...)}
}

// request is one request to the scheduler endpoint on its way through the checks.
type request struct {
	master    *Master
	http      *http.Request
	principal string
	codec     codec // of the body, and of the stream unless Accept says otherwise
	call      *scheduler.Call
}

// checks are those of /api/v1/scheduler in the order of Mesos' http.cpp; the first answer stands.
var checks = []struct {
	name  string
	check func(*request) answer
}{
	{"authentication", (*request).authenticate},
	{"leadership", (*request).findLeader},
	{"recovery", (*request).awaitRecovery},
	{"method", (*request).checkMethod},
	{"content type", (*request).chooseCodec},
	{"body", (*request).parse},
	{"call", (*request).validate},
	{"subscription", (*request).checkSubscribe},
}

func (m *Master) serveScheduler(w http.ResponseWriter, r *http.Request) {
	q := &request{master: m, http: r}
	for _, one := range checks {
		if a := one.check(q); a.status != 0 {
			m.cluster.countRefused(q, a.status)
			a.write(w)
			return
		}
	}
	m.dispatch(r.Context(), w, q)
}

func (q *request) authenticate() answer {
	flags := q.master.cluster.flags
	if !flags.AuthenticateFrameworks {
		return answer{}
	}
	user, secret, ok := basicAuth(q.http)
	if want, known := flags.Credentials[user]; !ok || !known || want != secret {
		return answer{
			status: http.StatusUnauthorized, text: "401 Unauthorized.",
			headers: map[string]string{"WWW-Authenticate": fmt.Sprintf("Basic realm=%q", realm)},
		}
	}
	q.principal = user
	return answer{}
}

func basicAuth(r *http.Request) (user, secret string, ok bool) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(raw), ":")
}

func (q *request) findLeader() answer {
	c := q.master.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.leader == nil:
		return answer{status: http.StatusServiceUnavailable, text: "No leader elected"}
	case c.leader.master != q.master:
		return answer{
			status:  http.StatusTemporaryRedirect,
			headers: map[string]string{"Location": "//" + c.leader.master.host + q.http.URL.Path},
		}
	}
	return answer{}
}

func (q *request) awaitRecovery() answer {
	c := q.master.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == nil || !c.leader.recovered {
		return answer{status: http.StatusServiceUnavailable, text: "Master has not finished recovery"}
	}
	return answer{}
}

func (q *request) checkMethod() answer {
	if q.http.Method == http.MethodPost {
		return answer{}
	}
	return answer{
		status: http.StatusMethodNotAllowed, headers: map[string]string{"Allow": http.MethodPost},
		text: fmt.Sprintf("405 Method Not Allowed. Expecting one of { 'POST' }, but received '%s'.", q.http.Method),
	}
}

func (q *request) chooseCodec() answer {
	header := q.http.Header.Get("Content-Type")
	if header == "" {
		return badRequest("Expecting 'Content-Type' to be present")
	}
	kind, _, err := mime.ParseMediaType(header)
	switch {
	case err == nil && kind == typeJSON:
		q.codec = jsonCodec{}
	case err == nil && kind == typeProtobuf:
		q.codec = protobufCodec{}
	default:
		return answer{
			status: http.StatusUnsupportedMediaType,
			text:   fmt.Sprintf("Expecting 'Content-Type' of %s or %s", typeJSON, typeProtobuf),
		}
	}
	return answer{}
}

func (q *request) parse() answer {
	body, err := io.ReadAll(q.http.Body)
	if err != nil {
		return badRequest("Failed to read the body: %v", err)
	}
	call, err := q.codec.decodeCall(body)
	if what := notSimulatedError(""); errors.As(err, &what) {
		return q.notSimulated(string(what))
	}
	if err != nil {
		return answer{status: http.StatusBadRequest, text: err.Error()}
	}
	q.call = call
	if len(infoOfCall(call).GetOfferFilters()) > 0 {
		return q.notSimulated("offer filters")
	}
	return answer{}
}

// infoOfCall is the FrameworkInfo that a call brings, nil if it brings none.
func infoOfCall(call *scheduler.Call) *mesos.FrameworkInfo {
	if u := call.UpdateFramework; u != nil {
		return &u.FrameworkInfo
	}
	return call.GetSubscribe().GetFrameworkInfo()
}

func (q *request) notSimulated(what string) answer {
	q.master.cluster.mu.Lock()
	defer q.master.cluster.mu.Unlock()
	return q.master.cluster.notSimulated(what)
}

// checkSubscribe is what SUBSCRIBE has to fulfil beyond a valid call. JSON wins if Accept allows both.
func (q *request) checkSubscribe() answer {
	if q.call.Type != scheduler.Call_SUBSCRIBE {
		return answer{}
	}
	switch {
	case accepts(q.http, typeJSON):
		q.codec = jsonCodec{}
	case accepts(q.http, typeProtobuf):
		q.codec = protobufCodec{}
	default:
		return answer{
			status: http.StatusNotAcceptable,
			text:   fmt.Sprintf("Expecting 'Accept' to allow %s or %s", typeProtobuf, typeJSON),
		}
	}
	if q.http.Header.Get(streamIDHeader) != "" {
		return badRequest("Subscribe calls should not include the '%s' header", streamIDHeader)
	}
	return answer{}
}

// accepts reports whether the Accept header allows a media type. No header allows everything.
func accepts(r *http.Request, kind string) bool {
	values := r.Header.Values("Accept")
	if len(values) == 0 {
		return true
	}
	major, _, _ := strings.Cut(kind, "/")
	for one := range strings.SplitSeq(strings.Join(values, ","), ",") {
		got, params, err := mime.ParseMediaType(strings.TrimSpace(one))
		if err != nil || params["q"] == "0" {
			continue
		}
		if got == kind || got == "*/*" || got == major+"/*" {
			return true
		}
	}
	return false
}

// validate is the validation of scheduler::Call (Mesos master: validation.cpp).
func (q *request) validate() answer {
	why := validateCall(q.call)
	if why == "" {
		why = q.validatePrincipal()
	}
	if why != "" {
		return badRequest("Failed to validate scheduler::Call: %s", why)
	}
	return answer{}
}

func (q *request) validatePrincipal() string {
	if q.call.Type != scheduler.Call_SUBSCRIBE || q.principal == "" {
		return ""
	}
	if p := q.call.Subscribe.FrameworkInfo.GetPrincipal(); p != "" && p != q.principal {
		return fmt.Sprintf("Authenticated principal '%s' does not match principal '%s' set in `FrameworkInfo`", q.principal, p)
	}
	return ""
}

// bodies tells for each call type that needs a body its field's name and whether it is there.
var bodies = map[scheduler.Call_Type]struct {
	field   string
	present func(*scheduler.Call) bool
}{
	scheduler.Call_SUBSCRIBE:                    {"subscribe", func(c *scheduler.Call) bool { return c.GetSubscribe().GetFrameworkInfo() != nil }},
	scheduler.Call_ACCEPT:                       {"accept", func(c *scheduler.Call) bool { return c.Accept != nil }},
	scheduler.Call_DECLINE:                      {"decline", func(c *scheduler.Call) bool { return c.Decline != nil }},
	scheduler.Call_ACCEPT_INVERSE_OFFERS:        {"accept_inverse_offers", func(c *scheduler.Call) bool { return c.AcceptInverseOffers != nil }},
	scheduler.Call_DECLINE_INVERSE_OFFERS:       {"decline_inverse_offers", func(c *scheduler.Call) bool { return c.DeclineInverseOffers != nil }},
	scheduler.Call_KILL:                         {"kill", func(c *scheduler.Call) bool { return c.Kill != nil }},
	scheduler.Call_SHUTDOWN:                     {"shutdown", func(c *scheduler.Call) bool { return c.Shutdown != nil }},
	scheduler.Call_ACKNOWLEDGE:                  {"acknowledge", func(c *scheduler.Call) bool { return c.Acknowledge != nil }},
	scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS: {"acknowledge_operation_status", func(c *scheduler.Call) bool { return c.AcknowledgeOperationStatus != nil }},
	scheduler.Call_RECONCILE:                    {"reconcile", func(c *scheduler.Call) bool { return c.Reconcile != nil }},
	scheduler.Call_RECONCILE_OPERATIONS:         {"reconcile_operations", func(c *scheduler.Call) bool { return c.ReconcileOperations != nil }},
	scheduler.Call_MESSAGE:                      {"message", func(c *scheduler.Call) bool { return c.Message != nil }},
	scheduler.Call_REQUEST:                      {"request", func(c *scheduler.Call) bool { return c.Request != nil }},
	scheduler.Call_UPDATE_FRAMEWORK:             {"update_framework", func(c *scheduler.Call) bool { return c.UpdateFramework != nil }},
}

func validateCall(call *scheduler.Call) string {
	if call.Type == scheduler.Call_UNKNOWN {
		return "Expecting 'type' to be present"
	}
	body, needed := bodies[call.Type]
	missing := needed && !body.present(call)
	if call.Type == scheduler.Call_SUBSCRIBE {
		if missing {
			return "Expecting 'subscribe' to be present"
		}
		if call.GetFrameworkID().GetValue() != call.Subscribe.FrameworkInfo.GetID().GetValue() {
			return "'framework_id' differs from 'subscribe.framework_info.id'"
		}
		return ""
	}
	if call.FrameworkID == nil {
		return "Expecting 'framework_id' to be present"
	}
	if missing {
		return fmt.Sprintf("Expecting '%s' to be present", body.field)
	}
	switch call.Type {
	case scheduler.Call_ACKNOWLEDGE:
		if _, err := uuid.FromBytes(call.Acknowledge.UUID); err != nil {
			return "Not a valid UUID"
		}
	case scheduler.Call_UPDATE_FRAMEWORK:
		if call.FrameworkID.Value != call.UpdateFramework.FrameworkInfo.GetID().GetValue() {
			return "'framework_id' differs from 'update_framework.framework_info.id'"
		}
	default:
	}
	return ""
}
