package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// post sends a request to the HTTP port of a node and returns the status and the body.
func post(t *testing.T, n *cluster.Node, path, body string, headers ...string) (int, string) {
	t.Helper()
	status, text, err := tryPost(t, n, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return status, text
}

func tryPost(t *testing.T, n *cluster.Node, path, body string, headers ...string) (int, string, error) {
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+n.HTTP+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// Any node answers for any key over HTTP, and its SCAN sees the keys of all.
func TestHTTPThroughAnyNode(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	for i := range 30 {
		n := c.Node(i % 3)
		if status, body := post(t, n, "/", fmt.Sprintf(`["SET","key%d",%d]`, i, i)); status != 200 || body != `{"result":"OK"}` {
			t.Fatalf("%s: %d %s", n.Name, status, body)
		}
	}
	for _, n := range c.Nodes() {
		for i := range 30 {
			if _, body := post(t, n, fmt.Sprint("/get/key", i), ""); body != fmt.Sprintf(`{"result":"%d"}`, i) {
				t.Errorf("%s: key%d: %s", n.Name, i, body)
			}
		}
		if _, body := post(t, n, "/dbsize", ""); body != `{"result":30}` {
			t.Errorf("%s: DBSIZE %s", n.Name, body)
		}
		if got := scanAll(t, n); len(got) != 30 {
			t.Errorf("%s: SCAN sees %d keys", n.Name, len(got))
		}
		if status, body := post(t, n, "/multi-exec", `[["SET","key1",0],["INCR","key1"]]`); status != 200 || body != `[{"result":"OK"},{"result":1}]` {
			t.Errorf("%s: %d %s", n.Name, status, body)
		}
		if status, _ := post(t, n, "/multi-exec", `[["SET","a",1],["INCR","b"]]`); status != http.StatusConflict {
			t.Errorf("%s: two slots: %d", n.Name, status)
		}
	}
	// http.Client follows 307 to the leader's own address.
	for _, n := range c.Nodes() {
		if status, body := post(t, n, "/", `["GET","key7"]`, "Prefer", "redirect"); status != 200 || body != `{"result":"7"}` {
			t.Errorf("%s: redirected: %d %s", n.Name, status, body)
		}
	}
}

func scanAll(t *testing.T, n *cluster.Node) map[string]bool {
	t.Helper()
	keys, cursor := map[string]bool{}, "0"
	for {
		_, body := post(t, n, "/scan/"+cursor, "")
		var page struct{ Result [2]any }
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		for _, k := range page.Result[1].([]any) {
			keys[k.(string)] = true
		}
		if cursor = page.Result[0].(string); cursor == "0" {
			return keys
		}
	}
}

// Counters are raised over HTTP through two nodes while the third, which leads some of them, is killed: each counts
// what was acknowledged, and at most what nobody could tell of besides.
func TestHTTPCountsThroughLeaderKill(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	const counters, rounds = 12, 60
	acked, unknown := [counters]int{}, [counters]int{}
	victim := c.Node(0)
	for round := range rounds {
		if round == rounds/3 {
			if err := victim.Kill9(); err != nil {
				t.Fatal(err)
			}
		}
		n := c.Node(1 + round%2)
		for i := range counters {
			switch status, body := post(t, n, "/", fmt.Sprintf(`["INCR","counter%d"]`, i), "Request-Timeout", "20"); {
			case status == 200:
				acked[i]++
			case strings.Contains(body, `"applied":"unknown"`):
				unknown[i]++
			case strings.Contains(body, `"applied":"no"`):
			default:
				t.Fatalf("%d %s", status, body)
			}
		}
	}
	for i := range counters {
		_, body := post(t, c.Node(1), fmt.Sprint("/get/counter", i), "", "Request-Timeout", "20")
		var got struct{ Result string }
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		count := 0
		fmt.Sscan(got.Result, &count)
		if count < acked[i] || count > acked[i]+unknown[i] {
			t.Errorf("counter%d is %d after %d acknowledged and %d unknown", i, count, acked[i], unknown[i])
		}
	}
	t.Logf("acknowledged %v, unknown %v", acked, unknown)
}

// Without a password only loopback is served; with one, its bearer.
func TestHTTPToken(t *testing.T) {
	n := cluster.StartT(t, cluster.Options{Nodes: 1}).Node(0)
	ask(t, n, "CONFIG", "SET", "requirepass", "pass word")
	for token, want := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer pass word": 200} {
		if status, body := post(t, n, "/set/k/v", "", "Authorization", token); status != want {
			t.Errorf("%q: %d %s", token, status, body)
		}
	}
	if status, _ := post(t, n, "/set/k/v?_token=pass%20word", ""); status != 200 {
		t.Errorf("token of the query: %d", status)
	}
}

// Where a password is set, any node tells of the replicas of all, and shows its password to none of them.
func TestHTTPReplicasOfAllNodes(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	for _, n := range c.Nodes() {
		ask(t, n, "CONFIG", "SET", "requirepass", "secret")
	}
	for _, n := range c.Nodes() {
		if status, body := post(t, n, "/set/k/v", "", "Authorization", "Bearer secret"); status != 200 {
			t.Fatalf("%s: %d %s", n.Name, status, body)
		}
		if status, body := post(t, n, "/v1/replicas", ""); status != http.StatusUnauthorized {
			t.Errorf("%s without the password: %d %s", n.Name, status, body)
		}
		until(t, n.Name+" shows three replicas of each shard, and what they hold", func() error { return wholeSurvey(t, n) })
	}
}

// wholeSurvey reports what a node's picture of all replicas lacks.
func wholeSurvey(t *testing.T, n *cluster.Node) error {
	status, body := post(t, n, "/v1/replicas", "", "Authorization", "Bearer secret")
	var nodes []struct {
		Node     string
		Answers  bool
		Replicas []struct {
			Shard                       int
			Role                        string
			Last, Commit, Applied, Keys uint64
		}
	}
	if err := json.Unmarshal([]byte(body), &nodes); err != nil || status != 200 || len(nodes) != 3 {
		return fmt.Errorf("%d %s: %v", status, body, err)
	}
	leaders, keys := 0, uint64(0)
	for _, one := range nodes {
		if !one.Answers || len(one.Replicas) != 6 {
			return fmt.Errorf("%s", body)
		}
		for _, r := range one.Replicas {
			if keys += r.Keys; r.Role == "leader" {
				leaders++
			}
			if r.Commit == 0 || r.Applied == 0 || r.Last < r.Commit || r.Commit < r.Applied {
				return fmt.Errorf("%+v", r)
			}
		}
	}
	if leaders != 6 || keys != 3 {
		return fmt.Errorf("%d leaders, and %d copies of a key: %s", leaders, keys, body)
	}
	return nil
}
