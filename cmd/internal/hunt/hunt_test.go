package hunt

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/sim"
)

// TestMain makes the test a worker where it is started as one.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "--worker") {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func run(args ...string) (code int, out string) {
	var b bytes.Buffer
	code = Main(args, strings.NewReader(""), &b, &b)
	return code, b.String()
}

// A hunt that is started again goes on where it was, and does no seed twice.
func TestHuntGoesOn(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	for _, seeds := range []string{"1", "2", "2"} {
		if code, out := run("--seeds", seeds, "--workers", "2", "--state", state); code != exitFine {
			t.Fatalf("%d: %s", code, out)
		}
	}
	s, err := load(state, 1)
	if err != nil || s.Runs != 2 || s.Next != 3 || len(s.Ahead) != 0 || s.Simulated <= 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if code, out := run("--seeds", "1", "--from", "9", "--state", state); code != exitUsage {
		t.Errorf("another hunt's state: %d: %s", code, out)
	}
}

func TestFlagsAreChecked(t *testing.T) {
	for _, args := range [][]string{{}, {"--seeds", "1", "--workers", "-1"}, {"--duration", "-1s"}, {"--bug", "none"}, {"--seeds", "x"}} {
		if code, out := run(args...); code != exitUsage || strings.Count(out, "\n") != 1 {
			t.Errorf("%v: %d: %s", args, code, out)
		}
	}
}

// Seeds are done in any order, and counted once.
func TestStateKeepsWhatIsAhead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s, err := load(path, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, seed := range []uint64{6, 8, 5} {
		s.add(&sim.Result{Seed: seed, Tally: sim.Tally{Done: 1}})
	}
	s.add(&sim.Result{Seed: 10, Failure: "it"})
	if err := s.save(path); err != nil {
		t.Fatal(err)
	}
	s, err = load(path, 5)
	if err != nil || s.Next != 7 || !s.Ahead[8] || !s.Ahead[10] || s.Runs != 4 || s.Done != 3 || !slices.Equal(s.Failed, []uint64{10}) {
		t.Errorf("%+v, %v", s, err)
	}
}

// A worker that dies has found something.
func TestADeadWorkerIsAFailedSeed(t *testing.T) {
	w := &worker{args: []string{"--worker", "--no-such-flag"}}
	defer w.end()
	if r := w.run(t.Context(), 3); r == nil || r.Seed != 3 || r.Failure == "" {
		t.Errorf("%+v", r)
	}
}
