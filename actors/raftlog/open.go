package raftlog

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/plant"
	"github.com/troupedb/troupe/actors/raftlog/segment"
	"github.com/troupedb/troupe/slotmap"
)

// storeDir is the directory of the segments within Config.Dir.
const storeDir = "segments"

// Log is the durable log of a node.
type Log struct {
	cfg   Config
	lock  *pebble.Lock
	db    Store
	space *space
	meta  meta
	counters

	writer *writer // the actor's, once it has started

	failed atomic.Bool
	once   sync.Once
}

// Open opens the log, or creates it. The error is ErrLocked when another process has it, ErrCorrupt when what
// is there can't be what was synced; then nothing was changed. A log of an earlier version is converted.
func Open(cfg Config) (*Log, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	l := &Log{cfg: cfg}
	if err := MakeDir(cfg.FS, cfg.Dir); err != nil {
		return nil, err
	}
	lock, err := lockDir(cfg.FS, cfg.Dir)
	if err != nil {
		return nil, err
	}
	l.lock = lock
	if err := l.open(); err != nil {
		return nil, errors.Join(l.where(err), l.release())
	}
	return l, nil
}

func (l *Log) storePath() string { return l.cfg.FS.PathJoin(l.cfg.Dir, storeDir) }

func (l *Log) open() error {
	l.space = newSpace(&l.cfg)
	l.space.look() // a full disk: the ballast makes room for opening
	marks, err := openMarks(l.cfg.FS, l.cfg.FS.PathJoin(l.cfg.Dir, markName))
	if err != nil {
		return err
	}
	records, err := l.openRecords(marks)
	if err != nil {
		return err
	}
	if err := l.meta.load(l.db); err != nil {
		return err
	}
	if err := marks.openForWrite(l.cfg.FS, l.cfg.FS.PathJoin(l.cfg.Dir, markName)); err != nil {
		return err
	}
	l.writer = newWriter(l, marks, records)
	return nil
}

// openRecords opens the store, and reads what there is of every shard.
func (l *Log) openRecords(m *marks) (map[slotmap.ShardID]*record, error) {
	if l.db = l.cfg.Store; l.db == nil {
		if err := l.openStore(m); err != nil {
			return nil, err
		}
	}
	records, err := readRecords(l.db)
	if err == nil {
		err = m.check(records)
	}
	if err == nil && plant.LostTail.On() {
		err = l.loseTail(records)
	}
	return records, err
}

// Close ends the log after its actor was stopped and its readers are done.
func (l *Log) Close() error {
	if l.failed.Load() {
		return errors.Join(errors.New("log store: closed after a failure"), l.release())
	}
	return l.release()
}

// release gives back whatever is held.
func (l *Log) release() error {
	l.space.making.Wait()
	var errs []error
	if l.writer != nil {
		errs = append(errs, l.writer.close())
	}
	if l.db != nil {
		errs = append(errs, l.db.Close())
	}
	return errors.Join(append(errs, l.lock.Close())...)
}

// fail ends the node. Any goroutine.
func (l *Log) fail(err error) {
	l.failed.Store(true)
	l.once.Do(func() { l.cfg.Fatal(err) })
}

func lockDir(fs vfs.FS, dir string) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(dir, fs)
	if err == nil {
		return lock, nil
	}
	// fcntl says EAGAIN or a bare EACCES; a second lock by this process has a text only.
	if err == syscall.EAGAIN || err == syscall.EACCES || err.Error() == "lock held by current process" {
		return nil, fmt.Errorf("%w by another process: %s", ErrLocked, dir)
	}
	return nil, fmt.Errorf("locking %s: %w", dir, err)
}

// MakeDir creates a directory durably, with all that lead to it.
func MakeDir(fs vfs.FS, dir string) error {
	var parents []string
	for d := dir; ; d = fs.PathDir(d) {
		if _, err := fs.Stat(d); err == nil || d == fs.PathDir(d) {
			break
		}
		parents = append(parents, fs.PathDir(d))
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, p := range parents {
		if err := segment.SyncDir(fs, p); err != nil {
			return err
		}
	}
	return nil
}
