package operator

import (
	"context"
	"fmt"

	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"
	toolsevents "k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/controllers/events"
)

// startEvents starts what writes Events. Stop ends it; what is told after that goes nowhere.
func startEvents(ctx context.Context, manager ctrl.Manager, wrap func(toolsevents.EventRecorder) toolsevents.EventRecorder) (recorder *events.Recorder, stop func(), err error) {
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
	var written toolsevents.EventRecorder = broadcaster.NewRecorder(manager.GetScheme(), "mesos-operator")
	if wrap != nil {
		written = wrap(written)
	}
	return events.NewRecorder(written), func() {
		broadcaster.Shutdown()
		cancel()
	}, nil
}
