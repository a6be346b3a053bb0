package mesosbridge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestTaskInfo_labelsAndDiscovery: labels come behind those that name the object; what is declared of discovery stands in place of what follows from
// name and ports.
func TestTaskInfo_labelsAndDiscovery(t *testing.T) {
	own := []mesos.Label{{Name: "HAPROXY_GROUP", Value: "external"}, {Name: "TIER", Value: "front"}}
	for sentence, c := range map[string]struct {
		task      mesos.Task
		labels    *mesospb.Labels
		discovery *mesospb.DiscoveryInfo
	}{
		"neither": {mesos.Task{Name: "web.shop"}, nil, nil},
		"labels": {
			mesos.Task{Name: "web.shop", ID: "shop.web.2aaaaaaaa.nonce00001", Labels: own},
			labels("mesos.dev/namespace", "shop", "mesos.dev/name", "web", "HAPROXY_GROUP", "external", "TIER", "front"), nil,
		},
		"a port alone": {
			mesos.Task{Name: "web.shop", HostPorts: []uint32{80}, Ports: []mesos.Port{{Name: "http"}}},
			nil,
			&mesospb.DiscoveryInfo{
				Name: new("web.shop"), Visibility: mesospb.FRAMEWORK,
				Ports: &mesospb.Ports{Ports: []mesospb.Port{{Number: 80, Name: new("http"), Protocol: new("tcp")}}},
			},
		},
		"discovery without ports, by default": {
			mesos.Task{Name: "web.shop", Discovery: &mesos.Discovery{}}, nil, &mesospb.DiscoveryInfo{Name: new("web.shop"), Visibility: mesospb.FRAMEWORK},
		},
		"discovery": {
			mesos.Task{Name: "web.shop", Discovery: &mesos.Discovery{Name: "front.shop", Visibility: mesos.VisibleOutside, Labels: own}},
			nil,
			&mesospb.DiscoveryInfo{Name: new("front.shop"), Visibility: mesospb.EXTERNAL, Labels: labels("HAPROXY_GROUP", "external", "TIER", "front")},
		},
		"discovery of the cluster": {
			mesos.Task{Name: "web.shop", Discovery: &mesos.Discovery{Name: "a", Visibility: mesos.VisibleInCluster}},
			nil,
			&mesospb.DiscoveryInfo{Name: new("a"), Visibility: mesospb.CLUSTER},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			info := mustTaskInfo(t, &c.task, "agent", nil)
			if diff := cmp.Diff(c.labels, info.Labels); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.discovery, info.Discovery); diff != "" {
				t.Errorf("discovery (-want +got):\n%s", diff)
			}
		})
	}
}
