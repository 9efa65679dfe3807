// Package rest is the shape of Redis over HTTP and JSON that Upstash's clients speak, without sockets: requests in,
// commands out; replies in, JSON out.
//
// # Requests
//
// A command is a JSON array of strings, numbers and booleans, ["SET","k","v"], or the segments of a path and what
// follows in the query, /set/k/v?EX=100. A body is one more argument, byte for byte, where the path ends: /set/k?EX=100.
// A pipeline is an array of commands.
//
// # Answers
//
//	{"result": …}                     a reply: strings, numbers, null, arrays
//	{"error": "ERR …"}                an error reply, or a request that makes no sense
//	{"error": "UNKNOWN …", "applied": "unknown"}
//
// applied stands beside errors of the cluster: "no" says that the write was not and will not be applied, "unknown"
// that nobody can tell, "yes" that it was though its reply is lost. A pipeline is answered with an array of such objects. With base64 every string is encoded but
// the status OK, since JSON holds only text.
//
// # Bounds
//
// Limits bound what a request may become, before anything is kept of it. What a client sends is read once, token by
// token: nothing nests deeper than a pipeline does.
package rest
