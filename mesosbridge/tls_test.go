package mesosbridge

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// authority makes an authority, and TLS settings of masters that have their certificates from it.
func authority(t *testing.T) (*simulator.Authority, *tls.Config) {
	t.Helper()
	made, err := simulator.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, err := made.Masters()
	if err != nil {
		t.Fatal(err)
	}
	return made, config
}

// issue makes a client certificate.
func issue(t *testing.T, from *simulator.Authority) TLS {
	t.Helper()
	certificate, key, err := from.Issue("operator")
	if err != nil {
		t.Fatal(err)
	}
	return TLS{CA: from.CA(), Certificate: certificate, Key: Hidden(key)}
}

func TestBridge_trusts(t *testing.T) {
	ours, masters := authority(t)
	others, _ := authority(t)
	demanding := masters.Clone()
	demanding.ClientAuth = tls.RequireAndVerifyClientCert
	ownCertificate, foreignCertificate := issue(t, ours), issue(t, others)
	foreignCertificate.CA = ours.CA()
	cases := map[string]struct {
		masters *tls.Config
		tls     TLS
		// problem is the subscription's; empty where there is one.
		problem Class
		says    string
	}{
		"a master of the authority":               {masters, TLS{CA: ours.CA()}, "", ""},
		"a master of another authority":           {masters, TLS{CA: others.CA()}, TLSFailed, "unknown authority"},
		"a master that the system does not trust": {masters, TLS{}, TLSFailed, "spec.tls"},
		"any master": {masters, TLS{InsecureSkipVerify: true}, "", ""},
		"a client certificate that the master trusts": {demanding, ownCertificate, "", ""},
		"a client certificate that it does not":       {demanding, foreignCertificate, TLSFailed, "certificate"},
		"none where the master wants one":             {demanding, TLS{CA: ours.CA()}, TLSFailed, "certificate required"},
		"an authority that is none":                   {masters, TLS{CA: "x"}, TLSFailed, "no certificate of an authority"},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			r := overTLS(t, tc.masters, tc.tls)
			c := r.known(func(c Connection) bool { return c.Subscribed || c.Problem != nil })
			class, says := Class(""), ""
			if c.Problem != nil {
				class, says = c.Problem.Class, c.Problem.Message
			}
			if c.Subscribed != (tc.problem == "") || class != tc.problem || !strings.Contains(says, tc.says) {
				t.Errorf("subscribed %t, problem %q: %q; want %q: %q", c.Subscribed, class, says, tc.problem, tc.says)
			}
		})
	}
}

// socketed is a bridge whose master is on a socket, in real time: what is in memory has no buffer, where a handshake that is broken off stands
// still.
type socketed struct {
	nobody
	*testing.T
	bridge  *Bridge
	config  Config
	changes chan struct{}
}

// ConnectionChanged implements Listener.
func (r *socketed) ConnectionChanged() {
	select {
	case r.changes <- struct{}{}:
	default:
	}
}

// overTLS runs a bridge against a master with TLS that wants credentials, until the test ends.
func overTLS(t *testing.T, masters *tls.Config, trust TLS) *socketed {
	t.Helper()
	options := guarded(1)
	options.Flags.TLS = masters
	cluster := simulator.New(options)
	t.Cleanup(cluster.Close)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	t.Cleanup(cluster.Close)
	serve := cluster.Listen(listener, 0)
	running.Go(func() {
		// A test that needs no answer may be over before this begins.
		if err := serve(); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	r := &socketed{T: t, changes: make(chan struct{}, 1), config: Config{Framework: framework(), Masters: []string{"https://" + listener.Addr().String()}}}
	with(canary)(&r.config)
	r.config.Access.AllowInsecure, r.config.Access.TLS = false, trust
	r.bridge = New(r.config, Options{Name: t.Name(), Listener: r})
	ctx, cancel := context.WithCancel(context.Background())
	running.Go(func() { r.bridge.Run(ctx) })
	t.Cleanup(cancel)
	return r
}

// known waits until the connection is as holds says.
func (r *socketed) known(holds func(Connection) bool) Connection {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	for {
		if c := r.bridge.Connection(); holds(c) {
			return c
		}
		select {
		case <-r.changes:
		case <-ctx.Done():
			r.Fatalf("the connection is still %+v", r.bridge.Connection())
		}
	}
}

// trust gives the bridge another authority.
func (r *socketed) trust(ca string) {
	r.config.Access.TLS.CA = ca
	r.bridge.Reconfigure(r.config)
}

// reconcile makes a call and returns how it ended.
func (r *socketed) reconcile() error {
	ended := make(chan error, 1)
	r.bridge.ReconcileImplicitly(func(err error) { ended <- err })
	return <-ended
}

func TestBridge_takesUpNewCertificates(t *testing.T) {
	ours, masters := authority(t)
	others, _ := authority(t)
	r := overTLS(t, masters, TLS{CA: others.CA()})
	if c := r.known(func(c Connection) bool { return c.Problem != nil }); c.Problem.Class != TLSFailed {
		t.Fatalf("unexpected problem: %+v", c.Problem)
	}
	r.trust(ours.CA())
	r.known(func(c Connection) bool { return c.Subscribed })
	// Calls go by the latest, and the stream goes on.
	r.trust(others.CA())
	if err := r.reconcile(); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("a call under another authority ended with: %v", err)
	}
	r.trust(ours.CA())
	if err := r.reconcile(); err != nil {
		t.Error(err)
	}
	if c := r.bridge.Connection(); !c.Subscribed || c.Term != 1 {
		t.Errorf("new certificates ended the term: %+v", c)
	}
}

func TestAccess_Check(t *testing.T) {
	ours, _ := authority(t)
	own, other := issue(t, ours), issue(t, ours)
	cases := map[string]struct {
		tls  TLS
		says string
	}{
		"nothing":                            {TLS{}, ""},
		"all there can be":                   {own, ""},
		"an authority that is no PEM":        {TLS{CA: "MIIB"}, "no certificate of an authority in PEM"},
		"a certificate without a key":        {TLS{Certificate: own.Certificate}, "client certificate"},
		"a key without a certificate":        {TLS{Key: own.Key}, "client certificate"},
		"the key of another certificate":     {TLS{Certificate: own.Certificate, Key: other.Key}, "does not match"},
		"a certificate in the key's place":   {TLS{Certificate: own.Certificate, Key: Hidden(own.Certificate)}, "client certificate"},
		"a key in the certificate's place":   {TLS{Certificate: string(own.Key), Key: own.Key}, "client certificate"},
		"a secret where the key is expected": {TLS{Certificate: own.Certificate, Key: canary}, "client certificate"},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			err := Access{TLS: tc.tls}.Check()
			switch {
			case (err == nil) != (tc.says == ""), err != nil && !strings.Contains(err.Error(), tc.says):
				t.Errorf("it says %v, want %q", err, tc.says)
			case err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "MII")):
				t.Errorf("it gives the key away: %v", err)
			}
		})
	}
}

// The time that crypto/x509 puts into its sentence would make each try another condition.
func TestReasonOf_expiredCertificate(t *testing.T) {
	err := fmt.Errorf("dialing: %w", &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{
		Cert: &x509.Certificate{}, Reason: x509.Expired, Detail: "current time " + time.Now().String(),
	}})
	if got := unreachable("https://m1", err); got.Class != TLSFailed || !strings.Contains(got.Message, "has expired or is not valid yet") || strings.Contains(got.Message, "current time") {
		t.Errorf("it says %+v", got)
	}
}
