package writes

import (
	"encoding/json"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestPatch_appliesToWhatItWasDecidedOn: a patch applies to the object as it was read, and to one on which somebody changed what it does not rest on; it is
// refused by one on which somebody changed what it does.
func TestPatch_appliesToWhatItWasDecidedOn(t *testing.T) {
	const key, finalizer = "mesos.dev/binding", "mesos.dev/task"
	labelled := func(task *v1alpha1.MesosTask) { task.Labels = map[string]string{"team": "shop"} }
	for sentence, tc := range map[string]struct {
		// has makes the object what it was as it was read; rests is what the patch does with it.
		has   func(task *v1alpha1.MesosTask)
		rests func(patch *Patch, task *v1alpha1.MesosTask)
		// changes are what somebody does meanwhile, by whether it is in the way.
		changes map[bool]func(task *v1alpha1.MesosTask)
	}{
		"any object": {
			func(*v1alpha1.MesosTask) {},
			func(patch *Patch, _ *v1alpha1.MesosTask) { patch.Add("/metadata/labels", map[string]string{}) },
			map[bool]func(*v1alpha1.MesosTask){true: func(task *v1alpha1.MesosTask) { task.UID = "another" }, false: labelled},
		},
		"the generation": {
			func(*v1alpha1.MesosTask) {},
			func(patch *Patch, task *v1alpha1.MesosTask) { patch.TestGeneration(task) },
			map[bool]func(*v1alpha1.MesosTask){true: func(task *v1alpha1.MesosTask) { task.Generation++ }, false: labelled},
		},
		"an annotation": {
			func(task *v1alpha1.MesosTask) { task.Annotations = map[string]string{key: "one"} },
			func(patch *Patch, task *v1alpha1.MesosTask) { patch.SetAnnotation(task, key, "two") },
			map[bool]func(*v1alpha1.MesosTask){
				true:  func(task *v1alpha1.MesosTask) { task.Annotations[key] = "three" },
				false: func(task *v1alpha1.MesosTask) { task.Annotations["other"] = "x" },
			},
		},
		"an annotation that there is not": {
			func(task *v1alpha1.MesosTask) { task.Annotations = map[string]string{"other": "x"} },
			func(patch *Patch, task *v1alpha1.MesosTask) { patch.SetAnnotation(task, key, "two") },
			map[bool]func(*v1alpha1.MesosTask){
				true:  func(task *v1alpha1.MesosTask) { task.Annotations[key] = "three" },
				false: func(task *v1alpha1.MesosTask) { task.Annotations["other"] = "y" },
			},
		},
		"the first annotation": {
			func(*v1alpha1.MesosTask) {},
			func(patch *Patch, task *v1alpha1.MesosTask) { patch.SetAnnotation(task, key, "two") },
			map[bool]func(*v1alpha1.MesosTask){true: func(task *v1alpha1.MesosTask) { task.Annotations = map[string]string{"other": "x"} }, false: labelled},
		},
		"a value that is replaced": {
			func(task *v1alpha1.MesosTask) { task.Spec.Shell = "one" },
			func(patch *Patch, _ *v1alpha1.MesosTask) { patch.Change("/spec/shell", "one", "two") },
			map[bool]func(*v1alpha1.MesosTask){true: func(task *v1alpha1.MesosTask) { task.Spec.Shell = "three" }, false: labelled},
		},
		"a value that is taken away": {
			func(task *v1alpha1.MesosTask) { task.Spec.Shell = "one" },
			func(patch *Patch, _ *v1alpha1.MesosTask) { patch.Change("/spec/shell", "one", nil) },
			map[bool]func(*v1alpha1.MesosTask){true: func(task *v1alpha1.MesosTask) { task.Spec.Shell = "three" }, false: labelled},
		},
		"an entry": {
			func(task *v1alpha1.MesosTask) { task.Labels = map[string]string{"a/b": "one"} },
			func(patch *Patch, _ *v1alpha1.MesosTask) {
				patch.ChangeEntry("/metadata/labels", "a/b", "one", "two", false)
			},
			map[bool]func(*v1alpha1.MesosTask){
				true:  func(task *v1alpha1.MesosTask) { task.Labels["a/b"] = "three" },
				false: func(task *v1alpha1.MesosTask) { task.Labels["team"] = "shop" },
			},
		},
		"the first entry": {
			func(*v1alpha1.MesosTask) {},
			func(patch *Patch, _ *v1alpha1.MesosTask) {
				patch.ChangeEntry("/metadata/labels", "a/b", nil, "two", true)
			},
			map[bool]func(*v1alpha1.MesosTask){true: labelled, false: func(task *v1alpha1.MesosTask) { task.Generation++ }},
		},
		"the first finalizer": {
			func(*v1alpha1.MesosTask) {},
			func(patch *Patch, task *v1alpha1.MesosTask) { patch.AddFinalizer(task, finalizer) },
			map[bool]func(*v1alpha1.MesosTask){true: func(task *v1alpha1.MesosTask) { task.Finalizers = []string{"other"} }, false: labelled},
		},
		"a finalizer that is removed": {
			func(task *v1alpha1.MesosTask) { task.Finalizers = []string{"other", finalizer, "third"} },
			func(patch *Patch, task *v1alpha1.MesosTask) { patch.RemoveFinalizer(task, finalizer) },
			map[bool]func(*v1alpha1.MesosTask){
				true:  func(task *v1alpha1.MesosTask) { task.Finalizers = []string{finalizer, "third"} },
				false: func(task *v1alpha1.MesosTask) { task.Finalizers = []string{"other", finalizer} },
			},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			task := version("a", "7")
			task.Generation = 3
			tc.has(task)
			patch := For(task)
			tc.rests(patch, task)
			if err := apply(t, patch, task); err != nil {
				t.Errorf("it does not apply to what it was decided on: %v", err)
			}
			for inTheWay, change := range tc.changes {
				changed := task.DeepCopy()
				change(changed)
				if err := apply(t, patch, changed); (err != nil) != inTheWay {
					t.Errorf("after a change that is in the way: %t, it says %v", inTheWay, err)
				}
			}
		})
	}
}

// apply does with a patch what an API server does.
func apply(t *testing.T, patch *Patch, task *v1alpha1.MesosTask) error {
	t.Helper()
	built, err := patch.Build()
	if err != nil {
		t.Fatal(err)
	}
	data, err := built.Data(task)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := jsonpatch.DecodePatch(data)
	if err != nil {
		t.Fatal(err)
	}
	object, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	_, err = decoded.Apply(object)
	return err
}
