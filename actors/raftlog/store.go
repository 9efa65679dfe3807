package raftlog

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/errors/oserror"

	"github.com/troupedb/troupe/actors/raftlog/segment"
)

// openStore opens the segments, after the log of an earlier version was made into some.
func (l *Log) openStore(m *marks) error {
	if err := l.convert(m); err != nil {
		return storeError(err)
	}
	if err := MakeDir(l.cfg.FS, l.storePath()); err != nil {
		return err
	}
	s, err := segment.Open(segment.Options{
		FS: l.cfg.FS, Dir: l.storePath(), Size: l.cfg.segmentSize, Cached: l.cfg.Fsync != Always,
		Low: func() bool { return l.Space().Low }, Async: &l.async, NoAsync: func(err error) {
			l.cfg.Logger.Info("a thread waits for each write of the log", "err", err)
		},
	})
	if err = storeError(err); err != nil && !errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("%w; opening %s: if the disk is well, and this program not older than the data, %s", err, l.storePath(), Advice)
	}
	if err != nil {
		return err
	}
	l.db = segments{s}
	return nil
}

// storeError marks the errors that say damage, rather than a disk or a permission that failed.
func storeError(err error) error {
	if err == nil || errors.Is(err, ErrCorrupt) {
		return err
	}
	if errors.Is(err, segment.ErrCorrupt) || oserror.IsNotExist(err) {
		return corrupt("%w", err)
	}
	return fmt.Errorf("log store: %w", err)
}
