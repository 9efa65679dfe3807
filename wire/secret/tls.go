package secret

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
)

// ErrStranger is what a TLS handshake fails with on the side that finds the other's key unknown. The
// refused side sees a "bad certificate" alert.
var ErrStranger = errors.New("the other side does not hold this cluster's secret")

// TLS returns the configurations of both ends of a link between nodes: TLS 1.3 only, both sides
// authenticated by the derived key. They are fresh copies and may be changed.
func (s *Secret) TLS() (server, client *tls.Config) {
	return s.config(), s.config()
}

func (s *Secret) config() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{s.keys[0].certificate},
		ClientAuth:   tls.RequireAnyClientCert,
		// There is no authority and no name to verify: Verify compares keys, on both ends, instead.
		InsecureSkipVerify: true,
		VerifyConnection:   s.Verify,
		// A resumed session would outlive the secret that it was begun with.
		SessionTicketsDisabled: true,
	}
}

// Verify accepts the holder of any of the secrets; TLS has proved that the key is the other side's own. The error
// is ErrStranger.
func (s *Secret) Verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return ErrStranger
	}
	theirs, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return ErrStranger
	}
	for _, k := range s.keys {
		if k.public.Equal(theirs) {
			return nil
		}
	}
	return ErrStranger
}
