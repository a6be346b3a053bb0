package apiserver

import (
	"fmt"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kind is a kind of objects that is served.
type kind struct {
	schema.GroupVersionKind
	plural     string
	shortNames []string
	namespaced bool
	// status says that status is a subresource: of the object's own resource it is ignored.
	status bool
	// scale is the subresource scale; nil where there is none.
	scale *apiextensionsv1.CustomResourceSubresourceScale
	// generations says that metadata.generation counts changes of what is desired.
	generations bool
	// unconditional says that an update need not name a resource version, createOnUpdate that it may create.
	unconditional, createOnUpdate bool
	// fields are those that a field selector can name, besides the name and namespace.
	fields []string
	// rules are those of a CRD; nil for a kind of Kubernetes' own.
	rules *rules
	// complete sets the defaults of a kind of Kubernetes' own; nil: it has none that matter here.
	complete func(object map[string]any, s *Server)
}

// resource is the kind's resource with its group.
func (k *kind) resource() schema.GroupResource {
	return schema.GroupResource{Group: k.Group, Resource: k.plural}
}

// selectable are the fields of an object by which it can be selected.
func (k *kind) selectable(object *unstructured.Unstructured) fields.Set {
	set := fields.Set{"metadata.name": object.GetName()}
	if k.namespaced {
		set["metadata.namespace"] = object.GetNamespace()
	}
	for _, name := range k.fields {
		value, _, _ := unstructured.NestedFieldNoCopy(object.Object, strings.Split(name, ".")...)
		if value == nil {
			value = ""
		}
		set[name] = fmt.Sprint(value)
	}
	return set
}

// builtin are the kinds of Kubernetes' own.
func builtin() []*kind {
	of := func(group, name, plural string) *kind {
		return &kind{GroupVersionKind: schema.GroupVersionKind{Group: group, Version: "v1", Kind: name}, plural: plural, namespaced: true, unconditional: true}
	}
	namespaces := of("", "Namespace", "namespaces")
	namespaces.namespaced, namespaces.status = false, true
	namespaces.complete = func(object map[string]any, _ *Server) {
		set(object, []any{"kubernetes"}, "spec", "finalizers")
		set(object, "Active", "status", "phase")
	}
	services := of("", "Service", "services")
	services.status, services.complete = true, completeService
	quotas := of("", "ResourceQuota", "resourcequotas")
	quotas.status = true
	slices := of("discovery.k8s.io", "EndpointSlice", "endpointslices")
	slices.generations = true
	leases := of("coordination.k8s.io", "Lease", "leases")
	leases.unconditional, leases.createOnUpdate = false, true
	events := of("events.k8s.io", "Event", "events")
	events.createOnUpdate = true
	crds := of("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions")
	crds.namespaced, crds.status, crds.generations, crds.unconditional = false, true, true, false
	secrets := of("", "Secret", "secrets")
	secrets.complete = func(object map[string]any, _ *Server) { set(object, "Opaque", "type") }
	return []*kind{
		namespaces, services, quotas, slices, leases, events, crds, secrets, of("", "ConfigMap", "configmaps"),
		of("apps", "ControllerRevision", "controllerrevisions"),
	}
}

// completeService sets what the API server sets of a Service of the type ClusterIP.
func completeService(object map[string]any, s *Server) {
	set(object, "ClusterIP", "spec", "type")
	set(object, "None", "spec", "sessionAffinity")
	set(object, "Cluster", "spec", "internalTrafficPolicy")
	ip, _, _ := unstructured.NestedString(object, "spec", "clusterIP")
	if _, selects, _ := unstructured.NestedMap(object, "spec", "selector"); ip == "None" && !selects {
		set(object, "RequireDualStack", "spec", "ipFamilyPolicy")
		set(object, []any{"IPv4", "IPv6"}, "spec", "ipFamilies")
	}
	set(object, "SingleStack", "spec", "ipFamilyPolicy")
	set(object, []any{"IPv4"}, "spec", "ipFamilies")
	if ip == "" {
		s.addresses++
		ip = fmt.Sprintf("10.0.%d.%d", s.addresses/250, 1+s.addresses%250)
	}
	set(object, ip, "spec", "clusterIP")
	set(object, []any{ip}, "spec", "clusterIPs")
	ports, _, _ := unstructured.NestedSlice(object, "spec", "ports")
	for _, one := range ports {
		if port, ok := one.(map[string]any); ok {
			set(port, "TCP", "protocol")
			if port["targetPort"] == int64(0) {
				delete(port, "targetPort")
			}
			set(port, port["port"], "targetPort")
		}
	}
	if len(ports) > 0 {
		_ = unstructured.SetNestedSlice(object, ports, "spec", "ports")
	}
	set(object, map[string]any{}, "status", "loadBalancer")
}

// set gives a field a value, unless it has one.
func set(object map[string]any, value any, path ...string) {
	if known, found, _ := unstructured.NestedFieldNoCopy(object, path...); found && known != nil && known != "" {
		return
	}
	// It fails only where something else is in the way, which validation is there to find.
	_ = unstructured.SetNestedField(object, value, path...)
}

// custom is the kind of a CRD.
func custom(crd *apiextensionsv1.CustomResourceDefinition) (*kind, error) {
	for _, version := range crd.Spec.Versions {
		if !version.Storage {
			continue
		}
		made := &kind{
			GroupVersionKind: schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind},
			plural:           crd.Spec.Names.Plural,
			shortNames:       crd.Spec.Names.ShortNames,
			namespaced:       crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
			generations:      true,
		}
		if version.Subresources != nil {
			made.status, made.scale = version.Subresources.Status != nil, version.Subresources.Scale
		}
		for _, one := range version.SelectableFields {
			made.fields = append(made.fields, strings.TrimPrefix(one.JSONPath, "."))
		}
		var err error
		if made.rules, err = rulesOf(version.Schema.OpenAPIV3Schema); err != nil {
			return nil, fmt.Errorf("reading the schema of %s: %w", crd.Name, err)
		}
		return made, nil
	}
	return nil, fmt.Errorf("%s stores no version", crd.Name)
}
