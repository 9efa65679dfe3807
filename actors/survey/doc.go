// Package survey asks other nodes how their replicas stand, over the links between nodes: those who may see the
// figures of one node see those of all, and no password travels for it.
//
// One actor, Name, is on every node, and plays both parts.
//
//	gateway -> survey   Survey.Others     from any goroutine, admitted by a budget
//	survey  -> survey   *wire.Survey      there: from the asking node to the asked one
//	survey  -> survey   *wire.Surveyed    back
//	node    -> survey   *link.Up, *link.Down
//
// A node that no link leads to, or that is lost meanwhile, is known at once not to answer. For others the caller waits as
// long as its context allows; what comes later is for nobody. Figures are those of the moment when a node was asked.
//
// At most maxRounds callers wait at a time; what peers may have queued is bounded by Mailbox, and dropped beyond.
package survey
