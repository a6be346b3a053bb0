package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// output is -o of a verb that shows objects.
type output struct {
	flags *genericclioptions.PrintFlags
	wide  bool // there is a wide table
}

const (
	outputWide = "wide"
	outputJSON = "json"
	outputYAML = "yaml"
	outputName = "name"
)

// newOutput adds -o to a command. done is what -o name and the like leave out: "task/web restarted" for verbs that change something, "" for those that show.
func (p *plugin) newOutput(command *cobra.Command, done string, wide bool) *output {
	o := &output{flags: genericclioptions.NewPrintFlags(done).WithTypeSetter(p.scheme), wide: wide}
	o.flags.AddFlags(command)
	formats := []string{outputJSON, outputName, outputYAML}
	if wide {
		formats = append(formats, outputWide)
	}
	cobra.CheckErr(command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)))
	return o
}

// forPeople says that a table, or text, is wanted, and whether a wide one.
func (o *output) forPeople() (is, wide bool) {
	format := *o.flags.OutputFormat
	return format == "" || o.wide && format == outputWide, format == outputWide
}

// print prints objects for scripts: one, or a List.
func (o *output) print(w io.Writer, scheme *runtime.Scheme, list bool, all ...client.Object) error {
	printer, err := o.flags.ToPrinter()
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	wrapped := &corev1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, Items: []runtime.RawExtension{}}
	for _, object := range all {
		gvks, _, err := scheme.ObjectKinds(object)
		if err != nil {
			return fmt.Errorf("printing: %w", err)
		}
		object.GetObjectKind().SetGroupVersionKind(gvks[0])
		object.SetManagedFields(nil)
		wrapped.Items = append(wrapped.Items, runtime.RawExtension{Object: object})
	}
	if !list && len(all) == 1 {
		return printer.PrintObj(all[0], w)
	}
	if *o.flags.OutputFormat == outputName {
		for _, object := range all {
			if err := printer.PrintObj(object, w); err != nil {
				return err
			}
		}
		return nil
	}
	return printer.PrintObj(wrapped, w)
}

// structured is -o of a verb whose answer is no object: json, yaml, and name where there is one.
type structured struct {
	format string
	names  bool
}

func newStructured(command *cobra.Command, names bool) *structured {
	s := &structured{names: names}
	formats := []string{outputJSON, outputYAML}
	if names {
		formats = []string{outputJSON, outputName, outputYAML}
	}
	command.Flags().StringVarP(&s.format, "output", "o", "", "for scripts: "+strings.Join(formats, ", "))
	cobra.CheckErr(command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)))
	return s
}

// check refuses a format that there is not.
func (s *structured) check() error {
	if slices.Contains([]string{"", outputJSON, outputYAML}, s.format) || s.names && s.format == outputName {
		return nil
	}
	return fmt.Errorf("-o %s is not known here; %w", s.format, errUsage)
}

// print prints a value for scripts; names are for -o name.
func (s *structured) print(w io.Writer, value any, names ...string) error {
	if s.format == outputName {
		for _, name := range names {
			if _, err := fmt.Fprintln(w, name); err != nil {
				return err
			}
		}
		return nil
	}
	text, err := json.MarshalIndent(value, "", "    ")
	if err == nil && s.format == outputYAML {
		text, err = yaml.JSONToYAML(text)
	}
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	_, err = fmt.Fprintln(w, strings.TrimSuffix(string(text), "\n"))
	return err
}

// printObject prints an object that was changed, as verbs do that have the -o of objects.
func (s *structured) printObject(w io.Writer, scheme *runtime.Scheme, object client.Object) error {
	flags := genericclioptions.NewPrintFlags("").WithTypeSetter(scheme).WithDefaultOutput(s.format)
	return (&output{flags: flags}).print(w, scheme, false, object)
}

// printTable prints a table for people.
func printTable(w io.Writer, table *metav1.Table, options printers.PrintOptions) error {
	table.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Group: metav1.GroupName, Kind: "Table"})
	return printers.NewTablePrinter(options).PrintObj(table, w)
}
