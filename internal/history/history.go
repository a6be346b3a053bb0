package history

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// History is all that happened, in one order. It only grows. Made by New; safe for use by several goroutines, and in a testing/synctest bubble.
// A nil History takes nothing down and changes nothing that is given to it, for a test that looks at memory.
type History struct {
	// Elsewhere says in which namespaces a Transport takes nothing down, as this history is told of nothing else there; nil for none. Set before it is used.
	Elsewhere func(namespace string) bool

	mu      sync.Mutex
	entries []Entry
	// calls are the entries of calls that were not answered yet.
	calls map[*simulator.CallRecord]int
	// instances are the names of the operator's.
	instances map[string]bool
	// known is what the API server answered last for each object; alive is the UID of the one that has a name now.
	known map[types.UID]client.Object
	alive map[objectKey]types.UID
	// requests are those that Handler recorded and whose answer is not known to have arrived, by their numbers.
	requests map[string]int
	sent     int
	excuses  []excuse
}

// excuse is a check that a test breaks on purpose; one that may hold all the same, where that depends on what comes first.
type excuse struct {
	check, why string
	mayHold    bool
}

// objectKey names an object of a resource.
type objectKey struct{ resource, namespace, name string }

// New returns an empty history.
func New() *History {
	return &History{
		calls: map[*simulator.CallRecord]int{}, instances: map[string]bool{}, known: map[types.UID]client.Object{}, alive: map[objectKey]types.UID{},
		requests: map[string]int{},
	}
}

// append adds an entry and returns its number. The lock is held.
func (h *History) append(entry Entry) int {
	entry.Number, entry.Time = len(h.entries)+1, time.Now()
	h.entries = append(h.entries, entry)
	return entry.Number
}

func (h *History) add(entry Entry) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.append(entry)
}

// Entries are all entries so far.
func (h *History) Entries() []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clip(h.entries)
}

// Len is how many entries there are so far.
func (h *History) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.entries)
}

// Watch takes down the outward steps of an instance of the operator, and passes them on to next, if there is one.
func (h *History) Watch(instance string, next leadership.Watch) leadership.Watch {
	if h == nil {
		return next
	}
	return func(step leadership.Step, send func() error) error {
		h.add(Entry{Step: &Step{Who: instance, Step: step}})
		err := error(nil)
		if next != nil {
			err = next(step, send)
		} else {
			err = send()
		}
		h.add(Entry{Step: &Step{Who: instance, Step: step, Ended: true, Failed: err != nil}})
		return err
	}
}

// Process takes down what became of a process of the operator.
func (h *History) Process(instance string, change ProcessChange) {
	h.add(Entry{Process: &Process{Who: instance, Change: change}})
}

// Notice takes down what a watch told of an object of a resource.
func (h *History) Notice(resource string, object client.Object, gone bool) {
	h.add(Entry{Notice: &Notice{Resource: resource, Object: object, Gone: gone}})
}

// Committed takes down a change as it takes effect, of an API server that tells: where writes stand in the history by their answers, what others did by
// them may stand before. Leases and Events are left out.
func (h *History) Committed(resource schema.GroupResource, what watch.EventType, object []byte) {
	if h == nil || resource.Resource == "leases" || resource.Resource == "events" {
		return
	}
	decoded, _, err := decoder.Decode(object, nil, nil)
	if one, ok := decoded.(client.Object); ok && err == nil {
		h.add(Entry{Notice: &Notice{Resource: resource.Resource, Object: one, Gone: what == watch.Deleted, AsCommitted: true}})
	}
}

// Fault takes down that something went wrong on purpose. What the simulator's faults do is taken down without it.
func (h *History) Fault(what string) { h.add(Entry{Fault: what}) }

// Lag takes down that the API server's watch cache of a resource, empty for every one, is behind from now on, or that it catches up.
func (h *History) Lag(resource string, ended bool) {
	h.add(Entry{Lag: &Lag{Resource: resource, Ended: ended}})
}

// Recovered says that nothing goes wrong any more, and that what did has had its time to be made good: what must happen in the end has happened here.
// Tasks may still come and go.
func (h *History) Recovered() { h.add(Entry{Recovered: true}) }

// Ended says whether a test has said that everything recovered or settled.
func (h *History) Ended() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.entries, func(e Entry) bool { return e.Recovered || e.Settled })
}

// Settled says that, and that nothing has anything left to do: from here on it is quiet.
func (h *History) Settled() { h.add(Entry{Settled: true}) }

// Excuse lets a check fail in this test, which breaks it on purpose. A check that then holds fails the test.
func (h *History) Excuse(check, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.excuses = append(h.excuses, excuse{check: check, why: why})
}

// Forgive lets checks fail in this test, as Excuse does, where it depends on what comes first whether they do: a fault takes away what they rest on.
func (h *History) Forgive(why string, checks ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, check := range checks {
		h.excuses = append(h.excuses, excuse{check, why, true})
	}
}

// shown is how many violations of a check are told, and how many entries about each.
const shown, shownAbout = 3, 40

// Check fails the test for each check that does not hold of the history so far.
func (h *History) Check(tb testing.TB) {
	tb.Helper()
	if h == nil {
		return
	}
	h.mu.Lock()
	excuses := slices.Clone(h.excuses)
	h.mu.Unlock()
	view := NewView(h.Entries())
	complaints := judge(view, Checks, excuses)
	for _, complaint := range complaints {
		tb.Error(complaint)
	}
	if len(complaints) > 0 {
		h.keep(tb)
	}
}

// keep writes all entries into a file of the test's artifacts, which go test -artifacts keeps.
func (h *History) keep(tb testing.TB) {
	tb.Helper()
	all := &strings.Builder{}
	for _, entry := range h.Entries() {
		fmt.Fprintln(all, entry)
	}
	path := filepath.Join(tb.ArtifactDir(), "history.txt")
	if err := os.WriteFile(path, []byte(all.String()), 0o600); err != nil {
		tb.Error(err)
		return
	}
	tb.Logf("the whole history is in %s, if go test -artifacts keeps it", path)
}

// judge are the complaints about a history, in the order of the checks.
func judge(view *View, checks []Check, excuses []excuse) (complaints []string) {
	for _, check := range checks {
		found := check.Find(view)
		why := slices.IndexFunc(excuses, func(e excuse) bool { return e.check == check.Name })
		switch {
		case why >= 0 && len(found) == 0 && !excuses[why].mayHold:
			complaints = append(complaints, fmt.Sprintf("%s was excused (%s), and holds: take the excuse away", check.Name, excuses[why].why))
		case why >= 0:
			continue
		}
		for i, violation := range found {
			if i == shown {
				complaints = append(complaints, fmt.Sprintf("%s: and %d more", check.Name, len(found)-shown))
				break
			}
			complaints = append(complaints, view.tell(check, violation))
		}
	}
	for _, one := range excuses {
		if !slices.ContainsFunc(checks, func(c Check) bool { return c.Name == one.check }) {
			complaints = append(complaints, fmt.Sprintf("%s was excused (%s), and is no check", one.check, one.why))
		}
	}
	return complaints
}
