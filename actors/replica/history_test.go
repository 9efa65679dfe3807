package replica

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// history is what the clients of a simulation saw, for the check that one order explains it all. Time
// in it is a counter of events.
type history struct {
	now int64
	ops map[string][]porcupine.Operation // by key

	undecided int // keys for which the search was given up
}

// command is one operation of a client.
type command struct {
	client    int
	name, key string
	arg       string // of set and append
	px        int    // of set: its time to live in ms, 0 for none
	call      int64
}

func (c command) args() []string {
	switch {
	case c.px > 0:
		return []string{c.name, c.key, c.arg, "px", fmt.Sprint(c.px)}
	case c.arg != "":
		return []string{c.name, c.key, c.arg}
	}
	return []string{c.name, c.key}
}

func (c command) writes() bool { return c.name != "get" }

func (h *history) tick() int64 {
	h.now++
	return h.now
}

// done records an operation with its reply.
func (h *history) done(c command, reply string) { h.add(c, reply, h.tick()) }

// unknown records a write that may have been done, and may yet be.
func (h *history) unknown(c command) {
	if c.writes() {
		h.add(c, nil, math.MaxInt64)
	}
}

func (h *history) add(c command, reply any, end int64) {
	h.ops[c.key] = append(h.ops[c.key], porcupine.Operation{ClientId: c.client, Input: c, Output: reply, Call: c.call, Return: end})
}

// check returns what is wrong with the history of a key that no order explains, or "". Where the search
// for an order takes too long, which is when very many outcomes are unknown, it counts the key as undecided.
func (h *history) check() string {
	for _, key := range slices.Sorted(maps.Keys(h.ops)) {
		wrong := ""
		switch key {
		case "ledger":
			wrong = checkLedger(h.ops[key])
		case "counter":
			wrong = checkCounter(h.ops[key])
		default:
			switch porcupine.CheckOperationsTimeout(valueModel, h.ops[key], 3*time.Second) {
			case porcupine.Illegal:
				wrong = "no order of the operations explains what they answered"
			case porcupine.Unknown:
				h.undecided++
			}
		}
		if wrong != "" {
			return fmt.Sprintf("%s: %s\n%s", key, wrong, h.describe(key))
		}
	}
	return ""
}

// checkLedger checks a key that only ever grows, by unique pieces that end with ";". Its longest value
// tells the place of every operation, so no search is needed, however many outcomes are unknown.
func checkLedger(ops []porcupine.Operation) string {
	whole := ""
	for _, op := range ops {
		if text, ok := op.Output.(string); ok && op.Input.(command).name == "get" {
			if text = bulk(text); len(text) > len(whole) {
				whole = text
			}
		}
	}
	place := map[string]int{} // of the end of a piece
	for at, rest := 0, whole; rest != ""; {
		piece, after, _ := strings.Cut(rest, ";")
		at, rest = at+len(piece)+1, after
		if _, twice := place[piece+";"]; twice {
			return fmt.Sprintf("%s; is there twice", piece)
		}
		place[piece+";"] = at
	}
	return checkPlaces(ops, whole, place)
}

// checkCounter checks a key that is only ever incremented: the replies tell the places.
func checkCounter(ops []porcupine.Operation) string {
	var all []placed
	var unknown []int64 // when each increment was asked for whose outcome nobody knows
	by := map[int]bool{}
	for _, op := range ops {
		out, done := op.Output.(string)
		at, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSuffix(out, "\r\n"), ":"))
		switch incr := op.Input.(command).name == "incr"; {
		case !done:
			unknown = append(unknown, op.Call)
		case incr && (err != nil || by[at]):
			return fmt.Sprintf("an increment was answered %q, not the only one", out)
		case incr:
			by[at] = true
			all = append(all, placed{op, at, true})
		default:
			at, _ = strconv.Atoi(bulk(out))
			all = append(all, placed{op, at, false})
		}
	}
	if wrong := checkGaps(all, by, unknown); wrong != "" {
		return wrong
	}
	return checkTimes(all)
}

// checkGaps finds for each value that no known increment made one of unknown outcome, asked for before
// anyone saw that value.
func checkGaps(all []placed, by map[int]bool, unknown []int64) string {
	top := 0
	for _, p := range all {
		top = max(top, p.at)
	}
	var seen []int64
	for at := 1; at <= top; at++ {
		if by[at] {
			continue
		}
		first := int64(math.MaxInt64)
		for _, p := range all {
			if p.at >= at {
				first = min(first, p.op.Return)
			}
		}
		seen = append(seen, first)
	}
	slices.Sort(seen)
	slices.Sort(unknown)
	for i, first := range seen {
		if i >= len(unknown) || unknown[i] > first {
			return "it counts more than was asked for, or refused increments"
		}
	}
	return ""
}

// placed is an operation at its place in the only order that is possible.
type placed struct {
	op    porcupine.Operation
	at    int
	grows bool
}

func checkPlaces(ops []porcupine.Operation, whole string, place map[string]int) string {
	var all []placed
	for _, op := range ops {
		c := op.Input.(command)
		at, there := place[c.arg]
		delete(place, c.arg)
		switch out, done := op.Output.(string); {
		case c.name == "get" && !strings.HasPrefix(whole, bulk(out)):
			return fmt.Sprintf("%q was read, and is no beginning of %q", bulk(out), whole)
		case c.name == "get":
			all = append(all, placed{op, len(bulk(out)), false})
		case done && !there:
			return fmt.Sprintf("%s was acknowledged, and is lost", c.arg)
		case done && out != fmt.Sprintf(":%d\r\n", at):
			return fmt.Sprintf("%s was answered %q, and ends at %d", c.arg, out, at)
		case there:
			all = append(all, placed{op, at, true})
		}
	}
	for piece := range place {
		return fmt.Sprintf("%s is there, and was refused", piece)
	}
	return checkTimes(all)
}

// checkTimes checks that no operation has its place before one that was over when it began.
func checkTimes(all []placed) string {
	for _, a := range all {
		for _, b := range all {
			if a.op.Return < b.op.Call && (b.at < a.at || b.at == a.at && b.grows) {
				return fmt.Sprintf("%v was over before %v began, and comes after it", a.op.Input.(command).args(), b.op.Input.(command).args())
			}
		}
	}
	return ""
}

// bulk is the text of a bulk reply, "" for none.
func bulk(reply string) string {
	_, text, _ := strings.Cut(strings.TrimSuffix(reply, "\r\n"), "\r\n")
	return text
}

// value is the state of one key. A volatile one may be gone at any moment.
type value struct {
	text             string
	exists, volatile bool
}

// valueModel is what a single copy would answer, by the dumbest means.
var valueModel = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{value{}} },
	Step: func(state, in, out any) []any {
		was := []value{state.(value)}
		if was[0].volatile {
			was = append(was, value{})
		}
		var next []any
		for _, v := range was {
			if got, reply := v.after(in.(command)); out == nil || reply == out.(string) {
				next = append(next, got)
			}
		}
		return next
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%v -> %q", in.(command).args(), out) },
}).ToModel()

func (v value) after(c command) (value, string) {
	switch c.name {
	case "get":
		if !v.exists {
			return v, "$-1\r\n"
		}
		return v, fmt.Sprintf("$%d\r\n%s\r\n", len(v.text), v.text)
	case "set":
		return value{c.arg, true, c.px > 0}, "+OK\r\n"
	case "append":
		v.text, v.exists = v.text+c.arg, true
		return v, fmt.Sprintf(":%d\r\n", len(v.text))
	case "del":
		if !v.exists {
			return v, ":0\r\n"
		}
		return value{}, ":1\r\n"
	case "incr":
		n, err := strconv.Atoi("0" + v.text)
		if err != nil {
			return v, "-ERR value is not an integer or out of range\r\n"
		}
		v.text, v.exists = fmt.Sprint(n+1), true
		return v, fmt.Sprintf(":%d\r\n", n+1)
	}
	panic("no such command: " + c.name)
}
