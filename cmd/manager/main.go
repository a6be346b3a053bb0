// The manager runs the controllers of mesos-operator.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	_ "time/tzdata" // The zones of schedules are the manager's own: its image has none.

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/mesos-operator/mesos-operator/internal/metrics"
	"github.com/mesos-operator/mesos-operator/internal/operator"
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

// serve runs the operator until ctx ends or the lease is lost.
func serve(ctx context.Context, options *options) error {
	config, err := restConfig(options.kubeconfig)
	if err != nil {
		return err
	}
	// The API server's priority and fairness is the limit.
	config.QPS = -1
	served, err := metricsServer(options)
	if err != nil {
		return err
	}
	if err := metrics.Register(registry.Registry); err != nil {
		return fmt.Errorf("registering the metrics: %w", err)
	}
	metrics.RecordBuild(version)
	settings := operatorOptions(options)
	settings.Metrics, settings.Logger = served, ctrl.LoggerFrom(ctx)
	return operator.Run(ctx, config, settings)
}

// operatorOptions are what the flags say to the operator.
func operatorOptions(options *options) *operator.Options {
	return &operator.Options{
		ControllerName:         options.controllerName,
		WatchNamespaces:        options.watchNamespaces,
		Namespace:              options.operatorNamespace,
		LeaderElect:            options.leaderElect,
		LeaseNamespace:         options.leaderElectionNamespace,
		LeaseDuration:          options.leaseDuration,
		RenewDeadline:          options.renewDeadline,
		RetryPeriod:            options.retryPeriod,
		HealthProbeBindAddress: options.healthProbeBindAddress,
		PprofBindAddress:       options.pprofBindAddress,
		Version:                version,
	}
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
