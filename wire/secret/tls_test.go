package secret

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"testing"
)

// shake runs a handshake and one byte from each side over a pipe; a side that fails closes its end.
func shake(t *testing.T, server, client *tls.Config) (serverErr, clientErr error) {
	t.Helper()
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- exchange(tls.Server(a, server), a) }()
	clientErr = exchange(tls.Client(b, client), b)
	return <-done, clientErr
}

// exchange writes and reads at once: in TLS 1.3 a client learns only by reading that it was refused.
func exchange(c *tls.Conn, raw net.Conn) error {
	defer raw.Close()
	if err := c.Handshake(); err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() {
		_, err := c.Write([]byte{1})
		written <- err
	}()
	var b [1]byte
	if _, err := c.Read(b[:]); err != nil {
		return err
	}
	if c.ConnectionState().Version != tls.VersionTLS13 {
		return errors.New("not TLS 1.3")
	}
	return <-written
}

func TestHandshake(t *testing.T) {
	cases := []struct {
		name           string
		server, client []string
		ok             bool
	}{
		{"same", []string{first}, []string{first}, true},
		{"different", []string{first}, []string{second}, false},
		{"rotation, first step", []string{first}, []string{first, second}, true},
		{"rotation, second step", []string{first, second}, []string{second, first}, true},
		{"rotation, last step", []string{second, first}, []string{second}, true},
		{"a step was skipped", []string{first}, []string{second, first}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, turned := range []bool{false, true} {
				s, cl := c.server, c.client
				if turned {
					s, cl = cl, s
				}
				server, _ := parse(t, s...).TLS()
				_, client := parse(t, cl...).TLS()
				serverErr, clientErr := shake(t, server, client)
				if ok := serverErr == nil && clientErr == nil; ok != c.ok {
					t.Fatalf("turned %v: server %v, client %v", turned, serverErr, clientErr)
				}
				if !c.ok && !errors.Is(serverErr, ErrStranger) && !errors.Is(clientErr, ErrStranger) {
					t.Fatalf("turned %v: nobody says why: server %v, client %v", turned, serverErr, clientErr)
				}
			}
		})
	}
}

// Whoever has no certificate, or one with a key of its own, stays outside even with verification off.
func TestStrangers(t *testing.T) {
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := selfSigned(other)
	if err != nil {
		t.Fatal(err)
	}
	stolen := parse(t, first).keys[0].certificate
	stolen.PrivateKey = other
	cases := []struct {
		name         string
		certificates []tls.Certificate
	}{
		{"no certificate", nil},
		{"own key", []tls.Certificate{forged}},
		{"our certificate without its key", []tls.Certificate{stolen}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			server, _ := parse(t, first).TLS()
			client := &tls.Config{InsecureSkipVerify: true, Certificates: c.certificates}
			if serverErr, _ := shake(t, server, client); serverErr == nil {
				t.Fatal("the server let a stranger in")
			}
			_, honest := parse(t, first).TLS()
			impostor := &tls.Config{Certificates: c.certificates, ClientAuth: tls.RequestClientCert}
			if _, clientErr := shake(t, impostor, honest); clientErr == nil {
				t.Fatal("the client trusted a stranger")
			}
		})
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	server, client := parse(t, first).TLS()
	client.MinVersion, client.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if serverErr, clientErr := shake(t, server, client); serverErr == nil || clientErr == nil {
		t.Fatalf("TLS 1.2 was taken: server %v, client %v", serverErr, clientErr)
	}
}
