// Package gateway answers HTTP: Redis commands as JSON, for any key, on any node.
//
//	POST /                     a command: ["SET","k","v"]
//	POST /pipeline             an array of commands; one that fails stops no other
//	POST /multi-exec           an array of commands as a transaction, in one slot
//	GET|POST /set/k/v          a command as a path; a body is one more argument, and /set/k?EX=5 has more behind it
//
//	GET|POST /subscribe/c…     messages of channels, as server-sent events; /psubscribe/pattern…, /monitor likewise
//
//	GET /                      a page that shows the cluster living
//	GET /v1/…                  what it shows, as JSON and as a stream of events; /v1/openapi.json describes it
//
// PUT is taken as POST, and HEAD as GET; a body comes uncompressed, whatever its Content-Type says. The shape of requests
// and answers is that of package rest. A node mounts a Handler on its HTTP port; troupe-gateway is a node
// without data.
//
// # The way of a request
//
// Commands are carried out by sessions within the process (session.Server.Dial), a few of which are kept between
// requests. They forward what is led elsewhere. What such a session answers is the answer, but for what was
// definitely not done for want of a leader or of room: that is asked again, in its order, as long as the request may
// take. An unknown outcome is told, and never asked again.
//
// The header Prefer: redirect asks to be sent to the node that leads instead. Request-Timeout: 2.5 is how many seconds
// may be spent on asking again, 5 by default and 30 at most.
//
// Idempotency-Key: "any text" applies a request once, however often it comes and through whatever node: it is carried
// out as one transaction, so its keys must be in one slot, and the shard remembers its reply. With a key an unknown
// outcome is asked again too. The same key with other commands, in the same slot, is answered 422. A reply is remembered
// for a day of the shard's clock, and for five minutes at least: where there is no room for more a request is answered 429.
//
// Commands that wait for what others do are refused, as at Upstash, in a pipeline each by itself: an element that is taken for a request whose client
// has gone meanwhile would be lost. In a transaction they do not wait, and are carried out. WAIT has nothing to count,
// for it is about the connection's own writes, and what is answered is on a majority of disks anyway.
//
// # Who may ask
//
// With a password, who shows it as a bearer token. Without one, callers on loopback only (protected mode), and no
// pages of other sites, which a browser would let send commands in the name of its user. A browser that does not say
// which page asks may only read.
//
// # Bounds
//
// What requests and their answers hold, all together, is in one budget of bytes (maxMemory): a body as it arrives, the
// commands in it, replies as they arrive and the answer made of them. Where there is no room a request is refused at
// once, with 429; so it is beyond maxRequests. Of these, turnsEach are carried out at a time for each processor (gate.go), so that under
// overload those that are answered are so about as soon as ever, and the others are told at once, unread. A connection on
// which the next request comes before the time that was told has no turn meanwhile, and is answered in line with its
// like, after as much as that time (visitor.go): what clients cost that ask at once again is bounded. One that begins has room
// for a small answer; a write whose large answer finds none is told as unknown. Replies to one request may take
// maxReplies bytes. Any number of goroutines.
//
// At most maxStreams streams are open. One whose reader takes nothing for streamStalls ends, and all of them end when
// the node drains.
package gateway
