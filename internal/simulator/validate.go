package simulator

import (
	"fmt"
	"math"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// validateID follows src/common/validation.cpp.
func validateID(id string) string {
	switch {
	case id == "":
		return "ID must not be empty"
	case len(id) > 255:
		return "ID must not be greater than 255 characters"
	case id == "." || id == "..":
		return fmt.Sprintf("'%s' is disallowed", id)
	case strings.ContainsFunc(id, func(c rune) bool { return c < 0x20 || c == 0x7f || c == '/' || c == '\\' }):
		return fmt.Sprintf("'%s' contains invalid characters", id)
	}
	return ""
}

// taskRule is one of the master's checks of a task, in its order; the first text refuses the task.
type taskRule func(a *acceptance, info *mesos.TaskInfo) string

// taskRules follow validation.cpp, task::validate and task::internal::validateTask.
var taskRules = []taskRule{
	func(_ *acceptance, info *mesos.TaskInfo) string { return validateID(info.TaskID.Value) },
	(*acceptance).validateUnique,
	(*acceptance).validateAgent,
	validateKillPolicy,
	validateMaxCompletionTime,
	validateCheck,
	validateHealthCheck,
	validateResources,
	validateCommand,
	validateLimits,
}

// validate checks a task by itself. Of a task group's tasks none has an executor, but all a command.
func (a *acceptance) validate(info *mesos.TaskInfo, alone bool) string {
	for _, rule := range taskRules {
		if why := rule(a, info); why != "" {
			return why
		}
	}
	if alone && (info.Command != nil) == (info.Executor != nil) {
		return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
	}
	return ""
}

func (a *acceptance) validateUnique(info *mesos.TaskInfo) string {
	id := info.TaskID.Value
	if a.framework.tasks[id] != nil {
		return "Task has duplicate ID: " + id
	}
	if a.framework.unreachable.ids.has[id] {
		return "Task reuses the ID of an unreachable task: " + id
	}
	return ""
}

func (a *acceptance) validateAgent(info *mesos.TaskInfo) string {
	if info.AgentID.Value != a.slave.id {
		return fmt.Sprintf("Task uses invalid agent %s while agent %s is expected", info.AgentID.Value, a.slave.id)
	}
	return ""
}

func validateKillPolicy(_ *acceptance, info *mesos.TaskInfo) string {
	if p := info.KillPolicy; p != nil && p.GracePeriod != nil && p.GracePeriod.Nanoseconds < 0 {
		return "Task's 'kill_policy.grace_period' must be non-negative"
	}
	return ""
}

func validateMaxCompletionTime(_ *acceptance, info *mesos.TaskInfo) string {
	if d := info.MaxCompletionTime; d != nil && d.Nanoseconds < 0 {
		return "Task's `max_completion_time` must be non-negative"
	}
	return ""
}

func validateCheck(_ *acceptance, info *mesos.TaskInfo) string {
	c := info.Check
	if c == nil {
		return ""
	}
	why := ""
	switch c.Type {
	case mesos.CheckInfo_UNKNOWN:
		why = "'UNKNOWN' is not a valid check type"
	case mesos.CheckInfo_COMMAND:
		if c.Command == nil {
			why = "Expecting 'command' to be set for COMMAND check"
		}
	case mesos.CheckInfo_HTTP:
		if c.HTTP == nil {
			why = "Expecting 'http' to be set for HTTP check"
		}
	case mesos.CheckInfo_TCP:
		if c.TCP == nil {
			why = "Expecting 'tcp' to be set for TCP check"
		}
	}
	if why == "" {
		why = negative(map[string]*float64{
			"delay_seconds": c.DelaySeconds, "interval_seconds": c.IntervalSeconds, "timeout_seconds": c.TimeoutSeconds,
		})
	}
	if why != "" {
		return "Task uses invalid check: " + why
	}
	return ""
}

func validateHealthCheck(_ *acceptance, info *mesos.TaskInfo) string {
	h := info.HealthCheck
	if h == nil {
		return ""
	}
	why := ""
	switch h.Type {
	case mesos.HealthCheck_UNKNOWN:
		why = "'UNKNOWN' is not a valid health check type"
	case mesos.HealthCheck_COMMAND:
		if h.Command == nil {
			why = "Expecting 'command' to be set for COMMAND health check"
		}
	case mesos.HealthCheck_HTTP:
		if h.HTTP == nil {
			why = "Expecting 'http' to be set for HTTP health check"
		}
	case mesos.HealthCheck_TCP:
		if h.TCP == nil {
			why = "Expecting 'tcp' to be set for TCP health check"
		}
	}
	if why == "" {
		why = negative(map[string]*float64{
			"delay_seconds": h.DelaySeconds, "grace_period_seconds": h.GracePeriodSeconds,
			"interval_seconds": h.IntervalSeconds, "timeout_seconds": h.TimeoutSeconds,
		})
	}
	if why != "" {
		return "Task uses invalid health check: " + why
	}
	return ""
}

// negative names the first field, by name, that is below zero.
func negative(fields map[string]*float64) string {
	for _, name := range []string{"delay_seconds", "grace_period_seconds", "interval_seconds", "timeout_seconds"} {
		if v := fields[name]; v != nil && *v < 0 {
			return fmt.Sprintf("Expecting '%s' to be non-negative", name)
		}
	}
	return ""
}

func validateResources(_ *acceptance, info *mesos.TaskInfo) string {
	if allEmpty(info.Resources) && validAmounts(info.Resources) == "" {
		return "Task uses no resources"
	}
	if why := validAmounts(info.Resources); why != "" {
		return "Task uses invalid resources: " + why
	}
	roles := map[string]bool{}
	for i := range info.Resources {
		if ai := info.Resources[i].AllocationInfo; ai != nil {
			roles[ai.GetRole()] = true
		}
	}
	if len(roles) > 1 {
		return "The resources have multiple allocation roles"
	}
	return ""
}

func validAmounts(rs []mesos.Resource) string {
	for i := range rs {
		r := &rs[i]
		switch {
		case r.Name == "":
			return "Empty resource name"
		case r.Scalar != nil && (math.IsNaN(r.Scalar.Value) || math.IsInf(r.Scalar.Value, 0)):
			return fmt.Sprintf("Invalid scalar resource '%s': not a finite number", r.Name)
		case r.Scalar != nil && r.Scalar.Value < 0:
			return fmt.Sprintf("Invalid scalar resource '%s': value < 0", r.Name)
		}
		for _, p := range r.Ranges.GetRange() {
			if p.Begin > p.End {
				return fmt.Sprintf("Invalid ranges resource '%s': begin > end", r.Name)
			}
		}
	}
	return ""
}

func validateCommand(_ *acceptance, info *mesos.TaskInfo) string {
	if info.Command == nil {
		return ""
	}
	for _, v := range info.Command.GetEnvironment().GetVariables() {
		switch {
		case v.GetType() == mesos.Environment_Variable_SECRET && v.Secret == nil:
			return fmt.Sprintf("Task's `CommandInfo` is invalid: Environment variable '%s' of type 'SECRET' must have a secret set", v.Name)
		case v.GetType() != mesos.Environment_Variable_SECRET && v.Value == nil:
			return fmt.Sprintf("Task's `CommandInfo` is invalid: Environment variable '%s' of type 'VALUE' must have a value set", v.Name)
		case strings.ContainsRune(v.GetValue(), 0):
			return fmt.Sprintf("Task's `CommandInfo` is invalid: Environment variable '%s' contains null bytes", v.Name)
		}
	}
	return ""
}

// validateLimits holds limits against what the task asks for.
func validateLimits(_ *acceptance, info *mesos.TaskInfo) string {
	asked := map[string]float64{}
	for i := range info.Resources {
		asked[info.Resources[i].Name] += info.Resources[i].GetScalar().GetValue()
	}
	for _, one := range []struct{ name, word string }{{"cpus", "cpu"}, {"mem", "memory"}} {
		if limit, limited := info.Limits[one.name]; limited && limit.Value < asked[one.name] {
			return fmt.Sprintf("The %s limit must be greater than or equal to the %s request", one.word, one.word)
		}
	}
	return ""
}

// validateGroup checks a task group with its executor.
func (a *acceptance) validateGroup(g *mesos.Offer_Operation_LaunchGroup) string {
	if len(g.TaskGroup.Tasks) == 0 {
		return "Task group cannot be empty"
	}
	seen := map[string]bool{}
	for i := range g.TaskGroup.Tasks {
		info := &g.TaskGroup.Tasks[i]
		why := a.validate(info, false)
		switch {
		case why != "":
		case seen[info.TaskID.Value]:
			why = "Task has duplicate ID: " + info.TaskID.Value
		case info.Executor != nil:
			why = "'TaskInfo.executor' must not be set"
		case info.Command == nil:
			why = "'TaskInfo.command' must be set"
		}
		if why != "" {
			return fmt.Sprintf("Task '%s' is invalid: %s", info.TaskID.Value, why)
		}
		seen[info.TaskID.Value] = true
	}
	if why := validateID(g.Executor.ExecutorID.Value); why != "" {
		return "Executor ID: " + why
	}
	return ""
}
