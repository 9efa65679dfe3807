package actors

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminServer answers health checks and metrics on the HTTP port.
type adminServer struct {
	http *http.Server
	done chan struct{}
}

func (n *Node) serveAdmin() *adminServer {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &metrics{n})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	a := &adminServer{done: make(chan struct{}), http: &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}}
	a.http.Handler = http.MaxBytesHandler(mux, 1<<20)
	go func() {
		defer close(a.done)
		if err := a.http.Serve(n.cfg.HTTP); !errors.Is(err, http.ErrServerClosed) {
			n.cfg.Logger.Error("http ended", "err", err)
		}
	}()
	return a
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

func (a *adminServer) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if a.http.Shutdown(ctx) != nil {
		a.http.Close()
	}
	<-a.done
}
