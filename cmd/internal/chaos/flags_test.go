package chaos

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("TROUPE_CLIENTS", "5")
	f, done, err := parse([]string{"--duration=3s", "--seed", "4", "--node-flag=--a=1,2", "--node-flag=--b", "--kill-every", "0"}, &out, &out)
	if err != nil || done {
		t.Fatal(err)
	}
	if f.Nodes != 3 || f.Shards != 6 || f.Duration != 3*time.Second || f.Seed != 4 || f.KillEvery != 0 || f.Clients != 5 {
		t.Errorf("%+v", f)
	}
	if strings.Join(f.NodeFlag, " ") != "--a=1,2 --b" {
		t.Errorf("flags for nodes: %q", f.NodeFlag)
	}
	if o := f.options(&console{out: &out}); o.Nodes != 3 || o.System != nil {
		t.Errorf("%+v", o)
	}
	f.Target = "redis-cluster"
	if o := f.options(&console{out: &out}); o.Nodes != 6 || o.System == nil {
		t.Errorf("%+v", o)
	}
}

func TestBadFlagsAreOneLineAndExitCode2(t *testing.T) {
	for _, args := range [][]string{
		{"--nodes", "0"}, {"--nodes", "99"}, {"--shards", "0"}, {"--duration", "0s"}, {"--duration", "x"}, {"--kill-every", "-1s"},
		{"--clients", "0"}, {"--target", "etcd"}, {"--no-such-flag"}, {"positional"},
	} {
		var out, errs bytes.Buffer
		code := Main(args, &out, &errs)
		if code != exitUsage || strings.Count(errs.String(), "\n") != 1 || out.Len() != 0 {
			t.Errorf("%v: exit code %d, %q, %q", args, code, &errs, &out)
		}
	}
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := Main([]string{"--help"}, &out, &errs); code != exitOK || !strings.Contains(out.String(), "--kill-every") {
		t.Errorf("exit code %d: %s%s", code, &out, &errs)
	}
}
