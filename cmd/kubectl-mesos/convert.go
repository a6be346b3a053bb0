package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // A schedule's time zone is looked up, also where the machine has no database.

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/mesos-operator/mesos-operator/internal/migration"
)

// convertFlags are those of kubectl mesos convert.
type convertFlags struct {
	files                              []string
	from, framework, namespace, output string
	strict                             bool
}

func newConvert(streams genericiooptions.IOStreams) *cobra.Command {
	var f convertFlags
	command := &cobra.Command{
		Use:   "convert -f FILE",
		Short: "Turn definitions of Marathon, Chronos and Singularity into manifests",
		Long: `Turn definitions of Marathon (apps, groups, pods), Chronos (jobs) and Singularity (requests with their deploys) into manifests of
MesosTasks, MesosTaskSets and MesosCronTasks. Nothing is applied, and nobody is asked: it reads files, and writes manifests.

What becomes of a definition is said line by line on standard error, and as comments in the YAML:

  note      it is carried over; this is what to know
  differs   it is carried over, and means something else here
  left out  there is nothing that it could become
  refused   the definition is not converted, as the task would be another one

The exit status is 1 if a definition was refused, and with --strict also if something was left out.`,
		Example: `  # One app, as Marathon gives it
  curl -s http://marathon.example.com:8080/v2/apps//shop/web | kubectl mesos convert -f - > web.yaml

  # All definitions below a directory, for the namespace shop
  kubectl mesos convert -f definitions/ --namespace shop > shop.yaml
  kubectl apply --dry-run=server -f shop.yaml`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			return f.run(streams)
		},
	}
	flags := command.Flags()
	flags.StringArrayVarP(&f.files, "filename", "f", nil, "file with definitions, directory whose .json files are read, or - for standard input; can be repeated")
	flags.StringVar(&f.from, "from", "", "scheduler that the definitions are of: marathon, chronos or singularity; by default found out for each by its content")
	flags.StringVar(&f.framework, "framework", "", "MesosFramework that the manifests name; by default none is named, which is the one named default")
	flags.StringVarP(&f.namespace, "namespace", "n", "", "namespace of the manifests; by default they have none, so that kubectl apply chooses")
	flags.StringVarP(&f.output, "output", "o", "yaml", "yaml, with what was found as comments, or json")
	flags.BoolVar(&f.strict, "strict", false, "do not convert a definition of which something would be left out")
	cobra.CheckErr(command.MarkFlagRequired("filename"))
	cobra.CheckErr(command.MarkFlagFilename("filename", "json"))
	cobra.CheckErr(command.RegisterFlagCompletionFunc("from", cobra.FixedCompletions([]string{"marathon", "chronos", "singularity"}, cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"yaml", "json"}, cobra.ShellCompDirectiveNoFileComp)))
	for _, name := range []string{"framework", "namespace"} {
		cobra.CheckErr(command.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	return command
}

func (f convertFlags) run(streams genericiooptions.IOStreams) error {
	if f.from != "" && !slices.Contains(migration.Sources(), migration.Source(f.from)) {
		return fmt.Errorf("--from %s is not known: take marathon, chronos or singularity", f.from)
	}
	write := migration.YAML
	switch f.output {
	case "yaml":
	case "json":
		write = migration.JSON
	default:
		return fmt.Errorf("-o %s is not known: take yaml or json", f.output)
	}
	documents, passed, err := f.documents(streams.In)
	if err != nil {
		return err
	}
	results := migration.Convert(documents, migration.Options{
		From: migration.Source(f.from), Framework: f.framework, Namespace: f.namespace, Strict: f.strict, Now: time.Now(),
	})
	if err := write(streams.Out, results); err != nil {
		return err
	}
	if err := migration.Tell(streams.ErrOut, results); err != nil {
		return err
	}
	if passed > 0 {
		if _, err := fmt.Fprintf(streams.ErrOut, "%d files whose names do not end in .json were passed over\n", passed); err != nil {
			return fmt.Errorf("telling of other files: %w", err)
		}
	}
	if slices.ContainsFunc(results, func(result migration.Result) bool { return result.Refused }) {
		return errSaid
	}
	return nil
}

// documents reads what -f names; passed counts files of directories that are not taken for definitions.
func (f convertFlags) documents(in io.Reader) (documents []migration.Document, passed int, err error) {
	add := func(name string, text []byte) {
		documents = append(documents, migration.Document{Name: name, Text: text})
	}
	for _, name := range f.files {
		if name == "-" {
			text, err := io.ReadAll(in)
			if err != nil {
				return nil, 0, fmt.Errorf("reading standard input: %w", err)
			}
			add("standard input", text)
			continue
		}
		err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil || entry.IsDir():
				return err
			case path != name && !strings.EqualFold(filepath.Ext(path), ".json"):
				passed++
				return nil
			}
			text, err := os.ReadFile(path) //nolint:gosec // it reads the files that it is told to read
			if err != nil {
				return err
			}
			add(path, text)
			return nil
		})
		if err != nil {
			return nil, 0, fmt.Errorf("reading definitions: %w", err)
		}
	}
	if len(documents) == 0 {
		return nil, 0, errors.New("there is no file that ends in .json in what -f names")
	}
	return documents, passed, nil
}
