package history

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

func endedLater(a *v1alpha1.TaskAttempt) {
	a.FinishTime = &metav1.Time{Time: time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)}
}

func open(a *v1alpha1.TaskAttempt) { a.FinishTime = nil }

var endsAreFinalCases = map[string]storyOf{
	"an end stays, in the history too": {given: []step{made, runs(first), dies(first), runs(second), operator(says(second, "TASK_KILLING"))}},
	"another state":                    {given: []step{made, runs(first), dies(first), operator(says(first, "TASK_GONE"))}, want: "TASK_GONE"},
	"another time":                     {given: []step{made, runs(first), dies(first), operator(says(first, "TASK_FAILED", endedLater))}, want: "04:00:00"},
	"a reason, where an answer told of it": {given: []step{
		made, runs(first), operator(says(first, "TASK_FAILED", ended, func(a *v1alpha1.TaskAttempt) { a.Reason = "REASON_RECONCILIATION" })),
		operator(says(first, "TASK_FAILED", func(a *v1alpha1.TaskAttempt) { a.Reason = "REASON_X" })),
	}},
	"a reason, where the master told of it as its agent came back": {given: []step{
		made, runs(first), operator(says(first, "TASK_FAILED", ended, func(a *v1alpha1.TaskAttempt) { a.Reason = "REASON_AGENT_REREGISTERED" })),
		operator(says(first, "TASK_FAILED", func(a *v1alpha1.TaskAttempt) { a.Reason = "REASON_X" })),
	}},
	"two reasons, where an answer told of it": {
		given: []step{
			made, runs(first), operator(says(first, "TASK_FAILED", ended, func(a *v1alpha1.TaskAttempt) { a.Reason = "REASON_RECONCILIATION" })),
			operator(says(first, "TASK_FAILED", func(a *v1alpha1.TaskAttempt) { a.Reason = "REASON_X" })),
			operator(says(first, "TASK_FAILED", func(a *v1alpha1.TaskAttempt) { a.Reason = "REASON_Y" })),
		},
		want: "REASON_Y",
	},
	"another reason":                      {given: []step{made, runs(first), dies(first), operator(says(first, "TASK_FAILED", func(a *v1alpha1.TaskAttempt) { a.Reason = "REASON_X" }))}, want: "REASON_X"},
	"it lives again":                      {given: []step{made, runs(first), dies(first), operator(says(first, "TASK_RUNNING", open))}, want: "no time"},
	"somebody brought an old status back": {given: []step{made, runs(first), dies(first), user(says(first, "TASK_RUNNING", open)), operator(says(first, "TASK_GONE", endedLater))}},
	"in the history": {
		given: []step{made, runs(first), dies(first), runs(second), operator(task("web", func(t *v1alpha1.MesosTask) { t.Status.History[0].State = "TASK_LOST" }))},
		want:  "TASK_LOST",
	},
}

var neverGoesBackCases = map[string]storyOf{
	"a life":                     {given: []step{made, operator(says(first, "TASK_STAGING")), operator(says(first, "TASK_STARTING")), operator(says(first, "TASK_RUNNING")), operator(says(first, "TASK_KILLING"))}},
	"an agent that comes back":   {given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE")), operator(says(first, "TASK_RUNNING"))}},
	"a late STARTING":            {given: []step{made, runs(first), operator(says(first, "TASK_STARTING"))}, want: "was TASK_RUNNING and is said to be TASK_STARTING"},
	"back over the unreachable":  {given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE")), operator(says(first, "TASK_STAGING"))}, want: "TASK_STAGING"},
	"another attempt":            {given: []step{made, runs(first), dies(first), operator(says(second, "TASK_STAGING"))}},
	"somebody restored a status": {given: []step{made, runs(first), user(says(first, "TASK_STAGING")), operator(says(first, "TASK_STARTING"))}},
}

// sends is a write as it is sent, with its body.
func sends(who, verb, resource, subresource, body string) step {
	return func(s *story) {
		write := &Write{Who: who, Verb: verb, Resource: resource, Namespace: "ns", Name: "web", Subresource: subresource, Body: []byte(body), Patch: verb == "patch", Status: 200, Outcome: Committed}
		write.Before = s.objects[resource+"/web"]
		if verb == "delete" {
			write.Preconditions = preconditionsOf(write.Body)
		}
		s.enter(Entry{Write: write})
	}
}

const testUID = `{"op":"test","path":"/metadata/uid","value":"u"}`

var ofASet = user(task("web", func(t *v1alpha1.MesosTask) { t.Labels = map[string]string{v1alpha1.LabelSet: "s"} }))

var writesItsOwnCases = map[string]storyOf{
	"a status":                         {given: []step{made, sends(me, "patch", tasksResource, "status", `[`+testUID+`,{"op":"test","path":"/status/revision","value":1},{"op":"add","path":"/status","value":{}}]`)}},
	"a binding":                        {given: []step{made, sends(me, "patch", tasksResource, "", `[`+testUID+`,{"op":"test","path":"/metadata/annotations/a","value":null},{"op":"add","path":"/metadata/annotations/a","value":"b"}]`)}},
	"the finalizer":                    {given: []step{made, sends(me, "patch", tasksResource, "", `[`+testUID+`,{"op":"test","path":"/metadata/finalizers/0","value":"a"},{"op":"remove","path":"/metadata/finalizers/0"}]`)}},
	"a set's change of its task":       {given: []step{made, ofASet, sends(me, "patch", tasksResource, "", `[`+testUID+`,{"op":"test","path":"/metadata/generation","value":1},{"op":"add","path":"/spec/shell","value":"b"}]`)}},
	"a deletion of a UID":              {given: []step{made, sends(me, "delete", tasksResource, "", `{"preconditions":{"uid":"u"}}`)}},
	"others do as they please":         {given: []step{made, sends("", "update", tasksResource, "", `{}`)}},
	"a condition of a set":             {given: []step{sends(me, "patch", setsResource, "status", `[`+testUID+`,{"op":"test","path":"/status/conditions","value":null},{"op":"add","path":"/status/conditions","value":[]}]`)}},
	"a condition, whatever is there":   {given: []step{sends(me, "patch", setsResource, "status", `[`+testUID+`,{"op":"add","path":"/status/conditions","value":[]}]`)}, want: "which status it replaces"},
	"a whole object":                   {given: []step{made, sends(me, "update", tasksResource, "", `{}`)}, want: "is no patch"},
	"a merge patch":                    {given: []step{made, sends(me, "patch", tasksResource, "", `{}`)}, want: "is no JSON Patch"},
	"no UID":                           {given: []step{made, sends(me, "patch", tasksResource, "status", `[{"op":"add","path":"/status","value":{}}]`)}, want: "does not test the UID"},
	"a status over any other":          {given: []step{made, sends(me, "patch", tasksResource, "status", `[`+testUID+`,{"op":"add","path":"/status","value":{}}]`)}, want: "which status it replaces"},
	"the finalizer, whatever is there": {given: []step{made, sends(me, "patch", tasksResource, "", `[`+testUID+`,{"op":"remove","path":"/metadata/finalizers/0"}]`)}, want: "does not test what it replaces"},
	"the spec of a user's task":        {given: []step{made, sends(me, "patch", tasksResource, "", `[`+testUID+`,{"op":"test","path":"/spec/shell","value":"a"},{"op":"add","path":"/spec/shell","value":"b"}]`)}, want: "what is the user's"},
	"the spec of a set":                {given: []step{sends(me, "patch", setsResource, "", `[`+testUID+`,{"op":"test","path":"/spec/replicas","value":1},{"op":"add","path":"/spec/replicas","value":2}]`)}, want: "what is the user's"},
	"a deletion of a name":             {given: []step{made, sends(me, "delete", tasksResource, "", ``)}, want: "of which UID"},
	"a framework":                      {given: []step{sends(me, "create", frameworksResource, "", ``)}, want: "for users to make"},
	"more than the status":             {given: []step{made, sends(me, "patch", tasksResource, "status", `[`+testUID+`,{"op":"test","path":"/status/revision","value":1},{"op":"add","path":"/metadata/labels","value":{}}]`)}, want: "more than the status"},
}

func asUser(user string) func(*mesos.TaskInfo) {
	return func(info *mesos.TaskInfo) { info.Command = &mesos.CommandInfo{User: &user} }
}

func forRole(role string) func(*mesos.TaskInfo) {
	return func(info *mesos.TaskInfo) {
		cpus := scalar("cpus", 1)
		cpus.AllocationInfo = &mesos.Resource_AllocationInfo{Role: &role}
		info.Resources = append(info.Resources, cpus)
	}
}

func allows(how func(*v1alpha1.MesosFramework)) step { return user(framework(how)) }

func onlyFor(namespace string) func(*v1alpha1.MesosFramework) {
	return func(f *v1alpha1.MesosFramework) {
		f.Spec.Info.Roles = []string{"*", "web"}
		f.Spec.AllowedRoles = []v1alpha1.AllowedRole{{Role: "web", Namespaces: v1alpha1.AllowedNamespaces{
			From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
		}}}
	}
}

var launchesWhatIsAllowedCases = map[string]storyOf{
	"the framework's user":      {given: []step{launch(first, asUser("nobody"), forRole("*"))}},
	"a user that it allows":     {given: []step{allows(func(f *v1alpha1.MesosFramework) { f.Spec.AllowedUsers = []string{"www"} }), launch(first, asUser("www"))}},
	"root":                      {given: []step{launch(first, asUser("root"))}, want: "as user root"},
	"any user but root":         {given: []step{allows(func(f *v1alpha1.MesosFramework) { f.Spec.AllowedUsers = []string{"*"} }), launch(first, asUser("www"))}},
	"root, where any other may": {given: []step{allows(func(f *v1alpha1.MesosFramework) { f.Spec.AllowedUsers = []string{"*"} }), launch(first, asUser("root"))}, want: "as user root"},
	"a user that was allowed a moment ago": {given: []step{
		allows(func(f *v1alpha1.MesosFramework) { f.Spec.AllowedUsers = []string{"www"} }), pass(time.Minute), allows(func(f *v1alpha1.MesosFramework) { f.Spec.AllowedUsers = nil }), launch(first, asUser("www")),
	}},
	"a user that was allowed long ago": {given: []step{
		allows(func(f *v1alpha1.MesosFramework) { f.Spec.AllowedUsers = []string{"www"} }), pass(time.Minute), allows(func(f *v1alpha1.MesosFramework) { f.Spec.AllowedUsers = nil }),
		pass(time.Minute), launch(first, asUser("www")),
	}, want: "as user www"},
	"one of the framework's roles": {given: []step{allows(func(f *v1alpha1.MesosFramework) { f.Spec.Info.Roles = []string{"web"} }), launch(first, forRole("web"))}},
	"another role":                 {given: []step{launch(first, forRole("web"))}, want: "for role web"},
	"a role for its namespace":     {given: []step{allows(onlyFor("ns")), launch(first, forRole("web"))}},
	"a role for another namespace": {given: []step{allows(onlyFor("shop")), launch(first, forRole("web"))}, want: "for role web"},
}

var writesOnlyChangesCases = map[string]storyOf{
	"something new":                         {given: []step{made, runs(first)}},
	"the same again":                        {given: []step{made, runs(first), operator(says(first, "TASK_RUNNING"))}, want: "nothing of it changes"},
	"the same again, by somebody else":      {given: []step{made, runs(first), user(says(first, "TASK_RUNNING"))}},
	"metadata as it was":                    {given: []step{made, operator(bound(first)), operator(bound(first))}, want: "nothing of it changes"},
	"a framework's status as it was":        {given: []step{stored(fw)}, want: "nothing of it changes"},
	"what somebody undid, as a watch tells": {given: []step{made, operator(bound(first)), undone, operator(bound(first))}},
	"a write that the API server ignores":   {given: []step{made, runs(first), ignored}, want: "nothing of it changes"},
}

// undone is a change that passes no recorder.
func undone(s *story) {
	object := task("web", func(t *v1alpha1.MesosTask) { t.Annotations = nil })(s, &Write{})
	s.enter(Entry{Notice: &Notice{Resource: tasksResource, Object: object}})
}

// ignored is a write that left an object as it was.
func ignored(s *story) {
	object := s.objects[tasksResource+"/web"]
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.h.recordObject(&Write{Who: me, Verb: "patch", Resource: tasksResource, Namespace: "ns", Name: "web", Status: 200, Outcome: Committed}, object)
	s.stamp()
}

func secret(key, value string) step {
	return user(func(s *story, write *Write) client.Object {
		return change(s, write, "secrets", "ns", "s", &corev1.Secret{}, func(one *corev1.Secret) { one.Data = map[string][]byte{key: []byte(value)} })
	})
}

func notes(text string) step {
	return func(s *story) {
		s.enter(Entry{Write: &Write{Who: me, Verb: "create", Resource: "events", Namespace: "ns", Name: "e", Status: 201, Outcome: Committed, Body: []byte(text)}})
	}
}

var tellsNoSecretCases = map[string]storyOf{
	"an Event that tells nothing":         {given: []step{secret("password", "correct horse"), notes("Running on agent")}},
	"an Event that tells it":              {given: []step{secret("password", "correct horse"), notes("refused: correct horse")}, want: "Secret s, password"},
	"an Event that tells one of lines":    {given: []step{secret("key", "-----BEGIN\nMIIE"), notes(`{"note":"refused: -----BEGIN\nMIIE"}`)}, want: "Secret s, key"},
	"an Event that tells one of marks":    {given: []step{secret("key", `<"horse">`), notes(`{"note":"refused: <\"horse\">"}`)}, want: "Secret s, key"},
	"a status that has it encoded":        {given: []step{secret("key", "correct horse"), notes(`{"auth":"Y29ycmVjdCBob3JzZQ=="}`)}, want: "Secret s, key"},
	"the name of who authenticates":       {given: []step{secret("principal", "mesos-operator"), notes("refused: mesos-operator")}},
	"what is too short to be told apart":  {given: []step{secret("flag", "true"), notes("ready: true")}},
	"what the Secret had before":          {given: []step{secret("password", "correct horse"), secret("password", "battery staple"), notes("correct horse")}, want: "Secret s, password"},
	"what is in the Secret of the writer": {given: []step{secret("password", "correct horse"), sends(me, "create", "secrets", "", "correct horse")}},
}

// ownedBy says that an object is controlled by another.
func ownedBy(uid, label, name string) func(*v1alpha1.MesosTask) {
	return func(t *v1alpha1.MesosTask) {
		t.Labels = map[string]string{label: name}
		t.OwnerReferences = []metav1.OwnerReference{{UID: types.UID(uid), Controller: new(true)}}
	}
}
