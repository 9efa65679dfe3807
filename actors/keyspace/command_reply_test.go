package keyspace

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/troupedb/troupe/wire/resp"
)

// reply is a parsed reply that keeps its types: "~[+fast $1]". Maps keep the order of their fields.
type reply struct {
	kind  byte
	text  string
	items []reply
}

func (r reply) String() string {
	switch r.kind {
	case '*', '~', '%':
		return string(r.kind) + fmt.Sprint(r.items)
	}
	return string(r.kind) + r.text
}

// field is the value of a key in a map, or in an array that stands for one.
func (r reply) field(name string) reply {
	for i := 0; i+1 < len(r.items); i += 2 {
		if r.items[i].text == name {
			return r.items[i+1]
		}
	}
	return reply{}
}

// parseReply reads one reply through a function that gives a line and one that gives n bytes and their line end.
func parseReply(line func() string, bulk func(n int) string) reply {
	head := line()
	if head == "" {
		return reply{}
	}
	r := reply{kind: head[0], text: head[1:]}
	n, _ := strconv.Atoi(r.text)
	switch r.kind {
	case '$':
		if n < 0 {
			return reply{kind: '_'}
		}
		r.text = bulk(n)
	case '%':
		n *= 2
		fallthrough
	case '*', '~':
		r.items = []reply{}
		for range n {
			r.items = append(r.items, parseReply(line, bulk))
		}
	}
	return r
}

func parseText(t *testing.T, text string) reply {
	t.Helper()
	line := func() string {
		head, rest, ok := strings.Cut(text, "\r\n")
		if !ok {
			t.Fatalf("reply ends early")
		}
		text = rest
		return head
	}
	bulk := func(n int) string {
		s := text[:n]
		text = text[n+2:]
		return s
	}
	r := parseReply(line, bulk)
	if text != "" {
		t.Fatalf("%q follows the reply", text)
	}
	return r
}

// answer is what COMMAND answers to the request.
func answer(t *testing.T, proto int, line string) reply {
	t.Helper()
	var w resp.Writer
	w.Reset(nil, proto)
	WriteCommand(&w, request(line))
	return parseText(t, string(w.Bytes()))
}

func TestCommandInfo(t *testing.T) {
	const two = "*[*[$get :2 *[+readonly +fast] :1 :1 :1 *[+@read +@string +@fast] *[] " +
		"*[*[$flags *[+RO +access] $begin_search *[$type $index $spec *[$index :1]] " +
		"$find_keys *[$type $range $spec *[$lastkey :0 $keystep :1 $limit :0]]]] *[]] _]"
	const three = "*[*[$get :2 ~[+readonly +fast] :1 :1 :1 ~[+@read +@string +@fast] ~[] " +
		"~[%[$flags ~[+RO +access] $begin_search %[$type $index $spec %[$index :1]] " +
		"$find_keys %[$type $range $spec %[$lastkey :0 $keystep :1 $limit :0]]]] ~[]] _]"
	if got := answer(t, 2, "command info GET nope").String(); got != two {
		t.Errorf("RESP2\ngot  %s\nwant %s", got, two)
	}
	if got := answer(t, 3, "COMMAND INFO get nope|x").String(); got != three {
		t.Errorf("RESP3\ngot  %s\nwant %s", got, three)
	}
	if got := answer(t, 3, "command info client|setname").items[0]; got.items[0].text != "client|setname" {
		t.Error(got)
	}
}

func TestCommandAllAndCount(t *testing.T) {
	n := len(table)
	if got := answer(t, 2, "command count"); got.text != strconv.Itoa(n) {
		t.Errorf("count %s, want %d", got, n)
	}
	for _, line := range []string{"command", "command info"} {
		if got := answer(t, 3, line); len(got.items) != n {
			t.Errorf("%s: %d entries, want %d", line, len(got.items), n)
		}
	}
	if got := answer(t, 3, "command docs"); len(got.items) != 2*n || got.kind != '%' {
		t.Errorf("docs: %d items", len(got.items))
	}
}

func TestKeySpecForms(t *testing.T) {
	want := map[*Command]string{
		xreadLike: "%[$flags ~[+RO +access] $begin_search %[$type $keyword $spec %[$keyword $STREAMS $startfrom :1]] " +
			"$find_keys %[$type $range $spec %[$lastkey :-1 $keystep :1 $limit :2]]]",
		zdiffLike: "%[$flags ~[+RO +access] $begin_search %[$type $index $spec %[$index :1]] " +
			"$find_keys %[$type $keynum $spec %[$keynumidx :0 $firstkey :1 $keystep :1]]]",
	}
	for c, text := range want {
		var w resp.Writer
		w.Reset(nil, 3)
		writeKeySpec(&w, &c.KeySpecs[0])
		if got := parseText(t, string(w.Bytes())).String(); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
}

func TestCommandList(t *testing.T) {
	names := func(line string) map[string]bool {
		m := map[string]bool{}
		for _, i := range answer(t, 2, line).items {
			m[i.text] = true
		}
		return m
	}
	all := names("command list")
	if !all["get"] || !all["client|id"] || len(all) <= len(table) {
		t.Errorf("list: %v", all)
	}
	if got := names("command list filterby PATTERN CLIENT|SET*"); len(got) != 2 || !got["client|setname"] || !got["client|setinfo"] {
		t.Errorf("pattern: %v", got)
	}
	if got := names("command list FilterBy aclcat String"); len(got) != 22 || !got["lcs"] {
		t.Errorf("aclcat: %d %v", len(got), got)
	}
	for _, line := range []string{"command list filterby module m", "command list filterby aclcat nope"} {
		if got := answer(t, 2, line).String(); got != "*[]" {
			t.Errorf("%s: %s", line, got)
		}
	}
	for _, line := range []string{"filterby", "filterby pattern", "filterby x y", "nope a b", "filterby aclcat a b"} {
		if got := answer(t, 2, "command list "+line).String(); got != "-ERR syntax error" {
			t.Errorf("%s: %s", line, got)
		}
	}
}

func TestCommandDocs(t *testing.T) {
	got := answer(t, 3, "command docs getset nope").String()
	want := "%[$getset %[$summary $Sets a string and answers what it was. $since $1.0.0 $group $string " +
		"$complexity $O(1) $doc_flags ~[+deprecated] $deprecated_since $6.2.0 $replaced_by $`SET` with `GET`]]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	subs := answer(t, 3, "command docs object").field("object").field("subcommands")
	if subs.kind != '%' || subs.field("object|freq").field("group").text != "generic" {
		t.Errorf("subcommands: %v", subs)
	}
}

func TestCommandGetKeys(t *testing.T) {
	for line, want := range map[string]string{
		"getkeys get k":                       "*[$k]",
		"getkeys MSET a 1 b 2":                "*[$a $b]",
		"getkeys object encoding k":           "*[$k]",
		"getkeys nope":                        "-ERR Invalid command specified",
		"getkeys object nope":                 "-ERR Invalid command specified",
		"getkeys ping":                        "-ERR The command has no key arguments",
		"getkeys get":                         "-ERR Invalid number of arguments specified for command",
		"getkeysandflags set k v":             "*[*[$k ~[+OW +update]]]",
		"getkeysandflags set k v ex 1 GET":    "*[*[$k ~[+RW +access +update]]]",
		"getkeysandflags set get get":         "*[*[$get ~[+OW +update]]]",
		"getkeysandflags rename a b":          "*[*[$a ~[+RW +access +delete]] *[$b ~[+OW +update]]]",
		"getkeysandflags cluster countkeysin": "-ERR Invalid command specified",
		"nope":                                "-ERR unknown subcommand 'nope'. Try COMMAND HELP.",
	} {
		if got := answer(t, 3, "command "+line).String(); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

func TestHelp(t *testing.T) {
	got := answer(t, 2, "command help")
	if len(got.items) != 1+2*len(commandSubs) {
		t.Fatalf("%d lines", len(got.items))
	}
	first, last := got.items[0].String(), got.items[len(got.items)-2].String()
	if first != "+COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:" || last != "+HELP" {
		t.Errorf("%s … %s", first, last)
	}
	if got := got.items[3].String(); got != "+DOCS [<command-name> ...]" {
		t.Error(got)
	}
}
