package history

import (
	"fmt"
	"math"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// Queue is the history of a list that is pushed to at its end and popped from at its head, or of a sorted set
// whose least element is popped, by elements that are unique. An element tells which push and which pop belong
// together, so that its check needs no search, however many outcomes are unknown. It belongs to one goroutine.
type Queue struct {
	Name   string
	Ranked bool // the element of the lowest rank leaves first, not the one that came first
	ops    []QueueOp
}

// QueueOp is one operation on a Queue: a push, or a pop if it pushes nothing.
type QueueOp struct {
	Push         string
	Rank         int // of what is pushed, in a ranked queue
	Fate         fate.Fate
	Got          string // by a pop; "" if there was nothing
	Call, Return int64
}

// Add notes an operation.
func (q *Queue) Add(op QueueOp) { q.ops = append(q.ops, op) }

// Len counts the operations.
func (q *Queue) Len() int { return len(q.ops) }

// passage is an element's way through the queue: when it came, and when it left. What is in there at the end
// leaves in its order after all else.
type passage struct {
	element string
	push    QueueOp
	taken   bool
	call    int64 // the span that it was taken in
	ret     int64
}

// Check returns what is wrong with the history, "" if nothing is. left is what the queue holds at the end.
func (q *Queue) Check(left []string) string {
	ways := map[string]*passage{}
	var order []*passage
	for _, op := range q.ops {
		if op.Push != "" {
			w := &passage{element: op.Push, push: op}
			ways[op.Push] = w
			order = append(order, w)
		}
	}
	wrong := q.take(ways, left)
	if wrong == "" {
		wrong = q.lost(order)
	}
	if wrong == "" {
		wrong = q.overtaking(order)
	}
	if wrong == "" {
		wrong = q.emptiness(order)
	}
	if wrong != "" {
		wrong = q.Name + ": " + wrong
	}
	return wrong
}

// take notes when each element was taken: once, by a pop or by who reads what is left.
func (q *Queue) take(ways map[string]*passage, left []string) string {
	takes := func(element string, call, ret int64) string {
		w := ways[element]
		switch {
		case w == nil:
			return fmt.Sprintf("%s is taken, and nobody pushed it", element)
		case w.push.Fate == fate.Refused:
			return fmt.Sprintf("%s was refused, and is there", element)
		case w.taken:
			return fmt.Sprintf("%s is taken twice", element)
		}
		w.taken, w.call, w.ret = true, call, ret
		return ""
	}
	for _, op := range q.ops {
		if op.Push == "" && op.Fate == fate.Done && op.Got != "" {
			if wrong := takes(op.Got, op.Call, op.Return); wrong != "" {
				return wrong
			}
		}
	}
	for i, element := range left {
		at := int64(math.MaxInt64 - len(left) + i)
		if wrong := takes(element, at, at); wrong != "" {
			return wrong
		}
	}
	return ""
}

// lost counts what was pushed and never taken: each pop of unknown outcome may have taken one.
func (q *Queue) lost(order []*passage) string {
	unknown, missing := 0, []string(nil)
	for _, op := range q.ops {
		if op.Push == "" && op.Fate == fate.Unknown {
			unknown++
		}
	}
	for _, w := range order {
		if w.push.Fate == fate.Done && !w.taken {
			missing = append(missing, w.element)
		}
	}
	if len(missing) > unknown {
		return fmt.Sprintf("%v were acknowledged, and are lost; %d pops are of unknown outcome", missing, unknown)
	}
	return ""
}

// overtaking looks for an element that was to leave after another, and was taken before that one could be.
func (q *Queue) overtaking(order []*passage) string {
	for _, a := range order {
		for _, b := range order {
			if a.push.Fate == fate.Done && q.before(a, b) && a.taken && b.taken && b.ret < a.call {
				return fmt.Sprintf("%s was to leave after %s, and is taken before it", b.element, a.element)
			}
		}
	}
	return ""
}

// before reports whether a was to leave before b.
func (q *Queue) before(a, b *passage) bool {
	if q.Ranked {
		return a.push.Rank < b.push.Rank && a.push.Return < b.call
	}
	return a.push.Return < b.push.Call
}

// emptiness looks for a pop that found nothing while an element was there all the time.
func (q *Queue) emptiness(order []*passage) string {
	for _, op := range q.ops {
		if op.Push != "" || op.Fate != fate.Done || op.Got != "" {
			continue
		}
		for _, w := range order {
			if w.push.Fate == fate.Done && w.push.Return < op.Call && w.taken && w.call > op.Return {
				return fmt.Sprintf("a pop from %d to %d found nothing, and %s was there", op.Call, op.Return, w.element)
			}
		}
	}
	return ""
}
