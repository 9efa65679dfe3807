package cluster

import (
	"context"
	"os"
	"os/exec"
)

// NodeCommand is a node outside any cluster of this package: the command that runs one with the given
// flags, for the caller to start. It dies with this program, or when ctx ends.
func NodeCommand(ctx context.Context, flags ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], append([]string{nodeArg}, flags...)...)
	cmd.Env = environment(nil)
	cmd.SysProcAttr = childAttr()
	return cmd
}
