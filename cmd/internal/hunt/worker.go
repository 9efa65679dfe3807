package hunt

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/troupedb/troupe/cmd/internal/sim"
)

// gcPercent lets a worker's heap grow further than usual: a run holds little, and makes much garbage.
const gcPercent = 400

// work simulates the seeds that come in.
func work(stdin io.Reader, stdout io.Writer) int {
	debug.SetGCPercent(gcPercent)
	in, out := bufio.NewScanner(stdin), json.NewEncoder(stdout)
	for in.Scan() {
		seed, err := strconv.ParseUint(in.Text(), 10, 64)
		if err != nil {
			return exitUsage
		}
		if out.Encode(sim.Run(sim.Options{Seed: seed})) != nil {
			return exitFailed // nobody listens any more
		}
	}
	return exitFine
}

// patience is how long a worker may take over one seed. It is a multiple of what the slowest take.
const patience = 10 * time.Minute

// worker is the process of a worker, started when there is a seed for it.
type worker struct {
	args []string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	err  strings.Builder
}

// run has one seed simulated. Whatever ends the worker is the seed's failure.
func (w *worker) run(ctx context.Context, seed uint64) *sim.Result {
	r, err := w.ask(ctx, seed)
	if err == nil {
		return r
	}
	w.end()
	if ctx.Err() != nil {
		return nil
	}
	return &sim.Result{Seed: seed, Failure: fmt.Sprintf("the simulation itself ended: %v: %s", err, tail(w.err.String()))}
}

func (w *worker) ask(ctx context.Context, seed uint64) (*sim.Result, error) {
	if w.cmd == nil {
		if err := w.start(); err != nil {
			return nil, err
		}
	}
	stop := context.AfterFunc(ctx, w.kill)
	defer stop()
	timer := time.AfterFunc(patience, w.kill)
	defer timer.Stop()
	if _, err := fmt.Fprintln(w.in, seed); err != nil {
		return nil, err
	}
	line, err := w.out.ReadBytes('\n')
	if err != nil {
		return nil, errors.Join(err, w.cmd.Wait())
	}
	r := &sim.Result{}
	return r, json.Unmarshal(line, r)
}

func (w *worker) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	w.err.Reset()
	w.cmd = exec.Command(self, w.args...)
	w.cmd.Stderr = &w.err
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	w.out = bufio.NewReader(out)
	return w.cmd.Start()
}

func (w *worker) kill() {
	if w.cmd != nil && w.cmd.Process != nil {
		w.cmd.Process.Kill()
	}
}

// end ends the process; the next seed starts another.
func (w *worker) end() {
	w.kill()
	if w.cmd != nil && w.cmd.Process != nil {
		w.cmd.Wait()
	}
	w.cmd = nil
}

// tail is the part of a dying process's last words that tells most: where the panic begins.
func tail(text string) string {
	if i := strings.Index(text, "panic:"); i >= 0 {
		text = text[i:]
	}
	return text[:min(len(text), 2000)]
}
