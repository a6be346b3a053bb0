package main

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"
)

// A list that has one object in it which cannot be read cannot be read at all: what the schema admits must be a quantity.
func TestQuantity_canBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		written := rapid.StringMatching(quantity).Filter(func(s string) bool { return len(s) <= maxLength }).Draw(t, "written")
		if _, err := resource.ParseQuantity(written); err != nil {
			t.Errorf("%q is admitted and cannot be read: %v", written, err)
		}
	})
}

func TestComplete_refusesWhatItDoesNotKnow(t *testing.T) {
	const crd = "properties: {speed: {description: fast, x-kubernetes-preserve-unknown-fields: true}}"
	if _, err := complete([]byte(crd)); err == nil || !strings.Contains(err.Error(), "field speed has no schema") {
		t.Errorf("it ended with %v, want an error that names the field", err)
	}
}

func TestComplete_isIdempotent(t *testing.T) {
	const crd = "items: [{properties: {cpus: {x-kubernetes-preserve-unknown-fields: true}}}]"
	once, err := complete([]byte(crd))
	if err != nil {
		t.Fatal(err)
	}
	twice, err := complete(once)
	if err != nil || string(once) != string(twice) {
		t.Errorf("completing it again made (%v)\n%s\nof\n%s", err, twice, once)
	}
}
