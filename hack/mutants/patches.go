package main

// patches are the tests in JSON Patches: a write applies only to what it was decided on.
var patches = []mutant{
	{
		name: "JSON Patch: UID, of every object",
		file: "controllers/writes/patch.go",
		old:  `	patch.Test("/metadata/uid", object.GetUID())`, new: ``,
		tests: in(writes, "^TestPatch"),
	}, {
		name: "JSON Patch: generation",
		file: "controllers/writes/patch.go",
		old:  `	p.Test("/metadata/generation", object.GetGeneration())`, new: ``,
		tests: in(writes, "^TestPatch"),
	}, {
		name: "JSON Patch: an annotation that is replaced",
		file: "controllers/writes/patch.go",
		old:  `	p.Test(annotationPath(key), value)`, new: `	_ = value`,
		tests: in(writes, "^TestPatch"),
	}, {
		name: "JSON Patch: that there is no annotation at all",
		file: "controllers/writes/patch.go",
		old:  `		p.Test("/metadata/annotations", nil)`, new: ``,
		tests: in(writes, "^TestPatch"),
	}, {
		name: "JSON Patch: a value that is replaced",
		file: "controllers/writes/patch.go",
		old:  `	p.Test(path, before)`, new: ``,
		tests: in(writes, "^TestPatch"),
	}, {
		name: "JSON Patch: that there is no entry at all",
		file: "controllers/writes/patch.go",
		old:  `		p.Test(parent, nil)`, new: ``,
		tests: in(writes, "^TestPatch"),
	}, {
		name: "JSON Patch: that there is no finalizer at all",
		file: "controllers/writes/patch.go",
		old:  `		p.Test("/metadata/finalizers", nil)`, new: ``,
		tests: in(writes, "^TestPatch"),
	}, {
		name: "JSON Patch: which finalizer is removed",
		file: "controllers/writes/patch.go",
		old:  `	p.Test(path, finalizer)`, new: ``,
		tests: in(writes, "^TestPatch"),
	}, {
		name: "deletion of a MesosTask that is finished: what was decided on, as precondition",
		file: "controllers/mesostask/writes.go",
		old:  `		return r.Client.Delete(ctx, object, client.Preconditions{UID: &object.UID, ResourceVersion: &object.ResourceVersion})`, new: `		return r.Client.Delete(ctx, object)`,
		tests: in(system, "^TestTTL_changedMeanwhile$"),
	},
}
