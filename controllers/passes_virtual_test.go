package controllers_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// countingFrameworks is a client that counts the reads of MesosFrameworks.
type countingFrameworks struct {
	client.Client
	reads *atomic.Int64
}

func (c countingFrameworks) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if _, ok := object.(*v1alpha1.MesosFramework); ok {
		c.reads.Add(1)
	}
	return c.Client.Get(ctx, key, object, options...)
}

// TestPasses_intervalOverWhileRECONCILEIsNotAnswered: no new pass begins before the first round is through, and until then nothing is due.
func TestPasses_intervalOverWhileRECONCILEIsNotAnswered(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		var reads atomic.Int64
		v.client = countingFrameworks{v.client, &reads}
		refused := errors.New("not now")
		v.watch = func(step controllers.Step, send func() error) error {
			if step.Kind == controllers.StepCall && step.What == "RECONCILE" {
				return refused
			}
			return send()
		}
		v.framework("reconciliation: {intervalSeconds: 30}")
		v.start()
		v.pass(28 * time.Second)
		before := reads.Load()
		v.pass(4 * time.Second)
		if got := reads.Load() - before; got > 100 {
			v.Errorf("the framework was worked on %d times in the 4 s around its interval, want it to wait", got)
		}
	})
}
