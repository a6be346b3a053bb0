// Program argocd writes config/argocd/argocd-cm.yaml from the scripts beside it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mesos-operator/mesos-operator/internal/argocd"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write() error {
	manifest, err := argocd.ConfigMap()
	if err != nil {
		return err
	}
	path := filepath.Join(argocd.Scripts(), "..", "argocd-cm.yaml")
	if err := os.WriteFile(path, manifest, 0o644); err != nil { //nolint:gosec // everybody may read what is in the repository
		return fmt.Errorf("writing the ConfigMap: %w", err)
	}
	return nil
}
