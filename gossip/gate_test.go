package gossip

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const labelled = "\xf4\x06troupe"

// encrypted is a plain message as memberlist sends it with a key.
func encrypted(secret []byte, version byte, plain string) string {
	block, _ := aes.NewCipher(secret)
	aead, _ := cipher.NewGCM(block)
	length := 1 + aead.NonceSize() + len(plain) + aead.Overhead()
	head := binary.BigEndian.AppendUint32([]byte{encryptMsg}, uint32(length))
	return string(head) + sealed(aead, version, plain, string(head)+label)
}

func sealed(aead cipher.AEAD, version byte, plain, known string) string {
	nonce := make([]byte, aead.NonceSize())
	return string(aead.Seal(append([]byte{version}, nonce...), nonce, []byte(plain), []byte(known)))
}

// trap claims a million nodes, for which memberlist makes room at once.
const trap = "\x06\x83\xa5Nodes\xce\x00\x10\x00\x00\xacUserStateLen\x00\xa4Join\xc3"

// allocated is how many bytes f allocates. No other test may run.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestGate(t *testing.T) {
	const state = "\x06\x82\xa5Nodes\x01\xacUserStateLen\x03\x82\xa4Name\xa1n\xa4Meta\xa2mm123"
	tests := map[string]struct {
		in   string
		keys [][]byte
		want error
	}{
		"nothing":                    {"", nil, io.EOF},
		"cut":                        {labelled + state[:len(state)-1], nil, io.ErrUnexpectedEOF},
		"whole":                      {labelled + state, nil, nil},
		"with more behind":           {labelled + state + "more", nil, nil},
		"an error":                   {labelled + "\x0d\x81\xa5Error\xa3why", nil, nil},
		"a ping":                     {labelled + "\x00\x82\xa5SeqNo\xcd\x01\x00\xa4Node\xa0", nil, nil},
		"no label":                   {state, nil, errStream},
		"another label":              {"\xf4\x06trouqe" + state, nil, errStream},
		"a million nodes":            {labelled + trap, nil, errBound},
		"as many as may be":          {labelled + "\x06\x81\xa5Nodes\xcd\x10\x00", nil, io.ErrUnexpectedEOF},
		"one more":                   {labelled + "\x06\x81\xa5Nodes\xcd\x10\x01", nil, errBound},
		"as many, signed":            {labelled + "\x06\x81\xa5Nodes\xd1\x10\x00", nil, io.ErrUnexpectedEOF},
		"less than none, signed":     {labelled + "\x06\x81\xa5Nodes\xd2\xff\xff\xff\xf0", nil, errBound},
		"less than none":             {labelled + "\x06\x81\xa5Nodes\xff", nil, errBound},
		"nodes in words":             {labelled + "\x06\x81\xa5Nodes\xa4many", nil, errBound},
		"first few, then many":       {labelled + "\x06\x82\xa5Nodes\x00\xa5Nodes\xce\x00\x10\x00\x00", nil, errBound},
		"a large state":              {labelled + "\x06\x81\xacUserStateLen\xce\x01\x00\x00\x00", nil, errBound},
		"a state that does not come": {labelled + "\x06\x81\xacUserStateLen\xce\x00\x7f\xff\xff", nil, io.ErrUnexpectedEOF},
		"a large message":            {labelled + "\x08\x81\xaaUserMsgLen\xce\x01\x00\x00\x00", nil, errBound},
		"a large value":              {labelled + "\x00\x81\xa4Node\xdb\xff\xff\xff\xff", nil, errBound},
		"lists in lists":             {labelled + "\x00\x81\xa4Node" + strings.Repeat("\x91", 1<<20), nil, errStream},
		"compressed":                 {labelled + "\x09\x81\xa3Buf\xa1x", nil, errStream},
		"encrypted, and we are not":  {labelled + encrypted(key(1), 1, state), nil, errStream},

		"with a key":                  {labelled + encrypted(key(1), 1, state), [][]byte{key(2), key(1)}, nil},
		"with another key":            {labelled + encrypted(key(3), 1, state), [][]byte{key(2), key(1)}, errStream},
		"plain":                       {labelled + state, [][]byte{key(1)}, errStream},
		"a million nodes, with a key": {labelled + encrypted(key(1), 1, trap), [][]byte{key(1)}, errBound},
		"nothing, with a key":         {labelled + encrypted(key(1), 1, ""), [][]byte{key(1)}, errStream},
		"padded":                      {labelled + encrypted(key(1), 0, state), [][]byte{key(1)}, errStream},
		"cut, with a key":             {labelled + "\x0a\x00\x7f\xff\xff123", [][]byte{key(1)}, io.ErrUnexpectedEOF},
		"more than any":               {labelled + "\x0a\x7f\xff\xff\xff123", [][]byte{key(1)}, errBound},
	}
	for name, tt := range tests {
		g, err := newGate(tt.keys)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		spent := allocated(func() { got, err = g.stream(strings.NewReader(tt.in), true) })
		if !errors.Is(err, tt.want) || err == nil && string(got) != tt.in {
			t.Errorf("%s: %v", name, err)
		}
		if spent > 256<<10 {
			t.Errorf("%s: %d bytes allocated for %d", name, spent, len(tt.in))
		}
	}
}

// TestGateSpendsNoMoreThanCame: whatever arrives, and in whatever pieces.
func TestGateSpendsNoMoreThanCame(t *testing.T) {
	g, err := newGate(nil)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		in := []byte(rapid.SampledFrom([]string{"\x06\x83\xa5Nodes", "\x08\x81\xaaUserMsgLen", "\x06\x81\xacUserStateLen", "\x00", ""}).Draw(t, "head"))
		in = append(in, rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "rest")...)
		src := io.MultiReader(bytes.NewReader(in[:len(in)/2]), bytes.NewReader(in[len(in)/2:]))
		var got []byte
		spent := allocated(func() { got, err = g.stream(src, false) })
		if !bytes.HasPrefix(in, got) || spent > 256<<10 {
			t.Fatalf("%d bytes of %d, %d allocated, %v", len(got), len(in), spent, err)
		}
	})
}

// TestClaimsCostNothing: neither one who dials nor one who is dialled makes a
// node allocate by what it claims.
func TestClaimsCostNothing(t *testing.T) {
	l, err := net.Listen("tcp", freeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, trap)
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	spent := allocated(func() {
		m := start(t, options{cluster: clusterX, join: []string{l.Addr().String()}})
		for range 20 {
			c, err := net.Dial("tcp", m.Addr())
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, labelled+trap)
			io.Copy(io.Discard, c)
			c.Close()
		}
		eventually(t, "the other was asked", func() bool { return tries(m, l.Addr().String()) > 2 })
	})
	if spent > 64<<20 {
		t.Errorf("%d MiB allocated", spent>>20)
	}
}

// TestPaddedPacket: one in the older encryption, which memberlist can't take
// when the padding is a lie, is dropped.
func TestPaddedPacket(t *testing.T) {
	t.Parallel()
	ms := startCluster(t, 2, clusterX, key(1))
	block, _ := aes.NewCipher(key(1))
	aead, _ := cipher.NewGCM(block)
	pelt(t, "udp", ms[0].Addr(), []byte(labelled+sealed(aead, 0, strings.Repeat("\xff", 32), label)))
	ms[0].change(delta(1, 1))
	agree(t, 1, 1, ms...)
}
