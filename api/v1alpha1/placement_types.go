package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Placement is which agents a task may have, and which of them it should. Mesos is not told of it: it decides which offers the operator takes. The
// user sets it.
type Placement struct {
	// constraints are what has to hold of an agent; all of them. Absent: any agent will do.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Constraints []Constraint `json:"constraints,omitempty"`

	// spread keeps the task away from others. Counted are the MesosTasks of its namespace and its framework that have an agent and are not over, also
	// while Mesos cannot say whether they run; those that were given up or replaced do not count. Absent: it may be beside any.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +listType=atomic
	// +optional
	Spread []Spread `json:"spread,omitempty"`

	// together keeps the task near to others, which are counted as for spread. Absent: it need not be near to any.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +listType=atomic
	// +optional
	Together []Together `json:"together,omitempty"`

	// scoring says which offer is taken of those that all else leaves: Spread takes the one that has most CPUs and memory left, in proportion to the
	// largest, Pack the one that has least. Absent: the first that has room, in the order in which Mesos made them.
	// +optional
	Scoring PlacementScoring `json:"scoring,omitempty"`
}

// PlacementScoring says which offer is taken.
// +kubebuilder:validation:Enum=Spread;Pack
type PlacementScoring string

// The ways of scoring.
const (
	// ScoringSpread takes the offer that has most left.
	ScoringSpread PlacementScoring = "Spread"
	// ScoringPack takes the offer that has least left.
	ScoringPack PlacementScoring = "Pack"
)

// Spread bounds how many of some tasks have agents with the same value.
//
// +kubebuilder:validation:XValidation:rule="has(self.maxPerValue) != has(self.maxSkew)",message="a spread needs exactly one of maxPerValue and maxSkew"
type Spread struct {
	// by is what of the agent is looked at: tasks are spread over its values. Zones of one name in two regions are two. Where an attribute has several
	// values, all of them together are one. An agent that has none is not used under Required.
	// +required
	By PlacementKey `json:"by,omitempty,omitzero"`

	// selector selects the tasks that count, by the labels of their objects. The task itself is counted besides, whether it is selected or not. An empty
	// selector selects all of the namespace.
	// +required
	Selector *metav1.LabelSelector `json:"selector,omitempty"`

	// matchLabelKeys are keys of labels: of the tasks that selector selects only those count that have the task's own value there, such as those of its
	// own revision. A key that the task does not have is ignored. Absent: all that selector selects.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=317
	// +listType=set
	// +optional
	MatchLabelKeys []string `json:"matchLabelKeys,omitempty"`

	// maxPerValue is how many of the tasks one value may have, this one included: with 1 each has a host, or a rack, of its own. A task of whose agent
	// nobody knows the value counts for every value.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	MaxPerValue *int32 `json:"maxPerValue,omitempty"`

	// maxSkew is how many more of the tasks one value may have than that with the fewest, this one included, over all agents that the master offers to
	// the framework and that spec.placement.constraints allow, whether they have room or not. A task of whose agent nobody knows the value counts for
	// every value.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	MaxSkew *int32 `json:"maxSkew,omitempty"`

	// enforcement says what becomes of the task where the spread does not hold anywhere: Required lets it wait, Preferred lets it take what is best.
	// Absent: Required.
	// +optional
	Enforcement PlacementEnforcement `json:"enforcement,omitempty"`
}

// Together keeps a task where agents have the same value as those of other tasks.
type Together struct {
	// by is what of the agent is looked at, as for spread: with field Hostname the task shares the host, with an attribute for racks the rack.
	// +required
	By PlacementKey `json:"by,omitempty,omitzero"`

	// selector selects the tasks of which one has to be there, by the labels of their objects. While none of them has an agent, a task that the selector
	// selects itself may go anywhere, so that the first of several can; another one waits.
	// +required
	Selector *metav1.LabelSelector `json:"selector,omitempty"`

	// enforcement says what becomes of the task where none of the tasks is: Required lets it wait, Preferred lets it go elsewhere. Absent: Required.
	// +optional
	Enforcement PlacementEnforcement `json:"enforcement,omitempty"`
}

// PlacementEnforcement says whether a rule has to hold.
// +kubebuilder:validation:Enum=Required;Preferred
type PlacementEnforcement string

// Whether a rule has to hold.
const (
	// PlacementRequired lets a task wait until the rule holds somewhere.
	PlacementRequired PlacementEnforcement = "Required"
	// PlacementPreferred takes what breaks the fewest rules.
	PlacementPreferred PlacementEnforcement = "Preferred"
)

// PlacementDomain is what an agent has under a key.
type PlacementDomain struct {
	// by is the key. The operator sets it.
	// +required
	By PlacementKey `json:"by,omitempty,omitzero"`

	// value is what the agent has there, several values with commas between, a zone behind its region. Absent: it has nothing. The operator sets it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	Value string `json:"value,omitempty"`
}

// PlacementKey is what of an agent is looked at.
//
// +kubebuilder:validation:XValidation:rule="has(self.field) != has(self.attribute)",message="by needs exactly one of field (Hostname, Region or Zone) and attribute (the name of an attribute of agents)"
type PlacementKey struct {
	// field is the agent's host name (Offer.hostname in Mesos), or the region or the zone of its fault domain (Offer.domain).
	// +optional
	Field PlacementField `json:"field,omitempty"`

	// attribute is the name of an attribute that the agent's operator gave it (Offer.attributes; flag --attributes of the agent).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Attribute string `json:"attribute,omitempty"`
}

// PlacementField is what an agent has beside its attributes.
// +kubebuilder:validation:Enum=Hostname;Region;Zone
type PlacementField string

// The fields of a PlacementKey.
const (
	// PlacementHostname is the agent's host name.
	PlacementHostname PlacementField = "Hostname"
	// PlacementRegion is the region of the agent's fault domain.
	PlacementRegion PlacementField = "Region"
	// PlacementZone is the zone of the agent's fault domain.
	PlacementZone PlacementField = "Zone"
)

// Constraint is what has to hold of an agent.
//
// +kubebuilder:validation:XValidation:rule="self.operator in ['Exists', 'DoesNotExist'] ? !has(self.values) : has(self.values)",message="operators Exists and DoesNotExist take no values, every other one needs some",fieldPath=".values"
// +kubebuilder:validation:XValidation:rule="!(self.operator in ['Matches', 'NotMatches', 'Gt', 'Lt']) || !has(self.values) || size(self.values) == 1",message="operators Matches, NotMatches, Gt and Lt take one value",fieldPath=".values"
// +kubebuilder:validation:XValidation:rule="!(self.operator in ['Gt', 'Lt']) || !has(self.values) || self.values.all(v, v.matches('^-?[0-9]{1,12}([.][0-9]{1,3})?$'))",message="operators Gt and Lt take a number with at most three decimals, such as 4 or 0.5",fieldPath=".values"
// +kubebuilder:validation:XValidation:rule="!(self.operator in ['Matches', 'NotMatches']) || !has(self.values) || self.values.all(v, 'x'.matches(v) ? true : true)",message="operators Matches and NotMatches take a regular expression of RE2",fieldPath=".values"
type Constraint struct {
	// by is what of the agent is looked at.
	// +required
	By PlacementKey `json:"by,omitempty,omitzero"`

	// operator says what has to hold of what the agent has under by. In: it is one of values. NotIn: none of values. Exists, DoesNotExist: there is
	// something, or nothing. Matches: the regular expression in values (RE2) matches the whole of it; NotMatches: it does not. Gt, Lt: it is a number
	// above, or below, the one in values. An attribute that stands more than once, or is a set or a range of numbers, meets In, Matches, Gt and Lt if
	// one of its values does; NotIn and NotMatches hold where In and Matches do not, so also where there is no such attribute.
	// +required
	Operator ConstraintOperator `json:"operator,omitempty"`

	// values are what the operator compares with: for In and NotIn any number of texts, for Matches and NotMatches one regular expression, for Gt and
	// Lt one number; none (absent) for Exists and DoesNotExist. A number is written as Mesos does it: 4, 0.5.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=255
	// +listType=atomic
	// +optional
	Values []string `json:"values,omitempty"`
}

// ConstraintOperator says what has to hold.
// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist;Matches;NotMatches;Gt;Lt
type ConstraintOperator string

// The operators of a Constraint.
const (
	// ConstraintIn is that a value is one of several.
	ConstraintIn ConstraintOperator = "In"
	// ConstraintNotIn is that no value is one of several.
	ConstraintNotIn ConstraintOperator = "NotIn"
	// ConstraintExists is that there is a value.
	ConstraintExists ConstraintOperator = "Exists"
	// ConstraintDoesNotExist is that there is none.
	ConstraintDoesNotExist ConstraintOperator = "DoesNotExist"
	// ConstraintMatches is that a regular expression matches a value.
	ConstraintMatches ConstraintOperator = "Matches"
	// ConstraintNotMatches is that it matches none.
	ConstraintNotMatches ConstraintOperator = "NotMatches"
	// ConstraintGt is that a value is a larger number.
	ConstraintGt ConstraintOperator = "Gt"
	// ConstraintLt is that a value is a smaller number.
	ConstraintLt ConstraintOperator = "Lt"
)
