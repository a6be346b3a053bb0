package lifecycle

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func fromSecret(variable, name, key string, optional bool) []v1alpha1.EnvVar {
	return []v1alpha1.EnvVar{{Name: variable, ValueFrom: &v1alpha1.EnvVarSource{SecretKeyRef: &v1alpha1.KeyReference{Name: name, Key: key, Optional: optional}}}}
}

func fromConfigMap(variable, name, key string) []v1alpha1.EnvVar {
	return []v1alpha1.EnvVar{{Name: variable, ValueFrom: &v1alpha1.EnvVarSource{ConfigMapKeyRef: &v1alpha1.KeyReference{Name: name, Key: key}}}}
}

func fromField(variable, path string) []v1alpha1.EnvVar {
	return []v1alpha1.EnvVar{{Name: variable, ValueFrom: &v1alpha1.EnvVarSource{FieldRef: &v1alpha1.FieldReference{FieldPath: path}}}}
}

func allOfSecret(name, prefix string, optional bool) v1alpha1.EnvFromSource {
	return v1alpha1.EnvFromSource{Prefix: prefix, SecretRef: &v1alpha1.SourceReference{Name: name, Optional: optional}}
}

// declaredFromElsewhere declares one variable of each kind of source.
func declaredFromElsewhere() *Declaration {
	spec := v1alpha1.MesosTaskSpec{TaskTemplate: v1alpha1.TaskTemplate{
		Env:     append(append(fromSecret("A", "s", "k", true), fromConfigMap("C", "c", "k")...), fromField("B", "status.taskID")...),
		EnvFrom: []v1alpha1.EnvFromSource{allOfSecret("s", "S_", false)},
	}}
	made := Declare("web", &spec, mesos.Task{}, &v1alpha1.MesosFramework{})
	return &made
}

// TestHash_noValueCounts: what a Secret or ConfigMap holds is in no hash, nor is the order of env.
func TestHash_noValueCounts(t *testing.T) {
	object := &v1alpha1.MesosTask{Spec: baseSpec()}
	object.Spec.Env = append(fromSecret("B", "s", "k", false), fromSecret("A", "s", "k", false)...)
	hashes := map[string]bool{}
	for _, value := range []mesos.Hidden{"one", "other"} {
		task, obstacle := Fill(mesos.Task{}, object, map[Source]Content{{KindSecret, "s"}: {Data: map[string]mesos.Hidden{"k": value}}})
		if obstacle != nil || len(task.Env) != 2 {
			t.Fatalf("the task is %+v, the obstacle %+v", task, obstacle)
		}
		hashes[resolved(t, object.Spec)] = true
		object.Spec.Env[0], object.Spec.Env[1] = object.Spec.Env[1], object.Spec.Env[0]
	}
	if len(hashes) != 1 {
		t.Errorf("the hashes are %v, want one", hashes)
	}
}

func TestFill(t *testing.T) {
	secret, config := Source{KindSecret, "s"}, Source{KindConfigMap, "c"}
	holds := map[Source]Content{
		secret: {Data: map[string]mesos.Hidden{"user": "me", "pass": "p\n", "HOST": "db"}},
		config: {Data: map[string]mesos.Hidden{"user": "you", "1.level": ""}},
	}
	for sentence, c := range map[string]struct {
		env     []v1alpha1.EnvVar
		envFrom []v1alpha1.EnvFromSource
		found   map[Source]Content
		want    string
	}{
		"values alone":                      {[]v1alpha1.EnvVar{{Name: "B", Value: "$(A)"}, {Name: "A"}}, nil, nil, "B=$(A) A="},
		"a key of a Secret, as it is":       {fromSecret("P", "s", "pass", false), nil, holds, "P=p\n"},
		"a key of a ConfigMap":              {fromConfigMap("U", "c", "user"), nil, holds, "U=you"},
		"a key that may be missing, and is": {fromSecret("P", "s", "nix", true), nil, holds, ""},
		"a Secret that may be missing, and is": {
			fromSecret("P", "s", "pass", true), []v1alpha1.EnvFromSource{allOfSecret("s", "", true)}, map[Source]Content{secret: {Lack: LackMissing}}, "",
		},
		"all of a Secret":   {nil, []v1alpha1.EnvFromSource{allOfSecret("s", "", false)}, holds, "HOST=db pass=p\n user=me"},
		"all with a prefix": {nil, []v1alpha1.EnvFromSource{allOfSecret("s", "S_", false)}, holds, "S_HOST=db S_pass=p\n S_user=me"},
		"the last source wins": {
			nil, []v1alpha1.EnvFromSource{allOfSecret("s", "", false), {ConfigMapRef: &v1alpha1.SourceReference{Name: "c"}}}, holds, "1.level= HOST=db pass=p\n user=you",
		},
		"env wins": {
			append(fromField("HOST", "status.taskID"), v1alpha1.EnvVar{Name: "user", Value: "x"}),
			[]v1alpha1.EnvFromSource{allOfSecret("s", "", false)},
			holds,
			"user=x pass=p\n HOST=ID",
		},
		"the object's name":              {fromField("N", "metadata.name"), nil, nil, "N=web"},
		"its namespace":                  {fromField("N", "metadata.namespace"), nil, nil, "N=shop"},
		"a label":                        {fromField("N", "metadata.labels['example.com/tier']"), nil, nil, "N=front"},
		"a label that it does not have":  {fromField("N", "metadata.labels['tier']"), nil, nil, "N="},
		"the ID that its launch decides": {fromField("N", "status.taskID"), nil, nil, "N=ID"},
	} {
		t.Run(sentence, func(t *testing.T) {
			object := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop", Labels: map[string]string{"example.com/tier": "front"}}}
			object.Spec.Env, object.Spec.EnvFrom = c.env, c.envFrom
			task, obstacle := Fill(mesos.Task{}, object, c.found)
			if obstacle != nil {
				t.Fatalf("the obstacle is %+v", obstacle)
			}
			var got []string
			for _, variable := range task.Env {
				got = append(got, variable.Name+"="+variable.Value)
			}
			for _, name := range task.IDVariables {
				got = append(got, name+"=ID")
			}
			if all := strings.Join(got, " "); all != c.want {
				t.Errorf("the environment is %q, want %q", all, c.want)
			}
		})
	}
}

// TestFill_obstacles: what keeps a task waiting names namespace, source, key and what to do, and never a value.
func TestFill_obstacles(t *testing.T) {
	const canary = "canary"
	secret := Source{KindSecret, "s"}
	holding := func(key, value string) map[Source]Content {
		return map[Source]Content{secret: {Data: map[string]mesos.Hidden{key: mesos.Hidden(value)}}}
	}
	lacking := func(source Source, lack Lack) map[Source]Content {
		return map[Source]Content{source: {Lack: lack, Detail: "timed out"}}
	}
	all := []v1alpha1.EnvFromSource{allOfSecret("s", "", false)}
	for sentence, c := range map[string]struct {
		env     []v1alpha1.EnvVar
		envFrom []v1alpha1.EnvFromSource
		found   map[Source]Content
		reason  string
		stalled bool
		says    string
	}{
		"no Secret":             {fromSecret("P", "s", "k", false), nil, lacking(secret, LackMissing), v1alpha1.ReasonSecretNotFound, false, "Secret shop/s does not exist, and spec.env[P].valueFrom names it: create it with key k"},
		"no key":                {fromSecret("P", "s", "k", false), nil, holding("other", canary), v1alpha1.ReasonSecretNotFound, false, "Secret shop/s has no key k, which spec.env[P].valueFrom names: add it"},
		"no ConfigMap":          {fromConfigMap("P", "c", "k"), nil, lacking(Source{KindConfigMap, "c"}, LackMissing), v1alpha1.ReasonConfigMapNotFound, false, "ConfigMap shop/c does not exist"},
		"no Secret for all":     {nil, all, lacking(secret, LackMissing), v1alpha1.ReasonSecretNotFound, false, "spec.envFrom[0] names it: create it, and"},
		"not allowed":           {fromSecret("P", "s", "k", true), nil, lacking(secret, LackForbidden), v1alpha1.ReasonSecretsNotAllowed, true, "value rbac.taskSecrets of the Helm chart"},
		"no answer":             {fromSecret("P", "s", "k", true), nil, lacking(secret, LackUnread), v1alpha1.ReasonReferenceUnread, false, "it is tried again: timed out"},
		"never read":            {fromSecret("P", "s", "k", true), nil, nil, v1alpha1.ReasonReferenceUnread, false, "has not been read yet"},
		"a NUL":                 {fromSecret("P", "s", "k", false), nil, holding("k", canary+"\x00"), v1alpha1.ReasonSecretInvalid, true, "what its key k holds is no text"},
		"no UTF-8, of all":      {nil, all, holding("k", canary+"\xff"), v1alpha1.ReasonSecretInvalid, true, "what its key k holds is no text"},
		"the executor's own":    {nil, all, holding("LIBPROCESS_IP", canary), v1alpha1.ReasonSecretInvalid, true, "its key LIBPROCESS_IP would be variable LIBPROCESS_IP, which Mesos' executor reads itself"},
		"too much":              {fromSecret("P", "s", "k", false), nil, holding("k", canary+strings.Repeat("x", 60<<10)), v1alpha1.ReasonInvalidSpec, true, "come to 121 KiB"},
		"a field of the future": {fromField("P", "spec.future"), nil, nil, v1alpha1.ReasonInvalidSpec, true, "write metadata.name"},
	} {
		t.Run(sentence, func(t *testing.T) {
			object := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}}
			object.Spec.Env, object.Spec.EnvFrom = c.env, c.envFrom
			task, obstacle := Fill(mesos.Task{}, object, c.found)
			if obstacle == nil || obstacle.Reason != c.reason || obstacle.Stalled != c.stalled || !strings.Contains(obstacle.Message, c.says) || obstacle.Waits {
				t.Fatalf("the obstacle is %+v, want %s with %q", obstacle, c.reason, c.says)
			}
			if obstacle.Reads != (len(Sources(&object.Spec)) > 0) {
				t.Errorf("what ends it is read again: %t", obstacle.Reads)
			}
			if printed := fmt.Sprintf("%+v %#v %+v", obstacle, task, c.found); strings.Contains(printed, canary) {
				t.Errorf("the value is printed: %s", printed)
			}
		})
	}
}

// TestNext_references: nothing is killed for a spec whose Secrets have not been read, or are not there; what waits reads them, and is launched with them.
func TestNext_references(t *testing.T) {
	lack := func(s *story) {
		s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonSecretNotFound, Message: "Not there", Reads: true}
	}
	unread := func(s *story) { s.Unread = true }
	both := func(edits ...func(*story)) func(*story) {
		return func(s *story) {
			for _, edit := range edits {
				edit(s)
			}
		}
	}
	restart := func(s *story) { s.RestartRequest = "1" }
	placed := func(s *story) { s.Placement = &Placement{TaskID: "t", AgentID: "a"} }
	for sentence, c := range map[string]struct {
		story *story
		edit  func(*story)
		want  summary
	}{
		"it is new":                         {newStory(), unread, summary{"first launch", "False/AwaitingOffer", []Step{StepRead}}},
		"it is new, and offers are there":   {newStory(), both(unread, placed), summary{"first launch", "False/AwaitingOffer", []Step{StepRead}}},
		"it is read":                        {newStory(), func(*story) {}, summary{"first launch", "False/AwaitingOffer", []Step{StepPlace}}},
		"it is not there":                   {newStory(), lack, summary{"nothing can be launched", "False/SecretNotFound", []Step{StepRead}}},
		"it runs, and needs nothing":        {running(), unread, summary{"let it run", "True/Running", nil}},
		"it is to be restarted":             {running(), both(unread, restart), summary{"let it run", "True/Running", []Step{StepRead}}},
		"it cannot be restarted":            {running(), both(lack, restart), summary{"let it run", "True/Running", []Step{StepRead}}},
		"its spec has changed":              {running(), both(unread, changeHash), summary{"let it run", "True/Running", []Step{StepRead}}},
		"its spec has changed to nothing":   {running(), both(lack, changeHash), summary{"let it run", "False/SecretNotFound", []Step{StepRead}}},
		"its spec has changed, and is read": {running(), changeHash, summary{"kill what is not wanted any more", "False/Restarting", []Step{StepKill}}},
		"it is deleted":                     {running(), both(unread, changeHash, remove), summary{"delete and kill", "False/Deleting", []Step{StepKill}}},
		"it is suspended":                   {running(), both(unread, changeHash, suspend), summary{"kill what is not wanted any more", "False/Suspending", []Step{StepKill}}},
		"it is paused":                      {running(), both(unread, changeHash, func(s *story) { s.Paused = true }), summary{"let it run", "True/Running", nil}},
		"it starts":                         {newStory().bind(LaunchAccepted), both(unread, changeHash), summary{"let it start", "False/Launching", []Step{StepRead}}},
	} {
		t.Run(sentence, func(t *testing.T) {
			c.story.change(c.edit)
			checkSummary(t, c.story.look(), c.want)
		})
	}
}
