package testenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// zooKeeperJar is where Debian's package zookeeper has the program.
const zooKeeperJar = "/usr/share/java/zookeeper.jar"

// zooKeeperStarts is how long ZooKeeper may take to start.
const zooKeeperStarts = time.Minute

// ZooKeeper is a real ZooKeeper server on a port of this machine.
type ZooKeeper struct {
	// Address is its host:port, which it keeps.
	Address string

	dir     string
	command *exec.Cmd
}

// StartZooKeeper starts a server that keeps its data below a directory. The caller stops it with Stop.
func StartZooKeeper(ctx context.Context, dir string) (*ZooKeeper, error) {
	if _, err := os.Stat(zooKeeperJar); err != nil {
		return nil, fmt.Errorf("looking for ZooKeeper (install Debian's packages zookeeper and default-jre-headless): %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("looking for a free port: %w", err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, fmt.Errorf("looking for a free port: %w", err)
	}
	z := &ZooKeeper{Address: address, dir: dir}
	return z, z.Start(ctx)
}

// Start starts the server again, after Stop.
func (z *ZooKeeper) Start(ctx context.Context) error {
	_, port, err := net.SplitHostPort(z.Address)
	if err != nil {
		return fmt.Errorf("reading the server's address: %w", err)
	}
	if _, err := strconv.Atoi(port); err != nil {
		return fmt.Errorf("reading the server's port: %w", err)
	}
	config := filepath.Join(z.dir, "zoo.cfg")
	text := fmt.Sprintf("dataDir=%s\nclientPort=%s\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\ntickTime=500\n", z.data(), port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing ZooKeeper's configuration: %w", err)
	}
	z.command = exec.Command("java", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", zooKeeperJar, //nolint:gosec,noctx // it lives until Stop
		"org.apache.zookeeper.server.ZooKeeperServerMain", config)
	if err := z.command.Start(); err != nil {
		return fmt.Errorf("starting ZooKeeper: %w", err)
	}
	if err := z.await(ctx); err != nil {
		return errors.Join(err, z.Stop())
	}
	return nil
}

// await waits until the server serves: it takes connections a while before.
func (z *ZooKeeper) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, zooKeeperStarts)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := z.ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for ZooKeeper: %w", err)
		case <-again.C:
		}
	}
}

// ask asks the server how it is (ZooKeeper administrator's guide: four letter words).
func (z *ZooKeeper) ask(ctx context.Context) (err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", z.Address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "srvr"); err != nil {
		return err
	}
	said, err := io.ReadAll(conn)
	if err == nil && !strings.Contains(string(said), "Mode:") {
		err = fmt.Errorf("it says %q", said)
	}
	return err
}

// Stop ends the server, as a crash does.
func (z *ZooKeeper) Stop() error {
	if z.command == nil {
		return nil
	}
	err := z.command.Process.Kill()
	var exit *exec.ExitError
	if waited := z.command.Wait(); !errors.As(waited, &exit) {
		err = errors.Join(err, waited)
	}
	z.command = nil
	return err
}

// Forget removes all data, sessions included. The server must be stopped.
func (z *ZooKeeper) Forget() error { return os.RemoveAll(z.data()) }

func (z *ZooKeeper) data() string { return filepath.Join(z.dir, "data") }
