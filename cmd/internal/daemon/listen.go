package daemon

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"github.com/troupedb/troupe/actors"
	"github.com/troupedb/troupe/wire/secret"
)

// configs makes the configuration of every node of this process, with its sockets open.
func configs(f *flags, sec *secret.Secret) ([]actors.Config, error) {
	if f.Demo == 0 {
		cfg, err := f.config(0, f.Data, f.Join, sec)
		return []actors.Config{cfg}, err
	}
	join, err := f.demoJoin()
	if err != nil {
		return nil, err
	}
	var out []actors.Config
	for i := 1; i <= f.Demo; i++ {
		cfg, err := f.config(i, filepath.Join(f.Data, "n"+strconv.Itoa(i)), join, sec)
		if err != nil {
			return nil, err
		}
		cfg.Name = "n" + strconv.Itoa(i)
		out = append(out, cfg)
	}
	return out, nil
}

// demoJoin is the join list of a demo: the gossip addresses of all its nodes.
func (f *flags) demoJoin() ([]string, error) {
	var join []string
	for i := 1; i <= f.Demo; i++ {
		a, err := f.resolve(i)
		if err != nil {
			return nil, err
		}
		join = append(join, a.gossip)
	}
	return join, nil
}

func (f *flags) config(i int, data string, join []string, sec *secret.Secret) (actors.Config, error) {
	a, err := f.resolve(i)
	if err != nil {
		return actors.Config{}, err
	}
	if sec == nil {
		// Without a secret nodes speak over loopback only: anyone who reaches those ports could join.
		if err := loopbackOnly(&a); err != nil {
			return actors.Config{}, err
		}
	}
	cfg := actors.Config{
		Data: data, Gossip: a.gossip, Advertise: f.advertise(a.client), Join: join, Name: f.Name, Zone: f.Zone,
		Shards: f.Shards, Replicas: f.Replicas, Fsync: fsyncMode(f.Fsync), MinFree: int64(f.MinFree),
		Secret: sec, Password: f.Requirepass, SnapshotEntries: f.SnapshotEntries, KeepEntries: f.KeepEntries,
	}
	return cfg, listen(&cfg, a)
}

func listen(cfg *actors.Config, a addresses) error {
	for _, l := range []struct {
		to         *net.Listener
		name, addr string
	}{{&cfg.Client, "listen", a.client}, {&cfg.Peer, "peer", a.peer}, {&cfg.HTTP, "http", a.http}} {
		var err error
		if *l.to, err = net.Listen("tcp", l.addr); err != nil {
			return fmt.Errorf("--%s %s: %w", l.name, l.addr, err)
		}
	}
	return nil
}

// loopbackOnly refuses peer and gossip addresses that others could reach, unless they follow --listen
// by default: those move to loopback.
func loopbackOnly(a *addresses) error {
	for _, p := range []struct {
		addr *string
		name string
	}{{&a.peer, "peer"}, {&a.gossip, "gossip"}} {
		host, port, err := net.SplitHostPort(*p.addr)
		if err != nil {
			return usagef("--%s %s: %v", p.name, *p.addr, err)
		}
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
			continue
		}
		fmt.Fprintf(os.Stderr, "troupe-node: no --secret-file, so --%s listens on 127.0.0.1 only: nodes on other machines need a shared secret (see --new-secret)\n", p.name)
		*p.addr = net.JoinHostPort("127.0.0.1", port)
	}
	return nil
}

// advertise is the host that others reach this node by: of --advertise, else of --listen, else (for
// 0.0.0.0) the first private address of this machine.
func (f *flags) advertise(client string) string {
	if f.Advertise != "" {
		return f.Advertise
	}
	host, _, _ := net.SplitHostPort(client)
	ip := net.ParseIP(host)
	switch {
	case host == "localhost":
		return "127.0.0.1"
	case ip != nil && !ip.IsUnspecified():
		return host
	case ip == nil:
		if ips, err := net.LookupIP(host); err == nil && len(ips) > 0 {
			return ips[0].String()
		}
	}
	return firstPrivate()
}

func firstPrivate() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "127.0.0.1"
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsPrivate() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}

// tuneMemory lets the collector run less often than by default: the live heap is mostly keys and values
// that stay. The environment's GOGC outranks it.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}
