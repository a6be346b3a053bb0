package mesosframework

import (
	"context"
	"slices"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/requests"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// connect makes sure that the framework has its connection, where it may have one.
func (v *view) connect(ctx context.Context) error {
	if usable, err := v.readSecrets(ctx); err != nil || !usable {
		return err
	}
	config := configOf(v.object)
	v.memory.secrets.addTo(&config)
	deleting := !v.object.DeletionTimestamp.IsZero()
	if deleting && config.Framework.ID == "" {
		return nil
	}
	if stuck, err := v.identify(ctx, &config); err != nil || stuck {
		return err
	}
	if contradiction, err := v.contradiction(ctx); err != nil || contradiction != nil {
		v.memory.stuck = contradiction
		return err
	}
	if !deleting {
		v.memory.stuck = v.memory.secrets.missing
	}
	before := v.subscription()
	connection, created := v.Connections.Ensure(v.object.Name, config) //nolint:contextcheck // a bridge outlives the reconcile that asks for it
	v.connection = connection
	v.setLaunching()
	if created {
		connection.AbandonedStored(v.object.Status.Abandoned)
		ctrl.LoggerFrom(ctx).Info("Connecting to Mesos", "masters", v.object.Spec.Masters, "frameworkID", config.Framework.ID)
		v.enqueueTasks(ctx)
	}
	// A problem of another ID than the one that the bridge has by now says nothing of this one.
	if problem := before.Problem; problem != nil && problem.Class == mesosbridge.FrameworkRemoved && !deleting &&
		before.FrameworkID == connection.Bridge.Connection().FrameworkID {
		return v.replaceRemoved(ctx, problem)
	}
	return nil
}

// identify finds the ID under which a framework that has no connection yet is to subscribe, where its object does not say it. Stuck is one that cannot be told.
func (v *view) identify(ctx context.Context, config *mesosbridge.Config) (stuck bool, err error) {
	if config.Framework.ID != "" || v.Connections.Get(v.object.Name) != nil {
		return false, nil
	}
	id, lost, err := v.liveID(ctx)
	if err != nil {
		return false, err
	}
	config.Framework.ID = id
	if lost != nil {
		v.memory.stuck = lost
	}
	return lost != nil, nil
}

// disconnect ends the framework's connection; what was known from its subscriptions goes with it.
func (v *view) disconnect() {
	v.Connections.Remove(v.object.Name)
	v.connection, v.memory.passes = nil, newPasses()
	// The next one numbers its subscriptions from one again.
	v.memory.unknown, v.memory.orphans = requests.Count{}, requests.Count{}
}

// subscription is what is known of the framework's subscription; nothing where it has no connection.
func (v *view) subscription() mesosbridge.Connection {
	if connection := v.Connections.Get(v.object.Name); connection != nil {
		return connection.Bridge.Connection()
	}
	return mesosbridge.Connection{}
}

// setLaunching gives the connection what the spec says of launching and offers.
func (v *view) setLaunching() {
	spec := &v.object.Spec
	if hold := spec.Reconciliation.LaunchHoldSeconds; hold != nil {
		v.connection.SetHold(time.Duration(*hold) * time.Second)
	}
	v.connection.Placer.SetSpec(spec.Offers)
}

func reservationLabels(offers v1alpha1.Offers) []mesos.Label {
	var labels []mesos.Label
	for _, label := range offers.ReservationLabels {
		labels = append(labels, mesos.Label{Name: label.Name, Value: label.Value})
	}
	return labels
}

// enqueueTasks brings back the tasks of a framework that has just got a connection.
func (v *view) enqueueTasks(ctx context.Context) {
	tasks, err := v.listTasks(ctx)
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Enqueueing the tasks of the framework")
		return
	}
	for i := range tasks {
		v.Connections.EnqueueTask(client.ObjectKeyFromObject(&tasks[i]))
	}
}

// configOf is what a bridge is told of a framework.
func configOf(framework *v1alpha1.MesosFramework) mesosbridge.Config {
	info := framework.Spec.Info
	id := lifecycle.FrameworkIDOf(framework)
	if id == "" && !slices.Contains(framework.Status.ReplacedFrameworkIDs, info.ID) {
		id = info.ID
	}
	config := mesosbridge.Config{
		Masters:           framework.Spec.Masters.URLs,
		KnownRoles:        framework.Status.Roles,
		ReservationLabels: reservationLabels(framework.Spec.Offers),
		Framework: mesos.Framework{
			ID: id, Name: info.Name, User: info.User, Roles: info.Roles, WebUIURL: info.WebUIURL,
			FailoverTimeout: time.Duration(info.FailoverTimeoutSeconds) * time.Second,
		},
	}
	for _, capability := range info.Capabilities {
		config.Framework.Capabilities = append(config.Framework.Capabilities, string(capability))
	}
	return config
}
