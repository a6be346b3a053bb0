package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// echoed is a case in which the terminal may say again what was typed, before the command tells it not to.
const echoed = "a terminal with input, whose end is ^D"

func TestExec(t *testing.T) {
	w := newTest(t)
	w.task("web", v1alpha1.ReasonRunning, `shell: "echo hello > greeting; exec sleep 1000", env: [{name: COLOUR, value: blue}]`)
	for _, one := range []struct {
		what, in string
		args     []string
		out      string
		status   int
	}{
		{"in the task's directory and environment", "", []string{"exec", "web", "--", "sh", "-c", "cat greeting; echo $COLOUR"}, "hello\nblue\n", 0},
		{"the command's own exit code", "", []string{"exec", "web", "--", "sh", "-c", "exit 7"}, "", 7},
		{"a signal", "", []string{"exec", "web", "--", "sh", "-c", "kill -9 $$"}, "", 137},
		{"no such program", "", []string{"exec", "web", "--", "no-such-program"}, "", 1},
		{"standard input", "one\ntwo\n", []string{"exec", "-i", "web", "--", "wc", "-l"}, "2\n", 0},
		{"nothing to read without -i", "one\n", []string{"exec", "web", "--", "cat"}, "", 0},
		{"a shell where no command is given", "echo $((40 + 2))\n", []string{"exec", "-i", "web"}, "42\n", 0},
		{"a terminal", "", []string{"exec", "-t", "web", "--", "sh", "-c", "test -t 0 && stty size"}, "24 80\r\n", 0},
		{echoed, "echo typed\n", []string{"exec", "-it", "web", "--", "sh", "-c", "stty -echo; cat"}, "echo typed\r\n", 0},
	} {
		t.Run(one.what, func(t *testing.T) {
			got := w.mesosIn(t.Context(), one.in, one.args...).ends(t, one.status)
			if !strings.HasSuffix(got.out, one.out) || got.out != one.out && one.what != echoed {
				t.Errorf("it wrote %q, not %q", got.out, one.out)
			}
		})
	}
	large := strings.Repeat("0123456789abcdef", 1<<14)
	if got := w.mesosIn(t.Context(), large, "exec", "-i", "web", "--", "cat").ends(t, 0); got.out != large {
		t.Errorf("%d bytes came back as %d", len(large), len(got.out))
	}
	has(t, w.mesos("exec", "web", "ls").ends(t, statusUsage).errOut, "kubectl mesos exec web -- ls")
	w.task("job", v1alpha1.ReasonCompleted, `shell: "true", restartPolicy: Never`)
	has(t, w.mesos("exec", "job", "--", "true").ends(t, statusFailed).errOut, "has ended")
}

func TestFiles(t *testing.T) {
	w := newTest(t)
	w.task("web", v1alpha1.ReasonRunning, `shell: "mkdir conf; echo a: 1 > conf/server.yaml; head -c 200000 /dev/zero > zeros; exec sleep 1000"`)
	w.mesos("exec", "web", "--", "sh", "-c", "while test $(wc -c <zeros) -lt 200000; do sleep 0.1; done").ends(t, 0)
	shown := w.mesos("files", "web").ends(t, 0).out
	t.Log("\n" + shown)
	has(t, shown, "drwxr-xr-x", "conf/", "stdout", "200000")
	if names := w.mesos("files", "web", "conf", "-o", "name").ends(t, 0).out; names != "conf/server.yaml\n" {
		t.Errorf("conf has %q", names)
	}
	if text := w.mesos("files", "web", "--cat", "conf/server.yaml").ends(t, 0).out; text != "a: 1\n" {
		t.Errorf("conf/server.yaml has %q", text)
	}
	to := filepath.Join(t.TempDir(), "zeros")
	w.mesos("files", "web", "--get", "zeros", "--to", to).ends(t, 0)
	if info, err := os.Stat(to); err != nil || info.Size() != 200000 {
		t.Errorf("the file is %v, %v", info, err)
	}
	w.mesos("files", "web", "--get", "zeros", "--to", to).ends(t, statusFailed)
	has(t, w.mesos("files", "web", "--cat", "../../etc/passwd").ends(t, statusFailed).errOut, "there is no etc/passwd in the sandbox")
}
