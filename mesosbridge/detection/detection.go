package detection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-zookeeper/zk"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// sessionTimeout is that of the session with ZooKeeper, as Mesos has it (--zk_session_timeout).
	sessionTimeout = 10 * time.Second
	// The waits between two sessions, doubling.
	retryFirst, retryMost = time.Second, 15 * time.Second
	// lookAfter is how long a watch is waited for: ZooKeeper tells no client of what its access control list keeps from it (CVE-2024-23944).
	lookAfter = 30 * time.Second
	// maxBuffer bounds what is read at once: as much as ZooKeeper stores in one znode by default, with room for the list of a large path.
	maxBuffer = 4 << 20
)

// Config is where the masters are elected.
type Config struct {
	// Servers of ZooKeeper, as host:port.
	Servers []string
	// Path of the election, such as /mesos.
	Path string
	// User and Password are for digest authentication; without a user there is none. ZooKeeper gets them as they are, without encryption.
	User     string
	Password mesos.Hidden
}

// Options are what a detection needs of its process.
type Options struct {
	Logger logr.Logger
	// DialContext makes connections to ZooKeeper.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// LostAfter is how long a session may be without a connection, or a question without an answer, before the session is given up, and
	// another one looks the servers' names up again; zero is for ten seconds.
	LostAfter time.Duration
}

// Finding is what ZooKeeper says: a leader, or why there is none.
type Finding struct {
	Leader Leader
	// Err is one of this package's errors, wrapped or not; nil if there is a leader.
	Err error
}

// Run tells of each change of the leading master, and of what keeps it from being known, until ctx ends. Tell is called from one goroutine
// and may be told the same twice. On return nothing is left but the closing of a connection, which takes a moment.
func Run(ctx context.Context, config Config, options Options, tell func(Finding)) {
	delay := retryFirst
	for ctx.Err() == nil {
		began := time.Now()
		err := watch(ctx, config, options, tell)
		if ctx.Err() != nil {
			return
		}
		tell(Finding{Err: err})
		if time.Since(began) > retryMost {
			delay = retryFirst
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
		delay = min(2*delay, retryMost)
	}
}

// watch tells what one session sees, until it fails.
func watch(ctx context.Context, config Config, options Options, tell func(Finding)) error {
	lostAfter := cmp.Or(options.LostAfter, sessionTimeout)
	line := &line{}
	defer line.cut()
	dial := func(network, address string, timeout time.Duration) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return line.hold(options.DialContext(ctx, network, address))
	}
	conn, events, err := zk.Connect(config.Servers, sessionTimeout,
		zk.WithDialer(dial), zk.WithLogger(quiet{options.Logger}), zk.WithLogInfo(false), zk.WithMaxBufferSize(maxBuffer))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, conn.Close)()
	if config.User != "" {
		err := within(conn, lostAfter, func() error { return conn.AddAuth("digest", []byte(config.User+":"+string(config.Password))) })
		if err != nil {
			return meaning(err)
		}
	}
	for {
		var finding Finding
		var changed <-chan zk.Event
		err := within(conn, lostAfter, func() (err error) {
			finding, changed, err = look(conn, config.Path)
			return err
		})
		if err != nil {
			return meaning(err)
		}
		if changed == nil {
			continue
		}
		tell(finding)
		if err := wait(ctx, events, changed, lostAfter); err != nil {
			return err
		}
	}
}

// within asks, and closes the session when there is no answer in time: the client would wait for over a minute for a server that takes a
// connection and says nothing, as one does whose process hangs.
func within(conn *zk.Conn, limit time.Duration, ask func() error) error {
	late := time.AfterFunc(limit, conn.Close)
	defer late.Stop()
	return ask()
}

// line is the connection that a session has at present. The client does not end one by itself on which a server is silent.
type line struct {
	mu   sync.Mutex
	conn net.Conn
	// over says that the session ended: what is dialled now would be nobody's.
	over bool
}

// hold remembers a connection that was made, unless the session ended meanwhile.
func (l *line) hold(conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return nil, errors.Join(net.ErrClosed, conn.Close())
	}
	l.conn = conn
	return conn, nil
}

// cut ends it, and whatever is still being dialled.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// look reads who leads. Changed says when to look again; nil is for at once.
func look(conn *zk.Conn, path string) (finding Finding, changed <-chan zk.Event, err error) {
	children, _, changed, err := conn.ChildrenW(path)
	if errors.Is(err, zk.ErrNoNode) {
		exists, _, created, err := conn.ExistsW(path)
		if err != nil || exists {
			return Finding{}, nil, err
		}
		return Finding{Err: ErrNoLeader}, created, nil
	}
	if err != nil {
		return Finding{}, nil, err
	}
	name, found := leading(children)
	if !found {
		return Finding{Err: ErrNoLeader}, changed, nil
	}
	data, _, err := conn.Get(childOf(path, name))
	if errors.Is(err, zk.ErrNoNode) {
		return Finding{}, nil, nil
	}
	if err != nil {
		return Finding{}, nil, err
	}
	finding.Leader, finding.Err = parse(data)
	return finding, changed, nil
}

// childOf is the path of a znode below another.
func childOf(path, name string) string {
	if path == "/" {
		return path + name
	}
	return path + "/" + name
}

// wait waits until something changed, the session's end included. It fails when there was no connection for too long.
func wait(ctx context.Context, events, changed <-chan zk.Event, lostAfter time.Duration) error {
	var lost <-chan time.Time
	again := time.NewTimer(lookAfter)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
			return nil
		case <-again.C:
			if lost == nil {
				return nil
			}
		case <-lost:
			return ErrUnreachable
		case event, open := <-events:
			switch {
			case !open:
				return ErrUnreachable
			case event.State == zk.StateHasSession:
				lost = nil
			case event.State == zk.StateDisconnected && lost == nil:
				lost = time.After(lostAfter)
			}
		}
	}
}

// meaning puts an error of the client into this package's words.
func meaning(err error) error {
	switch {
	case errors.Is(err, zk.ErrNoAuth), errors.Is(err, zk.ErrAuthFailed):
		return ErrForbidden
	default:
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
}

// quiet is a logger for the ZooKeeper client, whose every failed try is of interest to those only who look into one.
type quiet struct{ logr.Logger }

// Printf implements zk.Logger.
func (q quiet) Printf(format string, arguments ...any) {
	q.V(1).Info("ZooKeeper client", "message", fmt.Sprintf(format, arguments...))
}
