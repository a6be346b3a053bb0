// Command kubectl-mesos is the kubectl plugin: kubectl mesos.
//
// It is wiring: each verb is a file, which reads its flags, has objects found (internal/objects), agents asked (internal/agentapi), what is to be written decided
// (internal/intervention) or said (internal/explain, internal/view, internal/doctor), and prints.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crlog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/mesos-operator/mesos-operator/internal/agentapi"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// version is set by the Makefile.
var version = "dev"

// Statuses that the process ends with, besides those of what exec ran.
const (
	statusFailed = 1
	// statusUsage is for flags and arguments that are not understood.
	statusUsage = 2
	// statusUnwell says that something was asked about and is not as it should be.
	statusUnwell = 3
	// statusUnreachable says that an agent was not reached from here.
	statusUnreachable = 4
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	err := newCommand(streams).ExecuteContext(ctx)
	stop()
	os.Exit(conclude(streams, err))
}

// conclude says what is wrong, and returns what the process ends with.
func conclude(streams genericiooptions.IOStreams, err error) int {
	if err == nil {
		return 0
	}
	if status := statusError(0); errors.As(err, &status) {
		return int(status)
	}
	if !errors.Is(err, errSaid) {
		_, _ = fmt.Fprintln(streams.ErrOut, "error:", err) // there is nobody else to tell
	}
	unreachable := (*agentapi.UnreachableError)(nil)
	switch {
	case errors.Is(err, errUsage):
		return statusUsage
	case errors.As(err, &unreachable):
		return statusUnreachable
	}
	return statusFailed
}

// errSaid ends the process with a status other than 0, once what is wrong has been said.
var errSaid = errors.New("said already")

// errUsage is behind errors of flags and arguments.
var errUsage = errors.New("see --help")

// statusError ends the process with a status and without a word: what there is to say has been said.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// plugin is what all verbs share.
type plugin struct {
	genericiooptions.IOStreams
	config *genericclioptions.ConfigFlags
	scheme *runtime.Scheme
	reach  agentapi.Options
	// masters are asked for agents instead of those that the framework names.
	masters []string
}

// verbs are the commands that ask or change the API server, in the order of what they are for.
var verbs = []func(*plugin) *cobra.Command{
	newTasks, newWhy, newDescribe, newLogs, newFiles, newExec,
	newRestart, newSuspend, newResume, newGiveUp, newScale, newRollout, newRun,
	newReconcile, newOrphans, newDoctor,
}

// newCommand is the root. Each verb is a file of its own.
func newCommand(streams genericiooptions.IOStreams) *cobra.Command {
	crlog.SetLogger(logr.Discard()) // controller-runtime's client would complain that there is none
	p := &plugin{IOStreams: streams, config: genericclioptions.NewConfigFlags(true), scheme: objects.Scheme()}
	root := &cobra.Command{
		Use:   "kubectl-mesos",
		Short: "Tools for those who run tasks on Apache Mesos by MesosTasks",
		Long: `Tools for those who run tasks on Apache Mesos by MesosTasks.

An object is named as web, task/web, set/front, cron/nightly or framework/default; the names of kinds that kubectl has will do, too.

The exit status is 0 where all went well, 1 where something failed, 2 where flags or arguments are not understood, 3 where what was asked about is not as
it should be (why, doctor, orphans, rollout status, run --wait), and 4 where an agent is not reached from here. exec ends with what its command ended with.`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl mesos"},
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w; %w", err, errUsage) })
	p.config.AddFlags(root.PersistentFlags())
	root.AddCommand(newConvert(streams))
	for _, verb := range verbs {
		root.AddCommand(verb(p))
	}
	cobra.CheckErr(root.RegisterFlagCompletionFunc("namespace", p.completeNamespaces))
	return root
}

// client reaches the API server; namespace is the one that the person means.
func (p *plugin) client() (c client.WithWatch, namespace string, err error) {
	config, err := p.config.ToRESTConfig()
	if err != nil {
		return nil, "", fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 50, 100
	if config.Timeout == 0 {
		config.UserAgent = "kubectl-mesos/" + version
	}
	if namespace, _, err = p.config.ToRawKubeConfigLoader().Namespace(); err != nil {
		return nil, "", fmt.Errorf("reading the kubeconfig: %w", err)
	}
	c, err = objects.Client(config, p.scheme)
	if err != nil {
		return nil, "", fmt.Errorf("preparing the client: %w", err)
	}
	return c, namespace, nil
}

// find finds the object that the person named.
func (p *plugin) find(ctx context.Context, typed string, kinds ...*objects.Kind) (client.WithWatch, client.Object, error) {
	c, namespace, err := p.client()
	if err != nil {
		return nil, nil, err
	}
	object, err := objects.Find(ctx, c, namespace, typed, kinds...)
	return c, object, err
}

// printf writes to standard output. Who reads it no more is not told of that.
func (p *plugin) printf(format string, values ...any) { _, _ = fmt.Fprintf(p.Out, format, values...) }

// progressf says how far work is, for people: scripts read standard output.
func (p *plugin) progressf(format string, values ...any) {
	_, _ = fmt.Fprintf(p.ErrOut, format+"\n", values...)
}

// now is the time.
func now() time.Time { return time.Now() }
