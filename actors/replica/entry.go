package replica

import (
	"errors"

	"github.com/troupedb/troupe/wire/pack"
)

// Header opens the data of every normal entry: what the leader fixed for all replicas. The
// operations follow it, concatenated, in keyspace's encoding. It is a msgpack array of
// [version, stamp, seed, request]; request is 0 unless the entry carries a retried request's id.
type Header struct {
	Stamp   int64  // the shard's clock, milliseconds since 1970
	Seed    uint64 // source of every random choice in this entry
	Request uint64
	Keep    bool // no key is deleted for its age: clients of the leader's node are paused
}

// Versions of an entry. They change with any rule of how an entry is applied, for replicas that began to replay at
// different indexes would differ for ever: what another build has written is not applied by this one.
const (
	entryVersion = 3
	keepVersion  = 4 // an entry with Keep
)

// headerMax is an upper bound of an encoded header, in bytes.
const headerMax = 1 + 1 + 3*9

var (
	errEntry   = errors.New("replica: entry with a malformed header")
	errVersion = errors.New("replica: entry of another build, whose rules are not those of this one")
)

// AppendHeader appends h to dst.
func AppendHeader(dst []byte, h Header) []byte {
	version := uint64(entryVersion)
	if h.Keep {
		version = keepVersion
	}
	dst = pack.AppendArray(dst, 4)
	dst = pack.AppendUint(dst, version)
	dst = pack.AppendInt(dst, h.Stamp)
	dst = pack.AppendUint(dst, h.Seed)
	return pack.AppendUint(dst, h.Request)
}

// DecodeHeader splits the data of an entry into its header and its operations, which alias data.
func DecodeHeader(data []byte) (Header, []byte, error) {
	var rd pack.Reader
	rd.Reset(data)
	n, version := rd.ArrayLen(16), rd.Uint()
	h := Header{Stamp: rd.Int(), Seed: rd.Uint(), Request: rd.Uint(), Keep: version == keepVersion}
	switch {
	case rd.Err() != nil || n != 4:
		return Header{}, nil, errEntry
	case version != entryVersion && version != keepVersion:
		return Header{}, nil, errVersion
	}
	return h, data[len(data)-rd.Len():], nil
}
