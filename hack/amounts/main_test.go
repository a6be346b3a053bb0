package main

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"
)

// A list that has one object in it which cannot be read cannot be read at all: what the schema admits must be a quantity.
func TestAmounts_canBeRead(t *testing.T) {
	for field, amount := range amounts {
		t.Run(field, rapid.MakeCheck(func(t *rapid.T) {
			written := rapid.StringMatching(amount.pattern).Filter(func(s string) bool { return len(s) <= maxLength && s != "Unlimited" }).Draw(t, "written")
			if _, err := resource.ParseQuantity(written); err != nil {
				t.Errorf("%q is admitted and cannot be read: %v", written, err)
			}
		}))
	}
}

func TestFactor_isWithinItsRange(t *testing.T) {
	least, most := resource.MustParse("1"), resource.MustParse("10")
	rapid.Check(t, func(t *rapid.T) {
		written := rapid.StringMatching("^("+factor+")$").Filter(func(s string) bool { return len(s) <= maxLength }).Draw(t, "written")
		if quantity := resource.MustParse(written); quantity.Cmp(least) < 0 || quantity.Cmp(most) > 0 {
			t.Errorf("%q is admitted and is not from 1 to 10", written)
		}
	})
}

func TestComplete_refusesWhatItDoesNotKnow(t *testing.T) {
	const crd = "properties: {limits: {properties: {speed: {description: fast, x-kubernetes-preserve-unknown-fields: true}}}}"
	if _, err := complete([]byte(crd)); err == nil || !strings.Contains(err.Error(), "field limits.speed has no schema") {
		t.Errorf("it ended with %v, want an error that names the field", err)
	}
}

func TestComplete_isIdempotent(t *testing.T) {
	const crd = "properties: {requests: {properties: {cpus: {x-kubernetes-preserve-unknown-fields: true}}}}"
	once, err := complete([]byte(crd))
	if err != nil {
		t.Fatal(err)
	}
	twice, err := complete(once)
	if err != nil || string(once) != string(twice) {
		t.Errorf("completing it again made (%v)\n%s\nof\n%s", err, twice, once)
	}
}
