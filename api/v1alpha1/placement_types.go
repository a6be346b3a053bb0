package v1alpha1

// Placement is which agents a task may have, and which of them it should. Mesos is not told of it: it decides which offers the operator takes. The
// user sets it.
type Placement struct {
	// constraints are what has to hold of an agent; all of them. Absent: any agent will do.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Constraints []Constraint `json:"constraints,omitempty"`
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
	// Lt one number; none for Exists and DoesNotExist. A number is written as Mesos does it: 4, 0.5.
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
