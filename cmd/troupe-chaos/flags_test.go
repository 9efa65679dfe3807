package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/script"
)

func parsed(t *testing.T, args ...string) flags {
	t.Helper()
	var out bytes.Buffer
	f, done, err := parse(args, &out, &out)
	if err != nil || done {
		t.Fatalf("%v: %v", args, err)
	}
	return f
}

func planned(t *testing.T, args ...string) plan {
	t.Helper()
	f := parsed(t, args...)
	p, err := f.plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFlagsOverrideTheScript(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.chaos")
	if err := os.WriteFile(file, []byte("nodes 5\nshards 2\nclients 3\nlength 9s\nwait 1\ntarget redis-cluster\nat 1s kill n1"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := planned(t, "--script", file)
	p.script, p.seed = nil, 0
	if want := (plan{nil, "redis-cluster", 0, 9 * time.Second, 5, 2, 3, 1, 0, ""}); p != want {
		t.Errorf("the script asks for %+v", p)
	}
	t.Setenv("TROUPE_CLIENTS", "5")
	p = planned(t, "--script", file, "--nodes=4", "--shards=7", "--duration=3s", "--wait=2", "--rate=900", "--target=troupe", "--seed=8")
	p.script = nil
	if want := (plan{nil, "troupe", 8, 3 * time.Second, 4, 7, 5, 2, 900, ""}); p != want {
		t.Errorf("the flags ask for %+v", p)
	}
}

func TestDefaults(t *testing.T) {
	p := planned(t)
	if p.script.Name != "kill-leaders" || p.target != troupe || p.nodes != 3 || p.shards != 6 || p.duration != time.Minute || p.seed == 0 {
		t.Errorf("%+v", p)
	}
}

func TestOptions(t *testing.T) {
	f, screen := parsed(t, "--node-flag=--a=1,2", "--node-flag=--b", "--network=relays"), &console{}
	p := plan{script: script.Random(1, time.Minute, 3, script.Can{}), target: troupe, nodes: 3}
	if o := f.options(p, screen); o.Nodes != 3 || o.System != nil || o.Network != "" || o.Disks || strings.Join(o.Flags, " ") != "--a=1,2 --b" {
		t.Errorf("%+v", o)
	}
	p.script, p.target = script.Random(1, time.Minute, 3, script.Can{Network: true, Disks: true}), redisCluster
	if o := f.options(p, screen); o.Nodes != 6 || o.System == nil || o.Network != "relays" || !o.Disks || o.Flags != nil {
		t.Errorf("%+v", o)
	}
}

func TestBadFlagsAreOneLineAndExitCode2(t *testing.T) {
	for _, args := range [][]string{
		{"--nodes", "-1"}, {"--nodes", "99"}, {"--shards", "-1"}, {"--duration", "-1s"}, {"--duration", "x"}, {"--wait", "17"},
		{"--clients", "1001"}, {"--rate", "-1"}, {"--node-timeout", "-1s"}, {"--target", "etcd"}, {"--network", "strings"}, {"--seeds", "9-1"}, {"--seeds", "x"}, {"--no-such-flag"}, {"positional"},
	} {
		var out, errs bytes.Buffer
		code := run(args, &out, &errs)
		if code != exitUsage || strings.Count(errs.String(), "\n") != 1 || out.Len() != 0 {
			t.Errorf("%v: exit code %d, %q, %q", args, code, &errs, &out)
		}
	}
}

func TestNoSuchScript(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"--script", "no-such"}, &out, &errs); code != exitFailed || !strings.Contains(errs.String(), "no-such") {
		t.Errorf("exit code %d, %q", code, &errs)
	}
}

func TestHelpListAndPrint(t *testing.T) {
	for want, args := range map[string][]string{
		"--script":    {"--help"},
		"lose-disks":  {"--script=list"},
		"kill random": {"--print"},
		"of seed 7.":  {"--print", "--script=random", "--seed=7"},
	} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != exitOK || !strings.Contains(out.String(), want) {
			t.Errorf("%v: exit code %d, %s%s", args, code, &out, &errs)
		}
	}
}
