// Package mesoscrontask is the controller of MesosCronTasks: it gathers what is known of one, lets schedule decide, creates and deletes the MesosTasks
// that are its runs, and records what became of them.
//
// In: a MesosCronTask, its MesosTasks and its framework, and which of its runs live in Mesos without a MesosTask. Out: MesosTasks that it controls, of
// which it never writes what their worker owns (status, binding, finalizer), and the status of the MesosCronTask.
//
// The flow of one reconcile: gather (gather.go), then decide (schedule.Next) and take the first step of what was decided (act.go), until nothing is left
// to do. Before anything is created the MesosCronTask is read live, and its runs too where none may run beside another: what was written by an
// earlier leader must not come twice. And it is looked for runs that live without a MesosTask, which get one first.
//
// It imports schedule, connections, writes, scope, events, leadership, apilevel and the API types. It does not import the other shells.
package mesoscrontask
