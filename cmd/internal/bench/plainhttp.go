package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// plainArg makes this program a plain HTTP server before a cluster.
const plainArg = "__plain-http"

// MaybeRunPlainHTTP makes this process a plain HTTP server if it was started as one, and then does not return. Call it
// as cluster.MaybeRunNode.
func MaybeRunPlainHTTP() {
	if len(os.Args) < 4 || os.Args[1] != plainArg {
		return
	}
	if err := servePlain(os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// servePlain serves until its standard input ends, as it does with the program that started it, or serving fails.
func servePlain(at string, nodes []string) error {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: nodes})
	failed := make(chan error, 2)
	go func() { failed <- http.Serve(l, plainHandler(client)) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		failed <- err
	}()
	return <-failed
}

// plainHandler answers HTTP in the obvious way, as Webdis and its like do: JSON in, a command of a client library to
// the RESP port, JSON out.
func plainHandler(client redis.UniversalClient) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var args []any
		if err := json.NewDecoder(r.Body).Decode(&args); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		v, err := client.Do(r.Context(), args...).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			w.WriteHeader(http.StatusBadRequest)
			json.NewEncoder(w).Encode(map[string]any{"error": err.Error()})
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"result": v})
	})
}

// plainHTTP is such a server in a process of its own.
type plainHTTP struct {
	cmd   *exec.Cmd
	stdin io.Closer
	addr  string
}

func startPlainHTTP(ctx context.Context, c *cluster.Cluster) (p *plainHTTP, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p = &plainHTTP{addr: c.Spare()[0]}
	p.cmd = exec.Command(exe, append([]string{plainArg, p.addr}, c.Addrs()...)...)
	p.cmd.Stderr = os.Stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	err = cluster.Until(ctx, 20*time.Millisecond, func() error {
		conn, err := net.Dial("tcp", p.addr)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *plainHTTP) close() error {
	p.stdin.Close()
	return p.cmd.Wait()
}
