package crd_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
)

// draw makes objects out of bytes, by a schema. Where there are no more bytes it draws zeros, which change nothing.
type draw struct {
	bytes []byte
	// fitting are the words that fit a string of the schema.
	fitting map[*schema.ValueValidation][]string
}

func (d *draw) next() int {
	if len(d.bytes) == 0 {
		return 0
	}
	first := d.bytes[0]
	d.bytes = d.bytes[1:]
	return int(first)
}

func (d *draw) below(n int) int { return d.next() % n }

// text is a text that may be anything.
func (d *draw) text() string {
	n := min(d.below(32), len(d.bytes))
	text := strings.ToValidUTF8(string(d.bytes[:n]), "\u00fc")
	d.bytes = d.bytes[n:]
	return text
}

// words are what strings are drawn from: what fits the patterns of the schema, and what people get wrong.
var words = []string{
	"", "a", "web", "http", "rtp", "x-y", "a.b", "A_b.C-1", "0", "1", "-1", "7.5", "200", "100-599", "true", " ", "a b", ".", "..", "/", "//", "./a", "../a", "a/../b", "/a", "/a/b.c", "/srv/data",
	"a/b", "bin/tool", "*", "prod", "eng/dev", "nobody", "root", "image", "1000:1000", "A$", "$PORT_HTTP", "$(x)", "`x`", "exec serve", "sh", "-c", "true && true", "'\"\\", "\t", "\n", "\x7f", "a\x00b", "\u00fc", "\u202e", "\U0001f600",
	"mesos.dev/x", "mesos.dev", "MESOS_SANDBOX", "MESOS_TASK_ID", "LIBPROCESS_IP", "PATH", "_", "a=b", "x.y-z_0",
	"https://example.com/a.tar.gz", "https://example.com", "https://example.com/", "hdfs://n/a/", "file:///etc/passwd", "http://[::1]/a?b#c", "a.zip", "%zz",
	"registry.example.com/web:1", "web", "web@sha256:0", "a//b", "localhost:5000/a/b", "rexray", "overlay", "bridge", "host", "log-driver", "env", "volume", "net", "none",
	"metadata.name", "status.taskID", "metadata.labels['a']", "metadata.annotations['a']", "key.json", ".dockerconfigjson",
	"0.1", "1.50", "10", "0.001", "0.0001", "100m", "1500m", "1u", "64Mi", "1Gi", "1Pi", "1.5Gi", "1048576", "1e3", "1e-3", "0.5Mi", "9E", "1Ti", "Unlimited", "999999999.999", "0.000",
	"^r[0-9]+$", "(", "r1", "-1.5", "123456789012.123", "h1",
}

// fitted are the words that a string of the schema can be.
func (d *draw) fitted(rules *schema.ValueValidation) []string {
	if rules == nil {
		return words
	}
	if known, ok := d.fitting[rules]; ok {
		return known
	}
	pattern := regexp.MustCompile(rules.Pattern)
	var fit []string
	for _, word := range words {
		if pattern.MatchString(word) && (rules.MaxLength == nil || int64(len(word)) <= *rules.MaxLength) && (rules.MinLength == nil || int64(len(word)) >= *rules.MinLength) {
			fit = append(fit, word)
		}
	}
	if rules.MaxLength != nil {
		for _, letter := range []string{"a", "/a", "1"} {
			if long := strings.Repeat(letter, int(*rules.MaxLength)/len(letter)); pattern.MatchString(long) && len(long) <= 4096 {
				fit = append(fit, long)
			}
		}
	}
	if d.fitting == nil {
		d.fitting = map[*schema.ValueValidation][]string{}
	}
	d.fitting[rules] = fit
	return fit
}

// edit changes something of a value.
func (d *draw) edit(s *schema.Structural, value any) any {
	switch is := value.(type) {
	case map[string]any:
		return d.editObject(s, is)
	case []any:
		return d.editList(s, is)
	default:
		return d.fresh(s)
	}
}

func (d *draw) editObject(s *schema.Structural, value map[string]any) any {
	if len(s.Properties) == 0 {
		return d.fresh(s)
	}
	value = maps.Clone(value)
	name := d.property(s)
	property := s.Properties[name]
	is, there := value[name]
	switch how := d.below(4); {
	case !there:
		value[name] = d.fresh(&property)
	case how == 0 && !requires(s, name):
		delete(value, name)
	default:
		value[name] = d.edit(&property, is)
	}
	return value
}

func (d *draw) editList(s *schema.Structural, value []any) any {
	value = slices.Clone(value)
	switch how := d.below(4); {
	case how == 0 || len(value) == 0:
		return append(value, d.fresh(s.Items))
	case how == 1:
		at := d.below(len(value))
		return slices.Delete(value, at, at+1)
	default:
		at := d.below(len(value))
		value[at] = d.edit(s.Items, value[at])
		return value
	}
}

func (d *draw) property(s *schema.Structural) string {
	names := slices.Sorted(maps.Keys(s.Properties))
	return names[d.below(len(names))]
}

func requires(s *schema.Structural, name string) bool {
	return s.ValueValidation != nil && slices.Contains(s.ValueValidation.Required, name)
}

// fresh makes a value of the schema.
func (d *draw) fresh(s *schema.Structural) any {
	rules := s.ValueValidation
	switch {
	case rules != nil && len(rules.Enum) > 0:
		return rules.Enum[d.below(len(rules.Enum))].Object
	case s.XIntOrString, s.Type == "string":
		return d.string(rules)
	case s.Type == "object":
		return d.object(s)
	case s.Type == "array":
		items := []any{}
		for range 1 + d.below(3) {
			items = append(items, d.fresh(s.Items))
		}
		return items
	case s.Type == "integer":
		return d.integer(rules)
	case s.Type == "boolean":
		return d.below(2) == 1
	default:
		return nil
	}
}

func (d *draw) object(s *schema.Structural) any {
	value := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if property := s.Properties[name]; requires(s, name) || d.below(4) == 1 {
			value[name] = d.fresh(&property)
		}
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		for range 1 + d.below(2) {
			value[d.string(nil)] = d.fresh(s.AdditionalProperties.Structural)
		}
	}
	// One of several is what most objects without a required property are.
	if len(value) == 0 && len(s.Properties) > 0 {
		name := d.property(s)
		property := s.Properties[name]
		value[name] = d.fresh(&property)
	}
	return value
}

func (d *draw) string(rules *schema.ValueValidation) string {
	fit := d.fitted(rules)
	if how := d.below(8); how == 7 || len(fit) == 0 {
		return d.text()
	}
	return fit[d.below(len(fit))]
}

// integer is one of the bounds, or somewhere near the lower one.
func (d *draw) integer(rules *schema.ValueValidation) int64 {
	least, most := int64(0), int64(1)<<31-1
	if rules != nil && rules.Minimum != nil {
		least = int64(*rules.Minimum)
	}
	if rules != nil && rules.Maximum != nil {
		most = int64(*rules.Maximum)
	}
	switch d.below(4) {
	case 0:
		return least
	case 1:
		return most
	default:
		return min(least+int64(d.next())<<(4*d.below(4)), most)
	}
}
