// Package hunt runs package sim over many seeds: by worker processes, for as long as wanted, and on from
// where it was when it is started again.
//
// A worker is the same program with --worker. It takes seeds from its standard input, a line each, and
// answers each by one line of JSON on its standard output. A worker that dies or does not answer has found
// something too: its seed has failed.
package hunt
