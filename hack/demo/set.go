package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// front is the sample of a set, and the Service that its tasks are found by.
const front = "front"

// givenUpAfter is how many seconds an agent of the set may be lost sight of, so that nobody has to wait for the minute of the sample.
const givenUpAfter = 5

func (d *demo) runSet(ctx context.Context) error {
	file, err := d.setManifest()
	if err != nil {
		return err
	}
	d.sayf("This is config/samples/set.yaml, except that an agent is given up after %d seconds and not after a minute.", givenUpAfter)
	if err := d.kubectl(ctx, "apply", "-f", file); err != nil {
		return err
	}
	if err := d.watchSet(ctx, available(3)); err != nil {
		return err
	}
	if err := d.watchEndpoints(ctx, 3); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "services", "--selector", v1alpha1.LabelSet+"="+front); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "endpointslices", "--selector", discoveryv1.LabelServiceName+"="+front); err != nil {
		return err
	}
	d.traffic = d.startTraffic(ctx)
	d.sayf("From here on %d clients send requests, each to any one of the endpoints that are ready then. The agents' address is made up:\n"+
		"behind it is this machine.", clients)
	return d.served(ctx)
}

func (d *demo) rollSet(ctx context.Context) error {
	if err := d.kubectl(ctx, "patch", "mesostaskset", front, "--type=merge", "-p", `{"spec":{"template":{"spec":{"env":[{"name":"RELEASE","value":"2"}]}}}}`); err != nil {
		return err
	}
	if err := d.watchSet(ctx, available(3)); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "controllerrevisions", "--selector", v1alpha1.LabelSet+"="+front, "--sort-by=.revision"); err != nil {
		return err
	}
	return d.served(ctx)
}

func (d *demo) scaleSet(ctx context.Context) error {
	for _, replicas := range []int32{5, 3} {
		if err := d.kubectl(ctx, "scale", "mesostaskset", front, fmt.Sprintf("--replicas=%d", replicas)); err != nil {
			return err
		}
		if err := d.watchSet(ctx, available(replicas)); err != nil {
			return err
		}
	}
	return d.served(ctx)
}

func (d *demo) loseAgentOfSet(ctx context.Context) error {
	tasks, err := d.tasksOfSet(ctx)
	if err != nil {
		return err
	}
	lost := tasks[0].Status.Task
	if err := d.mesos.Order(ctx, "/agents/"+lost.AgentID+"/partition"); err != nil {
		return err
	}
	d.sayf("Agent %s, which has %s, is cut off.", lost.Hostname, tasks[0].Name)
	if err := d.watchSet(ctx, func(set *v1alpha1.MesosTaskSet) string {
		if set.Status.UnreachableReplicas == 0 {
			return "a task of the set to be unreachable"
		}
		return ""
	}); err != nil {
		return err
	}
	if err := d.watchSet(ctx, available(3)); err != nil {
		return err
	}
	if err := d.mesos.Order(ctx, "/agents/"+lost.AgentID+"/heal"); err != nil {
		return err
	}
	d.sayf("The agent is back, and with it what was replaced. That is killed.")
	if err := until(ctx, func(ctx context.Context) (string, error) {
		state, err := d.mesos.state(ctx)
		if err != nil {
			return "", err
		}
		for _, task := range state.Tasks {
			if task.ID == lost.ID {
				return fmt.Sprintf("the end of %s, which is %s", lost.ID, task.State), nil
			}
		}
		return "", nil
	}); err != nil {
		return err
	}
	if err := d.watchSet(ctx, available(3)); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "mesostasks", "--selector", v1alpha1.LabelSet+"="+front, "-o", "wide"); err != nil {
		return err
	}
	d.traffic.stop()
	return d.served(ctx)
}

// setManifest writes the sample of a set with a shorter patience for lost agents.
func (d *demo) setManifest() (path string, err error) {
	sample, err := os.ReadFile(sampleFiles + "/set.yaml")
	if err != nil {
		return "", fmt.Errorf("reading the sample: %w", err)
	}
	set := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(sample, &set.Object); err != nil {
		return "", fmt.Errorf("reading the sample: %w", err)
	}
	if err := unstructured.SetNestedField(set.Object, int64(givenUpAfter), "spec", "template", "spec", "unreachable", "replaceAfterSeconds"); err != nil {
		return "", fmt.Errorf("changing the sample: %w", err)
	}
	manifest, err := yaml.Marshal(set.Object)
	if err != nil {
		return "", fmt.Errorf("writing the sample: %w", err)
	}
	path = d.path("set.yaml")
	if err := os.WriteFile(path, manifest, 0o644); err != nil { //nolint:gosec // anybody may read it
		return "", fmt.Errorf("writing the sample: %w", err)
	}
	return path, nil
}

// available says what a set lacks to have so many available tasks of the template as it is, and no others.
func available(replicas int32) func(*v1alpha1.MesosTaskSet) string {
	return func(set *v1alpha1.MesosTaskSet) string {
		ready := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionReady)
		switch s := set.Status; {
		case s.ObservedGeneration != set.Generation || ready == nil:
			return "the status of the set as it is now"
		case s.UpdatedReplicas != replicas || s.AvailableReplicas != replicas || s.TerminatingReplicas != 0 || !isTrue(s.Conditions, v1alpha1.ConditionReady):
			return fmt.Sprintf("%d available tasks and no other, not: %s", replicas, ready.Message)
		}
		return ""
	}
}

// watchSet shows the set whenever it is another than it was shown last, until nothing is missing.
func (d *demo) watchSet(ctx context.Context, missing func(*v1alpha1.MesosTaskSet) string) error {
	var seen string
	return until(ctx, func(ctx context.Context) (string, error) {
		set := &v1alpha1.MesosTaskSet{}
		if err := d.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: front}, set); err != nil {
			return "", fmt.Errorf("reading the set: %w", err)
		}
		s := set.Status
		now := fmt.Sprint(s.ReadyReplicas, s.UpdatedReplicas, s.AvailableReplicas)
		if now != seen {
			seen = now
			if err := d.table(ctx, &d.shownSet, "get", "mesostaskset", front); err != nil {
				return "", err
			}
		}
		return missing(set), nil
	})
}

// watchEndpoints waits until so many endpoints are ready.
func (d *demo) watchEndpoints(ctx context.Context, ready int) error {
	return until(ctx, func(ctx context.Context) (string, error) {
		endpoints, err := d.endpoints(ctx)
		if err == nil && len(endpoints) != ready {
			return fmt.Sprintf("%d endpoints that are ready, not %d", ready, len(endpoints)), nil
		}
		return "", err
	})
}

// tasksOfSet are the MesosTasks of the set, all of which have to have an attempt.
func (d *demo) tasksOfSet(ctx context.Context) ([]v1alpha1.MesosTask, error) {
	list := &v1alpha1.MesosTaskList{}
	if err := d.client.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelSet: front}); err != nil {
		return nil, fmt.Errorf("reading the tasks of the set: %w", err)
	}
	for i := range list.Items {
		if list.Items[i].Status.Task == nil {
			return nil, fmt.Errorf("task %s has no attempt", list.Items[i].Name)
		}
	}
	if len(list.Items) == 0 {
		return nil, errors.New("the set has no tasks")
	}
	return list.Items, nil
}

// served waits until a few more requests were made, if they go on, says how many there were, and fails where one failed.
func (d *demo) served(ctx context.Context) error {
	before := d.traffic.count()
	if err := until(ctx, func(context.Context) (string, error) {
		if now := d.traffic.count(); !d.traffic.stopped() && now.total < before.total+clients {
			return "more requests", nil
		}
		return "", nil
	}); err != nil {
		return err
	}
	now := d.traffic.count()
	d.sayf("%d requests in %d s, answered by %d tasks; %d failed.", now.total, int(time.Since(now.since).Seconds()), now.tasks, now.failed)
	if now.failed > 0 {
		return fmt.Errorf("%d of %d requests failed, such as: %w", now.failed, now.total, now.example)
	}
	return nil
}
