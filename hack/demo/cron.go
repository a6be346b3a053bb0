package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// nightly is the sample of a cron task; hourly is a copy of it with another schedule, which is suspended.
const nightly, hourly = "nightly", "hourly"

func (d *demo) runCron(ctx context.Context) error {
	suspended, err := d.suspendedManifest()
	if err != nil {
		return err
	}
	if err := d.kubectl(ctx, "apply", "-f", sampleFiles+"/cron.yaml", "-f", suspended); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "annotate", "mesoscrontask", nightly, "--overwrite", v1alpha1.AnnotationRunRequestedAt+"="+time.Now().UTC().Format(time.RFC3339)); err != nil {
		return err
	}
	if err := d.watchCrons(ctx, func(night, hour *v1alpha1.MesosCronTask) string {
		switch {
		case night.Status.LastSuccessfulTime == nil || night.Status.Active > 0:
			return "a run of " + nightly + " that succeeded"
		case hour.Status.ObservedGeneration != hour.Generation:
			return "the status of " + hourly
		}
		return ""
	}); err != nil {
		return err
	}
	if err := d.kubectl(ctx, "get", "mesostasks", "--selector", v1alpha1.LabelCron); err != nil {
		return err
	}
	return d.onlyRunOf(ctx, nightly)
}

// onlyRunOf says which runs there are besides one of a cron task.
func (d *demo) onlyRunOf(ctx context.Context, cron string) error {
	runs := &v1alpha1.MesosTaskList{}
	if err := d.client.List(ctx, runs, client.InNamespace(namespace), client.HasLabels{v1alpha1.LabelCron}); err != nil {
		return fmt.Errorf("reading the runs: %w", err)
	}
	if len(runs.Items) != 1 || runs.Items[0].Labels[v1alpha1.LabelCron] != cron {
		return fmt.Errorf("there are %d runs, want one, of %s", len(runs.Items), cron)
	}
	return nil
}

// suspendedManifest writes a copy of the sample that runs every hour, were it not suspended.
func (d *demo) suspendedManifest() (path string, err error) {
	sample, err := os.ReadFile(sampleFiles + "/cron.yaml")
	if err != nil {
		return "", fmt.Errorf("reading the sample: %w", err)
	}
	cron := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(sample, &cron.Object); err != nil {
		return "", fmt.Errorf("reading the sample: %w", err)
	}
	cron.SetName(hourly)
	for field, value := range map[string]any{"schedule": "@hourly", "suspend": true} {
		if err := unstructured.SetNestedField(cron.Object, value, "spec", field); err != nil {
			return "", fmt.Errorf("changing the sample: %w", err)
		}
	}
	manifest, err := yaml.Marshal(cron.Object)
	if err != nil {
		return "", fmt.Errorf("writing the sample: %w", err)
	}
	path = d.path("cron.yaml")
	if err := os.WriteFile(path, manifest, 0o644); err != nil { //nolint:gosec // anybody may read it
		return "", fmt.Errorf("writing the sample: %w", err)
	}
	return path, nil
}

// watchCrons shows the cron tasks whenever they are others than they were shown last, until nothing is missing.
func (d *demo) watchCrons(ctx context.Context, missing func(night, hour *v1alpha1.MesosCronTask) string) error {
	var seen, shown string
	return until(ctx, func(ctx context.Context) (string, error) {
		night, hour := &v1alpha1.MesosCronTask{}, &v1alpha1.MesosCronTask{}
		for name, cron := range map[string]*v1alpha1.MesosCronTask{nightly: night, hourly: hour} {
			if err := d.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, cron); err != nil {
				return "", fmt.Errorf("reading %s: %w", name, err)
			}
		}
		// Not whenever the ages in its columns change.
		if now := fmt.Sprint(night.Status.Active, night.Status.LastSuccessfulTime, hour.Status.ObservedGeneration); now != seen {
			seen = now
			if err := d.table(ctx, &shown, "get", "mesoscrontasks"); err != nil {
				return "", err
			}
		}
		return missing(night, hour), nil
	})
}
