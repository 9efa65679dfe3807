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
	kindEntry    = 'e'

	shardKeyLen = 1 + 4 + 1
	entryKeyLen = shardKeyLen + 8
)

func appendShardKey(dst []byte, shard slotmap.ShardID, kind byte) []byte {
	dst = append(dst, prefixShard)
	dst = binary.BigEndian.AppendUint32(dst, uint32(shard))
	return append(dst, kind)
}

func recordKey(shard slotmap.ShardID) []byte   { return appendShardKey(nil, shard, kindRecord) }
func snapshotKey(shard slotmap.ShardID) []byte { return appendShardKey(nil, shard, kindSnapshot) }

func appendEntryKey(dst []byte, shard slotmap.ShardID, index uint64) []byte {
	return binary.BigEndian.AppendUint64(appendShardKey(dst, shard, kindEntry), index)
}

func entryKey(shard slotmap.ShardID, index uint64) []byte { return appendEntryKey(nil, shard, index) }

// entriesEnd is the exclusive bound of a shard's entries.
func entriesEnd(shard slotmap.ShardID) []byte { return appendShardKey(nil, shard, kindEntry+1) }

// parseShardKey takes apart any key of a shard; ok is false for a key of another shape.
func parseShardKey(key []byte) (shard slotmap.ShardID, kind byte, index uint64, ok bool) {
	if len(key) < shardKeyLen || key[0] != prefixShard {
		return 0, 0, 0, false
	}
	shard, kind = slotmap.ShardID(binary.BigEndian.Uint32(key[1:])), key[5]
	switch {
	case kind == kindEntry && len(key) == entryKeyLen:
		return shard, kind, binary.BigEndian.Uint64(key[shardKeyLen:]), true
	case (kind == kindRecord || kind == kindSnapshot) && len(key) == shardKeyLen:
		return shard, kind, 0, true
	}
	return 0, 0, 0, false
}

func metaKey(name string) []byte { return append([]byte{prefixMeta}, name...) }
