// Package bare has the programs that the product is compared with: each does the same to the same servers as the product must, and nothing else.
package bare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Namespace has the MesosTasks of the benchmarks.
const Namespace = "default"

// resource is how the API names MesosTasks.
const resource = "mesostasks"

// Name of the i-th MesosTask. All names are equally long.
func Name(i int) string { return fmt.Sprintf("task-%06d", i) }

// Step is one request for one MesosTask.
type Step string

// The steps, in the order in which a MesosTask goes through them.
const (
	// Create is the user's.
	Create Step = "create"
	// Bind writes finalizer and binding, Record the status. A deleted MesosTask is released by the removal of its finalizer.
	Bind   Step = "bind"
	Record Step = "record"
	// Delete is the user's.
	Delete  Step = "delete"
	Release Step = "release"
)

// Tasks takes MesosTasks through steps.
type Tasks struct {
	// User makes the requests of users, Operator those of the operator.
	User, Operator *rest.Config
	// Steps are taken one after the other of each MesosTask, InFlight MesosTasks at once.
	Steps    []Step
	N        int
	InFlight int
	// Like is a MesosTask that runs, as the API server has it: what is written is what that one has, under other names.
	Like []byte
}

// Run takes all of them through all steps.
func (t Tasks) Run(ctx context.Context) error {
	user, err := Client(t.User)
	if err != nil {
		return err
	}
	operator, err := Client(t.Operator)
	if err != nil {
		return err
	}
	forms, err := newForms(t.Like)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range t.InFlight {
		workers.Go(func() {
			for i := range numbers {
				for _, step := range t.Steps {
					client := operator
					if step == Create || step == Delete {
						client = user
					}
					if err := forms.take(ctx, client, step, Name(i)); err != nil {
						cancel(fmt.Errorf("step %s of %s: %w", step, Name(i), err))
						return
					}
				}
			}
		})
	}
	defer workers.Wait()
	defer close(numbers)
	for i := range t.N {
		select {
		case numbers <- i:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Client speaks to the API server about the operator's kinds, in JSON and without decoding what it answers.
func Client(config *rest.Config) (*rest.RESTClient, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.APIPath, config.GroupVersion = "/apis", &v1alpha1.GroupVersion
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making the client: %w", err)
	}
	return client, nil
}

// forms are the bodies of the requests, for a MesosTask of the name of the one that they were taken from.
type forms struct {
	name                          []byte
	create, bind, record, release []byte
}

func newForms(like []byte) (*forms, error) {
	task := &unstructured.Unstructured{}
	if err := json.Unmarshal(like, task); err != nil {
		return nil, fmt.Errorf("reading the MesosTask to make others like: %w", err)
	}
	f := &forms{name: []byte(task.GetName())}
	fresh := map[string]any{
		"apiVersion": task.GetAPIVersion(), "kind": task.GetKind(), "spec": task.Object["spec"],
		"metadata": map[string]any{"name": task.GetName(), "namespace": Namespace},
	}
	type patch struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value,omitempty"`
	}
	var errs []error
	form := func(object any) []byte {
		body, err := json.Marshal(object)
		errs = append(errs, err)
		return body
	}
	f.create = form(fresh)
	f.bind = form([]patch{{"add", "/metadata/finalizers", task.GetFinalizers()}, {"add", "/metadata/annotations", task.GetAnnotations()}})
	f.record = form([]patch{{"add", "/status", task.Object["status"]}})
	f.release = form([]patch{{"test", "/metadata/finalizers", task.GetFinalizers()}, {Op: "remove", Path: "/metadata/finalizers"}})
	return f, errors.Join(errs...)
}

// take makes one request. A MesosTask that is gone needs not be deleted.
func (f *forms) take(ctx context.Context, client *rest.RESTClient, step Step, name string) error {
	named := func(body []byte) []byte { return bytes.ReplaceAll(body, f.name, []byte(name)) }
	var request *rest.Request
	switch step {
	case Create:
		request = client.Post().Namespace(Namespace).Resource(resource).SetHeader("Content-Type", "application/json").Body(named(f.create))
	case Bind:
		request = client.Patch(types.JSONPatchType).Namespace(Namespace).Resource(resource).Name(name).Body(named(f.bind))
	case Record:
		request = client.Patch(types.JSONPatchType).Namespace(Namespace).Resource(resource).Name(name).SubResource("status").Body(named(f.record))
	case Release:
		request = client.Patch(types.JSONPatchType).Namespace(Namespace).Resource(resource).Name(name).Body(named(f.release))
	case Delete:
		request = client.Delete().Namespace(Namespace).Resource(resource).Name(name).Body(&metav1.DeleteOptions{})
	default:
		return fmt.Errorf("there is no step %q", step)
	}
	_, err := request.DoRaw(ctx)
	return err
}

// Result is what a program says when it is done.
type Result struct {
	// Seconds is how long what it is measured by took.
	Seconds float64 `json:"seconds"`
	// CPUSeconds is what the process had used by then.
	CPUSeconds float64 `json:"cpuSeconds"`
	// Count is how many of what it counts there were.
	Count int `json:"count"`
}
