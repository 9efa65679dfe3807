package session

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/troupedb/troupe/wire/resp"
)

// dialRedis starts a real server in cluster mode that serves all slots, and connects to it.
func dialRedis(t *testing.T) *conn {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("TROUPE_TEST_TOOLS") == "1" {
			t.Fatal("TROUPE_TEST_TOOLS=1 and no redis-server on the path")
		}
		t.Skip("no redis-server on the path")
	}
	for range 10 {
		// The bus port, 10000 above, lies below the ports of other clients too.
		if port := 12000 + rand.IntN(8000); launchRedis(t, path, port) {
			c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			server := &conn{t: t, Conn: c}
			server.want("CLUSTER ADDSLOTSRANGE 0 16383", "OK")
			eventually(t, "the server serves", func() bool { return strings.Contains(server.do("CLUSTER INFO"), "cluster_state:ok") })
			return server
		}
	}
	t.Fatal("redis-server does not start")
	return nil
}

// launchRedis reports false when the port is taken.
func launchRedis(t *testing.T, path string, port int) bool {
	cmd := exec.Command(path, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--cluster-enabled", "yes")
	cmd.Dir = t.TempDir()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
			go io.Copy(io.Discard, out)
			return true
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	return false
}

// value sends a command and reads its reply.
func (c *conn) value(line string) resp.Value {
	c.t.Helper()
	c.send(line)
	for {
		v, n, err := resp.ParseReply(c.buf)
		if err == nil {
			c.buf = c.buf[n:]
			return v
		}
		chunk := make([]byte, 64<<10)
		if n, err = c.Read(chunk); err != nil {
			c.t.Fatalf("%s: %v", line, err)
		}
		c.buf = append(c.buf, chunk[:n]...)
	}
}

// shape is a reply without its contents: what a client takes apart by. Lists of likes have the shape of one.
func shape(v resp.Value) string {
	switch v.Kind {
	case resp.Array, resp.Set, resp.Push:
		var items []string
		for _, i := range v.Items {
			items = append(items, shape(i))
		}
		if len(items) > 1 && len(slices.Compact(slices.Clone(items))) == 1 {
			items = items[:1]
		}
		return fmt.Sprint(v.Kind, items)
	case resp.Map:
		var fields []string
		for i := 0; i+1 < len(v.Items); i += 2 {
			fields = append(fields, string(v.Items[i].Str)+"="+shape(v.Items[i+1]))
		}
		slices.Sort(fields)
		return fmt.Sprint(fields)
	case resp.Error:
		code, _, _ := strings.Cut(string(v.Str), " ")
		return "-" + code
	}
	return fmt.Sprint(v.Kind)
}

// TestRepliesAreShapedAsRedis compares what clients and tools ask of a node with a real server's answers.
func TestRepliesAreShapedAsRedis(t *testing.T) {
	server := dialRedis(t)
	b := newBed(t, 1)
	b.onlyNode()
	own := b.dial()
	for _, proto := range []string{"2", "3"} {
		server.do("HELLO " + proto)
		own.do("HELLO " + proto)
		for _, line := range []string{
			"SET k v", "GET k", "HELLO", "CLUSTER SLOTS", "CLUSTER INFO", "CLUSTER NODES", "CLUSTER MYID", "CLUSTER LINKS",
			"CLUSTER KEYSLOT k", "CLUSTER COUNTKEYSINSLOT 7", "CLUSTER COUNTKEYSINSLOT 16384", "CLUSTER GETKEYSINSLOT 7 3",
			"CLUSTER REPLICAS x", "CLUSTER COUNT-FAILURE-REPORTS x", "CLUSTER FOO",
			"CLIENT ID", "CLIENT INFO", "CLIENT LIST", "CLIENT LIST TYPE pubsub", "CLIENT LIST TYPE x", "CLIENT LIST ID 1 2", "CLIENT GETNAME",
			"CLIENT SETNAME a", "CLIENT GETNAME", "CLIENT SETNAME a\nb", "CLIENT KILL 1.1.1.1:1", "CLIENT KILL ID 999", "CLIENT KILL ID x",
			"CLIENT KILL TYPE x", "CLIENT NO-EVICT ON", "CLIENT NO-EVICT x", "CLIENT PAUSE x", "CLIENT UNPAUSE", "CLIENT UNBLOCK 999", "CLIENT FOO",
			"CONFIG GET maxclients", "CONFIG GET max*s", "CONFIG GET nothing", "CONFIG SET maxclients x", "CONFIG SET nothing 1", "CONFIG RESETSTAT",
			"CONFIG REWRITE", "INFO", "INFO nothing",
			"COMMAND COUNT", "COMMAND INFO get nothing", "COMMAND GETKEYS get k", "COMMAND GETKEYS ping", "COMMAND GETKEYSANDFLAGS get k",
			"COMMAND LIST FILTERBY PATTERN get", "COMMAND DOCS nothing",
			"SLOWLOG LEN", "SLOWLOG RESET", "SLOWLOG GET", "CONFIG SET slowlog-log-slower-than 0", "SLOWLOG GET 1", "SLOWLOG GET -5",
			"LATENCY LATEST", "LATENCY HISTORY command", "LATENCY RESET", "LATENCY HISTOGRAM get", "LATENCY DOCTOR", "MEMORY DOCTOR", "MEMORY PURGE",
			"PUBSUB CHANNELS", "PUBSUB NUMSUB a", "PUBSUB NUMPAT", "PUBSUB SHARDCHANNELS", "PUBSUB SHARDNUMSUB a", "PUBLISH a b", "SPUBLISH a b",
			"SUBSCRIBE a", "UNSUBSCRIBE a", "PSUBSCRIBE a", "PUNSUBSCRIBE", "SSUBSCRIBE a", "SUNSUBSCRIBE", "LOLWUT", "DEBUG SLEEP 0", "RESET",
		} {
			want, got := shape(server.value(line)), shape(own.value(line))
			if want != got {
				t.Errorf("RESP%s %s: %s, a real server %s", proto, line, got, want)
			}
		}
	}
}

// notTold are fields of a real server that say nothing of this one, or that it does not count.
var notTold = []string{
	"cluster_stats_messages_sent", "cluster_stats_messages_received", "total_cluster_links_buffer_limit_exceeded",
	"client_recent_max_input_buffer", "client_recent_max_output_buffer",
}

// TestFieldsAreAsRedis: texts that tools take apart have the fields of a real server's.
func TestFieldsAreAsRedis(t *testing.T) {
	server := dialRedis(t)
	b := newBed(t, 1)
	own := b.dial()
	for line, fields := range map[string]func(string) []string{
		"CLIENT LIST":          func(text string) []string { return names(strings.Fields(text), "=") },
		"CLUSTER INFO":         func(text string) []string { return names(strings.Fields(text), ":") },
		"INFO clients":         func(text string) []string { return names(strings.Fields(text), ":") },
		"INFO cluster":         func(text string) []string { return names(strings.Fields(text), ":") },
		"INFO cpu":             func(text string) []string { return names(strings.Fields(text), ":")[:4] },
		"INFO nothing":         strings.Fields,
		"CLUSTER KEYSLOT {a}b": strings.Fields,
	} {
		want, got := fields(server.do(line)), fields(own.do(line))
		for _, f := range want {
			if !slices.Contains(got, f) && !slices.Contains(notTold, f) {
				t.Errorf("%s has no %s", line, f)
			}
		}
	}
	if want, got := strings.Fields(server.do("CLUSTER NODES")), strings.Fields(own.do("CLUSTER NODES")); len(want) > len(got) || want[2] != got[2] {
		t.Errorf("CLUSTER NODES: %v, a real server %v", got, want)
	}
}

// names cuts fields at what follows their names.
func names(fields []string, sep string) []string {
	var out []string
	for _, f := range fields {
		name, _, _ := strings.Cut(f, sep)
		out = append(out, name)
	}
	return out
}
