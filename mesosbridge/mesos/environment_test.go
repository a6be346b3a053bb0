package mesos

import (
	"testing"

	"pgregory.net/rapid"
)

// TestTask_LaunchesWithin: what is said without writing is what writing says.
func TestTask_LaunchesWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := func(name string) []string { return rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, name) }
		task := Task{Shell: rapid.OneOf(rapid.String(), rapid.StringMatching("[\x01\"\\\\<]{0,99}")).Draw(t, "shell"), Argv: words("argv"), Args: words("args"), IDVariables: words("variables of the ID")}
		for _, value := range words("URIs") {
			task.URIs = append(task.URIs, URI{Value: value, OutputFile: value, Extract: true, Executable: true, Cache: true})
		}
		for _, value := range words("environment") {
			task.Env = append(task.Env, EnvVar{Name: value, Value: value})
		}
		for range rapid.IntRange(0, 40).Draw(t, "ports") {
			task.Ports = append(task.Ports, Port{Name: rapid.StringMatching("[a-z-]{0,15}").Draw(t, "port")})
		}
		for range rapid.IntRange(0, 4).Draw(t, "ranges") {
			task.Ranges = append(task.Ranges, NamedRange{Name: rapid.StringMatching("[a-z-]{1,15}").Draw(t, "range"), From: 10_000, To: 10_100})
		}
		exact, most := task.LaunchBytes(), task.launchBytesAtMost()
		if exact > most {
			t.Fatalf("it is %d bytes long, at most %d were expected", exact, most)
		}
		for limit, want := range map[int]bool{exact: true, exact - 1: false, most: true} {
			if got := task.LaunchesWithin(limit); got != want {
				t.Fatalf("of %d bytes, it is %t that it launches within %d", exact, got, limit)
			}
		}
	})
}
