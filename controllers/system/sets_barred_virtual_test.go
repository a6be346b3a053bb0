package system

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestSet_barred: a set whose MesosTasks a webhook refuses, with a code or without, says so in its words and goes on once they are let.
func TestSet_barred(t *testing.T) {
	for name, status := range map[string]*metav1.Status{
		"bad-request": {Message: "the name is not in the register"},
		"invalid":     {Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid, Message: "the name is not in the register"},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.refuseBy(func(request *admissionv1.AdmissionRequest) *metav1.Status {
					if request.Operation == admissionv1.Create && request.Resource.Resource == "mesostasks" {
						return status
					}
					return nil
				})
				v.framework("")
				v.start()
				v.taskSet(name, "serve 1", "replicas: 2")
				v.pass(10 * time.Minute)
				v.wantSet(name, "False WriteRefused")
				stalled := meta.FindStatusCondition(v.getSet(name).Status.Conditions, v1alpha1.ConditionStalled)
				if stalled == nil || !strings.Contains(stalled.Message, "0 of 2 are available. The API server refuses more MesosTasks than there are") ||
					!strings.Contains(stalled.Message, "the name is not in the register") {
					t.Errorf("Stalled is %+v", stalled)
				}
				if asked := v.asked.writes()["POST mesostasks"]; asked > 20 {
					t.Errorf("in ten minutes the API server was asked %d times", asked)
				}
				v.refuseBy(nil)
				v.pass(6 * time.Minute)
				v.wantSet(name, "True Available")
			})
		})
	}
}

// TestSet_takeoverBarred: a set that comes back and may not take over one of the objects that it finds says so, and does all else; what it may not control it
// neither deletes nor replaces. Once it may, it does.
func TestSet_takeoverBarred(t *testing.T) {
	for _, kind := range []string{"mesostasks", "controllerrevisions"} {
		t.Run(kind, func(t *testing.T) {
			name := "barred-" + kind[:5]
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.taskSet(name, "serve 1", rolled)
				v.pass(30 * time.Second)
				v.wantSet(name, "True Available")
				kept := v.tasksOfSet(name)[0].Name
				v.letGo(name)
				v.refuseBy(func(request *admissionv1.AdmissionRequest) *metav1.Status {
					object := &metav1.PartialObjectMetadata{}
					if err := json.Unmarshal(request.Object.Raw, object); err != nil {
						return &metav1.Status{Message: err.Error()}
					}
					if takes := request.Operation == admissionv1.Update && len(object.OwnerReferences) > 0; takes && request.Resource.Resource == kind && (kind != "mesostasks" || request.Name == kept) {
						return &metav1.Status{Message: "it is the auditor's"}
					}
					return nil
				})
				v.taskSet(name, "serve 1", strings.Replace(rolled, "3", "4", 1))
				v.pass(2 * time.Minute)
				v.wantSet(name, "False WriteRefused")
				if ready := meta.FindStatusCondition(v.getSet(name).Status.Conditions, v1alpha1.ConditionReady); ready == nil || !strings.Contains(ready.Message, "it is the auditor's") {
					t.Errorf("Ready is %+v", ready)
				}
				if got := v.commands(name); got["serve 1"] != 4 {
					t.Errorf("scaled up there run %v", got)
				}
				v.patchSet(name, `{spec: {template: {spec: {shell: serve 2}}}}`)
				v.pass(2 * time.Minute)
				want := map[string]int{"serve 2": 4}
				if kind == "mesostasks" {
					want = map[string]int{"serve 1": 1, "serve 2": 3}
				}
				if got := v.commands(name); got["serve 1"] != want["serve 1"] || got["serve 2"] < want["serve 2"] {
					t.Errorf("with another template there run %v, want %v", got, want)
				}
				v.refuseBy(nil)
				v.pass(6 * time.Minute)
				v.wantSet(name, "True Available")
				if got := v.commands(name); got["serve 2"] != 4 || len(got) != 1 {
					t.Errorf("once it may take it over there run %v", got)
				}
				for _, task := range v.tasksOfSet(name) {
					if owner := metav1.GetControllerOf(&task); owner == nil || owner.UID != v.getSet(name).UID {
						t.Errorf("%s is controlled by %+v", task.Name, owner)
					}
				}
			})
		})
	}
}
