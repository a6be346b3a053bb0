package mesos

import (
	"math"
	"slices"
	"strconv"
)

// Agent is what Mesos tells of one agent, by an offer or by a master's list of agents.
type Agent struct {
	ID       string
	Hostname string
	// Address is the IP address at which the master reaches it, as net/netip writes one; empty where Mesos has not told it.
	Address string
	// Attributes are what its operator says of it (AgentInfo.attributes), in the order of Mesos.
	Attributes []Attribute
	// Domain is where it is; zero where Mesos does not say.
	Domain Domain
}

// Agents are all agents of which Mesos told.
type Agents struct {
	// Serving are those that may serve the framework: the master has them, and offers them to it. Others are those that it has given up, or that are
	// in a region of which the framework is offered nothing.
	Serving, Others []Agent
}

// Attribute is one value of an attribute of an agent: a scalar, a text, a range of numbers or an item of a set. A name stands as often as it has values.
type Attribute struct {
	Name string
	// Text is the value as Mesos writes it: r1, 4, 1000-1999.
	Text string
	// Numeric says that the value is a number or a range of numbers: From to To, in thousandths, both ends included.
	Numeric  bool
	From, To int64
}

// Domain is a fault domain (DomainInfo.fault_domain): a region and a zone of it.
type Domain struct{ Region, Zone string }

// Equal says whether Mesos tells the same of both.
func (a *Agent) Equal(other *Agent) bool {
	return a.ID == other.ID && a.Hostname == other.Hostname && a.Address == other.Address && a.Domain == other.Domain && slices.Equal(a.Attributes, other.Attributes)
}

// ScalarAttribute is an attribute that is a number.
func ScalarAttribute(name string, value float64) Attribute {
	return RangeAttribute(name, value, value)
}

// RangeAttribute is an attribute that is a range of numbers.
func RangeAttribute(name string, from, to float64) Attribute {
	attribute := Attribute{Name: name, Numeric: true, From: thousandths(from), To: thousandths(to)}
	attribute.Text = decimal(attribute.From)
	if attribute.To != attribute.From {
		attribute.Text += "-" + decimal(attribute.To)
	}
	return attribute
}

// thousandths rounds a number as Mesos does with its doubles; one that is beyond what can be counted is the furthest that can.
func thousandths(value float64) int64 {
	const furthest = 1 << 53
	switch milli := math.Round(value * 1000); {
	case math.IsNaN(milli):
		return 0
	case milli >= furthest:
		return furthest
	case milli <= -furthest:
		return -furthest
	default:
		return int64(milli)
	}
}

// decimal writes thousandths as a number.
func decimal(milli int64) string { return strconv.FormatFloat(float64(milli)/1000, 'f', -1, 64) }

// Field is something that every agent has, or may have, beside its attributes.
type Field string

// The fields.
const (
	// FieldHostname is the name of the agent's host.
	FieldHostname Field = "Hostname"
	// FieldRegion and FieldZone are those of the agent's fault domain.
	FieldRegion Field = "Region"
	FieldZone   Field = "Zone"
)

// Key is by what agents are told apart: a field, or the attribute of that name where Field is empty.
type Key struct {
	Field     Field
	Attribute string
}

// String names the key to a person.
func (k Key) String() string {
	if k.Field != "" {
		return string(k.Field)
	}
	return k.Attribute
}

// Values are what an agent has under a key; none where it has nothing.
func (a *Agent) Values(key Key) (values []Attribute) {
	switch key.Field {
	case FieldHostname:
		return fieldValue(a.Hostname)
	case FieldRegion:
		return fieldValue(a.Domain.Region)
	case FieldZone:
		return fieldValue(a.Domain.Zone)
	}
	for _, attribute := range a.Attributes {
		if attribute.Name == key.Attribute {
			values = append(values, attribute)
		}
	}
	return values
}

func fieldValue(value string) []Attribute {
	if value == "" {
		return nil
	}
	return []Attribute{{Text: value}}
}
