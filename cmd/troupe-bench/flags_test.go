package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/bench"
)

func configured(t *testing.T, args ...string) bench.Config {
	t.Helper()
	var out bytes.Buffer
	f, done, err := parse(args, &out, &out)
	if err != nil || done {
		t.Fatalf("%v: %v", args, err)
	}
	cfg, err := f.config()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return cfg
}

func TestDefaults(t *testing.T) {
	cfg := configured(t)
	if got := strings.Join(bench.Names(cfg.Contenders), " "); got != "troupe redis-everysec redis-always etcd" {
		t.Error(got)
	}
	if len(cfg.Loads) != 2*3 || cfg.Rounds != 5 || cfg.Client.Name() != "spread" {
		t.Errorf("%+v", cfg)
	}
	if l := cfg.Loads[4]; l.String() != "get, pipeline 16" || l.Clients != 50 || l.Value != 64 || l.Length != 3*time.Second || l.Percent != 100 {
		t.Errorf("%+v", l)
	}
}

func TestFlags(t *testing.T) {
	t.Setenv("TROUPE_ROUNDS", "7")
	cfg := configured(t, "--systems=troupe", "--shards=1,16", "--binary=old=/bin/sh", "--node-flag=--fsync=never", "--node-flag=--a=1,2",
		"--baseline=troupe/16", "--seconds=0.5", "--tests=zadd", "--pipelines=8", "--keys=2000", "--value-size=9", "--clients=10", "--percent=50")
	if got := strings.Join(bench.Names(cfg.Contenders), " "); got != "troupe/1 troupe/16 old/1 old/16" || cfg.Baseline != "troupe/16" || cfg.Rounds != 7 {
		t.Errorf("%s, %+v", got, cfg)
	}
	if o := cfg.Contenders[3].Options; o.Shards != 16 || strings.Join(o.Flags, " ") != "--fsync=never --a=1,2" {
		t.Errorf("%+v", o)
	}
	if l := cfg.Loads[0]; len(cfg.Loads) != 1 || l.Test.Name != "zadd" || l.Pipeline != 8 || l.Keys != 2000 || l.Value != 9 || l.Clients != 10 || l.Length != time.Second/2 || l.Percent != 50 {
		t.Errorf("%+v", cfg.Loads)
	}
}

func TestTheBaselineIsOneThatRuns(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if cfg := configured(t, "--systems=redis-everysec,troupe"); cfg.Baseline != "troupe" {
		t.Error(cfg.Baseline)
	}
}

func TestBadFlagsAreOneLineAndExitCode2(t *testing.T) {
	for _, args := range [][]string{
		{"--systems=mysql"}, {"--systems=troupe,troupe"}, {"--binary=x"}, {"--binary=x=/no/such"}, {"--baseline=mysql"}, {"--client=memtier"},
		{"--tests=fly"}, {"--pipelines=0"}, {"--pipelines=x"}, {"--clients=2"}, {"--value-size=0"}, {"--keys=9"}, {"--seconds=0"}, {"--seconds=x"},
		{"--seconds=NaN"}, {"--percent=0"}, {"--percent=101"}, {"--percent=50", "--overload=2"}, {"--percent=50", "--client=redis-benchmark"}, {"--rounds=0"}, {"--settle=-1s"}, {"--shards=0"}, {"--no-such-flag"}, {"positional"},
	} {
		var out, errs bytes.Buffer
		code := run(args, &out, &errs)
		if code != exitUsage || strings.Count(errs.String(), "\n") != 1 || out.Len() != 0 {
			t.Errorf("%v: exit code %d, %q, %q", args, code, &errs, &out)
		}
	}
}

func TestNothingToRun(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out, errs bytes.Buffer
	if code := run([]string{"--systems=redis-always"}, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "can be run here") {
		t.Errorf("exit code %d, %q", code, &errs)
	}
	if code := run([]string{"--client=redis-benchmark"}, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "redis-benchmark") {
		t.Errorf("exit code %d, %q", code, &errs)
	}
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	code := run([]string{"--help"}, &out, &errs)
	for _, name := range append(bench.SystemNames(), bench.TestNames()...) {
		if code != exitOK || !strings.Contains(out.String(), name) {
			t.Errorf("exit code %d, lacks %s: %s%s", code, name, &out, &errs)
		}
	}
}
