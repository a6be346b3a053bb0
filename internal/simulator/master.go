package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"syscall"
)

// Master is one master process: its address, its connections, and whether it runs. What it knows
// while it leads is the reign's.
type Master struct {
	cluster *Cluster
	index   int
	url     string
	host    string // host:port, as the URL and redirects name it
	running bool   // guarded by the cluster's lock

	memory *memoryListener

	mu      sync.Mutex
	servers []*http.Server
	conns   map[net.Conn]struct{}
	streams map[*stream]struct{}
}

func newMaster(c *Cluster, i int) *Master {
	host := masterName(i) + ":5050"
	m := &Master{
		cluster: c, index: i, host: host, url: c.flags.scheme() + "://" + host, running: true,
		memory:  newMemoryListener(host),
		conns:   map[net.Conn]struct{}{},
		streams: map[*stream]struct{}{},
	}
	server := m.newServer()
	c.handlers.Go(func() { _ = server.Serve(c.flags.secured(m.memory)) }) // ends with http.ErrServerClosed, on Close
	return m
}

// URL is the master's base URL. Within the process it works with Cluster.DialContext; once the
// master is served on a socket (Cluster.Listen) it is that socket's.
func (m *Master) URL() string {
	m.cluster.mu.Lock()
	defer m.cluster.mu.Unlock()
	return m.url
}

// stop ends the process; the result breaks its connections and is to be called without the lock.
func (m *Master) stop() (breakOff func()) {
	led := m.cluster.leader != nil && m.cluster.leader.master == m
	breakOff = m.stopWithoutElection()
	if led {
		m.cluster.elect(nil, m.cluster.flags.ElectionDelay)
	}
	return breakOff
}

func (m *Master) stopWithoutElection() (breakOff func()) {
	m.running = false
	if r := m.cluster.leader; r != nil && r.master == m {
		r.abdicate()
		m.cluster.leader = nil
	}
	return m.breakConnections
}

// breakConnections cuts everything that is open, as the end of a process does.
func (m *Master) breakConnections() {
	m.mu.Lock()
	conns := m.conns
	m.conns = map[net.Conn]struct{}{}
	for s := range m.streams {
		s.abort()
	}
	m.mu.Unlock()
	for conn := range conns {
		reset(conn)
	}
}

// reset closes a connection; on TCP the peer sees a reset rather than an orderly end.
func reset(conn net.Conn) {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // only how the peer learns of it
	}
	_ = conn.Close() // it is broken on purpose
}

func (m *Master) track(s *stream) (untrack func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams[s] = struct{}{}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.streams, s)
	}
}

// newServer makes an HTTP server for this master that Close closes. It has no timeouts: the streams
// are endless, and the simulator has friends only.
func (m *Master) newServer() *http.Server {
	server := &http.Server{Handler: m, ConnState: m.connState} //nolint:gosec // see above
	if m.cluster.flags.TLS != nil {
		server.ErrorLog = log.New(io.Discard, "", 0) // a handshake that fails concerns the other end
	}
	m.mu.Lock()
	m.servers = append(m.servers, server)
	m.mu.Unlock()
	return server
}

func (m *Master) connState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		m.cluster.mu.Lock()
		running := m.running
		m.cluster.mu.Unlock()
		if !running {
			// The listener of a foreign socket stays open while the master is down; its connections do not.
			reset(conn)
			return
		}
		m.mu.Lock()
		m.conns[conn] = struct{}{}
		m.mu.Unlock()
	case http.StateClosed, http.StateHijacked:
		m.mu.Lock()
		delete(m.conns, conn)
		m.mu.Unlock()
	default:
	}
}

func (m *Master) closeServers() {
	m.breakConnections()
	m.mu.Lock()
	servers := m.servers
	m.mu.Unlock()
	_ = m.memory.Close() // cannot fail
	for _, s := range servers {
		_ = s.Close() // the listener's own error is of no use to anybody here
	}
}

// DialContext connects to a master by the host of its URL, in memory. While that master is stopped
// the connection is refused.
func (c *Cluster) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	for _, m := range c.masters {
		if m.memory.host != addr {
			continue
		}
		c.mu.Lock()
		running := m.running
		c.mu.Unlock()
		if !running {
			return nil, &net.OpError{Op: "dial", Net: network, Addr: m.memory.Addr(), Err: syscall.ECONNREFUSED}
		}
		return m.memory.dial(ctx)
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: addr, IsNotFound: true}}
}

// Client is an HTTP client whose connections are in memory. Its transport is its own, so
// CloseIdleConnections on it leaves nothing behind.
func (c *Cluster) Client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DialContext: c.DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Handler is the i-th master as an HTTP handler, for a server of the caller's own.
func (c *Cluster) Handler(i int) http.Handler { return c.masters[i] }

// Listen gives the i-th master a socket: from now on its URL, and redirects to it, name that. What it returns
// answers there until Close, and then returns nil.
func (c *Cluster) Listen(l net.Listener, i int) (serve func() error) {
	m, host := c.masters[i], l.Addr().String()
	// It is known before it serves, so that a Close which comes in between ends it.
	server := m.newServer()
	c.mu.Lock()
	defer c.mu.Unlock()
	m.host, m.url = host, c.flags.scheme()+"://"+host
	return func() error {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return errors.New("serving a master: the cluster is closed")
		}
		c.handlers.Add(1)
		c.mu.Unlock()
		defer c.handlers.Done()
		if err := server.Serve(c.flags.secured(l)); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving %s: %w", host, err)
		}
		return nil
	}
}

// scheme is how the masters' URLs begin.
func (f Flags) scheme() string {
	if f.TLS != nil {
		return "https"
	}
	return "http"
}

// secured is a listener that speaks TLS, if the flags want that.
func (f Flags) secured(l net.Listener) net.Listener {
	if f.TLS != nil {
		return tls.NewListener(l, f.TLS)
	}
	return l
}

// memoryListener hands out one end of a net.Pipe per dial.
type memoryListener struct {
	host  string
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

type memoryAddr string

func (memoryAddr) Network() string  { return "memory" }
func (a memoryAddr) String() string { return string(a) }

func newMemoryListener(host string) *memoryListener {
	return &memoryListener{host: host, conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memoryListener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- named(ctx, server):
		return client, nil
	case <-l.done:
		return nil, &net.OpError{Op: "dial", Net: "memory", Addr: l.Addr(), Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, fmt.Errorf("dialing %s: %w", l.host, ctx.Err())
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return memoryAddr(l.host) }
