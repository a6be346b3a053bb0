package simulator

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// framework is what the master knows of one framework.
type framework struct {
	id        string
	info      *mesos.FrameworkInfo
	caps      capabilities
	principal string

	connected bool
	stream    *stream

	registered, reregistered time.Time // zero: never, as a framework that only its tasks tell of
	// term counts subscriptions and disconnects, so that a late timer knows it is void.
	term int

	tasks       map[string]*task
	unreachable boundedTasks
	completed   boundedTasks
	offers      map[string]*offer

	suppressed map[string]bool
	filters    map[filterKey][]filter
	// inverseFilters say for each agent ID until when no inverse offer is wanted.
	inverseFilters map[string]time.Time
	offered        map[string]int   // how often something was, by role
	allocated      map[string]int64 // millicpus offered or used, by role; orders the allocation

	heartbeat, failover *time.Timer
}

// capabilities are those of a framework that change what a master does.
type capabilities struct {
	partitionAware, multiRole, reservationRefinement, taskKilling, gpuResources, regionAware, revocableResources bool
}

func capabilitiesOf(info *mesos.FrameworkInfo) (c capabilities) {
	for _, one := range info.Capabilities {
		switch one.Type {
		case mesos.FrameworkInfo_Capability_PARTITION_AWARE:
			c.partitionAware = true
		case mesos.FrameworkInfo_Capability_MULTI_ROLE:
			c.multiRole = true
		case mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT:
			c.reservationRefinement = true
		case mesos.FrameworkInfo_Capability_TASK_KILLING_STATE:
			c.taskKilling = true
		case mesos.FrameworkInfo_Capability_GPU_RESOURCES:
			c.gpuResources = true
		case mesos.FrameworkInfo_Capability_REGION_AWARE:
			c.regionAware = true
		case mesos.FrameworkInfo_Capability_REVOCABLE_RESOURCES:
			c.revocableResources = true
		default:
		}
	}
	return c
}

// lostOr is the state for a framework that is partition aware, and TASK_LOST for the others.
func (c capabilities) lostOr(s mesos.TaskState) mesos.TaskState {
	if c.partitionAware {
		return s
	}
	return mesos.TASK_LOST
}

// maxCompletedTasks is Mesos' max_completed_tasks_per_framework.
const maxCompletedTasks = 1000

// boundedTasks remembers the newest of tasks that the master does not have any more, by their IDs.
type boundedTasks struct {
	ids   boundedSet
	tasks map[string]*task
}

func (b *boundedTasks) add(t *task) {
	if b.tasks == nil {
		b.tasks = map[string]*task{}
	}
	delete(b.tasks, b.ids.add(t.id))
	b.tasks[t.id] = t
}

func (b *boundedTasks) remove(taskID string) {
	b.ids.remove(taskID)
	delete(b.tasks, taskID)
}

// inOrder lists them, oldest first.
func (b *boundedTasks) inOrder() (out []*task) {
	for _, id := range b.ids.order {
		out = append(out, b.tasks[id])
	}
	return out
}

func (r *reign) newFramework(id string, info *mesos.FrameworkInfo, principal string) *framework {
	f := &framework{
		id: id, principal: principal,
		tasks:          map[string]*task{},
		completed:      boundedTasks{ids: boundedSet{max: maxCompletedTasks}},
		unreachable:    boundedTasks{ids: boundedSet{max: r.cluster.flags.MaxUnreachableTasks}},
		offers:         map[string]*offer{},
		suppressed:     map[string]bool{},
		filters:        map[filterKey][]filter{},
		inverseFilters: map[string]time.Time{},
		offered:        map[string]int{},
		allocated:      map[string]int64{},
	}
	f.adopt(info)
	r.frameworks[id] = f
	return f
}

// adopt takes over a FrameworkInfo. User and checkpoint stay as they were first (validation.cpp).
func (f *framework) adopt(info *mesos.FrameworkInfo) {
	next := *info
	next.ID = &mesos.FrameworkID{Value: f.id}
	if f.info != nil {
		next.User, next.Checkpoint = f.info.User, f.info.Checkpoint
	}
	f.info = &next
	f.caps = capabilitiesOf(info)
}

// roles are those the framework may be offered resources for.
func (f *framework) roles() []string { return rolesOf(f.info) }

func (f *framework) checkpoint() bool { return f.info.GetCheckpoint() }

func (f *framework) stopTimers() {
	for _, t := range []*time.Timer{f.heartbeat, f.failover} {
		if t != nil {
			t.Stop()
		}
	}
	f.heartbeat, f.failover = nil, nil
}

// subscribe is SUBSCRIBE after the HTTP layer (Mesos master: master.cpp _subscribe). Whatever is wrong
// from here on arrives as an ERROR event on the stream.
func (r *reign) subscribe(call *scheduler.Call, principal string, s *stream) *framework {
	info := call.Subscribe.FrameworkInfo
	id := info.GetID().GetValue()
	if why := r.refuseSubscription(id, info, call.Subscribe.SuppressedRoles); why != "" {
		s.push(frame{event: errorEvent(why)})
		s.end()
		return nil
	}
	if id == "" {
		id = fmt.Sprintf("%s-%04d", r.id, r.frameworkCount)
		r.frameworkCount++
	}
	f := r.frameworks[id]
	was := subscribedBefore
	switch {
	case f == nil:
		f = r.newFramework(id, info, principal)
		was = neverSubscribed
	case f.connected:
		was = stillSubscribed
		r.takeOver(f)
	}
	f.adopt(info)
	f.principal = principal
	f.suppressed = setOf(call.Subscribe.SuppressedRoles)
	r.connect(f, s)
	r.resumeUpdates(f)
	if was != stillSubscribed { // else it waits for the next allocation cycle
		r.allocate(r.order...)
	}
	return f
}

type subscription int

const (
	neverSubscribed subscription = iota
	subscribedBefore
	stillSubscribed
)

// takeOver cuts off the old stream of a framework that is connected. Its offers are discarded
// without RESCIND.
func (r *reign) takeOver(f *framework) {
	old := f.stream
	r.send(f, errorEvent("Framework failed over"))
	if old != nil {
		old.end()
	}
	r.dropOffers(f)
}

func (r *reign) connect(f *framework, s *stream) {
	f.stopTimers()
	f.term++
	f.connected = true
	f.stream = s
	f.reregistered = time.Now()
	if f.registered.IsZero() {
		f.registered = f.reregistered
	}
	r.send(f, r.subscribedEvent(f.id))
	r.send(f, &scheduler.Event{Type: scheduler.Event_HEARTBEAT})
	r.armHeartbeat(f)
	r.cluster.log.Info("Subscribed framework", "frameworkID", f.id, "name", f.info.Name)
}

func (r *reign) armHeartbeat(f *framework) {
	term := f.term
	f.heartbeat = r.after(r.cluster.flags.HeartbeatInterval, func() {
		if f.term != term {
			return
		}
		if !r.cluster.heartbeatsStopped {
			r.send(f, &scheduler.Event{Type: scheduler.Event_HEARTBEAT})
		}
		r.armHeartbeat(f)
	})
}

// resumeUpdates tells the framework's agents of the new subscription: they forward what is
// unacknowledged at once, and their retries begin anew.
func (r *reign) resumeUpdates(f *framework) {
	seen := map[*slave]bool{}
	for _, t := range f.tasks {
		if s := t.slave; !seen[s] && s.connected {
			seen[s] = true
			s.agent.resume(r)
		}
	}
}

func (r *reign) subscribedEvent(id string) *scheduler.Event {
	host, port := r.master.address()
	return &scheduler.Event{
		Type: scheduler.Event_SUBSCRIBED,
		Subscribed: &scheduler.Event_Subscribed{
			FrameworkID:              &mesos.FrameworkID{Value: id},
			HeartbeatIntervalSeconds: new(r.cluster.flags.HeartbeatInterval.Seconds()),
			MasterInfo: &mesos.MasterInfo{
				ID:       r.id,
				IP:       0x0100007f,
				Port:     new(uint32(port)),
				PID:      new(fmt.Sprintf("master@%s:%d", host, port)),
				Hostname: new(host),
				Version:  new(version),
				Address:  &mesos.Address{Hostname: new(host), IP: new("127.0.0.1"), Port: int32(port)},
				Domain:   r.cluster.flags.Domain,
				Capabilities: []mesos.MasterInfo_Capability{
					{Type: mesos.MasterInfo_Capability_AGENT_UPDATE},
					{Type: mesos.MasterInfo_Capability_AGENT_DRAINING},
					{Type: quotaV2.value},
				},
			},
		},
	}
}

// version is that of the Mesos that the package is measured against.
const version = "1.12.0"

func errorEvent(message string) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: message}}
}

// disconnect is the end of a framework's stream: offers and filters go, the failover timeout runs.
func (r *reign) disconnect(f *framework, s *stream) {
	if r.ended || f.stream != s || !f.connected {
		return
	}
	f.stopTimers()
	f.term++
	f.connected = false
	f.stream = nil
	r.dropOffers(f)
	term := f.term
	timeout := time.Duration(f.info.GetFailoverTimeout() * float64(time.Second))
	f.failover = r.after(max(0, timeout), func() {
		if f.term == term {
			r.cluster.log.Info("Framework failover timeout, removing framework", "frameworkID", f.id)
			r.removeFramework(f)
		}
	})
	r.cluster.log.Info("Disconnected framework", "frameworkID", f.id)
}

// removeFramework is the end of a framework: its tasks are killed, nobody is told, and its ID is
// remembered as completed.
func (r *reign) removeFramework(f *framework) {
	if f.connected && f.stream != nil {
		f.stream.end()
	}
	f.stopTimers()
	f.term++
	f.connected = false
	f.stream = nil
	r.dropOffers(f)
	told := map[*slave]bool{}
	for _, t := range f.tasks {
		told[t.slave] = true
		r.removeTask(t)
	}
	for s := range told {
		r.dropExecutors(s, f)
		s.agent.shutdownFramework(r, f.id)
	}
	delete(r.frameworks, f.id)
	r.completed.add(f.id)
}

func (r *reign) dropExecutors(s *slave, f *framework) {
	for key, e := range s.executors {
		if e.framework == f {
			s.release(e.resources)
			delete(s.executors, key)
		}
	}
}

// updateFramework is UPDATE_FRAMEWORK. A text is the reason of a 400.
func (r *reign) updateFramework(f *framework, u *scheduler.Call_UpdateFramework) string {
	info := &u.FrameworkInfo
	if why := validateSuppressed(u.SuppressedRoles, rolesOf(info)); why != "" {
		return "'UpdateFramework' call is not valid: " + why
	}
	why := validateFrameworkInfo(info, nil, r.cluster.flags)
	switch {
	case why != "":
	case info.GetPrincipal() != f.info.GetPrincipal():
		why = "Changing framework's principal is not allowed."
	case info.User != f.info.User:
		why = fmt.Sprintf("Updating 'FrameworkInfo.user' is unsupported; attempted to update from '%s' to '%s'", f.info.User, info.User)
	case info.GetCheckpoint() != f.info.GetCheckpoint():
		why = fmt.Sprintf("Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update from '%t' to '%t'",
			f.info.GetCheckpoint(), info.GetCheckpoint())
	}
	if why != "" {
		return "FrameworkInfo update is not valid: " + why
	}
	f.adopt(info)
	f.suppressed = setOf(u.SuppressedRoles)
	r.rescindForeignRoles(f)
	return ""
}

// rescindForeignRoles takes back the offers of roles that the framework gave up.
func (r *reign) rescindForeignRoles(f *framework) {
	for _, o := range sortedOffers(f.offers) {
		if !slices.Contains(f.roles(), o.role) {
			r.rescind(o)
		}
	}
}

// refuseSubscription gives the text of the ERROR that refuses a SUBSCRIBE, or "".
func (r *reign) refuseSubscription(id string, info *mesos.FrameworkInfo, suppressed []string) string {
	if why := validateFrameworkInfo(info, suppressed, r.cluster.flags); why != "" {
		return why
	}
	if id == "" {
		return ""
	}
	if why := validateID(id); why != "" {
		return "Framework ID: " + why
	}
	if r.completed.has[id] {
		return "Framework has been removed"
	}
	if f := r.frameworks[id]; f != nil && f.info.GetPrincipal() != info.GetPrincipal() {
		return "Changing framework's principal is not allowed."
	}
	return ""
}

// validateFrameworkInfo follows validation.cpp, framework::validate.
func validateFrameworkInfo(info *mesos.FrameworkInfo, suppressed []string, flags Flags) string {
	caps := capabilitiesOf(info)
	switch {
	case caps.multiRole && info.Role != nil:
		return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"
	case !caps.multiRole && len(info.Roles) > 0:
		return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
	}
	roles := rolesOf(info)
	if why := validateRoles(roles, flags); why != "" {
		return why
	}
	if why := validateSuppressed(suppressed, roles); why != "" {
		return why
	}
	if t := info.GetFailoverTimeout(); math.IsNaN(t) || math.Abs(t) > math.MaxInt64/1e9 {
		return fmt.Sprintf("The framework failover_timeout (%v) is invalid: Argument out of the range that a Duration can represent", t)
	}
	if flags.RefuseRoot && info.User == "root" {
		return "User 'root' is not allowed to run frameworks without --root_submissions set"
	}
	return ""
}

// rolesOf are the roles that a FrameworkInfo asks for.
func rolesOf(info *mesos.FrameworkInfo) []string {
	if capabilitiesOf(info).multiRole {
		return info.Roles
	}
	return []string{orDefault(info.GetRole(), "*")}
}

func validateSuppressed(suppressed, roles []string) string {
	foreign := slices.DeleteFunc(slices.Clone(suppressed), func(s string) bool { return slices.Contains(roles, s) })
	if len(foreign) > 0 {
		return fmt.Sprintf("Suppressed roles { %s } are not contained in the set of roles", strings.Join(foreign, ", "))
	}
	return ""
}

func validateRoles(roles []string, flags Flags) string {
	seen := map[string]bool{}
	for _, role := range roles {
		if seen[role] {
			return "'FrameworkInfo.roles' contains duplicate items: " + role
		}
		seen[role] = true
		if why := validateRole(role); why != "" {
			return "'FrameworkInfo.roles' contains invalid role: " + why
		}
		if len(flags.Roles) > 0 && role != "*" && !slices.Contains(flags.Roles, role) {
			return fmt.Sprintf("Role '%s' is not present in the master's --roles", role)
		}
	}
	return ""
}

// validateRole follows src/common/roles.cpp.
func validateRole(role string) string {
	switch {
	case role == "*":
		return ""
	case role == "":
		return "Empty role name is invalid"
	case strings.HasPrefix(role, "/"):
		return fmt.Sprintf("Role '%s' cannot start with a slash", role)
	case strings.HasSuffix(role, "/"):
		return fmt.Sprintf("Role '%s' cannot end with a slash", role)
	}
	for part := range strings.SplitSeq(role, "/") {
		switch {
		case part == "":
			return fmt.Sprintf("Role '%s' cannot contain two adjacent slashes", role)
		case part == ".", part == "..", part == "*":
			return fmt.Sprintf("Role '%s' cannot include '%s' as a component", role, part)
		case strings.HasPrefix(part, "-"):
			return fmt.Sprintf("Role component '%s' is invalid because it begins with a dash", part)
		case strings.ContainsAny(part, "\t\n\v\f\r \x08\x7f"):
			return fmt.Sprintf("Role component '%s' is invalid because it contains backspace or whitespace", part)
		}
	}
	return ""
}

func setOf(items []string) map[string]bool {
	set := make(map[string]bool, len(items))
	for _, i := range items {
		set[i] = true
	}
	return set
}
