package program

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

func TestProgram(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	unasked := make(chan error, 1)
	p, err := Start(t.Context(), "/bin/sh", log, func(err error) { unasked <- err }, "-c", "echo one; echo two; trap 'exit 0' TERM; while :; do sleep 0.01; done")
	if err != nil {
		t.Fatal(err)
	}
	err = wait.PollUntilContextTimeout(t.Context(), time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		return FirstLine(log) != "" && LastLines(log, 1) == "two", nil
	})
	if err != nil {
		t.Fatalf("it has not written its two lines: %v", err)
	}
	if p.PID() <= 0 || p.Died() {
		t.Errorf("process %d, died: %v", p.PID(), p.Died())
	}
	if err := p.End(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if len(unasked) > 0 || p.Died() {
		t.Errorf("it ended as it was asked to, and that was said to be unasked: %v", <-unasked)
	}
}

func TestProgram_endsByItself(t *testing.T) {
	unasked := make(chan error, 1)
	p, err := Start(t.Context(), "/bin/sh", filepath.Join(t.TempDir(), "log"), func(err error) { unasked <- err }, "-c", "echo Enough; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	if err := <-unasked; !strings.Contains(err.Error(), "Enough") {
		t.Errorf("it said %v, want the end of its log", err)
	}
	if !p.Died() {
		t.Error("it did not die")
	}
	if err := p.End(syscall.SIGTERM); err != nil {
		t.Errorf("ending what has ended: %v", err)
	}
}

func TestProgram_neverStarted(t *testing.T) {
	var p *Program
	if err := p.End(syscall.SIGTERM); err != nil || p.Died() {
		t.Errorf("it ended with %v, died: %v", err, p.Died())
	}
	if _, err := Start(context.Background(), "/nowhere", filepath.Join(t.TempDir(), "log"), func(error) {}); err == nil {
		t.Error("what does not exist was started")
	}
}
