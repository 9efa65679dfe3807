package raftlog

import (
	"errors"
	"maps"
	"sync/atomic"
)

// meta holds the node's values in memory; readers take the map as it is, the writer replaces it.
type meta struct {
	values atomic.Pointer[map[string][]byte]
}

func (m *meta) load(db Reader) error {
	values := map[string][]byte{}
	m.values.Store(&values)
	return db.Scan([]byte{prefixMeta}, []byte{prefixMeta + 1}, func(key, value []byte) (bool, error) {
		values[string(key[1:])] = append([]byte(nil), value...)
		return true, nil
	})
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
