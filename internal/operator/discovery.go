package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// askAgainEvery is how often the leader asks whether what it may do to Services is still as it was.
const askAgainEvery = time.Minute

// discovery is whether Services and EndpointSlices may be kept: a grant of its own, which many installations do not give.
type discovery struct {
	asks       client.Client
	namespaces scope.Namespaces
	// allowed says whether they may in all namespaces that are watched, as it was when the manager started.
	allowed bool
}

// readDiscovery asks the API server. Not to be allowed is no error: caches never sync with what is forbidden, and so nothing is watched then.
func readDiscovery(ctx context.Context, config *rest.Config, scheme *runtime.Scheme, watched scope.Namespaces) (*discovery, error) {
	asks, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("making the client that asks for rights: %w", err)
	}
	d := &discovery{asks: asks, namespaces: watched}
	if len(d.namespaces) == 0 {
		d.namespaces = scope.Namespaces{""}
	}
	d.allowed, err = d.ask(ctx)
	return d, err
}

// ask asks for each right in turn, up to the first that is not given.
func (d *discovery) ask(ctx context.Context) (allowed bool, err error) {
	for _, namespace := range d.namespaces {
		for _, kind := range []authorizationv1.ResourceAttributes{{Resource: "services"}, {Group: "discovery.k8s.io", Resource: "endpointslices"}} {
			for _, verb := range []string{"get", "list", "watch", "create", "patch", "delete"} {
				kind.Namespace, kind.Verb = namespace, verb
				review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &kind}}
				switch err := d.asks.Create(ctx, review); {
				case apierrors.IsForbidden(err):
					// Whoever may not ask is not known to be allowed.
					return false, nil
				case err != nil:
					return false, fmt.Errorf("asking whether the manager may %s %s: %w", verb, kind.Resource, err)
				}
				if !review.Status.Allowed {
					return false, nil
				}
			}
		}
	}
	return true, nil
}

// restartOnceChanged ends the manager once the right was given or taken away, so that it starts anew with what it may do.
func (d *discovery) restartOnceChanged() manager.RunnableFunc {
	return func(ctx context.Context) error {
		err := wait.PollUntilContextCancel(ctx, askAgainEvery, false, func(ctx context.Context) (bool, error) {
			if allowed, err := d.ask(ctx); err == nil && allowed != d.allowed {
				return true, fmt.Errorf("whether Services and EndpointSlices may be kept is %t now: starting anew", allowed)
			}
			return false, nil
		})
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
}
