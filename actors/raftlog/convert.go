package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2"

	"github.com/troupedb/troupe/actors/raftlog/segment"
)

// Earlier versions kept the log in a Pebble store, with the same named values and the entries under keys of their own:
//
//	s shard(4) e index(8)
//
// convert writes it anew, beside the old one. The new directory gets its name when it is complete, and only then the old
// one goes, so that a crash leaves one of them.
const (
	oldStoreDir = "store"
	unfinished  = storeDir + ".unfinished"

	oldKindEntry   = 'e'
	oldEntryKeyLen = shardKeyLen + 8
	convertBytes   = 4 << 20 // of a batch
)

func (l *Log) convert(m *marks) error {
	fs, old := l.cfg.FS, l.cfg.FS.PathJoin(l.cfg.Dir, oldStoreDir)
	if _, err := fs.Stat(old); oserror.IsNotExist(err) {
		return nil
	} else if err != nil {
		return err
	}
	if _, err := fs.Stat(l.storePath()); oserror.IsNotExist(err) {
		if err := l.convertStore(old, m); err != nil {
			return fmt.Errorf("converting the log of an earlier version: %w", err)
		}
		l.cfg.Logger.Info("log of an earlier version converted", "dir", l.cfg.Dir)
	} else if err != nil {
		return err
	}
	return errors.Join(fs.RemoveAll(old), syncDir(fs, l.cfg.Dir))
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
	if err := errors.Join(err, to.Close()); err != nil {
		return errors.Join(err, fs.RemoveAll(made))
	}
	if err := fs.Rename(made, l.storePath()); err != nil {
		return err
	}
	return syncDir(fs, l.cfg.Dir)
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
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		var value []byte
		if value, err = it.ValueAndErr(); err != nil {
			break
		}
		key := it.Key()
		if len(key) == oldEntryKeyLen && key[0] == prefixShard && key[5] == oldKindEntry {
			copy(b.Put(binary.BigEndian.Uint32(key[1:]), binary.BigEndian.Uint64(key[shardKeyLen:]), len(value)), value)
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
