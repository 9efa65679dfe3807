package keyspace

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

func (g *gen) streamKey() string {
	if g.IntN(10) == 0 {
		return g.key()
	}
	return fmt.Sprintf("{t}s%d", g.IntN(3))
}

func (g *gen) group() string { return g.pick("g", "g", "h", "none") }

func (g *gen) consumer() string { return g.pick("ann", "bob", "cy") }

// newID is an id above those before it, mostly. 7.0 gets none that is the highest of all: XSETID does not look at
// what was deleted there, and would go back behind it.
func (g *gen) newID() string {
	switch g.IntN(12) {
	case 0:
		if id := g.anyID(); g.is72 || !strings.HasPrefix(id, "18446744073709551615-") {
			return id
		}
	case 1, 2, 3:
		return fmt.Sprint(g.ids/4+1, "-*")
	}
	return g.higherID()
}

func (g *gen) higherID() string {
	g.ids += 1 + uint64(g.IntN(3))
	return fmt.Sprintf("%d-%d", g.ids/4+1, g.ids%4+1)
}

// anyID is one that exists, perhaps.
func (g *gen) anyID() string {
	switch g.IntN(30) {
	case 0:
		return g.pick("-", "+", "(1", "$", ">", "x", "", "1-", "-1", "1-x", "01-1", "18446744073709551615-18446744073709551615",
			"18446744073709551616", "0-0", "0", "1-2-3", "(18446744073709551615-18446744073709551615", "(0-0")
	case 1, 2, 3:
		return strconv.FormatUint(g.recent()/4+1, 10)
	}
	id := g.recent()
	return fmt.Sprintf("%d-%d", id/4+1, id%4+1)
}

func (g *gen) recent() uint64 { return g.ids - min(g.ids, uint64(g.IntN(60))) }

func (g *gen) someIDs() (ids []string) {
	for range 1 + g.IntN(5) {
		ids = append(ids, g.anyID())
	}
	return ids
}

func (g *gen) rangeEnd(end string) string {
	if g.IntN(3) == 0 {
		return end
	}
	return g.pick("", "", "(") + g.anyID()
}

func (g *gen) small() string {
	if g.IntN(12) == 0 {
		return g.int()
	}
	return strconv.Itoa(g.IntN(12))
}

func (g *gen) optionally(n int, o ...string) []string {
	if g.IntN(n) == 0 {
		return o
	}
	return nil
}

func (g *gen) trimOptions() (o []string) {
	if g.IntN(2) == 0 {
		o = append(o, g.caps("maxlen"))
	} else {
		o = append(o, g.caps("minid"))
	}
	o = append(o, g.optionally(2, g.pick("~", "~", "="))...)
	if o[0] == "maxlen" || o[0] == "MAXLEN" {
		o = append(o, g.small())
	} else {
		o = append(o, g.anyID())
	}
	return append(o, g.optionally(4, g.caps("limit"), g.small())...)
}

func (g *gen) entryFields() (fs []string) {
	for range 1 + g.IntN(3) {
		fs = append(fs, g.pick("a", "b", "12"), g.pick(g.value(), "1", strings.Repeat("v", g.IntN(600))))
	}
	if g.IntN(3) > 0 {
		return []string{"a", g.value(), "b", g.int()}
	}
	return fs
}

func (g *gen) streamCommand() []string {
	switch g.IntN(20) {
	case 0, 1, 2, 3, 4:
		cmd := append([]string{"xadd", g.streamKey()}, g.optionally(10, g.caps("nomkstream"))...)
		if g.IntN(5) == 0 {
			cmd = append(cmd, g.trimOptions()...)
		}
		return append(append(cmd, g.newID()), g.entryFields()...)
	case 5:
		return append([]string{"xtrim", g.streamKey()}, g.trimOptions()...)
	case 6:
		return append([]string{"xdel", g.streamKey()}, g.someIDs()...)
	case 7:
		return append([]string{"xrange", g.streamKey(), g.rangeEnd("-"), g.rangeEnd("+")}, g.optionally(2, g.caps("count"), g.small())...)
	case 8:
		return append([]string{"xrevrange", g.streamKey(), g.rangeEnd("+"), g.rangeEnd("-")}, g.optionally(2, g.caps("count"), g.small())...)
	case 9:
		return append(append([]string{"xread"}, g.optionally(2, g.caps("count"), g.small())...),
			g.caps("streams"), g.streamKey(), g.streamKey(), g.pick(g.anyID(), "$"), g.anyID())
	case 10:
		return []string{"xlen", g.streamKey()}
	case 11:
		if !g.is72 {
			g.ids += 4 // a later millisecond than that of any entry
		}
		return append([]string{"xsetid", g.streamKey(), g.higherID()}, g.optionally(2, "entriesadded", strconv.FormatUint(g.ids, 10))...)
	case 12:
		return append([]string{"xinfo", g.pick("stream", "STREAM", "groups", "stream"), g.streamKey()},
			g.optionally(2, "full", "count", g.small())...)
	case 13:
		return g.groupCommand()
	case 14:
		return append([]string{"xack", g.streamKey(), g.group()}, g.someIDs()...)
	case 15:
		return append(append([]string{"xpending", g.streamKey(), g.group()}, g.optionally(4, "idle", "0")...),
			g.pendingRange()...)
	}
	return g.consumerCommand()
}

func (g *gen) pendingRange() []string {
	if g.IntN(3) == 0 {
		return nil
	}
	return append([]string{g.rangeEnd("-"), g.rangeEnd("+"), g.small()}, g.optionally(2, g.consumer())...)
}

func (g *gen) groupCommand() []string {
	key, group := g.streamKey(), g.group()
	switch g.IntN(9) {
	case 0, 1, 2:
		return append([]string{"xgroup", g.caps("create"), key, g.pick("g", "h"), g.pick("0", "$", g.anyID()), g.pick("mkstream", "MKSTREAM")},
			g.optionally(4, "entriesread", g.small())...)
	case 3:
		return append([]string{"xgroup", "setid", key, group, g.pick("0", "$", "-", g.anyID())},
			g.optionally(4, "entriesread", g.small())...)
	case 4:
		return []string{"xgroup", "destroy", key, group}
	case 5:
		return []string{"xgroup", "createconsumer", key, group, g.consumer()}
	case 6:
		return []string{"xgroup", "delconsumer", key, group, g.consumer()}
	case 7:
		return []string{"xinfo", "consumers", key, group}
	}
	return []string{"xgroup", "create", key, group, g.anyID()}
}

// consumerCommand asks for something as a consumer, which is made before: 7.0 makes it only if it gets something.
func (g *gen) consumerCommand() []string {
	key, group, name := g.streamKey(), g.group(), g.consumer()
	var cmd []string
	switch g.IntN(6) {
	case 0:
		cmd = append([]string{"xclaim", key, group, name, g.pick("0", "0", "100000000", "-1", "x")}, g.someIDs()...)
		cmd = append(cmd, g.claimOptions()...)
	case 1:
		cmd = append([]string{"xautoclaim", key, group, name, g.pick("0", "0", "100000000"), g.rangeEnd("-")},
			g.optionally(2, g.caps("count"), g.pick("1", "3", "10", "0", "-1", "x"))...)
		cmd = append(cmd, g.optionally(3, "justid")...)
	default:
		cmd = append([]string{"xreadgroup", g.caps("group"), group, name}, g.optionally(2, g.caps("count"), g.small())...)
		cmd = append(cmd, g.optionally(4, g.caps("noack"))...)
		cmd = append(cmd, g.caps("streams"), key, g.pick(">", ">", ">", g.anyID()))
	}
	g.next = append(g.next, []string{"xgroup", "createconsumer", key, group, name}, cmd)
	return []string{"xlen", key}
}

func (g *gen) claimOptions() (o []string) {
	o = append(o, g.optionally(4, g.caps("force"))...)
	o = append(o, g.optionally(4, "justid")...)
	o = append(o, g.optionally(4, "retrycount", g.small())...)
	o = append(o, g.optionally(6, "lastid", g.anyID())...)
	return append(o, g.optionally(6, g.pick("idle", "time"), g.pick("0", "1000", "x", "9999999999999"))...)
}

// What tells of times, or of what only 7.2 tells, or of how Redis holds a stream.
var untold = regexp.MustCompile(`\$\d+\r\n(radix-tree-nodes|seen-time|active-time|idle|inactive)\r\n:-?\d+\r\n`)

// A delivery tells when, or how long ago, and how often.
var delivered = regexp.MustCompile(`:\d+\r\n(:\d+\r\n)`)

// mapHead is the head of what has more fields in 7.2.
var mapHead = regexp.MustCompile(`[*%]\d+\r\n`)

// streamReply is a reply about streams without what two servers cannot agree on.
func streamReply(cmd []string, reply string) string {
	if strings.HasPrefix(reply, "-ERR Unbalanced") { // 7.0 words it in another way
		return "-ERR Unbalanced"
	}
	if isAnyOf(cmd[0], "xinfo", "xpending") {
		reply = untold.ReplaceAllString(reply, "")
		reply = delivered.ReplaceAllString(reply, "$1")
		reply = mapHead.ReplaceAllString(reply, "")
	}
	return reply
}
