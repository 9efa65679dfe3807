package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/wire/secret"
)

// secretive starts nodes that have a secret file of their own each.
type secretive struct {
	cluster.Troupe
	first string
}

func (s secretive) Command(n *cluster.Node) ([]string, error) {
	argv, err := s.Troupe.Command(n)
	if _, missing := os.Stat(secretFile(n)); err == nil && missing != nil {
		err = os.WriteFile(secretFile(n), []byte(s.first), 0o600)
	}
	return append(argv, "--secret-file", secretFile(n)), err
}

func secretFile(n *cluster.Node) string { return filepath.Join(n.Dir, "secret") }

func setSecret(t *testing.T, n *cluster.Node, secrets ...string) {
	t.Helper()
	if err := os.WriteFile(secretFile(n), []byte(strings.Join(secrets, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// reread has a running node read its secret file again, and waits until it has.
func reread(t *testing.T, n *cluster.Node) {
	t.Helper()
	before := logged(t, n, "the secret file is read again")
	if err := n.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	until(t, n.Name+" reads its secret", func() error {
		if logged(t, n, "the secret file is read again") == before {
			return fmt.Errorf("log ends in %s", n.LogTail(3))
		}
		return nil
	})
}

func logged(t *testing.T, n *cluster.Node, line string) int {
	t.Helper()
	text, err := os.ReadFile(n.LogPath())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), line)
}

// Three nodes change their secret under load, by a signal and then by restarts: writes go on, none is lost, and
// the old secret opens nothing afterwards.
func TestSecretRotation(t *testing.T) {
	a, b, c := secret.NewSecret(), secret.NewSecret(), secret.NewSecret()
	cl := cluster.StartT(t, cluster.Options{System: secretive{first: a}})
	l := startLoad(t, cl, "secret")
	l.more(t, 100)
	rotate := func(take func(*testing.T, *cluster.Node), before, after string) {
		for _, step := range [][]string{{before, after}, {after, before}, {after}} {
			for _, n := range cl.Nodes() {
				setSecret(t, n, step...)
				take(t, n)
				l.more(t, 100)
			}
			wholeAgain(t, cl)
		}
	}
	rotate(reread, a, b)
	rotate(func(t *testing.T, n *cluster.Node) {
		if err := n.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		restart(t, n)
		wholeAgain(t, cl)
	}, b, c)
	leftBehind(t, cl, l, a, c)
	l.check(t)
}

// leftBehind has a node come back with a secret of the past. Both sides say why it is kept out, the others go on
// without it, and it is let in once it has the right one.
func leftBehind(t *testing.T, c *cluster.Cluster, l *load, old, current string) {
	n := c.Node(2)
	kill(t, n)
	setSecret(t, n, old)
	restart(t, n)
	l.more(t, 100)
	for _, side := range c.Nodes() {
		until(t, side.Name+" says why", func() error {
			if logged(t, side, "does not accept this node's secret")+logged(t, side, "does not hold this cluster's secret") == 0 {
				return fmt.Errorf("log ends in %s", side.LogTail(5))
			}
			return nil
		})
	}
	setSecret(t, n, current)
	reread(t, n)
	wholeAgain(t, c)
}

// A node without data that holds another secret joins nothing, says what is wrong, and is let in when its
// secret is.
func TestStrangerIsToldWhy(t *testing.T) {
	right, wrong := secret.NewSecret(), secret.NewSecret()
	c := cluster.StartT(t, cluster.Options{System: secretive{first: right}})
	n := c.Node(2)
	kill(t, n)
	if err := n.Wipe(); err != nil {
		t.Fatal(err)
	}
	setSecret(t, n, wrong)
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	says := func(side *cluster.Node, words string) {
		t.Helper()
		until(t, side.Name+" says why", func() error {
			if logged(t, side, words) == 0 {
				return fmt.Errorf("log ends in %s", side.LogTail(5))
			}
			return nil
		})
	}
	says(n, c.Node(0).Gossip+" listens but does not answer: is it busy, or has it another secret?")
	says(c.Node(0), "gossip of one that does not hold this cluster's secret is dropped")
	setSecret(t, n, right)
	reread(t, n)
	wholeAgain(t, c)
}
