package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// kindManifests are an object of each later kind.
var kindManifests = map[string]string{
	"MesosTaskSet": `
apiVersion: mesos.dev/v1alpha1
kind: MesosTaskSet
metadata: {name: served, namespace: default}
spec: {replicas: 1, template: {spec: {shell: sleep 1000, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}}`,
	"MesosCronTask": `
apiVersion: mesos.dev/v1alpha1
kind: MesosCronTask
metadata: {name: served, namespace: default}
spec: {schedule: "@yearly", template: {spec: {shell: echo, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}}`,
}

// withoutOneKind runs the manager where one of the later CRDs is there and the other is not: the one that is there is served, and log and metrics say of the
// other that it is not.
func (s *system) withoutOneKind() {
	s.t.Helper()
	for missing, there := range map[string]string{"MesosTaskSet": "MesosCronTask", "MesosCronTask": "MesosTaskSet"} {
		s.kubectl("delete", "crd", strings.ToLower(missing)+"s.mesos.dev")
		address := s.freeAddress()
		manager := s.startWith(s.kubeconfig, "--metrics-secure=false", "--metrics-bind-address", address)
		manager.ready()
		if output, err := s.env.Kubectl(s.t.Context(), kindManifests[there], nil, "apply", "--filename", "-"); err != nil {
			s.t.Fatalf("kubectl apply: %v\n%s", err, output)
		}
		s.until("a "+there+" is served", func(ctx context.Context) (bool, error) { return s.served(ctx, there) })
		served := s.metricsAt(address)
		for kind, want := range map[string]int{missing: 0, there: 1} {
			if line := fmt.Sprintf("mesos_operator_kind_served{kind=%q} %d", kind, want); !strings.Contains(served, line) {
				s.t.Errorf("without %s the metrics do not say %s", missing, line)
			}
		}
		if told := manager.toldNotServed(); len(told) != 1 || told[0] != missing {
			s.t.Errorf("without %s the log says that %v are not served", missing, told)
		}
		s.kubectl("delete", strings.ToLower(there), "served", "--namespace", "default")
		manager.signal(syscall.SIGTERM)
		if code := manager.wait(); code != 0 {
			s.t.Errorf("the manager ended with status %d", code)
		}
		s.kubectl("apply", "--server-side", "--filename", filepath.Join(testenv.Root(), "config", "crd", "bases"))
		s.kubectl("wait", "--for=condition=Established", "crd/"+strings.ToLower(missing)+"s.mesos.dev")
	}
}

// served says whether an object of a kind is as only its controller makes it.
func (s *system) served(ctx context.Context, kind string) (bool, error) {
	key := client.ObjectKey{Namespace: "default", Name: "served"}
	if kind == "MesosTaskSet" {
		set := &v1alpha1.MesosTaskSet{}
		err := s.client.Get(ctx, key, set)
		return set.Status.ReadyReplicas == 1, err
	}
	cron := &v1alpha1.MesosCronTask{}
	err := s.client.Get(ctx, key, cron)
	return cron.Status.NextScheduleTime != nil, err
}

// freeAddress is one that nobody listens at.
func (s *system) freeAddress() string {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // the manager is to have it
	return listener.Addr().String()
}

// metricsAt are those that a manager serves at an address.
func (s *system) metricsAt(address string) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// toldNotServed are the kinds of which the log says that they are not served.
func (p *process) toldNotServed() (kinds []string) {
	for line := range strings.Lines(p.log.String()) {
		var said struct{ Msg, Kind string }
		if json.Unmarshal([]byte(line), &said) == nil && strings.HasPrefix(said.Msg, "A kind is not served") {
			kinds = append(kinds, said.Kind)
		}
	}
	return kinds
}
