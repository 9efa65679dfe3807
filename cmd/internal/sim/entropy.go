package sim

import (
	crand "crypto/rand"
	"io"
	"math/rand/v2"
)

// ownEntropy makes whoever asks for randomness from crypto/rand get what the seed has: raft's election
// timeouts, ids of nodes, keys of hashes. It returns what ends that.
func ownEntropy(seed uint64) (release func()) {
	before := crand.Reader
	crand.Reader = &entropy{rand.New(rand.NewPCG(seed, 4))}
	return func() { crand.Reader = before }
}

type entropy struct{ rng *rand.Rand }

var _ io.Reader = (*entropy)(nil)

func (e *entropy) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e.rng.Uint32())
	}
	return len(p), nil
}
