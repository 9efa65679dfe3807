package gossip

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"
	"sync/atomic"
)

// Types of memberlist's messages, of those that come on streams here.
const (
	pingMsg     = 0
	ackRespMsg  = 2
	pushPullMsg = 6
	userMsg     = 8
	encryptMsg  = 10
	errMsg      = 13
	hasLabel    = 244
)

const (
	label         = "troupe" // of every packet and stream
	encryptedHead = 5        // type and length
	noPadding     = 1        // version of the encryption; the older one can make memberlist panic
)

// gate looks at what arrives before memberlist does, which allocates by lengths
// that a stream claims.
type gate struct{ keys atomic.Pointer[[]cipher.AEAD] }

func newGate(keys [][]byte) (*gate, error) {
	g := &gate{}
	return g, g.setKeys(keys)
}

// setKeys replaces the keys of which each opens a stream.
func (g *gate) setKeys(keys [][]byte) error {
	aeads := make([]cipher.AEAD, len(keys))
	for i, k := range keys {
		block, err := aes.NewCipher(k)
		if err != nil {
			return fmt.Errorf("keys: %w", err)
		}
		if aeads[i], err = cipher.NewGCM(block); err != nil {
			return fmt.Errorf("keys: %w", err)
		}
	}
	g.keys.Store(&aeads)
	return nil
}

func (g *gate) open() bool { return len(*g.keys.Load()) == 0 }

// stream reads a whole message and returns all that it read, if memberlist may
// have it. Who dials puts the label in front, who answers does not.
func (g *gate) stream(src io.Reader, labelled bool) ([]byte, error) {
	s := &skim{src: src}
	if labelled && (s.byte() != hasLabel || s.byte() != byte(len(label)) || string(s.take(len(label))) != label) {
		s.fail(fmt.Errorf("%w: without its label", errStream))
	}
	if g.open() {
		s.message()
		return s.buf, s.err
	}
	return s.buf, g.encrypted(s)
}

// otherSecret is what the log knows streams by that no key opens.
const otherSecret = "encrypted with another secret"

// encrypted skims what only a holder of a key can have sent.
func (g *gate) encrypted(s *skim) error {
	from := s.pos
	if s.byte() != encryptMsg {
		s.fail(fmt.Errorf("%w: not encrypted", errStream))
	}
	s.take(bounded(s, map[string]uint64{"length": s.number(4)}, "length", maxStream))
	if s.err != nil {
		return s.err
	}
	head, body := s.buf[from:from+encryptedHead], s.buf[from+encryptedHead:s.pos]
	inner := skim{buf: g.decrypt(head, body)}
	if inner.buf == nil {
		return fmt.Errorf("%w: %s", errStream, otherSecret)
	}
	inner.message()
	return inner.err
}

// decrypt opens a stream's body; nil: it cannot.
func (g *gate) decrypt(head, body []byte) []byte {
	keys := *g.keys.Load()
	nonce := keys[0].NonceSize()
	if len(body) <= 1+nonce || body[0] != noPadding {
		return nil
	}
	known := append(append([]byte(nil), head...), label...)
	for _, k := range keys {
		if plain, err := k.Open(nil, body[1:1+nonce], body[1+nonce:], known); err == nil {
			return plain
		}
	}
	return nil
}

// packet tells whether memberlist may have a packet. Its lengths are those of
// what is there; only the older encryption is not safe.
func (g *gate) packet(b []byte) bool {
	const head = 2 + len(label)
	return g.open() || len(b) > head && b[head] == noPadding
}
