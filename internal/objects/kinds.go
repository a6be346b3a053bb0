package objects

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Kind is a kind of the operator's objects.
type Kind struct {
	// Word is what messages call an object of it, and the shortest way to type it; Resource is that of the API.
	Word, Resource string
	Namespaced     bool
	words          []string
	object         func() client.Object
	list           func() client.ObjectList
}

// The kinds.
var (
	Task = &Kind{
		Word: "task", Resource: "mesostasks", Namespaced: true, words: []string{"tasks", "mtask", "mesostask", "mesostasks"},
		object: func() client.Object { return &v1alpha1.MesosTask{} }, list: func() client.ObjectList { return &v1alpha1.MesosTaskList{} },
	}
	Set = &Kind{
		Word: "set", Resource: "mesostasksets", Namespaced: true, words: []string{"sets", "mts", "mesostaskset", "mesostasksets"},
		object: func() client.Object { return &v1alpha1.MesosTaskSet{} }, list: func() client.ObjectList { return &v1alpha1.MesosTaskSetList{} },
	}
	Cron = &Kind{
		Word: "cron", Resource: "mesoscrontasks", Namespaced: true, words: []string{"crons", "mct", "mesoscrontask", "mesoscrontasks"},
		object: func() client.Object { return &v1alpha1.MesosCronTask{} }, list: func() client.ObjectList { return &v1alpha1.MesosCronTaskList{} },
	}
	Framework = &Kind{
		Word: "framework", Resource: "mesosframeworks", words: []string{"frameworks", "mfw", "mesosframework", "mesosframeworks"},
		object: func() client.Object { return &v1alpha1.MesosFramework{} }, list: func() client.ObjectList { return &v1alpha1.MesosFrameworkList{} },
	}
)

var all = []*Kind{Task, Set, Cron, Framework}

// KindOf is an object's kind, nil for one of nobody's.
func KindOf(object client.Object) *Kind {
	switch object.(type) {
	case *v1alpha1.MesosTask:
		return Task
	case *v1alpha1.MesosTaskSet:
		return Set
	case *v1alpha1.MesosCronTask:
		return Cron
	case *v1alpha1.MesosFramework:
		return Framework
	}
	return nil
}

// Named is an object as messages name it: task/web.
func Named(object client.Object) string { return KindOf(object).Word + "/" + object.GetName() }

// Scheme knows the operator's kinds and those of Kubernetes that are read beside them.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(apiextensionsv1.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// Client reaches the API server. What there is of kinds is known: nothing is asked for first.
func Client(config *rest.Config, scheme *runtime.Scheme) (client.WithWatch, error) {
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range all {
		gvk, err := kindOf(kind.object(), scheme)
		if err != nil {
			return nil, err
		}
		scope := meta.RESTScope(meta.RESTScopeNamespace)
		if !kind.Namespaced {
			scope = meta.RESTScopeRoot
		}
		mapper.AddSpecific(gvk, gvk.GroupVersion().WithResource(kind.Resource), gvk.GroupVersion().WithResource(kind.Word), scope)
	}
	for _, gvk := range []schema.GroupVersionKind{
		corev1.SchemeGroupVersion.WithKind("Event"), appsv1.SchemeGroupVersion.WithKind("ControllerRevision"),
		appsv1.SchemeGroupVersion.WithKind("Deployment"), coordinationv1.SchemeGroupVersion.WithKind("Lease"),
	} {
		mapper.Add(gvk, meta.RESTScopeNamespace)
	}
	for _, gvk := range []schema.GroupVersionKind{
		authorizationv1.SchemeGroupVersion.WithKind("SelfSubjectAccessReview"), authorizationv1.SchemeGroupVersion.WithKind("SubjectAccessReview"),
		apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"),
		admissionv1.SchemeGroupVersion.WithKind("ValidatingAdmissionPolicy"), admissionv1.SchemeGroupVersion.WithKind("ValidatingAdmissionPolicyBinding"),
	} {
		mapper.Add(gvk, meta.RESTScopeRoot)
	}
	return client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: mapper})
}

func kindOf(object runtime.Object, scheme *runtime.Scheme) (gvk schema.GroupVersionKind, err error) {
	kinds, _, err := scheme.ObjectKinds(object)
	if err != nil {
		return gvk, err
	}
	return kinds[0], nil
}

// parse reads what a person typed: a name, or a kind and a name with a slash in between. A nil kind is any of those that the command is for.
func parse(typed string, kinds []*Kind) (*Kind, string, error) {
	word, name, slashed := strings.Cut(typed, "/")
	if !slashed {
		word, name = "", typed
	}
	if name == "" || strings.Contains(name, "/") {
		return nil, "", fmt.Errorf("%q is no name: give one such as web or %s/web", typed, kinds[0].Word)
	}
	if word == "" && !slashed {
		return nil, name, nil
	}
	word, _, _ = strings.Cut(strings.ToLower(word), ".") // mesostask.mesos.dev/web, as -o name prints it
	for _, kind := range all {
		if kind.Word != word && !slices.Contains(kind.words, word) {
			continue
		}
		if !slices.Contains(kinds, kind) {
			return nil, "", fmt.Errorf("%s is a %s, which this is not for: it takes %s", typed, kind.Word, oneOf(kinds))
		}
		return kind, name, nil
	}
	return nil, "", fmt.Errorf("there is no kind %q: it takes %s", word, oneOf(kinds))
}

// oneOf lists kinds for a sentence.
func oneOf(kinds []*Kind) string {
	words := make([]string, len(kinds))
	for i, kind := range kinds {
		words[i] = kind.Word + "/NAME"
	}
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// ErrNotFound says that there is no object of a name.
var ErrNotFound = errors.New("not found")

// IsMissingKind says whether the API server does not know a kind: the CRDs are not installed, or not all of them.
func IsMissingKind(err error) bool {
	return apierrors.IsNotFound(err) && strings.Contains(err.Error(), "the server could not find the requested resource") || meta.IsNoMatchError(err)
}
