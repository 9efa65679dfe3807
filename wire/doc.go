// Package wire defines what nodes say to each other: messages, the frames that
// carry them and the handshake that opens a connection. It is pure: values and
// bytes, no connection, actor or clock. The layer that owns connections calls
// it from whichever goroutine reads or writes them.
//
// # A connection
//
//	magic "TROUPE1\n", a frame with the Hello     once, by the node that dialled
//	frame, frame, …                               in one direction only
//
// A frame is the length of the rest as a big-endian uint32, then one msgpack
// array [kind, target, body]: target is the id of the actor it is meant for
// (empty: the link itself), body is an array of the message's fields. The hello
// frame holds the fields alone.
//
// # Messages
//
//	Raft       replica -> replica     one step of consensus
//	Removed    replica -> replica     "your configuration no longer has you"
//	Snapshot   bulk connection        heads the stream of a snapshot's file
//	Chunk      bulk connection        a piece of that file, at most MaxChunk
//	Request    node -> leader's node  operations forwarded for a client
//	Reply      back                   their outcome
//	Ping, Pong link -> link           keep-alive
//	Publish    broker -> broker       a message to subscribers
//	Unblock    node -> leader's node  ends the wait of a Request, or of Copies
//	Waiting    node -> leader's node  all that the sender waits for there
//	Copies     node -> leader's node  how many followers hold a write, for WAIT
//	Copied     back                   so many
//	Survey     node -> node           how do your replicas stand
//	Surveyed   back                   so
//	Promise    voter -> its leader    "I elect nobody else for a while"
//	Absent     node -> node           dead nodes that have a place in a shard
//	Confirm    node -> node           do these leaders lead, as far as your replicas know
//	Confirmed  back                   those do not
//
// # Ownership of bytes
//
// AppendFrame appends to the buffer of the caller and keeps nothing. A message
// out of DecodeFrame owns its bytes: what it holds is cut from one copy of the
// frame, so the caller may reuse its read buffer at once, while keeping any
// field of the message keeps the whole copy.
//
// # Failure contract
//
// Bytes come from anyone. Nothing here panics on them, and memory is taken as
// bytes arrive, never by a length that they claim: ReadFrame grows its buffer
// by what it has received, arrays by what has been decoded. Errors wrap
// ErrInvalid, ErrKind, ErrFrameSize, ErrVersion, ErrMagic or one of package
// pack; after any but ErrKind the connection is not to be trusted further.
//
// The raft library trusts the messages it is given and panics on some that
// make no sense. DecodeFrame therefore lets only those through that another
// replica can send: of a kind that crosses nodes, with sender, receiver and
// term, with entries that follow each other, with a snapshot whose
// configuration can be restored. What depends on the state of the receiver
// (such as a commit index beyond its log) cannot be judged here.
//
// # Versions
//
// Numbers of kinds and layouts of bodies are fixed within one Version of the
// Hello; nodes of different versions do not talk.
package wire
