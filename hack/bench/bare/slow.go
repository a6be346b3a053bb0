package bare

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"k8s.io/client-go/rest"
)

// Slow is a proxy in front of an API server that makes each write take longer.
type Slow struct {
	Config *rest.Config
	// Delay is added to each request that writes, but to those about leases.
	Delay    time.Duration
	Listener net.Listener
}

// Run serves until ctx ends. Who comes through it is the administrator of Config.
func (s Slow) Run(ctx context.Context) error {
	target, err := url.Parse(s.Config.Host)
	if err != nil {
		return fmt.Errorf("reading the address of the API server: %w", err)
	}
	transport, err := rest.TransportFor(s.Config)
	if err != nil {
		return fmt.Errorf("reaching the API server: %w", err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1, // watches are not held up
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if writes(r) {
			timer := time.NewTimer(s.Delay)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	})}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(s.Listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the proxy: %w", err)
	}
	return nil
}

// writes says whether a request changes something of the operator's kinds.
func writes(r *http.Request) bool {
	return r.Method != http.MethodGet && len(r.URL.Path) > len(slowed) && r.URL.Path[:len(slowed)] == slowed
}

const slowed = "/apis/mesos.dev/"
