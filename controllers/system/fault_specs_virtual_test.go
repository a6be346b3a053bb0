package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Rows 66 to 71 of the fault matrix: what the author of a MesosTask writes.

// hostile is a manifest of a MesosTask that somebody means harm with.
type hostile struct {
	name, spec string
	// refused is part of the sentence with which the API server refuses it. Where it does not, reason is that of condition Ready in the end; empty: Running.
	refused, reason string
}

// tried creates a hostile MesosTask, and checks what becomes of it; another one that was there runs on, and one that comes after it runs.
func (v *virtual) tried(h hostile) {
	v.Helper()
	v.framework("")
	v.start()
	v.task("before", `shell: sleep 1`)
	v.pass(time.Minute)
	if !strings.Contains(h.spec, "resources:") {
		h.spec += `, resources: {requests: {cpus: "0.1", memory: 32Mi}}`
	}
	manifest := fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %q, namespace: %s}, spec: {frameworkRef: {name: %s}, %s}}`, h.name, v.namespace, v.namespace, h.spec)
	// As it is written: what a client of ours could not read is the API server's to refuse.
	object := &unstructured.Unstructured{}
	err := yaml.Unmarshal([]byte(manifest), &object.Object)
	if err == nil {
		err = v.client.Create(v.Context(), object)
	}
	switch {
	case h.refused != "" && (err == nil || !strings.Contains(err.Error(), h.refused)):
		v.Errorf("it is refused by %.1000v, want %q", err, h.refused)
	case h.refused == "" && err != nil:
		v.Errorf("it is refused: %.1000v", err)
	}
	v.task("after", `shell: sleep 1`)
	v.pass(5 * time.Minute)
	if h.refused == "" && err == nil {
		if got, want := v.reason(h.name), h.reason; got != want && (want != "" || got != v1alpha1.ReasonRunning) {
			v.Errorf("it is %s, want %s: %.1000s", got, want, v.said(h.name))
		}
	}
	v.wantRunningAfter("before", 1)
	v.wantRunningAfter("after", 1)
	if v.connected() != v1alpha1.ReasonSubscribed || v.mesos.Calls("SUBSCRIBE") != 1 {
		v.Errorf("it is %s after %d SUBSCRIBEs", v.connected(), v.mesos.Calls("SUBSCRIBE"))
	}
	v.checkTruth()
}

// TestFault66_hostileSizesAndNames: "spec 1.4 MiB, 10k env, 1M-char command, 255+ char names, NUL, `..`, `/`, unicode". The API server refuses what is too large or no name, with a sentence; what it
// takes becomes a task that Mesos takes, under an ID of the operator's own, or a condition. Nobody else's task notices.
func TestFault66_hostileSizesAndNames(t *testing.T) {
	variables := func(n, size int) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(`{name: A%d, value: "%s"}`, i, strings.Repeat("x", size))
		}
		return `shell: x, env: [` + strings.Join(all, ", ") + `]`
	}
	for sentence, tc := range map[string]hostile{
		"a spec of 1.4 MiB":                     {"job", variables(1000, 1400), "", v1alpha1.ReasonInvalidSpec},
		"10,000 variables":                      {"job", variables(10_000, 1), "spec.env", ""},
		"as many variables as there may be":     {"job", variables(1024, 5), "", ""},
		"a command of a million characters":     {"job", `shell: "` + strings.Repeat("x", 1_000_000) + `"`, "spec.shell", ""},
		"a command as long as it may be":        {"job", `shell: "` + strings.Repeat("x", 65_536) + `"`, "", ""},
		"a command of as many quotes":           {"job", `shell: '` + strings.Repeat(`"`, 65_536) + `'`, "", v1alpha1.ReasonInvalidSpec},
		"a name of 256 characters":              {strings.Repeat("a", 256), `shell: x`, "name", ""},
		"a name of 64 characters":               {strings.Repeat("a", 64), `shell: x`, "metadata.name must be a DNS label", ""},
		"a name of 63 characters":               {strings.Repeat("a", 63), `shell: x`, "", ""},
		"a name with a slash":                   {"a/b", `shell: x`, "name", ""},
		"a name that leads up":                  {"..", `shell: x`, "name", ""},
		"a name with a dot":                     {"a.b", `shell: x`, "metadata.name must be a DNS label", ""},
		"a name in Greek":                       {"ναός", `shell: x`, "name", ""},
		"a NUL in the command":                  {"job", `shell: "a\0b"`, "spec.shell", ""},
		"a NUL in a variable":                   {"job", `shell: x, env: [{name: A, value: "\0"}]`, "spec.env", ""},
		"a NUL in a label":                      {"job", `shell: x, labels: [{name: a, value: "\0"}]`, "spec.labels", ""},
		"what leads out of the sandbox":         {"job", `shell: x, uris: [{value: "http://h/x", outputFile: ../../etc/passwd}]`, "outputFile must be a path inside the sandbox", ""},
		"a volume that leads out of its prefix": {"job", `shell: x, container: {volumes: [{mountPath: /data, hostPath: {path: /srv/../etc}}]}`, "path", ""},
		"text in all scripts":                   {"job", `shell: "echo 'ναός 😀 \u202e\u0007\e[31m'", env: [{name: A, value: "\n\t\u2028"}]`, "", ""},
		"an ID that it would like to have":      {"job", `shell: x, labels: [{name: mesos.dev/task, value: "../x"}]`, "are the operator's", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.tried(tc)
				for taskID := range v.mesos.Launches("") {
					if len(taskID) > 255 || strings.ContainsAny(taskID, "/\\\x00") {
						v.Errorf("Mesos was given the ID %q", taskID)
					}
				}
			})
		})
	}
}

// TestFault67_hostileNumbers: "negative/NaN/huge cpus, mem 1e308, -0, 1e-9". None of it reaches Mesos.
func TestFault67_hostileNumbers(t *testing.T) {
	refused := func(requests, field string) hostile {
		return hostile{"job", `shell: x, resources: {requests: {` + requests + `}}`, field, ""}
	}
	for sentence, tc := range map[string]hostile{
		"negative cpus":                   refused(`cpus: "-1", memory: 32Mi`, "cpus"),
		"cpus that are no number":         refused(`cpus: NaN, memory: 32Mi`, "cpus"),
		"infinite cpus":                   refused(`cpus: Inf, memory: 32Mi`, "cpus"),
		"cpus past every number":          refused(`cpus: "1e400", memory: 32Mi`, "cpus"),
		"cpus of minus zero":              refused(`cpus: "-0", memory: 32Mi`, "cpus"),
		"a billionth of a cpu":            {"job", `shell: x, resources: {requests: {cpus: "1e-9", memory: 32Mi}}`, "", v1alpha1.ReasonInvalidSpec},
		"a billionth of a cpu, in nano":   {"job", `shell: x, resources: {requests: {cpus: 1n, memory: 32Mi}}`, "", v1alpha1.ReasonInvalidSpec},
		"a hundredth of a cpu and a bit":  {"job", `shell: x, resources: {requests: {cpus: "0.010000001", memory: 32Mi}}`, "", ""},
		"memory of 1e308":                 refused(`cpus: "1", memory: "1e308"`, "memory"),
		"memory of 1e18":                  refused(`cpus: "1", memory: "1e18"`, "memory"),
		"negative memory":                 refused(`cpus: "1", memory: -32Mi`, "memory"),
		"no memory":                       refused(`cpus: "1", memory: "0"`, "memory"),
		"a byte and a half":               refused(`cpus: "1", memory: "1.5"`, "memory"),
		"memory of a Mi and a bit":        {"job", `shell: x, resources: {requests: {cpus: "0.1", memory: "33554433"}}`, "", ""},
		"disk of 1e308":                   refused(`cpus: "1", memory: 32Mi, disk: "1e308"`, "disk"),
		"negative gpus":                   refused(`cpus: "1", memory: 32Mi, gpus: -1`, "gpus"),
		"gpus past every number":          refused(`cpus: "1", memory: 32Mi, gpus: 9223372036854775807`, "gpus"),
		"another resource, negative":      {"job", `shell: x, resources: {requests: {cpus: "1", memory: 32Mi}, other: [{name: fpga, scalar: "-1"}]}`, "scalar", ""},
		"another resource, past numbers":  {"job", `shell: x, resources: {requests: {cpus: "1", memory: 32Mi}, other: [{name: fpga, scalar: "1e308"}]}`, "scalar", ""},
		"a limit below what is asked for": {"job", `shell: x, resources: {requests: {cpus: "1", memory: 32Mi}, limits: {cpus: "-1"}}`, "limits", ""},
		"as much as there may be":         {"job", `shell: x, resources: {requests: {cpus: "10000", memory: 1Pi}}`, "", v1alpha1.ReasonNoAgentLargeEnough},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.tried(tc)
				for _, entry := range v.history.Entries() {
					if entry.Call == nil {
						continue
					}
					for _, info := range launchedIn(entry.Call.Call) {
						for _, resource := range info.Resources {
							if amount := resource.GetScalar().GetValue(); resource.GetType() == mesosv1.SCALAR && !(amount >= 0.001 && amount <= 1<<40) {
								v.Errorf("Mesos was asked for %v of %s", amount, resource.Name)
							}
						}
					}
				}
			})
		})
	}
}

// TestFault68_specAsksForWhatIsNotAllowed: "spec asks root user, other role, host path, docker privileged, other namespace's Secret". What the framework does not allow is not launched, and a
// condition says what; nothing of another namespace's Secret reaches Mesos.
func TestFault68_specAsksForWhatIsNotAllowed(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.create(`{apiVersion: v1, kind: Namespace, metadata: {name: elsewhere}}`, &corev1.Namespace{})
		theirs := secretOf("theirs", "key", "canary-5b1e")
		theirs.Namespace = "elsewhere"
		if err := v.client.Create(v.Context(), theirs); err != nil {
			v.Fatal(err)
		}
		v.hold(secretOf("ours", "key", "fine"))
		v.framework(`info: {roles: ["*", prod], defaultRole: "*"}, allowedUsers: [batch], allowedRoles: [{role: "*", namespaces: {from: All}}],
			allowedContainers: {types: [Mesos, Docker], hostPaths: [{prefix: /srv/data, readOnly: true}]}`)
		v.start()
		v.pass(10 * time.Second)
		wants := map[string]struct{ spec, reason string }{
			"root":            {`shell: x, user: root`, v1alpha1.ReasonUserNotAllowed},
			"other-user":      {`shell: x, user: ops`, v1alpha1.ReasonUserNotAllowed},
			"image-user":      {`user: image, container: {image: "nginx:1", docker: {}}`, v1alpha1.ReasonUserNotAllowed},
			"role":            {`shell: x, role: prod`, v1alpha1.ReasonRoleNotAllowed},
			"unknown-role":    {`shell: x, roles: [nobodys]`, v1alpha1.ReasonRoleNotAllowed},
			"host-path":       {`shell: x, container: {volumes: [{mountPath: /data, readOnly: true, hostPath: {path: /etc}}]}`, v1alpha1.ReasonContainerNotAllowed},
			"host-path-near":  {`shell: x, container: {volumes: [{mountPath: /data, readOnly: true, hostPath: {path: /srv/data2}}]}`, v1alpha1.ReasonContainerNotAllowed},
			"host-path-write": {`shell: x, container: {volumes: [{mountPath: /data, hostPath: {path: /srv/data}}]}`, v1alpha1.ReasonContainerNotAllowed},
			"privileged":      {`shell: x, container: {image: "nginx:1", docker: {privileged: true}}`, v1alpha1.ReasonContainerNotAllowed},
			"parameters":      {`shell: x, container: {image: "nginx:1", docker: {parameters: [{name: log-driver, value: none}]}}`, v1alpha1.ReasonContainerNotAllowed},
			"capabilities":    {`shell: x, container: {image: "nginx:1", mesos: {capabilities: {effective: [SYS_ADMIN]}}}`, v1alpha1.ReasonContainerNotAllowed},
			"secret":          {`shell: x, env: [{name: A, valueFrom: {secretKeyRef: {name: theirs, key: key}}}]`, v1alpha1.ReasonSecretNotFound},
			"secrets":         {`shell: x, envFrom: [{secretRef: {name: theirs}}]`, v1alpha1.ReasonSecretNotFound},
			"discovery":       {`shell: x, discovery: {name: api.elsewhere}`, v1alpha1.ReasonDiscoveryNotAllowed},
			"allowed":         {`shell: x, user: batch, env: [{name: A, valueFrom: {secretKeyRef: {name: ours, key: key}}}], container: {volumes: [{mountPath: /data, readOnly: true, hostPath: {path: /srv/data/web}}]}`, v1alpha1.ReasonRunning},
		}
		for name, want := range wants {
			v.task(name, want.spec)
		}
		v.pass(5 * time.Minute)
		for name, want := range wants {
			starts := 0
			if want.reason == v1alpha1.ReasonRunning {
				starts = 1
			}
			if got := v.reason(name); got != want.reason || v.launched()[name] != starts || v.said(name) == "" {
				v.Errorf("%s is %s after %d starts, want %s: %s", name, got, v.launched()[name], want.reason, v.said(name))
			}
		}
		// The names that cannot be written at all.
		for _, name := range []string{"elsewhere/theirs", "../elsewhere/theirs"} {
			task := &v1alpha1.MesosTask{}
			manifest := fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: path, namespace: virtual}, spec: {frameworkRef: {name: virtual}, resources: {requests: {cpus: "0.1", memory: 32Mi}}, shell: x, env: [{name: A, valueFrom: {secretKeyRef: {name: %q, key: key}}}]}}`, name)
			if err := yaml.UnmarshalStrict([]byte(manifest), task); err != nil {
				v.Fatal(err)
			}
			if err := v.client.Create(v.Context(), task); err == nil || !strings.Contains(err.Error(), "secretKeyRef.name") {
				v.Errorf("a Secret named %s is refused by %v", name, err)
			}
		}
		for _, entry := range v.history.Entries() {
			if entry.Call != nil && strings.Contains(entry.Call.Call.String(), "canary-5b1e") {
				v.Errorf("%s has another namespace's Secret", entry.String())
			}
		}
	})
}

// TestFault69_oneTenantOfVeryMany: "1 tenant creates 50k tasks", here two hundred at once, at an API server that takes its time. Another tenant's task does not wait until theirs are
// done, neither for its turn, nor where theirs wait for what their role may not have.
func TestFault69_oneTenantOfVeryMany(t *testing.T) {
	const many = 200
	tenants := func(v *virtual, spec string) {
		for _, name := range []string{"crowd", "single"} {
			v.create(fmt.Sprintf(`{apiVersion: v1, kind: Namespace, metadata: {name: %s}}`, name), &corev1.Namespace{})
		}
		for i := range many {
			v.taskIn("crowd", fmt.Sprintf("job-%d", i), spec)
		}
	}
	// started is how many of a namespace's tasks were started.
	started := func(v *virtual, namespace string) (n int) {
		for _, change := range v.mesos.Ledger() {
			if change.What == simulator.Started && strings.HasPrefix(change.TaskID, namespace+".") {
				n++
			}
		}
		return n
	}
	t.Run("each write takes half a second", func(t *testing.T) {
		inVirtualTimeWith(t, apiserver.Options{Trusting: true}, simulator.Flags{}, nil, func(v *virtual) {
			v.mesos.AddAgent(simulator.AgentSpec{CPUs: 1000, Mem: 1_000_000, Disk: 1_000_000})
			v.framework("")
			v.start()
			v.pass(10 * time.Second)
			v.api.Inject(apiserver.Fault{Action: apiserver.Delay, Delay: 500 * time.Millisecond, Verb: "patch", Resource: "mesostasks", Count: -1})
			tenants(v, `shell: sleep 1`)
			v.pass(time.Second)
			created := time.Now()
			v.taskIn("single", "job", `shell: sleep 1`)
			for range 600 {
				if started(v, "single") > 0 {
					break
				}
				v.pass(100 * time.Millisecond)
			}
			if took, theirs := time.Since(created), started(v, "crowd"); took > 10*time.Second || theirs > many*9/10 {
				v.Errorf("it waited %v, until %d of the others had started", took, theirs)
			}
			v.pass(5 * time.Minute)
			if got := started(v, "crowd"); got != many {
				v.Errorf("of the others %d were started", got)
			}
		})
	})
	t.Run("theirs wait for what their role may not have", func(t *testing.T) {
		inVirtualTimeWith(t, apiserver.Options{Trusting: true}, simulator.Flags{}, nil, func(v *virtual) {
			v.mesos.AddAgent(simulator.AgentSpec{CPUs: 1000, Mem: 1_000_000, Disk: 1_000_000})
			v.mesos.LimitRole("crowd", map[string]float64{"cpus": 1})
			v.framework(`info: {roles: [crowd, single], defaultRole: single}, allowedRoles: [{role: crowd, namespaces: {from: All}}, {role: single, namespaces: {from: All}}]`)
			v.start()
			v.pass(10 * time.Second)
			tenants(v, `shell: sleep 1, role: crowd`)
			v.pass(10 * time.Minute)
			before := started(v, "crowd")
			created := time.Now()
			v.taskIn("single", "job", `shell: sleep 1`)
			for range 600 {
				if started(v, "single") > 0 {
					break
				}
				v.pass(100 * time.Millisecond)
			}
			if took := time.Since(created); took > 10*time.Second || before != 10 {
				v.Errorf("it waited %v, and of the others %d were started", took, before)
			}
		})
	})
}

// taskIn creates a MesosTask in a namespace.
func (v *virtual) taskIn(namespace, name, spec string) {
	v.Helper()
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %s, namespace: %s}, spec: {frameworkRef: {name: %s}, resources: {requests: {cpus: "0.1", memory: 32Mi}}, %s}}`,
		name, namespace, v.namespace, spec), &v1alpha1.MesosTask{})
}

// TestFault70_specMutatedWhileLaunching: "spec mutated every 10 ms while launching". At no time do two attempts live, and in the end one runs by the last spec, which the
// status says was observed.
func TestFault70_specMutatedWhileLaunching(t *testing.T) {
	mutations := map[string]func(i int) string{
		"a variable that is hashed":        func(i int) string { return fmt.Sprintf(`spec: {env: [{name: NUMBER, value: "%d"}]}`, i) },
		"there and back":                   func(i int) string { return fmt.Sprintf(`spec: {shell: sleep %d}`, 1+i%2) },
		"suspended and resumed":            func(i int) string { return fmt.Sprintf(`spec: {suspend: %t}`, i%2 == 0) },
		"what restarts nothing":            func(i int) string { return fmt.Sprintf(`spec: {backoff: {initialSeconds: %d}}`, 1+i%5) },
		"a restart that a person asks for": func(i int) string { return fmt.Sprintf(`metadata: {annotations: {mesos.dev/restarted-at: "%d"}}`, i) },
	}
	for sentence, mutation := range mutations {
		t.Run(sentence, func(t *testing.T) {
			agents := &recorder{ScriptRunner: slowStart(time.Second).(simulator.ScriptRunner), told: map[string]*mesosv1.TaskInfo{}}
			inVirtualTimeWith(t, apiserver.Options{Trusting: true}, simulator.Flags{}, agents, func(v *virtual) {
				v.framework("")
				v.start()
				v.pass(10 * time.Second)
				v.task("job", `shell: sleep 1`)
				const times = 152
				for i := range times {
					v.patch("job", mutation(i))
					v.pass(10 * time.Millisecond)
				}
				v.pass(10 * time.Minute)
				v.wantRunning("job")
				task := v.get("job")
				ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
				if task.Status.ObservedGeneration != task.Generation || ready.ObservedGeneration != task.Generation {
					v.Errorf("generation %d is observed as %d, by Ready as %d", task.Generation, task.Status.ObservedGeneration, ready.ObservedGeneration)
				}
				if want := task.Spec.Shell; agents.of("job").Command.GetValue() != want {
					v.Errorf("%q runs, want %q", agents.of("job").Command.GetValue(), want)
				}
				if n := len(task.Spec.Env); n > 0 && agents.of("job").Command.Environment.Variables[0].GetValue() != task.Spec.Env[0].Value {
					v.Errorf("it runs with %v, want %v", agents.of("job").Command.Environment, task.Spec.Env)
				}
				if sentence == "what restarts nothing" {
					v.wantStarts("job", 1)
				}
				if got := v.liveTogether(); len(got) > 1 {
					v.Errorf("%v were live at once", got)
				}
				v.checkTruth()
			})
		})
	}
}

// TestFault71_badSpecThenFixed: "bad spec then fixed; field removed". What was bad leaves no trace once it is good: the task runs, and by its spec as it is. A field that is taken away is
// taken away from what runs.
func TestFault71_badSpecThenFixed(t *testing.T) {
	bad := map[string]struct {
		spec, reason string
		// fixed is what puts it right.
		fixed func(v *virtual)
	}{
		"a user that is not allowed": {`shell: sleep 1, user: root`, v1alpha1.ReasonUserNotAllowed, func(v *virtual) { v.patch("job", `spec: {user: null}`) }},
		"a role that is not allowed": {`shell: sleep 1, role: nobodys`, v1alpha1.ReasonRoleNotAllowed, func(v *virtual) { v.patch("job", `spec: {role: null}`) }},
		"more than any agent has":    {`shell: sleep 1, resources: {requests: {cpus: "999", memory: 32Mi}}`, v1alpha1.ReasonNoAgentLargeEnough, func(v *virtual) { v.patch("job", `spec: {resources: {requests: {cpus: "0.1"}}}`) }},
		"a Secret that is not there": {`shell: sleep 1, env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]`, v1alpha1.ReasonSecretNotFound, func(v *virtual) {
			v.hold(secretOf("s", "k", "fine"))
		}},
		"a constraint that no agent meets": {`shell: sleep 1, placement: {constraints: [{by: {field: Hostname}, operator: In, values: [nowhere]}]}`, v1alpha1.ReasonAwaitingOffer, func(v *virtual) { v.patch("job", `spec: {placement: null}`) }},
		"a command that Mesos refuses":     {`shell: TASK_ERROR`, v1alpha1.ReasonRefused, func(v *virtual) { v.patch("job", `spec: {shell: sleep 1}`) }},
		"a command that fails":             {`shell: TASK_FAILED, restartPolicy: Never`, v1alpha1.ReasonFailed, func(v *virtual) { v.patch("job", `spec: {shell: sleep 1}`) }},
		"a command that fails for ever":    {`shell: TASK_FAILED, maxRestarts: 2, backoff: {initialSeconds: 1, maxSeconds: 1}`, v1alpha1.ReasonRestartsExhausted, func(v *virtual) { v.patch("job", `spec: {shell: sleep 1}`) }},
		"a container that is not allowed":  {`shell: sleep 1, container: {image: "a:1", docker: {privileged: true}}`, v1alpha1.ReasonContainerNotAllowed, func(v *virtual) { v.patch("job", `spec: {container: null}`) }},
		"a framework that is not there": {`shell: sleep 1, frameworkRef: {name: later}`, v1alpha1.ReasonFrameworkNotFound, func(v *virtual) {
			v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: later}, spec: {controllerName: mesos.dev/virtual, masters: {urls: [%q]}}}`, v.mesos.Masters()[0].URL()), &v1alpha1.MesosFramework{})
		}},
	}
	for sentence, tc := range bad {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, endAsTold(), func(v *virtual) {
				v.framework("")
				v.start()
				v.plainTask("job", tc.spec)
				v.pass(5 * time.Minute)
				if got := v.reason("job"); got != tc.reason {
					v.Fatalf("it is %s: %s", got, v.said("job"))
				}
				tc.fixed(v)
				v.pass(10 * time.Minute)
				v.wantRunning("job")
				task := v.get("job")
				if meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionStalled) || task.Status.Pending != nil || task.Status.ObservedGeneration != task.Generation {
					v.Errorf("once it is right its status is %+v", task.Status)
				}
				before := v.counted()
				v.pass(20 * time.Minute)
				v.wantCounts(before, counts{})
			})
		})
	}
	fields := map[string]struct {
		add, remove string
		has         func(info *mesosv1.TaskInfo) bool
	}{
		"env":                    {`spec: {env: [{name: A, value: b}]}`, `spec: {env: null}`, func(info *mesosv1.TaskInfo) bool { return hasVariable(info, "A") }},
		"uris":                   {`spec: {uris: [{value: "http://h/x.tgz"}]}`, `spec: {uris: null}`, func(info *mesosv1.TaskInfo) bool { return len(info.Command.GetURIs()) > 0 }},
		"ports":                  {`spec: {ports: [{name: http}]}`, `spec: {ports: null}`, func(info *mesosv1.TaskInfo) bool { return hasVariable(info, "PORT_HTTP") }},
		"labels":                 {`spec: {labels: [{name: a, value: b}]}`, `spec: {labels: null}`, func(info *mesosv1.TaskInfo) bool { return strings.Contains(words(info.Labels), "a=b") }},
		"healthCheck":            {`spec: {healthCheck: {command: {shell: "true"}}}`, `spec: {healthCheck: null}`, func(info *mesosv1.TaskInfo) bool { return info.HealthCheck != nil }},
		"readinessCheck":         {`spec: {readinessCheck: {command: {shell: "true"}}}`, `spec: {readinessCheck: null}`, func(info *mesosv1.TaskInfo) bool { return info.Check != nil }},
		"container":              {`spec: {container: {image: "a:1"}}`, `spec: {container: null}`, func(info *mesosv1.TaskInfo) bool { return info.Container != nil }},
		"limits":                 {`spec: {resources: {limits: {cpus: "2"}}}`, `spec: {resources: {limits: null}}`, func(info *mesosv1.TaskInfo) bool { return len(info.Limits) > 0 }},
		"disk":                   {`spec: {resources: {requests: {disk: 64Mi}}}`, `spec: {resources: {requests: {disk: null}}}`, func(info *mesosv1.TaskInfo) bool { return has(info, "disk") }},
		"maxRunSeconds":          {`spec: {maxRunSeconds: 36000}`, `spec: {maxRunSeconds: null}`, func(info *mesosv1.TaskInfo) bool { return info.MaxCompletionTime != nil }},
		"discovery":              {`spec: {discovery: {visibility: External, name: front.virtual}}`, `spec: {discovery: null}`, func(info *mesosv1.TaskInfo) bool { return info.Discovery.GetName() == "front.virtual" }},
		"killGracePeriodSeconds": {`spec: {killGracePeriodSeconds: 7}`, `spec: {killGracePeriodSeconds: null}`, func(info *mesosv1.TaskInfo) bool { return info.KillPolicy != nil }},
	}
	agents := &recorder{told: map[string]*mesosv1.TaskInfo{}}
	t.Run("fields that are taken away", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, agents, func(v *virtual) {
			v.framework("")
			v.start()
			for name := range fields {
				v.task(strings.ToLower(name), `shell: sleep 1`)
			}
			v.pass(time.Minute)
			for turn := range 3 {
				for name, tc := range fields {
					switch turn {
					case 1:
						v.patch(strings.ToLower(name), tc.add)
					case 2:
						v.patch(strings.ToLower(name), tc.remove)
					}
				}
				v.pass(5 * time.Minute)
				for name, tc := range fields {
					v.wantRunningAfter(strings.ToLower(name), turn+1)
					if got := tc.has(agents.of(strings.ToLower(name))); got != (turn == 1) {
						v.Errorf("%s: in turn %d the agent was told %v", name, turn, agents.of(strings.ToLower(name)))
					}
				}
			}
		})
	})
}

// plainTask creates a MesosTask; what its spec does not say of framework and resources is added.
func (v *virtual) plainTask(name, spec string) {
	v.Helper()
	if !strings.Contains(spec, "resources:") {
		spec += `, resources: {requests: {cpus: "0.1", memory: 32Mi}}`
	}
	if !strings.Contains(spec, "frameworkRef:") {
		spec += `, frameworkRef: {name: ` + v.namespace + `}`
	}
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %s, namespace: %s}, spec: {%s}}`, name, v.namespace, spec), &v1alpha1.MesosTask{})
}

// hasVariable says whether a task has an environment variable.
func hasVariable(info *mesosv1.TaskInfo, name string) bool {
	return slices.ContainsFunc(info.Command.GetEnvironment().GetVariables(), func(v mesosv1.Environment_Variable) bool { return v.Name == name })
}

// has says whether a task has a resource.
func has(info *mesosv1.TaskInfo, name string) bool {
	return slices.ContainsFunc(info.Resources, func(r mesosv1.Resource) bool { return r.Name == name })
}
