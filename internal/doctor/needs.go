package doctor

import "strings"

// Need is a permission that somebody needs.
type Need struct {
	Group, Resource, Subresource string
	Verb                         string
	// Name bounds it to one object, "" for all.
	Name string
	// Namespaced is for what is asked for in the namespace of the tasks, and not for the whole cluster.
	Namespaced bool
	// For says what it is for.
	For string
}

func (n Need) String() string {
	resource := n.Resource
	if n.Subresource != "" {
		resource += "/" + n.Subresource
	}
	if n.Group != "" {
		resource += "." + n.Group
	}
	if n.Name != "" {
		resource += " " + n.Name
	}
	return n.Verb + " " + resource
}

const mesosGroup = "mesos.dev"

// CRDs are the names of the operator's, by their kinds' plurals.
var crds = []string{"mesoscrontasks", "mesosframeworks", "mesostasks", "mesostasksets"}

// each makes a need of each verb.
func each(group, resource, verbs, purpose string) []Need {
	resource, subresource, _ := strings.Cut(resource, "/")
	var needs []Need
	for verb := range strings.FieldsSeq(verbs) {
		needs = append(needs, Need{Group: group, Resource: resource, Subresource: subresource, Verb: verb, For: purpose})
	}
	return needs
}

// operatorNeeds is what the operator's service account needs everywhere, as config/rbac/role.yaml grants it. (Of namespaces that it is narrowed to, the grants are
// those of docs/install.md.)
func operatorNeeds() []Need {
	needs := each("", "namespaces", "list watch", "to know which namespaces a framework lets in")
	for _, name := range crds {
		for verb := range strings.FieldsSeq("get watch") {
			needs = append(needs, Need{
				Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions", Name: name + "." + mesosGroup, Verb: verb, For: "to hold launches of a kind that is newer than itself",
			})
		}
	}
	needs = append(needs, each("apps", "controllerrevisions", "create delete list patch watch", "for the history of sets")...)
	needs = append(needs, each("coordination.k8s.io", "leases", "get", "to know whether another installation lives")...)
	needs = append(needs, each("events.k8s.io", "events", "create patch", "to tell Events")...)
	for _, kind := range []string{"mesoscrontasks", "mesostasksets"} {
		needs = append(needs, each(mesosGroup, kind, "get list watch", "to see them")...)
	}
	for _, kind := range crds {
		needs = append(needs, each(mesosGroup, kind+"/status", "patch", "to write how they are")...)
	}
	needs = append(needs, each(mesosGroup, "mesosframeworks", "get list patch watch", "to serve them")...)
	return append(needs, each(mesosGroup, "mesostasks", "create delete get list patch watch", "to keep them, and to make those of sets and cron tasks")...)
}

// callerNeeds is what whoever calls needs for the plugin's verbs, in the namespace.
func callerNeeds() []Need {
	var needs []Need
	add := func(namespaced bool, group, resource, verbs, purpose string) {
		for _, need := range each(group, resource, verbs, purpose) {
			need.Namespaced = namespaced
			needs = append(needs, need)
		}
	}
	for _, kind := range []string{"mesostasks", "mesostasksets", "mesoscrontasks"} {
		add(true, mesosGroup, kind, "get list", "tasks, why, describe, logs, files, exec")
	}
	add(false, mesosGroup, "mesosframeworks", "get list", "why, describe, orphans, and to find agents")
	add(true, "", "events", "list", "why and describe, for what was told")
	add(true, mesosGroup, "mesostasks", "patch", "restart, suspend, resume, give-up")
	add(true, mesosGroup, "mesostasksets", "patch", "restart, suspend, resume, rollout")
	add(true, mesosGroup, "mesoscrontasks", "patch", "run, suspend, resume")
	add(true, mesosGroup, "mesostasksets/scale", "patch", "scale")
	add(true, "apps", "controllerrevisions", "list", "rollout history and undo")
	add(false, mesosGroup, "mesosframeworks", "patch", "reconcile, orphans --kill, give-up --agent and --unknown")
	return needs
}
