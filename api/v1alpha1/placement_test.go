package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestPlacement_admission(t *testing.T) {
	constraint := func(text string) string { return "placement: {constraints: [{" + text + "}]}" }
	spread := func(text string) string {
		return "placement: {spread: [{by: {field: Hostname}, selector: {matchLabels: {app: web}}, " + text + "}]}"
	}
	cases := map[string]struct {
		spec string
		// want is part of the refusal; empty for a manifest that is accepted.
		want string
	}{
		"a host of several":              {constraint(`by: {field: Hostname}, operator: In, values: [h1, h2]`), ""},
		"an attribute that there is":     {constraint(`by: {attribute: ssd}, operator: Exists`), ""},
		"an expression":                  {constraint(`by: {attribute: rack}, operator: Matches, values: ["r[0-9]+|s"]`), ""},
		"a number":                       {constraint(`by: {attribute: generation}, operator: Gt, values: ["-3.5"]`), ""},
		"a host of its own":              {spread("maxPerValue: 1"), ""},
		"an even spread of its revision": {spread("maxSkew: 1, matchLabelKeys: [mesos.dev/revision], enforcement: Preferred"), ""},
		"a spread without a bound":       {spread("enforcement: Required"), "a spread needs exactly one of maxPerValue and maxSkew"},
		"a spread with two":              {spread("maxPerValue: 1, maxSkew: 1"), "a spread needs exactly one of maxPerValue and maxSkew"},
		"a spread of none":               {spread("maxPerValue: 0"), "should be greater than or equal to 1"},
		"a spread over all":              {"placement: {spread: [{by: {field: Zone}, maxSkew: 1}]}", "selector: Required value"},
		"together":                       {"placement: {together: [{by: {attribute: rack}, selector: {}}], scoring: Pack}", ""},
		"together with nobody":           {"placement: {together: [{by: {attribute: rack}}]}", "selector: Required value"},
		"a scoring that there is not":    {"placement: {scoring: Random}", `supported values: "Spread", "Pack"`},
		"nothing to look at":             {constraint(`by: {}, operator: Exists`), "by needs exactly one of field"},
		"two things to look at":          {constraint(`by: {field: Zone, attribute: zone}, operator: Exists`), "by needs exactly one of field"},
		"a field that agents lack":       {constraint(`by: {field: Rack}, operator: Exists`), `supported values: "Hostname", "Region", "Zone"`},
		"an operator that there is not":  {constraint(`by: {field: Zone}, operator: Near, values: [a]`), `supported values: "In"`},
		"values that nothing looks at":   {constraint(`by: {field: Zone}, operator: Exists, values: [a]`), "operators Exists and DoesNotExist take no values"},
		"no values":                      {constraint(`by: {field: Zone}, operator: NotIn`), "every other one needs some"},
		"an empty list of values":        {constraint(`by: {field: Zone}, operator: In, values: []`), "should have at least 1 items"},
		"two expressions":                {constraint(`by: {field: Zone}, operator: Matches, values: [a, b]`), "Matches, NotMatches, Gt and Lt take one value"},
		"an expression that is none":     {constraint(`by: {field: Zone}, operator: Matches, values: ["a(b"]`), "missing closing )"},
		"one that closes the anchors":    {constraint(`by: {field: Zone}, operator: NotMatches, values: ["a)|(b"]`), "unexpected )"},
		"one that looks back":            {constraint(`by: {field: Zone}, operator: Matches, values: ['(a)\1']`), "invalid escape sequence"},
		"a word for a number":            {constraint(`by: {attribute: generation}, operator: Lt, values: [new]`), "operators Gt and Lt take a number"},
		"a number with a unit":           {constraint(`by: {attribute: generation}, operator: Gt, values: ["4Gi"]`), "operators Gt and Lt take a number"},
		"more constraints than there is": {"placement: {constraints: [" + strings.Repeat("{by: {attribute: a}, operator: Exists},", 17) + "]}", "must have at most 16 items"},
		"no constraints":                 {"placement: {constraints: []}", "should have at least 1 items"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			checkAdmission(t, parse(t, fmt.Sprintf(taskManifest, "placed", `shell: x, `+requests+", "+tc.spec)), tc.want)
		})
	}
}
