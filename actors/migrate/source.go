package migrate

import (
	"errors"

	"github.com/troupedb/troupe/wire/resp"
)

// watch has the source note changes of keys that are to be deleted there.
func (m *migration) watch(keys [][]byte) error {
	if m.Copy {
		return nil
	}
	_, err := m.own(append([][]byte{[]byte("WATCH")}, keys...)...)
	return err
}

// value asks the source for what a key holds, and for how long as RESTORE has it: 0 is for ever. Both are of one moment
// where nothing notes changes in between.
func (m *migration) value(key []byte) (ttl int64, v resp.Value, err error) {
	pttl, dump := [][]byte{[]byte("PTTL"), key}, [][]byte{[]byte("DUMP"), key}
	if m.Copy {
		both, err := m.transact(pttl, dump)
		if err != nil {
			return 0, v, err
		}
		return restoreTime(both[0].Int), both[1], nil
	}
	left, err := m.own(pttl...)
	if err != nil {
		return 0, v, err
	}
	ttl = restoreTime(left.Int)
	v, err = m.own(dump...)
	return ttl, v, err
}

// restoreTime is what RESTORE takes for an answer of PTTL.
func restoreTime(pttl int64) int64 {
	if pttl == -1 {
		return 0
	}
	return max(pttl, 1)
}

var errChanged = errors.New("a watched key was changed")

// transact has the source carry out commands at once. Its replies are as many.
func (m *migration) transact(cmds ...[][]byte) ([]resp.Value, error) {
	for _, args := range append([][][]byte{{[]byte("MULTI")}}, cmds...) {
		if _, err := m.own(args...); err != nil {
			return nil, err
		}
	}
	v, err := m.own([]byte("EXEC"))
	switch {
	case err != nil:
		return nil, err
	case v.Kind == resp.Null:
		return nil, errChanged
	case len(v.Items) != len(cmds):
		return nil, sourceError("the migration was broken off")
	}
	for _, reply := range v.Items {
		if reply.Kind == resp.Error {
			return nil, sourceError(reply.Str)
		}
	}
	return v.Items, nil
}

// own asks the source.
func (m *migration) own(args ...[]byte) (resp.Value, error) {
	v, err := m.here.ask(args...)
	if err == nil && v.Kind != resp.Error {
		return v, nil
	}
	if err == nil {
		return v, sourceError(v.Str)
	}
	m.moved = true // or not: nobody can tell
	return v, sourceError("the migration was broken off")
}

// sourceError is an error of the source.
type sourceError string

func (e sourceError) Error() string { return string(e) }
