package charts_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// call is what the API server's audit log says of a request: what was asked, and whether it was allowed.
type call struct {
	Verb string `json:"verb"`
	User struct {
		Username string `json:"username"`
	} `json:"user"`
	RequestURI string `json:"requestURI"`
	ObjectRef  struct {
		APIGroup    string `json:"apiGroup"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	Annotations map[string]string `json:"annotations"`
}

// refused says whether a call was not allowed.
func refused(one call) bool {
	return one.ResponseStatus.Code == 403 || one.Annotations["authorization.k8s.io/decision"] != "allow"
}

// calls are the requests that a user made so far.
func (c *cluster) calls(user string) []call {
	c.t.Helper()
	file, err := os.Open(c.path("audit.log"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	var calls []call
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one call
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			c.t.Fatalf("reading the audit log: %v: %s", err, lines.Text())
		}
		if one.User.Username == user {
			calls = append(calls, one)
		}
	}
	if err := lines.Err(); err != nil {
		c.t.Fatalf("reading the audit log: %v", err)
	}
	return calls
}

// grant is the least part of a role: one verb on one resource. Its namespace is empty for all of them, its name for any.
type grant struct{ namespace, group, resource, name, verb string }

// String names the grant as a person would look for it.
func (g grant) String() string {
	where := "all namespaces"
	if g.namespace != "" {
		where = "namespace " + g.namespace
	}
	return strings.TrimSpace(g.verb + " " + strings.TrimSuffix(g.resource+"."+g.group, ".") + " " + g.name + " in " + where)
}

// allows says whether the grant is enough for a call.
func (g grant) allows(one call) bool {
	resource := one.ObjectRef.Resource
	if one.ObjectRef.Subresource != "" {
		resource += "/" + one.ObjectRef.Subresource
	}
	return g.verb == one.Verb && g.group == one.ObjectRef.APIGroup && g.resource == resource &&
		(g.name == "" || g.name == one.ObjectRef.Name) && (g.namespace == "" || g.namespace == one.ObjectRef.Namespace)
}

// grants takes rules apart. namespace is that of a Role.
func grants(namespace string, rules []rbacv1.PolicyRule) []grant {
	var all []grant
	for _, rule := range rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					for _, verb := range rule.Verbs {
						all = append(all, grant{namespace, group, resource, name, verb})
					}
				}
			}
		}
	}
	return all
}

// managerGrants is all that the roles bound to a service account give it, the narrow ones first.
func (c *cluster) managerGrants(namespace, account string) []grant {
	c.t.Helper()
	isBound := func(subjects []rbacv1.Subject) bool {
		return slices.Contains(subjects, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account})
	}
	var all []grant
	var bindings rbacv1.RoleBindingList
	var clusterBindings rbacv1.ClusterRoleBindingList
	for _, err := range []error{c.client.List(c.t.Context(), &bindings), c.client.List(c.t.Context(), &clusterBindings)} {
		if err != nil {
			c.t.Fatal(err)
		}
	}
	for _, binding := range bindings.Items {
		if isBound(binding.Subjects) {
			role := &rbacv1.Role{}
			c.get(binding.Namespace, binding.RoleRef.Name, role)
			all = append(all, grants(binding.Namespace, role.Rules)...)
		}
	}
	for _, binding := range clusterBindings.Items {
		if isBound(binding.Subjects) {
			role := &rbacv1.ClusterRole{}
			c.get("", binding.RoleRef.Name, role)
			all = append(all, grants("", role.Rules)...)
		}
	}
	return all
}

// checkGrants fails the test for every call of a service account that was not allowed, and for everything its roles allow that it never
// did. A call counts for the narrowest grant that allows it.
func (c *cluster) checkGrants(calls []call, given []grant) {
	c.t.Helper()
	if len(given) == 0 || len(calls) == 0 {
		c.t.Fatalf("%d calls were made with %d grants: nothing is proven", len(calls), len(given))
	}
	used := map[grant]bool{}
	for _, one := range calls {
		if refused(one) {
			c.t.Errorf("the manager's %s %s was refused with %d: %s", one.Verb, one.RequestURI, one.ResponseStatus.Code, one.Annotations["authorization.k8s.io/reason"])
		}
		same := []call{one}
		if one.Verb == "watch" && strings.Contains(one.RequestURI, "sendInitialEvents=true") {
			// What an API server without streaming lists is asked for by two calls.
			list := one
			list.Verb = "list"
			same = append(same, list)
		}
		for _, one := range same {
			if i := slices.IndexFunc(given, func(g grant) bool { return g.allows(one) }); i >= 0 {
				used[given[i]] = true
			}
		}
	}
	for _, g := range given {
		if !used[g] {
			c.t.Errorf("the manager never used what its roles allow: %s", g)
		}
	}
	c.t.Logf("%d calls, %d of %d grants used", len(calls), len(used), len(given))
}
