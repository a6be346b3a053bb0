// Package controllers is the Kubernetes side of the operator, a room (package) for each concern. It has no code of its own; this is the map.
//
//	cmd/manager: internal/operator
//	  │
//	  ├─► mesostask ───────┐                    references, writes, scope, events, leadership
//	  │                    ├─► connections ─► placer ─► placement
//	  ├─► mesosframework ──┤        │            │
//	  │                    │        └──────┬─────┘
//	  ├─► mesostaskset ────┤               └─► lifecycle, requests, mesosbridge, api
//	  │        └─► rollout │
//	  └─► mesoscrontask ───┘
//	           └─► schedule
//
//	what enters                    where                               who decides                    who writes and acts
//	a MesosTask changes            mesostask, the worker on its key    lifecycle.Next                 mesostask: status, binding, finalizer; then the steps
//	Mesos speaks of a task         mesosbridge, connections, its key   as above                       as above; then the update is acknowledged
//	offers come                    mesosbridge, placer                 placement.Place                placer reserves in memory; mesostask binds; placer ACCEPTs
//	a MesosFramework changes       mesosframework, its key             mesosframework                 mesosframework: claim, ID, status
//	a task of a set is found       services, the set's key             endpoints.Next                 services: Service, EndpointSlices, condition ServicePublished
//	a set or its tasks change      mesostaskset, the set's key         rollout.Next                   mesostaskset: MesosTasks, revisions, the set's status
//	a time comes, a run ends       mesoscrontask, the cron task's key  schedule.Next                  mesoscrontask: MesosTasks, the cron task's status
//	a subscription, an interval    connections, the framework's key    reconciliation.Pass, Proof     mesosframework: RECONCILE, orphans, status
//
// A MesosTask's status, binding and finalizer have one writer, the worker on its key; the spec, labels and annotations of one that a set controls are
// the set's; a cron task creates and deletes its runs, and changes nothing of them but whose they are. Everything else records in memory and enqueues the key. Connections owns every bridge; the
// MesosFramework controller only hands it the desired configuration. Every write and every call passes leadership's gate.
//
// Arrows run one way: cmd and internal/operator, which makes one process of all of it, then the shells mesostask, mesosframework, mesostaskset, mesoscrontask and services, then connections and placer, then the pure rooms, mesosbridge and the API
// types. What a person asks for once, by an annotation, is judged in requests. The Secrets and ConfigMaps of tasks are read in references,
// the levels of the CRDs in apilevel. What two
// shells need is below both: writes (patches, and the memory of them), scope (which objects are seen), events, leadership. Shells do not import each other. `make rooms` prints who imports whom, and the linter holds everybody to it.
//
// A test belongs into the room whose behaviour it tests. What takes the whole system to show is in system.
package controllers
