package history

import (
	"fmt"
	"slices"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// Relay is the history of jobs that pass from one list to another and are then removed: pushed to the first,
// moved by whoever takes them up, removed from the second by the same when they are finished. A job is named
// by each of these, except by a move of unknown outcome, so that its check needs no search. It belongs to one
// goroutine.
type Relay struct {
	Name string
	ops  []RelayOp
}

// RelayKind is what an operation does to a job.
type RelayKind uint8

const (
	Push   RelayKind = iota // puts it into the first list
	Move                    // takes it from the first list to the second; Job is "" if there was none
	Finish                  // removes it from the second list; Found is how often it was there
)

// RelayOp is one operation on a Relay.
type RelayOp struct {
	Kind         RelayKind
	Job          string
	Found        int
	Fate         fate.Fate
	Call, Return int64
}

// Add notes an operation.
func (r *Relay) Add(op RelayOp) { r.ops = append(r.ops, op) }

// Len counts the operations.
func (r *Relay) Len() int { return len(r.ops) }

// course is what is known of a job.
type course struct {
	job      string
	pushed   fate.Fate
	moved    int // times that somebody was given it
	finished int // times that a removal found it
	asked    int // removals of unknown outcome
	places   int // times that it is in the lists at the end
}

// Check returns what is wrong with the history, "" if nothing is. first and second are what the lists hold at
// the end.
func (r *Relay) Check(first, second []string) string {
	known := map[string]*course{}
	var all []*course
	for _, op := range r.ops {
		if op.Kind == Push {
			c := &course{job: op.Job, pushed: op.Fate}
			known[op.Job] = c
			all = append(all, c)
		}
	}
	for _, op := range r.ops {
		if wrong := known[op.Job].note(op); wrong != "" {
			return r.Name + ": " + wrong
		}
	}
	for _, job := range slices.Concat(first, second) {
		c := known[job]
		if c == nil {
			return fmt.Sprintf("%s: %s is there, and nobody pushed it", r.Name, job)
		}
		c.places++
	}
	for _, c := range all {
		if wrong := c.wrong(); wrong != "" {
			return r.Name + ": " + wrong
		}
	}
	return ""
}

// note takes in an operation on the job; c is nil for a job that nobody pushed.
func (c *course) note(op RelayOp) string {
	switch {
	case op.Kind == Push || op.Job == "":
	case c == nil:
		return fmt.Sprintf("%s is moved, and nobody pushed it", op.Job)
	case op.Kind == Move && op.Fate == fate.Done:
		c.moved++
	case op.Kind == Finish && op.Fate == fate.Unknown:
		c.asked++
	case op.Kind == Finish && op.Fate == fate.Done && op.Found != 1:
		return fmt.Sprintf("%s was moved once, and is there %d times to be finished", op.Job, op.Found)
	case op.Kind == Finish && op.Fate == fate.Done:
		c.finished++
	}
	return ""
}

// wrong judges a job by where it is at the end.
func (c *course) wrong() string {
	switch {
	case c.pushed == fate.Refused && c.moved+c.places > 0:
		return fmt.Sprintf("%s was refused, and is there", c.job)
	case c.moved > 1:
		return fmt.Sprintf("%s is moved %d times", c.job, c.moved)
	case c.finished+c.places > 1:
		return fmt.Sprintf("%s is there twice: finished %d times, and %d times in the lists", c.job, c.finished, c.places)
	case c.finished+c.places == 0 && c.asked == 0 && (c.pushed == fate.Done || c.moved > 0):
		return fmt.Sprintf("%s was acknowledged, and is lost", c.job)
	}
	return ""
}
