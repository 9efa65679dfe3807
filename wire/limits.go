package wire

import "errors"

// Bounds on what is read, in bytes or items.
const (
	MaxFrame   = 28 << 20 // a frame without its length; the default for ReadFrame's max
	MaxTarget  = 64       // an actor id
	MaxChunk   = 1 << 20  // data of one Chunk
	MaxHello   = 4 << 10  // the frame of a Hello
	MaxAddr    = 255      // an address in a Hello
	MaxEntries = 1 << 20  // entries in one raft message
	MaxReplica = 32       // replicas in each list of a ConfState
	MaxWaiting = 64 << 10 // ids in one Waiting

	MaxStandings = 16 << 10 // replicas in one Surveyed
	MaxBounds    = 64       // bounds in one Times

	MaxLeads = 16 << 10 // leaders in one Confirm

	MaxDirectory = 1 << 20 // bytes of the directory in an Absent
)

// What can be wrong with a peer's bytes.
var (
	ErrInvalid   = errors.New("message makes no sense")
	ErrKind      = errors.New("unknown kind of message")
	ErrFrameSize = errors.New("frame is empty or too large")
)
