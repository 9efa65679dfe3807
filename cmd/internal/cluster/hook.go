package cluster

import "os"

// nodeArg is the hidden first argument that makes this program a node.
const nodeArg = "__node"

// MaybeRunNode makes this process a node if it was started as one, and then does not return. Call it
// first thing in main or TestMain, with what runs a node by its flags and returns the exit code.
func MaybeRunNode(node func(args []string) int) {
	if len(os.Args) > 1 && os.Args[1] == nodeArg {
		os.Exit(node(os.Args[2:]))
	}
}
