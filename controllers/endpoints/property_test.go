package endpoints

import (
	"fmt"
	"slices"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestNext_properties: whatever becomes of the tasks of a set, one after the other, what is published is what may be, each in one place; a change of one
// task takes few writes and moves no other; and what is another's stays.
func TestNext_properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSet()
		s.Replicas = rapid.IntRange(0, 12).Draw(t, "replicas")
		foreign := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4}
		foreign.Name, foreign.Labels = "web-0x", map[string]string{discoveryv1.LabelServiceName: "web", discoveryv1.LabelManagedBy: "other"}
		s.Slices = append(s.Slices, foreign)
		kept := foreign.DeepCopy()
		for number := range rapid.IntRange(0, 240).Draw(t, "tasks") {
			s.Tasks = append(s.Tasks, running(number, onPort(int32(31000+number%rapid.IntRange(1, 3).Draw(t, "ports")))))
		}
		s.publish()
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			before, was := where(s), published(s)
			changed := change(t, s)
			reach := len(before)
			plan := s.publish()
			checkPublished(t, s)
			checkUrgent(t, plan, was, published(s))
			if again := Next(&s.Seen); !again.Empty() {
				t.Fatalf("it is not done with one plan: %+v", again)
			}
			moved := false
			for uid, slice := range before {
				if now, there := where(s)[uid]; there && now != slice && uid != changed {
					t.Fatalf("%s moved from %s to %s", uid, slice, now)
				} else if !there && uid != changed {
					// Others that are out of reach may come and go with it.
					moved = true
				}
			}
			if writes := len(plan.Create) + len(plan.Change) + len(plan.Delete); !moved && writes > 2 {
				t.Fatalf("a change of %s, of %d, takes %d writes", changed, reach, writes)
			}
			if !equality.Semantic.DeepEqual(s.Slices[slices.Index(s.Slices, foreign)], kept) {
				t.Fatal("it changed what is another's")
			}
		}
	})
}

// published are the endpoints, each as it is published, and whether it is ready.
func published(s *set) map[string]bool {
	all := map[string]bool{}
	for _, slice := range s.Slices {
		for _, e := range slice.Endpoints {
			c := e.Conditions
			all[fmt.Sprintf("%s: %v %v %t %t %t", slice.Name, e.TargetRef.UID, e.Addresses, *c.Ready, *c.Serving, *c.Terminating)] = *c.Ready
		}
	}
	return all
}

// checkUrgent judges whether a plan may wait: only one that takes nothing away and changes nothing, where something that is ready is published.
func checkUrgent(t *rapid.T, plan *Plan, before, after map[string]bool) {
	leads, lost := false, ""
	for endpoint, ready := range before {
		leads = leads || ready
		if _, stays := after[endpoint]; !stays {
			lost = endpoint
		}
	}
	switch mayWait := lost == "" && leads; {
	case !plan.Urgent && !mayWait:
		t.Fatalf("a plan may wait by which %q is no more, of %d", lost, len(before))
	case plan.Urgent && mayWait && len(plan.Change)+len(plan.Create) > 0:
		t.Fatalf("a plan may not wait that only adds: %+v", plan)
	}
}

// change changes one task, or takes it away, or adds one, and returns its UID.
func change(t *rapid.T, s *set) string {
	if len(s.Tasks) == 0 || rapid.IntRange(0, 5).Draw(t, "add") == 0 {
		added := running(500 + len(s.Tasks) + rapid.IntRange(0, 200).Draw(t, "number"))
		if slices.ContainsFunc(s.Tasks, func(task *v1alpha1.MesosTask) bool { return task.UID == added.UID }) {
			return ""
		}
		s.Tasks = append(s.Tasks, added)
		return string(added.UID)
	}
	at := rapid.IntRange(0, len(s.Tasks)-1).Draw(t, "task")
	task := s.Tasks[at].DeepCopy()
	switch rapid.IntRange(0, 7).Draw(t, "what") {
	case 0:
		s.Tasks = slices.Delete(s.Tasks, at, at+1)
		return string(task.UID)
	case 1:
		unhealthy(task)
	case 2:
		deleted(task)
	case 3:
		unreachable(task)
	case 4:
		onPort(int32(31000 + rapid.IntRange(0, 4).Draw(t, "port")))(task)
	case 5:
		task.Status.Task.AgentID = fmt.Sprintf("S%d", rapid.IntRange(0, 999).Draw(t, "agent"))
	case 6:
		task.Generation++
	default:
		task.Status.Task.FinishTime = nil
		task.Status.Conditions = running(0).Status.Conditions
	}
	s.Tasks[at] = task
	return string(task.UID)
}

// where names the slice that each task is in.
func where(s *set) map[string]string {
	in := map[string]string{}
	for _, slice := range s.Slices {
		for _, e := range slice.Endpoints {
			in[string(e.TargetRef.UID)] = slice.Name
		}
	}
	return in
}

// checkPublished judges what is published by what is known of the tasks, without what decided it.
func checkPublished(t *rapid.T, s *set) {
	ready, lingering := map[string]int{}, 0
	for _, slice := range s.Slices {
		if len(slice.Endpoints) > perSlice {
			t.Fatalf("%d endpoints in %s", len(slice.Endpoints), slice.Name)
		}
		for _, e := range slice.Endpoints {
			at := slices.IndexFunc(s.Tasks, func(task *v1alpha1.MesosTask) bool { return task.UID == e.TargetRef.UID })
			if at < 0 {
				t.Fatalf("%s is published, and gone", e.TargetRef.Name)
			}
			task := s.Tasks[at]
			if want := s.Agents[task.Status.Task.AgentID]; e.Addresses[0] != want || *slice.Ports[0].Port != task.Status.Task.Ports[0].HostPort {
				t.Fatalf("%s is published at %s:%d", task.Name, e.Addresses[0], *slice.Ports[0].Port)
			}
			condition := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
			runs := condition.Status == "True" && condition.Reason == v1alpha1.ReasonRunning
			out := meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable)
			switch {
			case *e.Conditions.Terminating != (task.DeletionTimestamp != nil):
				t.Fatalf("%s: terminating is %t", task.Name, *e.Conditions.Terminating)
			case *e.Conditions.Terminating && *e.Conditions.Ready, *e.Conditions.Terminating && *e.Conditions.Serving != runs:
				t.Fatalf("%s is being killed and published as ready, or serving as it is not", task.Name)
			case *e.Conditions.Terminating:
				continue
			case !runs && !out:
				t.Fatalf("%s is published and not ready", task.Name)
			case !runs:
				lingering++
			}
			ready[task.Name]++
		}
	}
	for name, times := range ready {
		if times > 1 {
			t.Fatalf("%s is published %d times", name, times)
		}
	}
	if lingering > 0 && 2*(len(ready)-lingering) >= s.Replicas {
		t.Fatalf("%d out of reach are published though %d of %d are left", lingering, len(ready)-lingering, s.Replicas)
	}
	for _, task := range s.Tasks {
		condition := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
		if condition.Status == "True" && condition.ObservedGeneration == task.Generation && task.DeletionTimestamp == nil && ready[task.Name] == 0 {
			t.Fatalf("%s is ready and not published", task.Name)
		}
	}
}
