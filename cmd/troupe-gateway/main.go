// Command troupe-gateway answers HTTP for a Troupe cluster without holding any of its data. See --help.
package main

import (
	"os"

	"github.com/troupedb/troupe/cmd/internal/daemon"
)

func main() { os.Exit(daemon.GatewayMain(os.Args[1:])) }
