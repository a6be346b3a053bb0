package mesosbridge

import (
	"encoding/json"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// maxAttributes bounds the values of one agent's attributes that are kept.
const maxAttributes = 1024

// attributesOf turns an agent's attributes into values. What is no value of any type that Mesos knows is left out.
func attributesOf(attributes []mesospb.Attribute) (values []mesos.Attribute) {
	for i := range attributes {
		one := &attributes[i]
		name := clean(one.Name)
		if one.Scalar != nil {
			values = append(values, mesos.ScalarAttribute(name, one.Scalar.Value))
		}
		if one.Text != nil {
			values = append(values, mesos.Attribute{Name: name, Text: clean(one.Text.Value)})
		}
		for _, r := range one.Ranges.GetRange() {
			values = append(values, mesos.RangeAttribute(name, float64(r.Begin), float64(r.End)))
		}
		for _, item := range one.Set.GetItem() {
			values = append(values, mesos.Attribute{Name: name, Text: clean(item)})
		}
		if len(values) > maxAttributes {
			return values[:maxAttributes]
		}
	}
	return values
}

// domainOf is the fault domain of an agent or a master; zero where it has none.
func domainOf(domain *mesospb.DomainInfo) mesos.Domain {
	if domain == nil || domain.FaultDomain == nil {
		return mesos.Domain{}
	}
	return mesos.Domain{Region: clean(domain.FaultDomain.Region.Name), Zone: clean(domain.FaultDomain.Zone.Name)}
}

// traitsOf reads attributes and domain of an AgentInfo; what cannot be read is as if it were not there.
func traitsOf(said agentInfo) (attributes []mesos.Attribute, domain mesos.Domain) {
	var some []mesospb.Attribute
	if len(said.Attributes) > 0 && json.Unmarshal(said.Attributes, &some) == nil {
		attributes = attributesOf(some)
	}
	var place mesospb.DomainInfo
	if len(said.Domain) > 0 && json.Unmarshal(said.Domain, &place) == nil {
		domain = domainOf(&place)
	}
	return attributes, domain
}
