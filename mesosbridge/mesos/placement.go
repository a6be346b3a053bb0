package mesos

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Placement is which agents a task may have, and which it should. Mesos is not told of it.
type Placement struct {
	// Constraints hold on every agent that the task may have.
	Constraints []Constraint
	// Spread and Together say which agents it may have, or should, by where other tasks are.
	Spread   []Spread
	Together []Together
	// Scoring says which of several agents is best.
	Scoring Scoring
}

// Scoring says which of several offers that serve is taken.
type Scoring string

// The ways of scoring. Without one it is the first in the order in which they came.
const (
	// SpreadOut takes the offer that has most left, Pack the one that has least.
	SpreadOut Scoring = "Spread"
	Pack      Scoring = "Pack"
)

// Spread bounds how many tasks are where agents have the same under a key, the task itself included.
type Spread struct {
	By Key
	// Among selects the tasks that count, by their labels; those of SameLabels have to be as the task's own, where it has them.
	Among      Selector
	SameLabels []string
	// MaxPerValue is how many there may be, MaxSkew how many more than where there are fewest. One of them is zero.
	MaxPerValue, MaxSkew int
	// Preferred says that the task may go where there are more, if nothing else serves.
	Preferred bool
}

// Together keeps a task where agents have the same under a key as that of a task which is selected. The first of tasks that select themselves may go
// anywhere.
type Together struct {
	By        Key
	Among     Selector
	Preferred bool
}

// Selector selects tasks by their labels: each requirement has to hold. An empty one selects all.
type Selector []Requirement

// Requirement is a condition on a label: In, NotIn, Exists or DoesNotExist.
type Requirement struct {
	Label    string
	Operator Operator
	Values   []string
}

// Selects says whether a task with these labels is selected.
func (s Selector) Selects(labels map[string]string) bool {
	for i := range s {
		value, has := labels[s[i].Label]
		holds := has
		switch s[i].Operator {
		case In:
			holds = has && slices.Contains(s[i].Values, value)
		case NotIn:
			holds = !has || !slices.Contains(s[i].Values, value)
		case DoesNotExist:
			holds = !has
		default:
		}
		if !holds {
			return false
		}
	}
	return true
}

// Canonical is a text that tells selectors apart.
func (s Selector) Canonical() string {
	var text strings.Builder
	for i := range s {
		text.WriteString(s[i].Label + "\x00" + string(s[i].Operator) + "\x00" + strings.Join(s[i].Values, "\x01") + "\x02")
	}
	return text.String()
}

// maxNamedRequirements is how many requirements the text of a selector names.
const maxNamedRequirements = 2

// String names the selector to a person: app=web, tier In [a b].
func (s Selector) String() string {
	if len(s) == 0 {
		return "all tasks"
	}
	named := make([]string, 0, maxNamedRequirements+1)
	for i := range s[:min(len(s), maxNamedRequirements)] {
		requirement := &s[i]
		if requirement.Operator == In && len(requirement.Values) == 1 {
			named = append(named, Short(requirement.Label)+"="+Short(requirement.Values[0]))
			continue
		}
		named = append(named, (&Constraint{By: Key{Attribute: requirement.Label}, Operator: requirement.Operator, Values: requirement.Values}).String())
	}
	if more := len(s) - len(named); more > 0 {
		named = append(named, "and "+strconv.Itoa(more)+" more")
	}
	return strings.Join(named, ", ")
}

// Check says what is wrong with a placement, as a sentence; nil if it can be judged.
func (p *Placement) Check() error {
	for i := range p.Constraints {
		if err := p.Constraints[i].Check(); err != nil {
			return err
		}
	}
	for _, spread := range p.Spread {
		if (spread.MaxPerValue > 0) == (spread.MaxSkew > 0) {
			return fmt.Errorf("spread by %s needs either maxPerValue or maxSkew", spread.By)
		}
	}
	return nil
}

// Constraint is a condition on an agent.
type Constraint struct {
	By       Key
	Operator Operator
	Values   []string
}

// Operator is how a constraint compares what an agent has under its key with the constraint's values. Each but the negative ones holds if one of the
// agent's values does; a negative one holds where its opposite does not, as on an agent that has nothing under the key.
type Operator string

// The operators.
const (
	// In and NotIn compare with each of the constraint's values: a text with a text, a number with a number, and a range with a number in it.
	In    Operator = "In"
	NotIn Operator = "NotIn"
	// Exists and DoesNotExist ask whether there is anything under the key.
	Exists       Operator = "Exists"
	DoesNotExist Operator = "DoesNotExist"
	// Matches and NotMatches compare the whole text with a regular expression (RE2).
	Matches    Operator = "Matches"
	NotMatches Operator = "NotMatches"
	// Gt and Lt compare numbers. A range holds if some number in it does; a text never does.
	Gt Operator = "Gt"
	Lt Operator = "Lt"
)

// Pattern is a regular expression that has to match the whole of a text.
func Pattern(expression string) (*regexp.Regexp, error) {
	// By itself first: one that closes what it did not open would end the anchors.
	if _, err := regexp.Compile(expression); err != nil {
		return nil, err
	}
	return regexp.Compile("^(?:" + expression + ")$")
}

// Thousandths reads a number as it is compared.
func Thousandths(text string) (milli int64, ok bool) {
	value, err := strconv.ParseFloat(text, 64)
	return thousandths(value), err == nil
}

// Check says what is wrong with a constraint, as a sentence; nil if it can be judged.
func (c *Constraint) Check() error {
	switch c.Operator {
	case In, NotIn:
		if len(c.Values) == 0 {
			return fmt.Errorf("%s %s needs at least one value", c.By, c.Operator)
		}
	case Exists, DoesNotExist:
	case Matches, NotMatches:
		if len(c.Values) != 1 {
			return fmt.Errorf("%s %s needs one value, a regular expression", c.By, c.Operator)
		}
		if _, err := Pattern(c.Values[0]); err != nil {
			return fmt.Errorf("%s %s has %q, which is no regular expression of RE2: %w", c.By, c.Operator, c.Values[0], err)
		}
	case Gt, Lt:
		if len(c.Values) != 1 {
			return fmt.Errorf("%s %s needs one value, a number", c.By, c.Operator)
		}
		if _, ok := Thousandths(c.Values[0]); !ok {
			return fmt.Errorf("%s %s has %q, which is no number", c.By, c.Operator, c.Values[0])
		}
	default:
		return fmt.Errorf("%s has operator %q, which this release does not know", c.By, c.Operator)
	}
	return nil
}

const (
	// maxNamedValues is how many values of a constraint its text names, and maxNamedText how many characters of each.
	maxNamedValues, maxNamedText = 3, 48
)

// String names the constraint to a person: rack In [a b].
func (c *Constraint) String() string {
	text := Short(c.By.String()) + " " + string(c.Operator)
	if len(c.Values) == 0 {
		return text
	}
	named := make([]string, 0, maxNamedValues+1)
	for _, value := range c.Values[:min(len(c.Values), maxNamedValues)] {
		named = append(named, Short(value))
	}
	if more := len(c.Values) - len(named); more > 0 {
		named = append(named, "and "+strconv.Itoa(more)+" more")
	}
	values := strings.Join(named, " ")
	if c.Operator == In || c.Operator == NotIn {
		values = "[" + values + "]"
	}
	return text + " " + values
}

// Short cuts a text to what a message has room for.
func Short(text string) string {
	if runes := []rune(text); len(runes) > maxNamedText {
		return string(runes[:maxNamedText-1]) + "…"
	}
	return text
}
