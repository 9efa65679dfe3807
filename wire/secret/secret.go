package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	// MinBytes is the least length of a secret. What NewSecret makes is 43 characters long.
	MinBytes = 32
	// maxBytes and maxSecrets bound the work that an accidental file (a log, an image) causes.
	maxBytes   = 4096
	maxSecrets = 16
)

// Errors of ParseSecret. ErrShort and ErrLong come wrapped with the number of the line.
var (
	ErrEmpty = errors.New("the secret is empty; make one with troupe-node --new-secret")
	ErrShort = fmt.Errorf("a secret needs at least %d random bytes; make one with troupe-node --new-secret", MinBytes)
	ErrLong  = fmt.Errorf("a secret has at most %d bytes", maxBytes)
	ErrMany  = fmt.Errorf("a secret file holds at most %d secrets", maxSecrets)
)

// Secret is a parsed secret file. It is immutable.
type Secret struct {
	keys []derived // current first, no two equal
}

// ParseSecret reads the content of a secret file, or of the environment variable that replaces it.
// Blank lines and white space around a line do not count.
func ParseSecret(file []byte) (*Secret, error) {
	lines, err := split(file)
	if err != nil {
		return nil, err
	}
	s := &Secret{}
	for _, line := range lines {
		d, err := derive(line)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, d)
	}
	return s, nil
}

// Len is how many secrets are accepted.
func (s *Secret) Len() int { return len(s.keys) }

func split(file []byte) ([][]byte, error) {
	var lines [][]byte
	number := 0
	for raw := range bytes.Lines(file) {
		number++
		line := bytes.TrimSpace(raw)
		if len(line) == 0 {
			continue
		}
		if err := check(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if slices.ContainsFunc(lines, func(seen []byte) bool { return bytes.Equal(seen, line) }) {
			continue
		}
		if lines = append(lines, line); len(lines) > maxSecrets {
			return nil, ErrMany
		}
	}
	if len(lines) == 0 {
		return nil, ErrEmpty
	}
	return lines, nil
}

func check(line []byte) error {
	switch {
	case len(line) < MinBytes:
		return ErrShort
	case len(line) > maxBytes:
		return ErrLong
	}
	return nil
}

// NewSecret makes a secret: one line of text that carries 32 random bytes, without a line end.
func NewSecret() string {
	var random [32]byte
	rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// Format writes a placeholder whatever the verb, so that no log line tells a secret.
func (s *Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "secret(hidden)") }
