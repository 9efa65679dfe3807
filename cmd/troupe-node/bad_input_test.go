package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// Whatever arrives on any of the four ports, the node goes on serving, and closes what it can't use.
func TestGarbageOnEveryPort(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Nodes: 1})
	n := c.Node(0)
	noise := make([]byte, 64<<10)
	rand.Read(noise)
	huge := binary.BigEndian.AppendUint32([]byte("TROUPE1\n"), 0xffffffff)
	inputs := map[string][]byte{
		"noise": noise, "nothing": nil, "zeros": make([]byte, 4096), "huge frame": huge,
		"http": []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "half request": []byte("*2\r\n$3\r\nGE"),
		"huge bulk": []byte("*1\r\n$9223372036854775807\r\nabc\r\n"), "huge array": []byte("*9223372036854775807\r\n$1\r\na\r\n"),
		"negative": []byte("*-9\r\n$-9\r\n"), "half http": []byte("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nx"),
		"tls": {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3}, "long line": bytes.Repeat([]byte("a"), 200<<10),
	}
	ask(t, n, "SET", "before", "1")
	for name, in := range inputs {
		for port, addr := range map[string]string{"client": n.Client, "peer": n.Peer, "gossip": n.Gossip, "http": n.HTTP} {
			t.Run(port+"/"+name, func(t *testing.T) {
				throw(t, addr, in)
				if port == "gossip" {
					datagram(t, addr, in)
				}
				if got := ask(t, n, "GET", "before"); got != "1" {
					t.Fatalf("after it GET answers %q", got)
				}
			})
		}
	}
	if crashes := c.Crashes(); len(crashes) > 0 {
		t.Fatalf("the node ended: %v", crashes)
	}
}

// throw sends input on a connection, half-closes it and reads whatever comes until the other side ends.
func throw(t *testing.T, addr string, in []byte) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write(in); err != nil {
		return // closed on us already
	}
	conn.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, io.LimitReader(conn, 1<<20))
}

func datagram(t *testing.T, addr string, in []byte) {
	conn, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if len(in) > 0 {
		conn.Write(in[:min(len(in), 1400)])
	}
}

// A client that sends a request for ever is cut off at the limit of its size; others do not notice.
func TestNeverEndingRequest(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Nodes: 1})
	n := c.Node(0)
	conn, err := net.Dial("tcp", n.Client)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(deadline())
	if _, err := conn.Write([]byte("*1000000\r\n")); err != nil {
		t.Fatal(err)
	}
	arg := append([]byte("$1048576\r\n"), append(bytes.Repeat([]byte("x"), 1<<20), "\r\n"...)...)
	sent := 0
	for sent < 256<<20 {
		k, err := conn.Write(arg)
		sent += k
		if err != nil {
			break
		}
	}
	if sent >= 256<<20 {
		t.Fatal("256 MiB of one request were taken")
	}
	ask(t, n, "SET", "k", "v")
}

// node runs a node with these flags to its end and returns its exit code and what it printed.
func node(t *testing.T, args ...string) (int, string) {
	t.Helper()
	cmd := cluster.NodeCommand(t.Context(), args...)
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

// flagsOf are the addresses and the data directory of a node, for another process in its place.
func flagsOf(n *cluster.Node, data string) []string {
	return []string{"--data", data, "--listen", n.Client, "--peer", n.Peer, "--gossip", n.Gossip, "--http", n.HTTP, "--log-level", "error"}
}

func oneLine(t *testing.T, out string, words ...string) {
	t.Helper()
	if lines := strings.Count(strings.TrimSpace(out), "\n") + 1; lines != 1 {
		t.Errorf("%d lines instead of one:\n%s", lines, out)
	}
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("the line does not say %q: %s", w, out)
		}
	}
}

func TestSecondProcessOnTheSameData(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Nodes: 2, Replicas: 1})
	kill(t, c.Node(1)) // its ports are free now
	code, out := node(t, flagsOf(c.Node(1), c.Node(0).DataDir())...)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	oneLine(t, out, "another process", c.Node(0).DataDir())
	ask(t, c.Node(0), "PING")
}

func TestBadFlags(t *testing.T) {
	for _, c := range []struct {
		flags []string
		says  string
	}{
		{[]string{"--replicas", "2"}, "odd"},
		{[]string{"--no-such-flag"}, "--no-such-flag"},
		{[]string{"--listen", "nowhere"}, "HOST:PORT"},
		{[]string{"--listen", "127.0.0.1:60000"}, "up to 45535"},
		{[]string{"--listen", "127.0.0.1:45533", "--demo", "3"}, "up to 45532"},
		{[]string{"--min-free", "lots"}, "256MiB"},
		{[]string{"--fsync", "maybe"}, "always"},
		{[]string{"--join", "x"}, "HOST:PORT"},
		{[]string{"--advertise", "example.org"}, "IP address"},
		{[]string{"--shards", "0"}, "1024"},
	} {
		code, out := node(t, c.flags...)
		if code != 2 {
			t.Errorf("%v: exit code %d", c.flags, code)
		}
		oneLine(t, out, c.says)
	}
}

// A secret in the environment is blamed under its own name; what an image says of its version is no flag.
func TestEnvironment(t *testing.T) {
	for _, env := range []string{"TROUPE_SECRET=short", "TROUPE_SECRET=short TROUPE_VERSION=1.2.3 TROUPE_NEW_SECRET=yes"} {
		cmd := cluster.NodeCommand(t.Context(), "--data", t.TempDir())
		cmd.Env = append(cmd.Env, strings.Fields(env)...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 2 {
			t.Errorf("%s: exit code %d", env, code)
		}
		oneLine(t, string(out), "TROUPE_SECRET: ")
	}
}

func TestAddressInUse(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Nodes: 1})
	code, out := node(t, flagsOf(c.Node(0), t.TempDir())...)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	oneLine(t, out, "--listen", c.Node(0).Client)
}

// A flipped byte in the log is found at start; the node does not serve, and says what to do. Rebuilt as it
// says, it is given everything again by its peers.
func TestFlippedByteInTheLog(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	l := startLoad(t, c, "flip")
	l.more(t, 2000)
	n := c.Node(1)
	kill(t, n)
	flip(t, n.DataDir())
	err := n.Restart(t.Context())
	tail := n.LogTail(3)
	if err == nil && n.Alive() {
		t.Fatalf("a node with a damaged log serves; its log ends: %s", tail)
	}
	for _, w := range []string{"rebuilt", "--join"} {
		if !strings.Contains(tail, w) {
			t.Errorf("the last lines do not say %q: %s", w, tail)
		}
	}
	if err := n.Wipe(); err != nil {
		t.Fatal(err)
	}
	restart(t, n)
	wholeAgain(t, c)
	l.check(t)
}

// flip damages the middle of the log's last segment.
func flip(t *testing.T, dir string) {
	t.Helper()
	var newest string
	var log []byte
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".segment") || filepath.Base(path) < filepath.Base(newest) {
			return err
		}
		data, err := os.ReadFile(path)
		if end := len(bytes.TrimRight(data, "\x00")); end > 0 { // else it is made ready for the next
			newest, log = path, data[:end]
		}
		return err
	})
	if err != nil || len(log) < 100 {
		t.Fatalf("no log below %s: %v", dir, err)
	}
	f, err := os.OpenFile(newest, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	middle := len(log) / 2
	_, err = f.WriteAt([]byte{log[middle] ^ 0x40}, int64(middle))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// A data directory of another cluster: its node is refused, and both clusters go on.
func TestDataDirectoryOfAnotherCluster(t *testing.T) {
	a := cluster.StartT(t, cluster.Options{})
	b := cluster.StartT(t, cluster.Options{Nodes: 1})
	ask(t, b.Node(0), "SET", "mine", "b")
	kill(t, b.Node(0))
	kill(t, a.Node(2))
	proc := cluster.NodeCommand(t.Context(), append(flagsOf(a.Node(2), b.Node(0).DataDir()), "--join", a.Node(0).Gossip)...)
	if err := proc.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { proc.Process.Kill(); proc.Wait() }()
	stranger := a.Node(2).Client
	until(t, "the stranger serves its own data", func() error {
		r, err := client.Ask(t.Context(), stranger, time.Second, "GET", "mine")
		if err == nil && r.Text != "b" {
			err = fmt.Errorf("%q %s", r.Text, r.Err())
		}
		return err
	})
	for _, n := range a.Nodes()[:2] {
		if nodes := ask(t, n, "CLUSTER", "NODES"); strings.Contains(nodes, askID(t, stranger)) {
			t.Errorf("%s took a node of another cluster in:\n%s", n.Name, nodes)
		}
	}
	l := startLoadAt(t, []string{a.Node(0).Client, a.Node(1).Client}, "two")
	l.more(t, 100)
	l.check(t)
}

func askID(t *testing.T, addr string) string {
	t.Helper()
	r, err := client.Ask(t.Context(), addr, patience, "CLUSTER", "MYID")
	if err != nil {
		t.Fatal(err)
	}
	return r.Text
}
