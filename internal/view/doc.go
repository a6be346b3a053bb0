// Package view makes text for people of the operator's objects: the joined table of kubectl mesos tasks, and kubectl mesos describe.
//
//	in   objects as the API server has them, their Events, the time
//	out  tables for cli-runtime's printer, and text
//
// It is pure. It may import the API types, internal/explain, whose words for how a task ended it uses, and internal/intervention, which reads histories of sets.
package view
