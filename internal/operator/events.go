package operator

import (
	"context"
	"fmt"

	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/controllers/events"
)

// startEvents starts what writes Events. Stop ends it; what is told after that goes nowhere.
func startEvents(ctx context.Context, manager ctrl.Manager) (recorder *events.Recorder, stop func(), err error) {
	client, err := eventsclient.NewForConfigAndClient(manager.GetConfig(), manager.GetHTTPClient())
	if err != nil {
		return nil, nil, fmt.Errorf("reaching the API server for Events: %w", err)
	}
	broadcaster := events.NewBroadcaster(client)
	ctx, cancel := context.WithCancel(ctrl.LoggerInto(context.WithoutCancel(ctx), manager.GetLogger()))
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		cancel()
		return nil, nil, fmt.Errorf("starting to write Events: %w", err)
	}
	return events.NewRecorder(broadcaster.NewRecorder(manager.GetScheme(), "mesos-operator")), func() {
		broadcaster.Shutdown()
		cancel()
	}, nil
}
