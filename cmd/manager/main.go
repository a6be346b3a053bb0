// The manager runs the controllers of mesos-operator.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"
	_ "time/tzdata" // The zones of schedules are the manager's own: its image has none.

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/apilevel"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
)

// version is set when the program is built.
var version = "dev"

func main() { os.Exit(run(os.Args[1:])) }

func run(arguments []string) int {
	options, err := parse(arguments, os.LookupEnv, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, "manager:", err)
		return 2
	case options.version:
		fmt.Println("mesos-operator", version)
		return 0
	}
	logger := options.logger(os.Stderr)
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	if err := serve(ctrl.LoggerInto(ctrl.SetupSignalHandler(), logger), options); err != nil {
		logger.Error(err, "The manager ended")
		return 1
	}
	return 0
}

// serve runs the manager until ctx ends or the lease is lost.
func serve(ctx context.Context, options *options) error {
	logger := ctrl.LoggerFrom(ctx)
	config, err := restConfig(options.kubeconfig)
	if err != nil {
		return err
	}
	// The API server's priority and fairness is the limit.
	config.QPS = -1
	scheme := newScheme()
	election, err := newElection(config, options)
	if err != nil {
		return err
	}
	secrets, err := namespaceOr(options.operatorNamespace)
	if err != nil {
		return err
	}
	served, err := metricsServer(options)
	if err != nil {
		return err
	}
	levels, err := readLevels(ctx, config, scheme)
	if err != nil {
		return err
	}
	watched, err := readNamespaces(ctx, config, scheme, options.watchNamespaces)
	if err != nil {
		return err
	}
	discovery, err := readDiscovery(ctx, config, scheme, watched.readable)
	if err != nil {
		return err
	}
	later, err := readKinds(ctx, config, scheme, watched.readable)
	if err != nil {
		return err
	}
	settings := managerOptions(options)
	settings.Scheme, settings.Logger, settings.Metrics, settings.LeaderElectionResourceLockInterface = scheme, logger, served, election.lock
	settings.Cache.DefaultNamespaces = watched.readable.CacheNamespaces()
	manager, err := ctrl.NewManager(config, settings)
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	election.record(manager.GetEventRecorder("mesos-operator"))
	gate, wall := leadership.NewGate(election.leadership, nil), clock.RealClock{}
	owner := connections.New(connections.Options{Logger: logger.WithName("mesos"), Clock: wall, Gate: gate})
	recorder, stopEvents, err := startEvents(ctx, manager)
	if err != nil {
		return err
	}
	defer stopEvents()
	if err := errors.Join(manager.Add(owner), manager.Add(levels), manager.Add(watched.restartOnceReadable()), metrics.Register(registry.Registry)); err != nil {
		return fmt.Errorf("adding what runs beside the controllers: %w", err)
	}
	parts := &parts{
		manager: manager, connections: owner, gate: gate, clock: wall, controllerName: options.controllerName, scope: watched.readable, levels: levels,
		recorder: recorder, operatorNamespace: secrets, later: later, discovery: discovery,
	}
	if err := errors.Join(parts.addControllers(ctx), addChecks(manager, owner)); err != nil {
		return fmt.Errorf("setting up: %w", err)
	}
	metrics.RecordBuild(version)
	logger.Info("Starting", "version", version, "controllerName", options.controllerName, "watchNamespaces", watched.readable)
	if err := manager.Start(ctx); err != nil {
		return fmt.Errorf("running the manager: %w", err)
	}
	return nil
}

// managerOptions are what the flags say of the manager.
func managerOptions(options *options) ctrl.Options {
	return ctrl.Options{
		HealthProbeBindAddress:        options.healthProbeBindAddress,
		PprofBindAddress:              options.pprofBindAddress,
		LeaderElection:                options.leaderElect,
		LeaderElectionID:              leaseName(options.controllerName),
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &options.leaseDuration,
		RenewDeadline:                 &options.renewDeadline,
		RetryPeriod:                   &options.retryPeriod,
		Cache:                         cache.Options{DefaultTransform: cache.TransformStripManagedFields(), ByObject: ofSets()},
		Client:                        client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}}},
	}
}

// ofSets are the ControllerRevisions, Services and EndpointSlices of MesosTaskSets: those of others need not be kept in memory.
func ofSets() map[client.Object]cache.ByObject {
	requirement, err := labels.NewRequirement(v1alpha1.LabelSet, selection.Exists, nil)
	utilruntime.Must(err)
	labelled := cache.ByObject{Label: labels.NewSelector().Add(*requirement)}
	return map[client.Object]cache.ByObject{
		&appsv1.ControllerRevision{}: labelled,
		&corev1.Service{}:            labelled,
		&discoveryv1.EndpointSlice{}: {Label: labels.SelectorFromSet(labels.Set{discoveryv1.LabelManagedBy: v1alpha1.EndpointSliceManager})},
	}
}

// newScheme knows the kinds of Kubernetes and the operator's own.
func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// readLevels reads the API levels of the CRDs, before anything is launched.
func readLevels(ctx context.Context, config *rest.Config, scheme *runtime.Scheme) (*apilevel.Levels, error) {
	reader, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("making the client for CRDs: %w", err)
	}
	levels := apilevel.New(reader, ctrl.LoggerFrom(ctx).WithName("api-level"))
	return levels, levels.Read(ctx)
}

// addChecks adds the probes: alive while the process answers; ready once the caches have synced and, in the leader, every framework's
// connection is known to be up, or why it is not.
func addChecks(manager ctrl.Manager, owner *connections.Connections) error {
	alive := func(*http.Request) error { return nil }
	ready := func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), time.Second)
		defer cancel()
		if !manager.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the caches have not synced yet")
		}
		select {
		case <-manager.Elected():
		default:
			return nil
		}
		if !owner.Known() {
			return errors.New("the connection of a MesosFramework is not known yet")
		}
		return nil
	}
	return errors.Join(manager.AddHealthzCheck("ping", alive), manager.AddReadyzCheck("connections", ready))
}

// restConfig reaches the API server of a kubeconfig file, or of the cluster that the process runs in.
func restConfig(kubeconfig string) (*rest.Config, error) {
	if kubeconfig == "" {
		config, err := ctrl.GetConfig()
		if err != nil {
			return nil, fmt.Errorf("finding the API server: %w", err)
		}
		return config, nil
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return config, nil
}
