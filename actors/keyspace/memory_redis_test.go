package keyspace

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/troupedb/troupe/slotmap"
)

// What data takes here and in a real server, in bytes of live heap and of used_memory:
//
//	go test ./actors/keyspace -run TestMemoryBesideRedis -v -memory.elements 1000000
//
// The table also has what this package takes the data for (State.Bytes), which maxmemory goes by.
var memoryElements = flag.Int("memory.elements", 0, "how many elements TestMemoryBesideRedis loads of each kind; 0 skips it")

// stock is a kind of data: keys of a number of elements each.
type stock struct {
	name    string
	size    int // elements of a key
	command func(key string, from, to int) []string
}

func stocks() (all []stock) {
	add := func(name string, command func(key string, from, to int) []string) {
		for _, size := range []int{10, 1000, 1_000_000} {
			all = append(all, stock{name, size, command})
		}
	}
	pairs := func(name string, pair func(i int) []string) func(string, int, int) []string {
		return func(key string, from, to int) []string {
			cmd := []string{name, key}
			for i := from; i < to; i++ {
				cmd = append(cmd, pair(i)...)
			}
			return cmd
		}
	}
	value := strings.Repeat("v", 64)
	all = append(all, stock{"string of 64 B", 1, func(key string, _, _ int) []string { return []string{"set", key, value} }},
		stock{"string of 64 B, expiring", 1, func(key string, _, _ int) []string { return []string{"set", key, value, "ex", "9999999"} }},
		stock{"integer", 1, func(key string, _, _ int) []string { return []string{"set", key, "1234567890"} }})
	add("list", pairs("rpush", func(i int) []string { return []string{fmt.Sprintf("element:%08d", i)} }))
	add("hash", pairs("hset", func(i int) []string { return []string{fmt.Sprintf("field:%08d", i), fmt.Sprintf("value:%08d", i)} }))
	add("set", pairs("sadd", func(i int) []string { return []string{fmt.Sprintf("member:%08d", i)} }))
	add("set of integers", pairs("sadd", func(i int) []string { return []string{strconv.Itoa(i * 7)} }))
	add("sorted set", pairs("zadd", func(i int) []string { return []string{strconv.Itoa(i * 31 % 1_000_003), fmt.Sprintf("member:%08d", i)} }))
	add("stream", func(key string, from, to int) []string {
		return []string{"xadd", key, fmt.Sprint(from+1, "-1"), "temperature", fmt.Sprint(from), "place", "here"}
	})
	return all
}

// commands calls f for the commands that make keys of n elements in all.
func (k *stock) commands(n int, f func(cmd []string)) {
	step := 100
	if k.name == "stream" {
		step = 1
	}
	size := min(k.size, n)
	for key := range n / size {
		for from := 0; from < size; from += step {
			f(k.command(fmt.Sprintf("key:%010d", key), from, min(from+step, size)))
		}
	}
}

// here loads the elements into a state, and returns what they take and what they are taken for.
func (k *stock) here(t *testing.T, n int) (heap, estimate int64) {
	before := liveHeap()
	b := newBench(t)
	b.w.SetDiscard(true)
	k.commands(n, func(cmd []string) {
		op := &Op{Args: argsOf(cmd...)}
		op.Slot = slotmap.Slot(op.Args[1])
		b.env.Index++
		b.s.Exec(&b.env, op, &b.w)
	})
	heap = liveHeap() - before - StateBytes
	return heap, b.s.Bytes()
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what was in pools is dropped by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// there loads the elements into a server, and returns what they take.
func (k *stock) there(t *testing.T, server *redis, n int) int64 {
	server.ask(t, "FLUSHALL")
	before := server.usedMemory(t)
	var batch [][]string
	flush := func() { server.askAll(t, batch); batch = batch[:0] }
	k.commands(n, func(cmd []string) {
		if batch = append(batch, cmd); len(batch) == 200 {
			flush()
		}
	})
	flush()
	return server.usedMemory(t) - before
}

func (r *redis) usedMemory(t *testing.T) int64 {
	_, rest, _ := strings.Cut(r.ask(t, "INFO", "memory").text, "used_memory:")
	line, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMemoryBesideRedis(t *testing.T) {
	n := *memoryElements
	if n == 0 {
		t.Skip("-memory.elements is 0")
	}
	server := startRedis(t)
	var table strings.Builder
	out := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "\tof each key\there\tRedis\tratio\testimate\t")
	per := func(bytes int64) float64 { return float64(bytes) / float64(n) }
	for _, k := range stocks() {
		heap, estimate := k.here(t, n)
		theirs := k.there(t, server, n)
		fmt.Fprintf(out, "%s\t%d\t%.1f B\t%.1f B\t%.2f\t%.1f B\t\n", k.name, k.size, per(heap), per(theirs), per(heap)/per(theirs), per(estimate))
	}
	out.Flush()
	io.WriteString(t.Output(), table.String())
}
