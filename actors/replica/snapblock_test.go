package replica

import (
	"testing"
	"unsafe"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/keyspace"
)

// A snapshot is written in the memory of one block, however large the keyspace: the writer gives each back.
func TestBlockOfASnapshotComesBack(t *testing.T) {
	system := actor.NewActorSystem(actor.WithLoggerFactory(quietActors))
	defer system.Shutdown()
	back := make(chan *blockWritten, 1)
	applier := system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if m, ok := c.Message().(*blockWritten); ok {
			back <- m
		}
	}))
	released := make(chan struct{})
	w := &snapshotFile{cfg: &Config{FS: vfs.NewMem()}, name: "s", applier: applier, release: func() { close(released) }}
	writer := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return w }))
	block := append(make([]byte, 0, snapBlockSize), "records"...)
	for range 3 {
		system.Root.Send(writer, &slice{block: block})
		m := <-back
		if m.err != nil || unsafe.SliceData(m.block) != unsafe.SliceData(block) || cap(m.block) != cap(block) {
			t.Fatalf("%d bytes of another block came back: %v", len(m.block), m.err)
		}
		block = m.block
	}
	system.Root.Stop(writer)
	<-released
}

// The block of another snapshot's writer is not taken for that of the one under way, which still writes its own.
func TestBlockOfAnotherSnapshotIsNotTaken(t *testing.T) {
	writer, other := actor.NewPID("here", "writer"), actor.NewPID("here", "other")
	a := &applier{snap: &snapshotting{writer: writer}}
	a.blockWritten(nil, &blockWritten{writer: other, block: make([]byte, 10)})
	if a.snap == nil || a.snap.room != nil {
		t.Error("it was taken")
	}
}

// A block that grew for a large value is used again, unless it grew so much that it would only take room.
func TestBlockThatGrewIsKeptUpToASize(t *testing.T) {
	writer := actor.NewPID("here", "writer")
	from := keyspace.New(keyspace.Config{}).BeginSnapshot(1)
	for size, want := range map[int]int{snapBlockSize: snapBlockSize, 300 << 10: 300 << 10, maxKeptBlock + 1: snapBlockSize} {
		a := &applier{snap: &snapshotting{from: from, writer: writer}}
		a.blockWritten(nil, &blockWritten{writer: writer, block: make([]byte, 100, size)})
		if room := a.snap.room; len(room) != 0 || cap(room) != want {
			t.Errorf("of a block of %d bytes %d are kept, want %d", size, cap(room), want)
		}
	}
}
