// Command troupe-chaos starts a real cluster on this machine, loads it, kills its leaders and checks every
// answer. Its nodes are this very program, run again.
package main

import (
	"os"

	"github.com/troupedb/troupe/cmd/internal/chaos"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/daemon"
)

func main() {
	cluster.MaybeRunNode(daemon.Main)
	os.Exit(chaos.Main(os.Args[1:], os.Stdout, os.Stderr))
}
