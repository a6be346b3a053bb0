// Package leaselabels has the labels by which the process that holds an installation's Lease says what it is.
package leaselabels

import (
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// unlabelled is what the value of a label cannot have.
var unlabelled = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// Value is a text as far as a label can bear it.
func Value(text string) string {
	text = unlabelled.ReplaceAllString(text, "_")
	return strings.Trim(text[:min(len(text), validation.LabelValueMaxLength)], "._-")
}

// holder is the part of an identity that tells it from all others: what stands behind its last _, the UUID of the process.
func holder(identity string) string {
	return Value(identity[strings.LastIndex(identity, "_")+1:])
}

// Of are the labels that a process of a version writes, with its renewals, while it holds the Lease by an identity.
func Of(version, identity string) map[string]string {
	return map[string]string{
		v1alpha1.LabelVersion:  Value(version),
		v1alpha1.LabelAPILevel: strconv.Itoa(v1alpha1.APILevel),
		v1alpha1.LabelHolder:   holder(identity),
	}
}

// Read is what the labels say of the process that holds the Lease by an identity, or held it last where none does; "" for nothing. Who holds it leaves labels
// alone that it does not know, so that those of another process say nothing of it.
func Read(labels map[string]string, identity string) (version, level string) {
	if by := labels[v1alpha1.LabelHolder]; by == "" || identity != "" && by != holder(identity) {
		return "", ""
	}
	return labels[v1alpha1.LabelVersion], labels[v1alpha1.LabelAPILevel]
}
