package bare

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Noop is a manager with one controller that gets each MesosTask from its cache and does nothing about it.
type Noop struct {
	Config *rest.Config
	N      int
	// Began is when the process was started.
	Began time.Time
	// Done is told once it has seen all N.
	Done func(Result)
	// Pprof is where profiles are served.
	Pprof string
}

// noopWorkers is how many MesosTasks it looks at concurrently.
const noopWorkers = 8

// Run runs the manager until ctx ends.
func (n Noop) Run(ctx context.Context) error {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return fmt.Errorf("preparing the manager: %w", err)
	}
	manager, err := ctrl.NewManager(n.Config, ctrl.Options{
		Scheme: scheme, Metrics: server.Options{BindAddress: "0"}, PprofBindAddress: n.Pprof,
		Cache: cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
	})
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	var seen atomic.Int64
	look := reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		err := manager.GetClient().Get(ctx, request.NamespacedName, &v1alpha1.MesosTask{})
		if seen.Add(1) == int64(n.N) {
			n.Done(Result{Seconds: time.Since(n.Began).Seconds(), Count: n.N})
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	})
	if err := ctrl.NewControllerManagedBy(manager).For(&v1alpha1.MesosTask{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: noopWorkers}).Complete(look); err != nil {
		return fmt.Errorf("making the controller: %w", err)
	}
	if err := manager.Start(ctx); err != nil {
		return fmt.Errorf("running the manager: %w", err)
	}
	return nil
}
