package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	uberzap "go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/tools/leaderelection"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// options are what the manager's flags say. Each flag can also be given as an environment variable: its name in upper case with '_'
// for '-', such as LOG_LEVEL; the flag wins.
type options struct {
	kubeconfig              string
	metricsBindAddress      string
	metricsSecure           bool
	metricsCertPath         string
	healthProbeBindAddress  string
	pprofBindAddress        string
	leaderElect             bool
	leaderElectionNamespace string
	leaseDuration           time.Duration
	renewDeadline           time.Duration
	retryPeriod             time.Duration
	operatorNamespace       string
	controllerName          string
	watchNamespaces         scope.Namespaces
	logFormat               string
	logLevel                string
	version                 bool
}

// noAddress is the address of an endpoint that is not served.
const noAddress = "0"

// parse reads the flags, and the environment for those that are not given.
func parse(arguments []string, lookup func(string) (string, bool), output io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "path of the kubeconfig file; empty takes the cluster that the process runs in, or the user's default")
	flags.StringVar(&o.metricsBindAddress, "metrics-bind-address", ":8443", "address of the metrics endpoint; 0 for none")
	flags.BoolVar(&o.metricsSecure, "metrics-secure", true, "serve the metrics over HTTPS, to callers whom the API server lets get /metrics; false: over HTTP, to anyone")
	flags.StringVar(&o.metricsCertPath, "metrics-cert-path", "", "directory with the tls.crt and tls.key of the metrics endpoint, which are read again when they change; empty makes a self-signed certificate")
	flags.StringVar(&o.healthProbeBindAddress, "health-probe-bind-address", ":8081", "address of the probes /healthz and /readyz; 0 for none")
	flags.StringVar(&o.pprofBindAddress, "pprof-bind-address", noAddress, "address of Go's profiles, below /debug/pprof/: one of the loopback interface, such as 127.0.0.1:6060; 0 for none")
	flags.BoolVar(&o.leaderElect, "leader-elect", true, "hold a Lease while working, so that of several managers one works")
	flags.StringVar(&o.leaderElectionNamespace, "leader-election-namespace", "", "namespace of the Lease; empty takes the operator's, or default outside of a cluster")
	flags.DurationVar(&o.leaseDuration, "leader-election-lease-duration", 15*time.Second, "how long a Lease that is not renewed keeps others from leading, in whole seconds")
	flags.DurationVar(&o.renewDeadline, "leader-election-renew-deadline", 10*time.Second, "how long a leader that cannot renew its Lease may go on; less than the lease duration")
	flags.DurationVar(&o.retryPeriod, "leader-election-retry-period", 2*time.Second, "how often the Lease is renewed or tried to take; less than five sixths of the renew deadline")
	flags.StringVar(&o.operatorNamespace, "operator-namespace", "", "namespace that the operator runs in; empty takes the one that it finds itself in, in a cluster")
	flags.StringVar(&o.controllerName, "controller-name", v1alpha1.DefaultControllerName, "which MesosFrameworks to serve: those whose spec.controllerName is this")
	flags.Func("watch-namespaces", "namespaces whose MesosTasks to work on, separated by commas; empty for all", func(list string) error {
		o.watchNamespaces = namespacesOf(list)
		return nil
	})
	flags.StringVar(&o.logFormat, "log-format", "json", "json or text")
	flags.StringVar(&o.logLevel, "log-level", "info", "info, debug, error, or a number of logr's: 0 is info, higher is more")
	flags.BoolVar(&o.version, "version", false, "print the version and end")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: all options are flags, see --help", flags.Arg(0))
	}
	if err := fromEnvironment(flags, lookup); err != nil {
		return nil, err
	}
	if o.leaderElectionNamespace == "" {
		o.leaderElectionNamespace = o.operatorNamespace
	}
	return o, o.validate()
}

// fromEnvironment sets the flags that were not given from environment variables of their names.
func fromEnvironment(flags *flag.FlagSet, lookup func(string) (string, bool)) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var errs []error
	flags.VisitAll(func(f *flag.Flag) {
		name := strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := lookup(name)
		// KUBECONFIG may be a list of files, which the default loading rules read; VERSION is too common a name.
		if !ok || given[f.Name] || f.Name == "kubeconfig" || f.Name == "version" {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			errs = append(errs, fmt.Errorf("reading environment variable %s: %w", name, err))
		}
	})
	return errors.Join(errs...)
}

func (o *options) validate() error {
	var errs []error
	if !slices.Contains([]string{"json", "text"}, o.logFormat) {
		errs = append(errs, fmt.Errorf("--log-format is %q: want json or text", o.logFormat))
	}
	if _, err := o.level(); err != nil {
		errs = append(errs, err)
	}
	if o.leaseDuration < time.Second || o.leaseDuration%time.Second != 0 {
		errs = append(errs, fmt.Errorf("--leader-election-lease-duration is %s: want whole seconds, at least one", o.leaseDuration))
	}
	if o.renewDeadline >= o.leaseDuration {
		errs = append(errs, fmt.Errorf("--leader-election-renew-deadline is %s: want less than --leader-election-lease-duration, %s", o.renewDeadline, o.leaseDuration))
	}
	if jittered := time.Duration(leaderelection.JitterFactor * float64(o.retryPeriod)); o.retryPeriod <= 0 || jittered >= o.renewDeadline {
		errs = append(errs, fmt.Errorf("--leader-election-retry-period is %s: want more than 0 and less than five sixths of --leader-election-renew-deadline, %s", o.retryPeriod, o.renewDeadline))
	}
	if o.metricsCertPath != "" && !o.metricsSecure {
		errs = append(errs, errors.New("--metrics-cert-path is set, but --metrics-secure=false serves the metrics over HTTP: leave one of them out"))
	}
	if !onLoopback(o.pprofBindAddress) {
		errs = append(errs, fmt.Errorf("--pprof-bind-address is %q: want 0, or an address of the loopback interface such as 127.0.0.1:6060, as profiles show what is in memory; kubectl port-forward reaches it", o.pprofBindAddress))
	}
	if problems := validation.IsDomainPrefixedPath(nil, o.controllerName); len(problems) > 0 {
		errs = append(errs, fmt.Errorf("--controller-name is %q: want a name such as %s", o.controllerName, v1alpha1.DefaultControllerName))
	}
	return errors.Join(append(errs, o.validateNamespaces())...)
}

// onLoopback says whether nobody but this machine, or pod, reaches an address.
func onLoopback(address string) bool {
	if address == noAddress {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// namespacesOf takes a list of namespaces apart; empty for none.
func namespacesOf(list string) scope.Namespaces {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func (o *options) validateNamespaces() error {
	var errs []error
	for i, namespace := range o.watchNamespaces {
		if len(validation.IsDNS1123Label(namespace)) > 0 {
			errs = append(errs, fmt.Errorf("--watch-namespaces has %q: want names of namespaces, separated by commas without blanks", namespace))
		}
		if slices.Contains(o.watchNamespaces[:i], namespace) {
			errs = append(errs, fmt.Errorf("--watch-namespaces has %q twice", namespace))
		}
	}
	return errors.Join(errs...)
}

// level is the log level.
func (o *options) level() (zapcore.Level, error) {
	switch o.logLevel {
	case "info":
		return zapcore.InfoLevel, nil
	case "debug":
		return zapcore.DebugLevel, nil
	case "error":
		return zapcore.ErrorLevel, nil
	}
	verbosity, err := strconv.ParseInt(o.logLevel, 10, 7)
	if err != nil || verbosity < 0 {
		return 0, fmt.Errorf("--log-level is %q: want info, debug, error, or a number from 0 to 63", o.logLevel)
	}
	return zapcore.Level(-verbosity), nil
}

// logger writes as the options say.
func (o *options) logger(output io.Writer) logr.Logger {
	level, err := o.level()
	if err != nil {
		level = zapcore.InfoLevel
	}
	atomic := uberzap.NewAtomicLevelAt(level)
	return zap.New(zap.UseDevMode(o.logFormat == "text"), zap.Level(&atomic), zap.WriteTo(output), zap.StacktraceLevel(zapcore.PanicLevel))
}
