package main

import "testing"

// TestSamples: the demo runs every sample, or says what it lacks for it.
func TestSamples(t *testing.T) {
	t.Chdir("../..")
	if err := allSamples(); err != nil {
		t.Error(err)
	}
}
