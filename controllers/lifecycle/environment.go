package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// hashedEnvFrom is what the hash has of a variable, or of many, whose value comes from elsewhere: where it comes from, and never the value. It is
// frozen; what it gets besides is omitted where it is zero.
type hashedEnvFrom struct {
	// Name is the variable's, or the prefix of those that have a whole source.
	Name     string     `json:"name,omitempty"`
	Kind     SourceKind `json:"kind,omitempty"`
	Source   string     `json:"source,omitempty"`
	Key      string     `json:"key,omitempty"`
	Field    string     `json:"field,omitempty"`
	Optional bool       `json:"optional,omitempty"`
}

// hashedEnvFromOf is what the hash has of a spec's references: those of env by name, as their order says nothing, then envFrom in its order.
func hashedEnvFromOf(spec *v1alpha1.MesosTaskSpec) []hashedEnvFrom {
	var all []hashedEnvFrom
	for _, variable := range spec.Env {
		switch from := variable.ValueFrom; {
		case from == nil:
		case from.FieldRef != nil:
			all = append(all, hashedEnvFrom{Name: variable.Name, Field: from.FieldRef.FieldPath})
		default:
			source, reference := keySourceOf(from)
			all = append(all, hashedEnvFrom{Name: variable.Name, Kind: source.Kind, Source: source.Name, Key: reference.Key, Optional: reference.Optional})
		}
	}
	slices.SortFunc(all, func(a, b hashedEnvFrom) int { return strings.Compare(a.Name, b.Name) })
	for _, from := range spec.EnvFrom {
		source, optional := wholeOf(from)
		all = append(all, hashedEnvFrom{Name: from.Prefix, Kind: source.Kind, Source: source.Name, Optional: optional})
	}
	return all
}

// keySourceOf is the source that a variable names, and how; of a variable that names none, nothing.
func keySourceOf(from *v1alpha1.EnvVarSource) (Source, v1alpha1.KeyReference) {
	switch {
	case from == nil:
		return Source{}, v1alpha1.KeyReference{}
	case from.SecretKeyRef != nil:
		return Source{Kind: KindSecret, Name: from.SecretKeyRef.Name}, *from.SecretKeyRef
	case from.ConfigMapKeyRef != nil:
		return Source{Kind: KindConfigMap, Name: from.ConfigMapKeyRef.Name}, *from.ConfigMapKeyRef
	default:
		return Source{}, v1alpha1.KeyReference{}
	}
}

// wholeOf is the source of which every key becomes a variable, and whether it may be missing.
func wholeOf(from v1alpha1.EnvFromSource) (source Source, optional bool) {
	switch {
	case from.SecretRef != nil:
		return Source{Kind: KindSecret, Name: from.SecretRef.Name}, from.SecretRef.Optional
	case from.ConfigMapRef != nil:
		return Source{Kind: KindConfigMap, Name: from.ConfigMapRef.Name}, from.ConfigMapRef.Optional
	default:
		return Source{}, true
	}
}

// environmentSources are the sources that a spec's environment names.
func environmentSources(spec *v1alpha1.MesosTaskSpec) []Source {
	var sources []Source
	for _, from := range spec.EnvFrom {
		source, _ := wholeOf(from)
		sources = append(sources, source)
	}
	for _, variable := range spec.Env {
		source, _ := keySourceOf(variable.ValueFrom)
		sources = append(sources, source)
	}
	return sources
}

// fillEnvironment puts the variables into a task whose values come from elsewhere. Of several with one name env wins, and of envFrom the last.
func fillEnvironment(task *mesos.Task, object *v1alpha1.MesosTask, found map[Source]Content) *Obstacle {
	values := map[string]string{}
	for i, from := range object.Spec.EnvFrom {
		if obstacle := fillWhole(values, object.Namespace, fmt.Sprintf("spec.envFrom[%d]", i), from, found); obstacle != nil {
			return obstacle
		}
	}
	task.Env, task.IDVariables = nil, nil
	for _, variable := range object.Spec.Env {
		value, given, obstacle := valueOf(&variable, object, found)
		switch {
		case obstacle != nil:
			return obstacle
		case !given:
			continue
		case isTaskID(variable.ValueFrom):
			task.IDVariables = append(task.IDVariables, variable.Name)
		default:
			task.Env = append(task.Env, mesos.EnvVar{Name: variable.Name, Value: value})
		}
		delete(values, variable.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		task.Env = append(task.Env, mesos.EnvVar{Name: name, Value: values[name]})
	}
	return nil
}

// fillWhole makes every key of a source a variable.
func fillWhole(values map[string]string, namespace, field string, from v1alpha1.EnvFromSource, found map[Source]Content) *Obstacle {
	source, optional := wholeOf(from)
	use := use{namespace: namespace, source: source, field: field, optional: optional}
	data, obstacle := use.read(found)
	if obstacle != nil {
		return obstacle
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		name := from.Prefix + key
		if v1alpha1.ReadByExecutor(name) {
			return use.invalid(fmt.Sprintf("its key %s would be variable %s, which Mesos' executor reads itself and would not start by. Take it out, or give %s another prefix", key, name, field))
		}
		value, obstacle := use.variable(key, data[key])
		if obstacle != nil {
			return obstacle
		}
		values[name] = value
	}
	return nil
}

// The fields that a variable can take its value from; labels stand between labelsBefore and labelsAfter.
const (
	fieldName, fieldNamespace, fieldTaskID = "metadata.name", "metadata.namespace", "status.taskID"
	labelsBefore, labelsAfter              = "metadata.labels['", "']"
)

// isTaskID says whether a variable is the task ID, which the launch decides.
func isTaskID(from *v1alpha1.EnvVarSource) bool {
	return from != nil && from.FieldRef != nil && from.FieldRef.FieldPath == fieldTaskID
}

// valueOf is the value of a variable of env, and whether it is given one.
func valueOf(variable *v1alpha1.EnvVar, object *v1alpha1.MesosTask, found map[Source]Content) (value string, given bool, obstacle *Obstacle) {
	from := variable.ValueFrom
	switch {
	case from == nil:
		return variable.Value, true, nil
	case from.FieldRef != nil:
		value, obstacle := fieldOf(object, variable.Name, from.FieldRef.FieldPath)
		return value, obstacle == nil, obstacle
	}
	source, reference := keySourceOf(from)
	use := use{namespace: object.Namespace, source: source, key: reference.Key, field: "spec.env[" + variable.Name + "].valueFrom", optional: reference.Optional}
	content, given, obstacle := use.value(found)
	if obstacle != nil || !given {
		return "", false, obstacle
	}
	value, obstacle = use.variable(reference.Key, content)
	return value, obstacle == nil, obstacle
}

// fieldOf is the value of a field of the object; of the task ID, which is not known yet, empty.
func fieldOf(object *v1alpha1.MesosTask, variable, path string) (string, *Obstacle) {
	key, isLabel := strings.CutPrefix(path, labelsBefore)
	switch {
	case path == fieldName:
		return object.Name, nil
	case path == fieldNamespace:
		return object.Namespace, nil
	case path == fieldTaskID:
		return "", nil
	case isLabel && strings.HasSuffix(key, labelsAfter):
		return object.Labels[strings.TrimSuffix(key, labelsAfter)], nil
	default:
		return "", &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: fmt.Sprintf(
			"spec.env[%s].valueFrom.fieldRef names %q, which this operator does not know: write metadata.name, metadata.namespace, metadata.labels['KEY'] or status.taskID", variable, path)}
	}
}

// variable is what a key holds as the value of a variable: Mesos takes text, and a process none with a NUL in it.
func (u use) variable(key string, content mesos.Hidden) (string, *Obstacle) {
	value := string(content)
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "", u.invalid(fmt.Sprintf("what its key %s holds is no text (UTF-8 without NULs), which a variable must be. Encode it, as in base64", key))
	}
	return value, nil
}
