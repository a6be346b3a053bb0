package lifecycle

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// anyUser in spec.allowedUsers stands for every user but root.
	anyUser = "*"
	// root must be allowed by name.
	root = "root"
)

// Namespace is where a MesosTask is, as the API server has it.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// NeedsLabels says whether what a framework permits depends on the labels of namespaces.
func NeedsLabels(spec *v1alpha1.MesosFrameworkSpec) bool {
	return spec.AllowedNamespaces.Selector != nil ||
		slices.ContainsFunc(spec.AllowedRoles, func(role v1alpha1.AllowedRole) bool { return role.Namespaces.Selector != nil })
}

// permission is one question of whether a framework lets a task of a namespace be launched.
type permission struct {
	reason string
	// refusal says why not, and who may allow it; empty if it is allowed.
	refusal func(framework *v1alpha1.MesosFramework, namespace Namespace, task mesos.Task) string
}

// permissions are asked in order; the first that is refused decides.
var permissions = []permission{
	{v1alpha1.ReasonNamespaceNotAllowed, refuseNamespace},
	{v1alpha1.ReasonRoleNotAllowed, refuseMissingRole},
	{v1alpha1.ReasonRoleNotAllowed, refuseRole},
	{v1alpha1.ReasonUserNotAllowed, refuseUser},
	{v1alpha1.ReasonLabelNotAllowed, refuseLabels},
	{v1alpha1.ReasonDiscoveryNotAllowed, refuseDiscovery},
	{v1alpha1.ReasonContainerNotAllowed, refuseContainer},
	{v1alpha1.ReasonRevocableNotAllowed, refuseRevocable},
}

// Permit says why a framework does not let a resolved task of a namespace be launched, and who may change that; nil if it does. What counts is
// the framework, which tenants cannot write, and never what the task says of itself.
func Permit(framework *v1alpha1.MesosFramework, namespace Namespace, task mesos.Task) *Obstacle {
	for _, permission := range permissions {
		if refusal := permission.refusal(framework, namespace, task); refusal != "" {
			return &Obstacle{Reason: permission.reason, Message: refusal, Stalled: true}
		}
	}
	return nil
}

// Takes says whether a framework takes tasks of a namespace.
func Takes(framework *v1alpha1.MesosFramework, namespace Namespace) bool {
	return refuseNamespace(framework, namespace, mesos.Task{}) == ""
}

func refuseNamespace(framework *v1alpha1.MesosFramework, namespace Namespace, _ mesos.Task) string {
	selected, err := selects(framework.Spec.AllowedNamespaces, namespace)
	switch {
	case err != nil:
		return fmt.Sprintf("The selector of spec.allowedNamespaces of MesosFramework %s cannot be read, so it lets no namespace in: %v. Ask %s to mend it",
			framework.Name, err, whoever(framework))
	case !selected:
		return fmt.Sprintf("MesosFramework %s takes no tasks of namespace %s: the labels of the namespace do not match its spec.allowedNamespaces. Ask %s to let the namespace in there, or whoever may label the namespace",
			framework.Name, namespace.Name, whoever(framework))
	default:
		return ""
	}
}

func refuseUser(framework *v1alpha1.MesosFramework, _ Namespace, task mesos.Task) string {
	users := framework.Spec.AllowedUsers
	switch {
	case slices.Contains(users, task.User):
		return ""
	case task.Container.InDocker() && task.User == mesos.UserOfImage:
		return fmt.Sprintf("MesosFramework %s lets no task run as the user that its image names, which may be root. Change spec.user, or ask %s to add %q to its spec.allowedUsers",
			framework.Name, whoever(framework), mesos.UserOfImage)
	case task.User == framework.Spec.Info.User:
		return ""
	case !isRoot(&task) && slices.Contains(users, anyUser):
		return ""
	}
	allowed := slices.Concat([]string{framework.Spec.Info.User}, slices.DeleteFunc(slices.Clone(users), func(user string) bool { return user == anyUser }))
	words := listed(allowed)
	if slices.Contains(users, anyUser) {
		words = "any user but root"
	}
	return fmt.Sprintf("MesosFramework %s lets no task run as user %q, only as %s. Change spec.user, or ask %s to add the user to its spec.allowedUsers",
		framework.Name, task.User, words, whoever(framework))
}

// listedAtMost is how many of several names a sentence lists.
const listedAtMost = 5

// listed are names for a sentence: a few of them, and how many more there are.
func listed(names []string) string {
	more := len(names) - listedAtMost
	if more <= 0 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:listedAtMost], ", "), more)
}

// isRoot says whether a task would be root: Docker takes users by their number, too.
func isRoot(task *mesos.Task) bool {
	return task.User == root || task.Container.InDocker() && strings.Trim(task.User, "0") == ""
}

// whoever names who may allow something.
func whoever(framework *v1alpha1.MesosFramework) string {
	return "whoever may change MesosFramework " + framework.Name
}

// selects says whether a namespace is among those that something is open to.
func selects(allowed v1alpha1.AllowedNamespaces, namespace Namespace) (bool, error) {
	if allowed.From != v1alpha1.NamespacesSelector {
		return true, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(allowed.Selector)
	if err != nil {
		return false, err
	}
	return selector.Matches(labels.Set(namespace.Labels)), nil
}
