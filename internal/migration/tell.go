package migration

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Tell writes every remark as a line, what is true of many definitions once with how many, and in the end what came of all.
func Tell(w io.Writer, results []Result) error {
	var text strings.Builder
	for _, result := range results {
		for _, remark := range result.Remarks {
			if !remark.Common {
				fmt.Fprintf(&text, "%s: %s\n", where(result), oneLine(remark.String()))
			}
		}
	}
	tellCommon(&text, results)
	if needs := Needs(results); len(needs) > 0 {
		text.WriteString("\nThe MesosFramework has to allow, beyond its defaults:\n")
		for _, need := range needs {
			fmt.Fprintf(&text, "  %s\n", need)
		}
	}
	fmt.Fprintf(&text, "\n%s\n", summary(results))
	_, err := io.WriteString(w, text.String())
	if err != nil {
		return fmt.Errorf("telling what became of the definitions: %w", err)
	}
	return nil
}

func where(result Result) string {
	if result.ID == "" {
		return result.File
	}
	return result.File + ": " + result.ID
}

var index = regexp.MustCompile(`\[\d+\]`)

// tellCommon counts what is true of many.
func tellCommon(w *strings.Builder, results []Result) {
	counts := map[string]int{}
	var order []string
	for _, result := range results {
		for _, remark := range result.Remarks {
			if !remark.Common {
				continue
			}
			remark.Path = index.ReplaceAllString(remark.Path, "[]")
			line := remark.String()
			if strings.HasPrefix(remark.Text, foundAs) {
				line = "note: names in Mesos are others: each manifest says which. Tell those that look for a task, or set discovery.name"
			}
			if remark.Text == runsAs {
				line = "note: fields that tell of a definition as it runs are no part of it: each manifest says which"
			}
			if counts[line]++; counts[line] == 1 {
				order = append(order, line)
			}
		}
	}
	if len(order) > 0 {
		fmt.Fprintln(w, "\nIn common, with how often:")
	}
	for _, line := range order {
		fmt.Fprintf(w, "  %4d  %s\n", counts[line], oneLine(line))
	}
}

// summary says what came of all, and names those that were refused.
func summary(results []Result) string {
	var all, lost int
	var refused []string
	for _, result := range results {
		if !result.Counts {
			continue
		}
		switch all++; {
		case result.Refused:
			refused = append(refused, cmp.Or(result.ID, result.File))
		case result.Lost():
			lost++
		}
	}
	noun := "definitions"
	if all == 1 {
		noun = "definition"
	}
	line := fmt.Sprintf("%d %s: %d converted with nothing lost, %d with something left out, %d refused", all, noun, all-lost-len(refused), lost, len(refused))
	if len(refused) > 0 {
		line += ": " + oneLine(strings.Join(refused, ", "))
	}
	return line
}

// Needs says what a MesosFramework has to allow for the manifests, beyond what it allows by default, as its fields have it.
func Needs(results []Result) []string {
	needs := map[string]map[string]bool{}
	need := func(field, value string) {
		if value == "" {
			return
		}
		if needs[field] == nil {
			needs[field] = map[string]bool{}
		}
		needs[field][value] = true
	}
	for _, result := range results {
		if result.Object == nil {
			continue
		}
		spec := result.spec
		need("allowedUsers", spec.User)
		for _, role := range spec.Roles {
			need("info.roles", role)
		}
		if spec.Resources.Requests.GPUs != nil {
			need("info.capabilities", "GPU_RESOURCES")
		}
		if spec.Container != nil {
			needContainer(spec.Container, need)
		}
	}
	var lines []string
	for field, values := range needs {
		var list []string
		for value := range values {
			list = append(list, value)
		}
		slices.Sort(list)
		lines = append(lines, fmt.Sprintf("%s: %s", field, strings.Join(list, ", ")))
	}
	slices.Sort(lines)
	return lines
}

func needContainer(container *v1alpha1.Container, need func(field, value string)) {
	if container.Docker != nil {
		need("allowedContainers.types", string(v1alpha1.ContainerizerDocker))
		if container.Docker.Privileged {
			need("allowedContainers.privileged", "Allowed")
		}
		for _, parameter := range container.Docker.Parameters {
			need("allowedContainers.parameters", parameter.Name)
		}
	}
	for _, volume := range container.Volumes {
		switch {
		case volume.HostPath != nil:
			need("allowedContainers.hostPaths", volume.HostPath.Path)
		case volume.External != nil:
			need("allowedContainers.externalDrivers", volume.External.Driver)
		case volume.Secret != nil:
			need("allowedContainers.secretsInState", "Allowed")
		}
	}
	for _, network := range container.Networks {
		need("allowedContainers.networks", network.Name)
	}
	if container.Mesos != nil && container.Mesos.PullSecretRef != nil {
		need("allowedContainers.secretsInState", "Allowed")
	}
	if container.Mesos != nil && container.Mesos.IPCMode == v1alpha1.IPCShareParent {
		need("allowedContainers.ipcShareParent", "Allowed")
	}
}
