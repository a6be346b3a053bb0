package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/program"
)

const (
	managerLog   = "manager.log"
	simulatorLog = "mesos-sim.log"
)

// demo is everything that the steps share.
type demo struct {
	cancel context.CancelCauseFunc
	// dir holds all files of this run; bin the programs.
	dir, bin    string
	kubectlPath string
	kubeconfig  string

	apiServer *envtest.Environment
	client    client.Client
	simulator *program.Program
	mesos     mesos
	manager   *program.Program
	// before is what the tasks were when all of them had got where they should; see undisturbed.
	before map[string]sighting
	// traffic is the requests to the set, once there are any.
	traffic *traffic
	// shownSet is the table of the set that was shown last.
	shownSet string
}

// newDemo finds the programs and makes the directory of this run. cancel ends the demo from outside of a step.
func newDemo(cancel context.CancelCauseFunc) (*demo, error) {
	d := &demo{cancel: cancel, bin: os.Getenv("KUBEBUILDER_ASSETS"), kubectlPath: os.Getenv("KUBECTL")}
	if d.bin == "" {
		d.bin = "bin"
	}
	if d.kubectlPath == "" {
		d.kubectlPath = "kubectl"
	}
	for _, needed := range []string{"config/samples/framework.yaml", d.executable("kube-apiserver"), d.executable("manager")} {
		if _, err := os.Stat(needed); err != nil {
			return nil, fmt.Errorf("looking for what the demo is made of (run it with: make demo): %w", err)
		}
	}
	dir, err := os.MkdirTemp("", "mesos-operator-demo-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for the demo: %w", err)
	}
	d.dir, d.kubeconfig = dir, filepath.Join(dir, "kubeconfig")
	// Tasks run as other users where the demo runs as root: they need the way to their sandboxes. What is secret has modes of its own.
	// And whatever is started from here keeps its temporary files in the directory that is removed at the end.
	if err := errors.Join(os.Chmod(dir, 0o755), os.Setenv("TMPDIR", dir)); err != nil { //nolint:gosec // see above
		return nil, errors.Join(fmt.Errorf("preparing the directory of the demo: %w", err), os.RemoveAll(dir))
	}
	return d, nil
}

// end ends whatever was started, in the reverse order, and removes all files.
func (d *demo) end() error {
	d.traffic.stop()
	errs := []error{d.manager.End(syscall.SIGTERM), d.simulator.End(syscall.SIGTERM)}
	if d.simulator.Died() {
		errs = append(errs, d.mesos.sweep())
	}
	if d.apiServer != nil {
		errs = append(errs, d.apiServer.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

// path is a file of this run.
func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

// launch starts a program of this project, its output appended to the log file. Should it end unasked, the demo fails.
func (d *demo) launch(ctx context.Context, name, log string, arguments ...string) (*program.Program, error) {
	return program.Start(ctx, d.executable(name), d.path(log), d.cancel, arguments...)
}

// executable is a program of this project.
func (d *demo) executable(name string) string { return filepath.Join(d.bin, name) }

// printf writes to the person who watches. Where nobody does any more, the demo ends.
func (d *demo) printf(format string, values ...any) {
	if _, err := fmt.Printf(format, values...); err != nil {
		d.cancel(fmt.Errorf("writing the output: %w", err))
	}
}

// sayf writes a paragraph of a step.
func (d *demo) sayf(format string, values ...any) {
	d.printf("%s\n\n", indent(fmt.Sprintf(format, values...)))
}

// managerLog returns the end of the manager's log.
func (d *demo) managerLog(lines int) string {
	if d.manager == nil {
		return "(it was not started)"
	}
	return program.LastLines(d.path(managerLog), lines)
}

// connect makes the demo's own client of the API server.
func (d *demo) connect() error {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), discoveryv1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("preparing the client: %w", err)
	}
	var err error
	if d.client, err = client.New(d.apiServer.Config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("making the client: %w", err)
	}
	return nil
}

// kubectl runs kubectl and shows the command and what it says.
func (d *demo) kubectl(ctx context.Context, arguments ...string) error {
	output, err := d.quietly(ctx, arguments...)
	d.sayf("$ kubectl %s\n%s", strings.Join(arguments, " "), output)
	return err
}

// quietly runs kubectl and returns what it says.
func (d *demo) quietly(ctx context.Context, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, d.kubectlPath, arguments...) //nolint:gosec // whoever runs the demo says which kubectl
	cmd.Env = append(os.Environ(), "KUBECONFIG="+d.kubeconfig)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := cmd.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("running kubectl %s: %w", strings.Join(arguments, " "), err)
	}
	return string(output), nil
}

// table shows a table of kubectl's if it has changed in more than AGE, its last column. shown remembers it for the next time.
func (d *demo) table(ctx context.Context, shown *string, arguments ...string) error {
	output, err := d.quietly(ctx, arguments...)
	if err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	var rows []string
	for row := range strings.Lines(output) {
		fields := strings.Fields(row)
		rows = append(rows, strings.Join(fields[:max(0, len(fields)-1)], " "))
	}
	if now := strings.Join(rows, "\n"); now != *shown {
		*shown = now
		d.sayf("$ kubectl %s\n%s", strings.Join(arguments, " "), output)
	}
	return nil
}

// until asks again and again until nothing is missing any more; at the deadline, what was still missing is the error.
func until(ctx context.Context, missing func(context.Context) (string, error)) error {
	what := "anything at all"
	err := wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		now, err := missing(ctx)
		if err != nil && ctx.Err() == nil {
			return false, err
		}
		if ctx.Err() == nil {
			what = now
		}
		return now == "" && err == nil, nil
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("this was expected and did not come in time: %s", what)
	}
	return err
}

// hold checks again and again for some time that nothing is wrong.
func hold(ctx context.Context, duration time.Duration, wrong func(context.Context) error) error {
	end := time.Now().Add(duration)
	return wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		return time.Now().After(end), wrong(ctx)
	})
}
