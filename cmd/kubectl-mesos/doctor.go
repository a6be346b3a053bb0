package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/agentapi"
	"github.com/mesos-operator/mesos-operator/internal/doctor"
)

func newDoctor(p *plugin) *cobra.Command {
	account := ""
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Examine the installation: CRDs, manager, versions, frameworks, permissions, admission policies",
		Long: `Examine the installation: whether the API server answers, the CRDs are installed and of this release, a manager leads and of which version, each framework is connected, the operator and you may do
what you need to, the admission policies are installed, and masters and agents are reached from here. Nothing is changed.

The exit status is 3 if there is a problem.`,
		Args: usage(cobra.NoArgs),
	}
	command.Flags().StringVar(&account, "operator-service-account", "", "the operator's service account, as namespace/name; by default that of the Deployment with label app.kubernetes.io/name=mesos-operator")
	out := newStructured(command, false)
	p.addReach(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		return p.doctor(command.Context(), account, out)
	}
	return command
}

func (p *plugin) doctor(ctx context.Context, account string, out *structured) error {
	c, namespace, err := p.client()
	if err != nil {
		return err
	}
	config, err := p.config.ToRESTConfig()
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	server, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("preparing the client: %w", err)
	}
	progress := func(what string) { p.progressf("%s ...", what) }
	seen := doctor.Gather(ctx, c, server, now(), doctor.Questions{Namespace: namespace, Account: account, Plugin: version, Progress: progress})
	if seen.Version.Refused == "" {
		progress("Trying the way to Mesos from here")
		if seen.Reached, err = p.tryReach(ctx, c, seen); err != nil {
			return err
		}
	}
	findings := doctor.Judge(seen)
	if err := p.printFindings(findings, out); err != nil {
		return err
	}
	for _, finding := range findings {
		if finding.Level == doctor.Problem {
			return statusError(statusUnwell)
		}
	}
	return nil
}

func (p *plugin) printFindings(findings []doctor.Finding, out *structured) error {
	if out.format != "" {
		return out.print(p.Out, findings)
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	for _, finding := range findings {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", finding.Area, finding.Level, finding.Says) // Flush tells what goes wrong
		if finding.Help != "" {
			_, _ = fmt.Fprintf(w, "\t\t-> %s\n", finding.Help) // see above
		}
	}
	return w.Flush()
}

// tryReach tries the way to an agent of each framework: one that has a task.
func (p *plugin) tryReach(ctx context.Context, c client.Client, seen *doctor.Seen) ([]doctor.Reach, error) {
	if _, err := agentapi.New(p.reach); err != nil {
		return nil, err
	}
	tasks := &v1alpha1.MesosTaskList{}
	if err := c.List(ctx, tasks, client.InNamespace(seen.Namespace)); err != nil {
		return nil, nil //nolint:nilerr // what you may is said elsewhere
	}
	var reached []doctor.Reach
	tried := map[string]bool{}
	for i := range tasks.Items {
		task := &tasks.Items[i]
		attempt, name := task.Status.Task, task.Spec.FrameworkRef.Name
		if attempt == nil || attempt.FinishTime != nil || tried[name] {
			continue
		}
		tried[name] = true
		reach := doctor.Reach{What: fmt.Sprintf("an agent of framework %s (%s)", name, attempt.Hostname)}
		if _, err := p.sandboxOf(ctx, c, task, attempt); err != nil {
			reach.Problem = err.Error()
		}
		reached = append(reached, reach)
	}
	return reached, nil
}
