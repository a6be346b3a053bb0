package mesosframework

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/requests"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// view is one MesosFramework as one reconcile sees it.
type view struct {
	*Reconciler
	// object is the latest that this process knows: what the cache or its own last write returned.
	object *v1alpha1.MesosFramework
	// memory is what this process remembers of it from one reconcile to the next.
	memory *memory
	// connection is what connects it to Mesos; nil while this reconcile has found none, or that there may be none.
	connection *connections.Connection
}

// memory is what this process remembers of one framework between two reconciles, which never run at once.
type memory struct {
	uid    string
	passes *passes
	// id is the framework ID that it has, or asks for, as this process last saw.
	id string
	// claimed says that this process has found or made its installation's claim.
	claimed bool
	// counted is when the status's counts were last written.
	counted time.Time
	// unknown are the attempts of which Mesos says TASK_UNKNOWN, unknownCounted is when they were counted last.
	unknown        requests.Count
	unknownCounted time.Time
	// orphans are the live tasks that nobody accounts for, as Mesos told all that runs; doomed are those of them that a person wants killed.
	orphans requests.Count
	doomed  sets.Set[string]
	// abandoned are the attempts that the status holds as abandoned.
	abandoned requests.Count
	// notes are sentences of why annotations do nothing, for condition Ready.
	notes []string
	// stuck is why the framework is not connected though it exists.
	stuck *lifecycle.Obstacle
	// secrets is what was read of the Secrets that the spec names.
	secrets secretsMemory
}

// patch writes to the framework, which afterwards is what the API server returned.
func (v *view) patch(ctx context.Context, patch *writes.Patch, status bool) error {
	built, err := patch.Build()
	if err != nil {
		return err
	}
	answer, what := v.object.DeepCopy(), "metadata"
	send := func() error { return v.Client.Patch(ctx, answer, built) }
	if status {
		what, send = "status", func() error { return v.Client.Status().Patch(ctx, answer, built) }
	}
	if err := v.Gate.Pass(leadership.Step{Kind: leadership.StepWriteFramework, What: what}, send); err != nil {
		if writes.Unanswered(err) {
			v.written.Doubt(v.object, v.Clock.Now())
		}
		return fmt.Errorf("writing the MesosFramework: %w", err)
	}
	v.object = answer
	v.written.Keep(answer, v.Clock.Now())
	return nil
}
