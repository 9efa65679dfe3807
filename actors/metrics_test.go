package actors

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/redis/go-redis/v9"
)

// TestDashboardQueriesWhatThereIs: every query of the Grafana dashboard names metrics that the node has, and these are
// named as Prometheus would have it.
func TestDashboardQueriesWhatThereIs(t *testing.T) {
	c, n := single(t)
	one := redis.NewClient(&redis.Options{Addr: n.cfg.Client.Addr().String()})
	defer one.Close()
	c.until("a command is served", func() bool { return one.Get(context.Background(), "k").Err() == redis.Nil })
	fetch(t, n, "/get/k")
	metrics := string(fetch(t, n, "/metrics"))
	for _, name := range []string{`troupe_http_requests_in_flight_max`, `troupe_http_bytes_max`, `troupe_http_bytes_limit`} {
		if !counted(metrics, name) {
			t.Errorf("%s is 0, or not there", name)
		}
	}
	c.until("a request over HTTP is timed, and holds nothing any more", func() bool {
		metrics = string(fetch(t, n, "/metrics"))
		return counted(metrics, `troupe_http_request_seconds_count{outcome="answered"}`) &&
			strings.Contains(metrics, "\ntroupe_http_requests_in_flight 0\n") && strings.Contains(metrics, "\ntroupe_http_bytes 0\n")
	})
	if !strings.Contains(metrics, `troupe_command_seconds_count{command="get"} `) {
		t.Error("no figures of GET")
	}
	c.until("a write is committed, applied and timed", func() bool {
		if err := one.Set(context.Background(), "k", 1, 0).Err(); err != nil {
			return false
		}
		metrics = string(fetch(t, n, "/metrics"))
		return counted(metrics, `troupe_request_seconds_count{kind="write"}`) && counted(metrics, `troupe_shard_apply_seconds_count`) &&
			counted(metrics, `troupe_shard_commit_seconds_count`)
	})
	for _, name := range []string{
		`troupe_request_seconds_count{kind="read"}`, `troupe_mailbox_messages_max{actor="session"}`,
		`troupe_mailbox_messages_max{actor="raftlog"}`, `troupe_mailbox_messages_max{actor="node"}`,
		`troupe_mailbox_messages_max{actor="forward"}`,
		`troupe_mailbox_messages_max{actor="shard/1"}`, `troupe_mailbox_messages_max{actor="apply/1"}`,
	} {
		if !counted(metrics, name) {
			t.Errorf("%s is 0, or not there", name)
		}
	}
	for _, name := range []string{
		"troupe_link_queued_bytes", "troupe_link_queued_bytes_max", "troupe_forward_operations_in_flight_max",
		"troupe_forward_blocked", "troupe_forward_blocked_max",
	} {
		if !strings.Contains(metrics, "\n"+name+" 0\n") {
			t.Errorf("%s is not there, or not 0 on a node by itself", name)
		}
	}
	if problems, err := promlint.New(strings.NewReader(metrics)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("names against Prometheus's conventions: %v, %v", problems, err)
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(fetch(t, n, "/v1/grafana.json"), &dashboard); err != nil || len(dashboard.Panels) == 0 {
		t.Fatalf("%d panels, %v", len(dashboard.Panels), err)
	}
	named := regexp.MustCompile(`(troupe|process)_\w+`)
	for _, p := range dashboard.Panels {
		for _, q := range p.Targets {
			names := named.FindAllString(q.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%s names no metric", q.Expr)
			}
			for _, name := range names {
				if !strings.Contains(metrics, "\n"+name+" ") && !strings.Contains(metrics, "\n"+name+"{") {
					t.Errorf("there is no %s, of which the dashboard asks %s", name, q.Expr)
				}
			}
		}
	}
}

// counted reports whether a metric is above zero for some labels.
func counted(metrics, name string) bool {
	for line := range strings.Lines(metrics) {
		if v, ok := strings.CutPrefix(line, name); ok && !strings.HasSuffix(v, " 0\n") {
			return true
		}
	}
	return false
}

func fetch(t *testing.T, n *Node, path string) []byte {
	t.Helper()
	resp, err := http.Get("http://" + n.cfg.HTTP.Addr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
	}
	return body
}
