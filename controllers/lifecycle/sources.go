package lifecycle

import (
	"fmt"
	"slices"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// SourceKind is a kind of object that a launch takes values from.
type SourceKind string

// The kinds of sources.
const (
	KindSecret    SourceKind = "Secret"
	KindConfigMap SourceKind = "ConfigMap"
)

// Source is a Secret or ConfigMap, in the namespace of the task that names it.
type Source struct {
	Kind SourceKind
	Name string
}

// Content is what a live read said of a source.
type Content struct {
	// Data is what its keys hold, where it was read.
	Data map[string]mesos.Hidden
	// Lack is why it was not; empty where it was.
	Lack Lack
	// Detail is what the API server said of that, or of why it said nothing.
	Detail string
}

// Lack is why a source could not be read.
type Lack string

// The reasons why a source could not be read.
const (
	// LackMissing is that it does not exist.
	LackMissing Lack = "Missing"
	// LackForbidden is that the operator may not read it.
	LackForbidden Lack = "Forbidden"
	// LackUnread is that the API server did not answer.
	LackUnread Lack = "Unread"
)

// Sources are the Secrets and ConfigMaps that a launch of a spec needs, each once.
func Sources(spec *v1alpha1.MesosTaskSpec) []Source {
	var sources []Source
	for _, source := range slices.Concat(environmentSources(spec), containerSources(spec.Container)) {
		if source.Name != "" && !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	return sources
}

// Fill puts into a resolved task what its object takes from elsewhere: of its sources, all of which have been read, and of the object itself. It comes
// last before a launch, as nothing of it is declared: it is in no hash, and a change of it restarts nothing. The obstacle that it may find ends once
// the sources say otherwise.
func Fill(task mesos.Task, object *v1alpha1.MesosTask, found map[Source]Content) (mesos.Task, *Obstacle) {
	if obstacle := fillEnvironment(&task, object, found); obstacle != nil {
		return task, obstacle
	}
	if obstacle := fillContainer(&task, object.Namespace, found); obstacle != nil {
		return task, obstacle
	}
	obstacle := tooLong(&task)
	if obstacle != nil {
		obstacle.Reads = len(found) > 0
	}
	return task, obstacle
}

// use is one use of a source: which it is, and what for.
type use struct {
	namespace string
	source    Source
	// key is the one that is taken; empty for all.
	key string
	// field is the one that names the source, as it is told.
	field string
	// optional says that nothing is taken where there is nothing.
	optional bool
}

// value is what the key holds, and whether it holds anything; or why the task must wait for it.
func (u use) value(found map[Source]Content) (value mesos.Hidden, given bool, obstacle *Obstacle) {
	data, obstacle := u.read(found)
	if obstacle != nil {
		return "", false, obstacle
	}
	value, given = data[u.key]
	if given || u.optional {
		return value, given, nil
	}
	return "", false, u.obstacle(u.notFound(), fmt.Sprintf("has no key %s, which %s names: add it, and the task is launched", u.key, u.field), false)
}

// read is what the source holds, none where it may be missing and is; or why the task must wait for it.
func (u use) read(found map[Source]Content) (map[string]mesos.Hidden, *Obstacle) {
	content, read := found[u.source]
	switch {
	case !read:
		return nil, u.obstacle(v1alpha1.ReasonReferenceUnread, "has not been read yet", false)
	case content.Lack == "":
		return content.Data, nil
	case content.Lack == LackMissing && u.optional:
		return nil, nil
	case content.Lack == LackMissing:
		with := ""
		if u.key != "" {
			with = " with key " + u.key
		}
		return nil, u.obstacle(u.notFound(), fmt.Sprintf("does not exist, and %s names it: create it%s, and the task is launched", u.field, with), false)
	case content.Lack == LackForbidden:
		return nil, u.obstacle(v1alpha1.ReasonSecretsNotAllowed, fmt.Sprintf(
			"may not be read by the operator, and %s names it. Ask whoever installed the operator to let it read the Secrets and ConfigMaps of tasks "+
				"(value rbac.taskSecrets of the Helm chart, component task-secrets of Kustomize), or take the value from elsewhere", u.field), true)
	default:
		return nil, u.obstacle(v1alpha1.ReasonReferenceUnread, fmt.Sprintf(
			"could not be read from the API server, and %s names it; it is tried again: %s", u.field, content.Detail), false)
	}
}

// notFound is the reason that stands for a source, or a key of it, that is not there.
func (u use) notFound() string {
	if u.source.Kind == KindConfigMap {
		return v1alpha1.ReasonConfigMapNotFound
	}
	return v1alpha1.ReasonSecretNotFound
}

// invalid says that what the source holds cannot be used, and why. What it holds is never told.
func (u use) invalid(why string) *Obstacle {
	reason := v1alpha1.ReasonSecretInvalid
	if u.source.Kind == KindConfigMap {
		reason = v1alpha1.ReasonConfigMapInvalid
	}
	return u.obstacle(reason, fmt.Sprintf("cannot be used as %s asks: %s", u.field, why), true)
}

// obstacle says something of the source.
func (u use) obstacle(reason, says string, stalled bool) *Obstacle {
	return &Obstacle{Reason: reason, Stalled: stalled, Reads: true, Message: fmt.Sprintf("%s %s/%s %s", u.source.Kind, u.namespace, u.source.Name, says)}
}

// lacks says whether what the spec takes from elsewhere is not there, or cannot be used.
func (s *scene) lacks() bool { return s.Obstacle != nil && s.Obstacle.Reads }

// relaunches says whether the current attempt is to be ended for one that follows it at once.
func (s *scene) relaunches() bool { return !s.asDeclared() || s.restartRequested() }

// readAhead has what the spec takes from elsewhere read before an attempt is ended for the next one, and again while it is not there.
func (s *scene) readAhead() {
	if (s.Unread || s.lacks()) && s.current() && !s.paused() && !s.Deleting && !s.otherFramework() && s.attempt.KillReason == "" && s.relaunches() {
		s.step(StepRead)
	}
}
