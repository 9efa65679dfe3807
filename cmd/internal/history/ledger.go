package history

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// Ledger remembers writes to keys that are written once.
type Ledger struct {
	seed uint64

	mu struct {
		sync.Mutex
		writers []*Writer
	}
}

// NewLedger makes an empty ledger. The values written depend on seed, so that two runs against one
// cluster do not vouch for each other.
func NewLedger(seed uint64) *Ledger { return &Ledger{seed: seed} }

// Writer adds a writer whose keys begin with prefix, which no other writer of the ledger may use.
func (l *Ledger) Writer(prefix string) *Writer {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &Writer{prefix: prefix, seed: mix(mix(l.seed) + uint64(len(l.mu.writers)))}
	l.mu.writers = append(l.mu.writers, w)
	return w
}

// Writers are all writers made so far.
func (l *Ledger) Writers() []*Writer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*Writer(nil), l.mu.writers...)
}

// Writer is the memory of one writer: for each sequence number the fate of its write.
type Writer struct {
	prefix string
	seed   uint64
	n      uint64
	fates  []byte // two bits a write
}

// Next takes a sequence number. Until Record is called the write's fate is Unknown.
func (w *Writer) Next() uint64 {
	if w.n%4 == 0 {
		w.fates = append(w.fates, 0)
	}
	w.n++
	return w.n - 1
}

// Len is how many sequence numbers were taken.
func (w *Writer) Len() uint64 { return w.n }

// Key is the key of a write.
func (w *Writer) Key(seq uint64) string { return w.prefix + strconv.FormatUint(seq, 10) }

// Value is what a write stores: no other write of any run stores the same.
func (w *Writer) Value(seq uint64) string { return fmt.Sprintf("%016x-%d", mix(w.seed^seq), seq) }

// Record notes the fate of a write.
// REQUIRES: seq came from Next.
func (w *Writer) Record(seq uint64, f fate.Fate) {
	shift := seq % 4 * 2
	b := &w.fates[seq/4]
	*b = *b&^(3<<shift) | byte(f)<<shift
}

// Fate returns the fate of a write.
func (w *Writer) Fate(seq uint64) fate.Fate { return fate.Fate(w.fates[seq/4] >> (seq % 4 * 2) & 3) }

// Finding is the judgement on one write after its key was read back.
type Finding uint8

const (
	Fine    Finding = iota
	Lost            // acknowledged, and absent
	Phantom         // refused, and there
	Corrupt         // there, with a value that nobody wrote to it
)

func (f Finding) String() string { return [...]string{"fine", "lost", "phantom", "corrupt"}[f] }

// Judge compares the fate of a write with what its key holds.
func (w *Writer) Judge(seq uint64, value string, found bool) Finding {
	f := w.Fate(seq)
	switch {
	case !found && f == fate.Done:
		return Lost
	case !found:
		return Fine
	case value != w.Value(seq):
		return Corrupt
	case f == fate.Refused:
		return Phantom
	}
	return Fine
}

// mix is the finalizer of splitmix64: neighbouring numbers give unlike ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
