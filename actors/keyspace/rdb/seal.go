package rdb

import (
	"encoding/binary"
	"hash/crc64"
)

const (
	// Version is the version that is written, that of Redis 7.0.
	Version = 10
	// newest is the newest version that is read, that of Redis 7.2.
	newest = 11

	versionSize = 2
	sealSize    = versionSize + 8
)

var jones = crc64.MakeTable(0x95ac9329ac4bc9b5)

// checksum is the CRC of Redis, which is not inverted at either end as Go's is.
func checksum(b []byte) uint64 { return ^crc64.Update(^uint64(0), jones, b) }

// Seal appends version and checksum to a value with its type.
func Seal(payload []byte) []byte {
	payload = binary.LittleEndian.AppendUint16(payload, Version)
	return binary.LittleEndian.AppendUint64(payload, checksum(payload))
}

// Open returns the value with its type of a payload; ok is false if that is damaged, or newer than this program.
func Open(payload []byte) (value []byte, ok bool) {
	end := len(payload) - sealSize
	if end < 0 || binary.LittleEndian.Uint16(payload[end:]) > newest {
		return nil, false
	}
	sum := binary.LittleEndian.Uint64(payload[end+versionSize:])
	return payload[:end], sum == checksum(payload[:end+versionSize])
}
