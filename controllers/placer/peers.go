package placer

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// peers are the framework's MesosTasks as they count where others are spread or kept together, by namespace and name.
type peers struct {
	of map[string]map[string]*peer
	// keys counts by how many of a namespace's placements a key is used.
	keys map[string]map[mesos.Key]int
	// complete says that all were met once: before that nothing can be said of where a task may go for the others.
	complete bool
}

// peer is one of them, as the latest version of its object has it.
type peer struct {
	version string
	labels  map[string]string
	// agentID is where its attempt is that is neither over nor left behind; empty where there is none. Recorded is what was recorded of that agent.
	agentID  string
	recorded map[mesos.Key]string
	// keys are those by which its own placement goes.
	keys []mesos.Key
}

// Meet takes in a MesosTask as the API server has it, or as this process last wrote it: where it is, and how others may speak of it.
func (p *Placer) Meet(task *v1alpha1.MesosTask) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meet(task)
}

// MeetAll takes in all MesosTasks of the framework. Tasks that ask where others are wait for it.
func (p *Placer) MeetAll(tasks []v1alpha1.MesosTask) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range tasks {
		p.meet(&tasks[i])
	}
	if !p.peers.complete {
		p.peers.complete = true
		p.Wake()
	}
}

// meet takes in a MesosTask, unless a later version of it is known; the caller holds the lock.
func (p *Placer) meet(task *v1alpha1.MesosTask) {
	if p.peers.of == nil {
		p.peers.of, p.peers.keys = map[string]map[string]*peer{}, map[string]map[mesos.Key]int{}
	}
	if p.peers.of[task.Namespace] == nil {
		p.peers.of[task.Namespace] = map[string]*peer{}
	}
	known := p.peers.of[task.Namespace][task.Name]
	if known != nil {
		if order, err := resourceversion.CompareResourceVersion(task.ResourceVersion, known.version); err == nil && order <= 0 {
			return
		}
	}
	met := peerOf(task)
	if known != nil && maps.Equal(known.labels, met.labels) {
		met.labels = known.labels
	}
	p.peers.of[task.Namespace][task.Name] = met
	p.peers.use(task.Namespace, known, met)
	p.stir(task.Namespace, known, met)
}

// peerOf is a MesosTask as it counts.
func peerOf(task *v1alpha1.MesosTask) *peer {
	met := &peer{version: task.ResourceVersion, labels: maps.Clone(task.Labels), keys: keysOf(task.Spec.Placement)}
	binding := lifecycle.BindingOf(task)
	taskID, agentID, open := lifecycle.Open(task.Status, binding)
	if !open {
		return met
	}
	met.agentID = agentID
	hostname, domains := "", []v1alpha1.PlacementDomain(nil)
	if binding != nil && binding.TaskID == taskID && binding.AgentID == agentID {
		hostname, domains = binding.Hostname, binding.Domains
	}
	if attempt := task.Status.Task; attempt != nil && attempt.ID == taskID {
		hostname = cmp.Or(attempt.Hostname, hostname)
		if len(attempt.Domains) > 0 {
			domains = attempt.Domains
		}
	}
	met.recorded = make(map[mesos.Key]string, len(domains)+1)
	for _, domain := range domains {
		met.recorded[lifecycle.KeyOf(domain.By)] = domain.Value
	}
	if hostname != "" {
		met.recorded[mesos.Key{Field: mesos.FieldHostname}] = hostname
	}
	return met
}

// keysOf are the keys by which a placement goes that asks where others are.
func keysOf(placement *v1alpha1.Placement) (keys []mesos.Key) {
	if placement == nil {
		return nil
	}
	for _, spread := range placement.Spread {
		keys = append(keys, lifecycle.KeyOf(spread.By))
	}
	for _, together := range placement.Together {
		keys = append(keys, lifecycle.KeyOf(together.By))
	}
	return keys
}

// lose forgets a MesosTask that is gone; the caller holds the lock.
func (p *Placer) lose(key types.NamespacedName) {
	known := p.peers.of[key.Namespace][key.Name]
	if known == nil {
		return
	}
	delete(p.peers.of[key.Namespace], key.Name)
	if len(p.peers.of[key.Namespace]) == 0 {
		delete(p.peers.of, key.Namespace)
	}
	p.peers.use(key.Namespace, known, nil)
	p.stir(key.Namespace, known, nil)
}

// use counts the keys of a task's placement in place of those that it had.
func (p *peers) use(namespace string, before, after *peer) {
	count := func(one *peer, by int) {
		if one == nil {
			return
		}
		for _, key := range one.keys {
			if p.keys[namespace] == nil {
				p.keys[namespace] = map[mesos.Key]int{}
			}
			if p.keys[namespace][key] += by; p.keys[namespace][key] == 0 {
				delete(p.keys[namespace], key)
			}
		}
	}
	count(after, 1)
	count(before, -1)
	if len(p.keys[namespace]) == 0 {
		delete(p.keys, namespace)
	}
}

// somewhere says whether a MesosTask has an agent.
func (p *peer) somewhere() bool { return p != nil && p.agentID != "" }

// stir asks for offers for tasks that may be placed now as another one came to an agent, or left one; the caller holds the lock.
func (p *Placer) stir(namespace string, before, after *peer) {
	was, is := before.somewhere(), after.somewhere()
	if was && is && before.agentID == after.agentID && maps.Equal(before.labels, after.labels) {
		return
	}
	for _, task := range p.pending {
		if task.key.Namespace != namespace || !p.waits(task) || task.waiting == nil {
			continue
		}
		if was && task.rules.StirredBy(before.labels, false) || is && task.rules.StirredBy(after.labels, true) {
			p.revive.Insert(task.roles...)
			p.Wake()
		}
	}
}

// AgentsChanged asks for offers for tasks that ask where others are, as Mesos told more of agents.
func (p *Placer) AgentsChanged() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, task := range p.pending {
		if task.rules.Across() && p.waits(task) && task.waiting != nil {
			p.revive.Insert(task.roles...)
			p.Wake()
		}
	}
}

// placed are the tasks that have an agent or are to have one, of the namespaces of tasks that ask for them.
func (p *Placer) placed(tasks []placement.Task) (found []placement.Peer) {
	namespaces := sets.New[string]()
	for i := range tasks {
		if tasks[i].Rules.Across() {
			namespaces.Insert(tasks[i].Namespace)
		}
	}
	for namespace := range namespaces {
		for name, one := range p.peers.of[namespace] {
			if one.agentID != "" && p.pending[types.NamespacedName{Namespace: namespace, Name: name}] == nil {
				found = append(found, placement.Peer{Namespace: namespace, Labels: one.labels, AgentID: one.agentID, Recorded: one.recorded})
			}
		}
	}
	for key, task := range p.pending {
		if task.reserved != nil && namespaces.Has(key.Namespace) {
			found = append(found, placement.Peer{Namespace: key.Namespace, Labels: p.labelsOf(key), AgentID: task.reserved.placed.AgentID})
		}
	}
	return found
}

// labelsOf are the labels of a MesosTask.
func (p *Placer) labelsOf(key types.NamespacedName) map[string]string {
	if known := p.peers.of[key.Namespace][key.Name]; known != nil {
		return known.labels
	}
	return nil
}

// DomainsOf are what an agent has under the keys by which tasks of a namespace are spread or kept together; none where Mesos has not told of it.
func (p *Placer) DomainsOf(namespace, agentID string) []v1alpha1.PlacementDomain {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.domainsOf(namespace, agentID)
}

func (p *Placer) domainsOf(namespace, agentID string) (domains []v1alpha1.PlacementDomain) {
	if len(p.peers.keys[namespace]) == 0 {
		return nil
	}
	agent, known := p.bridge.Agent(agentID)
	if !known {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(p.peers.keys[namespace]), func(a, b mesos.Key) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Attribute, b.Attribute))
	})
	for _, key := range keys[:min(len(keys), lifecycle.MaxDomains)] {
		// Its host is recorded of every attempt.
		if value := placement.ValueOf(&agent, key); key.Field != mesos.FieldHostname && len([]rune(value)) <= lifecycle.MaxDomain {
			by := v1alpha1.PlacementKey{Field: v1alpha1.PlacementField(key.Field), Attribute: key.Attribute}
			domains = append(domains, v1alpha1.PlacementDomain{By: by, Value: value})
		}
	}
	return domains
}
