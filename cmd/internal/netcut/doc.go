// Package netcut puts each node of a cluster at an address of its own on this machine, and cuts the ways
// between them.
//
// A way leads from one node to another, so that a cut may be one-way. What a cut way holds is silently gone or
// late, as on a broken cable: nobody is told, and connections stay open. There are two kinds of Network:
//
//   - packets: rules of nftables drop what has the one node's address as its source and the other's as its
//     destination. Needs Linux and root.
//   - relays: nodes advertise addresses at which this process listens. It passes on streams and datagrams, or
//     keeps them waiting while the way is cut. Datagrams on a cut way are dropped. Needs no privileges, only a
//     system whose loopback is all of 127.0.0.0/8, as on Linux.
//
// Both tell nodes apart by the source address of their connections, so a node must connect from the address
// that it binds to. Clients, who have other addresses, reach every node at any time.
//
// A Network belongs to one cluster on the machine, by the block number given to New. All methods are safe for
// concurrent use.
package netcut
