package main

import (
	"bytes"
	"encoding/csv"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/bench"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/daemon"
)

func TestMain(m *testing.M) {
	cluster.MaybeRunNode(daemon.Main)
	bench.MaybeRunPlainHTTP()
	if len(os.Args) > 1 && os.Args[1] == "__main" {
		os.Exit(run(os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// measured runs the program, and returns the lines of its CSV file without the head.
func measured(t *testing.T, args ...string) [][]string {
	t.Helper()
	dir := t.TempDir()
	table, page := filepath.Join(dir, "out.csv"), filepath.Join(dir, "out.html")
	var out, errs bytes.Buffer
	code := run(append(args, "--settle=0s", "--keys=1000", "--clients=6", "--csv", table, "--html", page), &out, &errs)
	t.Logf("%s%s", &out, &errs)
	if code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("</html>")) {
		t.Errorf("the page: %v", err)
	}
	f, err := os.Open(table)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows[1:]
}

// answered counts the requests of a line of the CSV file that came back.
func answered(t *testing.T, row []string) int {
	t.Helper()
	done, err1 := strconv.Atoi(row[8])
	failed, err2 := strconv.Atoi(row[9])
	if err1 != nil || err2 != nil {
		t.Fatalf("%q", row)
	}
	return done + failed
}

func TestTroupeIsMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	rows := measured(t, "--systems=troupe", "--shards=1,6", "--tests=set,get,incr,lpush,hset,zadd,mset", "--pipelines=1,3", "--seconds=0.02", "--rounds=1")
	if len(rows) != 2*7*2 {
		t.Errorf("%d samples", len(rows))
	}
	for _, row := range rows {
		pipeline, _ := strconv.Atoi(row[2])
		if n := answered(t, row); n < 6*pipeline {
			t.Errorf("%d answers: %q", n, row)
		}
	}
}

// Both kinds of client, two systems, and a binary of its own.
func TestSystemsAreMeasuredInTurns(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	tool(t, "redis-server")
	tool(t, "redis-benchmark")
	binary := filepath.Join(t.TempDir(), "node")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\nexec '"+os.Args[0]+"' __node \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for client, args := range map[string][]string{
		"spread":          {"--systems=redis-everysec", "--binary=mine=" + binary, "--tests=set"},
		"redis-benchmark": {"--systems=redis-everysec,troupe", "--tests=get"},
	} {
		t.Run(client, func(t *testing.T) {
			rows := measured(t, append(args, "--client="+client, "--pipelines=2", "--seconds=0.02", "--rounds=2")...)
			var order []string
			for _, row := range rows {
				if row[0] != client || answered(t, row) == 0 {
					t.Errorf("%q", row)
				}
				order = append(order, row[6]+row[7])
			}
			second := map[string]string{"spread": "mine", "redis-benchmark": "troupe"}[client]
			if got, want := strings.Join(order, " "), strings.ReplaceAll("redis-everysec1 redis-everysec2 x1 x2", "x", second); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// Over HTTP, through a plain server and by clients that know nothing of clusters: all of them are answered.
func TestOtherWaysAreMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	rows := measured(t, "--systems=troupe-http,troupe-plain,troupe-forward", "--tests=set,get", "--pipelines=1,2", "--seconds=0.05", "--rounds=1")
	samples, used := map[string]int{}, map[string]bool{}
	for _, row := range rows {
		samples[row[6]]++
		used[row[6]] = used[row[6]] || row[15] != "" // it is counted in hundredths of a second
		if done, _ := strconv.Atoi(row[8]); done == 0 || answered(t, row) < 6 {
			t.Errorf("%q", row)
		}
	}
	if runtime.GOOS == "linux" && !(used["troupe-http"] && used["troupe-plain"] && used["troupe-forward"]) {
		t.Errorf("CPU is known of %v", used)
	}
	if want := map[string]int{"troupe-http": 2, "troupe-plain": 2, "troupe-forward": 4}; !maps.Equal(samples, want) {
		t.Errorf("samples %v, want %v", samples, want)
	}
}

// A share of the rate is given to what the built-in client asks.
func TestAShareOfTheRateIsMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	rows := measured(t, "--systems=troupe,troupe-http,troupe-forward", "--percent=50", "--tests=set,get", "--pipelines=1,16", "--seconds=0.2", "--rounds=1")
	samples := map[string]int{}
	for _, row := range rows {
		samples[row[6]]++
		if row[16] != "50" || answered(t, row) == 0 {
			t.Errorf("%q", row)
		}
	}
	if want := map[string]int{"troupe": 4, "troupe-forward": 4}; !maps.Equal(samples, want) {
		t.Errorf("samples %v, want %v", samples, want)
	}
}

// Whoever asks too often is counted, with every answer.
func TestOverload(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	table := filepath.Join(t.TempDir(), "out.csv")
	var out, errs bytes.Buffer
	code := run([]string{"--overload=3", "--clients=6", "--keys=1000", "--seconds=0.1", "--rounds=2", "--tests=get,set", "--csv", table}, &out, &errs)
	t.Logf("%s%s", &out, &errs)
	if code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 1+2*2*4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows[1:] {
		phase, clients := []string{"before", "overload", "stubborn", "after"}[i%4], []string{"6", "18", "18", "6"}[i%4]
		if row[0] != []string{"get", "set"}[i/8] || row[2] != phase || row[3] != clients {
			t.Errorf("%q is the line of %s", row, phase)
		}
		if number(t, row[5]) == 0 || number(t, row[5]) != number(t, row[6])+number(t, row[7])+number(t, row[9]) {
			t.Errorf("%q: not every request has an answer", row)
		}
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEtcdIsMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	tool(t, "etcd")
	rows := measured(t, "--systems=etcd", "--tests=set,get,incr", "--pipelines=3", "--seconds=0.02", "--rounds=1")
	if len(rows) != 2 || answered(t, rows[0]) < 6*3 || answered(t, rows[1]) < 6*3 || rows[1][9] != "0" {
		t.Errorf("%q", rows)
	}
}

// What answers as RedisRaft does is asked at its leader, which alone takes requests.
func TestRedisRaftIsMeasured(t *testing.T) {
	if _, err := exec.LookPath("redisraft-server"); err != nil || testing.Short() {
		t.Skip("needs redisraft-server, which no registry has, and some seconds")
	}
	rows := measured(t, "--systems=redisraft", "--tests=set,get", "--pipelines=3", "--seconds=0.05", "--rounds=1")
	if len(rows) != 2 || answered(t, rows[0]) < 6*3 || answered(t, rows[1]) < 6*3 || rows[0][9] != "0" || rows[1][9] != "0" {
		t.Errorf("%q", rows)
	}
}

// tool skips a test without a program; where the tests' tools are promised, a missing one is a failure.
func tool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil && os.Getenv("TROUPE_TEST_TOOLS") == "1" {
		t.Fatalf("%s is missing", name)
	} else if err != nil {
		t.Skipf("%s is not installed", name)
	}
}

// TestCtrlCLeavesNothingBehind interrupts a run, and looks for its nodes.
func TestCtrlCLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "__main", "--systems=troupe", "--seconds=600", "--pipelines=1")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	if code := cluster.InterruptAt(t, cmd, "are ready"); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
	if left := cluster.ProcessesWith(t, dir); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
}
