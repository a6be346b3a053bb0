// Package leadership knows whether this process may act as the leader of its installation, and lets nothing out of one that may not (rule 13).
//
// The leader elector alone does not tell: a process that was frozen and thawed goes on for up to the renew deadline before the elector
// ends it, while another process leads. So the elector's lock is wrapped (leadership.go), and what leaves the process passes a gate that looks at how
// long ago the lease was renewed (gate.go). Which installation serves a MesosFramework, its claim says (claim.go).
//
// In: renewals of the lease, and every write and call before it is sent. Out: whether it may be. It imports the API types and client-go's lock, and no
// other room.
package leadership
