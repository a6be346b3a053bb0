package operator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// readAgainEvery is how often the leader tries to read a namespace that it had to leave out.
const readAgainEvery = 15 * time.Second

// namespaces are those that --watch-namespaces names.
type namespaces struct {
	reader client.Reader
	// readable are those whose MesosTasks may be read. The others are left out: caches never sync with what is forbidden, and a namespace that
	// was deleted, and the Role in it, would keep all others from being served.
	readable, leftOut scope.Namespaces
}

// readNamespaces finds out which namespaces may be read. It is an error if none may be.
func readNamespaces(ctx context.Context, config *rest.Config, scheme *runtime.Scheme, named scope.Namespaces) (*namespaces, error) {
	reader, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("making the client for namespaces: %w", err)
	}
	n := &namespaces{reader: reader}
	for _, namespace := range named {
		may, err := n.may(ctx, namespace)
		switch {
		case err != nil:
			return nil, err
		case may:
			n.readable = append(n.readable, namespace)
		default:
			n.leftOut = append(n.leftOut, namespace)
			ctrl.LoggerFrom(ctx).Error(nil, "The MesosTasks of a namespace may not be read: they are left alone until they may", "namespace", namespace)
		}
	}
	if len(named) > 0 && len(n.readable) == 0 {
		return nil, fmt.Errorf("the MesosTasks of no namespace that --watch-namespaces names may be read: %s", strings.Join(named, ", "))
	}
	return n, nil
}

// may says whether the MesosTasks of a namespace may be read.
func (n *namespaces) may(ctx context.Context, namespace string) (bool, error) {
	err := n.reader.List(ctx, &v1alpha1.MesosTaskList{}, client.InNamespace(namespace), client.Limit(1))
	if err != nil && !apierrors.IsForbidden(err) {
		return false, fmt.Errorf("reading the MesosTasks of namespace %s: %w", namespace, err)
	}
	return err == nil, nil
}

// restartOnceReadable ends the manager once a namespace that was left out may be read, so that it starts anew with that one.
func (n *namespaces) restartOnceReadable() manager.RunnableFunc {
	return func(ctx context.Context) error {
		if len(n.leftOut) == 0 {
			return nil
		}
		err := wait.PollUntilContextCancel(ctx, readAgainEvery, false, func(ctx context.Context) (bool, error) {
			for _, namespace := range n.leftOut {
				if may, err := n.may(ctx, namespace); err == nil && may {
					return true, fmt.Errorf("namespace %s may be read now: starting anew with it", namespace)
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
