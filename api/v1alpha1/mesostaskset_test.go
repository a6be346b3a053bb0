package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const setManifest = `
apiVersion: mesos.dev/v1alpha1
kind: MesosTaskSet
metadata: {name: %s, namespace: default}
spec: {%s}
`

// template is that of a set, with more of metadata and of spec.
func template(metadata, spec string) string {
	return `template: {metadata: {` + metadata + `}, spec: {shell: x, ` + requests + spec + `}}`
}

func TestMesosTaskSet_admission(t *testing.T) {
	sane := template("", "")
	found := func(ports string) string {
		return template("", `, ports: [{name: http}, {name: dns, protocol: UDP}]`) + `, service: {ports: [` + ports + `]}`
	}
	rolling := func(fields string) string {
		return sane + `, updateStrategy: {rollingUpdate: {` + fields + `}}`
	}
	cases := map[string]struct {
		name, spec string
		// want is part of the refusal; empty for a manifest that is accepted.
		want string
	}{
		"a service is accepted":                        {spec: found(`{name: http, port: 80, taskPort: http}, {name: dns, port: 53, taskPort: dns}, {name: dns-tcp, port: 53, taskPort: http}`)},
		"a service of no port":                         {spec: found(``), want: "spec.service.ports"},
		"a service of another port":                    {spec: found(`{name: http, port: 80, taskPort: web}`), want: "must be the name of one of spec.template.spec.ports"},
		"a service of tasks without ports":             {spec: sane + `, service: {ports: [{name: http, port: 80, taskPort: http}]}`, want: "must be the name of one of spec.template.spec.ports"},
		"a service with one port twice":                {spec: found(`{name: a, port: 80, taskPort: http}, {name: b, port: 80, taskPort: http}`), want: "have the same port and protocol"},
		"a service with one name twice":                {spec: found(`{name: a, port: 80, taskPort: http}, {name: a, port: 81, taskPort: http}`), want: "Duplicate value"},
		"a service's port that is no label":            {spec: found(`{name: HTTP, port: 80, taskPort: http}`), want: "spec.service.ports[0].name"},
		"a name that is no Service's":                  {name: "1a", spec: found(`{name: http, port: 80, taskPort: http}`), want: "must begin with a letter"},
		"a template is enough":                         {spec: sane},
		"the longest name":                             {name: strings.Repeat("a", 45), spec: sane},
		"a name that is too long":                      {name: strings.Repeat("a", 46), spec: sane, want: "metadata.name must be a DNS label of at most 45 characters"},
		"a name with a dot":                            {name: "a.b", spec: sane, want: "metadata.name must be a DNS label of at most 45 characters"},
		"no tasks":                                     {spec: `replicas: 0, ` + sane},
		"too many tasks":                               {spec: `replicas: 10001, ` + sane, want: "spec.replicas"},
		"one at a time":                                {spec: rolling(`maxUnavailable: 1, maxSurge: 0`)},
		"percentages":                                  {spec: rolling(`maxUnavailable: 0%, maxSurge: 100%, partition: 2`)},
		"both budgets are zero":                        {spec: rolling(`maxUnavailable: 0, maxSurge: 0%`), want: "nothing could ever be replaced"},
		"both budgets are zero percent":                {spec: rolling(`maxUnavailable: 00%, maxSurge: 0`), want: "nothing could ever be replaced"},
		"one budget is left out":                       {spec: rolling(`maxUnavailable: 0`)},
		"a budget below zero":                          {spec: rolling(`maxSurge: -1`), want: "maxSurge is a number from 0"},
		"a budget of more than all":                    {spec: rolling(`maxUnavailable: 101%`), want: "maxUnavailable is a number from 0"},
		"a budget of words":                            {spec: rolling(`maxUnavailable: some`), want: "maxUnavailable is a number from 0"},
		"an unknown strategy":                          {spec: sane + `, updateStrategy: {type: Canary}`, want: "spec.updateStrategy.type"},
		"ready for longer than progress may take":      {spec: sane + `, minReadySeconds: 600`, want: "spec.minReadySeconds must be less than"},
		"labels and annotations":                       {spec: template(`labels: {app.kubernetes.io/name: web, tier: ""}, annotations: {example.com/note: any text}`, "")},
		"a label of the operator's":                    {spec: template(`labels: {mesos.dev/set: other}`, ""), want: "labels of mesos.dev/ and kubernetes.io/ are not for templates"},
		"a label of Kubernetes'":                       {spec: template(`labels: {kubernetes.io/x: v}`, ""), want: "labels of mesos.dev/ and kubernetes.io/ are not for templates"},
		"a label that is none":                         {spec: template(`labels: {"a b": v}`, ""), want: "the key of a label has at most"},
		"a label's value that is none":                 {spec: template(`labels: {a: "b c"}`, ""), want: "spec.template.metadata.labels"},
		"a binding in an annotation":                   {spec: template(`annotations: {mesos.dev/binding: "{}"}`, ""), want: "annotations of mesos.dev/ and kubernetes.io/ are not for templates"},
		"an annotation that is none":                   {spec: template(`annotations: {"/": v}`, ""), want: "the key of an annotation has at most"},
		"a template that lets its tasks run on":        {spec: template("", `, deletionPolicy: Orphan`), want: "--cascade=orphan"},
		"a template that says what is so":              {spec: template("", `, deletionPolicy: Kill, restartPolicy: Always, suspend: false`)},
		"a template whose tasks end":                   {spec: template("", `, restartPolicy: OnFailure`), want: "restartPolicy in a set is Always"},
		"a template that suspends":                     {spec: template("", `, suspend: true`), want: "set spec.suspend of the set"},
		"a template whose tasks are deleted":           {spec: template("", `, ttlSecondsAfterFinished: 5`), want: "ttlSecondsAfterFinished is not to be had in a set"},
		"a template with a deadline":                   {spec: template("", `, activeDeadlineSeconds: 5`), want: "activeDeadlineSeconds is not to be had in a set"},
		"a template that no MesosTask could have":      {spec: template("", `, command: [x]`), want: "exactly one of spec.shell and spec.command must be set"},
		"port ranges and a network of the container's": {spec: template("", `, portRanges: [{name: a, from: 1, to: 2}], container: {networks: [{mode: Bridge, name: x}]}`), want: "spec.portRanges are not to be had"},
	}
	number := 0
	for sentence, tc := range cases {
		number++
		name := tc.name
		if name == "" {
			name = fmt.Sprintf("set-%d", number)
		}
		t.Run(sentence, func(t *testing.T) {
			err := apiClient.Create(t.Context(), parse(t, fmt.Sprintf(setManifest, name, tc.spec)), client.DryRunAll)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("was refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want a refusal with %q", err, tc.want)
			}
		})
	}
}

// TestMesosTaskSet_changes creates a set and changes it: the framework stays, and what it may scale by is there.
func TestMesosTaskSet_changes(t *testing.T) {
	set := parse(t, fmt.Sprintf(setManifest, "changes", template("", "")))
	if err := apiClient.Create(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	if observed, _, _ := unstructured.NestedInt64(set.Object, "status", "observedGeneration"); observed != -1 {
		t.Errorf("a new set has observedGeneration %d, want -1", observed)
	}
	patch := func(patch string) error {
		return apiClient.Patch(t.Context(), set, client.RawPatch(types.MergePatchType, []byte(patch)))
	}
	const want = "spec.template.spec.frameworkRef cannot be changed: create a MesosTaskSet of another name"
	if err := patch(`{"spec":{"template":{"spec":{"frameworkRef":{"name":"other"}}}}}`); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("another framework: got %v, want %q", err, want)
	}
	if err := patch(`{"spec":{"template":{"spec":{"shell":"y"}},"restartedAt":"now"}}`); err != nil {
		t.Errorf("another template: %v", err)
	}
	scale := &unstructured.Unstructured{}
	scale.SetAPIVersion("autoscaling/v1")
	scale.SetKind("Scale")
	if err := apiClient.SubResource("scale").Get(t.Context(), set, scale); err != nil {
		t.Fatalf("reading the scale: %v", err)
	}
	if replicas, _, _ := unstructured.NestedInt64(scale.Object, "spec", "replicas"); replicas != 1 {
		t.Errorf("the scale has %d replicas, want the default of 1", replicas)
	}
}
