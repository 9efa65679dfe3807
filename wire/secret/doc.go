// Package secret turns the one secret that a cluster's nodes share into everything that proves
// membership: the keys that encrypt gossip, and a TLS identity for the links between nodes.
//
// A secret file holds one secret per line. The first line is current: it encrypts gossip and is the
// identity that a node presents. The other lines are still accepted from peers. To rotate without
// a moment in which two nodes refuse each other, change the file on every node, and have it read again
// (SIGHUP, or a restart), before the next step begins anywhere:
//
//	with  old, new     every node accepts the new secret, none presents it yet
//	with  new, old     every node comes to present the new one
//	with  new          the old one is worth nothing any more
//
// Derivation is HKDF-SHA256 with a label per use, so no derived key tells anything about another or
// about the secret. The TLS identity is an Ed25519 key in a self-signed certificate; both ends of a
// connection compare the other's public key with those that they derive themselves. Nothing else in
// the certificate is looked at: there is no authority to ask, no name to match, no date to expire.
// Whoever holds the secret is a member; it says nothing about which member.
//
// The package is pure: it opens no file and no socket, and keeps no state. Values may be used from
// any goroutine. A Secret prints as a placeholder, so that it cannot end up in a log.
package secret
