// Command kubectl-mesos is the kubectl plugin: kubectl mesos.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// version is set by the Makefile.
var version = "dev"

func main() {
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	if err := newCommand(streams).Execute(); err != nil {
		if !errors.Is(err, errSaid) {
			fmt.Fprintln(os.Stderr, "error:", err)
		}
		os.Exit(1)
	}
}

// errSaid ends the process with a status other than 0, once what is wrong has been said.
var errSaid = errors.New("said already")

// newCommand is the root. Each verb is a file of its own.
func newCommand(streams genericiooptions.IOStreams) *cobra.Command {
	root := &cobra.Command{
		Use:           "kubectl-mesos",
		Short:         "Tools for those who run tasks on Apache Mesos by MesosTasks",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl mesos"},
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.AddCommand(newConvert(streams))
	return root
}
