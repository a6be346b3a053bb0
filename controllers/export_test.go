package controllers

import (
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// TaskSource and FrameworkSource are what brings keys of MesosTasks and MesosFrameworks back, for controllers that tests make.
func (c *Connections) TaskSource() source.Source      { return source.Func(c.tasks.start) }
func (c *Connections) FrameworkSource() source.Source { return source.Func(c.frameworks.start) }

// EnqueueTask brings a MesosTask's key back, and EnqueueFramework a MesosFramework's, as an event of a watch does.
func (c *Connections) EnqueueTask(namespace, name string) {
	c.tasks.add(types.NamespacedName{Namespace: namespace, Name: name})
}

func (c *Connections) EnqueueFramework(name string) { c.frameworks.add(frameworkKey(name)) }
