package connections

import (
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestConnection_silenceBeforeAnAccept: calls of different kinds do not wait for each other, so that a RECONCILE may come to the master before the ACCEPT that
// launches what it asks about. That Mesos has nothing to say of it then is no silence.
func TestConnection_silenceBeforeAnAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := simulator.New(simulator.Options{})
		defer cluster.Close()
		owner, config, stop := started(t, cluster)
		connection, _ := owner.Ensure("test", config)
		time.Sleep(3 * time.Second)
		key := types.NamespacedName{Namespace: "ns", Name: "web"}
		launched := lifecycle.OpenAttempt{TaskID: "ns.web.2aaaaaaaa.aaaaaaaaaa", AgentID: "agent", FrameworkID: "framework"}
		found := launched
		found.TaskID = "ns.web.2aaaaaaaa.bbbbbbbbbb"
		connection.Bridge.Reserve(launched.TaskID, launched.AgentID)
		for _, attempt := range []lifecycle.OpenAttempt{launched, found} {
			connection.Ask(key, attempt)
			time.Sleep(time.Second)
			synctest.Wait()
			known, _ := connection.Bridge.Attempt(attempt.TaskID)
			done := connection.EffortsFor(key, attempt)
			answered, silent := connection.Answered(done, known.Last)
			if asked := attempt == found; answered != asked || silent || done.Asks > 0 != asked {
				t.Errorf("%s was asked for %d times: answered %t, silent %t", attempt.TaskID, done.Asks, answered, silent)
			}
		}
		stop()
	})
}
