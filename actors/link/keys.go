package link

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/troupedb/troupe/wire/secret"
)

// keys are what connections are made with. A new secret replaces them as a whole.
type keys struct {
	secret         *secret.Secret
	server, client *tls.Config
}

func newKeys(s *secret.Secret) *keys {
	k := &keys{secret: s}
	k.server, k.client = s.TLS()
	return k
}

// ErrPlain refuses to give a secret to links that began without one, or to take it from them.
var ErrPlain = errors.New("links begin and end with a secret, or without one: that takes a restart")

// renew asks a sender for a connection by the new secret.
type renew struct{}

// SetSecret replaces the secret. Connections from now on are made with it. A connection to a peer that stands is
// replaced as soon as the peer takes the new one; no Down is told for that. Where the other side of a connection
// holds no secret that counts any more, it is closed. Any goroutine.
func (l *Links) SetSecret(s *secret.Secret) error {
	if s == nil || l.keys.Load() == nil {
		return ErrPlain
	}
	l.keys.Store(newKeys(s))
	for _, p := range l.all() {
		p.post(renew{})
		l.closeStranger(p.inbound.Load())
		l.closeStranger(p.files.Load())
	}
	return nil
}

// closeStranger is called when a secret is replaced, and for every new connection: a secret may have been
// replaced while it shook hands.
func (l *Links) closeStranger(c *conn) {
	if c != nil && !l.trusts(c) {
		c.kill()
	}
}

// trusts reports whether the other side has shown a secret that counts.
// REQUIRES: the handshake is over.
func (l *Links) trusts(c *conn) bool {
	k := l.keys.Load()
	if k == nil {
		return true
	}
	t, ok := c.Conn.(*tls.Conn)
	return ok && k.secret.Verify(t.ConnectionState()) == nil
}

// ErrRefusedSecret says what the alert means by which the other side ends a handshake.
var ErrRefusedSecret = errors.New("the other side does not accept this node's secret")

func explain(err error) error {
	var alert *net.OpError
	if errors.As(err, &alert) && alert.Op == "remote error" && strings.HasSuffix(alert.Err.Error(), "bad certificate") {
		return fmt.Errorf("%w (%v)", ErrRefusedSecret, alert.Err)
	}
	return err
}
