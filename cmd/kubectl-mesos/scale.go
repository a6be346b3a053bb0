package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/intervention"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// newScaleBody is what a patch of subresource scale is answered into.
func newScaleBody(client.Object) client.Object { return &autoscalingv1.Scale{} }

func newScale(p *plugin) *cobra.Command {
	replicas, current := int32(-1), int32(-1)
	command := &cobra.Command{
		Use:               "scale SET --replicas N",
		Short:             "Say how many tasks a set should have",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: p.complete(false, objects.Set),
	}
	command.Flags().Int32Var(&replicas, "replicas", -1, "how many tasks there should be")
	command.Flags().Int32Var(&current, "current-replicas", -1, "only if it should have so many now")
	cobra.CheckErr(command.MarkFlagRequired("replicas"))
	w := p.addWriting(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		if replicas < 0 {
			return fmt.Errorf("--replicas is a number from 0 on; %w", errUsage)
		}
		c, set, err := p.findSet(command, args[0])
		if err != nil {
			return err
		}
		if have := set.Spec.Replicas; current >= 0 && (have == nil || *have != current) {
			return errors.New(objects.Named(set) + " does not have --current-replicas")
		}
		change, err := intervention.Scale(set, replicas)
		if err != nil {
			return err
		}
		return p.apply(command.Context(), c, set, change, w, "scale")
	}
	return command
}

// findSet finds the set that is named.
func (p *plugin) findSet(command *cobra.Command, typed string) (client.WithWatch, *v1alpha1.MesosTaskSet, error) {
	c, object, err := p.find(command.Context(), typed, objects.Set)
	if err != nil {
		return nil, nil, err
	}
	set, ok := object.(*v1alpha1.MesosTaskSet)
	if !ok {
		return nil, nil, fmt.Errorf("%s is no set", typed)
	}
	return c, set, nil
}
