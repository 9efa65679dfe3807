// Command troupe-bench starts Troupe and other systems on this machine, gives each the same load in turns, and
// shows what came of it side by side. Troupe's nodes are this very program, run again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/troupedb/troupe/cmd/internal/bench"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/daemon"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	cluster.MaybeRunNode(daemon.Main)
	bench.MaybeRunPlainHTTP()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program, and returns the exit code.
// REQUIRES: the program calls cluster.MaybeRunNode and bench.MaybeRunPlainHTTP before.
func run(args []string, stdout, stderr io.Writer) int {
	f, done, err := parse(args, stdout, stderr)
	if done {
		return exitOK
	}
	var cfg bench.Config
	if err == nil {
		cfg, err = f.config()
	}
	if err != nil {
		fmt.Fprintf(stderr, "troupe-bench: %v; see --help\n", err)
		return exitUsage
	}
	cfg.Tell = func(line string) { fmt.Fprintln(stdout, line) }
	perform := f.perform
	if f.Overload > 0 {
		perform = f.overload
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err = perform(ctx, cfg, stdout)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "troupe-bench: interrupted")
		return exitInterrupted
	case err != nil:
		fmt.Fprintf(stderr, "troupe-bench: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// perform measures and shows.
func (f *flags) perform(ctx context.Context, cfg bench.Config, stdout io.Writer) error {
	rep, err := bench.Run(ctx, cfg)
	if err != nil {
		return err
	}
	rep.Write(stdout)
	if f.Worst {
		rep.WriteWorst(stdout)
	}
	return errors.Join(save(f.CSV, rep.WriteCSV), save(f.HTML, rep.WriteHTML))
}

// overload gives each test's load over HTTP, and too much of it.
func (f *flags) overload(ctx context.Context, cfg bench.Config, stdout io.Writer) error {
	var all []*bench.OverloadReport
	for _, name := range f.Tests {
		load := cfg.Loads[slices.IndexFunc(cfg.Loads, func(l bench.Load) bool { return l.Test.Name == name })]
		rep, err := bench.Overload(ctx, bench.OverloadConfig{
			Contender: bench.Troupes(bench.TroupeName, "", f.Shards[:1], f.NodeFlag)[0],
			Load:      load, Times: f.Overload, Rounds: cfg.Rounds, Tell: cfg.Tell,
		})
		if err != nil {
			return err
		}
		rep.Write(stdout)
		all = append(all, rep)
	}
	return save(f.CSV, func(w io.Writer) error { return bench.WriteOverloads(w, all) })
}

// save writes a file, if it has a name.
func save(path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(out), out.Close())
}
