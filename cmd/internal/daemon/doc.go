// Package daemon is troupe-node as a library: flags, start-up and shutdown of a node. The program
// troupe-node is a call of Main; troupe-chaos runs its nodes through the same call in processes of its
// own.
package daemon
