package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/agentapi"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// variable is what the value of a flag is taken from where it is not given.
func variable(flag string) string {
	return "KUBECTL_MESOS_" + strings.ReplaceAll(strings.ToUpper(strings.TrimPrefix(flag, "mesos-")), "-", "_")
}

// addReach adds the flags of a verb that goes to agents. Each can be set for good by a variable of the environment.
func (p *plugin) addReach(command *cobra.Command) {
	flags := command.Flags()
	text := func(to *string, name, usage string) {
		flags.StringVar(to, name, os.Getenv(variable(name)), usage+" ($"+variable(name)+")")
	}
	text(&p.reach.AgentURL, "agent-url", "URL of agents, in which {hostname}, {ip}, {port} and {id} stand for those of the one that is meant, such as https://gateway.example.com/agent/{id}")
	text(&p.reach.CAFile, "mesos-ca-file", "file with the certificates, in PEM, of the authorities to trust for masters and agents")
	text(&p.reach.CertificateFile, "mesos-client-certificate", "file with the certificate, in PEM, to show to them")
	text(&p.reach.KeyFile, "mesos-client-key", "file with the key of that certificate, in PEM")
	text(&p.reach.CredentialsFile, "mesos-credentials-file", "file with principal and secret for masters and agents, as Mesos' own flag --credential takes it")
	flags.BoolVar(&p.reach.AllowInsecure, "mesos-allow-insecure", false, "send the credentials over plain HTTP, too, where anybody in between can read them")
	flags.BoolVar(&p.reach.InsecureSkipVerify, "mesos-insecure-skip-verify", false, "do not check the certificates of masters and agents")
	var masters []string
	if set := os.Getenv(variable("master-url")); set != "" {
		masters = strings.Split(set, ",")
	}
	flags.StringSliceVar(&p.masters, "master-url", masters, "URLs of the masters to ask where the agent is; by default those of the MesosFramework ($"+variable("master-url")+")")
	for _, name := range []string{"mesos-ca-file", "mesos-client-certificate", "mesos-client-key", "mesos-credentials-file"} {
		cobra.CheckErr(command.MarkFlagFilename(name))
	}
}

// attemptOf is an attempt of a task: the current one, or the one that ended before it.
func attemptOf(task *v1alpha1.MesosTask, previous bool) (*v1alpha1.TaskAttempt, error) {
	switch {
	case !previous && task.Status.Task != nil:
		return task.Status.Task, nil
	case !previous:
		return nil, fmt.Errorf("%s has not been launched yet: kubectl mesos why -n %s %s says why", objects.Named(task), task.Namespace, task.Name)
	}
	for i := range task.Status.History {
		if one := &task.Status.History[i]; task.Status.Task == nil || one.ID != task.Status.Task.ID {
			return one, nil
		}
	}
	return nil, fmt.Errorf("%s has no attempt before its current one", objects.Named(task))
}

// pickTask is the task that a person means by a set or a cron task: the latest that runs, or the latest.
func (p *plugin) pickTask(ctx context.Context, c client.Client, object client.Object) (*v1alpha1.MesosTask, error) {
	if task, ok := object.(*v1alpha1.MesosTask); ok {
		return task, nil
	}
	tasks, err := objects.TasksOf(ctx, c, object)
	if err != nil {
		return nil, err
	}
	if len(tasks) == 0 {
		return nil, fmt.Errorf("%s has no tasks", objects.Named(object))
	}
	running := func(task *v1alpha1.MesosTask) int {
		ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Status == metav1.ConditionTrue && ready.Reason == v1alpha1.ReasonRunning {
			return 1
		}
		return 0
	}
	slices.SortFunc(tasks, func(a, b v1alpha1.MesosTask) int {
		return cmp.Or(cmp.Compare(running(&b), running(&a)), b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	if len(tasks) > 1 {
		p.progressf("%s has %d tasks: using %s", objects.Named(object), len(tasks), objects.Named(&tasks[0]))
	}
	return &tasks[0], nil
}

// agentOf finds the agent of an attempt.
func (p *plugin) agentOf(ctx context.Context, c client.Client, task *v1alpha1.MesosTask, attempt *v1alpha1.TaskAttempt) (*agentapi.Agent, error) {
	if attempt.AgentID == "" {
		return nil, fmt.Errorf("nobody knows the agent of %s", attempt.ID)
	}
	reach, err := agentapi.New(p.reach)
	if err != nil {
		return nil, err
	}
	masters := p.masters
	if len(masters) == 0 {
		framework, err := objects.FrameworkOf(ctx, c, task.Spec.FrameworkRef.Name)
		if err != nil {
			p.progressf("The masters are not known: %v", err)
		}
		masters = mastersOf(framework)
	}
	return reach.Find(ctx, masters, agentapi.Named{ID: attempt.AgentID, Hostname: attempt.Hostname})
}

// mastersOf are the masters that a framework names, the one that led last before the others.
func mastersOf(framework *v1alpha1.MesosFramework) []string {
	if framework == nil {
		return nil
	}
	var masters []string
	if leader := framework.Status.Master; leader != nil && leader.URL != "" {
		masters = append(masters, leader.URL)
	}
	for _, url := range framework.Spec.Masters.URLs {
		if !slices.Contains(masters, strings.TrimRight(url, "/")) {
			masters = append(masters, url)
		}
	}
	return masters
}

// sandboxOf finds the files of an attempt.
func (p *plugin) sandboxOf(ctx context.Context, c client.Client, task *v1alpha1.MesosTask, attempt *v1alpha1.TaskAttempt) (*agentapi.Sandbox, error) {
	agent, err := p.agentOf(ctx, c, task, attempt)
	if err != nil {
		return nil, err
	}
	sandbox, err := agent.Sandbox(ctx, agentapi.Task{FrameworkID: attempt.FrameworkID, TaskID: attempt.ID, ContainerID: attempt.ContainerID})
	if errors.Is(err, agentapi.ErrNoSandbox) {
		return nil, fmt.Errorf("%s on agent %s: %w", attempt.ID, cmp.Or(attempt.Hostname, attempt.AgentID), err)
	}
	return sandbox, err
}
