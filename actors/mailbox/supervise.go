package mailbox

import "github.com/asynkron/protoactor-go/actor"

// StopNode is the strategy for actors that hold state which a restart would lose: replica, log, keyspace. A
// panic of the child is given to fatal, which ends the process and does not return. If it returns all the
// same (in tests), the child is stopped. It is never restarted.
//
// protoactor asks the strategy of the parent: give it to the parent's props with actor.WithSupervisor, and to
// an actor spawned from the root with actor.WithGuardian. Without the latter the root restarts what panics.
func StopNode(fatal func(reason any)) actor.SupervisorStrategy {
	return &stopNode{fatal: fatal}
}

// A pointer, for protoactor keeps guardians in a map by strategy.
type stopNode struct{ fatal func(reason any) }

func (s *stopNode) HandleFailure(_ *actor.ActorSystem, sup actor.Supervisor, child *actor.PID,
	_ *actor.RestartStatistics, reason, _ any) {
	s.fatal(reason)
	sup.StopChildren(child)
}
