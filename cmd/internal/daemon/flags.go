package daemon

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/troupedb/troupe/cmd/internal/cli"
)

// flags are the command line of troupe-node. Each is also read from TROUPE_<FLAG>, but for those that print
// something and exit: an image may well have its version there.
type flags struct {
	Data      string   `default:"./troupe-data" help:"Data directory. An empty one without --join starts a new cluster." placeholder:"DIR"`
	Listen    string   `default:"127.0.0.1:6379" help:"Address for Redis clients." placeholder:"HOST:PORT"`
	Peer      string   `default:"+10000" help:"Address for the other nodes; +N is the port of --listen plus N." placeholder:"ADDR"`
	Gossip    string   `default:"+20000" help:"Address for gossip (TCP and UDP)." placeholder:"ADDR"`
	HTTP      string   `name:"http" default:"+2000" help:"Address for /healthz, /readyz and /metrics." placeholder:"ADDR"`
	Advertise string   `help:"Host that clients and nodes reach this node by: an IP address. Default: that of --listen." placeholder:"HOST"`
	Join      []string `help:"Gossip addresses of nodes to join. All nodes may carry the same list." placeholder:"ADDR,…"`
	Name      string   `help:"Label of this node, for people."  placeholder:"LABEL"`
	Zone      string   `help:"Failure zone of this node." placeholder:"Z"`
	Route     string   `default:"moved" enum:"moved,forward" help:"What a node does with commands on keys that another leads: moved sends the client there, forward asks the other itself." placeholder:"moved|forward"`
	Reads     string   `default:"index" enum:"index,lease" help:"How a leader makes sure that it still is one before it reads: index asks a majority, lease has a majority promise it a while ahead, which is cheaper, trusts the nodes' clocks to run alike, and makes failover take a second. The same on all nodes." placeholder:"index|lease"`
	Shards    int      `default:"6" help:"Shards of a new cluster."`
	Replicas  int      `default:"3" help:"Voters of each shard: an odd number."`
	Fsync     string   `default:"always" enum:"always,interval,never" help:"When the log is synced: always, interval or never. Only always keeps every acknowledged write over a power loss." placeholder:"always|interval|never"`
	MinFree   size     `default:"256MiB" help:"Writes are refused while the disk has less free space." placeholder:"SIZE"`

	SecretFile  string `help:"File with the cluster's secret, read again on SIGHUP. Without one, nodes talk over loopback only." placeholder:"FILE" type:"path"`
	Secret      string `hidden:"" help:"The secret itself; for the environment."`
	Requirepass string `help:"Password of Redis clients. Without one, only loopback clients are served." placeholder:"PASSWORD"`
	DebugAllow  bool   `name:"enable-debug-command" help:"Allow the DEBUG command, which is for tests."`
	NewSecret   bool   `env:"-" help:"Print a new secret and exit."`
	Demo        int    `help:"Start this many nodes in one process, on ports from --listen upward." placeholder:"N"`
	LogLevel    string `default:"info" enum:"debug,info,warn,error" help:"Log level: debug, info, warn or error." placeholder:"LEVEL"`
	Version     bool   `env:"-" help:"Print the version and exit."`

	SnapshotEntries uint64 `hidden:"" help:"Entries after which a shard takes a snapshot."`
	KeepEntries     uint64 `hidden:"" help:"Entries kept in the log behind a snapshot."`
}

// usageError is a mistake in the flags: exit code 2.
type usageError struct{ error }

func usagef(format string, v ...any) error { return usageError{fmt.Errorf(format, v...)} }

// parse reads the command line and the environment. done means that the parser has answered all by
// itself (--help).
func parse(args []string, std streams) (f flags, done bool, err error) {
	done, err = cli.Parse(&f, nodeName,
		"A node of a Troupe cluster: a sharded key-value store that speaks the Redis Cluster protocol and keeps every acknowledged write.",
		args, std.out, std.err)
	switch {
	case done:
		return f, true, nil
	case err != nil:
		return f, false, usagef("%v; see --help", err)
	}
	return f, false, f.check()
}

func (f *flags) check() error {
	if f.Replicas < 1 || f.Replicas%2 == 0 || f.Replicas > 9 {
		return usagef("--replicas %d: a majority needs an odd number, 1 to 9; try --replicas 3", f.Replicas)
	}
	if f.Shards < 1 || f.Shards > 1024 {
		return usagef("--shards %d: must be 1 to 1024", f.Shards)
	}
	if f.Demo < 0 || f.Demo > 9 {
		return usagef("--demo %d: must be 1 to 9 nodes", f.Demo)
	}
	if f.Advertise != "" && net.ParseIP(f.Advertise) == nil {
		return usagef("--advertise %s: must be an IP address, since clients are sent to it as it stands", f.Advertise)
	}
	var join []string
	for _, j := range f.Join {
		for _, a := range strings.Split(j, ",") {
			if a = strings.TrimSpace(a); a == "" {
				continue
			}
			if _, _, err := splitPort(a); err != nil {
				return usagef("--join %s: %v", a, err)
			}
			join = append(join, a)
		}
	}
	f.Join = join
	return nil
}

// addresses are the four places where a node listens.
type addresses struct{ client, peer, gossip, http string }

// resolve makes full addresses of the flags, for the i-th node of a demo (0 for a single one).
func (f *flags) resolve(i int) (addresses, error) {
	host, port, err := splitPort(f.Listen)
	if err != nil {
		return addresses{}, usagef("--listen %s: %v", f.Listen, err)
	}
	if host == "" {
		return addresses{}, usagef("--listen %s: name a host, as in 127.0.0.1:6379 or 0.0.0.0:6379", f.Listen)
	}
	if err := f.checkPorts(port); err != nil {
		return addresses{}, err
	}
	port += i
	a := addresses{client: net.JoinHostPort(host, strconv.Itoa(port))}
	for _, p := range []struct {
		to         *string
		name, flag string
	}{{&a.peer, "peer", f.Peer}, {&a.gossip, "gossip", f.Gossip}, {&a.http, "http", f.HTTP}} {
		if *p.to, err = offset(host, port, p.flag, i); err != nil {
			return a, usagef("--%s %s: %v", p.name, p.flag, err)
		}
	}
	return a, nil
}

// checkPorts refuses a client port from which another port, of the last node of a demo, would be past 65535. It
// tells the highest that is right for all of them.
func (f *flags) checkPorts(port int) error {
	name, most := "", 0
	for _, p := range []struct{ name, flag string }{{"peer", f.Peer}, {"gossip", f.Gossip}, {"http", f.HTTP}} {
		plus, ok := strings.CutPrefix(p.flag, "+")
		if n, err := strconv.Atoi(plus); ok && err == nil && n > most {
			name, most = p.name, n
		}
	}
	if port+most+f.Demo <= 65535 {
		return nil
	}
	if most == 0 {
		return usagef("--listen %s: with --demo %d, choose a port up to %d", f.Listen, f.Demo, 65535-f.Demo)
	}
	return usagef("--listen %s: --%s is %d above it, past 65535; name that address, or choose a --listen port up to %d",
		f.Listen, name, most, 65535-most-f.Demo)
}

// offset resolves "+N" against the client port; any other address stands for itself.
func offset(host string, port int, flag string, i int) (string, error) {
	plus, ok := strings.CutPrefix(flag, "+")
	if !ok {
		h, p, err := splitPort(flag)
		if err != nil {
			return "", err
		}
		return net.JoinHostPort(h, strconv.Itoa(p+i)), nil
	}
	n, err := strconv.Atoi(plus)
	if err != nil || n < 1 {
		return "", fmt.Errorf("after + comes a number")
	}
	return net.JoinHostPort(host, strconv.Itoa(port+n)), nil
}

// splitPort takes localhost for 127.0.0.1: a node's addresses are told to others, and are one each.
func splitPort(addr string) (string, int, error) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("not an address of the form HOST:PORT")
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	port, err := strconv.Atoi(p)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("port %q is not a number from 1 to 65535", p)
	}
	return host, port, nil
}
