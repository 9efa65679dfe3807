package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"go.etcd.io/raft/v3/raftpb"
)

// contents is no repetition of anything as long as a chunk.
func contents(size int) []byte {
	b := make([]byte, size)
	x := uint64(1)
	for i := range b {
		x = x*6364136223846793005 + 1442695040888963407
		b[i] = byte(x >> 56)
	}
	return b
}

func headerOf(content []byte) *wire.Snapshot {
	m := raftMessage(0, 0)
	kind, index, term := raftpb.MsgSnap, uint64(7), uint64(3)
	m.Message.Type, m.Message.Index = &kind, nil
	m.Message.Snapshot = &raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{
		ConfState: &raftpb.ConfState{Voters: []uint64{1, 2}}, Index: &index, Term: &term,
	}}
	return &wire.Snapshot{Shard: 4, From: 1, To: 2, Size: int64(len(content)), Sum: xxhash.Sum64(content),
		Message: m.Message, Meta: []byte("meta")}
}

func (x *node) put(path string, content []byte) {
	x.t.Helper()
	f, err := x.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.Write(bytes.Clone(content)) // a race build of vfs spoils what it was given
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *node) get(path string) []byte {
	x.t.Helper()
	f, err := x.fs.Open(path)
	if err != nil {
		x.t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		x.t.Fatal(err)
	}
	return b
}

func (x *node) names() []string {
	x.t.Helper()
	names, err := x.fs.List("in")
	if err != nil {
		x.t.Fatal(err)
	}
	return names
}

// sendFile sends the content under the header and returns what became of it.
func (x *node) sendFile(to slotmap.NodeID, content []byte, h *wire.Snapshot) error {
	x.t.Helper()
	x.put("file", content)
	x.ask(to, h, "tag")
	m := receive(x.t, "FileSent", x.answers)
	if m.To != to || m.Tag != "tag" {
		x.t.Fatalf("got %+v", m)
	}
	return m.Err
}

func (x *node) ask(to slotmap.NodeID, h *wire.Snapshot, tag any) {
	x.system.Root.Send(x.links.Bulk(to), &SendFile{To: to, Target: "shard/4", Header: h, Path: "file",
		Reply: x.links.cfg.Node, Tag: tag})
}

func TestFile(t *testing.T) {
	eachWay(t, func(t *testing.T, way func(*Config)) {
		b := newBook()
		one, two := startNode(t, b, 1, way), startNode(t, b, 2, way)
		for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 17} {
			content := contents(size)
			h := headerOf(content)
			if err := one.sendFile(two.id, content, h); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			m := receive(t, "Received", two.files)
			if m.From != one.id || m.Target != "shard/4" || !bytes.Equal(two.get(m.Path), content) {
				t.Fatalf("%d bytes: got %+v", size, m)
			}
			if !bytes.Equal(m.Header.AppendMsgpack(nil), h.AppendMsgpack(nil)) {
				t.Fatalf("header %+v", m.Header)
			}
		}
		for _, name := range two.names() {
			if !strings.HasSuffix(name, finalEnd) {
				t.Errorf("left over: %s", name)
			}
		}
		if s := one.links.Stats(); s.FilesSent != 6 || s.FilesFailed != 0 {
			t.Fatalf("%+v", s)
		}
		nothing(t, "Up without a message sent", one.ups)
	})
}

func TestManyFilesInOrder(t *testing.T) {
	b := newBook()
	one, two := startNode(t, b, 1), startNode(t, b, 2)
	content := contents(1000)
	one.put("file", content)
	const count = 20
	for i := range count {
		one.ask(two.id, headerOf(content), i)
	}
	for i := range count {
		if m := receive(t, "FileSent", one.answers); m.Tag != i || m.Err != nil {
			t.Fatalf("got %+v where %d was due", m, i)
		}
	}
}

// Whatever fails: the sender is told why, the receiver keeps nothing and tells nobody.
func TestFileRefused(t *testing.T) {
	content := contents(2*chunkSize + 5)
	cases := []struct {
		name   string
		change func(*wire.Snapshot)
		two    func(*Config)
		want   error
		text   string
	}{
		{"wrong checksum", func(h *wire.Snapshot) { h.Sum++ }, nil, ErrFile, "checksum"},
		{"file is shorter", func(h *wire.Snapshot) { h.Size++ }, nil, ErrFile, ""},
		{"file is longer", func(h *wire.Snapshot) { h.Size-- }, nil, ErrFile, ""},
		{"no room", nil, func(c *Config) { c.Claim = func(int64) (func(), bool) { return nil, false } }, ErrRefused, errNoRoom.Error()},
		{"takes no files", nil, func(c *Config) { c.Incoming = "" }, ErrRefused, errNoFiles.Error()},
		{"disk full at create", nil, diskFull(errorfs.OpCreate), ErrRefused, "no space"},
		{"disk full at write", nil, diskFull(errorfs.OpFileWrite), ErrRefused, "no space"},
		{"disk full at sync", nil, diskFull(errorfs.OpFileSync), ErrRefused, "no space"},
		{"disk full at rename", nil, diskFull(errorfs.OpRename), ErrRefused, "no space"},
		{"cannot sync the directory", nil, diskFull(errorfs.OpOpenDir), ErrRefused, "no space"},
		{"cannot be read", nil, checked(chunkSize+1, false), ErrRefused, errContent.Error() + ": unreadable"},
		{"cannot be read as a whole", nil, checked(len(content), true), ErrRefused, errContent.Error() + ": unreadable"},
		{"another cluster", nil, func(c *Config) {
			c.Cluster = func() slotmap.ClusterID { return slotmap.ClusterID{8} }
		}, wire.ErrCluster, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBook()
			one := startNode(t, b, 1)
			var change []func(*Config)
			if c.two != nil {
				change = append(change, c.two)
			}
			two := startNode(t, b, 2, change...)
			h := headerOf(content)
			if c.change != nil {
				c.change(h)
			}
			err := one.sendFile(two.id, content, h)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("got %v", err)
			}
			if n := two.links.Stats().FilesUnreadable; (n == 1) != strings.HasPrefix(c.name, "cannot be read") {
				t.Fatalf("%d files that cannot be read", n)
			}
			two.links.Close() // ends what the receiver still does
			nothing(t, "Received", two.files)
			if two.links.cfg.Incoming != "" && len(two.names()) > 0 {
				t.Fatalf("left over: %v", two.names())
			}
		})
	}
}

// A file that was refused is read again, to tell damage here from damage on the way.
func TestRefusedFileIsVerified(t *testing.T) {
	content := contents(2*chunkSize + 5)
	h := headerOf(content)
	flipped := bytes.Clone(content)
	flipped[chunkSize] ^= 1
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{{"whole", content, nil}, {"flipped", flipped, ErrFile}, {"cut", content[:chunkSize], ErrFile}} {
		if err := verify(h, bytes.NewReader(c.file)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A check that panics ends the transfer, and leaves nothing.
func TestPanicOfACheckLeavesNoFile(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1)
	two := startNode(t, b, 2, func(c *Config) {
		c.Check = func(*wire.Snapshot) FileCheck { return panicking{} }
	})
	content := contents(2 * chunkSize)
	if err := one.sendFile(two.id, content, headerOf(content)); err == nil {
		t.Fatal("the file was taken")
	}
	two.links.Close()
	nothing(t, "Received", two.files)
	if len(two.names()) > 0 {
		t.Fatalf("left over: %v", two.names())
	}
}

type panicking struct{}

func (panicking) Write([]byte) (int, error) { panic("a bug in the check") }
func (panicking) Finish() error             { return nil }

// checked refuses a file that differs from contents, or once it has so many bytes, or at its end.
func checked(bytes int, end bool) func(*Config) {
	return func(c *Config) {
		c.Check = func(*wire.Snapshot) FileCheck {
			return &fileCheck{want: contents(2*chunkSize + 5), bytes: bytes, end: end}
		}
	}
}

type fileCheck struct {
	want  []byte
	bytes int
	end   bool
}

func (c *fileCheck) Write(b []byte) (int, error) {
	if !bytes.HasPrefix(c.want, b) {
		return 0, errors.New("another content")
	}
	c.want, c.bytes = c.want[len(b):], c.bytes-len(b)
	if c.bytes <= 0 && !c.end {
		return 0, errors.New("unreadable piece")
	}
	return len(b), nil
}

func (c *fileCheck) Finish() error {
	if c.bytes > 0 || len(c.want) > 0 {
		return errors.New("another length")
	}
	return errors.New("unreadable")
}

// diskFull lets operations of that kind fail as on a full disk. The node's directory exists before.
func diskFull(kind errorfs.OpKind) func(*Config) {
	return func(c *Config) {
		var armed atomic.Bool
		c.FS = errorfs.Wrap(c.FS, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if armed.Load() && op.Kind == kind {
				return syscall.ENOSPC
			}
			return nil
		}))
		c.Claim = func(int64) (func(), bool) {
			armed.Store(true)
			return func() {}, true
		}
	}
}

// cut is a connection that breaks after so many written bytes.
type cut struct {
	net.Conn
	left int
}

func (c *cut) Write(b []byte) (int, error) {
	if c.left -= len(b); c.left < 0 {
		c.Conn.Close()
	}
	return c.Conn.Write(b)
}

func TestFileInterrupted(t *testing.T) {
	b := newBook()
	var whole atomic.Bool
	one := startNode(t, b, 1, func(c *Config) {
		c.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err != nil || whole.Load() {
				return conn, err
			}
			return &cut{conn, 2 * chunkSize}, nil
		}
	})
	two := startNode(t, b, 2)
	content := contents(4 * chunkSize)
	if err := one.sendFile(two.id, content, headerOf(content)); err == nil {
		t.Fatal("sent through a connection that was cut")
	}
	until(t, "the receiver gives up", func() bool { return two.links.Stats().FilesFailed == 1 })
	if names := two.names(); len(names) > 0 {
		t.Fatalf("left over: %v", names)
	}
	nothing(t, "Received", two.files)
	whole.Store(true)
	if err := one.sendFile(two.id, content, headerOf(content)); err != nil {
		t.Fatal(err)
	}
}

// The receiver dies in the middle; the sender must not wait for it.
func TestReceiverOfFileDies(t *testing.T) {
	b := newBook()
	release := make(chan struct{})
	one := startNode(t, b, 1)
	f := fakePeer(t, b, 9, stuck(release))
	content := contents(8 << 20)
	one.put("file", content)
	one.ask(f.id, headerOf(content), nil)
	close(release)
	if m := receive(t, "FileSent", one.answers); m.Err == nil {
		t.Fatal("sent to nobody")
	}
}

func TestReceiverOfFileNeverAnswers(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1, func(c *Config) { c.timing.ack = 1 })
	f := fakePeer(t, b, 9, answerPings) // reads, and says nothing to a file
	content := contents(1000)
	if err := one.sendFile(f.id, content, headerOf(content)); err == nil {
		t.Fatal("sent to nobody")
	}
}

func TestFileErrorsOfTheSender(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1)
	two := startNode(t, b, 2)
	one.ask(two.id, headerOf(nil), nil) // there is no file
	if m := receive(t, "FileSent", one.answers); m.Err == nil {
		t.Fatal("sent no file")
	}
	one.put("file", nil)
	one.ask(nodeID(3), headerOf(nil), nil)
	if m := receive(t, "FileSent", one.answers); !errors.Is(m.Err, ErrNoAddress) {
		t.Fatal(m.Err)
	}
	one.system.Root.Send(one.links.Bulk(two.id), &SendFile{To: nodeID(3), Header: headerOf(nil), Reply: one.links.cfg.Node})
	if m := receive(t, "FileSent", one.answers); !errors.Is(m.Err, ErrNode) {
		t.Fatal(m.Err)
	}
}

func TestTooManyFilesWait(t *testing.T) {
	b := newBook()
	g := newGate()
	one, two := startNode(t, b, 1, func(c *Config) { c.Dial = g.dial }), startNode(t, b, 2)
	one.put("file", nil)
	one.ask(two.id, headerOf(nil), 0)
	until(t, "the first dials", func() bool { return g.dials.Load() == 1 })
	for i := range maxTransfers {
		one.ask(two.id, headerOf(nil), 1+i)
	}
	one.ask(two.id, headerOf(nil), "one too many")
	if m := receive(t, "FileSent", one.answers); m.Tag != "one too many" || !errors.Is(m.Err, ErrBusy) {
		t.Fatalf("got %+v", m)
	}
	close(g.open)
	for range 1 + maxTransfers {
		if m := receive(t, "FileSent", one.answers); m.Err != nil {
			t.Fatal(m.Err)
		}
		receive(t, "Received", two.files)
	}
}

// A second transfer of a peer is a sign that the sender gave up the first.
func TestNewerFileEndsOlder(t *testing.T) {
	b := newBook()
	one := startNode(t, b, 1)
	f := fakePeer(t, b, 9, answerPings)
	hello := f.hello()
	hello.Bulk = true
	older, _ := greetAs(t, one, hello)
	content := contents(10)
	older.Write(wire.AppendFrame(nil, "x", headerOf(content)))
	until(t, "the file is begun", func() bool { return len(one.names()) == 1 })
	newer, r := greetAs(t, one, hello)
	newer.Write(wire.AppendFrame(wire.AppendFrame(nil, "x", headerOf(content)), "", &wire.Chunk{Data: content}))
	body, err := wire.ReadFrame(r, nil, maxPongs)
	if err != nil {
		t.Fatal(err)
	}
	if _, m, err := wire.DecodeFrame(body); err != nil || m.(*wire.Reply).Status != fileSafe {
		t.Fatal(m, err)
	}
	receive(t, "Received", one.files)
	waitClosed(t, older)
	until(t, "only the newer is left", func() bool { return len(one.names()) == 1 })
}

func TestPiecesThatDoNotFit(t *testing.T) {
	for name, sizes := range map[string][]int{"too long": {4, 7}, "empty": {4, 0, 6}} {
		t.Run(name, func(t *testing.T) {
			b := newBook()
			one := startNode(t, b, 1)
			hello := fakePeer(t, b, 9, answerPings).hello()
			hello.Bulk = true
			c, r := greetAs(t, one, hello)
			c.Write(wire.AppendFrame(nil, "x", headerOf(contents(10))))
			for _, size := range sizes {
				c.Write(wire.AppendFrame(nil, "", &wire.Chunk{Data: contents(size)}))
			}
			body, err := wire.ReadFrame(r, nil, maxPongs)
			if err != nil {
				t.Fatal(err)
			}
			if _, m, err := wire.DecodeFrame(body); err != nil || m.(*wire.Reply).Status != fileRefused {
				t.Fatal(m, err)
			}
			if names := one.names(); len(names) > 0 {
				t.Fatalf("left over: %v", names)
			}
		})
	}
}

func TestStaleTemporaryFilesAreRemovedAtStart(t *testing.T) {
	fs := vfs.NewMem()
	x := &node{t: t, fs: fs}
	if err := fs.MkdirAll("in", 0o700); err != nil {
		t.Fatal(err)
	}
	x.put("in/recv-4-2-00ff.snap.tmp", contents(10))
	x.put("in/recv-4-2-00aa.snap", contents(10))
	x.put("in/other.tmp", contents(10))
	one := startNode(t, newBook(), 1, func(c *Config) { c.FS = fs })
	one.fs = fs
	names := strings.Join(one.names(), " ")
	if strings.Contains(names, "00ff") || !strings.Contains(names, "00aa") || !strings.Contains(names, "other") {
		t.Fatal(names)
	}
}
