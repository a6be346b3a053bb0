// Package apiserver is a double of kube-apiserver in memory, for tests in virtual time: within a testing/synctest bubble all its waiting is virtual and
// its connections are pipes, so that the real manager, its cache and its leader election run in the bubble, too.
//
// What decides about a write is Kubernetes' own code wherever that can be had without etcd: metadata, validation, defaults, pruning and rules of
// CRDs. The rest (resource versions, watches, finalizers, patches, subresources) is written here, and holds as far as the cases of cases_test.go do,
// which run against this and a real kube-apiserver alike.
//
// Faults meet requests (Inject), what watches and caches show (Lag, Compact), connections (Sever), or all that is stored (RollBack).
//
// Not here: authentication, authorization, admission plugins but for the lifecycle of namespaces, garbage collection, field managers, server-side
// apply, tables, protobuf, chunks of lists. Of Kubernetes' own kinds only what the operator uses, and of their defaults and validation hardly anything.
package apiserver
