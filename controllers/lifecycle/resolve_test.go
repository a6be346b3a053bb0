package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestResolve(t *testing.T) {
	framework := v1alpha1.FrameworkInfo{User: "nobody", Roles: []string{"*", "shop"}, DefaultRole: "shop"}
	base := mesos.Task{Name: "web.shop", Role: "shop", User: "nobody", Scalars: mesos.Scalars{CPUs: 500, Memory: 64000}}
	for name, c := range map[string]struct {
		edit func(*v1alpha1.TaskTemplate)
		want func(*mesos.Task)
	}{
		"the framework's defaults": {func(*v1alpha1.TaskTemplate) {}, func(*mesos.Task) {}},
		"its own role and user":    {func(t *v1alpha1.TaskTemplate) { t.Role, t.User = "*", "www" }, func(t *mesos.Task) { t.Role, t.User = "*", "www" }},
		"roles in their order": {
			func(t *v1alpha1.TaskTemplate) { t.Roles = []string{"*", "shop", "web"} },
			func(t *mesos.Task) { t.Role, t.OtherRoles = "*", []string{"shop", "web"} },
		},
		"one of roles": {func(t *v1alpha1.TaskTemplate) { t.Roles = []string{"*"} }, func(t *mesos.Task) { t.Role = "*" }},
		"a shell":      {func(t *v1alpha1.TaskTemplate) { t.Shell = "sleep 1" }, func(t *mesos.Task) { t.Shell = "sleep 1" }},
		"a command with arguments": {
			func(t *v1alpha1.TaskTemplate) { t.Command, t.Args = []string{"sleep"}, []string{"1", "2"} },
			func(t *mesos.Task) { t.Argv = []string{"sleep", "1", "2"} },
		},
		"variables in their order": {
			func(t *v1alpha1.TaskTemplate) { t.Env = []v1alpha1.EnvVar{{Name: "B", Value: "$A"}, {Name: "A"}} },
			func(t *mesos.Task) { t.Env = []mesos.EnvVar{{Name: "B", Value: "$A"}, {Name: "A"}} },
		},
		"archives are unpacked unless told otherwise": {
			func(t *v1alpha1.TaskTemplate) {
				t.URIs = []v1alpha1.URI{{Value: "a"}, {Value: "b", Extract: new(true)}, {Value: "c", Extract: new(false), Executable: true, Cache: true, OutputFile: "d"}}
			},
			func(t *mesos.Task) {
				t.URIs = []mesos.URI{{Value: "a", Extract: true}, {Value: "b", Extract: true}, {Value: "c", Executable: true, Cache: true, OutputFile: "d"}}
			},
		},
		"ports, chosen and not": {
			func(t *v1alpha1.TaskTemplate) {
				t.Ports = []v1alpha1.Port{{Name: "http", HostPort: new(int32(65535))}, {Name: "any"}}
			},
			func(t *mesos.Task) { t.Ports = []mesos.Port{{Name: "http", HostPort: 65535}, {Name: "any"}} },
		},
		"ports with protocols and labels, and ranges, by name": {
			func(t *v1alpha1.TaskTemplate) {
				t.Ports = []v1alpha1.Port{
					{Name: "dns", Protocol: v1alpha1.ProtocolUDP, Labels: []v1alpha1.Label{{Name: "b"}, {Name: "a", Value: "1"}}},
					{Name: "dns-tcp", Protocol: v1alpha1.ProtocolTCP},
				}
				t.PortRanges = []v1alpha1.PortRange{{Name: "sip", From: 7, To: 8, Protocol: v1alpha1.ProtocolTCP}, {Name: "rtp", From: 1, To: 5, Protocol: v1alpha1.ProtocolUDP}}
			},
			func(t *mesos.Task) {
				t.Ports = []mesos.Port{
					{Name: "dns", Protocol: mesos.ProtocolUDP, Labels: []mesos.Label{{Name: "a", Value: "1"}, {Name: "b"}}}, {Name: "dns-tcp"},
				}
				t.Ranges = []mesos.NamedRange{{Name: "rtp", From: 1, To: 5, Protocol: mesos.ProtocolUDP}, {Name: "sip", From: 7, To: 8}}
			},
		},
		"ports of a container": {
			func(t *v1alpha1.TaskTemplate) {
				t.Container = &v1alpha1.Container{Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkBridge, Name: "b"}}}
				t.Ports = []v1alpha1.Port{{Name: "http", HostPort: new(int32(31000)), ContainerPort: new(int32(80))}}
			},
			func(t *mesos.Task) {
				t.Container = &mesos.Container{Networks: []mesos.Network{{Mode: mesos.NetworkBridge, Name: "b"}}}
				t.Ports = []mesos.Port{{Name: "http", HostPort: 31000, ContainerPort: 80}}
			},
		},
		"a grace period of nothing is not the agent's": {
			func(t *v1alpha1.TaskTemplate) { t.KillGracePeriodSeconds = new(int32(0)) },
			func(t *mesos.Task) { t.KillGracePeriod = new(time.Duration(0)) },
		},
		"a limit of its run": {
			func(t *v1alpha1.TaskTemplate) { t.MaxRunSeconds = new(int32(90)) },
			func(t *mesos.Task) { t.MaxRun = 90 * time.Second },
		},
		"as much text as an agent can start": {
			func(t *v1alpha1.TaskTemplate) { t.Command = append(long(2), strings.Repeat("x", 31<<10)) },
			func(t *mesos.Task) { t.Argv = append(long(2), strings.Repeat("x", 31<<10)) },
		},
		"disk and GPUs": {
			func(t *v1alpha1.TaskTemplate) {
				t.Resources.Requests.Disk, t.Resources.Requests.GPUs = new(resource.MustParse("1Gi")), new(int32(2))
			},
			func(t *mesos.Task) { t.Scalars.Disk, t.Scalars.GPUs = 1024000, 2000 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec, want := baseSpec(), base
			c.edit(&spec.TaskTemplate)
			c.want(&want)
			got, obstacle := Resolve("shop", "web", spec, framework)
			if obstacle != nil {
				t.Fatalf("an obstacle: %+v", obstacle)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the task (-want +got):\n%s", diff)
			}
		})
	}
}

// long is a command of n times 32 KiB.
func long(n int) []string {
	command := make([]string, n)
	for i := range command {
		command[i] = strings.Repeat("x", 32<<10)
	}
	return command
}

func TestResolve_obstacles(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*v1alpha1.MesosTaskSpec, *v1alpha1.FrameworkInfo)
		reason string
		says   []string
	}{
		"more CPUs than there are": {
			func(spec *v1alpha1.MesosTaskSpec, _ *v1alpha1.FrameworkInfo) {
				spec.Resources.Requests.CPUs = resource.MustParse("1e400")
			},
			v1alpha1.ReasonInvalidSpec,
			[]string{"spec.resources.requests.cpus", "write an amount from 10m to 10k"},
		},
		"less of a CPU than Mesos counts": {
			func(spec *v1alpha1.MesosTaskSpec, _ *v1alpha1.FrameworkInfo) {
				spec.Resources.Requests.CPUs = resource.MustParse("1u")
			},
			v1alpha1.ReasonInvalidSpec,
			[]string{"spec.resources.requests.cpus is 1u: write an amount from 10m to 10k"},
		},
		"more text than an agent can start": {
			func(spec *v1alpha1.MesosTaskSpec, _ *v1alpha1.FrameworkInfo) { spec.Command = long(3) },
			v1alpha1.ReasonInvalidSpec,
			[]string{"come to 97 KiB as Mesos passes them on", "nothing with more than 96 KiB", "a file that spec.uris fetches"},
		},
		"text that is long in bytes alone": {
			func(spec *v1alpha1.MesosTaskSpec, _ *v1alpha1.FrameworkInfo) {
				spec.Command = []string{strings.Repeat("😀", 32<<10)}
			},
			v1alpha1.ReasonInvalidSpec,
			[]string{"come to 129 KiB"},
		},
		"text that is long as JSON alone": {
			func(spec *v1alpha1.MesosTaskSpec, _ *v1alpha1.FrameworkInfo) {
				spec.Shell = strings.Repeat("\n", 60<<10)
			},
			v1alpha1.ReasonInvalidSpec,
			[]string{"come to 121 KiB"},
		},
		"an environment that Mesos passes on twice": {
			func(spec *v1alpha1.MesosTaskSpec, _ *v1alpha1.FrameworkInfo) {
				spec.Env = []v1alpha1.EnvVar{{Name: "A", Value: strings.Repeat("a", 60<<10)}}
			},
			v1alpha1.ReasonInvalidSpec,
			[]string{"come to 121 KiB", "the environment counts twice"},
		},
		"negative memory": {
			func(spec *v1alpha1.MesosTaskSpec, _ *v1alpha1.FrameworkInfo) {
				spec.Resources.Requests.Memory = resource.MustParse("-1Mi")
			},
			v1alpha1.ReasonInvalidSpec,
			[]string{"spec.resources.requests.memory is -1Mi"},
		},
		"a little less than no disk": {
			func(spec *v1alpha1.MesosTaskSpec, _ *v1alpha1.FrameworkInfo) {
				spec.Resources.Requests.Disk = new(resource.MustParse("-1n"))
			},
			v1alpha1.ReasonInvalidSpec,
			[]string{"spec.resources.requests.disk"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec, info := baseSpec(), v1alpha1.FrameworkInfo{User: "nobody", Roles: []string{"*", "shop"}, DefaultRole: "*"}
			c.edit(&spec, &info)
			_, obstacle := Resolve("shop", "web", spec, info)
			if obstacle == nil || obstacle.Reason != c.reason || !obstacle.Stalled {
				t.Fatalf("the obstacle is %+v, want a lasting one with reason %s", obstacle, c.reason)
			}
			for _, want := range c.says {
				if !strings.Contains(obstacle.Message, want) {
					t.Errorf("it says %q, want %q in it", obstacle.Message, want)
				}
			}
		})
	}
}

func TestThousandths(t *testing.T) {
	for name, c := range map[string]struct {
		quantity string
		unit     int64
		want     mesos.Scalar
		fits     bool
	}{
		"half a CPU":                            {"0.5", 1, 500, true},
		"500 thousandths":                       {"500m", 1, 500, true},
		"a whole one":                           {"1", 1, 1000, true},
		"a tenth of a thousandth is rounded up": {"100u", 1, 1, true},
		"a nanosecond's worth is rounded up":    {"1n", 1, 1, true},
		"one and a bit is rounded up":           {"1001u", 1, 2, true},
		"none":                                  {"0", 1, 0, true},
		"ten thousand":                          {"10k", 1, 10000000, true},
		"64 MiB":                                {"64Mi", mebibyte, 64000, true},
		"64 million bytes are rounded up":       {"64M", mebibyte, 61036, true},
		"one byte is rounded up":                {"1", mebibyte, 1, true},
		"a pebibyte":                            {"1Pi", mebibyte, 1 << 30 * 1000, true},
		"all that a quantity holds":             {"1e400", 1, 0, false},
		"less than nothing":                     {"-1", 1, 0, false},
		"a little less than nothing":            {"-1n", mebibyte, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, fits := thousandths(resource.MustParse(c.quantity), c.unit)
			if got != c.want || fits != c.fits {
				t.Errorf("got %d, fits %v; want %d, fits %v", got, fits, c.want, c.fits)
			}
		})
	}
}

func TestThousandths_neverLessThanAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.Int64Range(0, 1<<50).Draw(t, "bytes")
		got, fits := thousandths(*resource.NewQuantity(bytes, resource.BinarySI), mebibyte)
		// In 1000 * bytes / 2^20 nothing overflows below 2^53 bytes.
		if !fits || int64(got)*mebibyte < bytes*1000 || (int64(got)-1)*mebibyte >= bytes*1000 {
			t.Fatalf("%d bytes became %d thousandths of a MiB", bytes, got)
		}
	})
}

func TestWithDefaultTaken(t *testing.T) {
	defaults := func(roles ...string) (all []v1alpha1.LaunchDefaults) {
		for _, role := range roles {
			all = append(all, v1alpha1.LaunchDefaults{Role: role, User: "nobody"})
		}
		return all
	}
	for name, c := range map[string]struct {
		roles, taken []string
		defaults     []v1alpha1.LaunchDefaults
		want         string
		wantRoles    []string
	}{
		"taken":                             {[]string{"web", "prod"}, []string{"web", "prod"}, defaults("prod", "web"), "prod", []string{"web", "prod"}},
		"refused, so the one before stays":  {[]string{"web", "prod"}, []string{"web"}, defaults("prod", "web"), "web", []string{"web", "prod"}},
		"also if the roles do not have it":  {[]string{"prod"}, []string{"web"}, defaults("prod", "web"), "web", []string{"prod", "web"}},
		"the latest of those that are left": {[]string{"prod"}, []string{"web", "batch"}, defaults("prod", "batch", "web"), "batch", []string{"prod", "batch"}},
		"never subscribed":                  {[]string{"prod"}, nil, defaults("prod"), "prod", []string{"prod"}},
		"none of the earlier was taken":     {[]string{"prod"}, []string{"web"}, defaults("prod", "batch"), "prod", []string{"prod"}},
	} {
		framework := &v1alpha1.MesosFramework{
			Spec:   v1alpha1.MesosFrameworkSpec{Info: v1alpha1.FrameworkInfo{Roles: c.roles, DefaultRole: "prod"}},
			Status: v1alpha1.MesosFrameworkStatus{Roles: c.taken, Defaults: c.defaults},
		}
		before := framework.DeepCopy()
		info := WithDefaultTaken(framework).Spec.Info
		if diff := cmp.Diff(v1alpha1.FrameworkInfo{Roles: c.wantRoles, DefaultRole: c.want}, info); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(before, framework); diff != "" {
			t.Errorf("%s: the framework itself was changed (-before +after):\n%s", name, diff)
		}
	}
}
