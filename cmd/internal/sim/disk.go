package sim

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// disk is a machine's: files, the store of the log, and its moods.
type disk struct {
	rng   *rand.Rand
	files *vfs.MemFS
	store *store

	free   int64         // bytes, as the node is told
	sync   time.Duration // what a sync takes
	hung   time.Duration // until when nothing gets done
	errors float64       // chance that an operation fails
}

const (
	minFree    = 1 << 20
	enoughFree = 1 << 30
	syncTime   = 200 * time.Microsecond
)

// errDisk is what a simulated disk fails with. A node may stop because of it.
var errDisk = errors.New("simulated disk error")

func newDisk(rng *rand.Rand) *disk {
	d := &disk{rng: rng, files: vfs.NewCrashableMem(), store: newStore(), free: enoughFree, sync: syncTime}
	d.store.fail = d.trip
	return d
}

// fs is the file system as a node sees it.
func (d *disk) fs() vfs.FS {
	return errorfs.Wrap(d.files, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		return d.trip()
	}))
}

// trip fails now and then.
func (d *disk) trip() error {
	if d.errors > 0 && d.rng.Float64() < d.errors {
		return errDisk
	}
	return nil
}

// crash leaves what was synced, and of the rest some batches of the log, and either all of the files or none.
// A process that has ended goes on with what was there before.
func (d *disk) crash() (err error) {
	d.files = d.files.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100 * d.rng.IntN(2), RNG: d.rng})
	d.store, err = d.store.crashed(d.rng)
	return err
}

// syncTime is what the next sync takes.
func (d *disk) syncTime() time.Duration {
	return d.sync + time.Duration(d.rng.Int64N(int64(d.sync)+1))
}

// repair ends all moods.
func (d *disk) repair() {
	d.free, d.sync, d.hung, d.errors = enoughFree, syncTime, 0, 0
}
