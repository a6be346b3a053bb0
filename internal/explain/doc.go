// Package explain says in sentences why a task waits, restarts or died, and what helps: kubectl mesos why.
//
//	in   Seen: a MesosTask, MesosTaskSet, MesosCronTask or MesosFramework as the API server has it, its framework, its tasks, its Events, the time
//	out  Explanation: sentences, the commands that help, and whether anything is wrong at all
//
// It is a table of ordered rules for what is the matter (task.go, set.go, cron.go, framework.go), of which the first that matches speaks, and one for how an
// attempt ended (ends.go). It only says what the operator and Mesos said; what nobody said it does not guess, but for what everybody knows of exit codes.
//
// It is pure: no client, no clock. It may import the API types.
package explain
