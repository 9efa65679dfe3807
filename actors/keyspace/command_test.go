package keyspace

import (
	"bytes"
	"strings"
	"testing"
)

// request makes the arguments of a request from a line of words.
func request(line string) [][]byte {
	var args [][]byte
	for _, w := range strings.Fields(line) {
		args = append(args, []byte(w))
	}
	return args
}

// everyCommand calls fn for each command and subcommand of the table.
func everyCommand(fn func(c *Command)) {
	for _, c := range table {
		fn(c)
		for _, s := range c.Subs {
			fn(s)
		}
	}
}

func TestTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	everyCommand(func(c *Command) {
		if seen[c.full] {
			t.Errorf("%s is in the table twice", c.full)
		}
		seen[c.full] = true
		if c.Name != strings.ToLower(c.Name) || len(c.Name) == 0 || len(c.Name) > maxName {
			t.Errorf("%q cannot be looked up", c.Name)
		}
		if c.Arity == 0 || c.Summary == "" || c.Since == "" || c.Complexity == "" || c.Group == "" {
			t.Errorf("%s lacks a fact: %+v", c.full, *c)
		}
		if c.Write() && c.ReadOnly() {
			t.Errorf("%s writes and does not", c.full)
		}
		if c.HasKeys() && len(c.Subs) > 0 {
			t.Errorf("%s is a container and has keys itself", c.full)
		}
	})
	for _, c := range table {
		if len(c.Subs) > 0 && c.subs["help"] == nil {
			t.Errorf("%s has no HELP", c.Name)
		}
	}
}

func TestWhere(t *testing.T) {
	for line, want := range map[string]Place{
		"get k": Shard, "mset a 1": Shard, "rename a b": Shard, "object encoding k": Shard, "memory usage k": Shard,
		"object help": Node, "watch k": Node, "exec": Node, "ping": Node, "cluster slots": Node, "memory doctor": Node,
		"cluster": Node, "dbsize": Scatter, "scan 0": Scatter, "keys *": Scatter, "flushall": Scatter,
		"flushdb": Scatter, "randomkey": Scatter,
	} {
		if got := lookupArgs(request(line)).Where(); got != want {
			t.Errorf("%s: place %d, want %d", line, got, want)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, name := range []string{"get", "GET", "gEt"} {
		if c := Lookup([]byte(name)); c == nil || c.Name != "get" || !c.ReadOnly() || c.Write() {
			t.Errorf("Lookup(%s) = %v", name, c)
		}
	}
	for _, name := range []string{"", "ge", "gett", "get ", "client|id", "\x00", strings.Repeat("g", 1<<20)} {
		if c := Lookup([]byte(name)); c != nil {
			t.Errorf("Lookup(%.20q) = %s", name, c.full)
		}
	}
	client := Lookup([]byte("Client"))
	if c := LookupSub(client, []byte("SetName")); c == nil || c.FullName() != "client|setname" {
		t.Errorf("LookupSub = %v", c)
	}
	if LookupSub(client, []byte("no-such")) != nil || LookupSub(nil, []byte("id")) != nil ||
		LookupSub(Lookup([]byte("get")), []byte("id")) != nil {
		t.Error("LookupSub finds what is not there")
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	args := [][]byte{[]byte("MSET"), []byte("a"), []byte("1"), []byte("b"), []byte("2")}
	var room [4]int
	n := testing.AllocsPerRun(100, func() {
		c := Lookup(args[0])
		if keys, err := c.AppendKeys(room[:0], args); err != nil || len(keys) != 2 {
			t.Fatal(keys, err)
		}
		if c.CheckArity(args) != nil {
			t.Fatal("arity")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestResolveErrors(t *testing.T) {
	long := strings.Repeat("x", 200)
	cases := []struct {
		args []string
		want string
	}{
		{[]string{"get", "k"}, ""},
		{[]string{"PING"}, ""},
		{[]string{"command"}, ""},
		{nil, "ERR unknown command '', with args beginning with: "},
		{[]string{"nope"}, "ERR unknown command 'nope', with args beginning with: "},
		{[]string{"nope", "a", "b"}, "ERR unknown command 'nope', with args beginning with: 'a' 'b' "},
		{[]string{long, long, "y"}, "ERR unknown command '" + long[:128] + "', with args beginning with: '" + long[:128] + "' "},
		{[]string{"nope", long[:100], long, "y"},
			"ERR unknown command 'nope', with args beginning with: '" + long[:100] + "' '" + long[:25] + "' "},
		{[]string{"a\r\nb", "c\x00d"}, "ERR unknown command 'a  b', with args beginning with: 'c' "},
		{[]string{"Get"}, "ERR wrong number of arguments for 'get' command"},
		{[]string{"get", "a", "b"}, "ERR wrong number of arguments for 'get' command"},
		{[]string{"mset", "a"}, "ERR wrong number of arguments for 'mset' command"},
		{[]string{"cluster"}, "ERR wrong number of arguments for 'cluster' command"},
		{[]string{"cluster", "Nope"}, "ERR unknown subcommand 'Nope'. Try CLUSTER HELP."},
		{[]string{"client", long}, "ERR unknown subcommand '" + long[:128] + "'. Try CLIENT HELP."},
		{[]string{"client", "setname"}, "ERR wrong number of arguments for 'client|setname' command"},
	}
	for _, tc := range cases {
		var args [][]byte
		for _, a := range tc.args {
			args = append(args, []byte(a))
		}
		c, err := Resolve(args)
		switch {
		case tc.want == "" && (err != nil || c == nil):
			t.Errorf("%.40q: %v", tc.args, err)
		case tc.want != "" && (err == nil || err.Error() != tc.want || c != nil):
			t.Errorf("%.40q: got %v\nwant %s", tc.args, err, tc.want)
		}
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("get\nk")
	f.Add("cluster\n\xff\x00")
	f.Add("nope\n" + strings.Repeat("é", 100))
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Resolve(bytes.Split([]byte(text), []byte("\n")))
		if (c == nil) == (err == nil) {
			t.Fatalf("command %v, error %v", c, err)
		}
		if err != nil && (len(err.Error()) > 600 || strings.ContainsAny(err.Error(), "\r\n\x00")) {
			t.Fatalf("bad text %q", err)
		}
	})
}
