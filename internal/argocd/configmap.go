package argocd

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"sigs.k8s.io/yaml"
)

// actions is the form in which Argo CD's ConfigMap has the actions of a kind.
type actions struct {
	Discovery   string   `json:"discovery.lua"`
	Definitions []action `json:"definitions"`
}

type action struct {
	Name   string `json:"name"`
	Script string `json:"action.lua"`
}

// ConfigMap returns a manifest with the scripts of all kinds in the form in which Argo CD's ConfigMap argocd-cm has them: a patch of it.
func ConfigMap() ([]byte, error) {
	scripts := os.DirFS(Scripts())
	kinds, err := fs.Glob(scripts, "*/*")
	if err != nil {
		return nil, fmt.Errorf("looking for scripts: %w", err)
	}
	data := map[string]string{}
	for _, directory := range kinds {
		key := strings.ReplaceAll(directory, "/", "_")
		health, err := fs.ReadFile(scripts, path.Join(directory, "health.lua"))
		if err != nil {
			return nil, fmt.Errorf("reading a script: %w", err)
		}
		offered, err := actionsIn(scripts, path.Join(directory, "actions"))
		if err != nil {
			return nil, err
		}
		data["resource.customizations.health."+key] = string(health)
		data["resource.customizations.actions."+key] = string(offered)
	}
	manifest, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "argocd-cm", "labels": map[string]any{"app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd"}},
		"data":     data,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the ConfigMap: %w", err)
	}
	heading := "# What Argo CD has to know of the kinds of mesos.dev. Made by make manifests from resource_customizations/.\n" +
		"#   kubectl -n argocd patch configmap argocd-cm --patch-file config/argocd/argocd-cm.yaml\n"
	return append([]byte(heading), manifest...), nil
}

// actionsIn returns the actions that are kept in a directory, as YAML.
func actionsIn(scripts fs.FS, directory string) ([]byte, error) {
	discovery, err := fs.ReadFile(scripts, path.Join(directory, "discovery.lua"))
	if err != nil {
		return nil, fmt.Errorf("reading a script: %w", err)
	}
	all := actions{Discovery: string(discovery)}
	files, err := fs.Glob(scripts, path.Join(directory, "*", "action.lua"))
	if err != nil {
		return nil, fmt.Errorf("looking for actions: %w", err)
	}
	for _, file := range files {
		script, err := fs.ReadFile(scripts, file)
		if err != nil {
			return nil, fmt.Errorf("reading a script: %w", err)
		}
		all.Definitions = append(all.Definitions, action{Name: path.Base(path.Dir(file)), Script: string(script)})
	}
	encoded, err := yaml.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("encoding the actions: %w", err)
	}
	return encoded, nil
}
