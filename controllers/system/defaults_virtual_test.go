package system

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// describe changes what Mesos is told of the framework.
func (v *virtual) describe(info string) {
	v.Helper()
	data, err := yaml.YAMLToJSON([]byte("spec: {info: " + info + "}"))
	if err != nil {
		v.Fatal(err)
	}
	if err := v.client.Patch(context.Background(), v.frameworkNow(), client.RawPatch("application/merge-patch+json", data)); err != nil {
		v.Fatal(err)
	}
}

// TestDefaults_areNoChange: what the framework fills in may change without a word to what runs (rule 20); it holds from the next launch on.
func TestDefaults_areNoChange(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, slowStart(time.Second), func(v *virtual) {
		v.framework(`info: {roles: ["*", prod]}`)
		v.start()
		v.pass(20 * time.Second)
		names := []string{"a", "b", "c"}
		for _, name := range names {
			v.task(name, `shell: sleep 1000`)
		}
		v.task("d", `shell: sleep 1000, role: "*"`)
		v.pass(20 * time.Second)
		before := v.liveNow()
		if len(before) != 4 || v.get("a").Status.Task.Role != "*" {
			v.Fatalf("%v run, the first of them as %+v", before, v.get("a").Status.Task)
		}
		v.describe(`{defaultRole: prod}`)
		v.pass(time.Minute)
		if diff := cmp.Diff(before, v.liveNow()); diff != "" || v.mesos.Calls("KILL") > 0 {
			v.Errorf("%d KILLs; what runs (-before +after):\n%s", v.mesos.Calls("KILL"), diff)
		}
		for _, name := range append(names, "d") {
			if got := v.reason(name); got != v1alpha1.ReasonRunning {
				v.Errorf("%s is %s: %s", name, got, v.said(name))
			}
		}
		// The old default may go altogether.
		v.describe(`{roles: [prod]}`)
		v.pass(time.Minute)
		v.stop()
		v.start()
		v.pass(time.Minute)
		if diff := cmp.Diff(before, v.liveNow()); diff != "" || v.mesos.Calls("KILL") > 0 {
			v.Errorf("%d KILLs; what runs without the role and under another process (-before +after):\n%s", v.mesos.Calls("KILL"), diff)
		}
		// The next launch is by the new default.
		v.patch("a", `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
		v.pass(time.Minute)
		binding := lifecycle.BindingOf(v.get("a"))
		if got := v.get("a"); got.Status.Task.Role != "prod" || binding.Role != "prod" || binding.User != "nobody" || v.reason("a") != v1alpha1.ReasonRunning {
			v.Errorf("the next attempt is %+v, bound by %+v: %s", got.Status.Task, binding, v.said("a"))
		}
		// A role of its own is no default.
		v.patch("b", `spec: {role: prod}`)
		v.pass(time.Minute)
		if got := v.get("b").Status; got.Task.Role != "prod" || len(got.History) != 1 || got.History[0].KillReason != v1alpha1.KillSpecChanged {
			v.Errorf("with a role of its own it is %+v after %+v", got.Task, got.History)
		}
	})
}

// TestDefaults_thatMesosRefuses: the role that is to be the default is one that the master does not let the framework have. What runs is left alone,
// what is launched again is by the default before it, and the framework stays subscribed, also under another process and with another master.
func TestDefaults_thatMesosRefuses(t *testing.T) {
	for name, info := range map[string]string{
		"one more role": `{roles: [web, prod], defaultRole: prod}`,
		"another role":  `{roles: [prod], defaultRole: prod}`,
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{Roles: []string{"web", "batch"}}, slowStart(time.Second), func(v *virtual) {
				v.framework(`info: {roles: [web], defaultRole: web}`)
				v.start()
				v.pass(20 * time.Second)
				v.task("a", `shell: sleep 1000`)
				v.task("b", `shell: sleep 1000`)
				v.pass(20 * time.Second)
				v.describe(info)
				v.pass(time.Minute)
				v.servedAs("web", "prod")
				v.stop()
				v.start()
				v.pass(2 * time.Minute)
				v.servedAs("web", "prod")
				v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1})
				v.pass(2 * time.Minute)
				v.servedAs("web", "prod")
				v.describe(`{roles: [batch], defaultRole: batch}`)
				v.pass(time.Minute)
				v.servedAs("batch", "")
			})
		})
	}
}

// servedAs fails the test unless the framework is subscribed, a task that is launched again gets the role and no other is killed. Refused is the role
// that the framework says Mesos does not let it have; empty for none.
func (v *virtual) servedAs(role, refused string) {
	v.Helper()
	before, kills := v.liveNow(), v.mesos.Calls("KILL")
	conditions := v.frameworkNow().Status.Conditions
	connected, ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionConnected), meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if connected.Status != metav1.ConditionTrue {
		v.Errorf("the framework is not subscribed: %s", connected.Message)
	}
	if (ready.Reason == v1alpha1.ReasonUpdateRefused) != (refused != "") || !strings.Contains(ready.Message, refused) {
		v.Errorf("the framework says %s: %s", ready.Reason, ready.Message)
	}
	v.patch("a", `metadata: {annotations: {mesos.dev/restarted-at: "`+time.Now().String()+`"}}`)
	v.pass(time.Minute)
	got := v.get("a").Status.Task
	if got == nil || slices.Contains(before, got.ID) || got.Role != role || v.reason("a") != v1alpha1.ReasonRunning {
		v.Errorf("launched again it is %s with %+v: %s", v.reason("a"), got, v.said("a"))
	}
	if b := v.get("b").Status.Task; !slices.Contains(before, b.ID) || v.reason("b") != v1alpha1.ReasonRunning || v.mesos.Calls("KILL") != kills+1 {
		v.Errorf("the other task is %s with %+v, after %d KILLs", v.reason("b"), b, v.mesos.Calls("KILL")-kills)
	}
}

// TestDefaults_ofWhatWaits: a task that waits for an offer takes up what the framework fills in now.
func TestDefaults_ofWhatWaits(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, slowStart(time.Second), func(v *virtual) {
		v.framework(`info: {roles: ["*", prod]}`)
		v.start()
		v.pass(20 * time.Second)
		for _, agent := range v.mesos.Agents() {
			agent.Partition()
		}
		v.pass(3 * time.Minute)
		v.task("web", `shell: sleep 1000`)
		v.pass(20 * time.Second)
		v.describe(`{defaultRole: prod}`)
		v.pass(20 * time.Second)
		v.mesos.AddAgent(simulator.AgentSpec{CPUs: 8, Mem: 4096, Disk: 4096, Runner: slowStart(time.Second)})
		v.pass(3 * time.Minute)
		if got := v.get("web").Status.Task; got == nil || got.Role != "prod" {
			v.Errorf("it is %+v, want it to run under the role that is the default now: %s", got, v.said("web"))
		}
	})
}

// agentsOfOld are the IDs of agents in what earlier releases wrote.
var agentsOfOld = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-S[0-9]`)

// laterRelease is a release that is yet to come, after a return to this one: what version 2 wrote, with hashes of a version that this one cannot compute, a field in
// the binding and a condition that it does not know.
const laterRelease = "later"

// hashes of version 2, in task IDs and statuses.
var hashesOf2 = regexp.MustCompile(`(\.|hash: )2([0-9a-f]{8})\b`)

// inLaterRelease is an object as that release would have written it.
func inLaterRelease(text string) string {
	text = hashesOf2.ReplaceAllString(text, "${1}3$2")
	text = strings.Replace(text, `"attempt":1}`, `"attempt":1,"surprise":{"a":[1]}}`, 1)
	return strings.Replace(text, "  conditions:\n", "  conditions:\n  - {lastTransitionTime: \"2026-11-29T21:36:40Z\", message: x, reason: Surprise, status: \"True\", type: Surprised}\n", 1)
}

// written creates an object as another release had written it, but for the names of the test's namespace, framework, master and agent.
func written[T client.Object](v *virtual, release, name string, object, again T) T {
	v.Helper()
	from := release
	if release == laterRelease {
		from = "version2"
	}
	data, err := os.ReadFile(filepath.Join("..", "lifecycle", "testdata", from, name+".yaml"))
	if err != nil {
		v.Fatal(err)
	}
	text := strings.NewReplacer("older", v.namespace, "http://master-1.sim:5050", v.mesos.Masters()[0].URL()).
		Replace(agentsOfOld.ReplaceAllLiteralString(string(data), v.mesos.Agents()[0].ID()))
	if release == laterRelease {
		text = inLaterRelease(text)
	}
	for _, into := range []T{object, again} {
		if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			v.Fatal(err)
		}
	}
	uid := object.GetUID()
	object.SetUID("")
	object.SetResourceVersion("")
	if err := v.client.Create(context.Background(), object); err != nil {
		v.Fatal(err)
	}
	again.SetUID(object.GetUID())
	again.SetResourceVersion(object.GetResourceVersion())
	if err := v.client.Status().Update(context.Background(), again); err != nil {
		v.Fatal(err)
	}
	if binding := object.GetAnnotations()[v1alpha1.AnnotationBinding]; binding != "" {
		// A restored object would have another UID.
		v.patch(name, "metadata: {annotations: {mesos.dev/binding: '"+strings.Replace(binding, string(uid), string(object.GetUID()), 1)+"'}}")
	}
	return again
}

// TestFault74_versionSkew is row 74 of the fault matrix: "version skew: old controller's status read by new, downgrade". The objects are golden: as those
// releases wrote them. Nothing is restarted and no end is forgotten, neither by the upgrade, the return to this release, nor a default that changes after it; a change
// of a spec is one.
func TestFault74_versionSkew(t *testing.T) {
	for release, names := range map[string]struct{ running, over []string }{
		laterRelease: {[]string{"defaults", "declared", "restarted", "everything"}, []string{"completed", "failing", "suspended"}},
		"version1":   {[]string{"defaults", "declared", "written-out", "everything"}, []string{"completed", "failing"}},
		"version2":   {[]string{"defaults", "declared", "restarted", "everything"}, []string{"completed", "failing", "suspended"}},
	} {
		t.Run(release, func(t *testing.T) { upgradeFrom(t, release, names.running, names.over) })
	}
}

func upgradeFrom(t *testing.T, release string, running, over []string) {
	t.Helper()
	inVirtualTime(t, simulator.Flags{}, slowStart(time.Second), func(v *virtual) {
		framework := written(v, release, "framework", &v1alpha1.MesosFramework{}, &v1alpha1.MesosFramework{})
		before := map[string]*v1alpha1.TaskAttempt{}
		for _, name := range slices.Concat(running, over) {
			before[name] = written(v, release, name, &v1alpha1.MesosTask{}, &v1alpha1.MesosTask{}).Status.Task
		}
		for _, name := range running {
			if err := v.mesos.Preload(simulator.Preload{
				Framework: &mesosv1.FrameworkInfo{
					ID: &mesosv1.FrameworkID{Value: framework.Status.FrameworkID}, Name: "mesos-operator", User: "www", Roles: framework.Spec.Info.Roles,
					Capabilities: []mesosv1.FrameworkInfo_Capability{
						{Type: mesosv1.FrameworkInfo_Capability_PARTITION_AWARE}, {Type: mesosv1.FrameworkInfo_Capability_MULTI_ROLE},
					},
				},
				Tasks: 1, ID: func(int) string { return before[name].ID },
				Task: &mesosv1.TaskInfo{
					Resources: []mesosv1.Resource{{Name: "cpus", Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: 0.1}}},
					Command:   &mesosv1.CommandInfo{Value: new("sleep 1000")},
				},
			}); err != nil {
				v.Fatal(err)
			}
		}
		unchanged := func(when string, but ...string) {
			v.Helper()
			for name, attempt := range before {
				if now := v.get(name).Status.Task; !slices.Contains(but, name) && (now == nil || now.ID != attempt.ID) {
					v.Errorf("%s: %s is %s, with %+v instead of %s", when, name, v.reason(name), now, attempt.ID)
				}
			}
			if kills := v.mesos.Calls("KILL"); len(but) == 0 && kills > 0 {
				v.Errorf("%s: %d KILLs", when, kills)
			}
		}
		v.start()
		v.pass(time.Minute)
		unchanged("after the upgrade")
		v.describe(`{defaultRole: batch, roles: [batch]}`)
		v.pass(time.Minute)
		unchanged("with another default role")
		v.stop()
		v.start()
		v.pass(time.Minute)
		unchanged("under yet another process")
		if release == laterRelease {
			// What it launched counts as launched by the spec, as nobody here can tell, until somebody asks for it to be launched anew.
			v.patch("defaults", `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
			v.pass(time.Minute)
			unchanged("after a restart that a person asked for", "defaults")
			if now := v.get("defaults").Status.Task; now.ID == before["defaults"].ID || v.reason("defaults") != v1alpha1.ReasonRunning {
				v.Errorf("asked to restart, it is %s with %+v", v.reason("defaults"), now)
			}
			return
		}
		for _, name := range []string{"defaults", "completed"} {
			v.patch(name, `spec: {shell: sleep 2000}`)
		}
		v.pass(time.Minute)
		unchanged("after a change of two specs", "defaults", "completed")
		for _, name := range []string{"defaults", "completed"} {
			if now := v.get(name).Status.Task; now.ID == before[name].ID || now.Role != "batch" || v.reason(name) != v1alpha1.ReasonRunning {
				v.Errorf("%s was changed and is %s with %+v", name, v.reason(name), now)
			}
		}
	})
}
