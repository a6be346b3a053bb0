package migration

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

var variableName = regexp.MustCompile(`^[a-zA-Z_][-._a-zA-Z0-9]*$`)

// variable adds an environment variable, if a task can have it.
func (c *conversion) variable(v node, variable v1alpha1.EnvVar) {
	switch {
	case !variableName.MatchString(variable.Name):
		v.leftOut("%q is no name of a variable that a task can have", variable.Name)
	case v1alpha1.ReadByExecutor(variable.Name):
		v.leftOut("is a variable that Mesos' executor reads itself, and so not a task's to set")
	case slices.ContainsFunc(c.spec.Env, func(other v1alpha1.EnvVar) bool { return other.Name == variable.Name }):
		i := slices.IndexFunc(c.spec.Env, func(other v1alpha1.EnvVar) bool { return other.Name == variable.Name })
		v.differs("is set twice: this one counts, as the later")
		c.spec.Env[i] = variable
	default:
		c.spec.Env = append(c.spec.Env, variable)
	}
}

// secret is the key of a Secret in the object's namespace, which somebody has to make.
func (c *conversion) secret(v node, key string) *v1alpha1.KeyReference {
	key = strings.Trim(regexp.MustCompile(`[^-._a-zA-Z0-9]+`).ReplaceAllString(key, "-"), "-")
	v.differs("is a secret of DC/OS: put its value into key %s of a Secret %s (kubectl create secret generic %s --from-literal=%s=...)", key, c.name, c.name, key)
	return &v1alpha1.KeyReference{Name: c.name, Key: key}
}

// variables takes an object of variables.
func (c *conversion) variables(v node) {
	for _, key := range v.keys() {
		value := v.get(key)
		if secret := value.get("secret"); !secret.absent() {
			c.variable(value, v1alpha1.EnvVar{Name: key, ValueFrom: &v1alpha1.EnvVarSource{SecretKeyRef: c.secret(secret, secret.text())}})
			continue
		}
		c.variable(value, v1alpha1.EnvVar{Name: key, Value: value.text()})
	}
}

// mesosLabels takes an object of labels, which are told to Mesos.
func (c *conversion) mesosLabels(v node) []v1alpha1.Label {
	var labels []v1alpha1.Label
	for _, key := range v.keys() {
		value := v.get(key)
		switch {
		case strings.HasPrefix(key, "mesos.dev/"):
			value.leftOut("labels that begin with mesos.dev/ are the operator's: take another name")
		case key == "" || len(key) > 256:
			value.leftOut("the name of a label has 1 to 256 characters")
		case len(value.text()) > 16384:
			value.leftOut("has %d bytes, and the value of a label here up to 16384", len(value.text()))
		default:
			labels = append(labels, v1alpha1.Label{Name: key, Value: value.text()})
		}
	}
	return labels
}

// addLabels adds labels to those that are there already: of one name the later counts.
func (c *conversion) addLabels(v node, labels []v1alpha1.Label) {
	for _, label := range labels {
		i := slices.IndexFunc(c.spec.Labels, func(other v1alpha1.Label) bool { return other.Name == label.Name })
		if i < 0 {
			c.spec.Labels = append(c.spec.Labels, label)
			continue
		}
		if c.spec.Labels[i].Value != label.Value {
			v.differs("label %q is %q elsewhere in the definition: this one counts, as the later", label.Name, c.spec.Labels[i].Value)
		}
		c.spec.Labels[i] = label
	}
}

var userName = regexp.MustCompile(`^[a-zA-Z0-9_][-a-zA-Z0-9_.]*[$]?$`)

// user takes the system user that a task runs as.
func (c *conversion) user(v node) {
	switch user := v.text(); {
	case user == "":
	case !userName.MatchString(user):
		v.refuse("%q is no name of a user", user)
	default:
		c.spec.User = user
	}
}
