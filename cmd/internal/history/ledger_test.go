package history

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

func TestJudge(t *testing.T) {
	w := NewLedger(1).Writer("u:")
	for _, c := range []struct {
		fate  fate.Fate
		found bool
		right bool
		want  Finding
	}{
		{fate.Done, true, true, Fine}, {fate.Done, false, false, Lost}, {fate.Done, true, false, Corrupt},
		{fate.Refused, false, false, Fine}, {fate.Refused, true, true, Phantom}, {fate.Refused, true, false, Corrupt},
		{fate.Unknown, false, false, Fine}, {fate.Unknown, true, true, Fine}, {fate.Unknown, true, false, Corrupt},
	} {
		seq := w.Next()
		w.Record(seq, c.fate)
		value := "something else"
		if c.right {
			value = w.Value(seq)
		}
		if got := w.Judge(seq, value, c.found); got != c.want {
			t.Errorf("%v, found %v, right %v: %v, want %v", c.fate, c.found, c.right, got, c.want)
		}
	}
}

func TestWriterKeepsEachFate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, model := NewLedger(1).Writer("w:"), []fate.Fate{}
		t.Repeat(map[string]func(*rapid.T){
			"next": func(t *rapid.T) {
				if seq := w.Next(); seq != uint64(len(model)) {
					t.Fatalf("sequence number %d after %d", seq, len(model))
				}
				model = append(model, fate.Unknown)
			},
			"record": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip()
				}
				seq := rapid.IntRange(0, len(model)-1).Draw(t, "seq")
				model[seq] = rapid.SampledFrom([]fate.Fate{fate.Unknown, fate.Done, fate.Refused}).Draw(t, "fate")
				w.Record(uint64(seq), model[seq])
			},
			"": func(t *rapid.T) {
				for seq, want := range model {
					if got := w.Fate(uint64(seq)); got != want {
						t.Fatalf("write %d: %v, want %v", seq, got, want)
					}
				}
			},
		})
	})
}

func TestKeysAndValuesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, seed := range []uint64{1, 2} {
		l := NewLedger(seed)
		for _, w := range []*Writer{l.Writer("a:"), l.Writer("b:")} {
			for range 1000 {
				seq := w.Next()
				if v := w.Value(seq); seen[v] {
					t.Fatalf("value %q twice", v)
				} else {
					seen[v] = true
				}
			}
		}
		if ws := l.Writers(); len(ws) != 2 || ws[0].Key(7) != "a:7" || ws[1].Key(7) != "b:7" {
			t.Errorf("writers %v", ws)
		}
	}
}
