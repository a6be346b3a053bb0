package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/explain"
	"github.com/mesos-operator/mesos-operator/internal/leaselabels"
)

// Level is how serious a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Note    Level = "note"
	Problem Level = "problem"
)

// Finding is one thing that was looked at.
type Finding struct {
	// Area is what it belongs to: "CRDs".
	Area  string `json:"area"`
	Level Level  `json:"level"`
	Says  string `json:"says"`
	// Help is what to do, "" for nothing.
	Help string `json:"help,omitempty"`
}

// Answer is what came of a question: an answer, or that it could not be had.
type Answer[T any] struct {
	Value T
	// Refused says why there is no answer, "" where there is one.
	Refused string
}

// CRD is a kind's definition.
type CRD struct {
	Name        string
	There       bool
	Established bool
	// Level is annotation mesos.dev/api-level, "" for none.
	Level string
}

// Access is whether somebody may do what is needed.
type Access struct {
	Need
	Allowed bool
}

// Policy is an admission policy about the operator's kinds.
type Policy struct {
	Name      string
	Resources []string
	// Denies says that a binding has it deny.
	Denies bool
}

// Lease is the one that an installation's leader holds.
type Lease struct {
	Name    string
	There   bool
	Holder  string
	Renewed time.Time
	Lasts   time.Duration
	// Version and Level are those of the program that leads, or where none does of the last that said them; "" where the one that leads says neither.
	Version, Level string
}

// leads says that a manager holds the lease and renews it.
func (l Lease) leads(now time.Time) bool {
	return l.There && l.Holder != "" && now.Sub(l.Renewed) <= l.Lasts
}

// versioned says of which version and API level the manager is, or was.
func (l Lease) versioned(now time.Time) string {
	if l.leads(now) {
		return fmt.Sprintf("the manager that leads (lease %s) is %s, of API level %s", l.Name, l.Version, l.Level)
	}
	return fmt.Sprintf("no manager leads (lease %s); the last one that said what it is was %s, of API level %s", l.Name, l.Version, l.Level)
}

// Reach is whether something of Mesos is reached from where the plugin runs.
type Reach struct {
	What    string
	Problem string // "" for none
}

// Seen is what was read and asked.
type Seen struct {
	Now time.Time
	// Version is the API server's.
	Version Answer[string]
	CRDs    Answer[[]CRD]
	// Frameworks with what is told of them.
	Frameworks Answer[[]explain.SeenFramework]
	// Leases are those that frameworks name as their installations'.
	Leases Answer[[]Lease]
	// Plugin is the version of the program that looks, Deployed the one that the operator's Deployment is of, "" where it does not tell.
	Plugin   string
	Deployed Answer[string]
	// Namespace is where Caller's permissions were asked for.
	Namespace string
	Caller    Answer[[]Access]
	// Account is the operator's service account, as namespace/name; "" where nobody knows it. Why says why.
	Account, AccountUnknown string
	Operator                Answer[[]Access]
	Policies                Answer[[]Policy]
	Reached                 []Reach
}

// Judge says what it means.
func Judge(seen *Seen) []Finding {
	if seen.Version.Refused != "" {
		return judgeServer(seen)
	}
	var findings []Finding
	for _, judge := range []func(*Seen) []Finding{judgeServer, judgeCRDs, judgeInstallations, judgeVersions, judgeFrameworks, judgeOperator, judgePolicies, judgeCaller, judgeReach} {
		findings = append(findings, judge(seen)...)
	}
	return findings
}

func one(area string, level Level, help, format string, values ...any) []Finding {
	says := strings.Join(strings.Split(fmt.Sprintf(format, values...), "\n"), "; ")
	return []Finding{{Area: area, Level: level, Says: says, Help: help}}
}

func judgeServer(seen *Seen) []Finding {
	const area = "API server"
	if why := seen.Version.Refused; why != "" {
		return one(area, Problem, "is the context of the kubeconfig the right one? kubectl config current-context", "it does not answer: %s", why)
	}
	return one(area, OK, "", "version %s", seen.Version.Value)
}

func judgeCRDs(seen *Seen) (findings []Finding) {
	const area = "CRDs"
	if why := seen.CRDs.Refused; why != "" {
		return one(area, Note, "", "whether they are installed is not known: %s", why)
	}
	levels := map[string]bool{}
	for _, crd := range seen.CRDs.Value {
		switch {
		case !crd.There:
			findings = append(findings, one(area, Problem, "install them: make install, or the chart", "%s is not installed", crd.Name)...)
		case !crd.Established:
			findings = append(findings, one(area, Problem, "kubectl describe crd "+crd.Name, "%s is installed, and the API server does not serve it", crd.Name)...)
		case crd.Level != strconv.Itoa(v1alpha1.APILevel):
			findings = append(findings, one(area, Note, oneRelease,
				"%s is of API level %s, this plugin of %d: one of them is older", crd.Name, orNone(crd.Level), v1alpha1.APILevel)...)
		}
		levels[crd.Level] = true
	}
	if len(levels) > 1 && len(findings) == 0 {
		findings = one(area, Problem, "install those of one release together", "they are of different releases")
	}
	if len(findings) == 0 {
		return one(area, OK, "", "all %d are installed, of API level %d", len(seen.CRDs.Value), v1alpha1.APILevel)
	}
	return findings
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func judgeInstallations(seen *Seen) (findings []Finding) {
	const area = "Manager"
	const help = "is its Deployment up? kubectl get deployments -A -l app.kubernetes.io/name=mesos-operator"
	if why := seen.Leases.Refused; why != "" {
		return one(area, Note, "", "whether it lives is not known: %s", why)
	}
	if seen.Frameworks.Refused != "" {
		return one(area, Note, "", "whether it lives is not known, as frameworks name its lease and none could be read")
	}
	if len(seen.Leases.Value) == 0 {
		return one(area, Note, help, "no framework names an installation that holds a lease, so that nothing shows whether one lives")
	}
	for _, lease := range seen.Leases.Value {
		silent := seen.Now.Sub(lease.Renewed).Round(time.Second)
		switch {
		case !lease.There:
			findings = append(findings, one(area, Problem, help, "the lease %s, which its leader holds, is not there", lease.Name)...)
		case lease.Holder == "":
			findings = append(findings, one(area, Problem, help, "nobody holds the lease %s: no manager leads", lease.Name)...)
		case !lease.leads(seen.Now):
			findings = append(findings, one(area, Problem, help, "its leader, %s, has not renewed the lease %s for %s: it does not run", lease.Holder, lease.Name, silent)...)
		default:
			findings = append(findings, one(area, OK, "", "%s leads (lease %s, renewed %s ago)", lease.Holder, lease.Name, max(0, silent))...)
		}
	}
	return findings
}

const oneRelease = "take the plugin, the manager and the CRDs of one release: docs/upgrade.md"

// unversioned is the version of a program that was built without one.
const unversioned = "dev"

func judgeVersions(seen *Seen) (findings []Finding) {
	const area = "Version"
	for _, lease := range seen.Leases.Value {
		if !lease.There || lease.Version == "" {
			continue
		}
		if level := judgeLevel(seen, lease); level != nil {
			findings = append(findings, level...)
			continue
		}
		findings = append(findings, compared(area, seen.Plugin, lease.Version, lease.versioned(seen.Now))...)
	}
	switch {
	case len(findings) > 0:
		return findings
	case seen.Deployed.Value != "":
		return compared(area, seen.Plugin, seen.Deployed.Value, fmt.Sprintf("the operator's Deployment is of %s; what runs does not say itself which it is", seen.Deployed.Value))
	}
	why := "it names none"
	if seen.Deployed.Refused != "" {
		why = seen.Deployed.Refused
	}
	if seen.Leases.Refused != "" {
		return one(area, Note, "", "which one the manager has is not known: its lease may not be read (%s), and of its Deployment: %s", seen.Leases.Refused, why)
	}
	return one(area, Note, "", "which one the manager has is not known: no lease that could be read says it, and of its Deployment: %s", why)
}

// compared judges the manager's version by the plugin's, both as a label or an image's tag bears them.
func compared(area, plugin, manager, says string) []Finding {
	same := strings.TrimPrefix(leaselabels.Value(plugin), "v") == strings.TrimPrefix(leaselabels.Value(manager), "v")
	switch {
	case plugin == unversioned && manager != unversioned:
		return one(area, OK, "", "%s; this plugin was built without a version to compare it with", says)
	case same:
		return one(area, OK, "", "%s, as this plugin is", says)
	}
	return one(area, Note, oneRelease, "%s, and this plugin is %s", says, plugin)
}

// judgeLevel says where CRDs are of another API level than the manager that leads; nil where none is, or nobody knows.
func judgeLevel(seen *Seen, lease Lease) []Finding {
	manager, err := strconv.Atoi(lease.Level)
	if err != nil {
		return nil
	}
	var newer, older []string
	for _, crd := range seen.CRDs.Value {
		level, err := strconv.Atoi(crd.Level)
		switch {
		case !crd.There:
		case err != nil || level < manager:
			older = append(older, crd.Name)
		case level > manager:
			newer = append(newer, crd.Name)
		}
	}
	says := lease.versioned(seen.Now)
	switch {
	case len(newer) > 0:
		return one("Version", Problem, "upgrade the manager: docs/upgrade.md", "%s, and higher ones have %s: it launches nothing while they do", says, strings.Join(newer, ", "))
	case len(older) > 0:
		return one("Version", Problem, "apply the CRDs of its release: docs/upgrade.md", "%s, and lower ones have %s: the API server knows not all fields that it has", says, strings.Join(older, ", "))
	}
	return nil
}

func judgeFrameworks(seen *Seen) (findings []Finding) {
	const area = "Framework"
	if why := seen.Frameworks.Refused; why != "" {
		return one(area, Note, "", "none could be read: %s", why)
	}
	if len(seen.Frameworks.Value) == 0 {
		return one(area, Note, "create one: docs/masters.md", "there is none, so that nothing runs")
	}
	for _, framework := range seen.Frameworks.Value {
		said := explain.Framework(framework)
		level := OK
		if !said.Well {
			level = Problem
		} else if len(said.Sentences) > 1 {
			level = Note
		}
		version := ""
		if master := framework.Framework.Status.Master; master != nil && master.Version != "" {
			version = " (Mesos " + master.Version + ")"
		}
		findings = append(findings, one(area, level, strings.Join(said.Commands, "; "), "%s%s: %s", framework.Framework.Name, version, strings.Join(said.Sentences, " "))...)
	}
	return findings
}

// lacking lists what is not allowed, verbs of the same resource for the same purpose together.
func lacking(access []Access) (lacks []Need) {
	for _, one := range access {
		if one.Allowed {
			continue
		}
		need, before := one.Need, len(lacks)-1
		if before >= 0 {
			together := lacks[before]
			together.Verb = need.Verb
			if together == need {
				lacks[before].Verb += ", " + need.Verb
				continue
			}
		}
		lacks = append(lacks, need)
	}
	return lacks
}

func judgeOperator(seen *Seen) (findings []Finding) {
	const area = "Operator may"
	if seen.Account == "" {
		return one(area, Note, "name it by --operator-service-account namespace/name", "not be asked about, as its service account is not known: %s", seen.AccountUnknown)
	}
	if why := seen.Operator.Refused; why != "" {
		return one(area, Note, "", "not be asked about by you (%s): %s", seen.Account, why)
	}
	for _, lacks := range lacking(seen.Operator.Value) {
		findings = append(findings, one(area, Problem, "", "not %s, which %s needs %s", lacks, seen.Account, lacks.For)...)
	}
	if len(findings) == 0 {
		return one(area, OK, "", "all that it needs (%s)", seen.Account)
	}
	findings[len(findings)-1].Help = "grant it what config/rbac/role.yaml has; where it is narrowed to namespaces, those grants: docs/install.md"
	return findings
}

// guarded are the resources that policies should be about, and what they protect there.
var guarded = []string{"mesostasks", "mesosframeworks"}

func judgePolicies(seen *Seen) (findings []Finding) {
	const area = "Admission"
	if why := seen.Policies.Refused; why != "" {
		return one(area, Note, "", "whether the operator's policies are installed is not known: %s", why)
	}
	for _, resource := range guarded {
		there, denies := false, false
		for _, policy := range seen.Policies.Value {
			if slices.Contains(policy.Resources, resource) {
				there, denies = true, denies || policy.Denies
			}
		}
		switch {
		case !there:
			findings = append(findings, one(area, Note, "install them: the chart's value admissionPolicies.enabled, or config/admission",
				"no policy is about %s: whoever may change one can break annotations that are the operator's, such as with kubectl replace", resource)...)
		case !denies:
			findings = append(findings, one(area, Note, "bind it: config/admission", "the policy about %s denies nothing, as no binding has it do so", resource)...)
		}
	}
	if len(findings) == 0 {
		return one(area, OK, "", "policies protect what is the operator's in MesosTasks and MesosFrameworks")
	}
	return findings
}

func judgeCaller(seen *Seen) (findings []Finding) {
	const area = "You may"
	if why := seen.Caller.Refused; why != "" {
		return one(area, Note, "", "not even ask what you may: %s", why)
	}
	for _, lacks := range lacking(seen.Caller.Value) {
		where := ""
		if lacks.Namespaced {
			where = " in namespace " + seen.Namespace
		}
		findings = append(findings, one(area, Note, "", "not %s%s, which is for: %s", lacks, where, lacks.For)...)
	}
	if len(findings) == 0 {
		return one(area, OK, "", "all that the plugin's verbs need in namespace %s", seen.Namespace)
	}
	return findings
}

func judgeReach(seen *Seen) (findings []Finding) {
	const area = "From here"
	for _, reach := range seen.Reached {
		if reach.Problem == "" {
			findings = append(findings, one(area, OK, "", "%s is reached", reach.What)...)
			continue
		}
		findings = append(findings, one(area, Note, "logs, files and exec need the way to agents: run them where it is, or see --agent-url", "%s: %s", reach.What, reach.Problem)...)
	}
	return findings
}
