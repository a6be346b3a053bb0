package agentapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Options say how masters and agents are reached. The zero value is what the masters say, without credentials.
type Options struct {
	// AgentURL is the URL of every agent: {id}, {hostname}, {ip} and {port} in it stand for what is known of the one that is meant.
	AgentURL string
	// CAFile has the certificates of the authorities to trust instead of the system's, in PEM.
	CAFile string
	// CertificateFile and KeyFile are what this client shows to those who want a certificate, in PEM.
	CertificateFile, KeyFile string
	// InsecureSkipVerify takes anybody for whom he says he is.
	InsecureSkipVerify bool
	// CredentialsFile has the principal and the secret for basic authentication, in one of the two forms of Mesos' flag --credential: JSON with principal and
	// secret, or both in a line with a space in between.
	CredentialsFile string
	// AllowInsecure lets the credentials go over plain HTTP.
	AllowInsecure bool
	// Timeout is how long an answer may take to begin. 0 is ten seconds.
	Timeout time.Duration
}

// Client reaches masters and agents.
type Client struct {
	http              *http.Client
	principal, secret string
	allowInsecure     bool
	pattern           string
	scheme            string // of agents of which nobody says it
}

const defaultTimeout = 10 * time.Second

// New reads the files that the options name.
func New(o Options) (*Client, error) {
	c := &Client{allowInsecure: o.AllowInsecure, pattern: o.AgentURL, scheme: "http"}
	if err := checkPattern(o.AgentURL); err != nil {
		return nil, err
	}
	config, err := o.tls()
	if err != nil {
		return nil, err
	}
	if o.CAFile != "" || o.CertificateFile != "" || o.InsecureSkipVerify {
		c.scheme = "https"
	}
	if o.CredentialsFile != "" {
		if c.principal, c.secret, err = readCredentials(o.CredentialsFile); err != nil {
			return nil, err
		}
	}
	timeout := o.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: timeout}).DialContext, TLSClientConfig: config, TLSHandshakeTimeout: timeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// tls is nil where nothing is said of it.
func (o Options) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.InsecureSkipVerify} //nolint:gosec // whoever asks for it says so
	if o.CAFile != "" {
		text, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the certificates to trust: %w", err)
		}
		if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("reading the certificates to trust: there is none in PEM in %s", o.CAFile)
		}
	}
	if (o.CertificateFile == "") != (o.KeyFile == "") {
		return nil, errors.New("a client certificate and its key belong together: give both")
	}
	if o.CertificateFile != "" {
		pair, err := tls.LoadX509KeyPair(o.CertificateFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// readCredentials reads a file as Mesos' --credential takes it. No error has what is in it.
func readCredentials(path string) (principal, secret string, err error) {
	text, err := os.ReadFile(path) //nolint:gosec // whoever runs it says which
	if err != nil {
		return "", "", fmt.Errorf("reading the credentials: %w", err)
	}
	var found struct{ Principal, Secret string }
	if json.Unmarshal(text, &found) == nil && found.Principal != "" {
		return found.Principal, found.Secret, nil
	}
	fields := strings.Fields(string(text))
	if len(fields) != 2 || strings.HasPrefix(fields[0], "{") {
		return "", "", fmt.Errorf(`reading the credentials: %s has neither {"principal": "...", "secret": "..."} nor a line with both and a space in between`, path)
	}
	return fields[0], fields[1], nil
}

// post sends a call and returns the answer once it begins; the caller closes its body.
func (c *Client) post(ctx context.Context, to string, header http.Header, body io.Reader) (*http.Response, error) {
	return c.send(ctx, http.MethodPost, to, header, body)
}

func (c *Client) send(ctx context.Context, method, to string, header http.Header, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return nil, fmt.Errorf("preparing a request: %w", err)
	}
	maps.Copy(request.Header, header)
	if c.principal != "" {
		if request.URL.Scheme != "https" && !c.allowInsecure {
			return nil, fmt.Errorf("the credentials are not sent to %s, as anybody in between could read them over plain HTTP; --mesos-allow-insecure sends them all the same", origin(request.URL))
		}
		request.SetBasicAuth(c.principal, c.secret)
	}
	return c.http.Do(request)
}

// origin is a URL without what is behind its host.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// call sends a call in JSON and reads the whole answer into out, unless that is nil.
func (c *Client) call(ctx context.Context, to string, call any, out any) error {
	text, err := json.Marshal(call)
	if err != nil {
		return fmt.Errorf("writing a call: %w", err)
	}
	answer, err := c.post(ctx, to, jsonBoth, bytes.NewReader(text)) //nolint:bodyclose // read closes it
	if err != nil {
		return err
	}
	return read(answer, out)
}

const typeJSON = "application/json"

var jsonBoth = http.Header{"Content-Type": {typeJSON}, "Accept": {typeJSON}}

// mostAnswered bounds an answer, in bytes: a master tells of all its agents at once.
const mostAnswered = 256 << 20

// read reads an answer in JSON; one that is not 200 is a StatusError.
func read(answer *http.Response, out any) error {
	defer func() { _ = answer.Body.Close() }() // it was only read
	if answer.StatusCode != http.StatusOK {
		return refusal(answer)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, mostAnswered)).Decode(out); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", origin(answer.Request.URL), err)
	}
	return nil
}

// StatusError is an answer other than 200.
type StatusError struct {
	// Where is the scheme and host of who answered.
	Where string
	// Status is the HTTP status, Text what came with it, cut to some length.
	Status int
	Text   string
}

func (e *StatusError) Error() string {
	said := ""
	if e.Text != "" {
		said = ": " + e.Text
	}
	switch e.Status {
	case http.StatusUnauthorized:
		return e.Where + " wants credentials, or others than these (401): name a file with them by --mesos-credentials-file"
	case http.StatusForbidden:
		return fmt.Sprintf("%s does not allow that to this principal (403)%s", e.Where, said)
	}
	return fmt.Sprintf("%s answered %d %s%s", e.Where, e.Status, http.StatusText(e.Status), said)
}

// refusal makes an error of an answer.
func refusal(answer *http.Response) error {
	const most = 1024
	text, _ := io.ReadAll(io.LimitReader(answer.Body, most)) // the status says enough
	return &StatusError{Where: origin(answer.Request.URL), Status: answer.StatusCode, Text: strings.TrimSpace(string(text))}
}

// IsNotFound says whether an agent answered that it has no such file or container.
func IsNotFound(err error) bool {
	status := (*StatusError)(nil)
	return errors.As(err, &status) && status.Status == http.StatusNotFound
}
