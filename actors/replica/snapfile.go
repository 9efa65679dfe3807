package replica

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/direct"
	"github.com/troupedb/troupe/actors/discard"
	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/raftlog/segment"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// A snapshot file is the magic followed by blocks: a 4-byte big-endian length, an 8-byte xxhash64 of
// the payload, the payload. The first block is the header, the last one is empty, and all between are
// keyspace's own.
const (
	snapMagic     = "TROUPE-SNAPSHOT-1\n"
	maxSnapBlock  = 64 << 20  // a block holds at least one record, and a record one value
	snapBlockSize = 64 << 10  // of small keys 0.2 ms of work, for which all actors wait where there is one processor
	maxKeptBlock  = 512 << 10 // up to here what grew for a large value is used again
	snapAhead     = 1 << 20   // what is written before the disk gets it: all of it at the end would hold up the log
	snapBuffer    = 64 << 10  // of a file that is written or read
	blockHead     = 12
)

// ErrSnapshot says that a snapshot file is damaged or of another format.
var ErrSnapshot = errors.New("snapshot file is damaged")

// SnapHeader tells what a snapshot file holds.
type SnapHeader struct {
	Cluster     slotmap.ClusterID
	Shard       slotmap.ShardID
	Index, Term uint64
	Now         int64 // the shard's clock at Index
	Members     Membership
}

func (h SnapHeader) appendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 10)
	dst = pack.AppendBytes(dst, h.Cluster[:])
	dst = pack.AppendUint(dst, uint64(h.Shard))
	dst = pack.AppendUint(dst, h.Index)
	dst = pack.AppendUint(dst, h.Term)
	dst = pack.AppendInt(dst, h.Now)
	dst = appendIDs(dst, h.Members.Conf.GetVoters())
	dst = appendIDs(dst, h.Members.Conf.GetVotersOutgoing())
	dst = appendIDs(dst, h.Members.Conf.GetLearners())
	dst = appendIDs(dst, h.Members.Conf.GetLearnersNext())
	dst = pack.AppendBool(dst, h.Members.Conf.GetAutoLeave())
	return h.Members.AppendMsgpack(dst)
}

func decodeSnapHeader(b []byte) (SnapHeader, error) {
	var rd pack.Reader
	rd.Reset(b)
	var h SnapHeader
	n := rd.ArrayLen(10)
	cluster := rd.Bytes(len(h.Cluster))
	h.Shard = slotmap.ShardID(rd.Uint())
	h.Index, h.Term, h.Now = rd.Uint(), rd.Uint(), rd.Int()
	conf := &raftpb.ConfState{Voters: readIDs(&rd), VotersOutgoing: readIDs(&rd), Learners: readIDs(&rd), LearnersNext: readIDs(&rd)}
	conf.AutoLeave = new(rd.Bool())
	if rd.Err() != nil || n != 10 || len(cluster) != len(h.Cluster) {
		return h, fmt.Errorf("%w: malformed header", ErrSnapshot)
	}
	h.Cluster = slotmap.ClusterID(cluster)
	var err error
	if h.Members, err = DecodeMembership(b[len(b)-rd.Len():], conf); err != nil {
		return h, fmt.Errorf("%w: %v", ErrSnapshot, err)
	}
	return h, nil
}

func appendIDs(dst []byte, ids []uint64) []byte {
	dst = pack.AppendArray(dst, len(ids))
	for _, id := range ids {
		dst = pack.AppendUint(dst, id)
	}
	return dst
}

func readIDs(rd *pack.Reader) []uint64 {
	n := rd.ArrayLen(maxMembers)
	var ids []uint64
	for range n {
		ids = append(ids, rd.Uint())
	}
	return ids
}

// SnapName is the name of the file of a shard's snapshot, without its folder. The replica id keeps two
// lives of a shard on one node apart.
func SnapName(shard slotmap.ShardID, replica, term, index uint64) string {
	return fmt.Sprintf("shard%d-r%d-%d-%d.snap", shard, replica, term, index)
}

// snapWriter writes a snapshot file under a temporary name.
type snapWriter struct {
	fs   vfs.FS
	path string
	f    vfs.File
	w    *bufio.Writer
	size int64
	sent int64 // of that, what the disk was given to write
	sum  *xxhash.Digest
}

func createSnap(fs vfs.FS, path string, h SnapHeader) (*snapWriter, error) {
	f, err := fs.Create(path+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	f = direct.Wrap(f, path+".tmp")
	s := &snapWriter{fs: fs, path: path, f: f, sum: xxhash.New()}
	s.w = bufio.NewWriterSize(io.MultiWriter(s.sum, f), snapBuffer)
	if err = s.write([]byte(snapMagic)); err == nil {
		err = s.block(h.appendMsgpack(nil))
	}
	if err != nil {
		return nil, errors.Join(err, s.abort())
	}
	return s, nil
}

func (s *snapWriter) write(b []byte) error {
	s.size += int64(len(b))
	_, err := s.w.Write(b)
	return err
}

func (s *snapWriter) block(payload []byte) error {
	var head [blockHead]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(payload)))
	binary.BigEndian.PutUint64(head[4:], xxhash.Sum64(payload))
	if err := s.write(head[:]); err != nil {
		return err
	}
	if err := s.write(payload); err != nil || s.size < s.sent+snapAhead {
		return err
	}
	s.sent = s.size
	_, err := s.f.SyncTo(s.sent)
	return err
}

// finish ends the file, syncs it, gives it its name and syncs the folder. If it cannot, nothing is left under the
// temporary name.
func (s *snapWriter) finish() (size int64, sum uint64, err error) {
	if err = s.block(nil); err == nil {
		err = s.w.Flush()
	}
	if err == nil && !plant.UnsyncedSnapshot.On() {
		err = s.f.Sync()
	}
	if err = errors.Join(err, s.f.Close()); err == nil {
		err = s.fs.Rename(s.path+".tmp", s.path)
	}
	if err != nil {
		return 0, 0, errors.Join(err, s.fs.Remove(s.path+".tmp"))
	}
	return s.size, s.sum.Sum64(), segment.SyncDir(s.fs, s.fs.PathDir(s.path))
}

func (s *snapWriter) abort() error {
	return errors.Join(s.f.Close(), discard.File(s.fs, s.path+".tmp"))
}

// ref is how the log names the snapshot in the file of that name.
func (h SnapHeader) ref(name string, size int64, sum uint64) raftlog.SnapshotRef {
	m := snapMeta{Members: h.Members, Size: size, Sum: sum}
	return raftlog.SnapshotRef{
		File: name, Index: h.Index, Term: h.Term, ConfState: h.Members.Conf, Meta: m.appendMsgpack(nil),
	}
}

// snapMeta is what the log keeps with the name of a snapshot file, and what travels in front of the
// file: the membership, and the size and xxhash64 of the file.
type snapMeta struct {
	Members Membership
	Size    int64
	Sum     uint64
}

func (m snapMeta) appendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendInt(dst, m.Size)
	dst = pack.AppendUint(dst, m.Sum)
	return m.Members.AppendMsgpack(dst)
}

func decodeSnapMeta(b []byte, conf *raftpb.ConfState) (m snapMeta, err error) {
	var rd pack.Reader
	rd.Reset(b)
	n := rd.ArrayLen(3)
	m.Size, m.Sum = rd.Int(), rd.Uint()
	if rd.Err() != nil || n != 3 {
		return m, errMembers
	}
	m.Members, err = DecodeMembership(b[len(b)-rd.Len():], conf)
	return m, err
}
