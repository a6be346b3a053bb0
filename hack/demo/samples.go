package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// sampleFiles is where the samples are.
const sampleFiles = "config/samples"

// shown are the samples that have steps of their own, and what is no sample of a task.
var shown = []string{"framework", "kustomization", "cron", web, job, flaky, huge, "set"}

// runs are the other samples that this Mesos can run: the names of the tasks, by file.
var runs = map[string]string{"checked": "checked", "discovery": "discovery", "environment": "environment", media: media, "placed": "placed", "roles": "reserved"}

// media is the sample that asks for certain host ports.
const media = "media"

// lacks is what this Mesos has not, by the file of the sample that needs it.
var lacks = map[string]string{
	"docker":    "agents that have Docker (--containerizers=docker,mesos)",
	"image":     "agents that run images (--image_providers=docker)",
	"private":   "agents that run images, and a registry with a password",
	"limits":    "agents that can bound a task (--isolation=cgroups/cpu,cgroups/mem)",
	"licensed":  "agents that have FPGAs, licences and lanes (--resources)",
	"revocable": "agents that lend out what others do not use (--resource_estimator)",
}

// runSamples applies the samples that this Mesos can run, and says what the others lack.
func (d *demo) runSamples(ctx context.Context) error {
	if err := allSamples(); err != nil {
		return err
	}
	d.sayf("roles.yaml needs a role that the framework does not have yet. And media.yaml asks for certain host ports: here it is a copy that\n" +
		"asks for some that these agents have.")
	if err := d.kubectl(ctx, "patch", "mesosframework", frameworkName, "--type=merge", "-p", `{"spec":{"info":{"roles":["*","shop"]}}}`); err != nil {
		return err
	}
	arguments := []string{"apply"}
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		file, err := d.sample(name)
		if err != nil {
			return err
		}
		arguments = append(arguments, "-f", file)
	}
	if err := d.kubectl(ctx, arguments...); err != nil {
		return err
	}
	d.sayf("Waiting until all of them run. checked is first asked whether it is ready after six seconds ...")
	if err := until(ctx, d.notRunning); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "mesostasks", "-o", "wide"); err != nil {
		return err
	}
	var left []string
	for _, name := range slices.Sorted(maps.Keys(lacks)) {
		left = append(left, fmt.Sprintf("%-15s needs %s", name+".yaml", lacks[name]))
	}
	d.sayf("Left out of %s, as this Mesos cannot run it:\n%s", sampleFiles, strings.Join(left, "\n"))
	return nil
}

// allSamples says which samples the demo does not know.
func allSamples() error {
	files, err := filepath.Glob(filepath.Join(sampleFiles, "*.yaml"))
	if err != nil {
		return fmt.Errorf("looking for the samples: %w", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if lacks[name] == "" && runs[name] == "" && !slices.Contains(shown, name) {
			return fmt.Errorf("the demo does not know whether %s can run here: add it to hack/demo/samples.go", file)
		}
	}
	return nil
}

// hostPorts are those that the samples ask for: of agents whose ports begin at 31000.
var hostPorts = regexp.MustCompile(`\b310\d\d\b`)

// sample is the file of a sample. That of media is a copy, with host ports that the agents here have.
func (d *demo) sample(name string) (path string, err error) {
	file := filepath.Join(sampleFiles, name+".yaml")
	if name != media {
		return file, nil
	}
	manifest, err := os.ReadFile(file) //nolint:gosec // a sample of this project
	if err != nil {
		return "", fmt.Errorf("reading the sample: %w", err)
	}
	var wrong error
	moved := hostPorts.ReplaceAllStringFunc(string(manifest), func(port string) string {
		number, err := strconv.Atoi(port)
		wrong = errors.Join(wrong, err)
		return strconv.Itoa(number - 31000 + d.mesos.firstPort)
	})
	path = d.path(name + ".yaml")
	if err := errors.Join(wrong, os.WriteFile(path, []byte(moved), 0o644)); err != nil { //nolint:gosec // anybody may read it
		return "", fmt.Errorf("writing the sample: %w", err)
	}
	return path, nil
}

// notRunning says which of the samples that can run do not: as their status has it, or as Mesos does.
func (d *demo) notRunning(ctx context.Context) (string, error) {
	tasks, err := d.tasks(ctx)
	if err != nil {
		return "", err
	}
	state, err := d.mesos.state(ctx)
	if err != nil {
		return "", err
	}
	pids, err := processes(state)
	if err != nil {
		return "", err
	}
	var missing []string
	for _, name := range slices.Sorted(maps.Values(runs)) {
		task := tasks[name]
		switch got := status(task); {
		case got != v1alpha1.ReasonRunning:
			missing = append(missing, fmt.Sprintf("%s to be %s, not %s", name, v1alpha1.ReasonRunning, got))
		case task.Status.Task == nil || pids[task.Status.Task.ID] == 0:
			missing = append(missing, "a process of "+name)
		}
	}
	return strings.Join(missing, "; "), nil
}
