package gossip

import (
	"fmt"
	"maps"
	"slices"

	"github.com/troupedb/troupe/slotmap"
)

// AnswerState is what asking an address came to.
type AnswerState uint8

const (
	Unasked     AnswerState = iota // no result yet
	Unreachable                    // nobody listens there
	Silent                         // somebody listens but gave no answer that we understand
	Empty                          // a node without data and without a cluster
	Named                          // a node of Answer.Cluster
)

// Answer is the latest word from one address.
type Answer struct {
	State   AnswerState
	Cluster slotmap.ClusterID // if Named
}

// Action is what a node without data shall do.
type Action uint8

const (
	Wait         Action = iota // ask again
	StartCluster               // start one
	JoinCluster                // join Decision.Cluster
)

func (a Action) String() string {
	return [...]string{"wait", "start", "join"}[min(a, JoinCluster)]
}

// Decision is the outcome of Decide. Reason says in words why a node waits.
type Decision struct {
	Action  Action
	Cluster slotmap.ClusterID // if JoinCluster
	Reason  string
}

// Decide tells what a node without data shall do that knows itself as self and
// was given the list join. self and join must be in one form, ip:port. seen
// has the answers of the list, and of any other node that was heard of: a
// cluster named by whomever is joined. Two named clusters are a mistake that
// only an operator can mend, so the node waits.
//
// Only the first of the list starts a cluster, and only when every other one
// either said that it is empty or is not there at all, and a majority of the
// list, itself included, is empty. See the package comment for why this is
// enough.
func Decide(self string, join []string, seen map[string]Answer) Decision {
	if d, found := named(seen); found {
		return d
	}
	list := distinct(join)
	if len(list) == 0 {
		return Decision{Action: StartCluster}
	}
	if list[0] != self {
		return Decision{Reason: whyWait(list[0], seen[list[0]])}
	}
	reached := 1
	for _, addr := range list[1:] {
		switch seen[addr].State {
		case Empty:
			reached++
		case Unreachable:
		case Silent:
			return Decision{Reason: whySilent(addr)}
		default:
			return Decision{Reason: "asking " + addr}
		}
	}
	if 2*reached <= len(list) {
		return Decision{Reason: fmt.Sprintf("reached %d of %d listed nodes, itself included; a majority is needed to start a cluster", reached, len(list))}
	}
	return Decision{Action: StartCluster}
}

func whyWait(first string, a Answer) string {
	if a.State == Silent {
		return whySilent(first)
	}
	return "waiting for a cluster; " + first + " is the one to start it"
}

func whySilent(addr string) string {
	return addr + " listens but does not answer: is it busy, or has it another secret?"
}

// named looks for a cluster among the answers.
func named(seen map[string]Answer) (d Decision, found bool) {
	var by string
	for _, addr := range slices.Sorted(maps.Keys(seen)) {
		a := seen[addr]
		if a.State != Named {
			continue
		}
		if found && a.Cluster != d.Cluster {
			return Decision{Reason: fmt.Sprintf("two clusters at the addresses given: %s at %s and %s at %s", d.Cluster, by, a.Cluster, addr)}, true
		}
		d, by, found = Decision{Action: JoinCluster, Cluster: a.Cluster}, addr, true
	}
	return d, found
}

// distinct drops repetitions, keeping the order.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
