package actors

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/troupedb/troupe/actors/gateway"
	"github.com/troupedb/troupe/actors/timing"
	"github.com/troupedb/troupe/wire"
)

// adminServer answers health checks, metrics and commands on the HTTP port.
type adminServer struct {
	http    *http.Server
	gateway *gateway.Handler
	giveUp  context.CancelFunc // has requests answered that still wait for something
	done    chan struct{}
}

func (n *Node) serveAdmin() *adminServer {
	gate := gateway.New(gateway.Config{Sessions: n.sessions, Routes: n.routes.Load, Version: n.cfg.Version, Survey: n.survey})
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &metrics{n, gate})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	base, giveUp := context.WithCancel(context.Background())
	a := &adminServer{done: make(chan struct{}), gateway: gate, giveUp: giveUp}
	a.http = &http.Server{
		Handler: a.over(mux), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10, ConnContext: gateway.Visit,
		BaseContext: func(net.Listener) context.Context { return base },
	}
	a.http.RegisterOnShutdown(a.gateway.Drain)
	go func() {
		defer close(a.done)
		if err := a.http.Serve(n.cfg.HTTP); !errors.Is(err, http.ErrServerClosed) {
			n.cfg.Logger.Error("http ended", "err", err)
		}
	}()
	return a
}

// standing is how the replicas here stand, and how long the log and clients took.
func (n *Node) standing() *wire.Surveyed {
	handles := n.routes.Load().Handles
	reads, writes := n.sessions.RequestTimes()
	m := &wire.Surveyed{
		Replicas: []wire.Standing{}, Syncs: times(n.store.Stats().SyncTime), Reads: times(reads), Writes: times(writes),
	}
	for _, shard := range slices.Sorted(maps.Keys(handles)) {
		g := handles[shard].Gauges
		v := g.View()
		m.Replicas = append(m.Replicas, wire.Standing{
			Shard: shard, Replica: v.Replica, Role: uint8(v.Role), Term: v.Term, Last: v.Last, Commit: v.Commit, Applied: v.Applied,
			Snapshot: v.Snapshot, Keys: v.Keys, Bytes: v.Bytes, Written: g.Ops.Load(), Read: g.Reads.Load(),
		})
	}
	return m
}

// times is what was counted, as it goes to other nodes.
func times(c timing.Counts) wire.Times {
	return wire.Times{Sum: uint64(c.Sum), Below: append(c.Below[:], c.Count)}
}

// over gives the paths of the operators to mux, and everything else to the gateway: a mux would mend paths.
func (a *adminServer) over(mux *http.ServeMux) http.Handler {
	operators := http.MaxBytesHandler(mux, 1<<20)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz", "/readyz", "/metrics":
			operators.ServeHTTP(w, r)
		default:
			a.gateway.ServeHTTP(w, r)
		}
	})
}

// readyz is 200 when every slot has a leader known here that has committed in its own term.
func (n *Node) readyz(w http.ResponseWriter, _ *http.Request) {
	if r := n.routes.Load(); !r.Served() {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "not every slot has a leader\n")
		return
	}
	io.WriteString(w, "ok\n")
}

// close waits for the requests under way, for a while; who must not wait any more is told what is known.
func (a *adminServer) close() {
	defer a.gateway.Close()
	err := a.shutdown(drainTime)
	a.giveUp()
	if err != nil && a.shutdown(lastWordsTime) != nil {
		a.http.Close()
	}
	<-a.done
}

func (a *adminServer) shutdown(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return a.http.Shutdown(ctx)
}

const (
	drainTime     = 2 * time.Second
	lastWordsTime = 500 * time.Millisecond
)
