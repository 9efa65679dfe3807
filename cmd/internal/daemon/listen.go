package daemon

import (
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"

	"github.com/troupedb/troupe/actors"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/wire/secret"
)

// configs makes the configuration of every node of this process, with its sockets open.
func configs(f *flags, sec *secret.Secret, log *slog.Logger) ([]actors.Config, error) {
	if f.Demo == 0 {
		cfg, err := f.config(0, f.Data, f.Join, sec, log)
		return []actors.Config{cfg}, err
	}
	join, err := f.demoJoin()
	if err != nil {
		return nil, err
	}
	var out []actors.Config
	for i := 1; i <= f.Demo; i++ {
		cfg, err := f.config(i, filepath.Join(f.Data, "n"+strconv.Itoa(i)), join, sec, log.With("n", i))
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

func (f *flags) config(i int, data string, join []string, sec *secret.Secret, log *slog.Logger) (actors.Config, error) {
	a, err := f.resolve(i)
	if err != nil {
		return actors.Config{}, err
	}
	advertise := f.advertise(a.client)
	if sec == nil && (loopbackOnly(&a) || !isLoopback(advertise)) {
		log.Warn("no --secret-file, so nodes on other machines cannot join: the ports for nodes listen on loopback only; see --new-secret",
			"peer", a.peer, "gossip", a.gossip)
	}
	fsync, err := raftlog.ParseMode(f.Fsync)
	if err != nil {
		return actors.Config{}, err
	}
	cfg := actors.Config{
		Data: data, Gossip: a.gossip, Advertise: advertise, Join: join, Name: f.Name, Zone: f.Zone,
		Shards: f.Shards, Replicas: f.Replicas, Fsync: fsync, MinFree: int64(f.MinFree),
		Secret: sec, Password: f.Requirepass, Leases: f.Reads == "lease", Forward: f.Route == "forward", Debug: f.DebugAllow, SnapshotEntries: f.SnapshotEntries, KeepEntries: f.KeepEntries,
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

// loopbackOnly moves the peer and gossip ports to loopback where others could reach them, and reports whether it
// did: without a secret, anyone who reaches them could join.
func loopbackOnly(a *addresses) (moved bool) {
	for _, addr := range []*string{&a.peer, &a.gossip} {
		host, port, _ := net.SplitHostPort(*addr)
		if !isLoopback(host) {
			*addr, moved = net.JoinHostPort("127.0.0.1", port), true
		}
	}
	return moved
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
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
