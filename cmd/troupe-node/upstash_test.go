package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// upstashVersion is that of the client on npm.
const upstashVersion = "1.39.0"

// @upstash/redis works as it comes from npm, also while a node is killed that leads some of the keys.
func TestUpstashClient(t *testing.T) {
	node := tool(t, "node")
	dir := npmInstall(t, "@upstash/redis@"+upstashVersion)
	script, err := os.ReadFile("testdata/upstash.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "upstash.mjs"), script, 0o644); err != nil {
		t.Fatal(err)
	}
	c := cluster.StartT(t, cluster.Options{})
	for _, n := range c.Nodes() {
		ask(t, n, "CONFIG", "SET", "requirepass", "secret")
	}
	cmd := exec.CommandContext(t.Context(), node, "upstash.mjs", "http://"+c.Node(1).HTTP, "http://"+c.Node(2).HTTP)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := follow(t, c.Node(0), out, in)
	if err := cmd.Wait(); err != nil || last != "done" {
		t.Errorf("the client ended with %v after %q", err, last)
	}
}

// follow reads what the script says, kills a node when it asks for that, and returns the last line.
func follow(t *testing.T, victim *cluster.Node, out io.Reader, in io.Writer) (last string) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if last = lines.Text(); last != "kill" {
			continue
		}
		if err := victim.Kill9(); err != nil {
			t.Error(err)
		}
		fmt.Fprintln(in, "killed")
	}
	return last
}

// npmInstall installs a package into a directory of the test's.
func npmInstall(t *testing.T, pkg string) string {
	t.Helper()
	npm := tool(t, "npm")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private":true}`), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", pkg)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil && os.Getenv("TROUPE_TEST_TOOLS") == "1":
		t.Fatalf("npm: %v\n%s", err, out)
	case err != nil:
		t.Skipf("npm: %v", err)
	}
	return dir
}
