package hunt

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cli"
)

// flags are the command line of troupe-sim. Each is also read from TROUPE_<FLAG>.
type flags struct {
	Seed     uint64        `help:"Simulate this seed alone, and say what became of it."`
	Trace    bool          `help:"With --seed: write down all that happens, in words."`
	From     uint64        `default:"1" help:"First seed."`
	Seeds    uint64        `help:"How many seeds; 0: as many as there is time for."`
	Duration time.Duration `help:"How long to go on; 0: until all seeds are done."`
	Workers  int           `help:"Processes that simulate at one time. Default: one for each processor."`
	State    string        `help:"File that keeps what is done: started again with it, the hunt goes on where it was." placeholder:"FILE" type:"path"`
	Failures int           `default:"10" help:"Failed seeds to stop after."`
	Bug      string        `help:"Plant this bug (in a program built with -tags plant only)."`
	Worker   bool          `hidden:"" help:"Take seeds from standard input."`
}

// parse reads the command line and the environment. done means that it has been answered: --help.
func parse(args []string, stdout, stderr io.Writer) (f flags, done bool, err error) {
	done, err = cli.Parse(&f, "troupe-sim",
		"Simulates whole clusters by seed, with everything that can go wrong, and checks what was promised. The same seed is the same run.",
		args, stdout, stderr)
	if done || err != nil {
		return f, done, err
	}
	if f.Workers == 0 {
		f.Workers = runtime.NumCPU()
	}
	return f, false, f.check()
}

func (f *flags) check() error {
	switch {
	case f.Seed == 0 && !f.Worker && f.Seeds == 0 && f.Duration == 0:
		return fmt.Errorf("say how much: --seed N for one, or --seeds N, --duration D, or both")
	case f.Workers < 1 || f.Workers > 256:
		return fmt.Errorf("--workers %d: must be 1 to 256", f.Workers)
	case f.Duration < 0:
		return fmt.Errorf("--duration %v: must not be negative", f.Duration)
	case f.Failures < 1:
		return fmt.Errorf("--failures %d: must be 1 or more", f.Failures)
	}
	return nil
}
