// Package simulator is a simulated Apache Mesos cluster: masters that speak the v1 scheduler HTTP API, and
// agents that run tasks as real local processes or act them out by scripts. It exists because a test suite
// cannot carry a real one; it is never part of the controller manager.
//
// It does what the master of Mesos 1.12 does (src/master/master.cpp, http.cpp and validation.cpp), down to
// reasons and messages, and is measured against conversations recorded from a real one (testdata).
//
// # Use
//
// New makes a Cluster with one leading master; AddAgent gives it agents. Schedulers reach a master in memory
// through Cluster.DialContext (or Cluster.Client) under Master.URL, or on a socket through Cluster.Listen. Agents' own API is on a socket
// where AddServedAgent made them. A
// Cluster waits only by package time's timers and blocks only on channels, so inside a testing/synctest bubble
// it runs in virtual time. Close it before the bubble ends.
//
// Tests look at four things: what was sent (Calls, CallLog), the truth on the agents (Tasks, Ledger, Launches,
// Disasters), what is going wrong (Inject and Faults, StopMaster, Agent.Partition and so on), and
// NotSimulated, which should be empty.
//
// # What is deliberately not simulated
//
// A call that needs one of these is answered 501 and counted in Cluster.NotSimulated, rather than pretended at:
//
//   - the operations of ACCEPT other than LAUNCH and LAUNCH_GROUP: reservations, volumes, disks, and with them
//     operation feedback (RECONCILE_OPERATIONS, ACKNOWLEDGE_OPERATION_STATUS);
//   - executors of the framework's own (ExecutorInfo with LAUNCH, or of type CUSTOM), hence MESSAGE and SHUTDOWN;
//   - offer filters and offer constraints (the latter are seen in JSON only: mesos-go's types do not have them);
//   - containers without an image of tasks on agents whose runner is a ProcessRunner;
//   - REQUEST, which a real master ignores too;
//   - of the operator API everything but what changes agents and frameworks (MARK_AGENT_GONE, DRAIN_AGENT,
//     REACTIVATE_AGENT, TEARDOWN), the calls of maintenance and quota, RESERVE_RESOURCES, UNRESERVE_RESOURCES, GET_AGENTS, GET_FRAMEWORKS, GET_TASKS, GET_ROLES,
//     GET_HEALTH, GET_VERSION; of the agents' own GET_AGENT, GET_TASKS, GET_EXECUTORS, GET_CONTAINERS, LIST_FILES, READ_FILE,
//     LAUNCH_NESTED_CONTAINER_SESSION, ATTACH_CONTAINER_INPUT, WAIT_NESTED_CONTAINER and WAIT_CONTAINER (Agent.ServeHTTP). All
//     in JSON only. Of what was before it, the master's /roles and /tasks, and the agents' /state, /files/browse and /files/read;
//   - sessions in task groups, and beside tasks that are acted out by scripts.
//
// These are simpler than the real thing:
//
//   - allocation: an agent's free resources go to whoever holds the least CPU, and was offered something least often;
//     no quota guarantees (only limits), no weights, no fair shares across several resources;
//   - containers: an agent without the containerizer, the image provider or the isolator of a limit fails the launch (AgentSpec); else no images,
//     volumes, networks, isolation or limits, nor their lack, but where a fault says so (LaunchFault); every task has its agent's IP address;
//   - time: messages between master and agents take none, unless a fault delays them; an agent that starts finds
//     its executors at once;
//   - sandboxes: what a ProcessRunner or a script puts there (Script.Files), of the latest 150 tasks that ended on the agent, without a time after which
//     they go; links out of them are not listed. /state has few flags, and no task groups that have ended;
//   - sessions: processes in the task's directory, with its environment and user, in no namespaces; no heartbeats;
//   - authorization: only basic authentication, the roles whitelist and the refusal of root;
//   - executors that lose their agent give up only where its directories were wiped (Agent.Replace);
//   - the registry lives in memory and forgets unreachable and gone agents only when told to (Agent.Forget).
package simulator
