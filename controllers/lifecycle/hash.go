package lifecycle

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Every hash begins with the version that made it. A change of how hashes are made takes the next one, and those before it stay computable: an
// attempt is compared by the version that its hash names, so that an upgrade restarts nothing and hides no change.
const (
	// firstVersion hashed the name of the object as well, and role and user also where the framework had filled them in.
	firstVersion = "1"
	// hashVersion is what this program makes.
	hashVersion = "2"
)

// Declaration is what an object declares of its task, as far as a change of that means another attempt; and what it leaves to its framework.
type Declaration struct {
	name string
	// user is as the object has it; empty where the framework fills it in.
	user string
	// given is the user of the next launch.
	given string
	// roles are those that the object has; where it has none, and for users, those that the framework fills in, or may once have filled in.
	roles, users []string
	template     hashedTemplate
	since        hashedSince
}

// hashedTemplate is what every version hashes of a template. It is frozen: fields, their order and their JSON, down to the types that it uses.
type hashedTemplate struct {
	Shell           string         `json:"shell,omitempty"`
	Argv            []string       `json:"argv,omitempty"`
	Env             []mesos.EnvVar `json:"env,omitempty"`
	URIs            []mesos.URI    `json:"uris,omitempty"`
	Scalars         mesos.Scalars  `json:"scalars"`
	Ports           []mesos.Port   `json:"ports,omitempty"`
	KillGracePeriod *time.Duration `json:"killGracePeriod,omitempty"`
}

// firstHashed is what version 1 hashed. It is frozen.
type firstHashed struct {
	Name string `json:"name,omitempty"`
	Role string `json:"role,omitempty"`
	User string `json:"user,omitempty"`
	hashedTemplate
}

// hashed is what this version hashes.
type hashed struct {
	User string `json:"user,omitempty"`
	hashedTemplate
	hashedSince
}

// hashedSince is what a template can declare since version 2. It grows at its end, each field omitted where it is zero, so that what does not
// declare it keeps its hash. Version 1 launched nothing that declares any of it.
type hashedSince struct {
	MaxRun      time.Duration      `json:"maxRun,omitempty"`
	Ranges      []mesos.NamedRange `json:"portRanges,omitempty"`
	EnvFrom     []hashedEnvFrom    `json:"envFrom,omitempty"`
	HealthCheck *mesos.HealthCheck `json:"healthCheck,omitempty"`
	Labels      []mesos.Label      `json:"labels,omitempty"`
	Discovery   *hashedDiscovery   `json:"discovery,omitempty"`
	Check       *mesos.Check       `json:"check,omitempty"`
	Args        []string           `json:"args,omitempty"`
	Container   *mesos.Container   `json:"container,omitempty"`
	Limits      *mesos.Limits      `json:"limits,omitempty"`
	Others      []mesos.Other      `json:"other,omitempty"`
	Revocable   bool               `json:"revocable,omitempty"`
}

// Declare says what an object of that name declares, of which task is the spec resolved. Roles and placement are not hashed: what they
// change takes effect with the next launch.
func Declare(name string, spec *v1alpha1.MesosTaskSpec, task mesos.Task, framework *v1alpha1.MesosFramework) Declaration {
	env := slices.SortedFunc(slices.Values(task.Env), func(a, b mesos.EnvVar) int { return cmp.Compare(a.Name, b.Name) })
	info := framework.Spec.Info
	roles, users := slices.Concat([]string{info.DefaultRole, "*"}, info.Roles), []string{info.User}
	for _, earlier := range framework.Status.Defaults {
		roles, users = append(roles, earlier.Role), append(users, earlier.User)
	}
	if declared := declaredRoles(&spec.TaskTemplate); len(declared) > 0 {
		roles = declared
	}
	return Declaration{
		name: name, user: spec.User, given: task.User, roles: roles, users: users,
		template: hashedTemplate{
			Shell: task.Shell, Argv: task.Argv, Env: env, URIs: task.URIs, Scalars: task.Scalars, Ports: task.Ports, KillGracePeriod: task.KillGracePeriod,
		},
		since: hashedSince{
			MaxRun: task.MaxRun, Ranges: task.Ranges, EnvFrom: hashedEnvFromOf(spec), HealthCheck: task.HealthCheck,
			Labels: labelsOf(spec.Labels), Discovery: hashedDiscoveryOf(spec), Check: task.Check, Args: task.Args, Container: task.Container,
			Limits: task.Limits, Others: task.Others, Revocable: task.Revocable,
		},
	}
}

// Hash identifies what is declared: the version and eight hexadecimal digits. Two specs with one hash need no restart to get from one to the
// other.
func (d *Declaration) Hash() string { return d.hashWith(d.user) }

// hashWith is the hash of the same with another user declared; empty for none.
func (d *Declaration) hashWith(user string) string {
	return digest(hashVersion, hashed{User: user, hashedTemplate: d.template, hashedSince: d.since})
}

// Launched says whether an attempt with a hash was launched by what is declared now. User is the one that it was given; empty where nobody
// knows. Of a hash that is newer than this program nobody can tell that it was not, and nothing is restarted for that.
func (d *Declaration) Launched(hash, user string) bool {
	version := hash[:min(1, len(hash))]
	switch {
	case version == "" || version > hashVersion:
		return true
	case version == firstVersion:
		return d.first(hash)
	case hash == d.hashWith(d.user):
		return true
	default:
		// A default may be written out, or left out: the user stays the same.
		return user != "" && user == d.given && (hash == d.hashWith("") || hash == d.hashWith(user))
	}
}

// first says whether version 1 could have made a hash of what is declared: where role and user are left to the framework, with any that it may
// have filled in.
func (d *Declaration) first(hash string) bool {
	return reflect.ValueOf(d.since).IsZero() && slices.ContainsFunc(d.roles, func(role string) bool {
		return slices.ContainsFunc(declaredOr(d.user, d.users), func(user string) bool {
			return hash == digest(firstVersion, firstHashed{Name: d.name, Role: role, User: user, hashedTemplate: d.template})
		})
	})
}

// declaredOr is what is declared, or else all that may have been filled in.
func declaredOr(declared string, filled []string) []string {
	if declared != "" {
		return []string{declared}
	}
	return filled
}

// digest is a version's hash of what it hashes.
func digest(version string, what any) string {
	var canonical bytes.Buffer
	_ = json.NewEncoder(&canonical).Encode(what) //nolint:errchkjson // Encoding strings and integers into memory cannot fail.
	sum := sha256.Sum256(canonical.Bytes())
	return version + hex.EncodeToString(sum[:4])
}
