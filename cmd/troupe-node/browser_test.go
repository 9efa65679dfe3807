package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// screenshots makes the directory where pictures of the page go, "" for nowhere. That it is asked for here, and not by
// the scripts, makes go test take no run into another directory for this one.
func screenshots(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TROUPE_SCREENSHOTS")
	if dir == "" {
		return ""
	}
	dir, err := filepath.Abs(dir) // the scripts run elsewhere
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

var pageKills = flag.Int("page.kills", 2, "leaders killed before the eyes of the page")

// @upstash/redis works as it comes from npm, also while a node is killed that leads some of the keys.
func TestUpstashClient(t *testing.T) {
	dir := npmInstall(t)
	c := cluster.StartT(t, cluster.Options{})
	spread(t, c)
	for _, n := range c.Nodes() {
		ask(t, n, "CONFIG", "SET", "requirepass", "secret")
	}
	runScript(t, c, dir, "upstash.mjs", "http://"+c.Node(1).HTTP, "http://"+c.Node(2).HTTP)
}

// The page shows in a browser what the cluster is, and what becomes of it when nodes are killed and one is added. What
// it measures is in the test's log; with TROUPE_SCREENSHOTS=DIR that is in DIR too, beside pictures of the page. As go
// test runs a test in its package's directory, a relative DIR is one there.
func TestPageInBrowser(t *testing.T) {
	browser := tool(t, "chromium")
	dir := npmInstall(t)
	c := cluster.StartT(t, cluster.Options{})
	runScript(t, c, dir, "page.mjs", browser, screenshots(t), fmt.Sprint(*pageKills))
}

// The page holds 64 shards on nine nodes with long names, on any screen.
func TestCrowdedPageInBrowser(t *testing.T) {
	browser := tool(t, "chromium")
	dir := npmInstall(t)
	c := cluster.StartT(t, cluster.Options{Nodes: 1})
	runScript(t, c, dir, "crowd.mjs", browser, screenshots(t))
}

// A script that says nothing for silence has come to a halt: the longest that any says nothing, on an idle machine, is some
// seconds.
const silence = 3 * time.Minute

var errSilent = fmt.Errorf("it said nothing for %v", silence)

// runScript runs a script of testdata in a directory with the packages that it needs, and does to the cluster what it
// asks for.
func runScript(t *testing.T, c *cluster.Cluster, dir, name string, args ...string) {
	t.Helper()
	node := tool(t, "node")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, node, append([]string{name}, args...)...)
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
	halt := time.AfterFunc(silence, func() { cancel(errSilent) })
	last := follow(t, c, out, in, halt)
	halt.Stop()
	if err := cmd.Wait(); err != nil || last != "done" {
		t.Errorf("%s ended with %v after %q (%v)", name, err, last, context.Cause(ctx))
	}
}

// follow reads what the script says, does what it asks for, and returns the last line. The timer runs while it waits for the
// script.
func follow(t *testing.T, c *cluster.Cluster, out io.Reader, in io.Writer, halt *time.Timer) (last string) {
	for lines := bufio.NewScanner(out); lines.Scan(); halt.Reset(silence) {
		halt.Stop()
		last = lines.Text()
		t.Log(last)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if do := asked(ctx, c, last); do != nil {
			begin := time.Now()
			if err := do(); err != nil {
				t.Error(err)
			}
			fmt.Fprintf(in, "%s\n", answer(c, begin))
		}
		cancel()
	}
	return last
}

// asked is what a line asks for; testdata/driver.mjs tells what there is.
func asked(ctx context.Context, c *cluster.Cluster, line string) func() error {
	what, name, _ := strings.Cut(line, " ")
	switch what {
	case "nodes":
		return func() error { return nil }
	case "add":
		return func() error { _, err := c.AddNode(ctx); return err }
	}
	for _, n := range c.Nodes() {
		switch {
		case n.Name != name:
		case what == "kill":
			return n.Kill9
		case what == "revive":
			return func() error { return n.Restart(ctx) }
		}
	}
	return nil
}

func answer(c *cluster.Cluster, begin time.Time) []byte {
	type node struct {
		Name   string `json:"name"`
		Client string `json:"client"`
		HTTP   string `json:"http"`
	}
	var nodes []node
	for _, n := range c.Nodes() {
		nodes = append(nodes, node{n.Name, n.Client, "http://" + n.HTTP})
	}
	text, _ := json.Marshal(map[string]any{"at": begin.UnixMilli(), "nodes": nodes}) // strings and a number
	return text
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
