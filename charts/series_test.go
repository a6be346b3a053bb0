package charts_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// The namespace and the service account of kube-state-metrics' own manifests.
const stateMetricsNamespace, stateMetricsAccount = "kube-system", "kube-state-metrics"

// series runs kube-state-metrics with the configuration and the rights that config/kube-state-metrics gives it, and compares what it exposes
// with the objects.
func (r *repository) series() {
	r.t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: stateMetricsNamespace, Name: stateMetricsAccount}}
	if err := r.client.Create(r.t.Context(), account); err != nil {
		r.t.Fatal(err)
	}
	r.write("series.yaml", r.tool("kustomize", "build", "config/kube-state-metrics"))
	r.tool("kubectl", "apply", "--filename", r.path("series.yaml"))
	configuration := &corev1.ConfigMap{}
	r.get(stateMetricsNamespace, "mesos-operator-kube-state-metrics", configuration)
	r.write("config.yaml", configuration.Data["config.yaml"])
	// A task that waits for its end, as it cannot be let go: what keeps it is not the operator's.
	r.tool("kubectl", "patch", "mesostask", "job", "--namespace", shop, "--type=json", `--patch=[{"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/keep"}]`)
	r.tool("kubectl", "delete", "mesostask", "job", "--namespace", shop, "--wait=false")

	port, telemetry := freePort(r.cluster), freePort(r.cluster)
	stateMetrics := r.start(filepath.Join(testenv.Root(), "bin", "tools"), "kube-state-metrics", "--kubeconfig", r.serviceAccountKubeconfig(stateMetricsNamespace, stateMetricsAccount),
		"--custom-resource-state-config-file", r.path("config.yaml"), "--custom-resource-state-only",
		"--host", "127.0.0.1", "--port", port, "--telemetry-host", "127.0.0.1", "--telemetry-port", telemetry)
	stateMetrics.endsBySignal = true
	var exposed []string
	r.until("kube-state-metrics shows the objects as they are", func(ctx context.Context) (string, error) {
		var err error
		if exposed, err = scrape(ctx, "http://127.0.0.1:"+port+"/metrics"); err != nil {
			return err.Error(), nil //nolint:nilerr // it has not started yet
		}
		expected, err := r.expected(ctx)
		return cmp.Diff(expected, exposed), err
	})
	r.t.Logf("kube-state-metrics exposes %d series, among them\n%s", len(exposed), strings.Join(exposed, "\n"))
	if log, err := os.ReadFile(r.path("kube-state-metrics.log")); err != nil || complains(string(log)) {
		r.t.Errorf("kube-state-metrics complains (%v):\n%s", err, log)
	}
	r.checkGrants(r.calls("system:serviceaccount:"+stateMetricsNamespace+":"+stateMetricsAccount), r.managerGrants(stateMetricsNamespace, stateMetricsAccount))
	r.tool("kubectl", "patch", "mesostask", "job", "--namespace", shop, "--type=merge", `--patch={"metadata": {"finalizers": null}}`)
}

// freePort is a port of this machine that nothing listens on.
func freePort(c *cluster) string {
	c.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(c.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nobody has connected to it
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		c.t.Fatal(err)
	}
	return port
}

// complains says whether a log in klog's format has an error.
func complains(log string) bool {
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "E") || strings.HasPrefix(line, "F") {
			return true
		}
	}
	return false
}

// scrape returns the series of this project, sorted, without the labels that are the same for every object of a kind.
func scrape(ctx context.Context, url string) (series []string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(body)) {
		if !strings.HasPrefix(line, "mesos_") {
			continue
		}
		name, rest, labelled := strings.Cut(strings.TrimSpace(line), "{")
		text, value, closed := strings.Cut(rest, "} ")
		if !labelled || !closed {
			return nil, fmt.Errorf("reading %q", line)
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("reading %q: %w", line, err)
		}
		labels := slices.DeleteFunc(strings.Split(text, ","), func(label string) bool { return strings.HasPrefix(label, "customresource_") })
		slices.Sort(labels)
		series = append(series, fmt.Sprintf("%s{%s} %.0f", name, strings.Join(labels, ","), number))
	}
	slices.Sort(series)
	return series, nil
}

// one is a series as scrape has it. labels are names and values in turn; those without a value are left out.
func one(name string, value int64, labels ...string) string {
	var pairs []string
	for i := 0; i < len(labels); i += 2 {
		if labels[i+1] != "" {
			pairs = append(pairs, fmt.Sprintf("%s=%q", labels[i], labels[i+1]))
		}
	}
	slices.Sort(pairs)
	return fmt.Sprintf("%s{%s} %d", name, strings.Join(pairs, ","), value)
}

// expected are the series that the objects must have.
func (r *repository) expected(ctx context.Context) ([]string, error) {
	var tasks v1alpha1.MesosTaskList
	var taskSets v1alpha1.MesosTaskSetList
	var frameworks v1alpha1.MesosFrameworkList
	var crons v1alpha1.MesosCronTaskList
	if err := errors.Join(r.client.List(ctx, &tasks), r.client.List(ctx, &taskSets), r.client.List(ctx, &crons), r.client.List(ctx, &frameworks)); err != nil {
		return nil, err
	}
	var series []string
	for i := range tasks.Items {
		series = append(series, taskSeries(&tasks.Items[i])...)
	}
	for i := range taskSets.Items {
		series = append(series, setSeries(&taskSets.Items[i])...)
	}
	for i := range frameworks.Items {
		series = append(series, frameworkSeries(&frameworks.Items[i])...)
	}
	for i := range crons.Items {
		series = append(series, cronSeries(&crons.Items[i])...)
	}
	slices.Sort(series)
	return series, nil
}

func taskSeries(task *v1alpha1.MesosTask) []string {
	labels := []string{"namespace", task.Namespace, "name", task.Name}
	suspended := int64(0)
	if task.Spec.Suspend {
		suspended = 1
	}
	series := append(commonSeries("mesos_task", &task.ObjectMeta, task.Status.ObservedGeneration, task.Status.Conditions, labels),
		one("mesos_task_restarts", int64(task.Status.Restarts), labels...),
		one("mesos_task_suspended", suspended, labels...))
	attempt := v1alpha1.TaskAttempt{}
	if task.Status.Task != nil {
		attempt = *task.Status.Task
		series = append(series, one("mesos_task_state_info", 1, append(labels, "state", attempt.State, "reason", attempt.Reason)...))
	}
	series = append(series, one("mesos_task_info", 1, append(labels, "framework", task.Spec.FrameworkRef.Name, "task_id", attempt.ID, "agent_id", attempt.AgentID,
		"hostname", attempt.Hostname, "framework_id", attempt.FrameworkID)...))
	if task.Status.Pending != nil {
		series = append(series, one("mesos_task_pending_timestamp_seconds", task.Status.Pending.Since.Unix(), labels...))
	}
	for name, at := range map[string]*metav1.Time{"start": attempt.StartTime, "unreachable": attempt.UnreachableTime} {
		if at != nil {
			series = append(series, one("mesos_task_"+name+"_timestamp_seconds", at.Unix(), labels...))
		}
	}
	return series
}

func setSeries(set *v1alpha1.MesosTaskSet) []string {
	labels := []string{"namespace", set.Namespace, "name", set.Name}
	s := &set.Status
	series := append(commonSeries("mesos_set", &set.ObjectMeta, s.ObservedGeneration, s.Conditions, labels),
		one("mesos_set_info", 1, append(labels, "framework", set.Spec.Template.Spec.FrameworkRef.Name, "current_revision", s.CurrentRevision, "update_revision", s.UpdateRevision)...),
		one("mesos_set_spec_replicas", int64(*set.Spec.Replicas), labels...),
		one("mesos_set_replicas", int64(s.Replicas), labels...))
	for is, count := range map[string]int32{
		"terminating": s.TerminatingReplicas, "ready": s.ReadyReplicas, "available": s.AvailableReplicas, "updated": s.UpdatedReplicas, "unreachable": s.UnreachableReplicas,
	} {
		series = append(series, one("mesos_set_"+is+"_replicas", int64(count), labels...))
	}
	for is, holds := range map[string]bool{"suspended": set.Spec.Suspend, "paused": set.Spec.Paused} {
		value := int64(0)
		if holds {
			value = 1
		}
		series = append(series, one("mesos_set_"+is, value, labels...))
	}
	if s.LastProgressTime != nil {
		series = append(series, one("mesos_set_progress_timestamp_seconds", s.LastProgressTime.Unix(), labels...))
	}
	return series
}

func frameworkSeries(framework *v1alpha1.MesosFramework) []string {
	labels := []string{"name", framework.Name}
	master, orphans := v1alpha1.MasterStatus{}, int64(0)
	if framework.Status.Master != nil {
		master = *framework.Status.Master
	}
	if framework.Status.Orphans != nil {
		orphans = int64(framework.Status.Orphans.Count)
	}
	series := append(commonSeries("mesos_framework", &framework.ObjectMeta, framework.Status.ObservedGeneration, framework.Status.Conditions, labels),
		one("mesos_framework_orphans", orphans, labels...),
		one("mesos_framework_info", 1, append(labels, "controller_name", framework.Spec.ControllerName, "framework_id", framework.Status.FrameworkID,
			"master", master.Hostname, "master_version", master.Version)...))
	counts := framework.Status.Tasks
	for is, count := range map[string]int32{"bound": counts.Bound, "running": counts.Running, "pending": counts.Pending, "unreachable": counts.Unreachable} {
		series = append(series, one("mesos_framework_tasks", int64(count), append(labels, "is", is)...))
	}
	if framework.Status.ConnectedSince != nil {
		series = append(series, one("mesos_framework_connected_timestamp_seconds", framework.Status.ConnectedSince.Unix(), labels...))
	}
	return series
}

func cronSeries(cron *v1alpha1.MesosCronTask) []string {
	labels := []string{"namespace", cron.Namespace, "name", cron.Name}
	suspended := int64(0)
	if cron.Spec.Suspend {
		suspended = 1
	}
	series := append(commonSeries("mesos_cron", &cron.ObjectMeta, cron.Status.ObservedGeneration, cron.Status.Conditions, labels),
		one("mesos_cron_active", int64(cron.Status.Active), labels...),
		one("mesos_cron_suspended", suspended, labels...),
		one("mesos_cron_missed_runs", cron.Status.MissedRuns, labels...),
		one("mesos_cron_info", 1, append(labels, "schedule", cron.Spec.Schedule, "time_zone", cron.Spec.TimeZone,
			"concurrency_policy", string(cron.Spec.ConcurrencyPolicy), "framework", cron.Spec.Template.Spec.FrameworkRef.Name)...))
	for name, at := range map[string]*metav1.Time{
		"last_schedule": cron.Status.LastScheduleTime, "last_successful": cron.Status.LastSuccessfulTime, "next_schedule": cron.Status.NextScheduleTime,
	} {
		if at != nil {
			series = append(series, one("mesos_cron_"+name+"_timestamp_seconds", at.Unix(), labels...))
		}
	}
	return series
}

// commonSeries are those that all kinds have.
func commonSeries(prefix string, object *metav1.ObjectMeta, observed int64, conditions []metav1.Condition, labels []string) []string {
	series := []string{
		one(prefix+"_created_timestamp_seconds", object.CreationTimestamp.Unix(), labels...),
		one(prefix+"_generation", object.Generation, labels...),
		one(prefix+"_observed_generation", observed, labels...),
	}
	if object.DeletionTimestamp != nil {
		series = append(series, one(prefix+"_deletion_timestamp_seconds", object.DeletionTimestamp.Unix(), labels...))
	}
	for _, condition := range conditions {
		value := int64(0)
		if condition.Status == metav1.ConditionTrue {
			value = 1
		}
		series = append(series, one(prefix+"_condition", value, append(labels, "condition", condition.Type, "status", string(condition.Status), "reason", condition.Reason)...))
	}
	return series
}

// TestStateMetricsValues: the values for the chart of kube-state-metrics say the same as the configuration and the role.
func TestStateMetricsValues(t *testing.T) {
	var values struct {
		RBAC struct {
			ExtraRules []rbacv1.PolicyRule `json:"extraRules"`
		} `json:"rbac"`
		CustomResourceState struct {
			Enabled bool           `json:"enabled"`
			Config  map[string]any `json:"config"`
		} `json:"customResourceState"`
	}
	configuration, role := map[string]any{}, &rbacv1.ClusterRole{}
	for file, into := range map[string]any{"values.yaml": &values, "config.yaml": &configuration, "cluster_role.yaml": role} {
		content, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "kube-state-metrics", file))
		if err == nil {
			err = sigsyaml.Unmarshal(content, into)
		}
		if err != nil {
			t.Fatalf("reading %s: %v", file, err)
		}
	}
	if diff := cmp.Diff(configuration, values.CustomResourceState.Config); diff != "" || !values.CustomResourceState.Enabled {
		t.Errorf("values.yaml enables the configuration: %t; config.yaml and it (-want +got):\n%s", values.CustomResourceState.Enabled, diff)
	}
	guide, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "object-metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := metricNames(t, configuration)
	for _, name := range names {
		if !strings.Contains(string(guide), "`"+name+"`") {
			t.Errorf("docs/object-metrics.md does not describe %s", name)
		}
	}
	if diff := cmp.Diff(role.Rules, values.RBAC.ExtraRules); diff != "" {
		t.Errorf("cluster_role.yaml and values.yaml (-want +got):\n%s", diff)
	}
}

// metricNames are the names of the metrics in a configuration of kube-state-metrics.
func metricNames(t *testing.T, configuration map[string]any) []string {
	t.Helper()
	resources, _, err := unstructured.NestedSlice(configuration, "spec", "resources")
	if err != nil || len(resources) != 4 {
		t.Fatalf("the configuration has %d resources: %v", len(resources), err)
	}
	var names []string
	for _, resource := range resources {
		resource := resource.(map[string]any)
		for _, metric := range resource["metrics"].([]any) {
			names = append(names, resource["metricNamePrefix"].(string)+"_"+metric.(map[string]any)["name"].(string))
		}
	}
	return names
}
