// Command troupe-sim simulates whole clusters by seed, many one after the other, and looks for anything that
// goes against the promises. Its workers are this very program, run again.
package main

import (
	"os"

	"github.com/troupedb/troupe/cmd/internal/hunt"
)

func main() { os.Exit(hunt.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
