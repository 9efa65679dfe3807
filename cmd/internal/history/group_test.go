package history

import (
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

func TestGroupCheck(t *testing.T) {
	op := func(k GroupKind, f fate.Fate) GroupOp {
		return GroupOp{Kind: k, Job: "a", ID: "1-0", Found: 1, Fate: f}
	}
	add, read, claim, ack := op(Append, fate.Done), op(Read, fate.Done), op(Claim, fate.Done), op(Ack, fate.Done)
	perhaps, late, other := op(Ack, fate.Unknown), ack, read
	late.Found, other.Job = 0, "b"
	none := GroupOp{Kind: Read, Fate: fate.Done}
	unread := GroupOp{Kind: Read, Fate: fate.Unknown}
	for name, c := range map[string]struct {
		want    string
		entries string // id=job
		pending string
		ops     []GroupOp
	}{
		"nothing":                      {"", "", "", []GroupOp{none}},
		"all the way":                  {"", "1-0=a", "", []GroupOp{add, read, ack}},
		"claimed":                      {"", "1-0=a", "", []GroupOp{add, read, claim, ack, late}},
		"unknown read":                 {"", "1-0=a", "1-0", []GroupOp{add, unread}},
		"unknown read, claimed":        {"", "1-0=a", "", []GroupOp{add, unread, claim, ack}},
		"unknown ack, done":            {"", "1-0=a", "", []GroupOp{add, read, perhaps, late}},
		"unknown ack, not done":        {"", "1-0=a", "1-0", []GroupOp{add, read, perhaps}},
		"refused ack":                  {"", "1-0=a", "1-0", []GroupOp{add, read, op(Ack, fate.Refused)}},
		"unknown add, done":            {"", "1-0=a", "", []GroupOp{op(Append, fate.Unknown), read, ack}},
		"unknown add, not done":        {"", "", "", []GroupOp{op(Append, fate.Unknown)}},
		"lost":                         {"is lost", "", "", []GroupOp{add}},
		"lost, though acknowledged":    {"is lost", "", "", []GroupOp{add, read, ack}},
		"another id":                   {"is entry 2-0", "2-0=a", "2-0", []GroupOp{add}},
		"twice":                        {"there twice", "1-0=a 2-0=a", "", []GroupOp{add}},
		"refused, and there":           {"was refused", "1-0=a", "1-0", []GroupOp{op(Append, fate.Refused)}},
		"invented":                     {"nobody added it", "1-0=b", "1-0", nil},
		"delivered to nobody":          {"delivered to nobody", "1-0=a", "", []GroupOp{add}},
		"forgotten":                    {"forgotten", "1-0=a", "", []GroupOp{add, read}},
		"new to two":                   {"new to 2 readers", "1-0=a", "1-0", []GroupOp{add, read, read}},
		"acknowledged twice":           {"acknowledged 2 times", "1-0=a", "", []GroupOp{add, read, ack, ack}},
		"acknowledged, and pending":    {"and is pending", "1-0=a", "1-0", []GroupOp{add, read, ack}},
		"nothing to acknowledge":       {"found nothing", "1-0=a", "1-0", []GroupOp{add, read, late}},
		"delivered under another id":   {"which it is not", "1-0=a", "1-0", []GroupOp{add, other}},
		"pending, and was never added": {"is not there", "1-0=a", "1-0 2-0", []GroupOp{add, read}},
	} {
		g := &Group{Name: "g"}
		for _, op := range c.ops {
			g.Add(op)
		}
		end := GroupEnd{Entries: map[string]string{}, Pending: strings.Fields(c.pending)}
		for _, e := range strings.Fields(c.entries) {
			id, job, _ := strings.Cut(e, "=")
			end.Entries[id] = job
		}
		got := g.Check(end)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
