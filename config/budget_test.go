package config_test

import (
	"math/bits"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// roomToSpare is the share of the API server's budget for a CRD's rules, and of its size, that the next fields and an API server which estimates
// otherwise need. maxCRDBytes is what kubectl apply can still keep in an annotation.
const (
	roomToSpare = 2
	maxCRDBytes = 256 << 10
)

// TestCRDs_areWithinBudget prints what the CRDs take of what there is: bytes, and the cost of their rules as the API server estimates it when a CRD
// is created. It refuses one whose rules could cost more, for each and in total.
func TestCRDs_areWithinBudget(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Root(), "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d CRDs: %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, crd); err != nil {
			t.Fatal(err)
		}
		schema := &apiextensions.JSONSchemaProps{}
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, schema, nil); err != nil {
			t.Fatal(err)
		}
		b := &budget{T: t}
		b.spend(schema, validation.RootCELContext(schema), "")
		t.Logf("%s: %d KiB of %d; rules cost %.1f %% of what they may, the dearest %.1f %% of what one may (%s)", crd.Name, len(content)>>10, maxCRDBytes>>10,
			100*float64(b.total)/validation.StaticEstimatedCRDCostLimit, 100*float64(b.dearest)/validation.StaticEstimatedCostLimit, b.at)
		if len(content) >= maxCRDBytes {
			t.Errorf("%s has %d bytes, and %d is where it ends", crd.Name, len(content), maxCRDBytes)
		}
		if b.total == 0 || b.total > validation.StaticEstimatedCRDCostLimit/roomToSpare {
			t.Errorf("the rules of %s may cost %d, want at most %d: bound what they go through", crd.Name, b.total, validation.StaticEstimatedCRDCostLimit/roomToSpare)
		}
		if b.dearest > validation.StaticEstimatedCostLimit/roomToSpare {
			t.Errorf("a rule of %s at %s may cost %d, want at most %d", crd.Name, b.at, b.dearest, validation.StaticEstimatedCostLimit/roomToSpare)
		}
	}
}

// budget is what the rules of a schema cost.
type budget struct {
	*testing.T
	total, dearest uint64
	at             string
}

// spend adds what the rules of a schema and of what is in it cost, as ValidateCustomResourceDefinition estimates it: each rule's most, as often as the
// lists and maps around it let it be evaluated.
func (b *budget) spend(schema *apiextensions.JSONSchemaProps, context *validation.CELSchemaContext, path string) {
	b.Helper()
	if len(schema.XValidations) > 0 {
		info, err := context.TypeInfo()
		if err != nil || info == nil {
			b.Fatalf("%s: %v", path, err)
		}
		compiled, err := cel.Compile(info.Schema, info.DeclType, celconfig.PerCallLimit, environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()), cel.NewExpressionsEnvLoader())
		if err != nil {
			b.Fatalf("%s: %v", path, err)
		}
		for _, rule := range compiled {
			if rule.Error != nil {
				b.Fatalf("%s: %v", path, rule.Error)
			}
			times := rule.MaxCardinality
			if context.MaxCardinality != nil {
				times = *context.MaxCardinality
			}
			high, cost := bits.Mul64(rule.MaxCost, times)
			if high > 0 {
				b.Fatalf("%s: a rule is evaluated without bound", path)
			}
			if b.total += cost; cost > b.dearest {
				b.dearest, b.at = cost, path
			}
		}
	}
	for name, property := range schema.Properties {
		b.spend(&property, context.ChildPropertyContext(&property, name), path+"."+name)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		b.spend(schema.Items.Schema, context.ChildItemsContext(schema.Items.Schema), path+"[]")
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		b.spend(schema.AdditionalProperties.Schema, context.ChildAdditionalPropertiesContext(schema.AdditionalProperties.Schema), path+"{}")
	}
}
