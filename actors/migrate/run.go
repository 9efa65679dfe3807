package migrate

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"

	"github.com/troupedb/troupe/wire/resp"
)

// What Run answers where nothing is wrong.
const (
	Done  = "OK"
	NoKey = "NOKEY" // none of the keys exists
)

const (
	batchKeys   = 64 // keys that are watched at a time
	maxAttempts = 10 // at a batch in which a key changes again and again

	errConnecting = "IOERR error or timeout connecting to the client"
	errChanging   = "IOERR the keys were changed while they were migrated, and are still here; the target has them as they were"
)

// Run carries out a request, with a session of its own as the source: it closes that. It returns when the keys are
// where they belong, something failed, or ctx is done. An error is the line to answer.
func Run(ctx context.Context, source net.Conn, r *Request) (status string, err error) {
	defer source.Close()
	defer context.AfterFunc(ctx, func() { source.Close() })()
	m := &migration{Request: r, here: &conn{Conn: source, most: maxOwnReply}}
	for keys := range slices.Chunk(r.Keys, batchKeys) {
		if err := m.batch(ctx, keys); err != nil {
			m.close()
			return "", m.ended(err)
		}
	}
	m.close()
	switch {
	case m.refused != "":
		return "", errors.New("ERR Target instance replied with error: " + m.refused)
	case !m.found:
		return NoKey, nil
	}
	return Done, nil
}

// migration is a request that is carried out.
type migration struct {
	*Request
	here, there *conn  // there: nil before a key was found
	found       bool   // a key
	moved       bool   // the target has taken one
	refused     string // the first error of the target
}

// item is a key on its way.
type item struct {
	key    []byte
	asked  bool // the target was asked about it
	gone   bool // to delete it
	taken  bool // it has
	behind bool // it has an older value, taken from here
}

func (m *migration) close() {
	if m.there != nil {
		m.there.Close()
	}
}

// batch carries some keys over, again where one of them changes meanwhile.
func (m *migration) batch(ctx context.Context, keys [][]byte) error {
	items := make([]item, len(keys))
	for i, key := range keys {
		items[i].key = key
	}
	for range maxAttempts {
		if err := m.watch(keys); err != nil {
			return err
		}
		lost := m.carry(ctx, items)
		settled, err := m.release(items)
		if err := cmp.Or(lost, err); err != nil || settled {
			return err
		}
	}
	return errors.New(errChanging)
}

// carry sends the values of keys to the target, and takes its answers: those that came before an error count.
func (m *migration) carry(ctx context.Context, items []item) error {
	var failed error
	for i := range items {
		it := &items[i]
		it.asked, it.gone, it.taken = false, false, false
		if failed == nil {
			failed = m.send(ctx, it)
		}
	}
	for i := range items {
		if it := &items[i]; it.asked && !errors.Is(failed, errReading) {
			if err := m.take(it); err != nil {
				failed = err
			}
		}
	}
	if errors.Is(failed, errReading) || errors.Is(failed, errWriting) {
		return errors.New("IOERR error or timeout " + failed.Error() + " to target instance")
	}
	return failed
}

// send asks the target to take a key, or to delete what it took of one that is gone by now.
func (m *migration) send(ctx context.Context, it *item) error {
	ttl, v, err := m.value(it.key)
	if err != nil || v.Kind == resp.Null && !it.behind {
		return err
	}
	if v.Kind == resp.Null {
		it.asked, it.gone = true, true
		m.there.queue([]byte("DEL"), it.key)
		return m.there.flush()
	}
	m.found = true
	if err := m.connect(ctx); err != nil {
		return err
	}
	args := [][]byte{[]byte("RESTORE-ASKING"), it.key, strconv.AppendInt(nil, ttl, 10), v.Str}
	if m.Replace || it.behind {
		args = append(args, []byte("REPLACE"))
	}
	m.there.queue(args...)
	it.asked = true
	return m.there.flush()
}

// take reads what the target says of a key that it was asked to take.
func (m *migration) take(it *item) error {
	v, err := m.there.reply()
	switch {
	case err != nil:
		return errReading
	case v.Kind == resp.Error:
		m.refuse(v)
	case it.gone && v.Kind != resp.Integer, !it.gone && string(v.Str) != "OK":
		return errReading // that is no answer to what it was asked
	default:
		it.taken, it.behind = !it.gone, !it.gone
		m.moved = true
	}
	return nil
}

// refuse keeps the first error of the target.
func (m *migration) refuse(v resp.Value) {
	if m.refused == "" {
		m.refused = string(v.Str)
	}
}

// release deletes here what the target has taken. settled is false if a key changed: then nothing was deleted.
func (m *migration) release(items []item) (settled bool, err error) {
	del := [][]byte{[]byte("DEL")}
	for i := range items {
		if items[i].taken {
			del = append(del, items[i].key)
		}
	}
	switch {
	case m.Copy:
		return true, nil
	case len(del) == 1:
		_, err = m.own([]byte("UNWATCH"))
		return true, err
	}
	_, err = m.transact(del)
	if errors.Is(err, errChanged) {
		return false, nil
	}
	return true, err
}

// ended is the line to answer for an error. One of the source tells that nothing was done, which it must not once the
// target has something.
func (m *migration) ended(err error) error {
	var source sourceError
	if m.moved && errors.As(err, &source) {
		return errors.New("IOERR keys that the target has may be here too: " + string(source))
	}
	return err
}

// connect opens the connection to the target, once.
func (m *migration) connect(ctx context.Context) error {
	if m.there != nil {
		return nil
	}
	c, err := (&net.Dialer{Timeout: m.Timeout}).DialContext(ctx, "tcp", m.Address)
	if err != nil {
		return errors.New(errConnecting)
	}
	context.AfterFunc(ctx, func() { c.Close() })
	m.there = &conn{Conn: c, timeout: m.Timeout, most: maxReply}
	if len(m.Auth) > 0 {
		if err := m.introduce(append([][]byte{[]byte("AUTH")}, m.Auth...)...); err != nil {
			return err
		}
	}
	if m.Database != 0 {
		return m.introduce([]byte("SELECT"), strconv.AppendInt(nil, int64(m.Database), 10))
	}
	return nil
}

// introduce sends the target what it must accept before anything else.
func (m *migration) introduce(args ...[]byte) error {
	v, err := m.there.ask(args...)
	switch {
	case err != nil:
		return err
	case v.Kind == resp.Error:
		return errors.New("ERR Target instance replied with error: " + string(v.Str))
	}
	return nil
}
