package mesos

import (
	"strings"
	"testing"
)

func TestConstraint_check(t *testing.T) {
	rack := Key{Attribute: "rack"}
	for name, c := range map[string]struct {
		constraint Constraint
		// want is part of what is wrong; empty for nothing.
		want string
	}{
		"values":                         {Constraint{rack, In, []string{"a"}}, ""},
		"no values":                      {Constraint{rack, NotIn, nil}, "rack NotIn needs at least one value"},
		"nothing to compare":             {Constraint{rack, DoesNotExist, nil}, ""},
		"an expression":                  {Constraint{rack, Matches, []string{"r(1|2)"}}, ""},
		"none":                           {Constraint{rack, Matches, nil}, "needs one value, a regular expression"},
		"one that closes the anchors":    {Constraint{rack, Matches, []string{"a)|(b"}}, "no regular expression of RE2"},
		"one that is none":               {Constraint{rack, NotMatches, []string{"a(b"}}, `rack NotMatches has "a(b", which is no regular expression of RE2`},
		"one that would look back":       {Constraint{rack, Matches, []string{`(a)\1`}}, "no regular expression of RE2"},
		"a number":                       {Constraint{rack, Gt, []string{"-0.5"}}, ""},
		"a word for a number":            {Constraint{rack, Lt, []string{"many"}}, `rack Lt has "many", which is no number`},
		"two numbers":                    {Constraint{rack, Lt, []string{"1", "2"}}, "needs one value, a number"},
		"an operator of a later release": {Constraint{Key{Field: FieldZone}, "Near", nil}, `Zone has operator "Near"`},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.constraint.Check()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestConstraint_string(t *testing.T) {
	long := strings.Repeat("ä", 60)
	for want, c := range map[string]Constraint{
		"rack In [a b]":                 {Key{Attribute: "rack"}, In, []string{"a", "b"}},
		"Zone NotIn [1 2 3 and 2 more]": {Key{Field: FieldZone}, NotIn, []string{"1", "2", "3", "4", "5"}},
		"Hostname Matches web-.*":       {Key{Field: FieldHostname}, Matches, []string{"web-.*"}},
		"ssd Exists":                    {Key{Attribute: "ssd"}, Exists, nil},
		"generation Gt 4":               {Key{Attribute: "generation"}, Gt, []string{"4"}},
		strings.Repeat("ä", 47) + "… In [" + strings.Repeat("ä", 47) + "…]": {Key{Attribute: long}, In, []string{long}},
	} {
		if got := c.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		expression, text string
		want             bool
	}{
		{"r1", "r1", true}, {"r1", "r12", false}, {"r1|r2", "xr2", false}, {"r1|r2", "r2", true}, {"", "", true}, {"", "a", false}, {"r.*", "r\nx", false},
	} {
		pattern, err := Pattern(c.expression)
		if err != nil || pattern.MatchString(c.text) != c.want {
			t.Errorf("%q on %q: %v, want %t", c.expression, c.text, err, c.want)
		}
	}
}
