package hunt

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/troupedb/troupe/cmd/internal/sim"
)

// Exit codes.
const (
	exitFine   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Main is the program. It returns the exit code: 0 if no seed failed, 1 if some did, 2 for a bad flag.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	f, done, err := parse(args, stdout, stderr)
	if done {
		return exitFine
	}
	if err == nil {
		err = plantBug(f.Bug)
	}
	if err != nil {
		fmt.Fprintln(stderr, "troupe-sim:", err)
		return exitUsage
	}
	switch {
	case f.Worker:
		return work(stdin, stdout)
	case f.Seed != 0:
		return one(f, stdout)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return hunt(ctx, f, stdout, stderr)
}

// one simulates one seed.
func one(f flags, stdout io.Writer) int {
	o := sim.Options{Seed: f.Seed}
	if f.Trace {
		o.Trace = stdout
	}
	r := sim.Run(o)
	fmt.Fprintf(stdout, "seed %d, trace hash %016x\n%v\n", r.Seed, r.Trace, r.Tally)
	if r.Failure != "" {
		fmt.Fprintf(stdout, "FAILED %s\n", r.Failure)
		return exitFailed
	}
	return exitFine
}
