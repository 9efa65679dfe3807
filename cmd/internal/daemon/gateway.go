package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/troupedb/troupe/actors"
	"github.com/troupedb/troupe/cmd/internal/cli"
	"github.com/troupedb/troupe/wire/secret"
)

// gatewayFlags are the command line of troupe-gateway.
type gatewayFlags struct {
	HTTP       string   `name:"http" default:"127.0.0.1:8080" help:"Address for HTTP." placeholder:"HOST:PORT"`
	Peer       string   `default:"+10000" help:"Address for the nodes; +N is the port of --http plus N." placeholder:"ADDR"`
	Gossip     string   `default:"+20000" help:"Address for gossip (TCP and UDP)." placeholder:"ADDR"`
	Advertise  string   `help:"Host that the nodes reach this gateway by: an IP address. Default: that of --http." placeholder:"HOST"`
	Join       []string `help:"Gossip addresses of nodes of the cluster." placeholder:"ADDR,…"`
	Name       string   `help:"Label of this gateway, for people." placeholder:"LABEL"`
	Token      string   `help:"Bearer token of clients. Without one, only loopback clients are served." placeholder:"TOKEN"`
	SecretFile string   `help:"File with the cluster's secret, read again on SIGHUP. Without one, nodes are reached over loopback only." placeholder:"FILE" type:"path"`
	Secret     string   `hidden:"" help:"The secret itself; for the environment."`
	LogLevel   string   `default:"info" enum:"debug,info,warn,error" help:"Log level: debug, info, warn or error." placeholder:"LEVEL"`
	Version    bool     `env:"-" help:"Print the version and exit."`
}

const gatewayName = "troupe-gateway"

// GatewayMain runs troupe-gateway as Main runs a node.
func GatewayMain(args []string) int {
	std := streams{os.Stdout, os.Stderr}
	g, done, err := parseGateway(args, std)
	if err == nil && !done {
		err = runGateway(g, std)
	}
	return exitCode(gatewayName, err, std)
}

func parseGateway(args []string, std streams) (g *gatewayFlags, done bool, err error) {
	g = &gatewayFlags{}
	done, err = cli.Parse(g, gatewayName,
		"Redis over HTTP/JSON for a Troupe cluster, and a page that shows it: a member of the cluster without data.", args, std.out, std.err)
	switch {
	case done:
		return g, true, nil
	case err != nil:
		return g, false, usagef("%v; see --help", err)
	}
	if len(g.Join) == 0 && !g.Version {
		return g, false, usagef("--join is missing: name the gossip address of a node, or of several")
	}
	return g, false, nil
}

// asNode gives the flags of a node that has its clients at the HTTP port: other ports are told from there.
func (g *gatewayFlags) asNode() *flags {
	return &flags{
		Listen: g.HTTP, HTTP: g.HTTP, Peer: g.Peer, Gossip: g.Gossip, Advertise: g.Advertise, Join: g.Join, Name: g.Name,
		Secret: g.Secret, SecretFile: g.SecretFile, Requirepass: g.Token, LogLevel: g.LogLevel,
		Replicas: 1, Shards: 1, // of no use to a gateway, but checked
	}
}

func runGateway(g *gatewayFlags, std streams) error {
	if g.Version {
		_, err := fmt.Fprintln(std.out, gatewayName, Version)
		return err
	}
	f := g.asNode()
	if err := f.check(); err != nil {
		return err
	}
	sec, err := loadSecret(f)
	if err != nil {
		return err
	}
	log := newLogger(f, std.err)
	cfg, err := gatewayConfig(f, sec, log)
	if err != nil {
		return err
	}
	return serveGateway(f, cfg, std)
}

func gatewayConfig(f *flags, sec *secret.Secret, log *slog.Logger) (actors.Config, error) {
	a, err := f.resolve(0)
	if err != nil {
		return actors.Config{}, err
	}
	advertise := f.advertise(a.http)
	if sec == nil && (loopbackOnly(&a) || !isLoopback(advertise)) {
		log.Warn("no --secret-file, so nodes are reached on this machine only", "peer", a.peer, "gossip", a.gossip)
	}
	cfg := actors.Config{
		Gateway: true, Gossip: a.gossip, Advertise: advertise, Join: f.Join, Name: f.Name, Secret: sec, Password: f.Requirepass,
		Logger: log, Fatal: dieAs(gatewayName), Version: Version,
	}
	if cfg.HTTP, err = net.Listen("tcp", a.http); err != nil {
		return cfg, fmt.Errorf("--http %s: %w", a.http, err)
	}
	if cfg.Peer, err = net.Listen("tcp", a.peer); err != nil {
		return cfg, fmt.Errorf("--peer %s: %w", a.peer, err)
	}
	return cfg, nil
}

// serveGateway starts it, and waits for a signal.
func serveGateway(f *flags, cfg actors.Config, std streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	reread := onSecretChange(f)
	begin := time.Now()
	cfg.Ready = func() {
		fmt.Fprintf(std.out, "ready: reaches all 16384 slots from http://%s after %d ms\n", cfg.HTTP.Addr(), time.Since(begin).Milliseconds())
	}
	n, err := actors.Start(cfg)
	if err != nil {
		return err
	}
	cfg.Logger.Info("listens", "http", cfg.HTTP.Addr(), "peer", cfg.Peer.Addr(), "gossip", cfg.Gossip)
	reread(ctx, []*actors.Node{n}, cfg.Logger)
	stop() // a second signal ends the process at once
	cfg.Logger.Info("stops")
	return n.Stop()
}
