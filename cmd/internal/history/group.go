package history

import (
	"fmt"
	"maps"
	"slices"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// Group is the history of a stream with one consumer group: jobs are added, delivered for the first time to
// one reader, perhaps claimed by others, and acknowledged. Each must be delivered, and acknowledged once. It
// belongs to one goroutine.
type Group struct {
	Name string
	ops  []GroupOp
}

// GroupKind is what an operation on a Group does.
type GroupKind uint8

const (
	Append GroupKind = iota // adds Job as the entry ID
	Read                    // was given the entry ID for the first time; ID is "" if there was none
	Claim                   // was given an entry that another had
	Ack                     // acknowledges the entry ID; Found is 1 if it was still to be acknowledged
)

// GroupOp is one operation on a Group.
type GroupOp struct {
	Kind    GroupKind
	Job, ID string
	Found   int
	Fate    fate.Fate
}

// GroupEnd is what a stream and its group hold when all is over, and nothing new is left to be read.
type GroupEnd struct {
	Entries map[string]string // jobs by id
	Pending []string          // ids that were delivered, and are not acknowledged
}

// Add notes an operation.
func (g *Group) Add(op GroupOp) { g.ops = append(g.ops, op) }

// Len counts the operations.
func (g *Group) Len() int { return len(g.ops) }

// delivery is what is known of an entry.
type delivery struct {
	job             string
	reads, acks     int
	refused, maybes int // acks that found nothing; acks of unknown outcome
	pending         bool
}

// Check returns what is wrong with the history, "" if nothing is.
func (g *Group) Check(end GroupEnd) string {
	wrong := g.appended(end.Entries)
	if wrong == "" {
		wrong = g.delivered(end)
	}
	if wrong != "" {
		wrong = g.Name + ": " + wrong
	}
	return wrong
}

// appended holds what was added against what is there.
func (g *Group) appended(entries map[string]string) string {
	there := map[string]string{} // ids by job
	for _, id := range slices.Sorted(maps.Keys(entries)) {
		job := entries[id]
		if there[job] != "" {
			return fmt.Sprintf("%s is there twice", job)
		}
		there[job] = id
	}
	for _, op := range g.ops {
		id, found := there[op.Job]
		switch {
		case op.Kind != Append:
			continue
		case op.Fate == fate.Done && !found:
			return fmt.Sprintf("%s was acknowledged, and is lost", op.Job)
		case op.Fate == fate.Done && op.ID != id:
			return fmt.Sprintf("%s was answered %s, and is entry %s", op.Job, op.ID, id)
		case op.Fate == fate.Refused && found:
			return fmt.Sprintf("%s was refused, and is there", op.Job)
		}
		delete(there, op.Job)
	}
	for _, job := range slices.Sorted(maps.Keys(there)) {
		return fmt.Sprintf("%s is there, and nobody added it", job)
	}
	return ""
}

// delivered judges what became of each entry in the group.
func (g *Group) delivered(end GroupEnd) string {
	all := map[string]*delivery{}
	for id, job := range end.Entries {
		all[id] = &delivery{job: job}
	}
	for _, op := range g.ops {
		if op.Kind == Append || op.ID == "" {
			continue
		}
		d := all[op.ID]
		if d == nil || op.Job != d.job {
			return fmt.Sprintf("%s was delivered as entry %s, which it is not", op.Job, op.ID)
		}
		d.note(op)
	}
	for _, id := range end.Pending {
		d := all[id]
		if d == nil {
			return fmt.Sprintf("entry %s is pending, and is not there", id)
		}
		d.pending = true
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if wrong := all[id].wrong(); wrong != "" {
			return fmt.Sprintf("entry %s, %s, %s", id, all[id].job, wrong)
		}
	}
	return ""
}

func (d *delivery) note(op GroupOp) {
	switch {
	case op.Kind == Read && op.Fate == fate.Done:
		d.reads++
	case op.Kind == Ack && op.Fate == fate.Unknown:
		d.maybes++
	case op.Kind == Ack && op.Fate == fate.Done && op.Found == 0:
		d.refused++
	case op.Kind == Ack && op.Fate == fate.Done:
		d.acks++
	}
}

// wrong says what went wrong with an entry, "" for nothing.
func (d *delivery) wrong() string {
	switch {
	case d.reads > 1:
		return fmt.Sprintf("is new to %d readers", d.reads)
	case d.acks > 1:
		return fmt.Sprintf("is acknowledged %d times", d.acks)
	case d.acks > 0 && d.pending:
		return "was acknowledged, and is pending"
	case d.refused > 0 && d.acks+d.maybes == 0:
		return "was pending, and its acknowledgement found nothing"
	case d.acks+d.maybes == 0 && !d.pending:
		return "was delivered to nobody, or is forgotten: it is neither pending nor acknowledged"
	}
	return ""
}
