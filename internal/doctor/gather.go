package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/explain"
	"github.com/mesos-operator/mesos-operator/internal/leaselabels"
	"github.com/mesos-operator/mesos-operator/internal/objects"
)

// Questions are what Gather is to find out.
type Questions struct {
	// Namespace is where the caller's permissions are asked for.
	Namespace string
	// Account is the operator's service account, as namespace/name; "" to look for it.
	Account string
	// Plugin is the version of the program that asks.
	Plugin string
	// Progress is told what is being done.
	Progress func(string)
}

// Gather reads and asks what can be had; what cannot is said in Seen. An API server that does not answer is all that is seen.
func Gather(ctx context.Context, c client.Client, server discovery.ServerVersionInterface, now time.Time, questions Questions) *Seen {
	seen := &Seen{Now: now, Namespace: questions.Namespace, Account: questions.Account, Plugin: questions.Plugin}
	questions.Progress("Asking the API server")
	version, err := server.ServerVersion()
	if err != nil {
		seen.Version.Refused = err.Error()
		return seen
	}
	seen.Version.Value = version.GitVersion
	seen.CRDs = answer(readCRDs(ctx, c))
	seen.Frameworks = answer(readFrameworks(ctx, c, now))
	seen.Leases = answer(readLeases(ctx, c, seen.Frameworks.Value))
	seen.Policies = answer(readPolicies(ctx, c))
	questions.Progress("Asking what you may do")
	seen.Caller = answer(askCaller(ctx, c, questions.Namespace))
	questions.Progress("Asking what the operator may do")
	deployment, err := findDeployment(ctx, c)
	switch {
	case err != nil:
		seen.AccountUnknown, seen.Deployed.Refused = err.Error(), err.Error()
	default:
		seen.Deployed.Value = versionOf(deployment)
		if seen.Account == "" {
			seen.Account = deployment.Namespace + "/" + deployment.Spec.Template.Spec.ServiceAccountName
		}
	}
	if seen.Account != "" {
		seen.Operator = answer(askOperator(ctx, c, seen.Account))
	}
	return seen
}

func answer[T any](value T, err error) Answer[T] {
	if err != nil {
		return Answer[T]{Refused: err.Error()}
	}
	return Answer[T]{Value: value}
}

func readCRDs(ctx context.Context, c client.Client) ([]CRD, error) {
	found := make([]CRD, 0, len(crds))
	for _, name := range crds {
		crd := CRD{Name: name + "." + mesosGroup}
		object := &apiextensionsv1.CustomResourceDefinition{}
		err := c.Get(ctx, client.ObjectKey{Name: crd.Name}, object)
		if client.IgnoreNotFound(err) != nil {
			return nil, err
		}
		crd.There, crd.Level = err == nil, object.Annotations[v1alpha1.AnnotationAPILevel]
		crd.Established = slices.ContainsFunc(object.Status.Conditions, func(one apiextensionsv1.CustomResourceDefinitionCondition) bool {
			return one.Type == apiextensionsv1.Established && one.Status == apiextensionsv1.ConditionTrue
		})
		found = append(found, crd)
	}
	return found, nil
}

func readFrameworks(ctx context.Context, c client.Client, now time.Time) ([]explain.SeenFramework, error) {
	list := &v1alpha1.MesosFrameworkList{}
	if err := c.List(ctx, list); err != nil {
		if objects.IsMissingKind(err) {
			err = errors.New("the API server does not know the kind")
		}
		return nil, err
	}
	seen := make([]explain.SeenFramework, len(list.Items))
	for i := range list.Items {
		seen[i] = explain.SeenFramework{Now: now, Framework: &list.Items[i]}
	}
	return seen, nil
}

func readLeases(ctx context.Context, c client.Client, frameworks []explain.SeenFramework) ([]Lease, error) {
	var leases []Lease
	for _, framework := range frameworks {
		claim := framework.Framework.Status.Controller
		if claim == nil || claim.Lease == "" || slices.ContainsFunc(leases, func(one Lease) bool { return one.Name == claim.Lease }) {
			continue
		}
		namespace, name, _ := strings.Cut(claim.Lease, "/")
		lease, object := Lease{Name: claim.Lease}, &coordinationv1.Lease{}
		err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
		if client.IgnoreNotFound(err) != nil {
			return nil, err
		}
		lease.There = err == nil
		if holder := object.Spec.HolderIdentity; holder != nil {
			lease.Holder = *holder
		}
		lease.Version, lease.Level = leaselabels.Read(object.Labels, lease.Holder)
		if renewed := object.Spec.RenewTime; renewed != nil {
			lease.Renewed = renewed.Time
		}
		if lasts := object.Spec.LeaseDurationSeconds; lasts != nil {
			lease.Lasts = time.Duration(*lasts) * time.Second
		}
		leases = append(leases, lease)
	}
	return leases, nil
}

func readPolicies(ctx context.Context, c client.Client) ([]Policy, error) {
	list, bindings := &admissionv1.ValidatingAdmissionPolicyList{}, &admissionv1.ValidatingAdmissionPolicyBindingList{}
	if err := errors.Join(c.List(ctx, list), c.List(ctx, bindings)); err != nil {
		return nil, err
	}
	var policies []Policy
	for i := range list.Items {
		policy := Policy{Name: list.Items[i].Name}
		if match := list.Items[i].Spec.MatchConstraints; match != nil {
			for _, rule := range match.ResourceRules {
				if slices.Contains(rule.APIGroups, mesosGroup) {
					policy.Resources = append(policy.Resources, rule.Resources...)
				}
			}
		}
		if len(policy.Resources) == 0 {
			continue
		}
		policy.Denies = slices.ContainsFunc(bindings.Items, func(binding admissionv1.ValidatingAdmissionPolicyBinding) bool {
			return binding.Spec.PolicyName == policy.Name && slices.Contains(binding.Spec.ValidationActions, admissionv1.Deny)
		})
		policies = append(policies, policy)
	}
	return policies, nil
}

func (n Need) attributes(namespace string) *authorizationv1.ResourceAttributes {
	if !n.Namespaced {
		namespace = ""
	}
	return &authorizationv1.ResourceAttributes{Namespace: namespace, Group: n.Group, Resource: n.Resource, Subresource: n.Subresource, Verb: n.Verb, Name: n.Name}
}

func askCaller(ctx context.Context, c client.Client, namespace string) ([]Access, error) {
	var access []Access
	for _, need := range callerNeeds() {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: need.attributes(namespace)}}
		if err := c.Create(ctx, review); err != nil {
			return nil, err
		}
		access = append(access, Access{need, review.Status.Allowed})
	}
	return access, nil
}

func askOperator(ctx context.Context, c client.Client, account string) ([]Access, error) {
	namespace, name, ok := strings.Cut(account, "/")
	if !ok {
		return nil, fmt.Errorf("%q is no service account: name it as namespace/name", account)
	}
	var access []Access
	for _, need := range operatorNeeds() {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               "system:serviceaccount:" + namespace + ":" + name,
			Groups:             []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
			ResourceAttributes: need.attributes(""),
		}}
		if err := c.Create(ctx, review); err != nil {
			if apierrors.IsForbidden(err) {
				err = errors.New("you may not create SubjectAccessReviews")
			}
			return nil, err
		}
		access = append(access, Access{need, review.Status.Allowed})
	}
	return access, nil
}

// findDeployment finds the operator's Deployment, by its label.
func findDeployment(ctx context.Context, c client.Client) (*appsv1.Deployment, error) {
	list := &appsv1.DeploymentList{}
	if err := c.List(ctx, list, client.MatchingLabels{"app.kubernetes.io/name": "mesos-operator"}); err != nil {
		return nil, err
	}
	switch len(list.Items) {
	case 0:
		return nil, errors.New("no Deployment has label app.kubernetes.io/name=mesos-operator")
	case 1:
		return &list.Items[0], nil
	}
	return nil, fmt.Errorf("%d Deployments have label app.kubernetes.io/name=mesos-operator", len(list.Items))
}

// versionOf is the version that a Deployment is of: its image's tag, else what Helm labels it with, else "".
func versionOf(deployment *appsv1.Deployment) string {
	for _, container := range deployment.Spec.Template.Spec.Containers {
		if container.Name != "manager" {
			continue
		}
		image, _, _ := strings.Cut(container.Image, "@")
		// A colon before a slash is that of a registry's port.
		if _, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":"); tagged {
			return tag
		}
	}
	return deployment.Labels[v1alpha1.LabelVersion]
}
