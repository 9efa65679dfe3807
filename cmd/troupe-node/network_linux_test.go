package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// ownNetwork takes the test to a host that has the given addresses and no others: what it starts and dials from
// its own goroutine is there.
func ownNetwork(t *testing.T, addrs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a network namespace takes root")
	}
	ip := tool(t, "ip")
	runtime.LockOSThread() // for good: the thread ends with the test
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespace: %v", err)
	}
	run(t, ip, "link", "set", "lo", "up")
	for _, a := range addrs {
		run(t, ip, "addr", "add", a+"/24", "dev", "lo")
	}
}

// process is a node that a test started by its flags.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	said bytes.Buffer
}

func startNode(t *testing.T, dir string, flags ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: cluster.NodeCommand(context.WithoutCancel(t.Context()), flags...)}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.stop()
		}
		if t.Failed() {
			t.Logf("%v said:\n%s", flags, p.said.Bytes())
		}
	})
	return p
}

// stop ends the node in good order, and returns what it has said.
func (p *process) stop() string {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("it ended with %v", err)
	}
	return p.said.String()
}

// redisCLI asks the node at host:port with a password.
func redisCLI(t *testing.T, addr, password string, args ...string) string {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	cmd := exec.CommandContext(t.Context(), tool(t, "redis-cli"), append([]string{"-c", "-h", host, "-p", port}, args...)...)
	cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+password)
	out, _ := cmd.CombinedOutput()
	return strings.TrimSpace(string(out))
}

func serves(t *testing.T, addr, password string) {
	t.Helper()
	until(t, addr+" serves", func() error {
		if out := redisCLI(t, addr, password, "CLUSTER", "INFO"); !strings.Contains(out, "cluster_state:ok") {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
}

// Without a secret a node serves clients wherever it is told to, but other nodes on loopback only, and says why.
func TestNoSecretNoOtherMachines(t *testing.T) {
	const addr = "10.77.0.1"
	ownNetwork(t, addr)
	for _, c := range []struct {
		name, at string
		flags    []string
	}{
		{"all addresses", addr, []string{"--listen", "0.0.0.0:2480"}},
		{"one address", addr, []string{"--listen", addr + ":2480"}},
		{"an address to advertise", "127.0.0.1", []string{"--listen", "127.0.0.1:2480", "--advertise", addr}},
		{"addresses for nodes", addr, []string{"--listen", addr + ":2480", "--peer", addr + ":12480", "--gossip", "0.0.0.0:22480"}},
	} {
		t.Log(c.name)
		n := startNode(t, t.TempDir(), append(c.flags, "--requirepass", "password")...)
		serves(t, c.at+":2480", "password")
		if slots := redisCLI(t, c.at+":2480", "password", "CLUSTER", "SLOTS"); !strings.Contains(slots, addr) {
			t.Errorf("clients are sent to %s", slots)
		}
		for _, port := range []string{":12480", ":22480"} {
			if conn, err := net.Dial("tcp", addr+port); err == nil {
				conn.Close()
				t.Errorf("%s is open to others", port)
			}
		}
		if said := n.stop(); !strings.Contains(said, "loopback only") || !strings.Contains(said, "--secret-file") {
			t.Errorf("it does not say why:\n%s", said)
		}
	}
}

// The README's line for more than one machine, on the first two of its three.
func TestReadmeOnOtherMachines(t *testing.T) {
	ownNetwork(t, "10.0.0.1", "10.0.0.2")
	line := ""
	for _, cmd := range readmeCommands(t) {
		if strings.Contains(cmd, "--secret-file") {
			line = strings.TrimPrefix(cmd, "./troupe-node ")
		}
	}
	dir := t.TempDir()
	_, secret := node(t, "--new-secret")
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	second := strings.Replace(line, "--data n1 --listen 10.0.0.1", "--data n2 --listen 10.0.0.2", 1)
	if second == line {
		t.Fatalf("the README has %q", line)
	}
	startNode(t, dir, strings.Fields(line)...)
	startNode(t, dir, strings.Fields(second)...)
	for _, addr := range []string{"10.0.0.1:6379", "10.0.0.2:6379"} {
		serves(t, addr, "PASSWORD")
		if nodes := redisCLI(t, addr, "PASSWORD", "CLUSTER", "NODES"); strings.Count(nodes, "\n") != 1 {
			t.Errorf("%s knows\n%s", addr, nodes)
		}
	}
	redisCLI(t, "10.0.0.1:6379", "PASSWORD", "SET", "key", "value")
	if got := redisCLI(t, "10.0.0.2:6379", "PASSWORD", "GET", "key"); got != "value" {
		t.Errorf("through the other node: %q", got)
	}
}
