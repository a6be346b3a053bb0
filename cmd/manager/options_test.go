package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

func TestParse(t *testing.T) {
	cases := map[string]struct {
		arguments   []string
		environment map[string]string
		check       func(*options) string
		refusal     string
	}{
		"nothing given takes the defaults": {
			check: func(o *options) string {
				return cmp.Diff([]string{":8443", ":8081", "mesos.dev/operator", "json", "info"},
					[]string{o.metricsBindAddress, o.healthProbeBindAddress, o.controllerName, o.logFormat, o.logLevel})
			},
		},
		"a flag is taken": {
			arguments: []string{"--controller-name=example.org/mine"},
			check:     func(o *options) string { return cmp.Diff("example.org/mine", o.controllerName) },
		},
		"the environment stands in for a flag": {
			environment: map[string]string{"LOG_FORMAT": "text", "LEADER_ELECT": "false"},
			check: func(o *options) string {
				return cmp.Diff("text", o.logFormat) + cmp.Diff(false, o.leaderElect)
			},
		},
		"a flag wins over the environment": {
			arguments: []string{"--log-format=json"}, environment: map[string]string{"LOG_FORMAT": "text"},
			check: func(o *options) string { return cmp.Diff("json", o.logFormat) },
		},
		"the lease is in the operator's namespace": {
			environment: map[string]string{"OPERATOR_NAMESPACE": "mesos"},
			check:       func(o *options) string { return cmp.Diff("mesos", o.leaderElectionNamespace) },
		},
		"namespaces are separated by commas": {
			arguments: []string{"--watch-namespaces=a,b-1"},
			check:     func(o *options) string { return cmp.Diff(scope.Namespaces{"a", "b-1"}, o.watchNamespaces) },
		},
		"the environment names namespaces": {
			environment: map[string]string{"WATCH_NAMESPACES": "a"},
			check:       func(o *options) string { return cmp.Diff(scope.Namespaces{"a"}, o.watchNamespaces) },
		},
		"no namespace is all of them": {
			arguments: []string{"--watch-namespaces="}, environment: map[string]string{"WATCH_NAMESPACES": "a"},
			check: func(o *options) string { return cmp.Diff(0, len(o.watchNamespaces)) },
		},
		"what is no namespace is refused":            {arguments: []string{"--watch-namespaces=a, b"}, refusal: `--watch-namespaces has " b": want names`},
		"an empty namespace among others is refused": {arguments: []string{"--watch-namespaces=a,"}, refusal: `--watch-namespaces has "": want names`},
		"a namespace named twice is refused":         {arguments: []string{"--watch-namespaces=a,b,a"}, refusal: `--watch-namespaces has "a" twice`},
		"a number is a log level":                    {arguments: []string{"--log-level=4"}, check: func(o *options) string { return cmp.Diff("4", o.logLevel) }},
		"profiles are served to nobody":              {check: func(o *options) string { return cmp.Diff("0", o.pprofBindAddress) }},
		"profiles are served on loopback": {
			arguments: []string{"--pprof-bind-address=[::1]:0"}, check: func(o *options) string { return cmp.Diff("[::1]:0", operatorOptions(o).PprofBindAddress) },
		},
		"profiles for the network are refused":      {arguments: []string{"--pprof-bind-address=:6060"}, refusal: `--pprof-bind-address is ":6060": want 0, or an address of the loopback interface`},
		"an unknown log format is refused":          {arguments: []string{"--log-format=xml"}, refusal: `--log-format is "xml": want json or text`},
		"an unknown log level is refused":           {arguments: []string{"--log-level=loud"}, refusal: `--log-level is "loud"`},
		"a negative log level is refused":           {arguments: []string{"--log-level=-1"}, refusal: `--log-level is "-1"`},
		"a bare controller name is refused":         {arguments: []string{"--controller-name=mine"}, refusal: `--controller-name is "mine"`},
		"a lease of a second and a half is refused": {arguments: []string{"--leader-election-lease-duration=1500ms"}, refusal: "--leader-election-lease-duration is 1.5s"},
		"metrics are secure":                        {check: func(o *options) string { return cmp.Diff(true, o.metricsSecure) }},
		"the environment can make the metrics insecure": {
			environment: map[string]string{"METRICS_SECURE": "false"},
			check:       func(o *options) string { return cmp.Diff(false, o.metricsSecure) },
		},
		"a certificate for metrics over HTTP is refused": {
			arguments: []string{"--metrics-secure=false", "--metrics-cert-path=/certificate"}, refusal: "--metrics-cert-path is set, but --metrics-secure=false",
		},
		"a renew deadline as long as the lease is refused": {
			arguments: []string{"--leader-election-renew-deadline=15s"}, refusal: "--leader-election-renew-deadline is 15s: want less than",
		},
		"a retry period that leaves no second try is refused": {
			arguments: []string{"--leader-election-retry-period=9s"}, refusal: "--leader-election-retry-period is 9s",
		},
		"a retry period of nothing is refused": {arguments: []string{"--leader-election-retry-period=0s"}, refusal: "--leader-election-retry-period is 0s"},
		"an argument that is none is refused":  {arguments: []string{"run"}, refusal: `unexpected argument "run"`},
		"an unknown flag is refused":           {arguments: []string{"--nope"}, refusal: "nope"},
		"nonsense in the environment is refused": {
			environment: map[string]string{"LEADER_ELECT": "perhaps"},
			refusal:     "reading environment variable LEADER_ELECT",
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			lookup := func(name string) (string, bool) {
				value, ok := tc.environment[name]
				return value, ok
			}
			o, err := parse(tc.arguments, lookup, &bytes.Buffer{})
			switch {
			case tc.refusal != "" && (err == nil || !strings.Contains(err.Error(), tc.refusal)):
				t.Errorf("refused with %v, want %q", err, tc.refusal)
			case tc.refusal == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tc.check != nil:
				if diff := tc.check(o); diff != "" {
					t.Errorf("options (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestLogger_levels(t *testing.T) {
	cases := map[string]struct {
		level string
		want  []string
	}{
		"error leaves out what is no error": {"error", nil},
		"info is the state changes":         {"info", []string{"state"}},
		"1 adds the decisions":              {"1", []string{"state", "decision"}},
		"4 adds the offers":                 {"4", []string{"state", "decision", "offer"}},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			var output bytes.Buffer
			logger := (&options{logFormat: "json", logLevel: tc.level}).logger(&output)
			logger.Info("state")
			logger.V(1).Info("decision")
			logger.V(4).Info("offer")
			var got []string
			for _, word := range []string{"state", "decision", "offer"} {
				if strings.Contains(output.String(), `"`+word+`"`) {
					got = append(got, word)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("logged (-want +got):\n%s", diff)
			}
		})
	}
}
