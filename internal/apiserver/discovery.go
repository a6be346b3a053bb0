package apiserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

// reviews is where one asks what one may do, of selfReviews.
var reviews = schema.GroupVersion{Group: authorizationv1.GroupName, Version: "v1"}

const selfReviews = "selfsubjectaccessreviews"

// verbs are what may be done with every resource.
var verbs = metav1.Verbs{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}

// describe says which resources there are.
func (s *Server) describe(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(r.URL.Path, "/")
	switch {
	case path == "version":
		respond(w, http.StatusOK, version.Info{Major: "1", Minor: "37", GitVersion: "v1.37.1"})
	case path == "api":
		respond(w, http.StatusOK, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case path == "apis":
		respond(w, http.StatusOK, s.groups())
	case path == "api/v1":
		respond(w, http.StatusOK, s.resources(schema.GroupVersion{Version: "v1"}))
	case strings.HasPrefix(path, "apis/") && strings.Count(path, "/") == 2:
		group, version, _ := strings.Cut(strings.TrimPrefix(path, "apis/"), "/")
		respond(w, http.StatusOK, s.resources(schema.GroupVersion{Group: group, Version: version}))
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) groups() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	versions := map[schema.GroupVersion]bool{reviews: true}
	for _, c := range s.byKind {
		versions[c.GroupVersion()] = c.Group != ""
	}
	for one, named := range versions {
		if named {
			version := metav1.GroupVersionForDiscovery{GroupVersion: one.String(), Version: one.Version}
			list.Groups = append(list.Groups, metav1.APIGroup{Name: one.Group, Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version})
		}
	}
	slices.SortFunc(list.Groups, func(a, b metav1.APIGroup) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (s *Server) resources(of schema.GroupVersion) metav1.APIResourceList {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: of.String()}
	if of == reviews {
		list.APIResources = []metav1.APIResource{{Name: selfReviews, SingularName: "selfsubjectaccessreview", Kind: "SelfSubjectAccessReview", Verbs: metav1.Verbs{"create"}}}
	}
	for _, c := range s.byKind {
		if c.GroupVersion() != of {
			continue
		}
		one := metav1.APIResource{Name: c.plural, SingularName: strings.ToLower(c.Kind), Namespaced: c.namespaced, Kind: c.Kind, Verbs: verbs, ShortNames: c.shortNames}
		list.APIResources = append(list.APIResources, one)
		one.ShortNames, one.Verbs = nil, metav1.Verbs{"get", "patch", "update"}
		if c.status {
			one.Name = c.plural + "/status"
			list.APIResources = append(list.APIResources, one)
		}
		if c.scale != nil {
			one.Name, one.Group, one.Version, one.Kind = c.plural+"/scale", "autoscaling", "v1", "Scale"
			list.APIResources = append(list.APIResources, one)
		}
	}
	slices.SortFunc(list.APIResources, func(a, b metav1.APIResource) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// review answers who asks what it may do: everything that is not forbidden.
func (s *Server) review(w http.ResponseWriter, r *http.Request) {
	asked := &authorizationv1.SelfSubjectAccessReview{}
	if err := json.NewDecoder(r.Body).Decode(asked); err != nil {
		refuse(w, apierrors.NewBadRequest(err.Error()))
		return
	}
	s.mu.Lock()
	asked.Status.Allowed = asked.Spec.ResourceAttributes == nil || !s.forbidden[asked.Spec.ResourceAttributes.Resource]
	s.mu.Unlock()
	respond(w, http.StatusCreated, asked)
}

// scaleOf is the Scale of an object.
func (c *collection) scaleOf(object *unstructured.Unstructured) *unstructured.Unstructured {
	at := func(path string) any {
		value, _, _ := unstructured.NestedFieldNoCopy(object.Object, strings.Split(strings.TrimPrefix(path, "."), ".")...)
		return value
	}
	status := map[string]any{"replicas": at(c.scale.StatusReplicasPath)}
	if status["replicas"] == nil {
		status["replicas"] = int64(0)
	}
	if c.scale.LabelSelectorPath != nil {
		if selector := at(*c.scale.LabelSelectorPath); selector != nil {
			status["selector"] = selector
		}
	}
	spec := map[string]any{}
	if replicas := at(c.scale.SpecReplicasPath); replicas != nil {
		spec["replicas"] = replicas
	}
	scale := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": spec, "status": status}}
	scale.SetName(object.GetName())
	scale.SetNamespace(object.GetNamespace())
	scale.SetUID(object.GetUID())
	scale.SetResourceVersion(object.GetResourceVersion())
	scale.SetCreationTimestamp(object.GetCreationTimestamp())
	return scale
}

// rescaled is an object with the replicas that a Scale says.
func (c *collection) rescaled(existing, scale *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if existing == nil {
		return nil, apierrors.NewNotFound(c.resource(), scale.GetName())
	}
	replicas, _, err := unstructured.NestedInt64(scale.Object, "spec", "replicas")
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if version := scale.GetResourceVersion(); version != "" {
		existing.SetResourceVersion(version)
	}
	path := strings.Split(strings.TrimPrefix(c.scale.SpecReplicasPath, "."), ".")
	return existing, unstructured.SetNestedField(existing.Object, replicas, path...)
}
