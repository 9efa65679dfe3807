package gossip

import (
	"fmt"

	"github.com/troupedb/troupe/wire/pack"
)

// EncodeDirectory writes nodes for the caller to keep on disk, so that after a
// restart they can be found with no --join. Beyond 1024 nodes the rest is left
// out.
func EncodeDirectory(nodes []Node) []byte {
	nodes = nodes[:min(len(nodes), maxNodes)]
	b := pack.AppendArray(nil, len(nodes))
	for _, n := range nodes {
		b = pack.AppendBytes(b, appendNode(nil, n))
	}
	return b
}

// DecodeDirectory reads what EncodeDirectory wrote.
func DecodeDirectory(b []byte) ([]Node, error) {
	r := pack.NewReader(b)
	n := r.ArrayLen(maxNodes)
	nodes := make([]Node, 0, n)
	for range n {
		node, err := decodeNode(r.Bytes(maxMeta))
		if err != nil {
			r.Fail(err)
			break
		}
		nodes = append(nodes, node)
	}
	if err := r.Finish(); err != nil {
		return nil, fmt.Errorf("gossip: remembered peers: %w", err)
	}
	return nodes, nil
}
