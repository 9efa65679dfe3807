// Package fate names what a client may believe about a request after it came back, and reads that off
// the reply. It is the promise of the error codes, written down once for every checker:
//
//   - Done: acknowledged. The effect must be there from now on.
//   - Refused: the node said that it was not done and will not be (MOVED, CLUSTERDOWN, TRYAGAIN, OOM,
//     MISCONF, …), or the request never left this machine. The effect must never be seen.
//   - Unknown: anything else, a broken connection above all. Either is allowed, and at any later time.
//
// Pure functions; any goroutine.
package fate

import "strings"

// Fate is the outcome of one request. The zero value is Unknown: who forgets to say claims nothing.
type Fate uint8

const (
	Unknown Fate = iota
	Done
	Refused
)

func (f Fate) String() string {
	switch f {
	case Done:
		return "done"
	case Refused:
		return "refused"
	default:
		return "unknown"
	}
}

// refusals are the codes (first word of an error reply) that say the command had no effect. ERR and
// WRONGTYPE belong to them: the command ran into its own arguments. A code that is not listed is
// Unknown, so a new code weakens the check and does not break it.
var refusals = map[string]bool{
	"ASK": true, "CLUSTERDOWN": true, "CROSSSLOT": true, "ERR": true, "EXECABORT": true, "LOADING": true,
	"MASTERDOWN": true, "MISCONF": true, "MOVED": true, "NOAUTH": true, "NOPERM": true,
	"NOREPLICAS": true, "OOM": true, "READONLY": true, "TRYAGAIN": true, "UNBLOCKED": true, "WRONGTYPE": true,
}

// OfError reads the fate off the text of an error reply (without the leading '-').
func OfError(text string) Fate {
	if refusals[Code(text)] {
		return Refused
	}
	return Unknown
}

// Code is the first word of an error reply.
func Code(text string) string {
	code, _, _ := strings.Cut(text, " ")
	return code
}

// Expected reports whether an error code is one that a healthy cluster gives while a leader changes or
// a node is overloaded. Any other one is worth showing to the reader of a report.
func Expected(code string) bool {
	switch code {
	case "MOVED", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF", "UNKNOWN", "UNBLOCKED", "EXECABORT", "LOADING",
		"WAIT": // of package client, for a write on too few nodes
		return true
	}
	return false
}
