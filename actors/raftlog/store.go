package raftlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
)

// memTableSize is small enough for the few memtables that Pebble goes round to stay in memory once touched, and to
// weigh little in the collector's idea of the heap: 64 MiB cost a write a quarter more CPU than this, and keep no
// more of the log from being written a second time, since a shard's log grows beyond either before it is truncated.
const memTableSize = 16 << 20

// blockSize makes the writes and reads of tables large, for Pebble makes one of each block: with its own 4 KiB a node
// under load made more system calls for tables, every few seconds, than for its log and its clients.
const blockSize = 128 << 10

// options of the Pebble store. Entries are short-lived and often incompressible.
func (l *Log) options(lock *pebble.Lock, readOnly bool) *pebble.Options {
	o := &pebble.Options{
		FS:                          orderedFS{l.cfg.FS, l.fail},
		Lock:                        lock,
		ReadOnly:                    readOnly,
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                l.cfg.memTable,
		MemTableStopWritesThreshold: 3,
		CacheSize:                   l.cfg.CacheBytes,
		Logger:                      &pebbleLogger{l},
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) { l.fail(fmt.Errorf("log store: %w", err)) },
			DataCorruption:  func(i pebble.DataCorruptionInfo) { l.fail(corrupt("%s: %w", i.Path, i.Details)) },
			WriteStallBegin: func(i pebble.WriteStallBeginInfo) { l.cfg.Logger.Warn("log store stalls", "reason", i.Reason) },
		},
	}
	// One level below the newest tables: what a shard truncates late is merged once, and not again at each level.
	o.LBaseMaxBytes = 1 << 40
	o.Experimental.SpanPolicyFunc = tableBounds
	for i := range o.Levels {
		o.Levels[i].BlockSize = blockSize
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	return o
}

// openStore opens Pebble, and turns what it does with damaged files (errors, panics) into ErrCorrupt.
func (l *Log) openStore(lock *pebble.Lock, readOnly bool) (db *pebble.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, corrupt("opening the log store: %v", r)
		}
	}()
	db, err = pebble.Open(l.storePath(), l.options(lock, readOnly))
	if err == nil {
		return db, nil
	}
	if err = storeError(err); errors.Is(err, ErrCorrupt) {
		return nil, err
	}
	return nil, fmt.Errorf("%w; opening %s: if the disk is well, and this program not older than the data, %s", err, l.storePath(), Advice)
}

// storeError marks the errors that say damage, rather than a disk or a permission that failed.
func storeError(err error) error {
	if err == nil || errors.Is(err, ErrCorrupt) {
		return err
	}
	if pebble.IsCorruptionError(err) || oserror.IsNotExist(err) {
		return corrupt("%w", err)
	}
	return fmt.Errorf("log store: %w", err)
}

// pebbleLogger passes Pebble's own words on, and its fatal errors to Config.Fatal. A Fatalf that returns would
// let Pebble acknowledge what it could not sync, hence every commit looks at Log.failed as well.
type pebbleLogger struct{ l *Log }

func (p *pebbleLogger) Infof(format string, args ...any) { p.log(slog.LevelDebug, format, args) }

func (p *pebbleLogger) Errorf(format string, args ...any) { p.log(slog.LevelWarn, format, args) }

func (p *pebbleLogger) Fatalf(format string, args ...any) {
	p.l.fail(fmt.Errorf("log store: "+format, args...))
}

func (p *pebbleLogger) log(level slog.Level, format string, args []any) {
	if ctx := context.Background(); p.l.cfg.Logger.Enabled(ctx, level) {
		p.l.cfg.Logger.Log(ctx, level, "log store: "+fmt.Sprintf(format, args...))
	}
}

// tableBounds ends tables where the entries of a shard begin and end. Else its record, which is written all the time,
// would make each new table overlap all older ones of the shard, and every merge write its whole log again.
func tableBounds(start []byte) (pebble.SpanPolicy, []byte, error) {
	shard, kind, _, ok := parseShardKey(start)
	switch {
	case !ok:
		return pebble.SpanPolicy{}, []byte{prefixShard}, nil
	case kind == kindEntry:
		return pebble.SpanPolicy{}, entriesEnd(shard), nil
	}
	return pebble.SpanPolicy{}, appendShardKey(nil, shard, kindEntry), nil
}
