package cluster

import (
	"io"
	"os"
	"strings"
)

const tailBytes = 16 << 10

// LogTail is the last lines of the node's log.
func (n *Node) LogTail(lines int) string {
	f, err := os.Open(n.LogPath())
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > tailBytes {
		f.Seek(-tailBytes, io.SeekEnd)
	}
	text, err := io.ReadAll(io.LimitReader(f, tailBytes))
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
