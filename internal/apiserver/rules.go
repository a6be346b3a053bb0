package apiserver

import (
	"context"
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
)

// rules are what a CRD's schema makes of an object, and refuses of it.
type rules struct {
	schema *structuralschema.Structural
	// whole and status validate an object, and its status alone.
	whole, status validation.SchemaValidator
	cel           *cel.Validator
}

// rulesOf compiles a CRD's schema, which takes some time: kinds are made once and shared.
func rulesOf(properties *apiextensionsv1.JSONSchemaProps) (*rules, error) {
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(properties, internal, nil); err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		return nil, err
	}
	r := &rules{schema: structural, cel: cel.NewValidator(structural, true, celconfig.PerCallLimit)}
	if r.whole, _, err = validation.NewSchemaValidator(internal); err != nil {
		return nil, err
	}
	if status, ok := internal.Properties["status"]; ok {
		if r.status, _, err = validation.NewSchemaValidator(&status); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// complete brings an object into the form in which it is stored: without what the schema does not know, and with its defaults.
func (r *rules) complete(object map[string]any) error {
	pruning.Prune(object, r.schema, true)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, r.schema)
	metadata, found, err := objectmeta.GetObjectMeta(object, true)
	if err != nil {
		return err
	}
	if found {
		if err := objectmeta.SetObjectMeta(object, metadata); err != nil {
			return err
		}
	}
	defaulting.Default(object, r.schema)
	return nil
}

// refuse says what of an object is invalid. Old is what it was; nil for one that is created.
func (r *rules) refuse(ctx context.Context, object, old map[string]any, part string) field.ErrorList {
	if old == nil {
		errs := validation.ValidateCustomResource(nil, object, r.whole)
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, r.schema, object)...)
		return append(errs, r.refuseByRules(ctx, errs, object, nil)...)
	}
	correlated := common.NewCorrelatedObject(object, old, &model.Structural{Structural: r.schema})
	var errs field.ErrorList
	switch status, has := object["status"]; {
	case part == "":
		errs = validation.ValidateCustomResourceUpdate(nil, object, old, r.whole, validation.WithRatcheting(correlated))
	case has && r.status != nil:
		errs = validation.ValidateCustomResourceUpdate(field.NewPath("status"), status, old["status"], r.status, validation.WithRatcheting(correlated.Key("status")))
	}
	if found := listtype.ValidateListSetsAndMaps(nil, r.schema, object); len(found) > 0 && len(listtype.ValidateListSetsAndMaps(nil, r.schema, old)) == 0 {
		errs = append(errs, found...)
	}
	return append(errs, r.refuseByRules(ctx, errs, object, old, cel.WithRatcheting(correlated))...)
}

// refuseByRules says which of the schema's rules (CEL) an object breaks. They are not asked where something is of the wrong type, missing or too
// long: a rule could not make sense of it.
func (r *rules) refuseByRules(ctx context.Context, known field.ErrorList, object, old map[string]any, options ...cel.Option) field.ErrorList {
	if r.cel == nil {
		return nil
	}
	for _, err := range known {
		switch err.Type {
		case field.ErrorTypeRequired, field.ErrorTypeTypeInvalid, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeNotSupported:
			return field.ErrorList{field.Invalid(nil, nil, fmt.Sprintf(
				"some validation rules were not checked because the object was invalid; correct the existing errors to complete validation: %s", err.Type))}
		default:
		}
	}
	var before any
	if old != nil {
		before = old
	}
	errs, _ := r.cel.Validate(ctx, nil, r.schema, object, before, celconfig.RuntimeCELCostBudget, options...)
	return errs
}

// Schema is what an API server makes of objects of a CRD as they are created, without one.
type Schema struct{ rules *rules }

// SchemaOf compiles the schema of the version of a CRD that is stored, which takes some time.
func SchemaOf(crd *apiextensionsv1.CustomResourceDefinition) (*Schema, error) {
	kind, err := custom(crd)
	if err != nil {
		return nil, err
	}
	return &Schema{kind.rules}, nil
}

// Structural is the schema itself.
func (s *Schema) Structural() *structuralschema.Structural { return s.rules.schema }

// Admit returns an object as it would be stored, with its defaults, or why it is refused. It does not change the one that it is given.
func (s *Schema) Admit(ctx context.Context, object map[string]any) (map[string]any, error) {
	stored := runtime.DeepCopyJSON(object)
	if err := s.rules.complete(stored); err != nil {
		return nil, err
	}
	if errs := s.rules.refuse(ctx, stored, nil, ""); len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	return stored, nil
}
