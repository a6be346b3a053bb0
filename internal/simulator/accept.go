package simulator

import (
	"fmt"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// accept is ACCEPT (Mesos master: master.cpp accept and _accept).
func (r *reign) accept(f *framework, call *scheduler.Call_Accept) {
	offers, invalid := r.validOffers(f, call.OfferIDs)
	if invalid != "" {
		for _, o := range offers {
			r.recover(o)
		}
		r.dropTasks(f, call.Operations, "Task launched with invalid offers: "+invalid)
		return
	}
	a := acceptance{reign: r, framework: f, slave: offers[0].slave, role: offers[0].role}
	for _, o := range offers {
		r.take(o)
		a.left = plus(a.left, o.resources)
	}
	for i := range call.Operations {
		op := &call.Operations[i]
		switch op.Type {
		case mesos.Offer_Operation_LAUNCH:
			for j := range op.Launch.GetTaskInfos() {
				a.launch(&op.Launch.TaskInfos[j], op.ID)
			}
		case mesos.Offer_Operation_LAUNCH_GROUP:
			a.launchGroup(op.LaunchGroup, op.ID)
		default:
			// A type that the master does not know does nothing; unsupported has refused the others.
		}
	}
	a.slave.release(a.left)
	r.refuseOffer(f, a.role, a.slave, a.left, refuseDuration(call.Filters))
}

// validOffers finds the offers of an ACCEPT, which are valid together or not at all. The text says
// what is wrong with them.
func (r *reign) validOffers(f *framework, ids []mesos.OfferID) (offers []*offer, invalid string) {
	seen := map[string]bool{}
	note := func(format string, args ...any) {
		if invalid == "" {
			invalid = fmt.Sprintf(format, args...)
		}
	}
	if len(ids) == 0 {
		note("No offers specified")
	}
	for _, id := range ids {
		o := r.offers[id.Value]
		switch {
		case seen[id.Value]:
			note("Duplicate offer %s in offer list", id.Value)
			continue
		case o == nil:
			note("Offer %s is no longer valid", id.Value)
			continue
		case o.framework != f:
			note("Offer %s has invalid framework %s while framework %s is expected", id.Value, o.framework.id, f.id)
			continue
		}
		seen[id.Value] = true
		if len(offers) > 0 && o.slave != offers[0].slave {
			note("Aggregated offers must belong to one single agent. Offer %s uses agent %s and agent %s",
				id.Value, o.slave.id, offers[0].slave.id)
		}
		if len(offers) > 0 && o.role != offers[0].role {
			note("Aggregated offers must be allocated to the same role. Offer %s uses role '%s' but another is using role '%s'",
				id.Value, o.role, offers[0].role)
		}
		offers = append(offers, o)
	}
	return offers, invalid
}

// dropTasks tells of every task of an ACCEPT that it was not launched.
func (r *reign) dropTasks(f *framework, ops []mesos.Offer_Operation, message string) {
	state := f.caps.lostOr(mesos.TASK_DROPPED)
	for i := range ops {
		for _, info := range tasksOf(&ops[i]) {
			r.sendStatus(f, masterStatus(info.TaskID.Value, info.AgentID.Value, state, mesos.REASON_INVALID_OFFERS, message))
		}
	}
}

func tasksOf(op *mesos.Offer_Operation) []mesos.TaskInfo {
	switch op.Type {
	case mesos.Offer_Operation_LAUNCH:
		return op.Launch.GetTaskInfos()
	case mesos.Offer_Operation_LAUNCH_GROUP:
		if op.LaunchGroup != nil {
			return op.LaunchGroup.TaskGroup.Tasks
		}
	default:
	}
	return nil
}

// unsupported names the first thing in an ACCEPT that is not simulated, or "".
func (r *reign) unsupported(call *scheduler.Call_Accept) string {
	var runner Limited
	for _, id := range call.OfferIDs {
		if o := r.offers[id.Value]; o != nil {
			runner, _ = o.slave.agent.spec.Runner.(Limited)
		}
	}
	for i := range call.Operations {
		op := &call.Operations[i]
		switch op.Type {
		case mesos.Offer_Operation_LAUNCH, mesos.Offer_Operation_LAUNCH_GROUP, mesos.Offer_Operation_UNKNOWN:
		default:
			return "the operation " + op.Type.String()
		}
		for _, info := range tasksOf(op) {
			if info.Executor != nil && op.Type == mesos.Offer_Operation_LAUNCH {
				return "a task with an executor of its own"
			}
			if runner == nil {
				continue
			}
			if what := runner.Unsupported(&info); what != "" {
				return what
			}
		}
		if op.LaunchGroup != nil && op.LaunchGroup.Executor.Type == mesos.ExecutorInfo_CUSTOM {
			return "a custom executor"
		}
	}
	return ""
}

// acceptance is one valid ACCEPT while its operations are carried out.
type acceptance struct {
	reign     *reign
	framework *framework
	slave     *slave
	role      string
	left      []mesos.Resource // of the offers, not yet used
}

func (a *acceptance) fail(info *mesos.TaskInfo, reason mesos.TaskStatus_Reason, message string) {
	a.reign.sendStatus(a.framework, masterStatus(info.TaskID.Value, info.AgentID.Value, mesos.TASK_ERROR, reason, message))
}

// launch is one task of a LAUNCH.
func (a *acceptance) launch(info *mesos.TaskInfo, opID *mesos.OperationID) {
	if why := a.unauthorized(info); why != "" {
		a.fail(info, mesos.REASON_TASK_UNAUTHORIZED, why)
		return
	}
	why := a.validate(info, true)
	if opID != nil {
		why = "The `id` field cannot be set on LAUNCH operations" // the operation's feedback is for others
	}
	if why != "" {
		a.fail(info, mesos.REASON_TASK_INVALID, why)
		return
	}
	want, role := normalized(info.Resources), a.roleIn(&info.Resources[0])
	left, ok := minus(a.left, want)
	if !ok || role != a.role {
		a.fail(info, mesos.REASON_TASK_INVALID, fmt.Sprintf("Total resources %s required by task and its executor is more than available %s",
			resourcesText(want, role), resourcesText(a.left, a.role)))
		return
	}
	a.left = left
	t := a.enter(info, "", want)
	a.slave.agent.runTasks(a.reign, a.framework.info, nil, []*mesos.TaskInfo{info})
	a.reign.cluster.log.V(1).Info("Launching task", "taskID", t.id, "agentID", a.slave.id)
}

// unauthorized says that an ACL forbids the user as whom a task would run.
func (a *acceptance) unauthorized(info *mesos.TaskInfo) string {
	user := orDefault(info.Command.GetUser(), a.framework.info.User)
	if !slices.Contains(a.reign.cluster.flags.ForbiddenUsers, user) {
		return ""
	}
	return fmt.Sprintf("Principal '%s' no authorized to launch task %s of framework %s under user '%s'",
		a.framework.principal, info.TaskID.Value, a.framework.id, user)
}

// enter books a launched task, in state STAGING; no update is sent for that.
func (a *acceptance) enter(info *mesos.TaskInfo, executorID string, want []mesos.Resource) *task {
	t := &task{
		id: info.TaskID.Value, framework: a.framework, slave: a.slave, info: info, role: a.role,
		executorID: executorID, resources: want, state: mesos.TASK_STAGING,
	}
	a.reign.addTask(t) // validation has seen to it that the ID is free
	return t
}

// launchGroup is LAUNCH_GROUP: all its tasks start, or none.
func (a *acceptance) launchGroup(g *mesos.Offer_Operation_LaunchGroup, opID *mesos.OperationID) {
	if g == nil {
		return
	}
	tasks := g.TaskGroup.Tasks
	refuseFor := func(reason mesos.TaskStatus_Reason, why string) {
		for i := range tasks {
			a.fail(&tasks[i], reason, why)
		}
	}
	refuse := func(why string) { refuseFor(mesos.REASON_TASK_GROUP_INVALID, why) }
	for i := range tasks {
		if why := a.unauthorized(&tasks[i]); why != "" {
			refuseFor(mesos.REASON_TASK_GROUP_UNAUTHORIZED, why)
			return
		}
	}
	if opID != nil {
		refuse("The `id` field cannot be set on LAUNCH_GROUP operations")
		return
	}
	if why := a.validateGroup(g); why != "" {
		refuse(why)
		return
	}
	key := executorKey{a.framework.id, g.Executor.ExecutorID.Value}
	var total []mesos.Resource
	own := normalized(g.Executor.Resources)
	if a.slave.executors[key] != nil {
		own = nil // it runs already
	}
	total = sumOf(total, own)
	for i := range tasks {
		total = sumOf(total, normalized(tasks[i].Resources))
	}
	left, ok := minus(a.left, total)
	if !ok {
		refuse(fmt.Sprintf("Total resources %s required by task group and its executor are more than available %s",
			resourcesText(total, a.role), resourcesText(a.left, a.role)))
		return
	}
	a.left = left
	if a.slave.executors[key] == nil {
		a.slave.executors[key] = &executor{id: key.executor, framework: a.framework, resources: own}
	}
	infos := make([]*mesos.TaskInfo, len(tasks))
	for i := range tasks {
		infos[i] = &tasks[i]
		a.enter(&tasks[i], key.executor, normalized(tasks[i].Resources))
	}
	a.slave.agent.runTasks(a.reign, a.framework.info, &g.Executor, infos)
}
