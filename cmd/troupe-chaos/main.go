// Command troupe-chaos starts a real cluster on this machine, loads it, breaks it by a script and checks every
// answer. Its nodes are this very program, run again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/daemon"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1 // a violation, or something that kept the run from judging
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	cluster.MaybeRunNode(daemon.Main)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// errViolated is a run that found violations and has told of them.
var errViolated = errors.New("violations were found")

// run is the program, and returns the exit code.
// REQUIRES: the program calls cluster.MaybeRunNode before.
func run(args []string, stdout, stderr io.Writer) int {
	f, done, err := parse(args, stdout, stderr)
	switch {
	case done:
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "troupe-chaos: %v; see --help\n", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err = f.perform(ctx, stdout)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "troupe-chaos: interrupted; seed %d\n", f.Seed)
		return exitInterrupted
	case errors.Is(err, errViolated):
		return exitFailed
	case err != nil:
		fmt.Fprintf(stderr, "troupe-chaos: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// perform does what the flags ask for.
func (f *flags) perform(ctx context.Context, stdout io.Writer) error {
	switch {
	case f.Script == "list":
		return list(stdout)
	case f.Hunt != "":
		return f.hunt(ctx, stdout)
	case f.Compare:
		return f.compare(ctx, stdout)
	}
	p, err := f.plan()
	if err != nil {
		return err
	}
	if f.Print {
		_, err := fmt.Fprint(stdout, p.script)
		return err
	}
	return f.once(ctx, p, stdout)
}
