package detection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/go-zookeeper/zk"
	"go.uber.org/goleak"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// patience is how long a test waits for something that should happen: it ends the test, and nothing else depends on it.
const patience = time.Minute

// server is the ZooKeeper of all tests here; each has a path of its own.
var server *testenv.ZooKeeper

// elections counts the paths.
var elections atomic.Int64

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	dir, err := os.MkdirTemp("", "zookeeper-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	server, err = testenv.StartZooKeeper(context.Background(), dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	if code = m.Run(); code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// election is a test's part of ZooKeeper, and a detection that watches it.
type election struct {
	*testing.T
	conn     *zk.Conn
	path     string
	findings chan Finding
}

// newElection connects to ZooKeeper.
func newElection(t *testing.T) *election {
	t.Helper()
	e := &election{T: t, path: fmt.Sprintf("/election-%d", elections.Add(1)), findings: make(chan Finding, 1000)}
	e.connect()
	return e
}

func (e *election) connect() {
	e.Helper()
	conn, _, err := zk.Connect([]string{server.Address}, sessionTimeout, zk.WithLogger(quiet{logr.Discard()}))
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(conn.Close)
	e.conn = conn
}

// create makes a znode.
func (e *election) create(name, data string, acl []zk.ACL) {
	e.Helper()
	if _, err := e.conn.Create(e.path+name, []byte(data), 0, acl); err != nil {
		e.Fatal(err)
	}
}

// elect makes the znode of a master.
func (e *election) elect(sequence int, host string) {
	e.Helper()
	e.create(fmt.Sprintf("/json.info_%010d", sequence), fmt.Sprintf(`{"hostname":%q,"port":5050}`, host), zk.WorldACL(zk.PermAll))
}

// resign removes the znode of a master.
func (e *election) resign(sequence int) {
	e.Helper()
	if err := e.conn.Delete(fmt.Sprintf("%s/json.info_%010d", e.path, sequence), -1); err != nil {
		e.Fatal(err)
	}
}

// detect runs a detection until the test ends.
func (e *election) detect(change func(*Config, *Options)) {
	e.Helper()
	config := Config{Servers: []string{server.Address}, Path: e.path}
	options := Options{DialContext: (&net.Dialer{}).DialContext}
	if change != nil {
		change(&config, &options)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Run(ctx, config, options, func(f Finding) { e.findings <- f })
	}()
	e.Cleanup(func() {
		cancel()
		<-ended
	})
}

// await waits for a finding.
func (e *election) await(host string, problem error) Finding {
	e.Helper()
	late := time.After(patience)
	var last Finding
	for {
		select {
		case last = <-e.findings:
			if last.Leader.Hostname == host && errors.Is(last.Err, problem) {
				return last
			}
		case <-late:
			e.Fatalf("the last finding is %+v, want leader %q and problem %v", last, host, problem)
		}
	}
}

func TestRun_followsTheElection(t *testing.T) {
	e := newElection(t)
	e.detect(nil)
	e.await("", ErrNoLeader)
	e.create("", "", zk.WorldACL(zk.PermAll))
	e.await("", ErrNoLeader)
	e.create("/log_replicas", "", zk.WorldACL(zk.PermAll))
	e.elect(5, "m5")
	e.await("m5", nil)
	e.elect(3, "m3")
	e.await("m3", nil)
	e.elect(7, "m7")
	e.resign(3)
	e.await("m5", nil)
	e.resign(5)
	e.await("m7", nil)
	e.resign(7)
	e.await("", ErrNoLeader)
}

func TestRun_findsGarbage(t *testing.T) {
	e := newElection(t)
	e.create("", "", zk.WorldACL(zk.PermAll))
	e.create("/json.info_0000000001", "\x08\x96\x01 no JSON", zk.WorldACL(zk.PermAll))
	e.elect(2, "m2")
	e.detect(nil)
	e.await("", ErrNotMasterInfo)
	e.resign(1)
	e.await("m2", nil)
}

func TestRun_authenticates(t *testing.T) {
	const secret = "canary-3e77"
	cases := map[string]struct {
		user     string
		password mesos.Hidden
		host     string
		problem  error
	}{
		"the right password": {"mesos", secret, "m1", nil},
		"a wrong password":   {"mesos", "canary-3e78", "", ErrForbidden},
		"none":               {"", "", "", ErrForbidden},
	}
	e := newElection(t)
	acl := zk.DigestACL(zk.PermAll, "mesos", secret)
	if err := e.conn.AddAuth("digest", []byte("mesos:"+secret)); err != nil {
		t.Fatal(err)
	}
	e.create("", "", acl)
	e.create("/json.info_0000000001", `{"hostname":"m1","port":5050}`, acl)
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			of := &election{T: t, conn: e.conn, path: e.path, findings: make(chan Finding, 1000)}
			logged := make(chan string, 1000)
			of.detect(func(c *Config, o *Options) {
				c.User, c.Password = tc.user, tc.password
				o.Logger = funcr.New(func(_, arguments string) {
					select {
					case logged <- arguments:
					default:
					}
				}, funcr.Options{Verbosity: 10})
			})
			found := of.await(tc.host, tc.problem)
			if found.Err != nil && strings.Contains(found.Err.Error(), "canary") {
				t.Errorf("the problem gives the password away: %v", found.Err)
			}
			for len(logged) > 0 {
				if line := <-logged; strings.Contains(line, "canary") {
					t.Errorf("the log gives the password away: %s", line)
				}
			}
		})
	}
}

// A server that is away for a while takes nothing away, and one that forgot all, sessions included, is asked anew.
func TestRun_outlivesItsSession(t *testing.T) {
	e := newElection(t)
	e.create("", "", zk.WorldACL(zk.PermAll))
	e.elect(1, "m1")
	e.detect(func(_ *Config, o *Options) { o.LostAfter = time.Second })
	e.await("m1", nil)
	again := func(between func() error) {
		t.Helper()
		if err := server.Stop(); err != nil {
			t.Fatal(err)
		}
		e.await("", ErrUnreachable)
		if err := between(); err != nil {
			t.Fatal(err)
		}
		if err := server.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	again(func() error { return nil })
	e.await("m1", nil)
	again(server.Forget)
	e.await("", ErrNoLeader)
	e.connect()
	e.create("", "", zk.WorldACL(zk.PermAll))
	e.elect(2, "m2")
	e.await("m2", nil)
}

func TestRun_findsNoServer(t *testing.T) {
	e := &election{T: t, path: "/mesos", findings: make(chan Finding, 1000)}
	e.detect(func(c *Config, _ *Options) { c.Servers = []string{"127.0.0.1:1"} })
	e.await("", ErrUnreachable)
}

// A server that takes connections and says nothing holds nobody up: the next session asks another one.
func TestRun_leavesASilentServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	e := newElection(t)
	e.create("", "", zk.WorldACL(zk.PermAll))
	e.elect(1, "m1")
	e.detect(func(c *Config, o *Options) {
		c.Servers = []string{silent.Addr().String()}
		o.LostAfter = 500 * time.Millisecond
		var dialed atomic.Int64
		o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dialed.Add(1) > 1 {
				address = server.Address
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
	})
	e.await("", ErrUnreachable)
	e.await("m1", nil)
}

// What a session dials while it ends, nobody would end any more.
func TestLine_holdsNothingOnceItIsCut(t *testing.T) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = theirs.Close() })
	ended := &line{}
	ended.cut()
	if _, err := ended.hold(ours, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("holding gave %v", err)
	}
	if _, err := theirs.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("reading at the other end gave %v, want its end", err)
	}
}
