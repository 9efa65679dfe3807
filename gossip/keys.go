package gossip

import (
	"errors"
	"fmt"
	"slices"
)

// ErrPlain refuses keys for gossip that began without any, or to take all of them away.
var ErrPlain = errors.New("gossip: it begins and ends with keys, or without: that takes a restart")

// SetKeys replaces Config.Keys: from now on the first is used for sending, and
// all for receiving.
func (g *Gossip) SetKeys(keys [][]byte) error {
	if g.ring == nil || len(keys) == 0 {
		return ErrPlain
	}
	if err := g.net.gate.setKeys(keys); err != nil {
		return fmt.Errorf("gossip: %w", err)
	}
	for _, k := range keys {
		if err := g.ring.AddKey(k); err != nil {
			return err
		}
	}
	if len(g.ring.GetKeys()) > len(keys) {
		return g.dropKeys(keys)
	}
	return g.ring.UseKey(keys[0])
}

// dropKeys removes all keys but the given ones. These are brought to the front
// first, since the ring takes a key from its middle out of a slice that
// memberlist may be reading.
func (g *Gossip) dropKeys(keep [][]byte) error {
	for _, k := range slices.Backward(keep) {
		if err := g.ring.UseKey(k); err != nil {
			return err
		}
	}
	for _, k := range slices.Backward(g.ring.GetKeys()[len(keep):]) {
		if err := g.ring.RemoveKey(k); err != nil {
			return err
		}
	}
	return nil
}
