package segment

import (
	"bytes"
	"math"
	"testing"
)

func TestBatchIsReadAsWritten(t *testing.T) {
	var b Batch
	if !b.Empty() || b.Len() != 0 {
		t.Fatal("not empty")
	}
	for range 2 { // the second time in memory that was used before
		want := []Op{
			{Kind: Put, Stream: 1, First: 2, Last: 2, Value: []byte("value")},
			{Kind: Put, Stream: math.MaxUint32, First: math.MaxUint64, Last: math.MaxUint64},
			{Kind: Cut, Stream: 3, First: 4, Last: math.MaxUint64},
			{Kind: Set, Key: []byte("key"), Value: bytes.Repeat([]byte("v"), 100_000)},
			{Kind: Set},
			{Kind: Delete, Key: []byte("key")},
			{Kind: Delete},
		}
		b.Reset()
		for _, op := range want {
			add(&b, op)
		}
		ops := Read(b.Bytes())
		for i, w := range want {
			op, ok, err := ops.Next()
			if err != nil || !ok || !equal(op, w) {
				t.Fatalf("%d: %.100v, %v, %v", i, op, ok, err)
			}
		}
		if _, ok, err := ops.Next(); ok || err != nil || ops.left() != 0 || b.Empty() || b.Len() != len(b.Bytes()) {
			t.Fatal("no end", err)
		}
	}
}

func add(b *Batch, op Op) {
	switch op.Kind {
	case Put:
		copy(b.Put(op.Stream, op.First, len(op.Value)), op.Value)
	case Cut:
		b.Cut(op.Stream, op.First, op.Last)
	case Set:
		b.Set(op.Key, op.Value)
	case Delete:
		b.Delete(op.Key)
	}
}

func equal(a, b Op) bool {
	return a.Kind == b.Kind && a.Stream == b.Stream && a.First == b.First && a.Last == b.Last &&
		bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value)
}

func TestBatchLetsGoOfMuchMemory(t *testing.T) {
	var b Batch
	b.Put(1, 1, maxKept+1)
	b.Reset()
	if !b.Empty() || cap(b.ops) > maxKept {
		t.Fatalf("%d bytes are kept", cap(b.ops))
	}
}

// Wherever a batch is cut off, that is an error, unless it is between two changes.
func TestShortBatchIsMalformed(t *testing.T) {
	var b Batch
	ends := map[int]bool{0: true}
	for _, op := range []Op{
		{Kind: Put, Stream: 1, First: 2, Value: []byte("value")}, {Kind: Cut}, {Kind: Set, Key: []byte("k"), Value: []byte("v")},
		{Kind: Delete, Key: []byte("key")},
	} {
		add(&b, op)
		ends[b.Len()] = true
	}
	for n := range b.Len() + 1 {
		ops := Read(b.Bytes()[:n])
		ok, err := true, error(nil)
		for ok {
			_, ok, err = ops.Next()
		}
		if (err == nil) != ends[n] {
			t.Errorf("%d of %d bytes: %v", n, b.Len(), err)
		}
	}
}
