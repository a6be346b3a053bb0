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

func TestReadBundle(t *testing.T) {
	const (
		of     = `{"bundled": [{"name": "@a/icons", "version": "1.2.3", "licence": "Apache-2.0", "texts": []}], "provided": ["react", "@mui/material"]}`
		lock   = `{"packages": {"node_modules/@a/icons": {"version": "1.2.3", "license": "Apache-2.0"}}}`
		source = "import one from '@a/icons/one';\nimport type { T } from 'only-types';\nimport {\n  Box,\n} from '@mui/material/Box';\nimport './own';\nimport React from 'react';\n"
	)
	for sentence, tc := range map[string]struct{ bundled, lock, source, refusal string }{
		"what is current":                           {of, lock, source, ""},
		"another version is pinned":                 {of, strings.Replace(lock, "1.2.3", "1.3.0", 1), source, `licences are those of @a/icons 1.2.3 (Apache-2.0), and pinned is "1.3.0"`},
		"it is pinned no more":                      {of, `{"packages": {}}`, source, "run make ui-licences"},
		"another licence":                           {of, strings.Replace(lock, "Apache-2.0", "MIT", 1), source, "pinned is \"1.2.3\" (MIT)"},
		"another package is imported":               {of, lock, source + "import x from 'lodash/map';\n", "the plugin imports lodash, which nobody has looked at"},
		"another is imported for what it does":      {of, lock, source + "import '@b/polyfill';\n", "imports @b/polyfill"},
		"another is passed on":                      {of, lock, source + "export * from 'zod';\n", "imports zod"},
		"a licence that the project does not take":  {strings.Replace(of, "Apache-2.0", "GPL-3.0", 1), strings.Replace(lock, "Apache-2.0", "GPL-3.0", 1), source, `calls its licence "GPL-3.0"`},
		"a text that is not what the licence says":  {strings.Replace(of, `"texts": []`, `"texts": ["All rights reserved."]`, 1), lock, source, "its texts are of []"},
		"a licence without a text that is not here": {strings.Replace(of, "Apache-2.0", "MIT", 1), strings.Replace(lock, "Apache-2.0", "MIT", 1), source, "its texts are of []"},
	} {
		t.Run(sentence, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range map[string]string{
				"bundled.gen.json": tc.bundled, "package-lock.json": tc.lock, "src/index.tsx": tc.source,
				"src/index.test.tsx": "import { test } from 'vitest';", "src/testing/render.tsx": "import render from '@testing/library';",
			} {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := readBundle(dir, apache)
			switch {
			case tc.refusal != "" && (err == nil || !strings.Contains(err.Error(), tc.refusal)):
				t.Errorf("refused with %v, want %q in it", err, tc.refusal)
			case tc.refusal == "" && (err != nil || len(got) != 1 || got[0].Texts[0] != strings.TrimSpace(apache)):
				t.Errorf("%v: %+v", err, got)
			}
		})
	}
}
