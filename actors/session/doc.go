// Package session is the side of a node that clients see: it accepts connections, reads pipelines of
// commands, routes them to the shards and answers in the order asked.
//
// # Who owns what
//
// A connection is one actor and one reader. The actor ("session/17") owns all state of the connection:
// protocol version, login, transaction, watches, replies under way. The reader (reader.go) owns the
// receiving half of the socket: it reads, parses, and hands over pipelines through an intake of two
// buffers; it stops reading when the actor has not taken what was parsed, so that TCP slows the client
// down. Readers and actors of TCP connections run on the goroutines of a few pollers (package poll), where there is
// epoll; else each reader has its own. The Server owns the listener, the registry of connections, and the figures for
// INFO.
//
//	reader   -> session   inputReady     a pipeline was handed over while the session had none
//	reader   -> session   inputEnded     no more input: end of stream, broken connection, bad bytes
//	replica  -> session   *replica.Answer   through the sink of a batch
//	session  -> session   unblockAsked, *unblockTold   CLIENT UNBLOCK
//	replica  -> session   *waited           the answer of a WAIT
//	sweep    -> session   waitCheck         during a WAIT
//	anyone   -> session   frame           what the client is sent without having asked: see delivery.go
//	broker   -> session   *brokered       its answer to a change of subscriptions, a message, a question
//	session  -> broker    *pubsub.Change, *pubsub.Publish, *pubsub.Query, *pubsub.Forget
//	pause    -> session   resumed         the end of a CLIENT PAUSE
//	migrate  -> session   *migrated       the end of a MIGRATE, which runs on a goroutine of its own
//	session  -> replica   *replica.Batch, *replica.WaitQuery, *replica.Unblock
//	session  -> forward   the same, by way of Config.Forward, for a shard that another node leads
//
// # The way of a pipeline
//
// A pipeline is worked on in segments. Commands are routed one after the other: operations are encoded
// into one buffer for each shard, commands of the session are carried out at once, and each leaves a
// place in the order of replies. A command that must see what went before (WAIT, INFO, EXEC after a
// WATCH) ends the segment. At its end every shard is sent one batch; when the last answer is in, the
// places are joined and written to the socket, and the next segment begins.
//
//	for more commands {
//		route until one has to wait      // dispatch.go
//		send one batch for each shard    // part.go
//		wait for all answers
//		join and write                   // assemble.go, output.go
//	}
//
// One pipeline of a connection is in flight at a time; what is parsed meanwhile becomes the next. If any
// operation for a shard writes, the whole batch goes through the shard's log: reads behind writes see them.
//
// A command that blocks its client (BLPOP, XREAD BLOCK) is alone in its segment, which ends when its shard has
// answered for the second time; see blocked.go.
//
// What is answered for a shard of another node is MOVED. A SCAN whose cursor is in such a shard goes there through
// the link between nodes (package forward), as does everything with Config.ForwardAll, and on connections from within
// the process (Server.Dial, for HTTP). Commands about all keys cover the keys of all shards there.
//
// # What is seen of commands
//
// A command is counted, timed, and shown to MONITOR and the slow log when its reply is joined: a write is committed
// by then. See observe.go.
//
// # Refusals
//
// Every error that a shard or its absence causes comes from one table (status.go). After a refusal the
// rest of the connection's received input for that shard is refused too, until the input is drained:
// else a client that sends SET k 1, SET k 2 and repeats the first when it is refused would end with 1.
//
// # Bounds
//
// A hand-over holds at most 1024 commands or 4 MiB (one command may be larger, to resp.Limits); a
// connection holds two at most. A segment is bounded so that by the size of recent replies its own will
// take no more than 64 MiB. What is pushed to a client is bounded by client-output-buffer-limit. Writes to a client that takes nothing for a minute end its connection.
//
// # Failure contract
//
// A panic of a session is logged and ends that connection only. Nothing here fails the node. The clock is
// the wall clock: nothing in this package decides about data.
//
// Units are bytes, milliseconds where a name says so, else time.Duration.
package session
