package endpoints

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

var owner = metav1.OwnerReference{APIVersion: "mesos.dev/v1alpha1", Kind: "MesosTaskSet", Name: "web", UID: "set", Controller: new(true)}

// running is a task that is ready on an agent, with a host port.
func running(number int, changes ...func(task *v1alpha1.MesosTask)) *v1alpha1.MesosTask {
	name := fmt.Sprintf("web-%03d", number)
	task := &v1alpha1.MesosTask{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), Generation: 1},
		Spec:       v1alpha1.MesosTaskSpec{TaskTemplate: v1alpha1.TaskTemplate{Ports: []v1alpha1.Port{{Name: "http"}}}},
		Status: v1alpha1.MesosTaskStatus{
			ObservedGeneration: 1,
			Conditions:         []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonRunning, ObservedGeneration: 1}},
			Task: &v1alpha1.TaskAttempt{
				ID: name + "-1", AgentID: fmt.Sprintf("S%d", number), State: "TASK_RUNNING", Ports: []v1alpha1.AssignedPort{{Name: "http", HostPort: 31000}},
			},
		},
	}
	for _, change := range changes {
		change(task)
	}
	return task
}

func condition(name string, status metav1.ConditionStatus, reason string) func(task *v1alpha1.MesosTask) {
	return func(task *v1alpha1.MesosTask) {
		task.Status.Conditions = slices.DeleteFunc(task.Status.Conditions, func(c metav1.Condition) bool { return c.Type == name })
		task.Status.Conditions = append(task.Status.Conditions, metav1.Condition{Type: name, Status: status, Reason: reason, ObservedGeneration: task.Generation})
	}
}

var (
	unhealthy   = condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonUnhealthy)
	cutOff      = condition(v1alpha1.ConditionAgentUnreachable, metav1.ConditionTrue, v1alpha1.ReasonAgentUnreachable)
	forLong     = condition(v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonAgentUnreachable)
	unreachable = func(task *v1alpha1.MesosTask) { cutOff(task); forLong(task) }
	deleted     = func(task *v1alpha1.MesosTask) { task.DeletionTimestamp = &metav1.Time{} }
	inContainer = func(ips ...string) func(task *v1alpha1.MesosTask) {
		return func(task *v1alpha1.MesosTask) {
			task.Spec.Container = &v1alpha1.Container{Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkContainer, Name: "overlay"}}}
			task.Spec.Ports[0].ContainerPort, task.Status.Task.IPs = new(int32(8080)), ips
		}
	}
)

func onPort(port int32) func(task *v1alpha1.MesosTask) {
	return func(task *v1alpha1.MesosTask) { task.Status.Task.Ports[0].HostPort = port }
}

// set is a set of so many tasks whose Service has one port, with what is published of it.
type set struct {
	Seen
}

func newSet(tasks ...*v1alpha1.MesosTask) *set {
	s := &set{Seen{
		Namespace: "shop", Name: "web", Owner: owner, Ports: []v1alpha1.ServicePort{{Name: "web", Port: 80, TaskPort: "http"}},
		Replicas: len(tasks), Tasks: tasks, Agents: map[string]string{}, Asked: true,
	}}
	for number := range 1000 {
		s.Agents[fmt.Sprintf("S%d", number)] = fmt.Sprintf("10.0.%d.%d", number/250, number%250+1)
	}
	return s
}

// publish carries the plan out, and returns it.
func (s *set) publish() *Plan {
	plan := Next(&s.Seen)
	gone := map[string]bool{}
	for _, slice := range slices.Concat(plan.Change, plan.Delete) {
		gone[slice.Name] = true
	}
	s.Slices = slices.DeleteFunc(s.Slices, func(slice *discoveryv1.EndpointSlice) bool { return gone[slice.Name] })
	s.Slices = slices.Concat(s.Slices, plan.Create, plan.Change)
	return plan
}

// shown is what is published, a word for each endpoint, in order.
func (s *set) shown() []string {
	var words []string
	for _, slice := range s.Slices {
		for _, e := range slice.Endpoints {
			word := fmt.Sprintf("%s %s:%d", e.TargetRef.Name, e.Addresses[0], *slice.Ports[0].Port)
			switch {
			case *e.Conditions.Terminating:
				word += fmt.Sprintf(" terminating, serving %t", *e.Conditions.Serving)
			case !*e.Conditions.Ready || !*e.Conditions.Serving:
				word += " not ready"
			}
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return words
}

func TestNext_standing(t *testing.T) {
	const published, terminating = "web-000 10.0.0.1:31000", "web-000 10.0.0.1:31000 terminating, serving "
	cases := map[string]struct {
		change func(task *v1alpha1.MesosTask)
		// fresh is what is published where nothing was before, after where the task was.
		fresh, after string
	}{
		"it runs":                              {nil, published, published},
		"it is unhealthy":                      {unhealthy, "", ""},
		"it has not passed its checks":         {condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotReady), "", ""},
		"it is suspended, which is ready too":  {condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSuspended), "", ""},
		"it has completed, which is ready too": {condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted), "", ""},
		"it is over":                           {func(task *v1alpha1.MesosTask) { task.Status.Task.FinishTime = &metav1.Time{} }, "", ""},
		"it has no attempt":                    {func(task *v1alpha1.MesosTask) { task.Status.Task = nil }, "", ""},
		"it has no conditions":                 {func(task *v1alpha1.MesosTask) { task.Status.Conditions = nil }, "", ""},
		"it is deleted and serves":             {deleted, "", terminating + "true"},
		"it is deleted and known to be": {func(task *v1alpha1.MesosTask) {
			deleted(task)
			condition(v1alpha1.ConditionReady, metav1.ConditionFalse, "Deleting")(task)
		}, "", terminating + "false"},
		"it is killed to be restarted": {func(task *v1alpha1.MesosTask) {
			task.Status.Task.KillReason = v1alpha1.KillSpecChanged
			unhealthy(task)
		}, "", terminating + "false"},
		"Mesos kills it":                             {func(task *v1alpha1.MesosTask) { task.Status.Task.State = "TASK_KILLING"; unhealthy(task) }, "", terminating + "false"},
		"it is out of reach, and ready yet":          {cutOff, published, published},
		"it is out of reach for long":                {unreachable, "", published},
		"its spec is newer than its status":          {func(task *v1alpha1.MesosTask) { task.Generation = 2 }, "", published},
		"its spec is newer, and it was elsewhere":    {func(task *v1alpha1.MesosTask) { task.Generation = 2; onPort(31001)(task) }, "", ""},
		"it is deleted, and was elsewhere":           {func(task *v1alpha1.MesosTask) { deleted(task); onPort(31001)(task) }, "", ""},
		"it is out of reach, and was elsewhere":      {func(task *v1alpha1.MesosTask) { unreachable(task); task.Status.Task.AgentID = "S7" }, "", ""},
		"it was launched elsewhere":                  {func(task *v1alpha1.MesosTask) { task.Status.Task.AgentID = "S7" }, "web-000 10.0.0.8:31000", "web-000 10.0.0.8:31000"},
		"it has another port":                        {onPort(31005), "web-000 10.0.0.1:31005", "web-000 10.0.0.1:31005"},
		"another task has its name":                  {func(task *v1alpha1.MesosTask) { task.UID = "other" }, published, published},
		"another task has its name and is unhealthy": {func(task *v1alpha1.MesosTask) { task.UID = "other"; deleted(task) }, "", ""},
	}
	words := func(word string) []string {
		if word == "" {
			return nil
		}
		return []string{word}
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			task := running(0)
			if tc.change != nil {
				tc.change(task)
			}
			fresh := newSet(task)
			fresh.publish()
			if diff := cmp.Diff(words(tc.fresh), fresh.shown()); diff != "" {
				t.Errorf("where nothing was published (-want +got):\n%s", diff)
			}
			after := newSet(running(0))
			after.publish()
			after.Tasks = []*v1alpha1.MesosTask{task}
			after.publish()
			if diff := cmp.Diff(words(tc.after), after.shown()); diff != "" {
				t.Errorf("where it was published (-want +got):\n%s", diff)
			}
			if moved := tc.fresh != published || tc.after != published; moved && !Concerns(running(0), task) && task.UID == running(0).UID {
				t.Error("the change is not taken for one that matters")
			}
			if plan := after.publish(); !plan.Empty() {
				t.Errorf("it writes again what is written: %+v", plan)
			}
		})
	}
}

// TestConcerns: what says nothing of where a task is found brings nobody back.
func TestConcerns(t *testing.T) {
	for sentence, change := range map[string]func(task *v1alpha1.MesosTask){
		"nothing":          func(*v1alpha1.MesosTask) {},
		"a label":          func(task *v1alpha1.MesosTask) { task.Labels = map[string]string{"a": "b"} },
		"another revision": func(task *v1alpha1.MesosTask) { task.ResourceVersion, task.Status.Revision = "7", 7 },
		"a message":        func(task *v1alpha1.MesosTask) { task.Status.Task.Message = "so" },
		"a maintenance":    condition(v1alpha1.ConditionAgentMaintenance, metav1.ConditionTrue, v1alpha1.ReasonAgentDraining),
	} {
		task := running(0)
		if change(task); Concerns(running(0), task) {
			t.Errorf("%s is taken for a change that matters", sentence)
		}
	}
}

func TestNext_address(t *testing.T) {
	overlay := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	agent := func(address string) func(s *set) {
		return func(s *set) { s.Agents["S0"] = address }
	}
	cases := map[string]struct {
		task     *v1alpha1.MesosTask
		change   func(s *set)
		networks []netip.Prefix
		want     []string
		// leftOut is part of why it is left out; empty for not.
		leftOut string
	}{
		"the agent's":                            {running(0), nil, nil, []string{"web-000 10.0.0.1:31000"}, ""},
		"the agent's, in IPv6":                   {running(0), agent("fd00::1"), nil, []string{"web-000 fd00::1:31000"}, ""},
		"the agent's, of a public network":       {running(0), agent("192.0.2.1"), nil, []string{"web-000 192.0.2.1:31000"}, ""},
		"the agent's, outside of the networks":   {running(0), agent("192.0.2.1"), overlay, nil, "address 192.0.2.1 is in none of spec.endpoints.cidrs"},
		"networks of which none can be read":     {running(0), nil, []netip.Prefix{}, nil, "is in none of spec.endpoints.cidrs"},
		"the agent's is loopback":                {running(0), agent("127.0.1.1"), nil, nil, "is a loopback address"},
		"the agent's is loopback, in disguise":   {running(0), agent("::ffff:127.0.0.1"), nil, nil, "is a loopback address"},
		"the agent's is link-local":              {running(0), agent("169.254.169.254"), nil, nil, "is link-local"},
		"the agent's is link-local, in IPv6":     {running(0), agent("fe80::1"), nil, nil, "is link-local"},
		"the agent's has a zone":                 {running(0), agent("fd00::1%eth0"), nil, nil, "is link-local"},
		"the agent's is multicast":               {running(0), agent("224.0.0.1"), nil, nil, "is no host's"},
		"the agent's is everybody":               {running(0), agent("255.255.255.255"), nil, nil, "is no host's"},
		"the agent's is nothing":                 {running(0), agent("0.0.0.0"), nil, nil, "is no host's"},
		"the agent's is a name":                  {running(0), agent("agent-1.example.com"), nil, nil, `"agent-1.example.com" is no IP address`},
		"the agent's is not told":                {running(0), agent(""), nil, nil, "Mesos has not told the address of agent S0"},
		"the agent's is not told yet":            {running(0), func(s *set) { s.Agents, s.Asked = nil, false }, nil, nil, ""},
		"the container's":                        {running(0, inContainer("10.9.0.1")), nil, overlay, []string{"web-000 10.9.0.1:8080"}, ""},
		"the container's, one of either family":  {running(0, inContainer("10.9.0.1", "10.9.0.2", "fd00::9")), nil, overlay, []string{"web-000 10.9.0.1:8080", "web-000 fd00::9:8080"}, ""},
		"the container's, the first that may be": {running(0, inContainer("172.17.0.2", "10.9.0.2")), nil, overlay, []string{"web-000 10.9.0.2:8080"}, ""},
		"the container's, and no networks":       {running(0, inContainer("10.9.0.1")), nil, nil, nil, "is a container's: name its network in spec.endpoints.cidrs"},
		"the container's, of another network":    {running(0, inContainer("192.0.2.1")), nil, overlay, nil, "is in none of spec.endpoints.cidrs"},
		"the container's is loopback":            {running(0, inContainer("127.0.0.1")), nil, overlay, nil, "is a loopback address"},
		"the container's is not told":            {running(0, inContainer()), nil, overlay, nil, "its container has told no address"},
		"a container on a bridge is found at its agent": {running(0, inContainer("172.17.0.2"), func(task *v1alpha1.MesosTask) {
			task.Spec.Container.Networks[0].Mode = v1alpha1.NetworkBridge
		}), nil, nil, []string{"web-000 10.0.0.1:31000"}, ""},
		"a container's port that has the host's number": {running(0, inContainer("10.9.0.1"), func(task *v1alpha1.MesosTask) {
			task.Spec.Ports[0].ContainerPort = nil
		}), nil, overlay, []string{"web-000 10.9.0.1:31000"}, ""},
		"a host port that is not known": {running(0, func(task *v1alpha1.MesosTask) { task.Status.Task.Ports = nil }), nil, nil, nil, `the host port of "http" is not known`},
		"a host port that is fixed": {running(0, func(task *v1alpha1.MesosTask) {
			task.Status.Task.Ports, task.Spec.Ports[0].HostPort = nil, new(int32(31007))
		}), nil, nil, []string{"web-000 10.0.0.1:31007"}, ""},
		"a port that it does not have": {running(0, func(task *v1alpha1.MesosTask) { task.Spec.Ports[0].Name = "other" }), nil, nil, nil, `it has no port "http"`},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			s := newSet(tc.task)
			s.Networks = tc.networks
			if tc.change != nil {
				tc.change(s)
			}
			plan := s.publish()
			if diff := cmp.Diff(tc.want, s.shown()); diff != "" {
				t.Errorf("published (-want +got):\n%s", diff)
			}
			verdict := plan.Judge("web")
			if tc.leftOut == "" && verdict.Status != metav1.ConditionTrue || !strings.Contains(verdict.Message, tc.leftOut) {
				t.Errorf("it says %s %s: %s; want %q", verdict.Status, verdict.Reason, verdict.Message, tc.leftOut)
			}
		})
	}
}

// TestNext_partition: what is out of reach leaves one by one as long as half of the set is left, and then no more.
func TestNext_partition(t *testing.T) {
	var tasks []*v1alpha1.MesosTask
	for number := range 10 {
		tasks = append(tasks, running(number))
	}
	s := newSet(tasks...)
	s.publish()
	for number, want := range []int{9, 8, 7, 6, 5, 5, 5, 5, 5, 5} {
		unreachable(s.Tasks[number])
		s.publish()
		if got := len(s.shown()); got != want {
			t.Errorf("%d are out of reach: %d are published, want %d", number+1, got, want)
		}
	}
	s.Tasks[9] = running(9)
	if s.publish(); !slices.Contains(s.shown(), "web-009 10.0.0.10:31000") || len(s.shown()) != 5 {
		t.Errorf("one is back: %v", s.shown())
	}
	// Others took the place of those that are out of reach.
	for number := range 5 {
		s.Tasks = append(s.Tasks, running(20+number))
	}
	if s.publish(); len(s.shown()) != 6 {
		t.Errorf("half of the set runs elsewhere: %v", s.shown())
	}

	at := newSet(running(0), running(1), running(2))
	at.publish()
	for _, task := range at.Tasks {
		unreachable(task)
	}
	if at.publish(); len(at.shown()) != 3 {
		t.Errorf("all are out of reach at once: %v", at.shown())
	}
}

// TestNext_newLeader: what was published stays until Mesos has told where agents are, and what the slices remember is the agent's, not the task's.
func TestNext_newLeader(t *testing.T) {
	s := newSet(running(0), running(1))
	s.publish()
	told := s.Agents
	s.Agents, s.Asked = nil, false
	if plan := s.publish(); !plan.Empty() {
		t.Errorf("a new leader writes though it knows nothing: %+v", plan)
	}
	s.Tasks[0].Status.Task.AgentID = "S1"
	s.Tasks[1].Status.Task.AgentID = "S9"
	s.publish()
	if diff := cmp.Diff([]string{"web-000 10.0.0.2:31000"}, s.shown()); diff != "" {
		t.Errorf("tasks that moved meanwhile (-want +got):\n%s", diff)
	}
	s.Agents = told
	s.publish()
	if diff := cmp.Diff([]string{"web-000 10.0.0.2:31000", "web-001 10.0.0.10:31000"}, s.shown()); diff != "" {
		t.Errorf("once Mesos has told (-want +got):\n%s", diff)
	}
	s.Agents = map[string]string{"S1": "10.7.7.7", "S9": "10.0.0.10"}
	s.publish()
	if diff := cmp.Diff([]string{"web-000 10.7.7.7:31000", "web-001 10.0.0.10:31000"}, s.shown()); diff != "" {
		t.Errorf("an agent that moved (-want +got):\n%s", diff)
	}
}

// TestNext_packing: what the slices are, and how many writes a change takes.
func TestNext_packing(t *testing.T) {
	counts := func(plan *Plan) [3]int { return [3]int{len(plan.Create), len(plan.Change), len(plan.Delete)} }
	var tasks []*v1alpha1.MesosTask
	for number := range 250 {
		tasks = append(tasks, running(number))
	}
	s := newSet(tasks...)
	check := func(sentence string, want [3]int) {
		t.Helper()
		if got := counts(s.publish()); got != want {
			t.Errorf("%s: created, changed and deleted %v slices, want %v", sentence, got, want)
		}
	}
	check("250 tasks", [3]int{3, 0, 0})
	check("nothing happens", [3]int{})
	unhealthy(s.Tasks[3])
	check("one is not ready", [3]int{0, 1, 0})
	s.Tasks[3] = running(3)
	check("it is again", [3]int{0, 1, 0})
	onPort(31001)(s.Tasks[3])
	check("its port is another", [3]int{1, 1, 0})
	onPort(31002)(s.Tasks[3])
	check("and another", [3]int{1, 0, 1})
	s.Tasks = append(s.Tasks, running(300), running(301))
	check("two more", [3]int{0, 1, 0})
	s.Tasks = s.Tasks[200:]
	check("a fifth is left", [3]int{0, 0, 3})
	s.Ports = nil
	check("no Service", [3]int{0, 0, 1})

	many := newSet()
	many.Replicas = 1200
	for number := range 1200 {
		many.Tasks = append(many.Tasks, running(number, onPort(int32(2000+number))))
		many.Agents[fmt.Sprintf("S%d", number)] = "10.0.0.1"
	}
	plan := many.publish()
	if len(many.Slices) != maxSlices || len(plan.LeftOut) != 200 || !strings.Contains(plan.LeftOut[0].Why, "give the tasks the same hostPort") {
		t.Errorf("1200 tasks with ports of their own: %d slices, %d left out", len(many.Slices), len(plan.LeftOut))
	}
}

// TestNext_others: what is not the set's stays as it is; what nothing controls is taken over.
func TestNext_others(t *testing.T) {
	s := newSet(running(0))
	s.publish()
	mine := s.Slices[0]
	foreign := map[string]func(slice *discoveryv1.EndpointSlice){
		"of another manager": func(slice *discoveryv1.EndpointSlice) {
			slice.Labels[discoveryv1.LabelManagedBy] = "endpointslice-controller.k8s.io"
		},
		"of nobody":             func(slice *discoveryv1.EndpointSlice) { delete(slice.Labels, discoveryv1.LabelManagedBy) },
		"of another Service":    func(slice *discoveryv1.EndpointSlice) { slice.Labels[discoveryv1.LabelServiceName] = "other" },
		"of another set":        func(slice *discoveryv1.EndpointSlice) { slice.OwnerReferences[0].UID = "other" },
		"that is being deleted": func(slice *discoveryv1.EndpointSlice) { slice.DeletionTimestamp = &metav1.Time{} },
	}
	s.Slices, s.Ports = nil, nil
	for name, change := range foreign {
		slice := mine.DeepCopy()
		slice.Name = name
		change(slice)
		s.Slices = append(s.Slices, slice)
	}
	if plan := s.publish(); !plan.Empty() {
		t.Errorf("it touches what is not its own: %+v", plan)
	}

	left := newSet(running(0))
	orphan := mine.DeepCopy()
	orphan.OwnerReferences = nil
	left.Slices = []*discoveryv1.EndpointSlice{orphan}
	plan := left.publish()
	if len(plan.Change) != 1 || len(plan.Create)+len(plan.Delete) != 0 || !cmp.Equal(plan.Change[0].OwnerReferences, []metav1.OwnerReference{owner}) {
		t.Errorf("of one that nothing controls: %+v", plan)
	}
	if plan := left.publish(); !plan.Empty() {
		t.Errorf("and then again: %+v", plan)
	}
}

// TestThin: of a set that is gone nothing is added, and what is no longer where it was is taken out.
func TestThin(t *testing.T) {
	const published = "web-000 10.0.0.1:31000"
	for sentence, tc := range map[string]struct {
		change func(task *v1alpha1.MesosTask)
		want   string
	}{
		"it runs":                       {nil, published},
		"it is unhealthy":               {unhealthy, ""},
		"it is being deleted":           {deleted, published + " terminating, serving true"},
		"it cannot be reached":          {unreachable, published},
		"it runs on another agent":      {func(task *v1alpha1.MesosTask) { task.Status.Task.AgentID = "S5" }, ""},
		"it has another port":           {onPort(31001), ""},
		"it is over":                    {func(task *v1alpha1.MesosTask) { task.Status.Task.FinishTime = &metav1.Time{} }, ""},
		"another task has its name":     {func(task *v1alpha1.MesosTask) { task.UID = "other" }, ""},
		"its agent has an address more": {func(task *v1alpha1.MesosTask) { task.Status.Task.IPs = []string{"10.9.9.9"} }, published},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newSet(running(0))
			s.publish()
			s.Slices[0].OwnerReferences = nil
			task := running(0)
			if tc.change != nil {
				tc.change(task)
			}
			s.Seen = Seen{Namespace: s.Namespace, Name: s.Name, Slices: s.Slices, Tasks: []*v1alpha1.MesosTask{task, running(1)}}
			plan := Thin(&s.Seen)
			if len(plan.Change) == 1 {
				s.Slices = plan.Change
			} else if len(plan.Delete) == 1 {
				s.Slices = nil
			}
			if got := strings.Join(s.shown(), ", "); got != tc.want || len(plan.Create) > 0 {
				t.Errorf("published is %q, want %q", got, tc.want)
			}
			if again := Thin(&s.Seen); !again.Empty() {
				t.Errorf("and again: %+v", again)
			}
		})
	}
	s := newSet(running(0))
	s.publish()
	s.Seen = Seen{Namespace: s.Namespace, Name: s.Name, Slices: s.Slices}
	if plan := Thin(&s.Seen); !plan.Empty() {
		t.Errorf("slices that something controls: %+v", plan)
	}
}

func TestServicePorts(t *testing.T) {
	wanted := []v1alpha1.ServicePort{{Name: "web", Port: 80, TaskPort: "http"}, {Name: "dns", Port: 53, TaskPort: "dns"}}
	template := []v1alpha1.Port{{Name: "http"}, {Name: "dns", Protocol: v1alpha1.ProtocolUDP}}
	got := ServicePorts(wanted, template, []corev1.ServicePort{{Name: "dns", NodePort: 30053, Port: 5353}, {Name: "gone", Port: 1}})
	want := []corev1.ServicePort{{Name: "web", Port: 80, Protocol: corev1.ProtocolTCP}, {Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP, NodePort: 30053}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the ports (-want +got):\n%s", diff)
	}
}

func TestWhoseService(t *testing.T) {
	made := map[string]string{v1alpha1.LabelSet: "web"}
	for sentence, tc := range map[string]struct {
		labels map[string]string
		owners []metav1.OwnerReference
		want   Whose
	}{
		"the set's":                          {made, []metav1.OwnerReference{owner}, TheSets},
		"the set's, without its label":       {nil, []metav1.OwnerReference{owner}, TheSets},
		"a set's that left it behind":        {made, nil, Nobodys},
		"somebody's":                         {nil, nil, Anothers},
		"of another set":                     {map[string]string{v1alpha1.LabelSet: "other"}, nil, Anothers},
		"of a set of this name that is gone": {made, []metav1.OwnerReference{{UID: "old", Controller: new(true)}}, Anothers},
		"owned, and not controlled":          {nil, []metav1.OwnerReference{{UID: "set"}}, Anothers},
	} {
		t.Run(sentence, func(t *testing.T) {
			service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: tc.labels, OwnerReferences: tc.owners}}
			if got := WhoseService(service, owner); got != tc.want {
				t.Errorf("it is %d's, want %d", got, tc.want)
			}
		})
	}
}

func TestNetworks(t *testing.T) {
	if got := Networks(nil); got != nil {
		t.Errorf("where nothing is said: %v", got)
	}
	got := fmt.Sprint(Networks(&v1alpha1.FrameworkEndpoints{CIDRs: []string{"10.1.2.3/8", "nothing", "fd00::/8"}}))
	if want := "[10.0.0.0/8 fd00::/8]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
