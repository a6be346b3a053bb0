package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/explain"
	"github.com/mesos-operator/mesos-operator/internal/intervention"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

func newRun(p *plugin) *cobra.Command {
	var awaited bool
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "run CRON",
		Short: "Start a run of a cron task now",
		Long: `Start a run of a cron task now, whatever its schedule says and also while that is suspended (annotation mesos.dev/run-requested-at). Its concurrencyPolicy holds for it as
for any run. With --wait it ends with 0 once the run has succeeded, and with 3 if it failed.`,
		Example:           "  kubectl mesos run nightly --wait && kubectl mesos logs cron/nightly",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Cron),
	}
	command.Flags().BoolVar(&awaited, "wait", false, "wait until the run is over")
	command.Flags().DurationVar(&timeout, "timeout", time.Hour, "how long to wait")
	w := p.addWriting(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		c, object, err := p.find(command.Context(), args[0], objects.Cron)
		if err != nil {
			return err
		}
		cron, ok := object.(*v1alpha1.MesosCronTask)
		if !ok {
			return fmt.Errorf("%s is no cron task", args[0])
		}
		change, run, err := intervention.Run(cron, now())
		if err != nil {
			return fmt.Errorf("%s: %w", objects.Named(cron), err)
		}
		if err := p.apply(command.Context(), c, cron, change, w, ""); err != nil || !awaited || w.dryRun {
			return err
		}
		return p.awaitRun(command.Context(), c, client.ObjectKey{Namespace: cron.Namespace, Name: run}, timeout)
	}
	return command
}

// awaitRun waits until a run is over. It may not have begun.
func (p *plugin) awaitRun(ctx context.Context, c client.Client, key client.ObjectKey, timeout time.Duration) error {
	task, last := &v1alpha1.MesosTask{}, ""
	err := wait.PollUntilContextTimeout(ctx, watchEvery, timeout, true, func(ctx context.Context) (bool, error) {
		err := c.Get(ctx, key, task)
		progress := "it has not been started yet"
		if ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); err == nil && ready != nil {
			progress = ready.Reason + ": " + ready.Message
		}
		if progress != last {
			last = progress
			p.progressf("task/%s: %s", key.Name, progress)
		}
		succeeded := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionSucceeded)
		over := succeeded != nil && succeeded.Status != metav1.ConditionUnknown
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return over, err
	})
	if err != nil {
		return fmt.Errorf("waiting for task/%s (%s): %w", key.Name, last, err)
	}
	if meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionSucceeded) {
		return nil
	}
	for _, sentence := range explain.Task(explain.SeenTask{Now: now(), Task: task}).Sentences {
		p.progressf("%s", sentence)
	}
	return statusError(statusUnwell)
}
