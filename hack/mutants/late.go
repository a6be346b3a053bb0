package main

// late are the tests in each write: one that comes after what it rests on has changed is refused.
var late = []mutant{
	{
		name: "JSON Patch of a MesosTask's status: binding",
		file: "controllers/mesostask/writes.go",
		old: `	patch := writes.For(object)
	patch.TestAnnotation(object, v1alpha1.AnnotationBinding)
	patch.Test("/status/revision", revisionOrNil(object.Status.Revision))`, new: `	patch := writes.For(object)
	patch.Test("/status/revision", revisionOrNil(object.Status.Revision))`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a MesosTask's status: revision",
		file: "controllers/mesostask/writes.go",
		old:  `	patch.Test("/status/revision", revisionOrNil(object.Status.Revision))`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a binding: generation",
		file: "controllers/mesostask/writes.go",
		old: `	patch.TestGeneration(object)
	patch.SetAnnotation`, new: `	patch.SetAnnotation`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a finalizer that was taken away: generation",
		file: "controllers/mesostask/writes.go",
		old: `	patch.TestGeneration(view.object)
`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of the last finalizer's removal: binding",
		file: "controllers/mesostask/writes.go",
		old: `		patch.TestAnnotation(view.object, v1alpha1.AnnotationBinding)
`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of the last finalizer's removal: revision",
		file: "controllers/mesostask/writes.go",
		old: `		patch.Test("/status/revision", revisionOrNil(view.object.Status.Revision))
`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a MesosFramework's status: claim",
		file: "controllers/mesosframework/status.go",
		old: `	testClaim(patch, v.object.Status.Controller)
`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a framework ID: claim",
		file: "controllers/mesosframework/id.go",
		old: `		testClaim(patch, v.object.Status.Controller)
		patch.Add("/status/frameworkID", state.FrameworkID)`, new: `		patch.Add("/status/frameworkID", state.FrameworkID)`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a framework ID that is replaced: claim",
		file: "controllers/mesosframework/id.go",
		old: `	testClaim(patch, v.object.Status.Controller)
	patch.Add("/status", status)`, new: `	patch.Add("/status", status)`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a framework ID that is given up: claim",
		file: "controllers/mesosframework/id.go",
		old: `	testClaim(patch, v.object.Status.Controller)
	patch.Add("/status/replacedFrameworkIDs"`, new: `	patch.Add("/status/replacedFrameworkIDs"`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a claim: the claim before",
		file: "controllers/mesosframework/claim.go",
		old: `	testClaim(patch, claim)
	patch.Add("/status/controller"`, new: `	patch.Add("/status/controller"`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a claim: that there is none",
		file: "controllers/mesosframework/claim.go",
		old:  `		patch.Test("/status/controller", nil)`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of condition Contested: claim",
		file: "controllers/mesosframework/claim.go",
		old: `	testClaim(patch, claim)
	if len`, new: `	if len`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of condition Contested: that there is no condition",
		file: "controllers/mesosframework/claim.go",
		old:  `		patch.Test("/status/conditions", nil)`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a request that is handled: claim",
		file: "controllers/mesosframework/requests.go",
		old: `	testClaim(patch, v.object.Status.Controller)
`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a request that is handled: the request",
		file: "controllers/mesosframework/requests.go",
		old:  `	patch.TestAnnotation(v.object, asked.annotation)`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of abandoned attempts that are forgotten: which",
		file: "controllers/mesosframework/abandoned.go",
		old:  `	patch.Test("/status/abandoned", v.object.Status.Abandoned)`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a MesosCronTask's status: revision",
		file: "controllers/mesoscrontask/act.go",
		old:  `	patch.Test("/status/revision", revision)`, new: `	_ = revision`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "deletion of a run: UID as precondition",
		file: "controllers/mesoscrontask/act.go",
		old:  `			return r.Client.Delete(ctx, task, client.Preconditions{UID: &deletion.UID})`, new: `			return r.Client.Delete(ctx, task)`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a MesosTaskSet's status: resource version",
		file: "controllers/mesostaskset/act.go",
		old:  `	patch.Test("/metadata/resourceVersion", view.object.ResourceVersion)`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a MesosTask's spec by its set: generation",
		file: "controllers/mesostaskset/act.go",
		old: `		patch.TestGeneration(task)
`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "deletion of a set's MesosTask: UID as precondition",
		file: "controllers/mesostaskset/act.go",
		old:  `		return r.Client.Delete(ctx, task, client.Preconditions{UID: &task.UID})`, new: `		return r.Client.Delete(ctx, task)`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of condition ServicePublished: all conditions",
		file: "controllers/services/condition.go",
		old:  `	patch.Test("/status/conditions", orNil(v.set.Status.Conditions))`, new: `	_ = orNil(v.set.Status.Conditions)`,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	}, {
		name: "JSON Patch of a Service or EndpointSlice: resource version",
		file: "controllers/services/service.go",
		old:  `	patch.Test("/metadata/resourceVersion", object.GetResourceVersion())`, new: ``,
		tests: in(system, "^TestWrites_thatCameTooLate$"),
	},
}
