package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const crd = `
spec:
  names: {kind: Thing}
  versions:
  - schema:
      openAPIV3Schema:
        properties:
          spec:
            type: object
            required: [name]
            properties:
              name: {type: string}
              amount: {x-kubernetes-preserve-unknown-fields: true}
              surge: {x-kubernetes-int-or-string: true}
              policy: {type: string, enum: [Keep, Kill]}
              labels: {type: object, additionalProperties: {type: string}}
              ports: {type: array, items: {type: object, required: [host-port], properties: {host-port: {type: integer}}}}
              template: {type: object, required: [spec], properties: {spec: {type: object, properties: {shell: {type: string}}}}}
          status: {type: object, properties: {ready: {type: boolean}}}
`

const want = `
export interface Thing extends KubeObjectInterface {
  spec: {
    amount?: number | string;
    labels?: Record<string, string>;
    name: string;
    policy?: 'Keep' | 'Kill';
    ports?: Array<{
      "host-port": number;
    }>;
    surge?: number | string;
    template?: {
      spec: MesosTask['spec'];
    };
  };
  status?: {
    ready?: boolean;
  };
}
`

func TestRun_writesATypeForEachKind(t *testing.T) {
	directory := t.TempDir()
	output := filepath.Join(directory, "api.gen.ts")
	for name, content := range map[string]string{"a.yaml": crd, "b.yaml": strings.Replace(crd, "Thing", "Other", 1)} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run([]string{directory, output}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	_, types, _ := strings.Cut(string(text), ";\n")
	if diff := cmp.Diff(want+strings.Replace(want, "Thing", "Other", 1), types); diff != "" {
		t.Errorf("the types (-want +got):\n%s", diff)
	}
}

func TestRun_refusesWhatItCannotDo(t *testing.T) {
	empty, versions := t.TempDir(), t.TempDir()
	several := strings.Replace(crd, "versions:\n", "versions:\n  - schema: {}\n", 1)
	if err := os.WriteFile(filepath.Join(versions, "a.yaml"), []byte(several), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, arguments := range map[string][]string{
		"usage":             nil,
		"no CRDs":           {empty, filepath.Join(empty, "out.ts")},
		"it has 2 versions": {versions, filepath.Join(versions, "out.ts")},
	} {
		if err := run(arguments); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v ended with %v, want an error with %q", arguments, err, want)
		}
	}
}
