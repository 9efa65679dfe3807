package raftlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime/debug"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/raftlog/segment"
	"github.com/troupedb/troupe/slotmap"
)

// The mark file notes, for each shard, the counter of the last batch that an fsync has covered. It is written
// after the fsync and not synced itself, so what it says is a lower bound of what the store holds. A slot that
// a power failure, or the end of the process, has torn fails its checksum and says nothing.
//
// The file is mapped where that is possible, for a system call after each fsync cost more than the rest of the mark;
// what a mapping holds outlives the process as what was written does. Behind the last slot the file is then zeros. The
// first store after the kernel has written the page back is a fault that the scheduler does not see, and may wait for the
// file system: once in some seconds, and right after an fsync has shown that the disk answers.
//
// Slot: magic(4) shard(4) counter(8) crc32c of these(4) zero(4), big-endian.

const (
	markName  = "durable-mark"
	markSlot  = 24
	markMagic = 0x54525031
	maxMarks  = 1 << 20 // bytes read
	mapBytes  = 4 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type marks struct {
	file     vfs.File
	table    []byte                  // what the file has up to its last slot
	mapped   []byte                  // the beginning of the file, or nil
	slots    map[slotmap.ShardID]int // offset in table
	counters map[slotmap.ShardID]uint64
}

// openMarks reads what there is; an absent file says nothing.
func openMarks(fs vfs.FS, path string) (*marks, error) {
	m := &marks{slots: map[slotmap.ShardID]int{}, counters: map[slotmap.ShardID]uint64{}}
	if err := m.read(fs, path); err != nil && !oserror.IsNotExist(err) {
		return nil, err
	}
	return m, nil
}

func (m *marks) read(fs vfs.FS, path string) error {
	f, err := fs.Open(path)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxMarks))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	m.table = b[:len(b)/markSlot*markSlot]
	for n := len(m.table) - markSlot; n >= 0 && len(bytes.Trim(m.table[n:], "\x00")) == 0; n -= markSlot {
		m.table = m.table[:n]
	}
	for off := 0; off < len(m.table); off += markSlot {
		if shard, counter, ok := parseMark(m.table[off : off+markSlot]); ok {
			m.slots[shard], m.counters[shard] = off, max(counter, m.counters[shard])
		}
	}
	return nil
}

func parseMark(b []byte) (slotmap.ShardID, uint64, bool) {
	ok := binary.BigEndian.Uint32(b) == markMagic && crc32.Checksum(b[:16], castagnoli) == binary.BigEndian.Uint32(b[16:])
	return slotmap.ShardID(binary.BigEndian.Uint32(b[4:])), binary.BigEndian.Uint64(b[8:]), ok
}

// openForWrite makes the file exist durably, so that it is missing later only if someone removed it. Nothing stays open
// where it fails.
func (m *marks) openForWrite(fs vfs.FS, path string) (err error) {
	if m.file, err = fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified); err != nil {
		return err
	}
	used := len(m.table)
	if m.mapped, err = mapFile(m.file, used, (used/mapBytes+2)*mapBytes); err != nil {
		m.mapped = nil // no space, or no such thing here: it is written to
	}
	if err = m.file.Sync(); err == nil {
		err = segment.SyncDir(fs, fs.PathDir(path))
	}
	if err != nil {
		err = errors.Join(err, m.drop())
	}
	return err
}

// note sets the counters of some shards.
func (m *marks) note(counters map[slotmap.ShardID]uint64) error {
	lo, hi := len(m.table), 0
	for shard, c := range counters {
		off, ok := m.slots[shard]
		if !ok {
			off = len(m.table)
			m.slots[shard] = off
			m.table = append(m.table, make([]byte, markSlot)...)
		}
		m.counters[shard] = c
		putMark(m.table[off:], shard, c)
		lo, hi = min(lo, off), max(hi, off+markSlot)
	}
	switch {
	case hi == 0:
		return nil
	case hi <= len(m.mapped):
		return store(m.mapped[lo:hi], m.table[lo:hi])
	}
	_, err := m.file.WriteAt(m.table[lo:hi], int64(lo))
	return err
}

// store copies b to mapped memory, where a disk that fails shows as a fault.
func store(mapped, b []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			fault, ok := p.(interface{ Addr() uintptr })
			if !ok {
				panic(p)
			}
			err = fmt.Errorf("fault in the mapped file, at %#x", fault.Addr())
		}
	}()
	copy(mapped, b)
	return nil
}

func putMark(b []byte, shard slotmap.ShardID, counter uint64) {
	binary.BigEndian.PutUint32(b, markMagic)
	binary.BigEndian.PutUint32(b[4:], uint32(shard))
	binary.BigEndian.PutUint64(b[8:], counter)
	binary.BigEndian.PutUint32(b[16:], crc32.Checksum(b[:16], castagnoli))
}

// check compares the marks with the store that came back.
func (m *marks) check(records map[slotmap.ShardID]*record) error {
	for shard, mark := range m.counters {
		var have uint64
		if r := records[shard]; r != nil {
			have = r.counter
		}
		if have < mark {
			return corrupt("the log ends before what was synced: shard %d is at batch %d, batch %d was synced", shard, have, mark)
		}
	}
	return nil
}

func (m *marks) close() error {
	if m.file == nil {
		return nil
	}
	return errors.Join(m.file.Sync(), m.drop())
}

// drop gives the file back as it is.
func (m *marks) drop() error {
	mapped := m.mapped
	m.mapped = nil
	return errors.Join(unmapFile(mapped), m.file.Close())
}
