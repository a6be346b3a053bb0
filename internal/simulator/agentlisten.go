package simulator

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// AddServedAgent starts an agent whose API is on a socket: its port is the listener's, and so is its address where the spec has none. What it returns answers there
// until Close, and then returns nil. It speaks TLS where the masters do (Flags.TLS).
func (c *Cluster) AddServedAgent(l net.Listener, spec AgentSpec) (agent *Agent, serve func() error, err error) {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, nil, fmt.Errorf("reading an agent's address: %w", err)
	}
	spec.IP = orDefault(spec.IP, host)
	if spec.Port, err = strconv.Atoi(port); err != nil {
		return nil, nil, fmt.Errorf("reading an agent's port: %w", err)
	}
	agent = c.AddAgent(spec)
	server := &http.Server{Handler: agent, ConnState: agent.connState} //nolint:gosec // it has friends only, and streams are endless
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agentServers = append(c.agentServers, server)
	return agent, func() error {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return errors.New("serving an agent: the cluster is closed")
		}
		c.handlers.Add(1)
		c.mu.Unlock()
		defer c.handlers.Done()
		if err := server.Serve(c.flags.secured(l)); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving agent %s: %w", agent.spec.Hostname, err)
		}
		return nil
	}, nil
}

// connState refuses connections while the agent's process does not run: its listener stays open.
func (a *Agent) connState(conn net.Conn, state http.ConnState) {
	if state == http.StateNew && !a.isUp() {
		reset(conn)
	}
}

func (a *Agent) isUp() bool {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	return a.up && !a.cluster.closed
}

// authenticate checks the credentials that the agent wants, if it wants any (authenticate_http_readwrite and _readonly).
func (a *Agent) authenticate(r *http.Request) answer {
	if len(a.spec.Credentials) == 0 {
		return answer{}
	}
	user, secret, ok := basicAuth(r)
	if want, known := a.spec.Credentials[user]; ok && known && want == secret {
		return answer{}
	}
	return answer{status: http.StatusUnauthorized, text: "401 Unauthorized.", headers: map[string]string{"WWW-Authenticate": `Basic realm="mesos-agent-readwrite"`}}
}
