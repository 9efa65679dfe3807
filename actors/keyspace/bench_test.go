package keyspace

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

// benchOps prepares operations on n keys.
func benchOps(n int, args ...string) []Op {
	ops := make([]Op, n)
	for i := range ops {
		all := append([]string{args[0], fmt.Sprintf("key:%08d", i)}, args[1:]...)
		ops[i] = *opOf(all...)
	}
	return ops
}

func benchmark(b *testing.B, fill bool, args ...string) {
	const n = 10_000
	s := newBench(b)
	if fill {
		for _, op := range benchOps(n, "set", "0123456789abcdef") {
			s.execOp(&op)
		}
	}
	ops := benchOps(n, args...)
	s.w.Reset(make([]byte, 0, 1<<20), 2)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.s.Exec(&s.env, &ops[i%n], &s.w)
		if i++; s.w.Len() > 1<<19 {
			s.w.Truncate(0)
		}
	}
}

func BenchmarkGet(b *testing.B)       { benchmark(b, true, "get") }
func BenchmarkGetMiss(b *testing.B)   { benchmark(b, false, "get") }
func BenchmarkSet(b *testing.B)       { benchmark(b, true, "set", "fedcba9876543210") }
func BenchmarkSetPX(b *testing.B)     { benchmark(b, true, "set", "fedcba9876543210", "px", "100000") }
func BenchmarkIncr(b *testing.B)      { benchmark(b, false, "incr") }
func BenchmarkIncrFloat(b *testing.B) { benchmark(b, false, "incrbyfloat", "0.1") }

func BenchmarkXAdd(b *testing.B) { benchmark(b, false, "xadd", "*", "field", "value") }
func BenchmarkXAddTrim(b *testing.B) {
	benchmark(b, false, "xadd", "maxlen", "~", "1000", "*", "field", "value")
}
func BenchmarkPFAdd(b *testing.B)    { benchmark(b, false, "pfadd", "element") }
func BenchmarkPFCount(b *testing.B)  { benchmark(b, false, "pfcount") }
func BenchmarkSetBit(b *testing.B)   { benchmark(b, true, "setbit", "100", "1") }
func BenchmarkBitField(b *testing.B) { benchmark(b, true, "bitfield", "incrby", "u16", "#3", "1") }
func BenchmarkBitCount(b *testing.B) { benchmark(b, true, "bitcount") }

// BenchmarkSnapshot writes keys that came in another order than that of the walk.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			s := newBench(b)
			s.w.SetDiscard(true)
			ops := benchOps(n, "set", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
			rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
			for i := range ops {
				s.execOp(&ops[i])
			}
			buf := make([]byte, 0, 1<<20)
			b.ReportAllocs()
			for b.Loop() {
				snap := s.s.BeginSnapshot(1)
				for done := false; !done; {
					buf, done = snap.Next(buf[:0], 64<<10)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/key")
		})
	}
}

func BenchmarkReadOps(b *testing.B) {
	var body []byte
	for range 100 {
		body = AppendOp(body, 7, argsOf("set", "key:00000001", "0123456789abcdef"))
	}
	var r OpReader
	var op Op
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(body)
		for r.Next(&op) {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/command")
}

var sink uint16

func BenchmarkSlot(b *testing.B) {
	key := []byte("key:00000001")
	for b.Loop() {
		sink += slotmap.Slot(key)
	}
}

// replay carries out the operations of entries, again and again.
type replay struct {
	entries [][]byte
	ahead   bool
	at      int // the next entry
	r       OpReader
	op      Op
}

func (p *replay) exec(s *bench) {
	if p.ahead && p.r.Buffered() == 0 {
		s.s.Ahead(&p.r, false)
	}
	for !p.r.Next(&p.op) {
		p.r.Reset(p.entries[p.at])
		p.at = (p.at + 1) % len(p.entries)
		if p.ahead {
			s.s.Ahead(&p.r, false)
		}
	}
	s.s.Exec(&s.env, &p.op, &s.w)
}

// BenchmarkEntry applies entries of 100 SETs on keys that no cache holds: one operation after the other, and
// with Ahead.
func BenchmarkEntry(b *testing.B) {
	const n, perEntry = 1_000_000, 100
	for _, tag := range []string{"", "{one}"} {
		s := newBench(b)
		s.w.SetDiscard(true)
		ops := benchOps(n, "set", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
		for i := range ops {
			ops[i].Args[1] = append([]byte(tag), ops[i].Args[1]...)
			ops[i].Slot = slotmap.Slot(ops[i].Args[1])
		}
		var entries [][]byte
		for round := range uint64(2) { // made, and then met, in another order
			rand.New(rand.NewPCG(1, round)).Shuffle(n, func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
			entries = nil
			for i := range ops {
				if i%perEntry == 0 {
					entries = append(entries, nil)
				}
				last := &entries[len(entries)-1]
				*last = AppendOp(*last, ops[i].Slot, ops[i].Args)
				if round == 0 {
					s.execOp(&ops[i])
				}
			}
		}
		for _, ahead := range []bool{false, true} {
			b.Run(fmt.Sprintf("slots%s/ahead=%t", tag, ahead), func(b *testing.B) {
				next := replay{entries: entries, ahead: ahead}
				for b.Loop() {
					next.exec(s)
				}
			})
		}
	}
}

// BenchmarkInsert applies entries of 100 SETs on keys that are new, to a state that grows from 500,000 keys to a million.
func BenchmarkInsert(b *testing.B) {
	const n, perEntry = 1_000_000, 100
	var s *bench
	ops := benchOps(n, "set", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
	rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
	var entries [][]byte
	for i := n / 2; i < n; i++ {
		if i%perEntry == 0 {
			entries = append(entries, nil)
		}
		last := &entries[len(entries)-1]
		*last = AppendOp(*last, ops[i].Slot, ops[i].Args)
	}
	for _, ahead := range []bool{false, true} {
		b.Run(fmt.Sprintf("ahead=%t", ahead), func(b *testing.B) {
			next := replay{entries: entries, ahead: ahead}
			for i := 0; b.Loop(); i++ {
				if i%(n/2) == 0 {
					b.StopTimer()
					s = newBench(b)
					s.w.SetDiscard(true)
					for k := range n / 2 {
						s.execOp(&ops[k])
					}
					b.StartTimer()
				}
				next.exec(s)
			}
		})
	}
}

// BenchmarkReads evaluates batches of one GET each, eight of which came together, on keys that no cache holds: one after
// the other, and with AheadOfEach.
func BenchmarkReads(b *testing.B) {
	const n, together = 1_000_000, 8
	s := newBench(b)
	s.w.SetDiscard(true)
	for _, op := range benchOps(n, "set", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") {
		s.execOp(&op)
	}
	var batches [][]byte
	for _, op := range benchOps(n, "get") {
		batches = append(batches, AppendOp(nil, op.Slot, op.Args))
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	for _, ahead := range []bool{false, true} {
		b.Run(fmt.Sprintf("ahead=%t", ahead), func(b *testing.B) {
			var r OpReader
			var op Op
			s.env.Read = true
			for i := 0; b.Loop(); i++ {
				at := i % n
				if ahead && at%together == 0 {
					s.s.AheadOfEach(batches[at : at+together])
				}
				r.Reset(batches[at])
				r.Next(&op)
				s.s.Exec(&s.env, &op, &s.w)
			}
		})
	}
}

// shuffled is a state made by operations in an order at random: side by side in memory is what has nothing in common.
func shuffled(b *testing.B, ops []Op) *bench {
	s := newBench(b)
	s.w.SetDiscard(true)
	rand.Shuffle(len(ops), func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
	for i := range ops {
		s.execOp(&ops[i])
	}
	return s
}

// BenchmarkManyKeys carries out commands of 100 keys each that no cache holds. ns/op is for one key.
func BenchmarkManyKeys(b *testing.B) {
	const n, each = 1_000_000, 100
	sets := benchOps(n, "set", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
	rand.Shuffle(n, func(i, j int) { sets[i], sets[j] = sets[j], sets[i] })
	for _, name := range []string{"mget", "exists", "mset", "del", "evict"} {
		b.Run(name, func(b *testing.B) {
			next := replay{ahead: true}
			for at := 0; at < n; at += each {
				args := argsOf(name)
				if name == "evict" {
					args = append(args, []byte("1000000000"))
				}
				for _, op := range sets[at : at+each] {
					if args = append(args, op.Args[1]); name == "mset" {
						args = append(args, op.Args[2])
					}
				}
				next.entries = append(next.entries, AppendOp(nil, 0, args))
			}
			var s *bench
			for i := 0; i < b.N; i += each {
				if i%n == 0 {
					b.StopTimer()
					s = shuffled(b, sets)
					b.StartTimer()
				}
				next.exec(s)
			}
		})
	}
}

// BenchmarkExpire deletes keys that no cache holds as their time comes.
func BenchmarkExpire(b *testing.B) {
	const n = 1_000_000
	sets := benchOps(n, "set", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "px", "1000")
	var s *bench
	for i := 0; i < b.N; i += AheadMax {
		if i%n == 0 {
			b.StopTimer()
			s = shuffled(b, sets)
			s.env.Now += 1001
			b.StartTimer()
		}
		s.s.Tick(&s.env, AheadMax)
	}
}

// BenchmarkKeys walks over keys that no cache holds, none of which is asked for. ns/op is for one key.
func BenchmarkKeys(b *testing.B) {
	const n = 1_000_000
	s := shuffled(b, benchOps(n, "set", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"))
	s.w.SetDiscard(false)
	s.env.Read = true
	for _, cmd := range [][]string{{"keys", "none*"}, {"scan", "0", "count", "10000000", "match", "none*"}} {
		b.Run(cmd[0], func(b *testing.B) {
			op := opOf(cmd...)
			for i := 0; i < b.N; i += n {
				s.w.Truncate(0)
				s.s.Exec(&s.env, op, &s.w)
			}
		})
	}
}

// BenchmarkSmallCollections carries out commands on collections of five elements that no cache holds.
func BenchmarkSmallCollections(b *testing.B) {
	const n, perEntry = 500_000, 100
	for _, c := range []struct {
		fill string
		args []string
	}{
		{"hset f1 v1 f2 v2 f3 v3 f4 v4 f5 v5", []string{"hset f3 w3", "hget f3"}},
		{"zadd 1 a 2 b 3 c 4 d 5 e", []string{"zadd 9 c", "zscore c"}},
		{"rpush one two three four five", []string{"lset 2 drei", "lindex 2"}},
	} {
		s := shuffled(b, benchOps(n, strings.Fields(c.fill)...))
		for _, text := range c.args {
			b.Run(strings.Fields(text)[0], func(b *testing.B) {
				next := replay{ahead: true}
				ops := benchOps(n, strings.Fields(text)...)
				for k, i := range rand.Perm(n) {
					if k%perEntry == 0 {
						next.entries = append(next.entries, nil)
					}
					last := &next.entries[len(next.entries)-1]
					*last = AppendOp(*last, ops[i].Slot, ops[i].Args)
				}
				for b.Loop() {
					next.exec(s)
				}
			})
		}
	}
}
