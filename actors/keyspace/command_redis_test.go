package keyspace

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

// Where this table is of Redis 7.2 and the server at hand may be of 7.0: full name and field of an entry.
var newerThan70 = map[string]string{
	"cluster|shards":          "flags", // answers while loading
	"cluster|slots":           "flags",
	"wait":                    "flags", // scripts may
	"blmove":                  "flags",
	"blpop":                   "flags",
	"brpop":                   "flags",
	"brpoplpush":              "flags",
	"bzpopmax":                "flags",
	"bzpopmin":                "flags",
	"command|getkeys":         "arity", // a command may have no arguments
	"command|getkeysandflags": "arity",
	"client|setname":          "tips",
	"config|set":              "tips",
	"config|resetstat":        "tips",
	"msetnx":                  "tips", // cannot be split: all or nothing
	"randomkey":               "tips",
	"scan":                    "tips",
	"zrank":                   "arity", // WITHSCORE
	"zrevrank":                "arity",
}

// since72 lists the commands that came with 7.2.
var since72 = []string{"waitaof", "client|no-touch", "client|setinfo", "cluster|myshardid"}

// additions lists the subcommands that Redis has not.
var additions = []string{"client|once", "client|route"}

// deprecated72 lists the commands that 7.2 deprecated.
var deprecated72 = []string{"psetex", "quit", "setex", "setnx"}

// notAnswered lists Redis's subcommands that the project has no use for.
var notAnswered = strings.Fields(`
	client|caching client|getredir client|tracking client|trackinginfo
	cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|delslots
	cluster|delslotsrange cluster|failover cluster|flushslots cluster|forget cluster|meet cluster|replicate
	cluster|reset cluster|saveconfig cluster|set-config-epoch cluster|setslot latency|graph`)

// redis is a connection to a real server.
type redis struct {
	conn net.Conn
	in   *bufio.Reader
	is72 bool // else 7.0
}

// startRedis starts a server that lives as long as the test.
func startRedis(t *testing.T) *redis {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("TROUPE_TEST_TOOLS") == "1" {
			t.Fatal("TROUPE_TEST_TOOLS=1 and no redis-server on the path")
		}
		t.Skip("no redis-server on the path")
	}
	for range 10 {
		if addr, ok := launchRedis(t, path, 20000+rand.IntN(10000)); ok {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			r := &redis{conn: conn, in: bufio.NewReader(conn)}
			r.is72 = !strings.Contains(r.ask(t, "INFO", "server").text, "redis_version:7.0.")
			return r
		}
	}
	t.Fatal("redis-server does not start")
	return nil
}

// launchRedis reports false when the port is taken.
func launchRedis(t *testing.T, path string, port int) (string, bool) {
	cmd := exec.Command(path, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--enable-debug-command", "yes")
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "LC_ALL=C") // SORT … ALPHA knows the language
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
			return fmt.Sprintf("127.0.0.1:%d", port), true
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	return "", false
}

func (r *redis) ask(t *testing.T, args ...string) reply {
	t.Helper()
	w := fmt.Sprintf("*%d\r\n", len(args))
	for _, a := range args {
		w += fmt.Sprintf("$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(r.conn, w); err != nil {
		t.Fatal(err)
	}
	line := func() string {
		s, err := r.in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(s, "\r\n")
	}
	bulk := func(n int) string {
		b := make([]byte, n+2)
		if _, err := io.ReadFull(r.in, b); err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	return parseReply(line, bulk)
}

// setProto switches the protocol version; the reply to HELLO is not looked at.
func (r *redis) setProto(t *testing.T, proto int) { r.ask(t, "HELLO", strconv.Itoa(proto)) }

var entryFields = [...]string{"name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "key specs"}

func TestCommandInfoIsAsRedisSays(t *testing.T) {
	server := startRedis(t)
	for _, proto := range []int{2, 3} {
		server.setProto(t, proto)
		theirs := map[string]reply{}
		for _, e := range server.ask(t, "COMMAND").items {
			theirs[e.items[0].text] = e
		}
		for _, e := range answer(t, proto, "command").items {
			name := e.items[0].text
			if their, ok := theirs[name]; ok {
				sameEntry(t, proto, e, their)
			} else if !slices.Contains(since72, name) {
				t.Errorf("Redis has no %s", name)
			}
		}
	}
}

func sameEntry(t *testing.T, proto int, ours, theirs reply) {
	t.Helper()
	name := ours.items[0].text
	if len(theirs.items) != len(ours.items) {
		t.Fatalf("%s: %d elements, Redis has %d", name, len(ours.items), len(theirs.items))
	}
	for i, field := range entryFields {
		our, their := ours.items[i].String(), withoutNotes(theirs.items[i]).String()
		if our != their && newerThan70[name] != field {
			t.Errorf("RESP%d %s: %s\ngot  %s\nwant %s", proto, name, field, our, their)
		}
	}
	sameSubs(t, proto, name, ours.items[9], theirs.items[9])
}

// withoutNotes drops the remarks for readers from key specs.
func withoutNotes(r reply) reply {
	for i, spec := range r.items {
		if len(spec.items) > 0 && spec.items[0].text == "notes" {
			r.items[i].items = spec.items[2:]
		}
	}
	return r
}

func sameSubs(t *testing.T, proto int, name string, ours, theirs reply) {
	t.Helper()
	if ours.kind != theirs.kind {
		t.Errorf("RESP%d %s: subcommands as %c, Redis as %c", proto, name, ours.kind, theirs.kind)
	}
	left := map[string]reply{}
	for _, e := range theirs.items {
		left[e.items[0].text] = e
	}
	for _, e := range ours.items {
		sub := e.items[0].text
		if their, ok := left[sub]; ok {
			sameEntry(t, proto, e, their)
		} else if !slices.Contains(since72, sub) && !slices.Contains(additions, sub) {
			t.Errorf("Redis has no %s", sub)
		}
		delete(left, sub)
	}
	for sub := range left {
		if !slices.Contains(notAnswered, sub) {
			t.Errorf("%s is missing", sub)
		}
	}
}

func TestDocsFactsAreAsRedisSays(t *testing.T) {
	server := startRedis(t)
	server.setProto(t, 3)
	theirs, ours := server.ask(t, "COMMAND", "DOCS"), answer(t, 3, "command docs")
	for i := 0; i < len(ours.items); i += 2 {
		name, our := ours.items[i].text, ours.items[i+1]
		if slices.Contains(since72, name) {
			continue
		}
		their := theirs.field(name)
		facts := []string{"since", "group", "doc_flags", "deprecated_since"}
		if slices.Contains(deprecated72, name) {
			facts = facts[:2]
		}
		for _, f := range facts {
			if o, w := our.field(f).String(), their.field(f).String(); o != w {
				t.Errorf("%s: %s %s, Redis says %s", name, f, o, w)
			}
		}
	}
}

func TestCategoriesAreAsRedisSays(t *testing.T) {
	server := startRedis(t)
	for _, cat := range categoryNames {
		listed := map[string]bool{}
		for _, i := range server.ask(t, "COMMAND", "LIST", "FILTERBY", "ACLCAT", cat[1:]).items {
			listed[i.text] = true
		}
		if len(listed) == 0 {
			t.Errorf("Redis has no category %s", cat)
		}
		for _, i := range answer(t, 2, "command list filterby aclcat "+cat[1:]).items {
			if !listed[i.text] && !slices.Contains(since72, i.text) && !slices.Contains(additions, i.text) {
				t.Errorf("%s is not in %s", i.text, cat)
			}
		}
	}
}

func TestRepliesAreAsRedisGives(t *testing.T) {
	long := strings.Repeat("x", 200)
	requests := [][]string{
		{"COMMAND", "GETKEYS", "set", "k", "v"}, {"COMMAND", "GETKEYS", "mset", "a", "1", "b"},
		{"COMMAND", "GETKEYS", "memory", "usage", "k"}, {"COMMAND", "GETKEYS", "ping", "x"},
		{"COMMAND", "GETKEYS", "object", "nope"}, {"COMMAND", "GETKEYS", "get", "a", "b"},
		{"COMMAND", "GETKEYSANDFLAGS", "set", "k", "v"}, {"COMMAND", "GETKEYSANDFLAGS", "set", "k", "v", "GET"},
		{"COMMAND", "GETKEYSANDFLAGS", "copy", "a", "b"}, {"COMMAND", "GETKEYSANDFLAGS", "watch", "a", "b"},
		{"COMMAND", "GETKEYSANDFLAGS", "getdel", "a"}, {"COMMAND", "INFO", "nope", "get|x", "client|id|x", "|", ""},
		{"COMMAND", "LIST", "FILTERBY", "nope", "x"}, {"COMMAND", "LIST", "FILTERBY"}, {"COMMAND", "LIST", "x"},
		{"COMMAND", "LIST", "FILTERBY", "PATTERN", "[EX]?PIRE*"}, {"COMMAND", "DOCS", "nope"}, {"COMMAND", "DOCS", "a|b|c"},
		{"COMMAND", "LIST", "FILTERBY", "MODULE", "m"}, {"COMMAND", "LIST", "FILTERBY", "ACLCAT", "nope"},
		{"COMMAND", "NOPE"}, {"COMMAND", "COUNT", "x"}, {"GET"}, {"nope"}, {"NoPe", "a", "b"}, {long, long, "y"},
		{"nope", long[:100], long}, {"nope", long[:128], "z"}, {"nope", long[:124], "abcdef"}, {"a\r\nb\x00c", "d\ne", "f\x00g"},
		{"Cluster", long}, {"client", "a\x00b"}, {"Client", "SetName"}, {"CONFIG"}, {"object", "freq"}, {"", "x"}, {"nope", ""},
	}
	server := startRedis(t)
	for _, proto := range []int{2, 3} {
		server.setProto(t, proto)
		for _, r := range requests {
			want := server.ask(t, r...)
			if got := localReply(t, proto, r); sorted(got).String() != sorted(want).String() {
				t.Errorf("RESP%d %.60q\ngot  %s\nwant %s", proto, r, got, want)
			}
		}
	}
}

// sorted orders the elements of a reply, since Redis lists names as its hash table has them.
func sorted(r reply) reply {
	slices.SortFunc(r.items, func(a, b reply) int { return strings.Compare(a.String(), b.String()) })
	return r
}

// localReply answers as a session would: the error of Resolve, else COMMAND.
func localReply(t *testing.T, proto int, line []string) reply {
	t.Helper()
	var args [][]byte
	for _, a := range line {
		args = append(args, []byte(a))
	}
	var w resp.Writer
	w.Reset(nil, proto)
	if _, err := Resolve(args); err != nil {
		w.Error(err.Error())
	} else {
		WriteCommand(&w, args)
	}
	return parseText(t, string(w.Bytes()))
}
