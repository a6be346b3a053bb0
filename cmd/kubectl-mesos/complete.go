package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// completing is how long somebody waits who pressed the tab key.
const completing = 3 * time.Second

// complete completes the names of objects of some kinds, as the first argument or, where many says so, as each.
func (p *plugin) complete(many bool, kinds ...*objects.Kind) cobra.CompletionFunc {
	return func(command *cobra.Command, before []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(before) > 0 && !many {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		c, namespace, err := p.client()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		ctx, cancel := context.WithTimeout(command.Context(), completing)
		defer cancel()
		return objects.Names(ctx, c, namespace, typed, kinds...), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeNamespaces completes --namespace.
func (p *plugin) completeNamespaces(command *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	config, err := p.config.ToRESTConfig()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ctx, cancel := context.WithTimeout(command.Context(), completing)
	defer cancel()
	list, err := clientset.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := make([]string, len(list.Items))
	for i := range list.Items {
		names[i] = namespaceName(&list.Items[i])
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func namespaceName(namespace *corev1.Namespace) string { return namespace.Name }
