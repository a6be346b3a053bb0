package mesostaskset

import (
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/rollout"
)

var (
	start = time.Unix(1_000_000, 0)
	web   = types.NamespacedName{Namespace: "shop", Name: "web"}
	errNo = errors.New("exceeded quota")
)

// TestRefusals_creations: one more than there are is tried ever more rarely, is said of from the third time on, and both begin anew with another spec, and
// once the API server lets more.
func TestRefusals_creations(t *testing.T) {
	r, now := &refusals{}, start
	for times, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 0, 16 * time.Second} {
		refused, _ := r.of(web, 1, now)
		if said := refused.Creation != ""; said != (times >= quietly) || times > 0 && (*refused.Most != 4 || !refused.Again) {
			t.Errorf("after %d refusals it is %+v", times, refused)
		}
		if soon := r.noteCreation(web, 4, errNo, now); !soon.Equal(now.Add(wait)) {
			t.Errorf("after refusal %d it is looked at after %v, want %v", times+1, soon.Sub(now), wait)
		}
		if refused, until := r.of(web, 1, now); refused.Again || until.Before(now.Add(wait)) {
			t.Errorf("it is tried again at once: %+v", refused)
		}
		now = now.Add(20 * time.Second)
	}
	r.created(web, 4, now)
	if refused, until := r.of(web, 1, now); refused.Creation == "" || !until.Equal(now.Add(16*time.Second)) {
		t.Errorf("once one was made where one went it is %+v until %v", refused, until)
	}
	r.created(web, 5, now)
	if refused, until := r.of(web, 1, now); refused.Most != nil || refused.Creation != "" || !until.IsZero() {
		t.Errorf("once one more was made it is %+v until %v", refused, until)
	}
	r.noteCreation(web, 4, errNo, now)
	if refused, until := r.of(web, 2, now); refused.Most != nil || !until.IsZero() {
		t.Errorf("with another spec it is %+v until %v", refused, until)
	}
}

// TestRefusals_writes: a write that is refused holds up no other, and is forgotten once it is taken, or there is no need of it.
func TestRefusals_writes(t *testing.T) {
	r := &refusals{}
	r.of(web, 1, start)
	for range quietly {
		r.note(web, "a", errNo, start)
	}
	if refused, _ := r.of(web, 1, start); refused.Write != errNo.Error() || refused.Most != nil {
		t.Errorf("it is %+v", refused)
	}
	if !start.Before(r.heldUntil(web, "a")) || !r.heldUntil(web, "b").IsZero() {
		t.Errorf("they are held until %v and %v", r.heldUntil(web, "a"), r.heldUntil(web, "b"))
	}
	if r.keepOnly(web, sets.New("a")) || !r.keepOnly(web, sets.New("b")) {
		t.Error("what there is no need of is not what it says")
	}
	r.note(web, "a", errNo, start)
	if r.taken(web, "a"); !r.heldUntil(web, "a").IsZero() {
		t.Error("what was taken is held")
	}
}

// TestChanges_doNotStay: a change that has to be made again though nobody touched the MesosTask since does not stay.
func TestChanges_doNotStay(t *testing.T) {
	shell := rollout.Change{Spec: map[string]rollout.Value{"shell": {Before: "theirs", After: "ours"}}}
	label := rollout.Change{Labels: map[string]rollout.Value{"tier": {After: "front"}}}
	other := rollout.Change{Spec: map[string]rollout.Value{"maxRestarts": {After: 3.}}}
	touched := func(_ *v1alpha1.MesosTaskSet, task *v1alpha1.MesosTask) { task.Generation++ }
	for sentence, tc := range map[string]struct {
		made, again rollout.Change
		since       func(*v1alpha1.MesosTaskSet, *v1alpha1.MesosTask)
		want        bool
	}{
		"the spec":                        {shell, shell, nil, true},
		"the spec, and somebody was here": {shell, shell, touched, false},
		"another field of it":             {shell, other, nil, false},
		"a label":                         {label, label, nil, true},
		"the set has another spec":        {shell, shell, func(set *v1alpha1.MesosTaskSet, _ *v1alpha1.MesosTask) { set.Generation++ }, false},
		"another set has the name":        {shell, shell, func(set *v1alpha1.MesosTaskSet, _ *v1alpha1.MesosTask) { set.UID = "another" }, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := &changes{}
			set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "set", Generation: 1}}
			task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{UID: "task", Generation: 2}}
			tc.made.Task, tc.again.Task = task, task
			if c.doesNotStay(set, tc.made) {
				t.Error("the first time it does not stay")
			}
			c.made(set, tc.made, task)
			if tc.since != nil {
				tc.since(set, task)
			}
			if got := c.doesNotStay(set, tc.again); got != tc.want {
				t.Errorf("it does not stay: %t, want %t", got, tc.want)
			}
			if tc.want && (!c.saySo(set, tc.again) || c.saySo(set, tc.again)) {
				t.Error("it is not said once")
			}
			c.forget(set, nil)
			if c.doesNotStay(set, tc.again) {
				t.Error("of one that is gone it is known")
			}
		})
	}
}
