package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/troupedb/troupe/actors"
	"github.com/troupedb/troupe/wire/secret"
)

// Version is the version of this build.
const Version = "0.1.0"

// Exit codes of Main.
const (
	exitOK    = 0
	exitFatal = 1
	exitUsage = 2
)

type streams struct{ out, err io.Writer }

// Main runs troupe-node with the given arguments, without the program's name, until a signal or a fatal
// error ends it, and returns the exit code.
func Main(args []string) int {
	std := streams{os.Stdout, os.Stderr}
	f, done, err := parse(args, std)
	if err == nil && !done {
		err = run(&f, std)
	}
	return exitCode(nodeName, err, std)
}

const nodeName = "troupe-node"

// exitCode says what went wrong, if anything did.
func exitCode(program string, err error, std streams) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(std.err, "%s: %v\n", program, err)
	if usage := (usageError{}); errors.As(err, &usage) {
		return exitUsage
	}
	return exitFatal
}

func run(f *flags, std streams) error {
	switch {
	case f.Version:
		_, err := fmt.Fprintln(std.out, "troupe-node", Version)
		return err
	case f.NewSecret:
		_, err := fmt.Fprintln(std.out, secret.NewSecret())
		return err
	}
	relaxTimers()
	paceCollections()
	sec, err := loadSecret(f)
	if err != nil {
		return err
	}
	log := newLogger(f, std.err)
	cfgs, err := configs(f, sec, log)
	if err != nil {
		return err
	}
	return serve(f, cfgs, std, log)
}

// serve starts the nodes, and waits for a signal or a client's SHUTDOWN.
func serve(f *flags, cfgs []actors.Config, std streams, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, end := context.WithCancel(ctx)
	defer end()
	var now atomic.Bool
	shutdown := func(atOnce bool) {
		now.Store(atOnce)
		end()
	}
	reread := onSecretChange(f)
	begin := time.Now()
	ready := newCountdown(len(cfgs), func() {
		fmt.Fprintf(std.out, "ready: serving all 16384 slots on %s after %d ms\n", cfgs[0].Client.Addr(), time.Since(begin).Milliseconds())
	})
	var nodes []*actors.Node
	share := newCores(len(cfgs), log)
	for i := range cfgs {
		cfg := cfgs[i]
		cfg.Neighbours = share.beside
		cfg.Logger, cfg.Ready, cfg.Version, cfg.Shutdown = log, ready, Version, shutdown
		if len(cfgs) > 1 {
			cfg.Logger = log.With("n", i+1)
		}
		cfg.Fatal = dieAs(nodeName)
		n, err := actors.Start(cfg)
		if err != nil {
			return errors.Join(err, stopAll(nodes, false))
		}
		nodes = append(nodes, n)
		log.Info("listens", "client", cfg.Client.Addr(), "peer", cfg.Peer.Addr(), "gossip", cfg.Gossip, "http", cfg.HTTP.Addr(), "data", cfg.Data)
		warn(log, f)
	}
	go share.share(ctx) // now that all is sized by the processors there are
	reread(ctx, nodes, log)
	stop() // a second signal ends the process at once
	log.Info("stops")
	return stopAll(nodes, now.Load())
}

// dieAs ends the process at once: the state that met the error may not be served for another moment.
func dieAs(program string) func(error) {
	return func(err error) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		os.Exit(exitFatal)
	}
}

// stopAll stops the nodes, with now without handing leaderships over.
func stopAll(nodes []*actors.Node, now bool) error {
	stop := (*actors.Node).Stop
	if now {
		stop = (*actors.Node).StopNow
	}
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() { errs[i] = stop(n) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func warn(log *slog.Logger, f *flags) {
	if f.Fsync != "always" {
		log.Warn("--fsync " + f.Fsync + ": acknowledged writes may be lost, and lost ones seen, after a power loss")
	}
}

func newLogger(f *flags, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(f.LogLevel)) // one of the enum
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// newCountdown returns a function that calls done when it was called n times.
func newCountdown(n int, done func()) func() {
	var mu sync.Mutex
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if n--; n == 0 {
			done()
		}
	}
}
