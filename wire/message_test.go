package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
	"github.com/vmihailenco/msgpack/v5"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// body cuts the length off a frame.
func body(frame []byte) []byte { return frame[frameHead:] }

// equalMessages compares messages, those of raft by their own rules.
func equalMessages(a, b Message) bool {
	switch a := a.(type) {
	case *Raft:
		b, ok := b.(*Raft)
		return ok && a.Shard == b.Shard && proto.Equal(a.Message, b.Message)
	case *Snapshot:
		b, ok := b.(*Snapshot)
		if !ok || !proto.Equal(a.Message, b.Message) {
			return false
		}
		x, y := *a, *b
		x.Message, y.Message = nil, nil
		return reflect.DeepEqual(x, y)
	}
	return reflect.DeepEqual(a, b)
}

// examples holds one full and one empty message of each kind.
func examples() []Message {
	snap := snapMessage()
	return []Message{
		&Raft{Shard: 4, Message: appMessage(3)},
		&Raft{Shard: math.MaxUint32, Message: snap},
		&Removed{Shard: 1, Replica: 7, Index: 900},
		&Promise{Shard: 1, Replica: 7, Term: 3, Round: math.MaxUint64},
		&Absent{Directory: []byte("nodes")},
		&Absent{Directory: []byte{}},
		&Snapshot{Shard: 2, From: snap.GetFrom(), To: snap.GetTo(), Size: 1 << 40, Sum: math.MaxUint64, Message: snap, Meta: []byte("meta")},
		&Snapshot{Shard: 2, From: snap.GetFrom(), To: snap.GetTo(), Message: snap, Meta: []byte{}},
		&Chunk{Data: []byte("data")},
		&Chunk{Data: []byte{}},
		&Request{ID: 9, Shard: 3, Ops: []byte("ops"), Count: 2, Write: true, Proto: 3, Quiet: true},
		&Request{Shard: 1, Ops: []byte{}},
		&Reply{ID: 9, Status: 1, Replies: []byte("+OK\r\n:1\r\n"), Ends: []uint32{5, 9}, Index: 77, Leader: slotmap.NodeID{1, 2}},
		&Reply{Replies: []byte{}, Ends: []uint32{}},
		&Ping{ID: 5},
		&Pong{ID: math.MaxUint64},
		&Publish{Shard: true, Channel: "news", Payload: []byte("a\r\nb")},
		&Publish{Payload: []byte{}},
		&Reply{Replies: []byte("*-1\r\n"), Ends: []uint32{5}, Cancelled: true},
		&Unblock{ID: math.MaxUint64, Error: true},
		&Waiting{IDs: []uint64{1, 3, math.MaxUint64}},
		&Waiting{IDs: []uint64{}},
		&Copies{ID: 9, Shard: 3, Index: 77, Need: 2, Timeout: maxTimeout},
		&Copied{ID: 9, Followers: 2, Leads: true},
		&Survey{ID: 9},
		&Surveyed{ID: 9, Syncs: Times{Sum: math.MaxUint64, Below: []uint64{1, 2, 2}}, Reads: Times{Sum: 7}, Writes: Times{Below: []uint64{0}}, Replicas: []Standing{
			{Shard: 1, Replica: 2, Role: 3, Term: 4, Last: 100, Commit: 89, Applied: 88, Snapshot: 50, Keys: 7, Bytes: 1 << 40, Written: 8, Read: 9},
			{Shard: math.MaxUint32, Keys: -1},
		}},
		&Surveyed{Replicas: []Standing{}},
		&Confirm{ID: math.MaxUint64, Leads: []Lead{{Shard: 1, Replica: 2, Term: 3}, {Shard: math.MaxUint32, Replica: math.MaxUint64, Term: math.MaxUint64}}},
		&Confirm{Leads: []Lead{}},
		&Confirmed{ID: 9, Not: []uint32{0, 2, MaxLeads - 1}},
		&Confirmed{Not: []uint32{}},
	}
}

func TestRoundTrip(t *testing.T) {
	seen := map[Kind]bool{}
	for _, m := range examples() {
		seen[m.Kind()] = true
		frame := AppendFrame([]byte("before"), "shard/4", m)
		if !bytes.HasPrefix(frame, []byte("before")) {
			t.Fatalf("kind %d overwrites what stands before it", m.Kind())
		}
		target, back, err := DecodeFrame(body(frame[len("before"):]))
		if err != nil || target != "shard/4" || !equalMessages(m, back) {
			t.Errorf("kind %d: %q %+v %v", m.Kind(), target, back, err)
		}
	}
	for kind := range 256 {
		if readBody(new(pack.Reader), Kind(kind)) != nil && !seen[Kind(kind)] {
			t.Errorf("no example of kind %d", kind)
		}
	}
}

// TestFramesAreMsgpack: another implementation reads every frame as one array
// of kind, target and body, with nothing left over.
func TestFramesAreMsgpack(t *testing.T) {
	for _, m := range examples() {
		dec := msgpack.NewDecoder(bytes.NewReader(body(AppendFrame(nil, "shard/4", m))))
		v, err := dec.DecodeInterfaceLoose()
		if err != nil {
			t.Fatalf("kind %d: %v", m.Kind(), err)
		}
		a, ok := v.([]any)
		if !ok || len(a) != 3 || fmt.Sprint(a[0]) != fmt.Sprint(m.Kind()) || a[1] != "shard/4" {
			t.Fatalf("kind %d: %v", m.Kind(), v)
		}
		if _, ok := a[2].([]any); !ok {
			t.Errorf("kind %d: the body is a %T", m.Kind(), a[2])
		}
		if _, err := dec.DecodeInterface(); err == nil {
			t.Errorf("kind %d: bytes left over", m.Kind())
		}
	}
}

// TestMessagesOwnTheirBytes: overwriting the read buffer changes no message.
func TestMessagesOwnTheirBytes(t *testing.T) {
	for _, m := range examples() {
		b := body(AppendFrame(nil, "shard/4", m))
		target, back, err := DecodeFrame(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			b[i] = 0xc1
		}
		if target != "shard/4" || !equalMessages(m, back) {
			t.Errorf("kind %d aliases the buffer: %+v", m.Kind(), back)
		}
	}
}

// TestPrefixesFail: no frame that was cut short or made longer is accepted.
func TestPrefixesFail(t *testing.T) {
	for _, m := range examples() {
		b := body(AppendFrame(nil, "shard/4", m))
		for cut := range b {
			if _, m, err := DecodeFrame(b[:cut]); err == nil {
				t.Fatalf("%d of %d bytes decode as %+v", cut, len(b), m)
			}
		}
		if _, _, err := DecodeFrame(append(b, 0)); !errors.Is(err, pack.ErrTrailing) {
			t.Errorf("kind %d with a byte more: %v", m.Kind(), err)
		}
	}
}

func TestPlainMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfN(rapid.Byte(), 0, 400)
		m := rapid.SampledFrom([]Message{
			&Removed{Shard: 1 + slotmap.ShardID(rapid.Uint32Max(9).Draw(t, "shard")), Replica: rapid.Uint64().Draw(t, "n"), Index: rapid.Uint64().Draw(t, "i")},
			&Chunk{Data: append([]byte{}, some.Draw(t, "data")...)},
			&Request{ID: rapid.Uint64().Draw(t, "id"), Shard: 1 + slotmap.ShardID(rapid.Uint32Max(9).Draw(t, "shard")), Ops: append([]byte{}, some.Draw(t, "ops")...),
				Count: rapid.Uint32().Draw(t, "count"), Write: rapid.Bool().Draw(t, "write"), Proto: rapid.Uint8().Draw(t, "proto")},
			&Ping{ID: rapid.Uint64().Draw(t, "id")},
		}).Draw(t, "message")
		target := rapid.StringMatching(`[a-z0-9/]{0,64}`).Draw(t, "target")
		gotTarget, back, err := DecodeFrame(body(AppendFrame(nil, target, m)))
		if err != nil || target != gotTarget || !equalMessages(m, back) {
			t.Fatalf("%q %+v %v", gotTarget, back, err)
		}
	})
}

// broken is a frame built by hand.
func broken(kind uint64, target string, fields ...func([]byte) []byte) []byte {
	b := pack.AppendString(pack.AppendUint(pack.AppendArray(nil, 3), kind), target)
	b = pack.AppendArray(b, len(fields))
	for _, f := range fields {
		b = f(b)
	}
	return b
}

func u(v uint64) func([]byte) []byte { return func(b []byte) []byte { return pack.AppendUint(b, v) } }
func bin(n int) func([]byte) []byte {
	return func(b []byte) []byte { return pack.AppendBytes(b, make([]byte, n)) }
}
func yes(b []byte) []byte { return pack.AppendBool(b, true) }
func raw(s string) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, s...) }
}
func uints(vs ...uint64) func([]byte) []byte {
	return func(b []byte) []byte {
		b = pack.AppendArray(b, len(vs))
		for _, v := range vs {
			b = pack.AppendUint(b, v)
		}
		return b
	}
}

// leads are the values of as many leaders.
func leads(n int) (out []uint64) {
	for range n {
		out = append(out, 1, 2, 3)
	}
	return out
}

// standings is an array of as many empty ones.
func standings(n int) func([]byte) []byte {
	return func(b []byte) []byte {
		b = pack.AppendArray(b, n)
		for range n {
			b = (&Standing{Shard: 1}).appendMsgpack(b)
		}
		return b
	}
}

func TestDecodeFrameLimits(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), MaxTarget))
	ping, reply, request, chunk, surveyed := uint64(KindPing), uint64(KindReply), uint64(KindRequest), uint64(KindChunk), uint64(KindSurveyed)
	confirm, confirmed := uint64(KindConfirm), uint64(KindConfirmed)
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"target at the limit", broken(ping, long, u(1)), nil},
		{"target over the limit", broken(ping, long+"x", u(1)), pack.ErrLimit},
		{"nothing", nil, pack.ErrShort},
		{"two fields", pack.AppendArray(nil, 2), pack.ErrShort},
		{"two fields with values", append(pack.AppendArray(nil, 2), 7, 0xa0), ErrInvalid},
		{"kind 0", broken(0, "", u(1)), ErrKind},
		{"kind after the last", broken(uint64(KindConfirmed+1), "", u(1)), ErrKind},
		{"kind 255", broken(255, "", u(1)), ErrKind},
		{"kind 256", broken(256, "", u(1)), pack.ErrLimit},
		{"ping of two fields", broken(ping, "", u(1), u(2)), pack.ErrLimit},
		{"removed of one field", broken(uint64(KindRemoved), "", u(1)), ErrInvalid},
		{"removed from shard 0", broken(uint64(KindRemoved), "", u(0), u(1), u(1)), ErrInvalid},
		{"removed from too large a shard", broken(uint64(KindRemoved), "", u(1<<32), u(1), u(1)), pack.ErrLimit},
		{"chunk at the limit", broken(chunk, "", bin(MaxChunk)), nil},
		{"chunk over the limit", broken(chunk, "", bin(MaxChunk+1)), pack.ErrLimit},
		{"chunk claimed only", broken(chunk, "", raw("\xc6\x00\x10\x00\x00")), pack.ErrShort},
		{"request", broken(request, "", u(1), u(1), bin(3), u(math.MaxUint32), yes, u(255), yes), nil},
		{"request for shard 0", broken(request, "", u(1), u(0), bin(3), u(1), yes, u(2), yes), ErrInvalid},
		{"request of too many", broken(request, "", u(1), u(1), bin(3), u(1<<32), yes, u(2), yes), pack.ErrLimit},
		{"request of protocol 256", broken(request, "", u(1), u(1), bin(3), u(1), yes, u(256), yes), pack.ErrLimit},
		{"reply", broken(reply, "", u(1), u(0), bin(3), uints(0, 0, 3), u(1), bin(20), yes), nil},
		{"reply of status 256", broken(reply, "", u(1), u(256), bin(3), uints(3), u(1), bin(20), yes), pack.ErrLimit},
		{"reply past its end", broken(reply, "", u(1), u(0), bin(3), uints(4), u(1), bin(20), yes), pack.ErrLimit},
		{"reply ends descend", broken(reply, "", u(1), u(0), bin(3), uints(2, 1), u(1), bin(20), yes), ErrInvalid},
		{"reply ends claimed only", broken(reply, "", u(1), u(0), bin(3), raw("\xdd\x0f\xff\xff\xff"), u(1), bin(20), yes), pack.ErrLimit},
		{"publish", broken(uint64(KindPublish), "", yes, bin(2), bin(0)), nil},
		{"publish of two fields", broken(uint64(KindPublish), "", yes, bin(2)), ErrInvalid},
		{"publish of no channel", broken(uint64(KindPublish), "", yes, u(1), bin(0)), pack.ErrType},
		{"publish claimed only", broken(uint64(KindPublish), "", yes, bin(2), raw("\xc6\x00\x10\x00\x00")), pack.ErrLimit},
		{"waiting at the limit", broken(uint64(KindWaiting), "", uints(make([]uint64, MaxWaiting)...)), nil},
		{"waiting over the limit", broken(uint64(KindWaiting), "", uints(make([]uint64, MaxWaiting+1)...)), pack.ErrLimit},
		{"waiting claimed only", broken(uint64(KindWaiting), "", raw("\xdd\x0f\xff\xff\xff")), pack.ErrLimit},
		{"a directory at the limit", broken(uint64(KindAbsent), "", bin(MaxDirectory)), nil},
		{"a directory over the limit", broken(uint64(KindAbsent), "", bin(MaxDirectory+1)), pack.ErrLimit},
		{"nobody surveyed", broken(surveyed, "", u(1), standings(0), uints(1), uints(1), uints(1)), nil},
		{"as many surveyed as may be", broken(surveyed, "", u(1), standings(MaxStandings), uints(1), uints(1), uints(1)), nil},
		{"more surveyed than may be", broken(surveyed, "", u(1), standings(MaxStandings+1), uints(1), uints(1), uints(1)), pack.ErrLimit},
		{"surveyed are claimed only", broken(surveyed, "", u(1), raw("\xdd\x0f\xff\xff\xff"), uints(1), uints(1), uints(1)), pack.ErrLimit},
		{"surveyed without its figures", broken(surveyed, "", u(1), uints(1), uints(1), uints(1), uints(1)), pack.ErrType},
		{"times at the limit", broken(surveyed, "", u(1), standings(0), uints(1), uints(1), uints(make([]uint64, MaxBounds+1)...)), nil},
		{"times over the limit", broken(surveyed, "", u(1), standings(0), uints(1), uints(1), uints(make([]uint64, MaxBounds+2)...)), pack.ErrLimit},
		{"times without a sum", broken(surveyed, "", u(1), standings(0), uints(1), uints(1), uints()), ErrInvalid},
		{"confirm at the limit", broken(confirm, "", u(1), uints(leads(MaxLeads)...)), nil},
		{"confirm over the limit", broken(confirm, "", u(1), uints(leads(MaxLeads+1)...)), pack.ErrLimit},
		{"confirm of two values", broken(confirm, "", u(1), uints(1, 1)), ErrInvalid},
		{"confirm for shard 0", broken(confirm, "", u(1), uints(0, 1, 1)), ErrInvalid},
		{"confirm claimed only", broken(confirm, "", u(1), raw("\xdd\x00\x00\x00\x30")), pack.ErrLimit},
		{"confirmed", broken(confirmed, "", u(1), uints(0, 7, MaxLeads-1)), nil},
		{"confirmed past its limit", broken(confirmed, "", u(1), uints(MaxLeads)), pack.ErrLimit},
		{"confirmed out of order", broken(confirmed, "", u(1), uints(5, 3)), ErrInvalid},
		{"confirmed twice", broken(confirmed, "", u(1), uints(0, 0)), ErrInvalid},
		{"confirmed claimed only", broken(confirmed, "", u(1), raw("\xdd\x0f\xff\xff\xff")), pack.ErrLimit},
		{"copies", broken(uint64(KindCopies), "", u(1), u(1), u(1), u(1), u(maxTimeout)), nil},
		{"copies for shard 0", broken(uint64(KindCopies), "", u(1), u(0), u(1), u(1), u(1)), ErrInvalid},
		{"copies of too many", broken(uint64(KindCopies), "", u(1), u(1), u(1), u(1<<31), u(1)), pack.ErrLimit},
		{"copies for too long", broken(uint64(KindCopies), "", u(1), u(1), u(1), u(1), u(maxTimeout+1)), pack.ErrLimit},
		{"short node id", broken(reply, "", u(1), u(0), bin(3), uints(3), u(1), bin(19), yes), ErrInvalid},
		{"long node id", broken(reply, "", u(1), u(0), bin(3), uints(3), u(1), bin(21), yes), pack.ErrLimit},
	} {
		if _, m, err := DecodeFrame(c.b); !errors.Is(err, c.want) || (m == nil) != (c.want != nil) {
			t.Errorf("%s: %v, %v", c.name, m, err)
		}
	}
}

// TestUnknownKindNamesTarget: such a frame can be skipped, so it is described.
func TestUnknownKindNamesTarget(t *testing.T) {
	target, m, err := DecodeFrame(broken(200, "shard/9", u(1)))
	if target != "shard/9" || m != nil || !errors.Is(err, ErrKind) {
		t.Errorf("%q %v %v", target, m, err)
	}
}

func FuzzDecodeFrame(f *testing.F) {
	for _, m := range examples() {
		f.Add(body(AppendFrame(nil, "shard/4", m)))
	}
	for _, m := range oneOfEachType() {
		f.Add(body(AppendFrame(nil, "", &Raft{Shard: 1, Message: m})))
	}
	f.Add(broken(uint64(KindRaft), "", u(1), raw("\x9d\x03\x01\x02\x05\x04\x04\x04\xc0\xc0\xc0\xc0\xdd\x00\x3f\xff\xfc")))
	f.Fuzz(func(t *testing.T, b []byte) {
		target, m, err := DecodeFrame(b)
		if err != nil {
			return
		}
		again, back, err := DecodeFrame(body(AppendFrame(nil, target, m)))
		if err != nil || again != target || !equalMessages(m, back) {
			t.Fatalf("%+v comes back as %+v, %v", m, back, err)
		}
	})
}
