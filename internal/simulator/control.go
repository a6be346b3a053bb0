package simulator

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// State is what the control page shows.
type State struct {
	Masters    []MasterState    `json:"masters"`
	Agents     []AgentState     `json:"agents"`
	Frameworks []FrameworkState `json:"frameworks"`
	Tasks      []TaskState      `json:"tasks"`
	Calls      map[string]int   `json:"calls"`
	Faults     []FaultState     `json:"faults"`
	Disasters  []string         `json:"disasters"`
	Refused    map[string]int   `json:"notSimulated"`
	Counts     map[string]int   `json:"faultCounts"`
}

// MasterState is one master.
type MasterState struct {
	Index   int    `json:"index"`
	URL     string `json:"url"`
	Running bool   `json:"running"`
	Leading bool   `json:"leading"`
}

// AgentState is one agent. Number, from 1, names it on the control page as its ID does.
type AgentState struct {
	Number      int    `json:"number"`
	ID          string `json:"id"`
	Hostname    string `json:"hostname"`
	Up          bool   `json:"up"`
	Partitioned bool   `json:"partitioned"`
	Master      string `json:"master"` // what the master thinks: registered, disconnected, expected, unreachable, gone or unknown
}

// FrameworkState is one framework of the leading master.
type FrameworkState struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Subscribed bool   `json:"subscribed"`
	Tasks      int    `json:"tasks"`
	Offers     int    `json:"offers"`
}

// TaskState is one task that is live on an agent.
type TaskState struct {
	ID        string    `json:"id"`
	State     string    `json:"state"`
	Agent     string    `json:"agent"`
	Hostname  string    `json:"hostname"`
	Framework string    `json:"framework"`
	PID       int       `json:"pid,omitempty"`
	Started   time.Time `json:"started"`
}

// FaultState is one fault that was switched on.
type FaultState struct {
	Target Target `json:"target"`
	Action Action `json:"action"`
	Type   string `json:"type"`
	Left   int    `json:"left"` // negative: no end
	Hits   int    `json:"hits"`
}

// State describes the cluster as it is now.
func (c *Cluster) State() State {
	tasks := c.Tasks()
	c.mu.Lock()
	defer c.mu.Unlock()
	st := State{
		Masters: []MasterState{}, Agents: []AgentState{}, Frameworks: []FrameworkState{}, Tasks: []TaskState{},
		Calls: map[string]int{}, Faults: []FaultState{}, Disasters: append([]string{}, c.ledger.disasters...), Refused: map[string]int{}, Counts: map[string]int{},
	}
	for i, m := range c.masters {
		st.Masters = append(st.Masters, MasterState{i, m.url, m.running, c.leader != nil && c.leader.master == m})
	}
	for _, a := range c.agents {
		st.Agents = append(st.Agents, AgentState{a.number, a.id, a.spec.Hostname, a.up, a.partitioned, c.standing(a)})
	}
	if c.leader != nil {
		for _, f := range c.leader.frameworks {
			st.Frameworks = append(st.Frameworks, FrameworkState{f.id, f.info.Name, f.connected, len(f.tasks), len(f.offers)})
		}
	}
	for _, t := range tasks {
		st.Tasks = append(st.Tasks, TaskState{t.TaskID, t.State.String(), t.AgentID, t.Hostname, t.FrameworkID, t.PID, t.Started})
	}
	maps.Copy(st.Calls, c.calls.byType)
	for _, i := range c.faults.all {
		st.Faults = append(st.Faults, FaultState{i.Target, i.Action, i.Type, i.left, i.hits})
	}
	maps.Copy(st.Refused, c.refused)
	maps.Copy(st.Counts, c.faults.counts)
	return st
}

// standing is what the leading master thinks of an agent.
func (c *Cluster) standing(a *Agent) string {
	if r := c.leader; r != nil {
		if s := r.slaves[a.id]; s != nil && s.connected {
			return "registered"
		} else if s != nil {
			return "disconnected"
		}
		if r.expected[a.id] {
			return "expected"
		}
	}
	if _, ok := c.registry.unreachable[a.id]; ok {
		return "unreachable"
	}
	if _, ok := c.registry.gone[a.id]; ok {
		return "gone"
	}
	return "unknown"
}

//go:embed control.html
var controlPage string

var controlTemplate = template.Must(template.New("control").Parse(controlPage))

// Control is the control page: GET / for a person, GET /state and GET /counts for scripts, and POSTs that make things
// go wrong. A POST answers JSON, or sends a form of the page back to the page.
//
//	POST /master/stop?index=0&for=5s        (for: starts again after that; without it stays down)
//	POST /master/start?index=0
//	POST /master/failover?down=2s&to=1&back=0.7&after=30s&over=10m
//	POST /agents/{agent}/{partition|heal|stop|start|restart|reboot|gone|unregister|forget}?for=10s
//	POST /agents/{agent}/replace?for=10s    (directories wiped, started as a new agent at the same address)
//	POST /agents/{agent}/drain?grace=3s&gone=true           and /agents/{agent}/reactivate
//	POST /agents/{agent}/maintenance?in=60s&for=1h          and /agents/{agent}/cancel-maintenance
//	POST /agents/{agent}/{machine-down|machine-up}
//	POST /tasks/{task}/kill                 (SIGKILL by somebody on the host)
//	POST /{calls|operator-calls|events|messages}/{action}?type=KILL&task=&state=&agent=&skip=0&count=1&delay=5s&status=503&text=&after=true&raw=&bytes=0
//	POST /launches/{fetch-fails|no-such-user|no-isolator|no-image-provider|no-containerizer|executor-exits|executor-silent}?task=&agent=&skip=0&count=1&delay=5s
//	POST /stream/cut?framework=&bytes=0     POST /stream/raw?framework=&raw=
//	POST /stream/heartbeats?stop=true
//	POST /stream/pace?per-second=10000      (of subscriptions that come; 0: as fast as they can be read)
//	POST /stream/steal?framework=           (a second subscriber takes the framework's stream)
//	POST /faults/clear
//
// An agent is named by its ID, its number or its host name.
func (c *Cluster) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := controlTemplate.Execute(w, c.State()); err != nil {
			c.log.Error(err, "Writing the control page")
		}
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { c.writeJSON(w, c.State()) })
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) { c.writeJSON(w, c.Counts()) })
	mux.HandleFunc("POST /master/{action}", c.act(c.controlMaster))
	mux.HandleFunc("POST /agents/{agent}/{action}", c.act(c.controlAgent))
	mux.HandleFunc("POST /tasks/{task}/kill", c.act(c.controlTask))
	mux.HandleFunc("POST /stream/{action}", c.act(c.controlStream))
	mux.HandleFunc("POST /faults/clear", c.act(func(*parameters) error { c.ClearFaults(); return nil }))
	for _, target := range []Target{CallFault, EventFault, MessageFault, LaunchFault, OperatorFault} {
		mux.HandleFunc("POST /"+string(target)+"/{action}", c.act(func(p *parameters) error { return c.controlFault(p, target) }))
	}
	return mux
}

func (c *Cluster) writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", typeJSON)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		c.log.Error(err, "Writing to a control client")
	}
}

// act wraps a control action: its parameters are read, its error is a 400.
func (c *Cluster) act(do func(*parameters) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := &parameters{r: r}
		err := do(p)
		if err == nil {
			err = p.err
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.log.Info("Control", "path", r.URL.Path, "query", r.URL.RawQuery)
		if r.FormValue("page") != "" {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		c.writeJSON(w, map[string]string{"done": r.URL.Path})
	}
}

// parameters reads typed parameters of a request, and keeps the first that is wrong.
type parameters struct {
	r   *http.Request
	err error
}

func parameter[T any](p *parameters, name string, byDefault T, parse func(string) (T, error)) T {
	s := p.r.FormValue(name)
	if s == "" {
		return byDefault
	}
	v, err := parse(s)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("reading the parameter %s: %w", name, err)
	}
	return v
}

func (p *parameters) duration(name string) time.Duration {
	return parameter(p, name, 0, time.ParseDuration)
}

func (p *parameters) integer(name string, byDefault int) int {
	return parameter(p, name, byDefault, strconv.Atoi)
}

func (p *parameters) flag(name string) bool { return parameter(p, name, false, strconv.ParseBool) }

func (p *parameters) text(name string) string { return p.r.FormValue(name) }

func (c *Cluster) controlMaster(p *parameters) error {
	i := p.integer("index", max(0, c.Leader()))
	back := parameter(p, "back", 1.0, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	to, down, d, after, over := p.integer("to", -1), p.duration("down"), p.duration("for"), p.duration("after"), p.duration("over")
	if p.err != nil {
		return p.err
	}
	if i < 0 || i >= len(c.masters) {
		return fmt.Errorf("there is no master %d", i)
	}
	switch action := p.r.PathValue("action"); action {
	case "stop":
		c.StopMaster(i)
		if d > 0 {
			time.AfterFunc(d, func() { c.StartMaster(i) })
		}
	case "start":
		c.StartMaster(i)
	case "failover":
		c.FailOver(FailOver{Down: down, To: to, AgentsBack: back, AgentsAfter: after, AgentsOver: over})
	default:
		return fmt.Errorf("a master cannot %q: stop, start or failover", action)
	}
	return nil
}

func (c *Cluster) controlAgent(p *parameters) error {
	name, d, in := p.r.PathValue("agent"), p.duration("for"), p.duration("in")
	grace, gone := p.duration("grace"), p.flag("gone")
	a := c.Agent(name)
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(c.Agents()) {
		a = c.Agents()[n-1]
	}
	if a == nil {
		return fmt.Errorf("there is no agent %q", name)
	}
	actions := map[string]func(){
		"partition": func() {
			a.Partition()
			if d > 0 {
				time.AfterFunc(d, a.Heal)
			}
		},
		"heal":       a.Heal,
		"stop":       a.Stop,
		"start":      a.Start,
		"restart":    func() { a.Restart(d) },
		"reboot":     func() { a.Reboot(d) },
		"gone":       a.Gone,
		"unregister": a.Unregister,
		"forget":     a.Forget,
		"drain":      func() { a.DrainWithin(grace, gone) },
		"reactivate": a.Reactivate,

		"replace":            func() { a.Replace(d) },
		"maintenance":        func() { a.ScheduleMaintenance(in, d) },
		"cancel-maintenance": a.CancelMaintenance,
		"machine-down":       a.MachineDown,
		"machine-up":         a.MachineUp,
	}
	do := actions[p.r.PathValue("action")]
	if do == nil {
		return fmt.Errorf("an agent cannot %q", p.r.PathValue("action"))
	}
	if p.err == nil {
		do()
	}
	return nil
}

func (c *Cluster) controlTask(p *parameters) error {
	if task := p.r.PathValue("task"); c.KillProcess(task) == 0 {
		return fmt.Errorf("no task %q is live", task)
	}
	return nil
}

func (c *Cluster) controlStream(p *parameters) error {
	framework, n := p.text("framework"), p.integer("bytes", 0)
	switch action := p.r.PathValue("action"); action {
	case "cut":
		c.CutStream(framework, int64(n))
	case "raw":
		c.SendRaw(framework, []byte(p.text("raw")))
	case "heartbeats":
		c.StopHeartbeats(p.flag("stop"))
	case "pace":
		c.PaceEvents(p.integer("per-second", 0))
	case "steal":
		return c.Steal(framework)
	default:
		return fmt.Errorf("a stream cannot %q: cut, raw, heartbeats, pace or steal", action)
	}
	return nil
}

// actionsOf says what each target can meet.
var actionsOf = map[Target][]Action{
	CallFault:     {Drop, DropAnswer, Delay, DelayAnswer, Late, Duplicate, Reorder, ReorderAnswer, Answer},
	EventFault:    {Drop, Delay, Duplicate, Reorder, Malformed, Cut},
	MessageFault:  {Drop, Delay, Duplicate},
	LaunchFault:   {FetchFails, NoSuchUser, NoIsolator, NoImageProvider, NoContainerizer, ExecutorExits, ExecutorSilent},
	OperatorFault: {Drop, DropAnswer, Delay, DelayAnswer, Answer},
}

func (c *Cluster) controlFault(p *parameters, target Target) error {
	f := Fault{
		Target: target, Action: Action(p.r.PathValue("action")),
		Type: p.text("type"), Task: p.text("task"), State: p.text("state"), Agent: p.text("agent"),
		Skip: p.integer("skip", 0), Count: p.integer("count", 1),
		Delay: p.duration("delay"), Status: p.integer("status", http.StatusServiceUnavailable), Text: p.text("text"),
		AfterEffect: p.flag("after"), Raw: []byte(p.text("raw")), Bytes: int64(p.integer("bytes", 0)),
	}
	var known []string
	for _, a := range actionsOf[target] {
		known = append(known, string(a))
		if a == f.Action && p.err == nil {
			c.Inject(f)
			return nil
		}
	}
	if p.err != nil {
		return p.err
	}
	return fmt.Errorf("%s cannot meet %q, only: %s", target, f.Action, strings.Join(known, ", "))
}
