// Package v1alpha1 is the API of mesos-operator: MesosTask, a task that should exist on Apache Mesos, and MesosFramework, the
// Mesos scheduler registration that runs it.
//
// +kubebuilder:object:generate=true
// +groupName=mesos.dev
package v1alpha1
