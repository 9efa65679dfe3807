package raftlog

import (
	"errors"
	"maps"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// meta holds the node's values in memory; readers take the map as it is, the writer replaces it.
type meta struct {
	values atomic.Pointer[map[string][]byte]
}

func (m *meta) load(db *pebble.DB) error {
	values := map[string][]byte{}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixMeta}, UpperBound: []byte{prefixMeta + 1}})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(err, it.Close())
		}
		values[string(it.Key()[1:])] = append([]byte(nil), value...)
	}
	m.values.Store(&values)
	return errors.Join(it.Error(), it.Close())
}

func (m *meta) set(key string, value []byte) {
	values := maps.Clone(*m.values.Load())
	values[key] = append([]byte(nil), value...)
	m.values.Store(&values)
}

// Meta returns a value that is durable. Any goroutine; the value is not to be changed.
func (l *Log) Meta(key string) ([]byte, bool) {
	v, ok := (*l.meta.values.Load())[key]
	return v, ok
}

// SetMetaNow stores a value durably before the actor runs.
//
// REQUIRES: the actor has not been spawned.
func (l *Log) SetMetaNow(key string, value []byte) error {
	if l.writer.running.Load() {
		return errors.New("raftlog: SetMetaNow while the actor runs")
	}
	l.writer.stage(&SetMeta{Key: key, Value: value})
	l.writer.flush()
	if l.failed.Load() {
		return errors.New("raftlog: value not stored")
	}
	return nil
}
