// Package operator is the operator as one process: the real manager with its cache, its leader election and the controllers of all kinds, put
// together. The program cmd/manager runs it by its flags; tests run it as it is, also in virtual time and several of it at once.
//
// In: how to reach the API server, and Options. Out: nothing but what the controllers do, and why it ended.
package operator
