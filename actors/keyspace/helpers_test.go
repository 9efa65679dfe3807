package keyspace

import (
	"strconv"
	"strings"
	"testing"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// bench drives a State as a replica would, one command an entry.
type bench struct {
	t   testing.TB
	s   *State
	env Env
	w   resp.Writer
}

const testNow = 1_700_000_000_000

func testConfig() Config {
	return Config{Key: [16]byte{1, 2, 3}, Slots: slotmap.Even(1)}
}

func newBench(t testing.TB) *bench {
	return &bench{t: t, s: New(testConfig()), env: Env{Index: 1, Now: testNow, Seed: 7}}
}

// run carries out a command in an entry of its own and returns the raw reply.
func (b *bench) run(args ...string) string {
	b.env.Index++
	b.s.Tick(&b.env, 10)
	return b.exec(args...)
}

// ask is run for a client whose timeout is over at once.
func (b *bench) ask(args ...string) string {
	b.env.Index++
	b.s.Tick(&b.env, 10)
	reply, id := b.wait(args...)
	if id == 0 {
		return reply
	}
	b.exec("unblock", "timeout", strconv.FormatUint(id, 10))
	return string(b.s.TakeServed()[0].Reply)
}

// wait carries out a command that may wait in the current entry; id is 0 if it does not.
func (b *bench) wait(args ...string) (reply string, id uint64) {
	op := opOf(args...)
	op.Wait = true
	reply = b.execOp(op)
	blocked, _ := b.s.Blocked()
	return reply, blocked.ID
}

// exec carries out a command in the current entry.
func (b *bench) exec(args ...string) string {
	return b.execOp(opOf(args...))
}

func (b *bench) execOp(op *Op) string {
	proto := b.w.Proto()
	b.w.Reset(nil, proto)
	b.s.Exec(&b.env, op, &b.w)
	return string(b.w.Bytes())
}

// read carries out a command outside the log, at the given clock of the leader.
func (b *bench) read(now int64, args ...string) string {
	env := b.env
	b.env.Read, b.env.ReadNow = true, now
	reply := b.exec(args...)
	b.env = env
	return reply
}

func argsOf(args ...string) [][]byte {
	out := make([][]byte, len(args))
	for i, a := range args {
		out[i] = []byte(a)
	}
	return out
}

func opOf(args ...string) *Op {
	op := &Op{Args: argsOf(args...)}
	if len(args) > 1 {
		op.Slot = slotmap.Slot(op.Args[1])
	}
	return op
}

// step is a command with the reply that it must get.
type step struct {
	cmd  string // split at spaces; "" stands for an empty argument
	want string // raw reply, with | for CRLF
}

func (b *bench) steps(steps ...step) {
	b.t.Helper()
	for _, st := range steps {
		if got := b.run(words(st.cmd)...); got != crlf(st.want) {
			b.t.Fatalf("%s\n got %q\nwant %q", st.cmd, got, crlf(st.want))
		}
	}
}

func words(line string) []string {
	out := strings.Fields(line)
	for i, w := range out {
		if w == `""` {
			out[i] = ""
		}
	}
	return out
}

func crlf(s string) string { return strings.ReplaceAll(s, "|", "\r\n") }
