package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// Words by which a field's text, which is what kubectl explain shows and docs/api.md, answers what its reader asks.
var (
	// saysAbsence is what the field's absence means; saysUnit what its number counts.
	saysAbsence = regexp.MustCompile(`\b([Aa]bsent\b|[Dd]efaults? |[Dd]efault: |\[\]: |[Ww]ithout (it|one|both)|[Ww]here (it|both) (is|are) (absent|left out)|may be left out|has none|[Nn]eeds? none)`)
	saysUnit    = regexp.MustCompile(`\b(seconds?|bytes|MiB|counts?|times|percent|number of|how (many|often)|numbers?|ports?|exit code|generation|in the same unit|the unit of)\b`)
	saysSetter  = regexp.MustCompile(`\b[Tt]he operator (sets|writes) it\b`)
)

// fields walks over those of a schema, each with its path, the schema that it stands in and its own name.
func fields(schema *apiextensionsv1.JSONSchemaProps, path string, visit func(path, name string, in, field *apiextensionsv1.JSONSchemaProps)) {
	for name, field := range schema.Properties {
		at := strings.TrimPrefix(path+"."+name, ".")
		visit(at, name, schema, &field)
		fields(&field, at, visit)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		fields(schema.Items.Schema, path+"[]", visit)
	}
}

// isAlternative says whether a rule beside the field wants exactly one of it and others, so that its absence means another.
func isAlternative(in *apiextensionsv1.JSONSchemaProps, name string) bool {
	for _, rule := range in.XValidations {
		if strings.Contains(rule.Rule, "has(self."+name+")") && strings.Contains(rule.Message, "exactly one of") {
			return true
		}
	}
	return false
}

// TestFields_sayWhatTheyMean reads every field's text: of an optional one it says what its absence means, of a number its unit, of a status who
// writes it.
func TestFields_sayWhatTheyMean(t *testing.T) {
	for _, kind := range []string{"mesostasks", "mesosframeworks", "mesostasksets", "mesoscrontasks"} {
		content, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "crd", "bases", "mesos.dev_"+kind+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, crd); err != nil {
			t.Fatal(err)
		}
		schema, seen := crd.Spec.Versions[0].Schema.OpenAPIV3Schema, 0
		if !saysSetter.MatchString(schema.Properties["status"].Description) {
			t.Errorf("%s: the text of status does not say who writes it", kind)
		}
		fields(schema, "", func(path, name string, in, field *apiextensionsv1.JSONSchemaProps) {
			root, _, nested := strings.Cut(path, ".")
			// Selectors, and what every object has, are Kubernetes' own.
			if !nested || root == "metadata" || strings.Contains(path, "elector.") {
				return
			}
			seen++
			required := false
			for _, one := range in.Required {
				required = required || one == name
			}
			switch {
			case field.Description == "":
				t.Errorf("%s: %s has no text", kind, path)
			case (field.Type == "integer" || field.Type == "number") && !saysUnit.MatchString(field.Description):
				t.Errorf("%s: %s is a number, and its text names no unit: %s", kind, path, field.Description)
			case root == "spec" && !required && field.Default == nil && !isAlternative(in, name) && !saysAbsence.MatchString(field.Description):
				t.Errorf("%s: %s may be left out, and its text does not say what that means: %s", kind, path, field.Description)
			}
		})
		if seen < 100 {
			t.Errorf("%s: only %d fields were seen", kind, seen)
		}
	}
}
