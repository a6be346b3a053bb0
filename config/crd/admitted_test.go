package crd_test

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// fate is what became of a spec that was drawn.
type fate string

const (
	// launched is one of which Mesos made a task that runs.
	launched fate = "launched"
	// refused is one that is refused with a sentence before it is launched.
	refused fate = "refused"
)

// roles are those of the framework; a task with another would be refused.
var roles = []string{"*", "prod", "eng/dev"}

// FuzzAdmitted draws MesosTasks, of which the CRD admits each, and has every one launched: what admission lets in is refused with a sentence, or is a
// task that the master and the agent take.
func FuzzAdmitted(f *testing.F) {
	stand := newStand(f)
	for seed := range uint64(32) {
		f.Add(randomBytes(seed))
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		stand.launch(t, &draw{bytes: bytes, fitting: stand.fitting})
	})
}

// TestAdmitted_mostAreLaunched: what is drawn would prove little if it was refused.
func TestAdmitted_mostAreLaunched(t *testing.T) {
	stand, fates := newStand(t), map[fate]int{}
	for seed := range uint64(60) {
		fates[stand.launch(t, &draw{bytes: randomBytes(seed), fitting: stand.fitting})]++
	}
	t.Logf("%v, and of %d changes %d admitted", fates, stand.changes, stand.admitted)
	if fates[launched] < 50 || 2*stand.admitted < stand.changes {
		t.Errorf("%v, and of %d changes only %d were admitted", fates, stand.changes, stand.admitted)
	}
}

func randomBytes(seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, seed))
	bytes := make([]byte, 160)
	for i := range bytes {
		bytes[i] = byte(random.Uint32())
	}
	return bytes
}

// stand is what specs are drawn from and admitted by.
type stand struct {
	*apiserver.Schema
	examples []map[string]any
	fitting  map[*schema.ValueValidation][]string
	// changes counts those that were drawn, and admitted those that were admitted.
	changes, admitted int
}

func newStand(tb testing.TB) *stand {
	tb.Helper()
	s := &stand{Schema: schemaOf(tb, "mesos.dev_mesostasks.yaml"), fitting: map[*schema.ValueValidation][]string{}}
	for _, example := range manifests(tb, "charts/testdata/full/tasks.yaml") {
		if _, err := s.Admit(tb.Context(), example); err != nil {
			tb.Fatalf("%v is not admitted: %v", example, err)
		}
		s.examples = append(s.examples, example)
	}
	return s
}

// object draws an object: one of the examples, with changes of which each is admitted.
func (s *stand) object(tb testing.TB, d *draw) map[string]any {
	tb.Helper()
	object := s.examples[d.below(len(s.examples))]
	spec := s.Structural().Properties["spec"]
	admitted, err := s.Admit(tb.Context(), object)
	for range 12 {
		if len(d.bytes) == 0 {
			break
		}
		next := maps.Clone(object)
		next["spec"] = d.edit(&spec, object["spec"])
		s.changes++
		if changed, refusal := s.Admit(tb.Context(), next); refusal == nil {
			object, admitted = next, changed
			s.admitted++
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
	return admitted
}

// launch draws a task and has it launched.
func (s *stand) launch(t *testing.T, d *draw) fate {
	t.Helper()
	object := &v1alpha1.MesosTask{}
	stored, err := json.Marshal(s.object(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(stored, object); err != nil {
		t.Fatalf("the CRD admits %s, which the types cannot hold: %v", stored, err)
	}
	object.Namespace = "shop"
	framework := &v1alpha1.MesosFramework{}
	framework.Spec.Info = v1alpha1.FrameworkInfo{User: "nobody", Roles: roles, DefaultRole: "*"}
	task, obstacle := lifecycle.Resolve(object.Namespace, object.Name, object.Spec, framework.Spec.Info)
	if obstacle == nil {
		task, obstacle = lifecycle.Fill(task, object, found(&object.Spec, d))
	}
	if obstacle != nil {
		if obstacle.Reason == "" || obstacle.Message == "" {
			t.Fatalf("%s is refused without a sentence: %+v", stored, obstacle)
		}
		return refused
	}
	if refusal := lifecycle.Permit(framework, lifecycle.Namespace{Name: object.Namespace}, task); refusal != nil && refusal.Message == "" {
		t.Fatalf("%s is not permitted without a sentence: %+v", stored, refusal)
	}
	if task.Role, task.OtherRoles = "prod", nil; slices.Contains(roles, object.Spec.Role) {
		task.Role = object.Spec.Role
	}
	declared := lifecycle.Declare(object.Name, &object.Spec, task, framework)
	id := lifecycle.TaskID{Namespace: object.Namespace, Name: object.Name, Hash: declared.Hash(), Nonce: "abcdefgh27"}
	if _, err := lifecycle.ParseOwnTaskID(id.String()); err != nil {
		t.Fatalf("%s: %v", stored, err)
	}
	task.ID = id.String()
	if state, message := inMesos(t, task); state != mesos.TaskRunning {
		t.Fatalf("the CRD admits %s, and Mesos says %s %q", stored, state, message)
	}
	return launched
}

// found is what the Secrets and ConfigMaps that a spec names hold: all keys that it names, and seldom what cannot be used.
func found(spec *v1alpha1.MesosTaskSpec, d *draw) map[lifecycle.Source]lifecycle.Content {
	data := map[string]mesos.Hidden{".dockerconfigjson": `{"auths":{"docker.io":{"auth":"YTpi"},"registry.example.com":{"auth":"YTpi"}}}`}
	value := mesos.Hidden("secret")
	if d.below(8) == 1 {
		value = mesos.Hidden(d.text())
	}
	for _, variable := range spec.Env {
		for _, key := range keysOf(variable.ValueFrom) {
			data[key] = value
		}
	}
	if spec.Container != nil {
		for _, volume := range spec.Container.Volumes {
			if volume.Secret != nil {
				data[volume.Secret.Key] = value
			}
		}
	}
	contents := map[lifecycle.Source]lifecycle.Content{}
	for _, source := range lifecycle.Sources(spec) {
		contents[source] = lifecycle.Content{Data: data}
	}
	return contents
}

func keysOf(from *v1alpha1.EnvVarSource) []string {
	switch {
	case from == nil:
		return nil
	case from.SecretKeyRef != nil:
		return []string{from.SecretKeyRef.Key}
	case from.ConfigMapKeyRef != nil:
		return []string{from.ConfigMapKeyRef.Key}
	default:
		return nil
	}
}

// inMesos launches a task on an agent that has enough of everything, and returns what becomes of it.
func inMesos(t *testing.T, task mesos.Task) (state mesos.TaskState, message string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cluster := simulator.New(simulator.Options{})
		defer cluster.Close()
		cluster.AddAgent(simulator.AgentSpec{Resources: plenty(&task), Runner: simulator.ScriptRunner{}})
		bridge := mesosbridge.New(mesosbridge.Config{
			Masters: []string{cluster.Masters()[0].URL()},
			Framework: mesos.Framework{
				Name: "test", User: "nobody", Roles: []string{task.Role}, FailoverTimeout: time.Hour, Capabilities: []string{"GPU_RESOURCES", "REVOCABLE_RESOURCES"},
			},
		}, mesosbridge.Options{Name: "test", DialContext: cluster.DialContext})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); bridge.Run(ctx) }()
		defer func() { cancel(); <-done }()
		time.Sleep(time.Second)
		bridge.FrameworkIDStored()
		time.Sleep(2 * time.Second)

		offers := bridge.Offers()
		result := placement.Place([]placement.Task{{
			Key: "shop/web", Namespace: "shop", Role: task.Role, Resources: task.Scalars, Ports: task.Ports, Ranges: task.Ranges, Others: task.Others, Revocable: task.Revocable, MaxRun: task.MaxRun,
		}}, offers, placement.Round{Now: time.Now(), ShareGPUAgents: true})
		if len(result.Assignments) != 1 {
			t.Fatalf("%+v is not placed on %+v: %+v", task, offers, result.Unplaced)
		}
		assignment := result.Assignments[0]
		task.AgentID, task.Host, task.HostPorts = assignment.AgentID, assignment.Hostname, assignment.HostPorts
		bridge.Reserve(task.ID, task.AgentID)
		bridge.Accept(assignment.OfferID, []mesos.Task{task}, 0, nil)
		for range 30 {
			time.Sleep(100 * time.Millisecond)
			attempt, _ := bridge.Attempt(task.ID)
			if message = string(attempt.Accept) + " " + attempt.RefusedWith; attempt.Observation != nil {
				state, message = attempt.Observation.State, attempt.Observation.Message
			}
			if attempt.Unacked != nil {
				bridge.Acknowledge(task.ID, attempt.Unacked.UUID)
			}
			if state == mesos.TaskRunning {
				return
			}
		}
	})
	return state, message
}

// plenty are the resources of an agent that has what the task asks for, whatever it is.
func plenty(task *mesos.Task) []mesospb.Resource {
	const enough = 1e12
	scalar := func(name string, amount float64) mesospb.Resource {
		return mesospb.Resource{Name: name, Type: mesospb.SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: amount}}
	}
	ranges := func(name string, first, last uint64) mesospb.Resource {
		return mesospb.Resource{Name: name, Type: mesospb.RANGES.Enum(), Ranges: &mesospb.Value_Ranges{Range: []mesospb.Value_Range{{Begin: first, End: last}}}}
	}
	all := []mesospb.Resource{ranges("ports", 1, math.MaxUint16), scalar("cpus", enough), scalar("mem", enough), scalar("disk", enough), scalar("gpus", enough)}
	for _, one := range []string{"cpus", "mem", "disk", "gpus"} {
		lent := scalar(one, enough)
		lent.Revocable = &mesospb.Resource_RevocableInfo{}
		all = append(all, lent)
	}
	for i := range task.Others {
		switch other := &task.Others[i]; {
		case other.Scalar > 0:
			all = append(all, scalar(other.Name, enough))
		case other.Numbers > 0:
			all = append(all, ranges(other.Name, 0, other.Numbers-1))
		default:
			all = append(all, mesospb.Resource{Name: other.Name, Type: mesospb.SET.Enum(), Set: &mesospb.Value_Set{Item: other.Items}})
		}
	}
	return all
}
