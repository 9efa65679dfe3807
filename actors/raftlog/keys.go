package raftlog

import (
	"encoding/binary"

	"github.com/troupedb/troupe/slotmap"
)

// nodeShard is the record of the node's own values, which belong to no shard.
const nodeShard slotmap.ShardID = 0

const (
	prefixMeta  = 'm'
	prefixShard = 's'

	kindRecord   = 'a'
	kindSnapshot = 'b'

	shardKeyLen = 1 + 4 + 1
)

func appendShardKey(dst []byte, shard slotmap.ShardID, kind byte) []byte {
	dst = append(dst, prefixShard)
	dst = binary.BigEndian.AppendUint32(dst, uint32(shard))
	return append(dst, kind)
}

func recordKey(shard slotmap.ShardID) []byte   { return appendShardKey(nil, shard, kindRecord) }
func snapshotKey(shard slotmap.ShardID) []byte { return appendShardKey(nil, shard, kindSnapshot) }

// parseShardKey takes apart a key of a shard; ok is false for a key of another shape.
func parseShardKey(key []byte) (shard slotmap.ShardID, kind byte, ok bool) {
	if len(key) != shardKeyLen || key[0] != prefixShard || key[5] != kindRecord && key[5] != kindSnapshot {
		return 0, 0, false
	}
	return slotmap.ShardID(binary.BigEndian.Uint32(key[1:])), key[5], true
}

func metaKey(name string) []byte { return append([]byte{prefixMeta}, name...) }
