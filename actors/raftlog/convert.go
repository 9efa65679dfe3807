package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/raftlog/segment"
)

// Earlier versions kept the log in a Pebble store, with the same named values and the entries under keys of their own:
//
//	s shard(4) e index(8)
//
// convert writes it anew, beside the old one, and gives the new one its name when it is complete. A file in it says so until
// the old one is gone, so that a crash leaves one of them at least.
const (
	oldStoreDir = "store"
	unfinished  = storeDir + ".unfinished"
	converted   = "converted" // in storeDir

	oldKindEntry   = 'e'
	oldEntryKeyLen = shardKeyLen + 8
	convertBytes   = 4 << 20 // of a batch
)

func (l *Log) convert(m *marks) error {
	fs, dir := l.cfg.FS, l.cfg.Dir
	old := fs.PathJoin(dir, oldStoreDir)
	done, err := exists(fs, fs.PathJoin(l.storePath(), converted))
	switch {
	case err != nil:
		return err
	case done: // killed before the old one was gone
		if err := l.checkConverted(m); err != nil {
			return err
		}
		return l.removeOld(old)
	}
	desc, err := pebble.Peek(old, fs)
	if err != nil && !oserror.IsNotExist(err) {
		return oldError(err)
	}
	if desc == nil || !desc.Exists {
		return nil
	}
	if made, err := l.begun(); err != nil {
		return err
	} else if made {
		return fmt.Errorf("%s has a log, and one of an earlier version in %s: only one of them can be that of this node; put the other away", dir, oldStoreDir)
	}
	if err := l.convertStore(old, m); err != nil {
		return fmt.Errorf("converting the log of an earlier version, for which the disk must have room for both (%s is as it was): %w", old, err)
	}
	if err := errors.Join(fs.RemoveAll(l.storePath()), fs.Rename(fs.PathJoin(dir, unfinished), l.storePath()), segment.SyncDir(fs, dir)); err != nil {
		return err
	}
	l.cfg.Logger.Info("log of an earlier version converted", "dir", dir)
	return l.removeOld(old)
}

// checkConverted makes sure that no earlier version has gone on in the old store since it was converted: the marks would be
// ahead of the new one.
func (l *Log) checkConverted(m *marks) error {
	s, err := segment.Open(segment.Options{FS: l.cfg.FS, Dir: l.storePath()})
	if err != nil {
		return err
	}
	return errors.Join(checkAll(segments{s}, m), s.Close())
}

func (l *Log) removeOld(old string) error {
	fs := l.cfg.FS
	if err := errors.Join(fs.RemoveAll(old), segment.SyncDir(fs, l.cfg.Dir)); err != nil {
		return err
	}
	return errors.Join(fs.Remove(fs.PathJoin(l.storePath(), converted)), segment.SyncDir(fs, l.storePath()))
}

func exists(fs vfs.FS, path string) (bool, error) {
	_, err := fs.Stat(path)
	if oserror.IsNotExist(err) {
		return false, nil
	}
	return err == nil, err
}

// begun reports whether there are segments.
func (l *Log) begun() (bool, error) {
	names, err := l.cfg.FS.List(l.storePath())
	if oserror.IsNotExist(err) {
		return false, nil
	}
	return len(names) > 0, err // nothing else is in there
}

func (l *Log) convertStore(old string, m *marks) error {
	fs, made := l.cfg.FS, l.cfg.FS.PathJoin(l.cfg.Dir, unfinished)
	if err := fs.RemoveAll(made); err != nil {
		return err
	}
	if err := MakeDir(fs, made); err != nil {
		return err
	}
	to, err := segment.Open(segment.Options{FS: fs, Dir: made, Size: l.cfg.segmentSize})
	if err != nil {
		return err
	}
	err = l.copyOld(old, to)
	if err == nil {
		err = checkAll(segments{to}, m)
	}
	if err = errors.Join(err, to.Close()); err == nil {
		err = createFile(fs, made, converted)
	}
	if err != nil {
		return errors.Join(err, fs.RemoveAll(made))
	}
	return nil
}

// createFile makes an empty file, durably.
func createFile(fs vfs.FS, dir, name string) error {
	f, err := fs.Create(fs.PathJoin(dir, name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close(), segment.SyncDir(fs, dir))
}

// checkAll makes sure that nothing is missing, before the old store goes.
func checkAll(db Reader, m *marks) error {
	records, err := readRecords(db)
	if err != nil {
		return err
	}
	for shard := range records {
		if _, err := load(db, shard); err != nil {
			return err
		}
	}
	return m.check(records)
}

// copyOld turns what Pebble does with damaged files (errors, panics) into ErrCorrupt.
func (l *Log) copyOld(old string, to *segment.Store) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = corrupt("opening the log store: %v", r)
		}
	}()
	db, err := pebble.Open(old, &pebble.Options{
		FS: l.cfg.FS, ReadOnly: true, FormatMajorVersion: pebble.FormatNewest, Logger: quiet{},
	})
	if err != nil {
		return oldError(err)
	}
	return errors.Join(copyKeys(db, to), db.Close())
}

func oldError(err error) error {
	if err != nil && (pebble.IsCorruptionError(err) || oserror.IsNotExist(err)) {
		return corrupt("%w", err)
	}
	return err
}

func copyKeys(db *pebble.DB, to *segment.Store) error {
	it, err := db.NewIter(nil)
	if err != nil {
		return oldError(err)
	}
	var b segment.Batch
	var last struct {
		shard uint32
		index uint64
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		var value []byte
		if value, err = it.ValueAndErr(); err != nil {
			break
		}
		key := it.Key()
		if len(key) == oldEntryKeyLen && key[0] == prefixShard && key[5] == oldKindEntry {
			shard, index := binary.BigEndian.Uint32(key[1:]), binary.BigEndian.Uint64(key[shardKeyLen:])
			if last.shard == shard && index != last.index+1 {
				err = corrupt("shard %d: entry %d follows %d", shard, index, last.index)
				break
			}
			last.shard, last.index = shard, index
			copy(b.Put(shard, index, len(value)), value)
		} else {
			b.Set(key, value)
		}
		if b.Len() >= convertBytes {
			err = to.Commit(&b, false)
			b.Reset()
		}
	}
	if err = oldError(errors.Join(err, it.Error(), it.Close())); err != nil {
		return err
	}
	return to.Commit(&b, true)
}

// quiet drops what Pebble says. What it cannot read is an error, and it writes nothing.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}
