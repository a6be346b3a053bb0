// Package mesosbridge keeps one Mesos framework subscribed and carries its calls: the Mesos side of the controller.
//
// A Bridge speaks the v1 scheduler HTTP API (docs/scheduler-http-api.md) for one framework. It records what the master says in
// memory, tells a Listener where to look, and sends what it is asked to send. It decides nothing about tasks and writes nothing
// to Kubernetes.
//
// # Terms
//
// A term is the time from one SUBSCRIBED event to the end of that stream, numbered from one within the process. Every call
// belongs to the term in which it was asked for and is dropped when that term is over. That, and the stream ID which every call
// carries, is what makes it sure that nothing asked for in one term takes effect in a later one: from a new SUBSCRIBE on, the
// master refuses every call with the old stream ID (Mesos master: Http::scheduler).
//
// # Nothing blocks the stream
//
// One goroutine reads the stream. It takes a short lock to record an event, calls the Listener without any lock, and never waits
// for a call, a channel or the API server. Calls of one kind leave through a lane of their own, in order, so that one that hangs holds up
// no other kind. Mesos promises no order between connections, so what needs one waits for it: no KILL and no RECONCILE of a task leaves
// before its ACCEPT has an answer, and no REVIVE before the filters that it is to void.
//
// # What it does not take from mesos-go
//
// The protobuf types and call builders are mesos-go's. Its HTTP scheduler client is not used: it takes every failed call for a lost
// master, has no heartbeat timeout and reads frames of at most 4 MiB, while a master puts all offers of one allocation into one.
package mesosbridge
