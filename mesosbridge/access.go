package mesosbridge

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Access is how masters may be reached, and what proves to them whose framework this is.
type Access struct {
	// Credentials go with every call; nil for none.
	Credentials *Credentials
	// AllowInsecure lets the credentials go over plain HTTP.
	AllowInsecure bool
	// HTTPS has the masters that ZooKeeper names reached so; those of Config.Masters have it in their URLs.
	HTTPS bool
	// TLS is for masters that are reached over HTTPS.
	TLS TLS
}

// Credentials are what basic authentication takes (docs/authentication.md).
type Credentials struct {
	Principal string
	Secret    Hidden
}

// Hidden is a secret.
type Hidden = mesos.Hidden

// withheld says why the credentials must not be sent to a master; nil where they may be, or there are none. Named are the URLs that the
// configuration has: a master that is not among them may be anybody's, whoever sent the framework there.
func (a Access) withheld(base string, named []string) *Problem {
	if a.Credentials == nil {
		return nil
	}
	scheme, host := endpointOf(base)
	switch {
	case scheme != "https" && !a.AllowInsecure:
		return &Problem{
			Class:   CredentialsWithheld,
			Message: base + " is reached over plain HTTP, where anybody may read the framework's credentials: use https, or set spec.allowInsecure.",
		}
	case !namesHost(named, host):
		return &Problem{
			Class: CredentialsWithheld,
			Message: fmt.Sprintf("The framework was sent on to %s, which neither the spec nor its ZooKeeper names, and gives it no credentials; "+
				"add it to spec.masters.urls if it is a master.", base),
		}
	default:
		return nil
	}
}

// namesHost says whether one of the URLs has the host and port.
func namesHost(urls []string, host string) bool {
	for _, named := range urls {
		if _, other := endpointOf(named); other == host {
			return true
		}
	}
	return false
}

// endpointOf returns a URL's scheme and its host with the port, in the form in which two can be compared.
func endpointOf(base string) (scheme, host string) {
	u, err := url.Parse(base)
	if err != nil {
		return "", ""
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return u.Scheme, net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// line is what calls to one master go through.
type line struct {
	base   string
	client *http.Client
	// err says why there is no client.
	err error
	// authorization is the header of that name; empty for none.
	authorization string
	// access is the number of the access that it was made with.
	access int
}

// send sends a request.
func (l *line) send(request *http.Request) (*http.Response, error) {
	if l.err != nil {
		return nil, l.err
	}
	if l.authorization != "" {
		request.Header.Set("Authorization", l.authorization)
	}
	return l.client.Do(request)
}

// lineOf returns the line to the term's master. It is another one once the access has changed, or where calls go: the stream goes on as it is,
// and every later call is made with what is valid now.
func (b *Bridge) lineOf(t *term) *line {
	b.mu.Lock()
	defer b.mu.Unlock()
	base := t.base
	if t.direct != "" {
		base = t.direct
	}
	if t.line != nil && t.line.access == b.access && t.line.base == base {
		return t.line
	}
	t.hangUp()
	t.line = &line{base: base, access: b.access}
	config, err := b.config.Access.TLS.config()
	if err != nil {
		t.line.err = err
		return t.line
	}
	t.line.client = b.newClient(config)
	if c := b.config.Access.Credentials; c != nil && b.config.Access.withheld(base, b.named()) == nil {
		t.line.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Principal+":"+string(c.Secret)))
	}
	return t.line
}

// withheldAt says why a master must not have the credentials.
func (b *Bridge) withheldAt(base string) *Problem {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.config.Access.withheld(base, b.named())
}

// dial turns the term to another master.
func (b *Bridge) dial(t *term, base string) {
	b.hangUp(t)
	t.base = base
}

// hangUp ends the term's line.
func (b *Bridge) hangUp(t *term) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t.hangUp()
}

// hangUp closes the connections that nobody uses, and forgets the line. The caller holds the bridge's lock.
func (t *term) hangUp() {
	if t.line != nil && t.line.client != nil {
		t.line.client.CloseIdleConnections()
	}
	t.line = nil
}

// noteUnauthorized records that a master wants other credentials.
func (b *Bridge) noteUnauthorized() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connection.UnauthorizedAt = time.Now()
}

// credentialsRefused records that a call was refused for its credentials, and has the listener look.
func (b *Bridge) credentialsRefused() {
	b.noteUnauthorized()
	b.listener.ConnectionChanged()
}
