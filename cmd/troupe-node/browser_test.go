package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// @upstash/redis works as it comes from npm, also while a node is killed that leads some of the keys.
func TestUpstashClient(t *testing.T) {
	dir := npmInstall(t)
	c := cluster.StartT(t, cluster.Options{})
	for _, n := range c.Nodes() {
		ask(t, n, "CONFIG", "SET", "requirepass", "secret")
	}
	runScript(t, c.Node(0), dir, "upstash.mjs", "http://"+c.Node(1).HTTP, "http://"+c.Node(2).HTTP)
}

// The page shows in a browser what the cluster is, and what becomes of it when a node is killed.
func TestPageInBrowser(t *testing.T) {
	browser := tool(t, "chromium")
	dir := npmInstall(t)
	c := cluster.StartT(t, cluster.Options{})
	runScript(t, c.Node(1), dir, "page.mjs", "http://"+c.Node(0).HTTP, browser)
}

// runScript runs a script of testdata in a directory with the packages that it needs, and kills and starts the victim
// when it asks for that.
func runScript(t *testing.T, victim *cluster.Node, dir, name string, args ...string) {
	t.Helper()
	node := tool(t, "node")
	cmd := exec.CommandContext(t.Context(), node, append([]string{name}, args...)...)
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
	last := follow(t, victim, out, in)
	if err := cmd.Wait(); err != nil || last != "done" {
		t.Errorf("%s ended with %v after %q", name, err, last)
	}
}

// follow reads what the script says, does to a node what it asks for, and returns the last line.
func follow(t *testing.T, victim *cluster.Node, out io.Reader, in io.Writer) (last string) {
	asked := map[string]func() error{
		"kill":   victim.Kill9,
		"revive": func() error { return victim.Restart(t.Context()) },
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		last = lines.Text()
		do := asked[last]
		if do == nil {
			continue
		}
		if err := do(); err != nil {
			t.Error(err)
		}
		fmt.Fprintln(in, "done")
	}
	return last
}

// npmInstall makes a directory of the test's with the scripts of testdata and the packages of its lock file.
func npmInstall(t *testing.T) string {
	t.Helper()
	npm := tool(t, "npm")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
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
