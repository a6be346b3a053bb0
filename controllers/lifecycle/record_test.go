package lifecycle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

func TestTaskID_roundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		label := rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?`)
		want := TaskID{
			Namespace: label.Draw(t, "namespace"), Name: label.Draw(t, "name"),
			Hash: rapid.StringMatching(`[0-9a-z][0-9a-f]{8}`).Draw(t, "hash"), Nonce: rapid.StringMatching(`[a-z2-7]{10}`).Draw(t, "nonce"),
		}
		got, err := ParseTaskID(want.String())
		if err != nil || got != want {
			t.Fatalf("%s came back as %+v, %v", want, got, err)
		}
	})
}

func TestTaskID_fitsWhereMesosAndTheAPIKeepIt(t *testing.T) {
	longest := strings.Repeat("x", 63)
	id := TaskID{Namespace: longest, Name: longest, Hash: hashA, Nonce: strings.Repeat("n", NonceLength)}
	if got := len(id.String()); got > 255 {
		t.Errorf("the longest task ID has %d characters", got)
	}
}

func TestParseTaskID_refuses(t *testing.T) {
	for name, id := range map[string]string{
		"nothing":                   "",
		"another framework's words": "cassandra-node-0",
		"three parts":               "shop.web.1aaaaaaaa",
		"five parts":                "shop.web.1aaaaaaaa.nonce.more",
		"an empty namespace":        ".web.1aaaaaaaa.nonce",
		"an empty nonce":            "shop.web.1aaaaaaaa.",
		"nothing but dots":          "...",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := ParseTaskID(id); err == nil {
				t.Errorf("parsed as %+v", got)
			}
		})
	}
}

func TestParseBinding(t *testing.T) {
	t.Run("what was written is read", func(t *testing.T) {
		want := &v1alpha1.Binding{
			TaskID: "shop.web.1aaaaaaaa.nonceaaaaa", AgentID: "agent-1", Hostname: "host-1", HostPorts: []int32{31000},
			FrameworkID: "framework-1", UID: "uid-1", RestartedAt: "now",
		}
		got, err := ParseBinding(`{"taskID":"shop.web.1aaaaaaaa.nonceaaaaa","agentID":"agent-1","hostname":"host-1","hostPorts":[31000],`+
			`"frameworkID":"framework-1","uid":"uid-1","restartedAt":"now"}`, "shop", "web")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("binding (-want +got):\n%s", diff)
		}
	})
	for name, c := range map[string]struct{ annotation, wantError string }{
		"nothing":                    {"", "unexpected end"},
		"another scheduler's ID":     {`{"taskID":"shop.web.v2.17"}`, "the form of those that are made here"},
		"no JSON":                    {"shop.web", "invalid character"},
		"JSON of another kind":       {"[1]", "cannot unmarshal"},
		"null":                       {"null", "want <namespace>"},
		"a number too large":         {`{"taskID":"shop.web.1aaaaaaaa.n","hostPorts":[99999999999]}`, "cannot unmarshal"},
		"a task ID that is none":     {`{"taskID":"web"}`, "want <namespace>"},
		"another name":               {`{"taskID":"shop.api.1aaaaaaaa.n"}`, "belongs to MesosTask shop/api"},
		"the name in another place":  {`{"taskID":"test.web.1aaaaaaaa.n"}`, "belongs to MesosTask test/web"},
		"namespace and name swapped": {`{"taskID":"web.shop.1aaaaaaaa.n"}`, "belongs to MesosTask web/shop"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			binding, err := ParseBinding(c.annotation, "shop", "web")
			if err == nil || binding != nil || !strings.Contains(err.Error(), c.wantError) || !strings.Contains(err.Error(), v1alpha1.AnnotationBinding) {
				t.Errorf("got %+v and error %v, want the annotation and %q in it", binding, err, c.wantError)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	const old, bound = "shop.web.1aaaaaaaa.old", "shop.web.1aaaaaaaa.bound"
	over := &v1alpha1.TaskAttempt{ID: old, AgentID: "agent-1", FinishTime: at(0)}
	live := &v1alpha1.TaskAttempt{ID: old, AgentID: "agent-1"}
	binding := &v1alpha1.Binding{TaskID: bound, AgentID: "agent-2"}
	for name, c := range map[string]struct {
		status  v1alpha1.MesosTaskStatus
		binding *v1alpha1.Binding
		taskID  string
		agentID string
		open    bool
	}{
		"nothing": {v1alpha1.MesosTaskStatus{}, nil, "", "", false},
		"a binding that the status does not know":        {v1alpha1.MesosTaskStatus{}, binding, bound, "agent-2", true},
		"an attempt without a binding":                   {v1alpha1.MesosTaskStatus{Task: live}, nil, old, "agent-1", true},
		"an attempt and a binding of another":            {v1alpha1.MesosTaskStatus{Task: live}, binding, old, "agent-1", true},
		"an attempt that moved to another agent":         {v1alpha1.MesosTaskStatus{Task: live}, &v1alpha1.Binding{TaskID: old, AgentID: "agent-9"}, old, "agent-1", true},
		"an attempt that is over":                        {v1alpha1.MesosTaskStatus{Task: over}, nil, "", "", false},
		"an attempt that is over and its binding":        {v1alpha1.MesosTaskStatus{Task: over}, &v1alpha1.Binding{TaskID: old}, "", "", false},
		"an attempt that is over and the next binding":   {v1alpha1.MesosTaskStatus{Task: over}, binding, bound, "agent-2", true},
		"an attempt that is over and one of the history": {v1alpha1.MesosTaskStatus{Task: over, History: []v1alpha1.TaskAttempt{{ID: bound, FinishTime: at(0)}}}, binding, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			taskID, agentID, open := Open(c.status, c.binding)
			if taskID != c.taskID || agentID != c.agentID || open != c.open {
				t.Errorf("got %q on %q, open %v; want %q on %q, open %v", taskID, agentID, open, c.taskID, c.agentID, c.open)
			}
		})
	}
}
