package mesosbridge

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
)

// TLS is how a master that is reached over HTTPS proves who it is, and the framework to it. Its zero value trusts what the system trusts.
type TLS struct {
	// CA are the certificates, in PEM, of the authorities to trust instead of the system's; empty for those.
	CA string
	// Certificate and Key are the framework's own, in PEM; empty for none.
	Certificate string
	Key         Hidden
	// InsecureSkipVerify takes any master for what it says it is.
	InsecureSkipVerify bool
}

// errTLS says that the TLS settings cannot be used.
var errTLS = errors.New("TLS settings")

// Check says whether the access can be used: an error says what is wrong with its certificates.
func (a Access) Check() error {
	_, err := a.TLS.config()
	return err
}

// config returns the settings in the form that crypto/tls takes.
func (t TLS) config() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: t.InsecureSkipVerify, //nolint:gosec // the spec says so
	}
	if t.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, fmt.Errorf("%w: there is no certificate of an authority in PEM", errTLS)
		}
	}
	if t.Certificate != "" || t.Key != "" {
		pair, err := tls.X509KeyPair([]byte(t.Certificate), []byte(t.Key))
		if err != nil {
			return nil, fmt.Errorf("%w: reading the client certificate and its key: %w", errTLS, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// distrusted says whether a connection failed because one of its ends does not trust the other.
func distrusted(err error) bool {
	var (
		unverified *tls.CertificateVerificationError
		notTLS     tls.RecordHeaderError
		op         *net.OpError
	)
	return errors.Is(err, errTLS) || errors.As(err, &unverified) || errors.As(err, &notTLS) ||
		// What crypto/tls calls an alert from the other end.
		errors.As(err, &op) && op.Op == "remote error"
}

// unreachable says why no answer came from a master.
func unreachable(base string, err error) *Problem {
	if distrusted(err) {
		return &Problem{
			Class:   TLSFailed,
			Message: fmt.Sprintf("No trusted connection to %s can be made (%s); check spec.tls and the master's certificate.", base, reasonOf(err)),
		}
	}
	return &Problem{
		Class:   MasterUnreachable,
		Message: fmt.Sprintf("No Mesos master answers at %s (%s); check spec.masters.urls and the network.", base, reasonOf(err)),
	}
}
