package simulator_test

import (
	"net"
	"sync"
	"testing"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestClose_whileAMasterBeginsToListen: whichever comes first, nothing serves on.
func TestClose_whileAMasterBeginsToListen(t *testing.T) {
	for range 20_000 {
		cluster := simulator.New(simulator.Options{})
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		serve := cluster.Listen(listener, 0)
		var both sync.WaitGroup
		both.Go(func() { _ = serve() }) // it may come too late to serve at all
		both.Go(cluster.Close)
		both.Wait()
		_ = listener.Close() // of one that came too late
	}
}
