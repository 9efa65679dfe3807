package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cli"
)

// flags are the command line of troupe-chaos. Each is also read from TROUPE_<FLAG>. What a script sets, a flag
// overrides.
type flags struct {
	Script   string        `default:"kill-leaders" help:"What to do to the cluster: the name of a script that is shipped, a file, random (by --seed), or list." placeholder:"NAME|FILE"`
	Print    bool          `help:"Print the script and exit."`
	Duration time.Duration `help:"How long the load runs. Default: as long as the script says."`
	Seed     uint64        `help:"Seed of all random choices. Default: a new one, which is printed."`
	Report   string        `help:"Write a page about the run." placeholder:"out.html" type:"path"`

	Target      string        `help:"What to run: troupe, or redis-cluster (redis-server from the path, a replica for each node) to compare with." placeholder:"troupe|redis-cluster" enum:",troupe,redis-cluster" default:""`
	Wait        int           `help:"Clients wait after each write until so many more nodes have it (WAIT), and take it for failed else."`
	NodeTimeout time.Duration `help:"How long a node of redis-cluster is silent until it counts as failed (cluster-node-timeout). Default: 2s." placeholder:"TIME"`
	Compare     bool          `help:"Run the script on troupe, on redis-cluster, and on redis-cluster with --wait 1, and print what each lost."`

	Hunt   string        `help:"Run one history after another, by the seeds of --seeds, and note each in this directory. Goes on where it was interrupted." placeholder:"DIR" type:"path"`
	Seeds  string        `default:"1-200" help:"The seeds of a hunt." placeholder:"A-B"`
	Budget time.Duration `help:"Begin no further history of a hunt after so long." placeholder:"TIME"`

	Nodes    int      `help:"Nodes of the cluster. Default: 3."`
	Shards   int      `help:"Shards of the cluster. Default: 6."`
	Clients  int      `help:"Clients that write at full speed, as many that contend for a few keys, and as many that hand jobs to each other. Default: 8."`
	Rate     int      `help:"Writes a second of all clients that write at full speed, for a load that is the same on every target. Default: as many as they can."`
	Network  string   `default:"auto" enum:"auto,packets,relays" help:"How a script cuts the network: packets drops packets by nftables (needs Linux and root), relays passes everything through this program; auto takes the first that can be had." placeholder:"auto|packets|relays"`
	Dir      string   `help:"Empty directory for data and logs. Default: a temporary one." placeholder:"DIR" type:"path"`
	Keep     bool     `help:"Keep the directory. After a violation it is kept in any case."`
	NodeFlag []string `help:"A flag for each node, as in --node-flag=--fsync=never. May be repeated." placeholder:"FLAG" sep:"none"`
}

// parse reads the command line and the environment. done means that it has been answered: --help.
func parse(args []string, stdout, stderr io.Writer) (f flags, done bool, err error) {
	done, err = cli.Parse(&f, "troupe-chaos",
		"Starts a real cluster on this machine, loads it, breaks it by a script, and checks every answer.", args, stdout, stderr)
	if err == nil && !done {
		err = f.check()
	}
	if f.Seed == 0 {
		f.Seed = 1 + rand.Uint64N(1<<32)
	}
	return f, done, err
}

func (f *flags) check() error {
	switch {
	case f.Nodes < 0 || f.Nodes > 16:
		return fmt.Errorf("--nodes %d: must be 1 to 16", f.Nodes)
	case f.Shards < 0 || f.Shards > 1024:
		return fmt.Errorf("--shards %d: must be 1 to 1024", f.Shards)
	case f.Duration < 0:
		return fmt.Errorf("--duration %v: must not be negative", f.Duration)
	case f.NodeTimeout < 0:
		return fmt.Errorf("--node-timeout %v: must not be negative", f.NodeTimeout)
	case f.Clients < 0 || f.Clients > 1000:
		return fmt.Errorf("--clients %d: must be 1 to 1000", f.Clients)
	case f.Rate < 0:
		return fmt.Errorf("--rate %d: must not be negative", f.Rate)
	case f.Wait < 0 || f.Wait > 16:
		return fmt.Errorf("--wait %d: must be 0 to 16", f.Wait)
	}
	if _, _, err := f.seeds(); err != nil {
		return err
	}
	return nil
}

// seeds are the first and the last seed of a hunt.
func (f *flags) seeds() (first, last uint64, err error) {
	a, b, two := strings.Cut(f.Seeds, "-")
	if !two {
		b = a
	}
	first, err1 := strconv.ParseUint(a, 10, 64)
	last, err2 := strconv.ParseUint(b, 10, 64)
	if err1 != nil || err2 != nil || first == 0 || last < first {
		return 0, 0, fmt.Errorf("--seeds %s: must be two numbers as in 1-200", f.Seeds)
	}
	return first, last, nil
}
