package main

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMetricsServer(t *testing.T) {
	whole, half := t.TempDir(), t.TempDir()
	for _, path := range []string{filepath.Join(whole, "tls.crt"), filepath.Join(whole, "tls.key"), filepath.Join(half, "tls.crt")} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	type server struct {
		Secure, Filtered bool
		CertDir          string
		Protocols        []string
	}
	cases := map[string]struct {
		options options
		want    server
		refusal string
	}{
		"secure, with a certificate that the server makes": {
			options: options{metricsBindAddress: ":8443", metricsSecure: true},
			want:    server{Secure: true, Filtered: true, Protocols: []string{"http/1.1"}},
		},
		"secure, with a certificate that is there": {
			options: options{metricsBindAddress: ":8443", metricsSecure: true, metricsCertPath: whole},
			want:    server{Secure: true, Filtered: true, CertDir: whole, Protocols: []string{"http/1.1"}},
		},
		"a certificate without its key is not replaced by another": {
			options: options{metricsBindAddress: ":8443", metricsSecure: true, metricsCertPath: half},
			refusal: "tls.key",
		},
		"over HTTP for anyone":              {options: options{metricsBindAddress: "127.0.0.1:8080"}},
		"none, whatever else the flags say": {options: options{metricsBindAddress: "0", metricsSecure: true, metricsCertPath: half}},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			made, err := metricsServer(&tc.options)
			if tc.refusal != "" {
				if err == nil || !strings.Contains(err.Error(), tc.refusal) {
					t.Errorf("refused with %v, want %q in it", err, tc.refusal)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			config := &tls.Config{}
			for _, apply := range made.TLSOpts {
				apply(config)
			}
			got := server{Secure: made.SecureServing, Filtered: made.FilterProvider != nil, CertDir: made.CertDir, Protocols: config.NextProtos}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("the server (-want +got):\n%s", diff)
			}
		})
	}
}
