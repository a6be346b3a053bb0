// Package migration turns definitions of Marathon, Chronos and Singularity into MesosTasks, MesosTaskSets and MesosCronTasks. It is pure: texts in,
// manifests and remarks out.
//
//	document ──► found (kind, ID) ──► named ──► a table of fields per kind ──► manifest, remarks
//	             definition.go        names.go  marathon.go, chronos.go,        manifest.go
//	                                            singularity.go
//
// Each kind of definition is a table of fields (field.go): what each of them becomes, or why nothing does. A definition is read through nodes
// (node.go), which strike out what was taken; what is left in the end is remarked on, known or not, so that nothing is dropped in silence. What would
// run something else than the definition does, such as a process of the host for a container, is refused: no manifest is written.
//
// What several kinds have in common is in a file for each concern: command.go, container.go, placement.go, ports.go, resources.go, checks.go, schedule.go.
package migration
