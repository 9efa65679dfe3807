package secret

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Labels of the derived keys. A changed label is another cluster: they never change.
const (
	labelGossip   = "troupe gossip key v1"
	labelIdentity = "troupe peer identity v1"
)

// derived is all that comes out of one line of the file; the line itself is not kept.
type derived struct {
	gossip      []byte // 32 bytes: AES-256
	public      ed25519.PublicKey
	certificate tls.Certificate
}

func derive(line []byte) (derived, error) {
	gossip, err := hkdf.Key(sha256.New, line, nil, labelGossip, 32)
	if err != nil {
		return derived{}, fmt.Errorf("derive the gossip key: %w", err)
	}
	seed, err := hkdf.Key(sha256.New, line, nil, labelIdentity, ed25519.SeedSize)
	if err != nil {
		return derived{}, fmt.Errorf("derive the peer identity: %w", err)
	}
	private := ed25519.NewKeyFromSeed(seed)
	certificate, err := selfSigned(private)
	if err != nil {
		return derived{}, err
	}
	return derived{gossip, private.Public().(ed25519.PublicKey), certificate}, nil
}

// selfSigned wraps the key in the least certificate that TLS takes. Its dates span all that X.509 can say.
func selfSigned(private ed25519.PrivateKey) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make the peer certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, nil
}

// GossipKeys returns a 32-byte key per secret, the one to encrypt with first. The slices are copies.
func (s *Secret) GossipKeys() [][]byte {
	keys := make([][]byte, len(s.keys))
	for i, k := range s.keys {
		keys[i] = slices.Clone(k.gossip)
	}
	return keys
}
