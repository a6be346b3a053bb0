package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// metricsServer is how the metrics are served. Secure is over HTTPS, to those whom the API server knows by their token and lets get
// /metrics; else anyone may read them.
func metricsServer(options *options) (metricsserver.Options, error) {
	server := metricsserver.Options{BindAddress: options.metricsBindAddress}
	if !options.metricsSecure || server.BindAddress == noAddress {
		return server, nil
	}
	server.SecureServing, server.FilterProvider = true, filters.WithAuthenticationAndAuthorization
	// Metrics need no HTTP/2, whose streams a client can open and reset at little cost of its own.
	server.TLSOpts = append(server.TLSOpts, func(config *tls.Config) { config.NextProtos = []string{"http/1.1"} })
	if options.metricsCertPath == "" {
		return server, nil
	}
	server.CertDir, server.CertName, server.KeyName = options.metricsCertPath, "tls.crt", "tls.key"
	for _, name := range []string{server.CertName, server.KeyName} {
		// The server would take a certificate of its own instead, and nobody would notice before the scrapes fail.
		if _, err := os.Stat(filepath.Join(server.CertDir, name)); err != nil { //nolint:gosec // who starts the manager may name any directory
			return metricsserver.Options{}, fmt.Errorf("looking for the certificate that --metrics-cert-path names: %w", err)
		}
	}
	return server, nil
}
