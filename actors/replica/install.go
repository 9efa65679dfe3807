package replica

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/discard"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/raftlog/segment"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// snapState follows how much log there is since the newest snapshot.
type snapState struct {
	index   uint64 // of the newest snapshot
	size    int64  // of its file
	found   uint64 // last entry of the log as this replica found it
	bytes   int64  // of entries since then, of those found once they are replayed
	begun   int64  // how many of them the snapshot that is being taken holds
	running bool
	again   uint64 // tick before which none is tried, after one that failed
	failure string // what the newest one failed of
	sends   int    // files that are being sent
}

// snapRetryTicks is how long after a snapshot that failed the next one is tried.
const snapRetryTicks = 250

func (s *snapState) grew(bytes int) { s.bytes += int64(bytes) }

func (s *snapState) taken(ref raftlog.SnapshotRef) {
	s.index, s.size, s.failure = ref.Index, 0, ""
	s.bytes, s.begun = s.bytes-s.begun, 0
	if meta, err := decodeSnapMeta(ref.Meta, ref.ConfState); err == nil {
		s.size = meta.Size
	}
}

// installed is a received snapshot on its way through raft and the log to the applier.
type installed struct {
	ref     raftlog.SnapshotRef
	members Membership
}

// snapshotTaken names a complete snapshot in the log, and drops the entries that it covers but for a
// tail, from which followers that lag a little catch up without a snapshot.
func (r *replica) snapshotTaken(m *snapshotTaken) {
	r.snaps.running = false
	if m.err != nil {
		r.snapshotFailed(m.err)
		return
	}
	if m.ref.Index <= r.snaps.index { // a received one, which the log may be installing, has overtaken it
		r.removeFile(m.ref.File)
		return
	}
	r.snaps.taken(m.ref)
	through := max(r.keepAfter(m.ref.Index), r.storage.truncIdx)
	term, err := r.storage.Term(through)
	if err != nil {
		r.cfg.Fatal(err)
		return
	}
	r.cfg.System.Root.Send(r.cfg.LogPID, &raftlog.Compact{
		Shard: r.cfg.Shard, Replica: r.cfg.Replica, Snapshot: m.ref, Through: through, ThroughTerm: term, Reply: r.self(),
		Tag: &raftlog.Compact{Snapshot: m.ref, Through: through, ThroughTerm: term},
	})
}

// keepPart is the part of a snapshot's bytes that may stay in the log behind it, if that is more than KeepBytes.
const keepPart = 4

// keepAfter is the index behind which the log stays once there is a snapshot at index, for followers that lag a little:
// KeepEntries, and of large ones no more than KeepBytes. One that lags further is sent the snapshot, which is at most a few
// times what it lacks, and no disk need hold it. While a snapshot is being sent their number alone counts: the log from that
// one on should be there still when it has arrived.
func (r *replica) keepAfter(index uint64) uint64 {
	after := index - min(index, r.cfg.KeepEntries)
	if r.cfg.KeepBytes == 0 || r.snaps.sends > 0 {
		return after
	}
	return r.cfg.Log.Back(r.cfg.Shard, after, index, max(r.cfg.KeepBytes, r.snaps.size/keepPart))
}

// snapshotFailed says so once for each cause, for it is tried again as long as it takes.
func (r *replica) snapshotFailed(err error) {
	if text := err.Error(); text != r.snaps.failure {
		r.snaps.failure = text
		r.cfg.Logger.Error("snapshot failed", "shard", r.cfg.Shard, "err", err)
	}
	r.snaps.again = r.tick + snapRetryTicks
}

func (r *replica) compacted(m *raftlog.Compacted) {
	c := m.Tag.(*raftlog.Compact)
	if m.Stale || c.Snapshot.Index <= r.storage.snap.Index {
		return // a received snapshot has overtaken it
	}
	r.storage.compacted(c.Snapshot, c.Through, c.ThroughTerm)
	r.removeSnapshots(c.Snapshot.Index)
}

// sendSnapshot streams the newest snapshot file to a replica that has fallen behind the log. The raft
// message travels with it, and is stepped there once the file is safe.
func (r *replica) sendSnapshot(node slotmap.NodeID, m *raftpb.Message) {
	ref := r.storage.snap
	bulk := r.cfg.Bulk(node)
	meta, err := decodeSnapMeta(ref.Meta, ref.ConfState)
	if bulk == nil || err != nil || ref.Index != m.GetSnapshot().GetMetadata().GetIndex() {
		r.node.ReportSnapshot(m.GetTo(), raft.SnapshotFailure)
		return
	}
	r.cfg.Logger.Info("sends snapshot", "shard", r.cfg.Shard, "to", m.GetTo(), "index", ref.Index)
	r.snaps.sends++
	r.cfg.System.Root.Send(bulk, &link.SendFile{
		To: node, Target: r.self().Id, Path: r.snapFile(ref.File), Reply: r.self(), Tag: offer{m.GetTo(), ref.Index},
		Header: &wire.Snapshot{
			Shard: r.cfg.Shard, From: r.cfg.Replica, To: m.GetTo(), Size: meta.Size, Sum: meta.Sum, Message: m, Meta: ref.Meta,
		},
	})
}

// offer names a snapshot that is sent, by its index, and the replica that it is for.
type offer struct{ to, index uint64 }

func (r *replica) fileSent(m *link.FileSent) {
	r.snaps.sends--
	of, status := m.Tag.(offer), raft.SnapshotFinish
	if m.Err != nil {
		status = raft.SnapshotFailure
	}
	newest := of.index == r.storage.snap.Index
	switch {
	case m.Err == nil:
	case !newest && errors.Is(m.Err, fs.ErrNotExist):
		r.cfg.Logger.Info("snapshot not sent: a newer one took its place", "shard", r.cfg.Shard, "to", of.to, "err", m.Err)
	default:
		r.cfg.Logger.Warn("snapshot not sent", "shard", r.cfg.Shard, "to", of.to, "err", m.Err)
	}
	if newest && errors.Is(m.Err, link.ErrFile) {
		r.replaceSnapshot()
	}
	r.node.ReportSnapshot(of.to, status)
}

// replaceSnapshot gives the newest snapshot up, whose file is damaged: it is offered to nobody, and another is taken as
// soon as something behind it is applied. Until that is named in the log, a restart would find the damage.
func (r *replica) replaceSnapshot() {
	r.cfg.Logger.Error("snapshot file is damaged: another is taken", "shard", r.cfg.Shard, "file", r.storage.snap.File)
	r.storage.giveUpSnapshot()
	r.unsettled = true
}

// snapshotArrived gives the file its place and steps the message that came with it. Where raft has no use
// for it the file goes. One that is not ahead of the commit index gets no place, for it could be that
// of a file in use.
func (r *replica) snapshotArrived(m *SnapshotArrived) {
	msg, meta := m.Header.Message, m.Header.Message.GetSnapshot().GetMetadata()
	got, err := decodeSnapMeta(m.Header.Meta, meta.GetConfState())
	if err != nil || m.Header.To != r.cfg.Replica || msg.GetTo() != r.cfg.Replica || msg.GetType() != raftpb.MsgSnap {
		r.dropArrived(m.Path)
		return
	}
	if meta.GetIndex() <= r.node.BasicStatus().HardState.GetCommit() {
		r.dropArrived(m.Path)
		r.step(msg)
		return
	}
	name := SnapName(r.cfg.Shard, r.cfg.Replica, meta.GetTerm(), meta.GetIndex())
	if err := r.place(m.Path, name); err != nil {
		r.cfg.Logger.Error("snapshot not installed", "shard", r.cfg.Shard, "err", err)
		r.dropArrived(m.Path)
		return
	}
	r.peers[msg.GetFrom()] = m.From
	r.arrived = &installed{members: got.Members, ref: raftlog.SnapshotRef{
		File: name, Index: meta.GetIndex(), Term: meta.GetTerm(), ConfState: meta.GetConfState(), Meta: m.Header.Meta,
	}}
	r.step(msg)
	// Raft's answer to the message is in the next Ready, which must not see other input first.
	for r.node.HasReady() {
		r.handleReady(r.node.Ready())
	}
	if r.arrived != nil {
		r.removeFile(name)
	}
	r.arrived = nil
}

func (r *replica) place(path, name string) error {
	if err := r.cfg.FS.Rename(path, r.snapFile(name)); err != nil {
		return err
	}
	return segment.SyncDir(r.cfg.FS, r.cfg.SnapshotDir)
}

func (r *replica) takeInstalled(snap *raftpb.Snapshot) *installed {
	in := r.arrived
	if in == nil || in.ref.Index != snap.GetMetadata().GetIndex() {
		panic("replica: raft installs a snapshot that did not arrive")
	}
	r.arrived = nil
	return in
}

// installing follows raft's own switch to a snapshot's configuration.
func (r *replica) installing(in *installed) {
	r.members, r.changedTerm = in.members, in.ref.Term
	r.last = in.ref.Index
	r.snaps.begun = r.snaps.bytes // it holds them all
	r.snaps.taken(in.ref)
	answerAll(r.cfg, r.fates.covered(in.ref.Index), Unknown)
}

// installDone follows the log: it names the file, so the applier may load it.
func (r *replica) installDone(in *installed) {
	r.storage.installed(in.ref)
	r.toApplier(&restore{ref: in.ref})
	r.handed, r.applied = in.ref.Index, in.ref.Index
	r.cfg.Logger.Info("installs snapshot", "shard", r.cfg.Shard, "index", in.ref.Index)
	r.membersChanged()
}

func (r *replica) snapFile(name string) string { return r.cfg.snapFile(name) }

// dropArrived deletes a received file that has no use.
func (r *replica) dropArrived(path string) {
	if err := discard.File(r.cfg.FS, path); err != nil {
		r.cfg.Logger.Warn("received file stays", "file", path, "err", err)
	}
}

// removeFile deletes a snapshot file that the applier does not read. A follower that is being sent one has it to the end,
// and a disk that is nearly full gets the room at once.
func (r *replica) removeFile(name string) {
	remove := discard.File
	if r.snaps.sends != 0 || r.cfg.LowSpace() {
		remove = vfs.FS.Remove
	}
	if err := remove(r.cfg.FS, r.snapFile(name)); err != nil && !oserror.IsNotExist(err) {
		r.cfg.Logger.Warn("old snapshot stays", "file", name, "err", err)
	}
}

// restored follows the applier: it holds the state of a snapshot, so that older files are of no use, and
// a snapshot that it was taking is given up.
func (r *replica) restored(m *restored) {
	r.runs, r.nextExpiry = m.runs, m.nextExpiry
	r.time.Observe(m.now, r.cfg.Clock().Mono)
	r.snaps.running = false
	r.removeSnapshots(m.index)
	r.announce()
}

// removeSnapshots deletes this replica's snapshot files that are older than the one at index. A newer one
// may be on its way to be named in the log.
func (r *replica) removeSnapshots(index uint64) {
	prefix := strings.TrimSuffix(SnapName(r.cfg.Shard, r.cfg.Replica, 0, 0), "0-0.snap")
	names, err := r.cfg.FS.List(r.cfg.SnapshotDir)
	if err != nil {
		r.cfg.Logger.Warn("old snapshots stay", "shard", r.cfg.Shard, "err", err)
		return
	}
	slices.Sort(names)
	for _, name := range names {
		var term, at uint64
		rest, own := strings.CutPrefix(name, prefix)
		if n, _ := fmt.Sscanf(rest, "%d-%d.snap", &term, &at); own && n == 2 && at < index {
			r.removeFile(name)
		}
	}
}
