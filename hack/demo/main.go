// Command demo shows the operator at work on one machine: a real API server, a simulated Mesos whose agents run real processes, the
// real manager, and the samples. It is a list of steps, each with a check and a deadline; see steps.go.
//
// It is run from the root of the project, by make demo. With DEMO_EXIT=1 it ends after the last step, else it stays until Ctrl-C. The
// status is 0 if every step held, 1 if one did not, and 130 if it was interrupted before the last.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// step is one thing to show.
type step struct {
	title string
	why   string
	// within is how long it may take.
	within time.Duration
	do     func(*demo, context.Context) error
}

func main() { os.Exit(run()) }

// run goes through the steps, ends whatever was started and returns the exit status.
func run() int {
	// Everything that the demo starts is in process groups of its own: an interrupt reaches the demo alone, which then ends the rest.
	interrupted, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer release()
	// Where nobody reads the output any more, writing it fails and ends the demo in order.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	// controller-runtime complains where nobody has set a logger.
	ctrl.SetLogger(logr.Discard())

	ctx, cancel := context.WithCancelCause(interrupted)
	defer cancel(nil)
	started := time.Now()
	d, err := newDemo(cancel)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	}
	status := d.play(ctx, interrupted)
	took := time.Since(started)
	if status == 0 && os.Getenv("DEMO_EXIT") != "1" {
		status = d.stay(ctx, interrupted)
	}
	if err := d.end(); err != nil {
		d.printf("Ending what the demo started: %v\n", err)
		status = 1
	}
	if status == 0 {
		d.printf("All %d steps held, in %d s. Nothing is left running.\n", len(steps), int(took.Seconds()))
	}
	return status
}

// play goes through the steps until one fails.
func (d *demo) play(ctx, interrupted context.Context) (status int) {
	for i, s := range steps {
		d.printf("[%d/%d] %s\n%s\n\n", i+1, len(steps), s.title, indent(s.why))
		if err := d.step(ctx, s); err != nil {
			if interrupted.Err() != nil {
				d.printf("Interrupted in step %d.\n", i+1)
				return 130
			}
			d.printf("FAILED in step %d of %d, %q:\n%s\n", i+1, len(steps), s.title, indent(err.Error()))
			d.printf("\nThe last lines of the manager's log:\n%s\n", indent(d.managerLog(20)))
			return 1
		}
	}
	return 0
}

// step takes one step. The error of a step that was cut short is what cut it short: a program that ended, for example.
func (d *demo) step(ctx context.Context, s step) error {
	limited, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	err := s.do(d, limited)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// stay leaves everything running until Ctrl-C, and says what to do with it.
func (d *demo) stay(ctx, interrupted context.Context) (status int) {
	kubectl := d.kubectlPath
	if found, err := exec.LookPath("kubectl"); err == nil && found == kubectl {
		kubectl = "kubectl"
	}
	d.printf(`Everything stays up until Ctrl-C. In another terminal:

    export KUBECONFIG=%[1]s
    %[2]s get mesos
    %[2]s describe mesostask flaky
    %[2]s edit mesostask huge        # ask for less, and see it start

There is an API server here and nothing else of Kubernetes: no kube-proxy leads to Service front, whose EndpointSlices say where its tasks listen. And no
kube-controller-manager deletes what belonged to a deleted object: --cascade=foreground and --cascade=orphan do not return, and what a deleted
object leaves behind goes by

    %[2]s delete mesoscrontask nightly && %[2]s delete mesostasks -l mesos.dev/cron=nightly
    %[2]s delete mesostaskset front && %[2]s delete mesostasks,controllerrevisions,services -l mesos.dev/set=front
    %[2]s delete endpointslices -l kubernetes.io/service-name=front

Mesos, and what can go wrong with it:  http://%[3]s/
Its master, for spec.masters.urls:     http://%[4]s
What tasks wrote:                      %[5]s
The manager's log:                     %[6]s

`, d.kubeconfig, kubectl, d.mesos.Control, d.mesos.master, d.path("sandboxes"), d.path(managerLog))
	<-ctx.Done()
	if interrupted.Err() == nil {
		d.printf("FAILED: %v\n\nThe last lines of the manager's log:\n%s\n", context.Cause(ctx), indent(d.managerLog(20)))
		return 1
	}
	return 0
}

// indent moves a text to the right, below its heading.
func indent(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n      ")
}
