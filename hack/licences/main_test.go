package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

const (
	mit = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software. The above copyright notice and this permission notice shall be included in all copies.`
	bsd2 = `* Redistributions in binary form must reproduce the above copyright
  notice.`
	bsd3   = bsd2 + "\n* Neither the name of the author may be used to\n  endorse or promote products."
	apache = "                                 Apache License\n                           Version 2.0, January 2004"
)

func TestClassify(t *testing.T) {
	for sentence, tc := range map[string]struct {
		text string
		want []string
	}{
		"MIT":                              {mit, []string{"MIT"}},
		"two clauses":                      {bsd2, []string{"BSD-2-Clause"}},
		"three clauses, over lines":        {bsd3, []string{"BSD-3-Clause"}},
		"Apache":                           {apache, []string{"Apache-2.0"}},
		"two in one file":                  {mit + "\n\n" + apache, []string{"Apache-2.0", "MIT"}},
		"one that asks for the source":     {"GNU GENERAL PUBLIC LICENSE\nVersion 3", nil},
		"one that does beside another":     {mit + "\nor the Mozilla Public\nLicense", nil},
		"a text that nobody has looked at": {"All rights reserved.", nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, classify(tc.text)); diff != "" {
				t.Errorf("licences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRead(t *testing.T) {
	for sentence, tc := range map[string]struct {
		files   map[string]string
		want    []string
		texts   int
		refusal string
	}{
		"a licence and its notice":         {files: map[string]string{"LICENSE": apache, "NOTICE": "By us.", "README": "gpl"}, want: []string{"Apache-2.0"}, texts: 2},
		"two files":                        {files: map[string]string{"LICENSE": apache, "LICENSE.MIT": mit}, want: []string{"Apache-2.0", "MIT"}, texts: 2},
		"none is refused":                  {files: map[string]string{"NOTICE": "By us."}, refusal: "it has no licence"},
		"one that is not known is refused": {files: map[string]string{"COPYING": "GNU General Public License"}, refusal: "COPYING is none of the licences"},
	} {
		t.Run(sentence, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range tc.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := read(module{Path: "example.com/m", Dir: dir})
			if tc.refusal != "" {
				if err == nil || !strings.Contains(err.Error(), tc.refusal) {
					t.Errorf("refused with %v, want %q in it", err, tc.refusal)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.licences); diff != "" || len(got.texts) != tc.texts {
				t.Errorf("%d texts, want %d; licences (-want +got):\n%s", len(got.texts), tc.texts, diff)
			}
		})
	}
}

// What goes with the programs is what they are built from now.
func TestRun_writesWhatIsInTheRepository(t *testing.T) {
	t.Chdir(testenv.Root())
	dir := t.TempDir()
	table, texts := filepath.Join(dir, "table"), filepath.Join(dir, "texts")
	if err := run([]string{table, texts}); err != nil {
		t.Fatal(err)
	}
	for written, kept := range map[string]string{table: filepath.Join("docs", "licences.md"), texts: "THIRD_PARTY_LICENSES"} {
		want, err := os.ReadFile(written)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(kept)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not current, run make licences (-want +got):\n%s", kept, diff)
		}
	}
}
