package system

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/endpoints/request"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// arriving is a write as it arrives at the API server.
type arriving struct {
	// from is whose it is: the name of a process, or user.
	from, method, resource, part, name string
	body                               string
}

// answerCode keeps the status of an answer.
type answerCode struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (a *answerCode) WriteHeader(code int) {
	a.code = code
	a.ResponseWriter.WriteHeader(code)
}

// arrive lets a test do something before a write takes effect.
func (v *virtual) arrive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := request.RequestInfoFrom(r.Context())
		if v.meanwhile == nil || !ok || !info.IsResourceRequest || r.Method == http.MethodGet || r.UserAgent() == "user" {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			v.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		then := v.meanwhile(arriving{r.UserAgent(), r.Method, info.Resource, info.Subresource, info.Name, string(body)})
		if then == nil {
			next.ServeHTTP(w, r)
			return
		}
		answer := &answerCode{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		then(answer.code)
	})
}

// patches says whether it is a JSON Patch that changes a value at a path.
func (a *arriving) patches(resource, part, path string) bool {
	return a.method == http.MethodPatch && a.resource == resource && a.part == part &&
		(strings.Contains(a.body, `{"op":"add","path":"`+path+`"`) || strings.Contains(a.body, `{"op":"remove","path":"`+path+`"`))
}

// binds says whether it writes a binding.
func (a *arriving) binds() bool {
	return a.method == http.MethodPatch && a.resource == "mesostasks" && strings.Contains(a.body, `\"taskID\"`)
}

// late is a write that comes too late: somebody changed what it rests on since it was decided.
type late struct {
	// does is what leads to the write, and which says which one it is.
	does  func(v *virtual)
	which func(write arriving) bool
	// comes is what comes before it.
	comes func(v *virtual, write arriving)
	// applies says that it is not in the way.
	applies bool
}

// TestWrites_thatCameTooLate: each write is refused if what it was decided on has changed by the time that it arrives, and is not if something else has. Then
// what it was for comes about all the same.
func TestWrites_thatCameTooLate(t *testing.T) {
	for sentence, tc := range lates() {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
				var once sync.Mutex
				done, code := false, 0
				v.meanwhile = func(write arriving) func(int) {
					once.Lock()
					first := !done && tc.which(write)
					done = done || first
					once.Unlock()
					if !first {
						return nil
					}
					tc.comes(v, write)
					return func(got int) { code = got }
				}
				tc.does(v)
				v.pass(2 * time.Minute)
				refused := code == http.StatusUnprocessableEntity || code == http.StatusConflict
				if code == 0 || refused == tc.applies || !refused && code != http.StatusOK {
					t.Errorf("the API server answered it with %d", code)
				}
			})
		})
	}
}

// lates are all writes, and what they rest on.
func lates() map[string]late {
	all := map[string]late{}
	for _, some := range []map[string]late{latesOfTasks(), latesOfFrameworks(), latesOfClaims(), latesOfSetsAndCronTasks(), latesOfServices()} {
		maps.Copy(all, some)
	}
	return all
}

func latesOfTasks() map[string]late {
	runs := func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1`)
		v.pass(30 * time.Second)
	}
	ends := func(v *virtual) { runs(v); v.delete("web") }
	status := func(write arriving) bool { return write.patches("mesostasks", "status", "/status") }
	release := func(write arriving) bool { return write.patches("mesostasks", "", "/metadata/finalizers/0") }
	binds := func(write arriving) bool { return write.binds() }
	labelled := func(v *virtual, write arriving) { v.patch(write.name, `metadata: {labels: {team: shop}}`) }
	unbound := func(v *virtual, write arriving) {
		v.patch(write.name, `metadata: {annotations: {mesos.dev/binding: null}}`)
	}
	changed := func(v *virtual, write arriving) { v.patch(write.name, `spec: {killGracePeriodSeconds: 9}`) }
	written := func(v *virtual, write arriving) {
		task := v.get(write.name)
		v.patchStatus(task, fmt.Sprintf(`{"status":{"revision":%d}}`, task.Status.Revision+1))
	}
	unfinalized := func(v *virtual) { runs(v); v.patch("web", `metadata: {finalizers: null}`) }
	finalizer := func(write arriving) bool {
		return !write.binds() && (write.patches("mesostasks", "", "/metadata/finalizers") || write.patches("mesostasks", "", "/metadata/finalizers/-"))
	}
	return map[string]late{
		"a status: the binding":                {does: runs, which: status, comes: unbound},
		"a status: another status":             {does: runs, which: status, comes: written},
		"a status: a label":                    {does: runs, which: status, comes: labelled, applies: true},
		"a binding: the spec":                  {does: runs, which: binds, comes: changed},
		"a binding: a label":                   {does: runs, which: binds, comes: labelled, applies: true},
		"a finalizer that is back: the spec":   {does: unfinalized, which: finalizer, comes: changed},
		"a finalizer that is back: a label":    {does: unfinalized, which: finalizer, comes: labelled, applies: true},
		"the finalizer's removal: the binding": {does: ends, which: release, comes: unbound},
		"the finalizer's removal: a status":    {does: ends, which: release, comes: written},
		"the finalizer's removal: a label":     {does: ends, which: release, comes: labelled, applies: true},
		"a binding: another process's": {does: runs, which: binds, comes: func(v *virtual, write arriving) {
			v.patch(write.name, `metadata: {annotations: {mesos.dev/binding: "{}"}}`)
		}},
	}
}

// patchStatus changes the status of an object by a merge patch.
func (v *virtual) patchStatus(object client.Object, patch string) {
	v.Helper()
	if err := v.client.Status().Patch(v.Context(), object, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		v.Error(err)
	}
}

// patchStatusJSON changes the status of an object by a JSON Patch.
func (v *virtual) patchStatusJSON(object client.Object, patch string) {
	v.Helper()
	if err := v.client.Status().Patch(v.Context(), object, client.RawPatch(types.JSONPatchType, []byte(patch))); err != nil {
		v.Error(err)
	}
}

// claimedElsewhere makes another installation claim the framework.
func claimedElsewhere(v *virtual, _ arriving) {
	v.patchStatus(v.frameworkNow(), `{"status":{"controller":{"lease":"elsewhere/lease","identity":"somebody"}}}`)
}

func latesOfFrameworks() map[string]late {
	begins := func(v *virtual) { v.framework(""); v.start() }
	runs := func(v *virtual) {
		begins(v)
		v.task("web", `shell: sleep 1, unreachable: {replaceAfterSeconds: 0}`)
		v.pass(30 * time.Second)
	}
	of := func(path string) func(arriving) bool {
		return func(write arriving) bool { return write.patches("mesosframeworks", "status", path) }
	}
	asks := func(v *virtual) {
		runs(v)
		v.annotateFramework(v1alpha1.AnnotationGiveUpAgent, "agent-0")
	}
	forgets := func(v *virtual) {
		runs(v)
		v.abandon("web")
		v.deleteFramework()
		v.pass(time.Minute)
		v.annotateFramework(v1alpha1.AnnotationForgetAbandoned, tokenIn(v.frameworkSays(v1alpha1.ConditionReady), v1alpha1.AnnotationForgetAbandoned))
	}
	return map[string]late{
		"a framework's status: the claim": {does: begins, which: of("/status"), comes: claimedElsewhere},
		"a framework's status: a label": {does: begins, which: of("/status"), applies: true, comes: func(v *virtual, _ arriving) {
			v.patchFramework(`{"metadata":{"labels":{"team":"ops"}}}`)
		}},
		"a framework's ID: the claim": {does: begins, which: of("/status/frameworkID"), comes: claimedElsewhere},
		"a framework's ID that is replaced: the claim": {
			does: func(v *virtual) {
				begins(v)
				v.pass(30 * time.Second)
				tearDownAt(v.T, v.mesos, v.frameworkNow().Status.FrameworkID)
			},
			which: func(write arriving) bool {
				return of("/status")(write) && strings.Contains(write.body, `"replacedFrameworkIDs"`) && !strings.Contains(write.body, `"frameworkID"`)
			},
			comes: claimedElsewhere,
		},
		"a framework's ID that is given up: the claim": {
			does: func(v *virtual) {
				runs(v)
				id := v.frameworkNow().Status.FrameworkID
				v.stop()
				v.removeFramework()
				v.framework("")
				v.annotateFramework(v1alpha1.AnnotationReplaceFrameworkID, id)
				v.start()
			},
			which: of("/status/replacedFrameworkIDs"), comes: claimedElsewhere,
		},
		"a request that is handled: the claim": {does: asks, which: of("/status/handledAnnotations"), comes: claimedElsewhere},
		"a request that is handled: the request": {does: asks, which: of("/status/handledAnnotations"), comes: func(v *virtual, _ arriving) {
			v.annotateFramework(v1alpha1.AnnotationGiveUpAgent, "agent-1")
		}},
		"abandoned attempts that are forgotten: which": {does: forgets, which: of("/status/abandoned"), comes: func(v *virtual, _ arriving) {
			framework := v.frameworkNow()
			another := *framework.Status.Abandoned[0].DeepCopy()
			another.TaskID += "x"
			framework.Status.Abandoned = append(framework.Status.Abandoned, another)
			if err := v.client.Status().Update(v.Context(), framework); err != nil {
				v.Error(err)
			}
		}},
	}
}

func latesOfClaims() map[string]late {
	begins := func(v *virtual) { v.framework(""); v.start() }
	claims := func(process string) func(arriving) bool {
		return func(write arriving) bool {
			return write.from == process && write.patches("mesosframeworks", "status", "/status/controller")
		}
	}
	contested := func(v *virtual) {
		v.framework("")
		v.create(fmt.Sprintf(`{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: other, namespace: %s}, spec: {holderIdentity: somebody, leaseDurationSeconds: 3600}}`, v.namespace), &coordinationv1.Lease{})
		v.patchStatus(v.frameworkNow(), fmt.Sprintf(`{"status":{"controller":{"lease":"%s/other","identity":"somebody"}}}`, v.namespace))
		v.start()
	}
	contests := func(write arriving) bool {
		return write.patches("mesosframeworks", "status", "/status/conditions") || write.patches("mesosframeworks", "status", "/status/conditions/-")
	}
	return map[string]late{
		"the first claim: another's": {does: begins, which: claims("manager-1"), comes: claimedElsewhere},
		"a claim after another process's: another's": {
			does:  func(v *virtual) { begins(v); v.pass(10 * time.Second); v.stop(); v.start() },
			which: claims("manager-2"), comes: claimedElsewhere,
		},
		"condition Contested: the claim": {does: contested, which: contests, comes: func(v *virtual, _ arriving) {
			v.patchStatus(v.frameworkNow(), `{"status":{"controller":{"identity":"somebody else"}}}`)
		}},
		"condition Contested: the first condition": {does: contested, which: contests, comes: func(v *virtual, _ arriving) {
			v.patchStatus(v.frameworkNow(), `{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Fine","message":"It is","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`)
		}},
	}
}

func latesOfSetsAndCronTasks() map[string]late {
	set := func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "replicas: 2, minReadySeconds: 0")
		v.pass(30 * time.Second)
	}
	cron := func(v *virtual) {
		v.framework("")
		v.start()
		v.cron("job", "* * * * *", "sleep 5s", "successfulTasksHistoryLimit: 1")
		v.pass(3 * time.Minute)
	}
	deletes := func(write arriving) bool { return write.method == http.MethodDelete && write.resource == "mesostasks" }
	// another is another MesosTask under the name of the one that is to be deleted.
	another := func(v *virtual, write arriving) {
		v.delete(write.name)
		task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: write.name, Namespace: v.namespace}}
		// The operator may have taken its finalizer away by itself.
		if err := v.client.Patch(v.Context(), task, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))); client.IgnoreNotFound(err) != nil {
			v.Error(err)
		}
		v.task(write.name, `shell: sleep 1, suspend: true`)
	}
	return map[string]late{
		"a cron task's status: another status": {
			does: cron, which: func(write arriving) bool { return write.patches("mesoscrontasks", "status", "/status") },
			comes: func(v *virtual, write arriving) {
				cron := v.getCron(write.name)
				v.patchStatus(cron, fmt.Sprintf(`{"status":{"revision":%d}}`, cron.Status.Revision+1))
			},
		},
		"a run's deletion: another of its name": {does: cron, which: deletes, comes: another},
		"a set's status: the set": {
			does: set, which: func(write arriving) bool { return write.patches("mesostasksets", "status", "/status") },
			comes: func(v *virtual, write arriving) { v.patchSet(write.name, `{metadata: {labels: {team: shop}}}`) },
		},
		"what a set changes of a task: its spec": {
			does:  func(v *virtual) { set(v); v.patchSet("web", `{spec: {template: {spec: {launchTimeoutSeconds: 99}}}}`) },
			which: func(write arriving) bool { return write.patches("mesostasks", "", "/spec/launchTimeoutSeconds") },
			comes: func(v *virtual, write arriving) { v.patch(write.name, `spec: {backoff: {initialSeconds: 7}}`) },
		},
		"the deletion of a set's task: another of its name": {
			does: func(v *virtual) { set(v); v.patchSet("web", `{spec: {replicas: 1}}`) }, which: deletes, comes: another,
		},
	}
}

func latesOfServices() map[string]late {
	serves := func(v *virtual) {
		v.framework("")
		v.start()
		v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTaskSet, metadata: {name: web, namespace: %[1]s}, spec: {replicas: 1, minReadySeconds: 0, service: {ports: [{name: http, port: 80, taskPort: http}]},
template: {spec: {frameworkRef: {name: %[1]s}, shell: serve 1, ports: [{name: http}], resources: {requests: {cpus: "0.1", memory: 32Mi}}}}}}`, v.namespace), &v1alpha1.MesosTaskSet{})
		v.pass(30 * time.Second)
	}
	return map[string]late{
		"condition ServicePublished: another condition": {
			does: serves, which: func(write arriving) bool { return write.patches("mesostasksets", "status", "/status/conditions") },
			comes: func(v *virtual, write arriving) {
				v.patchStatusJSON(v.getSet(write.name), `[{"op":"add","path":"/status/conditions/-","value":{"type":"Odd","status":"True","reason":"Odd","message":"It is","lastTransitionTime":"2026-01-01T00:00:00Z"}}]`)
			},
		},
		"a Service: the Service": {
			does: func(v *virtual) {
				serves(v)
				v.patchSet("web", `{spec: {service: {ports: [{name: http, port: 81, taskPort: http}]}}}`)
			},
			which: func(write arriving) bool { return write.method == http.MethodPatch && write.resource == "services" },
			comes: func(v *virtual, write arriving) {
				service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: write.name, Namespace: v.namespace}}
				if err := v.client.Patch(v.Context(), service, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"team":"shop"}}}`))); err != nil && !apierrors.IsNotFound(err) {
					v.Error(err)
				}
			},
		},
	}
}
