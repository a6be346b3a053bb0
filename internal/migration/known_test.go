package migration

import (
	"slices"
	"testing"
)

// TestKnownFields_areThoseOfTheTables: of a field that its scheduler knows, and of no other, the tables say what becomes.
func TestKnownFields_areThoseOfTheTables(t *testing.T) {
	for _, c := range []struct {
		kind   kind
		object string
		fields []field
		beside []string
	}{
		{kindApp, "", appFields, nil},
		{kindApp, "container", containerFields, nil},
		{kindApp, "container.docker", dockerFields, nil},
		{kindGroup, "", groupFields, []string{"apps", "groups", "id", "pods"}},
		{kindPod, "", podFields, nil},
		{kindPod, "containers", podContainerFields, nil},
		{kindJob, "", jobFields, nil},
		{kindJob, "container", jobContainerFields, nil},
	} {
		names := slices.Clone(c.beside)
		for _, f := range c.fields {
			names = append(names, f.name)
		}
		known := knownFields[c.kind][c.object]
		for _, name := range known {
			if !slices.Contains(names, name) {
				t.Errorf("%s, %q: nothing says what becomes of %s", c.kind, c.object, name)
			}
		}
		for _, name := range names {
			if !slices.Contains(known, name) {
				t.Errorf("%s, %q: %s is in the table, and not known there", c.kind, c.object, name)
			}
		}
	}
}

func TestKind_passedOver(t *testing.T) {
	for path, want := range map[string]string{
		"container.docker.priviledged":             ". It knows container.docker.privileged, if that is meant",
		"container.docker.portMappings[4].protcol": ". It knows container.docker.portMappings.protocol, if that is meant",
		"container.forcePullImage":                 ". It knows container.docker.forcePullImage, if that is meant",
		"max-launch-delay-seconds":                 ". It knows maxLaunchDelaySeconds, if that is meant",
		"colour":                                   "",
		`container["a.b c"]`:                       "",
	} {
		if got, all := kindApp.passedOver(path), "Marathon knows no such field there and passed it over: nothing becomes of it here either"+want; got != all {
			t.Errorf("%s: %q, want %q", path, got, all)
		}
	}
	for _, path := range []string{"labels.colour", `env["a b"]`, "constraints[0]", "container.appc.colour", "healthChecks[0].port"} {
		if got := kindApp.passedOver(path); got != "" {
			t.Errorf("%s: %q, and that cannot be said", path, got)
		}
	}
	if got := kindRequest.passedOver("request.colour"); got != "" {
		t.Errorf("Singularity: %q", got)
	}
}
