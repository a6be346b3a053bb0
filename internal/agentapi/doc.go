// Package agentapi is how a person on call reaches a Mesos agent: it finds the agent, reads what a task left in its sandbox, and runs a command beside it.
//
//	in   which agent (its ID and host name, as a MesosTask's status has them), the URLs of the masters, what the person says on the way: Options
//	out  files and their content, what a command writes and how it ended; errors that say what was tried and what helps
//
// # How an agent is found
//
// A MesosTask names its agent, not the agent's port or scheme. Client.Find goes the first of these ways that leads anywhere:
//
//  1. Options.AgentURL, a pattern such as https://{hostname}:5051 or https://gateway.example.com/agent/{id}: for those who have no direct way to agents;
//  2. what the leading master says of the agent (GET_AGENTS: host name, port, address). The scheme is the master's;
//  3. port 5051 of the host name, over HTTP, or HTTPS where certificates are given.
//
// Where the host name cannot be resolved or reached from here, the address that the agent itself gave is tried.
//
// # How a sandbox is found
//
// Of a command, which is what the operator launches, the executor's ID is the task's, and the agent shows its sandbox as
// /frameworks/<framework>/executors/<task>/runs/latest: alive or dead, until the agent's garbage collection takes it away. Where that is not known, /state says
// which executor has the task; below the default executor the task's own files are those of its nested container, containers/<ID>.
//
// # How a command is run
//
// LAUNCH_NESTED_CONTAINER_SESSION starts it in the namespaces of the task's container and answers with its output as a stream, which ends it when it breaks;
// ATTACH_CONTAINER_INPUT is a second request whose body is its input; WAIT_NESTED_CONTAINER tells how it ended (docs/operator-http-api.md of Mesos).
//
// Credentials go out in a header, over HTTPS unless told otherwise, to the master or agent that was meant and to nobody whom it redirects to; no error has them.
//
// It may import nothing of this module: it knows neither objects nor the operator.
package agentapi
