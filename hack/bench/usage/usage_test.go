package usage

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestCPU(t *testing.T) {
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < time.Minute; {
		after, err := CPU(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if after-before >= 30*time.Millisecond {
			return
		}
	}
	t.Error("this process worked for a minute, and its CPU time stood still")
}

func TestStatCPU(t *testing.T) {
	got, err := statCPU("42 (a (b) c) S 1 42 42 0 -1 4194304 1 2 3 4 150 25 0 0 20 0 9 0 7 8 9")
	if err != nil || got != 1750*time.Millisecond {
		t.Errorf("it read %s, error %v", got, err)
	}
	if _, err := statCPU("42 (a) S 1"); err == nil {
		t.Error("what is cut short was read")
	}
}

func TestMemory(t *testing.T) {
	got, err := memory("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t1\n")
	if err != nil || got != (Memory{Resident: 1 << 20, Peak: 2 << 20}) {
		t.Errorf("it read %+v, error %v", got, err)
	}
	if _, err := memory("VmRSS: much\n"); err == nil {
		t.Error("what is no number was read")
	}
	if own, err := MemoryOf(os.Getpid()); err != nil || own.Resident <= 0 || own.Peak < own.Resident {
		t.Errorf("this process holds %+v, error %v", own, err)
	}
}

func TestChild(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	}()
	// It has its name only once it runs the program.
	for began := time.Now(); time.Since(began) < time.Minute; {
		if pid, err := Child("sleep"); err == nil {
			if pid != child.Process.Pid {
				t.Errorf("it found process %d, want %d", pid, child.Process.Pid)
			}
			return
		}
	}
	t.Error("it did not find the child")
}

func TestMachine(t *testing.T) {
	got, err := machine("cpu  100 1 10 5000 70 2 3 4 50 0\ncpu0 1\n", "1.25 0.5 0.1 2/300 12345\n")
	if err != nil || got.Busy != 1200*time.Millisecond || got.Load != 1.25 {
		t.Errorf("it read %+v, error %v", got, err)
	}
	if now, err := OfMachine(); err != nil || now.Busy <= 0 {
		t.Errorf("this machine: %+v, error %v", now, err)
	}
}
