package simulator

import (
	"slices"
	"testing"
	"time"
)

// TestAgentsWithoutContainers: what an agent says of a container for which it has no containerizer or no image provider, as recorded in launch_fails.
func TestAgentsWithoutContainers(t *testing.T) {
	image := object{"type": "MESOS", "mesos": object{"image": object{"type": "DOCKER", "docker": object{"name": "alpine"}}}}
	volume := object{"type": "MESOS", "volumes": []any{object{"container_path": "/a", "mode": "RO", "image": object{"type": "DOCKER", "docker": object{"name": "alpine"}}}}}
	docker := object{"type": "DOCKER", "docker": object{"image": "alpine"}}
	noImages := [2]string{"REASON_CONTAINER_LAUNCH_FAILED", "Failed to launch container: Unsupported container image type: DOCKER"}
	noContainerizer := [2]string{"REASON_EXECUTOR_TERMINATED", "Abnormal executor termination: unknown container"}
	for name, c := range map[string]struct {
		containerizers, providers []string
		process                   bool
		container                 object
		// want is the reason and message of the failure; none for a task that runs.
		want [2]string
	}{
		"an image where all is there":         {nil, nil, false, image, [2]string{}},
		"Docker where all is there":           {nil, nil, false, docker, [2]string{}},
		"an image without a provider":         {nil, []string{}, false, image, noImages},
		"a volume of an image without one":    {nil, []string{}, false, volume, noImages},
		"no image without a provider":         {nil, []string{}, false, object{"type": "MESOS"}, [2]string{}},
		"Docker without a provider":           {nil, []string{}, false, docker, [2]string{}},
		"Docker without its containerizer":    {[]string{"mesos"}, nil, false, docker, noContainerizer},
		"an image without its containerizer":  {[]string{"docker"}, nil, false, image, noContainerizer},
		"no container without containerizers": {[]string{"docker"}, nil, false, nil, noContainerizer},
		"an image of a real process":          {nil, nil, true, image, noImages},
		"Docker of a real process":            {nil, nil, true, docker, noContainerizer},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, cluster := in.t, in.cluster
				spec := smallAgent()
				spec.Containerizers, spec.ImageProviders = c.containerizers, c.providers
				if c.process {
					spec.Runner = ProcessRunner{Dir: t.TempDir()}
				}
				cluster.AddAgent(spec)
				cl := newClient(t, cluster)
				cl.subscribe(subscribeCall(""))
				offer := cl.offers()[0]
				task := taskFor("x", offer)
				if c.container != nil {
					task["container"] = c.container
				}
				cl.call(cl.acceptCall(offer, task), 202)
				cl.settle(2 * time.Second)
				states := cl.states("x")
				if c.want == [2]string{} {
					if !slices.Contains(states, "TASK_RUNNING") {
						t.Errorf("the states are %v, want it to run", states)
					}
					return
				}
				updates := cl.updates("x")
				if len(updates) == 0 || states[0] != "TASK_FAILED" || updates[0]["reason"] != c.want[0] || updates[0]["message"] != c.want[1] {
					t.Errorf("the updates are %v, want a failure with %v", updates, c.want)
				}
			})
		})
	}
}
