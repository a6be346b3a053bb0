package operator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/leaselabels"
)

// podNamespace is where Kubernetes tells a pod its namespace.
const podNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// election is this process's part in electing the leader.
type election struct {
	leadership leadership.Leadership
	// lock is nil without leader election.
	lock  resourcelock.Interface
	lease *resourcelock.LeaseLock
}

// newElection makes this process's end of the installation's Lease.
func newElection(config *rest.Config, options *Options) (election, error) {
	host, err := os.Hostname()
	if err != nil {
		return election{}, fmt.Errorf("finding a name for this process: %w", err)
	}
	identity := host + "_" + string(uuid.NewUUID())
	if !options.LeaderElect {
		return election{leadership: leadership.Alone{Name: identity}}, nil
	}
	namespace, err := LeaseNamespace(options)
	if err != nil {
		return election{}, err
	}
	config = rest.AddUserAgent(rest.CopyConfig(config), "leader-election")
	// One request that hangs must leave time for another before the deadline.
	config.Timeout = max(options.RenewDeadline/2, time.Second)
	client, err := coordinationv1client.NewForConfig(config)
	if err != nil {
		return election{}, fmt.Errorf("making the client for the lease: %w", err)
	}
	lease := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: LeaseName(options.ControllerName)},
		Client:     client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		Labels:     leaselabels.Of(options.Version, identity),
	}
	lock := leadership.New(lease, options.RenewDeadline, leadership.Clocks())
	return election{leadership: lock, lock: lock, lease: lease}, nil
}

// LeaseNamespace is the namespace of the Lease.
func LeaseNamespace(options *Options) (string, error) {
	return namespaceOr(options.LeaseNamespace)
}

// namespaceOr is the namespace that was given, or the pod's, or default outside of a cluster.
func namespaceOr(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	namespace, err := os.ReadFile(podNamespace)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return metav1.NamespaceDefault, nil
	case err != nil:
		return "", fmt.Errorf("reading the pod's namespace: %w", err)
	}
	return strings.TrimSpace(string(namespace)), nil
}

// record makes Events of who leads. It is called before the election begins.
func (e election) record(recorder events.EventRecorder) {
	if e.lease != nil {
		e.lease.LockConfig.EventRecorder = leaseEvents{recorder}
	}
}

// leaseEvents writes the elector's Events as the Events of today.
type leaseEvents struct{ recorder events.EventRecorder }

// Eventf implements resourcelock.EventRecorder.
func (l leaseEvents) Eventf(lease runtime.Object, eventType, reason, note string, arguments ...any) {
	l.recorder.Eventf(lease, nil, eventType, reason, "Electing", note, arguments...)
}
