package simulator

import (
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// TestValidate: what a master refuses of a task by itself, as src/master/validation.cpp, src/common/validation.cpp and src/common/resources.cpp have it.
func TestValidate(t *testing.T) {
	health := func(change func(*mesos.HealthCheck)) func(*mesos.TaskInfo) {
		return func(info *mesos.TaskInfo) {
			info.HealthCheck = &mesos.HealthCheck{Type: mesos.HealthCheck_HTTP, HTTP: &mesos.HealthCheck_HTTPCheckInfo{Port: 80, Path: new("/")}}
			change(info.HealthCheck)
		}
	}
	check := func(check mesos.CheckInfo) func(*mesos.TaskInfo) {
		return func(info *mesos.TaskInfo) { info.Check = &check }
	}
	resource := func(r mesos.Resource) func(*mesos.TaskInfo) {
		return func(info *mesos.TaskInfo) { info.Resources = append(info.Resources, r) }
	}
	variable := func(v mesos.Environment_Variable) func(*mesos.TaskInfo) {
		return func(info *mesos.TaskInfo) {
			info.Command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{v}}
		}
	}
	shell := mesos.CommandInfo{Shell: new(true), Value: new("true")}
	nameless := shell
	nameless.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{{Name: "A"}}}
	for name, c := range map[string]struct {
		change func(*mesos.TaskInfo)
		want   string // the beginning of the refusal; empty for a task that is launched
	}{
		"as it is":                      {func(*mesos.TaskInfo) {}, ""},
		"a health check":                {health(func(*mesos.HealthCheck) {}), ""},
		"a scheme that is none":         {health(func(h *mesos.HealthCheck) { h.HTTP.Scheme = new("HTTPS") }), "Task uses invalid health check: Unsupported HTTP health check scheme: 'HTTPS'"},
		"a path that is none":           {health(func(h *mesos.HealthCheck) { h.HTTP.Path = new("x") }), "Task uses invalid health check: The path 'x' of HTTP health check must start with '/'"},
		"a health check of nothing":     {health(func(h *mesos.HealthCheck) { h.HTTP = nil }), "Task uses invalid health check: Expecting 'http'"},
		"a health check before its day": {health(func(h *mesos.HealthCheck) { h.DelaySeconds = new(-1.0) }), "Task uses invalid health check: Expecting 'delay_seconds'"},
		"a health check by no command": {
			health(func(h *mesos.HealthCheck) {
				h.Type, h.Command = mesos.HealthCheck_COMMAND, &mesos.CommandInfo{Shell: new(true)}
			}),
			"Task uses invalid health check: Command health check must contain 'shell command'",
		},
		"a check by a command":            {check(mesos.CheckInfo{Type: mesos.CheckInfo_COMMAND, Command: &mesos.CheckInfo_Command{Command: shell}}), ""},
		"a check by no program":           {check(mesos.CheckInfo{Type: mesos.CheckInfo_COMMAND, Command: &mesos.CheckInfo_Command{Command: mesos.CommandInfo{Shell: new(false)}}}), "Task uses invalid check: Command check must contain 'executable path'"},
		"a check with a variable of none": {check(mesos.CheckInfo{Type: mesos.CheckInfo_COMMAND, Command: &mesos.CheckInfo_Command{Command: nameless}}), "Task uses invalid check: Check's `CommandInfo` is invalid: Environment variable 'A' of type 'VALUE' must have a value set"},
		"a check of a path that is none":  {check(mesos.CheckInfo{Type: mesos.CheckInfo_HTTP, HTTP: &mesos.CheckInfo_Http{Port: 1, Path: new("")}}), "Task uses invalid check: The path '' of HTTP check must start with '/'"},
		"part of a GPU":                   {resource(scalar("gpus", 0.5, nil)), "Task uses invalid resources: Invalid 'gpus' resource: The 'gpus' resource must be an unsigned integer"},
		"two GPUs":                        {resource(scalar("gpus", 2, nil)), ""},
		"nothing of something":            {resource(scalar("disk", 0, nil)), "Resource 'disk(allocated: prod):0' is invalid: Invalid scalar resource: value <= 0"},
		"a resource of no type":           {resource(mesos.Resource{Name: "x", Scalar: &mesos.Value_Scalar{Value: 1}}), "Resource 'x(allocated: prod):1' is invalid: Invalid resource type"},
		"ranges that are a scalar":        {resource(mesos.Resource{Name: "x", Type: mesos.RANGES.Enum(), Scalar: &mesos.Value_Scalar{Value: 1}}), "Resource 'x(allocated: prod):1' is invalid: Invalid ranges resource"},
		"a scalar that is a set":          {resource(mesos.Resource{Name: "x", Type: mesos.SCALAR.Enum(), Set: &mesos.Value_Set{}}), "Resource 'x(allocated: prod):{}' is invalid: Invalid scalar resource"},
		"a set that is a scalar":          {resource(mesos.Resource{Name: "x", Type: mesos.SET.Enum(), Scalar: &mesos.Value_Scalar{Value: 1}}), "Resource 'x(allocated: prod):1' is invalid: Invalid set resource"},
		"a port twice":                    {resource(portRanges([]mesos.Value_Range{{Begin: 1, End: 5}, {Begin: 5, End: 6}}, nil)), "Resource 'ports(allocated: prod):[1-5, 5-6]' is invalid: Invalid ranges resource: overlapping ranges"},
		"a range backwards":               {resource(portRanges([]mesos.Value_Range{{Begin: 5, End: 1}}, nil)), "Resource 'ports(allocated: prod):[5-1]' is invalid: Invalid ranges resource: begin > end"},
		"an item twice":                   {resource(mesos.Resource{Name: "x", Type: mesos.SET.Enum(), Set: &mesos.Value_Set{Item: []string{"a", "b", "a"}}}), "Resource 'x(allocated: prod):{a, b, a}' is invalid: Invalid set resource: duplicated elements"},
		"a disk that is memory":           {resource(mesos.Resource{Name: "x", Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: 1}, Disk: &mesos.Resource_DiskInfo{}}), "Resource 'x(allocated: prod):1' is invalid: DiskInfo should not be set for x resource"},
		"a variable":                      {variable(mesos.Environment_Variable{Name: "A", Value: new("")}), ""},
		"a variable of none":              {variable(mesos.Environment_Variable{Name: "A"}), "Task's `CommandInfo` is invalid: Environment variable 'A' of type 'VALUE' must have a value set"},
		"a variable with a secret":        {variable(mesos.Environment_Variable{Name: "A", Value: new(""), Secret: &mesos.Secret{}}), "Task's `CommandInfo` is invalid: Environment variable 'A' of type 'VALUE' must not have a secret set"},
		"a secret variable of none":       {variable(mesos.Environment_Variable{Name: "A", Type: mesos.Environment_Variable_SECRET.Enum()}), "Task's `CommandInfo` is invalid: Environment variable 'A' of type 'SECRET' must have a secret set"},
		"a secret variable with a value":  {variable(mesos.Environment_Variable{Name: "A", Type: mesos.Environment_Variable_SECRET.Enum(), Secret: &mesos.Secret{}, Value: new("")}), "Task's `CommandInfo` is invalid: Environment variable 'A' of type 'SECRET' must not have a value set"},
		"a variable of a type of its own": {variable(mesos.Environment_Variable{Name: "A", Type: mesos.Environment_Variable_UNKNOWN.Enum()}), "Task's `CommandInfo` is invalid: Environment variable of type 'UNKNOWN' is not allowed"},
		"an end before its beginning":     {func(info *mesos.TaskInfo) { info.MaxCompletionTime = &mesos.DurationInfo{Nanoseconds: -1} }, "Task's `max_completion_time` must be non-negative"},
		"a command and an executor":       {func(info *mesos.TaskInfo) { info.Executor = &mesos.ExecutorInfo{} }, "Task should have at least one (but not both)"},
		"a Docker container without image": {func(info *mesos.TaskInfo) {
			info.Container = &mesos.ContainerInfo{Type: mesos.ContainerInfo_DOCKER.Enum()}
		}, "Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			info := &mesos.TaskInfo{
				TaskID: mesos.TaskID{Value: "t"}, AgentID: mesos.AgentID{Value: "a"}, Command: &mesos.CommandInfo{Value: new("true")},
				Resources: []mesos.Resource{scalar("cpus", 1, nil)},
			}
			c.change(info)
			a := &acceptance{framework: &framework{}, slave: &slave{id: "a", agent: &Agent{}}, role: "prod"}
			if got := a.validate(info, true); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("the master says %q, want %q", got, c.want)
			}
		})
	}
}
