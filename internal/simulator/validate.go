package simulator

import (
	"fmt"
	"math"
	"slices"
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
	(*acceptance).validateAmounts,
	func(_ *acceptance, info *mesos.TaskInfo) string { return validateID(info.TaskID.Value) },
	(*acceptance).validateUnique,
	(*acceptance).validateAgent,
	validateKillPolicy,
	validateMaxCompletionTime,
	validateCheck,
	validateHealthCheck,
	(*acceptance).validateResources,
	validateCommand,
	validateContainer,
	(*acceptance).validateLimits,
}

// validate checks a task by itself. Of a task group's tasks none has an executor, but all a command.
func (a *acceptance) validate(info *mesos.TaskInfo, alone bool) string {
	for _, rule := range taskRules {
		if why := rule(a, info); why != "" {
			return why
		}
	}
	if why := validateShareCgroups(info); alone && why != "" {
		return why
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
		} else {
			why = invalidCheckCommand("check", &c.Command.Command)
		}
	case mesos.CheckInfo_HTTP:
		if c.HTTP == nil {
			why = "Expecting 'http' to be set for HTTP check"
		} else {
			why = invalidCheckPath("check", c.HTTP.Path)
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
		} else {
			why = invalidCheckCommand("health check", h.Command)
		}
	case mesos.HealthCheck_HTTP:
		switch {
		case h.HTTP == nil:
			why = "Expecting 'http' to be set for HTTP health check"
		case h.HTTP.Scheme != nil && *h.HTTP.Scheme != "http" && *h.HTTP.Scheme != "https":
			why = fmt.Sprintf("Unsupported HTTP health check scheme: '%s'", *h.HTTP.Scheme)
		default:
			why = invalidCheckPath("health check", h.HTTP.Path)
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

// invalidCheckCommand says what is wrong with the command of a check or health check.
func invalidCheckCommand(kind string, command *mesos.CommandInfo) string {
	title := strings.ToUpper(kind[:1]) + kind[1:]
	if command.Value == nil {
		what := "'executable path'"
		if command.GetShell() {
			what = "'shell command'"
		}
		return "Command " + kind + " must contain " + what
	}
	if why := invalidEnvironment(command); why != "" {
		return title + "'s `CommandInfo` is invalid: " + why
	}
	return ""
}

// invalidCheckPath says that a path is none.
func invalidCheckPath(kind string, path *string) string {
	if path != nil && !strings.HasPrefix(*path, "/") {
		return fmt.Sprintf("The path '%s' of HTTP %s must start with '/'", *path, kind)
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

// roleIn is the role that a resource says it is allocated to, else that of the offer.
func (a *acceptance) roleIn(r *mesos.Resource) string {
	if ai := r.AllocationInfo; ai != nil {
		return ai.GetRole()
	}
	return a.role
}

// validateAmounts comes before everything else, as the master reads resources first.
func (a *acceptance) validateAmounts(info *mesos.TaskInfo) string {
	for i := range info.Resources {
		r := &info.Resources[i]
		if why := invalidAmount(r); why != "" {
			return fmt.Sprintf("Resource '%s' is invalid: %s", resourceText(r, a.roleIn(r)), why)
		}
	}
	return ""
}

// invalidAmount follows src/common/resources.cpp, Resources::validate.
func invalidAmount(r *mesos.Resource) string {
	switch {
	case r.Name == "":
		return "Empty resource name"
	case r.Disk != nil && r.Name != "disk":
		return "DiskInfo should not be set for " + r.Name + " resource"
	case r.Type == nil:
		return "Invalid resource type"
	}
	alone := count(r.Scalar != nil, r.Ranges != nil, r.Set != nil) == 1
	switch *r.Type {
	case mesos.SCALAR:
		if alone && r.Scalar != nil {
			return invalidScalar(r.Scalar.Value)
		}
		return "Invalid scalar resource"
	case mesos.RANGES:
		if alone && r.Ranges != nil {
			return invalidRanges(r.Ranges.Range)
		}
		return "Invalid ranges resource"
	case mesos.SET:
		if alone && r.Set != nil {
			return invalidSet(r.Set.Item)
		}
		return "Invalid set resource"
	default:
		return "Unsupported resource type"
	}
}

func invalidScalar(value float64) string {
	switch {
	case math.IsNaN(value), math.IsInf(value, 0):
		return "Invalid scalar resource: not a finite number"
	case value <= 0:
		return "Invalid scalar resource: value <= 0"
	default:
		return ""
	}
}

func invalidRanges(ranges []mesos.Value_Range) string {
	for i, p := range ranges {
		if p.Begin > p.End {
			return "Invalid ranges resource: begin > end"
		}
		for _, q := range ranges[i+1:] {
			if p.Begin <= q.Begin && q.Begin <= p.End {
				return "Invalid ranges resource: overlapping ranges"
			}
		}
	}
	return ""
}

func invalidSet(items []string) string {
	for i, item := range items {
		if slices.Contains(items[i+1:], item) {
			return "Invalid set resource: duplicated elements"
		}
	}
	return ""
}

func (a *acceptance) validateResources(info *mesos.TaskInfo) string {
	if len(info.Resources) == 0 {
		return "Task uses no resources"
	}
	if gpus := amountOf(info.Resources, "gpus"); int64(gpus*1000)%1000 != 0 {
		return "Task uses invalid resources: Invalid 'gpus' resource: The 'gpus' resource must be an unsigned integer"
	}
	first := a.roleIn(&info.Resources[0])
	for i := range info.Resources {
		if role := a.roleIn(&info.Resources[i]); role != first {
			return fmt.Sprintf("Invalid task resources: The resources have multiple allocation roles ('%s' and '%s') but only one allocation role is allowed",
				role, first)
		}
	}
	if name := mixesRevocable(info.Resources); name != "" {
		return fmt.Sprintf("Task mixes revocable and non-revocable resources: Cannot use both revocable and non-revocable '%s' at the same time", name)
	}
	return ""
}

// mixesRevocable names a resource of which some is revocable and some is not (validation.cpp, validateRevocableAndNonRevocableResources).
func mixesRevocable(rs []mesos.Resource) string {
	revocable := map[string]bool{}
	for i := range rs {
		is := rs[i].Revocable != nil
		if was, seen := revocable[rs[i].Name]; seen && was != is {
			return rs[i].Name
		}
		revocable[rs[i].Name] = is
	}
	return ""
}

// amountOf adds up what resources have of a name.
func amountOf(rs []mesos.Resource, name string) (amount float64) {
	for i := range rs {
		if rs[i].Name == name {
			amount += rs[i].GetScalar().GetValue()
		}
	}
	return amount
}

func validateCommand(_ *acceptance, info *mesos.TaskInfo) string {
	if info.Command == nil {
		return ""
	}
	if why := invalidEnvironment(info.Command); why != "" {
		return "Task's `CommandInfo` is invalid: " + why
	}
	return ""
}

// invalidEnvironment follows src/common/validation.cpp, validateEnvironment.
func invalidEnvironment(command *mesos.CommandInfo) string {
	for _, v := range command.GetEnvironment().GetVariables() {
		why := ""
		switch v.GetType() {
		case mesos.Environment_Variable_SECRET:
			switch {
			case v.Secret == nil:
				why = "of type 'SECRET' must have a secret set"
			case v.Value != nil:
				why = "of type 'SECRET' must not have a value set"
			case strings.ContainsRune(string(v.GetSecret().GetValue().GetData()), 0):
				why = "specifies a secret containing null bytes, which is not allowed in the environment"
			}
		case mesos.Environment_Variable_VALUE:
			switch {
			case v.Value == nil:
				why = "of type 'VALUE' must have a value set"
			case v.Secret != nil:
				why = "of type 'VALUE' must not have a secret set"
			}
		default:
			return "Environment variable of type 'UNKNOWN' is not allowed"
		}
		if why != "" {
			return fmt.Sprintf("Environment variable '%s' %s", v.Name, why)
		}
	}
	return ""
}

func count(facts ...bool) (n int) {
	for _, so := range facts {
		if so {
			n++
		}
	}
	return n
}

// validateLimits holds limits against what the task asks for (validation.cpp, validateResourceLimits).
func (a *acceptance) validateLimits(info *mesos.TaskInfo) string {
	if len(info.Limits) == 0 {
		return ""
	}
	asked := map[string]float64{"cpus": amountOf(info.Resources, "cpus"), "mem": amountOf(info.Resources, "mem")}
	cpus, limitsCPUs := info.Limits["cpus"]
	memory, limitsMemory := info.Limits["mem"]
	switch {
	case a.slave.agent.spec.NoTaskLimits:
		return "Agent is not capable of handling task resource limits"
	case len(info.Limits) > count(limitsCPUs, limitsMemory):
		return "Only cpus and mem may be included in a task's resource limits"
	case limitsCPUs && asked["cpus"] == 0:
		return "When a CPU limit is specified, a CPU request must also be specified"
	case limitsCPUs && cpus.Value < float64(milli(asked["cpus"]))/1000:
		return "The cpu limit must be greater than or equal to the cpu request"
	case limitsMemory && asked["mem"] == 0:
		return "When a memory limit is specified, a memory request must also be specified"
	case limitsMemory && math.Trunc(memory.Value) < math.Trunc(asked["mem"]):
		return "The memory limit must be greater than or equal to the memory request"
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
