package mesosbridge

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-zookeeper/zk"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
	"github.com/mesos-operator/mesos-operator/mesosbridge/detection"
)

// silent is a logger of the ZooKeeper client.
type silent struct{ logr.Logger }

// Printf implements zk.Logger.
func (silent) Printf(string, ...any) {}

// elected is a bridge that finds its masters in a real ZooKeeper.
type elected struct {
	*socketed
	cluster *simulator.Cluster
	server  *testenv.ZooKeeper
	conn    *zk.Conn
}

// newElected starts a ZooKeeper and two simulated masters, of which none stands for election yet.
func newElected(t *testing.T, options simulator.Options, change func(*Config)) *elected {
	t.Helper()
	server, err := testenv.StartZooKeeper(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	conn, _, err := zk.Connect([]string{server.Address}, 10*time.Second, zk.WithLogger(silent{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	options.Masters = 2
	cluster := simulator.New(options)
	t.Cleanup(cluster.Close)
	config := Config{Framework: framework(), ZooKeeper: &detection.Config{Servers: []string{server.Address}, Path: "/mesos"}}
	if change != nil {
		change(&config)
	}
	e := &elected{socketed: &socketed{T: t, config: config, changes: make(chan struct{}, 1)}, cluster: cluster, server: server, conn: conn}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == server.Address {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		return cluster.DialContext(ctx, network, address)
	}
	e.bridge = New(config, Options{Name: t.Name(), Listener: e.socketed, DialContext: dial})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { e.bridge.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return e
}

// create makes a znode.
func (e *elected) create(path, data string) {
	e.Helper()
	if _, err := e.conn.Create(path, []byte(data), 0, zk.WorldACL(zk.PermAll)); err != nil {
		e.Fatal(err)
	}
}

// elect makes the znode of a master.
func (e *elected) elect(sequence, master int) {
	e.Helper()
	host, _, err := net.SplitHostPort(strings.TrimPrefix(e.cluster.Masters()[master].URL(), "http://"))
	if err != nil {
		e.Fatal(err)
	}
	e.create(fmt.Sprintf("/mesos/json.info_%010d", sequence), fmt.Sprintf(`{"hostname":%q,"port":5050}`, host))
}

func (e *elected) resign(sequence int) {
	e.Helper()
	if err := e.conn.Delete(fmt.Sprintf("/mesos/json.info_%010d", sequence), -1); err != nil {
		e.Fatal(err)
	}
}

// says waits for a problem of the class with the text in its message.
func (e *elected) says(class Class, text string) {
	e.Helper()
	e.known(func(c Connection) bool {
		return c.Problem != nil && c.Problem.Class == class && strings.Contains(c.Problem.Message, text)
	})
}

// subscribedTo waits for the subscription at a master.
func (e *elected) subscribedTo(master int) Connection {
	e.Helper()
	return e.known(func(c Connection) bool { return c.Subscribed && c.Master.URL == e.cluster.Masters()[master].URL() })
}

func TestBridge_findsItsMasterInZooKeeper(t *testing.T) {
	// Its credentials go to the master that ZooKeeper names.
	e := newElected(t, guarded(2), with(canary))
	e.says(NoLeader, "/mesos")
	e.create("/mesos", "")
	e.create("/mesos/json.info_0000000001", "garbage")
	e.says(DetectionFailed, "cannot be read")
	e.resign(1)
	e.says(NoLeader, "/mesos")
	e.elect(2, 0)
	id := e.subscribedTo(0).FrameworkID
	e.elect(3, 1)

	// Another leader is found, and the framework is the same.
	e.cluster.FailOver(simulator.FailOver{Down: time.Millisecond, To: 1, AgentsBack: 1})
	e.resign(2)
	if got := e.subscribedTo(1).FrameworkID; got != id {
		t.Errorf("with another master it became framework %s, was %s", got, id)
	}
}

func TestBridge_needsZooKeeperOnlyToFindItsMaster(t *testing.T) {
	e := newElected(t, simulator.Options{}, nil)
	e.create("/mesos", "")
	e.elect(1, 0)
	term := e.subscribedTo(0).Term
	// That nobody stands for election any more, or ZooKeeper is gone, ends nothing.
	e.resign(1)
	if err := e.server.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := e.reconcile(); err != nil {
		t.Error(err)
	}
	if c := e.bridge.Connection(); !c.Subscribed || c.Term != term {
		t.Errorf("the subscription ended with ZooKeeper: %+v", c)
	}
}

func TestBridge_takesUpAnotherElection(t *testing.T) {
	e := newElected(t, simulator.Options{}, nil)
	e.create("/mesos", "")
	e.elect(1, 0)
	e.config.ZooKeeper = &detection.Config{Servers: e.config.ZooKeeper.Servers, Path: "/other"}
	e.bridge.Reconfigure(e.config)
	e.says(NoLeader, "/other")
	e.config.ZooKeeper, e.config.Masters = nil, []string{e.cluster.Masters()[0].URL()}
	e.bridge.Reconfigure(e.config)
	e.subscribedTo(0)
}

func TestBridge_findsNoZooKeeper(t *testing.T) {
	e := newElected(t, simulator.Options{}, func(c *Config) { c.ZooKeeper.Servers = []string{"127.0.0.1:1"} })
	e.says(DetectionFailed, "no ZooKeeper server answers")
}
