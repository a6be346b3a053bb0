// Package controllers is the Kubernetes side of the operator: it reads objects and what the bridges know, lets the pure packages
// decide, records the decision in the API and then acts on it.
//
// A MesosTask has one writer, the worker on its key. Everything else, the bridges and placement, records in memory and enqueues
// the key. Connections owns every bridge; the MesosFramework controller only hands it the desired configuration.
package controllers
