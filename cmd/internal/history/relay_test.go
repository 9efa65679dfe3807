package history

import (
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

func TestRelayCheck(t *testing.T) {
	op := func(k RelayKind, f fate.Fate, job string) RelayOp {
		return RelayOp{Kind: k, Fate: f, Job: job, Found: 1}
	}
	push, move, finish := op(Push, fate.Done, "a"), op(Move, fate.Done, "a"), op(Finish, fate.Done, "a")
	perhaps, absent := op(Finish, fate.Unknown, "a"), finish
	absent.Found = 0
	for name, c := range map[string]struct {
		want          string
		first, second string
		ops           []RelayOp
	}{
		"nothing":                    {"", "", "", nil},
		"all the way":                {"", "", "", []RelayOp{push, move, finish}},
		"not taken up":               {"", "a", "", []RelayOp{push, op(Move, fate.Done, "")}},
		"not finished":               {"", "", "a", []RelayOp{push, move}},
		"unknown move":               {"", "", "a", []RelayOp{push, op(Move, fate.Unknown, "")}},
		"unknown finish, done":       {"", "", "", []RelayOp{push, move, perhaps}},
		"unknown finish, not done":   {"", "", "a", []RelayOp{push, move, perhaps}},
		"unknown push, done":         {"", "", "a", []RelayOp{op(Push, fate.Unknown, "a"), move}},
		"unknown push, not done":     {"", "", "", []RelayOp{op(Push, fate.Unknown, "a")}},
		"refused finish":             {"", "", "a", []RelayOp{push, move, op(Finish, fate.Refused, "a")}},
		"lost":                       {"lost", "", "", []RelayOp{push}},
		"lost on its way":            {"lost", "", "", []RelayOp{push, op(Move, fate.Unknown, "")}},
		"lost when moved":            {"lost", "", "", []RelayOp{push, move}},
		"gone when it is finished":   {"there 0 times", "", "", []RelayOp{push, move, absent}},
		"in both lists":              {"there twice", "a", "a", []RelayOp{push, move}},
		"finished, and in the first": {"there twice", "a", "", []RelayOp{push, move, finish}},
		"moved twice":                {"moved 2 times", "", "a", []RelayOp{push, move, move}},
		"finished, and in a list":    {"there twice", "", "a", []RelayOp{push, move, finish}},
		"refused, and there":         {"was refused", "a", "", []RelayOp{op(Push, fate.Refused, "a")}},
		"invented":                   {"nobody pushed it", "", "b", []RelayOp{push, move, finish}},
		"invented, and moved":        {"nobody pushed it", "", "", []RelayOp{move}},
	} {
		r := &Relay{Name: "r"}
		for _, op := range c.ops {
			r.Add(op)
		}
		got := r.Check(strings.Fields(c.first), strings.Fields(c.second))
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
