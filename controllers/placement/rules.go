package placement

import (
	"regexp"
	"slices"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Rules are a placement that was made ready for use. Tasks with the same placement should share them: a round looks at each agent once for all of
// them.
type Rules struct {
	constraints []constraint
	across      []acrossRule
	scoring     mesos.Scoring
}

// constraint is a constraint that was made ready for use.
type constraint struct {
	mesos.Constraint
	text string
	// broken says that it cannot be judged: then it holds nowhere.
	broken  bool
	pattern *regexp.Regexp
	// numbers are those of the values that are numbers, in thousandths.
	numbers []int64
}

// Compile makes a placement ready for use; nil where it rules nothing out. What mesos.Constraint.Check refuses holds nowhere.
func Compile(placement *mesos.Placement) *Rules {
	if placement == nil {
		return nil
	}
	rules := &Rules{across: acrossRules(placement), scoring: placement.Scoring}
	for i := range placement.Constraints {
		rules.constraints = append(rules.constraints, compile(&placement.Constraints[i]))
	}
	if len(rules.constraints)+len(rules.across) == 0 && rules.scoring == "" {
		return nil
	}
	return rules
}

// admit says whether every constraint holds on an agent.
func (r *Rules) admit(agent *mesos.Agent) bool {
	return !slices.ContainsFunc(r.constraints, func(c constraint) bool { return !c.holds(agent.Values(c.By)) })
}

func compile(c *mesos.Constraint) constraint {
	made := constraint{Constraint: *c, text: c.String(), broken: c.Check() != nil}
	switch {
	case made.broken:
	case c.Operator == mesos.Matches || c.Operator == mesos.NotMatches:
		made.pattern, _ = mesos.Pattern(c.Values[0])
	default:
		for _, value := range c.Values {
			if number, ok := mesos.Thousandths(value); ok {
				made.numbers = append(made.numbers, number)
			}
		}
	}
	return made
}

// holds says whether a constraint holds on an agent that has these values under its key.
func (c *constraint) holds(values []mesos.Attribute) bool {
	if c.broken {
		return false
	}
	switch c.Operator {
	case mesos.Exists:
		return len(values) > 0
	case mesos.DoesNotExist:
		return len(values) == 0
	case mesos.NotIn, mesos.NotMatches:
		return !slices.ContainsFunc(values, c.meets)
	default:
		return slices.ContainsFunc(values, c.meets)
	}
}

// meets says whether one value of an agent is what the constraint speaks of.
func (c *constraint) meets(value mesos.Attribute) bool {
	switch c.Operator {
	case mesos.Matches, mesos.NotMatches:
		return c.pattern.MatchString(value.Text)
	case mesos.Gt:
		return value.Numeric && value.To > c.numbers[0]
	case mesos.Lt:
		return value.Numeric && value.From < c.numbers[0]
	default:
		return slices.Contains(c.Values, value.Text) ||
			value.Numeric && slices.ContainsFunc(c.numbers, func(number int64) bool { return value.From <= number && number <= value.To })
	}
}
