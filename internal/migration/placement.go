package migration

import (
	"regexp"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// agentKey is what of an agent a constraint looks at.
func agentKey(field string) v1alpha1.PlacementKey {
	switch field {
	case "hostname", "@hostname":
		return v1alpha1.PlacementKey{Field: v1alpha1.PlacementHostname}
	case "@region":
		return v1alpha1.PlacementKey{Field: v1alpha1.PlacementRegion}
	case "@zone":
		return v1alpha1.PlacementKey{Field: v1alpha1.PlacementZone}
	}
	return v1alpha1.PlacementKey{Attribute: field}
}

func (c *conversion) placement() *v1alpha1.Placement {
	if c.spec.Placement == nil {
		c.spec.Placement = &v1alpha1.Placement{}
	}
	return c.spec.Placement
}

// self selects the tasks of the definition itself.
func (c *conversion) self() *metav1.LabelSelector {
	c.labels["app"] = c.name
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": c.name}}
}

// constraint takes one constraint. One that cannot be kept keeps the definition from being converted: the task would run where it must not.
func (c *conversion) constraint(v node, field, operator, value string) {
	p, key := c.placement(), agentKey(field)
	if field == "" {
		v.refuse("says of nothing what has to hold: put it right in the definition")
		return
	}
	need := func(operator v1alpha1.ConstraintOperator) {
		p.Constraints = append(p.Constraints, v1alpha1.Constraint{By: key, Operator: operator, Values: []string{value}})
	}
	switch strings.ToUpper(operator) {
	case "UNIQUE":
		p.Spread = append(p.Spread, v1alpha1.Spread{By: key, Selector: c.self(), MaxPerValue: new(int32(1))})
		if value != "" {
			v.kept("UNIQUE takes no value, and %q had no effect", value)
		}
	case "MAX_PER":
		most, err := strconv.ParseInt(value, 10, 32)
		if err != nil || most < 1 {
			v.refuse("MAX_PER %q is no number", value)
			return
		}
		p.Spread = append(p.Spread, v1alpha1.Spread{By: key, Selector: c.self(), MaxPerValue: new(int32(most))})
	case "GROUP_BY":
		p.Spread = append(p.Spread, v1alpha1.Spread{By: key, Selector: c.self(), MaxSkew: new(int32(1))})
		if value != "" {
			v.kept("that there are %s groups need not be said: the agents of the master are counted, whether they have room or not", value)
		}
	case "CLUSTER":
		if value == "" {
			p.Together = append(p.Together, v1alpha1.Together{By: key, Selector: c.self()})
			return
		}
		need(v1alpha1.ConstraintIn)
	case "IS", "EQUALS":
		need(v1alpha1.ConstraintIn)
	case "LIKE", "UNLIKE":
		if _, err := regexp.Compile(value); err != nil {
			v.refuse("%q is a regular expression of Java that RE2 does not know: write it without look-ahead, look-behind and back references", value)
			return
		}
		if strings.EqualFold(operator, "UNLIKE") {
			need(v1alpha1.ConstraintNotMatches)
			return
		}
		need(v1alpha1.ConstraintMatches)
	default:
		v.refuse("operator %q is not known here, and without it the task would run where it must not", operator)
	}
}

// constraints takes a list of constraints, each a list of two or three texts.
func (c *conversion) constraints(v node) {
	for _, item := range v.items() {
		parts := append(item.texts(), "", "", "")
		if len(parts) > 6 {
			item.refuse("has more than three parts: put it right in the definition")
			continue
		}
		c.constraint(item, parts[0], parts[1], parts[2])
	}
	if c.spec.Placement != nil && (len(c.spec.Placement.Constraints) > 16 || len(c.spec.Placement.Spread) > 8) {
		v.refuse("has more than 16 constraints, or 8 by which tasks are spread")
	}
}
