package actors

import (
	"log/slog"
	"net"

	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/wire/secret"
)

// Config is what a node is started with. Addresses are "host:port"; the listeners are open already, so
// that an address in use is told before anything is written.
type Config struct {
	Data      string
	Client    net.Listener // nil for a gateway
	Peer      net.Listener
	HTTP      net.Listener
	Gossip    string // bind address
	Advertise string // host that clients reach this node by, and with a Secret the other nodes
	Join      []string
	Name      string
	Zone      string
	Shards    int
	Replicas  int
	Fsync     raftlog.Mode
	MinFree   int64
	Secret    *secret.Secret
	Password  string
	Leases    bool // leaders read under a lease, which all nodes must agree to; see package replica
	Forward   bool // clients' commands on keys that another node leads are carried out there, instead of MOVED
	Version   string
	Gateway   bool // holds no data, and serves HTTP alone; Data, and what is about shards and disks, have no effect
	Debug     bool // allow clients the DEBUG command

	SnapshotEntries uint64
	SnapshotBytes   int64
	KeepEntries     uint64
	KeepBytes       int64 // see package replica; 0: 32 MiB

	// Shutdown has the process end in good order, with now without handing leaderships over first. It is called from
	// any goroutine, at the will of a client, and returns at once. Nil: clients can't end the process.
	Shutdown func(now bool)

	// Neighbours is told of how many other nodes are up on this machine, whenever that changes: those with data whose
	// host, as nodes reach it, is this node's, or a loopback address as this node's is. The director calls it in its
	// turn, so it returns at once. Nil: nobody wants to know.
	Neighbours func(nodes int)

	Logger *slog.Logger
	Fatal  func(error) // called once from any goroutine; ends the process
	Ready  func()      // called once, when every slot has a leader known here
}
