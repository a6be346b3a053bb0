package operator

import (
	"context"
	"errors"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/controllers/apilevel"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/events"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/mesoscrontask"
	"github.com/mesos-operator/mesos-operator/controllers/mesosframework"
	"github.com/mesos-operator/mesos-operator/controllers/mesostask"
	"github.com/mesos-operator/mesos-operator/controllers/mesostaskset"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/controllers/services"
)

// parts are what the controllers are made of.
type parts struct {
	manager           ctrl.Manager
	connections       *connections.Connections
	gate              *leadership.Gate
	clock             clock.PassiveClock
	controllerName    string
	scope             scope.Namespaces
	levels            *apilevel.Levels
	recorder          *events.Recorder
	operatorNamespace string
	later             *kinds
	discovery         *discovery
}

// addControllers makes the manager run the controllers of all kinds that can be served.
func (p *parts) addControllers(ctx context.Context) error {
	sets, crons := p.later.served["MesosTaskSet"], p.later.served["MesosCronTask"]
	frameworks := &mesosframework.Reconciler{
		Client: p.manager.GetClient(), Live: p.manager.GetAPIReader(), Connections: p.connections, Gate: p.gate, Clock: p.clock,
		ControllerName: p.controllerName, Scope: p.scope, Recorder: p.recorder, OperatorNamespace: p.operatorNamespace,
		SetsUnserved: !sets, CronTasksUnserved: !crons,
	}
	tasks := &mesostask.Reconciler{
		Client: p.manager.GetClient(), Live: p.manager.GetAPIReader(), Connections: p.connections, Gate: p.gate, Clock: p.clock,
		ControllerName: p.controllerName, Scope: p.scope, Levels: p.levels, Recorder: p.recorder,
	}
	err := errors.Join(tasks.SetupWithManager(ctx, p.manager), frameworks.SetupWithManager(p.manager),
		p.manager.Add(p.discovery.restartOnceChanged()), p.manager.Add(p.later.restartOnceServed()))
	if sets {
		err = errors.Join(err, p.addSets(ctx))
	}
	if crons {
		cronTasks := &mesoscrontask.Reconciler{
			Client: p.manager.GetClient(), Live: p.manager.GetAPIReader(), Connections: p.connections, Gate: p.gate, Clock: p.clock,
			ControllerName: p.controllerName, Scope: p.scope, Levels: p.levels, Recorder: p.recorder,
		}
		err = errors.Join(err, cronTasks.SetupWithManager(ctx, p.manager))
	}
	return err
}

// addSets adds the controllers of MesosTaskSets and of their Services.
func (p *parts) addSets(ctx context.Context) error {
	taskSets := &mesostaskset.Reconciler{
		Client: p.manager.GetClient(), Live: p.manager.GetAPIReader(), Connections: p.connections, Gate: p.gate, Clock: p.clock,
		ControllerName: p.controllerName, Scope: p.scope, Levels: p.levels, Recorder: p.recorder,
	}
	found := &services.Reconciler{
		Client: p.manager.GetClient(), Live: p.manager.GetAPIReader(), Connections: p.connections, Gate: p.gate, Clock: p.clock,
		ControllerName: p.controllerName, Scope: p.scope, Recorder: p.recorder, Forbidden: !p.discovery.allowed,
	}
	return errors.Join(taskSets.SetupWithManager(ctx, p.manager), found.SetupWithManager(p.manager))
}
