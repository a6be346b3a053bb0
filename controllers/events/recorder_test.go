package events

import (
	"strings"
	"testing"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// taken holds the note that was written last.
type taken struct{ note string }

func (t *taken) Eventf(_, _ runtime.Object, _, _, _, _ string, args ...any) {
	t.note, _ = args[0].(string)
}

// TestRecorder_longNotes: the API refuses an Event with a long note whole.
func TestRecorder_longNotes(t *testing.T) {
	written := &taken{}
	NewRecorder(written).Event(&corev1.Node{}, true, "Reason", "Action", strings.Repeat("ä", noteLength))
	if len(written.note) > noteLength || len(written.note) < noteLength-1 || !utf8.ValidString(written.note) {
		t.Errorf("the note has %d bytes, valid UTF-8: %t", len(written.note), utf8.ValidString(written.note))
	}
}
