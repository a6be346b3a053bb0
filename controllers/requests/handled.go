package requests

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

const (
	// HandledAtMost is how many handled annotations a status keeps (the bound of the API).
	HandledAtMost = 16
	// Longest is how long a value can be, in bytes, so that it can be remembered (the bound of the API).
	Longest = 4096
)

// IsHandled says whether a status remembers that a value of an annotation was dealt with.
func IsHandled(handled []v1alpha1.HandledAnnotation, name, value string) bool {
	return slices.ContainsFunc(handled, func(known v1alpha1.HandledAnnotation) bool { return known.Name == name && known.Value == value })
}

// Handle returns what a status that remembers handled should remember once a value is dealt with, first seen at a time. Where there is no room
// the oldest goes, but none that an annotation still has: it would be a new word.
func Handle(handled []v1alpha1.HandledAnnotation, name, value string, at time.Time, annotations map[string]string) []v1alpha1.HandledAnnotation {
	next := append(slices.Clone(handled), v1alpha1.HandledAnnotation{Name: name, Value: value, Time: &metav1.Time{Time: at.Truncate(time.Second)}})
	for len(next) > HandledAtMost {
		oldest := slices.IndexFunc(next, func(known v1alpha1.HandledAnnotation) bool { return annotations[known.Name] != known.Value })
		if oldest < 0 {
			break // There are fewer annotations of this kind than there is room for.
		}
		next = slices.Delete(next, oldest, oldest+1)
	}
	return next
}

// List are the parts of a value that names several things with commas in between.
func List(value string) []string {
	var parts []string
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
