package mesosframework

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/detection"
)

// Secrets are read by name and never listed, watched or cached, so that the manager needs no more than this, in its own namespace.
// +kubebuilder:rbac:groups="",namespace=system,resources=secrets,verbs=get

const (
	// secretsEvery is how often the Secrets of a framework are read.
	secretsEvery = 30 * time.Second
	// secretsAtMost bounds how often a master's refusal makes them read: one that refuses every call must not have them read each time.
	secretsAtMost = 2 * time.Second
)

// The keys of Secrets, besides those of type kubernetes.io/tls.
const (
	keyPrincipal = "principal"
	keySecret    = "secret"
	keyCA        = corev1.ServiceAccountRootCAKey // ca.crt, as cert-manager and others write it
)

// secretsMemory is what was last read of the Secrets that a framework's spec names.
type secretsMemory struct {
	// generation is that of the spec for which they were read, and read is when.
	generation int64
	read       time.Time
	// due is when they are to be read again; zero if the spec names none.
	due time.Time
	// access is what they said when they last were as they should; missing says what they are not.
	access   mesosbridge.Access
	election *detection.Config
	missing  *lifecycle.Obstacle
}

// addTo puts what the Secrets say into a bridge's configuration.
func (m *secretsMemory) addTo(config *mesosbridge.Config) {
	config.Access, config.ZooKeeper = m.access, m.election
	if m.access.Credentials != nil {
		config.Framework.Principal = m.access.Credentials.Principal
	}
}

// readSecrets reads the Secrets that the spec names, if that is due: now and then, after each change of the spec, and when a master has
// refused the credentials. It says whether the framework can be connected with what is known: what was there before stays in use, as a
// Secret that is gone for a moment must not end a subscription.
func (v *view) readSecrets(ctx context.Context) (usable bool, err error) {
	m, now, connection := &v.memory.secrets, v.Clock.Now(), v.Connections.Get(v.object.Name)
	var refused time.Time
	if connection != nil {
		refused = connection.Bridge.Connection().UnauthorizedAt
	}
	if m.isDue(now, v.object.Generation, refused) {
		access, election, missing, err := v.reachOf(ctx)
		switch {
		case err != nil && m.read.IsZero():
			return false, err
		case err != nil:
			// The API server may be away; what is in use was right a moment ago.
			ctrl.LoggerFrom(ctx).Error(err, "Reading the framework's Secrets")
			m.due = now.Add(v.secretsInterval())
		default:
			if missing == nil {
				m.access, m.election = access, election
			}
			m.generation, m.read, m.missing, m.due = v.object.Generation, now, missing, v.readAgain(now)
		}
	}
	if m.missing != nil && connection == nil {
		v.memory.stuck = m.missing
		return false, nil
	}
	return true, nil
}

// readAgain is when Secrets that were just read are due again; zero if the spec names none.
func (v *view) readAgain(now time.Time) time.Time {
	tls, election := v.object.Spec.TLS, v.object.Spec.Masters.ZooKeeper
	switch {
	case v.object.Spec.CredentialsSecretRef != nil,
		tls != nil && (tls.CASecretRef != nil || tls.ClientCertificateSecretRef != nil),
		election != nil && election.AuthSecretRef != nil:
		return now.Add(v.secretsInterval())
	default:
		return time.Time{}
	}
}

// isDue says whether to read again. Refused is when a master last refused the credentials.
func (m *secretsMemory) isDue(now time.Time, generation int64, refused time.Time) bool {
	switch {
	case m.read.IsZero() || m.generation != generation:
		return true
	case m.due.IsZero():
		return false
	case refused.After(m.read):
		return !now.Before(m.read.Add(secretsAtMost))
	default:
		return !now.Before(m.due)
	}
}

func (r *Reconciler) secretsInterval() time.Duration {
	if r.SecretsEvery > 0 {
		return r.SecretsEvery
	}
	return secretsEvery
}

// reachOf reads how the framework's masters are found and may be reached. An error is one that may pass; what a person has to put right is
// missing.
func (v *view) reachOf(ctx context.Context) (access mesosbridge.Access, election *detection.Config, missing *lifecycle.Obstacle, err error) {
	access, missing, err = v.accessOf(ctx)
	spec := v.object.Spec.Masters.ZooKeeper
	if spec == nil || missing != nil || err != nil {
		return access, nil, missing, err
	}
	election = &detection.Config{Servers: spec.Servers, Path: spec.Path}
	if spec.AuthSecretRef == nil {
		return access, election, nil, nil
	}
	values, missing, err := v.secret(ctx, "spec.masters.zookeeper.authSecretRef", spec.AuthSecretRef, corev1.BasicAuthUsernameKey, corev1.BasicAuthPasswordKey)
	if missing == nil && err == nil {
		election.User, election.Password = values[0], mesosbridge.Hidden(values[1])
	}
	return access, election, missing, err
}

// accessOf reads how the framework's masters may be reached. An error is one that may pass; what a person has to put right is missing.
func (v *view) accessOf(ctx context.Context) (access mesosbridge.Access, missing *lifecycle.Obstacle, err error) {
	access.AllowInsecure, access.HTTPS = v.object.Spec.AllowInsecure, v.object.Spec.TLS != nil
	if ref := v.object.Spec.CredentialsSecretRef; ref != nil {
		values, missing, err := v.secret(ctx, "spec.credentialsSecretRef", ref, keyPrincipal, keySecret)
		if err != nil || missing != nil {
			return access, missing, err
		}
		if strings.Contains(values[0], ":") {
			return access, v.invalid("spec.credentialsSecretRef", ref, "its principal has a colon in it, where basic authentication has the principal end"), nil
		}
		access.Credentials = &mesosbridge.Credentials{Principal: values[0], Secret: mesosbridge.Hidden(values[1])}
	}
	if spec := v.object.Spec.TLS; spec != nil {
		access.TLS, missing, err = v.tlsOf(ctx, spec)
	}
	return access, missing, err
}

// tlsOf reads the certificates that the spec names. Each Secret is judged on its own, so that what is said names the right one.
func (r *Reconciler) tlsOf(ctx context.Context, spec *v1alpha1.MastersTLS) (mesosbridge.TLS, *lifecycle.Obstacle, error) {
	settings := mesosbridge.TLS{InsecureSkipVerify: spec.InsecureSkipVerify}
	sources := []struct {
		field string
		ref   *v1alpha1.SecretReference
		keys  []string
		set   func(values []string) mesosbridge.TLS
	}{
		{"spec.tls.caSecretRef", spec.CASecretRef, []string{keyCA}, func(values []string) mesosbridge.TLS {
			settings.CA = values[0]
			return mesosbridge.TLS{CA: settings.CA}
		}},
		{"spec.tls.clientCertificateSecretRef", spec.ClientCertificateSecretRef, []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey}, func(values []string) mesosbridge.TLS {
			settings.Certificate, settings.Key = values[0], mesosbridge.Hidden(values[1])
			return mesosbridge.TLS{Certificate: settings.Certificate, Key: settings.Key}
		}},
	}
	for _, source := range sources {
		if source.ref == nil {
			continue
		}
		values, missing, err := r.secret(ctx, source.field, source.ref, source.keys...)
		if err != nil || missing != nil {
			return settings, missing, err
		}
		if err := (mesosbridge.Access{TLS: source.set(values)}).Check(); err != nil {
			return settings, r.invalid(source.field, source.ref, err.Error()), nil
		}
	}
	return settings, nil, nil
}

// secret reads keys of a Secret that a field of the spec names. A line break at the end of a value, as editors make them, does not count.
func (r *Reconciler) secret(ctx context.Context, field string, ref *v1alpha1.SecretReference, keys ...string) (values []string, missing *lifecycle.Obstacle, err error) {
	secret := &corev1.Secret{}
	// At the highest log levels client-go logs the bodies of answers, with the logger of the context.
	err = r.Live.Get(logr.NewContext(ctx, logr.Discard()), client.ObjectKey{Namespace: r.OperatorNamespace, Name: ref.Name}, secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, &lifecycle.Obstacle{Reason: v1alpha1.ReasonSecretNotFound, Stalled: true, Message: fmt.Sprintf(
			"Secret %s/%s, which %s names, does not exist; create it with %s", r.OperatorNamespace, ref.Name, field, listKeys(keys))}, nil
	case apierrors.IsForbidden(err):
		return nil, &lifecycle.Obstacle{Reason: v1alpha1.ReasonSecretForbidden, Stalled: true, Message: fmt.Sprintf(
			"The operator may not read Secret %s/%s, which %s names; let its service account get Secrets in that namespace", r.OperatorNamespace, ref.Name, field)}, nil
	case err != nil:
		return nil, nil, fmt.Errorf("reading Secret %s/%s: %w", r.OperatorNamespace, ref.Name, err)
	}
	lacking := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return lineOf(secret.Data[key]) != "" })
	if len(lacking) > 0 {
		return nil, r.invalid(field, ref, "it lacks "+listKeys(lacking)), nil
	}
	for _, key := range keys {
		values = append(values, lineOf(secret.Data[key]))
	}
	return values, nil, nil
}

// invalid says what is wrong with a Secret.
func (r *Reconciler) invalid(field string, ref *v1alpha1.SecretReference, what string) *lifecycle.Obstacle {
	return &lifecycle.Obstacle{Reason: v1alpha1.ReasonSecretInvalid, Stalled: true, Message: fmt.Sprintf(
		"Secret %s/%s, which %s names, cannot be used: %s", r.OperatorNamespace, ref.Name, field, what)}
}

// lineOf is a value without the line break at its end.
func lineOf(value []byte) string { return strings.TrimRight(string(value), "\r\n") }

// listKeys names keys in a sentence.
func listKeys(keys []string) string {
	if len(keys) == 1 {
		return "key " + keys[0]
	}
	return "keys " + strings.Join(keys, " and ")
}
