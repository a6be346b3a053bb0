// Package rollout decides what should happen next to the MesosTasks of one MesosTaskSet. It is pure: values in, a decision out.
//
//	in   Seen: the set, its revisions, every MesosTask whose name has the form of its own, how its framework stands, which agents are about to be maintained
//	out  Decision: which rule decided, a revision to make, MesosTasks to create, delete and change, the set's status, when to look again
//
// Next classes the tasks (members.go), finds or makes the revision (revisions.go), lets the first rule that matches decide on creations and deletions
// (rules.go, replace.go), adds what is to be changed in tasks as they run (changes.go) and says how the set stands (conditions.go).
//
// It may import the API types and apimachinery, and nothing that does I/O.
package rollout
