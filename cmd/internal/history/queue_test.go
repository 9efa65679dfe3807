package history

import (
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

func TestQueueCheck(t *testing.T) {
	op := func(f fate.Fate, call, ret int64, push, got string) QueueOp {
		return QueueOp{Push: push, Got: got, Fate: f, Call: call, Return: ret}
	}
	push := func(call, ret int64, e string) QueueOp { return op(fate.Done, call, ret, e, "") }
	pop := func(call, ret int64, e string) QueueOp { return op(fate.Done, call, ret, "", e) }
	a, b := push(1, 2, "a"), push(3, 4, "b")
	for name, c := range map[string]struct {
		want string
		left string
		ops  []QueueOp
	}{
		"nothing":                      {"", "", nil},
		"in order":                     {"", "b", []QueueOp{pop(0, 1, ""), a, b, pop(5, 6, "a")}},
		"both at once":                 {"", "", []QueueOp{a, b, pop(5, 9, "b"), pop(6, 8, "a")}},
		"pushed at once, either order": {"", "", []QueueOp{push(1, 4, "a"), push(2, 3, "b"), pop(5, 6, "b"), pop(7, 8, "a")}},
		"waited for":                   {"", "", []QueueOp{pop(0, 9, "a"), a}},
		"unknown pop":                  {"", "", []QueueOp{a, op(fate.Unknown, 3, 0, "", "")}},
		"unknown push, done":           {"", "", []QueueOp{op(fate.Unknown, 1, 0, "a", ""), pop(3, 4, "a")}},
		"unknown push, not done":       {"", "", []QueueOp{op(fate.Unknown, 1, 0, "a", ""), pop(3, 4, "")}},
		"refused pop":                  {"", "a", []QueueOp{a, op(fate.Refused, 3, 4, "", "")}},
		"lost":                         {"[a] were acknowledged, and are lost", "", []QueueOp{a}},
		"one too many lost":            {"[a b] were acknowledged", "", []QueueOp{a, b, op(fate.Unknown, 3, 0, "", "")}},
		"taken twice":                  {"a is taken twice", "", []QueueOp{a, pop(3, 4, "a"), pop(5, 6, "a")}},
		"taken and left":               {"a is taken twice", "a", []QueueOp{a, pop(3, 4, "a")}},
		"invented":                     {"nobody pushed it", "", []QueueOp{pop(3, 4, "a")}},
		"refused, and there":           {"was refused", "a", []QueueOp{op(fate.Refused, 1, 2, "a", "")}},
		"overtaken":                    {"b was to leave after a", "", []QueueOp{a, b, pop(5, 6, "b"), pop(7, 8, "a")}},
		"overtaken by what was taken":  {"b was to leave after a", "a", []QueueOp{a, b, pop(5, 6, "b")}},
		"left in the wrong order":      {"b was to leave after a", "b a", []QueueOp{a, b}},
		"found nothing":                {"found nothing, and a was there", "a", []QueueOp{a, pop(3, 4, "")}},
		"found nothing, while taken":   {"", "", []QueueOp{a, pop(3, 6, ""), pop(4, 5, "a")}},
	} {
		q := &Queue{Name: "q"}
		for _, op := range c.ops {
			q.Add(op)
		}
		got := q.Check(strings.Fields(c.left))
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestRankedQueueCheck(t *testing.T) {
	push := func(call, ret int64, e string, rank int) QueueOp {
		return QueueOp{Push: e, Rank: rank, Fate: fate.Done, Call: call, Return: ret}
	}
	pop := func(call, ret int64, e string) QueueOp {
		return QueueOp{Got: e, Fate: fate.Done, Call: call, Return: ret}
	}
	low, high := push(3, 4, "low", 1), push(1, 2, "high", 9)
	for name, c := range map[string]struct {
		want string
		left string
		ops  []QueueOp
	}{
		"by rank":                    {"", "", []QueueOp{high, low, pop(5, 6, "low"), pop(7, 8, "high")}},
		"before the lower was there": {"", "low", []QueueOp{high, low, pop(2, 4, "high")}},
		"both at once":               {"", "", []QueueOp{high, low, pop(5, 8, "high"), pop(6, 7, "low")}},
		"overtaken":                  {"high was to leave after low", "low", []QueueOp{high, low, pop(5, 6, "high")}},
		"left in the wrong order":    {"high was to leave after low", "high low", []QueueOp{high, low}},
		"equal ranks":                {"", "b a", []QueueOp{push(1, 2, "a", 5), push(3, 4, "b", 5)}},
		"taken twice":                {"low is taken twice", "low", []QueueOp{low, pop(5, 6, "low")}},
		"lost":                       {"are lost", "", []QueueOp{low}},
	} {
		q := &Queue{Name: "q", Ranked: true}
		for _, op := range c.ops {
			q.Add(op)
		}
		got := q.Check(strings.Fields(c.left))
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
