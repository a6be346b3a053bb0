package mesos

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Placement is which agents a task may have, and which it should. Mesos is not told of it.
type Placement struct {
	// Constraints hold on every agent that the task may have.
	Constraints []Constraint
}

// Check says what is wrong with a placement, as a sentence; nil if it can be judged.
func (p *Placement) Check() error {
	for i := range p.Constraints {
		if err := p.Constraints[i].Check(); err != nil {
			return err
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
