package system

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// words are labels as one would write them down.
func words(labels *mesosv1.Labels) string {
	var all []string
	for _, label := range labels.GetLabels() {
		all = append(all, label.Key+"="+label.GetValue())
	}
	return strings.Join(all, " ")
}

// findable is what others can find a task by: its labels, its discovery and the labels of that, and each port with its labels.
func findable(info *mesosv1.TaskInfo) []string {
	discovery := info.GetDiscovery()
	found := []string{words(info.GetLabels()), discovery.GetName(), discovery.GetVisibility().String(), words(discovery.GetLabels())}
	for _, port := range discovery.GetPorts().GetPorts() {
		found = append(found, port.GetName()+"/"+port.GetProtocol()+" "+words(port.Labels))
	}
	return found
}

// TestLabels: a task's labels, its discovery and the labels of its ports reach its agent. What the framework does not allow of them is launched no more,
// says who may allow it, and touches nothing that runs; once it is allowed it goes on.
func TestLabels(t *testing.T) {
	agents := &recorder{told: map[string]*mesosv1.TaskInfo{}}
	inVirtualTime(t, simulator.Flags{}, agents, func(v *virtual) {
		const declared = `shell: x, labels: [{name: web/vhost, value: shop.example.com}, {name: web/group, value: external}],
			discovery: {name: front, visibility: External, labels: [{name: web/tier, value: front}]},
			ports: [{name: http, labels: [{name: web/path, value: /}]}, {name: dns, protocol: UDP, labels: [{name: web/zone, value: a}]}]`
		of := func(name, discovery string) []string {
			return []string{
				"mesos.dev/namespace=" + v.namespace + " mesos.dev/name=" + name + " web/group=external web/vhost=shop.example.com",
				discovery, "EXTERNAL", "web/tier=front", "http/tcp web/path=/", "dns/udp web/zone=a",
			}
		}
		v.framework(`allowedDiscovery: Any`)
		v.start()
		v.task("web", declared)
		v.pass(30 * time.Second)
		if diff := cmp.Diff(of("web", "front"), findable(agents.of("web"))); v.reason("web") != v1alpha1.ReasonRunning || diff != "" {
			v.Errorf("it is %s, and its agent was told (-want +got):\n%s", v.reason("web"), diff)
		}
		first := v.get("web").Status.Task.ID

		// Each is refused for one of its labels alone, wherever it is; one has none that is refused.
		v.patchFramework(`{"spec": {"allowedLabels": ["web/"], "allowedDiscovery": null}}`)
		refused := map[string]struct{ spec, reason, says string }{
			"label":     {`labels: [{name: team, value: a}]`, v1alpha1.ReasonLabelNotAllowed, `label "team"`},
			"port":      {`ports: [{name: http, labels: [{name: team-port, value: a}]}]`, v1alpha1.ReasonLabelNotAllowed, `label "team-port"`},
			"discovery": {`discovery: {labels: [{name: team-tier, value: a}]}`, v1alpha1.ReasonLabelNotAllowed, `label "team-tier"`},
			"name":      {`discovery: {name: front}`, v1alpha1.ReasonDiscoveryNotAllowed, `spec.discovery.name is "front"`},
		}
		for name, one := range refused {
			v.task(name, "shell: x, "+one.spec)
		}
		v.task("allowed", strings.Replace(declared, "name: front", "name: front."+v.namespace, 1))
		v.pass(30 * time.Second)
		for name, one := range refused {
			if said := v.said(name); v.reason(name) != one.reason || !strings.Contains(said, one.says) || !strings.Contains(said, "MesosFramework "+v.namespace) || v.get(name).Status.Task != nil {
				v.Errorf("%s is %s: %s", name, v.reason(name), said)
			}
		}
		if diff := cmp.Diff(of("allowed", "front."+v.namespace), findable(agents.of("allowed"))); v.reason("allowed") != v1alpha1.ReasonRunning || diff != "" {
			v.Errorf("it is %s, and its agent was told (-want +got):\n%s", v.reason("allowed"), diff)
		}

		// Neither the framework's word nor another spec that it refuses ends what runs, nor does a restart of the operator.
		v.patch("allowed", `spec: {labels: [{name: team, value: a}]}`)
		before := v.get("allowed").Status.Task.ID
		v.stop()
		v.start()
		v.pass(10 * time.Minute)
		for name, runs := range map[string]string{"web": first, "allowed": before} {
			if now := v.get(name).Status.Task; now.ID != runs || now.KillReason != "" || !strings.Contains(strings.ToLower(v.said(name)), "running on") {
				v.Errorf("%s was %s and is %+v: %s: %s", name, runs, now, v.reason(name), v.said(name))
			}
		}

		v.patchFramework(`{"spec": {"allowedLabels": ["web/", "team"], "allowedDiscovery": "Any"}}`)
		v.pass(30 * time.Second)
		for name := range refused {
			if v.reason(name) != v1alpha1.ReasonRunning {
				v.Errorf("once all is allowed, %s is %s: %s", name, v.reason(name), v.said(name))
			}
		}
		if now := v.get("web").Status.Task.ID; now != first {
			v.Errorf("what ran all the time was %s and is %s", first, now)
		}
		if got := words(agents.of("allowed").Labels); v.get("allowed").Status.Task.ID == before || !strings.HasSuffix(got, "mesos.dev/name=allowed team=a") {
			v.Errorf("with the labels that are allowed now, it is %s after %s, labelled %s", v.get("allowed").Status.Task.ID, before, got)
		}
		v.checkTruth()
	})
}
