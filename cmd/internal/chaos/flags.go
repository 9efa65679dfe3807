package chaos

import (
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kong"
)

// flags are the command line of troupe-chaos. Each is also read from TROUPE_<FLAG>.
type flags struct {
	Nodes     int           `default:"3" help:"Nodes of the cluster."`
	Shards    int           `default:"6" help:"Shards of the cluster."`
	Duration  time.Duration `default:"60s" help:"How long the load runs."`
	Seed      uint64        `help:"Seed of all random choices. Default: a new one, which is printed."`
	KillEvery time.Duration `default:"5s" help:"Time between two kills of a leader; 0 kills none."`
	Clients   int           `default:"8" help:"Clients that write at full speed, and as many that contend for a few keys."`
	Dir       string        `help:"Empty directory for data and logs. Default: a temporary one." placeholder:"DIR" type:"path"`
	Keep      bool          `help:"Keep the directory. After a violation it is kept in any case."`
	Target    string        `default:"troupe" enum:"troupe,redis-cluster" help:"What to run: troupe, or redis-cluster (redis-server from the path, a replica for each node) to compare with." placeholder:"troupe|redis-cluster"`
	NodeFlag  []string      `help:"A flag for each node, as in --node-flag=--fsync=never. May be repeated." placeholder:"FLAG" sep:"none"`
}

// parse reads the command line and the environment. done means that it has been answered: --help.
func parse(args []string, stdout, stderr io.Writer) (f flags, done bool, err error) {
	p, err := kong.New(&f, kong.Name("troupe-chaos"),
		kong.Description("Starts a real cluster on this machine, loads it, kills its leaders, and checks every answer."),
		kong.DefaultEnvars("TROUPE"), kong.Writers(stdout, stderr), kong.Exit(func(int) { done = true }))
	if err != nil {
		return f, false, err
	}
	if _, err = p.Parse(args); done {
		return f, true, nil
	}
	if err == nil {
		err = f.check()
	}
	return f, false, err
}

func (f *flags) check() error {
	switch {
	case f.Nodes < 1 || f.Nodes > 16:
		return fmt.Errorf("--nodes %d: must be 1 to 16", f.Nodes)
	case f.Shards < 1 || f.Shards > 1024:
		return fmt.Errorf("--shards %d: must be 1 to 1024", f.Shards)
	case f.Duration <= 0:
		return fmt.Errorf("--duration %v: must be more than nothing", f.Duration)
	case f.KillEvery < 0:
		return fmt.Errorf("--kill-every %v: must not be negative; 0 kills none", f.KillEvery)
	case f.Clients < 1 || f.Clients > 1000:
		return fmt.Errorf("--clients %d: must be 1 to 1000", f.Clients)
	}
	return nil
}
