package intervention

import (
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Change is what is to be written to one object.
type Change struct {
	Type types.PatchType
	Data []byte
	// Done says what the change does, behind the object's name: "restarted".
	Done string
	// Nothing says that the object is so already: nothing is written.
	Nothing bool
}

func nothing(done string) (*Change, error) {
	return &Change{Done: done + " already", Nothing: true}, nil
}

// merge is a change by a merge patch of an object.
func merge(object metav1.Object, done string, patch map[string]any) (*Change, error) {
	metadata, ok := patch["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		patch["metadata"] = metadata
	}
	metadata["uid"] = object.GetUID()
	data, err := json.Marshal(patch)
	if err != nil {
		return nil, fmt.Errorf("writing a patch: %w", err)
	}
	return &Change{Type: types.MergePatchType, Data: data, Done: done}, nil
}

func annotate(object metav1.Object, done, key, value string) (*Change, error) {
	return merge(object, done, map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}})
}

func spec(object metav1.Object, done, field string, value any) (*Change, error) {
	return merge(object, done, map[string]any{"spec": map[string]any{field: value}})
}

// stamp is the time as a value that has not been given before.
func stamp(now time.Time, before string) string {
	value := now.UTC().Format(time.RFC3339)
	if value == before {
		value = now.UTC().Format(time.RFC3339Nano)
	}
	return value
}
