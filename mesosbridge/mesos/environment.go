package mesos

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Environment returns the task's variables and those that tell it what and where it is, in the form that Marathon gave them: HOST is its agent's host;
// MESOS_TASK_ID its ID, which Mesos' executors do not tell; PORT and PORT0 are the first port, PORT1 the second, PORT_<NAME> each by its name, and
// PORTS all of them with commas between. Of a range there is PORT_<NAME> alone, as 10000-10100. A variable that the task sets itself stays as it is.
func (t *Task) Environment() []EnvVar {
	var variables []EnvVar
	set := make(map[string]bool)
	add := func(name, value string) {
		if set[name] {
			return
		}
		set[name] = true
		variables = append(variables, EnvVar{Name: name, Value: value})
	}
	for _, v := range t.Env {
		add(v.Name, v.Value)
	}
	for _, name := range t.IDVariables {
		add(name, t.ID)
	}
	if t.Host != "" {
		add("HOST", t.Host)
	}
	if t.ID != "" {
		add("MESOS_TASK_ID", t.ID)
	}
	numbers := make([]string, len(t.HostPorts))
	for i, port := range t.HostPorts {
		numbers[i] = strconv.FormatUint(uint64(port), 10)
		if i == 0 {
			add("PORT", numbers[i])
		}
		add("PORT"+strconv.Itoa(i), numbers[i])
		if i < len(t.Ports) && t.Ports[i].Name != "" {
			add("PORT_"+strings.ToUpper(strings.ReplaceAll(t.Ports[i].Name, "-", "_")), numbers[i])
		}
	}
	for _, one := range t.Ranges {
		add("PORT_"+strings.ToUpper(strings.ReplaceAll(one.Name, "-", "_")), strconv.FormatUint(uint64(one.From), 10)+"-"+strconv.FormatUint(uint64(one.To), 10))
	}
	if len(numbers) > 0 {
		add("PORTS", strings.Join(numbers, ","))
	}
	return variables
}

// longestHost is how long a host's name can be (RFC 1035), longestID how long the ID of a task that is launched here: two DNS labels, a hash and a
// nonce, with dots between.
const longestHost, longestID = 253, 63 + 1 + 63 + 1 + 9 + 1 + 10

// LaunchesWithin says whether LaunchBytes is at most limit. It writes nothing where that is plain.
func (t *Task) LaunchesWithin(limit int) bool {
	return t.launchBytesAtMost() <= limit || t.LaunchBytes() <= limit
}

// launchBytesAtMost is no less than LaunchBytes: JSON takes six bytes at most for one of a string (RFC 8259, section 7), and some around it.
func (t *Task) launchBytesAtMost() int {
	const escaped, aroundAll, aroundString, aroundURI, aroundVariable, numbers = 6, 256, 4, 128, 64, 16
	command := aroundAll + escaped*len(t.Shell)
	for _, argument := range t.Argv {
		command += aroundString + escaped*len(argument)
	}
	for _, argument := range t.Args {
		command += aroundString + escaped*len(argument)
	}
	for _, uri := range t.URIs {
		command += aroundURI + escaped*(len(uri.Value)+len(uri.OutputFile))
	}
	environment := 4*aroundVariable + longestHost + longestID + (numbers+1)*len(t.Ports)
	for _, v := range t.Env {
		environment += aroundVariable + escaped*(len(v.Name)+len(v.Value))
	}
	for _, name := range t.IDVariables {
		environment += aroundVariable + escaped*len(name) + longestID
	}
	for _, port := range t.Ports {
		environment += 2*(aroundVariable+2*numbers) + escaped*len(port.Name)
	}
	for _, one := range t.Ranges {
		environment += aroundVariable + 2*numbers + escaped*len(one.Name)
	}
	return command + 2*environment
}

// LaunchBytes is how long the argument is, in bytes, by which Mesos' command executor tells its launcher what to run: JSON in which the command
// stands with its URIs and its environment, and the environment once more (src/launcher/executor.cpp, launchTaskSubprocess: launch_info). What the
// agent adds is not in it, nor is MESOS_TASK_ID, which is short, where nothing else asks for the ID. Host, ID and ports count as long as they can be,
// since the launch that decides them is yet to come.
func (t *Task) LaunchBytes() int {
	longest := *t
	longest.Host, longest.ID = strings.Repeat("h", longestHost), ""
	if len(t.IDVariables) > 0 {
		longest.ID = strings.Repeat("i", longestID)
	}
	longest.HostPorts = make([]uint32, len(t.Ports))
	for i := range longest.HostPorts {
		longest.HostPorts[i] = 1<<16 - 1
	}
	type variable struct {
		EnvVar
		Type string `json:"type"`
	}
	type environment struct {
		Variables []variable `json:"variables"`
	}
	var variables environment
	for _, v := range longest.Environment() {
		variables.Variables = append(variables.Variables, variable{v, "VALUE"})
	}
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(map[string]any{ //nolint:errchkjson // Encoding strings and booleans into memory cannot fail.
		"command":     map[string]any{"value": t.Shell, "arguments": slices.Concat(t.Argv, t.Args), "uris": t.URIs, "environment": variables},
		"environment": variables,
	})
	return written.Len()
}
