package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/daemon"
)

func TestMain(m *testing.M) {
	cluster.MaybeRunNode(daemon.Main)
	if len(os.Args) > 1 && os.Args[1] == "__main" {
		os.Exit(run(os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestARealClusterKeepsItsPromises is the program on real nodes, for some seconds.
func TestARealClusterKeepsItsPromises(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	var out, errs bytes.Buffer
	dir := filepath.Join(t.TempDir(), "run")
	code := run([]string{"--duration", "7s", "--clients", "2", "--dir", dir}, &out, &errs)
	t.Logf("%s%s", &out, &errs)
	if code != 0 || !strings.Contains(out.String(), "verdict            ok") {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(dir); code == 0 && err == nil {
		t.Error("the directory is still there")
	}
}

// TestCtrlCLeavesNothingBehind interrupts a run, and looks for its nodes.
func TestCtrlCLeavesNothingBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(os.Args[0], "__main", "--duration", "1h", "--clients", "1", "--dir", dir)
	if code := cluster.InterruptAt(t, cmd, "ops/s"); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory is still there")
	}
	if left := cluster.ProcessesWith(t, dir); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
}

// TestScripts plays short scripts on real nodes: cuts over both kinds of network, and bad disks where they can be had.
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	for name, c := range map[string]struct {
		network, text string
		can           bool
	}{
		"packets": {"packets", "at 1s isolate leader of shard 1 for 2s\nat 4s restart all", here().Network && os.Geteuid() == 0},
		"relays":  {"relays", "at 1s isolate leader of shard 1 for 2s\nat 4s pause leader of shard 2 for 500ms", here().Network},
		"disks":   {"auto", "at 1s break disk of leader of shard 1 for 500ms\nat 4s wipe disk of n3 for 100ms", here().Disks},
	} {
		t.Run(name, func(t *testing.T) {
			if !c.can {
				t.Skip("not on this machine")
			}
			dir := t.TempDir()
			file, page := filepath.Join(dir, "test.chaos"), filepath.Join(dir, "out.html")
			if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			code := run([]string{"--script", file, "--network", c.network, "--duration=6s", "--clients=2", "--shards=2", "--report", page}, &out, &errs)
			t.Logf("%s%s", &out, &errs)
			if text, err := os.ReadFile(page); code != 0 || err != nil || !bytes.Contains(text, []byte("nothing was violated")) {
				t.Errorf("exit code %d, report %v", code, err)
			}
		})
	}
}

// TestAHuntGoesOn interrupts nothing, but asks for more seeds the second time.
func TestAHuntGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	dir := filepath.Join(t.TempDir(), "hunt")
	for i, want := range []string{"1 histories", "2 histories"} {
		var out, errs bytes.Buffer
		code := run([]string{"--hunt", dir, "--seeds", fmt.Sprint("1-", i+1), "--duration=4s", "--clients=2"}, &out, &errs)
		if code != 0 || !strings.Contains(out.String(), "\n"+want) || strings.Count(out.String(), "\nseed ") > 1 {
			t.Errorf("exit code %d, %s%s", code, &out, &errs)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, journal)); err != nil || bytes.Count(text, []byte("\n")) != 2 {
		t.Errorf("%v: %s", err, text)
	}
}
