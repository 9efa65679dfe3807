package keyspace

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"
)

// blockedClients runs blocking commands of several clients on a real server and here, with one more client
// that changes what they wait for, and compares who gets what, and when.
type blockedClients struct {
	t     *testing.T
	g     *gen
	b     *bench
	main  *redis
	conns []*redis
	waits map[uint64]int // who waits here, by id
	busy  map[int]uint64
	log   []string
}

// A waiter on one key only: 7.0 serves those of several from the key that became ready, 7.2 from the first that
// has something.
func (c *blockedClients) blocking() []string {
	g := c.g
	switch g.IntN(7) {
	case 0, 1:
		return []string{g.pick("blpop", "brpop"), g.key3(), "0"}
	case 2:
		return []string{"blmpop", "0", "1", g.key3(), g.pick("left", "right"), "count", fmt.Sprint(1 + g.IntN(3))}
	case 3, 4:
		return []string{"blmove", g.key3(), g.key3(), g.pick("left", "right"), g.pick("left", "right"), "0"}
	case 5:
		return []string{"brpoplpush", g.key3(), g.key3(), "0"}
	}
	return []string{g.pick("bzpopmin", "bzpopmax"), g.key3(), "0"}
}

func (g *gen) key3() string { return fmt.Sprintf("{t}%d", g.IntN(3)) }

func (c *blockedClients) change() []string {
	g := c.g
	switch g.IntN(9) {
	case 0, 1, 2:
		return append([]string{g.pick("lpush", "rpush"), g.key3()}, []string{g.pick("a", "b"), "c", "d"}[:1+g.IntN(3)]...)
	case 3:
		return []string{"zadd", g.key3(), "1", g.pick("m", "n"), "2", "o"}
	case 4:
		return []string{"del", g.key3()}
	case 5:
		return []string{g.pick("rename", "renamenx"), g.key3(), g.key3()}
	case 6:
		return []string{g.pick("rpoplpush"), g.key3(), g.key3()}
	case 7:
		return []string{"set", g.key3(), "text"}
	}
	return []string{"lrange", g.key3(), "0", "-1"}
}

// block has an idle client send a command that may block.
func (c *blockedClients) block(client int) {
	cmd := c.blocking()
	c.g.tally.add(cmd)
	c.log = append(c.log, fmt.Sprintf("client %d: %q", client, cmd))
	c.b.env.Index++
	reply, id := c.b.wait(cmd...)
	if _, err := c.conns[client].conn.Write(appendRequest(nil, cmd)); err != nil {
		c.t.Fatal(err)
	}
	if id == 0 {
		c.same(client, reply)
	} else {
		c.waits[id], c.busy[client] = client, id
	}
	c.settle()
}

// settle compares what those got whose wait is over, then waits until the server has as many who wait as there
// are here.
func (c *blockedClients) settle() {
	for _, end := range c.b.s.TakeServed() {
		client := c.waits[end.ID]
		delete(c.waits, end.ID)
		delete(c.busy, client)
		c.same(client, string(end.Reply))
	}
	want := fmt.Sprintf("blocked_clients:%d\r\n", len(c.waits))
	for deadline := time.Now().Add(20 * time.Second); ; {
		info := c.main.askAll(c.t, [][]string{{"info", "clients"}})[0]
		if strings.Contains(info, want) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("want %q, the server says %s\n%s", want, info, strings.Join(c.log, "\n"))
		}
	}
}

func (c *blockedClients) same(client int, ours string) {
	c.conns[client].conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if theirs := c.conns[client].raw(c.t); theirs != ours {
		c.t.Fatalf("client %d got %q, and %q of the server, after\n%s", client, ours, theirs, strings.Join(c.log, "\n"))
	}
}

func TestBlockingAsRedis(t *testing.T) {
	server := startRedis(t)
	differBlocking(t, server, &gen{Rand: rand.New(rand.NewPCG(seed(t), 4)), now: time.Now().UnixMilli()}, 1500)
}

func differBlocking(t *testing.T, server *redis, g *gen, rounds int) {
	c := &blockedClients{t: t, g: g, b: newBench(t), main: server, waits: map[uint64]int{}, busy: map[int]uint64{}}
	for range 6 {
		conn, err := net.Dial("tcp", server.conn.RemoteAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		c.conns = append(c.conns, &redis{conn: conn, in: bufio.NewReader(conn)})
	}
	for range rounds {
		client := c.g.IntN(len(c.conns))
		if _, busy := c.busy[client]; !busy && c.g.IntN(2) == 0 {
			c.block(client)
			continue
		}
		cmd := c.change()
		c.g.tally.add(cmd)
		c.log = append(c.log, fmt.Sprintf("%q", cmd))
		ours, theirs := c.b.run(cmd...), c.main.askAll(t, [][]string{cmd})[0]
		if ours != theirs {
			t.Fatalf("%q: got %q, want %q, after\n%s", cmd, ours, theirs, strings.Join(c.log, "\n"))
		}
		c.settle()
	}
}
