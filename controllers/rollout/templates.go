package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// kept are the fields of a MesosTask's spec, by their JSON names, that say how it is kept and where it goes: a change of them restarts nothing, and makes
// no revision. A field that is not here restarts.
var kept = []string{
	"frameworkRef", "restartPolicy", "backoff", "maxRestarts", "launchTimeoutSeconds", "avoidFailedAgents", "deletionPolicy", "unreachable",
	"activeDeadlineSeconds", "ttlSecondsAfterFinished", "suspend", "placement",
}

// defaults are what the CRD fills in of the rest, by path. What is as the default is as what is left out, so that a default that comes with a
// release makes no revision.
var defaults = map[string]any{
	"discovery.visibility":           "Framework",
	"healthCheck.delaySeconds":       0.,
	"healthCheck.gracePeriodSeconds": 10.,
	"healthCheck.intervalSeconds":    10.,
	"healthCheck.timeoutSeconds":     20.,
	"healthCheck.failureThreshold":   3.,
	"healthCheck.http.path":          "/",
	"healthCheck.http.scheme":        "HTTP",
	"readinessCheck.delaySeconds":    0.,
	"readinessCheck.intervalSeconds": 10.,
	"readinessCheck.timeoutSeconds":  20.,
	"readinessCheck.http.path":       "/",
}

// fieldsOf are the fields of a value by their JSON names.
func fieldsOf(value any) map[string]any {
	fields := map[string]any{}
	if encoded, err := json.Marshal(value); err == nil {
		_ = json.Unmarshal(encoded, &fields)
	}
	return fields
}

// restarting is the part of a spec whose change restarts a task, in one way of writing it.
func restarting(spec *v1alpha1.MesosTaskSpec) map[string]any {
	fields := fieldsOf(spec)
	for _, name := range kept {
		delete(fields, name)
	}
	if container, ok := fields["container"].(map[string]any); ok {
		delete(container, "pullPolicy")
	}
	roles := slices.Clone(spec.Roles)
	if spec.Role != "" {
		roles = append(roles, spec.Role)
	}
	slices.Sort(roles)
	delete(fields, "role")
	if delete(fields, "roles"); len(roles) > 0 {
		fields["roles"] = strings.Join(roles, ",")
	}
	if env, ok := fields["env"].([]any); ok {
		slices.SortFunc(env, func(a, b any) int { return strings.Compare(nameOf(a), nameOf(b)) })
	}
	for path, value := range defaults {
		drop(fields, strings.Split(path, "."), value)
	}
	return fields
}

// nameOf is the name of an element of a list.
func nameOf(element any) string {
	fields, _ := element.(map[string]any)
	name, _ := fields["name"].(string)
	return name
}

// drop takes a field away that has a value.
func drop(fields map[string]any, path []string, value any) {
	if len(path) > 1 {
		if inner, ok := fields[path[0]].(map[string]any); ok {
			drop(inner, path[1:], value)
		}
		return
	}
	if fields[path[0]] == value {
		delete(fields, path[0])
	}
}

// restartsNothing says whether a task of one spec may be given the other and runs on.
func restartsNothing(a, b *v1alpha1.MesosTaskSpec) bool {
	return reflect.DeepEqual(a, b) || reflect.DeepEqual(restarting(a), restarting(b))
}

// isAsWanted says whether a task's spec is as that of its revision is wanted, in what restarts it.
func (s *scene) isAsWanted(revision string, spec *v1alpha1.MesosTaskSpec, wanted *v1alpha1.MesosTaskSetTemplate) bool {
	same := *spec
	// What is changed in all at once restarts nothing.
	same.Suspend, same.Placement, same.MaxRestarts = wanted.Spec.Suspend, wanted.Spec.Placement, wanted.Spec.MaxRestarts
	if reflect.DeepEqual(same, wanted.Spec) {
		return true
	}
	return reflect.DeepEqual(restarting(spec), s.print(revision, wanted))
}

// print is what of a revision's template restarts a task.
func (s *scene) print(revision string, wanted *v1alpha1.MesosTaskSetTemplate) map[string]any {
	if known, ok := s.prints[revision]; ok {
		return known
	}
	if s.prints == nil {
		s.prints = map[string]map[string]any{}
	}
	s.prints[revision] = restarting(&wanted.Spec)
	return s.prints[revision]
}

// fingerprint stands for the part of a spec whose change restarts a task, in the MesosTask of a name: a copy under another name does not bear it.
func fingerprint(name string, restarting map[string]any) string {
	encoded, _ := json.Marshal(restarting) //nolint:errchkjson // What was read from JSON can be written as such.
	sum := sha256.Sum256(append([]byte(name+"\n"), encoded...))
	return hex.EncodeToString(sum[:8])
}

// wanted is the template for tasks of a revision as things are: that revision's, with what restarts nothing as the set's template has it now. Nil
// where the revision is not known.
func (s *scene) wanted(revision string) *v1alpha1.MesosTaskSetTemplate {
	if known, ok := s.templates[revision]; ok {
		return known
	}
	if s.templates == nil {
		s.templates = map[string]*v1alpha1.MesosTaskSetTemplate{}
	}
	s.templates[revision] = s.overlay(s.revision(revision))
	return s.templates[revision]
}

// overlay puts what restarts nothing, as it is now, over the template of a revision; nil of none.
func (s *scene) overlay(of *Revision) *v1alpha1.MesosTaskSetTemplate {
	if of == nil {
		return nil
	}
	wanted := s.spec.Template.DeepCopy()
	wanted.Spec.Suspend = s.spec.Suspend
	s.place(wanted)
	if of == s.update {
		return wanted
	}
	placement := wanted.Spec.Placement
	wanted.Spec.TaskTemplate = *of.Template.Spec.TaskTemplate.DeepCopy()
	wanted.Spec.Placement = placement
	now := &s.spec.Template.Spec
	if wanted.Spec.Container != nil && now.Container != nil {
		wanted.Spec.Container.PullPolicy = now.Container.PullPolicy
	}
	return wanted
}
