// Package schedule decides which runs of a cron task are due, and what becomes of those that were. It is pure: time and time zone are values.
//
// In: a MesosCronTask as it is recorded, its runs (the MesosTasks that are its own), and what of it lives in Mesos without a MesosTask (Seen). Out: at
// most one MesosTask to create, those to take over and to delete, the status to write, and when to ask again (Decision).
//
// The flow of one Next: read the schedule (times.go), see which runs there are and up to when its times are dealt with (runs.go), find the run that is
// due and what holds it back (due.go), and say so (conditions.go).
//
// What makes a run come once, whatever dies: its name is decided by its time (names.go), it is created before the status says that its time is dealt
// with, and it is deleted only after that is durable. So the status follows from what is seen: a successor comes to the same.
//
// It imports the API types and cron's parser, and no other room.
package schedule
