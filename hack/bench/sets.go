package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/hack/bench/bare"
	"github.com/mesos-operator/mesos-operator/hack/bench/report"
)

// sets takes N tasks in so many sets through creation, a new template and the end, and compares them with as many MesosTasks, whose figures must be
// in the book.
func (p *pair) sets(ctx context.Context, many int) error {
	figures := setFigures(many, p.n/many)
	alone := func(f figure) float64 { return report.Median(p.row(f, p.n).Product) }
	if err := p.startManager(ctx); err != nil {
		return err
	}
	if err := p.connected(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		of, writes figure
		// against is what it is compared with.
		against float64
		do      func(context.Context) error
		there   int
	}{
		{figures.create, figures.createWrites, alone(createWall), func(ctx context.Context) error { return p.createSets(ctx, many) }, p.n},
		{figures.roll, figures.rollWrites, alone(createWall) + alone(deleteWall), func(ctx context.Context) error { return p.patchSets(ctx, many, roll) }, p.n},
		{figures.end, figures.endWrites, alone(deleteWall), func(ctx context.Context) error { return p.patchSets(ctx, many, shrink) }, 0},
	} {
		p.say("%s", step.of.what)
		var wall time.Duration
		m, err := p.measure(ctx, func() error {
			began := time.Now()
			if err := step.do(ctx); err != nil {
				return err
			}
			if err := p.setsDone(ctx, step.there/many); err != nil {
				return err
			}
			if err := p.watcher.await(ctx, step.there, step.there); err != nil {
				return err
			}
			wall = time.Since(began)
			return p.settle(ctx)
		})
		if err != nil {
			return err
		}
		p.product(step.of, p.n, wall.Seconds())
		p.bare(step.of, p.n, step.against)
		p.product(step.writes, p.n, p.each(float64(m.requests.sum(taskWrites))))
	}
	return p.endSets(ctx)
}

// taskWrites are all writes of MesosTasks: those of sets are nobody's else.
func taskWrites(r request) bool { return isWrite(r) && r.resource == mesosTasks }

func setName(i int) string { return fmt.Sprintf("set-%03d", i) }

func (p *pair) createSets(ctx context.Context, many int) error {
	like, err := p.template()
	if err != nil {
		return err
	}
	for i := range many {
		set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Name: setName(i), Namespace: bare.Namespace}}
		set.Spec.Replicas = new(int32(p.n / many))
		set.Spec.Template.Spec = like
		if err := p.admin.Create(ctx, set); err != nil {
			return fmt.Errorf("creating a set: %w", err)
		}
	}
	return nil
}

// template is what the tasks are.
func (p *pair) template() (v1alpha1.MesosTaskSpec, error) {
	var task v1alpha1.MesosTask
	err := readJSON(p.like, &task)
	return task.Spec, err
}

// roll is another template, shrink the end of all tasks: there is no garbage collection here that would delete those of a deleted set.
const (
	roll   = `{"spec": {"template": {"spec": {"env": [{"name": "RELEASE", "value": "2"}]}}}}`
	shrink = `{"spec": {"replicas": 0}}`
)

func (p *pair) patchSets(ctx context.Context, many int, patch string) error {
	for i := range many {
		set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Name: setName(i), Namespace: bare.Namespace}}
		if err := p.admin.Patch(ctx, set, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
			return fmt.Errorf("patching a set: %w", err)
		}
	}
	return nil
}

// setsDone waits until each set has so many tasks, all up to date and available.
func (p *pair) setsDone(ctx context.Context, size int) error {
	return wait.PollUntilContextCancel(ctx, 500*time.Millisecond, false, func(ctx context.Context) (bool, error) {
		list := &v1alpha1.MesosTaskSetList{}
		if err := p.admin.List(ctx, list, client.InNamespace(bare.Namespace)); err != nil {
			return false, fmt.Errorf("listing the sets: %w", err)
		}
		for i := range list.Items {
			set, want := &list.Items[i], int32(size)
			status := set.Status
			if status.ObservedGeneration != set.Generation || status.Replicas != want || status.TerminatingReplicas != 0 ||
				status.UpdatedReplicas != want || status.AvailableReplicas != want {
				return false, nil
			}
		}
		return true, nil
	})
}

func (p *pair) endSets(ctx context.Context) error {
	if err := p.admin.DeleteAllOf(ctx, &v1alpha1.MesosTaskSet{}, client.InNamespace(bare.Namespace)); err != nil {
		return fmt.Errorf("deleting the sets: %w", err)
	}
	return p.stopManager(ctx)
}

// ofSets are what is measured of sets of one size.
type ofSets struct {
	create, createWrites, roll, rollWrites, end, endWrites figure
}

func setFigures(many, size int) ofSets {
	name := fmt.Sprintf("%d sets of %d", many, size)
	if many == 1 {
		name = fmt.Sprintf("a set of %d", size)
	}
	const against = " (against MesosTasks)"
	return ofSets{
		create:       figure{goal: "s", what: name + ", created" + against, unit: "s", bound: from(1_000, ratio(1.2))},
		createWrites: figure{goal: "s", what: name + ", created, writes to MesosTasks", unit: "per task", bound: about(3)},
		roll:         figure{goal: "s", what: name + ", rolled" + against, unit: "s", bound: from(1_000, ratio(1.2))},
		rollWrites:   figure{goal: "s", what: name + ", rolled, writes to MesosTasks", unit: "per task"},
		end:          figure{goal: "s", what: name + ", scaled to none" + against, unit: "s", bound: from(1_000, ratio(1.2))},
		endWrites:    figure{goal: "s", what: name + ", scaled to none, writes to MesosTasks", unit: "per task", bound: about(2)},
	}
}

// readJSON reads a file.
func readJSON(path string, into any) error {
	text, err := readFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}
