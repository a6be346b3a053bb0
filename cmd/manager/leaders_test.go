package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// streams are the streams on which the simulated Mesos served events, in the order in which each began to.
type streams struct {
	mu     sync.Mutex
	served []string
	// again are those that were served after a later one had begun.
	again []string
}

func (s *streams) note(seen simulator.Observation) {
	if seen.Event == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch at := slices.Index(s.served, seen.Event.StreamID); {
	case at < 0:
		s.served = append(s.served, seen.Event.StreamID)
	case at < len(s.served)-1:
		s.again = append(s.again, seen.Event.StreamID)
	}
}

// checkStreams says that there were so many streams, one after the other.
func (s *system) checkStreams(want int) {
	s.t.Helper()
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	if len(s.streams.served) != want || len(s.streams.again) > 0 {
		s.t.Errorf("there were %d streams, want %d; served after a later one had begun: %v", len(s.streams.served), want, s.streams.again)
	}
}

// checkOneEach says that of no MesosTask two tasks ever lived.
func (s *system) checkOneEach() {
	s.t.Helper()
	live := map[string]string{}
	for _, change := range s.mesos.Ledger() {
		name := strings.Split(change.TaskID, ".")[1]
		switch other, lives := live[name]; {
		case change.What == simulator.Started && lives:
			s.t.Errorf("%s was started while %s lived", change.TaskID, other)
		case change.What == simulator.Started:
			live[name] = change.TaskID
		case change.What == simulator.Ended && other == change.TaskID:
			delete(live, name)
		}
	}
	for _, disaster := range s.mesos.Disasters() {
		s.t.Error(disaster)
	}
}

// reconciled waits until a pass that began after a leader was lost has had an answer for every task, and returns how long that took.
func (s *system) reconciled(lost time.Time) (took time.Duration, tasks int32) {
	s.t.Helper()
	s.until("every task is reconciled", func(ctx context.Context) (bool, error) {
		framework := &v1alpha1.MesosFramework{}
		err := s.client.Get(ctx, client.ObjectKey{Name: "default"}, framework)
		pass := framework.Status.Reconciliation.Last
		// The API counts in seconds.
		if err != nil || pass == nil || pass.Reason != v1alpha1.PassSubscribed || !pass.StartTime.After(lost.Add(-time.Second)) || pass.CompletionTime == nil {
			return false, err
		}
		took, tasks = time.Since(lost), pass.Tasks
		return pass.Unanswered == 0, nil
	})
	return took, tasks
}

// byDefault are the times of the lease that a manager has by itself.
var byDefault = []string{"--leader-election-lease-duration", "15s", "--leader-election-renew-deadline", "10s", "--leader-election-retry-period", "2s"}

// TestLeaders: of two managers that compete for one lease the one that leads is killed, frozen past its lease and thawed, and cut off from the API server.
// The other one takes over, and reconciles every task; there is never a second stream, nor a second task.
func TestLeaders(t *testing.T) {
	s := newSystem(t)
	const many = 20
	for n := range many {
		s.create(fmt.Sprintf(taskManifest, fmt.Sprintf("web-%d", n), "sleep 1000", ""))
	}
	spied := s.newSpy()
	leader := s.startWith(spied.kubeconfig, byDefault...)
	leader.ready()
	for n := range many {
		s.task(fmt.Sprintf("web-%d", n), v1alpha1.ReasonRunning)
	}
	for n, loss := range []struct {
		what string
		lose func()
		// back is what becomes of it later, and code how it ends then; -1 by a signal.
		back func()
		code int
	}{
		{"killed", func() { leader.signal(syscall.SIGKILL) }, func() {}, -1},
		{"frozen past its lease, and thawed", func() { leader.signal(syscall.SIGSTOP) }, func() { leader.signal(syscall.SIGCONT) }, 1},
		{"cut off from the API server", func() { spied.sever() }, func() {}, 1},
	} {
		later := s.newSpy()
		successor := s.startWith(later.kubeconfig, byDefault...)
		successor.ready()
		before, held := s.claim(), *s.lease().Spec.HolderIdentity
		if len(leader.ended) > 0 || before.Identity != held {
			t.Fatalf("%s, it had ended before: %t; it claims as %s, and %s holds the lease", loss.what, len(leader.ended) > 0, before.Identity, held)
		}
		lost := time.Now()
		loss.lose()
		// Nobody is there to hear of these.
		job, old := fmt.Sprintf("job-%d", n), fmt.Sprintf("web-%d", n)
		s.create(fmt.Sprintf(taskManifest, job, "exit 0", ", restartPolicy: Never"))
		if err := s.client.Delete(t.Context(), s.named(old)); err != nil {
			t.Fatal(err)
		}
		s.until("another has claimed the framework", func(context.Context) (bool, error) { return s.claim() != before, nil })
		claimed := time.Since(lost)
		took, tasks := s.reconciled(lost)
		t.Logf("%s: all of %d tasks were reconciled %.1f s after, with a lease of 15 s; another led %.1f s after", loss.what, tasks, took.Seconds(), claimed.Seconds())
		if tasks < many-int32(n)-1 {
			t.Errorf("a pass of %d tasks was none of all", tasks)
		}
		written := len(spied.written())
		loss.back()
		if code := leader.wait(); code != loss.code {
			t.Errorf("%s, the manager ended with %d, want %d", loss.what, code, loss.code)
		}
		s.task(job, v1alpha1.ReasonCompleted)
		s.until("what was deleted is gone", func(ctx context.Context) (bool, error) {
			return client.IgnoreNotFound(s.client.Get(ctx, client.ObjectKeyFromObject(s.named(old)), s.named(old))) == nil &&
				!slices.ContainsFunc(s.mesos.Tasks(), func(task simulator.LiveTask) bool { return strings.Contains(task.TaskID, "."+old+".") }), nil
		})
		if late := spied.written()[written:]; len(late) > 0 {
			t.Errorf("%s, the manager wrote later %v", loss.what, late)
		}
		s.checkStreams(n + 2)
		leader, spied = successor, later
	}
	s.checkOneEach()
	if live := s.mesos.LiveTasks(); live != many-3 {
		t.Errorf("%d live, want %d", live, many-3)
	}
}

// named is a MesosTask of that name.
func (s *system) named(name string) *v1alpha1.MesosTask {
	task := &v1alpha1.MesosTask{}
	task.Namespace, task.Name = "default", name
	return task
}
