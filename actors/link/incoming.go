package link

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/troupedb/troupe/wire"
)

// Names of received files. Nothing in them comes from another node but numbers.
const (
	prefix   = "recv-"
	tempEnd  = ".tmp"
	finalEnd = ".snap"
)

// syncEvery keeps the disk busy while a file arrives, so that the final sync, which the node's log shares the
// disk with, is short.
const syncEvery = 1 << 20

// prepare makes the directory and removes what transfers left that a crash cut short.
func prepare(fs vfs.FS, dir string) error {
	if dir == "" {
		return nil
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, tempEnd) {
			err = errors.Join(err, fs.Remove(fs.PathJoin(dir, name)))
		}
	}
	return err
}

// incoming is a file that is being received. It belongs to one goroutine.
type incoming struct {
	fs    vfs.FS
	dir   string
	final string // base name
	file  vfs.File
	sum   *xxhash.Digest
	left  int64
	check FileCheck // nil: none
}

// temp is the base name until the file is complete.
func (in *incoming) temp() string { return in.final + tempEnd }

func (in *incoming) path(name string) string { return in.fs.PathJoin(in.dir, name) }

func createIncoming(fs vfs.FS, dir string, h *wire.Snapshot) (*incoming, error) {
	var random [8]byte
	rand.Read(random[:])
	in := &incoming{fs: fs, dir: dir, sum: xxhash.New(), left: h.Size}
	in.final = fmt.Sprintf("%s%d-%d-%s%s", prefix, h.Shard, h.To, hex.EncodeToString(random[:]), finalEnd)
	file, err := fs.Create(in.path(in.temp()), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	in.file = vfs.NewSyncingFile(file, vfs.SyncingFileOptions{BytesPerSync: syncEvery})
	return in, nil
}

func (in *incoming) add(data []byte) error {
	if len(data) == 0 || int64(len(data)) > in.left {
		return fmt.Errorf("a piece of %d bytes where %d are missing: %w", len(data), in.left, ErrFile)
	}
	in.left -= int64(len(data))
	in.sum.Write(data)
	if in.check != nil {
		if _, err := in.check.Write(data); err != nil {
			return fmt.Errorf("%w: %w", errContent, err)
		}
	}
	_, err := in.file.Write(data)
	return err
}

// commit makes the file durable under its final name and returns its path. If it fails, abort is to be called.
func (in *incoming) commit(sum uint64) (string, error) {
	if in.left != 0 || in.sum.Sum64() != sum {
		return "", fmt.Errorf("%d bytes missing, checksum %016x, announced %016x: %w", in.left, in.sum.Sum64(), sum, ErrFile)
	}
	if err := in.finishCheck(); err != nil {
		return "", err
	}
	err := errors.Join(in.file.Sync(), in.file.Close())
	in.file = nil
	if err != nil {
		return "", err
	}
	if err := in.publish(); err != nil {
		return "", err
	}
	return in.path(in.final), nil
}

func (in *incoming) finishCheck() error {
	if in.check == nil {
		return nil
	}
	if err := in.check.Finish(); err != nil {
		return fmt.Errorf("%w: %w", errContent, err)
	}
	return nil
}

func (in *incoming) publish() error {
	if err := in.fs.Rename(in.path(in.temp()), in.path(in.final)); err != nil {
		return err
	}
	dir, err := in.fs.OpenDir(in.dir)
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		in.fs.Remove(in.path(in.final))
	}
	return err
}

// abort removes the temporary file; the errors of what is thrown away are of no interest.
func (in *incoming) abort() {
	if in.file != nil {
		in.file.Close()
		in.file = nil
	}
	in.fs.Remove(in.path(in.temp()))
}
