package faultdisk

import (
	"context"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// node is a file or directory.
type node struct {
	*fs.LoopbackNode
	faults *faults
}

// WrapChild implements fs.NodeWrapChilder.
func (n *node) WrapChild(_ context.Context, child fs.InodeEmbedder) fs.InodeEmbedder {
	return &node{child.(*fs.LoopbackNode), n.faults}
}

// Open implements fs.NodeOpener.
func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, out, errno := n.LoopbackNode.Open(ctx, flags)
	return n.wrap(f), out, errno
}

// Create implements fs.NodeCreater.
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	if !n.faults.take(1) {
		return nil, nil, 0, syscall.ENOSPC
	}
	inode, f, more, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	return inode, n.wrap(f), more, errno
}

func (n *node) wrap(f fs.FileHandle) fs.FileHandle {
	if lf, ok := f.(*fs.LoopbackFile); ok {
		return &file{lf, n.faults}
	}
	return f
}

// Unlink implements fs.NodeUnlinker. What the file took is free again.
func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	var was fuse.EntryOut
	if _, errno := n.LoopbackNode.Lookup(ctx, name, &was); errno == 0 {
		defer n.faults.give(int64(was.Blocks) * 512)
	}
	return n.LoopbackNode.Unlink(ctx, name)
}

// Statfs implements fs.NodeStatfser.
func (n *node) Statfs(ctx context.Context, out *fuse.StatfsOut) syscall.Errno {
	errno := n.LoopbackNode.Statfs(ctx, out)
	if room, full := n.faults.left(); full && out.Bsize > 0 {
		out.Bfree = uint64(room) / uint64(out.Bsize)
		out.Bavail = out.Bfree
	}
	return errno
}

// Fsync implements fs.NodeFsyncer, for directories.
func (n *node) Fsync(ctx context.Context, f fs.FileHandle, flags uint32) syscall.Errno {
	if s, ok := f.(fs.FileFsyncer); ok {
		return s.Fsync(ctx, flags)
	}
	return n.faults.delayedSync(ctx, func() syscall.Errno { return 0 })
}

// delayedSync is a sync on a disk with faults.
func (f *faults) delayedSync(ctx context.Context, sync func() syscall.Errno) syscall.Errno {
	longer, fails := f.sync()
	if longer > 0 {
		late := time.NewTimer(longer)
		defer late.Stop()
		select {
		case <-late.C:
		case <-ctx.Done(): // the process was killed
		}
	}
	if fails {
		return syscall.EIO
	}
	return sync()
}

// file is an open file.
type file struct {
	*fs.LoopbackFile
	faults *faults
}

// PassthroughFd keeps the kernel from going past us.
func (f *file) PassthroughFd() (int, bool) { return 0, false }

// Write implements fs.FileWriter.
func (f *file) Write(ctx context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	if !f.faults.take(int64(len(data))) {
		return 0, syscall.ENOSPC
	}
	return f.LoopbackFile.Write(ctx, data, off)
}

// Allocate implements fs.FileAllocater.
func (f *file) Allocate(ctx context.Context, off, size uint64, mode uint32) syscall.Errno {
	if room, full := f.faults.left(); full && uint64(room) < size {
		return syscall.ENOSPC
	}
	return f.LoopbackFile.Allocate(ctx, off, size, mode)
}

// Fsync implements fs.FileFsyncer.
func (f *file) Fsync(ctx context.Context, flags uint32) syscall.Errno {
	return f.faults.delayedSync(ctx, func() syscall.Errno { return f.LoopbackFile.Fsync(ctx, flags) })
}
