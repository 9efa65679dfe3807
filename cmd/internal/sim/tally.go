package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Tally counts what runs came across.
type Tally struct {
	Simulated                                  time.Duration
	Turns, Frames, Dropped, Connections, Files int // of actors; between nodes; snapshots
	Applied                                    int // entries, by all replicas together
	Done, Refused, Unknown                     int // operations of clients
	Elections, Memberships, Wipes              int
	Fatal                                      int // nodes that stopped because of their disk
	Histories, Undecided                       int
	Jobs, Messages                             int            // acknowledged by a group; heard by a subscriber
	Troubles                                   map[string]int // by kind
	Codes                                      map[string]int // of errors that clients were answered
}

func (t *Tally) trouble(name string) { count(&t.Troubles, name, 1) }
func (t *Tally) refusal(code string) { count(&t.Codes, code, 1) }

func count(m *map[string]int, name string, n int) {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[name] += n
}

// Add adds the figures of another run.
func (t *Tally) Add(o Tally) {
	t.Simulated += o.Simulated
	for _, p := range []struct{ to, from *int }{
		{&t.Turns, &o.Turns}, {&t.Frames, &o.Frames}, {&t.Dropped, &o.Dropped}, {&t.Connections, &o.Connections}, {&t.Files, &o.Files},
		{&t.Applied, &o.Applied}, {&t.Done, &o.Done}, {&t.Refused, &o.Refused}, {&t.Unknown, &o.Unknown},
		{&t.Elections, &o.Elections}, {&t.Memberships, &o.Memberships}, {&t.Wipes, &o.Wipes}, {&t.Fatal, &o.Fatal},
		{&t.Histories, &o.Histories}, {&t.Undecided, &o.Undecided}, {&t.Jobs, &o.Jobs}, {&t.Messages, &o.Messages},
	} {
		*p.to += *p.from
	}
	for name, n := range o.Troubles {
		count(&t.Troubles, name, n)
	}
	for code, n := range o.Codes {
		count(&t.Codes, code, n)
	}
}

// Faults counts all that befell the clusters.
func (t *Tally) Faults() (n int) {
	for _, c := range t.Troubles {
		n += c
	}
	return n
}

// String lists the figures, a line for each subject.
func (t Tally) String() string {
	lines := []string{
		fmt.Sprintf("%.1f simulated hours, %d faults: %s", t.Simulated.Hours(), t.Faults(), counts(t.Troubles)),
		fmt.Sprintf("%d operations done, %d not: %s; %d of them of unknown outcome", t.Done, t.Refused+t.Unknown, counts(t.Codes), t.Unknown),
		fmt.Sprintf("%d elections, %d memberships, %d disks lost, %d snapshots sent, %d nodes stopped by their disk", t.Elections, t.Memberships, t.Wipes, t.Files, t.Fatal),
		fmt.Sprintf("%d entries applied, %d frames carried, %d dropped, %d turns", t.Applied, t.Frames, t.Dropped, t.Turns),
		fmt.Sprintf("%d histories checked, %d undecided; %d entries of streams acknowledged, %d messages heard", t.Histories, t.Undecided, t.Jobs, t.Messages),
	}
	return strings.Join(lines, "\n")
}

func counts(m map[string]int) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %d", name, m[name]))
	}
	return strings.Join(out, ", ")
}
