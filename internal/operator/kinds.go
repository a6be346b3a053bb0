package operator

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
)

// laterKind is a kind that came after the first release, with all that its controller watches. Where its CRD was not applied, or its right was not given, the
// manager serves MesosTasks as it did before: caches never sync with what is not there or forbidden.
type laterKind struct {
	name  string
	lists func() []client.ObjectList
}

var laterKinds = []laterKind{
	{"MesosTaskSet", func() []client.ObjectList {
		return []client.ObjectList{&v1alpha1.MesosTaskSetList{}, &appsv1.ControllerRevisionList{}}
	}},
	{"MesosCronTask", func() []client.ObjectList { return []client.ObjectList{&v1alpha1.MesosCronTaskList{}} }},
}

// kinds are the later kinds, and which of them are served.
type kinds struct {
	config     *rest.Config
	scheme     *runtime.Scheme
	namespaces scope.Namespaces
	served     map[string]bool
}

// readKinds finds out which of the later kinds are there and may be read.
func readKinds(ctx context.Context, config *rest.Config, scheme *runtime.Scheme, watched scope.Namespaces) (*kinds, error) {
	k := &kinds{config: config, scheme: scheme, namespaces: watched, served: map[string]bool{}}
	if len(k.namespaces) == 0 {
		k.namespaces = scope.Namespaces{""}
	}
	for _, kind := range laterKinds {
		why, err := k.hindered(ctx, kind)
		if err != nil {
			return nil, err
		}
		k.served[kind.name] = why == nil
		metrics.RecordKind(kind.name, why == nil)
		if why != nil {
			ctrl.LoggerFrom(ctx).Error(why, "A kind is not served until its CRD is there and it may be read: apply the CRDs and the roles of this release", "kind", kind.name)
		}
	}
	return k, nil
}

// hindered says why a kind cannot be served; nil if it can.
func (k *kinds) hindered(ctx context.Context, kind laterKind) (why, err error) {
	// A new client: what another has learnt of the API may be old.
	reader, err := client.New(k.config, client.Options{Scheme: k.scheme})
	if err != nil {
		return nil, fmt.Errorf("making the client for kinds: %w", err)
	}
	for _, namespace := range k.namespaces {
		for _, list := range kind.lists() {
			err := reader.List(ctx, list, client.InNamespace(namespace), client.Limit(1))
			switch {
			case err == nil:
			case meta.IsNoMatchError(err) || apierrors.IsNotFound(err) || apierrors.IsForbidden(err):
				return err, nil
			default:
				return nil, fmt.Errorf("reading %ss: %w", kind.name, err)
			}
		}
	}
	return nil, nil
}

// restartOnceServed ends the manager once a kind that is not served could be, so that it starts anew with it.
func (k *kinds) restartOnceServed() manager.RunnableFunc {
	return func(ctx context.Context) error {
		err := wait.PollUntilContextCancel(ctx, readAgainEvery, false, func(ctx context.Context) (bool, error) {
			for _, kind := range laterKinds {
				if k.served[kind.name] {
					continue
				}
				if why, err := k.hindered(ctx, kind); err == nil && why == nil {
					return true, fmt.Errorf("%ss can be served now: starting anew with them", kind.name)
				}
			}
			return false, nil
		})
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
}
