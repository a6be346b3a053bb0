// Package mesos holds the words of Apache Mesos as plain Go values: task states, observations, offers, resources and what a
// launch says of a task.
//
// It is the vocabulary that the bridge and the controllers share. It knows no protobuf, does no I/O and never reads the clock,
// so that every decision built on it can be tested by values alone.
package mesos
