package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// readmeCommands are the lines of the README that a shell would run: those that name a program of this repository or of Redis.
func readmeCommands(t *testing.T) []string {
	t.Helper()
	return readmeLines(t, "go ", "./troupe-node", "redis-cli", "JOIN=", "curl")
}

// readmeLines are the lines of the README, of those indented by four spaces, that begin in one of some ways.
func readmeLines(t *testing.T, begin ...string) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		line, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		line = strings.TrimPrefix(line, "$ ")
		if ok && slices.ContainsFunc(begin, func(b string) bool { return strings.HasPrefix(line, b) }) {
			out = append(out, line)
		}
	}
	return out
}

// Every command of the README is one that this test, or CI, runs as it stands there.
func TestReadmeCommands(t *testing.T) {
	tool(t, "redis-cli")
	dir := t.TempDir()
	run(t, "go", "build", "-o", filepath.Join(dir, "troupe-node"), ".")
	join := ""
	for _, cmd := range readmeCommands(t) {
		switch {
		case cmd == "go test ./...": // by CI
		case strings.HasPrefix(cmd, "go test ./"): // takes long: its flags are taken, and the test is there
			_, test, _ := strings.Cut(cmd, " -run ")
			test, _, _ = strings.Cut(test, " ")
			if out := shell(t, "../..", cmd+" -list "+test); !strings.Contains(out, test+"\n") {
				t.Errorf("%s: %s", cmd, out)
			}
		case strings.HasPrefix(cmd, "go run ./cmd/troupe-chaos"), strings.HasPrefix(cmd, "go run ./cmd/troupe-bench"),
			strings.HasPrefix(cmd, "go run ./cmd/troupe-sim"), strings.HasPrefix(cmd, "go run ./cmd/troupe-gateway"): // by CI, and by their own tests
		case cmd == "go build ./cmd/troupe-node": // above
		case strings.HasPrefix(cmd, "JOIN="):
			join = cmd + "; "
		case strings.Contains(cmd, "--new-secret"):
			shell(t, dir, cmd)
		case strings.Contains(cmd, "--secret-file"): // addresses of other machines: see TestReadmeOnOtherMachines
			out := shell(t, dir, cmd+" --version")
			if !strings.Contains(out, "troupe-node ") {
				t.Errorf("%s: %s", cmd, out)
			}
		case strings.HasPrefix(cmd, "curl"): // see TestReadmeOverHTTP
		case strings.HasPrefix(cmd, "redis-cli"):
			if out := shell(t, dir, cmd); strings.Contains(out, "rror") || strings.Contains(out, "efused") {
				t.Errorf("%s: %s", cmd, out)
			}
		default:
			start(t, dir, join+"exec "+strings.Replace(cmd, "go run ./cmd/troupe-node", "./troupe-node", 1), address(cmd))
		}
	}
}

// The curl lines of the README answer what stands below each.
func TestReadmeOverHTTP(t *testing.T) {
	tool(t, "curl")
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	n := cluster.StartT(t, cluster.Options{Nodes: 1}).Node(0)
	lines, ran := strings.Split(string(text), "\n"), 0
	for i, line := range lines {
		cmd, ok := strings.CutPrefix(line, "    $ curl")
		if !ok {
			continue
		}
		ran++
		got := shell(t, t.TempDir(), "curl"+strings.Replace(cmd, "127.0.0.1:8379", n.HTTP, 1))
		if want := strings.TrimSpace(lines[i+1]); got != want {
			t.Errorf("curl%s: %s, want %s", cmd, got, want)
		}
	}
	if ran == 0 {
		t.Error("the README has no curl line")
	}
}

// address is where the node of a command serves, or the first of a demo.
func address(cmd string) string {
	_, rest, ok := strings.Cut(cmd, "--listen ")
	if !ok {
		return "127.0.0.1:6379"
	}
	addr := strings.Fields(rest)[0]
	if strings.Contains(cmd, "--demo") {
		addr = strings.Replace(addr, ":6380", ":6381", 1)
	}
	return addr
}

func shell(t *testing.T, dir, cmd string) string {
	t.Helper()
	sh := exec.CommandContext(t.Context(), "sh", "-c", cmd)
	sh.Dir = dir
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// start runs a node until the test ends, or until a later command of the README takes its place, and waits
// for it to answer.
func start(t *testing.T, dir, cmd, addr string) {
	t.Helper()
	if stop := running[addr]; stop != nil {
		stop()
	}
	sh := exec.CommandContext(t.Context(), "sh", "-c", cmd)
	sh.Dir = dir
	if err := sh.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() { sh.Process.Kill(); sh.Wait(); delete(running, addr) }
	running[addr] = stop
	t.Cleanup(func() {
		if running[addr] != nil {
			stop()
		}
	})
	until(t, cmd, func() error {
		_, err := client.Ask(t.Context(), addr, patience, "PING")
		return err
	})
}

var running = map[string]func(){}

// INFO shows the log ahead of the commit index while a leader has no majority, and what is not committed is
// neither answered nor read.
func TestInfoShowsWhatIsNotCommitted(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Shards: 1})
	leader, err := c.LeaderOf(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, leader, "SET", "key", "committed")
	for _, n := range c.Nodes() {
		if n != leader {
			if err := n.Pause(); err != nil {
				t.Fatal(err)
			}
			defer n.Resume()
		}
	}
	answered := make(chan client.Reply, 1)
	go func() {
		r, _ := client.Ask(t.Context(), leader.Client, patience, "SET", "key", "uncommitted")
		answered <- r
	}()
	until(t, "an entry past the commit index", func() error {
		last, commit, applied := info(t, leader, 1, "last"), info(t, leader, 1, "commit"), info(t, leader, 1, "applied")
		if last == commit || commit != applied {
			return fmt.Errorf("last=%s,commit=%s,applied=%s", last, commit, applied)
		}
		return nil
	})
	reply, err := client.Ask(t.Context(), leader.Client, patience, "GET", "key")
	if err == nil && reply.Text == "uncommitted" {
		t.Fatal("an entry on one disk of three was read")
	}
	if r := <-answered; r.Text == "OK" {
		t.Fatal("a write on one disk of three was acknowledged")
	}
}
