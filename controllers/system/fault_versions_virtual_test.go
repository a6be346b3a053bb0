package system

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Rows 72, 73 and 75 of the fault matrix: what tasks say, and processes that end or come with another description. (Row 74 is in
// defaults_virtual_test.go.)

// TestFault72_maliciousTask: "malicious task: 10 MiB status.message/data/labels". What a task says is cut before it is written, so that its end is recorded and acknowledged, and no
// object grows with it.
func TestFault72_maliciousTask(t *testing.T) {
	const large = 10 << 20
	text := strings.Repeat("\x1b[31mx\n", large/7)
	endless := simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		if task.GetCommand().GetValue() == "talk" {
			return simulator.EndAfter(time.Minute, mesosv1.TASK_FAILED, text)
		}
		return simulator.Stay()
	}}
	inVirtualTime(t, simulator.Flags{}, endless, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("talks", `shell: talk, backoff: {initialSeconds: 1, maxSeconds: 1}`)
		v.task("other", `shell: sleep 1`)
		v.pass(30 * time.Second)
		largest := 0
		v.onWrites(func(object client.Object, _ bool) {
			if task, ok := object.(*v1alpha1.MesosTask); ok {
				largest = max(largest, len(fmt.Sprint(task.Status)))
			}
		})
		attempt := v.get("talks").Status.Task
		// Its executor says more than a message: data, labels, addresses by the thousand.
		labels := &mesosv1.Labels{}
		addresses := make([]mesosv1.NetworkInfo_IPAddress, 10_000)
		for i := range 10_000 {
			labels.Labels = append(labels.Labels, mesosv1.Label{Key: fmt.Sprintf("key-%d", i), Value: &attempt.Hostname})
			addresses[i].IPAddress = new(fmt.Sprintf("10.%d.%d.1", i/256, i%256))
		}
		v.mesos.SendEvent(attempt.FrameworkID, &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: mesosv1.TaskStatus{
			TaskID: mesosv1.TaskID{Value: attempt.ID}, AgentID: &mesosv1.AgentID{Value: attempt.AgentID}, State: mesosv1.TASK_RUNNING.Enum(),
			Source: mesosv1.SOURCE_EXECUTOR.Enum(), Message: &text, Data: []byte(text), Labels: labels,
			ContainerStatus: &mesosv1.ContainerStatus{NetworkInfos: []mesosv1.NetworkInfo{{IPAddresses: addresses, Labels: labels}}},
		}}})
		v.pass(30 * time.Minute)
		task := v.get("talks")
		if len(task.Status.History) == 0 || task.Status.History[0].State != "TASK_FAILED" || task.Status.Restarts < 10 {
			v.Errorf("after %d restarts its history is %d long", task.Status.Restarts, len(task.Status.History))
		}
		for _, earlier := range task.Status.History {
			if n := len([]rune(earlier.Message)); n == 0 || n > 1024 || strings.ContainsAny(earlier.Message, "\x1b\n") {
				v.Errorf("a message of %d characters was stored: %.100q", n, earlier.Message)
			}
		}
		if largest == 0 || largest > 64<<10 {
			v.Errorf("the largest status that was written has some %d bytes", largest)
		}
		for _, uuid := range v.updates("TASK_FAILED") {
			if v.acknowledged(uuid) != 1 {
				v.Errorf("an update was acknowledged %d times", v.acknowledged(uuid))
			}
		}
		v.wantRunningAfter("other", 1)
		if v.mesos.Calls("SUBSCRIBE") != 1 {
			v.Errorf("%d SUBSCRIBEs", v.mesos.Calls("SUBSCRIBE"))
		}
	})
}

// graceful is how long a pod has between SIGTERM and SIGKILL: terminationGracePeriodSeconds of the chart and of config/manager.
const graceful = 10 * time.Second

// TestFault73_SIGTERMMidBatch: "SIGTERM mid-batch". The process ends within the time that its pod has, whatever hangs, sends nothing after that, and gives its lease back; the next
// one goes on, and each task was started once.
func TestFault73_SIGTERMMidBatch(t *testing.T) {
	cases := map[string]struct {
		api   apiserver.Fault
		mesos simulator.Fault
	}{
		"while writes take their time": {api: apiserver.Fault{Action: apiserver.Delay, Delay: 300 * time.Millisecond, Writes: true, Count: -1}},
		"while writes hang":            {api: apiserver.Fault{Action: apiserver.Delay, Delay: time.Hour, Writes: true, Resource: "mesostasks", Count: -1}},
		"while ACCEPTs hang":           {mesos: simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.DelayAnswer, Delay: time.Hour, Count: -1}},
		"while all calls hang":         {mesos: simulator.Fault{Target: simulator.CallFault, Action: simulator.DelayAnswer, Delay: time.Hour, Count: -1}},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.elects = true
				v.mesos.AddAgent(simulator.AgentSpec{CPUs: 100, Mem: 100_000, Disk: 100_000})
				var late atomic.Int32
				var over atomic.Bool
				v.watch = func(_ leadership.Step, send func() error) error {
					if over.Load() {
						late.Add(1)
					}
					return send()
				}
				v.framework("")
				first := v.start()
				v.pass(10 * time.Second)
				if tc.api.Action != "" {
					tc.api.Instance = first.name
					v.api.Inject(tc.api)
				}
				if tc.mesos.Target != "" {
					v.mesos.Inject(tc.mesos)
				}
				names := v.several(30, `shell: sleep 1, restartPolicy: Never`)
				v.pass(1500 * time.Millisecond)
				asked := time.Now()
				first.cancel()
				<-first.ended
				over.Store(true)
				if took := time.Since(asked); took >= graceful {
					v.Errorf("it took %v to end, and is killed after %v", took, graceful)
				}
				v.running, v.watch = nil, nil
				v.api.ClearFaults()
				v.mesos.ClearFaults()
				v.pass(time.Second)
				next := time.Now()
				v.start()
				v.within("the next one leads", func() bool { return v.mesos.Calls("SUBSCRIBE") > 1 })
				if took := time.Since(next); took > 5*time.Second {
					v.Errorf("the next one led after %v: the lease was not given back", took)
				}
				v.pass(5 * time.Minute)
				for _, name := range names {
					v.wantRunningAfter(name, 1)
				}
				if late.Load() > 0 {
					v.Errorf("%d steps were taken after the end", late.Load())
				}
			})
		})
	}
}

// TestFault75_frameworkInfoChanged: "controller upgraded with FrameworkInfo change (principal, roles)". What the master takes is told and restarts nothing; what it refuses is a
// condition, with tries that are spaced, while the tasks run on; taken back, all is as it was.
func TestFault75_frameworkInfoChanged(t *testing.T) {
	flags := simulator.Flags{
		AuthenticateFrameworks: true, Credentials: map[string]string{"alice": "secret-a", "bob": "secret-b"}, Roles: []string{"*", "prod"},
	}
	as := func(principal, secret string) func(v *virtual) {
		return func(v *virtual) {
			held := secretOf("c", "principal", principal)
			held.Data["secret"] = []byte(secret)
			v.hold(held)
		}
	}
	describe := func(spec string) func(v *virtual) { return func(v *virtual) { v.patchFramework(spec) } }
	cases := map[string]struct {
		change, back func(v *virtual)
		// reason is that of condition Ready meanwhile; empty where the master takes it.
		reason string
	}{
		"another principal":                      {as("bob", "secret-b"), as("alice", "secret-a"), v1alpha1.ReasonSubscriptionRefused},
		"a principal that is unknown":            {as("carol", "secret-c"), as("alice", "secret-a"), v1alpha1.ReasonUnauthorized},
		"a role more":                            {describe(`{"spec":{"info":{"roles":["*","prod"]}}}`), nil, ""},
		"a role more that the master refuses":    {describe(`{"spec":{"info":{"roles":["*","nobodys"]}}}`), describe(`{"spec":{"info":{"roles":["*"]}}}`), v1alpha1.ReasonUpdateRefused},
		"another name, failover timeout and URL": {describe(`{"spec":{"info":{"name":"renamed","failoverTimeoutSeconds":7200,"webUIURL":"http://elsewhere.example"}}}`), nil, ""},
		"a capability more":                      {describe(`{"spec":{"info":{"capabilities":["REGION_AWARE"]}}}`), nil, ""},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, flags, nil, func(v *virtual) {
				as("alice", "secret-a")(v)
				v.framework("credentialsSecretRef: {name: c}, allowInsecure: true")
				v.start()
				names := v.several(3, `shell: sleep 1`)
				v.pass(time.Minute)
				id, before := v.frameworkNow().Status.FrameworkID, v.counted()
				v.stop()
				tc.change(v)
				subscribed := v.mesos.Calls("SUBSCRIBE")
				v.start()
				v.pass(30 * time.Minute)
				if got := v.mesos.Calls("SUBSCRIBE") - subscribed; got > 12 {
					v.Errorf("%d SUBSCRIBEs in half an hour", got)
				}
				want := tc.reason
				if want == "" {
					want = v1alpha1.ReasonSubscribed
				}
				if got := v.frameworkReason(v1alpha1.ConditionReady); got != want || len(v.liveNow()) != len(names) {
					v.Errorf("it is %s (%s), want %s; %v live", got, v.frameworkSays(v1alpha1.ConditionReady), want, v.liveNow())
				}
				if tc.back != nil {
					tc.back(v)
					v.pass(10 * time.Minute)
				}
				for _, name := range names {
					v.wantRunningAfter(name, 1)
				}
				if got := v.since(before); got.Kills != 0 || v.connected() != v1alpha1.ReasonSubscribed || v.frameworkNow().Status.FrameworkID != id || len(v.mesos.Frameworks()) != 1 {
					v.Errorf("counted %+v; it is %s as %s", got, v.connected(), v.frameworkNow().Status.FrameworkID)
				}
				v.task("later", `shell: sleep 1`)
				v.pass(5 * time.Minute)
				v.wantRunningAfter("later", 1)
			})
		})
	}
}
