package lifecycle

import (
	"fmt"
	"slices"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// declaredRoles are the roles that a template names, in order of preference; none where that is left to the framework.
func declaredRoles(template *v1alpha1.TaskTemplate) []string {
	switch {
	case len(template.Roles) > 0:
		return template.Roles
	case template.Role != "":
		return []string{template.Role}
	default:
		return nil
	}
}

// otherRole says whether the spec names roles of which an attempt uses none.
func (s *scene) otherRole(attempt *v1alpha1.TaskAttempt) bool {
	roles := declaredRoles(&s.Spec.TaskTemplate)
	return attempt.Role != "" && len(roles) > 0 && !slices.Contains(roles, attempt.Role)
}

// refuseMissingRole refuses a task of which one role is not the framework's.
func refuseMissingRole(framework *v1alpha1.MesosFramework, _ Namespace, task mesos.Task) string {
	has := framework.Spec.Info.Roles
	for _, role := range task.Roles() {
		if !slices.Contains(has, role) {
			return fmt.Sprintf("MesosFramework %s does not have role %q; it has %s. Change spec.roles, or ask %s to add the role to its spec.info.roles",
				framework.Name, role, listed(has), whoever(framework))
		}
	}
	return ""
}

// refuseRole refuses a task of which one role is not open to its namespace.
func refuseRole(framework *v1alpha1.MesosFramework, namespace Namespace, task mesos.Task) string {
	if len(framework.Spec.AllowedRoles) == 0 {
		return ""
	}
	for _, role := range task.Roles() {
		if refusal := refuseOneRole(framework, namespace, role); refusal != "" {
			return refusal
		}
	}
	return ""
}

func refuseOneRole(framework *v1alpha1.MesosFramework, namespace Namespace, role string) string {
	at := slices.IndexFunc(framework.Spec.AllowedRoles, func(allowed v1alpha1.AllowedRole) bool { return allowed.Role == role })
	if at < 0 {
		return fmt.Sprintf("Role %q of MesosFramework %s is open to no namespace. Change spec.roles, or ask %s to open the role in its spec.allowedRoles",
			role, framework.Name, whoever(framework))
	}
	selected, err := selects(framework.Spec.AllowedRoles[at].Namespaces, namespace)
	switch {
	case err != nil:
		return fmt.Sprintf("The selector of role %q in spec.allowedRoles of MesosFramework %s cannot be read, so the role is open to no namespace: %v. Ask %s to mend it",
			role, framework.Name, err, whoever(framework))
	case !selected:
		return fmt.Sprintf("Role %q of MesosFramework %s is not open to namespace %s. Change spec.roles, or ask %s to open the role to the namespace in its spec.allowedRoles",
			role, framework.Name, namespace.Name, whoever(framework))
	default:
		return ""
	}
}
