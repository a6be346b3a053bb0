package lifecycle

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Bounds of what a binding may hold. They are the API's: a status made of more could never be written.
const (
	maxAnnotation = 64 << 10
	maxName       = 255
	maxHash       = 64
	maxRole       = 253
	maxUser       = 64
	maxPorts      = 64
	maxPort       = 65535
	maxGrace      = 86400
	// MaxDomains is how many domains of its agent are recorded of an attempt.
	MaxDomains = 16
	// MaxDomain is how many characters the value of one may have.
	MaxDomain = 255
)

// ParseBinding reads the binding annotation of the object with this namespace and name. A binding that belongs to another object,
// as in a copied manifest, is refused, and so is one that holds more than a status can.
func ParseBinding(annotation, namespace, name string) (*v1alpha1.Binding, error) {
	if len(annotation) > maxAnnotation {
		return nil, fmt.Errorf("reading annotation %s: it has %d bytes, at most %d are read", v1alpha1.AnnotationBinding, len(annotation), maxAnnotation)
	}
	binding := &v1alpha1.Binding{}
	if err := json.Unmarshal([]byte(annotation), binding); err != nil {
		return nil, fmt.Errorf("reading annotation %s: %w", v1alpha1.AnnotationBinding, err)
	}
	id, err := ParseTaskID(binding.TaskID)
	if err != nil {
		return nil, fmt.Errorf("reading annotation %s: %w", v1alpha1.AnnotationBinding, err)
	}
	if id.Namespace != namespace || id.Name != name {
		return nil, fmt.Errorf("annotation %s belongs to MesosTask %s/%s", v1alpha1.AnnotationBinding, id.Namespace, id.Name)
	}
	if err := checkBounds(binding, id); err != nil {
		return nil, fmt.Errorf("reading annotation %s: %w", v1alpha1.AnnotationBinding, err)
	}
	if _, err := ParseOwnTaskID(binding.TaskID); err != nil {
		return nil, fmt.Errorf("reading annotation %s: %w", v1alpha1.AnnotationBinding, err)
	}
	return binding, nil
}

// checkBounds refuses a binding that holds more than a status can.
func checkBounds(binding *v1alpha1.Binding, id TaskID) error {
	for _, field := range []struct {
		name, value string
		longest     int
	}{
		{"taskID", binding.TaskID, maxName},
		{"agentID", binding.AgentID, maxName},
		{"hostname", binding.Hostname, maxName},
		{"frameworkID", binding.FrameworkID, maxName},
		{"role", binding.Role, maxRole},
		{"user", binding.User, maxUser},
		{"the hash in taskID", id.Hash, maxHash},
	} {
		if len(field.value) > field.longest {
			return fmt.Errorf("%s has %d characters, at most %d are allowed", field.name, len(field.value), field.longest)
		}
	}
	if len(binding.Domains) > MaxDomains {
		return fmt.Errorf("domains has %d entries, at most %d are allowed", len(binding.Domains), MaxDomains)
	}
	if len(binding.HostPorts) > maxPorts {
		return fmt.Errorf("hostPorts has %d entries, at most %d are allowed", len(binding.HostPorts), maxPorts)
	}
	if slices.ContainsFunc(binding.HostPorts, func(port int32) bool { return port < 1 || port > maxPort }) {
		return fmt.Errorf("hostPorts must be from 1 to %d", maxPort)
	}
	if grace := binding.KillGracePeriodSeconds; grace != nil && (*grace < 0 || *grace > maxGrace) {
		return fmt.Errorf("killGracePeriodSeconds must be from 0 to %d", maxGrace)
	}
	if binding.Attempt < 0 || binding.Attempt > maxAttempts {
		return errors.New("attempt is out of bounds")
	}
	return nil
}

// Open returns the attempt of record that is not known to be over: its task ID and the agent where it was last seen, or whether there
// is none. Status wins over the binding while it names an attempt that is not over.
func Open(status v1alpha1.MesosTaskStatus, binding *v1alpha1.Binding) (taskID, agentID string, open bool) {
	switch task := status.Task; {
	case task != nil && !over(task):
		return task.ID, task.AgentID, true
	case !next(&status, binding):
		return "", "", false
	default:
		return binding.TaskID, binding.AgentID, true
	}
}

// next says whether the binding is of an attempt that the status does not know yet.
func next(status *v1alpha1.MesosTaskStatus, binding *v1alpha1.Binding) bool {
	return binding != nil && !named(status, binding.TaskID) && !stale(status, binding)
}

// stale says whether the binding is an old one that somebody brought back: the status does not know its attempt any more, and has counted
// further. A binding without a number is believed.
func stale(status *v1alpha1.MesosTaskStatus, binding *v1alpha1.Binding) bool {
	return binding != nil && binding.Attempt > 0 && binding.Attempt <= status.Attempts && !named(status, binding.TaskID)
}

// OpenAttempt is an attempt that is not known to be over.
type OpenAttempt struct {
	TaskID string
	// AgentID is the agent where it was last seen.
	AgentID string
	// FrameworkID is the framework ID that it was launched under; empty where nothing says so.
	FrameworkID string
}

// OpenAttempts returns all attempts that are not known to be over: the attempt of record, if it is not, and those that were left behind.
func OpenAttempts(status v1alpha1.MesosTaskStatus, binding *v1alpha1.Binding) []OpenAttempt {
	var open []OpenAttempt
	if taskID, agentID, ok := Open(status, binding); ok {
		record := OpenAttempt{TaskID: taskID, AgentID: agentID}
		if task := status.Task; task != nil && task.ID == taskID {
			record.FrameworkID = task.FrameworkID
		} else {
			record.FrameworkID = binding.FrameworkID
		}
		open = append(open, record)
	}
	for i := range status.History {
		if earlier := &status.History[i]; !over(earlier) {
			open = append(open, OpenAttempt{TaskID: earlier.ID, AgentID: earlier.AgentID, FrameworkID: earlier.FrameworkID})
		}
	}
	return open
}

// maxAttempts is the largest number that an attempt can have. It is out of reach by counting; a binding that carries it was forged.
const maxAttempts = 1 << 53

// NextAttempt is the number that the next binding carries; zero, for none, where the numbers are used up.
func NextAttempt(status v1alpha1.MesosTaskStatus, binding *v1alpha1.Binding) int64 {
	latest := status.Attempts
	if binding != nil {
		latest = max(latest, binding.Attempt)
	}
	if latest >= maxAttempts {
		return 0
	}
	return latest + 1
}

// mend gives back what somebody took away of an attempt that is not over, or of a task that is: by kubectl replace, say, or by a manifest that was
// exported earlier and is applied again. A deleted object can get no finalizer.
func (s *scene) mend() {
	switch {
	case s.Deleting:
	case s.current() && (s.Binding == nil || s.Binding.TaskID != s.attempt.ID):
		s.decision.Restore = s.restored()
		s.step(StepRestore)
	case s.Finalized && s.withPorts() != nil:
		s.decision.Restore = s.withPorts()
		s.step(StepKeepPorts)
	case !s.Finalized && (s.current() || s.hasLeft() || len(s.Others) > 0 && s.decision.Adopt == nil):
		// The binding may be of the object's life before a restore, which its UID tells: it must stay as it is. What else lives under the
		// object's identity keeps it too, or nobody would go on killing that.
		s.step(StepFinalize)
	case s.forgetsRequests():
		s.decision.Restore = s.restored()
		s.step(StepRestore)
	}
}

// forgetsRequests says whether a task that has come to its end lost its binding, or has an earlier one in its place: which restart request was satisfied
// stands there alone, and no other would be heeded without it. What is launched anyway has a new one then.
func (s *scene) forgetsRequests() bool {
	if !s.final() || len(s.Others) > 0 {
		return false
	}
	status := &s.decision.Status
	isLatest := s.Binding != nil && (s.Binding.TaskID == s.attempt.ID || status.Task != nil && s.Binding.TaskID == status.Task.ID)
	return s.Binding == nil || named(status, s.Binding.TaskID) && !isLatest
}

// restored is the latest attempt's binding anew. The status names the attempt, and a restore of the object would have wiped it: so this
// object ran it.
//
// Which restart request the attempt satisfied went with the binding. The present one counts as satisfied, as a lost annotation must never
// restart a task by itself, unless the attempt is being killed for it; a request that came with the loss has to be repeated.
func (s *scene) restored() *v1alpha1.Binding {
	binding := &v1alpha1.Binding{
		TaskID: s.attempt.ID, AgentID: s.attempt.AgentID, Hostname: s.attempt.Hostname, FrameworkID: s.attempt.FrameworkID, UID: s.UID,
		RestartedAt: s.RestartRequest, Attempt: s.decision.Status.Attempts, Role: s.attempt.Role,
		KillGracePeriodSeconds: s.attempt.KillGracePeriodSeconds, Domains: s.attempt.Domains,
	}
	binding.HostPorts = singlePorts(s.attempt)
	switch {
	case s.attempt.KillReason == v1alpha1.KillRestartRequested:
		binding.RestartedAt = ""
	case s.RestartRequest == "" && s.Binding != nil:
		binding.RestartedAt = s.Binding.RestartedAt
	}
	return binding
}

// bindingAhead says whether an attempt ended just now and the binding is of yet another, which may live: it is taken up once the end is
// recorded.
func (s *scene) bindingAhead() bool {
	return (s.ended || s.left) && next(&s.decision.Status, s.Binding)
}

// named says whether the status knows an attempt, as the current or an earlier one.
func named(status *v1alpha1.MesosTaskStatus, taskID string) bool {
	return status.Task != nil && status.Task.ID == taskID ||
		slices.ContainsFunc(status.History, func(earlier v1alpha1.TaskAttempt) bool { return earlier.ID == taskID })
}
