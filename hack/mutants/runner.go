package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// runner runs tests of the product under root.
type runner struct {
	root string
	// limit is how long the tests of one mutant may take.
	limit time.Duration
}

// finding is what became of a mutant.
type finding struct {
	killed bool
	// by is the test that noticed, with what broke by the checks of internal/history, or why none could.
	by string
}

func (f finding) String() string {
	if !f.killed {
		return "**survives** " + f.by
	}
	return f.by
}

// broken says which of the tests that the mutants are for fail by themselves: they would kill anything.
func (r *runner) broken(ctx context.Context, mutants []mutant) (why []string) {
	tried := map[tests]bool{}
	for i := range mutants {
		for _, which := range mutants[i].tests {
			if tried[which] {
				continue
			}
			tried[which] = true
			if run := r.test(ctx, which, ""); run.failed() {
				why = append(why, fmt.Sprintf("go test %s -run '%s' fails without any mutant: %s\n%s", which.pkg, which.pattern, run.reason(), run.output))
			} else if run.passed == 0 {
				why = append(why, fmt.Sprintf("go test %s -run '%s' runs no test", which.pkg, which.pattern))
			}
		}
	}
	return why
}

// try runs the tests of a mutant until one notices.
func (r *runner) try(ctx context.Context, m *mutant) finding {
	texts, err := m.texts(r.root)
	if err != nil {
		return finding{by: err.Error()}
	}
	directory, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return finding{by: err.Error()}
	}
	defer func() { _ = os.RemoveAll(directory) }()
	path, err := overlay(r.root, directory, texts)
	if err != nil {
		return finding{by: err.Error()}
	}
	for _, which := range m.tests {
		switch run := r.test(ctx, which, path); {
		case run.unbuilt:
			return finding{by: "it does not compile:\n" + run.output}
		case run.failed() && m.check != "" && run.checks[m.check] == "":
			return finding{by: fmt.Sprintf("check %s, though %s fails", m.check, run.reason())}
		case run.failed() && m.check != "":
			return finding{killed: true, by: fmt.Sprintf("%s: %s: %s", run.reason(), m.check, run.checks[m.check])}
		case run.failed():
			return finding{killed: true, by: run.reason()}
		}
	}
	return finding{by: "all of its tests"}
}

// result is what go test said.
type result struct {
	// fails are the tests that failed, the most precise first. passed counts the others.
	fails []string
	// checks are those of internal/history that failed, with what each says broke.
	checks  map[string]string
	passed  int
	timeout bool
	unbuilt bool
	// err is why go test itself failed; output is what the tests printed last.
	err    error
	output string
}

func (r *result) failed() bool { return r.err != nil }

// reason names the test that failed, and says if it was for being too slow.
func (r *result) reason() string {
	switch {
	case r.timeout && len(r.fails) > 0:
		return r.fails[0] + " (by its timeout: it hangs)"
	case r.timeout:
		return "the timeout: a test hangs"
	case len(r.fails) > 0:
		return r.fails[0]
	default:
		return "the package: " + r.err.Error()
	}
}

// event is a line of go test -json.
type event struct{ Action, Test, Output string }

// lastOutput is how much of what tests print is kept, for those that fail without any mutant, and longestLine how much of a line: those of a history are long,
// and what failed stands before them.
const lastOutput, longestLine = 20_000, 400

// test runs tests with an overlay, none if that is empty; then what go test has cached will do.
func (r *runner) test(ctx context.Context, which tests, overlay string) *result {
	arguments := []string{"test", "-json", "-failfast", "-timeout", r.limit.String(), "-run", which.pattern}
	if overlay != "" {
		arguments = append(arguments, "-count=1", "-overlay", overlay)
	}
	// Tests that hang are ended by go test; this is for a build that does.
	ctx, cancel := context.WithTimeout(ctx, r.limit+10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "go", append(arguments, which.pkg)...) //nolint:gosec // what the table says
	command.Dir = r.root
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	run := &result{err: command.Run(), checks: map[string]string{}}
	run.read(out.Bytes())
	return run
}

// read takes apart what go test -json printed.
func (r *result) read(output []byte) {
	var said strings.Builder
	for lines := bufio.NewScanner(bytes.NewReader(output)); lines.Scan(); {
		var one event
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			said.WriteString(lines.Text() + "\n")
			continue
		}
		said.WriteString(shortened(one.Output))
		r.judge(one.Output)
		switch {
		case one.Action == "build-fail":
			r.unbuilt = true
		case strings.HasPrefix(one.Output, "panic: test timed out"):
			r.timeout = true
		case one.Action == "pass" && one.Test != "":
			r.passed++
		case one.Action == "fail" && one.Test != "":
			r.note(one.Test)
		}
	}
	text := said.String()
	r.output = text[max(0, len(text)-lastOutput):]
	if r.err != nil && len(r.fails) == 0 && strings.Contains(text, "[build failed]") {
		r.unbuilt = true
	}
	if errors.Is(r.err, context.DeadlineExceeded) {
		r.timeout = true
	}
	if running := hanging.FindStringSubmatch(text); r.timeout && running != nil {
		r.fails = append(r.fails, running[1])
	}
}

// shortened is a line, or what is kept of one that is too long.
func shortened(line string) string {
	if len(line) <= longestLine {
		return line
	}
	return line[:longestLine] + "…\n"
}

// hanging is the first of the tests that were running when their time was over.
var hanging = regexp.MustCompile(`running tests:\n\t+(\S+) \(`)

// violated is how a check of internal/history says what broke.
var violated = regexp.MustCompile(`(\w+) \([^()]*\) is broken: (.*)`)

// judge notes the check that a line says is broken. The first that it says counts.
func (r *result) judge(line string) {
	if broken := violated.FindStringSubmatch(line); broken != nil && r.checks[broken[1]] == "" {
		r.checks[broken[1]] = broken[2]
	}
}

// note notes a test that failed; its parents fail with it, after it.
func (r *result) note(test string) {
	for _, known := range r.fails {
		if strings.HasPrefix(known, test+"/") {
			return
		}
	}
	r.fails = append(r.fails, test)
}
