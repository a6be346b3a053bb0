// Package doctor examines an installation: kubectl mesos doctor.
//
//	in   the API server, by a client; what of it could not be read is known as such
//	out  Findings, each with a level: all right, to note, a problem
//
// gather.go reads and asks (the shell), judge.go says what that means (pure): Seen goes from the one to the other, so that each finding can be tested without a
// cluster. What the operator and the plugin's verbs need of permissions is in needs.go; a test holds it to config/rbac/role.yaml.
//
// It may import the API types, internal/objects and internal/explain, whose words for a framework it uses.
package doctor
