package keyspace

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

// seed returns the seed of a randomised test: TROUPE_SEED, a new one if that is "new", else always the same. It
// is printed if the test fails.
func seed(t testing.TB) uint64 {
	n := uint64(1)
	switch s := os.Getenv("TROUPE_SEED"); s {
	case "":
	case "new":
		n = rand.Uint64()
	default:
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal("TROUPE_SEED: ", err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with TROUPE_SEED=%d", n)
		}
	})
	return n
}

// raw reads one reply as it is on the wire.
func (r *redis) raw(t *testing.T) string { return string(r.appendRaw(t, nil)) }

func (r *redis) appendRaw(t *testing.T, dst []byte) []byte {
	line, err := r.in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dst = append(dst, line...)
	n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
	switch line[0] {
	case '$':
		if n < 0 {
			return dst
		}
		dst = append(dst, make([]byte, n+2)...)
		if _, err := io.ReadFull(r.in, dst[len(dst)-n-2:]); err != nil {
			t.Fatal(err)
		}
	case '%':
		n *= 2
		fallthrough
	case '*', '~', '>':
		for range n {
			dst = r.appendRaw(t, dst)
		}
	}
	return dst
}

func appendRequest(dst []byte, args []string) []byte {
	dst = fmt.Appendf(dst, "*%d\r\n", len(args))
	for _, a := range args {
		dst = fmt.Appendf(dst, "$%d\r\n%s\r\n", len(a), a)
	}
	return dst
}

// askAll sends commands in one piece and returns their raw replies.
func (r *redis) askAll(t *testing.T, cmds [][]string) []string {
	var req []byte
	for _, c := range cmds {
		req = appendRequest(req, c)
	}
	go r.conn.Write(req)
	replies := make([]string, len(cmds))
	for i := range cmds {
		replies[i] = r.raw(t)
	}
	return replies
}

// sameReply compares two raw replies to a command. Where a time passes between
// the two servers, or order is free, the text may differ by that.
func (r *redis) sameReply(cmd []string, ours, theirs string) bool {
	if r.sameButEncoding(ours, theirs) {
		return true
	}
	if hasScores(cmd[0]) {
		return slices.EqualFunc(scoreLines(cmd[0], ours), scoreLines(cmd[0], theirs), sameLine)
	}
	if strings.HasPrefix(cmd[0], "x") {
		return streamReply(cmd, ours) == streamReply(cmd, theirs)
	}
	if orderIsFree(cmd[0]) {
		return slices.Equal(sortedLines(ours), sortedLines(theirs))
	}
	switch strings.ToLower(cmd[0]) {
	case "object": // idletime
		return theirs[0] == ':' && ours[0] == ':'
	case "ttl", "pttl", "expiretime", "pexpiretime":
		a, err1 := strconv.ParseInt(strings.Trim(ours, ":\r\n"), 10, 64)
		b, err2 := strconv.ParseInt(strings.Trim(theirs, ":\r\n"), 10, 64)
		slack := int64(60)
		if cmd[0][0]|0x20 == 'p' {
			slack *= 1000
		}
		return err1 == nil && err2 == nil && a > 0 && b > 0 && max(a-b, b-a) < slack
	}
	return false
}

// hasScores tells whether a command may answer scores.
func hasScores(name string) bool {
	return strings.HasPrefix(strings.TrimPrefix(strings.ToLower(name), "b"), "z")
}

// sameButEncoding compares replies but for an encoding: to 7.0 a small set is a hashtable, and any list a quicklist;
// to 7.2 a list that shrank may be one for longer than here. That those of other types are the same compareStates
// looks at.
func (r *redis) sameButEncoding(ours, theirs string) bool {
	but := encodings70
	if r.is72 {
		but = encodings72
	}
	return but.Replace(ours) == but.Replace(theirs)
}

var encodings72 = strings.NewReplacer("$9\r\nquicklist", "$8\r\nlistpack")
var encodings70 = strings.NewReplacer("$9\r\nhashtable", "$8\r\nlistpack", "$9\r\nquicklist", "$8\r\nlistpack")

// orderIsFree tells whether a command answers what Redis has in the order of its hash tables.
func orderIsFree(name string) bool {
	return isAnyOf(name, "keys", "scan", "hkeys", "hvals", "hgetall", "hscan", "hrandfield",
		"sinter", "sunion", "sdiff", "smembers", "sscan", "spop", "srandmember")
}

// scoreLines are the lines of a reply that has scores: 7.0 writes them with 17 digits. Heads of bulks are left out,
// as the length differs with that.
func scoreLines(name, reply string) []string {
	lines := slices.DeleteFunc(strings.Split(reply, "\r\n"), func(l string) bool { return strings.HasPrefix(l, "$") })
	if isAnyOf(name, "zscan", "zrandmember") {
		slices.SortFunc(lines, func(a, b string) int { return strings.Compare(shortScore(a), shortScore(b)) })
	}
	return lines
}

// shortScore is a line with so few digits, if it is a number, that both servers write the same.
func shortScore(line string) string {
	if v, err := strconv.ParseFloat(strings.TrimPrefix(line, ","), 64); err == nil {
		return strconv.FormatFloat(v, 'g', 9, 64)
	}
	return line
}

// sameLine compares lines that may be scores, which sums in another order round differently.
func sameLine(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := strconv.ParseFloat(strings.TrimPrefix(a, ","), 64)
	y, err2 := strconv.ParseFloat(strings.TrimPrefix(b, ","), 64)
	return err1 == nil && err2 == nil && (x == y || math.Abs(x-y) <= 1e-12*math.Abs(x))
}

func sortedLines(s string) []string {
	lines := strings.Split(s, "\r\n")
	slices.Sort(lines)
	return lines
}

// newServerGen makes commands for a server.
func newServerGen(t *testing.T, server *redis) *gen {
	return &gen{
		Rand: rand.New(rand.NewPCG(seed(t), 1)),
		now:  time.Now().UnixMilli(),
		is72: server.is72,
	}
}

// differ runs the same commands on a real server and here.
func differ(t *testing.T, proto, rounds int) {
	server := startRedis(t)
	b := newBench(t)
	differOn(t, server, b, newServerGen(t, server), proto, rounds)
	compareStates(t, server, b)
}

// differOn runs what g makes on a server and on b.
func differOn(t *testing.T, server *redis, b *bench, g *gen, proto, rounds int) {
	server.setProto(t, proto)
	b.w.SetProto(proto)
	for range rounds {
		var cmds [][]string
		for range 200 {
			cmds = append(cmds, g.command())
		}
		b.env.Now = time.Now().UnixMilli()
		g.tally.add(cmds...)
		theirs := server.askAll(t, cmds)
		for i, cmd := range cmds {
			if ours := b.ask(cmd...); !server.sameReply(cmd, ours, theirs[i]) {
				t.Fatalf("%q\n got %q\nwant %q\nafter %s", cmd, ours, theirs[i], historyOf(cmds[:i], cmd))
			}
		}
	}
}

// historyOf lists the commands that had to do with the keys of cmd.
func historyOf(cmds [][]string, cmd []string) string {
	var out bytes.Buffer
	for _, c := range cmds {
		for _, a := range c[1:] {
			if strings.HasPrefix(a, "{t}") && slices.Contains(cmd, a) {
				fmt.Fprintf(&out, "\n%q", c)
				break
			}
		}
	}
	return out.String()
}

// compareStates reads every key of both sides.
func compareStates(t *testing.T, server *redis, b *bench) {
	for i := range 12 {
		key := fmt.Sprintf("{t}%d", i)
		for _, cmd := range [][]string{{"get", key}, {"pexpiretime", key}, {"object", "encoding", key}, {"hgetall", key}, {"smembers", key},
			{"lrange", key, "0", "-1"}, {"zrange", key, "0", "-1", "withscores"}} {
			ours, theirs := b.run(cmd...), server.askAll(t, [][]string{cmd})[0]
			if !server.sameReply(cmd, ours, theirs) ||
				cmd[0] == "object" && ours != theirs && !isAnyOf(b.run("type", key), "+set\r\n", "+list\r\n") {
				t.Errorf("%q\n got %q\nwant %q", cmd, ours, theirs)
			}
		}
	}
}

func TestRepliesAsRedis2(t *testing.T) { differ(t, 2, 150*more(t)) }
func TestRepliesAsRedis3(t *testing.T) { differ(t, 3, 100*more(t)) }

// more is how many times as long as usual randomised tests run: TROUPE_MORE, or 1.
func more(t testing.TB) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("TROUPE_MORE"), "1"))
	if err != nil || n < 1 {
		t.Fatal("TROUPE_MORE: ", os.Getenv("TROUPE_MORE"))
	}
	return n
}

// Nodes are small, so that trimming often meets whole ones.
func TestStreamsAsRedis(t *testing.T) {
	for proto := 2; proto <= 3; proto++ {
		server := startRedis(t)
		differStreams(t, server, newServerGen(t, server), proto, 40*more(t))
	}
}

func differStreams(t *testing.T, server *redis, g *gen, proto, rounds int) {
	b := newBench(t)
	for _, limit := range [][]string{{"stream-node-max-entries", "7"}, {"stream-node-max-bytes", "700"}} {
		server.ask(t, "CONFIG", "SET", limit[0], limit[1])
		b.run("setlimit", limit[0], limit[1])
	}
	g.only = (*gen).streamCommand
	differOn(t, server, b, g, proto, rounds)
}

func TestTransactionsAsRedis(t *testing.T) {
	server := startRedis(t)
	differTransactions(t, server, newServerGen(t, server), 2, 300)
}

func differTransactions(t *testing.T, server *redis, g *gen, proto, rounds int) {
	b := newBench(t)
	server.setProto(t, proto)
	b.w.SetProto(proto)
	for range rounds {
		cmds := [][]string{{"multi"}}
		tx := &Tx{}
		for range g.IntN(6) {
			cmd := g.command()
			if _, err := Resolve(argsOf(cmd...)); err == nil && !orderIsFree(cmd[0]) && !hasScores(cmd[0]) && cmd[0][0] != 'x' && !isAnyOf(cmd[0], "object", "ttl", "pttl", "expiretime", "pexpiretime") {
				cmds = append(cmds, cmd)
				tx.Cmds = append(tx.Cmds, argsOf(cmd...))
			}
		}
		cmds = append(cmds, []string{"exec"})
		g.tally.add(cmds...)
		b.env.Now = time.Now().UnixMilli()
		b.env.Index++
		theirs := server.askAll(t, cmds)[len(cmds)-1]
		if ours := b.execOp(&Op{Slot: slotmap.Slot([]byte("{t}")), Tx: tx}); !server.sameButEncoding(ours, theirs) {
			t.Fatalf("%q\n got %q\nwant %q", cmds, ours, theirs)
		}
	}
	compareStates(t, server, b)
}

func isAnyOf(name string, names ...string) bool { return slices.Contains(names, strings.ToLower(name)) }
