package operator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	runtimeconfig "sigs.k8s.io/controller-runtime/pkg/config"
	runnable "sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/apilevel"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// Options are what a process of the operator is told.
type Options struct {
	// ControllerName says which MesosFrameworks it serves: those whose spec.controllerName is this.
	ControllerName string
	// WatchNamespaces are the namespaces whose MesosTasks it works on; empty for all.
	WatchNamespaces scope.Namespaces
	// Namespace is the operator's own, where MesosFrameworks have their Secrets; empty takes the one that the process finds itself in.
	Namespace string
	// LeaderElect makes it hold a Lease while it works, in LeaseNamespace; the durations are client-go's.
	LeaderElect                               bool
	LeaseNamespace                            string
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// HealthProbeBindAddress and PprofBindAddress are those of controller-runtime's manager; Metrics is how it serves its metrics. "0" is not at all.
	HealthProbeBindAddress, PprofBindAddress string
	Metrics                                  metricsserver.Options
	Logger                                   logr.Logger
	// Version is what it says of itself in its log.
	Version string
	// DialContext reaches Mesos; nil: the network.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Watch is given each outward step; nil: nothing is. See leadership.Gate.
	Watch leadership.Watch
	// Events is put around what writes Events; nil: nothing is.
	Events func(recorder events.EventRecorder) events.EventRecorder
	// Started is called once the caches have synced; nil: nobody is told.
	Started func()
	// SeveralAtOnce says that this program runs several processes of the operator, as tests do: names of controllers may repeat.
	SeveralAtOnce bool
}

// Run is the operator: it works until ctx ends, or returns why it cannot, such as that the lease is lost. What it reaches is the API server of config.
func Run(ctx context.Context, config *rest.Config, options *Options) error {
	scheme := NewScheme()
	election, err := newElection(config, options)
	if err != nil {
		return err
	}
	secrets, err := namespaceOr(options.Namespace)
	if err != nil {
		return err
	}
	levels, err := readLevels(ctx, config, scheme)
	if err != nil {
		return err
	}
	watched, err := readNamespaces(ctx, config, scheme, options.WatchNamespaces)
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
	settings.Scheme, settings.LeaderElectionResourceLockInterface = scheme, election.lock
	settings.Cache.DefaultNamespaces = watched.readable.CacheNamespaces()
	manager, err := ctrl.NewManager(config, settings)
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	election.record(manager.GetEventRecorder("mesos-operator"))
	gate, wall := leadership.NewGate(election.leadership, options.Watch), clock.RealClock{}
	owner := connections.New(connections.Options{Logger: options.Logger.WithName("mesos"), Clock: wall, Gate: gate, DialContext: options.DialContext})
	recorder, stopEvents, err := startEvents(ctx, manager, options.Events)
	if err != nil {
		return err
	}
	defer stopEvents()
	if err := errors.Join(manager.Add(owner), manager.Add(levels), manager.Add(watched.restartOnceReadable())); err != nil {
		return fmt.Errorf("adding what runs beside the controllers: %w", err)
	}
	parts := &parts{
		manager: manager, connections: owner, gate: gate, clock: wall, controllerName: options.ControllerName, scope: watched.readable, levels: levels,
		recorder: recorder, operatorNamespace: secrets, later: later, discovery: discovery,
	}
	if err := errors.Join(parts.addControllers(ctx), addChecks(manager, owner)); err != nil {
		return fmt.Errorf("setting up: %w", err)
	}
	options.Logger.Info("Starting", "version", options.Version, "controllerName", options.ControllerName, "watchNamespaces", watched.readable)
	if options.Started != nil {
		started := runnable.RunnableFunc(func(context.Context) error { options.Started(); return nil })
		if err := manager.Add(standby{started}); err != nil {
			return fmt.Errorf("adding what is told of the start: %w", err)
		}
	}
	if err := runUntilTold(ctx, manager.Start); err != nil {
		return fmt.Errorf("running the manager: %w", err)
	}
	return nil
}

// standby runs also while another process leads.
type standby struct{ runnable.Runnable }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (standby) NeedLeaderElection() bool { return false }

// lastWords is how long a manager that was told to end may take, which itself takes thirty seconds at most.
const lastWords = 40 * time.Second

// runUntilTold runs a manager until it ends, or for a while after ctx has: one whose caches have not synced when it is told to end, as where the API server is
// away, never does (controller-runtime v0.25, runnableGroup.Start: it goes round and round).
func runUntilTold(ctx context.Context, run func(ctx context.Context) error) error {
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return fmt.Errorf("it did not end within %s of being told to", lastWords)
	}
}

// reconcileWithin is how long one reconcile may take. It only waits for the API server, which ends each request within a minute by itself: a request that hangs
// for longer, behind a proxy say, would otherwise keep its worker for ever.
const reconcileWithin = 90 * time.Second

// managerOptions are what the options say of the manager.
func managerOptions(options *Options) ctrl.Options {
	settings := ctrl.Options{
		Logger:                        options.Logger,
		Metrics:                       options.Metrics,
		HealthProbeBindAddress:        options.HealthProbeBindAddress,
		PprofBindAddress:              options.PprofBindAddress,
		LeaderElection:                options.LeaderElect,
		LeaderElectionID:              LeaseName(options.ControllerName),
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &options.LeaseDuration,
		RenewDeadline:                 &options.RenewDeadline,
		RetryPeriod:                   &options.RetryPeriod,
		Cache:                         cache.Options{DefaultTransform: cache.TransformStripManagedFields(), ByObject: ofSets(), NewInformer: newInformer},
		Client:                        client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}}},
	}
	settings.Controller = runtimeconfig.Controller{ReconciliationTimeout: reconcileWithin}
	if options.SeveralAtOnce {
		settings.Controller.SkipNameValidation = new(true)
	}
	return settings
}

// LeaseName is the name of the Lease that processes of one installation compete for.
func LeaseName(controllerName string) string {
	return strings.NewReplacer("/", "-", ".", "-").Replace(strings.ToLower(controllerName))
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

// NewScheme knows the kinds of Kubernetes and the operator's own.
func NewScheme() *runtime.Scheme {
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
