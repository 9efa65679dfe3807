package replica

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/resp"
)

// exec runs a command at a state.
func exec(state *keyspace.State, index uint64, args ...string) {
	op := &keyspace.Op{}
	for _, a := range args {
		op.Args = append(op.Args, []byte(a))
	}
	op.Slot = slotmap.Slot(op.Args[1])
	var w resp.Writer
	w.Reset(nil, 2)
	w.SetDiscard(true)
	state.Exec(&keyspace.Env{Index: index, Now: 1000, ReadNow: 1000}, op, &w)
}

// aSnapshot is the file of a snapshot with some of everything, and its announcement.
func aSnapshot(t testing.TB) (file []byte, h *wire.Snapshot) {
	t.Helper()
	state := keyspace.New(keyspace.Config{Slots: slotmap.Even(1)})
	exec(state, 2, "set", "a", "1", "px", "500")
	exec(state, 3, "rpush", "b", "x", "y", "z")
	exec(state, 4, "xadd", "c", "1-1", "f", "v")
	exec(state, 5, "zadd", "d", "1", "m", "2", "n")
	for i := range 40 {
		exec(state, 6, "hset", "h", fmt.Sprint("field", i), strings.Repeat("v", 2000))
	}
	fs := vfs.NewMem()
	header := SnapHeader{Cluster: slotmap.ClusterID{1}, Shard: testShard, Index: 77, Term: 4, Now: 1234, Members: Bootstrap(nodeNo(9))}
	ref, err := writeSnap(fs, "", 1, header, state)
	if err != nil {
		t.Fatal(err)
	}
	f, err := fs.Open(ref.File)
	if err != nil {
		t.Fatal(err)
	}
	if file, err = io.ReadAll(f); err != nil {
		t.Fatal(err)
	}
	return file, &wire.Snapshot{
		Shard: testShard, From: 1, To: 2, Size: int64(len(file)), Meta: ref.Meta,
		Message: &raftpb.Message{Snapshot: &raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{
			Index: new(ref.Index), Term: new(ref.Term), ConfState: ref.ConfState,
		}}},
	}
}

// verdict checks a file that comes in pieces of a size.
func verdict(file []byte, h *wire.Snapshot, piece int) error {
	c := NewSnapCheck(slotmap.ClusterID{1}, h)
	for len(file) > 0 {
		n := min(piece, len(file))
		if _, err := c.Write(bytes.Clone(file[:n])); err != nil {
			return err
		}
		file = file[n:]
	}
	return c.Finish()
}

func refused(err error) bool {
	return errors.Is(err, ErrSnapshot) || errors.Is(err, keyspace.ErrSnapshot)
}

func TestSnapCheckPassesPiecesOfAnySize(t *testing.T) {
	file, h := aSnapshot(t)
	for _, piece := range []int{1, 7, blockHead, 4096, len(file)} {
		if err := verdict(file, h, piece); err != nil {
			t.Errorf("in pieces of %d: %v", piece, err)
		}
	}
}

// reseal makes the checksums of all whole blocks right again.
func reseal(file []byte) {
	for at := len(snapMagic); at+blockHead <= len(file); {
		n := int(binary.BigEndian.Uint32(file[at:]))
		if at+blockHead+n > len(file) {
			return
		}
		payload := file[at+blockHead:][:n]
		binary.BigEndian.PutUint64(file[at+4:], xxhash.Sum64(payload))
		at += blockHead + n
	}
}

// What no checksum of the file tells is found all the same: a state machine could not be restored from it.
func TestSnapCheckRefusesWhatCannotBeRestored(t *testing.T) {
	file, h := aSnapshot(t)
	first := len(snapMagic) + blockHead + int(binary.BigEndian.Uint32(file[len(snapMagic):])) + blockHead
	end := len(file) - blockHead
	for at := first; at < end; at += 1 + (end-first)/500 {
		bad := bytes.Clone(file)
		bad[at] ^= 0x10
		reseal(bad)
		if err := verdict(bad, h, len(bad)); !refused(err) {
			t.Fatalf("byte %d of %d: %v", at, len(file), err)
		}
	}
	for cut := range 200 {
		if err := verdict(file[:len(file)-1-cut*(len(file)/200)], h, len(file)); !refused(err) {
			t.Fatalf("cut %d: %v", cut, err)
		}
	}
	if err := verdict(append(bytes.Clone(file), 0), h, len(file)); !refused(err) {
		t.Fatalf("longer: %v", err)
	}
}

func TestSnapCheckRefusesAnotherSnapshot(t *testing.T) {
	other := Bootstrap(nodeNo(8))
	for name, change := range map[string]func(*wire.Snapshot, *raftpb.SnapshotMetadata){
		"shard": func(h *wire.Snapshot, _ *raftpb.SnapshotMetadata) { h.Shard++ },
		"index": func(_ *wire.Snapshot, m *raftpb.SnapshotMetadata) { m.Index = new(m.GetIndex() + 1) },
		"term":  func(_ *wire.Snapshot, m *raftpb.SnapshotMetadata) { m.Term = new(m.GetTerm() + 1) },
		"configuration": func(_ *wire.Snapshot, m *raftpb.SnapshotMetadata) {
			m.ConfState = &raftpb.ConfState{Voters: []uint64{1, 2}}
		},
		"no metadata": func(h *wire.Snapshot, _ *raftpb.SnapshotMetadata) { h.Message = nil },
		"members": func(h *wire.Snapshot, _ *raftpb.SnapshotMetadata) {
			h.Meta = snapMeta{Members: other}.appendMsgpack(nil)
		},
		"no members": func(h *wire.Snapshot, _ *raftpb.SnapshotMetadata) { h.Meta = nil },
	} {
		file, h := aSnapshot(t)
		change(h, h.Message.Snapshot.Metadata)
		if err := verdict(file, h, len(file)); !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	file, h := aSnapshot(t)
	c := NewSnapCheck(slotmap.ClusterID{2}, h)
	c.Write(file)
	if err := c.Finish(); !refused(err) {
		t.Errorf("cluster: %v", err)
	}
}

// outrun is a group with a voter that is cut off, and needs a snapshot by now.
func outrun(t *testing.T) (c *cluster, lead, behind *node) {
	t.Helper()
	c = newCluster(t, 1, 3, 3)
	c.every = 20
	c.startAll()
	lead = c.elect()
	behind = c.other(lead)
	c.net.isolate(behind)
	for i := range 3 * int(c.every) {
		c.set(lead, fmt.Sprint(i))
		c.tick(1)
	}
	return c, lead, behind
}

// A snapshot that looks whole, and cannot be restored, is not named in the log and leaves no file; the replica lives
// on, and gets one that can.
func TestUnreadableSnapshotIsNotInstalled(t *testing.T) {
	c, _, behind := outrun(t)
	before := behind.disk.now.snap.Index
	spoilt := 0
	c.net.spoil = func(h *wire.Snapshot, data []byte) {
		spoilt++
		data[len(data)-blockHead-1] ^= 1 // in the last record
		reseal(data)
		h.Sum = xxhash.Sum64(data)
	}
	c.net.healAll()
	c.tick(10 * heartbeatTicks)
	if spoilt < 2 || behind.disk.now.snap.Index != before || behind.disk.installed > 0 {
		t.Fatalf("%d sent, snapshot at %d, was at %d", spoilt, behind.disk.now.snap.Index, before)
	}
	if names, err := os.ReadDir(c.nodeDir(behind)); err != nil || len(names) != 1 {
		t.Fatalf("files %v, %v", names, err)
	}
	c.net.spoil = nil
	c.tick(10 * heartbeatTicks)
	if behind.disk.installed == 0 {
		t.Fatal("no other snapshot came")
	}
	c.must(c.send(behind, kindFollower, "get", "key"), fmt.Sprintf("$2 %d", 3*c.every-1))
}

// A leader that finds its own snapshot file damaged when it sends it offers it no more, and takes another, though
// nothing is written meanwhile.
func TestDamagedSnapshotIsReplaced(t *testing.T) {
	c, lead, behind := outrun(t)
	bad := lead.disk.now.snap
	fs, dir := c.files(lead)
	path := fs.PathJoin(dir, bad.File)
	data, err := readFile(fs, path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := writeFile(fs, path, data); err != nil {
		t.Fatal(err)
	}
	c.net.healAll()
	c.tick(20 * heartbeatTicks)
	if behind.disk.installed == 0 || behind.disk.now.snap.Index <= bad.Index {
		t.Fatalf("%d installed, at %d, where %d was damaged", behind.disk.installed, behind.disk.now.snap.Index, bad.Index)
	}
	c.must(c.send(behind, kindFollower, "get", "key"), fmt.Sprintf("$2 %d", 3*c.every-1))
	if _, err := fs.Stat(path); !oserror.IsNotExist(err) {
		t.Fatalf("the damaged file: %v", err)
	}
	c.kill(lead)
	c.start(lead) // from what it took
	c.settle()
}

// FuzzReadSnap reads files that may be anything, with checksums that are right or not: the pieces that a file comes
// in make no difference, and what passes the check is what can be restored.
func FuzzReadSnap(f *testing.F) {
	file, h := aSnapshot(f)
	small := keyspace.New(keyspace.Config{Slots: slotmap.Even(1)})
	exec(small, 2, "set", "a", "1", "px", "500")
	exec(small, 3, "rpush", "b", "x", "y", "z")
	fs := vfs.NewMem()
	header := SnapHeader{Cluster: slotmap.ClusterID{1}, Shard: testShard, Index: 77, Term: 4, Members: Bootstrap(nodeNo(9))}
	ref, err := writeSnap(fs, "", 1, header, small)
	if err != nil {
		f.Fatal(err)
	}
	less, err := readFile(fs, ref.File)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file, false)
	f.Add(less, true)
	f.Add([]byte(snapMagic), true)
	f.Fuzz(func(t *testing.T, file []byte, sealed bool) {
		if sealed {
			file = bytes.Clone(file)
			reseal(file)
		}
		whole, pieces := verdict(file, h, max(len(file), 1)), verdict(file, h, 13)
		if fmt.Sprint(whole) != fmt.Sprint(pieces) {
			t.Fatalf("whole: %v, in pieces: %v", whole, pieces)
		}
		res := keyspace.NewRestorer(keyspace.Config{})
		p := newSnapParser(res.Add)
		p.Write(file)
		err := p.finish()
		if err == nil {
			_, err = res.Finish()
		}
		if whole == nil && err != nil {
			t.Fatalf("passed, and cannot be restored: %v", err)
		}
		if err != nil && !refused(err) {
			t.Fatalf("an error of no kind: %v", err)
		}
	})
}
