package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/daemon"
)

// asGateway, in the environment, makes this program a gateway.
const asGateway = "RUN_GATEWAY=1"

func TestMain(m *testing.M) {
	cluster.MaybeRunNode(daemon.Main)
	name, _, _ := strings.Cut(asGateway, "=")
	if os.Getenv(name) != "" {
		os.Exit(daemon.GatewayMain(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// gateway is this program again, as a gateway.
func gateway(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), asGateway)
	return cmd
}

func until(t *testing.T, what string, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := cluster.Until(ctx, 20*time.Millisecond, f); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func get(t *testing.T, url string) (int, string, error) { return getOnce(t, url, "") }

// getOnce is get with a key under which the request is applied once, if there is one.
func getOnce(t *testing.T, url, key string) (int, string, error) {
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer t")
	req.Header.Set("Request-Timeout", "20")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// A gateway serves every key through the death of a leader, holds nothing itself, and leaves in good order.
func TestGatewayThroughLeaderKill(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	at := c.Spare()
	var log strings.Builder
	cmd := gateway(t, "--http", at[0], "--peer", at[1], "--gossip", at[2], "--join", c.Node(0).Gossip+","+c.Node(1).Gossip, "--token", "t", "--name", "gw")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url := "http://" + at[0]
	until(t, "the gateway is ready", func() error {
		if status, body, err := get(t, url+"/readyz"); err != nil || status != 200 {
			return fmt.Errorf("%d %s %v", status, body, err)
		}
		return nil
	})
	until(t, "the gateway shows the replicas of all nodes", func() error { return surveyed(t, url) })
	followThrough(t, url, "http://"+c.Node(0).HTTP)
	countThroughKill(t, c.Node(2), url)
	if err := c.Node(2).Start(); err != nil {
		t.Fatal(err)
	}
	onceThroughKill(t, c.Node(1), url)
	status, body, err := get(t, url+"/v1/nodes")
	var nodes []struct {
		Name    string
		Gateway bool
		Holds   []int
	}
	if json.Unmarshal([]byte(body), &nodes) != nil || err != nil || len(nodes) != 4 || !nodes[3].Gateway || nodes[3].Name != "gw" || len(nodes[3].Holds) != 0 {
		t.Errorf("nodes: %d %s, %v", status, body, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(log.String(), "ready: reaches all 16384 slots") {
		t.Errorf("it ended with %v:\n%s", err, log.String())
	}
}

// surveyed reports what is missing where a gateway, which has none, shows the replicas of three nodes.
func surveyed(t *testing.T, url string) error {
	status, body, err := get(t, url+"/v1/replicas")
	var nodes []struct {
		Answers  bool
		Replicas []struct{ Commit int }
	}
	if json.Unmarshal([]byte(body), &nodes) != nil || err != nil || len(nodes) != 4 || len(nodes[0].Replicas) != 0 {
		return fmt.Errorf("%d %s, %v", status, body, err)
	}
	for _, n := range nodes[1:] {
		if !n.Answers || len(n.Replicas) != 6 || n.Replicas[5].Commit == 0 {
			return fmt.Errorf("%+v", n)
		}
	}
	return nil
}

// countThroughKill raises counters while a node is killed, and compares them with what was answered.
func countThroughKill(t *testing.T, victim *cluster.Node, url string) {
	t.Helper()
	const counters = 12
	acked, unknown := [counters]int{}, [counters]int{}
	for i := range 40 * counters {
		if i == 15*counters {
			if err := victim.Kill9(); err != nil {
				t.Fatal(err)
			}
		}
		switch status, body, err := get(t, fmt.Sprint(url, "/incr/counter", i%counters)); {
		case err != nil:
			t.Fatal(err)
		case status == 200:
			acked[i%counters]++
		case strings.Contains(body, `"applied":"unknown"`):
			unknown[i%counters]++
		case !strings.Contains(body, `"applied":"no"`):
			t.Fatalf("%d %s", status, body)
		}
	}
	for i := range counters {
		until(t, "a counter is read", func() error {
			_, body, err := get(t, fmt.Sprint(url, "/get/counter", i))
			var n int
			if _, scanErr := fmt.Sscanf(body, `{"result":"%d"}`, &n); err != nil || scanErr != nil {
				return fmt.Errorf("%s, %v", body, err)
			}
			if n < acked[i] || n > acked[i]+unknown[i] {
				t.Errorf("counter%d is %d after %d acknowledged and %d unknown", i, n, acked[i], unknown[i])
			}
			return nil
		})
	}
}

// followThrough follows a channel at one address and publishes at another.
func followThrough(t *testing.T, at, elsewhere string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", at+"/subscribe/news", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer t")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || lines.Text() != "data: subscribe,news,1" {
		t.Fatalf("%q", lines.Text())
	}
	done := make(chan struct{})
	var publisher sync.WaitGroup
	publisher.Go(func() { publishUntil(t, done, elsewhere) }) // the other node may not have heard of the subscription yet
	defer publisher.Wait()
	defer close(done)
	for lines.Scan() && lines.Text() != "data: message,news,hello" {
		if text := lines.Text(); text != "" && text != ": alive" {
			t.Fatalf("%q", text)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// publishUntil publishes a message over and over.
func publishUntil(t *testing.T, done <-chan struct{}, at string) {
	for {
		if status, body, err := get(t, at+"/publish/news/hello"); err != nil || status != 200 {
			t.Errorf("publish: %d %s, %v", status, body, err)
			return
		}
		select {
		case <-done:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// onceThroughKill raises a counter of each shard's while a node is killed, every request twice with the same key and
// again where its outcome is not known: each counts once.
func onceThroughKill(t *testing.T, victim *cluster.Node, url string) {
	t.Helper()
	const counters, rounds = 12, 20
	for i := range rounds * counters {
		if i == rounds*counters/2 {
			if err := victim.Kill9(); err != nil {
				t.Fatal(err)
			}
		}
		want := fmt.Sprintf(`{"result":%d}`, i/counters+1)
		for range 2 {
			until(t, "a request is answered", func() error {
				status, body, err := getOnce(t, fmt.Sprint(url, "/incr/once", i%counters), fmt.Sprint("request-", i))
				if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
					return fmt.Errorf("%d %s", status, body)
				}
				if err != nil || body != want {
					t.Fatalf("request %d: %d %s, %v, want %s", i, status, body, err, want)
				}
				return nil
			})
		}
	}
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{{}, {"--join", "nonsense"}, {"--join", "127.0.0.1:1", "--http", "127.0.0.1:60000"}, {"--no-such-flag"}} {
		out, err := gateway(t, args...).CombinedOutput()
		exit, ok := err.(*exec.ExitError)
		if !ok || exit.ExitCode() != 2 || strings.Count(string(out), "\n") != 1 || !strings.HasPrefix(string(out), "troupe-gateway: ") {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}
	out, err := gateway(t, "--version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "troupe-gateway ") {
		t.Errorf("%s, %v", out, err)
	}
}
