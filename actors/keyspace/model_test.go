package keyspace

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// model is the keyspace as simple as it can be: maps, and no expiry but by
// looking at the time. Its commands answer what the real ones must.
type model struct {
	now  int64
	vals map[string]string
	ends map[string]int64
}

func newModel() *model { return &model{vals: map[string]string{}, ends: map[string]int64{}} }

func (m *model) sweep() {
	for k, at := range m.ends {
		if m.now > at {
			m.drop(k)
		}
	}
}

func (m *model) drop(k string) bool {
	_, ok := m.vals[k]
	delete(m.vals, k)
	delete(m.ends, k)
	return ok
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

func integer(n int64) string { return fmt.Sprintf(":%d\r\n", n) }

const (
	null = "$-1\r\n"
	ok   = "+OK\r\n"
)

func (m *model) get(k string) string {
	if v, ok := m.vals[k]; ok {
		return bulk(v)
	}
	return null
}

func (m *model) set(k, v string, end int64) {
	m.drop(k)
	if m.vals[k] = v; end != 0 {
		m.ends[k] = end
	}
}

func (m *model) incr(k string, n int64) string {
	old, err := strconv.ParseInt(m.vals[k], 10, 64)
	if v, there := m.vals[k]; there && (err != nil || v != strconv.FormatInt(old, 10)) { // "012" is none
		return "-" + errNotInt + "\r\n"
	}
	m.vals[k] = strconv.FormatInt(old+n, 10)
	return integer(old + n)
}

func (m *model) ttl(k string) string {
	at, timed := m.ends[k]
	switch _, there := m.vals[k]; {
	case !there:
		return integer(-2)
	case !timed:
		return integer(-1)
	}
	return integer(at - m.now)
}

func (m *model) expire(k string, ms int64) string {
	if _, there := m.vals[k]; !there {
		return integer(0)
	}
	if m.ends[k] = m.now + ms; ms <= 0 {
		m.drop(k)
	}
	return integer(1)
}

func (m *model) rename(from, to string) string {
	v, there := m.vals[from]
	if !there {
		return "-" + errNoKey + "\r\n"
	}
	at := m.ends[from]
	m.drop(from)
	m.set(to, v, at)
	return ok
}

func (m *model) copy(from, to string) string {
	v, there := m.vals[from]
	if _, taken := m.vals[to]; !there || taken {
		return integer(0)
	}
	m.set(to, v, m.ends[from])
	return integer(1)
}

// draw makes a command and what the model answers to it.
func (m *model) draw(t *rapid.T) (cmd []string, want string) {
	key := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("{m}%d", rapid.IntRange(0, 5).Draw(t, "key")) })
	k, k2 := key.Draw(t, "k"), key.Draw(t, "k2")
	v := rapid.SampledFrom([]string{"", "a", "12", "-7", "some text"}).Draw(t, "v")
	ms := rapid.Int64Range(-3, 20).Draw(t, "ms")
	switch rapid.IntRange(0, 9).Draw(t, "command") {
	case 0:
		return []string{"get", k}, m.get(k)
	case 1:
		m.set(k, v, 0)
		return []string{"set", k, v}, ok
	case 2:
		ms = max(ms, 1)
		m.set(k, v, m.now+ms)
		return []string{"set", k, v, "px", strconv.FormatInt(ms, 10)}, ok
	case 3:
		return []string{"del", k}, integer(map[bool]int64{true: 1}[m.drop(k)])
	case 4:
		return []string{"incrby", k, strconv.FormatInt(ms, 10)}, m.incr(k, ms)
	case 5:
		m.vals[k] += v
		return []string{"append", k, v}, integer(int64(len(m.vals[k])))
	case 6:
		return []string{"pttl", k}, m.ttl(k)
	case 7:
		return []string{"pexpire", k, strconv.FormatInt(ms, 10)}, m.expire(k, ms)
	case 8:
		if k == k2 {
			return []string{"get", k}, m.get(k)
		}
		return []string{"copy", k, k2}, m.copy(k, k2)
	}
	return []string{"rename", k, k2}, m.rename(k, k2)
}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, m := newBench(t), newModel()
		for range rapid.IntRange(1, 80).Draw(rt, "commands") {
			b.env.Now += rapid.Int64Range(0, 3).Draw(rt, "passed")
			m.now = b.env.Now
			m.sweep()
			cmd, want := m.draw(rt)
			if got := b.run(cmd...); got != want {
				rt.Fatalf("%q: got %q, want %q", cmd, got, want)
			}
		}
		b.s.Tick(&b.env, 1000)
		checkConsistent(t, b.s)
		var keys []string
		for k := range m.vals {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if got := scanAll(b); !slices.Equal(got, keys) {
			rt.Fatalf("keys %q, want %q", got, keys)
		}
	})
}
