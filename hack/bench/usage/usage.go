// Package usage reads what processes have used, from /proc (proc(5)).
package usage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Memory is what a process holds, in bytes.
type Memory struct {
	// Resident is VmRSS, Peak the highest that it ever was (VmHWM).
	Resident, Peak int64
}

// tick is the unit of times in /proc/PID/stat: USER_HZ, a hundredth of a second on every architecture that Go runs on.
const tick = time.Second / 100

// CPU is the time that a process has run on CPUs. Where the kernel keeps it (schedstat) it is exact to less than a millisecond, else to a hundredth
// of a second.
func CPU(pid int) (time.Duration, error) {
	if exact, err := scheduled(pid); err == nil {
		return exact, nil
	}
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
	}
	return statCPU(string(text))
}

// statCPU reads utime and stime of /proc/PID/stat. The name of the program is in brackets and may hold anything.
func statCPU(text string) (time.Duration, error) {
	const utime, stime = 11, 12 // counted from the state, which follows the name
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	if len(fields) <= stime {
		return 0, fmt.Errorf("reading a CPU time: %q is too short", text)
	}
	user, err := strconv.ParseInt(fields[utime], 10, 64)
	system, err2 := strconv.ParseInt(fields[stime], 10, 64)
	if err := errors.Join(err, err2); err != nil {
		return 0, fmt.Errorf("reading a CPU time: %w", err)
	}
	return time.Duration(user+system) * tick, nil
}

// scheduled adds up the threads. What threads used that are gone is missing: Go ends hardly any.
func scheduled(pid int) (time.Duration, error) {
	files, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "schedstat"))
	if err != nil || len(files) == 0 {
		return 0, errors.Join(fmt.Errorf("process %d has no schedstat", pid), err)
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // of /proc
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread is gone
		}
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(text), " ")
		nanoseconds, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading %s: %w", file, err)
		}
		sum += time.Duration(nanoseconds)
	}
	return sum, nil
}

// MemoryOf is what a process holds.
func MemoryOf(pid int) (Memory, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return Memory{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	return memory(string(text))
}

func memory(text string) (Memory, error) {
	var m Memory
	var err error
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			m.Resident, err = kilobytes(value, err)
		case "VmHWM":
			m.Peak, err = kilobytes(value, err)
		}
	}
	return m, err
}

// kilobytes reads a value such as "  1234 kB", unless there was an error before.
func kilobytes(value string, before error) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
	return n << 10, errors.Join(before, err)
}

// Child finds the youngest child process of this one that runs a program of that name.
func Child(program string) (pid int, err error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // of /proc
		if err != nil {
			continue // it is gone
		}
		number, name, parent := identity(string(text))
		// The kernel keeps fifteen bytes of a name.
		if parent == os.Getpid() && name == program[:min(len(program), 15)] {
			pid = max(pid, number)
		}
	}
	if pid == 0 {
		return 0, fmt.Errorf("no child process runs %s", program)
	}
	return pid, nil
}

// identity reads the first fields of /proc/PID/stat: number, (name), state, parent.
func identity(text string) (pid int, name string, parent int) {
	open, shut := strings.Index(text, "("), strings.LastIndex(text, ")")
	if open < 0 || shut < open {
		return 0, "", 0
	}
	pid, _ = strconv.Atoi(strings.TrimSpace(text[:open])) // zero for what is no number
	if rest := strings.Fields(text[shut+1:]); len(rest) > 1 {
		parent, _ = strconv.Atoi(rest[1])
	}
	return pid, text[open+1 : shut], parent
}

// Machine is what all processes together have used, and how many wait.
type Machine struct {
	// Busy is the CPU time of all CPUs that was not idle.
	Busy time.Duration
	// Load is the load average of the last minute.
	Load float64
}

// OfMachine reads /proc/stat and /proc/loadavg.
func OfMachine() (Machine, error) {
	stat, err := os.ReadFile("/proc/stat")
	load, err2 := os.ReadFile("/proc/loadavg")
	if err := errors.Join(err, err2); err != nil {
		return Machine{}, fmt.Errorf("reading the load of the machine: %w", err)
	}
	return machine(string(stat), string(load))
}

func machine(stat, load string) (Machine, error) {
	const idle, iowait, steal = 3, 4, 7
	var m Machine
	line, _, _ := strings.Cut(stat, "\n")
	for i, field := range strings.Fields(strings.TrimPrefix(line, "cpu ")) {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return m, fmt.Errorf("reading /proc/stat: %w", err)
		}
		// What guests use is in the first two already.
		if i != idle && i != iowait && i <= steal {
			m.Busy += time.Duration(ticks) * tick
		}
	}
	first, _, _ := strings.Cut(load, " ")
	var err error
	if m.Load, err = strconv.ParseFloat(first, 64); err != nil {
		return m, fmt.Errorf("reading /proc/loadavg: %w", err)
	}
	return m, nil
}
