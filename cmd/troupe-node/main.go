// Command troupe-node is a node of a Troupe cluster. See --help, and the README for how to use it.
package main

import (
	"os"

	"github.com/troupedb/troupe/cmd/internal/daemon"
)

func main() { os.Exit(daemon.Main(os.Args[1:])) }
