package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/mesos-operator/mesos-operator/hack/bench/bare"
)

// programs are what else this program does, by its first argument: the bare programs, and the document.
var programs = map[string]func(context.Context, []string) error{
	"tasks":     runTasks,
	"reconnect": runReconnect,
	"noop":      runNoop,
	"slow":      runSlow,
	"document":  runDocument,
}

// inFlight is how many requests the bare program has under way at once, as many as the product.
const inFlight = 16

func runTasks(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("tasks", flag.ContinueOnError)
	user, operator := flags.String("user", "", ""), flags.String("operator", "", "")
	like, steps := flags.String("like", "", ""), flags.String("steps", "", "")
	t := bare.Tasks{InFlight: inFlight}
	flags.IntVar(&t.N, "n", 0, "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	for step := range strings.SplitSeq(*steps, ",") {
		t.Steps = append(t.Steps, bare.Step(step))
	}
	var errs [3]error
	t.User, errs[0] = config(*user)
	t.Operator, errs[1] = config(*operator)
	t.Like, errs[2] = os.ReadFile(*like)
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	began := time.Now()
	if err := t.Run(ctx); err != nil {
		return err
	}
	return tell(os.Stdout, bare.Result{Seconds: time.Since(began).Seconds(), Count: t.N})
}

func runReconnect(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("reconnect", flag.ContinueOnError)
	var r bare.Reconnect
	flags.StringVar(&r.Master, "master", "", "")
	flags.StringVar(&r.Framework, "framework", "", "")
	flags.StringVar(&r.Mesos.Control, "control", "", "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	result, err := r.Run(ctx)
	if err != nil {
		return err
	}
	return tell(os.Stdout, result)
}

func runNoop(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("noop", flag.ContinueOnError)
	n := bare.Noop{Began: time.Now()}
	kubeconfig, done := flags.String("kubeconfig", "", ""), flags.String("done", "", "")
	flags.IntVar(&n.N, "n", 0, "")
	flags.StringVar(&n.Pprof, "pprof", "0", "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	n.Done = func(result bare.Result) {
		if err := tellFile(*done, result); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
	var err error
	if n.Config, err = config(*kubeconfig); err != nil {
		return err
	}
	return n.Run(ctx)
}

func runSlow(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("slow", flag.ContinueOnError)
	kubeconfig, listen := flags.String("kubeconfig", "", ""), flags.String("listen", "", "")
	var s bare.Slow
	flags.DurationVar(&s.Delay, "delay", 0, "")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	var err error
	if s.Config, err = config(*kubeconfig); err != nil {
		return err
	}
	if s.Listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", *listen); err != nil {
		return err
	}
	return s.Run(ctx)
}

func config(kubeconfig string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS = -1
	return config, nil
}

// tell writes the result of this process, with what it has used.
func tell(to *os.File, result bare.Result) error {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	result.CPUSeconds = time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
	return json.NewEncoder(to).Encode(result)
}

// tellFile writes it to a file, which is there only once it is whole.
func tellFile(path string, result bare.Result) error {
	file, err := os.Create(path + ".new") //nolint:gosec // a file of this run
	if err != nil {
		return err
	}
	return errors.Join(tell(file, result), file.Close(), os.Rename(path+".new", path))
}

// readResult takes such a file away, if it is there.
func readResult(path string, result *bare.Result) (there bool, err error) {
	text, err := os.ReadFile(path) //nolint:gosec // a file of this run
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, result)
	}
	return true, errors.Join(err, os.Remove(path))
}

func selfAndAddress(ctx context.Context) (self, address string, err error) {
	if self, err = os.Executable(); err != nil {
		return "", "", err
	}
	address, err = freeAddress(ctx)
	return self, address, err
}
