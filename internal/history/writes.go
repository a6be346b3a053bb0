package history

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Checks of writes to the API, and of what a launch may ask for.

// endsAreFinal is S6: once a status says that an attempt is over, how, why and when it ended does not change. Of an end that the master told by itself the
// reason is told once more, in full: the master knows the state alone, and the agent's update that says why may come after it (Mesos master: reconcile, and reregisterSlave).
func endsAreFinal(v *View) (found []Violation) {
	for _, object := range v.Tasks {
		ends := map[string]*v1alpha1.TaskAttempt{}
		each(object, func(version *Version, record *v1alpha1.TaskAttempt, _ bool) {
			end := ends[record.ID]
			switch {
			case !version.Write.product() && record.FinishTime == nil:
				delete(ends, record.ID) // somebody brought an earlier status back
				return
			case record.FinishTime != nil && (end == nil || !version.Write.product()):
				ends[record.ID] = record
				return
			}
			switch {
			case end == nil:
				return
			case record.FinishTime != nil && record.FinishTime.Equal(end.FinishTime) && record.State == end.State && (record.Reason == end.Reason || toldByMaster(end)):
				ends[record.ID] = record
				return
			}
			found = append(found, violation(version.Number, []string{record.ID}, "task %s was over as %s (%s) at %s, and is said to be %s (%s) at %s",
				record.ID, end.State, end.Reason, stamp(end.FinishTime), record.State, record.Reason, stamp(record.FinishTime)))
		})
	}
	return found
}

// toldByMaster says whether a master told of an end by itself: as it answered, or as the task's agent registered again.
func toldByMaster(end *v1alpha1.TaskAttempt) bool {
	return end.Reason == "REASON_RECONCILIATION" || end.Reason == "REASON_AGENT_REREGISTERED"
}

// each is given every attempt of every version of a MesosTask, and whether it is the current one.
func each(object *Object, look func(version *Version, record *v1alpha1.TaskAttempt, current bool)) {
	for i := range object.Versions {
		version := &object.Versions[i]
		task, ok := version.Object.(*v1alpha1.MesosTask)
		if !ok {
			continue
		}
		if task.Status.Task != nil {
			look(version, task.Status.Task, true)
		}
		for j := range task.Status.History {
			look(version, &task.Status.History[j], false)
		}
	}
}

func stamp(at *metav1.Time) string {
	if at == nil {
		return "no time"
	}
	return at.UTC().Format(time.RFC3339)
}

// neverGoesBack is S7: the life of an attempt goes forward, whatever comes late, twice or out of order.
func neverGoesBack(v *View) (found []Violation) {
	for _, object := range v.Tasks {
		furthest := map[string]string{}
		each(object, func(version *Version, record *v1alpha1.TaskAttempt, _ bool) {
			before, now := furthest[record.ID], record.State
			if progress(now) == 0 {
				return
			}
			if version.Write.product() && progress(now) < progress(before) {
				found = append(found, violation(version.Number, []string{record.ID}, "task %s was %s and is said to be %s", record.ID, before, now))
				return
			}
			furthest[record.ID] = now
		})
	}
	return found
}

// writesItsOwn is S16: the operator writes by JSON Patches that name the UID and what they replace, and nothing but what is its own.
func writesItsOwn(v *View) (found []Violation) {
	for i := range v.Entries {
		write := v.Entries[i].Write
		if write == nil || !write.product() || !ownKinds[write.Resource] {
			continue
		}
		if why := write.oversteps(); why != "" {
			found = append(found, violation(v.Entries[i].Number, nil, "%s %s %s/%s %s", write.Verb, write.Resource, write.Namespace, write.Name, why))
		}
	}
	return found
}

// ownKinds are the resources of the API group that the operator writes.
var ownKinds = map[string]bool{tasksResource: true, frameworksResource: true, setsResource: true, cronsResource: true}

// oversteps says what is wrong with how something was written; empty for nothing.
func (w *Write) oversteps() string {
	switch w.Verb {
	case "create":
		if w.Resource != tasksResource {
			return "makes what is for users to make"
		}
		return ""
	case "delete":
		if w.Preconditions == nil || w.Preconditions.UID == nil {
			return "does not say of which UID"
		}
		return ""
	case "patch":
	default:
		return "is no patch"
	}
	operations := w.operations()
	switch {
	case len(operations) == 0:
		return "is no JSON Patch"
	case !operations.test("/metadata/uid"):
		return "does not test the UID"
	}
	for _, one := range operations {
		if one.Op == "test" {
			continue
		}
		if why := w.overstepsAt(operations, one.Path); why != "" {
			return why + " at " + one.Path
		}
	}
	return ""
}

// overstepsAt says why a path is not to be written so; empty for nothing.
func (w *Write) overstepsAt(operations operations, path string) string {
	switch {
	case w.Subresource == "status":
		switch {
		case !strings.HasPrefix(path, "/status"):
			return "writes more than the status"
		case w.Resource == frameworksResource, operations.test("/status/revision"), operations.test("/metadata/resourceVersion"), path != "/status" && operations.test(path):
			return ""
		default:
			return "does not test which status it replaces"
		}
	case strings.HasPrefix(path, "/status"):
		return "writes the status with the rest"
	case strings.HasPrefix(path, "/spec"), strings.HasPrefix(path, "/metadata/labels"):
		if !w.owned() {
			return "changes what is the user's"
		}
	case strings.HasPrefix(path, "/metadata/annotations"), strings.HasPrefix(path, "/metadata/finalizers"), strings.HasPrefix(path, "/metadata/ownerReferences"):
	default:
		return "changes what nobody asked for"
	}
	parent := path[:strings.LastIndex(path, "/")]
	if strings.HasSuffix(path, "/-") || operations.test(path) || operations.test(parent) || strings.HasPrefix(path, "/spec") && operations.test("/metadata/generation") {
		return ""
	}
	return "does not test what it replaces"
}

// owned says whether a MesosTask that is written belongs to a set or a cron task, which may change its spec.
func (w *Write) owned() bool {
	object := w.Before
	if object == nil {
		object = w.After
	}
	if w.Resource != tasksResource || object == nil {
		return w.Resource == tasksResource
	}
	return metav1.GetControllerOf(object) != nil || object.GetLabels()[v1alpha1.LabelSet] != "" || object.GetLabels()[v1alpha1.LabelCron] != ""
}

// launchesWhatIsAllowed is what can be told from outside of S17: a launch is by a user and for a role that the framework allows. That no object holds up
// others is seen by the liveness checks.
func launchesWhatIsAllowed(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		for _, launch := range attempt.Launches {
			if launch.Call.Who == "" {
				continue
			}
			if why := v.forbidden(attempt, &launch); why != "" {
				found = append(found, violation(launch.Number, []string{attempt.ID}, "task %s is launched %s", attempt.ID, why))
			}
		}
	}
	return found
}

// learnWithin is how long the operator may take to learn that a framework allows less than before.
const learnWithin = 30 * time.Second

// forbidden says what a launch asks for that none of the framework's versions of late allows; empty for nothing.
func (v *View) forbidden(attempt *Attempt, launch *Launch) (why string) {
	id, at := launch.Call.Call.FrameworkID.GetValue(), v.time(launch.Number)
	for _, object := range v.Frameworks {
		for i := len(object.Versions) - 1; i >= 0; i-- {
			version := &object.Versions[i]
			framework, ok := version.Object.(*v1alpha1.MesosFramework)
			if version.Number > launch.Number || !ok || framework.Status.FrameworkID != id {
				continue
			}
			if why = v.forbiddenBy(framework, attempt.Namespace, launch); why == "" {
				return ""
			}
			if at.Sub(v.time(version.Number)) > learnWithin {
				break
			}
		}
	}
	return why
}

func (v *View) forbiddenBy(framework *v1alpha1.MesosFramework, namespace string, launch *Launch) string {
	spec, info := &framework.Spec, launch.Info
	user := info.GetCommand().GetUser()
	if info.Executor != nil {
		user = info.Executor.GetCommand().GetUser()
	}
	if user != "" && user != spec.Info.User && !slices.Contains(spec.AllowedUsers, user) && (user == "root" || !slices.Contains(spec.AllowedUsers, "*")) {
		return "as user " + user
	}
	for i := range info.Resources {
		role := info.Resources[i].AllocationInfo.GetRole()
		if role == "" || role == "*" {
			continue
		}
		allowed := slices.Contains(spec.Info.Roles, role)
		if len(spec.AllowedRoles) > 0 {
			allowed = slices.ContainsFunc(spec.AllowedRoles, func(r v1alpha1.AllowedRole) bool {
				return r.Role == role && v.selects(&r.Namespaces, namespace, launch.Number)
			})
		}
		if !allowed && !slices.Contains(framework.Status.Roles, role) {
			return "for role " + role
		}
	}
	return ""
}

// selects says whether a namespace is among those that something is open to, as far as its labels are known.
func (v *View) selects(namespaces *v1alpha1.AllowedNamespaces, name string, number int) bool {
	if namespaces.Selector == nil {
		return true
	}
	selector, err := metav1.LabelSelectorAsSelector(namespaces.Selector)
	if err != nil {
		return false
	}
	known := labels.Set{corev1.LabelMetadataName: name}
	version := v.livingAt(objectKey{"namespaces", "", name}, number)
	if version != nil {
		known = version.Object.GetLabels()
	}
	requirements, _ := selector.Requirements()
	return selector.Matches(known) || version == nil && slices.ContainsFunc(requirements, func(r labels.Requirement) bool { return r.Key() != corev1.LabelMetadataName })
}

// writesOnlyChanges is what can be told from outside of S18: whatever the operator writes changes something, so that it writes no more than there is to
// tell, however often that is told. Its heap and its goroutines are measured where a week of churn is run.
func writesOnlyChanges(v *View) (found []Violation) {
	for _, object := range v.Objects {
		for i := range object.Versions {
			version := &object.Versions[i]
			if version.Write.product() && ownFacts[object.resource] && version.Last != nil && version.Object != nil && changesNothing(version.Last, version.Object) {
				found = append(found, violation(version.Number, []string{object.name}, "%s %s/%s is written, and nothing of it changes", object.resource, object.namespace, object.name))
			}
		}
	}
	return found
}

// ownFacts are the resources by which the operator tells something. Leases and Events are written by what it is built on.
var ownFacts = map[string]bool{
	tasksResource: true, frameworksResource: true, setsResource: true, cronsResource: true, "controllerrevisions": true, "services": true, "endpointslices": true,
}

// changesNothing says whether two versions of an object say the same.
func changesNothing(before, after client.Object) bool {
	if before.GetResourceVersion() == after.GetResourceVersion() {
		return true
	}
	was, is := statusOf(before), statusOf(after)
	return was != nil && before.GetGeneration() == after.GetGeneration() && equality.Semantic.DeepEqual(was, is) && sameMetadata(before, after)
}

// statusOf is what the status of an object of the API group says, nil for other objects. A counter of writes says nothing.
func statusOf(object client.Object) any {
	switch object := object.(type) {
	case *v1alpha1.MesosTask:
		status := object.Status
		status.Revision = 0
		return status
	case *v1alpha1.MesosCronTask:
		status := object.Status
		status.Revision = 0
		return status
	case *v1alpha1.MesosTaskSet:
		return object.Status
	case *v1alpha1.MesosFramework:
		return object.Status
	default:
		return nil
	}
}

// sameMetadata says whether two versions of an object differ in nothing that somebody may set of their metadata.
func sameMetadata(before, after client.Object) bool {
	return before.GetDeletionTimestamp().IsZero() == after.GetDeletionTimestamp().IsZero() &&
		equality.Semantic.DeepEqual(before.GetAnnotations(), after.GetAnnotations()) && equality.Semantic.DeepEqual(before.GetLabels(), after.GetLabels()) &&
		equality.Semantic.DeepEqual(before.GetFinalizers(), after.GetFinalizers()) && equality.Semantic.DeepEqual(before.GetOwnerReferences(), after.GetOwnerReferences())
}

// shortestSecret is how long a value of a Secret must be to be told from other text.
const shortestSecret = 8

// principalKey is the key of a framework's credentials that is a name, and no secret.
const principalKey = "principal"

// waysToWrite are the forms in which a value would stand in what is written: as it is, in a string of JSON, which escapes line breaks, quotes and perhaps
// what HTML knows, and as a Secret itself is written.
func waysToWrite(value []byte) []string {
	ways := []string{string(value), base64.StdEncoding.EncodeToString(value)}
	for _, html := range []bool{false, true} {
		written := &strings.Builder{}
		encoder := json.NewEncoder(written)
		encoder.SetEscapeHTML(html)
		_ = encoder.Encode(string(value)) //nolint:errchkjson // Encoding strings cannot fail.
		ways = append(ways, strings.TrimSuffix(strings.TrimPrefix(written.String(), `"`), "\"\n"))
	}
	return ways
}

// tellsNoSecret is what can be told from outside of S19: no value of a Secret stands in anything that the operator writes to the API. Its log and its
// metrics are read where Secrets are tested.
func tellsNoSecret(v *View) (found []Violation) {
	secrets := map[string]string{}
	for _, object := range v.Objects {
		for i := range object.Versions {
			secret, ok := object.Versions[i].Write.After.(*corev1.Secret)
			if !ok {
				continue
			}
			for key, value := range secret.Data {
				if len(value) < shortestSecret || key == principalKey {
					continue
				}
				for _, written := range waysToWrite(value) {
					secrets[written] = secret.Name + ", " + key
				}
			}
		}
	}
	if len(secrets) == 0 {
		return nil
	}
	for i := range v.Entries {
		write := v.Entries[i].Write
		if write == nil || !write.product() || write.Resource == "secrets" {
			continue
		}
		for value, name := range secrets {
			if bytes.Contains(write.Body, []byte(value)) {
				found = append(found, violation(v.Entries[i].Number, nil, "%s %s/%s is written with the value of Secret %s", write.Resource, write.Namespace, write.Name, name))
			}
		}
	}
	return found
}
